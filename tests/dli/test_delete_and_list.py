"""Deleting jobs in every mode, whatever DLI keeps of them; listing them."""

import json
import re

import pytest

from airflow_provider_pipelines.dli.flows.flink_batches import Batch
from airflow_provider_pipelines.dli.flows.flink_jobs import look_for_gone
from airflow_provider_pipelines.dli.operators import DliBatchDeleteOperator, DliListJobsOperator
from airflow_provider_pipelines.dli.states import DELETE, STATUSES
from airflow_provider_pipelines.errors import NotFound
from tests.dli.conftest import answering, detail, element
from tests.dli.test_modes import BUSY, both, faulted, is_now, nothing, settings, without_times, writes
from tests.support.modes import OPERATOR_MODES, TaskInstance, context_of, on, plain

RUNNING, SECOND, DRAFT, STOPPED, STOP_FAILED, FINISHED, GONE = 128, 137, 142, 146, 147, 149, 999
NAME = "batch_delete_flink_jobs"
KEPT = settings(dli_deleted="kept")


def delete(*ids, **arguments):
    return lambda **mode: DliBatchDeleteOperator(task_id="task", job_ids=list(ids), **arguments, **mode)


# name, task, what happens, the results or the error, text in messages or error, the ids of each write
HISTORIES = [
    ("delete", delete(DRAFT, STOPPED), nothing, ["done"] * 2, "142 is gone", [[142, 146]]),
    ("delete of what runs", delete(RUNNING), nothing, ["done"], "128 is gone", [[128]]),
    ("delete after a failed stop", delete(STOP_FAILED), nothing, ["done"], "147 is gone", [[147]]),
    ("delete of what is stopping", delete(RUNNING), is_now(RUNNING, "job_canceling"), ["done"], "gone", [[128]]),
    ("delete of what is not there", delete(GONE), nothing, ["already"], "There is no such job", []),
    ("one is not there", delete(GONE, DRAFT), nothing, ["already", "done"], "142 is gone", [[142]]),
    ("many", delete(RUNNING, SECOND, DRAFT, STOPPED, FINISHED), nothing, ["done"] * 5, "gone", [[128, 137, 142, 146, 149]]),
    ("the record is kept", delete(DRAFT), KEPT, ["done"], "still shows its record as job_init", [[142]]),
    ("the records of many are kept", delete(DRAFT, STOPPED, FINISHED, RUNNING), KEPT, ["done"] * 4, "still shows", [[142, 146, 149, 128]]),
    ("the record of a running one is kept", delete(RUNNING), KEPT, ["done"], "128 is job_cancel_success", [[128]]),
    ("no effect on what runs", delete(RUNNING, timeout=300), faulted(NAME, kind="reply", status=200, body=[element()]), "WatchTimeout", "deleted was not reached", [[128]]),
    ("lost answer, carried out", delete(DRAFT), faulted(NAME, kind="drop"), ["done"], "142 is gone", [[142]]),
    ("lost answer, not carried out", delete(DRAFT), faulted(NAME, kind="drop", executed=False), "OutcomeUnknown", "no answer", [[142]]),
    ("503", delete(DRAFT), faulted(NAME, **BUSY), "ServerError", "503", [[142]]),
    ("forbidden", delete(DRAFT), faulted(NAME, kind="reply", status=403, body={"error_code": "DLI.0003", "error_msg": "no"}), "AirflowFailException", "Grant the user", [[142]]),
    ("one element for all", delete(DRAFT, STOPPED), settings(dli_batch_answer="single"), ["done"] * 2, "gone", [[142, 146]]),
    ("a plain object", delete(DRAFT, STOPPED), settings(dli_batch_answer="object"), ["done"] * 2, "gone", [[142, 146]]),
    ("looks that fail", delete(DRAFT), faulted("show_flink_job", 3, 1, **BUSY), ["done"], "gone", [[142]]),
    ("accepted only", delete(DRAFT, wait_for_completion=False), nothing, ["requested"], "was accepted", [[142]]),
    ("an unknown word", delete(RUNNING, timeout=300), both(is_now(RUNNING, "job_dreaming")), "WatchTimeout", "last seen job_dreaming", []),
]  # fmt: skip


