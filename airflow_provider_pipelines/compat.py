"""The only place that asks what Airflow's version can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowNotFoundException

T = TypeVar("T")


def mask_secret(secret: str) -> None:
    """Keep a secret out of this process's logs."""
    from airflow.providers.common.compat.sdk import mask_secret as mask

    mask(secret)


async def amask_secret(secret: str) -> None:
    """Keep a secret out of a triggerer's logs, without a blocking call on the event loop where Airflow can."""
    try:
        from airflow.sdk.log import amask_secret as amask
    except ImportError:
        from asgiref.sync import sync_to_async

        await sync_to_async(mask_secret)(secret)
    else:
        await amask(secret)


async def read_connection(conn_id: str, read: Callable[[Any, Any], T]) -> T:
    """Read a connection on an event loop; ``read`` gets None where Airflow does not find it."""
    from airflow.providers.common.compat.connection import get_async_connection, get_async_extra_dejson

    try:
        connection = await get_async_connection(conn_id)
    except AirflowNotFoundException:
        return read(None, None)
    return read(connection, await get_async_extra_dejson(connection))


def state_store(context: Any) -> Any | None:
    """Give the task's state store (Airflow 3.3), which survives retries and clears, or None."""
    return context.get("task_state_store") if context else None


async def still_deferred(task_instance: Any, key: str, ids: list[str]) -> bool:
    """
    Tell whether a task is still deferred, waiting for just these things.

    After a clear the next attempt may be deferred already, so the state alone does not tell: what the attempt has
    made is compared too. The XCom under ``key`` was pushed before the task deferred.
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from airflow.sdk.execution_time.xcom import XCom
    from asgiref.sync import sync_to_async

    ti = task_instance
    states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
        dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=ti.map_index
    )
    name = ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}"
    if states.get(ti.run_id, {}).get(name) != "deferred":
        return False
    owned = await sync_to_async(XCom.get_one)(
        key=key, dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index
    )
    return bool(owned == ids)


def get_variable(key: str) -> str | None:
    """Give a Variable's text, or None for what is not there; in Airflow 3 also for what cannot be read."""
    from airflow.providers.common.compat.sdk import Variable
    from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS

    nothing: dict[str, Any] = {"default" if AIRFLOW_V_3_0_PLUS else "default_var": None}
    found: str | None = Variable.get(key, **nothing)
    return found


def set_variable(key: str, text: str, about: str) -> None:
    """Write a Variable; an error is raised, in contrast to reading one."""
    from airflow.providers.common.compat.sdk import Variable

    Variable.set(key, text, description=about[:250])


def delete_variable(key: str) -> None:
    """Delete a Variable; one that is not there is no error."""
    from airflow.providers.common.compat.sdk import Variable

    Variable.delete(key)


def run_state(dag_id: str, run_id: str) -> str | None:
    """
    Give the state of a DAG run, or None for one that is gone.

    :raises Exception: it cannot be told; the number of runs is asked for first, since that call raises on errors
    """
    from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS

    if not AIRFLOW_V_3_0_PLUS:
        from airflow.models.dagrun import DagRun

        found = DagRun.find(dag_id=dag_id, run_id=run_id)
        return str(getattr(found[0].state, "value", found[0].state)) if found else None
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    if not RuntimeTaskInstance.get_dr_count(dag_id=dag_id, run_ids=[run_id]):
        return None
    state = RuntimeTaskInstance.get_dagrun_state(dag_id=dag_id, run_id=run_id)
    return str(getattr(state, "value", state))


def task_states(dag_id: str, run_id: str, task_ids: list[str]) -> dict[str, str | None]:
    """
    Give the states of tasks of a run, mapped ones by ``id_index``.

    :raises Exception: they cannot be told
    """
    from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_0_PLUS

    if not AIRFLOW_V_3_0_PLUS:
        from airflow.models.dagrun import DagRun

        found = DagRun.find(dag_id=dag_id, run_id=run_id)
        tasks = found[0].get_task_instances() if found else []
        return {
            ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}": _word(ti.state)
            for ti in tasks
            if ti.task_id in task_ids
        }
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(dag_id=dag_id, task_ids=task_ids, run_ids=[run_id])
    return {str(name): _word(state) for name, state in (states.get(run_id) or {}).items()}


def _word(state: Any) -> str | None:
    return None if state is None else str(getattr(state, "value", state))


def default_queue() -> str:
    """Give the queue of tasks that name none."""
    from airflow.providers.common.compat.sdk import conf

    queue: str = conf.get("operators", "default_queue", fallback="default")
    return queue


def exponential(wanted: bool) -> Any:
    """Give the value for ``retry_exponential_backoff``: a factor from Airflow 3.3 on, a boolean before."""
    return (2.0 if wanted else 0) if _has_retry_policy() else wanted


def no_retry_policy() -> dict[str, Any]:
    """Give the argument that keeps a retry policy of ``default_args`` away, where Airflow has any (3.3)."""
    return {"retry_policy": None} if _has_retry_policy() else {}


def _has_retry_policy() -> bool:
    from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_3_PLUS

    return bool(AIRFLOW_V_3_3_PLUS)
