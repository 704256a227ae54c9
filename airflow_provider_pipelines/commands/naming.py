"""Which record a name on the command line means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.commands.main import UsageError
from airflow_provider_pipelines.errors import RecordUnreadable

if TYPE_CHECKING:
    from airflow_provider_pipelines.commands.book import Book
    from airflow_provider_pipelines.commands.standing import Entry


def parts_of(name: str) -> tuple[str, str | None]:
    """
    Take a name apart: ids of DAGs and groups have no slash, ids of runs may.

    :returns: the window, and the run if one is named
    :raises UsageError: it is no name of a window
    """
    dag_id, _, rest = name.partition("/")
    group_id, slash, run_id = rest.partition("/")
    if not dag_id or not group_id or (slash and not run_id):
        raise UsageError(f"{name!r} names no window. Give DAG_ID/GROUP_ID or DAG_ID/GROUP_ID/RUN_ID.")
    return f"{dag_id}/{group_id}", run_id or None


def entry_named(name: str, book: Book) -> Entry:
    """
    Give the record that a name means: of the window's runs the open one, else the last.

    :raises UsageError: there is none, or more than one is open
    :raises RecordUnreadable: it, or what may be it, cannot be read
    """
    window, run_id = parts_of(name)
    known = [(one, run) for one, run in book.names if one == window and run_id in (None, run)]
    entries, errors = book.read(known)
    if errors:
        raise next(iter(errors.values()))
    if not entries and book.strange:
        raise RecordUnreadable(
            f"whether there is a record of window {name} cannot be told: {len(book.strange)} Variables of records "
            "cannot be read. See 'windows'."
        )
    if not entries:
        raise UsageError(f"there is no record of window {name}.{_others(book)}")
    opened = [one for one in entries if one.open]
    if len(opened) > 1:
        named = ", ".join(f"{one.plan.window}/{one.plan.run_id}" for one in opened)
        raise UsageError(f"window {name} has {len(opened)} open records. Name the run: {named}")
    if opened:
        return opened[0]
    last = book.records(window, entries[0].plan.run_id).last_run()
    return max(entries, key=lambda one: (one.plan.run_id == last, one.plan.made_at))


def _others(book: Book) -> str:
    if not book.names:
        return " There are no records at all."
    return f" Known are {', '.join(sorted({window for window, _ in book.names}))}; 'windows --all' shows their runs."
