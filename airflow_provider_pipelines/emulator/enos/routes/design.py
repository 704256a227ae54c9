"""
EnOS stream processing: pipelines are saved, and the memory of their stages is read and deleted.

https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.4.0/overview.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.enos import lookup as enos
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.enos.state import EnosPipeline


table = Table("enos")

#: stages that remember something, by the operator that the name of a stage begins with
OPERATORS = (
    "LastRecordAppender",
    "LastChangedRecordAppender",
    "LatestRecordMerger",
    "RecordCapturer",
    "LatePointTagger",
    "FixedTimeWindowAggregator",
    "SlidingTimeWindowAggregator",
)


# https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.4.0/save_pipeline.html
@table.route("POST", enos.PIPELINE, query={"action": "save"}, write=True)
def save_pipeline(world: World, call: Call) -> Answer:
    """Create a pipeline, if the path says ``null``, or change the design copy of one."""
    organisation = enos.organisation_of(world, call)
    changes = _saved(world, call)
    if call.params["pipeline_id"] == "null":
        if organisation is None:
            raise enos.failure(world, 61112, "Failed to save the stream configuration.")
        return enos.success(world, organisation.create(changes, world.settings, world.now).id)
    pipeline = enos.pipeline_of(world, call)
    if pipeline.use_up("refuses_save"):
        raise enos.failure(world, 61112, "Failed to save the stream configuration.")
    if pipeline.fields["released"]:
        pipeline.fields["design"] = {**pipeline.fields["design"], **changes}
    else:
        pipeline.fields.update(changes)
    return enos.success(world, pipeline.id)


def _saved(world: World, call: Call) -> Fields:
    """Return the fields that a body changes; the vendor's samples have text for its numbers."""
    body = call.json
    if not isinstance(body, dict):
        raise enos.failure(world, 61100, "Stream configuration JSON invalid.")
    switch = world.settings.enos_save_name
    names = ("name", "pipelineName") if switch == "both" else (switch,)
    given: Fields = {
        "name": next((body[name] for name in names if body.get(name) is not None), None),
        "desc": body.get("desc"),
        "version": body.get("version"),
        "template_type": body.get("templateType"),
        "message_channel": body.get("messageChannel"),
        "template_name": body.get("templateName"),
        "pipeline_json": body.get("pipelineJson"),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if isinstance(changes.get("template_name"), str):
        changes["template_name"] = {"en_us": changes["template_name"], "zh_cn": changes["template_name"]}
    try:
        for name in ("template_type", "message_channel"):
            if name in changes:
                changes[name] = int(changes[name])
        fits = all(isinstance(changes.get(name, ""), str) for name in ("name", "desc", "version"))
        fits = fits and all(isinstance(changes.get(name, {}), dict) for name in ("template_name", "pipeline_json"))
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise enos.failure(world, 61100, "Stream configuration JSON invalid.")
    return changes


def _asked(world: World, call: Call) -> tuple[EnosPipeline, str, list[Any], list[Any]]:
    """Return the pipeline, its stage, and the remembered items: those that are asked for and the others."""
    organisation = enos.organisation_of(world, call)
    for name in ("pipelineId", "stageInstanceName", "assetIds", "pointIds"):
        if not isinstance(call.fields.get(name), str) or not call.fields[name]:
            raise enos.failure(world, 61102, f"Missing param {name}")
    assets, points = (set(call.fields[name].split(",")) for name in ("assetIds", "pointIds"))
    factor = len(assets) if world.settings.enos_state_limit_of == "product" else 1
    if factor * len(points) > world.settings.enos_state_limit:
        raise enos.failure(world, 61105, "Too many points.")
    pipeline = organisation.pipelines.get(call.fields["pipelineId"]) if organisation else None
    if pipeline is None:
        raise enos.failure(world, 61106, "Wrong pipelineId or OU has no privilege.")
    stage = call.fields["stageInstanceName"]
    if stage not in pipeline.fields["stage_states"] and not stage.startswith(OPERATORS):
        raise enos.failure(world, 61107, "Not supported stage type.")
    items = pipeline.fields["stage_states"].get(stage, [])
    meant = [one for one in items if one.get("assetId") in assets and one.get("pointId") in points]
    return pipeline, stage, meant, [one for one in items if one not in meant]


def _ids(call: Call) -> list[Any]:
    return [call.fields["pipelineId"]] if "pipelineId" in call.fields else []


# https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.4.0/get_stage_state.html
@table.route("POST", f"{enos.BASE}/stage-state", query={"action": "get"}, ids=_ids)
def get_stage_state(world: World, call: Call) -> Answer:
    """Give what a stage remembers of some points."""
    _, _, meant, _ = _asked(world, call)
    if world.settings.enos_state_data == "list":
        return enos.success(world, meant)
    return enos.success(world, {"items": meant})


# https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.4.0/delete_stage_state.html
@table.route("POST", f"{enos.BASE}/stage-state", query={"action": "delete"}, write=True, ids=_ids)
def delete_stage_state(world: World, call: Call) -> Answer:
    """Let a stage of a paused pipeline forget some points; the answer tells whether it did."""
    pipeline, stage, meant, others = _asked(world, call)
    allowed = {"PAUSED", "STOPPED"} if world.settings.enos_delete_state_stopped else {"PAUSED"}
    if pipeline.status not in allowed:
        code = world.settings.enos_delete_state_code
        raise enos.failure(world, code, f"Stage state cannot be deleted with status [{pipeline.status}].")
    pipeline.fields["stage_states"] = {**pipeline.fields["stage_states"], stage: others}
    return enos.success(world, bool(meant))
