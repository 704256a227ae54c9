"""DLI savepoints in a window: asked for as documented, and used only after they were seen."""

import json
from collections import namedtuple

import pytest

from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.window import DliJobs
from airflow_provider_pipelines.window.phases.quiesce import StillRunning
from airflow_provider_pipelines.window.phases.restore import NotRestored
from tests.support.playing import Window, statuses, world
from tests.support.scenes import begin, change, thing, told
from tests.window.test_tasks import Play

FOR_EVER = 10**6
Sent = namedtuple("Sent", "verb body")


@pytest.fixture
def wires(monkeypatch):
    """What is sent to run and stop jobs, as it leaves."""
    found = []
    send = SyncTransport._send

    def noted(transport, wire):
        verb = wire.url.partition("?")[0].rpartition("/")[2]
        if wire.method == "POST" and "/streaming/jobs/" in wire.url and verb in {"run", "stop"}:
            found.append(Sent(verb, json.loads(wire.body)))
        return send(transport, wire)

    monkeypatch.setattr(SyncTransport, "_send", noted)
    return found


def of(wires, verb):
    return [sent.body for sent in wires if sent.verb == verb]


def jobs(fleet, count=3, **fields):
    begin(fleet, world(enos=0, dli=count, codearts=0, job=fields))


def window_over(turned, **more):
    policies = {name: more.pop(name) for name in ("on_quiesce_failure",) if name in more}
    return Window(turned, [DliJobs(name_pattern="agg-*", **{"trigger_savepoint": True, **more})], **policies)


OLD = "obs://emulated-bucket/jobs/savepoint/old"


def test_a_savepoint_is_asked_for_seen_and_used(fleet, turned, wires):
    jobs(fleet)
    window = window_over(turned)
    before = statuses(fleet.state())
    window.snapshot()
    assert window.quiesce()["result"] == "quiet"
    assert of(wires, "stop") == [{"job_ids": [101, 102, 103], "trigger_savepoint": True}]
    assert all(thing(fleet, "dli", n)["has_savepoint"] for n in (101, 102, 103))
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [101, 102, 103], "resume_savepoint": True}]
    assert statuses(fleet.state()) == before


@pytest.mark.parametrize("wanted", [False, "False"])
def test_without_trigger_savepoint_none_is_asked_for_and_none_is_used(fleet, turned, wires, wanted):
    jobs(fleet, savepoint_path=OLD)
    window = window_over(turned, trigger_savepoint=wanted)
    window.snapshot()
    window.quiesce()
    window.restore()
    assert [body.get("trigger_savepoint", False) for body in of(wires, "stop")] == [False]
    assert [body.get("resume_savepoint", False) for body in of(wires, "run")] == [False]


def test_only_jobs_that_run_are_asked_for_a_savepoint(fleet, turned, wires):
    jobs(fleet)
    fleet.thing("dli", "101", "job_init")
    window = window_over(turned)
    window.snapshot()
    fleet.thing("dli", "102", "job_finish")
    window.quiesce()
    window.restore()
    assert of(wires, "stop") == [{"job_ids": [103], "trigger_savepoint": True}]
    assert of(wires, "run") == [{"job_ids": [103], "resume_savepoint": True}]


SEEN = [
    pytest.param({}, {}, id="none before"),
    pytest.param({"savepoint_path": OLD}, {}, id="another path than before"),
    pytest.param({}, {"dli_savepoint_path": "folder"}, id="none before, the folder is shown"),
    pytest.param({}, {"dli_savepoint_path": "bare"}, id="none before, shown without obs://"),
    pytest.param({}, {"dli_savepoint_order": "after"}, id="made after the end"),
    pytest.param({"savepoint_seconds": 0.0}, {}, id="none before, and job_savepointing was too short to be seen"),
    pytest.param({"savepoint_path": OLD, "savepoint_seconds": 0.0}, {}, id="another path, and job_savepointing was too short to be seen"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "settings"), SEEN)
def test_a_savepoint_that_was_seen_is_resumed_from(fleet, turned, wires, fields, settings):
    jobs(fleet, **fields)
    fleet.settings(**settings)
    window = window_over(turned)
    window.snapshot()
    window.quiesce()
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [101, 102, 103], "resume_savepoint": True}]


