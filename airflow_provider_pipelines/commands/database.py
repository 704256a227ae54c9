"""The metadata database, through Airflow's own models: works while scheduler and API server are down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from airflow_provider_pipelines.errors import RecordUnreadable
from airflow_provider_pipelines.window.airflow import AirflowRuns
from airflow_provider_pipelines.window.record.store import PREFIX


class DatabaseStore:
    """Keeps records where tasks keep them: in Airflow's Variables, with nothing between us and the database."""

    #: what cannot be read is an error here
    certain = True

    def get(self, key: str) -> str | None:
        """Give a Variable, or None for one that is not there."""
        with _session(key) as session:
            row = _row(session, key)
            return None if row is None else _text(key, row)

    def set(self, key: str, text: str, about: str) -> None:
        """Write a Variable."""
        from airflow.models.variable import Variable

        make: Any = Variable
        with _session(key) as session:
            row = _row(session, key)
            if row is None:
                session.add(make(key=key, val=text, description=about[:250]))
            else:
                row.set_val(text)

    def delete(self, key: str) -> None:
        """Delete a Variable."""
        with _session(key) as session:
            if (row := _row(session, key)) is not None:
                session.delete(row)

    def texts(self) -> dict[str, str]:
        """Give all parts of all records, as they are at one moment; what cannot be decrypted as an empty text."""
        from airflow.models.variable import Variable
        from sqlalchemy import select

        with _session(f"{PREFIX}*") as session:
            # the underscores of the prefix stand for themselves
            rows = session.scalars(select(Variable).where(Variable.key.startswith(PREFIX, autoescape=True))).all()
            return {str(row.key): row.get_val() or "" for row in rows}


class DatabaseRuns(AirflowRuns):
    """Knows which DAG runs go on, from the tables of the metadata database."""

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Give the state of a DAG run, or None for one that is gone."""
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        with _session(f"of run {run_id}") as session:
            state = session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        return _state(state)

    def task_states(self, dag_id: str, run_id: str, task_ids: Sequence[str]) -> dict[str, str | None]:
        """Give the states of tasks of a run."""
        from airflow.models.taskinstance import TaskInstance
        from sqlalchemy import select

        wanted = select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
            TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, TaskInstance.task_id.in_(task_ids)
        )
        with _session(f"of run {run_id}") as session:
            rows = session.execute(wanted).all()
        return {name if at < 0 else f"{name}_{at}": _state(state) for name, at, state in rows}

    def paused(self, dag_id: str) -> bool | None:
        """Tell whether a DAG is paused; None for one that Airflow does not know."""
        from airflow.models.dag import DagModel
        from sqlalchemy import select

        with _session(f"of DAG {dag_id}") as session:
            paused = session.scalar(select(DagModel.is_paused).where(DagModel.dag_id == dag_id))
        return None if paused is None else bool(paused)


@contextmanager
def _session(about: str) -> Iterator[Any]:
    """
    Open a session of Airflow's.

    :raises RecordUnreadable: the database cannot be asked
    """
    from airflow.utils.session import create_session
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_session() as session:
            yield session
    except (SQLAlchemyError, OSError) as error:
        # the driver's own words name host and user; the statement and its values are left out
        said = str(getattr(error, "orig", None) or "").strip().splitlines() or [type(error).__name__]
        raise RecordUnreadable(
            f"the metadata database cannot be asked ({about}): {said[0][:200]}. Check [database] sql_alchemy_conn, and "
            "that this machine reaches it."
        ) from None


def _row(session: Any, key: str) -> Any:
    from airflow.models.variable import Variable
    from sqlalchemy import select

    return session.scalar(select(Variable).where(Variable.key == key))


def _text(key: str, row: Any) -> str:
    text = row.get_val()
    if text is None:
        raise RecordUnreadable(
            f"the Variable {key} cannot be decrypted: its fernet key is another one. Give [core] fernet_key as the "
            "scheduler has it."
        )
    return str(text)


def _state(state: Any) -> str | None:
    return None if state is None else str(getattr(state, "value", state))
