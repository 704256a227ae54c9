"""
The vendor's traps and errors of authentication, one by one: a test for each, or a line why there is none.

The numbers are those of the fact sheet on Huawei Cloud authentication, sections 7, 9 and 10.
"""

import asyncio
import json
import os
import subprocess
import sys
from email.utils import formatdate
from pathlib import Path

import pytest

import airflow_provider_pipelines
from airflow_provider_pipelines import errors
from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.core.http.calls import MaskSecret, Reply, Request, SignedRequest
from airflow_provider_pipelines.core.http.retry import Again, GiveUp, Renew, RetryBudget, decide
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.huaweicloud.answers import (
    BY_DERIVED_KEY,
    BY_KEY,
    BY_PASSWORD,
    BY_TEMPORARY_KEY,
    BY_TOKEN,
    IAM_CODES,
    Service,
    read_answer,
)
from airflow_provider_pipelines.huaweicloud.iam import Agency, Iam, Login, Scope
from airflow_provider_pipelines.huaweicloud.signature import AccessKey, canonical_request, encode_query, sign
from tests.huaweicloud.ways import Connection

SAMPLES = Path(__file__).parents[1] / "samples" / "iam"
NOW = 1_447_070_000.0
LOGIN = Login("IAMUserName", "IAMUserPassWord", "DomainName")
REQUEST = Request("show_flink_job", "GET", "/x", repeatable=True)
INCORRECT = "Incorrect IAM authentication information: "


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


def iam(cloud="huaweicloud"):
    return Iam(Service("IAM", "https://iam.example.com", IAM_CODES), cloud)


def answered(call, status, body, **headers):
    """Drive a call of IAM by hand: give what it sends, what it tells the masker and what it returns."""
    headers = {name.lower().replace("_", "-"): value for name, value in headers.items()}
    wire, told = next(call), []
    try:
        effect = call.send(Reply(status, headers, json.dumps(body).encode()))
        while True:
            assert isinstance(effect, MaskSecret)
            told.append(effect.secret)
            effect = call.send(None)
    except StopIteration as end:
        return wire, told, end.value


def error_of(status, body, proof=BY_KEY, codes=None, **headers):
    service = Service("Service", "https://x.example.com", codes or {})
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(errors.ApiError) as caught:
        read_answer(service, REQUEST, Reply(status, headers, content), NOW, proof)
    return caught.value


def gateway(code, text, **more):
    return {"error_code": code, "error_msg": text, **more}


def decision(error, *, repeatable=True):
    return decide(error, repeatable=repeatable, attempt=1, renewed=False, budget=RetryBudget(), spread=lambda: 0.0)


@pytest.fixture
def connection(emulator, monkeypatch, tmp_path):
    return Connection(emulator, monkeypatch, tmp_path)


@pytest.fixture
def wires(monkeypatch):
    sent, send = [], SyncTransport._send

    def spied(transport, wire):
        sent.append(wire)
        return send(transport, wire)

    monkeypatch.setattr(SyncTransport, "_send", spied)
    return sent


# 9: contradictions and traps


def test_9_1_the_token_is_a_header_of_an_answer_201():
    given = sample("token_password_project_scope")
    call = iam().password_token(LOGIN, Scope(region="cn-north-4"), lambda: NOW)
    wire, told, grant = answered(
        call, given["response"]["status"], given["response"]["body"], **given["response"]["headers"]
    )
    assert json.loads(wire.body) == given["request"]["body"]
    assert grant.value == given["response"]["headers"]["X-Subject-Token"]
    assert told == [grant.value]
    assert grant.project_id == "a4a5d4098fb4474fa22cd05f897d6b99"


def test_9_2_tokens_are_asked_for_a_project_and_one_for_an_account_is_told_to_be_wrong(connection, emulator, wires):
    connection.by("password")
    DliHook().list_flink_jobs()
    assert "project" in json.loads(wires[0].body)["auth"]["scope"]
    token, _ = connection.gateway.give_token({"domain": {"id": "x"}}, {})
    known = DliHook().get_conn().session.scheme.identity
    (held,) = known._tokens.values()
    held.keep(token, 2e10)
    with pytest.raises(errors.PermissionDenied, match=r"APIG\.0302"):
        DliHook().list_flink_jobs()


