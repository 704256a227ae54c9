"""Each shape of a DLI answer, with what it holds or the whole error that it is."""

import json

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.core.http.calls import Request
from airflow_provider_pipelines.core.http.reading import Answer
from airflow_provider_pipelines.dli.api.flink.jobs import job_of, page_of
from airflow_provider_pipelines.dli.api.flink.models import FlinkJob
from airflow_provider_pipelines.dli.api.replies import (
    Delivery,
    accepted,
    delivery,
    member,
    part,
    plain,
    readable,
    refusal,
    rows_of,
    succeeded,
)
from airflow_provider_pipelines.dli.api.spark.models import SparkState
from airflow_provider_pipelines.dli.api.sql.models import SqlJob

REQUEST = Request("show_flink_job", "GET", "/streaming/jobs/1")
CALL = {"service": "DLI", "operation": "show_flink_job", "method": "GET", "path": "/streaming/jobs/1"}
WRONG_JOB = "Check the job id, and that project and region are the right ones."


def inside(**answer):
    """Make an answer whose message is an answer itself."""
    return {"is_success": True, "message": f"  {json.dumps(answer)}"}


def failure_of(call):
    """Give an error's kind and all that it tells besides the call."""
    with pytest.raises(errors.ApiError) as caught:
        call()
    facts = caught.value.facts()
    assert {name: facts[name] for name in CALL} == CALL
    assert facts["status"] == 200
    return type(caught.value), facts["problem"], facts["code"], facts["hint"]


NO_OBJECT = (errors.MalformedReply, "the answer is no JSON object", None, None)
NOT_THERE = (errors.NotFound, "gone", "DLI.12004", WRONG_JOB)


@pytest.mark.parametrize(
    ("payload", "failure"),
    [
        ([], NO_OBJECT),
        (None, NO_OBJECT),
        ({"is_success": False, "message": "no"}, (errors.InvalidRequest, "no", None, None)),
        ({"is_success": "false"}, (errors.InvalidRequest, "refused without a reason", None, None)),
        ({"error_code": "DLI.12004", "error_msg": "gone"}, NOT_THERE),
        (inside(error_code="DLI.12004", error_msg="gone"), NOT_THERE),
        (inside(is_success=False, message="not now"), (errors.InvalidRequest, "not now", None, None)),
        ({"message": "?"}, (errors.MalformedReply, "Delivery cannot be read from the answer: is_success", None, None)),
    ],
)
def test_a_write_that_was_not_accepted_tells_why(payload, failure):
    assert failure_of(lambda: accepted(payload, REQUEST)) == failure


@pytest.mark.parametrize("success", [True, "true"])
def test_an_accepted_write_gives_its_answer(success):
    payload = {"is_success": success, "message": "created", "job": {"job_id": 1}}
    assert accepted(payload, REQUEST) is payload


@pytest.mark.parametrize(
    ("payload", "failure"),
    [
        ([], NO_OBJECT),
        ({"error_code": "DLI.12004", "error_msg": "gone"}, NOT_THERE),
        (inside(error_code="DLI.12004", error_msg="gone"), NOT_THERE),
        (inside(is_success="false", message="not now"), (errors.InvalidRequest, "not now", None, None)),
        (inside(is_success=False), (errors.InvalidRequest, "is_success is false", None, None)),
        (inside(is_success=False, message="m" * 600), (errors.InvalidRequest, "m" * 500, None, None)),
        ({"is_success": False, "message": "down"}, (errors.ServerError, "down", None, None)),
        ({"is_success": "false"}, (errors.ServerError, "is_success is false", None, None)),
        ({"is_success": False, "message": "m" * 600}, (errors.ServerError, "m" * 500, None, None)),
        ({}, (errors.MalformedReply, "is_success is missing", None, None)),
        ({"is_success": "perhaps"}, (errors.MalformedReply, "is_success is missing", None, None)),
    ],
)
def test_a_read_that_failed_tells_why(payload, failure):
    assert failure_of(lambda: readable(payload, REQUEST)) == failure


@pytest.mark.parametrize("message", ["", "fine", "{fine", "[1]", 5, None, '{"is_success": true}', '{"message": "x"}'])
def test_a_message_without_an_error_in_it_is_none(message):
    payload = {"is_success": True, "message": message}
    assert readable(payload, REQUEST) is payload


def test_a_member_that_was_asked_for_has_to_be_there():
    payload = {"is_success": True, "job_detail": {"job_id": 1}}
    assert member(payload, "job_detail", REQUEST) == {"job_id": 1}
    missing = (errors.MalformedReply, "job_list is missing", None, None)
    assert failure_of(lambda: member(payload, "job_list", REQUEST)) == missing
    assert failure_of(lambda: part({"job_list": "x"}, "job_list", dict, REQUEST)) == missing


