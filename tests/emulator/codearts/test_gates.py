"""Runs that wait for a person: passed, refused, put off, resumed, stopped."""

from __future__ import annotations

import pytest

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

#: the pipeline of the default world, where its waiting step is, and the operations on it
GATES = [
    ("waits-for-review", "job", "pass", "refuse", "PAUSED"),
    ("checkpoint", "pre", "manual/pass", "manual/refuse", "PAUSED"),
    ("delayed", "job", "delay-pass", "delay-refuse", "PAUSED"),
    ("suspended", "job", "resume", None, "SUSPEND"),
]
PASSES = [(name, where, op, status) for name, where, op, _, status in GATES]
REFUSALS = [(name, where, op) for name, where, _, op, _ in GATES if op]


class Waiting:
    """A run of the default world that waits."""

    def __init__(self, huawei, emulator, name, where):
        self.huawei, self.emulator = huawei, emulator
        self.pipeline = emulator.find("codearts", name)
        self.where = where
        self.run = self.detail()["id"]

    def detail(self):
        return self.huawei.codearts("GET", f"/{self.pipeline}/pipeline-runs/detail")

    @property
    def status(self):
        return self.detail()["status"]

    @property
    def step(self):
        stage = self.detail()["stages"][1]
        return stage["pre"][0] if self.where == "pre" else stage["jobs"][0]["steps"][0]

    def path(self, operation):
        job = self.detail()["stages"][1]["jobs"][0]["id"]
        part = "" if self.where == "pre" else f"/jobs/{job}"
        return f"/{self.pipeline}/pipeline-runs/{self.run}{part}/steps/{self.step['id']}/{operation}"

    def act(self, operation, body=None, **query):
        return self.huawei.codearts("POST", self.path(operation), body, **query)


@pytest.fixture
def waiting(huawei, emulator):
    return lambda name, where="job": Waiting(huawei, emulator, name, where)


@pytest.mark.parametrize(("name", "where", "operation", "status"), PASSES)
def test_a_pass_lets_a_run_go_on_to_its_end(waiting, emulator, name, where, operation, status):
    run = waiting(name, where)
    assert (run.status, run.step["status"]) == (status, status)
    assert run.act(operation, {}) == {"success": True}
    assert (run.status, run.step["status"]) == ("RUNNING", "COMPLETED")
    emulator.advance(60)
    assert run.status == "COMPLETED"
    assert {stage["status"] for stage in run.detail()["stages"]} == {"COMPLETED"}


@pytest.mark.parametrize(("name", "where", "operation"), REFUSALS)
@pytest.mark.parametrize("word", ["FAILED", "CANCELED"])
def test_how_a_refused_run_ends_can_be_switched(waiting, emulator, name, where, operation, word):
    emulator.settings(codearts_refused=word)
    run = waiting(name, where)
    assert run.act(operation) == {"success": True}
    assert (run.status, run.step["status"]) == (word, word)
    assert run.detail()["end_time"] is not None


@pytest.mark.parametrize(("name", "where", "operation", "status"), PASSES)
@pytest.mark.parametrize(
    ("switch", "http", "success"), [("false", 200, False), ("true", 200, True), ("400", 400, None)]
)
def test_the_answer_of_a_second_pass_can_be_switched(
    waiting, emulator, huawei, name, where, operation, status, switch, http, success
):
    emulator.settings(codearts_second_pass=switch)
    run = waiting(name, where)
    path = run.path(operation)
    run.act(operation)
    answer = huawei.call("POST", f"/v5/{huawei.codearts_project}/api/pipelines{path}")
    assert (answer.status_code, answer.json().get("success")) == (http, success)
    assert run.status == "RUNNING"


@pytest.mark.parametrize(("name", "where", "operation"), REFUSALS)
def test_a_refused_run_can_be_tried_again_and_waits_again(waiting, huawei, name, where, operation):
    run = waiting(name, where)
    run.act(operation)
    assert huawei.codearts("PUT", f"/{run.pipeline}/pipeline-runs/{run.run}/retry", {}) == {"success": True}
    assert (run.status, run.step["status"]) == ("PAUSED", "PAUSED")
    assert run.detail()["stages"][0]["status"] == "COMPLETED"


