"""What quiesce asks before it writes, what it takes over from earlier attempts, and what it says in the end."""

import pytest

from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.errors import (
    ConfigurationError,
    NotFound,
    PipelinesError,
    PlaceNotFound,
    RecordUnreadable,
    WatchFailed,
    mendable,
)
from airflow_provider_pipelines.window.phases.quiesce import StillRunning
from airflow_provider_pipelines.window.record.model import Claim, Claims, Intent, Phase, Progress
from airflow_provider_pipelines.window.targets import EnosPipelines
from tests.support.playing import START
from tests.support.short_wire import FOR_EVER, quick


def ready(**more):
    window = quick(**more)
    window.snapshot()
    return window


def phase(window, generation=1, word="restoring"):
    window.records.keep_phase(Phase(generation=generation, phase=word, turned_at=window.clock.now))


def key(window, id):
    return next(thing.key for thing in window.records.plan().things if thing.id == id)


# what it asks


def test_a_task_that_was_asked_to_end_stops_nothing_more():
    window = ready()
    with pytest.raises(WatchFailed) as caught:
        window.quiesce(killed=lambda: True)
    assert str(caught.value) == "the task was asked to end: nothing more is stopped."
    assert window.rooms.writes == []
    assert window.records.attempts() == []


@pytest.mark.parametrize("word", ["restoring", "closed"])
def test_once_restore_has_begun_nothing_more_is_stopped(word):
    window = ready()
    phase(window, word=word)
    with pytest.raises(WatchFailed) as caught:
        window.quiesce()
    assert str(caught.value) == (
        f"window nightly/window, run run1 is {word} already: nothing more is stopped. Clear its work task to begin again."
    )
    assert window.rooms.writes == []


def test_what_restore_did_for_an_earlier_snapshot_does_not_count():
    window = ready()
    phase(window, generation=0, word="closed")
    assert window.quiesce()["result"] == "quiet"


def test_an_attempt_of_an_earlier_snapshot_stops_nothing_more():
    window = ready()
    work = window.quiescing()
    window.records.announce(2)
    with pytest.raises(WatchFailed) as caught:
        work.run()
    said = "window nightly/window, run run1 has a newer snapshot: this attempt stops nothing more."
    assert str(caught.value) == said
    with pytest.raises(WatchFailed) as caught:
        window.quiesce()
    assert str(caught.value) == said
    assert window.rooms.writes == []


def test_a_kill_between_two_writes_ends_the_attempt_and_tells_what_was_done():
    window = ready(enos=3, dli=0, codearts=0)
    killed = []
    window.rooms.watch = lambda operation, ids: killed.append(1) if ids == ["w2"] else None
    with pytest.raises(WatchFailed, match=r"^the task was asked to end: nothing more is stopped\.$"):
        window.quiesce(killed=lambda: bool(killed))
    assert window.rooms.sent("pause_pipeline") == ["w1", "w2"]
    assert window.last.report == {"window": "nightly/window", "run_id": "run1", "result": "partly", "things": []}


def test_without_a_plan_nothing_is_stopped():
    with pytest.raises(RecordUnreadable):
        quick().quiesce()


def test_an_attempt_has_its_notes_in_the_record_before_it_is_named_there():
    window = ready()
    names = []
    usual = window.records.register
    window.records.register = lambda attempt: (
        names.append((attempt, window.records._attempt(attempt).attempt)),
        usual(attempt),
    )
    window.quiescing(attempt=3)
    assert names == [(3, 3)]
    assert window.records.attempts() == [3]


def test_an_attempt_takes_over_what_earlier_ones_have_noted():
    window = ready(enos=2, dli=0, codearts=1)
    one, two = (
        Progress(
            generation=generation, attempt=attempt, waited=waited,
            marks={key(window, "w1"): Intent(at=at, sure=True, before="RUNNING")},
        )
        for generation, attempt, at, waited in ((1, 2, 20.0, ["a", "b"]), (1, 1, 10.0, ["b", "c"]))
    )  # fmt: skip
    other = Progress(generation=0, attempt=3, marks={key(window, "w2"): Intent(at=5.0)}, waited=["d"])
    for part in (one, two, other):
        window.records.keep_progress(part)
        window.records.register(part.attempt)
    work = window.quiescing(attempt=4)
    assert {id: intent.at for id, intent in work.intents.noted.items()} == {key(window, "w1"): 20.0}
    assert work.intents.waited == ["a", "b", "c"]
    kept = window.records._attempt(4)
    assert (kept.generation, kept.attempt, kept.marks, kept.waited) == (1, 4, work.intents.noted, ["a", "b", "c"])
    assert kept.quiet is False


