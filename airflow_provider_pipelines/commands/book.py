"""All records at one moment: which windows there are, and which of them a name on the command line means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airflow_provider_pipelines.commands.main import UsageError
from airflow_provider_pipelines.commands.standing import Entry, entry
from airflow_provider_pipelines.core.checks import from_json
from airflow_provider_pipelines.errors import PipelinesError, RecordUnreadable
from airflow_provider_pipelines.window.record.repository import RecordRepository
from airflow_provider_pipelines.window.record.store import key_of


class Texts:
    """
    Texts in memory, as a store: all of what was read at one moment, or of what a file holds.

    :param texts: the texts, by key
    """

    certain = True

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts or {})

    def get(self, key: str) -> str | None:
        """Give a text."""
        return self.texts.get(key)

    def set(self, key: str, text: str, about: str) -> None:
        """Keep a text."""
        self.texts[key] = text

    def delete(self, key: str) -> None:
        """Drop a text."""
        self.texts.pop(key, None)


def entry_of(records: RecordRepository) -> Entry | None:
    """
    Read a record; None where there is none.

    :raises RecordUnreadable: it cannot be read
    """
    plan = records.plan()
    if plan is None:
        return None
    phase, handed = records.phase(), records.handed()
    return entry(
        plan,
        phase if phase is not None and phase.generation >= plan.generation else None,
        sorted(records.progress_of(plan.generation), key=lambda part: part.attempt),
        handed if handed is not None and handed.generation >= plan.generation else None,
    )


class Book:
    """
    The records in a store.

    :param texts: all texts of the records, by key
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._store = Texts(texts)
        #: texts that are no part of a record, by key
        self.strange = [key for key, text in texts.items() if not isinstance(from_json(text), dict)]
        self.names = sorted(_names(texts))

    def records(self, window: str, run_id: str) -> RecordRepository:
        """Give the records of a run as they are in memory."""
        return RecordRepository(self._store, window, run_id)

    def read(self, names: Iterable[tuple[str, str]]) -> tuple[list[Entry], dict[tuple[str, str], PipelinesError]]:
        """Read records; what cannot be read keeps its reason."""
        entries, errors = [], {}
        for window, run_id in names:
            try:
                found = entry_of(self.records(window, run_id))
            except PipelinesError as error:
                errors[window, run_id] = error
                continue
            if found is not None:
                entries.append(found)
        return entries, errors


def _names(texts: Mapping[str, str]) -> set[tuple[str, str]]:
    """Find the runs that have a record: keys are hashes, so each text has to say whose it is, under its own key."""
    found = set()
    for text in texts.values():
        data = from_json(text)
        if not isinstance(data, dict):
            continue
        window, run_id = data.get("window"), data.get("run_id")
        if isinstance(window, str) and isinstance(run_id, str):
            keys = (key_of("plan", window, run_id), key_of("control", window, run_id))
            if any(key in texts for key in keys):
                found.add((window, run_id))
    return found


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
