"""
What the vendor's documents say of errors, contradictions and traps: each row has a test here or names the one it has.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/public_parameters/error_codes.html and the pages of the
operations; "row" is the row in the order of that reading.
"""

import json
from pathlib import Path

import pytest

from airflow_provider_pipelines.core.http import identity
from airflow_provider_pipelines.core.http.retry import possibly_done
from airflow_provider_pipelines.dli.api.access import CODES, host
from airflow_provider_pipelines.dli.api.flink.models import FlinkJob
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator
from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    NotFound,
    NotSupported,
    PermissionDenied,
    PlaceNotFound,
    QuotaExceeded,
    ServerError,
    Throttled,
    mendable,
)
from tests.dli.conftest import answering, detail, element, job, page, replying, sample
from tests.dli.test_hook import call
from tests.support.modes import plain
from tests.support.sheets import check_row

RUNNING, DRAFT, STOPPED = 128, 142, 146


@pytest.fixture(autouse=True)
def no_identity_of_another_test():
    identity._IDENTITIES.clear()


# which error each code is, and whether a retry of the task can mend it

DOCUMENTED = [
    (400, "DLI.0001", InvalidRequest), (400, "DLI.0002", NotFound), (400, "DLI.0003", PermissionDenied),
    (400, "DLI.0004", InvalidRequest), (400, "DLI.0005", InvalidRequest), (400, "DLI.0006", Conflict),
    (400, "DLI.0007", InvalidRequest), (400, "DLI.0008", InvalidRequest), (400, "DLI.0009", QuotaExceeded),
    (400, "DLI.0011", PermissionDenied), (400, "DLI.0012", ServerError), (401, "DLI.0013", AuthenticationError),
    (401, "DLI.0014", AuthenticationError), (400, "DLI.0015", AuthenticationError),
    (400, "DLI.0016", PermissionDenied), (400, "DLI.0018", InvalidRequest), (400, "DLI.0019", ServerError),
    (400, "DLI.0100", InvalidRequest), (404, "DLI.0023", NotFound), (400, "DLI.0999", ServerError),
    (400, "DLI.1028", QuotaExceeded), (400, "DLI.11016", InvalidRequest), (400, "DLI.11098", InvalidRequest),
    (400, "DLI.12002", InvalidRequest), (400, "DLI.12004", NotFound), (400, "DLI.13024", InvalidRequest),
    (400, "DLI.16001", NotFound), (401, "APIG.1002", AuthenticationError), (429, "APIG.0308", Throttled),
    (403, None, PermissionDenied), (404, None, PlaceNotFound), (408, None, ServerError), (500, None, ServerError),
    (502, None, ServerError), (503, None, ServerError), (504, None, ServerError),
]  # fmt: skip


@pytest.mark.parametrize(("status", "code", "kind"), DOCUMENTED)
@pytest.mark.parametrize("array", [False, True], ids=["object", "array"])
def test_a_documented_code_is_its_error(status, code, kind, array):
    body = {"error_code": code, "error_msg": "text of the vendor"}
    with pytest.raises(kind, match="text of the vendor") as caught:
        call(lambda api: api.show_flink_job(1), replying([body] if array else body, status))
    assert type(caught.value) is kind
    assert mendable(caught.value) is (kind in {ServerError, Throttled, QuotaExceeded, Conflict, PlaceNotFound})
    assert possibly_done(caught.value) is (kind in {ServerError, PlaceNotFound})


def test_every_code_that_we_know_is_documented():
    assert set(CODES) <= {code for _, code, _ in DOCUMENTED}


# the shapes that an error can take

