"""What leaves for EnOS byte for byte, and each answer of its gateway and token service with the whole error it is."""

import json
from hashlib import sha256

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http.calls import Acquire, MaskSecret, Reply, Request, SignedRequest, Sleep
from airflow_provider_pipelines.core.http.identity import Identity
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.enos.api.access import EnosScheme, Keys

NOW = 1_700_000_000.5
TEN_LATER = "Tue, 14 Nov 2023 22:13:30 GMT"
GATEWAY = "https://gateway.example.com"
JSON = {"Content-Type": "application/json;charset=UTF-8", "Accept": "application/json"}
WRONG_KEY = "Check AccessKey (login) and SecretKey (password) of the connection."
WRONG_ID = "Check the id, and the organization id (org_id) of the connection; the pipeline has to be released, and granted to this access key."
ROUTE = (
    "This says nothing about what was asked for. Check the host of the connection: it has to be the API gateway's "
    "address; and the proxies in between."
)
FINAL = "Give the final address as host in the connection."
ACTION, FETCH = "pause_pipeline", "get_token"


def scheme(token=None):
    made = EnosScheme(Keys(GATEWAY, "key", "secret"), Identity())
    if token is not None:
        made.identity.token.keep(token, NOW + 1000)
    return made


def digest(text):
    return sha256(text.encode()).hexdigest()


def reply(body, status=200, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {"x-request-id": "r", **headers}, content)


def run(call, *answers):
    """Run a call; each request takes the next answer, the last one again and again. Gives what it wanted and its end."""
    asked, left = [], list(answers)
    try:
        effect = next(call)
        while True:
            asked.append(effect)
            if isinstance(effect, Acquire):
                effect.gate.enter(lambda: None)
            came = (left.pop(0) if len(left) > 1 else left[0]) if isinstance(effect, SignedRequest) else None
            effect = call.throw(came) if isinstance(came, Exception) else call.send(came)
    except StopIteration as end:
        return asked, end.value
    except errors.PipelinesError as error:
        return asked, error


def given(token="t", seconds=7200):
    return reply({"status": 0, "data": {"accessToken": token, "expire": seconds}})


def test_a_request_without_query_and_body_is_signed_as_documented():
    asked, wire = run(scheme("t").sign(Request(ACTION, "GET", "/p"), lambda: NOW))
    headers = {
        "apim-accesstoken": "t",
        "apim-timestamp": "1700000000500",
        "apim-signature": digest("t1700000000500secret"),
        "Accept": "application/json",
    }
    assert (asked, wire) == ([], SignedRequest("GET", f"{GATEWAY}/p", headers, None))


def test_a_request_with_query_and_body_is_signed_as_it_is_sent():
    query = (("b/c", "x y/z&"), ("a", "é"))
    _, wire = run(scheme("t").sign(Request(ACTION, "POST", "/p", query, b'{"a":1}'), lambda: NOW))
    headers = {
        **JSON,
        "apim-accesstoken": "t",
        "apim-timestamp": "1700000000500",
        "apim-signature": digest('taéb/cx y/z&{"a":1}1700000000500secret'),
    }
    assert wire == SignedRequest("POST", f"{GATEWAY}/p?b%2Fc=x%20y%2Fz%26&a=%C3%A9", headers, b'{"a":1}')


def test_only_the_token_that_was_refused_is_dropped():
    ours = scheme("new")
    ours.forget(SignedRequest("GET", GATEWAY, {"apim-accesstoken": "old"}))
    assert ours.identity.token.value == "new"
    ours.forget(SignedRequest("GET", GATEWAY, {"apim-accesstoken": "new"}))
    assert ours.identity.token.value is None


def test_a_token_is_fetched_and_told_to_the_masker_before_it_is_used():
    asked, wire = run(scheme().sign(Request(ACTION, "GET", "/p"), lambda: NOW), given("made"))
    assert [type(effect) for effect in asked] == [Acquire, SignedRequest, MaskSecret]
    assert asked[-1] == MaskSecret("made")
    assert wire.headers["apim-accesstoken"] == "made"


def test_a_proof_used_before_is_made_anew_three_times_and_later_each_time():
    asked, error = run(scheme().sign(Request(ACTION, "GET", "/p"), lambda: NOW), reply({"status": 1001, "msg": "used"}))
    assert isinstance(error, errors.Throttled)
    assert [effect.seconds for effect in asked if isinstance(effect, Sleep)] == pytest.approx([0.1, 0.5, 2.5])
    stamps = [json.loads(effect.body)["timestamp"] for effect in asked if isinstance(effect, SignedRequest)]
    assert stamps == [1700000000500 + number for number in range(4)]


