"""
Whatever a service answers: typed errors only, no false success, an end.

Each operation runs by hand with its vendor's real scheme; what would come over the wire is made up.
"""

import copy
import json
import math
import os
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_pipelines.core.http.calls import Acquire, MaskSecret, Reply, SignedRequest, Sleep
from airflow_provider_pipelines.core.http.retry import LONGEST_PAUSE, RetryBudget
from airflow_provider_pipelines.core.http.session import Session, Undelivered
from airflow_provider_pipelines.errors import PipelinesError, error_from_event, error_to_event
from airflow_provider_pipelines.hook.connection import Fields
from tests.support.playing import forget_credentials
from tests.test_properties_operations import HOOKS, HUAWEI, OPERATIONS, shown, zero

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

#: effects of one call at most, with a handful of answers of which the last one repeats
BOUND = 300
NOW = 1_800_000_000.0
KNOWN = [entry for entry in OPERATIONS if entry.name in shown(entry.vendor)]


@pytest.fixture(autouse=True, scope="module")
def small_environment():
    """Each of many thousand hooks reads the whole environment for proxies."""
    with mock.patch.dict(os.environ, {"HOME": os.environ["HOME"]}, clear=True):
        yield


class Endless(AssertionError):
    """An operation that does not end."""


class Played:
    """
    Runs one operation against made-up answers.

    :param answers: replies or losses, one after the other; the last one repeats
    :param token: what the token services answer, in the same way; None for good tokens
    """

    def __init__(self, entry, answers, token=None, fields=None):
        hook, usual_fields = HOOKS[entry.vendor]
        forget_credentials()
        self.binding = hook.bind(fields or usual_fields)
        self.entry, self.answers, self.token = entry, list(answers), token and list(token)
        self.now, self.slept = NOW, 0.0
        #: what was sent to the service itself, with what came
        self.exchanges = []
        self.asked_for_tokens = 0

    def run(self):
        """Give the result, or raise what the operation raises."""
        call = getattr(self.binding.api, self.entry.name)(*self.entry.args, **self.entry.kwargs)
        carried = Session(self.binding.scheme, lambda: self.now, lambda: self.now).carry(call, RetryBudget())
        try:
            effect = next(carried)
            for _ in range(BOUND):
                try:
                    came = self.perform(effect)
                except Undelivered as lost:
                    effect = carried.throw(lost)
                else:
                    effect = carried.send(came)
        except StopIteration as end:
            return end.value
        finally:
            carried.close()
            gate = self.binding.scheme.identity.gate
            assert gate.enter(lambda: None), "a place at the gate was not given back"
            gate.leave()
        raise Endless(f"{self.entry} does not end")

    def perform(self, effect):
        match effect:
            case SignedRequest():
                return self.exchange(effect)
            case Sleep(seconds):
                assert math.isfinite(seconds)
                assert 0 <= seconds <= LONGEST_PAUSE + 1
                self.now += seconds
                self.slept += seconds
            case Acquire(gate):
                assert gate.enter(lambda: None), "waits for itself"
            case MaskSecret():
                pass
            case other:
                raise AssertionError(f"no driver carries out {other!r}")
        return None

    def exchange(self, wire):
        wire.url.encode("ascii")
        if (token := self.token_answer(wire)) is not None:
            return token
        came = self.answers[min(len(self.exchanges), len(self.answers) - 1)]
        self.exchanges.append((wire, came))
        return given_back(came)

    def token_answer(self, wire):
        if "/apim-token-service/" not in wire.url and "//iam." not in wire.url:
            return None
        self.asked_for_tokens += 1
        if self.token is not None:
            return given_back(self.token[min(self.asked_for_tokens, len(self.token)) - 1])
        body = {"status": 0, "msg": "SUCCESS", "data": {"accessToken": f"t{self.asked_for_tokens}", "expire": 7200}}
        return Reply(200, {}, json.dumps(body).encode())


def given_back(came):
    if isinstance(came, Undelivered):
        raise came
    return came


# what a service may answer

