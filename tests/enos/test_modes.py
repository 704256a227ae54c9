"""The same histories in every mode: same result, same XCom, same error, and exactly the writes that are due."""

from contextlib import contextmanager
from datetime import timedelta
from unittest import mock

import pytest

from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.core.verbs.observation import Report
from airflow_provider_pipelines.enos.operators import (
    EnosPausePipelineOperator,
    EnosReleasePipelineOperator,
    EnosResetOffsetOperator,
    EnosStartPipelineOperator,
    EnosStopPipelineOperator,
)
from airflow_provider_pipelines.enos.sensors import EnosLagSensor, EnosPipelineSensor
from airflow_provider_pipelines.errors import WatchFailed, WatchTimeout
from tests.enos.conftest import PAUSED, PUBLISHED, RUNNING, SECOND, STOPPED
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES, Store, context_of, on


def operator(kind, **arguments):
    def make(**mode):
        return kind(task_id="task", **arguments, **mode)

    return make


def start(id, **arguments):
    return operator(EnosStartPipelineOperator, pipeline_id=id, **{"execution_mode": 0, **arguments})


def pause(id, **arguments):
    return operator(EnosPausePipelineOperator, pipeline_id=id, **arguments)


def stop(id, **arguments):
    return operator(EnosStopPipelineOperator, pipeline_id=id, **arguments)


def looks(times, skip=1, **fault):
    """Let so many looks of the wait fail; the patient first look is left alone."""
    fault = fault or {"kind": "reply", "status": 503, "body": "busy"}
    return lambda emulator, clock: emulator.fault("list_pipelines", times=times, skip=skip, **fault)


def faulted(operation, times=1, skip=0, **fault):
    return lambda emulator, clock: emulator.fault(operation, times=times, skip=skip, **fault)


def later(seconds, id, status):
    """Let somebody change a pipeline while the task waits."""

    def prepare(emulator, clock):
        begun = clock.time()

        def change(_):
            if clock.time() - begun >= seconds:
                clock.on_wait = None
                emulator.thing("enos", id, status)

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


def release(id, **arguments):
    return operator(EnosReleasePipelineOperator, pipeline_id=id, **arguments)


def reset(id, **arguments):
    return operator(EnosResetOffsetOperator, pipeline_id=id, **arguments)


SCARCE = {"kind": "error_in_200", "code": "61126", "message": "not enough"}
WRITE = {
    "release": "release_pipeline",
    "reset": "reset_pipeline_offset",
    "start": "start_pipeline",
    "pause": "pause_pipeline",
    "stop": "stop_pipeline",
}

