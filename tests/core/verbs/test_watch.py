"""The judgement, and the loop that waits."""

import json

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http.calls import Sleep
from airflow_provider_pipelines.core.verbs.goals import Goal
from airflow_provider_pipelines.core.verbs.observation import GRACE, Judgement, Observation, Report, Watched
from airflow_provider_pipelines.core.verbs.watch import Waiting, interval_after, judge, watch

ANEW = Goal("up", frozenset({"UP"}), frozenset({"DOWN"}), renewed_by="start_time")
ABOUT = {"service": "S", "operation": "o", "method": "GET", "path": "/p"}
UP = Goal("up", frozenset({"UP"}), frozenset({"DOWN", "BROKEN"}))
LASTING = Goal("up", frozenset({"UP"}), frozenset({"DOWN", "BROKEN"}), lasting=True)


def down():
    return errors.ServerError("down", **ABOUT, status=503)


@pytest.mark.parametrize(
    ("watched", "status", "age", "verdict"),
    [
        (Watched("a", UP), "UP", 0, "reached"),
        (Watched("a", UP), "BROKEN", 0, "failed"),
        (Watched("a", UP), "WHATEVER", 10_000, "pending"),
        (Watched("a", UP, before="DOWN"), "DOWN", 0, "pending"),
        (Watched("a", UP, before="DOWN"), "DOWN", GRACE - 0.1, "pending"),
        (Watched("a", UP, before="DOWN"), "DOWN", GRACE, "failed"),
        (Watched("a", UP, before="DOWN"), "BROKEN", 0, "failed"),
        (Watched("a", LASTING, before="DOWN"), "DOWN", 10_000, "pending"),
        (Watched("a", LASTING, before="DOWN", moved=True), "DOWN", 10_000, "failed"),
        (Watched("a", LASTING, before="DOWN", moved=True), "DOWN", GRACE - 1, "pending"),
        (Watched("a", LASTING, before="DOWN", unclear=True), "DOWN", GRACE - 1, "pending"),
        (Watched("a", LASTING, before="DOWN", unclear=True), "DOWN", GRACE, "failed"),
        (Watched("a", UP, before="IDLE"), "IDLE", 10_000, "pending"),
        (Watched("a", UP, before="IDLE", unclear=True), "IDLE", GRACE, "failed"),
        (Watched("a", UP, before="IDLE", unclear=True, moved=True), "IDLE", 10_000, "pending"),
        (Watched("a", UP, before="UP"), "UP", 0, "reached"),
        # where the goal may be left over from an earlier run, it counts once something has moved
        (Watched("a", ANEW, before="UP"), "UP", 0, "pending"),
        (Watched("a", ANEW, before="UP"), "UP", GRACE, "failed"),
        (Watched("a", ANEW, before="UP", moved=True), "UP", GRACE, "reached"),
        (Watched("a", ANEW, before="DOWN"), "UP", 0, "reached"),
    ],
)
def test_a_status_means_what_the_goal_says(watched, status, age, verdict):
    watched.since = 1000.0
    assert judge(watched, status, 1000.0 + age) == verdict


@pytest.mark.parametrize(
    ("before", "after", "verdict"), [(1, 2, "reached"), (1, 1, "pending"), (None, 2, "pending"), (1, None, "pending")]
)
def test_a_goal_left_over_counts_once_its_stamp_has_changed(before, after, verdict):
    assert judge(Watched("a", ANEW, before="UP", since=1000.0, stamp=before), "UP", 1001.0, after) == verdict


def test_looks_are_close_after_an_action_and_never_further_apart_than_asked():
    waits = [interval_after(waited, 30, lambda: 1.0) for waited in (0, 4, 8, 20, 60, 120, 10_000)]
    assert waits == [2.0, 2.0, 2.0, 5.0, 15.0, 30.0, 30.0]
    assert interval_after(10_000, 30, lambda: 0.0) == pytest.approx(25.5)
    assert interval_after(0, 1, lambda: 1.0) == 1.0


