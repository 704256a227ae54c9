"""
The only place that asks what Airflow's version can do, and the only way to what Airflow keeps elsewhere by version.

Each branch names the versions that it serves, so that it can go when they do. Airflow's own names are looked up when
they are first asked for: this module is loaded with every DAG file.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from airflow import __version__

if TYPE_CHECKING:
    from asyncio import Future, Task

    from airflow.sdk import BaseHook as BaseHook
    from airflow.sdk import BaseOperator as BaseOperator
    from airflow.sdk import BaseSensorOperator as BaseSensorOperator
    from airflow.sdk import PokeReturnValue as PokeReturnValue
    from airflow.sdk import TaskGroup as TaskGroup
    from airflow.sdk.configuration import conf as conf
    from airflow.sdk.exceptions import AirflowFailException as AirflowFailException
    from airflow.sdk.exceptions import AirflowNotFoundException as AirflowNotFoundException
    from airflow.sdk.exceptions import AirflowSensorTimeout as AirflowSensorTimeout
    from airflow.sdk.exceptions import AirflowSkipException as AirflowSkipException

T = TypeVar("T")

#: what asks Airflow's supervisor at this moment: a loop alone does not keep its tasks
_UNDER_WAY: set[Task[Any]] = set()

#: Airflow's version, as far as anything goes by it here
AIRFLOW = tuple(int(part) for part in __version__.split(".")[:2])

_EXCEPTIONS = {(3, 2): "airflow.sdk.exceptions", (2, 11): "airflow.exceptions"}
#: where each name is, by the version that brought it there; the newest comes first
_HOMES: dict[str, dict[tuple[int, int], str]] = {
    "BaseHook": {(3, 1): "airflow.sdk", (2, 11): "airflow.hooks.base"},
    "BaseOperator": {(3, 0): "airflow.sdk", (2, 11): "airflow.models.baseoperator"},
    "BaseSensorOperator": {(3, 0): "airflow.sdk", (2, 11): "airflow.sensors.base"},
    "PokeReturnValue": {(3, 0): "airflow.sdk", (2, 11): "airflow.sensors.base"},
    "TaskGroup": {(3, 0): "airflow.sdk", (2, 11): "airflow.utils.task_group"},
    "Variable": {(3, 0): "airflow.sdk", (2, 11): "airflow.models.variable"},
    "XCom": {(3, 0): "airflow.sdk.execution_time.xcom", (2, 11): "airflow.models.xcom"},
    "conf": {(3, 2): "airflow.sdk.configuration", (2, 11): "airflow.configuration"},
    "AirflowFailException": _EXCEPTIONS,
    "AirflowNotFoundException": _EXCEPTIONS,
    "AirflowSensorTimeout": _EXCEPTIONS,
    "AirflowSkipException": _EXCEPTIONS,
}
#: the same for what keeps a secret out of the logs
_MASKERS = {
    (3, 1): "airflow.sdk.log",
    (3, 0): "airflow.sdk.execution_time.secrets_masker",
    (2, 11): "airflow.utils.log.secrets_masker",
}


def __getattr__(name: str) -> Any:
    """Give one of Airflow's names, from where this version has it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(_home(_HOMES[name]), name)
    return found


def _own(name: str) -> Any:
    """Give one of these names to this module itself, which Python does not ask."""
    return globals().get(name) or __getattr__(name)


def _home(homes: dict[tuple[int, int], str]) -> Any:
    from importlib import import_module

    return import_module(next(module for since, module in homes.items() if since <= AIRFLOW))


def mask_secret(secret: str) -> None:
    """Keep a secret out of this process's logs."""
    _home(_MASKERS).mask_secret(secret)


async def amask_secret(secret: str) -> None:
    """Keep a secret out of a triggerer's logs, without a blocking call on the event loop where Airflow can."""
    masker = _home(_MASKERS)
    if hasattr(masker, "amask_secret"):  # 3.3 and later
        await _to_its_end(masker.amask_secret(secret))
        return
    # 2.11 to 3.2
    from asgiref.sync import sync_to_async

    await _to_its_end(sync_to_async(masker.mask_secret)(secret))


