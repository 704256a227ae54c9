"""``status``: the pipelines and jobs that a connection reaches, and which open window holds them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.commands.book import Book
from airflow_provider_pipelines.commands.database import DatabaseRuns, DatabaseStore
from airflow_provider_pipelines.commands.fleets import FLEETS, READERS, Row
from airflow_provider_pipelines.commands.main import Undone, UsageError
from airflow_provider_pipelines.commands.reach import missing
from airflow_provider_pipelines.commands.screen import moment, span
from airflow_provider_pipelines.commands.windows import note_on, run_of
from airflow_provider_pipelines.errors import ConfigurationError, PipelinesError
from airflow_provider_pipelines.hook.base import hook_named
from airflow_provider_pipelines.window.fleets.base import fleet_for
from airflow_provider_pipelines.window.record.model import prefix_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.commands.screen import Screen

_COLOURS = {"runs": "green", "rests": "yellow", "middle": "cyan", "unknown": "red", "failed": "red"}


def command(args: Any, screen: Screen) -> None:
    """Show the fleet of a connection."""
    kind = _kind_of(args.conn_id)
    rows: list[dict[str, Any]] = []
    errors: dict[str, PipelinesError] = {}
    holders, notes = _holders()
    for service in FLEETS[kind]:
        try:
            rows += _read(service, args.conn_id, args.name_pattern, holders)
        except PipelinesError as error:
            errors[service] = error
    if args.json:
        told = [{"service": service, "message": str(error)} for service, error in errors.items()]
        screen.data({"conn_id": args.conn_id, "things": rows, "errors": told})
    elif rows:
        screen.table(
            ("service", "name", "id", "status", "since", "age", "last run", "window"),
            [_line(row) for row in rows],
            {"status": "style", "last run": "run_style"},
        )
    elif len(errors) < len(FLEETS[kind]):
        screen.tell("Nothing matches." if args.name_pattern is not None else "There is nothing.")
    for line in [f"{service}: {error}" for service, error in errors.items()] + notes:
        screen.tell(line)
    _judge(args.conn_id, errors, FLEETS[kind])


def _judge(conn_id: str, errors: Mapping[str, PipelinesError], services: Sequence[str]) -> None:
    """
    Decide how the command ends: what a connection is not meant for is no failure while another service answers.

    :raises UsageError: the connection is meant for none
    :raises Undone: something could not be read
    """
    amiss = [error for error in errors.values() if not isinstance(error, ConfigurationError)]
    if amiss:
        raise Undone("")
    if len(errors) == len(services):
        raise UsageError(f"connection {conn_id!r} is complete for none of its services.")


def _kind_of(conn_id: str) -> str:
    """
    Find out the type of a connection.

    :raises ConnectionMissing: there is none of this id
    :raises UsageError: it is of a type that has no fleet
    """
    from airflow_provider_pipelines.compat import AirflowNotFoundException, BaseHook, find_connection

    try:
        kind = str(find_connection(BaseHook, conn_id).conn_type)
    except AirflowNotFoundException:
        raise missing(conn_id) from None
    except ValueError as error:
        raise UsageError(f"connection {conn_id!r} cannot be read ({type(error).__name__}).") from None
    if kind not in FLEETS:
        raise UsageError(f"connection {conn_id!r} is of type {kind!r}. Name one of type {' or '.join(FLEETS)}.")
    return kind


def _read(
    service: str, conn_id: str, pattern: str | None, holders: Mapping[str, tuple[str, str]]
) -> list[dict[str, Any]]:
    hook = hook_named(service)(conn_id)
    fleet = fleet_for(service, hook, {})
    try:
        client = hook.get_conn()
        identity = client.run(fleet.identity(client.api))
        found: list[Row] = client.run(READERS[service](client.api))
    finally:
        hook.close()
    prefix, now = prefix_of(identity), time.time()
    return [
        {
            "service": service,
            "id": fleet.outcome_id(row.id),
            "name": row.name,
            "status": row.status,
            "meaning": "failed" if row.failed else fleet.meaning(row.status),
            "system": row.system,
            "since": moment(row.since) if row.since is not None else row.told,
            "age_seconds": max(0, int(now - row.since)) if row.since is not None else None,
            "last_run": row.last_run,
            "last_run_failed": row.last_run_failed,
            "window": holder[0] if (holder := holders.get(f"{prefix}:{row.id}")) is not None else None,
            "window_says": holder[1] if holder is not None else None,
        }
        for row in sorted(found, key=lambda row: (row.system, row.name, row.id))
        if pattern is None or fnmatchcase(row.name, pattern)
    ]


def _holders() -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Find out which open window holds what, by the thing's key, as far as the metadata database can be asked."""
    try:
        book, runs = Book(DatabaseStore().texts()), DatabaseRuns()
        entries, unread = book.read(book.names)
        held: dict[str, tuple[str, str]] = {}
        notes = [str(error) for error in unread.values()]
        for entry in entries:
            if not entry.open:
                continue
            plan = entry.plan
            named = f"{plan.window}/{plan.run_id}"
            held.update(
                (one.thing.key, (named, one.recorded())) for one in entry.standings if one.thing.runs and not one.handed
            )
            if note := note_on(entry, *run_of(entry, runs)):
                notes.append(f"window {named} is open ({entry.word}): {note}.")
    except PipelinesError as error:
        return {}, [f"Which windows are open is not known: {error}"]
    return held, notes


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "service": f"{row['service']} (system)" if row["system"] else row["service"],
        "age": span(row["age_seconds"]) if row["age_seconds"] is not None else "",
        "last run": row["last_run"],
        "window": f"{row['window']}: {row['window_says']}" if row["window"] else "",
        "style": _COLOURS[row["meaning"]],
        "run_style": "red" if row["last_run_failed"] else "",
    }
