"""Every way to prove who calls Huawei Cloud, through hook and emulator: what IAM is asked, how often, and when again."""

import asyncio
import json

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.core.http import identity
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.huaweicloud.iam import RENEW_BEFORE
from tests.conftest import SteppedClock
from tests.huaweicloud.ways import AGENCY, IAM_CALLS, Connection

DERIVED = ["password", "agency by password", "agency by aksk"]
DAY = 86400


class TurnedClock(SteppedClock):
    """A machine's clock that is off, or that a test turns on by hours."""

    ahead = 0.0

    def wall(self):
        return super().wall() + self.ahead


@pytest.fixture
def connection(emulator, monkeypatch, tmp_path):
    return Connection(emulator, monkeypatch, tmp_path)


@pytest.fixture
def turned(emulator, monkeypatch):
    clock = TurnedClock(emulator)
    monkeypatch.setattr(DliHook, "clock", clock)
    return clock


@pytest.fixture
def wires(monkeypatch):
    """What goes over the wire, both drivers'."""
    sent = []
    for kind in (SyncTransport, AsyncTransport):
        send = kind._send

        def spied(transport, wire, send=send):
            sent.append(wire)
            return send(transport, wire)

        monkeypatch.setattr(kind, "_send", spied)
    return sent


def jobs(hook=None):
    return len((hook or DliHook()).list_flink_jobs())


def all_at_once(count, hook=None):
    """Let many callers list jobs on one event loop: each with a hook of its own, or all through one client."""

    async def main():
        if hook is None:
            return await asyncio.gather(
                *(DliHook().aio.list_flink_jobs() for _ in range(count)), return_exceptions=True
            )
        async with hook.aio as aio:
            return await asyncio.gather(*(aio.list_flink_jobs() for _ in range(count)), return_exceptions=True)

    return asyncio.run(main())


@pytest.mark.parametrize("way", list(IAM_CALLS))
def test_each_way_is_accepted_and_iam_is_asked_once_for_all_hooks_of_the_process(connection, emulator, way):
    connection.by(way)
    seen = jobs()
    assert connection.iam() == IAM_CALLS[way]
    assert len(asyncio.run(DliHook().aio.list_flink_jobs())) == seen > 3
    assert CodeArtsHook().list_pipelines()
    assert connection.iam() == IAM_CALLS[way]
    assert {call["auth"] for call in emulator.calls()} == {"ok"}


@pytest.mark.parametrize("way", list(IAM_CALLS))
def test_a_project_that_is_told_is_not_looked_up(connection, way):
    connection.by(way).give(extra={"project_id": credentials.IAM_PROJECT})
    jobs()
    assert connection.iam() == [call for call in IAM_CALLS[way] if call != "list_projects"]


@pytest.mark.parametrize("way", list(IAM_CALLS))
def test_the_test_button_says_what_it_saw(connection, way):
    ok, text = connection.by(way) and DliHook().test_connection()
    assert ok, text
    assert credentials.IAM_PROJECT in text


def test_a_token_is_for_the_project_by_id_else_by_the_regions_name(connection, wires):
    connection.by("password")
    jobs()
    connection.give(extra={"project_id": credentials.IAM_PROJECT})
    jobs()
    scopes = [json.loads(wire.body)["auth"]["scope"] for wire in wires if wire.url.endswith("nocatalog=true")]
    assert scopes == [{"project": {"name": credentials.REGION}}, {"project": {"id": credentials.IAM_PROJECT}}]


def test_a_task_in_another_region_has_a_token_of_its_own(connection):
    connection.by("password")
    jobs()
    with pytest.raises(errors.AuthenticationError, match="Could not find project"):
        DliHook(region="eu-nowhere-1").list_flink_jobs()
    assert connection.iam() == ["create_token", "create_token"]


@pytest.mark.parametrize("way", DERIVED)
@pytest.mark.parametrize("shared", [True, False], ids=["one client", "many clients"])
def test_fifty_callers_make_the_token_once(connection, way, shared):
    connection.by(way)
    ends = all_at_once(50, DliHook() if shared else None)
    assert {type(end) for end in ends} == {list}
    assert connection.iam() == IAM_CALLS[way]