@pytest.mark.parametrize(("name", "where", "operation", "status"), PASSES)
@pytest.mark.parametrize("switch", ["kept", "RUNNING"])
def test_what_a_waiting_step_says_of_itself_can_be_switched(waiting, emulator, name, where, operation, status, switch):
    emulator.settings(codearts_waiting_step=switch)
    run = waiting(name, where)
    assert run.step["status"] == (status if switch == "kept" else "RUNNING")
    assert run.status == run.detail()["stages"][1]["status"] == status


def test_an_operation_for_another_kind_of_step_is_refused(waiting):
    assert "error_code" in waiting("waits-for-review").act("delay-pass")
    assert "error_code" in waiting("suspended").act("pass")


def test_a_body_that_is_no_object_is_refused(waiting):
    assert "error_code" in waiting("waits-for-review").act("pass", [1])


def test_an_unknown_step_or_the_wrong_job_is_an_error(waiting, huawei):
    run = waiting("waits-for-review")
    assert "error_code" in huawei.codearts("POST", run.path("pass").replace(run.step["id"], "0" * 32))
    job = run.detail()["stages"][1]["jobs"][0]["id"]
    assert "error_code" in huawei.codearts("POST", run.path("pass").replace(job, "0" * 32))


def test_a_comment_is_kept(waiting, emulator):
    run = waiting("waits-for-review")
    run.act("pass", approval_description="looks good")
    (project,) = emulator.state()["codearts"]["projects"].values()
    stages = project["pipelines"][run.pipeline]["runs"][run.run]["stages"]
    assert stages[1]["jobs"][0]["steps"][0]["comment"] == "looks good"


class TestDelays:
    def test_a_delay_ends_by_itself(self, waiting, emulator):
        run = waiting("delayed")
        emulator.advance(3599)
        assert run.status == "PAUSED"
        emulator.advance(1)
        assert run.status == "RUNNING"

    def test_a_delay_can_be_put_off_three_times(self, waiting, emulator):
        run = waiting("delayed")
        assert [run.act("delay", {})["success"] for _ in range(4)] == [True, True, True, False]
        emulator.advance(4 * 3600 - 1)
        assert run.status == "PAUSED"
        emulator.advance(1)
        assert run.status == "RUNNING"
        assert run.act("delay") == {"success": False}


class TestStops:
    @pytest.mark.parametrize("word", ["CANCELED", "FAILED"])
    def test_how_a_waiting_run_ends_that_is_stopped_can_be_switched(self, waiting, huawei, emulator, word):
        emulator.settings(codearts_stopped_waiting=word)
        run = waiting("waits-for-review")
        for _ in range(2):
            assert huawei.codearts("POST", f"/{run.pipeline}/pipeline-runs/{run.run}/stop") == {"success": True}
        assert run.status == "PAUSED"
        assert run.act("pass") == {"success": False}
        emulator.advance(10)
        assert (run.status, run.step["status"]) == (word, word)


def plain(**fields):
    return {"codearts": {"projects": {"c": {"pipelines": {"p": {"name": "p", **fields}}}}}}


