"""
What is known of CodeArts's oddities, one test for each: errors (5), what may be done again (9), traps (10).

The numbers are those of the fact sheet that this package was written from. What a test cannot show has a comment
instead, with the reason.
"""

import json

import pytest

from airflow_provider_pipelines.codearts.api.access import CODES, QUEUED_CODES, REGIONS, REGIONS_EU, host_of
from airflow_provider_pipelines.codearts.api.models import JobRun, PipelineRun, RunDetail
from airflow_provider_pipelines.codearts.api.record_models import StepLog
from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.codearts.operators import (
    CodeArtsDisablePipelineOperator,
    CodeArtsEnablePipelineOperator,
    CodeArtsRetryRunOperator,
    CodeArtsRunPipelineOperator,
    CodeArtsStopRunOperator,
)
from airflow_provider_pipelines.codearts.states import DECISIONS, ENDED, RUN, SENSED, STATUSES
from airflow_provider_pipelines.core.verbs.observation import Watched
from airflow_provider_pipelines.core.verbs.watch import judge
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    PipelinesError,
    PlaceNotFound,
    QuotaExceeded,
    ServerError,
    Throttled,
    mendable,
)
from tests.codearts.conftest import BUILD, ENDLESS, FAILS, NIGHTLY, PIPELINE, REVIEW, run_of, steps
from tests.codearts.driving import API, PROJECT, Script, detail, queue_page, reply, row, runs_page, sample
from tests.codearts.test_modes import task
from tests.support.modes import plain

P, R = "794514e0a3184e5db0a4740112deee0f", "de6c9098f45a4ac58a6efc9c1b81df82"


def answered(name, answer, *given, **named):
    """Give what an operation makes of an answer, and the script with its requests."""
    script = Script(**{name: answer})
    return script.run(getattr(API, name)(*given, **named)), script


def refused(name, answer, *given, **named):
    with pytest.raises(PipelinesError) as caught:
        answered(name, answer, *given, **named)
    return caught.value


# 5: shapes of errors


@pytest.mark.parametrize("status", [200, 400, 404])
def test_5_shape_1_a_code_and_a_text_with_200_or_4xx(status):
    error = refused("show_pipeline_detail", reply({"error_code": "DEVPIPE.00011401", "error_msg": "gone"}, status), P)
    assert (type(error), error.code, error.problem) == (NotFound, "DEVPIPE.00011401", "gone")


def test_5_shape_2_an_inner_error():
    error = refused("show_pipeline_detail", {"error": {"code": "DEVPIPE.00011401", "message": "gone"}}, P)
    assert (type(error), error.code) == (NotFound, "DEVPIPE.00011401")


def test_5_shape_3_queued_is_no_error_of_run_and_retry():
    body = sample("run_pipeline_queued")["response"]["body"]
    started, _ = answered("run_pipeline", body, P)
    retried, _ = answered("retry_pipeline_run", body, P, R)
    assert (started.pipeline_run_id, started.queue_id) == (retried.pipeline_run_id, retried.queue_id) == (R, 1)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(401, "APIG.0301", AuthenticationError), (403, "APIG.0302", PermissionDenied), (404, "APIG.0101", PlaceNotFound),
     (429, "APIG.0308", Throttled), (503, "APIG.0203", ServerError)],
)  # fmt: skip
def test_5_shape_4_the_gateways(status, code, kind):
    body = {"error_code": code, "error_msg": "said the gateway", "request_id": "r1"}
    error = refused("show_pipeline_detail", reply(body, status), P)
    assert (type(error), error.code, error.request_id) == (kind, code, "r1")


@pytest.mark.parametrize("body", [b"", b"<html>proxy</html>", b"Bad Gateway", b'{"id": "x"'])
@pytest.mark.parametrize("status", [200, 404, 502])
def test_5_shape_5_html_text_nothing(body, status):
    error = refused("show_pipeline_detail", reply(body, status), P)
    assert type(error) is {200: MalformedReply, 404: PlaceNotFound, 502: ServerError}[status]