def test_the_interval_doubles_with_each_failed_look_in_a_row_up_to_the_poll_interval():
    waits = [interval_after(0, 30, lambda: 1.0, failures=failures) for failures in (0, 1, 2, 3, 4, 5, 5000)]
    assert waits == [2.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert interval_after(100, 30, lambda: 1.0, failures=2) == 25.0


class Loop:
    """Runs a watch by hand: each look takes the next entry of a script."""

    def __init__(self, script, *things, start=1000.0, **arguments):
        self.now, self.script, self.slept, self.told = start, list(script), [], []
        self.looked = []
        arguments = {"poll_interval": 30, "deadline": start + 3600, "max_poll_failures": 10, **arguments}
        interval, forgiven = arguments.pop("poll_interval"), arguments.pop("max_poll_failures")
        waiting = Waiting(interval, forgiven, lambda: self.now, self.told.append)
        call = watch(things, self.look, waiting, **arguments)
        self.report = self.run(call)

    def look(self, ids, delay):
        yield Sleep(delay)
        self.looked.append(list(ids))
        came = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(came, Exception):
            raise came
        if isinstance(came, str):
            came = dict.fromkeys(ids, came)
        return {id: Observation(entry) if isinstance(entry, str) else entry for id, entry in came.items()}

    def run(self, call):
        try:
            effect = next(call)
            while True:
                assert isinstance(effect, Sleep)
                self.slept.append(effect.seconds)
                self.now += effect.seconds
                effect = call.send(None)
        except StopIteration as end:
            return end.value


def test_the_watch_ends_when_every_thing_has_its_verdict():
    loop = Loop([{"a": "UP", "b": "GOING"}, {"b": "BROKEN"}], Watched("a", UP), Watched("b", UP))
    assert {id: seen.verdict for id, seen in loop.report.seen.items()} == {"a": "reached", "b": "failed"}
    assert loop.report.ended == "settled"
    assert loop.looked == [["a", "b"], ["b"]]
    assert loop.told == ["a: UP", "b: GOING", "b: GOING -> BROKEN"]


def test_the_deadline_ends_the_watch_after_a_last_look():
    loop = Loop(["GOING"], Watched("a", UP), deadline=1100.0)
    assert loop.report.ended == "deadline"
    assert loop.now == pytest.approx(1100.0)
    assert loop.report.seen["a"].status == "GOING"


def test_a_pause_leaves_the_rest_to_somebody_else():
    loop = Loop(["GOING"], Watched("a", UP), pause_at=1015.0)
    assert (loop.report.ended, loop.now) == ("pause", pytest.approx(1015.0))


def test_an_outage_of_a_minute_just_after_an_action_only_costs_time():
    loop = Loop([down()], Watched("a", UP, since=1000.0), poll_interval=10)
    assert loop.report.ended == "blind"
    assert loop.now - 1000.0 > 70


@pytest.mark.parametrize(("failures", "ended"), [(10, "settled"), (11, "blind")])
def test_ten_failed_looks_in_a_row_cost_time_and_the_eleventh_ends_the_watch(failures, ended):
    loop = Loop([*(down() for _ in range(failures)), "UP"], Watched("a", UP))
    assert loop.report.ended == ended
    assert (loop.report.error is None) == (ended == "settled")


def test_a_look_that_succeeds_begins_the_count_anew():
    loop = Loop([*[down() for _ in range(10)], "GOING", *[down() for _ in range(10)], "UP"], Watched("a", UP))
    assert loop.report.ended == "settled"


def test_an_error_that_says_something_ends_the_watch_at_once():
    refused = errors.PermissionDenied("no", **ABOUT, status=403)
    loop = Loop([refused, "UP"], Watched("a", UP))
    assert (loop.report.ended, loop.report.error) == ("blind", refused)


def test_a_service_that_asks_for_time_gets_it():
    slow = errors.Throttled("slow", **ABOUT, status=429, retry_after=77.0)
    assert Loop([slow, "UP"], Watched("a", UP)).slept[1] == pytest.approx(77.0)


def test_a_thing_that_is_gone_is_a_failure_of_its_own():
    gone = errors.NotFound("gone", **ABOUT, status=404)
    loop = Loop([{"a": Observation(error=gone), "b": "UP"}], Watched("a", UP), Watched("b", UP))
    assert loop.report.seen["a"].error is gone
    assert loop.report.seen["b"].verdict == "reached"


def test_a_thing_that_a_look_leaves_out_is_looked_for_again():
    loop = Loop([{}, "UP"], Watched("a", UP))
    assert loop.report.seen["a"].verdict == "reached"


def test_a_long_wait_says_every_minute_that_it_goes_on():
    loop = Loop(["GOING"], *(Watched(f"t{n}", UP) for n in range(7)), deadline=1200.0)
    lines = [line for line in loop.told if line.startswith("0 of 7 there")]
    assert len(lines) >= 2
    assert lines[0].endswith("t4 (GOING) and 2 more")


def test_where_one_failure_is_enough_the_rest_is_not_waited_for():
    loop = Loop([{"a": "BROKEN", "b": "GOING"}], Watched("a", UP), Watched("b", UP), stop_on_failure=True)
    assert {id: seen.verdict for id, seen in loop.report.seen.items()} == {"a": "failed", "b": "pending"}


def test_things_that_only_have_to_settle_end_the_watch_when_they_have():
    loop = Loop([{"a": "UP", "b": "GOING"}], Watched("a", UP, settling=True), Watched("b", UP))
    assert loop.looked == [["a", "b"]]


def test_a_thing_back_in_its_old_status_after_another_one_has_failed():
    started = Watched("a", LASTING, before="DOWN", since=1000.0)
    loop = Loop(["GOING", "DOWN"], started)
    assert loop.report.seen["a"].verdict == "failed"
    assert loop.now - 1000.0 >= GRACE


def test_watched_things_and_reports_are_json_and_come_back_equal():
    thing = Watched("a", LASTING, "DOWN", 12.5, True, True, True)
    assert Watched.from_json(json.loads(json.dumps(thing.to_json()))) == thing
    gone = errors.NotFound("gone", **ABOUT, status=404)
    report = Report(
        {"a": Judgement("failed", None, {"path": "x"}, gone), "b": Judgement("reached", "UP")}, "deadline", down()
    )
    event = json.loads(json.dumps(report.to_event()))
    assert Report.from_event(event).to_event() == event


@pytest.mark.parametrize(
    "event",
    [
        None, {}, [], "done", 3, {"version": 2}, {"version": 1, "ended": "well", "error": None, "seen": {}},
        {"version": 1, "ended": "settled", "error": None, "seen": {"a": {"verdict": "great"}}},
        {"version": 1, "ended": "settled", "error": None, "seen": []},
        {"status": "success"},
    ],
)  # fmt: skip
def test_an_event_that_is_not_ours_is_a_failure(event):
    with pytest.raises(errors.WatchFailed, match="no event that this task understands"):
        Report.from_event(event)
