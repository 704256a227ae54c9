"""``restore``: brings back what a window stopped, by hand. The work is the window's own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.commands.book import Book, entry_named
from airflow_provider_pipelines.commands.database import DatabaseRuns, DatabaseStore
from airflow_provider_pipelines.commands.main import Undone, UsageError
from airflow_provider_pipelines.commands.reach import Reach, decision
from airflow_provider_pipelines.commands.record_file import entry_from, records_from
from airflow_provider_pipelines.core.clock import SYSTEM, Clock
from airflow_provider_pipelines.errors import ConnectionMissing, PipelinesError
from airflow_provider_pipelines.window.phases.report import report
from airflow_provider_pipelines.window.phases.restore import Restore
from airflow_provider_pipelines.window.phases.scope import Dependencies
from airflow_provider_pipelines.window.record.repository import RecordRepository

if TYPE_CHECKING:
    from airflow_provider_pipelines.commands.screen import Screen
    from airflow_provider_pipelines.commands.standing import Entry
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.window.record.claims import Runs

#: seconds, the longest time between two looks; somebody is waiting
POLL_INTERVAL = 10.0

_NO_FENCE = (
    "THERE IS NO FENCE: without the metadata database a quiesce that still runs cannot be told to stop nothing more, "
    "and no other window is seen. Make sure that no task of this window runs."
)


class _NoRuns:
    """Knows of no run, as there is no database to ask."""

    def alive(self, window: str, run_id: str) -> bool:
        """Say no."""
        return False


@dataclass
class Job:
    """
    A record to be restored.

    :param warnings: what has to be known before one says yes
    :param from_file: whether it comes from a file, so that what was stopped has to be told from what is at rest
    """

    entry: Entry
    records: RecordRepository
    runs: Runs
    warnings: list[str] = field(default_factory=list)
    from_file: bool = False


def command(args: Any, screen: Screen, clock: Clock = SYSTEM) -> None:
    """Restore a window."""
    if (args.window is None) == (args.record is None):
        raise UsageError("restore wants a WINDOW, or --record FILE, and not both.")
    job = _from_file(args.record) if args.record is not None else _from_database(args.window)
    plan = job.entry.plan
    if not job.entry.open:
        screen.tell(f"window {plan.window}, run {plan.run_id} is closed: nothing is to be brought back.")
        if args.json:
            screen.data(report(plan.window, plan.run_id, "nothing to do", []))
        return
    clock = clock.steady()
    reach = Reach(plan, clock)
    try:
        seen = reach.look(job.entry)
        _refuse_the_unreachable(reach, job)
        _show_and_ask(job, reach, seen, args, screen)
    finally:
        reach.close()
    dependencies = Dependencies(job.records, job.runs, clock, screen.tell)
    _restore(Restore(dependencies, reach.hooks, POLL_INTERVAL, by="hand"), args, screen)


def _from_database(name: str) -> Job:
    store, runs = DatabaseStore(), DatabaseRuns()
    entry = entry_named(name, Book(store.texts()))
    plan = entry.plan
    job = Job(entry, RecordRepository(store, plan.window, plan.run_id), runs)
    if entry.open and runs.alive(plan.window, plan.run_id):
        job.warnings.append(
            f"THE RUN {plan.run_id} STILL GOES ON. Its work may be using what is about to be started, and its own "
            "restore brings everything back at its end."
        )
    return job


def _from_file(path: str) -> Job:
    entry = entry_from(path)
    return Job(entry, records_from(entry), _NoRuns(), [_NO_FENCE], from_file=True)


def _refuse_the_unreachable(reach: Reach, job: Job) -> None:
    """
    End where nothing can be reached.

    :raises UsageError: the connections are not there
    :raises PipelinesError: they lead nowhere, or elsewhere
    """
    if len(reach.errors) < len(job.entry.plan.places):
        return
    reasons = "\n".join(dict.fromkeys(str(error) for error in reach.errors.values()))
    if all(isinstance(error, ConnectionMissing) for error in reach.errors.values()):
        raise UsageError(reasons)
    raise PipelinesError(f"nothing was restored:\n{reasons}")


def _show_and_ask(job: Job, reach: Reach, seen: dict[str, Observation], args: Any, screen: Screen) -> None:
    """
    Show what would be done, and ask.

    :raises UsageError: there is nobody to ask
    :raises Undone: the answer was no
    """
    plan = job.entry.plan
    if job.from_file:
        _find_out_what_was_stopped(job, seen)
    rows, count = _rows(job.entry, reach, seen)
    screen.tell(f"window {plan.window}, run {plan.run_id}: {job.entry.word}.")
    for line in (*reach.used(), *job.warnings):
        screen.tell(line)
    screen.table(
        ("service", "name", "id", "before", "now", "restore would"), rows, {"restore would": "style"}, people=args.json
    )
    if args.yes:
        return
    if not screen.asks:
        raise UsageError("Nothing was done: there is no terminal to ask on. Give --yes to go on without being asked.")
    what = f"Start {count} of {len(rows)} things" if count else "Nothing is to be started. Close the record"
    if not screen.ask(f"{'ALL THE SAME: ' if job.warnings else ''}{what}?"):
        raise Undone("Nothing was done.")


def _rows(entry: Entry, reach: Reach, seen: dict[str, Observation]) -> tuple[list[dict[str, Any]], int]:
    rows, count = [], 0
    for one in entry.standings:
        observation = seen.get(one.thing.key)
        words, acts = decision(one, observation, one.thing.target not in reach.errors)
        count += acts
        rows.append(
            {
                "service": one.place.service,
                "name": one.thing.name,
                "id": one.thing.id,
                "before": one.thing.was,
                "now": observation.status if observation is not None else None,
                "restore would": words,
                "style": "yellow" if acts else "red" if words.startswith("cannot") else "",
            }
        )
    return rows, count


def _find_out_what_was_stopped(job: Job, seen: dict[str, Observation]) -> None:
    """Take for stopped by the window what ran before and is now as the window leaves things: a file may be too old."""
    for one in job.entry.standings:
        status = observation.status if (observation := seen.get(one.thing.key)) is not None else None
        if one.thing.runs and not one.handed and status is not None:
            one.thing.asked = one.thing.asked or one.fleet.left(status) or one.fleet.meaning(status) == "middle"
    job.records.keep_plan(job.entry.plan)


def _restore(work: Restore, args: Any, screen: Screen) -> None:
    try:
        work.run()
    except PipelinesError as error:
        _tell(work, args, screen)
        raise Undone(f"Not everything is back: {error}") from None
    finally:
        work.places.close()
    _tell(work, args, screen)
    screen.tell("Everything is back as it was. The record is closed.")


def _tell(work: Restore, args: Any, screen: Screen) -> None:
    """Write the report."""
    done = work.report or report(work.plan.window, work.plan.run_id, "partly", [])
    if args.json:
        screen.data(done)
    elif done["things"]:
        colours = {"done": "green", "already": "green", "failed": "red", "unknown": "red"}
        rows = [{**thing, "style": colours.get(thing["result"], "")} for thing in done["things"]]
        screen.table(("service", "name", "id", "before", "after", "result", "message"), rows, {"result": "style"})
