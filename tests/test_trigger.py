"""The one trigger and the poller it shares: events, cancels, and how few calls many waits make."""

import asyncio
import json
from types import SimpleNamespace
from unittest import mock

import pytest

from airflow_provider_pipelines import compat
from airflow_provider_pipelines import trigger as trigger_module
from airflow_provider_pipelines.core.verbs.goals import Goal
from airflow_provider_pipelines.core.verbs.observation import Watched
from airflow_provider_pipelines.hook.poller import _POLLERS, Shared
from airflow_provider_pipelines.trigger import OWNED, WatchTrigger
from tests.conftest import SteppedClock
from tests.support.clocks import TurningClock

RUNNING = "00000000-fa4e-4000-8000-000000000001"
ARGUMENTS = {"enos_conn_id": "enos_default", "org_id": None}
UP = Goal("running", frozenset({"RUNNING"}))
DOWN = Goal("stopped", frozenset({"STOPPED"}))


def make(clock, *things, **more):
    arguments = {
        "vendor": "enos", "arguments": ARGUMENTS, "kind": "pipeline", "scope": {},
        "things": [thing.to_json() for thing in things], "deadline": clock.time() + 600, **more,
    }  # fmt: skip
    made = WatchTrigger(**json.loads(json.dumps(arguments)))
    made.clock = clock
    return made


async def events(made):
    return [event.payload async for event in made.run()]


def test_a_trigger_serializes_what_airflow_can_store(clock):
    serde = pytest.importorskip("airflow.sdk.serde")
    path, arguments = make(clock, Watched(RUNNING, UP)).serialize()
    assert path == "airflow_provider_pipelines.trigger.WatchTrigger"
    assert serde.deserialize(serde.serialize(arguments)) == arguments
    assert json.loads(json.dumps(arguments)) == arguments


async def test_a_trigger_fires_once_with_what_it_saw(emulator, clock):
    (event,) = await events(make(clock, Watched(RUNNING, UP)))
    assert event["ended"] == "settled"
    assert event["seen"][RUNNING]["status"] == "RUNNING"
    assert _POLLERS == {}


async def test_a_trigger_with_nothing_to_see_is_a_timer(emulator, clock):
    begun = clock.time()
    (event,) = await events(make(clock, wake_at=begun + 25))
    assert event["ended"] == "pause"
    assert clock.time() == pytest.approx(begun + 25)
    assert emulator.calls() == []


async def test_a_connection_that_cannot_be_read_is_forgiven_and_then_reported(clock, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_ENOS_DEFAULT", raising=False)
    (event,) = await events(make(clock, Watched(RUNNING, UP), max_poll_failures=3))
    assert event["ended"] == "blind"
    assert event["failures"] == 4
    assert event["error"]["error"] == "ConnectionMissing"


@pytest.mark.parametrize("broken", [{"vendor": "nobody"}, {"things": [{"id": "a"}]}, {"kind": "x", "scope": 3}])
async def test_a_trigger_that_breaks_tells_its_task(emulator, clock, broken):
    made = make(clock, Watched(RUNNING, UP))
    vars(made).update(broken)
    if broken.get("kind"):
        made.arguments = {"no_such": 1}
    (event,) = await events(made)
    assert event["ended"] == "blind"
    assert event["error"]["error"] in {"ConfigurationError", "WatchFailed"}


async def test_many_waits_share_each_look(emulator):
    clock = TurningClock()
    waits = [make(clock, Watched(RUNNING, DOWN), deadline=clock.now + 300) for _ in range(40)]
    ends = await asyncio.gather(*(events(wait) for wait in waits))
    assert {end[0]["ended"] for end in ends} == {"deadline"}
    looks = [call for call in emulator.calls() if call["operation"] == "list_pipelines"]
    assert len(looks) < 40
    assert _POLLERS == {}


async def test_a_wait_that_is_cancelled_leaves_the_others_alone(emulator, clock):
    async with Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock) as poller:
        from airflow_provider_pipelines.core.http.async_driver import drive

        waits = [asyncio.ensure_future(drive(poller.look([RUNNING], 20.0))) for _ in range(3)]
        await asyncio.sleep(0)
        waits[0].cancel()
        seen = await asyncio.gather(*waits, return_exceptions=True)
    assert isinstance(seen[0], asyncio.CancelledError)
    assert [entry[RUNNING].status for entry in seen[1:]] == ["RUNNING", "RUNNING"]


async def test_other_scopes_and_teams_have_pollers_of_their_own(emulator, clock):
    async with (
        Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock) as one,
        Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock) as same,
        Shared("enos", {**ARGUMENTS, "org_id": "o9"}, "pipeline", {}, clock=clock) as other,
        Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock, team="b") as team,
    ):
        assert one is same
        assert len({id(one), id(other), id(team)}) == 3


async def test_a_bug_in_a_look_reaches_everybody_who_waits(emulator, clock):
    from airflow_provider_pipelines.core.http.async_driver import drive

    async with Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock) as poller:
        with mock.patch.object(poller._hook, "look", side_effect=ZeroDivisionError):
            waits = [asyncio.ensure_future(drive(poller.look([RUNNING], 0.0))) for _ in range(2)]
            ends = await asyncio.gather(*waits, return_exceptions=True)
    assert {type(end) for end in ends} == {ZeroDivisionError}


