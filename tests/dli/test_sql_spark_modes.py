"""The same histories in every mode: same results, same XComs, same error, and exactly the writes that are due."""

import json
import re

import pytest

from airflow_provider_pipelines.dli.operators import DliSparkBatchOperator, DliSqlJobOperator
from airflow_provider_pipelines.dli.sensors import DliSparkBatchSensor, DliSqlJobSensor
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES, Store, TaskInstance

DONE, FAILED, CANCELLED, INSERTED, MADE, ENDLESS = (f"00000000-fa4e-4000-8000-{0x501 + n:012x}" for n in range(6))
SUCCEEDED, DIED, RUNNING = (f"00000000-fa4e-4000-8000-{0x5A1 + n:012x}" for n in range(3))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(-[0-9]{13})?|\b[0-9]{13}\b")


def sql(statement="SELECT * FROM turbines", **arguments):
    return lambda **mode: DliSqlJobOperator(task_id="task", sql=statement, **arguments, **mode)


def spark(file="obs://emulated-bucket/pi.jar", **arguments):
    return lambda **mode: DliSparkBatchOperator(task_id="task", file=file, class_name="x", **arguments, **mode)


def sense_sql(id, **arguments):
    return lambda **mode: DliSqlJobSensor(task_id="task", job_id=id, **arguments, **mode)


def sense_spark(id, **arguments):
    return lambda **mode: DliSparkBatchSensor(task_id="task", batch_id=id, **arguments, **mode)


def nothing(emulator, clock):
    pass


def settings(**values):
    return lambda emulator, clock: emulator.settings(**values)


def faulted(operation, times=1, skip=0, **fault):
    return lambda emulator, clock: emulator.fault(operation, service="dli", times=times, skip=skip, **fault)


def both(*steps):
    def prepare(emulator, clock):
        for step in steps:
            step(emulator, clock)

    return prepare


def newest(emulator):
    """Give the thing that was made last, of either kind."""
    (project,) = emulator.server.world.dli_projects.values()
    made = [thing for things in (project.sql_jobs, project.spark_batches) for thing in things.values()]
    return next((thing for thing in reversed(made) if not thing.id.startswith("00000000-fa4e")), None)


def later(seconds, status, id=None):
    """Let somebody change what was made (or another thing) while the task waits."""

    def prepare(emulator, clock):
        begun = clock.time()

        def change(_):
            thing = newest(emulator)
            if clock.time() - begun >= seconds and (id or thing):
                clock.on_wait = None
                emulator.thing("dli", id or thing.id, status)

        clock.on_wait = change

    return prepare


BUSY = {"kind": "reply", "status": 503, "body": "busy"}
SUBMIT, CREATE = "submit_sql_job", "create_spark_batch"
ODD = {"kind": "reply", "status": 200, "body": {"is_success": "perhaps"}}
SLOW = settings(dli_sql_run_seconds=900, dli_spark_run_seconds=900)

