"""What restore brings back, what it leaves alone, how long it waits, when it ends, and what it says."""

import re

import pytest

from airflow_provider_pipelines.errors import (
    AuthenticationError,
    ConfigurationError,
    PipelinesError,
    RecordUnreadable,
    WatchFailed,
)
from airflow_provider_pipelines.window.phases.restore import NotRestored
from airflow_provider_pipelines.window.record.model import Handed, Intent, Phase, Progress
from airflow_provider_pipelines.window.targets import EnosPipelines
from tests.support.playing import START
from tests.support.short_wire import FOR_EVER, quick

GONE = "It is gone, and cannot be brought back."
FENCE = "looking once more in {} s: what a killed quiesce sent may still arrive.".format


def down(**more):
    window = quick(**more)
    window.cycle_down()
    window.rooms.writes.clear()
    return window


def enos(n=1, **more):
    return down(enos=n, dli=0, codearts=0, **more)


def key(window, id):
    return next(thing.key for thing in window.records.plan().things if thing.id == id)


def rewrite(window, **changes):
    window.records.keep_plan(window.records.plan().model_copy(update=changes))


# all is well


def test_everything_comes_back_and_the_record_is_closed():
    window = enos()
    begun = window.clock.now
    report = window.restore()
    assert report == {
        "window": "nightly/window", "run_id": "run1", "result": "restored",
        "things": [
            {"service": "enos", "name": "wind-1", "id": "w1", "verb": "start_pipeline", "result": "done",
             "before": "PAUSED", "after": "RUNNING", "message": "w1 is RUNNING.", "code": None}
        ],
    }  # fmt: skip
    assert window.last.report is report
    phase = window.records.phase()
    assert (phase.phase, phase.by, phase.generation, phase.missing) == ("closed", "task", 1, [])
    assert phase.turned_at == begun
    assert set(phase.marks) == {key(window, "w1")}
    assert phase.marks[key(window, "w1")].sure
    assert window.records.claims(window.records.plan().places[0].identity).claims == []
    assert window.lines == ["wind-1 (w1): PAUSED -> RUNNING", FENCE(23)]
    assert window.clock.now == begun + 25


def test_who_brings_back_by_hand_is_noted():
    window = enos()
    window.restore(by="hand")
    assert window.records.phase().by == "hand"


def test_a_window_that_stopped_nothing_has_nothing_to_do():
    window = quick(enos=1, dli=0, codearts=0)
    window.rooms.enos["w1"]["status"] = "PAUSED"
    window.cycle_down()
    begun = window.clock.now
    assert window.restore() == {
        "window": "nightly/window", "run_id": "run1", "result": "nothing to do", "things": [],
    }  # fmt: skip
    assert window.clock.now == begun
    assert window.rooms.writes == []
    assert window.records.phase().phase == "closed"


def test_a_closed_window_has_nothing_to_do_and_says_so():
    window = enos()
    window.restore()
    window.lines.clear()
    window.rooms.reads.clear()
    report = window.restore()
    assert report == {"window": "nightly/window", "run_id": "run1", "result": "nothing to do", "things": []}
    assert window.last.report is report
    assert window.lines == ["window nightly/window, run run1 is closed: nothing is to be brought back."]
    assert window.rooms.reads == []


def test_that_an_earlier_snapshot_was_closed_does_not_count():
    window = enos()
    window.records.keep_phase(Phase(generation=0, phase="closed", turned_at=1.0, missing=["x"]))
    assert window.restore()["result"] == "restored"
    phase = window.records.phase()
    assert (phase.generation, phase.missing) == (1, [])
    assert phase.turned_at > 1.0


def test_what_a_later_snapshot_has_closed_is_not_brought_back():
    window = enos()
    window.records.keep_phase(Phase(generation=2, phase="closed", turned_at=1.0))
    assert window.restore()["result"] == "nothing to do"


def test_without_a_record_nothing_is_done():
    with pytest.raises(RecordUnreadable):
        quick().restore()


