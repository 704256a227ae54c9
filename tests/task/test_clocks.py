"""Clocks that are off, or are set while a task waits: who counts, by which clock, and until when."""

import asyncio
import json
import time
from itertools import product

import pytest

from airflow_provider_pipelines.compat import AirflowSensorTimeout
from airflow_provider_pipelines.core.clock import TOLERANCE, Clock
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.operators import EnosStartPipelineOperator
from airflow_provider_pipelines.errors import WatchTimeout
from airflow_provider_pipelines.trigger import FIRST_LOOK
from tests.support.airflow import TaskDeferred
from tests.support.modes import context_of, on

TIMEOUT = 300.0
HOUR = 3600.0


class HostClock(Clock):
    """
    The clock of a host that is off, and is set by somebody while we look on; its seconds are everybody's.

    :param true: the clock whose hands tests turn
    :param ahead: seconds
    :param set_at: seconds from now after which somebody sets it
    :param set_by: seconds by which it is set ahead
    """

    def __init__(self, true, ahead=0.0, set_at=0.0, set_by=0.0):
        self.true, self.ahead, self.set_at, self.set_by = true, ahead, true.now + set_at, set_by

    def time(self):
        return self.true.now + self.ahead + (self.set_by if self.true.now >= self.set_at else 0.0)

    def monotonic(self):
        return self.true.now - 1_600_000_000  # since this host was started

    def sleep(self, seconds):
        # hands are turned by a millisecond at the least, as time goes on in any sleep
        self.true.sleep(max(seconds, 0.001))

    async def pause(self, seconds):
        self.sleep(seconds)


def fire(deferral, clock):
    """Run a trigger on a host, rebuilt from its row."""
    path, arguments = deferral.trigger.serialize()
    assert path.endswith(".WatchTrigger")
    trigger = type(deferral.trigger)(**json.loads(json.dumps(arguments)))
    trigger.clock = clock
    begun = clock.monotonic()

    async def events():
        return [event.payload async for event in trigger.run()]

    (event,) = asyncio.run(events())
    assert clock.monotonic() - begun >= FIRST_LOOK
    return json.loads(json.dumps(event))


def run(make, worker, triggerer, after=None):
    """Run a task to its end, its parts on two hosts; give what it gives, and how often it was deferred."""
    act, hops = (lambda: on(make(), worker).execute(context_of())), 0
    while True:
        try:
            return act(), hops
        except TaskDeferred as deferral:
            hops += 1
            assert hops < 10, "the task defers for ever"
            event = fire(deferral, triggerer)
            kwargs = json.loads(json.dumps(deferral.kwargs or {}))
            act = lambda event=event, kwargs=kwargs: on(make(), after or worker).execute_complete(  # noqa: E731
                context_of(), event=event, **kwargs
            )
        except (WatchTimeout, AirflowSensorTimeout) as late:
            return late, hops


def operator():
    return DliBatchRunOperator(
        task_id="t", job_ids=[150], deferrable=True, timeout=TIMEOUT, poll_interval=20, defer_after=5
    )


def sensor():
    return DliJobSensor(task_id="t", job_ids=[150], deferrable=True, timeout=TIMEOUT, poke_interval=20)


KINDS = pytest.mark.parametrize("make", [operator, sensor])


#: by how many seconds hosts are off
OFF = [(0, 0), (-420, 0), (0, -420), (420, 0), (0, 420), (-450, 450), (450, -450)]
#: when a clock is set, by how much
SET = [(0, 0.0), (60, HOUR), (60, -HOUR)]


@KINDS
@pytest.mark.parametrize(("worker", "triggerer"), OFF)
@pytest.mark.parametrize(("set_worker", "set_triggerer"), [(a, b) for a, b in product(SET, SET) if not (a[0] and b[0])])
def test_a_time_out_comes_at_its_time_whatever_the_clocks_say(
    emulator, clock, make, worker, triggerer, set_worker, set_triggerer
):
    emulator.thing("dli", "150", "job_idle")
    hosts = HostClock(clock, worker, *set_worker), HostClock(clock, triggerer, *set_triggerer)
    begun = clock.now
    late, hops = run(make, *hosts)
    assert isinstance(late, (WatchTimeout, AirflowSensorTimeout))
    assert "job_idle" in str(late)
    assert TIMEOUT - 1 <= clock.now - begun <= TIMEOUT + 25
    assert hops == 1


