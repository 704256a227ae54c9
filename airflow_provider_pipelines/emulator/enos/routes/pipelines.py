"""
EnOS: tokens are given, pipelines are shown, released, started, paused and stopped, their offsets read and reset.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/overview.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_pipelines.emulator.enos import lookup as enos
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Refusal, Table, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.enos.state import EnosPipeline


N = TypeVar("N", int, float)

table = Table("enos")

_TOKEN = "/apim-token-service/v2.0/token"  # noqa: S105 -- a path


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


# https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html
@table.route("GET", f"{enos.BASE}/streaming/pipelines")
def list_pipelines(world: World, call: Call) -> Answer:
    """Give one page of pipelines, either the released ones or those still being designed."""
    organisation = enos.organisation_of(world, call)
    size, number = call.number("pageSize", 10), call.number("pageNo", 1)
    if size is None or number is None or size < 1 or number < 1:
        raise enos.failure(world, 61176, "Param pageSize and pageNo must be positive.")
    size = min(size, world.settings.enos_max_page_size or size)
    released, system = call.flag("ifReleased"), call.flag("isSystem")
    rows = []
    for pipeline in organisation.pipelines.values() if organisation else ():
        fields = call.see(pipeline)
        everything = system and world.settings.enos_system_view == "all"
        if fields is None or not _in_view(world, fields, released=released):
            continue
        if everything or fields["is_system"] is system:
            rows.append(_row(world, call.query["orgId"], pipeline.id, fields, released=released))
    page = rows[(number - 1) * size : number * size]
    count = len(rows) if world.settings.enos_count == "total" else len(page)
    return enos.success(world, {"count": count, "pipelines": page})


def _in_view(world: World, fields: Fields, *, released: bool) -> bool:
    """Tell whether a list shows a pipeline; whether a design copy is listed once it was released is not documented."""
    if not released and world.settings.enos_design_view == "all":
        return True
    return fields["released"] is released


def _row(world: World, org_id: str, id: str, fields: Fields, *, released: bool) -> Fields:
    status: Fields = {"status": fields["status"]}
    if not released:
        fields = {**fields, **fields["design"]}
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
@table.route("GET", enos.PIPELINE)
def get_pipeline_details(world: World, call: Call) -> Answer:
    """Describe the released or the design copy of a pipeline; its status is not part of it."""
    pipeline = enos.pipeline_of(world, call)
    fields = call.see(pipeline)
    if fields is None or (call.flag("ifReleased") and not fields["released"]):
        raise enos.failure(world, 61108, "stream processing pipeline does not exit.")
    if not call.flag("ifReleased"):
        fields = {**fields, **fields["design"]}
    return enos.success(
        world,
        {
            "pipelineId": pipeline.id,
            "pipelineName": fields["name"],
            "messageChannel": str(fields["message_channel"]),
            "templateType": fields["template_type"],
            "templateName": fields["template_name"],
            "version": fields["version"],
            "desc": fields["desc"],
            "pipelineJson": fields["pipeline_json"],
        },
    )


# https://support.enos-iot.com/docs/stream-processing-api/en/dev/release_pipeline.html
@table.route("POST", enos.PIPELINE, query={"action": "release"}, write=True)
def release_pipeline(world: World, call: Call) -> Answer:
    """Release a pipeline that does not run."""
    pipeline = enos.pipeline_of(world, call)
    if pipeline.fields["released"] and pipeline.status not in ("PUBLISHED", "PAUSED", "STOPPED"):
        raise enos.failure(world, 61169, "The pipeline is not released because it is not stopped or paused.")
    kept = pipeline.fields["released"] and world.settings.enos_release_status == "kept"
    design = pipeline.fields["design"]
    pipeline.change(pipeline.status if kept else "PUBLISHED", world.now, **design, design={}, released=True)
    return enos.done(world)


# https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/start_pipeline
@table.route("POST", enos.PIPELINE, query={"action": "start"}, write=True)
def start_pipeline(world: World, call: Call) -> Answer:
    """Start a pipeline, one at a time in an organisation."""
    pipeline, now = enos.pipeline_of(world, call), world.now
    organisation = world.organisations[call.query["orgId"]]
    mode, rate = _number(int, call.fields.get("executionMode")), _number(int, call.fields.get("kafkaRate"))
    config = call.fields.get("resourceConfig")
    units = _units(config)
    if mode not in (0, 1) or rate is None or units is None:
        raise enos.failure(world, 61100, "Stream configuration JSON invalid.")
    if not pipeline.fields["released"]:
        raise enos.failure(world, world.settings.enos_unreleased_code, "The pipeline was not released.")
    if pipeline.status not in ("PUBLISHED", "PAUSED", "STOPPED"):
        raise enos.failure(world, 61165, f"Stream processing job with status [{pipeline.status}] cannot be started.")
    if organisation.locked_until > now:
        text = "Another user in the organization is starting a stream processing job. Please try again later."
        raise enos.failure(world, 61121, text)
    if mode not in organisation.modes:
        kind = ("Standalone", "Cluster")[mode]
        raise enos.failure(world, 61128, f"The organization has not requested {kind} processing resource.")
    if world.settings.enos_system_first and not pipeline.fields["is_system"]:
        asleep = [one for one in organisation.pipelines.values() if one.fields["is_system"] and one.status != "RUNNING"]
        if asleep:
            raise enos.failure(world, 61165, f"System pipeline with status [{asleep[0].status}] must be started first.")
    if pipeline.use_up("refuses_start") or not organisation.room_for(mode, units):
        raise enos.failure(world, 61126, "Allocated resource is not enough.")
    seconds = pipeline.seconds("start_seconds", "enos_start_seconds")
    lock = world.settings.enos_start_lock_seconds
    organisation.locked_until = now + round((seconds if lock is None else lock) * 1000)
    goal = pipeline.status if pipeline.use_up("fails_start") else "RUNNING"
    changes: Fields = {"execution_mode": mode, "kafka_rate": rate, "cu": units}
    if config is not None:
        changes["resource_config"] = json.dumps(config)
    pipeline.go(now, "STARTING", seconds, goal, **changes)
    return enos.done(world)


def _units(config: Any) -> float | None:
    """Return how many CU a ``resourceConfig`` asks for, one if there is none, None if it cannot be read."""
    if config is None:
        return 1.0
    if isinstance(config, dict):
        yarn = config.get("yarn")
        if isinstance(yarn, dict):
            parts = [_number(float, yarn.get(name, 1)) for name in ("master", "workerCount", "slave")]
            return None if None in parts else float(parts[0] + parts[1] * parts[2])  # type: ignore[operator]
        return _number(float, config.get("server", 1))
    # The table also says that the number alone may be given; the samples never do.
    return None


def _number(kind: type[N], value: Any) -> N | None:
    # An older sample of the vendor's sends numbers as strings.
    if isinstance(value, bool) or not isinstance(value, int | str | kind):
        return None
    try:
        return kind(value)
    except ValueError:
        return None


# https://support.enos-iot.com/docs/stream-processing-api/en/preview/pause_pipeline.html
@table.route("POST", enos.PIPELINE, query={"action": "pause"}, write=True)
def pause_pipeline(world: World, call: Call) -> Answer:
    """Pause a running pipeline."""
    pipeline = enos.pipeline_of(world, call)
    if pipeline.status != "RUNNING" or pipeline.use_up("refuses_pause"):
        raise _unchangeable(world, pipeline, "Paused")
    pipeline.go(world.now, "PAUSING", pipeline.seconds("pause_seconds", "enos_pause_seconds"), "PAUSED")
    return enos.done(world)


# https://support.enos-iot.com/docs/stream-processing-api/en/2.2.0/stop_pipeline.html
@table.route("POST", enos.PIPELINE, query={"action": "stop"}, write=True)
def stop_pipeline(world: World, call: Call) -> Answer:
    """Stop a running or paused pipeline."""
    pipeline = enos.pipeline_of(world, call)
    if pipeline.status not in ("RUNNING", "PAUSED"):
        raise _unchangeable(world, pipeline, "Stopped")
    if pipeline.use_up("refuses_stop"):
        raise enos.failure(world, 61122, "Failed to stop the pipeline.")
    pipeline.go(world.now, "STOPPING", pipeline.seconds("stop_seconds", "enos_stop_seconds"), "STOPPED")
    return enos.done(world)


def _unchangeable(world: World, pipeline: EnosPipeline, goal: str) -> Refusal:
    status = pipeline.status if pipeline.fields["released"] else "UNRELEASED"
    text = f"Status of the stream processing job cannot be changed from [{status}] to {goal}."
    return enos.failure(world, 61152, text)


# https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.3.0/get_pipeline_offset_lag
@table.route("GET", f"{enos.PIPELINE}/offset-lag")
def get_pipeline_offset_lag(world: World, call: Call) -> Answer:
    """Tell how far a running pipeline is behind."""
    pipeline = enos.pipeline_of(world, call)
    fields = call.see(pipeline) or pipeline.fields
    idle = fields["status"] != "RUNNING"
    if idle and world.settings.enos_lag_of_idle == "error":
        raise enos.failure(world, 99000, "Internal Server Error")
    # The table has text for both numbers, the sample has numbers.
    kind = str if world.settings.enos_lag_type == "text" else int
    entry = {"lag": kind(fields["lag"]), "offset": kind(fields["offset"]), "ts": world.now}
    empty = idle and world.settings.enos_lag_of_idle == "empty"
    return enos.success(
        world,
        {
            "topicName": f"MEASURE_POINT_INTERNAL_{call.query['orgId']}",
            "lagAndOffset": [] if empty else [entry],
            "pipelineId": pipeline.id,
        },
    )


# https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/reset_pipeline_offset
@table.route("POST", f"{enos.PIPELINE}/offset", write=True)
def reset_pipeline_offset(world: World, call: Call) -> Answer:
    """Set the offset of a paused or stopped pipeline back."""
    pipeline = enos.pipeline_of(world, call)
    if pipeline.status not in ("PAUSED", "STOPPED"):
        # The code for a wrong status is not documented; 61152 is the one that names the status.
        if world.settings.enos_reset_code == 61168:
            raise enos.failure(world, 61168, "Failed to get the Kafka average rate.")
        raise _unchangeable(world, pipeline, "reset")
    pipeline.fields.update(lag=0, offset=0)
    return enos.done(world)