def test_only_what_was_asked_to_stop_is_brought_back():
    window = quick(enos=3, dli=0, codearts=0)
    window.snapshot()
    window.rooms.enos["w2"]["status"] = "STOPPED"
    window.quiesce()
    window.rooms.enos["w3"]["status"] = "RUNNING"
    window.rooms.writes.clear()
    assert window.restore()["result"] == "restored"
    assert window.rooms.writes == [("start_pipeline", "w1")]
    assert window.told("w2") == {
        "service": "enos", "name": "wind-2", "id": "w2", "verb": "restore", "result": "already", "before": "RUNNING",
        "after": "STOPPED", "message": "It is STOPPED without this window's doing, and is left so.", "code": None,
    }  # fmt: skip
    assert window.told("w3")["message"] == (
        "w3 is RUNNING; nothing was sent. New settings were not applied: pause or stop it first."
    )


def test_what_this_window_did_not_stop_and_runs_is_not_told():
    window = quick(enos=2, dli=0, codearts=0)
    window.snapshot()
    window.rooms.enos["w2"]["status"] = "STOPPED"
    window.quiesce()
    window.rooms.enos["w2"]["status"] = "RUNNING"
    window.restore()
    assert window.told("w2") is None


def test_that_the_rest_cannot_be_looked_at_is_told_and_keeps_nothing_down():
    window = quick(enos=1, dli=1, codearts=0)
    window.snapshot()
    window.rooms.dli["101"]["status"] = "job_finish"
    window.quiesce()
    window.lines.clear()
    window.rooms.fail("show_flink_job", status=500, answer={}, times=FOR_EVER)
    assert window.restore()["result"] == "restored"
    assert window.lines[0].startswith("what this window did not stop could not be looked at: DLI show_flink_job failed")
    assert window.told(101) is None


def test_a_place_that_is_lost_is_no_reason_not_to_look_at_the_rest_elsewhere():
    window = quick(enos=2, dli=1, codearts=0)
    window.snapshot()
    window.rooms.dli["101"]["status"] = "job_finish"
    window.rooms.enos["w2"]["status"] = "STOPPED"
    window.quiesce()
    window.places = window.places[:1]
    assert window.restore()["result"] == "restored"
    assert window.told("w2")["after"] == "STOPPED"
    assert window.told(101) is None