async def test_a_bug_in_one_look_does_not_strand_those_who_wait_for_a_later_one(emulator):
    from airflow_provider_pipelines.core.http.async_driver import drive

    clock = TurningClock()
    async with Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock) as poller:
        look, broken = poller._hook.look, [True]

        def once(*arguments):
            if broken.pop() if broken else False:
                raise ZeroDivisionError
            return look(*arguments)

        with mock.patch.object(poller._hook, "look", once):
            soon, later = (asyncio.ensure_future(drive(poller.look([RUNNING], delay))) for delay in (1.0, 60.0))
            ends = await asyncio.wait_for(asyncio.gather(soon, later, return_exceptions=True), 10)
    assert isinstance(ends[0], ZeroDivisionError)
    assert ends[1][RUNNING].status == "RUNNING"


async def test_fifty_deferred_waits_with_one_wrong_secret_fail_one_signature(emulator, clock, monkeypatch):
    connection = json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps({**connection, "password": "wrong"}))
    ends = await asyncio.gather(*(events(make(clock, Watched(RUNNING, UP))) for _ in range(50)))
    assert {end[0]["error"]["error"] for end in ends} == {"AuthenticationError"}
    assert sum(call["auth"] == "refused" for call in emulator.calls()) == 1


@pytest.fixture
def airflow_says():
    """Stand for Airflow's answers about the task: its state, and what it said that it has made."""
    said = SimpleNamespace(state="failed", owned=[RUNNING])

    def states(dag_id, run_id, task_ids, map_index):
        if isinstance(said.state, Exception):
            raise said.state
        return {task_ids[0] if map_index < 0 else f"{task_ids[0]}_{map_index}": said.state}

    def owned(*, key, **_):
        assert key == OWNED
        return said.owned

    with mock.patch.object(compat, "task_states", states), mock.patch.object(compat.XCom, "get_one", owned):
        yield said


def belonging(made, map_index=-1):
    """Let a trigger belong to a task."""
    made.task_instance = SimpleNamespace(
        dag_id="d", task_id="t", run_id="r", map_index=map_index, team_name=None, task=None
    )
    return made


async def killed(made, map_index=-1):
    await belonging(made, map_index).on_kill()


@pytest.mark.parametrize("map_index", [-1, 3])
async def test_a_task_that_a_user_ended_has_its_thing_cancelled(emulator, airflow_says, clock, map_index):
    await killed(make(clock, Watched(RUNNING, UP), cancel_ids=[RUNNING]), map_index)
    assert emulator.writes() == [("stop_pipeline", [RUNNING])]
    assert not trigger_module._CANCELS


async def test_a_takeover_by_another_triggerer_cancels_nothing(emulator, airflow_says, clock):
    airflow_says.state = "deferred"
    await killed(make(clock, Watched(RUNNING, UP), cancel_ids=[RUNNING]))
    assert emulator.writes() == []


async def test_the_next_attempt_being_deferred_does_not_save_the_former_ones_thing(emulator, airflow_says, clock):
    airflow_says.state, airflow_says.owned = "deferred", ["another"]
    await killed(make(clock, Watched(RUNNING, UP), cancel_ids=[RUNNING]))
    assert emulator.writes() == [("stop_pipeline", [RUNNING])]


async def cancelled(made):
    """Cancel a trigger in the middle of its first wait, as Airflow does for whatever reason."""
    watch = asyncio.ensure_future(events(belonging(made)))
    await asyncio.sleep(0.05)
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch
    await asyncio.gather(*trigger_module._CANCELS)


class Endless(SteppedClock):
    """A clock on which a wait does not end."""

    async def pause(self, seconds):
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("tells", "state", "stops"),
    [(False, "failed", 1), (False, "deferred", 0), (False, None, 1), (True, "failed", 0)],
    ids=["a user", "a restart", "a run that was deleted", "Airflow will call on_kill"],
)
async def test_before_airflow_3_3_a_cancelled_trigger_asks_who_cancelled_it(
    emulator, airflow_says, monkeypatch, tells, state, stops
):
    monkeypatch.setattr(compat, "TELLS_TRIGGERS_OF_A_KILL", tells)
    airflow_says.state = state
    await cancelled(make(Endless(emulator), Watched(RUNNING, UP), cancel_ids=[RUNNING]))
    assert emulator.writes() == [("stop_pipeline", [RUNNING])] * stops


async def test_a_cancel_goes_on_although_airflow_interrupts_it(emulator, airflow_says, clock):
    task = asyncio.ensure_future(killed(make(clock, Watched(RUNNING, UP), cancel_ids=[RUNNING])))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.gather(*trigger_module._CANCELS)
    assert emulator.writes() == [("stop_pipeline", [RUNNING])]


@pytest.mark.parametrize("trouble", ["no cancel ids", "fired", "look-up fails", "service refuses"])
async def test_nothing_is_cancelled_where_it_is_not_ours_or_not_known(emulator, airflow_says, clock, trouble, caplog):
    made = make(clock, Watched(RUNNING, UP), cancel_ids=[] if trouble == "no cancel ids" else [RUNNING])
    if trouble == "fired":
        await events(made)
    if trouble == "look-up fails":
        airflow_says.state = RuntimeError("no answer")
    if trouble == "service refuses":
        emulator.fault("stop_pipeline", kind="error_in_200", code="61108", message="gone")
    emulator.mark()
    await killed(made)
    sent = emulator.writes()
    assert sent == ([("stop_pipeline", [RUNNING])] if trouble == "service refuses" else [])
