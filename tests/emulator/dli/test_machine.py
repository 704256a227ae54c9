"""Anything in any order: what DLI must never do."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

SEED = {"dli": {"projects": {"d": {"programs": {"recovers": {"recoveries": 1}, "dies": {"outcome": "dead"}}}}}}
SETTLED = {"job_init", "job_running", "job_cancel_success"}
STATEMENTS = ["SELECT 1", "INSERT INTO t SELECT 1", "DESC t", "SELEC 1"]


class Anything(RuleBasedStateMachine):
    """Creates, runs, saves, stops, cancels and deletes things."""

    emulator = None
    jobs, queries, batches = Bundle("jobs"), Bundle("queries"), Bundle("batches")

    @initialize()
    def begin(self):
        if Anything.emulator is None:
            Anything.emulator = start_emulator(SEED)
            Anything.huawei = Huawei(Anything.emulator)
        self.emulator.reset()
        self.ids, self.gone = [], set()

    def send(self, method, path, body=None, version="v1.0"):
        answer = self.huawei.call(method, f"/{version}/d{path}", body)
        assert answer.status_code in (200, 400), answer.text
        return answer

    def status(self, id):
        return self.send("GET", f"/streaming/jobs/{id}").json()["job_detail"]["status"]

    @rule(target=jobs, name=st.sampled_from("abc"), kind=st.sampled_from(["sql-jobs", "flink-jobs"]))
    def create(self, name, kind):
        body = {"name": name, "queue_name": "q", "obs_bucket": "b"}
        answer = self.send("POST", f"/streaming/{kind}", body)
        if not answer.ok:
            assert answer.json()["error_code"] == "DLI.0006"
            return multiple()
        made = answer.json()["job"]["job_id"]
        assert made > max(self.ids, default=0)
        self.ids.append(made)
        assert self.status(made) == "job_init"
        return made

    @rule(id=jobs, resume=st.booleans())
    def run(self, id, resume):
        answer = self.send("POST", "/streaming/jobs/run", {"job_ids": [id], "resume_savepoint": resume})
        assert not answer.ok or self.status(id) == "job_submitting"

    @rule(id=jobs, savepoint=st.booleans())
    def stop(self, id, savepoint):
        answer = self.send("POST", "/streaming/jobs/stop", {"job_ids": [id], "trigger_savepoint": savepoint})
        assert not answer.ok or self.status(id) == ("job_savepointing" if savepoint else "job_canceling")

    @rule(id=jobs)
    def save(self, id):
        body = {"action": "TRIGGER", "savepoint_path": "obs://b/dir"}
        answer = self.send("POST", f"/streaming/jobs/{id}/savepoint", body)
        assert not answer.ok or self.status(id) == "job_savepointing"

    @rule(id=jobs)
    def bring(self, id):
        body = {"job_id": id, "savepoint_path": "obs://b/dir"}
        answer = self.send("POST", f"/streaming/jobs/{id}/import-savepoint", body)
        assert not answer.ok or self.status(id) not in ("job_running", "job_submitting")

    @rule(id=jobs, kind=st.sampled_from(["sql-jobs", "flink-jobs"]), name=st.sampled_from("abc"))
    def update(self, id, kind, name):
        self.send("PUT", f"/streaming/{kind}/{id}", {"name": name})

    @rule(id=jobs)
    def delete(self, id):
        assert self.send("DELETE", f"/streaming/jobs/{id}").ok is (id not in self.gone)
        self.gone.add(id)

    @rule(cover=st.booleans())
    def move(self, cover):
        (path,) = self.send("POST", "/streaming/jobs/export", {"obs_dir": "b", "is_selected": False}).json()["zip_file"]
        mapping = self.send("POST", "/streaming/jobs/import", {"zip_file": path, "is_cover": cover}).json()[
            "job_mapping"
        ]
        assert {int(one["old_job_id"]) for one in mapping} == set(self.ids) - self.gone
        assert all(int(one["new_job_id"]) in (-1, int(one["old_job_id"])) for one in mapping)

    @rule(target=queries, sql=st.sampled_from(STATEMENTS))
    def submit(self, sql):
        answer = self.send("POST", "/jobs/submit-job", {"sql": sql})
        return answer.json()["job_id"] if answer.ok else multiple()

    @rule(id=queries)
    def cancel(self, id):
        self.send("DELETE", f"/jobs/{id}")

    @rule(id=queries)
    def look(self, id):
        word = self.send("GET", f"/jobs/{id}/status").json()["status"]
        progress = self.send("GET", f"/jobs/{id}/progress", version="v1").json()["progress"]
        assert 0 <= progress <= 1
        assert (progress == 1) is (word in ("FINISHED", "CANCELLED")) or word == "RUNNING"
        assert not self.send("GET", f"/jobs/{id}/preview").ok or word == "FINISHED"

    @rule(target=batches, file=st.sampled_from(["recovers", "dies", "other"]))
    def create_batch(self, file):
        return self.send("POST", "/batches", {"file": file, "className": "A"}, "v2.0").json()["id"]

    @rule(id=batches)
    def cancel_batch(self, id):
        self.send("DELETE", f"/batches/{id}", version="v2.0")

    @rule(seconds=st.sampled_from([0, 1, 5, 20, 60]))
    def time_passes(self, seconds):
        self.emulator.advance(seconds)

    @rule()
    def everything_on_its_way_arrives(self):
        self.emulator.advance(600)
        project = self.emulator.state()["dli"]["projects"]["d"]
        assert {one["status"] for one in project["jobs"].values()} <= SETTLED
        assert {one["status"] for one in project["sql_jobs"].values()} <= {"FINISHED", "CANCELLED"}
        assert {one["status"] for one in project["spark_batches"].values()} <= {"success", "dead"}

    @invariant()
    def the_list_has_what_is_not_deleted(self):
        rows = self.send("GET", "/streaming/jobs").json()["job_list"]
        assert {one["job_id"] for one in rows["jobs"]} == set(self.ids) - self.gone

    @invariant()
    def names_are_given_once_and_a_savepoint_has_a_path(self):
        jobs = self.emulator.state()["dli"]["projects"]["d"]["jobs"].values()
        assert len({one["name"] for one in jobs}) == len(jobs)
        assert all(one["has_savepoint"] == bool(one["savepoint_path"]) for one in jobs)

    def teardown(self):
        state = self.emulator.state()
        with start_emulator(state) as other:
            assert other.state() == state


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def teardown_module():
    if Anything.emulator is not None:
        Anything.emulator.stop()
