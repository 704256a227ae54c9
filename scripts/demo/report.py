"""The end of the demo: two tables, and what went wrong if anything did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from scripts.demo.things import PHASES, World
from scripts.live.evidence import Task


def things_table(worlds: Mapping[str, World]) -> Table:
    """Return the states of all things before, during and after the window."""
    table = Table(title="What was stopped and brought back", title_justify="left")
    for column in ("", "name", *PHASES):
        table.add_column(column)
    keys = dict.fromkeys(key for phase in PHASES for key in worlds.get(phase, {}))
    for key in keys:
        seen = [worlds.get(phase, {}).get(key) for phase in PHASES]
        thing = next(one for one in seen if one is not None)
        states = [one.state if one else "-" for one in seen]
        style = "yellow" if states[0] == states[2] != states[1] else ""
        table.add_row(
            thing.kind, escape(thing.name), states[0], f"[{style}]{states[1]}[/]" if style else states[1], states[2]
        )
    return table


def tasks_table(tasks: Iterable[Task], resumed: Mapping[str, int]) -> Table:
    """Return the tasks of the run."""
    table = Table(title="Tasks, as Airflow's database has them", title_justify="left")
    table.add_column("task")
    table.add_column("state")
    for column in ("tries", "seconds", "deferred and resumed"):
        table.add_column(column, justify="right")
    for task in tasks:
        style = "green" if task.state == "success" else "red"
        seconds = "" if task.seconds is None else f"{task.seconds:.0f}"
        state = f"[{style}]{task.state or 'not started'}[/]"
        table.add_row(escape(task.name), state, str(task.tries), seconds, str(resumed.get(task.name, "")))
    return table


def calls_line(calls: Sequence[Mapping[str, Any]]) -> str:
    """Return in a sentence what the emulator was asked for."""
    services = dict.fromkeys(str(call["service"]) for call in calls)
    parts = [f"{sum(call['service'] == service for call in calls)} {service}" for service in services]
    writes = sum(bool(call["write"]) for call in calls)
    refused = sum(call.get("auth") == "refused" for call in calls)
    return f"{len(calls)} calls ({', '.join(parts)}), {writes} of them writes, {refused} refused credentials"