@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history[0])
def test_jobs_are_deleted_alike_in_every_mode(emulator, clock, history):
    _, make, prepare, expected, text, due = history
    ends = {}
    for mode, carry_out in OPERATOR_MODES.items():
        emulator.reset()
        prepare(emulator, clock)
        ends[mode] = carry_out(make, clock)
        assert writes(emulator) == due, mode
    for mode, end in ends.items():
        if isinstance(expected, list):
            assert end["error"] is None, end["error"]
            assert [outcome["result"] for outcome in end["result"]] == expected, mode
            assert text in " ".join(outcome["message"] for outcome in end["result"]), mode
        else:
            assert end["error"][0] == expected, end
            assert re.search(text, end["error"][1], re.DOTALL), end["error"][1]
    first, *others = (without_times(end) for end in ends.values())
    assert others == [first] * len(others)


def test_an_outcome_of_a_delete_says_what_the_job_was(emulator, clock):
    (outcome,) = plain(delete(str(RUNNING)), clock)["result"]
    assert (outcome["id"], outcome["verb"]) == (RUNNING, NAME)
    assert (outcome["before"], outcome["after"]) == ("job_running", "gone")


def test_a_job_that_was_refused_because_it_is_gone_counts_as_deleted(api):
    gone = NotFound("no such job", service="DLI", operation="show_flink_job", method="GET", path="/", status=400)
    driver = answering([element(), element("false", "no such job")], detail(1), gone, detail(1), gone, *[detail(1)] * 3)
    answers = driver.run(Batch(api, NAME, {"1": "job_running", "2": "job_init"}).deliver(look_for_gone))
    assert answers["2"] is None


def test_each_job_is_looked_at_by_its_own_detail(api):
    gone = NotFound("no such job", service="DLI", operation="show_flink_job", method="GET", path="/", status=400)
    driver = answering(detail(1), detail(2), detail(3), detail(4), gone)
    seen = driver.run(look_for_gone(api, ["1", "2", "3", "4", "5"]))
    assert [seen[str(id)].status for id in range(1, 6)] == ["job_running"] * 4 + ["gone"]
    assert {request.operation for request in driver.requests} == {"show_flink_job"}


def test_a_job_in_any_status_may_be_deleted():
    assert frozenset(STATUSES) == DELETE.ready


# listing


def listed(emulator, clock, **arguments):
    emulator.mark()
    return plain(lambda deferrable: DliListJobsOperator(task_id="list", **arguments), clock)


def test_jobs_are_listed_ready_to_be_mapped_over(emulator, clock):
    rows = listed(emulator, clock)["result"]
    assert {frozenset(row) for row in rows} == {frozenset({"job_id", "name", "status"})}
    assert all(type(row["job_id"]) is int for row in rows)
    assert {row["job_id"]: row["status"] for row in rows}[DRAFT] == "job_init"
    assert [call["operation"] for call in emulator.calls()] == ["list_flink_jobs"]


def test_jobs_are_filtered_by_name_and_status_on_our_side(emulator, clock):
    rows = listed(emulator, clock)["result"]
    running = listed(emulator, clock, status="job_running")["result"]
    assert running == [row for row in rows if row["status"] == "job_running"]
    name = rows[0]["name"]
    assert rows[0] in listed(emulator, clock, name_pattern=f"{name[:2]}*")["result"]
    assert listed(emulator, clock, name_pattern=name.upper())["result"] == []
    assert listed(emulator, clock, name_pattern=name[:2])["result"] == [], "the whole name has to match"


def test_what_dli_filters_by_is_passed_on(emulator, clock):
    assert listed(emulator, clock, queue_name="no such queue")["result"] == []
    assert listed(emulator, clock, job_type="flink_jar_job", user_name="nobody", tags="a=b")["result"] == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"status": "running"}, "status"), ({"name_pattern": 7}, "name_pattern"), ({"queue_name": ""}, "queue_name")],
)
def test_a_filter_that_cannot_be_meant_is_told_before_any_call(emulator, clock, arguments, named):
    kind, said = listed(emulator, clock, **arguments)["error"]
    assert kind == "AirflowFailException"
    assert said.startswith(f"{named}: ")
    assert emulator.calls() == []


def test_a_list_feeds_the_other_operators(emulator, clock):
    rows = listed(emulator, clock, status="job_init")["result"]
    ids = [row["job_id"] for row in json.loads(json.dumps(rows))]
    task = on(DliBatchDeleteOperator(task_id="delete", job_ids=ids, deferrable=False), clock)
    assert {outcome["result"] for outcome in task.execute(context_of(TaskInstance()))} == {"done"}