ODD_TIMES = [
    "0", "1", "3", "119.5", "120", "121", "86400", "-5", "1e9", "9" * 400, "٣", "²", "soon", "", " ", "nan", "inf",
    "Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 01 Jan 0001 00:00:00 +2359",
    "Fri, 15 Jan 2027 08:00:20 GMT", "Fri, 15 Jan 2027 08:00:20 -0000", "Mon, 01 Jan 0001 00:00:00 -0000",
    "Fri, 31 Dec 9999 23:59:59 -0000", "0, 0 Jan 0 0:0:0 +9999999", "Wed, 99 Oct 99999999 99:99:99 GMT",
]  # fmt: skip
latin = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=20)
headers = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": st.sampled_from(ODD_TIMES) | latin,
        "date": st.sampled_from(ODD_TIMES) | latin,
        "x-request-id": latin,
        "content-type": st.sampled_from(["application/json", "text/html"]),
        "location": latin,
    },
)
ODD_STATUSES = [
    201,
    202,
    204,
    206,
    301,
    302,
    304,
    400,
    401,
    403,
    404,
    405,
    408,
    409,
    412,
    422,
    429,
    500,
    502,
    503,
    504,
    599,
]
statuses = st.sampled_from(ODD_STATUSES) | st.integers(200, 599)

CODES = [
    0, "0", 1, -1, False, "", "1203", 1203, 4011, 1003, 61108, 61121, 61126, 61152, 99000, 429, "DEVPIPE.00011169",
    "DEVPIPE.00011170", "DEVPIPE.00011104", "DEVPIPE.00011401", "DEVPIPE.00011412", "DEV_21_100169", "APIG.0301", "APIG.0308",
    "APIG.0307", "APIG.0101", "IAM.0061", "DLI.0999", "DLI.0001", "DLI.0002", "DLI.16001", "DLI.0015", "unknown",
]  # fmt: skip
INNER = [
    '{"is_success":"false","message":"no"}', '{"error_code":"DLI.0999","error_msg":"x"}', '{"is_success":false}', "{", "{}",
    '{"error_code":' * 3000, "[" * 3000,
]  # fmt: skip
ODD_VALUES = [
    None, True, False, "true", "false", "True", " FALSE ", "yes", "", " ", "0", "-1", "1.5", 0, 1, -1, 2**31, 2**63, 2**64,
    10**400, 1.5, -0.0, math.nan, math.inf, [], {}, [[]], [None], [{}], "null", "None", "a/b", "..", "\x00", "\ud800", "😀",
    "x" * 5000, "٣", "²", *INNER,
]  # fmt: skip
scalars = st.sampled_from(ODD_VALUES) | st.sampled_from(CODES) | st.integers() | st.floats() | st.text(max_size=8)
names = st.sampled_from(
    ["code", "status", "apim_status", "data", "msg", "error_code", "error_msg", "error", "message", "success", "is_success",
     "pipeline_run_id", "pipeline_id", "job_id", "total", "count", "result", "id"]
) | st.text(max_size=5)  # fmt: skip
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=8
)


def places(value, path=()):
    """Give the path of each member and of the whole."""
    yield path
    if isinstance(value, dict | list):
        for name in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[name], (*path, name))


@st.composite
def near_misses(draw, answer):
    """Change a good answer in one to three places."""
    body = copy.deepcopy(answer)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(body))))
        box = {"it": body}
        *way, last = ("it", *path)
        where = box
        for name in way:
            where = where[name]
        match draw(st.sampled_from(["drop", "retype", "retype", "nest", "wrap", "text", "double", "add"])):
            case "drop" if path:
                del where[last]
            case "nest":
                where[last] = {"data": where[last]}
            case "wrap":
                where[last] = [where[last]]
            case "text":
                where[last] = json.dumps(where[last])
            case "double" if isinstance(where[last], list):
                where[last] = where[last] * 2
            case "add" if isinstance(where[last], dict):
                where[last][draw(names)] = draw(scalars)
            case _:
                where[last] = draw(anything)
        body = box["it"]
    return body


def written(body):
    return json.dumps(body).encode()


RAW = [
    b"", b" ", b"<html><body>Bad gateway</body></html>", b"<!DOCTYPE html>", b"null", b"true", b"OK", b"[]", b"{}",
    b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b"1" * 10_000, b'{"code": ' + b"1" * 10_000 + b"}",
    b"NaN", b"Infinity", b'{"code": 0, "code": 61108}', b'{"code": 0,}', b'"\\ud800"', "{}".encode("utf-16"),
]  # fmt: skip


