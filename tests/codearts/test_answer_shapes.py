"""Each shape of a CodeArts answer, with what it holds or the whole error that it is."""

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.codearts.api import replies
from airflow_provider_pipelines.codearts.api.access import CODES
from airflow_provider_pipelines.codearts.api.models import RunRetried, RunStarted, Success
from airflow_provider_pipelines.core.http.calls import Request

REQUEST = Request("run_pipeline", "POST", "/p")
CALL = {"service": "CodeArts Pipeline", "operation": "run_pipeline", "method": "POST", "path": "/p", "status": 200}
RUN, OTHER = "a" * 32, "b" * 32
QUEUED = "DEVPIPE.00011169"
NOT_THERE = {"error_code": "DEVPIPE.00011401", "error_msg": "gone"}

NO_OBJECT = (errors.MalformedReply, "the answer is no JSON object", None, None)
GONE = (errors.NotFound, "gone", "DEVPIPE.00011401", CODES["DEVPIPE.00011401"][1])
NO_WORD = (errors.MalformedReply, "the answer does not say whether it succeeded", None, None)
UNCONFIRMED = (errors.Conflict, "the service did not confirm it (success: false)", None, None)
NO_RUN = (errors.MalformedReply, "the answer names no run", None, None)


def failure_of(call):
    """Give an error's kind and all that it tells besides the call."""
    with pytest.raises(errors.ApiError) as caught:
        call()
    facts = caught.value.facts()
    assert {name: facts[name] for name in CALL} == CALL
    return type(caught.value), facts["problem"], facts["code"], facts["hint"]


def retried(payload):
    return replies.retried_by(REQUEST, payload, RUN)


def page(payload):
    return replies.page_of(REQUEST, payload, "pipelines")


def rows(payload):
    return replies.rows_of(REQUEST, payload, "variables")


@pytest.mark.parametrize("payload", [[], None, "yes", True])
def test_an_answer_that_has_to_be_an_object_is_one(payload):
    for read in (replies.object_of, replies.confirmed_by, replies.started_by):
        assert failure_of(lambda read=read: read(REQUEST, payload)) == NO_OBJECT
    assert failure_of(lambda: page(payload)) == NO_OBJECT
    assert failure_of(lambda: retried(payload)) == NO_OBJECT


def test_an_error_in_an_answer_is_raised_by_every_reader():
    for read in (replies.object_of, replies.confirmed_by, replies.started_by, replies.agreed_by):
        assert failure_of(lambda read=read: read(REQUEST, NOT_THERE)) == GONE
    for read in (page, rows, retried):
        assert failure_of(lambda read=read: read(NOT_THERE)) == GONE


@pytest.mark.parametrize(
    ("payload", "read"),
    [
        ({"pipelines": [1], "total": 7}, ([1], 7)),
        ({"pipelines": [1], "total": "7"}, ([1], None)),
        ({"pipelines": [1], "total": True}, ([1], None)),
        ({"pipelines": []}, ([], None)),
        ({"total": 0}, ([], 0)),
    ],
)
def test_a_page_gives_rows_and_the_number_of_all_where_it_is_told(payload, read):
    assert page(payload) == read


@pytest.mark.parametrize("payload", [{}, {"total": 1}, {"total": False}, {"pipelines": {}, "total": 0}])
def test_a_list_that_is_missing_is_not_an_empty_one(payload):
    assert failure_of(lambda: page(payload)) == (
        errors.MalformedReply, "the list pipelines is missing", None, None,
    )  # fmt: skip


@pytest.mark.parametrize("said", [True, "true", " TRUE "])
def test_an_action_is_confirmed_by_a_plain_yes(said):
    assert replies.confirmed_by(REQUEST, {"success": said, "more": 1}) == Success(success=True, more=1)
    assert replies.agreed_by(REQUEST, {"success": said}) is True
    assert replies.agreed_by(REQUEST, said) is True
    assert retried({"success": said, "more": 1}) == RunRetried(pipeline_run_id=RUN, success=True, more=1)


