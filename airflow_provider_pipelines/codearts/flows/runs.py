"""What takes several calls: looking at runs, ending them, finding those that go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts import states
from airflow_provider_pipelines.codearts.api.access import LABEL, PIPELINE_CODES, own_word
from airflow_provider_pipelines.codearts.api.pipelines import pipeline_of
from airflow_provider_pipelines.codearts.api.runs import run_of
from airflow_provider_pipelines.core.http.paging import enough_of, first_page
from airflow_provider_pipelines.core.http.retry import possibly_done, transient
from airflow_provider_pipelines.core.verbs.looking import cancel_each, look_each
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    InvalidRequest,
    MalformedReply,
    NotFound,
    PipelinesError,
    PlaceNotFound,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
    from airflow_provider_pipelines.codearts.api.models import Pipeline, PipelineDetail, RunDetail
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
    queue tells. What is in neither is searched a second time, since it may have left the one for the other meanwhile;
    it is gone if the list of all runs lacks it, too.
    """
    seen: dict[str, Observation] = {}

    def look(id: str) -> Call[Observation]:
        detail = yield from shown(api, pipeline_id, id)
        return _NOT_SHOWN if detail is None else Observation(detail.status, facts_of(detail))

    for _ in range(2):
        missing = [id for id in ids if seen.get(id, _NOT_SHOWN) == _NOT_SHOWN]
        if len(missing) > SINGLY:
            seen.update((yield from _from_list(api, pipeline_id, missing, look)))
            missing = [id for id in missing if id not in seen]
        seen.update((yield from look_each(missing, look)))
        if unstarted := [id for id in ids if seen[id].error is None and seen[id].status in {None, *states.UNSTARTED}]:
            seen.update((yield from _queued(api, pipeline_id, unstarted)))
    if reopened := [id for id in ids if seen[id].status in states.REOPENABLE]:
        seen.update((yield from _retried(api, pipeline_id, reopened, look)))
    if lost := [id for id in ids if seen[id] == _NOT_SHOWN]:
        rows = yield from api.run_listing(pipeline_id).read(enough_of(lost))
        seen.update((id, _listed(rows[id]) if id in rows else _absent(api, pipeline_id, id)) for id in lost)
    return seen


#: neither a status nor a reason why there is none
_NOT_SHOWN = Observation()