@pytest.mark.parametrize(
    ("listed", "rows"),
    [
        ({"jobs": [1], "total": 7}, ([1], 7)),
        ({"jobs": [1], "total": "7"}, ([1], None)),
        ({"jobs": [1], "total": True}, ([1], None)),
        ({"jobs": [1]}, ([1], None)),
        ({"total": 0}, ([], 0)),
        ({"jobs": None, "total": 0}, ([], 0)),
    ],
)
def test_rows_come_with_the_number_of_all_of_them_or_none(listed, rows):
    assert rows_of(listed, "jobs", "total", REQUEST) == rows


@pytest.mark.parametrize("listed", [{}, {"total": 1}, {"total": False}, {"jobs": {}, "total": 0}])
def test_a_list_that_is_missing_is_not_an_empty_one(listed):
    failure = (errors.MalformedReply, "the list jobs is missing", None, None)
    assert failure_of(lambda: rows_of(listed, "jobs", "total", REQUEST)) == failure


def test_a_page_holds_jobs():
    row = {"job_id": 1, "status": "job_running"}
    answer = {"is_success": True, "job_list": {"total_count": 9, "jobs": [row]}}
    assert page_of(answer, REQUEST) == ([row], 9)
    assert job_of(row) == FlinkJob.model_validate(row)
    with pytest.raises(errors.MalformedReply, match="FlinkJob cannot be read from the answer: no object"):
        job_of([])


@pytest.mark.parametrize(
    ("entry", "read"),
    [
        ({"is_success": "true", "message": "sent"}, Delivery(is_success=True, message="sent")),
        (
            {"error_code": "DLI.0006", "error_msg": "no"},
            Delivery(is_success=False, message="no", error_code="DLI.0006"),
        ),
        (inside(errorCode="DLI.0006", errorMsg="no"), Delivery(is_success=False, message="no", error_code="DLI.0006")),
    ],
)
def test_an_element_of_a_batch_says_yes_or_why_not(entry, read):
    assert delivery(entry, REQUEST) == read


def test_an_element_that_is_no_answer_is_an_error_about_its_call():
    failure = (errors.MalformedReply, "Delivery cannot be read from the answer: no object", None, None)
    assert failure_of(lambda: delivery("yes", REQUEST)) == failure


def test_a_refused_element_of_a_batch_is_an_error_of_the_batch():
    refused = refusal(Delivery(is_success=False, message="m" * 600, error_code="DLI.0006"), "batch_run_flink_jobs")
    assert type(refused) is errors.Conflict
    assert refused.facts() == {
        "problem": "m" * 500,
        "service": "DLI",
        "operation": "batch_run_flink_jobs",
        "method": "POST",
        "path": "/streaming/jobs",
        "status": 200,
        "code": "DLI.0006",
        "request_id": None,
        "hint": None,
        "retry_after": None,
        "renewable": False,
        "state": None,
    }


SUBMIT = Request("submit_sql_job", "POST", "/v1.0/p/jobs/submit-job")
LIST = Request("list_sql_jobs", "GET", "/v1.0/p/jobs")
STATUS = Request("show_sql_job_status", "GET", "/v1.0/p/jobs/1/status")


@pytest.mark.parametrize(
    ("request_", "inner", "kind"),
    [
        (SUBMIT, {"error_code": "DLI.0007", "error_msg": "no such queue"}, errors.InvalidRequest),
        (SUBMIT, {"is_success": "false", "message": "no"}, errors.InvalidRequest),
        # it may have been carried out: nothing is sent again before somebody looked
        (SUBMIT, {"error_code": "DLI.0999", "error_msg": "x"}, errors.ServerError),
        (LIST, {"error_code": "DLI.0999", "error_msg": "x"}, errors.ServerError),
        (LIST, {"is_success": False}, errors.ServerError),
    ],
)
def test_a_refusal_hidden_in_the_message_of_a_sql_call_is_no_success(request_, inner, kind):
    payload = {**inside(**inner), "jobs": [], "job_count": 0}
    with pytest.raises(kind):
        succeeded(Answer, payload, request_)


def test_an_answer_that_says_no_and_names_a_job_all_the_same_leaves_it_open():
    with pytest.raises(errors.MalformedReply, match="it names a job, and its message says no"):
        succeeded(Answer, {**inside(error_code="DLI.0007"), "job_id": "1"}, SUBMIT)


def test_the_message_beside_a_status_is_about_the_job():
    payload = {**inside(error_code="DLI.0999", error_msg="out of memory"), "job_id": "1", "status": "FAILED"}
    assert succeeded(SqlJob, payload, STATUS).status == "FAILED"


def test_a_list_of_sql_jobs_that_is_missing_is_not_an_empty_one():
    with pytest.raises(errors.MalformedReply):
        rows_of({"is_success": True, "job_count": 3}, "jobs", "job_count", LIST)
    assert rows_of({"is_success": True, "jobs": None}, "jobs", "job_count", LIST).rows == []


