"""Tasks whose first attempt has left something behind: in the task's state store, or with the service only."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.exceptions import AirflowRescheduleException

from tests.stored.deferrals import maker
from tests.stored.surroundings import Died, DyingStore, attempt, grown, part, plain
from tests.stored.worlds import (
    BATCH,
    DOWN,
    ONE_AT_A_TIME,
    PACKAGE,
    PAUSED,
    PROGRAM,
    QUERY,
    REVIEWED,
    RUN,
    RUNNING,
    UP,
    blind,
    codearts,
    dli,
    enos,
    fault,
)  # fmt: skip
from tests.support.modes import Store, seen
from tests.support.playing import BUILD, WIND


@dataclass(frozen=True)
class Case:
    """
    A task whose first attempt comes to no end of its own.

    :param task: the path of its class, below the package
    :param world: what there is before it begins, as a seed
    :param dies: at which write of its store the process of the first attempt ends, or 0 for never
    :param stored: whether Airflow has a store for it
    :param orders: what goes wrong in the first attempt: orders to the emulator
    :param later: what happens before the second: orders to the emulator
    :param then: arguments of the second attempt that are other ones
    """

    task: str
    arguments: dict[str, Any]
    world: dict[str, Any]
    dies: int = 0
    stored: bool = True
    orders: tuple[Any, ...] = ()
    later: tuple[Any, ...] = ()
    then: dict[str, Any] = field(default_factory=dict)


#: seconds between the two attempts
BETWEEN = 30.0


def once(name, operation, *about, then):
    """Give what a task may leave that asks for a run once: known, not known, with no store, refused, and not wanted."""
    refused = fault(
        name.partition("-")[0], operation, kind="reply", status=403, body={"error_code": "X", "error_msg": "no"}
    )
    return {
        f"{name}-waits": Case(*about),
        f"{name}-answer-not-stored": Case(*about, dies=2),
        f"{name}-no-store": Case(*about, stored=False),
        f"{name}-refused": Case(*about, orders=(refused,)),
        f"{name}-other-arguments": Case(*about, then=then),
    }  # fmt: skip


def lost(operation, *, executed):
    """Order that the answer of a creation is lost, and that nobody can look for the job."""
    return fault("dli", operation, kind="drop", executed=executed), blind("dli", "list_flink_jobs", times=99)


_SLOW = {"run_seconds": 600.0, "cancel_seconds": 60.0}
#: the time is up before it has ended, so that it is cancelled; and not any more
_SHORT, _LONG = {"deferrable": False, "timeout": 60.0}, {"timeout": 3600.0}
_SQL = {"name": "copy", "sql_body": "INSERT INTO sink SELECT * FROM source", "queue_name": "q"}
_JAR = {"name": "copy", "entrypoint": "obs://b/copy.jar", "main_class": "Copy", "queue_name": "q"}
_STOP = {"job_ids": [101], "trigger_savepoint": True}

CASES = {
    **once(
        "codearts-run", "run_pipeline", "codearts.operators.CodeArtsRunPipelineOperator",
        {"pipeline_id": BUILD(1), "description": "nightly", "variables": {"a": 1}}, codearts(run_seconds=100.0),
        then={"variables": {"a": 2}},
    ),
    "codearts-run-queued": Case(
        "codearts.operators.CodeArtsRunPipelineOperator", {"pipeline_id": BUILD(1)},
        codearts(
            concurrency_control=ONE_AT_A_TIME, run_seconds=60.0, runs={RUN(1): {**RUNNING, "run_seconds": 90.0}}
        ),
    ),
    "codearts-review-decided": Case(
        "codearts.operators.CodeArtsReviewOperator",
        {"pipeline_id": BUILD(1), "pipeline_run_id": RUN(1), "decision": "pass"},
        codearts(stages=REVIEWED, runs={RUN(1): PAUSED}), orders=(blind("codearts", "show_pipeline_run_detail"),),
    ),
    **once(
        "dli-sql", "submit_sql_job", "dli.operators.DliSqlJobOperator", {"sql": "SELECT 1", "tags": {"team": "wind"}},
        dli(**QUERY), then={"tags": {"team": "solar"}},
    ),
    "dli-sql-cancelled": Case(
        "dli.operators.DliSqlJobOperator", {"sql": "SELECT 1", **_SHORT}, dli(statements={"SELECT 1": _SLOW}), then=_LONG
    ),
    **once(
        "dli-spark", "create_spark_batch", "dli.operators.DliSparkBatchOperator", {**BATCH, "name": "nightly"},
        dli(**PROGRAM), then={"args": ["7"]},
    ),
    "dli-spark-cancelled": Case(
        "dli.operators.DliSparkBatchOperator", {**BATCH, **_SHORT}, dli(programs={BATCH["file"]: _SLOW}), then=_LONG
    ),
    "dli-create-sql-answer-lost": Case(
        "dli.operators.DliCreateFlinkSqlJobOperator", _SQL, dli({**DOWN, "name": "copy-of-old"}),
        orders=lost("create_flink_sql_job", executed=True),
    ),
    "dli-create-jar-answer-lost": Case(
        "dli.operators.DliCreateFlinkJarJobOperator", _JAR, dli(), orders=lost("create_flink_jar_job", executed=True)
    ),
    "dli-create-never-came": Case(
        "dli.operators.DliCreateFlinkSqlJobOperator", _SQL, dli(), orders=lost("create_flink_sql_job", executed=False)
    ),
    "dli-stop-without-its-savepoint": Case(
        "dli.operators.DliBatchStopOperator", _STOP, dli({**UP, "savepoint_seconds": 600.0}),
        later=(("things", {"service": "dli", "id": "101", **DOWN}),),
    ),
    "dli-stop-with-its-savepoint": Case(
        "dli.operators.DliBatchStopOperator", _STOP, dli({**UP, "savepoint_seconds": 10.0, "cancel_seconds": 5.0})
    ),
    "enos-sensor-blind": Case(
        "enos.sensors.EnosPipelineSensor", {"pipeline_id": WIND(1), "mode": "reschedule", "max_poll_failures": 1},
        enos(RUNNING), orders=(blind("enos", "list_pipelines", skip=0),), later=(blind("enos", "list_pipelines", skip=0),),
    ),
}  # fmt: skip


def write(surroundings, case):
    """Let a first attempt leave what it leaves; give that."""
    usual = {"deferrable": False} if ".sensors." in case.task else {"deferrable": True, "defer_after": 0.0}
    task = {"class": f"{PACKAGE}.{case.task}", "arguments": {"task_id": "task", **usual, **case.arguments}}
    surroundings.begin(case.world)
    before = surroundings.emulator.state()
    surroundings.tell(*case.orders)
    ti, store = attempt(), DyingStore(case.dies) if case.stored else None
    act = surroundings.start(maker({"task": task}), ti, store)
    with suppress(Died, AirflowRescheduleException):
        part(lambda: seen(act, ti))
    surroundings.emulator.clear_faults()
    surroundings.wait(BETWEEN)
    return {
        "task": {**task, "arguments": {**task["arguments"], **case.then}},
        "store": plain(store),
        "now": surroundings.now,
        "world": grown(case.world, before, surroundings.emulator.state()),
        "later": plain(case.later),
    }


def play(surroundings, stored):
    """Let a second attempt of today find what is stored; give what comes of it."""
    surroundings.begin(stored["world"], stored["now"])
    surroundings.tell(*stored["later"])
    ti, store = attempt(2), None if stored["store"] is None else Store(plain(stored["store"]))
    make = maker(stored)
    ends = surroundings.to_the_end(make, surroundings.start(make, ti, store), ti, store)
    return {"ends": ends, "writes": surroundings.writes()}