@pytest.mark.parametrize(
    ("cloud", "word"), [("huaweicloud", "agency_name"), ("huaweicloud-eu", "agency_name"), ("otc", "xrole_name")]
)
def test_9_3_the_agencys_word_is_the_clouds_own(cloud, word):
    agency = Agency("agencytest", "domain A")
    given = sample("token_agency_huawei" if word == "agency_name" else "token_agency_otc_request")
    wire = next(iam(cloud).agency_token("t", agency, Scope(region="cn-north-4"), lambda: NOW))
    wanted = given["request"]["body"]["auth"]["identity"]
    assert json.loads(wire.body)["auth"]["identity"] == wanted
    assert wire.headers["X-Auth-Token"] == "t"
    key = AccessKey("a", "s")
    role = json.loads(next(iam(cloud).agency_keys(key, agency, lambda: NOW)).body)["auth"]["identity"]["assume_role"]
    assert role[word] == "agencytest"


@pytest.mark.parametrize("password_expires_at", ["2016-11-06T15:32:17.000000", "", None])
@pytest.mark.parametrize(
    "expires_at", ["2015-11-10T00:42:57.527363Z", "2015-11-10T00:42:57Z", "2015-11-10T00:42:57.5Z"]
)
def test_9_4_times_are_read_with_microseconds_and_z_and_those_of_passwords_not_at_all(expires_at, password_expires_at):
    token = {"expires_at": expires_at, "user": {"password_expires_at": password_expires_at}}
    call = iam().password_token(LOGIN, Scope(region="r"), lambda: NOW)
    _, _, grant = answered(call, 201, {"token": token}, x_subject_token="t")
    assert 1_447_116_177 - NOW <= grant.seconds < 1_447_116_178 - NOW


def test_9_5_queries_are_sorted_raw_and_their_names_are_ascii(connection, wires):
    assert encode_query([("é", "1"), ("z", "2"), ("a", "3")]) == "a=3&z=2&%C3%A9=1"
    DliHook().list_flink_jobs()
    CodeArtsHook().list_pipelines()
    assert all(wire.url.partition("?")[2].isascii() for wire in wires)


@pytest.mark.parametrize("id", ["a/b", "a%2Fb", "../x", "a b", "a+b", ""])
def test_9_6_ids_that_the_signature_would_change_are_never_sent(emulator, id):
    for ask in (
        lambda: CodeArtsHook().show_pipeline_detail(id),
        lambda: DliHook(project_id=id).list_flink_jobs(),
        lambda: CodeArtsHook(project_id=id).list_pipelines(),
    ):
        with pytest.raises(errors.ArgumentError):
            ask()
    assert emulator.calls() == []


def test_9_7_a_plus_is_a_plus_and_a_blank_is_20():
    assert encode_query([("a b", "c+d e")]) == "a%20b=c%2Bd%20e"
    assert canonical_request("GET", "/a+b/c%20d", "", {}, None)[0].splitlines()[1] == "/a%2Bb/c%20d/"


def test_9_8_query_values_are_encoded_once_and_sent_as_signed(connection, wires):
    connection.give(extra={"region": "eu-test-1"})
    DliHook().list_flink_jobs()
    assert encode_query([("a", "%41&=ü")]) == "a=%2541%26%3D%C3%BC"
    assert [wire.url.partition("?")[2] for wire in wires if "projects?" in wire.url] == ["name=eu-test-1"]


@pytest.mark.parametrize("way", ["aksk", "temporary keys", "agency by aksk"])
def test_9_9_the_least_is_signed(connection, wires, way):
    connection.by(way)
    DliHook().list_flink_jobs()
    DliHook().list_flink_jobs()
    token = "" if way == "aksk" else ";x-security-token"
    signed = [wire.headers["Authorization"].split("SignedHeaders=")[1].split(",")[0] for wire in wires[-2:]]
    assert signed == [f"content-type;host;x-project-id;x-sdk-date{token}"] * 2


def test_9_10_a_body_is_written_once(emulator, wires):
    DliHook().batch_stop_flink_jobs([128])
    wire = next(wire for wire in wires if wire.method == "POST")
    assert json.dumps(json.loads(wire.body), separators=(",", ":"), ensure_ascii=False).encode() == wire.body
    assert all(call["auth"] == "ok" for call in emulator.calls())


def test_9_11_the_content_type_is_written_in_the_one_way_that_counts(connection, wires):
    """The other spelling is a trap of the vendor's signer alone: no request of ours has it."""
    for way in ("aksk", "password", "agency by aksk"):
        Connection(connection.emulator, connection.monkeypatch, connection.tmp_path).by(way)
        DliHook().list_flink_jobs()
    assert {name for wire in wires for name in wire.headers if name.lower() == "content-type"} == {"Content-Type"}


