"""
EnOS stream processing, as its API reference describes it.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/overview.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.wire import Answer, Call, Refusal, Table

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.enos_state import EnosPipeline, Organisation
    from airflow_provider_pipelines.emulator.things import Fields
    from airflow_provider_pipelines.emulator.world import World


table = Table("enos")

_TOKEN = "/apim-token-service/v2.0/token"  # noqa: S105 -- a path
_BASE = "/streaming/v2.0/streaming"
_PIPELINE = f"{_BASE}/pipeline/{{pipeline_id}}"


def failure(world: World, code: int, text: str) -> Refusal:
    """Return an error in the shape of the streaming service."""
    return Refusal(Answer({"code": code, "msg": text}, world.settings.enos_failure_status, code=code))


def no_route(call: Call) -> Refusal:
    """Return what a path or action gives that does not exist; its shape is not documented."""
    return Refusal(Answer({"code": 404, "msg": f"no such API: {call.method}"}, 404, code=404))


# https://support.enos-iot.com/docs/api/en/2.1.0/token/get_access_token.html
@table.route("POST", f"{_TOKEN}/get", open=True)
def get_token(world: World, call: Call) -> Answer:
    """Give the token of an application."""
    return world.enos_gateway.get(call)


# https://www.envisioniot.com/docs/api/en/2.3.0/token/refresh_access_token.html
@table.route("POST", f"{_TOKEN}/refresh", open=True)
def refresh_token(world: World, call: Call) -> Answer:
    """Replace the token of an application."""
    return world.enos_gateway.refresh(call)


def _success(data: Any) -> Answer:
    return Answer({"code": 0, "msg": "OK", "data": data}, code=0)


def _done(world: World) -> Answer:
    # The tables announce an empty string, the samples have no data.
    data = {"data": ""} if world.settings.enos_action_data == "empty" else {}
    return Answer({"code": 0, "msg": "OK", **data}, code=0)


def _organisation(world: World, call: Call) -> Organisation | None:
    org_id = call.query.get("orgId")
    if not org_id:
        raise failure(world, world.settings.enos_missing_org_code, "Missing param orgId")
    return world.organisations.get(org_id)


def _pipeline(world: World, call: Call) -> EnosPipeline:
    organisation = _organisation(world, call)
    pipeline = organisation.pipelines.get(call.params["pipeline_id"]) if organisation else None
    if pipeline is None:
        raise failure(world, 61108, "stream processing pipeline does not exit.")
    return pipeline


# https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html
@table.route("GET", f"{_BASE}/pipelines")
def list_pipelines(world: World, call: Call) -> Answer:
    """Give one page of pipelines, either the released ones or those still being designed."""
    organisation = _organisation(world, call)
    size, number = call.number("pageSize", 10), call.number("pageNo", 1)
    if size is None or number is None or size < 1 or number < 1:
        raise failure(world, 61176, "Param pageSize and pageNo must be positive.")
    size = min(size, world.settings.enos_max_page_size or size)
    released, system = call.flag("ifReleased"), call.flag("isSystem")
    rows = []
    for pipeline in organisation.pipelines.values() if organisation else ():
        fields = call.see(pipeline)
        everything = system and world.settings.enos_system_view == "all"
        if fields is None or fields["released"] is not released:
            continue
        if everything or fields["is_system"] is system:
            rows.append(_row(world, call.query["orgId"], pipeline.id, fields))
    page = rows[(number - 1) * size : number * size]
    count = len(rows) if world.settings.enos_count == "total" else len(page)
    return _success({"count": count, "pipelines": page})


def _row(world: World, org_id: str, id: str, fields: Fields) -> Fields:
    status: Fields = {"status": fields["status"]}
    if not fields["released"]:
        switch = world.settings.enos_design_status
        status = {} if switch == "absent" else {"status": None if switch == "null" else switch}
    updated = datetime.fromtimestamp(fields["update_time"] / 1000, UTC)
    return {
        "orgId": org_id,
        **status,
        "version": fields["version"],
        "pipelineId": id,
        "pipelineName": fields["name"],
        "updateTime": updated.strftime("%Y-%m-%d %H:%M:%S"),
        "alarmConfig": fields["alarm_config"],
        "templateType": fields["template_type"],
        "executionMode": fields["execution_mode"],
        "resourceConfig": fields["resource_config"],
        "messageChannel": fields["message_channel"],
    }


# https://support.enos-iot.com/docs/stream-processing-api/en/dev/get_pipeline_details
@table.route("GET", _PIPELINE)
def get_pipeline_details(world: World, call: Call) -> Answer:
    """Describe the released or the design copy of a pipeline; its status is not part of it."""
    pipeline = _pipeline(world, call)
    fields = call.see(pipeline)
    if fields is None or (call.flag("ifReleased") and not fields["released"]):
        raise failure(world, 61108, "stream processing pipeline does not exit.")
    return _success(
        {
            "pipelineId": pipeline.id,
            "pipelineName": fields["name"],
            "messageChannel": str(fields["message_channel"]),
            "templateType": fields["template_type"],
            "templateName": {"en_us": "Origin", "zh_cn": "Origin"},
            "version": fields["version"],
            "desc": fields["desc"],
            "pipelineJson": {"points": []},
        }
    )


# https://support.enos-iot.com/docs/stream-processing-api/en/dev/release_pipeline.html
@table.route("POST", _PIPELINE, query={"action": "release"}, write=True)
def release_pipeline(world: World, call: Call) -> Answer:
    """Release a pipeline that does not run."""
    pipeline = _pipeline(world, call)
    if pipeline.fields["released"] and pipeline.status not in ("PUBLISHED", "PAUSED", "STOPPED"):
        raise failure(world, 61169, "The pipeline is not released because it is not stopped or paused.")
    kept = pipeline.fields["released"] and world.settings.enos_release_status == "kept"
    pipeline.change(pipeline.status if kept else "PUBLISHED", world.now, released=True)
    return _done(world)


# https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/start_pipeline
@table.route("POST", _PIPELINE, query={"action": "start"}, write=True)
def start_pipeline(world: World, call: Call) -> Answer:
    """Start a pipeline, one at a time in an organisation."""
    pipeline, now = _pipeline(world, call), world.now
    organisation = world.organisations[call.query["orgId"]]
    mode, rate = _whole(call.fields.get("executionMode")), _whole(call.fields.get("kafkaRate"))
    config = call.fields.get("resourceConfig")
    if mode not in (0, 1) or rate is None or not isinstance(config, dict | None):
        raise failure(world, 61100, "Stream configuration JSON invalid.")
    if not pipeline.fields["released"]:
        raise failure(world, world.settings.enos_unreleased_code, "The pipeline was not released.")
    if pipeline.status not in ("PUBLISHED", "PAUSED", "STOPPED"):
        raise failure(world, 61165, f"Stream processing job with status [{pipeline.status}] cannot be started.")
    if organisation.locked_until > now:
        text = "Another user in the organization is starting a stream processing job. Please try again later."
        raise failure(world, 61121, text)
    if pipeline.use_up("refuses_start"):
        raise failure(world, 61126, "Allocated resource is not enough.")
    seconds = pipeline.seconds("start_seconds", "enos_start_seconds")
    lock = world.settings.enos_start_lock_seconds
    organisation.locked_until = now + round((seconds if lock is None else lock) * 1000)
    goal = pipeline.status if pipeline.use_up("fails_start") else "RUNNING"
    changes: Fields = {"execution_mode": mode, "kafka_rate": rate}
    if config is not None:
        changes["resource_config"] = json.dumps(config)
    pipeline.go(now, "STARTING", seconds, goal, **changes)
    return _done(world)


def _whole(value: Any) -> int | None:
    # An older sample of the vendor's sends numbers as strings.
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return int(value)
    except ValueError:
        return None


# https://support.enos-iot.com/docs/stream-processing-api/en/preview/pause_pipeline.html
@table.route("POST", _PIPELINE, query={"action": "pause"}, write=True)
def pause_pipeline(world: World, call: Call) -> Answer:
    """Pause a running pipeline."""
    pipeline = _pipeline(world, call)
    if pipeline.status != "RUNNING" or pipeline.use_up("refuses_pause"):
        raise _unchangeable(world, pipeline, "Paused")
    pipeline.go(world.now, "PAUSING", pipeline.seconds("pause_seconds", "enos_pause_seconds"), "PAUSED")
    return _done(world)


# https://support.enos-iot.com/docs/stream-processing-api/en/2.2.0/stop_pipeline.html
@table.route("POST", _PIPELINE, query={"action": "stop"}, write=True)
def stop_pipeline(world: World, call: Call) -> Answer:
    """Stop a running or paused pipeline."""
    pipeline = _pipeline(world, call)
    if pipeline.status not in ("RUNNING", "PAUSED"):
        raise _unchangeable(world, pipeline, "Stopped")
    if pipeline.use_up("refuses_stop"):
        raise failure(world, 61122, "Failed to stop the pipeline.")
    pipeline.go(world.now, "STOPPING", pipeline.seconds("stop_seconds", "enos_stop_seconds"), "STOPPED")
    return _done(world)


def _unchangeable(world: World, pipeline: EnosPipeline, goal: str) -> Refusal:
    status = pipeline.status if pipeline.fields["released"] else "UNRELEASED"
    text = f"Status of the stream processing job cannot be changed from [{status}] to {goal}."
    return failure(world, 61152, text)


# https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.3.0/get_pipeline_offset_lag
@table.route("GET", f"{_PIPELINE}/offset-lag")
def get_pipeline_offset_lag(world: World, call: Call) -> Answer:
    """Tell how far a running pipeline is behind."""
    pipeline = _pipeline(world, call)
    fields = call.see(pipeline) or pipeline.fields
    idle = fields["status"] != "RUNNING"
    if idle and world.settings.enos_lag_of_idle == "error":
        raise failure(world, 99000, "Internal Server Error")
    entry = {"lag": fields["lag"], "offset": fields["offset"], "ts": world.now}
    empty = idle and world.settings.enos_lag_of_idle == "empty"
    return _success(
        {
            "topicName": f"MEASURE_POINT_INTERNAL_{call.query['orgId']}",
            "lagAndOffset": [] if empty else [entry],
            "pipelineId": pipeline.id,
        }
    )


# https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/reset_pipeline_offset
@table.route("POST", f"{_PIPELINE}/offset", write=True)
def reset_pipeline_offset(world: World, call: Call) -> Answer:
    """Set the offset of a paused or stopped pipeline back."""
    pipeline = _pipeline(world, call)
    if pipeline.status not in ("PAUSED", "STOPPED"):
        # The code for a wrong status is not documented; 61152 is the one that names the status.
        raise _unchangeable(world, pipeline, "reset")
    pipeline.fields.update(lag=0, offset=0)
    return _done(world)
