"""What a window does where something cannot be stopped, is gone, was touched by others, or cannot be brought back."""

import json
import os

import pytest

from airflow_provider_pipelines.errors import AuthenticationError, WatchFailed
from airflow_provider_pipelines.window.phases.quiesce import StillRunning
from airflow_provider_pipelines.window.phases.restore import NotRestored
from airflow_provider_pipelines.window.targets import CodeArtsPipelines
from tests.support.playing import BUILD, WIND, Window, forget_credentials, statuses, world
from tests.support.scenes import begin, change, remove, sent, told
from tests.window.conftest import all_targets

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

FOR_EVER = 10**6


def twenty(fleet, turned, **policies):
    """A window over twenty things."""
    begin(fleet, world(enos=10, dli=9, codearts=1))
    return Window(turned, all_targets(), **policies)


# one of twenty cannot be stopped


STUBBORN = [
    pytest.param("enos", WIND(7), {"refuses_pause": FOR_EVER}, "wind-7", id="a pause that is refused"),
    pytest.param("enos", WIND(7), {"pause_seconds": 1e9}, "wind-7", id="a pause that does not end"),
    pytest.param("dli", 107, {"refuses_stop": FOR_EVER}, "agg-7", id="a stop that is refused"),
    pytest.param("dli", 107, {"stop_ends_as": "job_cancel_fail"}, "agg-7", id="a stop that fails"),
]


@pytest.mark.parametrize(("service", "id", "how", "name"), STUBBORN)
def test_one_of_twenty_cannot_be_stopped_and_the_others_come_back(fleet, turned, service, id, how, name):
    window = twenty(fleet, turned)
    window.timeout = 600
    before = statuses(fleet.state())
    window.snapshot()
    change(fleet, service, id, **how)
    with pytest.raises(
        StillRunning, match=rf"1 of 20 could not be brought to rest: {name} \({id}\): .*Work does not"
    ) as caught:
        window.quiesce()
    assert not caught.value.retryable
    assert window.last.report["result"] == "partly"
    assert told(window.last.report, id)["result"] == "failed"
    at_rest = [one for one in window.last.report["things"] if one["result"] == "done"]
    assert len(at_rest) == 19
    change(fleet, service, id, pause_seconds=1, stop_ends_as="job_cancel_success")
    if how.get("stop_ends_as") == "job_cancel_fail":
        # nobody knows whether it runs: somebody has to look
        with pytest.raises(NotRestored, match=rf"1 of 20 are not back: {name} .*stop failed"):
            window.restore()
        fleet.thing("dli", str(id), "job_running")
    if how.get("pause_seconds"):
        fleet.thing("enos", id, "PAUSED")
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert window.verdict({"window.quiesce": "failed", "window.work": "upstream_failed"}) == [
        "failed: window.quiesce.",
        f"could not be stopped: {name} ({id}).",
    ]


@pytest.mark.parametrize(("service", "id", "how", "name"), STUBBORN[:3])
def test_with_continue_work_runs_and_the_verdict_names_what_could_not_be_stopped(fleet, turned, service, id, how, name):
    window = twenty(fleet, turned, on_quiesce_failure="continue")
    window.timeout = 600
    before = statuses(fleet.state())
    window.snapshot()
    change(fleet, service, id, **how)
    report = window.quiesce()
    assert report["result"] == "partly"
    assert told(report, id)["result"] == "failed"
    assert any("Work runs all the same" in line and name in line for line in window.lines)
    change(fleet, service, id, pause_seconds=1)
    if how.get("pause_seconds"):
        fleet.thing("enos", id, "PAUSED")
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert window.verdict({"window.quiesce": "success", "window.work": "success"}) == [
        f"could not be stopped: {name} ({id})."
    ]


def test_what_refused_at_first_is_asked_again_and_work_runs(fleet, turned):
    window = twenty(fleet, turned)
    window.snapshot()
    change(fleet, "enos", WIND(7), refuses_pause=2)
    change(fleet, "dli", 107, refuses_stop=2)
    assert window.quiesce()["result"] == "quiet"
    assert window.restore()["result"] == "restored"
    assert window.verdict() == []


def test_something_that_began_to_run_while_others_were_stopped_is_seen_before_work_begins(fleet, turned):
    begin(fleet, world(enos=3, dli=2))
    fleet.thing("enos", WIND(2), "PAUSED")
    window = Window(turned, all_targets())
    window.snapshot()
    turned.on_wait = lambda seconds: fleet.thing("enos", WIND(2), "RUNNING")
    with pytest.raises(StillRunning, match=r"wind-2 \(.*\): it is RUNNING at the last look before work begins"):
        window.quiesce()
    turned.on_wait = None
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state())["enos", WIND(2)] == "RUNNING"


