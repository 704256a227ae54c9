"""
CodeArts Pipeline v5: pipelines are created, changed, deleted, disabled and enabled; they and their runs are shown.

https://support.huaweicloud.com/intl/en-us/api-pipeline/pipeline_03_0000.html
"""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_pipelines.emulator.codearts import lookup as codearts
from airflow_provider_pipelines.emulator.codearts.run_views import run_detail, run_row
from airflow_provider_pipelines.emulator.codearts.state import plan as plans
from airflow_provider_pipelines.emulator.codearts.state.run import Run
from airflow_provider_pipelines.emulator.codearts.views import listed, pipeline_detail, pipeline_row
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World
from airflow_provider_pipelines.emulator.things import SeedError

table = Table("codearts")


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html
@table.route(
    "GET",
    f"{codearts.PIPELINE}/pipeline-runs/detail",
    ids=lambda call: [call.params["pipeline_id"], *filter(None, [call.query.get("pipeline_run_id")])],
)
def show_pipeline_run_detail(world: World, call: Call) -> Answer:
    """Describe a run, or the latest one if none is named."""
    pipeline = codearts.pipeline_of(world, call)
    run_id = call.query.get("pipeline_run_id", "")
    run = pipeline.runs.get(run_id) if run_id else pipeline.latest()
    fields = call.see(run) if run is not None else None
    if run is not None and fields is not None:
        return Answer(run_detail(world, call.params["project_id"], pipeline, run.id, fields))
    entry = pipeline.queued(run_id)
    status = world.settings.codearts_queued_detail
    if entry is not None and entry["status"] == "QUEUED_TIME_OUT" and world.settings.codearts_unqueued != "nothing":
        status = world.settings.codearts_unqueued
    if entry is None or status == "error":
        raise codearts.no_run(world)
    fields = {"stages": pipeline.fields["stages"], **entry["run"], "status": status, "pending": []}
    waiting = Run(run_id, fields, world.settings, entry["enqueue_time"])
    return Answer(run_detail(world, call.params["project_id"], pipeline, waiting.id, waiting.fields))


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelineRuns.html
@table.route("POST", f"{codearts.PIPELINE}/pipeline-runs/list")
def list_pipeline_runs(world: World, call: Call) -> Answer:
    """Give one page of runs."""
    pipeline = codearts.pipeline_of(world, call)
    seen = [(run.id, call.see(run)) for run in pipeline.runs.values()]
    rows = [run_row(world, pipeline.id, id, fields) for id, fields in seen if fields is not None]
    # The SDK sorts by start_time or update_time, the page by start_time or end_time.
    key = "end_time" if call.fields.get("sort_key") == "end_time" else "start_time"

    def order(row: dict[str, Any]) -> tuple[int, int]:
        return row.get(key) or 0, row["run_number"]

    return Answer(listed(world, call, "pipeline_runs", rows, order))


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelines.html
@table.route("POST", f"{codearts.PIPELINES}/list")
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
@table.route("POST", f"{codearts.PIPELINES}/status", ids=lambda call: call.json if isinstance(call.json, list) else [])
def batch_show_pipelines_latest_status(world: World, call: Call) -> Answer:
    """Give the latest run of each pipeline that ever ran."""
    if not isinstance(call.json, list):
        raise codearts.invalid(world)
    ids, most = call.json, world.settings.codearts_status_limit
    if most is not None and len(ids) > most:
        if world.settings.codearts_status_over == "refused":
            raise codearts.invalid(world, f"more than {most} pipelines")
        ids = ids[:most]
    project = world.codearts_projects.get(call.params["project_id"])
    rows = []
    for id in ids:
        pipeline = project.pipelines.get(str(id)) if project else None
        latest = pipeline.latest() if pipeline else None
        fields = call.see(latest) if latest else None
        if pipeline is not None and latest is not None and fields is not None:
            rows.append(run_row(world, pipeline.id, latest.id, fields))
    return Answer(rows)


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineDetail.html
@table.route("GET", codearts.PIPELINE)
def show_pipeline_detail(world: World, call: Call) -> Answer:
    """Describe a pipeline."""
    return Answer(pipeline_detail(world, call.params["project_id"], codearts.pipeline_of(world, call)))