def test_the_claims_are_looked_at_once_more_before_the_first_write():
    window = ready(enos=2, dli=1, codearts=0)
    place = window.records.plan().places[0]
    claims = window.records.claims(place.identity)
    (own,) = claims.claims
    other = Claim(window="other/window", run_id="r", at=own.at - 1, things=own.things[:1])
    window.records.keep_claims(place.identity, Claims(claims=[own, other]))
    with pytest.raises(WatchFailed) as caught:
        window.quiesce()
    assert str(caught.value) == (
        f"window nightly/window targets 1 of the things that window other/window (run r) is holding in {place.identity}. "
        "Nothing was changed. Let that window end first, or give the two different targets or times."
    )
    assert window.rooms.writes == []
    window.runs.over.add(("other/window", "r"))
    assert window.quiesce()["result"] == "quiet"


# where things are


def test_a_place_that_cannot_be_reached_ends_the_attempt_before_anything_is_stopped():
    window = ready(enos=1, dli=1, codearts=0)
    window.places = window.places[:1]
    with pytest.raises(ConfigurationError) as caught:
        window.quiesce()
    identity = window.records.plan().places[1].identity
    assert str(caught.value) == (
        f"no target of the window leads to {identity} any more. Give the target back, or bring its things back with "
        "'airflow-pipelines restore'."
    )
    assert window.rooms.writes == []


def test_a_place_without_things_need_not_be_reached():
    window = quick(enos=1, dli=1, codearts=0, target={"dli": {"name_pattern": "none-*", "allow_empty": True}})
    window.snapshot()
    window.places = window.places[:1]
    assert window.quiesce()["result"] == "quiet"


def test_what_a_window_only_brings_back_is_not_stopped():
    window = ready(enos=2, dli=0, codearts=0)
    window.quiesce()
    again = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)])
    again.snapshot()
    assert [(thing.id, thing.carried) for thing in again.records.plan().things] == [("w2", False), ("w1", True)]
    window.rooms.enos["w1"]["status"] = "RUNNING"
    window.rooms.writes.clear()
    report = again.quiesce(attempt=2)
    assert [one["id"] for one in report["things"]] == ["w2"]
    assert window.rooms.writes == []


# the end


def test_all_is_quiet_and_said_so():
    window = ready(enos=1, dli=0, codearts=0)
    report = window.quiesce()
    assert report == {
        "window": "nightly/window", "run_id": "run1", "result": "quiet",
        "things": [
            {"service": "enos", "name": "wind-1", "id": "w1", "verb": "pause_pipeline", "result": "done",
             "before": "RUNNING", "after": "PAUSED", "message": "w1 is PAUSED.", "code": None}
        ],
    }  # fmt: skip
    assert window.last.report == report
    (part,) = window.records.progress()
    assert (part.quiet, part.refused) == (True, {})


def refusing(policy="restore", **more):
    window = ready(enos=2, dli=1, codearts=0, on_quiesce_failure=policy, **more)
    window.rooms.refuse("pause_pipeline", 61128, "no right", id="w1", times=FOR_EVER)
    return window


NO = (
    "EnOS pause_pipeline failed (POST /streaming/v2.0/streaming/pipeline/w1, HTTP 200, code 61128): no right. An "
    "administrator has to request this processing resource for the organization."
)


def test_what_refuses_is_named_and_work_does_not_run():
    window = refusing()
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value) == (
        f"1 of 3 could not be brought to rest: wind-1 (w1): {NO} Work does not run, and what was stopped is brought back."
    )
    assert not mendable(caught.value)
    report = window.last.report
    assert report["result"] == "partly"
    assert window.told("w1") == {
        "service": "enos", "name": "wind-1", "id": "w1", "verb": "pause_pipeline", "result": "failed",
        "before": "RUNNING", "after": "RUNNING", "message": NO, "code": "61128",
    }  # fmt: skip
    assert [one["result"] for one in report["things"]] == ["failed", "done", "done"]
    (part,) = window.records.progress()
    assert (part.quiet, part.refused) == (False, {key(window, "w1"): "PermissionDenied"})


