"""What Airflow's own metadata database says about a run."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

#: states in which a task stays
ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


@dataclass(frozen=True)
class Task:
    """
    One task of a run.

    :param name: its id, with the map index if it has one
    :param state: its state, empty before the scheduler looked at it
    :param seconds: from its first start to its end, waiting included
    """

    name: str
    state: str
    tries: int
    seconds: float | None


class Metadata:
    """
    Reads the metadata database without ever writing to it.

    :param file: the SQLite database
    """

    def __init__(self, file: Path) -> None:
        self.file = file

    @property
    def url(self) -> str:
        """The address for Airflow."""
        return f"sqlite:///{self.file}"

    @contextlib.contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open the database for reading."""
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as connection:
            yield connection

    def rows(self, query: str, **values: Any) -> Sequence[Sequence[Any]]:
        """Return what a query finds; it names its values as ``:name``."""
        with self.connect() as connection:
            return connection.execute(query, values).fetchall()

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a DAG run."""
        query = "SELECT state FROM dag_run WHERE dag_id = :dag AND run_id = :run"
        rows = self.rows(query, dag=dag_id, run=run_id)
        return str(rows[0][0]) if rows else ""

    def import_errors(self) -> list[str]:
        """Return why DAG files cannot be imported."""
        return [str(row[0]) for row in self.rows("SELECT stacktrace FROM import_error")]

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """Return the tasks of a DAG run, in the order in which they started."""
        query = """
            SELECT task_id, map_index, state, try_number, start_date, end_date FROM task_instance
            WHERE dag_id = :dag AND run_id = :run ORDER BY start_date IS NULL, start_date, task_id, map_index
        """
        return [
            Task(_name(task_id, index), state or "", tries or 0, _seconds(start, end))
            for task_id, index, state, tries, start, end in self.rows(query, dag=dag_id, run=run_id)
        ]

    def processes(self, dag_id: str, run_id: str) -> dict[str, int]:
        """Return the process ids of the tasks that run."""
        query = """
            SELECT task_id, map_index, pid FROM task_instance
            WHERE dag_id = :dag AND run_id = :run AND state = 'running' AND pid IS NOT NULL
        """
        return {_name(task_id, index): pid for task_id, index, pid in self.rows(query, dag=dag_id, run=run_id)}

    def triggerers(self, dag_id: str, run_id: str) -> dict[str, int | None]:
        """Return which triggerer's job has the trigger of each deferred task."""
        query = """
            SELECT task_id, map_index, triggerer_id FROM task_instance JOIN trigger ON trigger.id = trigger_id
            WHERE dag_id = :dag AND run_id = :run AND task_instance.state = 'deferred'
        """
        return {_name(task_id, index): job for task_id, index, job in self.rows(query, dag=dag_id, run=run_id)}

    def events(self, dag_id: str, run_id: str) -> list[tuple[str, str]]:
        """
        Return what happened to the tasks of a run, in order: the task and its new state.

        The execution API of Airflow writes a row of the ``log`` table in the transaction that changes the state of a
        task; unlike ``trigger_id`` and ``next_method`` of the task, these rows stay.
        """
        query = """
            SELECT task_id, map_index, event FROM log
            WHERE dag_id = :dag AND run_id = :run AND task_id IS NOT NULL ORDER BY id
        """
        return [(_name(task_id, index), event) for task_id, index, event in self.rows(query, dag=dag_id, run=run_id)]


class ServerMetadata(Metadata):
    """
    Reads the metadata database of a server that may be away for a while.

    :param url: the address for Airflow
    :param patience: seconds for which an unreachable server is asked again
    """

    def __init__(self, url: str, budget: float = 60) -> None:
        self._url = url
        self._budget = budget
        options = "-c default_transaction_read_only=on"
        self._engine = create_engine(
            url, isolation_level="AUTOCOMMIT", pool_pre_ping=True, connect_args={"options": options}
        )

    @property
    def url(self) -> str:
        """The address for Airflow."""
        return self._url

    def rows(self, query: str, **values: Any) -> Sequence[Sequence[Any]]:
        """Return what a query finds; it names its values as ``:name``."""
        deadline = time.monotonic() + self._budget
        while True:
            try:
                with self._engine.connect() as connection:
                    return [tuple(row) for row in connection.execute(text(query), values)]
            except DBAPIError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)


def deferrals(events: Iterable[tuple[str, str]]) -> dict[str, int]:
    """
    Count how often each task was deferred and then ran again.

    A deferral that nothing followed does not count.

    :param events: tasks and their new states, in order
    """
    waiting: set[str] = set()
    counts: dict[str, int] = {}
    for task, event in events:
        if event == "deferred":
            waiting.add(task)
        elif event == "running" and task in waiting:
            waiting.remove(task)
            counts[task] = counts.get(task, 0) + 1
    return counts


def _name(task_id: str, map_index: int | None) -> str:
    return task_id if map_index is None or map_index < 0 else f"{task_id}[{map_index}]"


def _seconds(start: datetime | str | None, end: datetime | str | None) -> float | None:
    if not start or not end:
        return None
    first, last = (one if isinstance(one, datetime) else datetime.fromisoformat(one) for one in (start, end))
    return (last - first).total_seconds()
