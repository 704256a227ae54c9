"""
What is known of EnOS's errors, contradictions and traps: each row has a test here or names the one it has.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/overview.html and the pages of the operations and of
the token service; "row" is the row in the order of that reading.
"""

import re
import tomllib
from pathlib import Path

import pytest

from airflow_provider_pipelines.core.http.calls import Request
from airflow_provider_pipelines.core.http.retry import possibly_done, transient
from airflow_provider_pipelines.enos import states
from airflow_provider_pipelines.enos.api import pipelines as api
from airflow_provider_pipelines.enos.api.access import _CODES
from airflow_provider_pipelines.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    NotFound,
    PermissionDenied,
    PipelinesError,
    PlaceNotFound,
    QuotaExceeded,
    ServerError,
    Throttled,
    mendable,
)
from tests.enos.test_api import NOW, page, reply, run, sample, scheme
from tests.support.sheets import check_row

ROOT = Path(__file__).parents[2]
O1 = api.EnosApi("o1")


def refused(body, status=200, operation="start_pipeline"):
    with pytest.raises(PipelinesError) as caught:
        scheme().read(Request(operation, "POST", "/p"), reply(body, status), NOW)
    return caught.value


# the codes: what a read does ("again", "no"), what a write may have done, and whether a retry of the task can mend it

FINAL, AGAIN = (False, False, False), (True, True, True)
CODED = [
    (61100, InvalidRequest, FINAL),
    (61102, InvalidRequest, FINAL),
    (61105, InvalidRequest, FINAL),
    (61106, NotFound, FINAL),
    (61107, InvalidRequest, FINAL),
    (61108, NotFound, FINAL),
    (61112, ServerError, AGAIN),
    (61115, ServerError, AGAIN),
    (61121, Conflict, (False, False, True)),
    (61122, ServerError, AGAIN),
    (61126, QuotaExceeded, (False, False, True)),
    (61128, PermissionDenied, FINAL),
    (61152, Conflict, (False, False, True)),
    (61165, Conflict, (False, False, True)),
    (61168, ServerError, AGAIN),
    (61169, Conflict, (False, False, True)),
    (61176, InvalidRequest, FINAL),
    (61199, InvalidRequest, FINAL),
    (99000, ServerError, AGAIN),
    (1001, Throttled, (True, False, True)),
    (1002, AuthenticationError, FINAL),
    (1003, AuthenticationError, FINAL),
    (1004, AuthenticationError, FINAL),
    (1005, ServerError, AGAIN),
    (1202, InvalidRequest, FINAL),
]


@pytest.mark.parametrize("member", ["code", "status"])
@pytest.mark.parametrize("written", [int, str])
@pytest.mark.parametrize(("code", "kind", "consequences"), CODED)
def test_a_documented_code_is_its_error(code, kind, consequences, written, member):
    error = refused({member: written(code), "msg": "as documented"})
    assert (type(error), error.code, "as documented" in str(error)) == (kind, str(code), True)
    assert (transient(error), possibly_done(error), mendable(error)) == consequences


def test_every_code_that_we_know_is_documented():
    assert _CODES.keys() == {code for code, *_ in CODED}


@pytest.mark.parametrize("body", [{"code": 1203}, {"status": "1203"}, {"apim_status": 4011}, {"apim_status": "4012"}])
def test_an_expired_token_is_renewed_whichever_scheme_tells_of_it(body):
    error = refused(body)
    assert (type(error), error.renewable, possibly_done(error)) == (AuthenticationError, True, False)


def test_a_refused_start_says_which_kind_of_wait_may_help():
    assert (states.START.busy, states.START.scarce) == ({"61121"}, {"61126"})


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDenied)])
def test_a_gateway_that_refuses_gets_one_new_token(status, kind):
    error = refused("no", status)
    assert (type(error), error.renewable) == (kind, True)


@pytest.mark.parametrize("status", [429, 503])
def test_a_throttling_gateway_may_be_asked_again(status):
    assert transient(refused("busy", status))


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_gateway_that_fails_leaves_open_what_became_of_a_write(status):
    assert possibly_done(refused("failed", status))


