"""
CodeArts Pipeline v5: what the steps of a run have said and made, what they were given, and why a run never began.

https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineLog.html and the pages beside it
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.codearts import lookup as codearts
from airflow_provider_pipelines.emulator.codearts.run_views import artifacts
from airflow_provider_pipelines.emulator.codearts.views import variables
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.plan import Place


table = Table("codearts")


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineLog.html
@table.route("POST", f"{codearts.STEP}/logs")
def show_pipeline_log(world: World, call: Call) -> Answer:
    """Give a page of what a step has written."""
    _, place = codearts.step_of(world, call)
    return _page(world, call, _written(place))


# https://support.huaweicloud.com/api-pipeline/ShowPipelineExecLog.html
@table.route("POST", f"{codearts.STEP}/exec-log")
def show_pipeline_exec_log(world: World, call: Call) -> Answer:
    """Give a page of what was written about the execution of a step."""
    _, place = codearts.step_of(world, call)
    step = place.step
    lines = (
        [f"{_moment(step['start_time'])} [INFO] dispatched {step['task']}"] if step["start_time"] is not None else []
    )
    if step["end_time"] is not None:
        lines.append(f"{_moment(step['end_time'])} [INFO] ended as {step['status']}")
    return _page(world, call, lines)


def _written(place: Place) -> list[str]:
    step = place.step
    if step["start_time"] is None:
        return []
    lines = [f"{_moment(step['start_time'])} [INFO] {step['name']} begins", *map(str, step["log"])]
    if step["status"] == "FAILED":
        lines.append(
            f"{_moment(step['end_time'])} [ERROR] {step['name']} failed: {step['message'] or 'no reason was given'}"
        )
    elif step["end_time"] is not None:
        lines.append(f"{_moment(step['end_time'])} [INFO] {step['name']} ended as {step['status']}")
    return lines


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _page(world: World, call: Call, lines: list[str]) -> Answer:
    """
    Cut a page out of a log.

    What offsets count is not documented; here they count lines. Both are fed back for the next page.
    """
    limit, sort = call.fields.get("limit"), call.fields.get("sort")
    start, end = call.fields.get("start_offset") or 0, call.fields.get("end_offset") or 0
    numbers = all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in (limit, start, end))
    if not numbers or not limit or sort not in ("asc", "desc"):
        raise codearts.invalid(world, "limit and sort are needed")
    if sort == "asc":
        start, end = end, min(end + limit, len(lines))
        has_more = end < len(lines)
    else:
        end = start if start or end else len(lines)
        start = max(end - limit, 0)
        has_more = start > 0
    shown = lines[start:end]
    if sort == "desc" and world.settings.codearts_log_desc == "reversed":
        shown.reverse()
    return Answer(
        {
            "has_more": has_more,
            # The vendor's model has strings here, and takes numbers.
            "start_offset": str(start),
            "end_offset": str(end),
            "log": "".join(f"{line}\n" for line in shown),
            "step_run_id": call.params["step_run_id"],
        }
    )


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowStepOutputs.html
@table.route("GET", f"{codearts.RUN}/steps/outputs")
def show_step_outputs(world: World, call: Call) -> Answer:
    """Give what steps have put out, those that are named or all."""
    _, run = codearts.run_of(world, call)
    wanted = [id for id in call.query.get("step_run_ids", "").split(",") if id]
    outputs = [
        {
            "step_run_id": place.step["id"],
            "output_result": [
                {"key": key, "value": value, "primitive": not isinstance(value, dict | list)}
                for key, value in place.step["outputs"].items()
            ],
        }
        for place in run.steps.places
        if place.job is not None
        and place.step["status"] == "COMPLETED"
        and (place.step["id"] in wanted or (not wanted and place.step["outputs"]))
    ]
    return Answer({"step_outputs": outputs, "current_system_time": world.now})


# https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineArtifacts.html
@table.route("GET", f"{codearts.RUN}/artifacts")
def show_pipeline_artifacts(world: World, call: Call) -> Answer:
    """Give what a run has made."""
    _, run = codearts.run_of(world, call)
    number = str(run.fields["run_number"])
    rows = [
        {
            "project_id": call.params["project_id"],
            "name": name,
            "artifact_version": number,
            "upload_target": "generic",
            "artifact_package_type": "generic",
            "artifact_uri": f"/{run.id}/{name}",
            "artifact_download_url_with_id": f"https://example.com/{run.id}/{name}",
            "artifact_type": "file",
            "hash_code": [{"hash_type": "sha256", "hash_value": hashlib.sha256(name.encode()).hexdigest()}],
            "job_id": job["id"],
            "build_no": number,
            "daily_build_number": number,
            "file_size": "1024",
        }
        for job, name in artifacts(run.fields)
    ]
    return Answer({"artifacts": rows})


# The page of this operation was not found; its answer is known from a public client.
@table.route("GET", f"{codearts.STEP}/jump-link")
def show_step_jump_link(world: World, call: Call) -> Answer:
    """Tell where a person looks at a step."""
    run, place = codearts.step_of(world, call)
    return Answer({"jumpLink": f"https://example.com/pipeline-runs/{run.id}/steps/{place.step['id']}"})


# Known from the vendor's Terraform provider: the answer is a bare array.
@table.route("GET", f"{codearts.RUN}/run-variables")
def list_run_variables(world: World, call: Call) -> Answer:
    """Give the variables that a run has: its own (mode 0), the system's (1), those of groups (2)."""
    pipeline, run = codearts.run_of(world, call)
    mode = call.query.get("mode")
    if mode not in ("0", "1", "2"):
        raise codearts.invalid(world, "mode must be 0, 1 or 2")
    if mode == "2":
        return Answer([])
    if mode == "1":
        rows: list[Fields] = [{"name": name, "value": value} for name, value in _system(call, run.fields).items()]
    else:
        given = {one["name"]: one.get("value", "") for one in run.fields["variables"] if "name" in one}
        defined = {str(one["name"]): one for one in variables(pipeline)}
        defaults: Fields = {"type": "string", "is_secret": False, "is_runtime": True, "is_reset": False, "limits": []}
        rows = [{**defaults, **defined.get(name, {}), "name": name} for name in {**defined, **given}]
        rows = [{**row, "value": given.get(row["name"], row.get("value", ""))} for row in rows]
    return Answer([{"sequence": number, "variableGroupName": None, **row} for number, row in enumerate(rows, 1)])