# https://support.huaweicloud.com/api-pipeline/DisablePipeline.html (the answer is a bare boolean)
@table.route("PUT", f"{codearts.PIPELINE}/ban", write=True)
def disable_pipeline(world: World, call: Call) -> Answer:
    """Let a pipeline start no more runs."""
    codearts.pipeline_of(world, call).fields["enabled"] = False
    return Answer(True)


# https://support.huaweicloud.com/api-pipeline/EnablePipeline.html (the answer is a bare boolean)
@table.route("PUT", f"{codearts.PIPELINE}/unban", write=True)
def enable_pipeline(world: World, call: Call) -> Answer:
    """Let a pipeline start runs again."""
    codearts.pipeline_of(world, call).fields["enabled"] = True
    return Answer(True)


#: Chinese, letters, digits, hyphen and underscore
_NAME = re.compile(r"[\w\-]{1,128}")


def _described(world: World, call: Call, stages: list[Fields] | None = None) -> Fields:
    """Return the fields of a pipeline from the body that describes it."""
    body = call.json
    if not isinstance(body, dict):
        raise codearts.invalid(world)
    name, description = body.get("name"), body.get("description") or ""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise codearts.invalid(world, "name must have 1 to 128 letters, digits, hyphens or underscores")
    if not isinstance(description, str) or len(description) > 1024:
        raise codearts.invalid(world, "description must be a text of up to 1024 characters")
    configuration = dict(body)
    if stages is None:
        if not isinstance(body.get("is_publish"), bool):
            raise codearts.invalid(world, "is_publish is missing")
        stages = _stages(world, body.get("definition"))
    control = body.get("concurrency_control")
    return {
        "name": name,
        "description": description,
        "stages": stages,
        "variables": [one for one in body.get("variables") or [] if isinstance(one, dict)],
        "concurrency_control": control if isinstance(control, dict) else None,
        "configuration": configuration,
    }


def _stages(world: World, definition: Any) -> list[Fields]:
    try:
        return plans.from_definition(definition)
    except SeedError as error:
        raise codearts.invalid(world, str(error)) from None


# https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineNew.html
@table.route("POST", codearts.PIPELINES, write=True)
def create_pipeline(world: World, call: Call) -> Answer:
    """Create a pipeline."""
    project = codearts.project_of(world, call)
    return Answer({"pipeline_id": project.create(world.now, _described(world, call)).id})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/UpdatePipelineInfo.html
@table.route("PUT", codearts.PIPELINE, write=True)
def update_pipeline(world: World, call: Call) -> Answer:
    """Replace the description of a pipeline; its runs stay."""
    pipeline = codearts.pipeline_of(world, call)
    if not pipeline.fields["enabled"]:
        # That a disabled pipeline cannot be edited is known from the vendor's Terraform provider, its code is not.
        raise codearts.failure(world, "DEVPIPE.00011498", "the pipeline is disabled")
    pipeline.fields.update(_described(world, call))
    return Answer({"pipeline_id": pipeline.id})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/DeletePipeline.html
@table.route("DELETE", codearts.PIPELINE, write=True)
def delete_pipeline(world: World, call: Call) -> Answer:
    """Delete a pipeline with all its runs."""
    pipeline = codearts.pipeline_of(world, call)
    del codearts.project_of(world, call).pipelines[pipeline.id]
    return Answer({"pipeline_id": pipeline.id})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineByTemplateId.html
@table.route("POST", "/v5/{project_id}/api/pipeline-templates/{template_id}/create-pipeline", write=True)
def create_pipeline_by_template(world: World, call: Call) -> Answer:
    """Create a pipeline that does what a template says."""
    project = codearts.project_of(world, call)
    template = project.templates.get(call.params["template_id"])
    if template is None:
        raise codearts.failure(world, "DEVPIPE.00011203", "the template does not exist")
    return Answer({"pipeline_id": project.create(world.now, _described(world, call, template["stages"])).id})