def same_folder(fleet, **fields):
    """Jobs that had a savepoint, whose next one is shown in the same place."""
    fleet.settings(dli_savepoint_path="folder")
    jobs(fleet, 3, **fields)
    for n in (101, 102, 103):
        path = f"obs://{thing(fleet, 'dli', n)['obs_bucket']}/jobs/savepoint/{n}"
        change(fleet, "dli", n, has_savepoint=True, savepoint_path=path)


def test_where_the_path_does_not_change_it_counts_that_job_savepointing_was_seen(fleet, turned, wires):
    same_folder(fleet)
    window = window_over(turned)
    window.snapshot()
    assert window.quiesce()["result"] == "quiet"
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [101, 102, 103], "resume_savepoint": True}]


@pytest.mark.parametrize("attempts", [1, 2])
def test_also_where_it_was_seen_in_the_triggerer_alone(fleet, turned, wires, monkeypatch, attempts):
    fleet.settings(dli_savepoint_order="after")
    same_folder(fleet, cancel_seconds=120.0, savepoint_seconds=120.0)
    play = Play(turned, deferrable=True, targets=[DliJobs(name_pattern="agg-*", trigger_savepoint=True)], monkeypatch=monkeypatch)  # fmt: skip
    play.run("snapshot")
    looks_on_the_worker = []
    send = SyncTransport._send

    def noted(transport, wire):
        looks_on_the_worker.append(statuses(fleet.state())["dli", "101"])
        return send(transport, wire)

    monkeypatch.setattr(SyncTransport, "_send", noted)
    assert play.run("quiesce")["result"] == "quiet"
    assert play.hops, "the wait was left to the triggerer"
    assert "job_savepointing" not in looks_on_the_worker
    assert play.run("restore")["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [101, 102, 103], "resume_savepoint": True}]


def test_a_savepoint_as_old_as_before_is_not_taken_for_a_new_one(fleet, turned, wires):
    same_folder(fleet, savepoint_seconds=0.0)
    window = window_over(turned)
    window.snapshot()
    with pytest.raises(
        StillRunning,
        match=r"3 of 3 could not be brought to rest: agg-1 \(101\): .*savepoint that was asked for was not seen",
    ):
        window.quiesce()
    with pytest.raises(
        NotRestored,
        match=r"3 of 3 are not back: agg-1 \(101\): 101 is job_cancel_success and was not started: the savepoint that was asked for was not seen",
    ):
        window.restore()
    assert of(wires, "run") == []


# a savepoint that fails


def test_a_failing_savepoint_leaves_the_job_running_and_the_target_fails_by_policy(fleet, turned, wires):
    jobs(fleet)
    window = window_over(turned)
    before = statuses(fleet.state())
    window.snapshot()
    change(fleet, "dli", 102, fails_savepoint=FOR_EVER)
    with pytest.raises(
        StillRunning, match=r"1 of 3 could not be brought to rest: agg-2 \(102\): .*The savepoint failed"
    ):
        window.quiesce()
    assert statuses(fleet.state())["dli", "102"] == "job_running"
    assert all(body["trigger_savepoint"] is True for body in of(wires, "stop")), "never stopped without one instead"
    report = window.restore()
    assert report["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [101, 103], "resume_savepoint": True}]
    assert statuses(fleet.state()) == before
    assert window.verdict({"window.quiesce": "failed"})[-1] == "could not be stopped: agg-2 (102)."


def test_with_continue_work_runs_beside_the_job_whose_savepoint_failed(fleet, turned, wires):
    jobs(fleet)
    window = window_over(turned, on_quiesce_failure="continue")
    before = statuses(fleet.state())
    window.snapshot()
    change(fleet, "dli", 102, fails_savepoint=FOR_EVER)
    assert window.quiesce()["result"] == "partly"
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert window.verdict() == ["could not be stopped: agg-2 (102)."]


def test_a_savepoint_that_fails_at_first_is_asked_for_again(fleet, turned, wires):
    jobs(fleet)
    window = window_over(turned)
    window.snapshot()
    change(fleet, "dli", 102, fails_savepoint=1)
    assert window.quiesce()["result"] == "quiet"
    assert window.restore()["result"] == "restored"
    assert all(body["resume_savepoint"] is True for body in of(wires, "run"))


# a job that stopped without its savepoint


def without_savepoint(fleet, turned, **more):
    """A window whose job 102 stops, and makes no savepoint."""
    jobs(fleet)
    fleet.settings(dli_savepoint_without_bucket="missing")
    window = window_over(turned, **more)
    window.snapshot()
    change(fleet, "dli", 102, obs_bucket=None)
    return window


def test_a_job_that_stopped_without_its_savepoint_stays_down_until_somebody_decides(fleet, turned, wires):
    window = without_savepoint(fleet, turned)
    with pytest.raises(
        StillRunning,
        match=r"1 of 3 could not be brought to rest: agg-2 \(102\): .*was not seen \(has_savepoint false, path none\)",
    ):
        window.quiesce()
    with pytest.raises(
        NotRestored,
        match=r"1 of 3 are not back: agg-2 \(102\): 102 is job_cancel_success and was not started.*last known path: none.*Import",
    ):
        window.restore()
    assert of(wires, "run") == [{"job_ids": [101, 103], "resume_savepoint": True}]
    assert told(window.last.report, 102)["result"] == "failed"
    # somebody imports one, and clears restore
    change(fleet, "dli", 102, has_savepoint=True, savepoint_path="obs://elsewhere/savepoint")
    wires.clear()
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [102], "resume_savepoint": True}]


