"""The operator that lists pipelines."""

import json

import pytest

from airflow_provider_pipelines.codearts.operators import CodeArtsListPipelinesOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.errors import PlaceNotFound, ServerError
from tests.codearts.conftest import PIPELINE
from tests.support.airflow import AirflowFailException
from tests.support.modes import context_of, on


def listed(clock, **arguments):
    task = on(CodeArtsListPipelinesOperator(task_id="task", **arguments), clock)
    return json.loads(json.dumps(task.execute(context_of())))


def names(rows):
    return [row["name"] for row in rows]


def test_all_pipelines_are_listed_in_the_order_in_which_they_were_made(emulator, clock):
    rows = listed(clock)
    assert {row["name"]: row["pipeline_id"] for row in rows} == PIPELINE
    assert {tuple(row) for row in rows} == {("pipeline_id", "name", "status")}
    words = {row["name"]: row["status"] for row in rows}
    assert (words["nightly"], words["waits-for-review"], words["never-ran"]) == ("COMPLETED", "PAUSED", None)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({"name_pattern": "night*"}, ["nightly"]),
        ({"name_pattern": "NIGHT*"}, []),
        ({"name_pattern": "ight"}, []),
        ({"name_pattern": "*-ran"}, ["never-ran"]),
        ({"name_pattern": "[bd]*", "status": "CANCELED"}, ["deploy"]),
        ({"status": "SUSPEND"}, ["suspended"]),
        ({"is_banned": True}, ["disabled"]),
        ({"is_banned": "false", "name_pattern": "dis*"}, []),
    ],
)
def test_what_is_asked_for_is_filtered_here(emulator, clock, arguments, found):
    assert sorted(names(listed(clock, **arguments))) == sorted(found)


def test_the_names_of_the_rows_are_arguments_of_other_operators(emulator, clock):
    row = listed(clock, name_pattern="nightly")[0]
    assert CodeArtsStopRunOperator(task_id="stop", pipeline_id=row["pipeline_id"]).pipeline_id == PIPELINE["nightly"]


def test_a_pipeline_of_another_project_is_left_out_and_said(emulator, clock, capsys):
    rows = [
        {"pipeline_id": "a", "name": "a", "project_id": "another", "latest_run": None},
        {"pipeline_id": "b", "name": None, "latest_run": {"status": "FAILED"}, "banned": False},
        {"pipeline_id": "c", "name": "c", "banned": True},
    ]
    body = {"offset": 0, "limit": 50, "total": 3, "pipelines": rows}
    emulator.fault("list_pipelines", service="codearts", kind="reply", status=200, body=body)
    assert listed(clock, is_banned=False) == [{"pipeline_id": "b", "name": None, "status": "FAILED"}]
    assert "1 pipelines of other projects are left out" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name_pattern": ""}, "name_pattern"),
        ({"name_pattern": ["x"]}, "name_pattern"),
        ({"status": "DONE"}, "status: 'DONE' is not possible"),
        ({"status": ""}, "status"),
        ({"status": 3}, "status"),
        ({"is_banned": "maybe"}, "is_banned"),
        ({"project_id": "a b"}, "project_id"),
    ],
)
def test_bad_input_is_refused_before_any_call(emulator, clock, arguments, text):
    emulator.mark()
    with pytest.raises(AirflowFailException, match=text):
        listed(clock, **arguments)
    assert emulator.calls() == []


def test_what_cannot_be_read_is_an_error_and_no_empty_list(emulator, clock):
    emulator.fault("list_pipelines", service="codearts", kind="reply", status=503, body="x", times=99)
    with pytest.raises(ServerError):
        listed(clock)
    emulator.clear_faults()
    emulator.fault("list_pipelines", service="codearts", kind="error_in_200", code="DEVPIPE.00011412", message="x")
    with pytest.raises(PlaceNotFound, match="member"):
        listed(clock)