@pytest.mark.parametrize("way", DERIVED)
@pytest.mark.parametrize("shared", [True, False], ids=["one client", "many clients"])
def test_fifty_callers_whose_token_dies_in_flight_renew_it_once(connection, emulator, way, shared):
    connection.by(way)
    jobs()
    emulator.mark()
    connection.kill_tokens()
    connection.kill_keys()
    ends = all_at_once(50, DliHook() if shared else None)
    assert {type(end) for end in ends} == {list}
    renewal = [call for call in IAM_CALLS[way] if call != "list_projects"]
    # the user's token has died too: the agency's is asked for with it, refused, and asked for with a new one
    assert connection.iam() == (["create_token"] * 3 if way == "agency by password" else renewal)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error_code": "APIG.0301", "error_msg": "Incorrect IAM authentication information: token expires, expires_at: x"}),
        (401, {"error_code": "APIG.0301", "error_msg": "Incorrect IAM authentication information: decrypt token fail"}),
        (401, {"error_code": "APIG.0307", "error_msg": "The token must be updated."}),
        (401, {"error_code": "APIGW.0307", "error_msg": "The token must be updated."}),
        (401, {"error_code": "APIG.1002", "error_msg": "Incorrect token or token resolution failed"}),
        (401, {"error_code": "DLI.0013", "error_msg": "user authentication"}),
        (400, {"error_code": "DLI.0015", "error_msg": "Token parsing failed"}),
        (401, {"error_code": "IAM.0066", "error_msg": "token expired"}),
        (401, {}),
    ],
)  # fmt: skip
def test_a_token_that_is_refused_is_renewed_once_and_the_call_repeated(connection, emulator, status, body):
    connection.by("password")
    emulator.fault("list_flink_jobs", service="dli", kind="reply", status=status, body=body)
    assert jobs() > 3
    assert connection.iam() == ["create_token"] * 2
    emulator.fault("list_flink_jobs", service="dli", kind="reply", status=status, body=body, times=9)
    emulator.mark()
    with pytest.raises(errors.AuthenticationError):
        jobs()
    assert [call["operation"] for call in emulator.calls()] == ["list_flink_jobs", "create_token", "list_flink_jobs"]
    with pytest.raises(errors.AuthenticationError, match="refused a moment ago"):
        jobs()
    assert len(emulator.calls()) == 3


def test_a_write_whose_token_was_refused_is_sent_again(connection, emulator):
    connection.by("password")
    jobs()
    connection.kill_tokens()
    emulator.mark()
    assert DliHook().batch_stop_flink_jobs([128])
    assert [call["auth"] for call in emulator.calls(writes=True, service="dli")] == ["refused", "ok"]


@pytest.mark.parametrize("way", ["password", "agency by password"])
def test_a_token_is_renewed_before_its_end(connection, turned, way):
    connection.by(way)
    jobs()
    made = len(connection.iam())
    turned.ahead = DAY - RENEW_BEFORE - 60
    jobs()
    assert len(connection.iam()) == made
    turned.ahead += 120
    jobs()
    assert len(connection.iam()) > made


def test_a_short_lived_token_is_renewed_in_its_last_quarter(connection, emulator, turned):
    emulator.settings(iam_token_seconds=1000.0)
    connection.by("password")
    for seconds, made in ((0, 1), (740, 1), (760, 2)):
        turned.ahead = seconds
        jobs()
        assert len(connection.iam()) == made


@pytest.mark.parametrize("ahead", [-3 * DAY, 3 * DAY])
def test_the_life_of_a_token_is_counted_by_the_services_clock(connection, turned, ahead):
    turned.ahead = ahead
    connection.by("password")
    for _ in range(3):
        jobs()
    assert connection.iam() == ["create_token"]