def test_a_route_that_is_not_there_may_be_there_again():
    error = refused("no such route", 404)
    assert isinstance(error, PlaceNotFound)
    assert (mendable(error), transient(error), possibly_done(error)) == (True, True, True)


# the traps


def test_the_view_of_the_list_is_always_asked_for_in_small_letters():
    for given, shown in ((True, "true"), (False, "false")):
        asked, _ = run(O1.list_pipelines(given, given), [page()])
        query = dict(asked[0].query)
        assert (query["ifReleased"], query["isSystem"]) == (shown, shown)


def test_who_misses_a_pipeline_is_told_where_it_was_looked_for():
    with pytest.raises(NotFound, match="not among the released pipelines, user and system ones searched"):
        run(O1.get_status("x"), [page()] * 4)


def test_the_text_of_an_error_changes_nothing():
    for text in ("pipeline does not exit", "The Job does not exist", " OK", None, 7):
        assert isinstance(refused({"code": 61108, "msg": text}), NotFound)


def test_what_is_typed_as_a_list_may_be_an_object_or_a_list_of_one():
    lag, state = sample("get_pipeline_offset_lag.response")["data"], {"items": [{"assetId": "a", "time": 1}]}
    stage = ("p1", "Late_01", "a", "b")
    for call, data, read in (
        (O1.list_pipelines, page("a"), lambda found: found[0].pipelineId == "a"),
        (lambda: O1.get_pipeline_details("p1"), {"pipelineId": "p1"}, lambda found: found.pipelineId == "p1"),
        (lambda: O1.get_pipeline_offset_lag("p1"), lag, lambda found: found.lagAndOffset[0].offset == 6094977),
        (lambda: O1.get_stage_state(*stage), state, lambda found: found[0].assetId == "a"),
    ):
        for answer in (data, [data]):
            assert read(run(call(), [answer])[1])
    assert run(O1.get_stage_state(*stage), [state["items"]])[1][0].assetId == "a"
    with pytest.raises(MalformedReply):
        run(O1.get_pipeline_offset_lag("p1"), [[lag, lag]])


def test_types_that_differ_between_table_and_sample_are_read_both_ways():
    listed = {"count": 1, "pipelines": [{"pipelineId": "a", "templateType": "5", "messageChannel": "0", "version": 1}]}
    assert run(O1.list_pipelines(), [listed])[1][0].templateType == "5"
    lags = {"lagAndOffset": [{"lag": "12", "offset": "7", "ts": 1616759448328}]}
    assert run(O1.get_pipeline_offset_lag("p1"), [lags])[1].lagAndOffset[0].lag == 12
    for name in ("Time Window Aggregation", {"en_US": "Time Window Aggregation"}):
        found = run(O1.get_pipeline_details("p1"), [{"pipelineId": "p1", "templateName": name}])[1]
        assert found.templateName == name


def test_the_size_of_a_standalone_pipeline_is_an_object_and_its_kafka_rate_is_always_sent():
    assert api.start_body(0, 1000, {"server": 2}) == {
        "executionMode": 0, "kafkaRate": 1000, "resourceConfig": {"server": 2},
    }  # fmt: skip
    assert api.start_body(1, 9000) == {"executionMode": 1, "kafkaRate": 9000}
    with pytest.raises(PipelinesError, match="resource_config"):
        api.start_body(0, 1000, 2)


def test_what_the_list_says_of_resources_is_never_taken_for_a_start():
    listed = sample("list_pipelines.response.constructed")["data"]
    found = run(O1.list_pipelines(), [listed])[1][0]
    assert found.resourceConfig == '{"men":2.0,"cpu":1.0}'
    with pytest.raises(PipelinesError, match="resource_config"):
        api.start_body(0, 1000, found.resourceConfig)


def test_template_types_are_passed_through():
    for kind in (3, "5", 99):
        asked, _ = run(O1.save_pipeline(body={"name": "n", "templateType": kind}), ["new"])
        assert (
            asked[0].body
            == f'{{"name":"n","templateType":{kind if kind != "5" else chr(34) + "5" + chr(34)}}}'.encode()
        )