def test_9_12_an_empty_path_is_signed_as_a_slash():
    assert canonical_request("GET", "", "", {}, None)[0].splitlines()[1] == "/"


def test_9_13_one_refused_signature_ends_it_and_a_clock_that_is_off_is_told(connection, emulator, monkeypatch):
    connection.give(password="wrong")

    async def main():
        return await asyncio.gather(*(DliHook().aio.list_flink_jobs() for _ in range(20)), return_exceptions=True)

    assert {type(end) for end in asyncio.run(main())} == {errors.AuthenticationError}
    assert len([call for call in emulator.calls() if call["auth"] == "refused"]) == 1
    body = sample("gateway_error_clock")["response"]["body"]
    error = error_of(401, body, date=formatdate(NOW + 1800, usegmt=True))
    assert "clock is +1800 s off" in str(error)
    assert "clock" not in str(error_of(401, body, date=formatdate(NOW + 20, usegmt=True))).partition("Check")[2]


def test_9_14_a_look_up_that_found_nothing_does_not_stick(connection, emulator):
    emulator.fault("list_projects", service="iam", kind="reply", status=200, body={"projects": []})
    with pytest.raises(errors.ConfigurationError, match="IAM knows no single project"):
        DliHook().list_flink_jobs()
    assert DliHook().list_flink_jobs()


def test_9_14_a_look_up_is_kept_for_these_credentials_only(connection, emulator):
    DliHook().list_flink_jobs()
    connection.by("temporary keys")
    DliHook().list_flink_jobs()
    DliHook().list_flink_jobs()
    assert connection.iam() == ["list_projects"] * 2


def test_9_15_a_missing_permission_is_no_reason_for_a_new_token(connection, emulator):
    """It may take the cloud half an hour to see a new permission; asking for tokens meanwhile does not help."""
    connection.by("password")
    DliHook().list_flink_jobs()
    body = gateway("DLI.0003", "Permission denied")
    emulator.fault("list_flink_jobs", service="dli", times=9, kind="reply", status=403, body=body)
    with pytest.raises(errors.PermissionDenied):
        DliHook().list_flink_jobs()
    assert connection.iam() == ["create_token"]


@pytest.mark.parametrize(
    ("status", "body", "code", "kind"),
    [
        (404, gateway("APIGW.0101", "x"), "APIGW.0101", errors.PlaceNotFound),
        (404, gateway("APIG.0101", "x"), "APIG.0101", errors.PlaceNotFound),
        (400, {"error": {"message": "wrong password", "code": 1103, "title": "x"}}, "1103", errors.AuthenticationError),
        (401, gateway("IAM.0062", "x"), "IAM.0062", errors.AuthenticationError),
        (404, sample("error_keystone_style")["response"]["body"], "404", errors.PlaceNotFound),
        (400, sample("error_iam_style")["response"]["body"], "IAM.0011", errors.InvalidRequest),
    ],
)  # fmt: skip
def test_9_16_codes_are_read_in_all_their_spellings(status, body, code, kind):
    error = error_of(status, body, BY_PASSWORD, IAM_CODES)
    assert (type(error), error.code) == (kind, code)


def test_9_17_no_client_of_the_vendor_is_loaded_and_no_file_is_left_at_home(tmp_path):
    code = (
        "import sys, airflow_provider_pipelines.dli.hook, airflow_provider_pipelines.codearts.hook;"
        "print([name for name in sys.modules if name.startswith('huaweicloudsdk')])"
    )
    environment = {**os.environ, "HOME": str(tmp_path), "AIRFLOW_HOME": str(tmp_path / "airflow")}
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120, env=environment
    )
    assert shown.stdout.splitlines()[-1] == "[]"
    assert not (tmp_path / ".huaweicloud").exists()


def test_9_18_the_keys_of_the_guide_are_in_tests_only():
    vectors = json.loads((Path(__file__).parents[1] / "vectors" / "huawei_signing.json").read_text())["vectors"]
    public = {given for vector in vectors for given in (vector["input"]["ak"], vector["input"]["sk"]) if len(given) > 8}
    package = Path(airflow_provider_pipelines.__file__).parent
    texts = [path.read_text() for path in package.rglob("*.py")]
    assert public
    assert not [key for key in public for text in texts if key in text]


