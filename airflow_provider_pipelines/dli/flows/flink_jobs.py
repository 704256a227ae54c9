"""Looking at Flink jobs: few of them singly, more by the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.http.retry import transient
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.dli.states import GONE, SAVEPOINT_MARK
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    NotFound,
    PermissionDenied,
    PipelinesError,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.dli.api.flink.jobs import FlinkJobsApi
    from airflow_provider_pipelines.dli.api.flink.models import FlinkJob

#: up to this many jobs are read one by one: their details cost less than the list of the whole project
SINGLY = 3


def look_flink_jobs(api: FlinkJobsApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look at jobs by id. What cannot be read just now is left out, as long as any of them can."""
    return {id: _observation(job) for id, job in (yield from find_flink_jobs(api, ids)).items()}


def look_for_gone(api: FlinkJobsApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """
    Look whether jobs are gone, each by its detail: the list may go on showing the record of a deleted job.

    One that there is not has the status ``gone``, a word of ours.
    """
    found = yield from find_flink_jobs(api, ids, singly=True)
    return {id: Observation(GONE) if isinstance(job, NotFound) else _observation(job) for id, job in found.items()}


def look_for_savepoint(api: FlinkJobsApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look at jobs by id, with a fact that differs as soon as there is another savepoint."""
    seen = {}
    for id, observation in (yield from look_flink_jobs(api, ids)).items():
        mark = str(observation.facts.get("savepoint_path") or observation.facts.get("has_savepoint"))
        seen[id] = replace(observation, facts={**observation.facts, SAVEPOINT_MARK: mark})
    return seen


def find_flink_jobs(
    api: FlinkJobsApi, ids: Sequence[str], *, detailed: bool = False, singly: bool = False
) -> Call[dict[str, FlinkJob | PipelinesError]]:
    """
    Read jobs by id: few of them singly, more by the list; one that the list does not show is read singly, too.

    :param detailed: whether their configuration is wanted
    :param singly: whether the list will not do
    :returns: by id, the job or why there is none
    """
    found: dict[str, FlinkJob | PipelinesError] = {}
    if len(ids) > SINGLY and not singly:
        wanted = {int(id) for id in ids}
        for job in (yield from api.flink_rows((), detailed=detailed, wanted=wanted)):
            if job.job_id in wanted and (job.job_config is not None or not detailed):
                found[str(job.job_id)] = job
    lost: PipelinesError | None = None
    for id in ids:
        if id not in found:
            try:
                found[id] = yield from api.show_flink_job(int(id))
            except (AuthenticationError, PermissionDenied):
                raise
            except PipelinesError as error:
                if transient(error) or not isinstance(error, ApiError):
                    lost = error
                else:
                    found[id] = error
    if lost is not None and not found:
        raise lost
    return found


def _observation(job: FlinkJob | PipelinesError) -> Observation:
    return Observation(error=job) if isinstance(job, PipelinesError) else Observation(job.status, job.facts)
