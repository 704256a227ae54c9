"""What a gateway or a proxy says in the service's place is no word about a thing: nothing is concluded, nothing is done."""

from dataclasses import dataclass
from typing import Any

import pytest

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from airflow_provider_pipelines.dli.operators import (
    DliBatchDeleteOperator,
    DliBatchStopOperator,
    DliSparkBatchOperator,
    DliSqlJobOperator,
)
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.operators import EnosStopPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor
from tests.codearts import conftest as codearts
from tests.enos import conftest as enos
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES, Store, TaskInstance
from tests.support.odd404 import ODD

JOB, SECOND = 128, 137
CODEARTS_LOOKS = ("show_pipeline_run_detail", "list_pipeline_runs", "list_pipeline_queue")
EVERY_ODD = pytest.mark.parametrize("odd", ODD)
IN_EVERY_MODE = pytest.mark.parametrize("mode", OPERATOR_MODES)


@dataclass(frozen=True)
class Ended:
    """
    A thing that runs and is to end.

    :param looks: the operations that show it
    :param end: the operator that ends it
    :param running: the sensor that waits until it runs, which it does
    """

    service: str
    looks: tuple[str, ...]
    end: Any
    running: Any
    after: str


_RUN = {"pipeline_id": codearts.ENDLESS, "pipeline_run_id": codearts.run_of("soak-test")}
ENDED = {
    "enos": Ended(
        "enos", ("list_pipelines",),
        lambda **given: EnosStopPipelineOperator(task_id="t", pipeline_id=enos.RUNNING, **given),
        lambda **given: EnosPipelineSensor(task_id="t", pipeline_id=enos.RUNNING, target_status="RUNNING", **given),
        "STOPPED",
    ),
    "codearts": Ended(
        "codearts", CODEARTS_LOOKS,
        lambda **given: CodeArtsStopRunOperator(task_id="t", **_RUN, **given),
        lambda **given: CodeArtsRunSensor(task_id="t", **_RUN, target_status="RUNNING", **given),
        "CANCELED",
    ),
    "dli": Ended(
        "dli", ("show_flink_job",),
        lambda **given: DliBatchStopOperator(task_id="t", job_ids=[JOB], **given),
        lambda **given: DliJobSensor(task_id="t", job_ids=[JOB], target_status="job_running", **given),
        "job_cancel_success",
    ),
}  # fmt: skip
OF_EVERY_SERVICE = pytest.mark.parametrize("service", ENDED)


def unknown(emulator, service, odd, *operations, times=999, skip=0, **about):
    for operation in operations:
        emulator.fault(
            operation, service=service, kind="reply", status=404, body=ODD[odd], times=times, skip=skip, **about
        )


@EVERY_ODD
@IN_EVERY_MODE
@OF_EVERY_SERVICE
def test_what_nobody_can_see_is_not_ended_yet(emulator, clock, service, odd, mode):
    case = ENDED[service]
    unknown(emulator, service, odd, *case.looks)
    seen = OPERATOR_MODES[mode](case.end, clock)
    assert seen["error"][0] == "PlaceNotFound"
    assert emulator.writes() == []


@EVERY_ODD
@IN_EVERY_MODE
@OF_EVERY_SERVICE
def test_a_wait_bears_it_and_ends_with_what_the_service_says(emulator, clock, service, odd, mode):
    case = ENDED[service]
    unknown(emulator, service, odd, *case.looks, times=4, skip=1)
    result = OPERATOR_MODES[mode](case.end, clock)["result"]
    (outcome,) = result if isinstance(result, list) else [result]
    assert (outcome["result"], outcome["after"]) == ("done", case.after)


@EVERY_ODD
@OF_EVERY_SERVICE
def test_an_end_whose_looks_all_fail_is_not_seen(emulator, clock, service, odd):
    case = ENDED[service]
    unknown(emulator, service, odd, *case.looks, skip=1)
    seen = OPERATOR_MODES["plain"](case.end, clock)
    assert seen["result"] is None
    assert seen["error"] is not None


