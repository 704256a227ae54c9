"""What DLI's operations share: shapes of answers and refusals, the project of a call, checks of what a call says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Refusal, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.dli.state.flink import FlinkJob
    from airflow_provider_pipelines.emulator.dli.state.project import DliProject


_UNKNOWN = {
    "DLI.16001": (400, "The job does not exist."),
    "DLI.0002": (400, "The job does not exist."),
    "DLI.0023": (404, "The resource is not found."),
}
_NAME = re.compile(r"(?!_)(?!\d+$)\w{1,128}", re.ASCII)
_KINDS: Mapping[type, str] = {
    str: "a string",
    int: "an integer",
    bool: "a Boolean",
    list: "an array",
    dict: "an object",
}


def failure(code: str, message: str, status: int = 400) -> Refusal:
    """Return an error in the documented shape."""
    return Refusal(Answer({"error_code": code, "error_msg": message}, status, code=code))


def invalid(what: str) -> Refusal:
    """Return the error for a parameter that is not as documented."""
    return failure("DLI.0001", f"Parameter check error: {what}.")


def said(world: World, yes: bool, message: str, **more: Any) -> Fields:
    """Return is_success and message; the first is documented as Boolean or String, and a string on the wire."""
    value = yes if world.settings.dli_is_success == "boolean" else str(yes).lower()
    return {"is_success": value, "message": message, **more}


def succeeded(message: str = "", **members: Any) -> Answer:
    """Return an answer whose is_success is a Boolean, as documented for all but the Flink jobs, and in their SDK."""
    return Answer({"is_success": True, "message": message, **members})


def project_of(world: World, call: Call) -> DliProject:
    """Return the project that a call names."""
    project = world.dli_projects.get(call.params["project_id"])
    if project is None:
        raise failure("DLI.0016", "The user has no role in this project.")
    return project


def unknown_job(world: World) -> Refusal:
    """Return the error for a Flink job that is not there."""
    status, message = _UNKNOWN[world.settings.dli_unknown_job]
    return failure(world.settings.dli_unknown_job, message, status)


def job_of(world: World, call: Call) -> FlinkJob:
    """Return the Flink job that the path of a call names."""
    job = project_of(world, call).jobs.get(call.params["job_id"])
    if job is None or job.fields["deleted"]:
        raise unknown_job(world)
    return job


def body_of(call: Call, known: Mapping[str, type], required: Iterable[str] = ()) -> Fields:
    """
    Return the fields of a body that are known and not null, if they are of their type.

    :param known: the documented fields; what is not documented is passed over, as far as anybody knows
    """
    if not isinstance(call.json, dict):
        raise failure("DLI.0001", "The format of message is error")
    given: Fields = {}
    for name, kind in known.items():
        value = call.fields.get(name)
        if value is None:
            continue
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
            raise invalid(f"{name} must be {_KINDS[kind]}")
        given[name] = value
    for name in required:
        if given.get(name) in (None, ""):
            raise invalid(f"{name} is required")
    return given


def check_length(given: Fields, name: str, most: int) -> None:
    """Refuse a text that is longer than documented."""
    if len(given.get(name, "")) > most:
        raise invalid(f"{name} must have at most {most} characters")


def check_word(given: Fields, name: str, words: Iterable[str]) -> None:
    """Refuse a word that is not one of the documented ones."""
    allowed = list(words)
    if name in given and given[name] not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}")


def check_name(given: Fields, name: str) -> None:
    """Refuse a name that no queue and no variable can have."""
    if name in given and not _NAME.fullmatch(given[name]):
        raise invalid(f"{name} must be letters, digits and underscores, not only digits, not first an underscore")


def check_tags(given: Fields) -> None:
    """Refuse tags that are not objects with a key and a value of documented length."""
    for tag in given.get("tags", []):
        fields = tag if isinstance(tag, dict) else {}
        key, value = fields.get("key"), fields.get("value") or ""
        if not isinstance(key, str) or not isinstance(value, str) or not 0 < len(key) <= 128 or len(value) > 255:
            raise invalid("tags must be objects with a key of 1 to 128 and a value of at most 255 characters")


def page_number(call: Call, name: str, default: int, least: int, most: int | None = None) -> int:
    """Return a query parameter that is a whole number within its documented bounds."""
    value = call.number(name, default)
    if value is None or value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"{least} to {most}"
        raise invalid(f"{name} must be {bounds}")
    return value


def tagged(call: Call, tags: list[Fields]) -> bool:
    """Tell whether there is each tag that ``key=value,key2=value2`` asks for."""
    held = {f"{tag['key']}={tag.get('value', '')}" for tag in tags}
    return set(filter(None, call.query.get("tags", "").split(","))) <= held


def deprecated(world: World) -> bool:
    """Tell whether the cloud has ended what Open Telekom Cloud calls deprecated."""
    return _ended(world, world.settings.dli_deprecated_routes)


def no_savepoints(world: World) -> bool:
    """Tell whether the cloud has no calls for savepoints; Open Telekom Cloud's reference does not name them."""
    return _ended(world, world.settings.dli_savepoint_routes)


def _ended(world: World, clouds: str) -> bool:
    return clouds not in ("both", world.settings.profile)
