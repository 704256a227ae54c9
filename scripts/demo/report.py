"""The end of the demo: two tables, and what went wrong if anything did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from scripts.demo.things import PHASES, Key, World
from scripts.live.evidence import Task

Reports = Mapping[str, Mapping[str, Any]]


def things_table(worlds: Mapping[str, World], reports: Reports) -> Table:
    """
    Return all things: their states before, during and after the window, and what its reports say of them.

    :param reports: what ``quiesce`` and ``restore`` have pushed as XCom ``report``, by their names
    """
    table = Table(title="What was stopped and brought back, and what the tasks report", title_justify="left")
    for column in ("", "name", *PHASES, *reports):
        table.add_column(column, no_wrap=column in reports)
    keys = dict.fromkeys(key for phase in PHASES for key in worlds.get(phase, {}))
    for key in keys:
        seen = [worlds.get(phase, {}).get(key) for phase in PHASES]
        thing = next(one for one in seen if one is not None)
        states = [one.state if one else "-" for one in seen]
        style = "yellow" if states[0] == states[2] != states[1] else ""
        said = [_said(outcomes(report).get(key)) for report in reports.values()]
        table.add_row(
            thing.kind,
            escape(thing.name),
            states[0],
            f"[{style}]{states[1]}[/]" if style else states[1],
            states[2],
            *(escape(one) for one in said),
        )
    return table


def outcomes(report: Mapping[str, Any]) -> dict[Key, Mapping[str, Any]]:
    """Return the outcomes of a report by service and id; a run has its own id."""
    return {
        (str(one["service"]), str(one.get("pipeline_run_id") or one["id"])): one for one in report.get("things", ())
    }


def _said(outcome: Mapping[str, Any] | None) -> str:
    return "" if outcome is None else str(outcome["result"])


def _same(status: object, state: str) -> bool:
    return str(status).lower() == state.lower()


def contradictions(worlds: Mapping[str, World], reports: Reports) -> list[str]:
    """
    Compare what the window's tasks report with what was seen of the things themselves.

    What ran and was stopped must be in both reports, as stopped and as back; of what did not change neither may say
    that something was done to it.

    :param reports: those of ``quiesce`` and ``restore``, in this order
    :returns: a sentence for each contradiction
    """
    found = []
    down, up = (outcomes(report) for report in reports.values())
    for name, wanted, report in zip(reports, ("quiet", "restored"), reports.values(), strict=True):
        if report.get("result") != wanted:
            found.append(f"{name} reports {report.get('result', 'nothing')!r}, expected {wanted!r}")
    for key, thing in worlds["before"].items():
        during, after = worlds["during"].get(key), worlds["after"].get(key)
        if thing.run_of or during is None or after is None:
            continue
        stopped = during.state != thing.state
        for name, told, seen in zip(reports, (down, up), (during, after), strict=True):
            outcome = told.get(key)
            if stopped and (outcome is None or outcome["result"] != "done" or not _same(outcome["after"], seen.state)):
                said = "nothing" if outcome is None else f"{outcome['result']}, {outcome['after']}"
                found.append(f"{thing.kind} {thing.name} was {seen.state}, and {name} reports {said}")
            elif not stopped and outcome is not None:
                found.append(f"{thing.kind} {thing.name} was left alone, and {name} reports {outcome['result']}")
    return found


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
