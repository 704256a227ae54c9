"""The paths of EnOS, what a call names by them, and how the streaming service answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.operations import Answer, Call, Refusal, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.enos.state import EnosPipeline, Organisation


BASE = "/streaming/v2.0"
PIPELINE = f"{BASE}/streaming/pipeline/{{pipeline_id}}"


def failure(world: World, code: int, text: str) -> Refusal:
    """Return an error in the shape of the streaming service."""
    return Refusal(Answer({"code": code, "msg": text}, world.settings.enos_failure_status, code=code))


def no_route(call: Call) -> Refusal:
    """Return what a path or action gives that does not exist; its shape is not documented."""
    return Refusal(Answer({"code": 404, "msg": f"no such API: {call.method}"}, 404, code=404))


def success(world: World, data: Any) -> Answer:
    """Return data; the tables announce a list where the samples show an object."""
    if world.settings.enos_data == "list" and isinstance(data, dict):
        data = [data]
    return Answer({"code": 0, "msg": "OK", "data": data}, code=0)


def done(world: World) -> Answer:
    """Return the answer of an action that was taken."""
    # The tables announce an empty string, the samples have no data.
    data = {"data": ""} if world.settings.enos_action_data == "empty" else {}
    return Answer({"code": 0, "msg": "OK", **data}, code=0)


def organisation_of(world: World, call: Call) -> Organisation | None:
    """Return the organisation that a call names."""
    org_id = call.query.get("orgId")
    if not org_id:
        raise failure(world, world.settings.enos_missing_org_code, "Missing param orgId")
    return world.organisations.get(org_id)


def pipeline_of(world: World, call: Call) -> EnosPipeline:
    """Return the pipeline that a call names."""
    organisation = organisation_of(world, call)
    pipeline = organisation.pipelines.get(call.params["pipeline_id"]) if organisation else None
    if pipeline is None:
        raise failure(world, 61108, "stream processing pipeline does not exit.")
    return pipeline