def test_with_continue_what_refuses_is_told_and_work_runs():
    window = refusing("continue")
    report = window.quiesce()
    assert report["result"] == "partly"
    assert window.lines[-1] == (
        f"1 of 3 could not be brought to rest: wind-1 (w1): {NO} Work runs all the same, as on_quiesce_failure says; the "
        "run will be red."
    )
    (part,) = window.records.progress()
    assert (part.quiet, part.refused) == (True, {key(window, "w1"): "PermissionDenied"})
    assert window.verdict()[-1] == "could not be stopped: wind-1 (w1)."


def test_what_refuses_is_named_one_after_the_other():
    window = refusing()
    window.rooms.enos["w1"]["name"] = "x"
    window.rooms.dli["101"]["refuses"] = FOR_EVER
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value) == (
        f"2 of 3 could not be brought to rest: wind-1 (w1): {NO}; agg-1 (101): DLI batch_stop_flink_jobs failed (POST "
        "/streaming/jobs, HTTP 200): cannot be stopped Work does not run, and what was stopped is brought back."
    )


def test_something_without_a_name_that_refuses_is_named_by_its_id():
    window = quick(enos=0, dli=1, codearts=0, target={"dli": {"name_pattern": None, "job_ids": [101]}})
    window.rooms.dli["101"].update(name=None, refuses=FOR_EVER)
    window.snapshot()
    with pytest.raises(StillRunning, match=r"^1 of 1 could not be brought to rest: 101: DLI "):
        window.quiesce()


def test_where_nothing_refuses_a_fleet_that_cannot_be_seen_ends_the_attempt_and_another_one_goes_on():
    window = ready(enos=1, dli=1, codearts=0)
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    with pytest.raises(PipelinesError) as caught:
        window.quiesce()
    assert not isinstance(caught.value, StillRunning)
    assert "the gateway forbids the call" in str(caught.value)
    assert window.rooms.statuses()["dli", "101"] == "job_cancel_success"
    assert window.last.report["result"] == "partly"
    assert [one["id"] for one in window.last.report["things"]] == [101]
    (part,) = window.records.progress()
    assert (part.quiet, part.refused) == (False, {})


def test_a_fleet_that_fails_beside_something_that_refuses_is_named_by_its_service():
    window = ready(enos=1, dli=1, codearts=0)
    window.rooms.dli["101"]["refuses"] = FOR_EVER
    window.rooms.fail("list_pipelines", status=403, answer={}, times=2)
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    text = str(caught.value)
    assert text.startswith("2 of 2 could not be brought to rest: agg-1 (101): DLI batch_stop")
    assert "; enos: EnOS list_pipelines failed" in text
    assert "; wind-1 (w1): it is RUNNING at the last look before work begins. Work does" in text
    (part,) = window.records.progress()
    assert part.refused == {
        key(window, "101"): "InvalidRequest", "place 0": "at work", key(window, "w1"): "at work",
    }  # fmt: skip


def test_runs_that_cannot_be_stopped_count_for_their_pipeline():
    window = quick(enos=0, dli=0, codearts=2, target={"codearts": {"running": "stop"}})
    window.rooms.runs.update({f"r{n}": {"pipeline": "c1", "status": "RUNNING"} for n in (1, 2)})
    window.rooms.refuse("stop_pipeline_run", "x", "no", times=FOR_EVER)
    window.snapshot()
    with pytest.raises(
        StillRunning, match=r"^1 of 2 could not be brought to rest: build-1 \(c1\): .*; build-1 \(c1\): "
    ):
        window.quiesce()


# the last look


def at_the_last_look(window, act):
    """Let something happen once everything is at rest."""
    stopped = []

    def watch(operation, ids):
        stopped.append(operation)
        if operation == "list_pipelines" and stopped.count("list_pipelines") == 3:
            act()

    window.rooms.watch = watch
    return window


