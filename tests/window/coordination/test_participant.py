"""How a participant works: what it notes before it writes, when it asks again, how it names things, when it pauses."""

import itertools

import pytest

from airflow_provider_pipelines.core.http.calls import Request
from airflow_provider_pipelines.core.http.side_by_side import Halt
from airflow_provider_pipelines.errors import AuthenticationError, NotFound, WatchFailed, WatchTimeout
from airflow_provider_pipelines.window.coordination import participant as participants
from airflow_provider_pipelines.window.phases.quiesce import StillRunning
from airflow_provider_pipelines.window.phases.restore import NotRestored
from airflow_provider_pipelines.window.record.model import Phase
from tests.support.short_wire import DAWN, FOR_EVER, quick

PAUSE = "EnOS pause_pipeline failed (POST /streaming/v2.0/streaming/pipeline/w1, HTTP 200, code {}): {}".format


def wind(**more):
    """A window over one EnOS pipeline, its snapshot taken."""
    window = quick(enos=1, dli=0, codearts=0, **more)
    window.snapshot()
    return window


def intents(window, attempt=1):
    (part,) = [part for part in window.records.progress() if part.attempt == attempt]
    return {key.partition(":")[2].partition(":")[2]: intent for key, intent in part.marks.items()}


# what is noted


def test_an_intent_is_in_the_record_before_its_write_goes_out_and_is_sure_once_it_was_taken():
    window = quick(enos=2, dli=0, codearts=0)
    window.snapshot()
    noted = {}

    def look(operation, ids):
        if operation == "pause_pipeline":
            noted[ids[0]] = {id: (intent.sure, intent.before, intent.at) for id, intent in intents(window).items()}

    window.rooms.watch = look
    begun = window.clock.now
    window.quiesce()
    assert noted["w1"] == {"w1": (False, "RUNNING", begun)}
    assert noted["w2"] == {"w1": (True, "RUNNING", begun), "w2": (False, "RUNNING", begun)}
    assert {id: intent.sure for id, intent in intents(window).items()} == {"w1": True, "w2": True}
    assert intents(window)["w1"].passed == ["PAUSED"]


def test_what_the_service_certainly_did_not_do_is_withdrawn_and_what_it_may_have_done_is_kept():
    window = wind()
    window.rooms.refuse("pause_pipeline", 61100)
    with pytest.raises(StillRunning):
        window.quiesce()
    assert intents(window) == {}
    window = wind()
    window.rooms.fail("pause_pipeline", lost=True, times=FOR_EVER)
    with pytest.raises(StillRunning):
        window.quiesce()
    assert intents(window)["w1"].sure is False


def test_a_hundred_jobs_go_together_each_batch_noted_before_it_goes_out():
    window = quick(enos=0, dli=150, codearts=0)
    window.snapshot()
    noted = []

    def look(operation, ids):
        if operation == "batch_stop_flink_jobs":
            noted.append((len(ids), len(intents(window)), sum(intent.sure for intent in intents(window).values())))

    window.rooms.watch = look
    assert window.quiesce()["result"] == "quiet"
    assert noted == [(100, 100, 0), (50, 150, 100)]
    assert all(intent.sure for intent in intents(window).values())


def test_what_a_job_showed_before_its_stop_and_after_it_is_noted():
    window = quick(enos=0, dli=1, codearts=0, target={"dli": {"trigger_savepoint": True}})
    window.rooms.dli["101"].update(
        savepoint="obs://old", takes=12, passes={"batch_stop_flink_jobs": "job_savepointing"}
    )
    window.snapshot()
    window.quiesce()
    (intent,) = intents(window).values()
    assert intent.facts == {"has_savepoint": True, "savepoint_path": "obs://old"}
    assert intent.last == {"has_savepoint": True, "savepoint_path": "obs://b/1"}
    assert intent.before == "job_running"
    assert intent.passed == ["job_running", "job_savepointing", "job_cancel_success"]


def test_a_run_is_noted_by_its_pipeline():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()
    window.quiesce()
    assert set(intents(window)) == {"c1", "c1/r1"}
    (part,) = window.records.progress()
    assert [key.rpartition(":")[2] for key in part.waited] == ["c1/r1"]


