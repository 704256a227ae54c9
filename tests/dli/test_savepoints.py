"""Making and importing savepoints: the answers, and the operators in every mode."""

import json
import re

import pytest

from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.dli.operators import DliImportSavepointOperator, DliTriggerSavepointOperator
from airflow_provider_pipelines.dli.states import STATUSES
from airflow_provider_pipelines.errors import (
    ArgumentError,
    InvalidRequest,
    MalformedReply,
    NotFound,
    NotSupported,
    ServerError,
)
from tests.dli.conftest import answering, element, sample
from tests.dli.test_modes import BUSY, both, faulted, is_now, later, nothing, seeded, settings, without_times, writes
from tests.support.airflow import AirflowFailException
from tests.support.modes import OPERATOR_MODES, context_of, on, plain

RUNNING, DRAFT, STOPPED, STOP_FAILED, ARREARS, FINISHED = 128, 142, 146, 147, 148, 149
PATH = "obs://bucket-name/dir/savepoint/"
ABOUT = {"service": "DLI", "operation": "o", "method": "POST", "path": "/", "status": 404}


def trigger(job_id=RUNNING, path=PATH, **arguments):
    return lambda **mode: DliTriggerSavepointOperator(
        task_id="task", job_id=job_id, savepoint_path=path, **arguments, **mode
    )


def take(job_id=STOPPED, path=PATH, **arguments):
    return lambda **mode: DliImportSavepointOperator(
        task_id="task", job_id=job_id, savepoint_path=path, **arguments, **mode
    )


# the calls


def test_a_savepoint_is_asked_for_as_documented(api):
    driver = answering(sample("flink_savepoint.response"))
    assert driver.run(api.execute_flink_job_savepoint(128, "obs://bucket-name/dir/savepoint")) is None
    (request,) = driver.requests
    assert request.path.endswith("/streaming/jobs/128/savepoint")
    assert json.loads(request.body) == sample("flink_savepoint.request")
    assert not request.repeatable, "a second savepoint is another one"


def test_a_savepoint_is_imported_as_documented(api):
    driver = answering(sample("flink_import_savepoint.response"))
    assert driver.run(api.import_flink_job_savepoint("137228", PATH)) is None
    (request,) = driver.requests
    assert request.path.endswith("/streaming/jobs/137228/import-savepoint")
    assert json.loads(request.body) == sample("flink_import_savepoint.request")
    assert request.repeatable, "the same path twice is the same path"


@pytest.mark.parametrize("given", ["bucket/dir/", "obs://bucket/dir/", " bucket/dir/ "])
def test_a_path_is_sent_with_its_scheme(api, given):
    driver = answering(element())
    driver.run(api.execute_flink_job_savepoint(1, given))
    assert json.loads(driver.requests[0].body)["savepoint_path"] == "obs://bucket/dir/"


@pytest.mark.parametrize(
    "given", ["", "None", " ", "obs://", "s3://b/d", "/dir", "obs:///dir", "b/\x00d", None, 7, "b" * 1100]
)
def test_a_path_that_is_none_in_obs_is_refused(api, given):
    for call in (api.execute_flink_job_savepoint, api.import_flink_job_savepoint):
        driver = answering()
        with pytest.raises(ArgumentError, match="savepoint_path: "):
            driver.run(call(1, given))
        assert not driver.requests


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ({"is_success": True, "message": '{"is_success":"false","message":"no bucket"}'}, InvalidRequest, "no bucket"),
        ({"is_success": True, "message": '{"is_success":"false"}'}, InvalidRequest, "is_success is false"),
        ({"is_success": True, "message": '{"error_code":"DLI.0999","error_msg":"odd"}'}, ServerError, "odd"),
        ({"is_success": "false", "message": "not running"}, InvalidRequest, "not running"),
        ({"is_success": "false"}, InvalidRequest, "refused without a reason"),
        ({"message": "taken"}, MalformedReply, "is_success"),
        (["x"], MalformedReply, "no JSON object"),
    ],
)
def test_a_refusal_is_found_wherever_it_hides(api, answer, kind, said):
    with pytest.raises(kind, match=said):
        answering(answer).run(api.execute_flink_job_savepoint(1, PATH))


