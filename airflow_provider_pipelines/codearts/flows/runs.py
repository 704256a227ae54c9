"""What takes several calls: looking at runs, ending them, finding those that go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.access import LABEL, PIPELINE_CODES
from airflow_provider_pipelines.codearts.states import (
    ACTIVE,
    DISABLED,
    ENABLED,
    ENDED,
    FAILED,
    QUEUED,
    REOPENABLE,
    UNSTARTED,
)
from airflow_provider_pipelines.core.http.retry import possibly_done, transient
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.errors import ApiError, Conflict, InvalidRequest, NotFound, PipelinesError

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
    from airflow_provider_pipelines.codearts.api.models import RunDetail
    from airflow_provider_pipelines.core.http.calls import Call

#: up to so many runs of a pipeline are read one by one, which alone tells what failed; more are read from the list
SINGLY = 4
#: rows of the list that are read beyond those that were asked for, before the rest is read one by one
_LIST_SLACK = 200
_LONGEST_REASON = 300


def look_runs(api: CodeArtsApi, pipeline_id: str, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """
    Look at runs of a pipeline, those in the queue included.

    A run that waits in the queue may be missing in the detail, or be shown there as if it had not begun: then the
    queue tells. What is in neither is searched a second time, since it may have left the one for the other meanwhile.
    """
    seen: dict[str, Observation] = {}
    for _ in range(2):
        missing = [id for id in ids if id not in seen]
        if not missing:
            break
        if len(missing) > SINGLY:
            seen.update((yield from _from_list(api, pipeline_id, missing)))
            missing = [id for id in missing if id not in seen]
        for id in missing:
            if (detail := (yield from shown(api, pipeline_id, id))) is not None:
                seen[id] = Observation(detail.status, facts_of(detail))
        unstarted = {id for id in ids if id not in seen or seen[id].status in UNSTARTED}
        if unstarted:
            for entry in (yield from api.list_pipeline_queue(pipeline_id)):
                if entry.pipeline_run_id in unstarted and entry.status:
                    facts = {"pipeline_run_id": entry.pipeline_run_id, "queue_id": entry.id}
                    seen[entry.pipeline_run_id] = Observation(entry.status, facts)
    if reopened := [id for id, observation in seen.items() if observation.status in REOPENABLE]:
        seen.update((yield from _retried(api, pipeline_id, reopened)))
    return {id: seen.get(id) or Observation(error=_gone(api, pipeline_id, id)) for id in ids}


def _retried(api: CodeArtsApi, pipeline_id: str, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """
    Find out which runs that have ended wait for their turn to be retried: only the queue tells.

    Those that are in no queue are read again, since they may have left it for their turn in between.
    """
    try:
        entries = yield from api.list_pipeline_queue(pipeline_id)
    except PipelinesError as error:
        if transient(error):
            raise
        return {}  # then what the run's detail says is all there is
    seen = {
        entry.pipeline_run_id: Observation(
            entry.status, {"pipeline_run_id": entry.pipeline_run_id, "queue_id": entry.id}
        )
        for entry in entries
        if entry.pipeline_run_id in ids and entry.status == QUEUED
    }
    for id in [id for id in ids if id not in seen][:SINGLY]:
        if (detail := (yield from shown(api, pipeline_id, id))) is not None:
            seen[id] = Observation(detail.status, facts_of(detail))
    return seen


def look_pipelines(api: CodeArtsApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look whether pipelines are enabled: a few singly, more from the list."""
    seen: dict[str, Observation] = {}
    if len(ids) > SINGLY:
        rows = yield from api.list_pipelines()
        seen = {row.pipeline_id: _enabled(row.banned) for row in rows if row.pipeline_id in ids}
    for id in ids:
        if id not in seen:
            try:
                seen[id] = _enabled((yield from api.show_pipeline_detail(id)).banned)
            except NotFound as error:
                seen[id] = Observation(error=error)
    return seen


def _enabled(banned: bool | None) -> Observation:
    return Observation() if banned is None else Observation(DISABLED if banned else ENABLED)


def shown(api: CodeArtsApi, pipeline_id: str, id: str) -> Call[RunDetail | None]:
    """
    Read a run's detail, or None if it is not shown.

    The code for an unknown run is not documented. So a refusal counts as "not shown", unless it is about the pipeline
    or its project; the list of the queue, which is read then, fails with what is really wrong.
    """
    try:
        return (yield from api.show_pipeline_run_detail(pipeline_id, id))
    except (NotFound, InvalidRequest) as error:
        if error.code in PIPELINE_CODES:
            raise
        return None


