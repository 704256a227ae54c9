"""What a fault does to a call or to its answer."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.dli.answers import said
from airflow_provider_pipelines.emulator.wire import Answer, Call

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.operations import Operation
    from airflow_provider_pipelines.emulator.server.faults import Fault
    from airflow_provider_pipelines.emulator.things import Fields, Thing
    from airflow_provider_pipelines.emulator.world import World


def instead(world: World, operation: Operation, call: Call, fault: Fault) -> Answer | None:
    """Return the answer that a fault gives in place of executing a call."""
    if fault.kind == "reply":
        body = fault.what["body"]
        raw = body.encode() if isinstance(body, str) else b"" if body is None else body
        return Answer(raw, fault.what["status"], {k: str(v) for k, v in fault.what["headers"].items()}, _code(body))
    if fault.kind == "error_in_200":
        return _error_in_200(world, operation, call, fault.what["code"], fault.what["message"])
    if fault.kind == "drop" and not fault.what["executed"]:
        return Answer(b"")
    if fault.kind == "expire_token":
        return _expire(world, operation, call)
    return None


def before(world: World, operation: Operation, call: Call, fault: Fault) -> None:
    """Prepare the world, or how a call sees it, for executing the call."""
    if fault.kind == "state":
        for id in fault.targets(operation.ids_of(call)):
            changed = world.interfere(fault.service, id, fault.what["status"])
            # All jobs of a batch are meant, but of a run and its pipeline only the run; a step is no thing of its own.
            if changed and fault.service != "dli":
                break
    if fault.kind == "stale":

        def see(thing: Thing) -> Fields | None:
            return thing.before if fault.id in (None, thing.id) else thing.fields

        call.see = see


def after(answer: Answer, fault: Fault) -> Answer:
    """Return what becomes of the answer of an executed call."""
    if fault.kind == "truncate":
        return replace(answer, body=answer.encoded()[: fault.what["bytes"]])
    if fault.kind == "string_booleans":
        return replace(answer, body=_texted(answer.body))
    if fault.kind == "short_array":
        body = deepcopy(answer.body)
        array = _outermost_array(body)
        if array is not None:
            del array[fault.what["length"] :]
        return replace(answer, body=body)
    return answer


def _code(body: Any) -> int | str | None:
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, dict):
        return None
    code = body.get("error_code", body.get("code"))
    return code if isinstance(code, int | str) else None


def _error_in_200(world: World, operation: Operation, call: Call, code: int | str, message: str) -> Answer:
    if operation.service == "enos":
        number = int(code) if str(code).isdigit() else code
        member = "status" if operation.open else "code"
        return Answer({member: number, "msg": message}, code=number)
    if operation.service == "dli":
        one = said(world, False, message, error_code=str(code))
        names = call.fields.get("job_ids")
        return Answer([one] * len(names) if isinstance(names, list) else one, code=code)
    return Answer({"error_code": str(code), "error_msg": message}, code=code)


def _expire(world: World, operation: Operation, call: Call) -> Answer | None:
    if operation.service != "enos":
        return world.huawei_gateway.expire(call).answer
    if operation.open:
        world.enos_gateway.expire_all()
        return None
    return world.enos_gateway.expire(call).answer


def _texted(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return {name: _texted(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_texted(one) for one in value]
    return value


def _outermost_array(body: Any) -> list[Any] | None:
    """Return the array that is nearest to the root."""
    level = [body]
    while level:
        found = next((one for one in level if isinstance(one, list)), None)
        if found is not None:
            return found
        level = [value for one in level if isinstance(one, dict) for value in one.values()]
    return None