# things that are gone


@pytest.mark.parametrize(
    ("service", "id", "name"), [("enos", WIND(2), "wind-2"), ("dli", "102", "agg-2"), ("codearts", BUILD(2), "build-2")]
)
@pytest.mark.parametrize("on_missing", ["report", "fail"])
@pytest.mark.parametrize("when", ["before its stop", "while work runs"])
def test_what_is_deleted_during_the_window_is_reported_and_the_others_come_back(
    fleet, turned, service, id, name, on_missing, when
):
    begin(fleet, world(enos=4, dli=4, codearts=3))
    targets = [*all_targets()[:2], CodeArtsPipelines(pipeline_ids=[BUILD(1), BUILD(2), BUILD(3)])]
    window = Window(turned, targets, on_missing=on_missing)
    before = statuses(fleet.state())
    window.snapshot()
    if when == "before its stop":
        remove(fleet, service, id)
    report = window.quiesce()
    if when == "before its stop":
        assert "gone" in told(report, id)["message"]
    else:
        remove(fleet, service, id)
    report = window.restore()
    assert report["result"] == "restored"
    assert "gone" in told(report, id)["message"]
    assert told(report, id)["name"] == name
    assert statuses(fleet.state()) == {key: status for key, status in before.items() if key != (service, id)}
    assert window.verdict() == ([f"gone meanwhile: {name} ({id})."] if on_missing == "fail" else [])


def test_what_was_gone_is_still_reported_by_the_attempt_that_brings_the_rest_back(fleet, turned):
    begin(fleet, world(enos=4, dli=4))
    window = Window(turned, all_targets(), on_missing="fail")
    window.snapshot()
    window.quiesce()
    remove(fleet, "enos", WIND(2))
    change(fleet, "dli", 103, refuses_start=FOR_EVER)
    with pytest.raises(NotRestored):
        window.restore()
    assert "gone" in told(window.last.report, WIND(2))["message"]
    change(fleet, "dli", 103, refuses_start=0)
    report = window.restore()
    assert "gone" in told(report, WIND(2))["message"]
    assert window.verdict() == [f"gone meanwhile: wind-2 ({WIND(2)})."]


def test_what_goes_between_the_two_looks_of_restore_is_reported_too(fleet, turned):
    begin(fleet, world(enos=4, dli=4))
    window = Window(turned, all_targets(), on_missing="fail")
    window.snapshot()
    window.quiesce()

    def tell(line):
        if line.startswith("looking once more"):
            remove(fleet, "enos", WIND(2))

    window.dependencies.tell = tell
    # the last start ends before the fence does
    for n in range(1, 5):
        change(fleet, "enos", WIND(n), start_seconds=1.0)
        change(fleet, "dli", 100 + n, submit_seconds=1.0)
    report = window.restore()
    assert "gone" in told(report, WIND(2))["message"]
    assert window.verdict() == [f"gone meanwhile: wind-2 ({WIND(2)})."]


NOWHERE = [
    pytest.param("enos", {"kind": "reply", "status": 404, "body": "no such route"}, "list_pipelines", id="EnOS"),
    pytest.param("dli", {"kind": "reply", "status": 404, "body": "no such route"}, "*", id="DLI"),
]


@pytest.mark.parametrize(("service", "fault", "operation"), NOWHERE)
def test_a_gateway_that_finds_nothing_at_all_does_not_count_as_everything_being_gone(
    fleet, turned, window, service, fault, operation
):
    window.snapshot()
    window.quiesce()
    fleet.faults({"service": service, "operation": operation, "times": FOR_EVER, "fault": fault})
    with pytest.raises(NotRestored, match="4 of 9 are not back"):
        window.restore()
    assert "its record is still open" in window.verdict()[0]
    fleet.clear_faults()
    assert window.restore()["result"] == "restored"
    assert window.verdict() == []


# what others do meanwhile


@pytest.mark.parametrize(
    ("service", "id", "status", "name"),
    [
        ("dli", "102", "job_finish", "agg-2"),
        ("enos", WIND(2), "PAUSED", "wind-2"),
        ("enos", WIND(2), "STOPPED", "wind-2"),
        ("codearts", BUILD(1), "disabled", "build-1"),
    ],
)
def test_what_came_to_rest_by_itself_before_its_stop_is_reported_and_not_started(
    fleet, turned, window, service, id, status, name
):
    before = statuses(fleet.state())
    window.snapshot()
    fleet.thing(service, id, status)
    ended = statuses(fleet.state())[service, id]
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert "before its stop was sent: this window did not stop it, and will not start it" in told(report, id)["message"]
    report = window.restore()
    assert "without this window's doing, and is left so" in told(report, id)["message"]
    assert told(report, id)["name"] == name
    assert statuses(fleet.state()) == {**before, (service, id): ended}
    assert window.verdict() == []