def _from_list(api: CodeArtsApi, pipeline_id: str, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    wanted = set(ids)
    rows = yield from api.recent_runs(pipeline_id, len(ids) + _LIST_SLACK, wanted)
    seen = {
        row.pipeline_run_id: Observation(row.status, {"pipeline_run_id": row.pipeline_run_id})
        for row in rows
        if row.pipeline_run_id in wanted and row.status
    }
    # what failed in it is in the detail alone
    for id in [id for id, observation in seen.items() if observation.status == FAILED][:SINGLY]:
        if (detail := (yield from shown(api, pipeline_id, id))) is not None:
            seen[id] = Observation(detail.status, facts_of(detail))
    return seen


def facts_of(detail: RunDetail) -> dict[str, Any]:
    """Give what an outcome tells of a run: small, and no text of the vendor but names."""
    facts: dict[str, Any] = {"pipeline_run_id": detail.id}
    if detail.status == FAILED and (reason := failed_parts(detail)):
        facts["status_desc"] = reason
    return facts


def failed_parts(detail: RunDetail) -> str:
    """Name the stages, jobs and steps of a run that failed."""
    parts = []
    for stage in detail.stages:
        steps = [_name("check", step) for step in (*stage.pre, *stage.post) if step.status == FAILED]
        for job in stage.jobs:
            if job.status in {FAILED, "ASYNC_FAILED"}:
                inner = [_name("step", step) for step in job.steps if step.status == FAILED]
                steps.append(f"{_name('job', job)}{' with ' + ', '.join(inner) if inner else ''}")
        if steps:
            parts.append(f"in {_name('stage', stage)}: {', '.join(steps)}")
        elif stage.status == FAILED:
            parts.append(_name("stage", stage))
    named = "; ".join(parts)
    if len(named) > _LONGEST_REASON:
        named = f"{named[:_LONGEST_REASON]}..."
    return f"failed {named}" if named else ""


def _name(kind: str, part: Any) -> str:
    return f"{kind} {part.name or getattr(part, 'task', None) or part.identifier or part.id or 'without a name'}"


def active_runs(api: CodeArtsApi, pipeline_id: str) -> Call[list[str]]:
    """
    Give the ids of all runs of a pipeline that go on, queued ones included.

    Only documented statuses can be asked for; runs that show another one are found among the latest.
    """
    going = yield from api.list_pipeline_runs(pipeline_id, status=ACTIVE)
    latest = yield from api.recent_runs(pipeline_id)
    queue = yield from api.list_pipeline_queue(pipeline_id)
    found = [row.pipeline_run_id for row in (*going, *latest) if row.status not in ENDED]
    found += [entry.pipeline_run_id for entry in queue if entry.status not in ENDED]
    return list(dict.fromkeys(found))


def end_run(api: CodeArtsApi, pipeline_id: str, id: str, queue_id: int | None) -> Call[None]:
    """
    End a run: one that waits is taken out of the queue, any other one is stopped.

    :param queue_id: its number in the queue, or None if it is not there
    """
    if queue_id is not None:
        try:
            yield from api.cancel_pipeline_queue(pipeline_id, id, queue_id)
            return
        except ApiError as error:
            if transient(error) or possibly_done(error):
                raise
        # it has left the queue meanwhile
    yield from api.stop_pipeline_run(pipeline_id, id)


def cancel_runs(api: CodeArtsApi, pipeline_id: str, ids: Iterable[str]) -> Call[None]:
    """
    Cancel runs of a pipeline in few calls.

    :raises PipelinesError: the last of the errors, after all of them were tried
    """
    try:
        entries = yield from api.list_pipeline_queue(pipeline_id)
        queued = {entry.pipeline_run_id: entry.id for entry in entries if entry.status == QUEUED}
    except PipelinesError:
        queued = {}  # then the answers to the stops tell
    failure: PipelinesError | None = None
    for id in ids:
        try:
            yield from end_run(api, pipeline_id, id, queued.get(id))
        except Conflict as error:
            detail = yield from shown(api, pipeline_id, id)
            if detail is None or detail.status not in ENDED:
                failure = error
        except PipelinesError as error:
            failure = error
    if failure is not None:
        raise failure


def _gone(api: CodeArtsApi, pipeline_id: str, id: str) -> NotFound:
    return NotFound(
        f"run {id} is neither shown nor in the queue of pipeline {pipeline_id}, searched twice",
        service=LABEL,
        operation="show_pipeline_run_detail",
        method="GET",
        path=f"/v5/{api.project_id}/api/pipelines/{pipeline_id}/pipeline-runs/detail",
        status=200,
        hint="Check pipeline_run_id, and that it is a run of this pipeline.",
    )