# name, task, what happens, result or error, text in message or error, the writes
HISTORIES = [
    ("pause", pause(RUNNING), nothing, "done", "is PAUSED", ["pause"]),
    ("start from paused", start(PAUSED), nothing, "done", "is RUNNING", ["start"]),
    ("start from stopped, slowly", start(STOPPED), settings(enos_start_seconds=400), "done", "is RUNNING", ["start"]),
    ("stop", stop(RUNNING), nothing, "done", "is STOPPED", ["stop"]),
    ("stop from paused", stop(PAUSED), nothing, "done", "is STOPPED", ["stop"]),
    ("already paused", pause(PAUSED), nothing, "already", "nothing was sent", []),
    ("already running", start(RUNNING), nothing, "already", "New settings were not applied", []),
    ("stop of what was never started", stop(PUBLISHED), nothing, "already", "PUBLISHED", []),
    ("pause of a stopped one", pause(STOPPED), nothing, "WatchFailed", "is STOPPED", []),
    (
        "unknown status word before the action",
        pause(RUNNING),
        both(lambda e, c: e.thing("enos", RUNNING, "HIBERNATING"), later(60, RUNNING, "RUNNING")),
        "done",
        "is PAUSED",
        ["pause"],
    ),
    (
        "unknown status word after the action",
        pause(RUNNING),
        both(settings(enos_pause_seconds=500), later(20, RUNNING, "DREAMING"), ),
        "WatchTimeout",
        "last seen DREAMING",
        ["pause"],
    ),
    (
        "on its way already",
        pause(RUNNING),
        both(lambda e, c: e.thing("enos", RUNNING, "PAUSING"), later(30, RUNNING, "PAUSED")),
        "already",
        "has become PAUSED",
        [],
    ),
    ("stale start state", start(STOPPED), faulted("list_pipelines", 1, 1, kind="stale", seconds=25), "done", "RUNNING", ["start"]),
    ("start that falls back", start(STOPPED), later(15, STOPPED, "STOPPED"), "WatchFailed", "STOPPED", ["start"]),
    ("start state that lasts", start(STOPPED), settings(enos_start_seconds=300, enos_transitional=False), "done", "RUNNING", ["start"]),
    ("token expiry in the wait", start(STOPPED), faulted("list_pipelines", 1, 2, kind="expire_token"), "done", "RUNNING", ["start"]),
    ("token expiry before the write", pause(RUNNING), faulted("pause_pipeline", kind="expire_token"), "done", "PAUSED", ["pause", "pause"]),
    ("ten failed looks", start(STOPPED, poll_interval=10), looks(10), "done", "RUNNING", ["start"]),
    ("eleven failed looks", start(STOPPED, poll_interval=10), looks(11), "ServerError", "503", ["start"]),
    ("looks answered with HTML", start(STOPPED, poll_interval=10), looks(4, kind="reply", status=200, body="<html>"), "done", "RUNNING", ["start"]),
    ("looks cut short", start(STOPPED, poll_interval=10), looks(4, kind="truncate", bytes=20), "done", "RUNNING", ["start"]),
    ("looks dropped", start(STOPPED, poll_interval=10), looks(4, kind="drop", executed=False), "done", "RUNNING", ["start"]),
    ("answer of the write lost, work done", pause(RUNNING), faulted("pause_pipeline", kind="drop", executed=True), "done", "PAUSED", ["pause"]),
    ("answer of the write lost, work not done", pause(RUNNING), faulted("pause_pipeline", kind="drop", executed=False), "OutcomeUnknown", "got no answer", ["pause"]),
    ("write answered 502", stop(RUNNING), faulted("stop_pipeline", kind="reply", status=502, body="bad gateway"), "ServerError", "502", ["stop"]),
    ("write throttled", pause(RUNNING), faulted("pause_pipeline", 2, kind="reply", status=429, headers={"Retry-After": "3"}, body="{}"), "done", "PAUSED", ["pause"] * 3),
    ("service error in the write, work not done", stop(RUNNING), faulted("stop_pipeline", kind="error_in_200", code="61122", message="Failed to stop"), "ServerError", "61122", ["stop"]),
    ("somebody else starts", start(STOPPED), faulted("start_pipeline", 2, kind="error_in_200", code="61121", message="Another user"), "done", "RUNNING", ["start"] * 3),
    ("not enough resources", start(STOPPED), faulted("start_pipeline", kind="error_in_200", code="61126", message="not enough"), "QuotaExceeded", "61126", ["start"]),
    ("mode not requested", start(STOPPED), faulted("start_pipeline", kind="error_in_200", code="61128", message="not requested"), "AirflowFailException", "61128", ["start"]),
    (
        "somebody else was faster",
        pause(RUNNING),
        both(
            faulted("pause_pipeline", kind="error_in_200", code="61152", message="cannot be changed from [PAUSED] to Paused"),
            faulted("list_pipelines", 1, 1, id=RUNNING, kind="state", status="PAUSED"),
        ),
        "already",
        "has become PAUSED",
        ["pause"],
    ),
    ("target passed by", pause(RUNNING), both(settings(enos_pause_seconds=200), later(30, RUNNING, "STOPPED")), "WatchFailed", "STOPPED", ["pause"]),
    ("thing vanishing", start(STOPPED), faulted("list_pipelines", 4, 2, kind="reply", status=200, body={"code": 0, "data": {"count": 0, "pipelines": []}}), "AirflowFailException", "not among the released pipelines", ["start"]),
    ("unknown id", pause("no-such-pipeline"), nothing, "AirflowFailException", "no-such-pipeline", []),
    ("accepted, not waited for", pause(RUNNING, wait_for_completion=False), nothing, "requested", "accepted", ["pause"]),
    ("too late", start(STOPPED, timeout=90), settings(enos_start_seconds=9000), "WatchTimeout", "last seen STARTING", ["start"]),
    ("too late and blind", start(STOPPED, timeout=90, max_poll_failures=100), looks(500), "WatchTimeout", "The last look failed", ["start"]),
    ("bad id", pause("a/b"), nothing, "AirflowFailException", "pipeline_id", []),
    ("release of a stopped one", release(STOPPED), nothing, "done", "is", ["release"]),
    ("release, the list is slow", release(STOPPED), faulted("list_pipelines", 4, 0, kind="reply", status=200, body={"code": 0, "data": {"count": 0, "pipelines": []}}), "done", "is", ["release"]),
    ("release of a running one", release(RUNNING), nothing, "Conflict", "61169", ["release"]),
    ("release of what is not there", release("no-such-pipeline"), nothing, "AirflowFailException", "61108", ["release"]),
    ("release, answer lost", release(STOPPED), faulted("release_pipeline", kind="drop", executed=True), "OutcomeUnknown", "got no answer", ["release"]),
    ("release, not waited for", release(STOPPED, wait_for_completion=False), nothing, "requested", "accepted", ["release"]),
    ("offset of a paused one", reset(PAUSED), nothing, "done", "is PAUSED", ["reset"]),
    ("offset of a stopped one", reset(STOPPED), nothing, "done", "is STOPPED", ["reset"]),
    ("offset of a running one", reset(RUNNING), nothing, "WatchFailed", "is RUNNING", []),
    ("offset of what never ran", reset(PUBLISHED), nothing, "WatchFailed", "never started", []),
    ("offset, no clear answer", reset(PAUSED), faulted("reset_pipeline_offset", kind="error_in_200", code="61168", message="no rate"), "ServerError", "61168", ["reset"]),
    ("resources come in time", start(STOPPED, resource_wait=600), faulted("start_pipeline", 3, **SCARCE), "done", "RUNNING", ["start"] * 4),
    ("resources do not come in time", start(STOPPED, resource_wait=12), faulted("start_pipeline", 99, **SCARCE), "QuotaExceeded", "61126", None),
]  # fmt: skip