async def _to_its_end(call: Coroutine[Any, Any, T]) -> T:
    """
    Let what asks Airflow's supervisor end by itself, also where the trigger that wants to know is cancelled meanwhile.

    A call that is cancelled after its question was sent leaves the answer behind. 3.0 takes it for the answer to the
    next question of anybody, and ends the whole triggerer.
    """
    import asyncio

    task = asyncio.ensure_future(call)
    _UNDER_WAY.add(task)
    task.add_done_callback(_forget)
    return await asyncio.shield(task)


def _forget(task: Future[Any]) -> None:
    _UNDER_WAY.discard(task)
    if not task.cancelled():
        task.exception()  # whoever wanted to know may be gone, and then nobody reads it


def find_connection(hook: Any, conn_id: str) -> Any:
    """
    Give a connection.

    :param hook: a hook, or the class of all
    :raises AirflowNotFoundException: Airflow does not find it
    """
    try:
        return hook.get_connection(conn_id)
    except ImportError:
        if AIRFLOW != (3, 1):
            raise
        # outside of a task 3.1.0 looks for a supervisor that it could ask, and there is none: the commands ask the
        # secrets backends and the metadata database themselves
        from airflow.models.connection import Connection

        return Connection.get_connection_from_secrets(conn_id)


async def read_connection(conn_id: str, read: Callable[[Any, Any], T]) -> T:
    """Read a connection on an event loop; ``read`` gets None where Airflow does not find it."""
    try:
        connection, extra = await _to_its_end(_connection(_own("BaseHook"), conn_id))
    except _own("AirflowNotFoundException"):
        return read(None, None)
    return read(connection, extra)


async def _connection(hook: Any, conn_id: str) -> tuple[Any, Any]:
    if AIRFLOW >= (3, 3):
        from airflow.sdk import Connection

        if hasattr(Connection, "aextra_dejson"):  # 3.3.2 and later
            connection = await hook.aget_connection(conn_id)
            return connection, await connection.aextra_dejson()
    # 2.11 to 3.3.1: what is async there masks with a blocking call, which fails while another call is under way
    from asgiref.sync import sync_to_async

    def both() -> tuple[Any, Any]:
        connection = find_connection(hook, conn_id)
        return connection, connection.extra_dejson

    return await sync_to_async(both)()


def state_store(context: Any) -> Any | None:
    """Give the task's state store (3.3 and later), which survives retries and clears, or None."""
    return context.get("task_state_store") if context else None


def first_poke(sensor: Any, context: Any) -> float | None:
    """Give the Unix time at which a sensor in reschedule mode began to look, or None for this very look."""
    ti = context["ti"]
    if AIRFLOW < (3, 0):  # 2.11
        from airflow.sensors.base import _orig_start_date  # type: ignore[import-not-found,unused-ignore]  # is in 2.11

        begun = _orig_start_date(
            dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index,
            try_number=(ti.max_tries or 0) - (sensor.retries or 0) + 1,
        )  # fmt: skip
    else:
        begun = ti.get_first_reschedule_date(context)
    return None if begun is None else float(begun.timestamp())


#: whether Airflow tells a trigger that a user ended its task; before 3.3 the trigger is cancelled as at a restart
TELLS_TRIGGERS_OF_A_KILL = AIRFLOW >= (3, 3)


async def still_deferred(task_instance: Any, key: str, ids: list[str]) -> bool:
    """
    Tell whether a task is still deferred, waiting for just these things.

    After a clear the next attempt may be deferred already, so the state alone does not tell: what the attempt has
    made is compared too. The XCom under ``key`` was pushed before the task deferred.
    """
    from asgiref.sync import sync_to_async

    ti = task_instance

    def ask() -> bool:
        name = ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}"
        if task_states(ti.dag_id, ti.run_id, [ti.task_id], ti.map_index).get(name) != "deferred":
            return False
        owned = _own("XCom").get_one(
            key=key, dag_id=ti.dag_id, task_id=ti.task_id, run_id=ti.run_id, map_index=ti.map_index
        )
        return bool(owned == ids)

    return await _to_its_end(sync_to_async(ask)())


