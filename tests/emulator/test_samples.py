"""Requests and answers of the vendors' references, replayed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_provider_pipelines.emulator import credentials
from tests.emulator.clients import Enos, Huawei
from tests.emulator.running import start_emulator

SAMPLES = Path(__file__).parents[1] / "samples"

CODEARTS = [
    "accept_delay_job",
    "batch_latest_status",
    "batch_run_result",
    "cancel_queuing",
    "delay_one_hour",
    "disable_pipeline",
    "enable_pipeline",
    "error_pipeline_not_found",
    "error_project_mismatch",
    "list_queue",
    "list_runs",
    "query_logs",
    "reject_delay_job",
    "reject_manual_review",
    "retry_pipeline_run",
    "run_detail_failed_abridged",
    "run_detail_running",
    "run_pipeline",
    "run_pipeline_capacity",
    "run_pipeline_minimal",
    "run_pipeline_queued",
    "run_pipeline_rejected_200",
    "step_outputs",
    "stop_pipeline_run",
    "stop_pipeline_run_not_confirmed",
]
LIMITED = {"enable": True, "concurrency_number": 1}
BUSY = {"busy": {"status": "RUNNING"}}


def read(name):
    return json.loads((SAMPLES / name).read_text())


def assert_at_least(sample, answer, where="answer"):
    """Check that an answer has the members of a sample, and values of their kinds."""
    if isinstance(sample, dict):
        assert isinstance(answer, dict), where
        for name, value in sample.items():
            assert name in answer, f"{where}.{name}"
            assert_at_least(value, answer[name], f"{where}.{name}")
    elif isinstance(sample, list) and sample and isinstance(sample[0], dict):
        assert answer, where
        assert_at_least(sample[0], answer[0], f"{where}[0]")
    elif sample is not None and answer is not None:
        assert type(answer) is type(sample), where


#: the kind of the step that a sample is about
STEPS = {
    "accept_delay_job": "delay",
    "delay_one_hour": "delay",
    "reject_delay_job": "delay",
    "reject_manual_review": "review",
    "query_logs": "work",
}


def codearts_seed(name, path, body, wanted):
    """Return a world in which a sample is true."""
    project, pipeline = path[2], path[5] if len(path) > 5 else ""
    if name in STEPS:
        step = {"id": path[11], "kind": STEPS[name], "log": ["line 1", "line 2"]}
        stages = [{"jobs": [{"id": path[9], "steps": [step, {"name": "later"}]}]}]
        status = "RUNNING" if STEPS[name] == "work" else "PAUSED"
        runs = {path[7]: {"status": status, "stages": stages}}
        return {project: {"pipelines": {pipeline: {"name": "demo", "runs": runs}}}}
    if name == "step_outputs":
        (outputs,) = wanted["step_outputs"]
        step = {"id": outputs["step_run_id"], "outputs": {one["key"]: one["value"] for one in outputs["output_result"]}}
        runs = {path[7]: {"status": "COMPLETED", "stages": [{"jobs": [{"steps": [step]}]}]}}
        return {project: {"pipelines": {pipeline: {"name": "demo", "runs": runs}}}}
    if name == "batch_run_result":
        (asked,) = body["query"]
        runs = {asked["pipeline_run_id"]: {"status": "RUNNING"}}
        return {project: {"pipelines": {asked["pipeline_id"]: {"name": "demo", "runs": runs}}}}
    run = next((part for part in path if len(part) == 32 and part not in (project, pipeline)), "")
    fields = {"name": "demo"}
    if name == "batch_latest_status":
        return {project: {"pipelines": {body[0]: {"runs": {"r": {"status": "COMPLETED"}}}, body[1]: {}}}}
    if name == "error_pipeline_not_found":
        return {project: {}}
    if name == "error_project_mismatch":
        return {project: {}, "other": {"pipelines": {pipeline: fields}}}
    if name == "list_runs":
        fields["runs"] = {"r": {"status": "COMPLETED", "start_time": 1700000000000, "end_time": 1700000050000}}
    elif name.startswith("run_detail"):
        fields["runs"] = {wanted["id"]: {"status": wanted["status"], "pending": []}}
    elif name in ("run_pipeline_capacity", "run_pipeline_queued"):
        action = "ABORT" if name == "run_pipeline_capacity" else "QUEUE"
        fields |= {"concurrency_control": {**LIMITED, "exceed_action": action}, "runs": BUSY}
    elif name in ("list_queue", "cancel_queuing"):
        # In the vendor's example the run has the id of the project.
        waiting = {"id": 1, "pipeline_run_id": run or project}
        fields |= {"concurrency_control": LIMITED, "runs": BUSY, "queue": [waiting]}
    elif name == "run_pipeline_rejected_200":
        fields["refuses_run"] = 1
    elif name.startswith("stop"):
        fields["runs"] = {run: {"status": "RUNNING", "refuses_stop": int("not" in name)}}
    elif name == "retry_pipeline_run":
        fields["runs"] = {run: {"status": "FAILED"}}
    return {project: {"pipelines": {pipeline: fields}}}


@pytest.mark.parametrize("name", CODEARTS)
def test_a_sample_of_codearts_is_answered_alike(name):
    sample = read(f"codearts/{name}.json")
    request, response = sample["request"], sample["response"]
    body = request.get("body")
    seed = codearts_seed(name, request["path"].split("/"), body, response["body"])
    with start_emulator({"codearts": {"projects": seed}}, codearts_over_limit="refused") as emulator:
        answer = Huawei(emulator).call(request["method"], request["path"], body, **request.get("query", {}))
        assert answer.status_code == response["status"]
        assert_at_least(response["body"], answer.json())
        for member in ("error_code", "success"):
            if isinstance(response["body"], dict) and member in response["body"]:
                assert answer.json()[member] == response["body"][member]


def dli_jobs(**more):
    ids = ["12", "232", "104", "128", "130", "131", "137", "138", "146"]
    return {id: {"name": f"job-{id}", **more} for id in ids}


@pytest.mark.parametrize(
    ("request_name", "response_name", "path", "status", "settings"),
    [
        ("flink_run.request", "flink_run.response", "/run", "job_init", {}),
        ("flink_stop.request", "flink_stop.response", "/stop", "job_running", {"dli_batch_answer": "single"}),
        (
            "flink_stop.request",
            "flink_stop.response.legacy-object",
            "/stop",
            "job_running",
            {"dli_batch_answer": "object"},
        ),
        ("flink_delete_batch.request", "flink_delete_batch.response", "/delete", "job_init", {}),
    ],
)
def test_a_batch_of_dli_is_answered_alike(request_name, response_name, path, status, settings):
    sample = read(f"dli/{response_name}.json")
    with start_emulator({"dli": {"projects": {"p": {"jobs": dli_jobs(status=status)}}}}, **settings) as emulator:
        answer = Huawei(emulator).dli("POST", path, read(f"dli/{request_name}.json"))
        assert_at_least(sample, answer)
        if isinstance(sample, list) and settings:
            assert len(answer) == len(sample)


@pytest.mark.parametrize(
    ("response_name", "method", "path"),
    [
        ("flink_list.response", "GET", ""),
        ("flink_detail.response", "GET", "/104"),
        ("flink_delete_one.response", "DELETE", "/104"),
    ],
)
def test_a_call_of_dli_is_answered_alike(response_name, method, path):
    config = {"entrypoint": "a.jar", "execution_agency_urn": "a", "dependency_jars": ["a.jar"], "dependency_files": []}
    jobs = dli_jobs(job_config=config)
    with start_emulator({"dli": {"projects": {"p": {"jobs": jobs}}}}) as emulator:
        assert_at_least(read(f"dli/{response_name}.json"), Huawei(emulator).dli(method, path))


def test_a_run_without_a_queue_is_refused_as_it_was_seen():
    with start_emulator({"dli": {"projects": {"p": {"jobs": dli_jobs(queue_name="")}}}}) as emulator:
        answer = Huawei(emulator).dli("POST", "/run", {"job_ids": [12]})
        assert answer == read("dli/flink_run.error400.observed.json")


ENOS_ID = "565c0114-9585-4372-86d1-50dde5ab8ce4"


@pytest.fixture
def one_pipeline(request):
    status = getattr(request, "param", "RUNNING")
    seed = {"enos": {"orgs": {"o15517683199241": {"pipelines": {ENOS_ID: {"name": "Demo", "status": status}}}}}}
    with start_emulator(seed) as emulator:
        yield Enos(emulator)


@pytest.mark.parametrize(
    ("one_pipeline", "action", "request_name"),
    [
        ("RUNNING", "pause", None),
        ("RUNNING", "stop", None),
        ("STOPPED", "release", None),
        ("STOPPED", "start", "cluster"),
        ("STOPPED", "start", "standalone"),
        ("STOPPED", "start", "standalone_strings"),
    ],
    indirect=["one_pipeline"],
)
def test_an_action_of_enos_is_answered_alike(one_pipeline, action, request_name):
    body = read(f"enos/start_pipeline.{request_name}.request.json") if request_name else None
    assert one_pipeline.act(action, ENOS_ID, body) == read(f"enos/{action}_pipeline.response.json")


@pytest.mark.parametrize(
    ("sample", "path"),
    [
        ("list_pipelines.response.constructed", "pipelines"),
        ("get_pipeline_details.response.partial", f"pipeline/{ENOS_ID}"),
        ("get_pipeline_offset_lag.response", f"pipeline/{ENOS_ID}/offset-lag"),
    ],
)
def test_a_read_of_enos_is_answered_alike(one_pipeline, sample, path):
    assert_at_least(read(f"enos/{sample}.json"), one_pipeline.call("GET", path, ifReleased="true").json())


@pytest.mark.parametrize("one_pipeline", ["STOPPED"], indirect=True)
@pytest.mark.parametrize(
    "request_name", ["save_pipeline.request.partial", "save_pipeline.official_python_sample.request"]
)
def test_a_save_of_enos_is_answered_alike(one_pipeline, request_name):
    body = read(f"enos/{request_name}.json")
    expected = read("enos/save_pipeline.response.constructed.json")
    assert one_pipeline.act("save", ENOS_ID, body) == expected
    created = one_pipeline.act("save", "null", body)
    assert_at_least(expected, created)
    shown = one_pipeline.call("GET", f"pipeline/{created['data']}").json()["data"]
    assert shown["pipelineJson"] == body["pipelineJson"]


@pytest.mark.parametrize("call", ["get", "delete"])
def test_a_stage_state_of_enos_is_answered_alike(call):
    body = read(f"enos/{call}_stage_state.request.json")
    item = {"modelId": "modelId", "assetId": body["assetIds"], "pointId": body["pointIds"]}
    pipeline = {"status": "PAUSED", "stage_states": {body["stageInstanceName"]: [item]}}
    with start_emulator({"enos": {"orgs": {"o1": {"pipelines": {body["pipelineId"]: pipeline}}}}}) as emulator:
        answer = Enos(emulator).stage_state(call, body)
        sample = "get_stage_state.response.partial" if call == "get" else "delete_stage_state.response"
        expected = read(f"enos/{sample}.json")
        assert_at_least(expected, answer)
        assert (answer["code"], answer["data"] is True) == (0, call == "delete")


@pytest.mark.parametrize("one_pipeline", ["PAUSED"], indirect=True)
def test_a_reset_of_enos_is_answered_alike(one_pipeline):
    answer = one_pipeline.call("POST", f"pipeline/{ENOS_ID}/offset").json()
    assert answer == read("enos/reset_pipeline_offset.response.json")


@pytest.mark.parametrize(
    ("one_pipeline", "action", "id", "sample"),
    [
        ("RUNNING", "pause", "other", "61108"),
        ("STOPPED", "stop", ENOS_ID, "61152"),
        ("RUNNING", "start", ENOS_ID, "61165"),
    ],
    indirect=["one_pipeline"],
)
def test_an_error_of_enos_is_answered_alike(one_pipeline, action, id, sample):
    assert one_pipeline.act(action, id) == read(f"enos/error.{sample}.response.constructed.json")


def test_a_token_of_enos_is_answered_alike(one_pipeline):
    first = one_pipeline.token().json()
    assert_at_least(read("enos/token_get.response.json"), first)
    assert set(read("enos/token_get.request.json")) == set(one_pipeline.token_body())
    again = one_pipeline.token("refresh", accessToken=first["data"]["accessToken"]).json()
    assert_at_least(read("enos/token_refresh.response.json"), again)


def with_our_names(text):
    for theirs, ours in (
        ("IAMUserName", credentials.IAM_USER),
        ("IAMUserPassWord", credentials.IAM_PASSWORD),
        ("DomainName", credentials.IAM_ACCOUNT),
        ("domain A", credentials.IAM_ACCOUNT),
        ("agencytest", credentials.IAM_AGENCY),
        ("testagency", credentials.IAM_AGENCY),
        ("cn-north-4", credentials.REGION),
        ("ap-southeast-3", credentials.REGION),
        ("411edb4b634144f587ffc88f9bbdxxx", credentials.IAM_ACCOUNT_ID),
    ):
        text = text.replace(theirs, ours)
    return text


@pytest.mark.parametrize(
    ("name", "profile"),
    [
        ("list_auth_domains", "huaweicloud"),
        ("list_projects_by_region", "huaweicloud"),
        ("token_password_project_scope", "huaweicloud"),
        ("token_password_domain_scope", "huaweicloud"),
        ("token_agency_huawei", "huaweicloud"),
        ("token_agency_otc_request", "otc"),
        ("temporary_key_by_agency_otc", "otc"),
    ],
)
def test_a_sample_of_iam_is_answered_alike(name, profile):
    sample = json.loads(with_our_names((SAMPLES / "iam" / f"{name}.json").read_text()))
    request, response = sample["request"], sample.get("response", {"status": 201, "body": {}})
    with start_emulator({}, profile=profile) as emulator:
        answer = Huawei(emulator).call(
            request["method"], request["path"], request.get("body"), **request.get("query", {})
        )
        assert answer.status_code == response["status"]
        assert ("X-Subject-Token" in answer.headers) is request["path"].endswith("/tokens")
        # What a link points to is nobody's business.
        assert_at_least(_without(response["body"], "links"), answer.json())


def test_a_key_for_a_token_is_answered_alike(huawei):
    sample = read("iam/temporary_key_by_token.json")
    body = sample["request"]["body"]
    token = json.loads(with_our_names((SAMPLES / "iam" / "token_password_project_scope.json").read_text()))["request"]
    huawei.token = "none"
    held = huawei.call("POST", token["path"], token["body"]).headers["X-Subject-Token"]
    body["auth"]["identity"]["token"]["id"] = held
    answer = huawei.session.post(huawei.url + sample["request"]["path"], json=body, timeout=5)
    assert answer.status_code == sample["response"]["status"]
    assert_at_least(sample["response"]["body"], answer.json())


def _without(sample, name):
    if isinstance(sample, dict):
        return {key: _without(value, name) for key, value in sample.items() if key != name}
    return [_without(one, name) for one in sample] if isinstance(sample, list) else sample


@pytest.mark.parametrize(
    ("sample", "headers"),
    [
        ("gateway_error_ak_not_exist", {"key": "NOBODY"}),
        ("gateway_error_signature", {"secret": "wrong"}),
        ("gateway_error_decrypt_token", {"token": "MII"}),
        ("gateway_error_not_published", {"path": "/v9/nothing"}),
    ],
)
def test_a_gateway_error_is_worded_alike(huawei, sample, headers):
    path = headers.pop("path", "/v3/projects")
    for name, value in headers.items():
        setattr(huawei, name, value)
    answer, expected = huawei.call("GET", path), read(f"iam/{sample}.json")["response"]
    assert answer.status_code == expected["status"]
    assert {**answer.json(), "request_id": 0} == {**expected["body"], "request_id": 0}