#: the HTTP status of EnOS's failures is not documented: these have to end alike whatever it is
CODED = [history for history in HISTORIES if history[0] in {
    "token expiry in the wait", "token expiry before the write", "pause of a stopped one", "unknown id",
}]  # fmt: skip


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize("history", CODED, ids=lambda history: history[0])
def test_the_http_status_of_a_failure_makes_no_difference(history, status, emulator, clock):
    name, make, happens, *rest = history
    changed = (name, make, both(settings(enos_failure_status=status), happens), *rest)
    test_an_operator_ends_alike_in_every_mode(changed, emulator, clock)


def test_a_conflict_over_a_stale_list_sends_nothing_twice(emulator, clock):
    """Somebody pauses it; the list goes on showing RUNNING for a while."""
    for run in OPERATOR_MODES.values():
        emulator.reset()
        emulator.settings(enos_pause_seconds=0)
        emulator.thing("enos", RUNNING, "PAUSED")
        emulator.fault("list_pipelines", times=1, kind="stale", seconds=8)
        end = run(pause(RUNNING), clock)
        assert end["error"] is None, end
        assert end["result"]["result"] == "already"
        assert len(emulator.writes()) == 1


def test_a_start_killed_while_its_answer_is_on_the_way_is_undone(emulator, clock):
    emulator.settings(enos_start_seconds=0, enos_stop_seconds=0)
    task = EnosStartPipelineOperator(
        task_id="t", pipeline_id=STOPPED, execution_mode=0, cancel_on_kill=True, timeout=60
    )
    on(task, clock)

    def kill(wire):
        task._killed = task._killed or "action=start" in wire.url

    with transports_that(kill), pytest.raises(WatchTimeout):
        task.execute(context_of())
    assert emulator.writes()[:2] == [("start_pipeline", [STOPPED]), ("stop_pipeline", [STOPPED])]


def test_a_task_killed_before_its_act_sends_nothing(emulator, clock):
    task = on(EnosStartPipelineOperator(task_id="t", pipeline_id=STOPPED, execution_mode=0, cancel_on_kill=True), clock)
    with transports_that(lambda wire: task.on_kill()), pytest.raises(WatchFailed, match="killed before"):
        task.execute(context_of())
    assert emulator.writes() == []