# 5: codes

MEANINGS = {
    "DEVPIPE.00011104": QuotaExceeded, "DEVPIPE.00011105": QuotaExceeded,
    "DEVPIPE.00011136": NotFound, "DEVPIPE.00011401": NotFound, "DEVPIPE.00011412": PlaceNotFound,
    "DEVPIPE.30021001": PlaceNotFound, "DEV_21_100169": PlaceNotFound, "DEVPIPE.00011203": InvalidRequest,
    "DEVPIPE.00014007": InvalidRequest, "DEVPIPE.00014024": InvalidRequest, "DEVPIPE.00014033": InvalidRequest,
    "DEVPIPE.30011001": InvalidRequest, "DEVPIPE.30011011": PermissionDenied,
}  # fmt: skip


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_5_every_known_code_has_its_meaning_with_200_and_with_400(code, status):
    error = refused("show_pipeline_detail", reply({"error_code": code, "error_msg": "x"}, status), P)
    assert type(error) is MEANINGS[code]
    assert error.hint


def test_5_no_code_of_the_table_is_left_out():
    assert set(CODES) == set(MEANINGS) | QUEUED_CODES


@pytest.mark.parametrize("code", sorted(QUEUED_CODES))
def test_5_queued_where_no_run_is_named_leaves_open_whether_there_is_one(code):
    error = refused("run_pipeline", {"error_code": code, "error_msg": "x"}, P)
    assert (type(error), error.unclear) == (MalformedReply, True)


# 9: what may be done again


def test_9_429_is_repeated_for_writes_too(hook, emulator):
    body = {"error_code": "APIG.0308", "error_msg": "too many"}
    emulator.fault(
        "run_pipeline", service="codearts", kind="reply", status=429, body=body, headers={"Retry-After": "7"}
    )
    assert hook.run_pipeline(BUILD).pipeline_run_id
    assert 7 <= max(hook.clock.slept) < 9
    assert [name for name, _ in emulator.writes("codearts")] == ["run_pipeline"] * 2


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_9_5xx_is_repeated_for_reads_and_stop_alone(hook, emulator, status):
    fault = {"service": "codearts", "kind": "reply", "status": status, "body": "x"}
    for name in ("show_pipeline_run_detail", "stop_pipeline_run", "run_pipeline", "retry_pipeline_run"):
        emulator.fault(name, **fault)
    assert hook.show_pipeline_run_detail(NIGHTLY, run_of("nightly")).status == "COMPLETED"
    assert hook.stop_pipeline_run(ENDLESS, run_of("soak-test")).success
    for name, given in (("run_pipeline", [BUILD]), ("retry_pipeline_run", [FAILS, run_of("always-fails")])):
        with pytest.raises(ServerError):
            getattr(hook, name)(*given)
    sent = [name for name, _ in emulator.writes("codearts")]
    assert sent == ["stop_pipeline_run"] * 2 + ["run_pipeline", "retry_pipeline_run"]


def test_9_a_lost_answer_to_a_write_is_looked_into_and_never_repeated(emulator, clock):
    emulator.fault("run_pipeline", service="codearts", kind="drop", executed=True)
    assert plain(task(CodeArtsRunPipelineOperator, pipeline_id=BUILD), clock)["result"]["result"] == "done"
    emulator.fault("retry_pipeline_run", service="codearts", kind="drop", executed=False)
    make = task(CodeArtsRetryRunOperator, pipeline_id=FAILS, pipeline_run_id=run_of("always-fails"))
    assert plain(make, clock)["error"][0] == "OutcomeUnknown"
    assert [name for name, _ in emulator.writes("codearts")] == ["run_pipeline", "retry_pipeline_run"]


