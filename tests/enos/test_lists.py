"""The list operator, and every operation on both faces of the hook."""

import asyncio

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosListPipelinesOperator
from tests.enos.conftest import PAUSED, RUNNING, STOPPED
from tests.support.modes import context_of, on


def listed(clock, **arguments):
    return on(EnosListPipelinesOperator(task_id="t", **arguments), clock).execute(context_of())


def test_the_list_feeds_other_operators(emulator, clock):
    rows = listed(clock)
    assert len(rows) == 13
    assert {"pipeline_id": RUNNING, "name": "wind-1", "status": "RUNNING"} in rows
    assert [row["name"] for row in listed(clock, name_pattern="solar-*", status="PAUSED")] == ["solar-paused"]
    assert listed(clock, name_pattern="SOLAR-*") == []
    assert listed(clock, name_pattern="solar") == []


@pytest.mark.parametrize("arguments", [{"name_pattern": 3}, {"name_pattern": ""}, {"status": "None"}, {"status": []}])
def test_a_filter_that_is_none_is_named(emulator, clock, arguments):
    with pytest.raises(AirflowFailException, match=next(iter(arguments))):
        listed(clock, **arguments)
    assert emulator.calls() == []


STAGE = {"stage_instance_name": "LatePointTagger_01", "asset_ids": ["a"], "point_ids": ["p"]}

#: every operation of the sheet: arguments, and the name in the journal
OPERATIONS = {
    "list_pipelines": ((), {}),
    "get_pipeline_details": ((RUNNING,), {}),
    "save_pipeline": ((), {"body": {"name": "made-in-a-test", "version": "0.1.0"}}),
    "release_pipeline": ((STOPPED,), {}),
    "start_pipeline": ((STOPPED, 0, 1000), {"resource_config": {"server": 1}}),
    "pause_pipeline": ((RUNNING,), {}),
    "stop_pipeline": ((RUNNING,), {}),
    "get_pipeline_offset_lag": ((RUNNING,), {}),
    "reset_pipeline_offset": ((PAUSED,), {}),
    "get_stage_state": ((PAUSED,), STAGE),
    "delete_stage_state": ((PAUSED,), STAGE),
}


@pytest.mark.parametrize("face", ["sync", "aio"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_of_the_sheet_runs_on_both_faces(emulator, name, face):
    arguments, named = OPERATIONS[name]
    hook = EnosHook()
    if face == "sync":
        getattr(hook, name)(*arguments, **named)
    else:
        asyncio.run(getattr(hook.aio, name)(*arguments, **named))
    assert [call["operation"] for call in emulator.calls() if call["operation"] != "get_token"] == [name]
    assert {call["auth"] for call in emulator.calls()} == {"ok"}


def test_no_operation_is_without_a_test_and_none_without_a_method():
    from airflow_provider_pipelines.enos.hook import EnosOperations

    shown = {name for name in vars(EnosOperations) if not name.startswith("_")}
    assert shown == set(OPERATIONS) | {"get_status"}
