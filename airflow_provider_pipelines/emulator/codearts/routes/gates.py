"""
CodeArts Pipeline v5: what waits for a person is passed, refused, put off or resumed.

https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptManualReview.html and the pages beside it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator.codearts.lookup import RUN, STEP, failure, invalid, step_of
from airflow_provider_pipelines.emulator.operations import Table
from airflow_provider_pipelines.emulator.wire import Answer, Call

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.run import Run
    from airflow_provider_pipelines.emulator.world import World


table = Table("codearts")

_CHECK = f"{RUN}/steps/{{step_run_id}}/manual"


def _waiting(world: World, call: Call, kind: str) -> Run | Answer:
    """Return the run that waits at the step of a call, or the answer if it does not."""
    run, place = step_of(world, call)
    if call.json is ... or not isinstance(call.json, dict | None):
        raise invalid(world)
    if place.kind != kind:
        raise failure(world, "DEVPIPE.00011493", "the step is of another kind", 400)
    here = run.steps.here
    if here is not None and here.step is place.step and run.status in ("PAUSED", "SUSPEND") and not run.stopping:
        return run
    # What a second pass is answered is not documented.
    switch = world.settings.codearts_second_pass
    if switch == "400":
        raise failure(world, "DEVPIPE.00011492", "the step does not wait", 400)
    return Answer({"success": switch == "true"})


def _close(world: World, call: Call, kind: str, word: str) -> Answer:
    run = _waiting(world, call, kind)
    if isinstance(run, Answer):
        return run
    run.close(world.now, word, call.query.get("approval_description", ""))
    return Answer({"success": True})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptManualReview.html
@table.route("POST", f"{STEP}/pass", write=True)
def accept_manual_review(world: World, call: Call) -> Answer:
    """Let a run go on after its review."""
    return _close(world, call, "review", "COMPLETED")


# https://support.huaweicloud.com/intl/en-us/api-pipeline/RejectManualReview.html
@table.route("POST", f"{STEP}/refuse", write=True)
def reject_manual_review(world: World, call: Call) -> Answer:
    """End a run at its review."""
    return _close(world, call, "review", world.settings.codearts_refused)


# https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptCheckpoint.html
@table.route("POST", f"{_CHECK}/pass", write=True)
def accept_checkpoint(world: World, call: Call) -> Answer:
    """Let a run enter a stage."""
    return _close(world, call, "manual", "COMPLETED")


# https://support.huaweicloud.com/api-pipeline/RejectCheckpoint.html
@table.route("POST", f"{_CHECK}/refuse", write=True)
def reject_checkpoint(world: World, call: Call) -> Answer:
    """End a run before a stage."""
    return _close(world, call, "manual", world.settings.codearts_refused)


# https://support.huaweicloud.com/api-pipeline/AcceptDelayJob.html
@table.route("POST", f"{STEP}/delay-pass", write=True)
def accept_delay_job(world: World, call: Call) -> Answer:
    """Let a delayed run go on at once."""
    return _close(world, call, "delay", "COMPLETED")


# https://support.huaweicloud.com/api-pipeline/RejectDelayJob.html
@table.route("POST", f"{STEP}/delay-refuse", write=True)
def reject_delay_job(world: World, call: Call) -> Answer:
    """End a delayed run."""
    return _close(world, call, "delay", world.settings.codearts_refused)


# https://support.huaweicloud.com/api-pipeline/ContinueDelayJob.html
@table.route("POST", f"{STEP}/delay", write=True)
def continue_delay_job(world: World, call: Call) -> Answer:
    """Put a delayed run off for another hour, three times at most."""
    run = _waiting(world, call, "delay")
    if isinstance(run, Answer):
        return run
    return Answer({"success": run.put_off(world.settings.codearts_more_delay_seconds)})


# https://support.huaweicloud.com/api-pipeline/ResumePipeline.html
@table.route("POST", f"{STEP}/resume", write=True)
def resume_pipeline(world: World, call: Call) -> Answer:
    """Let a suspended run go on."""
    return _close(world, call, "suspend", "COMPLETED")