def test_a_deferred_sensor_keeps_the_execution_timeout(emulator, clock):
    begun = clock.time()
    make = sensor(STOPPED, timeout=3600, execution_timeout=timedelta(seconds=60))
    end = SENSOR_MODES["deferred"](make, clock)
    assert end["error"][0] == "AirflowSensorTimeout"
    assert clock.time() - begun <= 61


def test_throttling_does_not_carry_a_task_past_its_deadline(emulator, clock):
    emulator.fault("pause_pipeline", times=5, kind="reply", status=429, headers={"Retry-After": "100"}, body="{}")
    begun = clock.time()
    end = OPERATOR_MODES["plain"](pause(RUNNING, timeout=20), clock)
    assert end["error"][0] == "Throttled"
    assert clock.time() - begun <= 20
    assert len(emulator.writes()) == 1


def test_a_failed_attempt_leaves_no_count_of_failed_looks_behind(emulator, clock):
    store = Store()
    looks(11, 0)(emulator, clock)
    assert SENSOR_MODES["reschedule"](sensor(SECOND), clock, store)["error"][0] == "ServerError"
    looks(3, 0)(emulator, clock)
    assert SENSOR_MODES["reschedule"](sensor(SECOND), clock, store)["error"] is None


@pytest.mark.parametrize(
    "held",
    [
        None,
        {},
        [],
        {"items": []},
        {"items": [{}], "deadline": 1},
        {"items": [{"id": "a", "phase": "later"}], "deadline": 1},
    ],
)
def test_a_task_resumed_without_its_memory_fails(emulator, clock, held):
    task = on(EnosPausePipelineOperator(task_id="t", pipeline_id=RUNNING), clock)
    with pytest.raises(WatchFailed, match="without its memory"):
        task.execute_complete(context_of(), event=Report(ended="pause").to_event(), held=held)


@contextmanager
def transports_that(see):
    """Let something happen at the moment at which a request goes out."""
    send = SyncTransport._send

    def spied(transport, wire):
        reply = send(transport, wire)
        see(wire)
        return reply

    with mock.patch.object(SyncTransport, "_send", spied):
        yield


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history[0])
def test_an_operator_ends_alike_in_every_mode(history, emulator, clock):
    _, make, happens, result, text, writes = history
    ends = {}
    for mode, run in OPERATOR_MODES.items():
        emulator.reset()
        clock.on_wait = None
        happens(emulator, clock)
        ends[mode] = run(make, clock)
        sent = [name for name, _ in emulator.writes()]
        assert writes is None or sent == [WRITE[write] for write in writes], mode
    assert ends["plain"] == ends["deferred"]
    end = ends["plain"]
    if end["error"] is None:
        assert end["result"]["result"] == result
        assert text in end["result"]["message"]
        assert list(end["result"]) == ["id", "verb", "result", "before", "after", "message", "code"]
    else:
        assert end["error"][0] == result, end["error"]
        assert text in end["error"][1]


def sensor(id, target="RUNNING", **arguments):
    def make(**mode):
        if mode.get("deferrable"):
            mode.pop("mode", None)
        return EnosPipelineSensor(
            task_id="task",
            pipeline_id=id,
            target_status=target,
            **{"poke_interval": 20, "timeout": 600, **arguments, **mode},
        )

    return make


def lag(id, max_lag=0, **arguments):
    def make(**mode):
        if mode.get("deferrable"):
            mode.pop("mode", None)
        return EnosLagSensor(
            task_id="task", pipeline_id=id, max_lag=max_lag, poke_interval=20, timeout=600, **arguments, **mode
        )

    return make


def lagging(*lags):
    entries = [{"lag": behind, "offset": 1, "ts": 1} for behind in lags]
    body = {"code": 0, "data": {"pipelineId": RUNNING, "topicName": "t", "lagAndOffset": entries}}
    return {"kind": "reply", "status": 200, "body": body}


