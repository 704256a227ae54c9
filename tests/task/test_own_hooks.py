"""Hooks of authors: subclasses in a module or in a DAG file, found again by the trigger, and nothing else found."""

import asyncio
import json
from types import SimpleNamespace
from unittest import mock

import pytest

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosStopPipelineOperator
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook.base import hook_named
from airflow_provider_pipelines.hook.poller import Shared
from airflow_provider_pipelines.trigger import WatchTrigger
from tests.enos.conftest import RUNNING
from tests.support import own_hooks
from tests.support.airflow import DagBag, TaskDeferred
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES, context_of, on

OWN = "tests.support.own_hooks.NotingHook"
ARGUMENTS = {"enos_conn_id": "enos_default", "org_id": None}


@pytest.fixture(autouse=True)
def used():
    own_hooks.USED.clear()
    return own_hooks.USED


def stop(**more):
    return own_hooks.Stop(task_id="t", pipeline_id=RUNNING, poll_interval=10, defer_after=0, **more)


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_an_operator_with_a_hook_of_its_own_looks_through_it_in_every_mode(emulator, clock, used, mode):
    ended = OPERATOR_MODES[mode](stop, clock)
    assert ended["result"]["result"] == "done"
    assert len(used) >= 2
    assert {note for note, _ in used} == {"by hook"}


@pytest.mark.parametrize("mode", SENSOR_MODES)
def test_a_sensor_with_a_hook_of_its_own_looks_through_it_in_every_mode(emulator, clock, used, mode):
    emulator.thing("enos", RUNNING, "STARTING")
    clock.on_wait = lambda seconds: emulator.thing("enos", RUNNING, "RUNNING") if len(used) == 1 else None

    def make(**more):
        return own_hooks.Sensor(task_id="t", pipeline_id=RUNNING, poke_interval=15, timeout=600, **more)

    assert SENSOR_MODES[mode](make, clock)["result"]["after"] == "RUNNING"
    assert [note for note, _ in used] == ["by hook", "by hook"]


def row_of(clock, make=stop):
    with pytest.raises(TaskDeferred) as hop:
        on(make(deferrable=True), clock).execute(context_of())
    return json.loads(json.dumps(hop.value.trigger.serialize()[1]))


def test_the_row_of_a_trigger_names_the_class_only_where_it_is_not_the_vendors_own(emulator, clock):
    assert row_of(clock)["hook_class"] == OWN
    emulator.reset()

    def usual(**more):
        return EnosStopPipelineOperator(task_id="t", pipeline_id=RUNNING, defer_after=0, **more)

    assert "hook_class" not in row_of(clock, usual)


def fired(row, clock):
    trigger = WatchTrigger(**row)
    trigger.clock = clock

    async def events():
        return [event.payload async for event in trigger.run()]

    (event,) = asyncio.run(events())
    return event


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("no_such_module.Hook", "cannot be imported here (ModuleNotFoundError"),
        ("tests.support.own_hooks.Gone", "cannot be imported here (AttributeError"),
        ("unusual_prefix_0123_my_dag.Hook", "deferrable=False"),
        ("Hook", "Put its module where the triggerer can import it"),
        ("", "cannot be imported here"),
        ("tests.support.own_hooks.NoHook", "is no subclass of airflow_provider_pipelines.enos.hook.EnosHook"),
        ("tests.support.own_hooks.no_class", "is no subclass of"),
        ("subprocess.Popen", "is no subclass of"),
        ("airflow_provider_pipelines.dli.hook.DliHook", "is no subclass of"),
        ("airflow_provider_pipelines.hook.base.PipelinesHook", "is no subclass of"),
    ],
)
def test_what_is_no_such_hook_is_told_to_the_task_and_never_called(emulator, clock, used, path, says):
    row = {**row_of(clock), "hook_class": path}
    used.clear()
    event = fired(row, clock)
    assert event["ended"] == "blind"
    assert event["error"]["error"] == "ConfigurationError"
    assert says in str(event["error"])
    assert path in str(event["error"])
    assert used == []


def test_a_module_that_breaks_when_it_is_imported_is_told_like_one_that_is_not_there():
    with (
        mock.patch("importlib.import_module", side_effect=[mock.Mock(HOOK=EnosHook), SystemError("no licence")]),
        pytest.raises(ConfigurationError, match=r"mine\.Hook cannot be imported here \(SystemError: no licence\)"),
    ):
        hook_named("enos", "mine.Hook")


async def test_an_own_class_has_a_poller_of_its_own(emulator, clock):
    async with (
        Shared("enos", ARGUMENTS, "pipeline", {}, clock=clock) as usual,
        Shared("enos", ARGUMENTS, "pipeline", {}, own=OWN, clock=clock) as own,
        Shared("enos", ARGUMENTS, "pipeline", {}, own=OWN, clock=clock) as same,
    ):
        assert usual is not own
        assert own is same
        assert type(own._hook) is own_hooks.NotingHook


def test_what_is_cancelled_from_the_triggerer_is_cancelled_through_it(emulator, clock, used):
    trigger = WatchTrigger(**{**row_of(clock), "cancel_ids": [RUNNING]})
    trigger.clock = clock
    trigger.task_instance = SimpleNamespace(
        dag_id="d", task_id="t", run_id="r", map_index=-1, team_name=None, task=None
    )
    with mock.patch.object(compat, "task_states", return_value={"t": "failed"}):
        asyncio.run(trigger.on_kill())
    assert ("cancel", [RUNNING]) in used


DAG_FILE = """
from functools import cached_property

from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosStopPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor
from tests.support.airflow import DAG
from tests.support.own_hooks import USED


class MyHook(EnosHook):
    def look(self, api, kind, scope, ids):
        USED.append("mine")
        return super().look(api, kind, scope, ids)


class Stop(EnosStopPipelineOperator):
    @cached_property
    def hook(self):
        return MyHook(self.enos_conn_id)


class Sensor(EnosPipelineSensor):
    @cached_property
    def hook(self):
        return MyHook(self.enos_conn_id)


with DAG("own", schedule=None):
    Stop(task_id="stop", pipeline_id="PIPELINE", deferrable=True, defer_after=0)
    Sensor(task_id="sense", pipeline_id="PIPELINE", target_status="STOPPED", deferrable=True, poke_interval=0.01)
"""


@pytest.mark.parametrize("task_id", ["stop", "sense"])
def test_a_hook_in_a_dag_file_waits_on_the_worker_since_no_triggerer_imports_dag_files(
    emulator, clock, used, tmp_path, task_id, capsys
):
    (tmp_path / "own.py").write_text(DAG_FILE.replace("PIPELINE", RUNNING))
    bag = DagBag(str(tmp_path))
    assert not bag.import_errors
    task = on(bag.dags["own"].task_dict[task_id], clock)
    assert type(task.hook).__module__.startswith("unusual_prefix_")
    if task_id == "sense":
        emulator.thing("enos", RUNNING, "STOPPED")
    outcome = task.execute(context_of())
    assert (outcome["result"], outcome["after"]) == ("done", "STOPPED")
    assert set(used) == {"mine"}
    assert "waiting on the worker" in "".join(capsys.readouterr())