class TestSeeds:
    def test_a_review_that_waits_too_long_is_refused(self):
        stages = [{"jobs": [{"steps": [{"kind": "review", "seconds": 30}, {"name": "work"}]}]}]
        with start_emulator(plain(stages=stages)) as emulator:
            run = Huawei(emulator).codearts("POST", "/p/run", {})["pipeline_run_id"]
            assert emulator.status("codearts", run) == "PAUSED"
            emulator.advance(30)
            assert emulator.status("codearts", run) == "FAILED"

    def test_a_suspension_may_end_by_itself(self):
        stages = [{"jobs": [{"steps": [{"kind": "suspend", "seconds": 30}]}]}]
        with start_emulator(plain(stages=stages)) as emulator:
            run = Huawei(emulator).codearts("POST", "/p/run", {})["pipeline_run_id"]
            emulator.advance(30)
            assert emulator.status("codearts", run) == "COMPLETED"

    @pytest.mark.parametrize(("status", "kind"), [("PAUSED", "review"), ("SUSPEND", "suspend")])
    @pytest.mark.parametrize("stages", [[], [{"name": "empty"}]])
    def test_a_run_that_stands_still_without_a_reason_gets_one(self, status, kind, stages):
        with start_emulator(plain(stages=stages, runs={"r": {"status": status}})) as emulator:
            huawei = Huawei(emulator)
            job = huawei.codearts("GET", "/p/pipeline-runs/detail")["stages"][0]["jobs"][0]
            assert (job["status"], job["steps"][0]["name"]) == (status, kind)
            path = f"/p/pipeline-runs/r/jobs/{job['id']}/steps/{job['steps'][0]['id']}"
            assert huawei.codearts("POST", f"{path}/{'resume' if kind == 'suspend' else 'pass'}") == {"success": True}
            emulator.advance(60)
            assert emulator.status("codearts", "r") == "COMPLETED"

    @pytest.mark.parametrize("before", ["RUNNING", "COMPLETED", "FAILED", "PAUSED", "INIT", "ODD"])
    @pytest.mark.parametrize(
        "after", ["PAUSED", "SUSPEND", "RUNNING", "FAILED", "COMPLETED", "CANCELED", "ODD", "INIT"]
    )
    def test_somebody_else_may_change_a_run_in_any_way(self, before, after):
        with start_emulator(plain(runs={"r": {"status": before, "pending": []}})) as emulator:
            emulator.thing("codearts", "r", after)
            huawei = Huawei(emulator)
            shown = huawei.codearts("GET", "/p/pipeline-runs/detail")
            # What waited for somebody begins anew, and waits there again.
            begun = "PAUSED" if before == "PAUSED" else "RUNNING"
            assert shown["status"] == (begun if after == "INIT" else after)
            assert shown["stages"][0]["jobs"][0]["status"] == shown["status"]
            state = emulator.state()
            with start_emulator(state) as other:
                assert other.state() == state
            emulator.advance(60)
            ended = "COMPLETED" if shown["status"] == "RUNNING" else shown["status"]
            assert emulator.status("codearts", "r") == ended

    def test_an_outcome_may_be_to_wait(self):
        with start_emulator(plain(outcome="PAUSED")) as emulator:
            run = Huawei(emulator).codearts("POST", "/p/run", {})["pipeline_run_id"]
            emulator.advance(60)
            assert emulator.status("codearts", run) == "PAUSED"
            emulator.thing("codearts", run, "RUNNING")
            emulator.advance(60)
            assert emulator.status("codearts", run) == "COMPLETED"

    def test_a_fault_changes_the_run_of_a_step(self, waiting, emulator):
        run = waiting("waits-for-review")
        path = run.path("pass")
        emulator.fault("codearts", "accept_manual_review", "state", status="CANCELED")
        assert run.huawei.codearts("POST", path) == {"success": False}
        assert run.status == "CANCELED"


def test_a_seed_may_say_which_step_failed_or_was_left_out():
    steps = [{"name": "a", "status": "FAILED", "message": "m"}, {"name": "b"}]
    stages = [{"jobs": [{"identifier": "J1", "steps": [{"name": "0"}]}, {"identifier": "J2", "steps": steps}]}]
    run = {"status": "FAILED", "stages": stages, "choose_jobs": ["J2"]}
    with start_emulator(plain(runs={"r": run})) as emulator:
        (stage,) = Huawei(emulator).codearts("GET", "/p/pipeline-runs/detail")["stages"]
        assert [job["status"] for job in stage["jobs"]] == ["UNSELECTED", "FAILED"]
        assert [step["status"] for step in stage["jobs"][1]["steps"]] == ["FAILED", "INIT"]