@pytest.mark.parametrize(
    "trouble",
    [
        {"kind": "reply", "status": 503, "body": ""},
        {"kind": "reply", "status": 429, "body": {"error_code": "IAM.0012", "error_msg": "8 times per 60 seconds"}},
        {"kind": "drop", "executed": True},
        {"kind": "truncate", "bytes": 20},
    ],
)
def test_a_renewal_that_fails_for_a_passing_reason_is_put_off_as_long_as_the_token_lives(
    connection, emulator, turned, trouble
):
    connection.by("password")
    jobs()
    turned.ahead = DAY - 300
    emulator.fault("create_token", service="iam", times=1, **trouble)
    for _ in range(3):
        jobs()
    assert len(connection.iam()) == 2
    turned.ahead += identity.RENEW_AGAIN + 1
    jobs()
    assert len(connection.iam()) == 3


def test_without_a_token_an_iam_that_fails_is_asked_again_with_patience(connection, emulator, clock):
    connection.by("password")
    emulator.fault("create_token", service="iam", times=2, kind="reply", status=503, body="")
    hook = DliHook()
    hook.clock = clock
    assert jobs(hook) > 3
    assert connection.iam() == ["create_token"] * 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize("shape", ["keystone", "iam"])
def test_a_wrong_password_is_sent_once_however_many_callers_there_are(connection, emulator, shape):
    emulator.settings(iam_error_shape=shape)
    connection.by("password").give(password="Wr0ng-c4n4ry")
    ends = all_at_once(50)
    assert {type(end) for end in ends} == {errors.AuthenticationError}
    with pytest.raises(errors.AuthenticationError) as caught:
        jobs()
    assert connection.iam() == ["create_token"]
    assert "account" in str(caught.value)
    assert "refused a moment ago" in str(caught.value)
    assert "c4n4ry" not in str(caught.value)
    assert not caught.value.locked


@pytest.mark.parametrize("way", ["password", "agency by password"])
def test_a_password_that_was_changed_is_sent_once_by_all_whose_token_dies_in_flight(
    connection, emulator, monkeypatch, way
):
    connection.by(way)
    jobs()
    emulator.mark()
    connection.kill_tokens()
    monkeypatch.setattr(credentials, "IAM_PASSWORD", "An0ther")
    ends = all_at_once(50)
    assert {type(end) for end in ends} == {errors.AuthenticationError}
    refused = [call for call in emulator.calls(service="iam") if call["status"] == 401]
    # of an agency: the user's dead token, then the password
    assert len(refused) == (1 if way == "password" else 2)


def test_a_locked_account_is_told_and_may_be_free_later(connection, emulator):
    connection.by("password")
    connection.gateway.failed(credentials.IAM_USER)
    connection.gateway.locks[credentials.IAM_USER].until = 2e10
    with pytest.raises(errors.AuthenticationError, match="locked the user") as caught:
        jobs()
    assert caught.value.locked
    assert errors.mendable(caught.value)


@pytest.mark.parametrize("way", ["agency by password", "agency by aksk"])
@pytest.mark.parametrize("profile", ["huaweicloud", "otc"])
def test_an_agency_is_named_in_the_clouds_own_word(connection, emulator, wires, way, profile):
    emulator.settings(profile=profile)
    connection.by(way).give(extra={"cloud": profile})
    jobs()
    word = {"huaweicloud": "agency_name", "otc": "xrole_name"}[profile]
    (role,) = [
        role
        for wire in wires
        if wire.body and (role := json.loads(wire.body)["auth"]["identity"].get("assume_role"))
    ]  # fmt: skip
    assert role[word] == credentials.IAM_AGENCY
    assert role["domain_name"] == credentials.IAM_ACCOUNT
    assert {"agency_name", "xrole_name"} & set(role) == {word}


@pytest.mark.parametrize("way", ["agency by password", "agency by aksk"])
@pytest.mark.parametrize("shape", ["keystone", "iam"])
def test_an_agency_that_is_not_there_is_told_with_its_fields(connection, emulator, way, shape):
    emulator.settings(iam_error_shape=shape)
    connection.by(way).give(extra={**AGENCY, "agency_name": "no-such-agency"})
    with pytest.raises(errors.InvalidRequest, match="Check agency_name and agency_account"):
        jobs()


