"""What one look makes of each observation, what the loop tells and when it ends, and what a report carries to the task."""

import json

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.verbs.goals import Goal
from airflow_provider_pipelines.core.verbs.observation import GRACE, Judgement, Observation, Report, Watched
from airflow_provider_pipelines.core.verbs.watch import look_once
from tests.core.verbs.test_watch import ABOUT, ANEW, UP, Loop, down

GONE = errors.NotFound("gone", **{**ABOUT, "operation": "show_thing"}, status=404)


def looked(thing, observation, now=1000.0):
    """Look once at a thing and give what was seen of it."""
    delays = []

    def look(ids, delay):
        yield from ()
        delays.append(delay)
        return {} if observation is None else dict.fromkeys(ids, observation)

    call = look_once([thing], look, lambda: now)
    with pytest.raises(StopIteration) as end:
        next(call)
    assert delays == [0.0]
    return end.value.value[thing.id]


@pytest.mark.parametrize(
    ("before", "age", "seen"),
    [
        (None, 0.0, Judgement("pending")),
        (None, GRACE - 0.1, Judgement("pending")),
        (None, GRACE, Judgement("failed", error=GONE)),
        ("DOWN", 0.0, Judgement("failed", error=GONE)),
    ],
)
def test_a_thing_just_made_may_be_missing_for_the_grace_time_and_no_longer(before, age, seen):
    assert looked(Watched("a", UP, before=before, since=1000.0), Observation(error=GONE), 1000.0 + age) == seen


def test_another_error_than_not_found_is_a_failure_even_just_after_the_action():
    refused = errors.PermissionDenied("no", **ABOUT, status=403)
    assert looked(Watched("a", UP, since=1000.0), Observation(error=refused)) == Judgement("failed", error=refused)


def test_a_thing_that_cannot_be_seen_any_more_keeps_what_was_seen_of_it():
    thing = Watched("a", UP, before="DOWN", since=1000.0, passed=["GOING"], facts={"path": "x", "size": 1})
    seen = looked(thing, Observation("LOST", {"size": 2}, GONE))
    assert seen == Judgement("failed", "LOST", {"path": "x", "size": 2}, GONE, ["GOING"])


@pytest.mark.parametrize("observation", [None, Observation()])
def test_a_thing_without_a_status_is_pending(observation):
    assert looked(Watched("a", UP), observation) == Judgement("pending")


def test_a_sighting_is_remembered_once_with_its_facts():
    thing = Watched("a", UP, before="DOWN", since=1000.0, passed=["GOING", "DOWN"], facts={"old": 1})
    seen = looked(thing, Observation("GOING", {"size": 1}))
    assert seen == Judgement("pending", "GOING", {"size": 1}, None, ["DOWN", "GOING"])
    assert (thing.passed, thing.facts, thing.moved) == (["DOWN", "GOING"], {"size": 1}, True)


def test_a_thing_has_moved_once_it_was_seen_elsewhere():
    thing = Watched("a", UP, before="DOWN", since=1000.0)
    moved = []
    for status in ("DOWN", "GOING", "DOWN"):
        looked(thing, Observation(status))
        moved.append(thing.moved)
    assert moved == [False, True, True]


@pytest.mark.parametrize(
    ("facts", "verdict"), [({"start_time": 2}, "reached"), ({"start_time": 1}, "pending"), ({}, "pending")]
)
def test_the_fact_that_the_goal_names_tells_a_new_run_from_the_one_before(facts, verdict):
    thing = Watched("a", ANEW, before="UP", since=1000.0, stamp=1)
    assert looked(thing, Observation("UP", facts)).verdict == verdict


def test_one_failure_does_not_end_the_watch_unless_that_was_asked_for():
    loop = Loop([{"a": "BROKEN", "b": "GOING"}, {"b": "UP"}], Watched("a", UP), Watched("b", UP))
    assert {id: seen.verdict for id, seen in loop.report.seen.items()} == {"a": "failed", "b": "reached"}


def test_where_one_failure_is_enough_it_has_to_be_a_failure():
    script = [{"a": "GOING", "b": "UP"}, {"a": "BROKEN"}]
    loop = Loop(script, Watched("a", UP), Watched("b", UP), Watched("c", UP), stop_on_failure=True)
    assert loop.looked == [["a", "b", "c"], ["a", "c"]]
    assert loop.report.ended == "settled"


def test_a_watch_that_ends_with_what_has_to_settle_gives_its_report():
    loop = Loop([{"a": "UP", "b": "GOING"}], Watched("a", UP, settling=True), Watched("b", UP))
    assert loop.report.ended == "settled"
    assert loop.report.seen["b"].verdict == "pending"


def test_failures_before_the_watch_count():
    assert Loop([], failures=3).report.failures == 3
    loop = Loop([down()], Watched("a", UP), failures=10)
    assert (loop.report.ended, loop.report.failures, len(loop.looked)) == ("blind", 11, 1)


