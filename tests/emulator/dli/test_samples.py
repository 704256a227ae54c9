"""Requests and answers of DLI's reference, replayed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.emulator.clients import Huawei
from tests.emulator.running import start_emulator
from tests.emulator.test_samples import assert_at_least

SAMPLES = Path(__file__).parents[2] / "samples" / "dli"

STREAMING = "/v1.0/p/streaming"
SQL_ID = "208b08d4-0dc2-4dd7-8879-ddd4c020d7aa"
SPARK_ID = "0a324461-d9d9-45da-a52a-3b3c7a3d809e"
RUNNING = {"name": "a", "status": "job_running"}
BOOLEAN = {"dli_is_success": "boolean"}

#: the request, the answer, the method, the path, what there is, settings; an underscore stands for no request
CALLS = [
    ("flink_sql_create.request", "flink_sql_create.response", "POST", f"{STREAMING}/sql-jobs", {}, {}),
    ("flink_sql_create.request.corrected", "flink_sql_create.response", "POST", f"{STREAMING}/sql-jobs", {}, {}),
    (
        "flink_sql_update.request",
        "flink_sql_update.response",
        "PUT",
        f"{STREAMING}/sql-jobs/1",
        {"jobs": {"1": {"name": "a"}}},
        {},
    ),
    ("flink_jar_create.request", "flink_jar_create.response", "POST", f"{STREAMING}/flink-jobs", {}, BOOLEAN),
    (
        "flink_jar_update.request",
        "flink_jar_update.response",
        "PUT",
        f"{STREAMING}/flink-jobs/1",
        {"jobs": {"1": {"name": "a", "job_type": "flink_jar_job"}}},
        BOOLEAN,
    ),
    (
        "flink_savepoint.request",
        "flink_savepoint.response",
        "POST",
        f"{STREAMING}/jobs/1/savepoint",
        {"jobs": {"1": RUNNING}},
        BOOLEAN,
    ),
    (
        "flink_import_savepoint.request",
        "flink_import_savepoint.response",
        "POST",
        f"{STREAMING}/jobs/137228/import-savepoint",
        {"jobs": {"137228": {"name": "a"}}},
        BOOLEAN,
    ),
    (
        "_",
        "flink_execute_graph.response",
        "GET",
        f"{STREAMING}/jobs/1/execute-graph",
        {"jobs": {"1": RUNNING}},
        {},
    ),
    (
        "flink_export.request",
        "flink_export.response",
        "POST",
        f"{STREAMING}/jobs/export",
        {"jobs": {"100": {"name": "a"}}},
        BOOLEAN,
    ),
    (
        "flink_import.request",
        "flink_import.response",
        "POST",
        f"{STREAMING}/jobs/import",
        {"archives": {"test/ggregate_1582677879475.zip": {"100": {"name": "a"}}}},
        {**BOOLEAN, "dli_first_job_id": 200},
    ),
    ("obs_authorize.request", "obs_authorize.response", "POST", "/v1.0/p/dli/obs-authorize", {}, {}),
    (
        "flink_gen_graph.request",
        "flink_gen_graph.response.shortened",
        "POST",
        "/v3/p/streaming/jobs/1/gen-graph",
        {"jobs": {"1": {"name": "a"}}},
        {},
    ),
    ("sql_submit.request", "sql_submit.response", "POST", "/v1.0/p/jobs/submit-job", {}, {}),
    (
        "_",
        "sql_status.response",
        "GET",
        f"/v1.0/p/jobs/{SQL_ID}/status",
        {"sql_jobs": {SQL_ID: {"status": "FINISHED", "schema": [{"id": "int"}]}}},
        {},
    ),
    (
        "_",
        "sql_preview.response",
        "GET",
        f"/v1.0/p/jobs/{SQL_ID}/preview",
        {
            "sql_jobs": {
                SQL_ID: {"status": "FINISHED", "schema": [{"c1": "int"}, {"c2": "string"}], "rows": [[23, "sda"]]}
            }
        },
        {},
    ),
    ("_", "sql_cancel.response", "DELETE", f"/v1.0/p/jobs/{SQL_ID}", {"sql_jobs": {SQL_ID: {}}}, {}),
    ("spark_create.request.corrected", "spark_create.response", "POST", "/v2.0/p/batches", {}, {}),
    (
        "_",
        "spark_state.response",
        "GET",
        f"/v2.0/p/batches/{SPARK_ID}/state",
        {"spark_batches": {SPARK_ID: {"status": "success"}}},
        {"dli_spark_state": "capital"},
    ),
    ("_", "spark_cancel.response", "DELETE", f"/v2.0/p/batches/{SPARK_ID}", {"spark_batches": {SPARK_ID: {}}}, {}),
]


def read(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize(("request_name", "response_name", "method", "path", "project", "settings"), CALLS)
def test_a_call_of_the_reference_is_answered_alike(request_name, response_name, method, path, project, settings):
    body, sample = None if request_name == "_" else read(request_name), read(response_name)
    with start_emulator({"dli": {"projects": {"p": project}}}, **settings) as emulator:
        answer = Huawei(emulator).call(method, path, body)
        assert answer.status_code == 200
        assert_at_least(sample, answer.json())
        for member in ("message", "msg", "job_mapping"):
            if member in sample:
                assert answer.json()[member] == sample[member]


def test_the_metrics_of_the_reference_are_answered_alike():
    jobs = {"298765": RUNNING, "298766": RUNNING}
    with start_emulator({"dli": {"projects": {"p": {"jobs": jobs}}}}) as emulator:
        answer = Huawei(emulator).call("POST", f"{STREAMING}/jobs/metrics", read("flink_metrics.request")).json()
        sample = read("flink_metrics.response")
        for one in sample["metrics"]["jobs"]:
            # The Doubles of the table are printed as 100.
            one["metrics"] |= {name: float(one["metrics"][name]) for name in ("total_read_rate", "total_write_rate")}
        assert_at_least(sample, answer)
        assert [one["job_id"] for one in answer["metrics"]["jobs"]] == [298765, 298766]


def test_the_progress_of_the_reference_is_answered_alike():
    id = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"
    with start_emulator({"dli": {"projects": {"p": {"sql_jobs": {id: {"status": "RUNNING"}}}}}}) as emulator:
        answer = Huawei(emulator).call("GET", f"/v1/p/jobs/{id}/progress").json()
        sample = read("sql_progress.response")
        # The Double of the table is printed as 0.
        assert_at_least({**sample, "progress": 0.0}, answer)
        assert (answer["status"], answer["progress"]) == (sample["status"], sample["progress"])


def test_the_graph_of_2021_is_answered_alike():
    with start_emulator({"dli": {"projects": {"p": {"jobs": {"1": RUNNING}}}}}) as emulator:
        answer = Huawei(emulator).call("GET", f"{STREAMING}/jobs/1/execute-graph").json()
        sample = read("flink_execute_graph.response.hw2021-excerpt")["execute_graph"]
        for name in ("timestamps", "vertices"):
            sample[name] = type(sample[name])()
        assert_at_least(sample, answer["execute_graph"])
        assert {"id", "name", "tasks", "metrics", "backpressure-level"} <= set(answer["execute_graph"]["vertices"][0])


REPLAYED_ELSEWHERE = {
    *("flink_run", "flink_stop", "flink_delete_batch", "flink_delete_one", "flink_list", "flink_detail"),
    *("flink_execute_graph", "flink_metrics", "sql_progress"),
    # Errors: their shape is that of every refusal, the last one is the gateway's and played by a fault.
    *("error",),
}


def test_every_sample_is_replayed():
    replayed = {name.split(".")[0] for one in CALLS for name in one[:2]} | REPLAYED_ELSEWHERE
    assert {path.name.split(".")[0] for path in SAMPLES.glob("*.json")} <= replayed


@pytest.mark.parametrize("name", ["error.documented", "error.no-queue.documented"])
def test_a_refusal_has_the_shape_of_the_reference(huawei, name):
    answer = huawei.call("GET", f"/v1.0/{huawei.project}/streaming/jobs/999").json()
    assert set(answer) == set(read(name))