@pytest.mark.parametrize(
    ("payload", "failure"), [({}, NO_WORD), ({"success": "ok"}, NO_WORD), ({"success": "false"}, UNCONFIRMED)]
)
def test_anything_but_a_plain_yes_confirms_nothing(payload, failure):
    for read in (replies.confirmed_by, replies.agreed_by):
        assert failure_of(lambda read=read: read(REQUEST, payload)) == failure
    assert failure_of(lambda: retried(payload)) == failure


@pytest.mark.parametrize(
    ("payload", "failure"),
    [
        (None, (errors.MalformedReply, "the answer is no boolean", None, None)),
        ([], (errors.MalformedReply, "the answer is no boolean", None, None)),
        (1, (errors.MalformedReply, "the answer is no boolean", None, None)),
        (False, (errors.Conflict, "the service did not confirm it (false)", None, None)),
        ("false", (errors.Conflict, "the service did not confirm it (false)", None, None)),
    ],
)
def test_a_bare_boolean_agrees_only_when_it_is_true(payload, failure):
    assert failure_of(lambda: replies.agreed_by(REQUEST, payload)) == failure


def test_a_list_comes_bare_or_as_a_member():
    assert rows([1, 2]) == [1, 2]
    assert rows({"variables": [1]}) == [1]
    assert failure_of(lambda: rows({})) == (errors.MalformedReply, "the list variables is missing", None, None)


def test_a_queued_run_keeps_its_queue_entry_and_the_reason():
    where = {"pipeline_run_id": RUN, "queue_id": 3}
    payload = {"error_code": QUEUED, "error_msg": "waits", "error": where}
    expected = {"pipeline_run_id": RUN, "queue_id": 3, "error_code": QUEUED, "error_msg": "waits"}
    assert replies.started_by(REQUEST, payload) == RunStarted(**expected)
    assert retried(payload) == RunRetried(**expected)


@pytest.mark.parametrize("inner", [None, "waits", {}])
def test_a_queued_retry_without_the_entry_is_about_the_run_that_was_asked_for(inner):
    payload = {"error_code": QUEUED, "error_msg": "waits", "error": inner}
    assert retried(payload) == RunRetried(pipeline_run_id=RUN, error_code=QUEUED, error_msg="waits")


def test_a_queued_retry_of_another_run_is_none():
    payload = {"error_code": QUEUED, "error": {"pipeline_run_id": OTHER}}
    assert failure_of(lambda: retried(payload)) == (
        errors.MalformedReply, f"the answer is about run '{OTHER}'", None, None,
    )  # fmt: skip
    payload["error"] = {"pipeline_run_id": []}
    problem = "RunRetried cannot be read from the answer: pipeline_run_id"
    assert failure_of(lambda: retried(payload)) == (errors.MalformedReply, problem, None, None)


@pytest.mark.parametrize(
    ("payload", "failure"),
    [
        (
            {"error_code": "DEVPIPE.1", "error": {"pipeline_run_id": RUN}},
            (errors.MalformedReply, "the answer has code DEVPIPE.1 and names a run as well", None, None),
        ),
        (
            {"pipeline_run_id": ""},
            (errors.InvalidRequest, "the service started nothing and gives no reason", None, None),
        ),
        ({}, (errors.MalformedReply, "RunStarted cannot be read from the answer: pipeline_run_id", None, None)),
        (
            {"error_code": QUEUED},
            (errors.MalformedReply, "RunStarted cannot be read from the answer: pipeline_run_id", None, None),
        ),
        ({"pipeline_run_id": "../x"}, NO_RUN),
        ({"error_code": QUEUED, "error": {"pipeline_run_id": " "}}, NO_RUN),
    ],
)
def test_an_answer_to_a_run_that_names_none_tells_why(payload, failure):
    assert failure_of(lambda: replies.started_by(REQUEST, payload)) == failure


def test_a_started_run_is_its_id_and_what_else_was_said():
    payload = {"pipeline_run_id": RUN, "error_msg": "default branch", "new": 1}
    assert replies.started_by(REQUEST, payload) == RunStarted(**payload)


def test_a_run_that_is_not_there_is_an_error_about_its_call():
    def look():
        raise replies.absent(REQUEST, "the answer holds no run")

    assert failure_of(look) == (
        errors.NotFound, "the answer holds no run", None, "Check the ids of pipeline and run.",
    )  # fmt: skip