@pytest.mark.parametrize("name", ["run_pipeline", "retry_pipeline_run", "accept_manual_review", "reject_manual_review"])
def test_9_a_lost_answer_is_outcome_unknown(hook, emulator, name):
    given = {
        "run_pipeline": [BUILD],
        "retry_pipeline_run": [FAILS, run_of("always-fails")],
    }.get(name) or [REVIEW, run_of("waits-for-review"), *steps(emulator, "waits-for-review")["review"]]
    emulator.fault(name, service="codearts", kind="drop", executed=True, times=9)
    with pytest.raises(OutcomeUnknown):
        getattr(hook, name)(*given)
    assert len(emulator.writes("codearts")) == 1


def test_9_a_lost_answer_to_stop_is_repeated(hook, emulator):
    emulator.fault("stop_pipeline_run", service="codearts", kind="drop", executed=True)
    assert hook.stop_pipeline_run(ENDLESS, run_of("soak-test")).success
    assert len(emulator.writes("codearts")) == 2


@pytest.mark.parametrize("code", ["DEVPIPE.00011104", "DEVPIPE.00011105"])
def test_9_no_capacity_may_pass_by_itself(emulator, clock, code):
    assert mendable(refused("run_pipeline", {"error_code": code, "error_msg": "x"}, P))
    emulator.fault("retry_pipeline_run", service="codearts", kind="error_in_200", code=code, message="x", times=2)
    make = task(CodeArtsRetryRunOperator, pipeline_id=PIPELINE["deploy"], pipeline_run_id=run_of("deploy", 2))
    assert plain(make, clock)["result"]["result"] == "done"
    assert len(emulator.writes("codearts")) == 3


@pytest.mark.parametrize("code", sorted(QUEUED_CODES))
@pytest.mark.parametrize("name", ["run_pipeline", "retry_pipeline_run"])
def test_9_queued_is_success_and_sent_once(code, name):
    body = {"error_code": code, "error_msg": "x", "error": {"pipeline_run_id": R, "queue_id": 5}}
    answer, script = answered(name, body, *([P] if name == "run_pipeline" else [P, R]))
    assert (answer.queue_id, len(script.requests)) == (5, 1)


def test_9_401_is_not_hammered(hook, emulator):
    body = {"error_code": "APIG.0301", "error_msg": "Incorrect IAM authentication information"}
    emulator.fault("list_pipelines", service="codearts", kind="reply", status=401, body=body, times=9)
    for _ in range(3):
        with pytest.raises(AuthenticationError):
            hook.list_pipelines()
    assert len(emulator.calls()) == 1, "a key signs again without a look would lock it; tokens are renewed elsewhere"


@pytest.mark.parametrize(("status", "code"), [(403, "APIG.0302"), (400, "DEVPIPE.30011011")])
def test_9_what_is_forbidden_is_not_tried_again(status, code):
    error = refused("stop_pipeline_run", reply({"error_code": code, "error_msg": "x"}, status), P, R)
    assert not mendable(error)


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "DEVPIPE.1"), (200, "DEVPIPE.00011136"), (200, "DEVPIPE.00011401")],
)
def test_9_wrong_ids_are_not_tried_again(status, code):
    error = refused("stop_pipeline_run", reply({"error_code": code, "error_msg": "x"}, status), P, R)
    assert not mendable(error)


@pytest.mark.parametrize(("status", "code"), [(404, None), (404, "APIG.0101"), (200, "DEVPIPE.00011412")])
def test_9_an_unknown_place_may_be_known_again_and_is_explained(status, code):
    error = refused("stop_pipeline_run", reply({"error_code": code, "error_msg": "x"}, status), P, R)
    assert isinstance(error, PlaceNotFound)
    assert mendable(error)
    assert "member" in error.hint if status == 200 else "endpoint" in error.hint


