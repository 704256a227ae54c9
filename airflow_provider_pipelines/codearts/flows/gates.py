"""
Finding the step of a run that waits for a decision, and what its states mean.

A waiting step is ``PAUSED`` or ``SUSPEND`` here, whichever way the service shows it: documented for steps are only
``RUNNING``, ``CANCELED``, ``COMPLETED`` and ``FAILED``, so that a review which waits may well be ``RUNNING``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts import states
from airflow_provider_pipelines.codearts.api.access import LABEL
from airflow_provider_pipelines.codearts.flows.runs import look_runs, shown
from airflow_provider_pipelines.core.verbs.looking import look_each
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.errors import ArgumentError, NotFound, PipelinesError, WatchFailed

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
    from airflow_provider_pipelines.codearts.api.models import JobRun, RunDetail, StepRun
    from airflow_provider_pipelines.core.http.calls import Call

_WAITING = frozenset({states.PAUSED, states.SUSPEND})
_UNBEGUN = frozenset({None, states.INIT, states.QUEUED})
_NAMES = {
    states.REVIEW: "manual review",
    states.CHECKPOINT: "check point",
    states.DELAY: "delayed step",
    states.SUSPENSION: "suspension",
    states.ANY: "waiting step",
}
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Gate:
    """
    A step at which a run may wait for a decision.

    :param kind: one of the kinds in :mod:`~airflow_provider_pipelines.codearts.states`
    :param status: ``PAUSED`` or ``SUSPEND`` if it waits, else the step's own word
    :param where: its place, for messages
    """

    kind: str
    status: str
    step_run_id: str
    job_run_id: str | None
    where: str

    @property
    def waits(self) -> bool:
        """Tell whether it waits."""
        return self.status in _WAITING

    def __str__(self) -> str:
        job = f", job_run_id {self.job_run_id}" if self.job_run_id else ""
        return f"{_NAMES[self.kind]} {self.where} (step_run_id {self.step_run_id}{job})"


def gates_of(detail: RunDetail) -> list[Gate]:
    """List the steps of a run at which it waits, has waited or will wait for a decision."""
    found = []
    for stage in detail.stages:
        stage_named = f"in stage {_named(stage)}"
        for place, step in enumerate(stage.pre):
            kind = states.CHECKPOINT if step.task == _MANUAL_TRIGGER or step.status in _WAITING else None
            if kind and step.id:
                first = _is_first(stage.pre, place)
                status = _status(kind, step, stage.status, first, detail.status)
                found.append(Gate(kind, status, step.id, None, f"{_named(step)} {stage_named}"))
        for job in stage.jobs:
            found += _of_job(job, f"of job {_named(job)} {stage_named}", detail.status)
    return found


#: https://support.huaweicloud.com/intl/en-us/usermanual-pipeline/pipeline_01_0074.html calls them plug-ins; the ids of
#: review and check point are from runs that were captured, those of delay and suspension are not documented
_MANUAL_TRIGGER = "official_devcloud_manualTrigger"
_REVIEW_TASK = "official_devcloud_checkpoint"


def _kind_of(step: StepRun) -> str | None:
    task = (step.task or "").lower()
    if task == _REVIEW_TASK:
        return states.REVIEW
    if "delay" in task:
        return states.DELAY
    if "suspend" in task or "suspension" in task or step.status == states.SUSPEND:
        return states.SUSPENSION
    return states.ANY if step.status == states.PAUSED else None


def _of_job(job: JobRun, where: str, run_status: str) -> list[Gate]:
    found = []
    for place, step in enumerate(job.steps):
        kind = _kind_of(step)
        if kind and step.id:
            status = _status(kind, step, job.status, _is_first(job.steps, place), run_status)
            found.append(Gate(kind, status, step.id, job.id, f"{_named(step)} {where}"))
    if job.status in _WAITING and not any(gate.waits for gate in found):
        # the job waits, and by a plug-in that is not known here
        for step in job.steps:
            if step.id and step.status == states.RUNNING:
                kind = states.SUSPENSION if job.status == states.SUSPEND else states.ANY
                found.append(Gate(kind, str(job.status), step.id, job.id, f"{_named(step)} {where}"))
                break
    return found


def _status(kind: str, step: StepRun, around: str | None, first: bool, run_status: str) -> str:
    """Give a gate's status; ``around`` is that of its job, or of its stage for a check point."""
    word = states.SUSPEND if kind == states.SUSPENSION else states.PAUSED
    if step.status in _WAITING:
        return str(step.status)
    if step.status == states.RUNNING and (kind != states.SUSPENSION or _WAITING & {around, run_status}):
        return word
    if step.status in _UNBEGUN and around in _WAITING and first:
        return word
    return step.status or states.INIT


def _is_first(steps: Sequence[StepRun], place: int) -> bool:
    return all(step.status in states.FINISHED for step in steps[:place])


def _named(part: Any) -> str:
    name = part.name or getattr(part, "task", None) or part.identifier or part.id or "without a name"
    return repr(name[:_LONGEST_NAME])