def bodies(answer):
    good = written(answer)
    truncated = st.integers(0, max(0, len(good) - 1)).map(lambda end: good[:end])
    raw = st.sampled_from(RAW) | st.binary(max_size=40)
    return (near_misses(answer) | anything).map(written) | truncated | raw


def replies(answer):
    """Answers with HTTP 200 most of all, since these are what may be taken for a success."""
    body = bodies(answer)
    fine = st.builds(Reply, st.just(200), st.just({}), near_misses(answer).map(written))
    odd = st.builds(Reply, st.just(200) | statuses, headers, body)
    lost = st.builds(Undelivered, st.just("the connection was cut"), sent=st.booleans())
    return fine | fine | odd | odd | st.builds(Reply, st.just(200), headers, st.just(written(answer))) | lost


# what must hold


def end_of(played):
    """Run it: gives whether it succeeded, and the result or the error."""
    failed = None
    try:
        result = played.run()
    except PipelinesError as error:
        failed = error
    if failed is None:
        assert can_be_stored(result), ascii(result)
        return True, result
    event = error_to_event(failed)
    assert can_be_stored(event), ascii(event)
    again = error_from_event(json.loads(json.dumps(event)))
    assert (type(again), str(again)) == (type(failed), str(failed))
    return False, failed


def parsed(reply):
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def can_be_stored(value):
    """Tell whether a result or an error can become an XCom or an event: text that is no Unicode cannot."""
    try:
        if isinstance(value, list):
            return all(can_be_stored(entry) for entry in value)
        text = value.model_dump_json() if hasattr(value, "model_dump_json") else json.dumps(value, ensure_ascii=False)
        text.encode()
    except ValueError:
        return False
    return True


def is_a_success(entry, reply):
    """Tell by the vendor's own words whether an answer may count as a success."""
    if not isinstance(reply, Reply):
        return False
    body = parsed(reply)
    if entry.name == "delete_pipeline" and (
        reply.status == 404 or (isinstance(body, dict) and body.get("error_code") == "DEVPIPE.00011401")
    ):
        return True
    if not 200 <= reply.status < 300 or body is None:
        return False
    if entry.vendor == "enos" and not (isinstance(body, dict) and zero(body)):
        return False
    return entry.confirms is None or bool(entry.confirms(body))


def leaves_it_open(came):
    """Tell whether a write with this answer may have been carried out, as far as anybody can know."""
    if isinstance(came, Undelivered):
        return came.sent
    if came.status in {408, 500, 502, 504} or came.status < 300:
        return not isinstance(parsed(came), dict)
    return False


def check(played):
    entry = played.entry
    good, _ = end_of(played)
    if good and played.exchanges:
        last = played.exchanges[-1][1]
        assert is_a_success(entry, last), f"{last.status} {last.body[:300]!r} counts as a success of {entry}"
    if entry.once:
        for _, came in played.exchanges[:-1]:
            assert not leaves_it_open(came), f"{entry} was sent again after {came!r}"


@pytest.mark.parametrize("entry", KNOWN, ids=str)
def test_a_good_answer_is_taken(entry):
    played = Played(entry, [Reply(200, {}, written(entry.answer))])
    good, result = end_of(played)
    assert good, result
    assert is_a_success(entry, played.exchanges[-1][1])


@pytest.mark.parametrize("entry", KNOWN, ids=str)
@settings(max_examples=12)
@given(data=st.data())
def test_no_answer_breaks_an_operation_or_counts_as_a_success_that_it_is_not(entry, data):
    answers = data.draw(st.lists(replies(entry.answer), min_size=1, max_size=3))
    check(Played(entry, answers))


def exactly(entry, answer):
    check(Played(entry, [Reply(200, {}, written(answer))]))


@pytest.mark.parametrize("entry", KNOWN, ids=str)
def test_no_single_odd_member_breaks_an_operation_or_makes_a_success(entry):
    for path in places(entry.answer):
        for odd in ODD_VALUES:
            box = {"it": copy.deepcopy(entry.answer)}
            *way, last = ("it", *path)
            where = box
            for name in way:
                where = where[name]
            where[last] = odd
            exactly(entry, box["it"])