@pytest.mark.parametrize(("name", "place", "word"), [("nightly", 1, "COMPLETED"), ("always-fails", 1, "FAILED"), ("deploy", 2, "CANCELED"), ("ignored", 1, "IGNORED")])  # fmt: skip
def test_9_stopping_what_has_ended_is_already_done(emulator, clock, name, place, word):
    make = task(CodeArtsStopRunOperator, pipeline_id=PIPELINE[name], pipeline_run_id=run_of(name, place))
    seen = plain(make, clock)["result"]
    assert (seen["result"], seen["after"]) == ("already", word)
    assert emulator.writes() == []


@pytest.mark.parametrize("answer", ["false", "400", "404", "true"])
def test_9_a_stop_that_is_refused_is_looked_into(emulator, clock, answer):
    emulator.settings(codearts_stop_finished=answer)
    emulator.fault(
        "show_pipeline_run_detail", service="codearts", kind="reply", status=200, body=detail(run_of("nightly"))
    )
    make = task(CodeArtsStopRunOperator, pipeline_id=NIGHTLY, pipeline_run_id=run_of("nightly"))
    seen = plain(make, clock)
    assert len(emulator.writes()) == 1
    if answer in {"true", "false"}:
        assert seen["result"]["result"] in {"done", "already"}
    else:
        assert seen["error"][0] == {"400": "AirflowFailException", "404": "PlaceNotFound"}[answer]


def test_9_ban_and_unban_of_what_is_so_already(emulator, clock):
    disable = task(CodeArtsDisablePipelineOperator, pipeline_id=PIPELINE["disabled"])
    enable = task(CodeArtsEnablePipelineOperator, pipeline_id=NIGHTLY)
    assert [plain(make, clock)["result"]["result"] for make in (disable, enable)] == ["already", "already"]
    assert emulator.writes() == []


def test_9_a_step_that_waits_no_more_counts_only_if_it_ended_as_decided():
    assert "COMPLETED" in DECISIONS["pass"].already & DECISIONS["refuse"].hopeless
    assert "FAILED" in DECISIONS["refuse"].already & DECISIONS["pass"].hopeless
    # through the operator, in every mode: test_decisions.py, "pass a second time" to "refuse what was passed"


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [
        ({"error_code": "DEVPIPE.00011401", "error_msg": "x"}, True),
        (reply({"error_code": "DEVPIPE.00011401", "error_msg": "x"}, 404), True),
        (reply({"error_code": "DEVPIPE.77", "error_msg": "x"}, 404), False),
        (reply(b"<html></html>", 404), False),
        ({"error_code": "DEVPIPE.00011412", "error_msg": "x"}, False),
        ({"error_code": "DEVPIPE.00011136", "error_msg": "x"}, False),
        (reply({"error_code": "APIG.0101", "error_msg": "x"}, 404), False),
    ],
)
def test_9_deleting_what_is_not_there(answer, deleted):
    if deleted:
        assert answered("delete_pipeline", answer, P)[0].pipeline_id == P
    else:
        assert isinstance(refused("delete_pipeline", answer, P), NotFound | PlaceNotFound)


# 10: contradictions and traps


def test_10_1_the_project_of_the_path_is_never_the_iam_project(connection, emulator):
    connection(codearts_project_id=None)
    with pytest.raises(ConfigurationError, match="not the IAM project's"):
        CodeArtsHook().list_pipelines()
    assert emulator.calls() == []


TWO_HUNDREDS = [
    ("stop_pipeline_run", {"success": False}, (P, R), Conflict),
    ("show_pipeline_detail", {"error_code": "DEVPIPE.00011401"}, (P,), NotFound),
    ("run_pipeline", {"pipeline_run_id": "", "error_msg": "no"}, (P,), InvalidRequest),
    ("run_pipeline", {"pipeline_run_id": ""}, (P,), InvalidRequest),
    ("disable_pipeline", False, (P,), Conflict),
]  # fmt: skip


@pytest.mark.parametrize(("name", "answer", "given", "kind"), TWO_HUNDREDS)
def test_10_2_a_200_can_be_an_error(name, answer, given, kind):
    assert isinstance(refused(name, answer, *given), kind)