def test_a_wrong_organisation_and_a_missing_privilege_are_both_named():
    for code in (61106, 61108):
        hint = refused({"code": code, "msg": "x"}).hint
        assert "org_id" in hint
        assert "granted" in hint


def test_the_vendors_own_client_is_no_part_of_this():
    text = (ROOT / "pyproject.toml").read_text()
    wanted = tomllib.loads(text)["project"]
    assert "poseidon" not in str([wanted["dependencies"], wanted["optional-dependencies"]]).lower()
    for path in (ROOT / "airflow_provider_pipelines").rglob("*.py"):
        assert not re.search(r"^\s*(import|from) (poseidon|enos_)", path.read_text(), re.MULTILINE), path


def test_the_readme_names_the_supported_releases():
    assert "EnOS: releases 2.2 to 2.4" in " ".join((ROOT / "README.md").read_text().split())


# the rows: codes and statuses ("E"), and what to beware of ("T")

CODE = "test_a_documented_code_is_its_error"
ROWS = [
    ("E0", "success", "test_api.py::test_zero_is_success_whatever_the_text_says"),
    *((f"E{code}", "what follows from the code", CODE) for code, *_ in CODED),
    ("E61112", "a save that may have been done is not repeated", "test_api.py::test_a_saved_pipeline_without_an_id_is_no_success"),
    ("E61121", "again, later", "test_modes.py::[somebody else starts]"),
    ("E61122", "the status is read again", "test_modes.py::[service error in the write, work not done]"),
    ("E61126", "final, unless a wait was asked for", "test_a_refused_start_says_which_kind_of_wait_may_help"),
    ("E61126", "final, unless a wait was asked for", "test_modes.py::[resources come in time]"),
    ("E61128", "final", "test_modes.py::[mode not requested]"),
    ("E61152", "already there, on its way, or final", "test_modes.py::[somebody else was faster]"),
    ("E61152", "stop of PUBLISHED, though nothing runs", "test_modes.py::[stop of what was never started]"),
    ("E61165", "running already: new settings are not applied", "test_modes.py::[already running]"),
    ("E61168", "no clear answer", "test_modes.py::[offset, no clear answer]"),
    ("E61169", "final: it runs", "test_modes.py::[release of a running one]"),
    ("E1001", "again with another time", "test_api.py::test_a_proof_that_was_used_already_is_made_anew"),
    ("E1203", "a new token, once", "test_an_expired_token_is_renewed_whichever_scheme_tells_of_it"),
    ("E1203", "a new token, once", "test_modes.py::[token expiry before the write]"),
    ("E1204", "a failed refresh", "none: a token is never refreshed but got anew, since a refresh may end another process's"),
    ("E4011", "tokens of the other scheme", "test_an_expired_token_is_renewed_whichever_scheme_tells_of_it"),
    ("E401", "one new token", "test_a_gateway_that_refuses_gets_one_new_token"),
    ("E429", "throttled", "test_a_throttling_gateway_may_be_asked_again"),
    ("E429", "as long as it says", "test_api.py::test_retry_after_is_read_in_both_forms"),
    ("E429", "a write too", "test_modes.py::[write throttled]"),
    ("E500", "open what became of a write", "test_a_gateway_that_fails_leaves_open_what_became_of_a_write"),
    ("E500", "open what became of a write", "test_modes.py::[answer of the write lost, work done]"),
    ("E404", "no such route", "test_a_route_that_is_not_there_may_be_there_again"),
    ("T1", "the default list has no running pipelines", "test_the_view_of_the_list_is_always_asked_for_in_small_letters"),
    ("T1", "say where it was looked for", "test_who_misses_a_pipeline_is_told_where_it_was_looked_for"),
    ("T2", "status in the list only", "test_api.py::test_a_pipeline_is_absent_once_both_views_are_whole"),
    ("T2", "paging", "test_api.py::test_paging_ends_where_nothing_new_comes_whatever_the_count_says"),
    ("T2", "paging", "test_api.py::test_the_first_part_of_a_list_without_end_is_not_taken_for_the_whole"),
    ("T3", "failures with HTTP 200", "test_api.py::test_an_error_in_an_answer_is_never_a_success"),
    ("T3", "the HTTP status first", "test_api.py::test_the_http_status_counts_before_the_body"),
    ("T4", "OK in many ways", "test_api.py::test_zero_is_success_whatever_the_text_says"),
    ("T5", "no data, null, an empty text", "test_api.py::test_zero_is_success_whatever_the_text_says"),
    ("T6", "texts of errors", "test_the_text_of_an_error_changes_nothing"),
    ("T7", "the state in the text", "test_api.py::test_a_refused_state_is_read_from_the_text"),
    ("T7", "confirmed by the list", "test_modes.py::test_a_conflict_over_a_stale_list_sends_nothing_twice"),
    ("T8", "lists that are objects", "test_what_is_typed_as_a_list_may_be_an_object_or_a_list_of_one"),
    ("T9", "types", "test_types_that_differ_between_table_and_sample_are_read_both_ways"),
    ("T9", "what the samples send", "test_api.py::test_the_documented_start_is_sent"),
    ("T10", "a number or an object", "test_the_size_of_a_standalone_pipeline_is_an_object_and_its_kafka_rate_is_always_sent"),
    ("T11", "resources of the list", "test_what_the_list_says_of_resources_is_never_taken_for_a_start"),
    ("T12", "a mandatory default", "test_the_size_of_a_standalone_pipeline_is_an_object_and_its_kafka_rate_is_always_sent"),
    ("T13", "name and pipelineName", "test_api.py::test_the_documented_pipeline_is_saved"),
    ("T14", "template types", "test_template_types_are_passed_through"),
    ("T15", "action in the query", "test_api.py::test_the_documented_start_is_sent"),
    ("T15", "action is signed", "test_requests_and_answers.py::test_a_request_with_query_and_body_is_signed_as_it_is_sent"),
    ("T16", "no body", "test_api.py::test_an_action_without_settings_has_no_body"),
    ("T16", "no body", "test_api.py::test_release_and_offset_have_no_body"),
    ("T17", "the raw body is signed", "../test_vectors.py::test_an_enos_request_is_signed_as_documented"),
    ("T17", "the raw body is signed", "test_requests_and_answers.py::test_a_request_with_query_and_body_is_signed_as_it_is_sent"),
    ("T18", "capital letters", "test_the_view_of_the_list_is_always_asked_for_in_small_letters"),
    ("T19", "headers", "test_requests_and_answers.py::test_a_request_without_query_and_body_is_signed_as_documented"),
    ("T20", "seconds and milliseconds", "test_requests_and_answers.py::test_the_token_service_is_asked_as_documented"),
    ("T21", "one token a key", "test_tokens.py::test_fifty_threads_share_one_token"),
    ("T21", "one token a key", "test_tokens.py::test_a_token_is_replaced_by_get_and_never_by_refresh"),
    ("T21", "a proof is used once", "test_tokens.py::test_a_proof_that_was_used_before_is_made_anew_with_another_time"),
    ("T22", "one start at a time", "test_modes.py::[somebody else starts]"),
    ("T23", "organisation or privilege", "test_a_wrong_organisation_and_a_missing_privilege_are_both_named"),
    ("T24", "the vendor's client", "test_the_vendors_own_client_is_no_part_of_this"),
    ("T25", "secrets in what is signed", "../test_secrets.py::test_no_secret_is_shown_whatever_happens"),
    ("T26", "releases", "test_the_readme_names_the_supported_releases"),
    ("T27", "system pipelines first", "../emulator/enos/test_design.py::test_system_pipelines_may_have_to_run_first"),
    ("T28", "a repeated POST", "test_modes.py::[answer of the write lost, work done]"),
    ("T28", "a repeated POST", "test_modes.py::[answer of the write lost, work not done]"),
]  # fmt: skip


def test_no_row_is_left_out():
    numbers = {row for row, *_ in ROWS}
    statuses = {"E0", "E1203", "E1204", "E4011", "E401", "E404", "E429", "E500"}
    assert numbers == statuses | {f"E{code}" for code in _CODES} | {f"T{n}" for n in range(1, 29)}


@pytest.mark.parametrize(("row", "about", "where"), ROWS)
def test_a_row_has_a_test_or_a_reason(row, about, where):
    check_row(where, Path(__file__))
