"""
CodeArts Pipeline v5: what waits for a person is passed, refused, put off or resumed.

https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptManualReview.html and the pages beside it
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator.codearts import lookup as codearts
from airflow_provider_pipelines.emulator.operations import Answer, Call, Refusal, Table, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.run import Run


table = Table("codearts")

_CHECK = f"{codearts.RUN}/steps/{{step_run_id}}/manual"


def _waiting(world: World, call: Call, kind: str) -> Run:
    """Return the run that waits at the step of a call."""
    run, place = codearts.step_of(world, call)
    if call.json is ... or not isinstance(call.json, dict | None):
        raise codearts.invalid(world)
    if place.kind != kind:
        raise codearts.failure(world, "DEVPIPE.00011493", "the step is of another kind", 400)
    here = run.steps.here
    if here is not None and here.step is place.step and run.status in ("PAUSED", "SUSPEND") and not run.stopping:
        return run
    # What a second pass is answered is not documented.
    switch = world.settings.codearts_second_pass
    if switch == "400":
        raise codearts.failure(world, "DEVPIPE.00011492", "the step does not wait", 400)
    raise Refusal(Answer({"success": switch == "true"}))


def _close(world: World, call: Call, *, kind: str, passed: bool) -> Answer:
    """End the wait at a step of a kind; the run goes on if it is passed."""
    run = _waiting(world, call, kind)
    word = "COMPLETED" if passed else world.settings.codearts_refused
    run.close(world.now, word, call.query.get("approval_description", ""))
    return Answer({"success": True})


#: operations that end a wait: the path, the kind of the step, and whether the run goes on
_CLOSING = {
    # https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptManualReview.html
    "accept_manual_review": (f"{codearts.STEP}/pass", "review", True),
    # https://support.huaweicloud.com/intl/en-us/api-pipeline/RejectManualReview.html
    "reject_manual_review": (f"{codearts.STEP}/refuse", "review", False),
    # https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptCheckpoint.html (it lets a run enter a stage)
    "accept_checkpoint": (f"{_CHECK}/pass", "manual", True),
    # https://support.huaweicloud.com/api-pipeline/RejectCheckpoint.html
    "reject_checkpoint": (f"{_CHECK}/refuse", "manual", False),
    # https://support.huaweicloud.com/api-pipeline/AcceptDelayJob.html
    "accept_delay_job": (f"{codearts.STEP}/delay-pass", "delay", True),
    # https://support.huaweicloud.com/api-pipeline/RejectDelayJob.html
    "reject_delay_job": (f"{codearts.STEP}/delay-refuse", "delay", False),
    # https://support.huaweicloud.com/api-pipeline/ResumePipeline.html
    "resume_pipeline": (f"{codearts.STEP}/resume", "suspend", True),
}
for _name, (_path, _kind, _passed) in _CLOSING.items():
    table.enter(_name, "POST", _path, partial(_close, kind=_kind, passed=_passed), write=True)


# https://support.huaweicloud.com/api-pipeline/ContinueDelayJob.html
@table.route("POST", f"{codearts.STEP}/delay", write=True)
def continue_delay_job(world: World, call: Call) -> Answer:
    """Put a delayed run off for another hour, three times at most."""
    run = _waiting(world, call, "delay")
    return Answer({"success": run.put_off(world.settings.codearts_more_delay_seconds)})