@pytest.mark.parametrize("code", [403, "IAM.0002", "IAM.0003"])
def test_a_user_that_may_not_act_for_an_agency_is_told_which_permission_it_needs(connection, emulator, code):
    connection.by("agency by password")
    body = {"error": {"code": 403, "message": "no", "title": "Forbidden"}}
    if code != 403:
        body = {"error_code": code, "error_msg": "no"}
    emulator.fault("create_token", service="iam", skip=1, kind="reply", status=403, body=body)
    with pytest.raises(errors.PermissionDenied, match="Agent Operator"):
        jobs()


def test_an_agency_whose_user_token_is_refused_is_asked_with_a_new_one_once(connection, emulator):
    connection.by("agency by password")
    body = {"error_code": "APIG.0301", "error_msg": "decrypt token fail"}
    refusal = {"service": "iam", "operation": "create_token", "fault": {"kind": "reply", "status": 401, "body": body}}
    emulator.faults({**refusal, "skip": 1, "times": 1})
    assert jobs() > 3
    assert connection.iam() == ["create_token"] * 4


def test_an_agency_whose_user_token_is_refused_again_ends_there(connection, emulator):
    connection.by("agency by password")
    body = {"error_code": "APIG.0301", "error_msg": "decrypt token fail"}
    refusal = {"service": "iam", "operation": "create_token", "fault": {"kind": "reply", "status": 401, "body": body}}
    emulator.faults({**refusal, "skip": 1, "times": 1}, {**refusal, "skip": 2, "times": 9})
    with pytest.raises(errors.AuthenticationError, match="decrypt token fail") as caught:
        jobs()
    assert not caught.value.renewable
    assert [call["status"] for call in emulator.calls()] == [201, 401, 201, 401]


def test_an_agencys_refusal_that_no_token_can_mend_is_not_repeated(connection, emulator):
    connection.by("agency by password")
    body = {"error_code": "APIG.0305", "error_msg": "Incorrect authentication information"}
    emulator.fault("create_token", service="iam", skip=1, times=9, kind="reply", status=401, body=body)
    with pytest.raises(errors.AuthenticationError):
        jobs()
    assert connection.iam() == ["create_token"] * 2


def test_temporary_keys_of_the_connection_that_have_expired_are_told_so_and_not_tried_again(connection, emulator):
    connection.by("temporary keys")
    connection.kill_keys()
    with pytest.raises(errors.AuthenticationError, match="security_token") as caught:
        jobs()
    assert len(emulator.calls()) == 1
    assert not caught.value.renewable
    with pytest.raises(errors.AuthenticationError, match="refused a moment ago"):
        jobs()
    assert len(emulator.calls()) == 1


@pytest.mark.parametrize("way", ["temporary keys", "agency by aksk"])
def test_an_expired_security_token_by_iams_own_code_is_explained_or_renewed(connection, emulator, way):
    connection.by(way)
    body = {"error_code": "IAM.1108", "error_msg": "The security token has expired"}
    emulator.fault("list_projects", service="iam", times=1, kind="reply", status=400, body=body)
    if way == "agency by aksk":
        assert jobs() > 3
        assert connection.iam() == ["create_temporary_key", "list_projects"] * 2
    else:
        with pytest.raises(
            errors.AuthenticationError, match=r"new access key \(AK\), secret key \(SK\) and security token"
        ):
            jobs()
        assert connection.iam() == ["list_projects"]


def test_temporary_keys_of_an_agency_whose_signature_is_refused_are_not_tried_again(connection, emulator):
    connection.by("agency by aksk")
    body = {
        "error_code": "APIG.0301",
        "error_msg": "Incorrect IAM authentication information: verify aksk signature fail",
    }
    emulator.fault("list_flink_jobs", service="dli", times=9, kind="reply", status=401, body=body)
    with pytest.raises(errors.AuthenticationError, match="agency_name and agency_account"):
        jobs()
    assert [call["operation"] for call in emulator.calls(service="dli")] == ["list_flink_jobs"]