# 10: what is repeated, what is not


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, sample("gateway_error_throttled")["response"]["body"]),
        (429, gateway("IAM.0012", "8 times per 60 seconds")),
        (500, gateway("IAM.0006", "internal")),
        (500, gateway("APIG.0601", "internal")),
        (503, gateway("APIG.0613", "IAM unavailable")),
        (502, gateway("APIG.0202", "backend unavailable")),
        (504, gateway("APIG.0203", "backend timeout")),
        (502, gateway("APIG.0610", "none available")),
        (502, gateway("APIG.0201", "backend unavailable")),
        (408, b""),
        (502, b"<html>"),
        (503, b""),
    ],
)  # fmt: skip
def test_10_passing_errors_of_reads_are_repeated(status, body):
    error = error_of(status, body)
    assert isinstance(decision(error), Again)
    assert errors.mendable(error)
    # a write goes out again only if it was certainly not carried out
    assert isinstance(decision(error, repeatable=False), Again if status == 429 else GiveUp)


def test_10_each_attempt_is_signed_anew_and_waits_as_long_as_it_is_told(connection, emulator, wires, clock):
    emulator.fault(
        "list_flink_jobs", service="dli", times=2, kind="reply", status=503, headers={"Retry-After": "7"}, body=""
    )
    hook = DliHook()
    hook.clock = clock
    hook.list_flink_jobs()
    assert len([wire for wire in wires if "streaming/jobs" in wire.url]) == 3
    assert all(7 <= pause <= 8 for pause in clock.slept)
    dates = [sign(AccessKey("a", "s"), "GET", "/", "", {}, None, now)["X-Sdk-Date"] for now in (NOW, NOW + 7)]
    assert len(set(dates)) == 2


RENEWED = [
    (BY_TOKEN, 401, gateway("APIG.0301", f"{INCORRECT}token expires, expires_at: x")),
    (BY_TOKEN, 401, sample("gateway_error_decrypt_token")["response"]["body"]),
    (BY_TOKEN, 401, sample("gateway_error_token_update")["response"]["body"]),
    (BY_TOKEN, 401, gateway("IAM.0066", "expired")),
    (BY_TOKEN, 401, gateway("IAM.0067", "invalid")),
    (BY_TOKEN, 401, b"<html>"),
    (BY_DERIVED_KEY, 400, gateway("IAM.1108", "expired")),
    (BY_DERIVED_KEY, 401, sample("gateway_error_clock")["response"]["body"]),
    (BY_DERIVED_KEY, 401, sample("gateway_error_ak_not_exist")["response"]["body"]),
]


@pytest.mark.parametrize(("proof", "status", "body"), RENEWED)
def test_10_a_token_or_a_temporary_key_of_ours_is_renewed_once(proof, status, body):
    error = error_of(status, body, proof)
    assert isinstance(error, errors.AuthenticationError)
    assert decision(error, repeatable=False) == Renew()