# name, task, what happens, the result or the error, text in the message, the writes
HISTORIES = [
    ("sql", sql(), nothing, "done", "is FINISHED", [SUBMIT]),
    ("sql, slowly", sql(), SLOW, "done", "is FINISHED", [SUBMIT]),
    ("sql, FINISH", sql(), settings(dli_sql_finished="FINISH"), "done", "is FINISH.", [SUBMIT]),
    ("sql, SCALING", sql(timeout=300), both(SLOW, later(10, "SCALING"), ), "WatchTimeout", "last seen SCALING", [SUBMIT, "cancel_sql_job"]),
    ("sql that fails", sql("SELECT * FROM no_such_table"), nothing, "WatchFailed", "Table or view not found", [SUBMIT]),
    (
        "sql that fails with JSON",
        sql("SELECT * FROM no_such_table"),
        settings(dli_sql_failed_message="json"),
        "WatchFailed",
        r"\(DLI.0999: DLI.0005: AnalysisException",
        [SUBMIT],
    ),
    ("sql cancelled by somebody", sql(), both(SLOW, later(60, "CANCELLED")), "WatchFailed", "Somebody cancelled it", [SUBMIT]),
    ("sql that is wrong", sql("SELEKT 1"), nothing, "AirflowFailException", "DLI.0004", [SUBMIT]),
    ("ddl at once", sql("CREATE TABLE a (b int)"), nothing, "done", "is FINISHED", [SUBMIT]),
    ("ddl as a job", sql("CREATE TABLE a (b int)"), settings(dli_sql_async_ddl="true"), "done", "is FINISHED", [SUBMIT]),
    ("ddl that fails at once", sql("DROP TABLE no_such_table"), nothing, "AirflowFailException", "no_such_table", [SUBMIT]),
    (
        "ddl that fails at once, in a 200",
        sql("DROP TABLE no_such_table"),
        settings(dli_sql_sync_failure="false"),
        "AirflowFailException",
        "no_such_table",
        [SUBMIT],
    ),
    (
        "ddl without an id",
        sql("USE a"),
        faulted(SUBMIT, kind="reply", status=200, body={"is_success": True, "job_mode": "sync", "job_id": ""}),
        "done",
        "carried out at once",
        [SUBMIT],
    ),
    ("sql with its rows", sql(preview=True), nothing, "done", "is FINISHED", [SUBMIT]),
    ("no query, its rows", sql("INSERT INTO a SELECT 1", preview=True), nothing, "done", "is FINISHED", [SUBMIT]),
    (
        "rows that have expired",
        sql(preview=True),
        settings(dli_sql_result_seconds=0),
        "AirflowFailException",
        "DLI.0100",
        [SUBMIT],
    ),
    ("sql not waited for", sql(wait_for_completion=False), nothing, "requested", "was accepted", [SUBMIT]),
    ("sql, answer lost", sql(), faulted(SUBMIT, kind="drop", executed=True), "done", "is FINISHED", [SUBMIT]),
    ("sql, answer lost, not done", sql(), faulted(SUBMIT, kind="drop", executed=False), "WatchFailed", "not clear whether", [SUBMIT]),
    ("sql, 503 after it", sql(), faulted(SUBMIT, **BUSY), "WatchFailed", "No second request was sent", [SUBMIT]),
    ("sql, odd answer", sql(), faulted(SUBMIT, **ODD), "WatchFailed", "is_success is missing", [SUBMIT]),
    ("sql, cut answer", sql(), faulted(SUBMIT, kind="truncate", bytes=9), "done", "is FINISHED", [SUBMIT]),
    (
        "sql, too many requests",
        sql(),
        faulted(SUBMIT, kind="reply", status=429, headers={"Retry-After": "3"}, body="{}"),
        "done",
        "is FINISHED",
        [SUBMIT, SUBMIT],
    ),
    (
        "sql, failed looks",
        sql(),
        faulted("show_sql_job_status", times=5, **BUSY),
        "done",
        "is FINISHED",
        [SUBMIT],
    ),
    ("sql, too many failed looks", sql(max_poll_failures=3), faulted("show_sql_job_status", times=9, **BUSY), "ServerError", "HTTP 503", [SUBMIT]),
    (
        "sql, time is up",
        sql("SELECT count(*) FROM endless", timeout=120),
        nothing,
        "WatchTimeout",
        "last seen RUNNING",
        [SUBMIT, "cancel_sql_job"],
    ),
    (
        "sql, time is up, and it is left alone",
        sql("SELECT count(*) FROM endless", timeout=120, cancel_on_kill=False),
        nothing,
        "WatchTimeout",
        "last seen RUNNING",
        [SUBMIT],
    ),
    (
        "sql that vanishes",
        sql(),
        both(SLOW, settings(dli_sql_cancelled="gone"), later(60, "CANCELLED")),
        "WatchFailed",
        "is gone, last seen RUNNING",
        [SUBMIT],
    ),
    ("spark", spark(), nothing, "done", "is success", [CREATE]),
    ("spark, slowly", spark(), SLOW, "done", "is success", [CREATE]),
    ("spark, capital letters", spark(), settings(dli_spark_state="capital"), "done", "is success", [CREATE]),
    ("spark that recovers", spark("obs://emulated-bucket/recovers.jar"), nothing, "done", "is success", [CREATE]),
    ("spark that fails", spark("obs://emulated-bucket/fails.jar"), nothing, "WatchFailed", "last lines of its log: .* the batch is dead", [CREATE]),
    ("spark cancelled by somebody", spark(), both(SLOW, later(60, "dead")), "WatchFailed", "failed or was cancelled", [CREATE]),
    ("spark with a wrong body", spark(name="x"), faulted(CREATE, kind="reply", status=400, body={"error_code": "DLI.0002", "error_msg": "There is no queue named testqueue"}), "AirflowFailException", "no queue named", [CREATE]),
    ("spark not waited for", spark(wait_for_completion=False), nothing, "requested", "was accepted", [CREATE]),
    ("spark, answer lost", spark(name="nightly"), faulted(CREATE, kind="drop", executed=True), "done", "is success", [CREATE]),
    ("spark, answer lost, not done", spark(), faulted(CREATE, kind="drop", executed=False), "WatchFailed", "not clear whether", [CREATE]),
    ("spark, 503 after it", spark(), faulted(CREATE, **BUSY), "WatchFailed", "No second request was sent", [CREATE]),
    ("spark, odd answer", spark(), faulted(CREATE, kind="reply", status=200, body={"state": "starting"}), "WatchFailed", "cannot be read", [CREATE]),
    ("spark, cut answer", spark(), faulted(CREATE, kind="truncate", bytes=9), "done", "is success", [CREATE]),
    ("spark, failed looks", spark(), faulted("show_spark_batch", times=5, **BUSY), "done", "is success", [CREATE]),
    ("spark, too many failed looks", spark(max_poll_failures=3), faulted("show_spark_batch", times=9, **BUSY), "ServerError", "HTTP 503", [CREATE]),
    ("spark, an unknown word", spark(), both(SLOW, later(60, "recovering")), "done", "is success", [CREATE]),
    ("spark, time is up", spark(timeout=120), SLOW, "WatchTimeout", "last seen running", [CREATE, "cancel_spark_batch"]),
    ("spark, refused cancel", spark(timeout=120), both(SLOW, faulted("cancel_spark_batch", **BUSY)), "WatchTimeout", "last seen running", [CREATE, "cancel_spark_batch"]),
    ("spark, time is up, and it is left alone", spark(timeout=120, cancel_on_kill=False), SLOW, "WatchTimeout", "last seen running", [CREATE]),
]  # fmt: skip