def test_what_runs_at_the_last_look_is_a_failure():
    window = ready(enos=2, dli=0, codearts=0)
    window.rooms.enos["w2"]["status"] = "PAUSED"
    at_the_last_look(window, lambda: window.rooms.enos["w2"].update(status="RUNNING"))
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value) == (
        "1 of 2 could not be brought to rest: wind-2 (w2): it is RUNNING at the last look before work begins. Work does "
        "not run, and what was stopped is brought back."
    )
    assert window.told("w2")["result"] == "failed"
    assert window.told("w2")["message"] == "it is RUNNING at the last look before work begins."
    (part,) = window.records.progress()
    assert part.refused == {key(window, "w2"): "at work"}


def test_also_what_did_not_run_before_is_looked_at_and_told_if_it_runs_now():
    window = quick(enos=2, dli=0, codearts=0)
    window.rooms.enos["w2"]["status"] = "STOPPED"
    window.snapshot()
    window.rooms.enos["w2"]["status"] = "STARTING"
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value) == (
        "1 of 2 could not be brought to rest: wind-2 (w2): it is STARTING at the last look before work begins. Work does "
        "not run, and what was stopped is brought back."
    )
    assert window.told("w2") == {
        "service": "enos", "name": "wind-2", "id": "w2", "verb": "look", "result": "failed", "before": "STOPPED",
        "after": None, "message": "it is STARTING at the last look before work begins.", "code": None,
    }  # fmt: skip


def test_what_shows_no_status_at_the_last_look_is_a_failure():
    window = ready(enos=0, dli=0, codearts=2)
    seen = []

    def watch(operation, ids):
        seen.append((operation, ids))
        if operation == "list_pipeline_queue" and ids == ["c2"]:
            window.rooms.codearts["c2"]["status"] = None

    window.rooms.watch = watch
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert "1 of 2 could not be brought to rest: build-2 (c2): it shows no status before work begins. Work" in str(
        caught.value
    )


def test_what_cannot_be_seen_at_the_last_look_is_a_failure():
    window = ready(enos=0, dli=2, codearts=0)
    window.rooms.refuse("show_flink_job", "DLI.0007", "strange", id="102", skip=2)
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value).startswith(
        "1 of 2 could not be brought to rest: agg-2 (102): it cannot be seen before work begins: DLI show_flink_job failed"
    )


def test_what_is_gone_at_the_last_look_is_no_failure():
    window = ready(enos=2, dli=0, codearts=0)
    at_the_last_look(window, lambda: window.rooms.enos.pop("w2"))
    assert window.quiesce()["result"] == "quiet"


def test_a_refusal_is_not_told_a_second_time_by_the_last_look():
    window = refusing()
    with pytest.raises(StillRunning, match=r"^1 of 3 .*no right"):
        window.quiesce()


def test_what_is_gone_does_not_hide_what_refuses():
    window = ready(enos=3, dli=0, codearts=0)
    del window.rooms.enos["w1"]
    window.rooms.refuse("pause_pipeline", 61128, id="w2", times=FOR_EVER)
    with pytest.raises(StillRunning, match=r"^1 of 3 could not be brought to rest: wind-2 \(w2\): "):
        window.quiesce()
    assert [one["result"] for one in window.last.report["things"]] == ["unknown", "failed", "done"]


def test_what_refuses_does_not_hide_what_runs_at_the_last_look():
    window = quick(enos=2, dli=0, codearts=0)
    window.rooms.enos["w2"]["status"] = "PAUSED"
    window.snapshot()
    window.rooms.refuse("pause_pipeline", 61128, id="w1", times=FOR_EVER)
    window.rooms.enos["w2"]["status"] = "RUNNING"
    with pytest.raises(
        StillRunning, match=r"^2 of 2 could not be brought to rest: wind-1 \(w1\): .*; wind-2 \(w2\): it is RUNNING at"
    ):
        window.quiesce()


# what it says of single things


