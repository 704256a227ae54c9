"""
Faults: what goes wrong on request.

A fault is met by calls of its operation that are not refused for their signature; the first that fits is met, one
fault a call. ``skip`` lets that many fitting calls pass first, ``times`` is how many meet it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator.world import SERVICES

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.operations import Operation
    from airflow_provider_pipelines.emulator.wire import Call


_REQUIRED = object()

#: members of each kind: type and default
KINDS: Mapping[str, Mapping[str, tuple[tuple[type, ...], Any]]] = {
    # answered instead of being executed
    "reply": {"status": ((int,), _REQUIRED), "headers": ((dict,), {}), "body": ((object,), None)},
    # executed at once, answered after this many real seconds
    "delay": {"seconds": ((int, float), _REQUIRED)},
    # taken in now, executed and answered after so many seconds of the world, whether the caller is still there or not
    "late": {"seconds": ((int, float), _REQUIRED)},
    # the connection is closed without an answer
    "drop": {"executed": ((bool,), True)},
    # executed; only so many bytes of the body are sent, with a fitting Content-Length
    "truncate": {"bytes": ((int,), 20)},
    # not executed; an error with HTTP 200, in the vendor's shape
    "error_in_200": {"code": ((str, int), _REQUIRED), "message": ((str,), "")},
    # executed; true and false become text
    "string_booleans": {},
    # executed; the outermost array of the answer is cut
    "short_array": {"length": ((int,), 1)},
    # from the first call that meets it on, for so many seconds of the world, reads see things as they were before
    # their latest change; a thing that was created by that change is not seen
    "stale": {"seconds": ((int, float), _REQUIRED)},
    # the token that was sent ends, and the call is refused
    "expire_token": {},
    # the things that the call names have another status when it arrives
    "state": {"status": ((str,), _REQUIRED)},
}
_MEMBERS = {"service", "operation", "id", "times", "skip", "fault"}


class FaultError(ValueError):
    """A fault that the emulator does not know."""


@dataclass
class Fault:
    """
    One fault.

    :param id: only calls that name this id; for ``stale`` and ``state`` also lists, where it concerns this thing only
    :param until: the end of a stale time that has begun, in the world's milliseconds
    """

    service: str
    operation: str
    kind: str
    what: dict[str, Any]
    id: str | None
    times: int
    skip: int
    until: int | None = None

    def fits(self, operation: Operation, ids: list[str]) -> bool:
        """Tell whether a call is of the operation and names the id."""
        if self.service != operation.service or self.operation not in ("*", operation.name):
            return False
        if self.kind == "stale" and operation.write:
            return False
        if self.id is None or self.id in ids:
            return True
        return self.kind in ("stale", "state") and not ids

    def targets(self, ids: list[str]) -> list[str]:
        """Return what a change of state may be done to: the id of the fault, else those of the call, last first."""
        return [self.id] if self.id is not None else ids[::-1]

    def dump(self) -> dict[str, Any]:
        """Return the fault as it was given."""
        given = {"service": self.service, "operation": self.operation, "times": self.times, "skip": self.skip}
        return {**given, **({} if self.id is None else {"id": self.id}), "fault": {"kind": self.kind, **self.what}}


class Faults:
    """
    The faults that wait to be met.

    :param operations: all operations there are
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._known = {service: {"*"} for service in SERVICES}
        for operation in operations:
            self._known[operation.service].add(operation.name)
        self._waiting: list[Fault] = []

    def add(self, given: Any) -> int:
        """Add one fault or a list of them, all or none; return how many."""
        faults = [self._read(one) for one in (given if isinstance(given, list) else [given])]
        self._waiting += faults
        return len(faults)

    def clear(self) -> None:
        """Forget all faults."""
        self._waiting.clear()

    def dump(self) -> list[dict[str, Any]]:
        """Return the faults that wait."""
        return [fault.dump() for fault in self._waiting]

    def meet(self, operation: Operation, call: Call, now: int) -> Fault | None:
        """Return the fault that a call meets."""
        ids = operation.ids_of(call)
        for fault in list(self._waiting):
            if fault.until is not None and fault.until <= now:
                fault.until = None
                self._use(fault)
            if fault.times < 1 or not fault.fits(operation, ids):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.kind == "stale":
                fault.until = fault.until or now + round(fault.what["seconds"] * 1000)
            else:
                self._use(fault)
            return fault
        return None

    def _use(self, fault: Fault) -> None:
        fault.times -= 1
        if fault.times < 1:
            self._waiting.remove(fault)

    def _read(self, given: Any) -> Fault:
        if not isinstance(given, Mapping) or not isinstance(given.get("fault"), Mapping):
            raise FaultError("a fault is an object with 'service', 'operation' and 'fault'")
        unknown = set(given) - _MEMBERS
        if unknown:
            raise FaultError(f"unknown members of a fault: {', '.join(sorted(map(str, unknown)))}")
        service, operation = given.get("service"), given.get("operation")
        if service not in self._known:
            raise FaultError(f"unknown service {service!r}; there are {', '.join(SERVICES)}")
        if operation not in self._known[service]:
            raise FaultError(f"unknown operation {operation!r} of {service}")
        what = dict(given["fault"])
        kind = what.pop("kind", None)
        if kind not in KINDS:
            raise FaultError(f"unknown kind {kind!r}; there are {', '.join(KINDS)}")
        id = given.get("id")
        if id is not None and (not isinstance(id, str | int) or isinstance(id, bool)):
            raise FaultError("'id' must be text or a whole number")
        times, skip = _whole(given, "times", 1), _whole(given, "skip", 0)
        return Fault(service, operation, kind, _what(kind, what), None if id is None else str(id), times, skip)


def _whole(given: Mapping[str, Any], name: str, least: int) -> int:
    value = given.get(name, least)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise FaultError(f"'{name}' must be a whole number from {least} up")
    return value


def _what(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    members = KINDS[kind]
    unknown = set(given) - set(members)
    if unknown:
        raise FaultError(f"unknown members of {kind}: {', '.join(sorted(unknown))}")
    found: dict[str, Any] = {}
    for name, (types, default) in members.items():
        value = given.get(name, default)
        if value is _REQUIRED:
            raise FaultError(f"{kind} needs '{name}'")
        if not isinstance(value, types) or (isinstance(value, bool) and types not in ((bool,), (object,))):
            raise FaultError(f"{kind}: '{name}' cannot be {value!r}")
        if isinstance(value, int | float) and value < 0:
            raise FaultError(f"{kind}: '{name}' must not be negative")
        found[name] = value
    if kind == "reply" and not 200 <= found["status"] <= 599:
        raise FaultError("reply: 'status' must be 200 to 599")
    return found
