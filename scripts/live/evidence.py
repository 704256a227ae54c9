"""What Airflow's own metadata database says about a run."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

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

    @contextlib.contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Open the database for reading."""
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as connection:
            yield connection

    def run_state(self, dag_id: str, run_id: str) -> str:
        """Return the state of a DAG run."""
        with self.connect() as connection:
            query = "SELECT state FROM dag_run WHERE dag_id = ? AND run_id = ?"
            row = connection.execute(query, (dag_id, run_id)).fetchone()
        return str(row[0]) if row else ""

    def import_errors(self) -> list[str]:
        """Return why DAG files cannot be imported."""
        with self.connect() as connection:
            return [str(row[0]) for row in connection.execute("SELECT stacktrace FROM import_error")]

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """Return the tasks of a DAG run, in the order in which they started."""
        query = """
            SELECT task_id, map_index, state, try_number, start_date, end_date FROM task_instance
            WHERE dag_id = ? AND run_id = ? ORDER BY start_date IS NULL, start_date, task_id, map_index
        """
        with self.connect() as connection:
            rows = connection.execute(query, (dag_id, run_id)).fetchall()
        return [
            Task(_name(task_id, index), state or "", tries or 0, _seconds(start, end))
            for task_id, index, state, tries, start, end in rows
        ]

    def events(self, dag_id: str, run_id: str) -> list[tuple[str, str]]:
        """
        Return what happened to the tasks of a run, in order: the task and its new state.

        The execution API of Airflow writes a row of the ``log`` table in the transaction that changes the state of a
        task; unlike ``trigger_id`` and ``next_method`` of the task, these rows stay.
        """
        query = """
            SELECT task_id, map_index, event FROM log
            WHERE dag_id = ? AND run_id = ? AND task_id IS NOT NULL ORDER BY id
        """
        with self.connect() as connection:
            rows = connection.execute(query, (dag_id, run_id)).fetchall()
        return [(_name(task_id, index), event) for task_id, index, event in rows]


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


def _seconds(start: str | None, end: str | None) -> float | None:
    if not start or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