@pytest.mark.parametrize("message", ["{not JSON", "{}", "[1]", '{"is_success": "true"}', "{" * 5000])
def test_a_message_that_only_looks_like_json_is_no_refusal(api, message):
    assert answering({"is_success": "true", "message": message}).run(api.execute_flink_job_savepoint(1, PATH)) is None


def test_a_job_that_is_not_there_is_no_missing_route(api):
    gone = NotFound("no such job", **{**ABOUT, "code": "DLI.0023"})
    with pytest.raises(NotFound):
        answering(gone).run(api.execute_flink_job_savepoint(1, PATH))
    with pytest.raises(NotFound):
        answering(NotFound("no such job", **{**ABOUT, "status": 400})).run(api.execute_flink_job_savepoint(1, PATH))


# the operators

TRIGGER, IMPORT = "execute_flink_job_savepoint", "import_flink_job_savepoint"
SLOW = settings(dli_savepoint_seconds=200)
OLD = {"has_savepoint": True, "savepoint_path": "obs://bucket-name/dir/savepoint"}

# name, task, what happens, the result or the error, text in message or error, how many writes
HISTORIES = [
    ("savepoint", trigger(), nothing, "done", "is job_running", 1),
    ("savepoint, slowly", trigger(), SLOW, "done", "is job_running", 1),
    ("savepoint beside an old one in the same folder", trigger(), both(SLOW, settings(dli_savepoint_path="folder"), seeded(RUNNING, **OLD)), "done", "is job_running", 1),
    ("savepoint without scheme", trigger(path="b/d"), settings(dli_savepoint_path="bare"), "done", "is job_running", 1),
    ("savepoint that fails", trigger(), both(SLOW, seeded(RUNNING, fails_savepoint=1)), "WatchFailed", "running again.*was not seen", 1),
    ("savepoint that is refused", trigger(), both(settings(dli_savepoint_refusal="message"), seeded(RUNNING, refuses_savepoint=1)), "AirflowFailException", "deal_savepoint_fail", 1),
    ("savepoint with a server error", trigger(), both(settings(dli_savepoint_refusal="error"), seeded(RUNNING, refuses_savepoint=1)), "ServerError", r"DLI\.0999", 1),
    ("savepoint of one that starts", trigger(DRAFT), is_now(DRAFT, "job_submitting"), "done", "is job_running", 1),
    ("savepoint of one that makes one", trigger(), is_now(RUNNING, "job_savepointing"), "done", "is job_running", 1),
    ("savepoint of a stopped one", trigger(STOPPED), nothing, "WatchFailed", "job_cancel_success.*Only a running job", 0),
    ("savepoint of a draft", trigger(DRAFT), nothing, "WatchFailed", "job_init.*Only a running job", 0),
    ("savepoint after a failed stop", trigger(STOP_FAILED), nothing, "WatchFailed", "Only a running job", 0),
    ("savepoint of none", trigger(999), nothing, "AirflowFailException", r"DLI\.16001", 0),
    ("savepoint of one that ends meanwhile", trigger(), both(SLOW, later(60, RUNNING, "job_running_exception")), "WatchFailed", "job_running_exception.*Only a running", 1),
    ("lost answer, carried out", trigger(), faulted(TRIGGER, kind="drop"), "done", "is job_running", 1),
    ("lost answer, not carried out", trigger(), faulted(TRIGGER, kind="drop", executed=False), "OutcomeUnknown", "got no answer", 1),
    ("no effect at all", trigger(timeout=300), faulted(TRIGGER, kind="reply", status=200, body=element()), "WatchTimeout", "new savepoint was not reached", 1),
    ("503", trigger(), faulted(TRIGGER, **BUSY), "ServerError", "503", 1),
    ("route missing", trigger(), faulted(TRIGGER, kind="reply", status=404, body={"error_code": "APIG.0101", "error_msg": "x"}), "AirflowFailException", "may not offer", 1),
    ("import", take(), nothing, "done", "is job_cancel_success", 1),
    ("import that is not shown", take(), settings(dli_imported_savepoint="hidden"), "done", "is job_cancel_success", 1),
    ("import into a draft", take(DRAFT), nothing, "done", "is job_init", 1),
    ("import into a finished one", take(FINISHED), nothing, "done", "is job_finish", 1),
    ("import into one that is stopping", take(RUNNING), is_now(RUNNING, "job_canceling"), "done", "is job_cancel_success", 1),
    ("import into a running one", take(RUNNING), nothing, "WatchFailed", "stop it first", 0),
    ("import after a failed stop", take(STOP_FAILED), nothing, "WatchFailed", "stop it again", 0),
    ("import that DLI refuses", take(ARREARS), nothing, "AirflowFailException", r"DLI\.0007", 1),
    ("import, answer lost once", take(), faulted(IMPORT, kind="drop"), "done", "is job_cancel_success", 2),
    ("import, answers lost", take(), faulted(IMPORT, 9, kind="drop"), "TransportError", "got no answer", 4),
    ("import of none", take(999), nothing, "AirflowFailException", r"DLI\.16001", 0),
]  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history[0])
def test_an_operator_ends_alike_in_every_mode(emulator, clock, history):
    _, make, prepare, expected, text, due = history
    ends = {}
    for mode, carry_out in OPERATOR_MODES.items():
        emulator.reset()
        clock.on_wait = None
        prepare(emulator, clock)
        ends[mode] = carry_out(make, clock)
        assert len(writes(emulator)) == due, mode
    for mode, end in ends.items():
        if end["error"] is None:
            assert end["result"]["result"] == expected, mode
            assert re.search(text, end["result"]["message"])
            assert type(end["result"]["id"]) is int
            assert "savepoint_mark" not in end["result"]
        else:
            assert end["error"][0] == expected, end["error"]
            assert re.search(text, end["error"][1], re.DOTALL), end["error"][1]
    first, *others = (re.sub(r"savepoint-\d+", "NAME", without_times(end)) for end in ends.values())
    assert others == [first] * len(others)


