"""The same histories in every mode: same result, same XCom, same error, and exactly the writes that are due."""

import json
import re

import pytest

from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from tests.codearts.conftest import BUILD, ENDLESS, FAILS, NIGHTLY, PIPELINE, QUEUES, REVIEW, SUSPENDED, WAITING, run_of
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES

ENDLESS_RUN = run_of("soak-test")


def task(kind, **arguments):
    def make(**mode):
        return kind(task_id="task", **arguments, **mode)

    return make


def run(id=BUILD, **arguments):
    return task(CodeArtsRunPipelineOperator, pipeline_id=id, **arguments)


def stop(id=ENDLESS, run_id=ENDLESS_RUN, **arguments):
    return task(CodeArtsStopRunOperator, pipeline_id=id, pipeline_run_id=run_id, **arguments)


def stop_all(id=ENDLESS, **arguments):
    return task(CodeArtsStopRunOperator, pipeline_id=id, **arguments)


def sense(id, run_id, target="COMPLETED", **arguments):
    return task(
        CodeArtsRunSensor, pipeline_id=id, pipeline_run_id=run_id, target_status=target, poke_interval=15, **arguments
    )


def faulted(operation, times=1, skip=0, **fault):
    return lambda emulator, clock: emulator.fault(operation, service="codearts", times=times, skip=skip, **fault)


def looks(times, skip=0, **fault):
    return faulted("show_pipeline_run_detail", times, skip, **(fault or {"kind": "reply", "status": 503, "body": "x"}))


def later(seconds, id, status):
    """Let somebody change a run, or the latest run of a pipeline, while the task waits."""

    def prepare(emulator, clock):
        begun = clock.time()

        def change(_):
            if clock.time() - begun >= seconds:
                clock.on_wait = None
                emulator.thing("codearts", id, status)

        clock.on_wait = change

    return prepare


def nothing(emulator, clock):
    pass


def settings(**values):
    return lambda emulator, clock: emulator.settings(**values)


def both(*steps):
    def prepare(emulator, clock):
        for step in steps:
            step(emulator, clock)

    return prepare


RUN, STOP, CANCEL = "run_pipeline", "stop_pipeline_run", "cancel_pipeline_queue"
#: the same texts whatever id a run was given
_RUN_ID = re.compile(r"\b(?!fa4e0{8}|f\d\d0{8})[0-9a-f]{32}\b")


def plain_values(seen):
    return json.loads(_RUN_ID.sub("RUN", json.dumps(seen)))


