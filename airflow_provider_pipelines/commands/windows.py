"""``windows``: which windows are open, since when, and what is not back yet."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.commands.book import Book
from airflow_provider_pipelines.commands.database import DatabaseRuns, DatabaseStore
from airflow_provider_pipelines.commands.main import Undone
from airflow_provider_pipelines.commands.screen import moment, span

if TYPE_CHECKING:
    from airflow_provider_pipelines.commands.screen import Screen
    from airflow_provider_pipelines.commands.standing import Entry

_COLOURS = {"snapshot": "cyan", "stopping": "yellow", "quiet": "yellow", "restoring": "magenta", "closed": "green"}
_SHOWN = 5


def command(args: Any, screen: Screen) -> None:
    """List windows."""
    book = Book(DatabaseStore().texts())
    entries, errors = book.read(book.names)
    shown = sorted((one for one in entries if one.open), key=lambda one: one.since)
    if args.all:
        shown += sorted(_last_closed(entries), key=lambda one: one.plan.window)
    runs = DatabaseRuns()
    rows = [_row(one, *run_of(one, runs)) for one in shown]
    rows += [
        {"window": window, "run_id": run_id, "phase": "unreadable", "message": str(error)}
        for (window, run_id), error in errors.items()
    ]
    if args.json:
        screen.data(rows)
    elif rows:
        screen.table(
            ("window", "run", "phase", "since", "not back", "note"), [_line(row) for row in rows], {"phase": "style"}
        )
    else:
        screen.tell("No window is open." if not args.all else "There is no record of a window.")
    for error in errors.values():
        screen.tell(str(error))
    if book.strange:
        screen.tell(
            f"{len(book.strange)} Variables of records cannot be read (changed by hand, or encrypted with another "
            f"fernet key): {', '.join(book.strange[:_SHOWN])}. An open window may hide behind them."
        )
    if errors or book.strange:
        raise Undone("")


def _last_closed(entries: Sequence[Entry]) -> list[Entry]:
    """Give the last closed record of each window."""
    last: dict[str, Entry] = {}
    for one in entries:
        if not one.open and (one.plan.window not in last or one.since > last[one.plan.window].since):
            last[one.plan.window] = one
    return list(last.values())


def run_of(one: Entry, runs: DatabaseRuns) -> tuple[str | None, bool, bool | None]:
    """Give the state of the window's run, whether it goes on, and whether its DAG is paused."""
    plan = one.plan
    dag_id = plan.window.partition("/")[0]
    return runs.run_state(dag_id, plan.run_id), runs.alive(plan.window, plan.run_id), runs.paused(dag_id)


def _row(one: Entry, state: str | None, alive: bool, paused: bool | None) -> dict[str, Any]:
    return {
        "window": one.plan.window,
        "run_id": one.plan.run_id,
        "phase": one.word,
        "since": moment(one.since),
        "age_seconds": max(0, int(time.time() - one.since)),
        "things": len(one.plan.things),
        "not_back": [
            {"service": each.place.service, "id": each.fleet.outcome_id(each.thing.id), "name": each.thing.name}
            for each in one.owed
        ],
        "run_state": state,
        "run_goes_on": alive,
        "dag_paused": paused,
        "note": note_on(one, state, alive, paused),
    }


def note_on(one: Entry, state: str | None, alive: bool, paused: bool | None) -> str:
    """Say what an open window needs, if it is not under way to its end by itself."""
    if not one.open:
        return ""
    parts = []
    if paused:
        parts.append("the DAG is paused: no task of it begins until it is unpaused")
    if not alive and one.owed:
        parts.append(f"the run is {state or 'gone'}: restore by hand, or clear its restore")
    return "; ".join(parts)


def _line(row: dict[str, Any]) -> dict[str, Any]:
    back = row.get("not_back", [])
    named = ", ".join(one["name"] or str(one["id"]) for one in back[:_SHOWN])
    more = f" and {len(back) - _SHOWN} more" if len(back) > _SHOWN else ""
    since = f"{row['since']} ({span(row['age_seconds'])})" if row.get("since") else ""
    return {
        "window": row["window"],
        "run": row["run_id"],
        "phase": row["phase"],
        "style": _COLOURS.get(row["phase"], "red"),
        "since": since,
        "not back": f"{len(back)}: {named}{more}" if back else "",
        "note": row.get("note", ""),
    }