def test_the_outcome_names_the_savepoint(emulator, clock):
    outcome = plain(trigger(str(RUNNING)), clock)["result"]
    assert (outcome["id"], outcome["verb"]) == (RUNNING, TRIGGER)
    assert outcome["savepoint_path"].startswith("obs://bucket-name/dir/savepoint/savepoint-")
    assert (outcome["before"], outcome["after"]) == ("job_running", "job_running")
    outcome = plain(take(), clock)["result"]
    assert (outcome["verb"], outcome["savepoint_path"]) == (IMPORT, PATH)


def test_an_imported_savepoint_is_what_the_job_resumes_from(emulator, clock):
    plain(take(), clock)
    with DliHook() as hook:
        assert hook.show_flink_job(STOPPED).has_savepoint is True
        assert hook.batch_run_flink_jobs([STOPPED], resume_savepoint=True)[0].is_success is True


def test_a_savepoint_that_was_only_asked_for_is_not_said_to_be_there(emulator, clock):
    outcome = plain(trigger(wait_for_completion=False), clock)["result"]
    assert outcome["result"] == "requested"
    assert outcome["savepoint_path"] is None


@pytest.mark.parametrize("make", [trigger, take])
@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_no_call_at_all_is_made_where_the_cloud_has_none_for_it(emulator, clock, monkeypatch, make, mode):
    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    connection["extra"]["cloud"] = "otc"
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))
    kind, said = OPERATOR_MODES[mode](make(), clock)["error"]
    assert kind == "AirflowFailException"
    assert "Open Telekom Cloud has no API call for this" in said
    assert emulator.calls() == []


@pytest.mark.parametrize("make", [trigger, take])
@pytest.mark.parametrize(("arguments", "named"), [({"job_id": True}, "job_id"), ({"path": "s3://x"}, "savepoint_path")])
def test_bad_input_is_told_before_any_call(emulator, clock, make, arguments, named):
    with pytest.raises(AirflowFailException, match=f"^{named}: "):
        on(make(**arguments)(deferrable=False), clock).execute(context_of())
    assert emulator.calls() == []


def test_not_supported_is_final():
    from airflow_provider_pipelines.errors import mendable

    assert not mendable(NotSupported("x", service="DLI", operation="o", method="", path="", status=0))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("make", [trigger, take])
def test_every_status_has_one_meaning_before_each_verb(make, status):
    verb = make()().verb
    meanings = [status in words for words in (verb.already, verb.ready, verb.hopeless)]
    assert sum(meanings) <= 1
    if not any(meanings):
        assert status in {
            "job_submitting", "job_canceling", "job_savepointing", "job_downloading", "job_idle",
            "job_arrearage_recovering",
        }, "only what passes by is waited for"  # fmt: skip
