"""
Which Airflow this is, so that two that have the same DAG do not take over, or cancel, each other's runs.

An id in a Variable says it: each Airflow makes its own when it is first asked for, or is given one by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from airflow_provider_pipelines import compat

KEY = "pipelines_installation"
#: seconds after which tasks that made an id at the same time read the same one: the last that was written
_SETTLE = 2.0
_ABOUT = "Tells the runs of this Airflow from those of others with the same DAGs. Never copy it."


def installation(sleep: Callable[[float], None], tell: Callable[[str], None]) -> str:
    """
    Give what tells this Airflow from others.

    :param sleep: waits, in seconds
    :param tell: receives a line for the log where nothing tells it
    :return: an id; empty where it can neither be read nor made
    """
    in_task, why = compat.runs_a_task(), ""
    try:
        found = compat.get_variable(KEY) or (_made(sleep) if in_task else "")
    except Exception as error:  # noqa: BLE001 -- whatever Airflow says to it, the task goes on without
        found, why = "", f" ({type(error).__name__})"
    if not in_task:
        return found or f"at {compat.base_address()}"
    if not found:
        tell(f"nothing tells this Airflow from others with the same DAG: Variable {KEY} cannot be read or written{why}")
    return found


def _made(sleep: Callable[[float], None]) -> str:
    """Make an id, unless there is one: a Variable that cannot be read looks like one that is not there."""
    proof = f"{KEY}_{uuid4().hex}"
    compat.set_variable(proof, "can be read", _ABOUT)
    try:
        for _ in range(2):
            if found := compat.get_variable(KEY):
                return found
            if not compat.get_variable(proof):
                return ""
        compat.set_variable(KEY, uuid4().hex, _ABOUT)
        sleep(_SETTLE)
        return compat.get_variable(KEY) or ""
    finally:
        compat.delete_variable(proof)