# when it is asked again


def pauses(window):
    """Give how far apart the stops were."""
    times = []
    window.rooms.watch = lambda operation, ids: times.append(window.clock.now) if operation in STOPS else None
    return times


STOPS = {"pause_pipeline", "batch_stop_flink_jobs", "disable_pipeline"}


def test_what_refuses_is_asked_three_times_ever_later():
    window = quick(enos=0, dli=1, codearts=0)
    window.snapshot()
    window.rooms.dli["101"]["refuses"] = FOR_EVER
    times = pauses(window)
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert [round(later - times[0]) for later in times] == [0, 10, 30]
    no = "DLI batch_stop_flink_jobs failed (POST /streaming/jobs, HTTP 200): cannot be stopped"
    assert window.lines == [f"agg-1 (101): {no} Trying again."] * 2
    assert str(caught.value) == (
        f"1 of 1 could not be brought to rest: agg-1 (101): {no} Work does not run, and what was stopped is brought back."
    )


def test_what_refused_at_first_and_then_stops_is_no_failure():
    window = quick(enos=0, dli=2, codearts=0)
    window.snapshot()
    window.rooms.dli["102"]["refuses"] = 2
    assert window.quiesce()["result"] == "quiet"
    assert window.rooms.sent("batch_stop_flink_jobs") == [["101", "102"], "102", "102"]
    assert window.told(102)["result"] == "done"


@pytest.mark.parametrize(
    ("code", "times"),
    [
        (61112, 3),  # the server failed
        (61126, 3),  # too few resources
        (61108, 3),  # not there, says a write: a look tells
        (61100, 1),  # not accepted
        (61128, 1),  # not allowed
    ],
)
def test_only_what_may_change_by_itself_is_asked_again(code, times):
    window = wind()
    window.rooms.refuse("pause_pipeline", code, times=FOR_EVER)
    with pytest.raises(StillRunning):
        window.quiesce()
    assert len(window.rooms.sent("pause_pipeline")) == times


def test_credentials_that_are_refused_are_not_tried_again():
    window = quick(enos=0, dli=0, codearts=1)
    window.snapshot()
    window.rooms.fail("disable_pipeline", status=401, answer={"error_code": "APIGW.0301", "error_msg": "no"}, times=9)
    with pytest.raises((StillRunning, AuthenticationError)):
        window.quiesce()
    assert window.rooms.sent("disable_pipeline") == ["c1"]


def test_what_is_gone_is_not_asked_again():
    window = wind()
    del window.rooms.enos["w1"]
    assert window.quiesce()["result"] == "quiet"
    assert window.rooms.writes == []
    assert window.clock.now < DAWN + 6.1


def test_nothing_is_asked_again_after_the_deadline():
    window = wind(things={"takes": 10**9})
    window.timeout = 50
    window.rooms.refuse("pause_pipeline", 61126, times=FOR_EVER)
    times = pauses(window)
    begun = window.clock.now
    with pytest.raises(StillRunning, match="61126"):
        window.quiesce()
    assert len(times) == 3
    window = wind()
    window.timeout = 5
    window.rooms.refuse("pause_pipeline", 61126, times=FOR_EVER)
    times = pauses(window)
    begun = window.clock.now
    with pytest.raises(StillRunning):
        window.quiesce()
    assert [at - begun for at in times] == [0, 10]


def test_a_wait_that_ran_out_is_not_begun_again():
    window = wind(things={"takes": 10**9})
    window.timeout = 60
    begun = window.clock.now
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value) == (
        "1 of 1 could not be brought to rest: wind-1 (w1): pause_pipeline of w1: at rest was not reached before the "
        "deadline, last seen RUNNING. Work does not run, and what was stopped is brought back."
    )
    assert window.clock.now - begun == 60
    assert window.rooms.sent("pause_pipeline") == ["w1"]


