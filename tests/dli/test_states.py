"""What each of DLI's words means for each goal."""

import pytest

from airflow_provider_pipelines.core.verbs.goals import Goal
from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.core.verbs.observation import Watched
from airflow_provider_pipelines.core.verbs.watch import judge
from airflow_provider_pipelines.dli.states import (
    QUIET,
    RUN,
    SENSED,
    STATUSES,
    STOP,
    STOP_WITH_SAVEPOINT,
    savepoint_seen,
)
from airflow_provider_pipelines.errors import SavepointMissing, WatchFailed, error_from_event, error_to_event, mendable

PASSAGES = {
    "job_submitting",
    "job_canceling",
    "job_savepointing",
    "job_downloading",
    "job_idle",
    "job_arrearage_recovering",
}


def place(verb, status):
    if status in verb.already:
        return "already"
    if status in verb.ready:
        return "ready"
    return "hopeless" if status in verb.hopeless else "wait"


@pytest.mark.parametrize("status", [*STATUSES, "job_dreaming"])
def test_every_word_has_one_meaning_before_an_action(status):
    run = {"job_running": "already", "job_arrearage_stopped": "hopeless", "job_cancel_fail": "hopeless"}
    stop = {"job_running": "ready", "job_cancel_fail": "ready"}
    passing = status in PASSAGES or status == "job_dreaming"
    assert place(RUN, status) == run.get(status, "wait" if passing else "ready")
    assert place(STOP, status) == stop.get(status, "wait" if passing else "already")
    assert place(STOP_WITH_SAVEPOINT, status) == place(STOP, status)


@pytest.mark.parametrize("status", [*STATUSES, "job_dreaming"])
def test_every_word_has_one_meaning_after_an_action(status):
    run = Watched("1", RUN.goal, before="job_init")
    expected = {
        **dict.fromkeys(("job_running", "job_finish"), "reached"),
        **dict.fromkeys(
            ("job_submit_fail", "job_running_exception", "job_cancel_success", "job_arrearage_stopped"), "failed"
        ),
    }
    assert judge(run, status, 1000.0) == expected.get(status, "pending")
    stop = Watched("1", STOP.goal, before="job_running", moved=True)
    expected = {**dict.fromkeys(QUIET, "reached"), "job_cancel_fail": "failed", "job_running": "failed"}
    assert judge(stop, status, 1000.0) == expected.get(status, "pending")


def test_a_stop_that_is_slow_to_show_is_waited_for():
    assert judge(Watched("1", STOP.goal, before="job_running"), "job_running", 1000.0) == "pending"


@pytest.mark.parametrize(
    ("age", "moved", "stamp", "verdict"),
    [
        (1.0, False, 5, "pending"),  # may be an old answer
        (1.0, True, 5, "pending"),
        (40.0, False, 5, "failed"),  # the run had no effect
        (40.0, False, None, "failed"),
        (40.0, True, 5, "reached"),
        (1.0, False, 6, "reached"),  # started anew since
    ],
)
def test_the_end_of_the_run_before_is_not_taken_for_the_end_of_this_one(age, moved, stamp, verdict):
    watched = Watched("1", RUN.goal, before="job_finish", since=1000.0, moved=moved, stamp=5)
    assert judge(watched, "job_finish", 1000.0 + age, stamp) == verdict


def test_a_goal_and_a_watch_make_the_round_trip():
    assert Goal.from_json(RUN.goal.to_json()) == RUN.goal
    watched = Watched("1", RUN.goal, before="job_finish", since=1.0, stamp=5)
    assert Watched.from_json(watched.to_json()) == watched
    old = {name: value for name, value in RUN.goal.to_json().items() if name != "renewed_by"}
    assert Goal.from_json(old).renewed_by == ""


@pytest.mark.parametrize("status", STATUSES)
def test_a_sensor_may_wait_for_every_word(status):
    assert SENSED[status].reached == {status}
    assert status not in SENSED[status].failed
    assert "job_init" not in SENSED[status].failed
    assert not SENSED[status].failed & PASSAGES


def test_a_sensor_fails_where_its_target_was_passed_by():
    ended = {"job_finish", "job_submit_fail", "job_running_exception", "job_cancel_success", "job_arrearage_stopped"}
    assert SENSED["job_running"].failed == ended
    assert SENSED["job_finish"].failed == ended - {"job_finish"}
    assert SENSED["job_cancel_success"].failed == (ended | {"job_cancel_fail"}) - {"job_cancel_success"}
    assert SENSED["job_init"].failed == frozenset()


NONE = {"has_savepoint": False, "savepoint_path": None}
OLD = {"has_savepoint": True, "savepoint_path": "obs://b/old"}
NEW = {"has_savepoint": True, "savepoint_path": "obs://b/new"}


@pytest.mark.parametrize(
    ("first", "made", "passed", "seen"),
    [
        (NONE, NEW, [], True),
        ({}, NEW, [], True),
        (OLD, NEW, [], True),
        (OLD, OLD, ["job_savepointing"], True),
        (OLD, OLD, ["job_canceling"], False),
        (NONE, NONE, ["job_savepointing"], False),
        (OLD, NONE, ["job_savepointing"], False),
        (NONE, {**NEW, "has_savepoint": False}, [], False),
    ],
)
def test_a_savepoint_is_seen_if_it_is_new(first, made, passed, seen):
    item = Item("128", known="job_cancel_success", first=first, made=made, passed=passed)
    problem = savepoint_seen(item)
    if seen:
        assert problem is None
    else:
        assert isinstance(problem, SavepointMissing)
        assert "128 is job_cancel_success" in str(problem)


def test_a_missing_savepoint_is_no_retrys_business_and_survives_the_triggerer():
    problem = SavepointMissing("gone")
    assert isinstance(problem, WatchFailed)
    assert not mendable(problem)
    assert type(error_from_event(error_to_event(problem))) is SavepointMissing