def test_runs_that_were_stopped_are_told_and_not_started():
    window = quick(enos=0, dli=0, codearts=2, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.cycle_down()
    things = window.restore()["things"]
    assert things[0] == {
        "service": "codearts", "name": "build-1", "id": "c1", "verb": "stop_pipeline_run", "result": "done",
        "before": "ENABLED", "after": None, "message": "Run r1: It was stopped by this window and is not started again.",
        "code": None, "pipeline_run_id": "r1",
    }  # fmt: skip
    assert [one["id"] for one in things[1:]] == ["c1", "c2"]


def test_an_attempt_waits_an_hour_and_a_minute_a_thing_or_as_long_as_it_is_told():
    window = enos(3)
    assert window.restoring().deadline == window.clock.now + 3600 + 3 * 60
    assert window.restoring(deadline=5.0).deadline == 5.0
    window.rooms.enos["w1"]["takes"] = 10**9
    begun = window.clock.now
    with pytest.raises(NotRestored) as caught:
        window.restore()
    assert window.clock.now - begun == 3780
    assert str(caught.value) == (
        "1 of 3 are not back: wind-1 (w1): start_pipeline of w1: running was not reached before the deadline, last seen "
        "PAUSED."
    )
    assert "2/3 back, 1 waiting: wind-1 (w1)" in window.lines


def test_a_wait_is_left_to_the_triggerer():
    window = enos(2)
    window.rooms.enos["w2"]["takes"] = 300
    window.defer_after = 30
    begun = window.clock.now
    assert window.restore() is None
    assert window.clock.now == begun + 30
    assert window.last.report["result"] == "partly"
    assert [participant.fleet.service for participant in window.last.coordinator.waiting] == ["enos"]
    assert window.records.phase().phase == "restoring"
    window.clock.sleep(300)
    begun = window.clock.now
    assert window.restore()["result"] == "restored"
    assert window.rooms.sent("start_pipeline") == ["w1", "w2"]
    assert window.clock.now == begun, "the fence is over"


# who may do what


def test_a_task_that_was_asked_to_end_starts_nothing_more():
    window = enos(2)
    killed = []
    window.rooms.watch = lambda operation, ids: killed.append(1) if operation == "start_pipeline" else None
    with pytest.raises(WatchFailed) as caught:
        window.restore(killed=lambda: bool(killed))
    assert str(caught.value) == "the task was asked to end: nothing more is started. Clear it to go on."
    assert window.rooms.writes == [("start_pipeline", "w1")]
    assert window.last.report["result"] == "partly"


def test_an_attempt_of_an_earlier_snapshot_starts_nothing_more():
    window = enos()
    work = window.restoring()
    window.records.announce(2)
    rewrite(window, generation=2)
    with pytest.raises(WatchFailed) as caught:
        work.run()
    assert str(caught.value) == (
        "window nightly/window, run run1 has a newer snapshot: this attempt starts nothing more."
    )
    assert window.rooms.writes == []


def test_a_snapshot_that_was_announced_and_never_written_does_not_count():
    window = enos()
    window.records.announce(2)
    assert window.restore()["result"] == "restored"


def test_what_a_later_window_takes_over_meanwhile_is_not_started():
    window = enos(2)
    work = window.restoring()
    window.records.keep_handed(Handed(generation=1, window="w", run_id="r", things=[key(window, "w1")]))
    with pytest.raises(WatchFailed) as caught:
        work.run()
    assert str(caught.value) == (
        "a later window has taken things over from window nightly/window, run run1: nothing more is done."
    )
    assert window.rooms.writes == []
    assert window.restore()["result"] == "restored"
    assert window.rooms.writes == [("start_pipeline", "w2")]


def test_what_was_taken_over_from_an_earlier_snapshot_does_not_count():
    window = enos()
    window.records.keep_handed(Handed(generation=0, window="w", run_id="r", things=[key(window, "w1")]))
    window.restore()
    assert window.rooms.writes == [("start_pipeline", "w1")]


def test_a_turn_that_the_record_does_not_show_ends_the_attempt():
    window = enos()
    usual = window.records.keep_phase
    window.records.keep_phase = lambda part: None
    with pytest.raises(WatchFailed) as caught:
        window.restore()
    assert str(caught.value) == "the record was turned to restoring, and does not show it. A retry tries again."
    assert window.rooms.writes == []
    window.records.keep_phase = usual


@pytest.mark.parametrize(("generation", "word"), [(1, "closed"), (2, "restoring")])
def test_a_record_that_somebody_else_has_closed_meanwhile_is_not_opened_again(generation, word):
    window = enos(2)

    def close(operation, ids):
        if operation == "start_pipeline" and ids == ["w1"]:
            window.records.keep_phase(Phase(generation=generation, phase=word, turned_at=1.0))

    window.rooms.watch = close
    with pytest.raises(WatchFailed) as caught:
        window.restore()
    assert str(caught.value) == (
        "window nightly/window, run run1 was closed by somebody else meanwhile: look at its report."
    )
    assert (window.records.phase().generation, window.records.phase().phase) == (generation, word)
    assert window.rooms.writes == [("start_pipeline", "w1")]


def test_an_earlier_attempt_of_restore_is_gone_on_with():
    window = enos(2)
    window.rooms.refuse("start_pipeline", 61128, id="w2")
    with pytest.raises(NotRestored):
        window.restore()
    turned = window.records.phase().turned_at
    window.clock.sleep(5)
    assert window.restore()["result"] == "restored"
    assert window.records.phase().turned_at == turned
    assert window.rooms.sent("start_pipeline") == ["w1", "w2", "w2"]


# the fence


@pytest.mark.parametrize(("timeout", "fence"), [(15, 25), (5, 20), (60, 70)])
def test_the_second_look_comes_when_no_write_can_be_under_way_any_more(timeout, fence):
    window = enos(extra={"timeout": timeout})
    begun = window.clock.now
    window.restore()
    assert window.clock.now == begun + fence
    assert FENCE(fence - 2) in window.lines


def test_time_that_has_passed_since_the_record_was_turned_counts():
    window = enos()
    window.records.keep_phase(Phase(generation=1, phase="restoring", turned_at=window.clock.now - 10))
    begun = window.clock.now
    window.restore()
    assert window.clock.now == begun + 15
    assert window.lines[-1] == FENCE(13)


def test_a_record_that_another_clock_has_turned_is_waited_for_no_longer_than_the_fence():
    window = enos()
    window.records.keep_phase(Phase(generation=1, phase="restoring", turned_at=window.clock.now + 1000))
    begun = window.clock.now
    window.restore()
    assert window.clock.now <= begun + 28
    assert window.lines[-1] == FENCE(25)


def test_a_fence_that_is_long_says_that_it_waits_on():
    window = enos(extra={"timeout": 180})
    window.restore()
    assert window.lines[-4:] == [
        FENCE(188), "128 s are left to wait", "68 s are left to wait", "8 s are left to wait",
    ]  # fmt: skip
    assert max(window.clock.slept) <= 5.0


def test_a_kill_ends_the_wait_for_the_fence():
    window = enos()
    killed = []
    window.clock.after(10, lambda: killed.append(1))
    begun = window.clock.now
    with pytest.raises(WatchFailed) as caught:
        window.restore(killed=lambda: bool(killed))
    assert str(caught.value) == "the task was asked to end. Clear it to go on."
    assert window.clock.now <= begun + 15
    assert window.records.phase().phase == "restoring"


def test_what_was_stopped_late_is_started_once_more():
    window = enos(2)
    window.clock.after(15, lambda: window.rooms.enos["w2"].update(status="PAUSED"))
    begun = window.clock.now
    assert window.restore()["result"] == "restored"
    assert window.clock.now < begun + 33, "it is asked for at once"
    assert window.rooms.sent("start_pipeline") == ["w1", "w2", "w2"]
    assert "wind-2 (w2) was stopped once more meanwhile; bringing it back." in window.lines
    assert window.rooms.statuses()["enos", "w2"] == "RUNNING"


def test_what_quiesce_noted_late_is_brought_back_too():
    window = quick(enos=2, dli=0, codearts=0)
    window.snapshot()
    window.rooms.enos["w2"]["status"] = "STOPPED"
    window.quiesce()
    window.rooms.enos["w2"]["status"] = "RUNNING"

    def late():
        (part,) = window.records.progress()
        part.marks[key(window, "w2")] = Intent(at=1.0)
        window.records.keep_progress(part)
        window.rooms.enos["w2"]["status"] = "PAUSED"

    window.clock.after(10, late)
    window.rooms.writes.clear()
    assert window.restore()["result"] == "restored"
    assert window.rooms.sent("start_pipeline") == ["w1", "w2"]


def test_what_is_stopped_again_and_again_is_told_after_five_rounds():
    window = down(enos=1, dli=1, codearts=0)
    rooms = window.rooms
    looks = {"list_pipelines": ("start_pipeline", rooms.enos["w1"], "PAUSED"),
             "show_flink_job": ("batch_run_flink_jobs", rooms.dli["101"], "job_cancel_success")}  # fmt: skip
    seen = dict.fromkeys(looks, 9)

    def watch(operation, ids):
        for look, (start, thing, orphan) in looks.items():
            if operation == start:
                seen[look] = 0
            if operation == look:
                seen[look] += 1
                if seen[look] == 2:  # it was seen to run, and is to be seen a second time
                    thing["status"] = orphan

    rooms.watch = watch
    with pytest.raises(NotRestored) as caught:
        window.restore()
    assert str(caught.value) == (
        "after 5 rounds things are stopped again and again: wind-1 (w1), agg-1 (101). Find out who stops them."
    )
    assert rooms.sent("start_pipeline") == ["w1"] * 5
    assert rooms.sent("batch_run_flink_jobs") == ["101"] * 5
    assert window.last.report["result"] == "partly"


def test_what_cannot_be_seen_a_second_time_is_not_back():
    window = enos(2)
    window.clock.after(15, lambda: window.rooms.enos["w2"].update(status=None))
    with pytest.raises(NotRestored) as caught:
        window.restore()
    assert str(caught.value) == "wind-2 (w2) could not be seen a second time. A retry looks again."
    assert window.records.phase().phase == "restoring"
    window.rooms.enos["w2"]["status"] = "RUNNING"
    assert window.restore()["result"] == "restored"


def test_a_job_that_has_run_to_its_end_since_it_was_started_is_back():
    window = down(enos=0, dli=1, codearts=0)
    window.clock.after(15, lambda: window.rooms.dli["101"].update(status="job_finish"))
    assert window.restore()["result"] == "restored"
    assert window.rooms.sent("batch_run_flink_jobs") == ["101"]


def test_a_job_that_is_stopped_after_its_start_is_not_back():
    window = down(enos=0, dli=1, codearts=0)
    window.clock.after(15, lambda: window.rooms.dli["101"].update(status="job_cancel_success"))
    assert window.restore()["result"] == "restored"
    assert window.rooms.sent("batch_run_flink_jobs") == ["101", "101"]


def test_a_job_that_ends_though_it_was_not_started_here_is_started():
    window = down(enos=0, dli=1, codearts=0)
    window.rooms.dli["101"]["status"] = "job_running"
    window.clock.after(15, lambda: window.rooms.dli["101"].update(status="job_finish"))
    assert window.restore()["result"] == "restored"
    assert window.rooms.sent("batch_run_flink_jobs") == ["101"]


# what is gone


def gone(window, id):
    del window.rooms.enos[id]


@pytest.mark.parametrize("when", ["before", "at the second look"])
def test_what_is_gone_is_told_and_the_rest_comes_back(when):
    window = enos(2)
    if when == "before":
        gone(window, "w1")
    else:
        window.clock.after(15, lambda: gone(window, "w1"))
    assert window.restore()["result"] == "restored"
    assert window.records.phase().missing == [key(window, "w1")]
    assert window.told("w1") == {
        "service": "enos", "name": "wind-1", "id": "w1", "verb": "restore", "result": "unknown", "before": "RUNNING",
        "after": None, "message": GONE, "code": None,
    }  # fmt: skip
    assert window.told("w2")["result"] == "done"


def test_what_was_not_stopped_and_is_gone_is_told_too():
    window = quick(enos=2, dli=0, codearts=0)
    window.snapshot()
    gone(window, "w1")
    window.quiesce()
    assert window.restore()["result"] == "restored"
    assert window.records.phase().missing == [key(window, "w1")]
    assert window.told("w1")["message"] == GONE


def test_two_of_two_may_be_gone_and_three_of_three_are_taken_for_a_lost_permission():
    window = enos(2)
    window.rooms.enos.clear()
    assert window.restore()["result"] == "restored"
    assert len(window.records.phase().missing) == 2
    window = enos(3)
    window.rooms.enos.clear()
    with pytest.raises(
        NotRestored, match=r"^3 of 3 are not back: wind-1 \(w1\): EnOS list_pipelines failed .*; wind-2"
    ):
        window.restore()
    assert window.records.phase().phase == "restoring"
    window = enos(3)
    gone(window, "w1")
    gone(window, "w2")
    assert window.restore()["result"] == "restored"


def test_what_was_gone_for_an_earlier_attempt_is_looked_for_anew():
    window = enos(3)
    one = window.rooms.enos.pop("w1")
    window.rooms.refuse("start_pipeline", 61128, id="w2")
    with pytest.raises(NotRestored):
        window.restore()
    window.rooms.enos["w1"] = one
    assert window.restore()["result"] == "restored"
    assert window.records.phase().missing == []
    assert window.rooms.statuses()["enos", "w1"] == "RUNNING"


# what does not come back


def test_what_does_not_come_back_is_named_with_its_reason_and_the_rest_comes_back():
    window = down(enos=2, dli=2, codearts=1)
    window.rooms.refuse("start_pipeline", 61128, "no right", id="w1", times=FOR_EVER)
    window.rooms.dli["102"]["refuses_run"] = FOR_EVER
    with pytest.raises(NotRestored) as caught:
        window.restore()
    no = (
        "EnOS start_pipeline failed (POST /streaming/v2.0/streaming/pipeline/w1, HTTP 200, code 61128): no right. An "
        "administrator has to request this processing resource for the organization."
    )
    assert str(caught.value) == (
        f"2 of 5 are not back: wind-1 (w1): {no}; agg-2 (102): DLI batch_run_flink_jobs failed (POST /streaming/jobs, "
        "HTTP 200): cannot be run"
    )
    assert window.last.report["result"] == "partly"
    assert [one["result"] for one in window.last.report["things"]] == ["failed", "done", "done", "failed", "done"]
    assert window.told("w1") == {
        "service": "enos", "name": "wind-1", "id": "w1", "verb": "start_pipeline", "result": "failed",
        "before": "PAUSED", "after": "PAUSED", "message": no, "code": "61128",
    }  # fmt: skip
    assert window.records.phase().phase == "restoring"
    assert set(window.records.phase().marks) == {key(window, id) for id in ("w2", "101", "c1")}
    window.rooms.writes.clear()
    window.rooms.faults.clear()
    window.rooms.dli["102"]["refuses_run"] = 0
    assert window.restore()["result"] == "restored"
    assert window.rooms.writes == [("start_pipeline", "w1"), ("batch_run_flink_jobs", "102")]


def test_a_start_that_did_not_lead_to_its_goal_is_asked_for_anew_by_the_next_attempt():
    window = down(enos=0, dli=1, codearts=0)
    window.rooms.dli["101"]["ends"] = {"batch_run_flink_jobs": "job_submit_fail"}
    with pytest.raises(
        NotRestored, match=r"^1 of 1 are not back: agg-1 \(101\): 101 is job_submit_fail after batch_run"
    ):
        window.restore()
    assert window.records.phase().marks == {}
    window.rooms.dli["101"]["ends"] = {}
    assert window.restore()["result"] == "restored"


def test_a_thing_without_a_name_is_named_by_its_id():
    window = quick(enos=0, dli=1, codearts=0, target={"dli": {"name_pattern": None, "job_ids": [101]}})
    window.rooms.dli["101"]["name"] = None
    window.cycle_down()
    window.rooms.dli["101"]["refuses_run"] = FOR_EVER
    with pytest.raises(NotRestored, match=r"^1 of 1 are not back: 101: DLI batch_run"):
        window.restore()


def test_a_place_that_no_target_leads_to_any_more_is_named_and_the_rest_comes_back():
    window = down(enos=1, dli=1, codearts=0)
    window.places = window.places[:1]
    with pytest.raises(NotRestored) as caught:
        window.restore()
    identity = window.records.plan().places[1].identity
    reason = (
        f"no target of the window leads to {identity} any more. Give the target back, or bring its things back with "
        "'airflow-pipelines restore'."
    )
    assert str(caught.value) == f"1 of 2 are not back: agg-1 (101): {reason}"
    assert window.told(101) == {
        "service": "dli", "name": "agg-1", "id": "101", "verb": "restore", "result": "failed", "before": "job_running",
        "after": None, "message": reason, "code": None,
    }  # fmt: skip
    assert window.rooms.statuses()["enos", "w1"] == "RUNNING"


def test_a_fleet_that_cannot_be_seen_is_the_reason_for_each_of_its_things():
    window = down(enos=2, dli=1, codearts=0)
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    with pytest.raises(NotRestored) as caught:
        window.restore()
    text = str(caught.value)
    assert text.startswith("2 of 3 are not back: wind-1 (w1): EnOS list_pipelines failed")
    assert "; wind-2 (w2): EnOS list_pipelines failed" in text
    assert window.told("w1")["verb"] == "restore"
    assert window.told("w1")["result"] == "failed"
    assert window.told(101)["result"] == "done"


# refused credentials


def refused(window, **more):
    window.rooms.fail(
        "show_flink_job", status=401, answer={"error_code": "APIGW.0301", "error_msg": "wrong"}, times=FOR_EVER, **more
    )


def test_refused_credentials_are_left_alone_until_they_may_be_used_again():
    window = down(enos=1, dli=1, codearts=0)
    refused(window)
    begun = window.clock.now
    with pytest.raises(NotRestored, match=r"^1 of 2 are not back: agg-1 \(101\): DLI show_flink_job failed"):
        window.restore()
    waits = [line for line in window.lines if "wait" in line or "refused:" in line]
    assert re.fullmatch(
        r"credentials were refused: no call is made with them for 3(60|5\d) s, then this attempt ends\.", waits[0]
    )
    assert [line.split(" ", 1)[1] for line in waits[1:]] == ["s are left to wait"] * 5
    assert window.clock.now - begun == pytest.approx(362, abs=3)
    assert window.rooms.statuses()["enos", "w1"] == "RUNNING"
    assert window.rooms.reads.count("show_flink_job") <= 6


def test_a_killed_task_does_not_wait_for_credentials():
    window = down(enos=0, dli=1, codearts=0)
    refused(window)
    killed = []
    window.rooms.watch = lambda operation, ids: killed.append(1)
    begun = window.clock.now
    with pytest.raises(PipelinesError):
        window.restore(killed=lambda: bool(killed))
    assert window.clock.now - begun < 10
    assert not any("credentials" in line for line in window.lines)


def test_credentials_that_are_refused_at_the_second_look_are_left_alone_too():
    window = down(enos=0, dli=1, codearts=0)
    window.clock.after(15, lambda: refused(window))
    begun = window.clock.now
    with pytest.raises(AuthenticationError):
        window.restore()
    assert window.clock.now - begun == pytest.approx(25 + 360)
    assert "credentials were refused: no call is made with them for 360 s, then this attempt ends." in window.lines


def about(**more):
    return {"service": "s", "operation": "o", "method": "GET", "path": "/", "status": 401, **more}


@pytest.mark.parametrize(
    ("until", "wait"),
    [(None, 360), (100.0, 100), (0.0, 0), (-5.0, 0), (5000.0, 365)],
)
def test_the_silence_lasts_until_the_last_refusal_is_over_and_never_longer_than_a_vendor_locks(until, wait):
    window = enos()
    work = window.restoring()
    begun = window.clock.now
    errors = [
        AuthenticationError("no", until=None if until is None else begun + until, **about()),
        AuthenticationError("no", until=begun - 50, **about()),
        WatchFailed("something else"),
    ]
    work._waits.for_credentials(errors)
    assert window.clock.now == begun + wait
    assert (
        window.lines[0] == f"credentials were refused: no call is made with them for {wait} s, then this attempt ends."
    )


def test_other_errors_are_no_reason_to_wait():
    window = enos()
    begun = window.clock.now
    window.restoring()._waits.for_credentials([WatchFailed("x"), ConfigurationError("y")])
    assert window.clock.now == begun
    assert window.lines == []


# the end


def test_a_claim_that_cannot_be_withdrawn_is_told_and_no_failure():
    window = enos()
    usual = window.store.set

    def deny(key, text, about):
        if "claims" in about:
            raise RecordUnreadable("no")
        usual(key, text, about)

    window.store.set = deny
    assert window.restore()["result"] == "restored"
    assert window.lines[-1] == "a claim could not be withdrawn; it is seen through, since the record is closed: no"


def test_the_claims_in_all_places_are_withdrawn():
    window = down(enos=1, dli=1, codearts=1)
    window.restore()
    for place in window.records.plan().places:
        assert window.records.claims(place.identity).claims == []


# records of others


def test_what_an_adopted_window_noted_is_brought_back_by_the_one_that_adopted_it():
    window = quick(enos=2, dli=1, codearts=0, target={"dli": {"trigger_savepoint": True}})
    window.rooms.dli["101"]["savepoint"] = "obs://old"
    window.cycle_down()
    path = window.rooms.dli["101"]["savepoint"]
    window.runs.over.add(("nightly/window", "run1"))
    later = window.another(run_id="run2")
    later.snapshot()
    later.quiesce()
    window.rooms.writes.clear()
    assert later.restore()["result"] == "restored"
    assert window.rooms.sent("start_pipeline") == ["w1", "w2"]
    assert window.rooms.dli["101"]["resumed"] is True
    assert window.rooms.dli["101"]["savepoint"] == path


def test_what_attempts_noted_counts_the_later_one_first_and_none_of_another_snapshot():
    window = enos(2)
    one = Progress(generation=1, attempt=5, marks={key(window, "w1"): Intent(at=50.0)})
    two = Progress(generation=0, attempt=6, marks={key(window, "w1"): Intent(at=60.0)})
    for part in (one, two):
        window.records.keep_progress(part)
        window.records.register(part.attempt)
    stops = window.restoring()._stops()
    assert {name: intent.at for name, intent in stops.items() if name == key(window, "w1")} == {key(window, "w1"): 50.0}
    assert set(stops) == {key(window, "w1"), key(window, "w2")}


def test_a_window_that_was_adopted_and_dropped_since_is_passed_over():
    window = enos()
    window.runs.over.add(("nightly/window", "run1"))
    later = window.another(run_id="run2")
    later.snapshot()
    window.records.drop()
    assert later.restore()["result"] == "restored"
    assert window.rooms.sent("start_pipeline") == ["w1"]


def test_what_is_only_carried_comes_back_too():
    window = enos(2)
    again = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)])
    again.snapshot()
    again.quiesce(attempt=2)
    assert again.restore()["result"] == "restored"
    assert window.rooms.statuses() == {("enos", "w1"): "RUNNING", ("enos", "w2"): "RUNNING"}


