"""The way of one call: find the operation, check who calls, meet a fault, answer, write it down."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from airflow_provider_pipelines.emulator.codearts.routes import gates as codearts_gates
from airflow_provider_pipelines.emulator.codearts.routes import pipelines as codearts_pipelines
from airflow_provider_pipelines.emulator.codearts.routes import runs as codearts_runs
from airflow_provider_pipelines.emulator.codearts.routes import steps as codearts_steps
from airflow_provider_pipelines.emulator.dli.routes.table import table as dli_table
from airflow_provider_pipelines.emulator.enos import lookup as enos_lookup
from airflow_provider_pipelines.emulator.enos.routes import design as enos_design
from airflow_provider_pipelines.emulator.enos.routes import pipelines as enos_pipelines
from airflow_provider_pipelines.emulator.huaweicloud import iam
from airflow_provider_pipelines.emulator.server import fault_effects
from airflow_provider_pipelines.emulator.server.control import Control
from airflow_provider_pipelines.emulator.server.faults import Fault, Faults
from airflow_provider_pipelines.emulator.server.journal import Journal
from airflow_provider_pipelines.emulator.wire import Answer, Call, Held, Refusal

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.operations import Operation
    from airflow_provider_pipelines.emulator.world import World


OPERATIONS = [
    *enos_pipelines.table,
    *enos_design.table,
    *iam.table,
    *codearts_pipelines.table,
    *codearts_runs.table,
    *codearts_gates.table,
    *codearts_steps.table,
    *dli_table,
]

#: real seconds between two looks whether a held call was executed
_TICK = 0.01
#: closes the connection that a request came by
Drop = Callable[[Scope], None]


class Vendors:
    """
    Answers what is meant for one of the services.

    :param drop: closes the connection of a request without an answer
    """

    def __init__(self, world: World, faults: Faults, journal: Journal, drop: Drop) -> None:
        self.world = world
        self.faults = faults
        self.journal = journal
        self.drop = drop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        call = await _received(scope, receive)
        self.world.settle()
        given, fault = self.answer(call)
        answer = await self._executed_later(given) if isinstance(given, Held) else given
        if fault is not None and fault.kind == "delay":
            await asyncio.sleep(fault.what["seconds"])
        if answer is None or (fault is not None and fault.kind == "drop"):
            self.drop(scope)
            await receive()  # Until the server has noticed; before that it would answer 500 for us.
            return
        headers = {"x-request-id": call.request_id, "content-type": "application/json;charset=UTF-8"}
        headers.update({name.lower(): value for name, value in answer.headers.items()})
        body = b"" if answer.status in (204, 304) else answer.encoded()
        await Response(body, answer.status, headers)(scope, receive, send)

    async def _executed_later(self, held: Held) -> Answer | None:
        """Return the answer of a held call once there is one; None if a reset came first."""
        while held.answer is None and held in self.world.held:
            await asyncio.sleep(_TICK)
            self.world.settle()
        return held.answer

    def answer(self, call: Call) -> tuple[Answer | Held, Fault | None]:
        """Return the answer of a call and the fault it met, and write it down; what is held is written down later."""
        operation = self._operation(call)
        fault = None
        if operation is None:
            answer, held = self._no_route(call), True
        else:
            refusal = self._refused(operation, call)
            held = refusal is None
            if refusal is None:
                fault = self.faults.meet(operation, call, self.world.now)
            if fault is not None and fault.kind == "late":
                return self._hold(operation, call, fault), fault
            answer = refusal or self._executed(operation, call, fault)
            held = held and not self._denied(operation, answer, fault)
        self._write_down(operation, call, answer, fault, held=held)
        return answer, fault

    def _hold(self, operation: Operation, call: Call, fault: Fault) -> Held:
        def act() -> Answer:
            answer = self._executed(operation, call, None)
            self._write_down(operation, call, answer, fault, held=True)
            return answer

        return self.world.hold(fault.what["seconds"], act)

    def _write_down(
        self, operation: Operation | None, call: Call, answer: Answer, fault: Fault | None, *, held: bool
    ) -> None:
        self.journal.add(
            self.world.now,
            service=operation.service if operation else _service(call.raw_path),
            operation=operation.name if operation else None,
            ids=operation.ids_of(call) if operation else [],
            write=operation.write if operation else False,
            status=None if fault is not None and fault.kind == "drop" else answer.status,
            code=answer.code,
            auth="ok" if held else "refused",
            fault=fault.kind if fault else None,
        )

    @staticmethod
    def _denied(operation: Operation, answer: Answer, fault: Fault | None) -> bool:
        if fault is not None:
            return fault.kind == "expire_token" and not operation.open
        return operation.open and bool(answer.code)

    def _operation(self, call: Call) -> Operation | None:
        found = next((one for one in OPERATIONS if one.match(call)), None)
        if found is not None and found.service == "codearts" and self.world.settings.profile == "otc":
            return None
        if found is not None and found.lacking(self.world):
            return None
        return found

    def _no_route(self, call: Call) -> Answer:
        if _service(call.raw_path) == "enos":
            return enos_lookup.no_route(call).answer
        return self.world.huawei_gateway.unknown_route(call).answer

    def _refused(self, operation: Operation, call: Call) -> Answer | None:
        try:
            if operation.open:
                return None
            if operation.service == "enos":
                self.world.enos_gateway.authenticate(call)
            else:
                self.world.huawei_gateway.authenticate(call, regional=operation.service != "iam")
        except Refusal as refusal:
            return refusal.answer
        return None

    def _executed(self, operation: Operation, call: Call, fault: Fault | None) -> Answer:
        try:
            if fault is None:
                return operation.handler(self.world, call)
            answer = fault_effects.instead(self.world, operation, call, fault)
            if answer is not None:
                return answer
            fault_effects.before(self.world, operation, call, fault)
            return fault_effects.after(operation.handler(self.world, call), fault)
        except Refusal as refusal:
            return refusal.answer if fault is None else fault_effects.after(refusal.answer, fault)


def _service(path: bytes) -> str | None:
    """Return whose path it is, though there is no such operation."""
    prefixes: Mapping[bytes, str] = {
        b"/streaming/": "enos",
        b"/apim-token-service/": "enos",
        b"/v3/": "iam",
        b"/v3.0/": "iam",
        b"/v5/": "codearts",
        b"/v1.0/": "dli",
        b"/v1/": "dli",
        b"/v2.0/": "dli",
    }
    return next((service for prefix, service in prefixes.items() if path.startswith(prefix)), None)


async def _received(scope: Scope, receive: Receive) -> Call:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return Call(
        method=scope["method"],
        raw_path=scope["raw_path"],
        raw_query=scope["query_string"],
        headers=list(scope["headers"]),
        body=body,
        request_id=uuid.uuid4().hex,
    )


def create_app(world: World, seed: Mapping[str, Any], drop: Drop) -> Starlette:
    """
    Return the application: the services, and the control routes beside them.

    :param seed: what a reset goes back to
    """
    faults, journal = Faults(OPERATIONS), Journal()
    control = Control(world, seed, faults, journal)
    return Starlette(
        routes=[
            Mount("/_emulator", control.app),
            Mount("/", Vendors(world, faults, journal, drop)),
        ]
    )
