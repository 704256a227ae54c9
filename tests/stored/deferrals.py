"""Tasks that wait in the triggerer, each in a phase that it can be stored in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.stored.surroundings import attempt, grown, made, plain
from tests.stored.worlds import (
    BATCH,
    DOWN,
    ENDLESS,
    ONE_AT_A_TIME,
    PACKAGE,
    PAUSED,
    PROGRAM,
    QUERY,
    REVIEWED,
    RUN,
    RUNNING,
    SPARK,
    SQL,
    UP,
    blind,
    codearts,
    dli,
    enos,
    fault,
)  # fmt: skip
from tests.support.modes import Store
from tests.support.playing import BUILD, WIND


@dataclass(frozen=True)
class Case:
    """
    A task that waits.

    :param task: the path of its class, below the package
    :param world: what there is before it begins, as a seed
    :param orders: what goes wrong while it begins: orders to the emulator
    :param hop: which of its deferrals is stored
    :param later: what goes wrong once it waits: orders to the emulator
    """

    task: str
    arguments: dict[str, Any]
    world: dict[str, Any]
    orders: tuple[Any, ...] = ()
    hop: int = 0
    later: tuple[Any, ...] = ()


_WIND = {"pipeline_id": WIND(1)}
_START = {**_WIND, "execution_mode": 1, "kafka_rate": 2000, "resource_config": {"server": 2.0}}
_SLOW_START = {**PAUSED, "start_seconds": 60.0}
_ENOS = {
    # each verb once it has acted
    "enos-start": Case("enos.operators.EnosStartPipelineOperator", _START, enos(_SLOW_START)),
    "enos-start-cancelled-on-kill": Case(
        "enos.operators.EnosStartPipelineOperator", {**_START, "cancel_on_kill": True}, enos(_SLOW_START)
    ),
    "enos-pause": Case("enos.operators.EnosPausePipelineOperator", _WIND, enos({**RUNNING, "pause_seconds": 60.0})),
    "enos-stop": Case("enos.operators.EnosStopPipelineOperator", _WIND, enos({**RUNNING, "stop_seconds": 60.0})),
    "enos-reset-offset": Case(
        "enos.operators.EnosResetOffsetOperator", _WIND, enos({"status": "PAUSING", "pause_seconds": 60.0})
    ),
    "enos-release": Case(
        "enos.operators.EnosReleasePipelineOperator", _WIND, enos({"released": False, "design": {"desc": "new"}}),
        orders=(fault("enos", "list_pipelines", kind="stale", seconds=15.0),),
    ),
    # and before: something has to end first, the service has no time, or not enough resources
    "enos-start-holds": Case(
        "enos.operators.EnosStartPipelineOperator", _START,
        enos({"status": "STOPPING", "stop_seconds": 60.0, "start_seconds": 60.0}),
    ),
    "enos-start-busy": Case("enos.operators.EnosStartPipelineOperator", _START, enos(_SLOW_START, start_lock=45.0)),
    "enos-start-scarce": Case(
        "enos.operators.EnosStartPipelineOperator", {**_START, "resource_wait": 600},
        enos({**_SLOW_START, "refuses_start": 2}),
    ),
    "enos-start-at-last": Case(
        "enos.operators.EnosStartPipelineOperator", _START, enos(_SLOW_START, start_lock=8.0), hop=1
    ),
    # the answer is lost; the start comes to nothing; looks have failed before the deferral, or do so after it; the time
    # is up
    "enos-start-unclear": Case(
        "enos.operators.EnosStartPipelineOperator", _START, enos(_SLOW_START),
        orders=(fault("enos", "start_pipeline", kind="drop", executed=True),),
    ),
    "enos-start-falls-back": Case(
        "enos.operators.EnosStartPipelineOperator", _START, enos({**_SLOW_START, "fails_start": 1})
    ),
    "enos-pause-not-seen": Case(
        "enos.operators.EnosPausePipelineOperator", {**_WIND, "defer_after": 5}, enos({**RUNNING, "pause_seconds": 60.0}),
        orders=(blind("enos", "list_pipelines", times=2),),
    ),
    "enos-pause-never-seen": Case(
        "enos.operators.EnosPausePipelineOperator", {**_WIND, "max_poll_failures": 1}, enos({**RUNNING, "pause_seconds": 60.0}),
        later=(blind("enos", "list_pipelines", times=9, skip=0),),
    ),
    "enos-stop-too-slow": Case(
        "enos.operators.EnosStopPipelineOperator", {**_WIND, "timeout": 900}, enos({**RUNNING, "stop_seconds": 9000.0})
    ),
    "enos-sensor": Case(
        "enos.sensors.EnosPipelineSensor", {**_WIND, "target_status": "RUNNING"},
        enos({"status": "STARTING", "start_seconds": 60.0}),
    ),
    "enos-sensor-gone": Case(
        "enos.sensors.EnosPipelineSensor", {**_WIND, "target_status": "PAUSED"},
        enos({**RUNNING, "pending": [{"in": 45, "status": "RUNNING", "set": {"released": False}}]}),
    ),
    "enos-lag-sensor": Case(
        "enos.sensors.EnosLagSensor", {**_WIND, "max_lag": 5},
        enos({**RUNNING, "lag": 900, "pending": [{"in": 90, "status": "RUNNING", "set": {"lag": 3}}]}),
    ),
}  # fmt: skip

_BUILD = {"pipeline_id": BUILD(1)}
_OF_RUN = {**_BUILD, "pipeline_run_id": RUN(1)}
_FAILED = codearts(run_seconds=60.0, runs={RUN(1): {"status": "FAILED", "outcome": "COMPLETED"}})
_CODEARTS = {
    "codearts-run": Case(
        "codearts.operators.CodeArtsRunPipelineOperator", {**_BUILD, "description": "nightly", "variables": {"a": 1}},
        codearts(run_seconds=120.0),
    ),
    "codearts-run-queued": Case(
        "codearts.operators.CodeArtsRunPipelineOperator", _BUILD,
        codearts(
            concurrency_control=ONE_AT_A_TIME, run_seconds=60.0, runs={RUN(1): {**RUNNING, "run_seconds": 90.0}}
        ),
    ),
    "codearts-run-fails": Case(
        "codearts.operators.CodeArtsRunPipelineOperator", _BUILD, codearts(run_seconds=90.0, outcome="FAILED")
    ),
    "codearts-stop": Case(
        "codearts.operators.CodeArtsStopRunOperator", _OF_RUN, codearts(runs={RUN(1): {**ENDLESS, "stop_seconds": 60.0}})
    ),
    "codearts-stop-all": Case(
        "codearts.operators.CodeArtsStopRunOperator", _BUILD,
        codearts(
            runs={RUN(1): {**ENDLESS, "stop_seconds": 60.0}, RUN(2): {**ENDLESS, "stop_seconds": 0.0}},
            concurrency_control=ONE_AT_A_TIME, queue=[{"id": 7, "pipeline_run_id": RUN(3)}],
        ),
    ),
    "codearts-retry": Case("codearts.operators.CodeArtsRetryRunOperator", _OF_RUN, _FAILED),
    "codearts-retry-busy": Case(
        "codearts.operators.CodeArtsRetryRunOperator", _OF_RUN, _FAILED,
        orders=(fault("codearts", "retry_pipeline_run", kind="error_in_200", code="DEVPIPE.00011104", message="no"),),
    ),
    "codearts-review-holds": Case(
        "codearts.operators.CodeArtsReviewOperator", {**_OF_RUN, "decision": "pass"},
        codearts(stages=REVIEWED, runs={RUN(1): RUNNING}),
    ),
    "codearts-review": Case(
        "codearts.operators.CodeArtsReviewOperator", {**_OF_RUN, "decision": "pass", "comment": "good"},
        codearts(stages=REVIEWED, runs={RUN(1): PAUSED}), orders=(blind("codearts", "show_pipeline_run_detail"),),
    ),
    "codearts-enable": Case(
        "codearts.operators.CodeArtsEnablePipelineOperator", _BUILD, codearts(enabled=False),
        orders=(blind("codearts", "show_pipeline_detail"),),
    ),
    "codearts-disable": Case(
        "codearts.operators.CodeArtsDisablePipelineOperator", _BUILD, codearts(),
        orders=(blind("codearts", "show_pipeline_detail"),),
    ),
    "codearts-run-sensor": Case(
        "codearts.sensors.CodeArtsRunSensor", _OF_RUN, codearts(runs={RUN(1): {**RUNNING, "run_seconds": 90.0}})
    ),
}  # fmt: skip

_STOPPING = {"status": "job_canceling", "cancel_seconds": 60.0}
_STARTING = {"status": "job_submitting", "submit_seconds": 60.0}
_SLOW_RUN = {**DOWN, "submit_seconds": 60.0}
_MADE = {"job_id": 101, "savepoint_path": "obs://b/made/"}
_DLI = {
    "dli-run": Case("dli.operators.DliBatchRunOperator", {"job_ids": [101, 102, 103]}, dli(UP, _STOPPING, _SLOW_RUN)),
    "dli-run-fails": Case(
        "dli.operators.DliBatchRunOperator", {"job_ids": [101, 102, 103], "cancel_on_kill": True},
        dli({**_SLOW_RUN, "fails_start": 1}, _SLOW_RUN, {**DOWN, "refuses_start": 1}),
    ),
    "dli-stop": Case("dli.operators.DliBatchStopOperator", {"job_ids": [101, 102]}, dli({**UP, "cancel_seconds": 60.0}, DOWN)),
    "dli-stop-with-savepoint": Case(
        "dli.operators.DliBatchStopOperator", {"job_ids": [101], "trigger_savepoint": True},
        dli({**UP, "savepoint_seconds": 40.0, "cancel_seconds": 30.0}),
    ),
    "dli-delete": Case(
        "dli.operators.DliBatchDeleteOperator", {"job_ids": [101]}, dli(DOWN), orders=(blind("dli", "show_flink_job"),)
    ),
    "dli-savepoint": Case("dli.operators.DliTriggerSavepointOperator", _MADE, dli({**UP, "savepoint_seconds": 60.0})),
    "dli-savepoint-import": Case("dli.operators.DliImportSavepointOperator", _MADE, dli(_STOPPING)),
    "dli-update": Case("dli.operators.DliUpdateFlinkSqlJobOperator", {"job_id": 101, "desc": "new"}, dli(_STOPPING)),
    "dli-update-refused": Case(
        "dli.operators.DliUpdateFlinkJarJobOperator", {"job_id": 101, "desc": "new"},
        dli({**_STARTING, "job_type": "flink_jar_job"}),
    ),
    "dli-sensor": Case(
        "dli.sensors.DliJobSensor", {"job_ids": [101, 102], "target_status": "job_running"}, dli(UP, _STARTING)
    ),
    "dli-sql": Case(
        "dli.operators.DliSqlJobOperator", {"sql": "SELECT 1", "preview": True, "tags": {"team": "wind"}}, dli(**QUERY)
    ),
    "dli-sql-sensor": Case(
        "dli.sensors.DliSqlJobSensor", {"job_id": SQL},
        dli(sql_jobs={SQL: {**RUNNING, "statement": "SELECT 1", "run_seconds": 90.0}}),
    ),
    "dli-spark": Case("dli.operators.DliSparkBatchOperator", {**BATCH, "name": "nightly"}, dli(**PROGRAM)),
    "dli-spark-sensor": Case(
        "dli.sensors.DliSparkBatchSensor", {"batch_id": SPARK},
        dli(spark_batches={SPARK: {"status": "running", "run_seconds": 90.0, "request": {"file": "obs://b/pi.jar"}}}),
    ),
}  # fmt: skip

CASES = {**_ENOS, **_CODEARTS, **_DLI}


def write(surroundings, case):
    """Let a task defer; give all that is stored of it."""
    usual = {"poke_interval": 30.0, "timeout": 3600.0} if ".sensors." in case.task else {"defer_after": 0.0}
    arguments = {"task_id": "task", "deferrable": True, **usual, **case.arguments}
    stored = {"task": {"class": f"{PACKAGE}.{case.task}", "arguments": arguments}}
    surroundings.begin(case.world)
    before = surroundings.emulator.state()
    surroundings.tell(*case.orders)
    ti, store = attempt(), Store()
    deferred = surroundings.until_deferred(maker(stored), ti, store, case.hop)
    return {
        **stored,
        "deferred": deferred,
        "xcoms": ti.pushed,
        "store": plain(store),
        "now": surroundings.now,
        "world": grown(case.world, before, surroundings.emulator.state()),
        "later": plain(case.later),
    }


def play(surroundings, stored, event=None):
    """Run the stored trigger, unless its event is given, and let a task of today go on; give what comes of it."""
    surroundings.begin(stored["world"], stored["now"])
    surroundings.tell(*stored["later"])
    if event is None:
        event = surroundings.fire(stored["deferred"]["trigger"])
    else:
        surroundings.wait(stored["event_at"] - surroundings.now)
    found = {"event": event, "event_at": surroundings.now}
    ti, store, make = attempt(), Store(plain(stored["store"])), maker(stored)
    ends = surroundings.to_the_end(make, surroundings.resume(make, stored["deferred"], event, ti, store), ti, store)
    return {**found, "ends": ends, "writes": surroundings.writes()}


def maker(stored):
    """Give what makes the task, anew in each process that runs a part of it."""
    return lambda: made(stored["task"]["class"], **stored["task"]["arguments"])