def test_10_3_answers_are_objects_arrays_and_booleans():
    assert answered("show_pipeline_detail", {"id": P}, P)[0].id == P
    assert answered("batch_show_pipelines_latest_status", reply([]), [P])[0] == []
    assert answered("enable_pipeline", True, P)[0] is True
    for name, given in (
        ("show_pipeline_detail", [P]),
        ("batch_show_pipelines_latest_status", [[P]]),
        ("enable_pipeline", [P]),
    ):
        for wrong in (reply(b"null"), 3, "x", {"x": 1}):
            assert isinstance(refused(name, wrong, *given), ApiError)


def test_10_4_hosts_are_a_table_and_an_explicit_one_wins(connection, emulator):
    assert REGIONS["ap-southeast-3"].startswith("cloudpipeline-ext.")
    assert REGIONS_EU["eu-west-101"].endswith(".myhuaweicloud.eu")
    assert host_of("otc", "eu-de") is None
    connection(cloud="otc", codearts_endpoint=None)
    with pytest.raises(ConfigurationError, match="does not offer CodeArts"):
        CodeArtsHook().list_pipelines()


def test_10_5_lists_of_runs_are_sorted_by_the_key_that_both_sources_know():
    _, script = answered("list_pipeline_runs", runs_page(), P)
    assert json.loads(script.requests[0].body)["sort_key"] == "start_time"


@pytest.mark.parametrize("end", [{}, {"end_time": None}, {"end_time": 0}, {"end_time": ""}])
def test_10_6_an_end_that_has_not_come_has_many_forms(end):
    shown = RunDetail.model_validate({"id": R, "status": "RUNNING", "start_time": "1777452890119", **end})
    assert not shown.end_time
    assert shown.start_time == 1777452890119
    rows = PipelineRun.model_validate(row(R, stage_status_list=[{"start_time": "1"}], **end))
    assert rows.stage_status_list == [{"start_time": "1"}]


def test_10_7_text_may_stand_for_booleans_numbers_and_json():
    job = JobRun.model_validate({"id": "j", "async": "true", "resource": '{"type":"system"}', "message": '{"a":1}'})
    assert (job.message, job.model_extra["resource"]) == ('{"a":1}', '{"type":"system"}')
    log = StepLog.model_validate({"log": "", "has_more": "true", "start_offset": 0, "end_offset": 12})
    assert (log.has_more, log.end_offset) == (True, "12")
    queue, _ = answered("list_pipeline_queue", queue_page({"id": "7", "pipeline_run_id": R, "status": "QUEUED"}), P)
    assert queue[0].id == 7


def test_10_8_camel_case_where_the_vendor_has_it():
    page = {"total": 1, "triggerFailedRecordVOS": [{"reason": "r"}]}
    assert answered("list_trigger_failed_records", page, P)[0][0].reason == "r"
    assert answered("show_step_jump_link", {"jumpLink": "https://x"}, P, R, "j", "s")[0].jumpLink == "https://x"
    assert answered("list_system_variables", reply([{"name": "n", "isShow": True}]), P)[0][0].isShow is True
    assert (
        answered("list_run_variables", reply([{"name": "n", "variableGroupName": "g"}]), P, R)[0][0].variableGroupName
        == "g"
    )


def test_10_9_a_run_is_judged_by_its_own_status_and_not_by_its_stages():
    for word in ("COMPLETED", "FAILED"):
        seen = judge(Watched(R, RUN.goal, since=1.0), word, 1000.0)
        assert seen == {"COMPLETED": "reached", "FAILED": "failed"}[word]
    # stages do not even come into it: an observation holds the status of the run, and names of what failed


def test_10_10_the_path_of_cancel_queuing_has_a_segment_less_and_a_number():
    _, script = answered("cancel_pipeline_queue", {"pipeline_run_id": R}, P, R, 12)
    assert script.requests[0].path == f"/v5/{PROJECT}/api/pipelines/{P}/{R}/cancel-queuing/12"