@KINDS
@pytest.mark.parametrize(("worker", "triggerer"), OFF)
@pytest.mark.parametrize("set_triggerer", SET)
def test_what_comes_in_time_is_seen_soon_whatever_the_clocks_say(
    emulator, clock, make, worker, triggerer, set_triggerer
):
    emulator.thing("dli", "150", "job_idle")
    ready = clock.now + 150

    def come(seconds):
        if clock.now + seconds >= ready:
            emulator.thing("dli", "150", "job_running")

    clock.on_wait = come
    (outcome,), hops = run(make, HostClock(clock, worker), HostClock(clock, triggerer, *set_triggerer))
    assert outcome["after"] == "job_running"
    assert clock.now <= ready + 25
    assert hops == 1


@pytest.mark.parametrize("after", [-450, 0, 450])
def test_a_task_that_goes_on_elsewhere_goes_by_the_time_that_it_was_told(emulator, clock, after):
    """Another start is under way: the task is woken to try again, on a host whose clock is off."""
    emulator.fault("start_pipeline", times=99, kind="error_in_200", code="61121", message="another start")
    stopped = "00000000-fa4e-4000-8000-000000000003"
    emulator.thing("enos", stopped, "STOPPED")

    def make():
        return EnosStartPipelineOperator(
            task_id="t", pipeline_id=stopped, execution_mode=1, deferrable=True, timeout=120, defer_after=5
        )

    begun = clock.now
    late, hops = run(make, HostClock(clock), HostClock(clock, -after), after=HostClock(clock, after))
    assert isinstance(late, WatchTimeout)
    assert 119 <= clock.now - begun <= 145
    assert 2 <= hops <= 8


@KINDS
@pytest.mark.parametrize("off", [-450, 0, 450])
@pytest.mark.parametrize("away", [20, 600, 7200])
def test_a_triggerer_that_was_away_does_not_begin_the_whole_span_anew(emulator, clock, make, off, away):
    emulator.thing("dli", "150", "job_idle")
    begun = clock.now
    try:
        on(make(), HostClock(clock)).execute(context_of())
    except TaskDeferred as deferral:
        clock.sleep(away)
        event = fire(deferral, HostClock(clock, off))
    assert event["ended"] == "deadline"
    # never early; late by what two clocks may differ at most, counted from when it is back
    assert clock.now - begun >= TIMEOUT - 1
    assert clock.now - begun <= max(TIMEOUT + TOLERANCE + 450, away + 20) + 25


def test_a_trigger_whose_time_is_over_when_it_begins_looks_once_and_takes_its_ten_seconds(emulator, clock):
    emulator.thing("dli", "150", "job_idle")
    try:
        on(operator(), HostClock(clock)).execute(context_of())
    except TaskDeferred as deferral:
        clock.sleep(2 * HOUR)
        emulator.thing("dli", "150", "job_running")
        begun = clock.now
        event = fire(deferral, HostClock(clock))
    assert event["ended"] == "settled"
    assert clock.now - begun == pytest.approx(FIRST_LOOK)


def test_a_steady_clock_takes_no_notice_when_the_machine_s_is_set():
    class Hands:
        now = 1000.0

    host = HostClock(Hands, 0.0, 50, HOUR)
    steady, told = host.steady(), host.steady(700.0)
    assert (steady.time(), told.time()) == (1000.0, 700.0)
    Hands.now += 100
    assert host.time() == 1100.0 + HOUR
    assert (steady.time(), told.time()) == (1100.0, 800.0)
    # what another host tells counts, unless this one is further ahead than clocks may differ
    assert host.steady(host.time() + 5 * HOUR).time() == host.time() + 5 * HOUR
    assert host.steady(host.time() - TOLERANCE - 1).time() == host.time() - TOLERANCE


class Slow(Clock):
    """The machine's clock, seven minutes slow: all else is real."""

    def time(self):
        return time.time() - 420


def test_for_real_with_a_worker_seven_minutes_slow(emulator):
    """The emulator is real, and so are the sockets and the waits."""
    emulator.thing("dli", "150", "job_idle")
    begun = time.monotonic()

    def short():
        task = operator()
        task.timeout, task.defer_after = 18.0, 1.0
        return task

    late, hops = run(short, Slow(), Clock())
    assert isinstance(late, (WatchTimeout, AirflowSensorTimeout))
    assert hops == 1
    assert 17 <= time.monotonic() - begun <= 25