def get_variable(key: str) -> str | None:
    """Give a Variable's text, or None for what is not there, or cannot be read."""
    nothing: dict[str, Any] = {"default" if AIRFLOW >= (3, 0) else "default_var": None}
    found: str | None = _own("Variable").get(key, **nothing)
    return found


def set_variable(key: str, text: str, about: str) -> None:
    """Write a Variable; an error is raised, in contrast to reading one."""
    _own("Variable").set(key, text, description=about[:250])


def delete_variable(key: str) -> None:
    """Delete a Variable; one that is not there is no error."""
    _own("Variable").delete(key)


def base_address() -> str:
    """Give the address that Airflow believes to have, or empty."""
    return str(_own("conf").get("api" if AIRFLOW >= (3, 0) else "webserver", "base_url", fallback=""))


def runs_a_task() -> bool:
    """Tell whether Airflow runs this process for a task, so that there is one to ask; 2.11 asks its database itself."""
    if AIRFLOW < (3, 0):  # 2.11
        return True
    from airflow.sdk.execution_time import task_runner

    return hasattr(task_runner, "SUPERVISOR_COMMS")


def run_state(dag_id: str, run_id: str) -> str | None:
    """
    Give the state of a DAG run, or None for one that is gone.

    :raises Exception: it cannot be told; the number of runs is asked for first, since that call raises on errors
    """
    if AIRFLOW < (3, 0):  # 2.11
        from airflow.models.dagrun import DagRun

        found = DagRun.find(dag_id=dag_id, run_id=run_id)
        return _word(found[0].state) if found else None
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    if not RuntimeTaskInstance.get_dr_count(dag_id=dag_id, run_ids=[run_id]):
        return None
    return _word(RuntimeTaskInstance.get_dagrun_state(dag_id=dag_id, run_id=run_id))


def task_states(dag_id: str, run_id: str, task_ids: list[str], map_index: int | None = None) -> dict[str, str | None]:
    """
    Give the states of tasks of a run, mapped ones by ``id_index``.

    :param map_index: only of this one
    :raises Exception: they cannot be told
    """
    if AIRFLOW < (3, 0):  # 2.11
        from airflow.models.dagrun import DagRun

        found = DagRun.find(dag_id=dag_id, run_id=run_id)
        tasks = found[0].get_task_instances() if found else []
        return {
            ti.task_id if ti.map_index < 0 else f"{ti.task_id}_{ti.map_index}": _word(ti.state)
            for ti in tasks
            if ti.task_id in task_ids and map_index in (None, ti.map_index)
        }
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    states = RuntimeTaskInstance.get_task_states(
        dag_id=dag_id, task_ids=task_ids, run_ids=[run_id], map_index=map_index
    )
    return {str(name): _word(state) for name, state in (states.get(run_id) or {}).items()}


def _word(state: Any) -> str | None:
    return None if state is None else str(getattr(state, "value", state))


def default_queue() -> str:
    """Give the queue of tasks that name none."""
    queue: str = _own("conf").get("operators", "default_queue", fallback="default")
    return queue


def exponential(wanted: bool) -> Any:
    """Give the value for ``retry_exponential_backoff``: a factor from 3.2 on, a boolean before."""
    return (2.0 if wanted else 0) if AIRFLOW >= (3, 2) else wanted


def further_pins() -> dict[str, Any]:
    """Give the arguments of some versions only that keep away what ``default_args`` say."""
    if AIRFLOW < (3, 0):  # 2.11: another word for max_active_tis_per_dag
        return {"task_concurrency": None}
    return {"retry_policy": None} if AIRFLOW >= (3, 3) else {}
