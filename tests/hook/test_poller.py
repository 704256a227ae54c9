"""The shared poller with many waits, and with a service that does not answer."""

import asyncio
import time

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http.async_driver import drive
from airflow_provider_pipelines.core.http.calls import Await
from airflow_provider_pipelines.core.http.retry import transient
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.hook import poller as module
from airflow_provider_pipelines.hook.poller import Shared
from tests.support.clocks import TurningClock

ARGUMENTS = {"enos_conn_id": "enos_default", "org_id": None}


def seen(ids):
    return {id: Observation("RUNNING") for id in ids}
    yield


@pytest.fixture
def steps(monkeypatch):
    """Count what is done with those who wait: each look at one of their fields, and each comparison."""
    counted = [0]

    class Counted(module._Waiter):
        __hash__ = object.__hash__

        def __getattribute__(self, name):
            counted[0] += 1
            return super().__getattribute__(name)

        def __eq__(self, other):
            counted[0] += 1
            return self is other

    monkeypatch.setattr(module, "_Waiter", Counted)
    return counted


async def rounds(number):
    """Let so many waits take two looks each, which come due together."""
    clock = TurningClock()
    async with Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock) as poller:
        poller._hook.look = lambda api, kind, scope, ids: seen(ids)

        async def wait(id):
            for _ in range(2):
                came = await drive(poller.look([id], 20.0))
                assert list(came) == [id]

        await asyncio.gather(*(wait(str(id)) for id in range(number)))


async def test_ten_times_as_many_waits_take_ten_times_as_many_steps(emulator, steps):
    await rounds(100)
    few, steps[0] = steps[0], 0
    await rounds(1000)
    assert steps[0] <= 12 * few


async def test_ten_thousand_waits_that_come_due_together_take_few_steps_each(emulator, steps):
    await rounds(10_000)
    assert steps[0] < 50 * 10_000


async def test_a_look_that_hangs_is_told_as_failed_and_the_next_one_is_taken(emulator, monkeypatch):
    monkeypatch.setattr(module, "LOOK_TIME", 0.2)
    monkeypatch.setattr(module, "TIME_FOR_EACH", 0.0)
    begun, left = asyncio.Event(), []

    def look(api, kind, scope, ids):
        if "slow" in ids:
            try:
                yield Await(hang)
            finally:
                left.append(True)
        return seen_now(ids)

    async def hang():
        begun.set()
        await asyncio.get_running_loop().create_future()

    def seen_now(ids):
        return {id: Observation("RUNNING") for id in ids}

    async with Shared("enos", ARGUMENTS, "pipeline", {}) as poller:
        poller._hook.look = look
        slow = asyncio.ensure_future(drive(poller.look(["slow"], 0.0)))
        await begun.wait()
        began = time.monotonic()
        other = await drive(poller.look(["other"], 0.0))
        assert time.monotonic() - began < 5.0
        with pytest.raises(errors.TransportError, match=r"longer than 0\.2 s") as caught:
            await slow
    assert other["other"].status == "RUNNING"
    assert transient(caught.value)
    assert left == [True]


async def test_a_time_out_of_a_look_itself_is_not_taken_for_its_bound(emulator):
    def look(api, kind, scope, ids):
        raise TimeoutError("its own")

    async with Shared("enos", ARGUMENTS, "pipeline", {}) as poller:
        poller._hook.look = look
        with pytest.raises(TimeoutError, match="its own"):
            await drive(poller.look(["p"], 0.0))