# Known from the vendor's Terraform provider.
@table.route("GET", f"{codearts.PIPELINE}/list-runtime-vars")
def list_runtime_variables(world: World, call: Call) -> Answer:
    """Give one page of the variables that are to be set at the start of a run."""
    rows = [one for one in variables(codearts.pipeline_of(world, call)) if one["is_runtime"]]
    return codearts.page(world, call, "variables", rows)


# Known from the vendor's Terraform provider: the answer is a bare array.
@table.route("GET", f"{codearts.PIPELINE}/list-system-vars")
def list_system_variables(world: World, call: Call) -> Answer:
    """Give the variables that every run has."""
    pipeline = codearts.pipeline_of(world, call)
    latest = pipeline.latest()
    return Answer(
        [
            {
                "name": name,
                "value": value,
                "type": "string",
                "description": "",
                "isShow": True,
                "ordinal": number,
                "isAlias": False,
                "kind": "pipeline",
                "contextName": "pipeline",
                "sourceIdentifier": None,
            }
            for number, (name, value) in enumerate(_system(call, latest.fields if latest else {}).items(), 1)
        ]
    )


def _system(call: Call, run: Fields) -> dict[str, str]:
    return {
        "PROJECT_ID": call.params["project_id"],
        "PIPELINE_ID": call.params["pipeline_id"],
        "PIPELINE_NUMBER": str(run.get("run_number", "")),
        "PIPELINE_TRIGGER_TYPE": str(run.get("trigger_type", "")),
        "PIPELINE_RUN_ID": call.params.get("pipeline_run_id", ""),
    }


# Known from the vendor's Terraform provider.
@table.route("GET", f"{codearts.PIPELINE}/trigger-failed-record")
def list_trigger_failed_records(world: World, call: Call) -> Answer:
    """Give one page of the times that a trigger could not start a run."""
    pipeline = codearts.pipeline_of(world, call)
    defaults = {
        "trigger_type": "Scheduler",
        "trigger_time": pipeline.fields["create_time"],
        "executor_id": credentials.IAM_USER_ID,
        "executor_name": credentials.IAM_USER,
        "reason": "",
    }
    rows = [{**defaults, **one} for one in pipeline.fields["trigger_failures"]]
    return codearts.page(world, call, "triggerFailedRecordVOS", rows)