def test_each_thing_that_this_window_did_not_stop_is_looked_at():
    window = quick(enos=4, dli=1, codearts=0)
    window.snapshot()
    for one in (window.rooms.enos["w1"], window.rooms.enos["w2"], window.rooms.enos["w3"]):
        one["status"] = "STOPPED"
    window.rooms.dli["101"]["status"] = "job_finish"
    window.quiesce()
    window.rooms.enos["w1"]["status"] = "RUNNING"
    gone(window, "w2")
    window.restore()
    told = {one["id"]: one["message"] for one in window.last.report["things"] if one["verb"] == "restore"}
    left = "without this window's doing, and is left so."
    assert told == {"w2": GONE, "w3": f"It is STOPPED {left}", 101: f"It is job_finish {left}"}


def test_what_was_back_before_its_fleet_could_not_be_seen_any_more_is_back():
    window = quick(enos=1, dli=0, codearts=0)
    window.rooms.enos["s1"] = {"name": "reader", "status": "RUNNING", "system": True}
    window = window.another([EnosPipelines(pipeline_ids=["w1", "s1"], start=START)])
    window.cycle_down()
    window.rooms.watch = lambda operation, ids: (
        window.clock.after(2.5, lambda: window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER))
        if ids == ["s1"]
        else None
    )
    window.rooms.fail("start_pipeline", id="w1", status=403, answer={}, times=0)
    window.rooms.enos["s1"]["takes"] = 1
    window.rooms.enos["w1"]["takes"] = 100
    with pytest.raises(NotRestored, match=r"^1 of 2 are not back: wind-1 \(w1\): EnOS list_pipelines failed"):
        window.restore()
    assert window.told("s1")["result"] == "done"


def test_credentials_that_only_writes_are_refused_for_are_left_alone_too():
    window = enos()
    window.rooms.fail("start_pipeline", answer={"code": 1002, "msg": "wrong"}, times=FOR_EVER)
    begun = window.clock.now
    with pytest.raises(NotRestored, match=r"^1 of 1 are not back: wind-1 \(w1\): .*code 1002\): wrong"):
        window.restore()
    assert window.clock.now - begun == pytest.approx(360)
    assert "credentials were refused: no call is made with them for 360 s, then this attempt ends." in window.lines


def test_no_word_is_said_of_a_fence_that_is_over():
    window = enos()
    window.records.keep_phase(Phase(generation=1, phase="restoring", turned_at=window.clock.now - 24))
    window.restore()
    assert not any("looking once more" in line for line in window.lines)