# name, task, what happens, result or error, text in message or error, the writes
HISTORIES = [
    ("run", run(), nothing, "done", "is COMPLETED", [RUN]),
    ("run through INIT", run(), settings(codearts_init_seconds=20), "done", "is COMPLETED", [RUN]),
    ("run that fails", run(FAILS), nothing, "WatchFailed", "(failed in stage stage_1: job job with step step)", [RUN]),
    ("run that is cancelled", run(), later(8, BUILD, "CANCELED"), "WatchFailed", "is CANCELED", [RUN]),
    ("run that is ignored", run(), later(8, BUILD, "IGNORED"), "WatchFailed", "over the limit of runs at once", [RUN]),
    (
        "run that pauses",
        run(),
        both(later(8, BUILD, "PAUSED"), lambda e, c: later_again(c, 300, e, "RUNNING")),
        "done",
        "is COMPLETED",
        [RUN],
    ),
    ("run that shows an unknown word", run(timeout=600), later(8, BUILD, "DREAMING"), "WatchTimeout", "last seen DREAMING", [RUN, STOP]),
    ("run over the time", run("fa4e" + "5".zfill(28), timeout=300), nothing, "WatchTimeout", "last seen RUNNING", [RUN, STOP]),
    ("run over the time, left alone", run(ENDLESS, timeout=300, cancel_on_kill=False), nothing, "WatchTimeout", "RUNNING", [RUN]),
    ("run not waited for", run(wait_for_completion=False), nothing, "requested", "not waited for", [RUN]),
    ("run with a lost answer", run(), faulted(RUN, kind="drop", executed=True), "done", "is COMPLETED", [RUN]),
    ("run with a cut answer", run(), faulted(RUN, kind="truncate", bytes=20), "done", "is COMPLETED", [RUN]),
    ("run that was lost before it came", run(), faulted(RUN, kind="drop", executed=False), "WatchFailed", "not clear whether", [RUN]),
    ("run answered with 503", run(), faulted(RUN, kind="reply", status=503, body="x"), "WatchFailed", "503", [RUN]),
    ("run answered with HTML", run(), faulted(RUN, kind="reply", status=200, body="<html>"), "WatchFailed", "HTML", [RUN]),
    ("run that is throttled", run(), faulted(RUN, kind="reply", status=429, body="x"), "done", "is COMPLETED", [RUN, RUN]),
    ("run without capacity", run(), faulted(RUN, kind="error_in_200", code="DEVPIPE.00011104"), "QuotaExceeded", "Nothing was started", [RUN]),
    ("run of a disabled pipeline", run(PIPELINE["disabled"]), nothing, "AirflowFailException", "DEVPIPE.00011498", [RUN]),
    ("run of no pipeline", run("0" * 32), nothing, "AirflowFailException", "DEVPIPE.00011401", [RUN]),
    ("run that is not shown at once", run(), looks(3, kind="error_in_200", code="DEVPIPE.00099999"), "done", "is COMPLETED", [RUN]),
    ("run that only the list shows", run(), looks(999, kind="error_in_200", code="DEVPIPE.00099999"), "done", "is COMPLETED", [RUN]),
    ("ten failed looks at a run", run(poll_interval=10), looks(10), "done", "is COMPLETED", [RUN]),
    ("eleven failed looks at a run", run(poll_interval=10), looks(11), "ServerError", "503", [RUN]),
    ("another run is answered", run(), looks(2, kind="reply", status=200, body={"id": "other", "status": "FAILED"}), "done", "is COMPLETED", [RUN]),
    ("queued run", run(QUEUES), both(later(100, ENDLESS, "RUNNING"), lambda e, c: free(e, c)), "done", "is COMPLETED", [RUN]),
    ("queued run that is shown as INIT", run(QUEUES), both(settings(codearts_queued_detail="INIT"), lambda e, c: free(e, c)), "done", "is COMPLETED", [RUN]),
    ("queued run that times out", run(QUEUES), settings(codearts_queue_seconds=200), "WatchFailed", "waited too long in the pipeline's queue", [RUN]),
    ("queued run over the time", run(QUEUES, timeout=200), nothing, "WatchTimeout", "last seen QUEUED", [RUN, CANCEL]),
    ("queued run that somebody takes out", run(QUEUES), lambda e, c: out_of_the_queue(e, c, 20), "WatchFailed", "taken out of the queue by somebody else", [RUN, CANCEL]),
    ("bad variables", run(variables={"a": None}), nothing, "AirflowFailException", "variables: a has no value", []),
    ("bad pipeline", run("a b"), nothing, "AirflowFailException", "pipeline_id", []),
    ("bad project", run(project_id="a b"), nothing, "AirflowFailException", "project_id", []),
    ("stop", stop(), nothing, "done", "is CANCELED", [STOP]),
    ("stop at once", stop(), settings(codearts_stop="immediate"), "done", "is CANCELED", [STOP]),
    ("stop that takes its time", stop(), settings(codearts_stop_seconds=400), "done", "is CANCELED", [STOP]),
    ("stop of a paused run", stop(REVIEW, run_of("waits-for-review")), nothing, "done", "is CANCELED", [STOP]),
    ("stop of a suspended run", stop(SUSPENDED, run_of("suspended")), nothing, "done", "is CANCELED", [STOP]),
    ("stop of a finished run", stop(NIGHTLY, run_of("nightly")), nothing, "already", "nothing was sent", []),
    ("stop of a failed run", stop(FAILS, run_of("always-fails")), nothing, "already", "is FAILED", []),
    ("stop of a run that ends meanwhile", stop(), later(1, ENDLESS_RUN, "COMPLETED"), "done", "is COMPLETED", [STOP]),
    ("stop of a queued run", stop(QUEUES, WAITING), nothing, "done", "taken out of the queue", [CANCEL]),
    ("stop of a queued run that is shown", stop(QUEUES, WAITING), settings(codearts_queued_detail="QUEUED"), "done", "taken out", [CANCEL]),
    ("stop without a clear answer", stop(), faulted(STOP, kind="drop", executed=True), "done", "is CANCELED", [STOP, STOP]),
    ("stop that is refused once", stop(), faulted(STOP, kind="reply", status=200, body={"success": False}), "done", "is CANCELED", [STOP, STOP]),
    ("stop that is refused for ever", stop(), faulted(STOP, 99, kind="reply", status=200, body={"success": False}), "Conflict", "success: false", [STOP] * 4),
    (
        "stop that is refused since the run has ended",
        stop(),
        both(faulted(STOP, kind="reply", status=200, body={"success": False}), looks(1, 1, kind="state", status="COMPLETED")),
        "already",
        "has become COMPLETED",
        [STOP],
    ),
    ("stop not waited for", stop(wait_for_completion=False), nothing, "requested", "not waited for", [STOP]),
    ("stop of no run", stop(run_id="0" * 32), nothing, "AirflowFailException", "neither shown nor in the queue", []),
    ("stop of no pipeline", stop("0" * 32), nothing, "AirflowFailException", "DEVPIPE.00011401", []),
    ("stop of a run of another pipeline", stop(BUILD), nothing, "AirflowFailException", "neither shown", []),
    ("stop with an empty id", stop(run_id=""), nothing, "AirflowFailException", "pipeline_run_id: is empty", []),
    ("stop with a rendered None", stop(run_id="None"), nothing, "AirflowFailException", "pipeline_run_id: is empty", []),
    ("string booleans", stop(), faulted(STOP, kind="string_booleans"), "done", "is CANCELED", [STOP]),
]  # fmt: skip