SHAPES = [
    (400, {"error_code": "DLI.0001", "error_msg": "said"}, InvalidRequest),
    (400, [{"error_code": "DLI.0001", "error_msg": "said"}], InvalidRequest),
    (400, [{"is_success": "true", "message": "delivered"}, {"error_code": "DLI.0001", "error_msg": "said"}], InvalidRequest),
    (200, {"is_success": "false", "message": "said"}, InvalidRequest),
    (200, [{"is_success": False, "message": "said"}], InvalidRequest),
    (200, [{"error_code": "DLI.0999", "error_msg": "said"}], ServerError),
    (200, [{"is_success": True, "message": '{"error_code":"DLI.0999","error_msg":"said"}'}], ServerError),
    (403, {"error": {"code": "403", "message": "said: X-Auth-Token is invalid in the request"}}, PermissionDenied),
    (400, {"errorCode": "DLI.0001", "errorMsg": "said"}, InvalidRequest),
    (400, {"code": "DLI.0001", "message": "said"}, InvalidRequest),
    (404, {"error_msg": "The API does not exist or has not been published, said", "error_code": "APIG.0101"}, PlaceNotFound),
    (400, b"<html>said</html>", InvalidRequest),
    (502, b"", ServerError),
    (200, b"", MalformedReply),
    (200, b"<html>login</html>", MalformedReply),
    (200, b'[{"is_success": "tr', MalformedReply),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), SHAPES)
def test_an_error_is_found_in_every_shape(status, body, kind):
    with pytest.raises(kind) as caught:
        call(lambda api: api.batch_stop_flink_jobs([1]), replying(body, status))
    assert isinstance(body, bytes) or "said" in str(caught.value)


def test_a_graph_may_fail_inside_a_200(api):
    answer = {"is_success": True, "message": "no such table", "error_code": "DLI.0005", "stream_graph": ""}
    with pytest.raises(InvalidRequest, match="no such table"):
        answering({**answer, "error_msg": "no such table"}).run(api.create_flink_sql_job_graph(1, sql_body="x"))
    with pytest.raises(InvalidRequest, match=r"DLI\.0005"):
        answering(answer).run(api.create_flink_sql_job_graph(1, sql_body="x"))


def test_a_read_may_fail_in_its_message_only(api):
    answer = {"is_success": True, "message": '{"error_code":"DLI.0999","error_msg":"busy"}', "job_detail": {}}
    with pytest.raises(ServerError, match="busy"):
        answering(answer).run(api.show_flink_job(1))


# traps


def test_a_refused_token_is_renewed_once(emulator, monkeypatch):
    """401 and DLI.0013: one new token, one more try, then the error."""
    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    connection |= {"login": credentials.IAM_USER, "password": credentials.IAM_PASSWORD}
    connection["extra"] |= {"auth": "password", "account": credentials.IAM_ACCOUNT}
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))
    refused = {"status": 401, "body": {"error_code": "DLI.0013", "error_msg": "token expired"}}
    emulator.fault("show_flink_job", service="dli", kind="reply", **refused)
    with DliHook() as hook:
        assert hook.show_flink_job(RUNNING).job_id == RUNNING
        emulator.mark()
        emulator.fault("show_flink_job", service="dli", times=9, kind="reply", **refused)
        with pytest.raises(AuthenticationError):
            hook.show_flink_job(RUNNING)
    asked = [call["operation"] for call in emulator.calls()]
    assert asked == ["show_flink_job", "create_token", "show_flink_job"]


def test_a_throttled_call_waits_as_long_as_it_is_told(emulator, clock):
    emulator.fault("batch_run_flink_jobs", service="dli", kind="reply", status=429, headers={"Retry-After": "17"})
    hook = DliHook()
    hook.clock = clock
    assert hook.batch_run_flink_jobs([DRAFT])[0].is_success is True
    assert 17 <= sum(clock.slept) <= 18


def test_a_stop_that_was_lost_is_not_sent_again_without_its_savepoint(emulator, clock):
    emulator.fault("batch_stop_flink_jobs", service="dli", kind="drop")
    make = lambda **mode: DliBatchStopOperator(task_id="t", job_ids=[RUNNING], trigger_savepoint=True, **mode)  # noqa: E731 -- made anew in each mode
    (outcome,) = plain(make, clock)["result"]
    assert outcome["has_savepoint"] is True
    assert len(emulator.writes("dli")) == 1


def test_a_stop_of_what_is_gone_says_so(emulator, clock):
    make = lambda **mode: DliBatchStopOperator(task_id="t", job_ids=[999], **mode)  # noqa: E731 -- made anew in each mode
    kind, said = plain(make, clock)["error"]
    assert kind == "AirflowFailException"
    assert "DLI.16001" in said
    assert emulator.writes("dli") == []