BATCH = Request("show_spark_batch_state", "GET", "/v2.0/p/batches/1/state")
CANCEL = Request("cancel_sql_job", "DELETE", "/v1.0/p/jobs/1")


def whole_failure_of(call):
    with pytest.raises(errors.ApiError) as caught:
        call()
    return type(caught.value), caught.value.facts()


def facts(request, problem, code=None, hint=None, status=200):
    return {
        "service": "DLI", "operation": request.operation, "method": request.method, "path": request.path,
        "status": status, "problem": problem, "code": code, "hint": hint,
    }  # fmt: skip


WRONG_ID = "Check the id, and that project and region are the right ones."
LONG = "x" * 700


@pytest.mark.parametrize(
    ("request_", "payload", "kind", "problem", "code", "hint"),
    [
        (SUBMIT, [], errors.MalformedReply, "the answer is no JSON object", None, None),
        (SUBMIT, {}, errors.MalformedReply, "is_success is missing", None, None),
        (SUBMIT, {"is_success": "perhaps"}, errors.MalformedReply, "is_success is missing", None, None),
        (SUBMIT, {"is_success": False, "message": " no table "}, errors.InvalidRequest, "no table", None, None),
        (SUBMIT, {"is_success": "false"}, errors.InvalidRequest, "is_success is false", None, None),
        (SUBMIT, {"is_success": False, "message": 7}, errors.InvalidRequest, "is_success is false", None, None),
        (SUBMIT, {"is_success": False, "message": "{no json"}, errors.InvalidRequest, "{no json", None, None),
        (SUBMIT, {"is_success": False, "message": "{}"}, errors.InvalidRequest, "{}", None, None),
        (SUBMIT, {"is_success": False, "message": LONG}, errors.InvalidRequest, LONG[:500], None, None),
        (STATUS, {"is_success": False, "message": "busy"}, errors.ServerError, "busy", None, None),
        (CANCEL, {"is_success": False, "message": "busy"}, errors.InvalidRequest, "busy", None, None),
        (STATUS, {"is_success": False, "message": json.dumps({"error_code": "DLI.0002", "error_msg": "gone"})}, errors.NotFound, "DLI.0002: gone", "DLI.0002", WRONG_ID),
        (SUBMIT, {"is_success": False, "message": json.dumps({"error_code": "DLI.0998", "error_msg": "odd"})}, errors.InvalidRequest, "DLI.0998: odd", "DLI.0998", None),
        (SUBMIT, {"is_success": False, "message": json.dumps({"error": "odd"})}, errors.InvalidRequest, "odd", None, None),
        (SUBMIT, {"is_success": False, "message": json.dumps({"error_code": "DLI.0006", "error_msg": LONG})}, errors.Conflict, f"DLI.0006: {LONG}"[:500], "DLI.0006", None),
        (SUBMIT, {**inside(error_code="DLI.0007", error_msg="bad"), "job_id": "1"}, errors.MalformedReply, "it names a job, and its message says no", None, None),
        (STATUS, {**inside(error_code="DLI.0007", error_msg="bad")}, errors.InvalidRequest, "DLI.0007: bad", "DLI.0007", None),
        (CANCEL, {**inside(error_code="DLI.0007", error_msg="bad"), "status": "FAILED"}, errors.InvalidRequest, "DLI.0007: bad", "DLI.0007", None),
        (STATUS, {"is_success": True, "job_id": "1"}, errors.MalformedReply, "SqlJob cannot be read from the answer: status", None, None),
        (SUBMIT, {"error_code": "DLI.0002", "error_msg": "gone"}, errors.NotFound, "gone", "DLI.0002", WRONG_ID),
    ],
)  # fmt: skip
def test_an_answer_about_a_sql_job_that_is_no_success_tells_everything(request_, payload, kind, problem, code, hint):
    found, told_ = whole_failure_of(lambda: succeeded(SqlJob, payload, request_))
    expected = facts(request_, problem, code, hint)
    assert found is kind
    assert {name: told_[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("payload", "kind", "problem", "code", "hint"),
    [
        ({"error_code": "DLI.0002", "error_msg": "gone"}, errors.NotFound, "gone", "DLI.0002", WRONG_ID),
        ({"id": "1"}, errors.MalformedReply, "SparkState cannot be read from the answer: state", None, None),
        ([], errors.MalformedReply, "SparkState cannot be read from the answer: no object", None, None),
    ],
)
def test_an_answer_about_a_spark_batch_that_is_no_success_tells_everything(payload, kind, problem, code, hint):
    found, told_ = whole_failure_of(lambda: plain(SparkState, payload, BATCH))
    expected = facts(BATCH, problem, code, hint)
    assert found is kind
    assert {name: told_[name] for name in expected} == expected


def test_what_was_asked_for_is_read():
    assert plain(SparkState, {"id": "1", "state": "Success"}, BATCH).id == "1"
    assert succeeded(SqlJob, {"is_success": "true", "job_id": "1", "status": "RUNNING"}, STATUS).status == "RUNNING"