def test_a_write_whose_answer_was_lost_is_looked_after_before_it_is_sent_again():
    window = wind()
    window.rooms.fail("pause_pipeline", lost=True, done=True)
    assert window.quiesce()["result"] == "quiet"
    assert window.rooms.sent("pause_pipeline") == ["w1"]
    lost = "EnOS pause_pipeline: POST /streaming/v2.0/streaming/pipeline/w1 got no answer: lost on the way"
    assert window.lines == [f"wind-1 (w1): {lost} Looking what came of it.", "wind-1 (w1): RUNNING -> PAUSED"]
    window = wind()
    window.rooms.fail("pause_pipeline", lost=True)
    assert window.quiesce()["result"] == "quiet"
    assert window.rooms.sent("pause_pipeline") == ["w1", "w1"]
    assert window.lines == [
        f"wind-1 (w1): {lost} Looking what came of it.", f"wind-1 (w1): {lost} Trying again.",
        "wind-1 (w1): RUNNING -> PAUSED",
    ]  # fmt: skip


@pytest.mark.parametrize("done", [False, True])
def test_a_write_that_may_be_repeated_is_not_repeated_blindly_in_a_window(done):
    window = quick(enos=0, dli=0, codearts=1)
    window.snapshot()
    window.rooms.fail("disable_pipeline", status=500, answer={}, done=done)
    assert window.quiesce()["result"] == "quiet"
    assert window.rooms.sent("disable_pipeline") == (["c1"] if done else ["c1", "c1"])


def test_the_stop_of_a_run_is_not_repeated_blindly_either_but_a_read_beside_it_is():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()
    window.rooms.fail("stop_pipeline_run", status=500, answer={}, done=True)
    window.rooms.fail("list_pipeline_queue", status=500, answer={}, skip=1)
    assert window.quiesce()["result"] == "quiet"
    assert len(window.rooms.sent("stop_pipeline_run")) == 1
    assert window.told("r1")["result"] == "done"


def test_a_wait_that_an_earlier_attempt_began_goes_on_with_a_look_at_once():
    window = wind(things={"takes": 100})
    window.defer_after = 30
    assert window.quiesce() is None
    window.clock.sleep(100)
    begun = window.clock.now
    assert window.quiesce()["result"] == "quiet"
    assert window.rooms.sent("pause_pipeline") == ["w1"]
    assert window.clock.now == begun
    assert window.told("w1") == {
        "service": "enos", "name": "wind-1", "id": "w1", "verb": "pause_pipeline", "result": "done",
        "before": "RUNNING", "after": "PAUSED", "message": "w1 is PAUSED.", "code": None,
    }  # fmt: skip


def test_an_intent_of_an_earlier_attempt_that_came_to_nothing_is_followed_by_a_stop():
    window = wind()
    work = window.quiescing()
    work.places.open()
    key = window.records.plan().things[0].key
    from airflow_provider_pipelines.core.verbs.item import Item

    work.intents.intend(key, Item("w1", before="RUNNING"), window.clock.now)
    work.intents.flush()
    window.clock.sleep(40)
    assert window.quiesce()["result"] == "quiet"
    assert window.rooms.sent("pause_pipeline") == ["w1"]


# the guard


def test_no_write_goes_out_once_restore_has_begun():
    window = quick(enos=3, dli=0, codearts=0)
    window.snapshot()

    def turn(operation, ids):
        if operation == "pause_pipeline":
            window.records.keep_phase(Phase(generation=1, phase="restoring", turned_at=window.clock.now))

    window.rooms.watch = turn
    with pytest.raises(WatchFailed) as caught:
        window.quiesce()
    assert str(caught.value) == (
        "window nightly/window, run run1 is restoring already: nothing more is stopped. Clear its work task to begin "
        "again."
    )
    assert window.rooms.writes == [("pause_pipeline", "w1")]
    assert window.told("w1") is None


def test_a_halt_is_raised_through_whatever_a_call_makes_of_errors():
    def check():
        raise Halt(WatchFailed("no more"))

    def call():
        try:
            yield Request("read", "GET", "/")
            yield Request("write", "POST", "/", repeatable=True)
        except Exception:  # noqa: BLE001 -- as greedy as it gets
            return "kept"

    guarded = participants._once({"write"}, call(), check)
    assert next(guarded) == Request("read", "GET", "/")
    request = guarded.send(None)
    assert (request.operation, request.repeatable, request.guard) == ("write", False, check)