def test_one_flag_goes_with_all_ids_and_not_with_a_job_that_has_no_savepoint(emulator, clock):
    make = lambda **mode: DliBatchRunOperator(task_id="t", job_ids=[145, STOPPED], resume_savepoint=True, **mode)  # noqa: E731 -- made anew in each mode
    assert "has no savepoint" in plain(make, clock)["error"][1]
    assert emulator.writes("dli") == [("batch_run_flink_jobs", ["145"])]


def test_messages_are_asked_for_in_english_and_never_read():
    _, (wire,) = call(lambda api: api.batch_stop_flink_jobs([1]), replying([element(message="成功")]))
    assert wire.headers["X-Language"] == "en-us"


def test_a_checkpoint_mode_of_an_answer_may_be_a_number_or_a_word():
    modes = [1, 2, "exactly_once", None]
    jobs = [FlinkJob.model_validate(job(1, job_config={"checkpoint_mode": mode})) for mode in modes]
    assert [one.job_config.checkpoint_mode for one in jobs] == ["1", "2", "exactly_once", None]


def test_the_defaults_of_a_create_that_contradict_each_other_are_not_sent(api):
    driver = answering({"is_success": "true", "job": {"job_id": 1, "status_name": "job_init"}})
    driver.run(api.create_flink_sql_job({"name": "x"}))
    assert json.loads(driver.requests[0].body) == {"name": "x"}


def test_a_status_has_another_name_in_the_answer_of_a_create():
    assert FlinkJob.model_validate({"job_id": 1, "status_name": "job_init"}).status == "job_init"


@pytest.mark.parametrize("excerpt", ["flink_execute_graph.response", "flink_execute_graph.response.hw2021-excerpt"])
def test_an_execution_graph_may_have_members_that_nobody_documented(api, excerpt):
    graph = answering(sample(excerpt)).run(api.show_flink_job_execution_graph(1))
    assert (graph.state, graph.isStoppable, graph.end_time) == ("RUNNING", False, -1)
    assert graph.start_time == 1578904488436
    assert answering({"is_success": True, "execute_graph": None}).run(api.show_flink_job_execution_graph(1)) is None
    with pytest.raises(MalformedReply, match="execute_graph is missing"):
        answering({"is_success": True}).run(api.show_flink_job_execution_graph(1))


def test_any_job_type_is_accepted(api):
    driver = answering(page(job(1, job_type="flink_of_tomorrow")))
    (found,) = driver.run(api.list_flink_jobs(job_type="flink_of_tomorrow"))
    assert found.job_type == "flink_of_tomorrow"


def test_each_version_is_in_the_path_of_its_operation(api):
    answers = [detail(1), {"is_success": True, "stream_graph": "{}"}, {"is_success": True}]
    driver = answering(*answers)
    driver.run(api.show_flink_job(1))
    driver.run(api.create_flink_sql_job_graph(1, sql_body="x"))
    driver.run(api.register_bucket(["b"]))
    assert [request.path.split("/")[1] for request in driver.requests] == ["v1.0", "v3", "v1.0"]
    assert driver.requests[2].path.endswith("/dli/obs-authorize")


def test_a_graph_is_json_in_a_string(api):
    graph = answering(sample("flink_gen_graph.response.shortened")).run(api.create_flink_sql_job_graph(1, sql_body="x"))
    assert [node["parallelism"] for node in graph.nodes] == [1]
    assert graph.operator_list[0]["type"] == "Sink"
    for text in ("", "{", "[]", "null"):
        with pytest.raises(MalformedReply):
            answering({"is_success": True, "stream_graph": text}).run(api.create_flink_sql_job_graph(1, sql_body="x"))


def test_ids_of_an_import_may_be_text_and_none_is_minus_one(api):
    (mapped,) = answering(sample("flink_import.response")).run(api.import_flink_jobs("a.zip"))
    assert (mapped.old_job_id, mapped.new_job_id) == (100, 200)
    for ids in ((100, -1), ("100", "-1")):
        row = dict(zip(("old_job_id", "new_job_id"), ids, strict=True))
        (mapped,) = answering({"is_success": True, "job_mapping": [row]}).run(api.import_flink_jobs("a.zip"))
        assert mapped.new_job_id == -1
    for odd in (True, 1.5, "-", "x", None):
        row = {"old_job_id": 1, "new_job_id": odd}
        with pytest.raises(MalformedReply):
            answering({"is_success": True, "job_mapping": [row]}).run(api.import_flink_jobs("a.zip"))


