"""The same histories in every mode: same results, same XComs, same error, and exactly the writes that are due."""

import json
import re

import pytest

from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.errors import WatchFailed
from tests.support.airflow import AirflowFailException
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES, TaskInstance, context_of, deferred, on, plain

LARGE = 9007199254740993
RUNNING, SECOND, DRAFT, SUBMIT_FAILED = 128, 137, 142, 143
NO_BUCKET, SAVED, STOPPED, STOP_FAILED, ARREARS = 141, 145, 146, 147, 148
FINISHED, IDLE, NO_QUEUE, BOUNDED = 149, 150, 151, 152
GONE = 999


def run(*ids, **arguments):
    return lambda **mode: DliBatchRunOperator(task_id="task", job_ids=list(ids), **arguments, **mode)


def stop(*ids, **arguments):
    return lambda **mode: DliBatchStopOperator(task_id="task", job_ids=list(ids), **arguments, **mode)


def sense(*ids, **arguments):
    return lambda **mode: DliJobSensor(task_id="task", job_ids=list(ids), **arguments, **mode)


def nothing(emulator, clock):
    pass


def settings(**values):
    return lambda emulator, clock: emulator.settings(**values)


def faulted(operation, times=1, skip=0, id=None, **fault):
    return lambda emulator, clock: emulator.fault(operation, service="dli", times=times, skip=skip, id=id, **fault)


def is_now(id, status):
    return lambda emulator, clock: emulator.thing("dli", str(id), status)


def later(seconds, id, status):
    """Let somebody change a job while the task waits."""

    def prepare(emulator, clock):
        begun = clock.time()

        def change(_):
            if clock.time() - begun >= seconds:
                clock.on_wait = None
                emulator.thing("dli", str(id), status)

        clock.on_wait = change

    return prepare


def deleted_later(seconds, id):
    """Let somebody delete a job while the task waits."""

    def prepare(emulator, clock):
        begun = clock.time()

        def delete(_):
            if clock.time() - begun >= seconds:
                next(iter(emulator.server.world.dli_projects.values())).jobs.pop(str(id), None)

        clock.on_wait = delete

    return prepare


def seeded(id, **more):
    """Change fields of a job that no route changes, by a new seed."""

    def prepare(emulator, clock):
        world = emulator.server.world
        (project,) = world.dli_projects.values()
        project.jobs[str(id)].fields.update(more)

    return prepare


def both(*steps):
    def prepare(emulator, clock):
        for step in steps:
            step(emulator, clock)

    return prepare


SLOW = settings(dli_submit_seconds=400, dli_cancel_seconds=300, dli_savepoint_seconds=200)
BUSY = {"kind": "reply", "status": 503, "body": "busy"}
RUN, STOP = "batch_run_flink_jobs", "batch_stop_flink_jobs"
WITH = {"trigger_savepoint": True}