def test_what_an_earlier_window_has_stopped_is_told_apart_from_what_came_to_rest_by_itself():
    window = ready(enos=2, dli=0, codearts=0)
    window.quiesce()
    window.runs.over.add(("nightly/window", "run1"))
    window.rooms.enos["w2"]["status"] = "RUNNING"
    later = window.another(run_id="run2")
    window.clock.sleep(500)
    later.snapshot()
    window.rooms.enos["w2"]["status"] = "STOPPED"
    later.quiesce()
    assert later.told("w1")["message"] == "w1 is PAUSED; nothing was sent."
    assert later.told("w2")["message"] == (
        "It was STOPPED before its stop was sent: this window did not stop it, and will not start it."
    )


def test_what_is_gone_is_said_to_be_gone():
    window = ready(enos=2, dli=0, codearts=0)
    del window.rooms.enos["w1"]
    window.quiesce()
    assert window.told("w1")["result"] == "unknown"
    assert window.told("w1")["message"] == "It is gone."


def test_what_came_to_rest_by_itself_was_not_stopped_and_is_not_started():
    window = ready(enos=2, dli=0, codearts=0)
    window.rooms.enos["w1"]["status"] = "STOPPED"
    window.quiesce()
    assert window.told("w1")["result"] == "already"
    assert window.told("w1")["message"] == (
        "It was STOPPED before its stop was sent: this window did not stop it, and will not start it."
    )


def test_what_an_earlier_window_has_stopped_is_not_said_to_have_come_to_rest_by_itself():
    window = ready(enos=2, dli=0, codearts=0)
    window.quiesce()
    later = window.another(run_id="run2")
    window.runs.over.add(("nightly/window", "run1"))
    later.snapshot()
    later.quiesce()
    assert later.told("w1")["message"] == "w1 is PAUSED; nothing was sent."
    window.rooms.writes.clear()
    assert later.restore()["result"] == "restored"
    assert window.rooms.sent("start_pipeline") == ["w1", "w2"]


def test_what_an_earlier_attempt_has_stopped_is_said_to_be_at_rest():
    window = ready(enos=1, dli=0, codearts=0)
    window.quiesce()
    report = window.quiesce()
    assert [one["message"] for one in report["things"]] == ["w1 is PAUSED."]
    assert window.rooms.sent("pause_pipeline") == ["w1"]


def test_a_run_that_is_gone_without_having_been_stopped_is_said_to_be_gone():
    window = quick(enos=0, dli=0, codearts=1)
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()

    def drop(operation, ids):
        if operation == "show_pipeline_run_detail":
            window.rooms.runs.clear()

    window.rooms.watch = drop
    assert window.quiesce()["result"] == "quiet"
    run = window.told("r1")
    assert (run["result"], run["message"], run["verb"]) == ("unknown", "It is gone.", "wait_for_run")


def test_the_window_waits_for_nothing_while_it_sleeps_but_says_how_far_it_is():
    window = ready(enos=2, dli=0, codearts=0, things={"takes": 130})
    window.quiesce()
    progress = "0/2 stopped, 2 waiting: wind-1 (w1), wind-2 (w2)"
    assert window.lines[:2] == [progress] * 2


def test_what_ended_an_attempt_is_told_as_it_is():
    window = ready(enos=1, dli=0, codearts=0)
    window.store.before_write = lambda number, key: (_ for _ in ()).throw(RecordUnreadable("not kept"))
    with pytest.raises(RecordUnreadable, match="not kept"):
        window.quiesce()
    assert window.rooms.writes == []


def test_intents_without_a_thing_are_no_business_of_this_attempt():
    window = ready(enos=1, dli=0, codearts=0)
    work = window.quiescing()
    work.intents.intend("nothing:here", Item("x", before="RUNNING"), 1.0)
    report = work.run()
    assert [one["id"] for one in report["things"]] == ["w1"]


def test_a_refusal_by_a_thing_that_is_gone_is_none():
    from airflow_provider_pipelines.core.http.retry import gone

    about = {"service": "s", "path": "/", "status": 404}
    assert gone(NotFound("x", method="GET", operation="show_x", **about))
    # a list may be asked for by a POST, too
    assert gone(NotFound("x", method="POST", operation="list_x", **about))
    assert not gone(NotFound("x", method="POST", operation="stop_x", **about))
    assert not gone(PlaceNotFound("x", method="GET", operation="show_x", **about))
    assert not gone(WatchFailed("x"))
    assert not gone(None)