def look_gate(
    api: CodeArtsApi, pipeline_id: str, scope: Mapping[str, Any], ids: Sequence[str]
) -> Call[dict[str, Observation]]:
    """
    Look at the step of each run that a decision is about.

    :param scope: ``decision``; ``job_run_id`` and ``step_run_id`` where they are told; ``again`` if this task may have
        decided already
    """

    def look(id: str) -> Call[Observation]:
        detail = yield from shown(api, pipeline_id, id)
        if detail is None:
            return (yield from look_runs(api, pipeline_id, [id]))[id]
        return observation_of(detail, scope)

    return (yield from look_each(ids, look))


def observation_of(detail: RunDetail, scope: Mapping[str, Any]) -> Observation:
    """Find the step that a decision is about, and say how it is."""
    facts: dict[str, Any] = {"pipeline_run_id": detail.id}
    try:
        gate = _find(detail, scope)
    except PipelinesError as error:
        return Observation(None, facts, error)
    if gate is None:
        return Observation(states.INIT, facts)
    facts.update(step_run_id=gate.step_run_id, step=f"{_NAMES[gate.kind]} {gate.where}", gate=gate.kind)
    if gate.job_run_id is not None:
        facts["job_run_id"] = gate.job_run_id
    status = gate.status
    if detail.status in states.ENDED and status not in states.FINISHED:
        # what a run that has ended shows of its steps may be old, or they were never reached
        status = "SKIPPED" if detail.status == states.COMPLETED and not gate.waits else detail.status
    return Observation(status, facts)


def _find(detail: RunDetail, scope: Mapping[str, Any]) -> Gate | None:
    """Give the one step, or None if it is still to come."""
    decision = str(scope["decision"])
    gates = gates_of(detail)
    if (told := scope.get("step_run_id")) is not None:
        return _told(detail, gates, decision, told)
    if (job := scope.get("job_run_id")) is not None:
        if job not in {entry.id for stage in detail.stages for entry in stage.jobs}:
            raise _unknown(detail, "job_run_id", job, gates)
        gates = [gate for gate in gates if gate.job_run_id == job]
    fitting = [gate for gate in gates if gate.kind in states.OPERATIONS[decision]]
    waiting = [gate for gate in fitting if gate.waits] if detail.status not in states.ENDED else []
    done = [gate for gate in fitting if gate.status in states.DECISIONS[decision].already]
    ahead = [gate for gate in fitting if gate.status not in states.FINISHED and not gate.waits]
    if len(waiting) > 1 or (waiting and done and scope.get("again")):
        decided = f" An earlier attempt may have decided {_listed(done)}." if done and scope.get("again") else ""
        raise ArgumentError("step_run_id", f"several may be meant. Name one of {_listed(waiting)}.{decided}")
    if waiting:
        return waiting[0]
    if done and (detail.status in states.ENDED or not ahead):
        return done[-1]
    if done:
        raise ArgumentError(
            "step_run_id",
            f"nothing waits now; {_listed(done)} has had its decision, {_listed(ahead)} is still to come. Name one, or "
            "wait for PAUSED with a CodeArtsRunSensor first.",
        )
    return _none_waits(detail, gates, fitting, decision)


def _none_waits(detail: RunDetail, gates: Sequence[Gate], fitting: Sequence[Gate], decision: str) -> Gate | None:
    if detail.status in states.ENDED:
        if decided := [gate for gate in fitting if gate.status in states.FINISHED]:
            return decided[-1]
        raise WatchFailed(f"run {detail.id} is {detail.status}, and no step of it waits for a decision.")
    if others := [gate for gate in gates if gate.waits]:
        fits = [word for word, kinds in states.OPERATIONS.items() if others[0].kind in kinds]
        raise ArgumentError(
            "decision", f"{decision!r} is not possible for {_listed(others)}. Possible are {', '.join(fits)}."
        )
    return None


def _told(detail: RunDetail, gates: Sequence[Gate], decision: str, told: str) -> Gate:
    for gate in gates:
        if gate.step_run_id == told:
            if gate.kind not in states.OPERATIONS[decision]:
                fits = [word for word, kinds in states.OPERATIONS.items() if gate.kind in kinds]
                raise ArgumentError(
                    "decision", f"{decision!r} is not possible for {gate}. Possible are {', '.join(fits)}."
                )
            return gate
    for stage in detail.stages:
        for step in stage.pre:
            if step.id == told:
                where = f"{_named(step)} in stage {_named(stage)}"
                return Gate(states.CHECKPOINT, step.status or states.INIT, told, None, where)
        for job in stage.jobs:
            for step in job.steps:
                if step.id == told:
                    where = f"{_named(step)} of job {_named(job)} in stage {_named(stage)}"
                    return Gate(states.ANY, step.status or states.INIT, told, job.id, where)
    raise _unknown(detail, "step_run_id", told, gates)


def _unknown(detail: RunDetail, argument: str, told: str, gates: Sequence[Gate]) -> NotFound:
    waiting = [gate for gate in gates if gate.waits]
    return NotFound(
        f"run {detail.id} has no {argument} {told}. {'Waiting: ' + _listed(waiting) if waiting else 'Nothing waits'}",
        service=LABEL,
        operation="show_pipeline_run_detail",
        method="GET",
        path="pipeline-runs/detail",
        status=200,
        hint=f"Check {argument}; it is the id in the run's detail, not in the pipeline's definition.",
    )


def _listed(gates: Sequence[Gate]) -> str:
    return "; ".join(str(gate) for gate in gates[:10])
