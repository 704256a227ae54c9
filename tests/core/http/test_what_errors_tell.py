"""What an error about an answer tells: which call it was, what is wrong, what to do."""

import pytest

from airflow_provider_pipelines.core.http.calls import Reply, Request
from airflow_provider_pipelines.core.http.reading import Answer, about, dump, expect, malformed, parse
from airflow_provider_pipelines.errors import ArgumentError, MalformedReply

REQUEST = Request("show_thing", "GET", "/things/1")
ABOUT = {"service": "S", "operation": "show_thing", "method": "GET", "path": "/things/1"}
REST = {"code": None, "retry_after": None, "renewable": False}
FORM = ". Give text, numbers, booleans, lists, dictionaries."


class Inner(Answer):
    wanted: int


class Outer(Answer):
    first: int
    inner: Inner
    third: int
    fourth: int


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"a": "\\ud800"}', {"a": "?"}),
        (b'{"\\udfff": ["\\ud83d\\ude00"]}', {"?": ["\U0001f600"]}),
        ('{"a": "\\ud800"}'.encode("utf-16"), {"a": "?"}),
        (b'\xef\xbb\xbf{"a": "\xc3\xa4"}', {"a": "\xe4"}),
    ],
)
def test_half_a_surrogate_pair_which_nothing_can_store_is_replaced(body, read):
    assert parse(Reply(200, {}, body), about("S", REQUEST, Reply(200, {}, body))) == read


@pytest.mark.parametrize("body", [b'{"a": "\xed\xa0\x80"}', b'{"a": "\xff"}'])
def test_what_is_no_text_is_no_json(body):
    with pytest.raises(MalformedReply):
        parse(Reply(200, {}, body), about("S", REQUEST, Reply(200, {}, body)))


@pytest.mark.parametrize(
    ("headers", "request_id"),
    [
        ({"x-request-id": "r", "x-iam-trace-id": "t"}, "r"),
        ({"x-request-id": "r"}, "r"),
        ({"x-iam-trace-id": "t"}, "t"),
        ({"x-request-id": "", "x-iam-trace-id": "t"}, "t"),
        ({}, None),
    ],
)
def test_an_error_tells_the_request_id_by_either_name(headers, request_id):
    told = about("S", REQUEST, Reply(502, headers, b""), ("x-request-id", "x-iam-trace-id"))
    assert told == {**ABOUT, "status": 502, "request_id": request_id}


def test_a_header_that_the_service_does_not_use_is_not_taken_for_the_requests_id():
    assert about("S", REQUEST, Reply(502, {"x-iam-trace-id": "t"}, b""))["request_id"] is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "the answer is empty"),
        (b" \r\n", "the answer is empty"),
        (b" <html>", "the answer is HTML, probably of a proxy or of another server"),
        (b' {"a": 1', "the answer of 8 bytes is no complete JSON"),
        (b"\xff\xfe", "the answer of 2 bytes is no complete JSON"),
    ],
)
def test_an_answer_that_is_no_json_is_described(body, problem):
    with pytest.raises(MalformedReply) as caught:
        parse(reply := Reply(200, {"x-request-id": "r"}, body), about("S", REQUEST, reply))
    hint = "Check the host (or endpoint) in the connection."
    expected = {**ABOUT, **REST, "problem": problem, "status": 200, "request_id": "r", "hint": hint}
    assert caught.value.facts() == expected


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"inner": {}}, "first, inner.wanted, third"),
        ({"first": 1, "inner": {"wanted": "x"}, "third": 3, "fourth": 4}, "inner.wanted"),
        ([], "no object"),
    ],
)
def test_the_first_members_that_cannot_be_read_are_named(data, where):
    with pytest.raises(MalformedReply) as caught:
        expect(Outer, data, "S", REQUEST)
    expected = {"problem": f"Outer cannot be read from the answer: {where}", "status": 200, "request_id": None}
    assert caught.value.facts() == {**ABOUT, **REST, **expected, "hint": None}


def test_an_answer_of_another_shape_is_an_error_about_its_call():
    expected = {**ABOUT, **REST, "problem": "it is odd", "status": 200, "request_id": None, "hint": None}
    assert malformed("it is odd", "S", REQUEST).facts() == expected


def test_a_body_is_written_without_blanks_and_in_its_own_letters():
    assert dump({"name": "é流", "ids": [1, True, None]}) == '{"name":"é流","ids":[1,true,null]}'.encode()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("\ud800", "text that is no valid Unicode"),
        (float("nan"), "Out of range float values are not JSON compliant"),
        (type("T" * 300, (), {})(), f"Object of type {'T' * 185}"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_the_reason(value, reason):
    with pytest.raises(ArgumentError) as caught:
        dump({"a": value})
    assert caught.value.argument == "body"
    problem = caught.value.problem
    assert problem.startswith(f"cannot be written as JSON: {reason}")
    assert problem.endswith(FORM)
    assert len(problem) <= len(f"cannot be written as JSON: {FORM}") + 200