@pytest.mark.parametrize("proof", [BY_KEY, BY_TEMPORARY_KEY, BY_PASSWORD])
@pytest.mark.parametrize(("status", "body"), [row[1:] for row in RENEWED])
def test_10_what_comes_from_the_connection_is_never_sent_again_by_itself(proof, status, body):
    error = error_of(status, body, proof)
    assert isinstance(error, errors.AuthenticationError)
    assert decision(error) == GiveUp()
    assert not errors.mendable(error)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, sample("gateway_error_signature")["response"]["body"], errors.AuthenticationError),
        (401, sample("gateway_error_ak_not_exist")["response"]["body"], errors.AuthenticationError),
        (401, gateway("APIG.0303", "app"), errors.AuthenticationError),
        (401, gateway("APIG.0305", "app"), errors.AuthenticationError),
        (403, gateway("APIG.0302", "x"), errors.PermissionDenied),
        (403, gateway("APIG.0304", "x"), errors.PermissionDenied),
        (403, gateway("APIG.0306", "x"), errors.PermissionDenied),
        (403, gateway("APIG.0310", "x"), errors.PermissionDenied),
        (403, gateway("APIG.0401", "x"), errors.PermissionDenied),
        (403, gateway("APIG.0402", "x"), errors.PermissionDenied),
        (403, gateway("APIG.0802", "x"), errors.PermissionDenied),
        (403, gateway("IAM.0002", "x"), errors.PermissionDenied),
        (403, gateway("IAM.0003", "x"), errors.PermissionDenied),
        (403, gateway("IAM.0080", "x"), errors.PermissionDenied),
        (403, gateway("IAM.0081", "x"), errors.PermissionDenied),
        (403, gateway("IAM.0082", "x"), errors.PermissionDenied),
        (403, gateway("IAM.0083", "x"), errors.PermissionDenied),
        (401, gateway("IAM.0062", "x"), errors.AuthenticationError),
        (400, gateway("IAM.1104", "x"), errors.AuthenticationError),
        (400, gateway("IAM.1105", "x"), errors.AuthenticationError),
        (400, gateway("IAM.1106", "x"), errors.AuthenticationError),
        (400, gateway("IAM.1107", "x"), errors.AuthenticationError),
        (400, gateway("IAM.1109", "x"), errors.InvalidRequest),
        (400, gateway("IAM.1101", "x"), errors.InvalidRequest),
        (400, gateway("IAM.0007", "x"), errors.InvalidRequest),
        (400, gateway("IAM.0011", "x"), errors.InvalidRequest),
        (400, {"error": {"code": 1101, "message": "x"}}, errors.AuthenticationError),
        (400, {"error": {"code": 1103, "message": "x"}}, errors.AuthenticationError),
        (400, {"error": {"code": 1100, "message": "x"}}, errors.InvalidRequest),
        (400, gateway("APIG.0106", "x"), errors.InvalidRequest),
        (400, gateway("APIG.0201", "x"), errors.InvalidRequest),
        (413, gateway("APIG.0201", "x"), errors.InvalidRequest),
        (414, gateway("APIG.0201", "x"), errors.InvalidRequest),
        (494, gateway("APIG.0201", "x"), errors.InvalidRequest),
        (404, sample("gateway_error_not_published")["response"]["body"], errors.PlaceNotFound),
        (404, gateway("IAM.0004", "x"), errors.PlaceNotFound),
        (409, gateway("IAM.0005", "x"), errors.Conflict),
        (410, gateway("IAM.0020", "x"), errors.InvalidRequest),
        (405, gateway("APIG.0501", "x"), errors.QuotaExceeded),
        (405, gateway("APIG.0502", "x"), errors.QuotaExceeded),
    ],
)  # fmt: skip
def test_10_final_errors_are_final(status, body, kind):
    error = error_of(status, body, BY_KEY, IAM_CODES)
    assert type(error) is kind
    assert decision(error) == GiveUp()


@pytest.mark.parametrize("proof", [BY_KEY, BY_TEMPORARY_KEY, BY_DERIVED_KEY])
def test_10_a_locked_key_is_final_for_some_minutes(proof):
    error = error_of(401, sample("gateway_error_aksk_lockout")["response"]["body"], proof)
    assert (type(error), error.locked, error.renewable) == (errors.AuthenticationError, True, False)
    assert "locked for five minutes" in str(error)
    assert decision(error) == GiveUp()
    assert errors.mendable(error)


@pytest.mark.parametrize(
    "body",
    [gateway("IAM.0061", "x"), {"error": {"code": 401, "message": "The account is locked. Try again later."}}],
)
def test_10_a_locked_user_is_final_for_some_minutes(body):
    error = error_of(401, body, BY_PASSWORD)
    assert (error.locked, error.renewable) == (True, False)
    assert "IAM has locked the user" in str(error)


# "Already in the desired state" (10, last row) has no test: tokens are never deleted, they end by themselves.


def test_the_documented_temporary_keys_are_read():
    given = sample("temporary_key_by_token")["response"]
    call = iam("otc").agency_keys(AccessKey("a", "s"), Agency("n", "d"), lambda: NOW)
    wire, told, grant = answered(call, given["status"], given["body"])
    credential = given["body"]["credential"]
    assert (grant.value.ak, grant.value.sk) == (credential["access"], credential["secret"])
    assert told == [credential["secret"], credential["securitytoken"]]
    assert grant.seconds > 0
    assert isinstance(wire, SignedRequest)
    documented = sample("temporary_key_by_agency_otc")["request"]["body"]["auth"]["identity"]
    sent = json.loads(wire.body)["auth"]["identity"]
    assert sent["methods"] == documented["methods"]
    assert sent["assume_role"].keys() - {"domain_name"} == documented["assume_role"].keys() - {"domain_id"}


def test_the_documented_list_of_projects_tells_the_project(emulator, connection):
    body = sample("list_projects_by_region")["response"]["body"]
    body["projects"][0]["id"] = credentials.IAM_PROJECT
    emulator.fault("list_projects", service="iam", kind="reply", status=200, body=body)
    assert DliHook().list_flink_jobs()


@pytest.mark.parametrize("number", range(1, 19))
def test_every_row_of_the_traps_has_a_test(number):
    assert [name for name in globals() if name.startswith(f"test_9_{number}_")]
