"""What a gateway or a proxy says in the service's place is no word about a job: nothing is concluded, nothing is done."""

import pytest

from airflow_provider_pipelines.dli.operators import DliBatchDeleteOperator, DliBatchStopOperator, DliSqlJobOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES, Store, TaskInstance
from tests.support.odd404 import ODD

RUNNING, SECOND = 128, 137
EVERY_ODD = pytest.mark.parametrize("odd", ODD)


def unknown(emulator, odd, operation="*", times=999, skip=0):
    emulator.fault(operation, service="dli", kind="reply", status=404, body=ODD[odd], times=times, skip=skip)


@EVERY_ODD
@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_delete_is_not_done_since_nobody_knows_the_place(emulator, clock, odd, mode):
    unknown(emulator, odd)
    seen = OPERATOR_MODES[mode](lambda **given: DliBatchDeleteOperator(task_id="t", job_ids=[RUNNING], **given), clock)
    assert seen["error"][0] == "PlaceNotFound"
    assert emulator.writes() == []


@EVERY_ODD
def test_a_delete_whose_answer_and_looks_were_lost_on_the_way_is_not_done(emulator, clock, odd):
    # seen once, then nobody knows the place any more
    unknown(emulator, odd, skip=1)
    make = OPERATOR_MODES["plain"]
    seen = make(lambda **given: DliBatchDeleteOperator(task_id="t", job_ids=[RUNNING], **given), clock)
    assert seen["error"] is not None
    assert seen["result"] is None


@EVERY_ODD
@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_wait_bears_it_and_ends_with_what_the_service_says(emulator, clock, odd, mode):
    unknown(emulator, odd, "show_flink_job", times=4, skip=1)
    seen = OPERATOR_MODES[mode](lambda **given: DliBatchStopOperator(task_id="t", job_ids=[RUNNING], **given), clock)
    (outcome,) = seen["result"]
    assert (outcome["result"], outcome["after"]) == ("done", "job_cancel_success")


@EVERY_ODD
@pytest.mark.parametrize("mode", SENSOR_MODES)
def test_a_sensor_bears_it_as_long_as_it_bears_an_outage(emulator, clock, odd, mode):
    def sensor(**given):
        return DliJobSensor(task_id="t", job_ids=[RUNNING], target_status="job_running", poke_interval=30, **given)

    unknown(emulator, odd, "show_flink_job", times=5)
    assert SENSOR_MODES[mode](sensor, clock)["error"] is None
    emulator.reset()
    unknown(emulator, odd, "show_flink_job")
    assert SENSOR_MODES[mode](sensor, clock)["error"][0] == "PlaceNotFound"


@EVERY_ODD
def test_one_of_two_that_cannot_be_seen_keeps_the_other_from_nothing(emulator, clock, odd):
    emulator.fault("show_flink_job", service="dli", kind="reply", status=404, body=ODD[odd], times=999, id=str(RUNNING))
    make = OPERATOR_MODES["plain"]
    seen = make(lambda **given: DliBatchStopOperator(task_id="t", job_ids=[RUNNING, SECOND], **given), clock)
    one, other = seen["pushed"]["outcomes"]
    assert (one["id"], one["result"]) == (RUNNING, "failed")
    assert (other["id"], other["result"], other["after"]) == (SECOND, "done", "job_cancel_success")


@EVERY_ODD
def test_a_second_attempt_starts_no_second_job(emulator, clock, odd):
    store = Store()
    ask = OPERATOR_MODES["plain"]

    def make(**given):
        return DliSqlJobOperator(task_id="t", sql="select 1", timeout=40, cancel_on_kill=False, **given)

    unknown(emulator, odd, "show_sql_job_status")
    first = ask(make, clock, TaskInstance(1), store)
    assert first["error"] is not None
    second = ask(make, clock, TaskInstance(2), store)
    assert second["error"] is not None
    assert [operation for operation, _ in emulator.writes()] == ["submit_sql_job"]
