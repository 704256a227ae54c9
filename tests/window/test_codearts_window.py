"""CodeArts pipelines in a window: disabled, their runs waited for, stopped or left, and enabled again."""

import pytest

from airflow_provider_pipelines.window import CodeArtsPipelines
from airflow_provider_pipelines.window.phases.quiesce import StillRunning
from tests.support.playing import BUILD, CODEARTS, Window, statuses
from tests.support.scenes import begin, sent
from tests.window.test_tasks import Play

FOR_EVER = 10**6
RUN = "{:032x}".format


def pipelines(fleet, *given):
    """Make a world of pipelines, each with what is given of it."""
    begin(fleet, {
        "enos": {"orgs": {"o10000000000001": {"pipelines": {}}}},
        "dli": {"projects": {"1a300000000000000000000000000fa4": {"jobs": {}}}},
        "codearts": {"projects": {CODEARTS: {"pipelines": {
            BUILD(n): {"name": f"build-{n}", **one} for n, one in enumerate(given, 1)
        }}}},
    })  # fmt: skip


def running(*numbers, **more):
    return {"runs": {RUN(n): {"status": "RUNNING", "run_seconds": 300.0, **more} for n in numbers}}


def window_over(turned, count=2, **more):
    policies = {name: more.pop(name) for name in ("on_quiesce_failure",) if name in more}
    target = CodeArtsPipelines(pipeline_ids=[BUILD(n) for n in range(1, count + 1)], **more)
    return Window(turned, [target], **policies)


def runs(fleet, n=1):
    found = fleet.state()["codearts"]["projects"][CODEARTS]["pipelines"][BUILD(n)]["runs"]
    return {id: run["status"] for id, run in found.items()}


def of_run(report, run):
    (found,) = [entry for entry in report["things"] if entry.get("pipeline_run_id") == run]
    return found


def of_pipeline(report, n):
    (found,) = [entry for entry in report["things"] if entry["id"] == BUILD(n) and "pipeline_run_id" not in entry]
    return found


def test_runs_are_waited_for_after_nothing_new_can_start(fleet, turned):
    pipelines(fleet, running(1), {})
    window = window_over(turned, running="wait")
    window.snapshot()
    begun = turned.time()
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert runs(fleet) == {RUN(1): "COMPLETED"}
    assert 300 <= turned.time() - begun < 360
    assert list(sent(fleet)) == ["disable_pipeline"]
    assert (of_run(report, RUN(1))["result"], of_run(report, RUN(1))["after"]) == ("already", "COMPLETED")
    assert of_run(report, RUN(1))["name"] == "build-1"
    assert window.restore()["result"] == "restored"
    assert sorted(ids[0] for ids in sent(fleet)["enable_pipeline"]) == [BUILD(1), BUILD(2)]


@pytest.mark.parametrize("ends", ["FAILED", "CANCELED"])
def test_a_run_that_ends_otherwise_while_it_is_waited_for_is_over_all_the_same(fleet, turned, ends):
    pipelines(fleet, running(1, outcome="FAILED"))
    window = window_over(turned, 1, running="wait")
    window.snapshot()
    if ends == "CANCELED":
        begun = turned.time()
        turned.on_wait = lambda _: turned.time() - begun > 60 and fleet.thing("codearts", RUN(1), "CANCELED")
    report = window.quiesce()
    turned.on_wait = None
    assert report["result"] == "quiet"
    assert of_run(report, RUN(1))["after"] == ends


def test_runs_are_stopped_and_the_report_says_that_they_are_not_started_again(fleet, turned):
    pipelines(fleet, running(1, 2), running(3))
    window = window_over(turned, running="stop")
    window.snapshot()
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert runs(fleet) == {RUN(1): "CANCELED", RUN(2): "CANCELED"}
    assert runs(fleet, 2) == {RUN(3): "CANCELED"}
    for n in (1, 2, 3):
        assert of_run(report, RUN(n))["result"] == "done"
        assert "not started again" in of_run(report, RUN(n))["message"]
    report = window.restore()
    assert report["result"] == "restored"
    for n in (1, 2, 3):
        assert "not started again" in of_run(report, RUN(n))["message"]
    assert "run_pipeline" not in sent(fleet)
    assert "retry_pipeline_run" not in sent(fleet)
    assert window.verdict() == []


def test_runs_that_wait_in_the_queue_are_taken_out_of_it(fleet, turned):
    one_at_a_time = {"enable": True, "concurrency_number": 1, "exceed_action": "QUEUE"}
    queue = [{"id": 7, "pipeline_run_id": RUN(2)}, {"id": 8, "pipeline_run_id": RUN(3)}]
    pipelines(fleet, {**running(1), "concurrency_control": one_at_a_time, "queue": queue})
    window = window_over(turned, 1, running="stop")
    window.snapshot()
    report = window.quiesce()
    assert report["result"] == "quiet"
    state = fleet.state()["codearts"]["projects"][CODEARTS]["pipelines"][BUILD(1)]
    assert state["queue"] == []
    assert all(status not in ("RUNNING", "INIT") for status in runs(fleet).values())
    for n in (1, 2, 3):
        assert "not started again" in of_run(report, RUN(n))["message"]


def test_runs_that_wait_in_the_queue_are_waited_for_too(fleet, turned):
    one_at_a_time = {"enable": True, "concurrency_number": 1, "exceed_action": "QUEUE"}
    queue = [{"id": 7, "pipeline_run_id": RUN(2)}]
    pipelines(fleet, {**running(1), "run_seconds": 200.0, "concurrency_control": one_at_a_time, "queue": queue})
    window = window_over(turned, 1, running="wait")
    window.snapshot()
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert runs(fleet) == {RUN(1): "COMPLETED", RUN(2): "COMPLETED"}
    assert of_run(report, RUN(2))["after"] == "COMPLETED"


