"""Looking at Flink jobs: few of them singly, more by the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.http.paging import Rows, enough_of
from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.core.verbs.looking import look_each
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.dli.api.flink.jobs import job_of
from airflow_provider_pipelines.dli.states import GONE, SAVEPOINT_MARK

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.dli.api.flink.jobs import FlinkJobsApi
    from airflow_provider_pipelines.dli.api.flink.models import FlinkJob
    from airflow_provider_pipelines.errors import PipelinesError

#: up to this many jobs are read one by one: their details cost less than the list of the whole project
SINGLY = 3


def look_flink_jobs(api: FlinkJobsApi, ids: Sequence[str], *, singly: bool = False) -> Call[dict[str, Observation]]:
    """
    Look at jobs by id.

    :param singly: whether the list will not do
    """
    rows = yield from _listed(api, ids, detailed=False) if not singly else _nothing()

    def look(id: str) -> Call[Observation]:
        job = yield from _read(api, id, rows)
        return Observation(job.status, job.facts)

    return (yield from look_each(ids, look))


def look_for_gone(api: FlinkJobsApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """
    Look whether jobs are gone, each by its detail: the list may go on showing the record of a deleted job.

    One that there is not has the status ``gone``, a word of ours.
    """
    seen = yield from look_flink_jobs(api, ids, singly=True)
    return {id: Observation(GONE) if gone(observation.error) else observation for id, observation in seen.items()}


def look_for_savepoint(api: FlinkJobsApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look at jobs by id, with a fact that differs as soon as there is another savepoint."""
    seen = {}
    for id, observation in (yield from look_flink_jobs(api, ids)).items():
        mark = str(observation.facts.get("savepoint_path") or observation.facts.get("has_savepoint"))
        seen[id] = replace(observation, facts={**observation.facts, SAVEPOINT_MARK: mark})
    return seen


def read_flink_jobs(api: FlinkJobsApi, ids: Sequence[str]) -> Call[dict[str, FlinkJob | PipelinesError]]:
    """Read jobs by id, their configuration included: gives, for each, the job or why it cannot be read."""
    rows = yield from _listed(api, ids, detailed=True)
    read: dict[str, FlinkJob | PipelinesError] = {}

    def look(id: str) -> Call[Observation]:
        read[id] = job = yield from _read(api, id, rows, detailed=True)
        return Observation(job.status)

    for id, observation in (yield from look_each(ids, look)).items():
        if observation.error is not None:
            read[id] = observation.error
    return read


def _nothing() -> Call[Rows]:
    yield from ()
    return {}


def _listed(api: FlinkJobsApi, ids: Sequence[str], *, detailed: bool) -> Call[Rows]:
    """Give the rows of jobs; one that the list does not show may be there all the same."""
    if len(ids) <= SINGLY:
        return {}
    return (yield from (yield from api.flink_listing(detailed=detailed)).search(enough_of(ids)))


def _read(api: FlinkJobsApi, id: str, rows: Rows, *, detailed: bool = False) -> Call[FlinkJob]:
    if id in rows:
        job = job_of(rows[id])
        if job.job_config is not None or not detailed:
            return job
    return (yield from api.show_flink_job(int(id)))
