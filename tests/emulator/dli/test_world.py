"""All operations of DLI alike: journal, faults, the other cloud; and the state as a seed."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from airflow_provider_pipelines.emulator.dli.routes import table as dli
from airflow_provider_pipelines.emulator.settings import Settings, describe
from airflow_provider_pipelines.emulator.things import SeedError
from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator

OPERATIONS = {one.name: one for one in dli.table}
SAVEPOINTS = ["execute_flink_job_savepoint", "import_flink_job_savepoint"]
DEPRECATED = ["register_bucket", "show_flink_metric", "show_spark_batch_log"]


#: what the vendor leaves open, and the settings that choose among the readings
QUESTIONS = {
    "batches: as a whole or per element, length and order": ("dli_refusal", "dli_batch_answer"),
    "unknown ids, forbidden states, empty batches": ("dli_unknown_job", "dli_refusal", "dli_empty_batch"),
    "most ids of a batch, range of ids": ("dli_max_job_ids", "dli_first_job_id"),
    "order of savepoint and end, end after a failed savepoint": ("dli_savepoint_order", "dli_failed_savepoint"),
    "what savepoint_path names, when it is reset": ("dli_savepoint_path", "dli_savepoint_cleared"),
    "resuming without savepoint, with an imported one": ("dli_resume_without_savepoint", "dli_imported_savepoint"),
    "a savepoint without a bucket": ("dli_savepoint_without_bucket",),
    "what Open Telekom Cloud answers": ("dli_savepoint_routes", "dli_deprecated_routes"),
    # Hosts are not played, and what job_idle means is for the seed to say: any word is taken as a status.
    "fields that an update leaves out": ("dli_update_omitted", "dli_update_running"),
    "filters and order of the list": ("dli_name_filter", "dli_order_by", "dli_status_filter"),
    "what is left after a deletion": ("dli_deleted",),
    "the graph of what does not run": ("dli_graph_of_idle",),
    "whether 404 is used": ("dli_unknown_job",),
}

#: the thing that a path names, where it is not a Flink SQL job
THINGS = {
    "update_flink_jar_job": "137",
    "import_flink_job_savepoint": "142",
    "update_job_template": "1",
    "update_global_variable": "topic",
    "export_sql_job_result": "00000000-fa4e-4000-8000-000000000501",
}


def call(huawei, name, body=None):
    operation = OPERATIONS[name]
    path = operation.path.replace("{project_id}", huawei.project)
    path = re.sub(r"\{\w+\}", THINGS.get(name, "128"), path)
    return huawei.call(operation.method, path, body)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_is_journalled_and_meets_its_faults(huawei, emulator, name):
    emulator.fault("dli", name, "reply", status=503, body={"error_code": "DLI.0999"})
    assert call(huawei, name).status_code == 503
    entry = emulator.journal()[-1]
    assert (entry["operation"], entry["service"], entry["fault"], entry["code"]) == (name, "dli", "reply", "DLI.0999")
    assert entry["write"] is OPERATIONS[name].write
    assert entry["ids"] == ([THINGS.get(name, "128")] if OPERATIONS[name].path.count("{") > 1 else [])


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_an_operation_is_refused_without_a_signature(huawei, emulator, name):
    before = emulator.state()
    huawei.token = "made-up"
    assert call(huawei, name).status_code == 401
    assert emulator.journal()[-1]["auth"] == "refused"
    assert emulator.state() == before


@pytest.mark.parametrize("name", sorted(one.name for one in dli.table if one.method in ("POST", "PUT")))
def test_a_body_of_the_wrong_shape_is_an_error_of_the_vendor(huawei, name):
    for body in ([], "text", 5, {"job_ids": 5, "name": [], "sql": {}, "file": 5}):
        answer = call(huawei, name, body)
        assert (answer.status_code, answer.json()["error_code"][:4]) == (400, "DLI.")


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_name_is_the_name_of_one_operation(name):
    assert sum(one.name == name for one in dli.table) == 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_open_question_has_switches_that_tell_their_default(question):
    for name in QUESTIONS[question]:
        (one,) = (one for one in fields(Settings) if one.name == name)
        text = describe().split(f"\n{name}\n")[1].split("\n")
        assert text[0].strip() == one.metadata["text"]
        assert text[1].endswith(f"(default: {one.default})")


class TestOtherCloud:
    def test_it_has_no_savepoint_calls(self, huawei, emulator):
        emulator.settings(profile="otc")
        for name in OPERATIONS:
            answer = call(huawei, name)
            there = answer.json().get("error_code") != "APIG.0101"
            assert there is (name not in SAVEPOINTS), name
            assert there or answer.status_code == 404
            assert emulator.journal()[-1]["service"] == "dli" or name == "create_flink_sql_job_graph"

    @pytest.mark.parametrize(
        ("profile", "setting", "value", "there"),
        [
            ("otc", "dli_savepoint_routes", "both", True),
            ("otc", "dli_savepoint_routes", "otc", True),
            ("otc", "dli_savepoint_routes", "none", False),
            ("huaweicloud", "dli_savepoint_routes", "huaweicloud", True),
            ("huaweicloud", "dli_savepoint_routes", "both", True),
            ("huaweicloud", "dli_savepoint_routes", "otc", False),
            ("huaweicloud", "dli_savepoint_routes", "none", False),
            ("otc", "dli_deprecated_routes", "both", True),
            ("otc", "dli_deprecated_routes", "huaweicloud", False),
            ("huaweicloud", "dli_deprecated_routes", "huaweicloud", True),
            ("huaweicloud", "dli_deprecated_routes", "none", False),
        ],
    )
    def test_what_it_lacks_can_be_switched(self, huawei, emulator, profile, setting, value, there):
        emulator.settings(profile=profile, **{setting: value})
        for name in SAVEPOINTS if "savepoint" in setting else DEPRECATED:
            assert (call(huawei, name).status_code != 404) is there


class TestState:
    def test_the_default_world_has_everything_in_every_settled_state(self, emulator):
        (project,) = emulator.state()["dli"]["projects"].values()
        found = {part: {one["status"] for one in project[part].values()} for part in ("sql_jobs", "spark_batches")}
        assert {"FINISHED", "FAILED", "CANCELLED"} < found["sql_jobs"]
        assert {"success", "dead"} < found["spark_batches"]
        assert project["job_templates"]
        assert project["global_variables"]

    def test_a_world_in_the_middle_of_things_is_a_seed(self, huawei, emulator):
        root = f"/{huawei.project}"
        huawei.call("POST", f"/v1.0{root}/streaming/sql-jobs", {"name": "n", "cu_number": 2})
        huawei.call("POST", f"/v1.0{root}/streaming/jobs/128/savepoint", {"action": "TRIGGER", "savepoint_path": "b/d"})
        huawei.call("POST", f"/v1.0{root}/streaming/jobs/export", {"obs_dir": "b", "is_selected": False})
        huawei.call("POST", f"/v1.0{root}/jobs/submit-job", {"sql": "SELECT 1", "conf": ["a=b"]})
        huawei.call("POST", f"/v2.0{root}/batches", {"file": "obs://b/a.jar", "className": "A"})
        huawei.call("POST", f"/v1.0{root}/streaming/job-templates", {"name": "n"})
        huawei.call("POST", f"/v1.0{root}/variables", {"var_name": "v", "var_value": "1"})
        emulator.advance(10)
        state = emulator.state()
        with start_emulator(state) as other:
            now = other.state()
            other.server.world.clock.advance((emulator.world.now - other.world.now) / 1000)
            assert now == state
            emulator.advance(100)
            other.advance(100)
            assert statuses(other.state()) == statuses(emulator.state())
            made = Huawei(other).call("POST", f"/v1.0{root}/streaming/sql-jobs", {"name": "m"}).json()
            assert made["job"]["job_id"] == 1001

    @pytest.mark.parametrize(
        "project",
        [
            {"sql": {}},
            {"sql_jobs": {"a": {"state": "RUNNING"}}},
            {"spark_batches": {"a": {"status": 5}}},
            {"job_templates": {"one": {"name": "n"}}},
            {"job_templates": {"1": {"title": "n"}}},
            {"global_variables": {"v": "1"}},
            {"global_variables": {"v": {"value": 1}}},
            {"statements": {"SELECT 1": {"result": []}}},
            {"programs": {"a.jar": {"state": "dead"}}},
            {"obs_buckets": {}},
            {"archives": {"a.zip": {"1": {"desc": "no name"}}}},
            {"archives": {"a.zip": {"one": {"name": "n"}}}},
            {"archives": {"a.zip": {"1": {"name": "n", "status": "job_running"}}}},
            {"last_job_id": "1"},
        ],
    )
    def test_a_seed_that_is_not_as_documented_is_refused(self, project):
        with pytest.raises(SeedError):
            start_emulator({"dli": {"projects": {"p": project}}})

    def test_ids_begin_again_after_a_reset(self, huawei, emulator):
        made = []
        for _ in range(2):
            answer = huawei.call("POST", f"/v1.0/{huawei.project}/streaming/sql-jobs", {"name": "n"}).json()
            made.append(answer["job"]["job_id"])
            emulator.reset()
        assert made == [1000, 1000]


def statuses(state):
    (project,) = state["dli"]["projects"].values()
    parts = ("jobs", "sql_jobs", "spark_batches")
    return {id: one["status"] for part in parts for id, one in project[part].items()}