def test_runs_are_left_where_the_window_says_so(fleet, turned):
    pipelines(fleet, running(1), {})
    window = window_over(turned, running="leave")
    window.snapshot()
    begun = turned.time()
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert runs(fleet) == {RUN(1): "RUNNING"}
    assert turned.time() - begun < 30
    assert sorted(str(one["id"]) for one in report["things"]) == [BUILD(1), BUILD(2)]
    window.restore()
    assert runs(fleet) == {RUN(1): "RUNNING"}
    assert list(sent(fleet)) == ["disable_pipeline", "enable_pipeline"]


@pytest.mark.parametrize("how", ["wait", "stop", "leave"])
def test_only_pipelines_that_were_enabled_are_enabled_again(fleet, turned, how):
    pipelines(fleet, {}, {"enabled": False}, {})
    window = window_over(turned, 3, running=how)
    before = statuses(fleet.state())
    window.snapshot()
    window.quiesce()
    assert not any(statuses(fleet.state()).values())
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert not [call for call in fleet.calls(writes=True) if BUILD(2) in call["ids"]]


@pytest.mark.parametrize("how", ["wait", "stop"])
def test_runs_of_a_pipeline_that_was_disabled_before_are_ended_too(fleet, turned, how):
    pipelines(fleet, {}, {"enabled": False, **running(1)})
    window = window_over(turned, 2, running=how)
    before = statuses(fleet.state())
    window.snapshot()
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert runs(fleet, 2)[RUN(1)] in ("COMPLETED", "CANCELED")
    window.restore()
    assert statuses(fleet.state()) == before


def test_a_run_that_does_not_end_before_the_deadline_fails_by_policy(fleet, turned):
    pipelines(fleet, running(1, run_seconds=10**6), {})
    window = window_over(turned, running="wait")
    window.timeout = 900
    before = statuses(fleet.state())
    window.snapshot()
    with pytest.raises(StillRunning, match=rf"1 of 2 could not be brought to rest: build-1 \({BUILD(1)}\): .*{RUN(1)}"):
        window.quiesce()
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert window.verdict({"window.quiesce": "failed"})[-1] == f"could not be stopped: build-1 ({BUILD(1)})."


def test_a_stop_that_is_refused_at_first_is_asked_again(fleet, turned):
    pipelines(fleet, running(1, refuses_stop=1))
    window = window_over(turned, 1, running="stop")
    window.snapshot()
    assert window.quiesce()["result"] == "quiet"
    assert runs(fleet) == {RUN(1): "CANCELED"}


def test_a_run_that_was_over_before_the_window_is_not_mentioned(fleet, turned):
    pipelines(fleet, {"runs": {RUN(1): {"status": "COMPLETED"}, RUN(2): {"status": "FAILED"}}})
    window = window_over(turned, 1, running="stop")
    window.snapshot()
    report = window.quiesce()
    assert [one["id"] for one in report["things"]] == [BUILD(1)]


def test_many_pipelines_are_seen_by_their_list(fleet, turned):
    pipelines(fleet, *[{} for _ in range(9)])
    window = window_over(turned, 9, running="leave")
    before = statuses(fleet.state())
    window.snapshot()
    window.quiesce()
    assert window.restore()["result"] == "restored"
    assert statuses(fleet.state()) == before
    assert "show_pipeline_detail" not in {call["operation"] for call in fleet.calls()}


def test_a_run_that_an_earlier_attempt_stopped_is_in_the_report_of_the_next(fleet, turned):
    pipelines(fleet, running(1), {})
    window = window_over(turned, running="stop")
    window.snapshot()

    class Dead(BaseException):
        pass

    def die(seconds):
        if "stop_pipeline_run" in sent(fleet):
            raise Dead

    turned.on_wait = die
    with pytest.raises(Dead):
        window.quiesce()
    turned.on_wait = None
    turned.sleep(60)
    report = window.quiesce()
    assert report["result"] == "quiet"
    assert "not started again" in of_run(report, RUN(1))["message"]
    assert of_run(report, RUN(1))["name"] == "build-1"
    assert len(sent(fleet)["stop_pipeline_run"]) == 1


def test_lines_about_runs_name_their_pipeline(fleet, turned):
    pipelines(fleet, running(1), {})
    window = window_over(turned, running="wait")
    window.snapshot()
    window.quiesce()
    assert any(line.startswith(f"build-1, run {RUN(1)}: RUNNING -> COMPLETED") for line in window.lines)
    assert any(f"1 waiting: build-1, run {RUN(1)}" in line for line in window.lines)


@pytest.mark.parametrize("how", ["wait", "stop"])
def test_runs_are_waited_for_in_the_triggerer_too(fleet, turned, monkeypatch, how):
    pipelines(fleet, running(1, stop_seconds=200.0), running(2, stop_seconds=200.0))
    targets = [CodeArtsPipelines(pipeline_ids=[BUILD(1), BUILD(2)], running=how)]
    play = Play(turned, deferrable=True, targets=targets, monkeypatch=monkeypatch)
    play.run("snapshot")
    report = play.run("quiesce")
    assert report["result"] == "quiet"
    assert play.hops
    assert {*runs(fleet).values(), *runs(fleet, 2).values()} == {"COMPLETED" if how == "wait" else "CANCELED"}
    for n in (1, 2):
        found = of_run(report, RUN(n))
        assert ("not started again" in found["message"]) is (how == "stop")
    assert len(sent(fleet).get("stop_pipeline_run", [])) == (2 if how == "stop" else 0)
    assert play.run("restore")["result"] == "restored"