def told(seen):
    """Give what a task says, without ids and times, which are new in each run."""
    return json.loads(UUID.sub("<id>", json.dumps(seen)))


@pytest.mark.parametrize(
    ("name", "make", "prepare", "expected", "said", "writes"), HISTORIES, ids=[case[0] for case in HISTORIES]
)
def test_a_history_ends_alike_in_every_mode(emulator, name, make, prepare, expected, said, writes):
    from tests.conftest import SteppedClock

    ends = {}
    for mode, run in OPERATOR_MODES.items():
        emulator.reset()
        clock = SteppedClock(emulator)
        prepare(emulator, clock)
        ends[mode] = told(run(make, clock, TaskInstance(), Store()))
        assert [operation for operation, _ in emulator.writes()] == writes, mode
    seen = ends["plain"]
    assert ends["deferred"] == seen
    if seen["error"]:
        assert seen["error"][0] == expected
        assert re.search(said, seen["error"][1])
    else:
        assert seen["result"]["result"] == expected
        assert re.search(said, seen["result"]["message"])


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_rows_of_a_query_are_in_the_outcome(emulator, clock, mode):
    emulator.settings(dli_sql_rows=1200)
    result = OPERATOR_MODES[mode](sql(preview=True), clock)["result"]
    assert result["schema"] == [{"c1": "int"}, {"c2": "string"}]
    assert (len(result["rows"]), result["rows"][0]) == (1000, [1, "row 1"])
    assert (result["id"], result["job_type"], result["after"]) == (result["job_id"], "QUERY", "FINISHED")


