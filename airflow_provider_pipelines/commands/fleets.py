"""What the services tell of all their things, for a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.states import DISABLED, ENABLED, ENDED
from airflow_provider_pipelines.codearts.states import RUN as CODEARTS_RUN
from airflow_provider_pipelines.dli.states import ARREARS, BROKEN, INIT, RUNNING, STOP_FAILED, SUBMIT_FAILED

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call

#: the services of each connection type
FLEETS: Mapping[str, tuple[str, ...]] = {"enos": ("enos",), "huaweicloud": ("dli", "codearts")}

_FAILED_JOBS = frozenset({ARREARS, BROKEN, STOP_FAILED, SUBMIT_FAILED})


@dataclass(frozen=True, slots=True)
class Row:
    """
    A thing as its service shows it.

    :param since: Unix time since which it is in its status, where the service tells
    :param told: the service's own words about that, where their format is not known
    :param failed: whether the status is one to look into
    :param last_run: the status of the latest run, of what has runs
    """

    id: str
    name: str
    status: str
    system: bool = False
    since: float | None = None
    told: str | None = None
    failed: bool = False
    last_run: str | None = None
    last_run_failed: bool = False


def enos(api: Any) -> Call[list[Row]]:
    """List user and system pipelines; the format of their times is not documented."""
    rows: dict[str, Row] = {}
    for system in (False, True):
        for one in (yield from api.list_pipelines(True, system)):
            rows.setdefault(
                one.pipelineId,
                Row(one.pipelineId, one.pipelineName or "", one.status or "", system, told=one.updateTime),
            )
    return list(rows.values())


def dli(api: Any) -> Call[list[Row]]:
    """List the Flink jobs of the project."""
    rows = []
    for job in (yield from api.list_flink_jobs()):
        at = {RUNNING: job.start_time, INIT: job.create_time}.get(job.status, job.update_time)
        since = at / 1000 if at is not None else None
        rows.append(Row(str(job.job_id), job.name or "", job.status, since=since, failed=job.status in _FAILED_JOBS))
    return rows


def codearts(api: Any) -> Call[list[Row]]:
    """List the pipelines of the CodeArts project, and how the latest run of each went."""
    rows = []
    for one in (yield from api.list_pipelines()):
        status = "" if one.banned is None else DISABLED if one.banned else ENABLED
        run = one.latest_run if one.latest_run is not None and one.latest_run.status else None
        word = run.status if run is not None else None
        at = (run.end_time or run.start_time if word in ENDED else run.start_time) if run is not None else None
        rows.append(
            Row(
                one.pipeline_id, one.name or "", status, since=at / 1000 if at else None, last_run=word,
                last_run_failed=word in CODEARTS_RUN.goal.failed,
            )
        )  # fmt: skip
    return rows


READERS: Mapping[str, Callable[[Any], Call[list[Row]]]] = {"enos": enos, "dli": dli, "codearts": codearts}