def _queued(api: CodeArtsApi, pipeline_id: str, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Give what the queue shows of runs; where it cannot be read, nothing is known of them."""
    try:
        entries = yield from api.list_pipeline_queue(pipeline_id)
    except AuthenticationError:
        raise
    except PipelinesError as error:
        return {id: Observation(error=error) for id in ids}
    return {
        entry.pipeline_run_id: Observation(
            entry.status, {"pipeline_run_id": entry.pipeline_run_id, "queue_id": entry.id}
        )
        for entry in entries
        if entry.pipeline_run_id in ids and entry.status
    }


def _retried(
    api: CodeArtsApi, pipeline_id: str, ids: Sequence[str], look: Callable[[str], Call[Observation]]
) -> Call[dict[str, Observation]]:
    """
    Find out which runs that have ended wait for their turn to be retried: only the queue tells.

    Those that are in no queue are read again, since they may have left it for their turn in between.
    """
    queued = yield from _queued(api, pipeline_id, ids)
    if any(one.error is not None for one in queued.values()):
        # where the queue is refused for good, what the run's detail says is all there is
        return {id: one for id, one in queued.items() if one.error is not None and transient(one.error)}
    seen = {id: one for id, one in queued.items() if one.status == states.QUEUED}
    again = yield from look_each([id for id in ids if id not in seen][:SINGLY], look)
    return seen | {id: one for id, one in again.items() if one != _NOT_SHOWN}


def look_pipelines(api: CodeArtsApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look whether pipelines are enabled: a few singly, more from the list."""
    read = yield from read_pipelines(api, ids)
    return {
        id: Observation(error=one) if isinstance(one, PipelinesError) else Observation(enabled(one.banned))
        for id, one in read.items()
    }


def read_pipelines(api: CodeArtsApi, ids: Sequence[str]) -> Call[dict[str, Pipeline | PipelineDetail | PipelinesError]]:
    """Read pipelines by id, a few singly, more from the list: gives, for each, it or why it cannot be read."""
    rows = (yield from api.pipeline_listing().search(enough_of(ids))) if len(ids) > SINGLY else {}
    read: dict[str, Pipeline | PipelineDetail | PipelinesError] = {}

    def look(id: str) -> Call[Observation]:
        read[id] = pipeline_of(rows[id]) if id in rows else (yield from api.show_pipeline_detail(id))
        return Observation()

    for id, observation in (yield from look_each(ids, look)).items():
        if observation.error is not None:
            read[id] = observation.error
    return read


def enabled(banned: bool | None) -> str | None:
    """Give the word for a pipeline that may or may not start runs; None where the answer does not tell."""
    return None if banned is None else states.DISABLED if banned else states.ENABLED


def shown(api: CodeArtsApi, pipeline_id: str, id: str) -> Call[RunDetail | None]:
    """
    Read a run's detail, or None if it is not shown.

    The code for an unknown run is not documented. So a refusal of the service counts as "not shown", unless it is about
    the pipeline or its project; the lists of the queue and of all runs tell then.
    """
    try:
        return (yield from api.show_pipeline_run_detail(pipeline_id, id))
    except (NotFound, PlaceNotFound, InvalidRequest) as error:
        if error.code in PIPELINE_CODES or (isinstance(error, PlaceNotFound) and not own_word(error.code)):
            raise
        return None


def _from_list(
    api: CodeArtsApi, pipeline_id: str, ids: Sequence[str], look: Callable[[str], Call[Observation]]
) -> Call[dict[str, Observation]]:
    wanted, most = enough_of(ids), len(ids) + _LIST_SLACK
    rows = yield from api.run_listing(pipeline_id).search(lambda rows: len(rows) >= most or wanted(rows))
    seen = {id: one for id in ids if id in rows and (one := _listed(rows[id])) != _NOT_SHOWN}
    # what failed in it is in the detail alone
    failed = yield from look_each([id for id, one in seen.items() if one.status == states.FAILED][:SINGLY], look)
    return seen | {id: one for id, one in failed.items() if one.status is not None}


def _listed(row: Any) -> Observation:
    """Give what a row of the list of runs tells."""
    try:
        run = run_of(row)
    except MalformedReply as error:
        return Observation(error=error)
    return Observation(run.status, {"pipeline_run_id": run.pipeline_run_id}) if run.status else _NOT_SHOWN


def facts_of(detail: RunDetail) -> dict[str, Any]:
    """Give what an outcome tells of a run: small, and no text of the vendor but names."""
    facts: dict[str, Any] = {"pipeline_run_id": detail.id}
    if detail.status == states.FAILED and (reason := failed_parts(detail)):
        facts["status_desc"] = reason
    return facts


def failed_parts(detail: RunDetail) -> str:
    """Name the stages, jobs and steps of a run that failed."""
    parts = []
    for stage in detail.stages:
        steps = [_name("check", step) for step in (*stage.pre, *stage.post) if step.status == states.FAILED]
        for job in stage.jobs:
            if job.status in {states.FAILED, "ASYNC_FAILED"}:
                inner = [_name("step", step) for step in job.steps if step.status == states.FAILED]
                steps.append(f"{_name('job', job)}{' with ' + ', '.join(inner) if inner else ''}")
        if steps:
            parts.append(f"in {_name('stage', stage)}: {', '.join(steps)}")
        elif stage.status == states.FAILED:
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
    going = yield from api.list_pipeline_runs(pipeline_id, status=states.ACTIVE)
    latest = (yield from api.run_listing(pipeline_id).search(first_page)).values()
    queue = yield from api.list_pipeline_queue(pipeline_id)
    found = [row.pipeline_run_id for row in (*going, *map(run_of, latest)) if row.status not in states.ENDED]
    found += [entry.pipeline_run_id for entry in queue if entry.status not in states.ENDED]
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


def cancel_runs(api: CodeArtsApi, pipeline_id: str, ids: Sequence[str]) -> Call[None]:
    """
    Cancel runs of a pipeline in few calls.

    :raises PipelinesError: the last of the errors, after all of them were tried
    """
    try:
        entries = yield from api.list_pipeline_queue(pipeline_id)
        queued = {entry.pipeline_run_id: entry.id for entry in entries if entry.status == states.QUEUED}
    except PipelinesError:
        queued = {}  # then the answers to the stops tell

    def end(id: str) -> Call[None]:
        yield from end_run(api, pipeline_id, id, queued.get(id))

    def ended(id: str) -> Call[bool]:
        detail = yield from shown(api, pipeline_id, id)
        return detail is not None and detail.status in states.ENDED

    yield from cancel_each(ids, end, ended)


def _absent(api: CodeArtsApi, pipeline_id: str, id: str) -> Observation:
    error = NotFound(
        f"run {id} is neither shown nor in the queue of pipeline {pipeline_id}, searched twice, nor among its runs",
        service=LABEL,
        operation="show_pipeline_run_detail",
        method="GET",
        path=f"/v5/{api.project_id}/api/pipelines/{pipeline_id}/pipeline-runs/detail",
        status=200,
        hint="Check pipeline_run_id, and that it is a run of this pipeline.",
    )
    return Observation(error=error)
