"""Every operation of the vendor's clients that the sheets list, for CodeArts and IAM: answered, and refused when altered."""

from __future__ import annotations

import http.client
import json
import time
from urllib.parse import urlsplit

import pytest

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huaweicloud.signature import BadSignature, verify
from tests.emulator.test_official_clients import flipped

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

TEMPLATE = "fa4e00000000000000000000000e3a1a"
DEFINITION = json.dumps({"stages": [{"name": "s", "jobs": [{"name": "j", "steps": [{"name": "x"}]}]}]})
MADE = {"name": "made", "is_publish": False, "definition": DEFINITION}
LOG = {"limit": 100, "sort": "asc", "start_offset": 0, "end_offset": 0}

#: operation of the client, our name for it, pipeline of the default world, what else is asked (names of things that the
#: test knows), body, and a member of the answer with the value that it has; ... is any
CODEARTS = [
    ("run_pipeline", "run_pipeline", "nightly", [], {"description": "d"}, ("pipeline_run_id", ...)),
    ("stop_pipeline_run", "stop_pipeline_run", "soak-test", ["pipeline_run_id"], None, ("success", True)),
    ("show_pipeline_run_detail", None, "nightly", ["pipeline_run_id"], None, ("status", "COMPLETED")),
    ("list_pipeline_runs", "list_pipeline_runs", "nightly", [], {"limit": 10}, ("total", 2)),
    ("list_pipelines", "list_pipelines", None, [], {"name": "nightly", "limit": 50}, ("total", 1)),
    ("batch_show_pipelines_latest_status", None, None, [], ["PIPELINE"], ("body", ...)),
    ("retry_pipeline_run", "retry_pipeline_run", "always-fails", ["pipeline_run_id"], {}, ("success", True)),
    ("accept_manual_review", None, "waits-for-review", ["pipeline_run_id", "job_run_id", "step_run_id"], None, ("success", True)),
    ("reject_manual_review", None, "waits-for-review", ["pipeline_run_id", "job_run_id", "step_run_id"], None, ("success", True)),
    ("accept_checkpoint", None, "checkpoint", ["pipeline_run_id", "check_id"], None, ("success", True)),
    ("show_pipeline_log", None, "failed-with-a-log", ["pipeline_run_id", "job_run_id", "step_run_id"], LOG, ("log", ...)),
    ("show_step_outputs", None, "failed-with-a-log", ["pipeline_run_id"], None, ("step_outputs", ...)),
    ("show_pipeline_artifacts", None, "failed-with-a-log", ["pipeline_run_id"], None, ("artifacts", ...)),
    ("show_pipeline_detail", None, "nightly", [], None, ("name", "nightly")),
    ("create_pipeline_new", "create_pipeline", None, [], MADE, ("pipeline_id", ...)),
    ("update_pipeline_info", "update_pipeline", "nightly", [], MADE, ("pipeline_id", ...)),
    ("delete_pipeline", None, "nightly", [], None, ("pipeline_id", ...)),
    ("create_pipeline_by_template_id", "create_pipeline_by_template", None, ["template_id"], {"name": "t"}, ("pipeline_id", ...)),
]  # fmt: skip

USER = {
    "name": credentials.IAM_USER,
    "password": credentials.IAM_PASSWORD,
    "domain": {"name": credentials.IAM_ACCOUNT},
}
REGION = {"project": {"name": credentials.REGION}}
FACTOR = {"user": {"id": credentials.IAM_USER_ID, "passcode": credentials.IAM_PASSCODE}}
AGENCY = {"domain_name": credentials.IAM_ACCOUNT, "agency_name": credentials.IAM_AGENCY}


def auth(methods, scope=None, **identity):
    return {"auth": {"identity": {"methods": methods, **identity}, **({"scope": scope} if scope else {})}}


#: operation of the client, our name for it, further arguments, body, member of the answer; TOKEN is a token
IAM = [
    ("keystone_create_user_token_by_password", "create_token", {}, auth(["password"], REGION, password={"user": USER}), "token"),
    ("keystone_create_user_token_by_password_and_mfa", "create_token", {}, auth(["password", "totp"], REGION, password={"user": USER}, totp=FACTOR), "token"),
    ("keystone_create_agency_token", "create_token", {}, auth(["assume_role"], REGION, assume_role=AGENCY), "token"),
    ("keystone_validate_token", "validate_token", {"x_subject_token": "TOKEN"}, None, "token"),
    ("create_temporary_access_key_by_token", "create_temporary_key", {}, auth(["token"], token={"id": "TOKEN", "duration_seconds": 900}), "credential"),
    ("create_temporary_access_key_by_agency", "create_temporary_key", {}, auth(["assume_role"], assume_role={**AGENCY, "duration_seconds": 3600}), "credential"),
    ("create_token_with_id_token", "create_token_by_id_token", {"x_idp_id": credentials.IDENTITY_PROVIDER}, {"auth": {"id_token": {"id": credentials.ID_TOKEN}}}, "token"),
    ("keystone_list_projects", "list_projects", {"name": credentials.REGION}, None, "projects"),
    ("keystone_list_auth_domains", "list_auth_domains", {}, None, "domains"),
]  # fmt: skip