def test_what_was_at_rest_before_stays_at_rest(fleet, turned):
    begin(fleet, world(enos=4, dli=4, codearts=2))
    for service, id, status in [("enos", WIND(1), "PAUSED"), ("enos", WIND(2), "STOPPED"), ("enos", WIND(3), "PUBLISHED"), ("dli", "101", "job_init"), ("dli", "102", "job_finish"), ("dli", "103", "job_running_exception"), ("codearts", BUILD(1), "disabled")]:  # fmt: skip
        fleet.thing(service, id, status)
    before = statuses(fleet.state())
    window = Window(turned, all_targets())
    window.snapshot()
    window.quiesce()
    window.restore()
    assert statuses(fleet.state()) == before
    assert sent(fleet) == {
        "pause_pipeline": [[WIND(4)]], "start_pipeline": [[WIND(4)]],
        "batch_stop_flink_jobs": [["104"]], "batch_run_flink_jobs": [["104"]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("service", "id", "status"),
    [("dli", "102", "job_running"), ("enos", WIND(2), "RUNNING"), ("codearts", BUILD(1), "enabled")],
)
def test_what_somebody_started_by_hand_meanwhile_is_left_alone(fleet, turned, window, service, id, status):
    before = statuses(fleet.state())
    window.snapshot()
    window.quiesce()
    fleet.thing(service, id, status)
    fleet.mark()
    report = window.restore()
    assert told(report, id)["result"] == "already"
    assert not [call for call in fleet.calls(writes=True) if str(id) in call["ids"]]
    assert statuses(fleet.state()) == before
    assert window.verdict() == []


def test_what_was_at_rest_and_somebody_started_while_work_ran_is_left_alone(fleet, turned):
    begin(fleet, world(enos=3, dli=3))
    fleet.thing("enos", WIND(2), "PAUSED")
    fleet.thing("dli", "102", "job_init")
    window = Window(turned, all_targets()[:2])
    window.snapshot()
    window.quiesce()
    fleet.thing("enos", WIND(2), "RUNNING")
    fleet.thing("dli", "102", "job_running")
    fleet.mark()
    assert window.restore()["result"] == "restored"
    assert set(statuses(fleet.state()).values()) == {"RUNNING", "job_running", True}
    assert not [call for call in fleet.calls(writes=True) if {WIND(2), "102"} & set(call["ids"])]


# a restore that fails


def test_a_restore_that_fails_names_each_thing_and_its_reason_and_its_retry_touches_only_those(fleet, turned):
    window = twenty(fleet, turned)
    before = statuses(fleet.state())
    window.snapshot()
    window.quiesce()
    change(fleet, "enos", WIND(3), refuses_start=FOR_EVER)
    change(fleet, "dli", 105, refuses_start=FOR_EVER)
    change(fleet, "dli", 106, fails_start=FOR_EVER)
    with pytest.raises(NotRestored) as caught:
        window.restore()
    said = str(caught.value)
    assert "3 of 20 are not back: " in said
    assert f"wind-3 ({WIND(3)}): EnOS start_pipeline failed" in said
    assert "agg-5 (105): DLI batch_run_flink_jobs failed" in said
    assert "agg-6 (106): 106 is job_submit_fail after batch_run_flink_jobs: not running any more" in said
    assert caught.value.retryable
    report = window.last.report
    assert report["result"] == "partly"
    assert {str(one["id"]) for one in report["things"] if one["result"] == "failed"} == {WIND(3), "105", "106"}
    assert "its record is still open" in window.verdict()[0]
    change(fleet, "enos", WIND(3), refuses_start=0)
    change(fleet, "dli", 105, refuses_start=0)
    change(fleet, "dli", 106, fails_start=0)
    fleet.mark()
    report = window.restore()
    assert report["result"] == "restored"
    assert len(report["things"]) == 20
    assert sent(fleet) == {"start_pipeline": [[WIND(3)]], "batch_run_flink_jobs": [["105", "106"]]}
    assert statuses(fleet.state()) == before
    assert window.verdict() == []


@pytest.fixture
def broken(monkeypatch):
    """Breaks a connection in one way or another; the other way round mends it."""

    def set(variable, **changes):
        connection = json.loads(os.environ[variable])
        connection.update(changes)
        monkeypatch.setenv(variable, json.dumps(connection))

    return set


BROKEN = [
    pytest.param({"host": "http://127.0.0.1:9"}, "no target of the window leads to enos http", id="another host"),
    pytest.param({"password": ""}, "password", id="no key"),
    pytest.param({"host": "no url at all"}, "enos_default", id="no address"),
    pytest.param({}, "EnOS", id="nobody answers"),
]


@pytest.mark.parametrize(("change_to", "reason"), BROKEN)
def test_a_target_whose_connection_is_broken_does_not_keep_the_others_from_coming_back(
    fleet, turned, window, broken, monkeypatch, change_to, reason
):
    before = statuses(fleet.state())
    good = os.environ["AIRFLOW_CONN_ENOS_DEFAULT"]
    window.snapshot()
    window.quiesce()
    change(fleet, "dli", 103, refuses_start=FOR_EVER)
    broken("AIRFLOW_CONN_ENOS_DEFAULT", **change_to)
    if not change_to:
        fleet.fault("*", times=FOR_EVER, kind="drop", executed=False)
    with pytest.raises(NotRestored) as caught:
        window.restore()
    said = str(caught.value)
    assert "5 of 9 are not back" in said
    assert "agg-3 (103): DLI" in said
    for n in range(1, 5):
        assert f"wind-{n} ({WIND(n)}): " in said
    assert reason in said
    now = statuses(fleet.state())
    assert [key for key, status in now.items() if status != before[key]] == [
        *(("enos", WIND(n)) for n in range(1, 5)), ("dli", "103")
    ]  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", good)
    change(fleet, "dli", 103, refuses_start=0)
    fleet.clear_faults()
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before


def test_both_connections_being_gone_gives_both_reasons_in_one_error(fleet, turned, window, monkeypatch):
    before = statuses(fleet.state())
    window.snapshot()
    window.quiesce()
    for name in fleet.env:
        monkeypatch.delenv(name)
    with pytest.raises(NotRestored, match=r"(?s)9 of 9 are not back.*enos_default.*huaweicloud_default"):
        window.restore()
    for name, value in fleet.env.items():
        monkeypatch.setenv(name, value)
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before


@pytest.mark.parametrize("variable", ["AIRFLOW_CONN_ENOS_DEFAULT", "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
def test_after_refused_credentials_restore_sleeps_the_six_minutes_out_itself(
    fleet, turned, window, broken, monkeypatch, variable
):
    before = statuses(fleet.state())
    good = os.environ[variable]
    window.snapshot()
    window.quiesce()
    broken(variable, password="not the secret")
    forget_credentials()
    begun = turned.time()
    fleet.mark()
    with pytest.raises(NotRestored, match="not back"):
        window.restore()
    assert turned.time() - begun >= 360
    refused = [call for call in fleet.calls() if call["auth"] == "refused"]
    assert len(refused) == 1, "more refusals lock the key for everybody"
    assert any("credentials were refused" in line for line in window.lines)
    monkeypatch.setenv(variable, good)
    forget_credentials()
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before


def test_credentials_that_are_refused_at_the_second_look_are_sat_out_too(fleet, turned, window, broken, monkeypatch):
    before = statuses(fleet.state())
    good = os.environ["AIRFLOW_CONN_ENOS_DEFAULT"]
    window.snapshot()
    window.quiesce()
    tell = window.dependencies.tell

    def break_it(line):
        tell(line)
        if line.startswith("looking once more"):
            fleet.faults({"service": "enos", "operation": "*", "times": FOR_EVER, "fault": {"kind": "reply", "status": 403, "body": {"code": 1003, "message": "signature"}}})  # fmt: skip

    for n in range(1, 5):
        change(fleet, "enos", WIND(n), start_seconds=1.0)
        change(fleet, "dli", 100 + n, submit_seconds=1.0)
    window.dependencies.tell = break_it
    begun = turned.time()
    with pytest.raises((AuthenticationError, NotRestored, WatchFailed)):
        window.restore()
    assert turned.time() - begun >= 360
    fleet.clear_faults()
    forget_credentials()
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", good)
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before


def test_a_target_that_was_taken_out_of_the_window_is_named_with_the_remedy(fleet, turned, window):
    window.snapshot()
    window.quiesce()
    window.places = window.places[1:]
    with pytest.raises(
        NotRestored, match=r"no target of the window leads to enos .* any more.*airflow-pipelines restore"
    ):
        window.restore()
