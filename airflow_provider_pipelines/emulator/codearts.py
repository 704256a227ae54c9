"""
CodeArts Pipeline v5: pipelines and the control of runs.

https://support.huaweicloud.com/intl/en-us/api-pipeline/pipeline_03_0000.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.codearts_state import CodeArtsPipeline, Run
from airflow_provider_pipelines.emulator.codearts_views import (
    listed,
    pipeline_detail,
    pipeline_row,
    queue_row,
    run_detail,
    run_row,
)
from airflow_provider_pipelines.emulator.wire import Answer, Call, Refusal, Table

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.world import World


table = Table("codearts")

_PIPELINES = "/v5/{project_id}/api/pipelines"
_PIPELINE = f"{_PIPELINES}/{{pipeline_id}}"
_RUN = f"{_PIPELINE}/pipeline-runs/{{pipeline_run_id}}"


def failure(world: World, code: str, message: str, status: int | None = None) -> Refusal:
    """Return a DEVPIPE error; the service sends most of them with HTTP 200."""
    body = {"error_code": code, "error_msg": message}
    return Refusal(Answer(body, status or world.settings.codearts_error_status, code=code))


def _pipeline(world: World, call: Call) -> CodeArtsPipeline:
    project = world.codearts_projects.get(call.params["project_id"])
    id = call.params["pipeline_id"]
    if project is None:
        raise failure(world, "DEVPIPE.00011412", "the project does not exist or you are not a member of it")
    if id in project.pipelines:
        return project.pipelines[id]
    if any(other.id == id for other in world.codearts_pipelines()):
        raise failure(world, "DEVPIPE.00011136", "项目ID和流水线不匹配")
    raise failure(world, "DEVPIPE.00011401", "pipeline does not exist")


def _no_run(world: World, status: int | None = None) -> Refusal:
    # No code is documented for an unknown run; clients are not to know this one.
    return failure(world, "DEVPIPE.00011499", "pipeline run does not exist", status)


def _run(world: World, call: Call) -> tuple[CodeArtsPipeline, Run]:
    pipeline = _pipeline(world, call)
    run = pipeline.runs.get(call.params["pipeline_run_id"])
    if run is None:
        raise _no_run(world)
    return pipeline, run


def _queued(world: World, pipeline: CodeArtsPipeline, wish: dict[str, Any], run_id: str = "") -> Answer:
    entry = pipeline.enqueue(world.now, world.next_queue_id(), wish, run_id)
    code = "DEVPIPE.00011169"
    body = {
        "error_code": code,
        "error_msg": "Maximum concurrency of a single pipeline is limited, enter the queue state",
        "error": {"pipeline_run_id": entry["pipeline_run_id"], "queue_id": entry["id"]},
    }
    return Answer(body, code=code)


# https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html
@table.route("POST", f"{_PIPELINE}/run", write=True)
def run_pipeline(world: World, call: Call) -> Answer:
    """Start a run, or let it wait where the pipeline says so."""
    pipeline = _pipeline(world, call)
    if call.json is ... or not isinstance(call.json, dict | None):
        raise failure(world, "DEVPIPE.00011100", "the request body is not valid", 400)
    if not pipeline.fields["enabled"]:
        # Neither code nor status of running a banned pipeline is documented.
        raise failure(world, "DEVPIPE.00011498", "the pipeline is disabled")
    if pipeline.fields["refuses_run"] > 0:
        pipeline.fields["refuses_run"] -= 1
        return Answer({"pipeline_run_id": "", "error_msg": "Pipeline configuration is invalid"})
    lists = ("sources", "variables", "choose_jobs", "choose_stages")
    wish = {name: call.fields[name] for name in lists if isinstance(call.fields.get(name), list)}
    wish["description"] = str(call.fields.get("description") or "")
    if len(wish["description"]) > 1024:
        raise failure(world, "DEVPIPE.00011100", "the description is longer than 1024 characters", 400)
    if not pipeline.full:
        return Answer({"pipeline_run_id": pipeline.start(world.now, wish).id})
    if pipeline.queues:
        return _queued(world, pipeline, wish)
    if world.settings.codearts_over_limit == "refused":
        raise failure(world, "DEVPIPE.00011104", "concurrency limited")
    return Answer({"pipeline_run_id": pipeline.start(world.now, wish, status="IGNORED").id})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/StopPipelineRun.html
@table.route("POST", f"{_RUN}/stop", write=True)
def stop_pipeline_run(world: World, call: Call) -> Answer:
    """Stop a run; the answer means that the request was taken."""
    pipeline = _pipeline(world, call)
    entry = pipeline.queued(call.params["pipeline_run_id"])
    if entry is not None:
        return _stop_queued(world, pipeline, entry)
    _, run = _run(world, call)
    if run.ended:
        return _answer_of_choice(world, world.settings.codearts_stop_finished)
    if run.use_up("refuses_stop"):
        return Answer({"success": False})
    run.stop(world.now)
    return Answer({"success": True})


def _stop_queued(world: World, pipeline: CodeArtsPipeline, entry: dict[str, Any]) -> Answer:
    switch = world.settings.codearts_stop_queued
    if switch == "cancels":
        pipeline.queue.remove(entry)
        return Answer({"success": True})
    return _answer_of_choice(world, switch)


def _answer_of_choice(world: World, switch: str) -> Answer:
    if switch in ("true", "false"):
        return Answer({"success": switch == "true"})
    if switch == "404":
        raise _no_run(world, 404)
    raise failure(world, "DEVPIPE.00011497", "the pipeline run is not running", 400)


# https://support.huaweicloud.com/intl/en-us/api-pipeline/RetryPipelineRun.html
@table.route("PUT", f"{_RUN}/retry", write=True)
def retry_pipeline_run(world: World, call: Call) -> Answer:
    """Open a failed or cancelled run again, under the same id."""
    pipeline, run = _run(world, call)
    if run.status not in ("FAILED", "CANCELED") or pipeline.queued(run.id):
        return Answer({"success": False})
    if pipeline.full:
        return _queued(world, pipeline, {}, run.id)
    run.fields["outcome"] = pipeline.fields["outcome"]
    run.begin(world.now)
    return Answer({"success": True})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html
@table.route(
    "GET",
    f"{_PIPELINE}/pipeline-runs/detail",
    ids=lambda call: [call.params["pipeline_id"], *filter(None, [call.query.get("pipeline_run_id")])],
)
def show_pipeline_run_detail(world: World, call: Call) -> Answer:
    """Describe a run, or the latest one if none is named."""
    pipeline = _pipeline(world, call)
    run_id = call.query.get("pipeline_run_id", "")
    run = pipeline.runs.get(run_id) if run_id else pipeline.latest()
    fields = call.see(run) if run is not None else None
    if run is not None and fields is not None:
        return Answer(run_detail(world, call.params["project_id"], pipeline, run.id, fields))
    entry = pipeline.queued(run_id)
    status = world.settings.codearts_queued_detail
    if entry is None or status == "error":
        raise _no_run(world)
    waiting = Run(run_id, {**entry["run"], "status": status, "pending": []}, world.settings, entry["enqueue_time"])
    return Answer(run_detail(world, call.params["project_id"], pipeline, waiting.id, waiting.fields))


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelineRuns.html
@table.route("POST", f"{_PIPELINE}/pipeline-runs/list")
def list_pipeline_runs(world: World, call: Call) -> Answer:
    """Give one page of runs."""
    pipeline = _pipeline(world, call)
    seen = [(run.id, call.see(run)) for run in pipeline.runs.values()]
    rows = [run_row(world, pipeline.id, id, fields) for id, fields in seen if fields is not None]
    # The SDK sorts by start_time or update_time, the page by start_time or end_time.
    key = "end_time" if call.fields.get("sort_key") == "end_time" else "start_time"

    def order(row: dict[str, Any]) -> tuple[int, int]:
        return row.get(key) or 0, row["run_number"]

    return Answer(listed(world, call, "pipeline_runs", rows, order))


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelines.html
@table.route("POST", f"{_PIPELINES}/list")
def list_pipelines(world: World, call: Call) -> Answer:
    """Give one page of pipelines; who is not a member of the project sees none."""
    project_id = call.params["project_id"]
    project = world.codearts_projects.get(project_id)
    rows = []
    for pipeline in project.pipelines.values() if project else ():
        banned, wanted = not pipeline.fields["enabled"], call.fields.get("is_banned")
        if str(call.fields.get("name") or "") in pipeline.fields["name"] and wanted in (None, banned):
            rows.append(pipeline_row(world, call, project_id, pipeline))
    key = call.fields.get("sort_key") if call.fields.get("sort_key") in ("name", "create_time") else "create_time"
    answer = listed(world, call, "pipelines", rows, lambda row: row[str(key)])
    return Answer({**answer, "current_system_time": world.now})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/BatchShowPipelinesLatestStatus.html
@table.route("POST", f"{_PIPELINES}/status", ids=lambda call: call.json if isinstance(call.json, list) else [])
def batch_show_pipelines_latest_status(world: World, call: Call) -> Answer:
    """Give the latest run of each pipeline that ever ran."""
    if not isinstance(call.json, list):
        raise failure(world, "DEVPIPE.00011100", "the request body is not valid", 400)
    project = world.codearts_projects.get(call.params["project_id"])
    rows = []
    for id in call.json:
        pipeline = project.pipelines.get(str(id)) if project else None
        latest = pipeline.latest() if pipeline else None
        fields = call.see(latest) if latest else None
        if pipeline is not None and latest is not None and fields is not None:
            rows.append(run_row(world, pipeline.id, latest.id, fields))
    return Answer(rows)


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelineQueue.html
@table.route("GET", f"{_PIPELINE}/queued-pipeline")
def list_pipeline_queue(world: World, call: Call) -> Answer:
    """Give one page of the runs that wait."""
    pipeline = _pipeline(world, call)
    offset, limit = call.number("offset", 0), call.number("limit", world.settings.codearts_default_limit)
    if offset is None or limit is None or offset < 0 or limit < 0:
        raise failure(world, "DEVPIPE.00011100", "offset and limit must be numbers from 0 up", 400)
    rows = [queue_row(pipeline.id, entry) for entry in pipeline.queue]
    page = {"offset": offset, "limit": limit, "total": len(rows)}
    return Answer({**page, "queuedPipelines": rows[offset : offset + limit]})


# https://support.huaweicloud.com/api-pipeline/CancelPipelineQueue.html (no pipeline-runs segment)
@table.route("POST", f"{_PIPELINE}/{{pipeline_run_id}}/cancel-queuing/{{queue_id}}", write=True)
def cancel_pipeline_queue(world: World, call: Call) -> Answer:
    """Take a waiting run out of the queue; it never ran and leaves no record."""
    pipeline = _pipeline(world, call)
    entry = pipeline.queued(call.params["pipeline_run_id"])
    if entry is None or str(entry["id"]) != call.params["queue_id"]:
        raise failure(world, "DEVPIPE.00011496", "the run is not in the queue")
    pipeline.queue.remove(entry)
    return Answer({"pipeline_run_id": entry["pipeline_run_id"]})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineDetail.html
@table.route("GET", _PIPELINE)
def show_pipeline_detail(world: World, call: Call) -> Answer:
    """Describe a pipeline."""
    return Answer(pipeline_detail(world, call.params["project_id"], _pipeline(world, call)))


# https://support.huaweicloud.com/api-pipeline/DisablePipeline.html (the answer is a bare boolean)
@table.route("PUT", f"{_PIPELINE}/ban", write=True)
def disable_pipeline(world: World, call: Call) -> Answer:
    """Let a pipeline start no more runs."""
    _pipeline(world, call).fields["enabled"] = False
    return Answer(True)


# https://support.huaweicloud.com/api-pipeline/EnablePipeline.html (the answer is a bare boolean)
@table.route("PUT", f"{_PIPELINE}/unban", write=True)
def enable_pipeline(world: World, call: Call) -> Answer:
    """Let a pipeline start runs again."""
    _pipeline(world, call).fields["enabled"] = True
    return Answer(True)