def test_a_job_that_somebody_ran_without_its_savepoint_is_left_alone(fleet, turned, wires):
    window = without_savepoint(fleet, turned)
    with pytest.raises(StillRunning):
        window.quiesce()
    fleet.thing("dli", "102", "job_running")
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [101, 103], "resume_savepoint": True}]


def test_with_start_clean_it_counts_as_stopped_and_is_started_without_one(fleet, turned, wires):
    window = without_savepoint(fleet, turned, on_missing_savepoint="start_clean")
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert told(report, 102)["result"] == "done"
    assert "savepoint that was asked for was not seen" in told(report, 102)["message"]
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [
        {"job_ids": [101, 103], "resume_savepoint": True},
        {"job_ids": [102], "resume_savepoint": False},
    ]
    assert window.verdict() == []


# a savepoint that vanished


@pytest.mark.parametrize("policy", ["fail", "start_clean"])
def test_a_savepoint_that_vanished_with_a_failed_start_is_never_replaced_by_a_clean_one(fleet, turned, wires, policy):
    jobs(fleet)
    fleet.settings(dli_savepoint_cleared="submitting")
    window = window_over(turned, on_missing_savepoint=policy)
    window.snapshot()
    window.quiesce()
    path = thing(fleet, "dli", 102)["savepoint_path"]
    assert path
    change(fleet, "dli", 102, fails_start=1)
    with pytest.raises(NotRestored) as caught:
        window.restore()
    said = str(caught.value)
    assert "1 of 3 are not back: agg-2 (102): 102 is job_submit_fail and was not started: its savepoint is gone" in said
    assert f"last known path: {path}" in said
    assert path in told(window.last.report, 102)["message"]
    assert [body for body in of(wires, "run") if 102 in body["job_ids"]] == [
        {"job_ids": [101, 102, 103], "resume_savepoint": True}
    ]
    with pytest.raises(NotRestored, match=r"1 of 3 are not back: agg-2 .*its savepoint is gone"):
        window.restore()
    assert len(of(wires, "run")) == 1


def test_a_savepoint_that_is_still_there_after_a_failed_start_is_used_again(fleet, turned, wires):
    jobs(fleet)
    window = window_over(turned)
    window.snapshot()
    window.quiesce()
    change(fleet, "dli", 102, fails_start=1)
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [
        {"job_ids": [101, 102, 103], "resume_savepoint": True},
        {"job_ids": [102], "resume_savepoint": True},
    ]


def test_a_killed_quiesce_does_not_make_restore_forget_the_savepoint(fleet, turned, wires):
    jobs(fleet)
    window = window_over(turned)
    window.snapshot()

    class Dead(BaseException):
        pass

    def die(seconds):
        if of(wires, "stop"):
            raise Dead

    turned.on_wait = die
    with pytest.raises(Dead):
        window.quiesce()
    turned.on_wait = None
    assert window.restore()["result"] == "restored"
    assert of(wires, "run") == [{"job_ids": [101, 102, 103], "resume_savepoint": True}]