def client_of(builder, basic, emulator):
    return builder.new_builder().with_credentials(basic).with_endpoint(emulator.url).build()


def request_of(module, operation, **arguments):
    kind = "".join(part.capitalize() for part in operation.split("_")) + "Request"
    return getattr(module, kind)(**{name: value for name, value in arguments.items() if value is not None})


def things(emulator, huawei, name):
    """Return the ids that a call about a pipeline of the default world may need."""
    pipeline = emulator.find("codearts", name or "nightly")
    shown = huawei.codearts("GET", f"/{pipeline}/pipeline-runs/detail")
    stage = shown["stages"][-1]
    job, last = stage["jobs"][0], -1 if shown["status"] == "FAILED" else 0
    known = {
        "pipeline_run_id": shown["id"],
        "job_run_id": job["id"],
        "step_run_id": job["steps"][last]["id"],
        "template_id": TEMPLATE,
        "check_id": stage["pre"][0]["id"],
    }
    return pipeline, known


def assert_the_signature_counts(call, keys, emulator):
    """Check that a recorded call verifies, that it does not when altered, and that the emulator refuses it then."""
    received = {
        "method": call.method,
        "path": call.raw_path,
        "query": call.raw_query,
        "headers": [(name, value) for name, value in call.headers],
        "body": call.body,
        "secret_of": dict([keys]).get,
        "now": time.time(),
    }
    assert verify(**received) == keys[0]
    for altered in flipped(received):
        with pytest.raises(BadSignature):
            verify(**altered)
    headers = {name.decode(): value.decode() for name, value in call.headers if name != b"x-auth-token"}
    signature = headers["authorization"]
    headers["authorization"] = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    sent = http.client.HTTPConnection(urlsplit(emulator.url).netloc, timeout=5)
    query = f"?{call.raw_query.decode()}" if call.raw_query else ""
    sent.request(call.method, call.raw_path.decode() + query, call.body, headers)
    answer = sent.getresponse()
    assert (answer.status, json.loads(answer.read())["error_code"]) == (401, "APIG.0301")
    sent.close()
    assert emulator.journal()[-1]["auth"] == "refused"


@pytest.mark.parametrize(
    ("operation", "ours", "name", "asked", "body", "expected"), CODEARTS, ids=lambda one: str(one)[:40]
)
def test_an_operation_of_codearts_is_answered(
    sdk, emulator, huawei, recorded, operation, ours, name, asked, body, expected
):
    pipeline, known = things(emulator, huawei, name)
    v2, keys = sdk.codearts, (huawei.key, huawei.secret)
    arguments = {one if one != "check_id" else "step_run_id": known[one] for one in asked}
    if name is not None:
        arguments["pipeline_id"] = pipeline
    if body == ["PIPELINE"]:
        body = [pipeline]
    client = client_of(v2.CodeArtsPipelineClient, sdk.Basic(*keys, huawei.project), emulator)
    recorded.clear()
    request = request_of(v2, operation, project_id=huawei.codearts_project, body=body, **arguments)
    answer = getattr(client, operation)(request)
    member, value = expected
    assert getattr(answer, member)
    assert value in (..., getattr(answer, member))
    (entry,) = emulator.journal()[-1:]
    assert (entry["operation"], entry["auth"], entry["status"]) == (ours or operation, "ok", 200)
    (call,) = recorded
    assert_the_signature_counts(call, keys, emulator)


def filled(given, token):
    return json.loads(json.dumps(given).replace("TOKEN", token)) if given is not None else None


@pytest.mark.parametrize(("operation", "ours", "arguments", "body", "member"), IAM, ids=lambda one: str(one)[:40])
def test_an_operation_of_iam_is_answered(sdk, emulator, huawei, recorded, operation, ours, arguments, body, member):
    v3, keys = sdk.iam, (huawei.key, huawei.secret)
    token = huawei.call("POST", "/v3/auth/tokens", auth(["password"], REGION, password={"user": USER}))
    text = token.headers["X-Subject-Token"]
    client = client_of(v3.IamClient, sdk.Global(*keys, credentials.IAM_ACCOUNT_ID), emulator)
    recorded.clear()
    request = request_of(v3, operation, body=filled(body, text), **filled(arguments, text))
    answer = getattr(client, operation)(request)
    assert getattr(answer, member)
    if member == "token":
        assert answer.x_subject_token.startswith("MII")
    (entry,) = emulator.journal()[-1:]
    assert (entry["operation"], entry["auth"]) == (ours, "ok")
    (call,) = recorded
    assert_the_signature_counts(call, keys, emulator)