def later_again(clock, seconds, emulator, status):
    """Let a run that somebody paused go on."""
    begun, first = clock.time(), clock.on_wait

    def change(waited):
        if first is not None and clock.on_wait is change and clock.time() - begun < seconds:
            first(waited)
            clock.on_wait = clock.on_wait or change
        elif clock.time() - begun >= seconds:
            clock.on_wait = None
            emulator.thing("codearts", BUILD, status)

    clock.on_wait = change


def out_of_the_queue(emulator, clock, seconds):
    """Let somebody cancel the run that waits last."""
    begun = clock.time()

    def change(_):
        if clock.time() - begun >= seconds:
            clock.on_wait = None
            with CodeArtsHook() as hook:
                entry = hook.list_pipeline_queue(QUEUES)[-1]
                hook.cancel_pipeline_queue(QUEUES, entry.pipeline_run_id, entry.id)

    clock.on_wait = change


def free(emulator, clock):
    """End what runs in the queueing pipeline, and take out what waited before."""
    emulator.thing("codearts", run_of("one-at-a-time"), "COMPLETED")
    emulator.advance(1)


def written(emulator):
    return [operation for operation, _ in emulator.writes("codearts")]


@pytest.mark.parametrize(
    ("make", "prepare", "end", "text", "writes"), [pytest.param(*h[1:], id=h[0]) for h in HISTORIES]
)
def test_a_history_ends_alike_in_every_mode(emulator, clock, make, prepare, end, text, writes):
    seen = {}
    for mode, go in OPERATOR_MODES.items():
        emulator.reset()
        emulator.settings(
            codearts_init_seconds=0, codearts_stop="async", codearts_stop_seconds=10, codearts_queued_detail="error",
            codearts_queue_seconds=86400,
        )  # fmt: skip
        clock.on_wait = None
        prepare(emulator, clock)
        seen[mode] = plain_values(go(make, clock))
        assert written(emulator) == writes, mode
    first = seen["plain"]
    if first["error"] is None:
        assert first["result"]["result"] == end
        assert text in first["result"]["message"]
    else:
        assert first["error"][0] == end
        assert text in first["error"][1]
    assert seen["deferred"] == first