@pytest.mark.parametrize("entry", KNOWN, ids=str)
def test_no_missing_or_added_member_breaks_an_operation_or_makes_a_success(entry):
    for path in places(entry.answer):
        if path:
            box = copy.deepcopy(entry.answer)
            where = box
            for name in path[:-1]:
                where = where[name]
            del where[path[-1]]
            exactly(entry, box)
    if isinstance(entry.answer, dict):
        for name in ("error_code", "errorCode", "code", "error", "error_msg", "message", "msg", "status"):
            for odd in [*ODD_VALUES, *CODES, {"code": 401, "message": "\ud800"}]:
                exactly(entry, {**entry.answer, name: odd})


@pytest.mark.parametrize("entry", KNOWN, ids=str)
def test_no_body_that_is_no_json_of_the_vendor_is_a_success(entry):
    good = written(entry.answer)
    for status in (200, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503):
        for raw in [*RAW, good[:-1], good[: len(good) // 2], good + b"}"]:
            check(Played(entry, [Reply(status, {}, raw)]))
    for status in (200, 401, 429, 503):
        for odd in ODD_TIMES:
            check(Played(entry, [Reply(status, {"retry-after": odd, "date": odd}, good)]))


WAYS = {
    "enos": ("enos", HOOKS["enos"][1], {"status": 0, "data": {"accessToken": "t", "expire": 7200}}),
    "password": (
        "dli",
        Fields("c", "huaweicloud", None, None, "u", "p", {**HUAWEI, "auth": "password", "account": "a", "project_id": None}),
        {"token": {"expires_at": "2027-01-16T08:00:00.000000Z", "project": {"id": "1a30", "name": "eu-de"}}},
    ),
    "agency": (
        "dli",
        Fields("c", "huaweicloud", None, None, "ak", "sk", {**HUAWEI, "agency_name": "n", "agency_account": "a"}),
        {"credential": {"access": "a", "secret": "s", "securitytoken": "t", "expires_at": "2027-01-16T08:00:00.000000Z"}},
    ),
    "project": (
        "dli",
        Fields("c", "huaweicloud", None, None, "ak", "sk", {**HUAWEI, "project_id": None}),
        {"projects": [{"id": "1a30", "name": "eu-de", "enabled": True}]},
    ),
}  # fmt: skip
#: what is called once there is a token, by vendor
FIRST = {"enos": "pause_pipeline", "dli": "show_flink_job"}


def with_token(way, answers):
    vendor, fields, _ = WAYS[way]
    (entry,) = (entry for entry in KNOWN if (entry.vendor, entry.name) == (vendor, FIRST[vendor]))
    extra = {name: value for name, value in fields.extra.items() if value is not None}
    return Played(entry, [Reply(200, {}, written(entry.answer))], answers, replace(fields, extra=extra))


def token_headers(way):
    return {"x-subject-token": "t"} if way == "password" else {}


@pytest.mark.parametrize("way", WAYS)
def test_a_good_token_is_taken(way):
    played = with_token(way, [Reply(200, token_headers(way), written(WAYS[way][2]))])
    good, result = end_of(played)
    assert good, result
    assert played.asked_for_tokens == 1


@pytest.mark.parametrize("way", WAYS)
def test_no_single_odd_member_of_a_token_breaks_a_call(way):
    for path in places(WAYS[way][2]):
        for odd in ODD_VALUES:
            box = {"it": copy.deepcopy(WAYS[way][2])}
            *before, last = ("it", *path)
            where = box
            for name in before:
                where = where[name]
            where[last] = odd
            check(with_token(way, [Reply(200, token_headers(way), written(box["it"]))]))


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=30)
@given(data=st.data())
def test_no_answer_of_a_token_service_breaks_a_call(way, data):
    answers = data.draw(st.lists(replies(WAYS[way][2]), min_size=1, max_size=3))
    for came in answers:
        if isinstance(came, Reply) and data.draw(st.booleans()):
            came.headers.update(token_headers(way))
    check(with_token(way, answers))