def test_the_token_service_is_asked_as_documented():
    (wire,), got = run(scheme().get_token(lambda: NOW), given("made", 60))
    assert (got, type(got[1])) == (("made", 60.0), float)
    assert (wire.method, wire.url) == ("POST", f"{GATEWAY}/apim-token-service/v2.0/token/get")
    assert wire.headers == JSON
    proof = digest("key1700000000500secret")
    assert json.loads(wire.body) == {"appKey": "key", "encryption": proof, "timestamp": 1700000000500}


def test_a_refresh_names_the_living_token():
    (wire,), got = run(scheme().refresh_token(lambda: NOW, "living"), given("made", 60))
    assert got == ("made", 60.0)
    assert wire.url == f"{GATEWAY}/apim-token-service/v2.0/token/refresh"
    proof = digest("key1700000000500secret")
    body = {"appKey": "key", "encryption": proof, "accessToken": "living", "timestamp": 1700000000500}
    assert json.loads(wire.body) == body


def test_a_token_service_that_does_not_answer_is_named():
    _, error = run(scheme().get_token(lambda: NOW), Undelivered("refused", sent=True, hint="look there"))
    assert type(error) is errors.TransportError
    assert error.facts() == {
        "problem": "refused",
        "service": "EnOS",
        "operation": "get_token",
        "method": "POST",
        "path": "/apim-token-service/v2.0/token/get",
        "hint": "look there",
    }


@pytest.mark.parametrize(
    "data",
    [
        None, [], {}, {"accessToken": "t"}, {"accessToken": "", "expire": 1}, {"accessToken": 5, "expire": 1},
        {"accessToken": "t", "expire": True}, {"accessToken": "t", "expire": "60"},
        {"accessToken": "t", "expire": -1}, {"accessToken": "t", "expire": 10**9 + 1}, {"accessToken": "t", "expire": 10**400},
    ],
)  # fmt: skip
def test_an_answer_without_a_token_and_its_life_time_is_none(data):
    _, error = run(scheme().get_token(lambda: NOW), reply({"status": 0, "data": data}))
    assert type(error) is errors.MalformedReply
    assert (error.problem, error.service) == ("the token service gave no token", "EnOS")
    assert (error.operation, error.path) == ("get_token", "/apim-token-service/v2.0/token/get")


@pytest.mark.parametrize("seconds", [0, 0.5, 10**9])
def test_a_life_time_is_a_number_of_seconds_within_reason(seconds):
    _, got = run(scheme().get_token(lambda: NOW), given("made", seconds))
    assert got == ("made", float(seconds))


def test_a_token_service_that_asks_for_time_until_a_date_gets_it():
    _, error = run(scheme().get_token(lambda: NOW), reply({}, 429, **{"retry-after": TEN_LATER}))
    assert error.retry_after == 9.5