SENSED = [
    ("completed already", sense(NIGHTLY, run_of("nightly")), nothing, "COMPLETED", None),
    ("completed later", sense(ENDLESS, ENDLESS_RUN), later(100, ENDLESS, "COMPLETED"), "COMPLETED", None),
    ("running", sense(ENDLESS, ENDLESS_RUN, "RUNNING"), nothing, "RUNNING", None),
    ("queued, then running", sense(QUEUES, WAITING, "RUNNING"), later(50, run_of("one-at-a-time"), "COMPLETED"), "RUNNING", None),
    ("failed", sense(FAILS, run_of("always-fails"), "FAILED"), nothing, "FAILED", None),
    ("cancelled", sense(PIPELINE["deploy"], run_of("deploy", 2), "CANCELED"), nothing, "CANCELED", None),
    ("paused", sense(REVIEW, run_of("waits-for-review"), "PAUSED"), nothing, "PAUSED", None),
    ("paused or suspended", sense(SUSPENDED, run_of("suspended"), "PAUSED"), nothing, "SUSPEND", None),
    ("suspended", sense(SUSPENDED, run_of("suspended"), "SUSPEND"), nothing, "SUSPEND", None),
    ("ignored", sense(PIPELINE["ignored"], run_of("ignored"), "IGNORED"), nothing, "IGNORED", None),
    ("unknown word", sense(ENDLESS, ENDLESS_RUN), both(later(40, ENDLESS, "DREAMING"), lambda e, c: None), "", "AirflowSensorTimeout"),
    ("passed by", sense(NIGHTLY, run_of("nightly"), "PAUSED"), nothing, "COMPLETED", "WatchFailed"),
    ("passed by later", sense(ENDLESS, ENDLESS_RUN, "PAUSED"), later(100, ENDLESS, "CANCELED"), "CANCELED", "WatchFailed"),
    ("completed is not reached by a failure", sense(FAILS, run_of("always-fails")), nothing, "stage stage_1", "WatchFailed"),
    ("timed out in the queue", sense(QUEUES, WAITING), settings(codearts_queue_seconds=60), "QUEUED_TIME_OUT", "WatchFailed"),
    ("never", sense(ENDLESS, ENDLESS_RUN), nothing, "", "AirflowSensorTimeout"),
    ("never, softly", sense(ENDLESS, ENDLESS_RUN, soft_fail=True), nothing, "", "AirflowSkipException"),
    ("softly, but failed", sense(FAILS, run_of("always-fails"), soft_fail=True), nothing, "FAILED", "WatchFailed"),
    ("ten failed looks", sense(NIGHTLY, run_of("nightly")), looks(10), "COMPLETED", None),
    ("eleven failed looks", sense(NIGHTLY, run_of("nightly")), looks(11), "503", "ServerError"),
    ("no run", sense(NIGHTLY, "0" * 32), nothing, "neither shown nor in the queue", "NotFound"),
    ("no pipeline", sense("0" * 32, "0" * 32), nothing, "00011401", "NotFound"),
    ("no word", sense(NIGHTLY, run_of("nightly"), "DONE"), nothing, "target_status", "ArgumentError"),
    ("no id", sense(NIGHTLY, ""), nothing, "pipeline_run_id: is empty", "ArgumentError"),
    ("bad project", sense(NIGHTLY, "x", project_id="a b"), nothing, "project_id", "ArgumentError"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "prepare", "text", "error"), [pytest.param(*h[1:], id=h[0]) for h in SENSED])
def test_a_sensor_ends_alike_in_every_mode(emulator, clock, make, prepare, text, error):
    seen = {}
    for mode, go in SENSOR_MODES.items():
        emulator.reset()
        emulator.settings(codearts_queued_detail="error", codearts_queue_seconds=86400)
        clock.on_wait = None
        prepare(emulator, clock)

        def timely(make=make, **given):
            if given.get("deferrable"):
                given.pop("mode", None)
            return make(timeout=600, **given)

        seen[mode] = end = go(timely, clock)
        assert written(emulator) == []
        if error is None:
            assert end["error"] is None, (mode, end)
            assert (end["result"]["after"], end["result"]["result"]) == (text, "done")
            assert end["result"]["verb"] == "show_pipeline_run_detail"
            assert end["result"]["id"].startswith("fa4e")
            assert end["result"]["pipeline_run_id"].startswith("f")
        else:
            assert end["error"] is not None, (mode, end)
            assert end["error"][0] == error, mode
            assert text in end["error"][1]
    if error not in {"AirflowSensorTimeout", "AirflowSkipException"}:
        assert seen["poke"] == seen["reschedule"] == seen["deferred"]
