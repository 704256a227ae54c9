"""Airflow's edge: our errors become Airflow's, and arguments about waiting are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from airflow_provider_pipelines.compat import AirflowFailException, conf
from airflow_provider_pipelines.core.clock import TOLERANCE
from airflow_provider_pipelines.errors import PipelinesError, mendable

#: seconds left before the deadline under which nothing is deferred
TOO_LATE_TO_DEFER = 15.0
#: seconds added to our deadline for Airflow's own one, which ends a deferred task without a word: a trigger that was
#: begun anew may end up to ``TOLERANCE`` late, and the hosts that set and check Airflow's may differ by as much
BACKSTOP = 300.0 + 2 * TOLERANCE


def default_deferrable() -> bool:
    """Give Airflow's ``[operators] default_deferrable``."""
    deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False)
    return deferrable


def seconds(value: Any, argument: str, *, zero: bool = False) -> float:
    """Check a number of seconds that is not templated, while the DAG is parsed."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and (value > 0 or (zero and value == 0))
    if not good:
        raise ValueError(f"{argument} has to be a number of seconds {'from' if zero else 'above'} 0, not {value!r}")
    return float(value)


def forgivable(value: Any) -> int:
    """Check ``max_poll_failures`` while the DAG is parsed."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"max_poll_failures has to be a whole number from 0 on, not {value!r}")
    return value


def seconds_left(timeout: float, execution_timeout: Any) -> float:
    """Give the seconds that an attempt has: Airflow does not watch ``execution_timeout`` while a task is deferred."""
    if isinstance(execution_timeout, timedelta):
        return min(timeout, execution_timeout.total_seconds())
    return timeout


def planned(task: Any) -> list[str]:
    """
    Check every argument of a task and give the ids of its things.

    :raises ArgumentError: an argument has a value that is never sent, or a template had no value
    """
    from airflow_provider_pipelines.core.checks import no_text_of_nothing

    ids: list[str] = task.plan()
    no_text_of_nothing({name: getattr(task, name) for name in task.template_fields})
    return ids


def can_defer(task: Any) -> bool:
    """Tell whether a task may leave its wait to the triggerer, which has to import the author's hook class, if any."""
    if task.deferrable and not task.hook.importable:
        task.log.warning(
            "waiting on the worker: the triggerer cannot import the hook class %s, which is defined in a DAG file or "
            "in a function. Put it into a module that the triggerer can import.", task.hook.own_class,
        )  # fmt: skip
        return False
    return bool(task.deferrable)


@contextmanager
def airflow_errors(*, errors: Callable[[], Sequence[PipelinesError]] = lambda: ()) -> Iterator[None]:
    """Stop the retries of the task where no retry can mend the error; let all other errors pass as they are."""
    try:
        yield
    except PipelinesError as error:
        if any(mendable(one) for one in (errors() or [error])):
            raise
        raise AirflowFailException(str(error)) from error