@EVERY_ODD
@pytest.mark.parametrize("mode", SENSOR_MODES)
@OF_EVERY_SERVICE
def test_a_sensor_bears_it_as_long_as_it_bears_an_outage(emulator, clock, service, odd, mode):
    case = ENDED[service]

    def sensor(**given):
        return case.running(poke_interval=30, **given)

    unknown(emulator, service, odd, *case.looks, times=5)
    assert SENSOR_MODES[mode](sensor, clock)["error"] is None
    emulator.reset()
    unknown(emulator, service, odd, *case.looks)
    assert SENSOR_MODES[mode](sensor, clock)["error"][0] == "PlaceNotFound"


@EVERY_ODD
def test_one_of_two_that_cannot_be_seen_keeps_the_other_from_nothing(emulator, clock, odd):
    unknown(emulator, "dli", odd, "show_flink_job", id=str(JOB))
    make = OPERATOR_MODES["plain"]
    seen = make(lambda **given: DliBatchStopOperator(task_id="t", job_ids=[JOB, SECOND], **given), clock)
    one, other = seen["pushed"]["outcomes"]
    assert (one["id"], one["result"]) == (JOB, "failed")
    assert (other["id"], other["result"], other["after"]) == (SECOND, "done", "job_cancel_success")


def delete(**given):
    return DliBatchDeleteOperator(task_id="t", job_ids=[JOB], **given)


@EVERY_ODD
@IN_EVERY_MODE
def test_a_delete_is_not_done_since_nobody_knows_the_place(emulator, clock, odd, mode):
    unknown(emulator, "dli", odd, "*")
    assert OPERATOR_MODES[mode](delete, clock)["error"][0] == "PlaceNotFound"
    assert emulator.writes() == []


@EVERY_ODD
def test_a_delete_whose_answer_and_looks_were_lost_on_the_way_is_not_done(emulator, clock, odd):
    # seen once, then nobody knows the place any more
    unknown(emulator, "dli", odd, "*", skip=1)
    seen = OPERATOR_MODES["plain"](delete, clock)
    assert seen["error"] is not None
    assert seen["result"] is None


@EVERY_ODD
@IN_EVERY_MODE
def test_a_delete_that_somebody_else_answered_is_none(emulator, clock, odd, mode):
    unknown(emulator, "dli", odd, "batch_delete_flink_jobs")
    assert OPERATOR_MODES[mode](delete, clock)["error"][0] == "PlaceNotFound"
    assert any(str(JOB) in project["jobs"] for project in emulator.state()["dli"]["projects"].values())


#: service, the operation that starts it, those that show it, and the operator
STARTED = {
    "codearts": (
        "codearts", "run_pipeline", CODEARTS_LOOKS,
        lambda **given: CodeArtsRunPipelineOperator(task_id="t", pipeline_id=codearts.BUILD, **given),
    ),
    "sql": ("dli", "submit_sql_job", ("show_sql_job_status", "list_sql_jobs"),
            lambda **given: DliSqlJobOperator(task_id="t", sql="select 1", **given)),
    "spark": ("dli", "create_spark_batch", ("show_spark_batch_state", "show_spark_batch", "list_spark_batches"),
              lambda **given: DliSparkBatchOperator(task_id="t", file="obs://b/a.jar", class_name="A", **given)),
}  # fmt: skip


@EVERY_ODD
@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("kind", STARTED)
def test_a_second_attempt_starts_no_second(emulator, clock, kind, odd, stored):
    service, start, looks, operator = STARTED[kind]
    store = Store() if stored else None

    def make(**given):
        return operator(timeout=40, cancel_on_kill=False, **given)

    unknown(emulator, service, odd, *looks)
    for number in (1, 2):
        attempt = OPERATOR_MODES["plain"](make, clock, TaskInstance(number), store)
        assert attempt["error"] is not None
    assert [operation for operation, _ in emulator.writes()] == [start]