def test_metrics_name_their_job(api):
    (row,) = answering(sample("flink_metrics.response")).run(api.show_flink_metric([298765, 298766]))
    assert (row.job_id, row.metrics.total_read_rate) == (0, 100)
    assert row.metrics.sinks[0].records == 0


def test_a_documented_export_is_read(api):
    driver = answering(sample("flink_export.response"))
    assert driver.run(api.export_flink_jobs("obs-test", True, [100])) == ["obs-test/aggregate_1582677879475.zip"]
    with pytest.raises(MalformedReply, match="zip_file"):
        answering({"is_success": True}).run(api.export_flink_jobs("obs-test"))


def test_an_address_tells_the_edition_where_the_connection_does_not():
    from tests.dli.test_hook import session

    api, _ = session(cloud=None, region=None, dli_endpoint=f"https://{host('otc', 'eu-de')}/v1.0")
    assert api.cloud == "otc"
    with pytest.raises(NotSupported):
        api.check_offered("execute_flink_job_savepoint")
    api, _ = session(cloud=None, region=None, dli_endpoint="https://dli.example.com")
    assert api.cloud == "huaweicloud"


# the rows: what to do about an error ("E", retryable, terminal, done), and what to beware of ("T")

ROWS = [
    ("E1", "no answer or 5xx to a read: again, with pauses", "test_modes.py::[looks that fail]"),
    ("E2", "the same to a run: look first", "test_modes.py::[lost answer, carried out]"),
    ("E3", "the same to a stop: look first", "test_modes.py::[cut answer]"),
    ("E4", "the same to a stop with savepoint", "test_a_stop_that_was_lost_is_not_sent_again_without_its_savepoint"),
    ("E5", "the same to a create: list by name", "test_definitions.py::test_a_lost_answer_of_a_create_is_made_up_for"),
    ("E6", "the same to a delete: not found is success", "test_delete_and_list.py::[lost answer, carried out]"),
    ("E7", "429: as long as it says", "test_a_throttled_call_waits_as_long_as_it_is_told"),
    ("E8", "503 'should not repeat': reads only", "test_modes.py::[503 to a write]"),
    ("E9", "401: one new token", "test_a_refused_token_is_renewed_once"),
    ("E10", "403 and its codes: final", "test_a_documented_code_is_its_error"),
    ("E11", "the caller's fault: final", "test_a_documented_code_is_its_error"),
    ("E12", "quota", "test_a_documented_code_is_its_error"),
    ("E13", "DLI.0012, DLI.0019: with care", "test_a_documented_code_is_its_error"),
    ("E14", "DLI.0999: look first", "test_modes.py::[server error with 400]"),
    ("E15", "not found: final; done for a delete", "test_a_stop_of_what_is_gone_says_so"),
    ("E15", "not found: final; done for a delete", "test_delete_and_list.py::[delete of what is not there]"),
    ("E16", "the name exists", "test_definitions.py::test_a_name_that_exists_is_told_with_the_job_that_has_it"),
    ("E17", "stop of what is stopped", "test_modes.py::[stop of what is stopped]"),
    ("E18", "run of what runs", "test_modes.py::[run of what runs]"),
    ("E19", "stop of what is stopping", "test_modes.py::[stop of what is stopping]"),
    ("T1", "is_success as text or Boolean", "test_api.py::test_success_may_come_as_boolean_or_as_text"),
    ("T1", "is_success as text or Boolean", "test_operations.py::test_an_operation_copes_with_is_success_as_a_boolean"),
    ("T2", "the vendor's client mistakes is_success", "none: no vendor's client is used at run time"),
    ("T3", "no ids in a batch answer", "test_batches.py::test_the_truth_comes_from_the_look_and_not_from_the_place_of_an_element"),
    ("T4", "a batch fails in part", "test_modes.py::[some have no queue]"),
    ("T4", "a batch fails as a whole", "test_modes.py::[refused as a whole]"),
    ("T5", "a plain object for an array", "test_modes.py::[a plain object]"),
    ("T6", "success means delivered", "test_modes.py::[run of a finished one that has no effect]"),
    ("T7", "texts change", "test_messages_are_asked_for_in_english_and_never_read"),
    ("T8", "checkpoint_mode as number and word", "test_definitions.py::test_a_checkpoint_mode_may_be_a_number_or_a_word"),
    ("T8", "checkpoint_mode as number and word", "test_a_checkpoint_mode_of_an_answer_may_be_a_number_or_a_word"),
    ("T9", "defaults that contradict each other", "test_the_defaults_of_a_create_that_contradict_each_other_are_not_sent"),
    ("T10", "status_name and status", "test_a_status_has_another_name_in_the_answer_of_a_create"),
    ("T11", "user_name and username", "test_api.py::test_other_names_of_fields_are_read_too"),
    ("T12", "types of ids", "test_api.py::test_what_is_no_id_is_never_sent"),
    ("T12", "ids as text in answers", "test_ids_of_an_import_may_be_text_and_none_is_minus_one"),
    ("T13", "ids above 2^53", "test_api.py::test_large_ids_go_out_and_come_back_unchanged"),
    ("T13", "ids out of templates", "test_modes.py::test_ids_may_come_from_a_template"),
    ("T14", "start_time of what never ran", "test_api.py::test_a_job_that_was_never_started_has_no_start_time"),
    ("T15", "members of the execution graph", "test_an_execution_graph_may_have_members_that_nobody_documented"),
    ("T16", "job types", "test_any_job_type_is_accepted"),
    ("T17", "ten jobs without a limit", "test_api.py::test_all_pages_are_read_also_where_the_service_gives_shorter_ones"),
    ("T17", "pages that repeat", "test_api.py::test_a_service_that_repeats_its_first_page_is_not_read_for_ever"),
    ("T18", "obs:// or not", "test_savepoints.py::test_a_path_is_sent_with_its_scheme"),
    ("T19", "a restart deletes the savepoint", "none: the service's doing; the operators' documentation tells of it"),
    ("T20", "one flag for all ids", "test_one_flag_goes_with_all_ids_and_not_with_a_job_that_has_no_savepoint"),
    ("T21", "editions", "test_operations.py::test_a_savepoint_call_is_not_supported_by_open_telekom_cloud_and_nothing_is_sent"),
    ("T21", "editions", "test_operations.py::test_a_route_that_the_gateway_does_not_know_is_not_supported"),
    ("T22", "versions in paths", "test_each_version_is_in_the_path_of_its_operation"),
    ("T23", "stop of one job, which exists in a table only", "none: there is no such method to call"),
    ("T24", "a server error with HTTP 400", "test_hook.py::test_vendor_codes_count_more_than_the_status"),
    ("T25", "printed samples that are no JSON", "none: about documents; the samples of the tests are mended ones"),
    ("T26", "the record of a deleted job", "test_delete_and_list.py::[the record is kept]"),
    ("T27", "three ways to write a list of numbers", "none: about documents only"),
    ("T28", "JSON in a string", "test_definitions.py::test_a_field_that_is_json_in_a_string_takes_a_dictionary"),
    ("T28", "JSON in a string", "test_a_graph_is_json_in_a_string"),
    ("T28", "JSON in a string", "test_savepoints.py::test_a_refusal_is_found_wherever_it_hides"),
    ("T29", "FINISHED and FINISH", "none: about SQL jobs, which have tests of their own"),
    ("T30", "letter case of a batch's state", "none: about Spark batches, which have tests of their own"),
    ("T31", "id and appId", "none: about Spark batches, which have tests of their own"),
]  # fmt: skip


def test_no_row_is_left_out():
    numbers = {row for row, *_ in ROWS}
    assert numbers == {f"E{n}" for n in range(1, 20)} | {f"T{n}" for n in range(1, 32)}


@pytest.mark.parametrize(("row", "about", "where"), ROWS)
def test_a_row_has_a_test_or_a_reason(row, about, where):
    check_row(where, Path(__file__))