SENSED = [
    ("sql", sense_sql(ENDLESS), later(60, "FINISHED", ENDLESS), "done", "is FINISHED"),
    ("sql at once", sense_sql(DONE), nothing, "done", "is FINISHED"),
    ("sql, FINISH", sense_sql(DONE), settings(dli_sql_finished="FINISH"), "done", "is FINISH."),
    ("sql failed", sense_sql(FAILED), nothing, "WatchFailed", "Table or view not found"),
    ("sql failed later", sense_sql(ENDLESS), later(60, "FAILED", ENDLESS), "WatchFailed", "does not get to FINISHED"),
    ("sql cancelled", sense_sql(CANCELLED), nothing, "WatchFailed", "is CANCELLED"),
    ("sql cancelled and gone", sense_sql(CANCELLED), settings(dli_sql_cancelled="gone"), "NotFound", "DLI.0002"),
    ("sql, waited to fail", sense_sql(ENDLESS, target_status="FAILED"), later(60, "FAILED", ENDLESS), "done", "is FAILED"),
    ("sql, passed by", sense_sql(DONE, target_status="RUNNING"), nothing, "WatchFailed", "is FINISHED"),
    ("sql unknown", sense_sql("00000000-0000-0000-0000-00000000dead"), nothing, "NotFound", "DLI.0002"),
    ("sql, too late", sense_sql(ENDLESS, timeout=300), nothing, "AirflowSensorTimeout", ""),
    ("spark", sense_spark(RUNNING), later(60, "success", RUNNING), "done", "is success"),
    ("spark at once", sense_spark(SUCCEEDED), nothing, "done", "is success"),
    ("spark, capital", sense_spark(SUCCEEDED), settings(dli_spark_state="capital"), "done", "is success"),
    ("spark dead", sense_spark(DIED), nothing, "WatchFailed", "out of memory"),
    ("spark dead later", sense_spark(RUNNING), later(60, "dead", RUNNING), "WatchFailed", "is dead"),
    ("spark, waited to die", sense_spark(DIED, target_status="dead"), nothing, "done", "is dead"),
    ("spark unknown", sense_spark("00000000-0000-0000-0000-00000000dead"), nothing, "NotFound", "DLI.0002"),
    ("spark, too late", sense_spark(RUNNING, timeout=300), nothing, "AirflowSensorTimeout", ""),
    ("spark, failed looks", sense_spark(RUNNING), both(faulted("show_spark_batch", times=3, **BUSY), later(90, "success", RUNNING)), "done", "is success"),
    ("spark, too many failed looks", sense_spark(RUNNING, max_poll_failures=2), faulted("show_spark_batch", times=9, **BUSY), "ServerError", "HTTP 503"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "prepare", "expected", "said"), SENSED, ids=[case[0] for case in SENSED])
def test_a_sensor_judges_alike_in_every_mode(emulator, name, make, prepare, expected, said):
    from tests.conftest import SteppedClock

    ends = {}
    for mode, run in SENSOR_MODES.items():
        emulator.reset()
        clock = SteppedClock(emulator)
        prepare(emulator, clock)
        ends[mode] = told(run(make, clock))
        assert emulator.writes() == []
    for seen in ends.values():
        if seen["error"]:
            assert seen["error"][0] == expected
            assert re.search(said, seen["error"][1])
        else:
            assert seen["result"]["result"] == expected
            assert re.search(said, seen["result"]["message"])
    assert len({json.dumps(seen["result"]) for seen in ends.values()}) == 1
    # Airflow's own loops have a text of their own for a time-out
    part = 0 if expected == "AirflowSensorTimeout" else slice(None)
    assert len({str(seen["error"] and seen["error"][part]) for seen in ends.values()}) == 1
