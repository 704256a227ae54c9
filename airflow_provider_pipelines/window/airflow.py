"""What a window takes from Airflow: Variables to keep its records in, and the states of runs and tasks."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.errors import RecordUnreadable

_OVER = frozenset({"success", "failed"})
_AT_WORK = frozenset(
    {"scheduled", "queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule", "awaiting_input"}
)


class VariableStore:
    """Keeps records in Airflow's Variables, through the API that tasks have."""

    #: what cannot be read looks like what is not there
    certain = False

    def get(self, key: str) -> str | None:
        """Give a Variable, or None."""
        try:
            return compat.get_variable(key)
        except Exception as error:  # noqa: BLE001 -- Airflow names no class for a store that cannot be asked
            raise _lost(key, error) from None

    def set(self, key: str, text: str, about: str) -> None:
        """Write a Variable."""
        try:
            compat.set_variable(key, text, about)
        except Exception as error:  # noqa: BLE001 -- as above
            raise _lost(key, error) from None

    def delete(self, key: str) -> None:
        """Delete a Variable."""
        try:
            compat.delete_variable(key)
        except Exception as error:  # noqa: BLE001 -- as above
            raise _lost(key, error) from None


def _lost(key: str, error: Exception) -> RecordUnreadable:
    return RecordUnreadable(
        f"the Variable {key} cannot be read or written ({type(error).__name__}): the API server or the metadata "
        "database did not answer. A retry will do once it does."
    )


class AirflowRuns:
    """Knows which DAG runs go on, through the API that tasks have."""

    def alive(self, window: str, run_id: str) -> bool:
        """Tell whether a run goes on, or its restore may still do something."""
        dag_id, _, group_id = window.partition("/")
        try:
            state = self.run_state(dag_id, run_id)
            if state is None:
                return False
            if state not in _OVER:
                return True
            found = self.task_states(dag_id, run_id, [f"{group_id}.restore", "restore"])
        except RecordUnreadable:
            raise
        except Exception as error:  # noqa: BLE001 -- Airflow names no class for this
            raise RecordUnreadable(
                f"whether run {run_id} of {dag_id} goes on cannot be told ({type(error).__name__}). A retry asks again."
            ) from None
        return any(state in _AT_WORK for state in found.values())

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        """Give the state of a DAG run, or None for one that is gone."""
        return compat.run_state(dag_id, run_id)

    def task_states(self, dag_id: str, run_id: str, task_ids: Sequence[str]) -> dict[str, str | None]:
        """Give the states of tasks of a run."""
        return compat.task_states(dag_id, run_id, list(task_ids))


def states_of(dag_id: str, run_id: str, task_ids: Sequence[str]) -> dict[str, str | None]:
    """
    Give the states of tasks, mapped ones by ``id_index``.

    :raises RecordUnreadable: they cannot be told
    """
    try:
        return compat.task_states(dag_id, run_id, list(task_ids))
    except Exception as error:  # noqa: BLE001 -- as above
        raise RecordUnreadable(
            f"the states of the window's tasks cannot be told ({type(error).__name__}). A retry asks again."
        ) from None
