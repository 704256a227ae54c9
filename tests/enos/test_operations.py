"""Every operation of EnOS: on both faces of the hook, and by its verb's operator. A new verb gets its rows here."""

import asyncio
import inspect

import pytest

from airflow_provider_pipelines.core.http.retry import transient
from airflow_provider_pipelines.enos import operators
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.errors import PlaceNotFound
from tests.enos.conftest import PAUSED, RUNNING, STOPPED
from tests.support.modes import OPERATOR_MODES
from tests.support.odd404 import ODD

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


#: arguments of a verb's operator besides the pipeline
ARGUMENTS = {"start_pipeline": {"execution_mode": 0}}
VERBS = {kind.does.name: kind for kind in vars(operators).values() if inspect.isclass(kind) and "does" in vars(kind)}


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_odd_404_says_nothing_about_the_thing(emulator, name, odd):
    arguments, named = OPERATIONS[name]
    emulator.fault(name, service="enos", kind="reply", status=404, body=ODD[odd], times=99)
    with pytest.raises(PlaceNotFound) as caught:
        getattr(EnosHook(), name)(*arguments, **named)
    assert caught.value.hint
    assert transient(caught.value)


@pytest.mark.parametrize("mode", OPERATOR_MODES)
@pytest.mark.parametrize("name", VERBS)
def test_every_verbs_operator_gets_there_with_one_write_in_every_mode(emulator, clock, name, mode):
    arguments = {"pipeline_id": OPERATIONS[name][0][0], **ARGUMENTS.get(name, {})}
    end = OPERATOR_MODES[mode](lambda **how: VERBS[name](task_id="task", **arguments, **how), clock)
    assert end["error"] is None
    assert (end["result"]["verb"], end["result"]["result"]) == (name, "done")
    assert emulator.writes() == [(name, [arguments["pipeline_id"]])]


def test_no_operation_is_without_a_test_and_none_without_a_method():
    from airflow_provider_pipelines.enos.hook import EnosOperations

    shown = {name for name in vars(EnosOperations) if not name.startswith("_")}
    assert shown == set(OPERATIONS) | {"get_status"}
