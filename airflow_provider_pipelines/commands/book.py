"""All records at one moment: which windows there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airflow_provider_pipelines.commands.standing import Entry, entry
from airflow_provider_pipelines.core.checks import from_json
from airflow_provider_pipelines.errors import PipelinesError
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