# name, task, what happens, the results by id or the error, text in messages or error, the ids of each write
HISTORIES = [
    ("run", run(DRAFT, SUBMIT_FAILED), nothing, ["done", "done"], "is job_running", [[142, 143]]),
    ("run, slowly", run(DRAFT), SLOW, ["done"], "is job_running", [[142]]),
    ("run of what runs", run(RUNNING), nothing, ["already"], "nothing was sent", []),
    ("run of some that run", run(RUNNING, DRAFT), nothing, ["already", "done"], "is job_running", [[142]]),
    ("run of what was finished", run(FINISHED), nothing, ["done"], "is job_running", [[149]]),
    ("run of what is stopping", run(RUNNING), is_now(RUNNING, "job_canceling"), ["done"], "is job_running", [[128]]),
    ("run of a stopping one, slowly", run(SECOND), both(SLOW, is_now(SECOND, "job_canceling")), ["done"], "running", [[137]]),
    (
        "run of what starts already",
        run(DRAFT),
        both(SLOW, is_now(DRAFT, "job_submitting")),
        ["already"],
        "has become job_running",
        [],
    ),
    ("run after a failed stop", run(STOP_FAILED), nothing, "WatchFailed", "stop it again first", []),
    ("run in arrears", run(ARREARS), nothing, "WatchFailed", "once it is paid", []),
    ("run that fails", run(DRAFT), seeded(DRAFT, fails_start=1), "WatchFailed", "job_submit_fail.*told to fail", [[142]]),
    ("run of what does not exist", run(GONE), nothing, "AirflowFailException", r"DLI\.16001", []),
    ("run without queue", run(NO_QUEUE), nothing, "AirflowFailException", r"DLI\.13024.*queue_name", [[151]]),
    (
        "run of a bounded one that ends at once",
        run(BOUNDED),
        both(settings(dli_submit_seconds=0), seeded(BOUNDED, runs_for_seconds=0.5)),
        ["done"],
        "is job_finish",
        [[152]],
    ),
    (
        "run of a finished one that ends at once again",
        run(FINISHED),
        both(settings(dli_submit_seconds=0), seeded(FINISHED, runs_for_seconds=0.5, start_time=1700000000000)),
        ["done"],
        "is job_finish",
        [[149]],
    ),
    (
        "run of a finished one that has no effect",
        run(FINISHED),
        faulted(RUN, kind="reply", status=200, body=[{"is_success": "true", "message": "delivered"}]),
        "WatchFailed",
        "is job_finish after batch_run_flink_jobs",
        [[149]],
    ),
    ("resume", run(SAVED, resume_savepoint=True), nothing, ["done"], "is job_running", [[145]]),
    ("resume without savepoint", run(STOPPED, resume_savepoint=True), nothing, "AirflowFailException", "no savepoint", []),
    ("stop", stop(RUNNING, SECOND), nothing, ["done", "done"], "is job_cancel_success", [[128, 137]]),
    ("stop, slowly", stop(RUNNING), SLOW, ["done"], "is job_cancel_success", [[128]]),
    ("stop of what is stopped", stop(STOPPED, DRAFT, ARREARS), nothing, ["already"] * 3, "nothing was sent", []),
    ("stop after a failed stop", stop(STOP_FAILED), nothing, ["done"], "is job_cancel_success", [[147]]),
    ("stop of what is stopping", stop(RUNNING), is_now(RUNNING, "job_canceling"), ["already"], "has become", []),
    ("stop of what starts", stop(DRAFT), is_now(DRAFT, "job_submitting"), ["done"], "is job_cancel_success", [[142]]),
    ("stop that fails", stop(RUNNING), seeded(RUNNING, stop_ends_as="job_cancel_fail"), "WatchFailed", "may still be", [[128]]),
    ("stop that ends as finished", stop(RUNNING), seeded(RUNNING, stop_ends_as="job_finish"), ["done"], "job_finish", [[128]]),
    ("stop of an idle one", stop(IDLE, timeout=300), nothing, "WatchTimeout", "last seen job_idle", []),
    (
        "stop of an unknown word",
        stop(RUNNING),
        both(is_now(RUNNING, "job_dreaming"), later(60, RUNNING, "job_running")),
        ["done"],
        "is job_cancel_success",
        [[128]],
    ),
    ("stop with savepoint", stop(RUNNING, LARGE, **WITH), nothing, ["done", "done"], "is job_cancel_success", [[128, LARGE]]),
    ("stop with savepoint, slowly", stop(RUNNING, **WITH), SLOW, ["done"], "is job_cancel_success", [[128]]),
    (
        "stop with savepoint, made last",
        stop(RUNNING, **WITH),
        settings(dli_savepoint_order="after"),
        ["done"],
        "is job_cancel_success",
        [[128]],
    ),
    (
        "stop with savepoint that fails",
        stop(RUNNING, **WITH),
        both(SLOW, seeded(RUNNING, fails_savepoint=1)),
        "WatchFailed",
        "The savepoint failed, and the job was left running",
        [[128]],
    ),
    ("stop with savepoint without bucket", stop(NO_BUCKET, **WITH), nothing, "AirflowFailException", "obs_bucket", []),
    (
        "stop with savepoint, and none is there afterwards",
        stop(RUNNING, **WITH),
        later(8, RUNNING, "job_cancel_success"),
        "AirflowFailException",
        "the savepoint that was asked for was not seen",
        [[128]],
    ),
    (
        "stop with a new savepoint beside an old one",
        stop(RUNNING, **WITH),
        seeded(RUNNING, has_savepoint=True, savepoint_path="obs://old"),
        ["done"],
        "is job_cancel_success",
        [[128]],
    ),
    ("stop with savepoint of what is stopped", stop(SAVED, **WITH), nothing, ["already"], "No savepoint was asked for", []),
    # answers that are lost or odd
    ("lost answer, carried out", run(DRAFT), faulted(RUN, kind="drop"), ["done"], "is job_running", [[142]]),
    (
        "lost answer, not carried out",
        run(STOPPED),
        faulted(RUN, kind="drop", executed=False),
        "OutcomeUnknown",
        "got no answer",
        [[146]],
    ),
    ("lost answer of a stop", stop(RUNNING, **WITH), faulted(STOP, kind="drop"), ["done"], "is job_cancel", [[128]]),
    ("cut answer", stop(RUNNING, SECOND), faulted(STOP, kind="truncate"), ["done", "done"], "is job_cancel", [[128, 137]]),
    ("503 to a write", run(STOPPED), faulted(RUN, **BUSY), "ServerError", "503", [[146]]),
    ("429 to a write", run(DRAFT), faulted(RUN, kind="reply", status=429), ["done"], "is job_running", [[142]] * 2),
    ("server error with 400", run(STOPPED), seeded(STOPPED, refuses_start=9), "ServerError", r"DLI\.0999", [[146]]),
    ("string booleans", stop(RUNNING), settings(dli_is_success="boolean"), ["done"], "is job_cancel_success", [[128]]),
    ("one element for all", run(DRAFT, SAVED), settings(dli_batch_answer="single"), ["done"] * 2, "running", [[142, 145]]),
    ("a plain object", stop(RUNNING, SECOND), settings(dli_batch_answer="object"), ["done"] * 2, "is job", [[128, 137]]),
    ("short array", run(DRAFT, SAVED), faulted(RUN, kind="short_array"), ["done"] * 2, "is job_running", [[142, 145]]),
    ("stale looks", stop(RUNNING), faulted("show_flink_job", skip=1, kind="stale", seconds=40), ["done"], "is job", [[128]]),
    ("looks that fail", stop(RUNNING), faulted("show_flink_job", 10, 1, **BUSY), ["done"], "is job", [[128]]),
    ("too many looks that fail", stop(RUNNING), both(SLOW, faulted("show_flink_job", 11, 1, **BUSY)), "ServerError", "503", [[128]]),
    ("cut looks", stop(RUNNING), faulted("show_flink_job", 2, 1, kind="truncate"), ["done"], "is job", [[128]]),
    (
        "looks with an error in a 200",
        stop(RUNNING),
        faulted("show_flink_job", 2, 1, kind="error_in_200", code="DLI.0999"),
        ["done"],
        "is job_cancel_success",
        [[128]],
    ),
    ("gone while it is watched", run(DRAFT), both(SLOW, deleted_later(40, DRAFT)), "AirflowFailException", "16001", [[142]]),
    # several jobs
    ("a missing id fails, the others act", stop(RUNNING, GONE, SECOND), nothing, "AirflowFailException", "999.*16001", [[128, 137]]),
    (
        "some have no savepoint",
        run(SAVED, STOPPED, resume_savepoint=True),
        nothing,
        "AirflowFailException",
        "failed for 1 of 2: 146: .*no savepoint",
        [[145]],
    ),
    ("some have no bucket", stop(RUNNING, NO_BUCKET, **WITH), nothing, "AirflowFailException", "1 of 2: 141: .*obs_bucket", [[128]]),
    ("some have no queue", run(DRAFT, NO_QUEUE), nothing, "AirflowFailException", "1 of 2: 151: .*No job-running queue", [[142, 151]]),
    (
        "refused as a whole",
        run(DRAFT, NO_QUEUE, SAVED),
        settings(dli_refusal="whole"),
        "AirflowFailException",
        r"1 of 3: 151: .*DLI\.13024",
        [[142, 151, 145], [142], [151], [145]],
    ),
    (
        "refused in a 200 with one element",
        run(DRAFT, NO_QUEUE),
        settings(dli_batch_answer="single"),
        "AirflowFailException",
        r"1 of 2: 151: .*DLI\.13024",
        [[142, 151], [151]],
    ),
    ("many jobs", stop(RUNNING, SECOND, LARGE, 140, 141), nothing, ["done"] * 5, "is job", [[128, 137, LARGE, 140, 141]]),
]  # fmt: skip


