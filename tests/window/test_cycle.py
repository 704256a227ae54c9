"""A window from its snapshot to its verdict, without a scheduler."""

from tests.support.playing import statuses


def test_what_ran_is_stopped_and_brought_back(window, fleet):
    before = statuses(fleet.state())
    plan, notes = window.snapshot()
    assert notes == []
    assert fleet.writes() == []
    assert len(plan.things) == 9
    report = window.quiesce()
    assert report["result"] == "quiet"
    during = statuses(fleet.state())
    assert {status for (service, _), status in during.items() if service == "enos"} == {"PAUSED"}
    assert {status for (service, _), status in during.items() if service == "dli"} == {"job_cancel_success"}
    assert {status for (service, _), status in during.items() if service == "codearts"} == {False}
    report = window.restore()
    assert report["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert window.verdict() == []
    taken = [call["operation"] for call in fleet.calls(writes=True) if str(call["code"]) in {"None", "0"}]
    assert sorted(taken) == sorted(
        ["pause_pipeline"] * 4 + ["start_pipeline"] * 4 + ["batch_stop_flink_jobs", "batch_run_flink_jobs"]
        + ["disable_pipeline", "enable_pipeline"]
    )  # fmt: skip
