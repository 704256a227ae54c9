"""EnOS stream pipelines in a window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import mapping, text_id
from airflow_provider_pipelines.core.verbs.looking import act_each
from airflow_provider_pipelines.enos.api.pipelines import start_body
from airflow_provider_pipelines.enos.states import PAUSE, PAUSED, PUBLISHED, RUNNING, START, STOP, STOPPED
from airflow_provider_pipelines.errors import ArgumentError, Conflict
from airflow_provider_pipelines.window.fleets.base import Answers, Fleet, Found, Meaning, Stage
from airflow_provider_pipelines.window.fleets.pacing import Pacer
from airflow_provider_pipelines.window.fleets.selection import choose, ids_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.window.record.model import Intent, Thing

_SETTINGS = ("execution_mode", "kafka_rate", "resource_config")
_AT_REST = frozenset({PUBLISHED, PAUSED, STOPPED})
#: in a window, a pipeline that went to rest in another way than asked for is at rest all the same
_DOWN = {
    "pause": replace(
        PAUSE,
        already=_AT_REST,
        hopeless=frozenset(),
        goal=replace(PAUSE.goal, name="at rest", reached=_AT_REST, failed=frozenset({RUNNING})),
    ),
    "stop": replace(
        STOP,
        already=_AT_REST,
        ready=frozenset({RUNNING}),
        goal=replace(STOP.goal, name="at rest", reached=_AT_REST, failed=frozenset({RUNNING})),
    ),
}


class EnosFleet(Fleet):
    """The pipelines of one organisation."""

    service = "enos"
    kind = "pipeline"

    def identity(self, api: Any) -> Call[str]:
        """Give service, gateway and organisation."""
        yield from ()
        return f"enos {self.hook.get_conn().address.lower()} {api.org_id}"

    def inventory(self, api: Any, target: Mapping[str, Any]) -> Call[list[Found]]:
        """List the pipelines; the system ones only where an id asks for one."""
        ids = ids_of(target.get("pipeline_ids"), "pipeline_ids", text_id)
        found = _found((yield from api.list_pipelines(True, False)), system=False)
        known = {one.id for one in found}
        if any(id not in known for id in ids or ()):
            listed = _found((yield from api.list_pipelines(True, True)), system=True)
            found += [one for one in listed if one.id not in known]
        return choose(found, target, ids, "pipeline_ids")

    def meaning(self, status: str) -> Meaning:
        """Words of a transition are not documented: what ends in ``ING`` is taken for one."""
        if status == RUNNING:
            return "runs"
        if status in _AT_REST:
            return "rests"
        return "middle" if status.upper().endswith("ING") else "unknown"

    def left(self, status: str) -> bool:
        """Tell whether it is as this window leaves it."""
        return status == (PAUSED if self.options.get("how") == "pause" else STOPPED)

    def back(self, status: str) -> bool:
        """Tell whether it runs."""
        return status == RUNNING

    def settings(self, found: Found, target: Mapping[str, Any]) -> dict[str, Any] | None:
        """Give the settings of its start: by id, by name, or for the rest."""
        given = target.get("start")
        start = mapping(given, "start") if given is not None else {}
        chosen = next((start[name] for name in (found.id, found.name, "*") if name in start), None)
        if chosen is None:
            raise ArgumentError(
                "start",
                f"says nothing for the running pipeline {found.name} ({found.id}). EnOS does not tell how it was "
                'started: give start={"*": {"execution_mode": 0, "kafka_rate": 1000}}, or the same by its id or name.',
            )
        settings = mapping(chosen, f"start[{found.name}]", _SETTINGS)
        if missing := [name for name in _SETTINGS[:2] if name not in settings]:
            raise ArgumentError(f"start[{found.name}]", f"lacks {', '.join(missing)}.")
        start_body(*_arguments(settings))
        return settings

    def down(self, things: Sequence[Thing]) -> list[Stage]:
        """Bring user pipelines to rest first, system ones last."""
        verb = _DOWN[str(self.options.get("how", "pause"))]

        def send(api: Any, items: Mapping[str, Item]) -> Call[Answers]:
            return (yield from act_each(items, lambda id: getattr(api, verb.name)(id)))

        return [
            Stage(verb, [thing.id for thing in things if thing.system is system], send, self.kind)
            for system in (False, True)
        ]

    def up(self, things: Sequence[Thing], stops: Mapping[str, Intent]) -> list[Stage]:
        """Start system pipelines first, one at a time as EnOS wants it."""
        settings = {thing.id: _arguments(thing.start or {}) for thing in things}
        pacer = Pacer()
        clock = self.hook.clock

        def send(api: Any, items: Mapping[str, Item]) -> Call[Answers]:
            (id,) = items
            answers = yield from act_each(items, lambda id: api.start_pipeline(id, *settings[id]))
            error = answers[id]
            if error is None:
                pacer.taken(clock.time())
            elif isinstance(error, Conflict) and error.code in START.busy:
                pacer.refused(clock.time())
            return answers

        return [
            Stage(
                START, [thing.id for thing in things if thing.system is system], send, self.kind,
                busy_pause=pacer.pause,
                blocked=lambda: _busy() if pacer.hopeless(clock.time()) else None,
            )
            for system in (True, False)
        ]  # fmt: skip


def _busy() -> Conflict:
    """Say what EnOS would: that it is busy with the start before."""
    return Conflict(
        "another start is under way; not asked", service="EnOS", operation=START.name, method="POST", path="",
        status=0, code=next(iter(START.busy)),
    )  # fmt: skip


def _arguments(settings: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    return settings.get("execution_mode"), settings.get("kafka_rate"), settings.get("resource_config")


def _found(rows: Sequence[Any], *, system: bool) -> list[Found]:
    return [Found(row.pipelineId, row.pipelineName or "", row.status or "", system) for row in rows]


FLEET = EnosFleet
