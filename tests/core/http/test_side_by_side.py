"""Several calls on one thread: turns, waits, gates, pauses, errors, and what is closed in the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_pipelines.core.http.calls import Acquire, Gate, Reply, Request, Sleep
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.core.http.side_by_side import GATE_PAUSE, Halt, Pause, RunningCall, side_by_side
from airflow_provider_pipelines.errors import PipelinesError, WatchFailed

ASK = Request("ask", "GET", "/")


class World:
    """A clock that only waiting moves, and a service that notes who asked when."""

    def __init__(self):
        self.now, self.slept, self.log = 0.0, [], []
        self.closed = []
        self.asked = 0

    def time(self):
        self.asked += 1
        assert self.asked < 20_000, "this goes on for ever"
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds

    def running_call(self, name, steps, perform=None):
        """A call that yields ``steps`` one by one, and gives what came of them."""

        def call():
            came = []
            try:
                for step in steps:
                    came.append((yield step))
                return came
            finally:
                self.closed.append(name)

        def answer(effect):
            self.log.append((name, self.now))
            return (perform or (lambda effect: name))(effect)

        return RunningCall(call(), answer)

    def run(self, **running_calls):
        return side_by_side(running_calls, self.time, self.sleep)


@pytest.fixture
def world():
    return World()


def test_each_call_gets_its_own_answers(world):
    ended = world.run(a=world.running_call("a", [ASK, ASK]), b=world.running_call("b", [ASK]))
    assert ended.results == {"a": ["a", "a"], "b": ["b"]}
    assert ended.errors == {}


def test_no_calls_at_all_are_over_at_once(world):
    assert world.run().results == {}
    assert world.slept == []


def test_requests_are_sent_in_turn(world):
    world.run(
        a=world.running_call("a", [ASK] * 3), b=world.running_call("b", [ASK] * 5), c=world.running_call("c", [ASK])
    )
    assert [name for name, _ in world.log] == ["a", "b", "c", "a", "b", "a", "b", "b", "b"]


def test_waits_are_waited_together(world):
    world.run(
        a=world.running_call("a", [Sleep(10), ASK]),
        b=world.running_call("b", [Sleep(4), ASK, Sleep(6), ASK]),
        c=world.running_call("c", [ASK]),
    )
    assert world.log == [("c", 0), ("b", 4), ("a", 10), ("b", 10)]
    assert world.slept == [4, 6]


def test_a_call_that_waits_holds_no_other_up(world):
    world.run(slow=world.running_call("slow", [Sleep(100), ASK]), busy=world.running_call("busy", [ASK] * 50))
    assert world.log == [("busy", 0)] * 50 + [("slow", 100)]


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0, 7.5]), max_size=6), min_size=1, max_size=6))
def test_together_they_take_as_long_as_the_longest_alone(waits):
    world = World()
    running_calls = {
        str(n): world.running_call(str(n), [step for pause in own for step in (Sleep(pause), ASK)])
        for n, own in enumerate(waits)
    }
    ended = world.run(**running_calls)
    assert set(ended.results) == set(running_calls)
    assert world.now == pytest.approx(max(map(sum, waits)))
    for n, own in enumerate(waits):
        assert [at for name, at in world.log if name == str(n)] == pytest.approx(
            [sum(own[: k + 1]) for k in range(len(own))]
        )


# errors


def refuse(effect):
    raise WatchFailed("no")


@pytest.mark.parametrize("steps", [[ASK], [Sleep(5), ASK]])
def test_an_error_ends_the_call_that_it_comes_from_and_no_other(world, steps):
    ended = world.run(
        a=world.running_call("a", [ASK, Sleep(20), ASK]),
        bad=world.running_call("bad", [*steps, ASK], refuse),
        c=world.running_call("c", [ASK, ASK]),
    )
    assert ended.results == {"a": ["a", None, "a"], "c": ["c", "c"]}
    assert {name: str(error) for name, error in ended.errors.items()} == {"bad": "no"}
    assert world.closed.count("bad") == 1


def test_all_of_them_may_fail_each_with_its_own_error(world):
    def failing(text):
        def fail(effect):
            raise WatchFailed(text)

        return fail

    ended = world.run(**{name: world.running_call(name, [ASK], failing(name)) for name in "abc"})
    assert {name: str(error) for name, error in ended.errors.items()} == {"a": "a", "b": "b", "c": "c"}


@pytest.mark.parametrize("error", [WatchFailed("no"), Undelivered("not sent", sent=False)])
def test_a_call_may_cope_with_its_error(world, error):
    seen = []

    def call():
        try:
            yield ASK
        except (PipelinesError, Undelivered) as lost:
            seen.append(lost)
        return (yield ASK)

    answers = iter([error, Reply(200, {}, b"late")])

    def perform(effect):
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    ended = world.run(a=RunningCall(call(), perform))
    assert ended.results["a"].body == b"late"
    assert seen == [error]


def test_what_is_no_error_of_ours_is_raised_once_the_others_have_ended(world):
    def crash(effect):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.run(bad=world.running_call("bad", [ASK], crash), a=world.running_call("a", [Sleep(3), ASK]))
    assert world.log[-1] == ("a", 3)
    assert sorted(world.closed) == ["a", "bad"]


def test_what_is_no_error_of_ours_is_not_lost_where_the_others_only_wait(world):
    def crash(effect):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.run(bad=world.running_call("bad", [ASK], crash), a=world.running_call("a", [ASK, Pause(idle=True)]))


def test_a_halt_ends_all_of_them_at_once(world):
    def halt(effect):
        raise Halt(WatchFailed("killed"))

    with pytest.raises(Halt) as caught:
        world.run(a=world.running_call("a", [ASK, Sleep(9), ASK]), bad=world.running_call("bad", [ASK], halt))
    assert str(caught.value.reason) == str(caught.value) == "killed"
    assert world.log == [("a", 0), ("bad", 0)]
    assert sorted(world.closed) == ["a", "bad"]


# gates


def test_a_call_waits_for_a_gate_that_another_one_holds(world):
    gate = Gate()

    def through(name, pause):
        yield Acquire(gate)
        try:
            world.log.append((name, world.now))
            yield Sleep(pause)
        finally:
            gate.leave()

    running_calls = {name: RunningCall(through(name, 10), None) for name in "abc"}
    side_by_side(running_calls, world.time, world.sleep)
    assert [name for name, _ in world.log] == ["a", "b", "c"]
    times = [at for _, at in world.log]
    assert times == pytest.approx([0, 10, 20], abs=3 * GATE_PAUSE)
    assert gate.enter(lambda: None), "nobody is left inside"


def test_a_gate_that_another_thread_holds_is_looked_at_now_and_then(world):
    gate = Gate()
    assert gate.enter(lambda: None)

    def opens_at_one(seconds):
        world.sleep(seconds)
        if world.now >= 1.0 and not world.log:
            world.log.append(("left", world.now))
            gate.leave()

    def through():
        yield Acquire(gate)
        gate.leave()
        return world.now

    ended = side_by_side({"a": RunningCall(through(), None)}, world.time, opens_at_one)
    assert ended.results["a"] == pytest.approx(1.0, abs=2 * GATE_PAUSE)
    assert set(world.slept) == {GATE_PAUSE}


def test_a_call_that_is_closed_leaves_the_queue_in_front_of_a_gate(world):
    gate = Gate()
    assert gate.enter(lambda: None)

    def through():
        yield Acquire(gate)

    def halt(effect):
        raise Halt(WatchFailed("killed"))

    with pytest.raises(Halt):
        side_by_side(
            {"a": RunningCall(through(), None), "bad": world.running_call("bad", [Sleep(1), ASK], halt)},
            world.time,
            world.sleep,
        )
    gate.leave()
    assert gate.enter(lambda: None), "the place was not given to a call that is gone"


def test_a_call_that_is_closed_pushes_nobody_else_through_a_gate(world):
    gate, woken = Gate(), []
    assert gate.enter(lambda: None)
    assert not gate.enter(lambda: woken.append("somebody else"))

    def through():
        yield Acquire(gate)

    running_call = RunningCall(through(), None)
    running_call.step(world.time)
    assert not running_call.ready(world.now)
    running_call.close()
    assert woken == []
    gate.leave()
    assert woken == ["somebody else"]
    gate.leave()
    assert gate.enter(lambda: None)


# pauses


def test_where_nothing_but_waiting_is_left_all_calls_are_closed(world):
    ended = world.run(
        a=world.running_call("a", [ASK, Pause(idle=True), ASK]),
        b=world.running_call("b", [Sleep(30), Pause(idle=True), ASK]),
    )
    assert ended is None
    assert world.log == [("a", 0)]
    assert sorted(world.closed) == ["a", "b"]


def test_a_call_that_only_waits_does_not_end_the_work_of_another(world):
    assert (
        world.run(a=world.running_call("a", [Pause(idle=True)]), b=world.running_call("b", [Sleep(5), ASK] * 3)) is None
    )
    assert [at for _, at in world.log] == [5, 10, 15]


def test_where_one_has_work_left_all_go_on(world):
    again = []
    running_calls = {
        "a": world.running_call("a", [Pause(idle=True), ASK]),
        "b": world.running_call("b", [Pause(idle=False), ASK]),
    }
    ended = side_by_side(running_calls, world.time, world.sleep, again=lambda: again.append(world.now))
    assert ended.results == {"a": [None, "a"], "b": [None, "b"]}
    assert again == [0]


def test_a_call_that_has_ended_is_not_waited_for(world):
    assert world.run(a=world.running_call("a", [ASK]), b=world.running_call("b", [Pause(idle=True)])) is None
    assert world.closed.count("a") == 1


def test_a_crash_of_the_clock_closes_all_calls(world):
    def broken(seconds):
        raise KeyboardInterrupt

    running_calls = {name: world.running_call(name, [ASK, Sleep(1), ASK]) for name in "ab"}
    with pytest.raises(KeyboardInterrupt):
        side_by_side(running_calls, world.time, broken)
    assert sorted(world.closed) == ["a", "b"]
