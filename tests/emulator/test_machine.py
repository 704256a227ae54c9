"""Anything in any order: what the emulated services must never do."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.emulator.clients import Enos, Huawei
from tests.emulator.running import start_emulator

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

PIPELINES = ("p1", "p2", "p3")
JOBS = (1, 2, 9007199254740993)
SEED = {
    "enos": {
        "orgs": {
            "o": {
                "pipelines": {
                    "p1": {"name": "a", "status": "RUNNING"},
                    "p2": {"name": "b", "status": "STOPPED"},
                    "p3": {"name": "c", "status": "PUBLISHED"},
                }
            }
        }
    },
    "codearts": {
        "projects": {
            "c": {
                "pipelines": {
                    "q": {
                        "name": "q",
                        "concurrency_control": {"enable": True, "concurrency_number": 2},
                        "outcomes": ["FAILED"],
                    },
                    "g": {
                        "name": "g",
                        "stages": [
                            {"jobs": [{"steps": [{"name": "a"}, {"kind": "review"}, {"name": "b", "fails": 1}]}]},
                            {"pre": "manual", "jobs": [{"steps": [{"kind": "delay"}, {"kind": "suspend"}]}]},
                            {"run_always": True, "jobs": [{"steps": [{"name": "last"}]}]},
                        ],
                    },
                }
            }
        }
    },
    "dli": {"projects": {"d": {"jobs": {str(id): {"name": str(id), "status": "job_running"} for id in JOBS}}}},
}
#: what an accepted action makes of a state
ENOS_ACTIONS = {
    "start": ({"PUBLISHED", "PAUSED", "STOPPED"}, "STARTING"),
    "pause": ({"RUNNING"}, "PAUSING"),
    "stop": ({"RUNNING", "PAUSED"}, "STOPPING"),
}
MIDDLE = {"STARTING", "PAUSING", "STOPPING", "job_submitting", "job_savepointing", "job_canceling"}


#: operations on a step that waits, by what kind of step they are for
GATES = {
    "pass": "official_devcloud_checkpoint",
    "refuse": "official_devcloud_checkpoint",
    "manual/pass": "official_devcloud_manualTrigger",
    "manual/refuse": "official_devcloud_manualTrigger",
    "delay-pass": "official_devcloud_delayedExecution",
    "delay-refuse": "official_devcloud_delayedExecution",
    "delay": "official_devcloud_delayedExecution",
    "resume": "official_devcloud_suspend",
}


def all_steps(stage):
    return [*stage["pre"], *(step for job in stage["jobs"] for step in job["steps"])]


def waiting(shown, operation):
    """Return path and status of the steps that an operation is for."""
    found = []
    for stage in shown.get("stages", []):
        found += [(f"steps/{step['id']}", step) for step in stage["pre"]]
        found += [(f"jobs/{job['id']}/steps/{step['id']}", step) for job in stage["jobs"] for step in job["steps"]]
    return [(path, step["status"]) for path, step in found if step["task"] == GATES[operation]]


class Anything(RuleBasedStateMachine):
    """Starts, pauses, stops and fails things."""

    emulator = None

    @initialize()
    def begin(self):
        if Anything.emulator is None:
            Anything.emulator = start_emulator(SEED)
            Anything.clients = Enos(Anything.emulator), Huawei(Anything.emulator)
        self.emulator.reset()
        self.enos, self.huawei = self.clients
        self.runs = set()

    @rule(action=st.sampled_from(sorted(ENOS_ACTIONS)), id=st.sampled_from(PIPELINES))
    def act_on_a_pipeline(self, action, id):
        before = self.enos.statuses()
        code = self.enos.act(action, id)["code"]
        allowed, way = ENOS_ACTIONS[action]
        after = self.enos.statuses()
        if code == 0:
            assert before[id] in allowed
            assert after[id] == way
        else:
            assert after == before
            assert before[id] not in allowed or code == 61121

    @rule(ids=st.lists(st.sampled_from(JOBS), min_size=1, unique=True), savepoint=st.booleans())
    def stop_jobs(self, ids, savepoint):
        before = {id: self.huawei.job(id) for id in ids}
        answer = self.huawei.dli("POST", "/stop", {"job_ids": ids, "trigger_savepoint": savepoint})
        assert len(answer) == len(ids)
        for id, one in zip(ids, answer, strict=True):
            status = self.huawei.job(id)["status"]
            if one.get("is_success") == "true":
                assert status == ("job_savepointing" if savepoint else "job_canceling")
            else:
                assert status == before[id]["status"]

    @rule(ids=st.lists(st.sampled_from(JOBS), min_size=1, unique=True))
    def run_jobs(self, ids):
        before = {id: self.huawei.job(id)["status"] for id in ids}
        answer = self.huawei.dli("POST", "/run", {"job_ids": ids})
        for id, one in zip(ids, answer, strict=True):
            taken = one.get("is_success") == "true"
            assert self.huawei.job(id)["status"] == ("job_submitting" if taken else before[id])

    @rule()
    def run_a_pipeline(self):
        answer = self.huawei.codearts("POST", "/q/run", {})
        run = answer.get("pipeline_run_id") or answer["error"]["pipeline_run_id"]
        assert run not in self.runs
        self.runs.add(run)

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def stop_a_run(self, data):
        run = data.draw(st.sampled_from(sorted(self.runs)))
        assert set(self.huawei.codearts("POST", f"/q/pipeline-runs/{run}/stop")) == {"success"}

    @precondition(lambda self: self.runs)
    @rule(data=st.data())
    def retry_a_run(self, data):
        run = data.draw(st.sampled_from(sorted(self.runs)))
        self.huawei.codearts("PUT", f"/q/pipeline-runs/{run}/retry", {})

    @rule()
    def run_what_waits_for_people(self):
        self.huawei.codearts("POST", "/g/run", {})

    @rule(operation=st.sampled_from(sorted(GATES)))
    def answer_what_waits(self, operation):
        shown = self.huawei.codearts("GET", "/g/pipeline-runs/detail")
        for path, status in waiting(shown, operation):
            answer = self.huawei.codearts("POST", f"/g/pipeline-runs/{shown['id']}/{path}/{operation}")
            if status in ("PAUSED", "SUSPEND"):
                assert answer.get("success") in (True, False) or "error_code" in answer
            else:
                assert answer.get("success") is not True

    @rule()
    def stop_what_waits_for_people(self):
        run = self.huawei.codearts("GET", "/g/pipeline-runs/detail").get("id", "none")
        self.huawei.codearts("POST", f"/g/pipeline-runs/{run}/stop")

    @rule()
    def retry_what_waited_for_people(self):
        run = self.huawei.codearts("GET", "/g/pipeline-runs/detail").get("id", "none")
        self.huawei.codearts("PUT", f"/g/pipeline-runs/{run}/retry", {})

    @rule(status=st.sampled_from(["RUNNING", "PAUSED", "SUSPEND", "FAILED", "CANCELED", "COMPLETED", "INIT"]))
    def somebody_else_changes_a_run(self, status):
        run = self.huawei.codearts("GET", "/g/pipeline-runs/detail").get("id")
        if run:
            self.emulator.thing("codearts", run, status)

    @rule(id=st.sampled_from(PIPELINES), status=st.sampled_from(["STOPPED", "RUNNING", "PAUSED"]))
    def somebody_else_changes_a_pipeline(self, id, status):
        self.emulator.thing("enos", id, status)

    @rule(id=st.sampled_from(JOBS), status=st.sampled_from(["job_running_exception", "job_running", "job_finish"]))
    def somebody_else_changes_a_job(self, id, status):
        self.emulator.thing("dli", id, status)

    @rule(seconds=st.sampled_from([0, 1, 9.5, 10, 30, 60]))
    def time_passes(self, seconds):
        self.emulator.advance(seconds)

    @rule()
    def everything_on_its_way_arrives(self):
        self.emulator.advance(60)
        assert not MIDDLE & {*self.enos.statuses().values(), *(self.huawei.job(id)["status"] for id in JOBS)}

    @invariant()
    def no_more_runs_at_a_time_than_allowed(self):
        rows = self.huawei.codearts("POST", "/q/pipeline-runs/list", {"limit": 100})["pipeline_runs"]
        assert sum(row["status"] == "RUNNING" for row in rows) <= 2
        assert all((row["end_time"] is None) == (row["status"] == "RUNNING") for row in rows)

    @invariant()
    def what_a_run_says_fits_its_steps(self):
        shown = self.huawei.codearts("GET", "/g/pipeline-runs/detail")
        steps = [step for stage in shown.get("stages", []) for step in all_steps(stage)]
        found = {step["status"] for step in steps}
        assert len({step["id"] for step in steps}) == len(steps)
        if shown.get("status") == "COMPLETED":
            assert found == {"COMPLETED"}
        elif shown.get("status") in ("PAUSED", "SUSPEND", "FAILED", "CANCELED"):
            assert shown["status"] in found
        assert sum(step["status"] in ("RUNNING", "PAUSED", "SUSPEND") for step in steps) <= 1
        if shown.get("status") in ("FAILED", "CANCELED", "COMPLETED"):
            assert not found & {"RUNNING", "PAUSED", "SUSPEND"}

    @invariant()
    def every_run_is_listed_or_waits(self):
        rows = self.huawei.codearts("POST", "/q/pipeline-runs/list", {"limit": 100})["pipeline_runs"]
        waiting = self.huawei.codearts("GET", "/q/queued-pipeline", offset=0, limit=100)["queuedPipelines"]
        known = {row["pipeline_run_id"] for row in [*rows, *waiting]}
        assert known == self.runs

    @invariant()
    def a_savepoint_has_a_path(self):
        for id in JOBS:
            job = self.huawei.job(id)
            assert job["has_savepoint"] == bool(job.get("savepoint_path"))

    def teardown(self):
        state = self.emulator.state()
        with start_emulator(state) as other:
            assert other.state() == state


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def teardown_module():
    if Anything.emulator is not None:
        Anything.emulator.stop()
