"""
CodeArts Pipeline v5: runs are started, stopped, tried again, and wait for their turn.

https://support.huaweicloud.com/intl/en-us/api-pipeline/pipeline_03_0000.html
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator.codearts import lookup as codearts
from airflow_provider_pipelines.emulator.codearts.views import queue_row
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Refusal, Table, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.project import CodeArtsPipeline


table = Table("codearts")


def _queued(world: World, pipeline: CodeArtsPipeline, wish: Fields, run_id: str = "") -> Answer:
    entry = pipeline.enqueue(world.now, world.next_queue_id(), wish, run_id)
    code = world.settings.codearts_queue_code
    body = {
        "error_code": code,
        "error_msg": "Maximum concurrency of a single pipeline is limited, enter the queue state",
        "error": {"pipeline_run_id": entry["pipeline_run_id"], "queue_id": entry["id"]},
    }
    return Answer(body, code=code)


def _started(world: World, pipeline: CodeArtsPipeline, wish: Fields) -> Answer:
    """Start a run, let it wait, or refuse it."""
    if not pipeline.fields["enabled"]:
        status = None if world.settings.codearts_banned_run == "code" else 400
        raise codearts.failure(world, "DEVPIPE.00011498", "the pipeline is disabled", status)
    if pipeline.fields["refuses_run"] > 0:
        pipeline.fields["refuses_run"] -= 1
        return Answer({"pipeline_run_id": "", "error_msg": "Pipeline configuration is invalid"})
    if not pipeline.full:
        return Answer({"pipeline_run_id": pipeline.start(world.now, wish).id})
    if pipeline.queues:
        return _queued(world, pipeline, wish)
    if world.settings.codearts_over_limit == "refused":
        raise codearts.failure(world, "DEVPIPE.00011104", "concurrency limited")
    return Answer({"pipeline_run_id": pipeline.start(world.now, wish, status="IGNORED").id})


def _wish(world: World, call: Call, *lists: str) -> Fields:
    """Return what a body says about the run to be."""
    if call.json is ... or not isinstance(call.json, dict | None):
        raise codearts.invalid(world)
    wish = {name: call.fields[name] for name in lists if isinstance(call.fields.get(name), list)}
    wish["description"] = str(call.fields.get("description") or "")
    if len(wish["description"]) > 1024:
        raise codearts.invalid(world, "the description is longer than 1024 characters")
    return wish


# https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html
@table.route("POST", f"{codearts.PIPELINE}/run", write=True)
def run_pipeline(world: World, call: Call) -> Answer:
    """Start a run, or let it wait where the pipeline says so."""
    pipeline = codearts.pipeline_of(world, call)
    return _started(world, pipeline, _wish(world, call, "sources", "variables", "choose_jobs", "choose_stages"))


# https://support.huaweicloud.com/api-pipeline/RunYamlPipeline.html
@table.route("POST", "/v5/{project_id}/api/pac/pipelines/{pipeline_id}/run", write=True)
def run_yaml_pipeline(world: World, call: Call) -> Answer:
    """Start a run of a pipeline that is described by a file in a branch."""
    pipeline = codearts.pipeline_of(world, call)
    wish = _wish(world, call, "variables", "choose_jobs")
    branch = call.fields.get("branch")
    if not isinstance(branch, str) or not branch:
        raise codearts.invalid(world, "branch is missing")
    wish["sources"] = [{"type": "code", "params": {"git_type": "codehub", "default_branch": branch}}]
    return _started(world, pipeline, wish)


def _batch(call: Call) -> list[str]:
    ids = call.fields.get("pipeline_ids")
    return [str(id) for id in ids] if isinstance(ids, list) else []


# https://support.huaweicloud.com/api-pipeline/BatchRunPipeline.html
@table.route("POST", f"{codearts.PIPELINES}/batch-runs", write=True, ids=_batch)
def batch_run_pipeline(world: World, call: Call) -> Answer:
    """Start a run of each of several pipelines; which of them started is asked for afterwards."""
    project, ids = codearts.project_of(world, call), _batch(call)
    if not ids:
        raise codearts.invalid(world, "pipeline_ids is missing")
    result = []
    for id in ids:
        run_id, reason = uuid.uuid4().hex, "pipeline does not exist"
        if id in project.pipelines:
            body = _batch_start(world, project.pipelines[id])
            run_id = (body.get("error") or body).get("pipeline_run_id") or run_id
            reason = "" if "error" in body else body.get("error_msg", "")
        if reason:
            project.failed_starts[run_id] = reason
        result.append({"pipeline_id": id, "pipeline_run_id": run_id})
    return Answer({"result": result})


def _batch_start(world: World, pipeline: CodeArtsPipeline) -> Fields:
    try:
        return dict(_started(world, pipeline, {}).body)
    except Refusal as refusal:
        return dict(refusal.answer.body)


def _asked(call: Call) -> list[Fields]:
    query = call.fields.get("query")
    return [one for one in query if isinstance(one, dict)] if isinstance(query, list) else []


# https://support.huaweicloud.com/api-pipeline/ShowBatchRunResult.html
@table.route(
    "POST",
    f"{codearts.PIPELINES}/batch-runs/result",
    ids=lambda call: [one["pipeline_run_id"] for one in _asked(call) if "pipeline_run_id" in one],
)
def show_batch_run_result(world: World, call: Call) -> Answer:
    """Tell which runs of a batch have started; only the word for success is documented."""
    project = codearts.project_of(world, call)
    result = []
    for one in _asked(call):
        id, run_id = str(one.get("pipeline_id")), str(one.get("pipeline_run_id"))
        pipeline = project.pipelines.get(id)
        status, reason = "START_FAILED", project.failed_starts.get(run_id, "pipeline run does not exist")
        if pipeline is not None and (run_id in pipeline.runs or pipeline.queued(run_id)):
            status, reason = ("START_SUCCESS" if run_id in pipeline.runs else "QUEUED"), ""
        result.append(
            {
                "pipeline_id": id,
                "pipeline_name": pipeline.fields["name"] if pipeline else None,
                "pipeline_run_id": run_id,
                "status": status,
                "reason": reason or None,
            }
        )
    return Answer({"result": result})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/StopPipelineRun.html
@table.route("POST", f"{codearts.RUN}/stop", write=True)
def stop_pipeline_run(world: World, call: Call) -> Answer:
    """Stop a run; the answer means that the request was taken."""
    pipeline = codearts.pipeline_of(world, call)
    entry = pipeline.queued(call.params["pipeline_run_id"])
    if entry is not None:
        return _stop_queued(world, pipeline, entry)
    _, run = codearts.run_of(world, call)
    if run.ended:
        return _answer_of_choice(world, world.settings.codearts_stop_finished)
    if run.use_up("refuses_stop"):
        return Answer({"success": False})
    run.stop(world.now)
    return Answer({"success": True})


def _stop_queued(world: World, pipeline: CodeArtsPipeline, entry: Fields) -> Answer:
    switch = world.settings.codearts_stop_queued
    if switch == "cancels":
        _unqueue(world, pipeline, entry)
        return Answer({"success": True})
    return _answer_of_choice(world, switch)


def _answer_of_choice(world: World, switch: str) -> Answer:
    if switch in ("true", "false"):
        return Answer({"success": switch == "true"})
    if switch == "404":
        raise codearts.no_run(world, 404)
    raise codearts.failure(world, "DEVPIPE.00011497", "the pipeline run is not running", 400)


# https://support.huaweicloud.com/intl/en-us/api-pipeline/RetryPipelineRun.html
@table.route("PUT", f"{codearts.RUN}/retry", write=True)
def retry_pipeline_run(world: World, call: Call) -> Answer:
    """Open a failed or cancelled run again, under the same id."""
    pipeline, run = codearts.run_of(world, call)
    if call.json is ... or not isinstance(call.json, dict | None):
        raise codearts.invalid(world)
    allowed = {"FAILED", "CANCELED"} if world.settings.codearts_retry_canceled else {"FAILED"}
    if run.status not in allowed or pipeline.queued(run.id):
        return Answer({"success": False})
    jobs = [str(id) for id in call.fields.get("job_run_ids") or []]
    known = {place.job["id"]: place for place in run.steps.places if place.job is not None}
    if not set(jobs) <= set(known):
        raise codearts.failure(world, "DEVPIPE.00011494", "the job does not exist", 400)
    failed = {
        place.job["id"]
        for place in run.steps.places
        if place.job is not None and place.step["status"] in ("FAILED", "CANCELED")
    }
    if world.settings.codearts_retry_jobs == "failed" and not set(jobs) <= failed:
        return Answer({"success": False})
    if pipeline.full:
        return _queued(world, pipeline, {"job_run_ids": jobs}, run.id)
    pipeline.retry(run, world.now, jobs)
    return Answer({"success": True})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelineQueue.html
@table.route("GET", f"{codearts.PIPELINE}/queued-pipeline")
def list_pipeline_queue(world: World, call: Call) -> Answer:
    """Give one page of the runs that wait."""
    pipeline = codearts.pipeline_of(world, call)
    return codearts.page(world, call, "queuedPipelines", [queue_row(pipeline.id, entry) for entry in pipeline.queue])


# https://support.huaweicloud.com/api-pipeline/CancelPipelineQueue.html (no pipeline-runs segment)
@table.route("POST", f"{codearts.PIPELINE}/{{pipeline_run_id}}/cancel-queuing/{{queue_id}}", write=True)
def cancel_pipeline_queue(world: World, call: Call) -> Answer:
    """Take a waiting run out of the queue."""
    pipeline = codearts.pipeline_of(world, call)
    entry = pipeline.queued(call.params["pipeline_run_id"])
    if entry is None or str(entry["id"]) != call.params["queue_id"]:
        raise codearts.failure(world, "DEVPIPE.00011496", "the run is not in the queue")
    _unqueue(world, pipeline, entry)
    return Answer({"pipeline_run_id": entry["pipeline_run_id"]})


def _unqueue(world: World, pipeline: CodeArtsPipeline, entry: Fields) -> None:
    """Take a run out of the queue; whether it leaves a record is not known."""
    pipeline.queue.remove(entry)
    left = world.settings.codearts_unqueued
    if left != "nothing" and entry["pipeline_run_id"] not in pipeline.runs:
        pipeline.start(world.now, entry["run"], entry["pipeline_run_id"], status=left)
