"""The example that asks a person in Airflow: it is parsed, stored, and its answer reaches the gate."""

import importlib.util
import json
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.codearts.conftest import REVIEW, runs
from tests.support.airflow import DagSerialization, whole_module_since
from tests.support.modes import TaskInstance, context_of, deferred

whole_module_since("3.3", "a task that asks a person waits without a trigger")

from airflow.providers.standard.operators.hitl import HITLOperator  # noqa: E402 -- not there before
from airflow.sdk.exceptions import TaskAwaitingInput  # noqa: E402 -- an older Airflow lacks what it imports

PATH = Path(__file__).parents[2] / "example_dags" / "codearts_approval.py"


@pytest.fixture
def dag():
    spec = importlib.util.spec_from_file_location("example_codearts_approval", PATH)
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        spec.loader.exec_module(module)
    return module.start.dag


def test_the_example_is_a_dag_that_airflow_can_store(dag):
    assert [task.task_id for task in dag.topological_sort()] == ["start", "gate", "ask", "answer", "done"]
    assert json.dumps(DagSerialization.to_dict(dag))
    ask = dag.get_task("ask")
    assert isinstance(ask, HITLOperator)
    assert (ask.options, ask.defaults) == (["pass", "refuse"], ["refuse"])
    assert dag.get_task("answer").pipeline_id == REVIEW


class Person(TaskInstance):
    """Knows what earlier tasks of the run have pushed and returned."""

    def __init__(self, task_id, xcoms):
        super().__init__()
        self.task_id = task_id
        self.xcoms = xcoms

    def xcom_pull(self, task_ids, key="return_value"):
        return self.xcoms[task_ids, key]


@pytest.mark.parametrize(
    ("chosen", "step", "last"), [("pass", "COMPLETED", "COMPLETED"), ("refuse", "FAILED", "FAILED")]
)
def test_what_the_person_says_is_done(dag, emulator, clock, monkeypatch, chosen, step, last):
    # the question goes into Airflow's database, which no test here has
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None)
    xcoms, results = {}, {}
    for task in dag.topological_sort():
        ti = Person(task.task_id, xcoms)
        ti.id = "ti"
        context = {**context_of(ti), "ti": ti, "task_instance": ti, "run_id": "manual__1"}
        task.render_template_fields(context)
        if isinstance(task, HITLOperator):
            with pytest.raises(TaskAwaitingInput) as asked:
                task.execute(context)
            event = {
                "chosen_options": [chosen], "params_input": {}, "timedout": False, "responded_by_user": None,
                "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
            }  # fmt: skip
            xcoms[task.task_id, "return_value"] = getattr(task, asked.value.method_name)(context, event)
            continue

        def make(task=task, **mode):
            task.deferrable = mode["deferrable"]
            return task

        results[task.task_id] = deferred(make, clock, ti)
        xcoms.update({(task.task_id, key): value for key, value in ti.pushed.items()})
    assert results["gate"]["result"]["after"] == "PAUSED"
    assert (results["answer"]["error"], results["answer"]["result"]["after"]) == (None, step)
    run = results["start"]["result"]["pipeline_run_id"]
    assert runs(emulator, REVIEW)[run]["status"] == last
    if last == "COMPLETED":
        assert results["done"]["result"]["after"] == "COMPLETED"
    else:
        assert results["done"]["error"][0] == "WatchFailed"
        assert "review" in results["done"]["error"][1]
