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
