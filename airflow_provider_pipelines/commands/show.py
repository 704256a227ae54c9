"""``show``: the record of a window, thing by thing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.commands.book import Book, entry_named
from airflow_provider_pipelines.commands.database import DatabaseRuns, DatabaseStore
from airflow_provider_pipelines.commands.screen import moment, span
from airflow_provider_pipelines.commands.windows import run_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.commands.screen import Screen
    from airflow_provider_pipelines.commands.standing import Entry
    from airflow_provider_pipelines.window.record.model import Place


def command(args: Any, screen: Screen) -> None:
    """Show a record."""
    entry = entry_named(args.window, Book(DatabaseStore().texts()))
    if args.json:
        screen.data(entry.to_json())
        return
    for line in heading(entry):
        screen.tell(line)
    screen.table(
        ("service", "name", "id", "before", "now, as recorded", "restore would"),
        [
            {
                "service": one.place.service,
                "name": one.thing.name,
                "id": one.thing.id,
                "before": one.thing.was,
                "now, as recorded": one.recorded(),
                "restore would": one.plan(),
                "style": "yellow" if one.owed else "",
            }
            for one in entry.standings
        ],
        {"now, as recorded": "style", "restore would": "style"},
    )


def heading(entry: Entry) -> list[str]:
    """Say whose record it is, how far it is, and through which connections its things are reached."""
    plan = entry.plan
    state, alive, paused = run_of(entry, DatabaseRuns())
    goes_on = " and goes on" if alive else ""
    age = span(time.time() - entry.since)
    lines = [
        f"window {plan.window}, run {plan.run_id}: {entry.word} since {moment(entry.since)} ({age}). "
        f"The run is {state or 'gone'}{goes_on}."
    ]
    if paused:
        lines.append("Its DAG is paused: no task of it begins until it is unpaused.")
    return lines + [f"{place.service}: {via(place)}, {place.identity}" for place in plan.places]


def via(place: Place) -> str:
    """Name the connection that a record names, and what of its scope is its own."""
    given = {name: value for name, value in place.arguments.items() if value is not None}
    named = [f"connection {value!r}" for name, value in given.items() if name.endswith("_conn_id")]
    scope = [f"{name} {value}" for name, value in given.items() if not name.endswith("_conn_id")]
    return ", ".join([*named, *scope])
