"""A sensor whose time is up says in which state it saw things last, in every mode alike."""

import pytest

from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor
from tests.enos.conftest import SECOND
from tests.support.modes import SENSOR_MODES

MODES = pytest.mark.parametrize("mode", SENSOR_MODES)


def enos(**more):
    return EnosPipelineSensor(task_id="t", pipeline_id=SECOND, poke_interval=20, timeout=100, **more)


def dli(**more):
    return DliJobSensor(task_id="t", job_ids=[150, 142], poke_interval=20, timeout=100, **more)


@MODES
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (enos, f"RUNNING was not reached within 100 s: {SECOND} is STOPPED."),
        (dli, "job_running was not reached within 100 s: 150 is job_idle, 142 is job_init."),
    ],
)
def test_a_time_out_names_what_was_seen_last_in_every_mode(emulator, clock, mode, make, said):
    emulator.thing("enos", SECOND, "STOPPED")
    ended = SENSOR_MODES[mode](make, clock)
    assert ended["error"] == ("AirflowSensorTimeout", said)


@MODES
@pytest.mark.parametrize("how", ["soft_fail", "never_fail"])
def test_so_does_a_skip(emulator, clock, mode, how):
    ended = SENSOR_MODES[mode](lambda **more: dli(**{how: True}, **more), clock)
    kind, said = ended["error"]
    assert kind == "AirflowSkipException"
    assert said == (
        f"Skipping due to {how}: job_running was not reached within 100 s: 150 is job_idle, 142 is job_init."
    )


@pytest.mark.parametrize("mode", ["poke", "deferred"])
@pytest.mark.parametrize("more", [{}, {"soft_fail": True}])
def test_what_was_seen_before_an_outage_is_named_with_the_outage(emulator, clock, mode, more):
    seen = [0]

    def out(_):
        seen[0] += 1
        if seen[0] == 1:
            emulator.fault("show_flink_job", service="dli", times=999, kind="reply", status=503, body={})

    clock.on_wait = out
    ended = SENSOR_MODES[mode](lambda **mode: dli(max_poll_failures=99, **more, **mode), clock)
    kind, said = ended["error"]
    assert kind == "AirflowSensorTimeout"  # an outage is never skipped over
    assert "150 is job_idle, 142 is job_init. The last look failed: " in said
    assert "HTTP 503" in said


def test_a_reschedule_whose_last_look_failed_does_not_say_that_it_never_saw_anything(emulator, clock):
    clock.on_wait = lambda _: emulator.fault(
        "show_flink_job", service="dli", times=999, kind="reply", status=503, body={}
    )
    ended = SENSOR_MODES["reschedule"](lambda **mode: dli(max_poll_failures=99, **mode), clock)
    assert "not seen any more. The last look failed: " in ended["error"][1]