def test_the_failures_in_a_row_are_reported_and_a_good_look_ends_the_row():
    assert Loop([down(), down(), "GOING"], Watched("a", UP), pause_at=1010.0).report.failures == 0
    assert Loop(["GOING", down()], Watched("a", UP), pause_at=1010.0).report.failures > 0


def test_each_failed_look_is_told():
    assert Loop([down(), "UP"], Watched("a", UP)).told == [
        "look 1 in a row failed, 10 are forgiven: S o failed (GET /p, HTTP 503): down",
        "a: UP",
    ]


def test_the_first_look_comes_when_it_was_asked_for():
    assert Loop(["UP"], Watched("a", UP), first_delay=7.0).slept == [7.0]


def test_the_looks_are_close_after_the_action_of_long_ago_in_unix_time():
    assert 1.7 <= Loop(["UP"], Watched("a", UP, since=1000.0)).slept[0] <= 2.0
    assert Loop(["UP"], Watched("a", UP, since=960.0)).slept[0] >= 8.5


def test_after_the_deadline_there_is_one_look_at_once():
    loop = Loop(["GOING"], Watched("a", UP), deadline=990.0)
    assert (loop.slept, loop.report.ended) == ([0.0], "deadline")


@pytest.mark.parametrize(
    ("count", "line"),
    [
        (1, "0 of 1 there, waiting for t0 (not seen)"),
        (5, "0 of 5 there, waiting for t0 (not seen), t1 (not seen), t2 (not seen), t3 (not seen), t4 (not seen)"),
        (
            6,
            "0 of 6 there, waiting for t0 (not seen), t1 (not seen), t2 (not seen), t3 (not seen), t4 (not seen) "
            "and 1 more",
        ),
    ],
)
def test_after_a_minute_without_news_a_line_names_five_of_those_waited_for(count, line):
    things = [Watched(f"t{number}", UP) for number in range(count)]
    assert Loop([{}, "UP"], *things, first_delay=60.0).told[0] == line


def test_the_line_counts_what_is_there_and_gives_the_last_status():
    script = [{"a": "UP", "b": "GOING"}, {"b": "GOING"}]
    loop = Loop(script, Watched("a", UP), Watched("b", UP), first_delay=10.0, pause_at=1100.0)
    assert "1 of 2 there, waiting for b (GOING)" in loop.told


def report(ended="deadline"):
    broken = Judgement("failed", "BROKEN", {"path": "x"}, GONE, ["GOING", "BROKEN"])
    return Report({"a": broken, "b": Judgement("pending", "GOING")}, ended, down(), 3)


def test_a_report_is_written_as_plain_values():
    assert report().to_event() == {
        "version": 1,
        "ended": "deadline",
        "error": {"error": "ServerError", **down().facts()},
        "failures": 3,
        "now": None,
        "held": None,
        "seen": {
            "a": {
                "verdict": "failed",
                "status": "BROKEN",
                "facts": {"path": "x"},
                "error": {"error": "NotFound", **GONE.facts()},
                "passed": ["GOING", "BROKEN"],
            },
            "b": {"verdict": "pending", "status": "GOING", "facts": {}, "error": None, "passed": []},
        },
    }
    nothing = {"version": 1, "ended": "settled", "error": None, "failures": 0, "now": None, "held": None, "seen": {}}
    assert Report().to_event() == nothing


@pytest.mark.parametrize("ended", ["settled", "deadline", "pause", "blind"])
def test_a_report_comes_back_as_it_was(ended):
    there = report(ended)
    back = Report.from_event(json.loads(json.dumps(there.to_event())))
    assert (back.ended, back.failures, type(back.error)) == (ended, 3, errors.ServerError)
    assert back.error.facts() == there.error.facts()
    assert type(back.seen["a"].error) is errors.NotFound
    back.seen["a"].error = GONE
    assert back.seen == there.seen
    assert Report.from_event(Report().to_event()) == Report()


def test_an_event_of_a_version_without_counts_and_trail_is_read():
    event = report().to_event()
    del event["failures"], event["seen"]["a"]["passed"]
    back = Report.from_event(event)
    assert (back.failures, back.seen["a"].passed) == (0, [])


def test_what_is_no_event_of_ours_is_shown_in_part():
    event = {"status": "x" * 400}
    with pytest.raises(errors.WatchFailed) as caught:
        Report.from_event(event)
    assert str(caught.value) == (
        f"the trigger sent no event that this task understands ({str(event)[:300]}); nothing is known about the thing "
        "that was waited for. Clear the task to look again."
    )


def test_a_goal_that_comes_back_from_json_is_the_same_goal():
    assert Goal.from_json(json.loads(json.dumps(ANEW.to_json()))) == ANEW