@pytest.mark.parametrize(
    ("operation", "status", "body", "kind", "told"),
    [
        (ACTION, 401, {}, "AuthenticationError", {"problem": "the gateway does not accept the token", "renewable": True}),
        (FETCH, 401, {}, "AuthenticationError", {"problem": "the gateway does not accept the keys", "hint": WRONG_KEY}),
        (FETCH, 403, {}, "AuthenticationError", {"problem": "the gateway does not accept the keys", "hint": WRONG_KEY}),
        (ACTION, 403, {}, "PermissionDenied", {"problem": "the gateway forbids the call", "renewable": True}),
        (ACTION, 404, {}, "PlaceNotFound", {"problem": "no such route", "hint": ROUTE}),
        (FETCH, 404, {}, "PlaceNotFound", {"problem": "no such route", "hint": ROUTE}),
        (ACTION, 429, {}, "Throttled", {"problem": "too many calls", "retry_after": 9.5}),
        (ACTION, 408, {}, "ServerError", {"problem": "the gateway failed", "retry_after": 9.5}),
        (ACTION, 500, {}, "ServerError", {"problem": "the gateway failed", "retry_after": 9.5}),
        (ACTION, 503, b"<html>", "ServerError", {"problem": "the gateway failed", "retry_after": 9.5}),
        (ACTION, 300, {}, "MalformedReply", {"problem": "the gateway redirects, which is never followed with credentials", "hint": FINAL}),
        (ACTION, 399, {}, "MalformedReply", {"problem": "the gateway redirects, which is never followed with credentials", "hint": FINAL}),
        (ACTION, 400, {"code": 0}, "InvalidRequest", {"problem": "the gateway refuses the request"}),
        (ACTION, 400, {"code": 4242}, "InvalidRequest", {"problem": "the gateway refuses the request"}),
        (ACTION, 400, [], "InvalidRequest", {"problem": "the gateway refuses the request"}),
        (ACTION, 400, {"code": 61108, "msg": "gone"}, "NotFound", {"problem": "gone", "code": "61108", "hint": WRONG_ID}),
        (ACTION, 500, {"code": 1203, "msg": "old"}, "AuthenticationError", {"problem": "old", "code": "1203", "renewable": True}),
        (ACTION, 200, [], "MalformedReply", {"problem": "the answer is no JSON object"}),
        (ACTION, 200, {"msg": "ok"}, "MalformedReply", {"problem": "the answer has neither code nor status"}),
        (ACTION, 200, {"code": "٦١١٠٨"}, "MalformedReply", {"problem": "the answer has neither code nor status"}),
        (ACTION, 200, b"", "MalformedReply", {"problem": "the answer is empty", "hint": "Check the host (or endpoint) in the connection."}),
        (ACTION, 200, {"code": 4242}, "InvalidRequest", {"problem": "no message", "code": "4242"}),
        (ACTION, 200, {"code": 4242, "msg": "m" * 600}, "InvalidRequest", {"problem": "m" * 500, "code": "4242"}),
        (ACTION, 200, {"status": 0, "code": 61108, "msg": "gone"}, "NotFound", {"problem": "gone", "code": "61108", "hint": WRONG_ID}),
        (ACTION, 200, {"code": 61152, "msg": "is [ running ]"}, "Conflict", {"problem": "is [ running ]", "code": "61152", "state": "RUNNING"}),
        (ACTION, 200, {"code": 61121, "msg": "busy"}, "Conflict", {"problem": "busy", "code": "61121", "state": None, "hint": "EnOS starts one pipeline at a time in an organization."}),
        (ACTION, 200, {"code": 61105, "msg": "many"}, "InvalidRequest", {"problem": "many", "code": "61105", "hint": "Ask for fewer points; 100,000 is the most."}),
        (ACTION, 200, {"apim_status": 4011, "msg": "old"}, "AuthenticationError", {"problem": "old", "code": "4011", "renewable": True}),
        (ACTION, 200, {"code": 1003, "msg": "bad"}, "AuthenticationError", {"problem": "bad", "code": "1003", "renewable": True, "hint": WRONG_KEY}),
        (FETCH, 200, {"status": 1003, "msg": "bad"}, "AuthenticationError", {"problem": "bad", "code": "1003", "hint": WRONG_KEY}),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_success_tells_everything(operation, status, body, kind, told):
    with pytest.raises(errors.ApiError) as caught:
        scheme().read(Request(operation, "POST", "/p"), reply(body, status, **{"retry-after": TEN_LATER}), NOW)
    error = caught.value
    assert type(error).__name__ == kind
    call = {"service": "EnOS", "operation": operation, "method": "POST", "path": "/p", "request_id": "r"}
    usual = {"code": None, "hint": None, "retry_after": None, "renewable": False}
    expected = {**call, **usual, "status": status, **told}
    assert {name: getattr(error, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("date", "hint"),
    [
        ("Tue, 14 Nov 2023 22:14:20 GMT", WRONG_KEY),
        ("Tue, 14 Nov 2023 22:14:21 GMT", f"{WRONG_KEY} The gateway's clock is +61 s off this machine's."),
        ("Tue, 14 Nov 2023 22:12:19 GMT", f"{WRONG_KEY} The gateway's clock is -61 s off this machine's."),
        ("yesterday", WRONG_KEY),
    ],
)
@pytest.mark.parametrize("status", [200, 401])
def test_a_clock_more_than_a_minute_off_is_told_with_refused_keys(status, date, hint):
    with pytest.raises(errors.AuthenticationError) as caught:
        scheme().read(Request(FETCH, "POST", "/p"), reply({"status": 1003}, status, date=date), 1_700_000_000.0)
    assert caught.value.hint == hint