def test_10_11_paths_are_not_those_of_the_wrong_examples():
    _, script = answered("reject_checkpoint", {"success": True}, P, R, "s")
    assert script.requests[0].path.endswith(f"/pipeline-runs/{R}/steps/s/manual/refuse")
    _, script = answered("show_pipeline_log", {"log": ""}, P, R, "j", "s")
    assert f"/{PROJECT}/api/pipelines/" in script.requests[0].path


def test_10_12_another_run_than_the_one_that_was_asked_for_is_no_answer():
    assert isinstance(refused("show_pipeline_run_detail", detail("another"), P, R), MalformedReply)


def test_10_13_a_failed_run_that_waits_to_be_retried_has_not_failed_for_good(hook, emulator):
    run = run_of("one-at-a-time")
    emulator.thing("codearts", run, "FAILED")
    emulator.advance(1)
    client, queueing = hook.get_conn(), PIPELINE["one-at-a-time"]
    assert client.run(hook.look(client.api, "run", {"pipeline_id": queueing}, [run]))[run].status == "FAILED"
    assert hook.retry_pipeline_run(queueing, run).queue_id
    assert client.run(hook.look(client.api, "run", {"pipeline_id": queueing}, [run]))[run].status == "QUEUED"
    assert SENSED["COMPLETED"].failed == ENDED - {"COMPLETED"}


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"null", b'"x"', b'{"success": null}', b'{"success": 1}'])
def test_10_14_nothing_but_a_plain_yes_is_a_success(body):
    assert isinstance(refused("stop_pipeline_run", reply(body), P, R), MalformedReply)


def test_10_14_the_word_false_is_no_yes_and_a_redirect_is_no_answer():
    assert isinstance(refused("stop_pipeline_run", {"success": "false"}, P, R), Conflict)
    moved = refused("stop_pipeline_run", reply(b"", 302, location="https://elsewhere.example.com"), P, R)
    assert "redirects" in str(moved)


def test_10_15_a_run_has_many_names_for_its_id():
    seen = sample("run_detail_running")["response"]["body"]
    shown, _ = answered("show_pipeline_run_detail", seen, P, R)
    assert shown.id == seen["subject_id"] == R
    listed, _ = answered("list_pipeline_runs", runs_page(row(R)), P)
    assert listed[0].pipeline_run_id == R
    # build_id is the old v3 API's, which this package does not speak


def test_10_16_the_words_of_runs_are_not_those_of_stages_and_jobs():
    assert len(STATUSES) == 7
    seen = detail(
        R, stages=[{"status": "REDISPATCH", "jobs": [{"status": "ASYNC_RUNNING", "steps": [{"status": "?"}]}]}]
    )
    shown, _ = answered("show_pipeline_run_detail", seen, P, R)
    assert shown.stages[0].jobs[0].steps[0].status == "?"


def test_10_17_new_fields_and_new_words_are_no_errors():
    shown, _ = answered("show_pipeline_run_detail", detail(R, "DREAMING", brand_new={"a": 1}), P, R)
    assert (shown.status, shown.model_extra["brand_new"]) == ("DREAMING", {"a": 1})
    for goal in (RUN.goal, *SENSED.values()):
        assert judge(Watched(R, goal, since=1.0), "DREAMING", 1000.0) == "pending"


def test_an_error_text_may_be_chinese_and_is_never_matched():
    body = sample("error_project_mismatch")["response"]["body"]
    error = refused("show_pipeline_detail", body, P)
    assert (error.problem, error.code) == ("项目ID和流水线不匹配", "DEVPIPE.00011136")


def test_a_queued_retry_of_another_run_is_no_answer():
    body = {"error_code": "DEVPIPE.00011169", "error": {"pipeline_run_id": "another", "queue_id": 1}}
    assert isinstance(refused("retry_pipeline_run", body, P, R), MalformedReply)