def test_what_is_no_write_passes_unchanged_errors_and_results_too():
    seen = []

    def call():
        try:
            seen.append((yield Request("read", "GET", "/", repeatable=True)))
            yield "an effect"
        except WatchFailed as error:
            seen.append(error)
        try:
            seen.append((yield Request("read", "GET", "/2")))
        finally:
            seen.append("closed")
        return "result"

    lost = WatchFailed("lost")
    guarded = participants._once({"write"}, call(), None)
    assert next(guarded) == Request("read", "GET", "/", repeatable=True)
    assert guarded.send("first") == "an effect"
    assert guarded.throw(lost) == Request("read", "GET", "/2")
    with pytest.raises(StopIteration) as end:
        guarded.send("second")
    assert end.value.value == "result"
    assert seen == ["first", lost, "second", "closed"]
    guarded = participants._once({"write"}, call(), None)
    next(guarded)
    guarded.throw(lost)
    guarded.close()
    assert seen[-1] == "closed"


# what is told


def test_things_are_told_by_name_and_runs_by_their_pipeline():
    window = quick(enos=1, dli=1, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()
    window.quiesce()
    assert sorted(window.lines) == [
        "agg-1 (101): job_running -> job_cancel_success", "build-1 (c1): ENABLED -> DISABLED",
        "build-1, run r1: RUNNING -> CANCELED", "wind-1 (w1): RUNNING -> PAUSED",
    ]  # fmt: skip


def test_a_thing_without_a_name_is_told_by_its_id():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.codearts["c1"]["name"] = None
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()
    window.quiesce()
    assert window.lines == ["c1: ENABLED -> DISABLED", "c1, run r1: RUNNING -> CANCELED"]
    assert window.told("c1")["name"] == ""


def test_a_look_that_fails_is_told_as_it_is():
    window = wind(things={"takes": 10})
    window.rooms.fail("list_pipelines", status=500, answer={}, skip=1)
    window.quiesce()
    assert window.lines == [
        "look 1 in a row failed, 10 are forgiven: EnOS list_pipelines failed (GET /streaming/v2.0/streaming/pipelines, "
        "HTTP 500): the gateway failed",
        "wind-1 (w1): RUNNING -> PAUSED",
    ]


def test_eleven_failed_looks_in_a_row_end_a_wait():
    window = wind(things={"takes": 10})
    window.rooms.fail("list_pipelines", status=500, answer={}, skip=1, times=FOR_EVER)
    with pytest.raises(Exception, match="the gateway failed"):
        window.quiesce()
    assert sum("are forgiven" in line for line in window.lines) == 30  # three rounds


def test_a_first_look_is_patient_as_long_as_there_is_time():
    window = wind()
    window.rooms.fail("list_pipelines", status=500, answer={}, times=3)
    assert window.quiesce()["result"] == "quiet"
    window = wind()
    window.timeout = 1.2
    begun = window.clock.now
    window.rooms.fail("list_pipelines", status=500, answer={}, times=FOR_EVER)
    with pytest.raises(Exception, match="the gateway failed"):
        window.quiesce()
    assert window.clock.now - begun <= 1.2


def outcome(id, **more):
    usual = {
        "service": "codearts", "name": "build-1", "id": id, "verb": "disable_pipeline", "result": "done",
        "before": "ENABLED", "after": "DISABLED", "message": "c1 is DISABLED.", "code": None,
    }  # fmt: skip
    return {**usual, **more}


def test_outcomes_tell_of_pipelines_and_of_runs_that_were_stopped():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.rooms.runs["r2"] = {"pipeline": "c1", "status": "QUEUED"}
    window.rooms.queue["r2"] = 2
    window.snapshot()
    again = " It was stopped by this window and is not started again."
    run = {"id": "c1", "verb": "stop_pipeline_run"}
    assert window.quiesce()["things"] == [
        outcome("c1"),
        outcome(**run, before="RUNNING", after="CANCELED", message=f"r1 is CANCELED.{again}", pipeline_run_id="r1"),
        outcome(
            **run, before="QUEUED", after="QUEUED", message=f"It is gone.{again}", pipeline_run_id="r2", queue_id=2
        ),
    ]


def test_outcomes_tell_of_runs_that_were_waited_for():
    window = quick(enos=0, dli=0, codearts=1)
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING", "way": [(DAWN + 50, {"status": "FAILED"})]}
    window.snapshot()
    assert window.quiesce()["things"][1] == outcome(
        "c1", verb="wait_for_run", result="already", before="RUNNING", after="FAILED", pipeline_run_id="r1",
        message="r1 has become FAILED; nothing was sent. It has ended.",
    )  # fmt: skip
    assert window.rooms.writes == [("disable_pipeline", "c1")]


def test_a_later_attempt_tells_of_runs_that_ended_meanwhile():
    window = quick(enos=0, dli=0, codearts=2, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()
    window.quiesce()
    again = window.quiesce()["things"]
    assert again[2] == outcome(
        "c1", verb="stop_pipeline_run", before=None, after=None, pipeline_run_id="r1",
        message="Run r1: It was stopped by this window and is not started again.",
    )  # fmt: skip
    window = quick(enos=0, dli=0, codearts=1)
    window.rooms.runs["r1"] = {
        "pipeline": "c1",
        "status": "RUNNING",
        "takes": 0,
        "way": [(DAWN + 99, {"status": "FAILED"})],
    }
    window.defer_after = 30
    window.snapshot()
    assert window.quiesce() is None
    window.clock.sleep(100)
    assert window.quiesce()["things"][1] == outcome(
        "c1", verb="wait_for_run", result="already", before=None, after=None, pipeline_run_id="r1",
        message="Run r1 has ended.",
    )  # fmt: skip


def test_runs_that_start_again_and_again_are_told_after_three_rounds():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.snapshot()
    rooms, going = window.rooms, []

    def start(operation, ids):
        if operation == "list_pipeline_runs" and not going:
            going.append(f"r{len(rooms.runs) + 1}")
            rooms.runs[going[0]] = {"pipeline": "c1", "status": "RUNNING"}
        if operation == "stop_pipeline_run":
            going.clear()

    rooms.watch = start
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value) == (
        "1 of 1 could not be brought to rest: build-1 (c1): run r4 goes on: runs of build-1 (c1) start although it is "
        "disabled. Work does not run, and what was stopped is brought back."
    )
    assert [ids[1] for ids in rooms.sent("stop_pipeline_run")] == ["r1", "r2", "r3"]


def test_runs_that_end_in_the_third_round_are_no_failure():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.snapshot()
    rooms, going = window.rooms, []

    def start(operation, ids):
        if operation == "list_pipeline_runs" and not going and len(rooms.runs) < 3:
            going.append(f"r{len(rooms.runs) + 1}")
            rooms.runs[going[0]] = {"pipeline": "c1", "status": "RUNNING"}
        if operation == "stop_pipeline_run":
            going.clear()

    rooms.watch = start
    assert window.quiesce()["result"] == "quiet"
    assert [ids[1] for ids in rooms.sent("stop_pipeline_run")] == ["r1", "r2", "r3"]


def test_a_run_that_cannot_be_stopped_is_told_with_its_pipeline():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.rooms.refuse("stop_pipeline_run", "x", "no", times=FOR_EVER)
    window.snapshot()
    with pytest.raises(StillRunning) as caught:
        window.quiesce()
    assert str(caught.value).startswith(
        "1 of 1 could not be brought to rest: build-1 (c1): CodeArts Pipeline stop_pipeline_run failed"
    )
    assert window.told("r1")["result"] == "failed"


def test_a_savepoint_that_may_be_missing_is_no_failure():
    clean = {"trigger_savepoint": True, "on_missing_savepoint": "start_clean"}
    window = quick(enos=0, dli=1, codearts=0, target={"dli": clean})
    window.rooms.dli["101"]["makes_savepoints"] = False
    window.snapshot()
    assert window.quiesce()["result"] == "quiet"
    assert window.told(101)["result"] == "done"
    assert window.told(101)["message"].startswith("101 is job_cancel_success, and the savepoint that was asked for was")
    assert window.rooms.sent("batch_stop_flink_jobs") == ["101"]
    window = quick(enos=0, dli=1, codearts=0, target={"dli": {"trigger_savepoint": True}})
    window.rooms.dli["101"]["makes_savepoints"] = False
    window.snapshot()
    with pytest.raises(StillRunning, match="the savepoint that was asked for was not seen"):
        window.quiesce()
    assert window.rooms.sent("batch_stop_flink_jobs") == ["101"]


# pauses


def test_a_task_is_left_when_nothing_but_waiting_is_left_for_so_long():
    window = quick(enos=1, dli=1, codearts=0, things={"takes": 500})
    window.defer_after = 30
    window.snapshot()
    begun = window.clock.now
    assert window.quiesce() is None
    assert window.clock.now == begun + 30
    assert window.last.report["result"] == "partly"
    assert window.last.report["things"] == []
    waiting = window.last.coordinator.waiting
    assert [participant.fleet.service for participant in waiting] == ["enos", "dli"]
    assert [work.deadline for _, work in (participant.current for participant in waiting)] == [
        begun + window.timeout
    ] * 2


def test_without_a_bound_a_task_waits_on():
    window = wind(things={"takes": 500})
    begun = window.clock.now
    assert window.quiesce()["result"] == "quiet"
    assert window.clock.now >= begun + 500


def test_a_participant_that_has_work_left_is_waited_for_and_then_all_pause_anew():
    window = quick(enos=3, dli=1, codearts=0, things={"takes": 45})
    window.snapshot()
    window.quiesce()
    for one in window.rooms.enos.values():
        one["takes"] = 5
    window.rooms.dli["101"]["takes"] = 500
    window.defer_after = 30
    # EnOS has no time for the second start for a while: that participant has to ask again
    window.rooms.refuse("start_pipeline", 61121, "busy", id="w2", times=15)
    begun = window.clock.now
    window.clock.after(10, lambda: window.rooms.dli["101"].update(status="job_submitting"))
    assert window.restore() is None
    # the participant that has to ask again went on for a while, twice or more; then 30 seconds of mere waiting
    waited = round(window.clock.now - begun, 3)
    assert waited >= 60
    assert waited % 30 == 0
    assert window.rooms.statuses()["enos", "w2"] == "RUNNING"
    assert [participant.fleet.service for participant in window.last.coordinator.waiting] == ["dli"]
    window.clock.sleep(500)
    assert window.restore()["result"] == "restored"


def test_the_longest_time_between_two_looks_is_the_poll_interval():
    window = wind(things={"takes": 2000})
    window.poll_interval = 100.0
    times = []
    window.rooms.watch = lambda operation, ids: (
        times.append(window.clock.now) if operation == "list_pipelines" else None
    )
    window.quiesce()
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert 80 < max(gaps) <= 100


# starts that go one at a time


def test_a_start_that_enos_has_no_time_for_is_asked_again_and_not_in_vain():
    window = quick(enos=4, dli=0, codearts=0)
    window.cycle_down()
    rooms = window.rooms
    for one in rooms.enos.values():
        one["takes"] = 20
    usual = rooms._start_pipeline

    def one_at_a_time(query, body, id):
        if any(one.get("way") for one in rooms.enos.values() if rooms.status(one) != "RUNNING"):
            return {"code": 61121, "msg": "busy"}
        return usual(query, body, id)

    rooms._start_pipeline = one_at_a_time
    report = window.restore()
    assert report["result"] == "restored"
    assert all(status == "RUNNING" for status in rooms.statuses().values())
    # asked in vain while the first one starts; the others are asked for once the time has come
    assert rooms.sent("start_pipeline").count("w2") > 4
    assert rooms.sent("start_pipeline").count("w4") <= 3
    asked = "another start is under way; not asked"
    assert any(asked in line for line in window.lines)


def test_a_fleet_that_is_away_does_not_keep_another_one_from_coming_back():
    window = quick(enos=1, dli=1, codearts=0)
    window.cycle_down()
    window.rooms.fail("show_flink_job", status=500, answer={}, times=FOR_EVER)
    with pytest.raises(NotRestored, match=r"1 of 2 are not back: agg-1 \(101\): "):
        window.restore()
    assert window.rooms.statuses()["enos", "w1"] == "RUNNING"


def test_looking_at_nothing_asks_nothing():
    window = wind()
    window.quiesce()
    (participant,) = window.last.coordinator.participants.values()
    participant.things = []
    with pytest.raises(StopIteration) as end:
        next(participant.look())
    assert end.value.value == {}


def test_a_participant_that_has_not_begun_stands_at_nothing():
    window = quick(enos=2, dli=0, codearts=0)
    window.rooms.enos["w2"]["status"] = "PAUSED"
    window.snapshot()
    window.quiesce()
    (participant,) = window.last.coordinator.participants.values()
    assert participant.standing() == (1, 1, [])
    participant.current = None
    assert participant.standing() == (0, 1, [])
    assert participant.names == {"w1": "wind-1", "w2": "wind-2"}


def test_not_found_by_a_look_is_not_asked_again_and_by_a_write_it_is():
    window = wind()
    window.quiesce()
    (participant,) = window.last.coordinator.participants.values()
    from airflow_provider_pipelines.core.verbs.item import Item

    stage, _ = participant.current
    about = {"service": "EnOS", "operation": "x", "path": "/", "status": 404}
    locked = AuthenticationError("no", method="GET", locked=True, **about)
    for error, again in (
        (NotFound("no", method="GET", **{**about, "operation": "show_x"}), False),
        (NotFound("no", method="POST", **about), True),
        (WatchFailed("no"), True),
        (WatchTimeout("no"), False),
        (locked, False),
    ):
        item = Item("w1")
        item.fail(error)
        assert participant._worth_another(stage, item) is again
    assert participant._worth_another(stage, Item("w1")) is False
    stage.tolerates = lambda error: str(error) == "fine"
    item = Item("w1")
    item.fail(WatchFailed("fine"))
    assert participant._worth_another(stage, item) is False
    window.clock.now = participant._terms.deadline
    item.fail(WatchFailed("no"))
    assert participant._worth_another(stage, item) is False


def test_a_run_that_ended_before_its_stop_was_sent_was_not_stopped():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()

    def end(operation, ids):
        if operation == "show_pipeline_run_detail":
            window.rooms.runs["r1"]["status"] = "COMPLETED"

    window.rooms.watch = end
    window.quiesce()
    assert window.rooms.sent("stop_pipeline_run") == []
    assert window.told("r1") == outcome(
        "c1", verb="stop_pipeline_run", result="already", before="COMPLETED", after="COMPLETED", pipeline_run_id="r1",
        message="r1 is COMPLETED; nothing was sent. It has ended.",
    )  # fmt: skip


def test_a_run_is_waited_for_by_the_name_of_its_pipeline():
    window = quick(enos=0, dli=0, codearts=1)
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING", "way": [(DAWN + 150, {"status": "COMPLETED"})]}
    window.snapshot()
    window.quiesce()
    assert "1/1 stopped, 1 waiting: build-1, run r1" in window.lines


def test_a_run_that_is_asked_again_is_named_by_its_pipeline():
    window = quick(enos=0, dli=0, codearts=1, target={"codearts": {"running": "stop"}})
    window.rooms.runs["r1"] = {"pipeline": "c1", "status": "RUNNING"}
    window.snapshot()
    window.rooms.refuse("stop_pipeline_run", "DEVPIPE.00011104", "too many")
    assert window.quiesce()["result"] == "quiet"
    (line,) = [line for line in window.lines if "again" in line]
    assert line.startswith("build-1, run r1: CodeArts Pipeline stop_pipeline_run failed")
    assert line.endswith(" Trying again.")