SENSED = [
    ("drained", lag(RUNNING), nothing, "DRAINED", None),
    ("drains after a while", lag(RUNNING), faulted("get_pipeline_offset_lag", 3, **lagging(0, 7)), "DRAINED", None),
    ("little enough", lag(RUNNING, "7"), faulted("get_pipeline_offset_lag", 9, **lagging(0, 7)), "DRAINED", None),
    ("no partition says nothing", lag(RUNNING), faulted("get_pipeline_offset_lag", 3, **lagging()), "DRAINED", None),
    ("stops while it drains", lag(RUNNING), both(faulted("get_pipeline_offset_lag", 99, **lagging(5)), later(90, RUNNING, "STOPPED")), "STOPPED", "WatchFailed"),
    ("does not run", lag(PAUSED), nothing, "PAUSED", "WatchFailed"),
    ("bad bound", lag(RUNNING, -1), nothing, "max_lag", "ArgumentError"),
    ("there already", sensor(RUNNING), nothing, "RUNNING", None),
    ("comes after a while", sensor(STOPPED), later(100, STOPPED, "RUNNING"), "RUNNING", None),
    ("unknown word on the way", sensor(STOPPED), both(lambda e, c: e.thing("enos", STOPPED, "WAKING"), later(100, STOPPED, "RUNNING")), "RUNNING", None),
    ("published counts as stopped", sensor(PUBLISHED, "STOPPED"), nothing, "PUBLISHED", None),
    ("paused", sensor(RUNNING, "PAUSED"), later(50, RUNNING, "PAUSED"), "PAUSED", None),
    ("published", sensor(PUBLISHED, "PUBLISHED"), nothing, "PUBLISHED", None),
    ("ten failed looks", sensor(SECOND), looks(10, 0), "RUNNING", None),
    ("eleven failed looks", sensor(SECOND), looks(11, 0), "503", "ServerError"),
    ("none forgiven", sensor(SECOND, max_poll_failures=0), looks(1, 0), "503", "ServerError"),
    ("HTML", sensor(SECOND), looks(3, 0, kind="reply", status=200, body="<html>"), "RUNNING", None),
    ("token expiry in the wait", sensor(STOPPED), both(faulted("list_pipelines", 1, 2, kind="expire_token"), later(100, STOPPED, "RUNNING")), "RUNNING", None),
    ("unknown id", sensor("no-such-pipeline"), nothing, "no-such-pipeline", "NotFound"),
    ("unknown target", sensor(RUNNING, "running"), nothing, "target_status", "ArgumentError"),
    ("bad id", sensor("../x"), nothing, "pipeline_id", "ArgumentError"),
    ("too late", sensor(STOPPED, timeout=300), nothing, "", "AirflowSensorTimeout"),
    ("too late, softly", sensor(STOPPED, timeout=300, soft_fail=True), nothing, "", "AirflowSkipException"),
    ("too late in an outage, softly", sensor(SECOND, timeout=100, soft_fail=True), looks(40, 0), "", "AirflowSensorTimeout"),
    ("too late in an outage, never fails", sensor(SECOND, timeout=100, never_fail=True), looks(40, 0), "", "AirflowSkipException"),
    ("never fails, too late", sensor(STOPPED, timeout=300, never_fail=True), nothing, "", "AirflowSkipException"),
    ("never fails, not there", sensor("no-such-pipeline", never_fail=True), nothing, "", "AirflowSkipException"),
    ("softly, but not there", sensor("no-such-pipeline", soft_fail=True), nothing, "no-such-pipeline", "NotFound"),
    ("wrong permission", sensor(SECOND), looks(1, 0, kind="error_in_200", code="61128", message="no"), "61128", "PermissionDenied"),
]  # fmt: skip


@pytest.mark.parametrize("history", SENSED, ids=lambda history: history[0])
def test_a_sensor_ends_alike_in_every_mode(history, emulator, clock):
    _, make, happens, text, error = history
    ends = {}
    for mode, run in SENSOR_MODES.items():
        emulator.reset()
        clock.on_wait = None
        happens(emulator, clock)
        ends[mode] = end = run(make, clock)
        assert emulator.writes() == []
        if error is None:
            assert end["error"] is None, (mode, end)
            assert end["result"]["after"] == text
            assert end["result"]["result"] == "done"
        else:
            assert end["error"] is not None, (mode, end)
            assert end["error"][0] == error, mode
            assert text in end["error"][1]
    if error not in {"AirflowSensorTimeout", "AirflowSkipException"}:
        assert all(end == ends["poke"] for end in ends.values())