def writes(emulator):
    return [[int(id) for id in ids] for _, ids in emulator.writes("dli")]


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history[0])
def test_an_operator_ends_alike_in_every_mode(emulator, clock, history):
    _, make, prepare, expected, text, due = history
    ends = {}
    for mode, carry_out in OPERATOR_MODES.items():
        emulator.reset()
        clock.on_wait = None
        prepare(emulator, clock)
        ends[mode] = carry_out(make, clock)
        assert writes(emulator) == due, mode
    for mode, end in ends.items():
        if isinstance(expected, list):
            assert end["error"] is None, mode
            assert [outcome["result"] for outcome in end["result"]] == expected, mode
            assert text in " ".join(outcome["message"] for outcome in end["result"]), mode
            assert all(type(outcome["id"]) is int for outcome in end["result"])
            assert end["pushed"] == {}
        else:
            assert end["error"] is not None, end["result"]
            assert end["error"][0] == expected, mode
            assert re.search(text, end["error"][1], re.DOTALL), end["error"][1]
            assert len(end["pushed"]["outcomes"]) >= 1
    first, *others = (without_times(end) for end in ends.values())
    assert others == [first] * len(others)


def without_times(end):
    """Leave out what differs between two runs of one history: dates in paths, start times, ids of requests."""
    text = re.sub(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", "DATE", json.dumps(end))
    return re.sub(r'"start_time": \d+', '"start_time": 0', re.sub(r"request id \w+", "request id", text))


def test_a_stop_with_savepoint_names_its_path(emulator, clock):
    (outcome,) = plain(stop(LARGE, trigger_savepoint=True), clock)["result"]
    assert outcome["id"] == LARGE
    assert outcome["verb"] == "batch_stop_flink_jobs"
    assert (outcome["before"], outcome["after"]) == ("job_running", "job_cancel_success")
    assert outcome["has_savepoint"] is True
    assert outcome["savepoint_path"].startswith(f"obs://emulated-bucket/jobs/savepoint/{LARGE}/")
    assert json.loads(json.dumps(outcome)) == outcome


def test_a_savepoint_that_shows_late_is_waited_for(emulator, clock):
    """The job shows as stopped while has_savepoint is not there yet."""
    job = next(iter(emulator.server.world.dli_projects.values())).jobs["128"]
    begun = clock.time()

    def show(_):
        if job.status == "job_cancel_success" and clock.time() - begun < 55:
            job.fields.update(has_savepoint=False)
        elif job.status == "job_cancel_success":
            job.fields.update(has_savepoint=True)

    for mode, carry_out in OPERATOR_MODES.items():
        emulator.reset()
        job = next(iter(emulator.server.world.dli_projects.values())).jobs["128"]
        begun, clock.on_wait = clock.time(), show
        (outcome,) = carry_out(stop(128, trigger_savepoint=True), clock)["result"]
        assert outcome["result"] == "done", mode
        assert clock.time() - begun < 120


def test_a_batch_that_fails_pushes_what_became_of_each(emulator, clock):
    ti = TaskInstance()
    end = plain(stop(RUNNING, GONE, trigger_savepoint="false"), clock, ti)
    assert end["error"][0] == "AirflowFailException", "no retry brings the missing job into being"
    first, second = ti.pushed["outcomes"]
    assert (first["id"], first["result"]) == (128, "done")
    assert (second["id"], second["result"], second["code"]) == (999, "failed", "DLI.16001")


def test_a_retry_touches_only_what_is_not_there_yet(emulator, clock):
    seeded(SECOND, stop_ends_as="job_cancel_fail")(emulator, clock)
    assert plain(stop(RUNNING, SECOND), clock)["error"][0] == "WatchFailed"
    seeded(SECOND, stop_ends_as="job_cancel_success")(emulator, clock)
    assert [outcome["result"] for outcome in plain(stop(RUNNING, SECOND), clock)["result"]] == ["already", "done"]
    assert writes(emulator) == [[128, 137], [137]]


@pytest.mark.parametrize("ids", ["[128, 137]", ["128", "137"], (128, 137)])
def test_ids_may_come_from_a_template(emulator, clock, ids):
    make = lambda **mode: DliBatchStopOperator(task_id="task", job_ids=ids, trigger_savepoint="true", **mode)  # noqa: E731
    assert [outcome["id"] for outcome in plain(make, clock)["result"]] == [128, 137]


@pytest.mark.parametrize(
    "make",
    [
        run(),
        run("x"),
        run(1, 1),
        run(True),
        stop(1.5),
        run(1, resume_savepoint="maybe"),
        stop(1, trigger_savepoint=None),
    ],
)
def test_a_wrong_argument_never_reaches_the_service(emulator, clock, make):
    with pytest.raises(AirflowFailException, match=r"job_ids|resume_savepoint|trigger_savepoint"):
        on(make(), clock).execute(context_of())
    assert emulator.calls() == []


def test_without_waiting_the_request_is_enough(emulator, clock):
    end = plain(run(DRAFT, RUNNING, wait_for_completion=False), clock)
    assert [outcome["result"] for outcome in end["result"]] == ["requested", "already"]


def test_templated_arguments_are_kept_as_they_are():
    for kind in (DliBatchRunOperator, DliBatchStopOperator, DliJobSensor):
        names = kind.template_fields
        given = {name: object() for name in names}
        task = kind(task_id="task", **given)
        assert all(getattr(task, name) is given[name] for name in names)
        assert {"job_ids", "project_id", "region", "huaweicloud_conn_id"} <= set(names)


@pytest.mark.parametrize("cancel_on_kill", [True, False])
def test_a_killed_run_stops_its_jobs_only_if_asked_to(emulator, clock, cancel_on_kill):
    SLOW(emulator, clock)
    task = on(run(DRAFT, cancel_on_kill=cancel_on_kill)(deferrable=False), clock)
    killed = []

    def kill(_):
        if clock.time() - begun > 20 and not killed:
            killed.append(True)
            task.on_kill()

    begun, clock.on_wait = clock.time(), kill
    if cancel_on_kill:
        with pytest.raises(WatchFailed, match="job_cancel_success"):
            task.execute(context_of())
    else:
        task.execute(context_of())
    assert killed
    due = [("batch_run_flink_jobs", ["142"])]
    assert emulator.writes("dli") == due + ([("batch_stop_flink_jobs", ["142"])] if cancel_on_kill else [])


SENSED = [
    ("running already", sense(RUNNING, SECOND), nothing, "done", "is job_running"),
    ("starts", sense(DRAFT), both(SLOW, is_now(DRAFT, "job_submitting")), "done", "is job_running"),
    ("a draft is waited for", sense(DRAFT, timeout=200), nothing, "AirflowSensorTimeout", ""),
    ("finished while waiting for running", sense(FINISHED), nothing, "WatchFailed", "149 is job_finish"),
    ("stopped while waiting for running", sense(RUNNING, STOPPED), nothing, "WatchFailed", "128 is job_running, 146 is job_c"),
    ("failed to start", sense(SUBMIT_FAILED), nothing, "WatchFailed", "No free CUs"),
    ("stop", sense(RUNNING, target_status="job_cancel_success"), is_now(RUNNING, "job_canceling"), "done", "cancel_success"),
    ("finish", sense(BOUNDED, target_status="job_finish"), is_now(BOUNDED, "job_submitting"), "done", "is job_finish"),
    ("draft", sense(DRAFT, target_status="job_init"), nothing, "done", "is job_init"),
    ("unknown id", sense(GONE), nothing, "NotFound", "DLI.16001"),
    ("large id", sense(LARGE), nothing, "done", f"{LARGE} is job_running"),
    ("many", sense(RUNNING, SECOND, LARGE, 140, 141), nothing, "done", "is job_running"),
    ("unknown word", sense(RUNNING, timeout=300), is_now(RUNNING, "job_dreaming"), "AirflowSensorTimeout", ""),
    ("wrong target", sense(RUNNING, target_status="RUNNING"), nothing, "ArgumentError", "Possible are job_init"),
    ("no ids", sense(), nothing, "ArgumentError", "Name at least one"),
    ("looks that fail", sense(RUNNING), faulted("show_flink_job", 3, **BUSY), "done", "is job_running"),
]  # fmt: skip


@pytest.mark.parametrize("history", SENSED, ids=lambda history: history[0])
def test_a_sensor_ends_alike_in_every_mode(emulator, clock, history):
    _, make, prepare, expected, text = history
    for mode, carry_out in SENSOR_MODES.items():
        emulator.reset()
        prepare(emulator, clock)
        end = carry_out(make, clock)
        assert emulator.writes("dli") == []
        if expected == "done":
            assert end["error"] is None, (mode, end["error"])
            assert {outcome["result"] for outcome in end["result"]} == {"done"}
            assert text in end["result"][-1]["message"]
            assert {outcome["verb"] for outcome in end["result"]} == {"show_flink_job"}
            assert all(type(outcome["id"]) is int for outcome in end["result"])
        else:
            assert end["error"] is not None, mode
            assert (end["error"][0], text in end["error"][1]) == (expected, True), (mode, end["error"])


def test_many_deferred_jobs_are_watched_by_the_list(emulator, clock):
    SLOW(emulator, clock)
    hops = []
    end = deferred(stop(RUNNING, SECOND, LARGE, 140), clock, hops=hops)
    assert [outcome["result"] for outcome in end["result"]] == ["done"] * 4
    assert len(hops) == 1
    assert {call["operation"] for call in emulator.calls()} == {"list_flink_jobs", STOP}