def test_keys_that_may_not_be_asked_for_are_never_asked_for_twice(connection, emulator):
    connection.by("agency by aksk").give(password="wr0ng")
    ends = all_at_once(50)
    assert {type(end) for end in ends} == {errors.AuthenticationError}
    assert connection.iam() == ["create_temporary_key"]


@pytest.mark.parametrize("way", ["agency by password", "password", "agency by aksk"])
@pytest.mark.parametrize("body", [{}, {"token": 7, "credential": []}, {"token": {}, "credential": {"access": "a"}}, []])
def test_an_answer_of_iam_without_what_was_asked_for_is_an_error(connection, emulator, way, body):
    connection.by(way)
    for operation in ("create_token", "create_temporary_key"):
        emulator.fault(operation, service="iam", times=99, kind="reply", status=201, body=body)
    with pytest.raises(errors.MalformedReply, match="IAM gave no"):
        jobs()


@pytest.mark.parametrize("ends", [None, "", "soon", 7])
def test_a_token_without_an_end_is_an_error(connection, emulator, ends):
    connection.by("password")
    headers = {"X-Subject-Token": "MII-c4n4ry"}
    body = {"token": {"expires_at": ends, "project": {"id": "p"}}}
    emulator.fault("create_token", service="iam", times=99, kind="reply", status=201, body=body, headers=headers)
    with pytest.raises(errors.MalformedReply, match="how long it is good") as caught:
        jobs()
    assert "c4n4ry" not in str(caught.value)


def test_a_token_that_tells_no_project_leaves_the_look_up(connection, emulator, turned):
    connection.by("password")
    token = connection.gateway.give_token({"project": {"id": credentials.IAM_PROJECT}}, {})[0]
    body = {"token": {"expires_at": "2199-01-01T00:00:00.000000Z"}}
    emulator.fault(
        "create_token", service="iam", kind="reply", status=201, body=body, headers={"X-Subject-Token": token}
    )
    assert jobs() > 3
    assert connection.iam() == ["create_token", "list_projects"]


@pytest.mark.parametrize("way", DERIVED)
def test_a_cancel_on_a_worker_that_is_killed_waits_for_nobody_and_uses_the_token_there_is(connection, emulator, way):
    connection.by(way)
    hook = DliHook()
    cancel = hook.canceller("job", {})
    jobs(hook)
    known = hook.get_conn().session.scheme.identity
    for gate in (known.gate, known.gate, known.gate, known.gate, *(token.gate for token in known._tokens.values())):
        gate.enter(lambda: None)
    emulator.mark()
    cancel(["128"])
    assert connection.iam() == []
    assert [call["operation"] for call in emulator.calls()] == ["batch_stop_flink_jobs"]


def test_an_address_of_iam_that_is_not_known_is_asked_for_where_it_is_needed(connection):
    missing = r"field IAM endpoint \(iam_endpoint\): region 'eu-test-1' of cloud 'otc'"
    connection.by("password").give(extra={"iam_endpoint": None, "cloud": "otc"})
    with pytest.raises(errors.ConfigurationError, match=missing):
        jobs()
    connection.give(extra={"project_id": credentials.IAM_PROJECT})
    with pytest.raises(errors.ConfigurationError, match=missing):
        jobs()
    assert connection.emulator.calls() == []


@pytest.mark.parametrize("body", [{"projects": "none"}, [], {"projects": None}])
def test_a_list_of_projects_of_another_shape_is_an_error(connection, emulator, body):
    emulator.fault("list_projects", service="iam", times=9, kind="reply", status=200, body=body)
    with pytest.raises(errors.MalformedReply, match="list of projects is missing"):
        jobs()


@pytest.mark.parametrize("extra", [{"region": "EU DE"}, {"region": None, "project_id": None}])
def test_a_region_that_no_project_is_found_by_is_told(connection, extra):
    connection.give(extra=extra)
    with pytest.raises(errors.ConfigurationError, match="region"):
        jobs()
    assert connection.emulator.calls() == []
