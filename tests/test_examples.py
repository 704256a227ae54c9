"""What the README and the examples show works as pasted, against the emulator."""

import ast
import inspect
import json
import pkgutil
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

from airflow_provider_pipelines.emulator.credentials import ENOS_ORG
from airflow_provider_pipelines.hook.base import PipelinesHook
from airflow_provider_pipelines.provider import CONNECTIONS
from airflow_provider_pipelines.task.operator import VerbOperator
from airflow_provider_pipelines.task.sensor import GoalSensor
from airflow_provider_pipelines.window import airflow as window_airflow
from airflow_provider_pipelines.window import tasks as window_tasks
from airflow_provider_pipelines.window.phases.scope import Dependencies
from airflow_provider_pipelines.window.record.repository import RecordRepository
from scripts import reference
from scripts.demo.things import PHASES, read_world, surprises
from scripts.matrix.versions import as_on
from tests.conftest import Emulator, SteppedClock
from tests.support.airflow import AIRFLOW, TaskDeferred, since
from tests.support.modes import TaskInstance, context_of, deferred, fire
from tests.support.playing import MemoryStore, Runs, forget_credentials
from tests.test_architecture import NAME, TASKS, VENDORS

ROOT = Path(__file__).parents[1]
README = as_on(AIRFLOW, (ROOT / "README.md").read_text())
EXAMPLES = sorted((ROOT / "example_dags").glob("*.py"))
HEAVY = "00000000-fa4e-4000-8000-000000000007"
FIRST_DAG, WINDOW_DAG = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def in_order(dag):
    done, left = [], dict(dag.task_dict)
    while left:
        ready = [id for id, task in left.items() if task.upstream_task_ids <= set(done)]
        assert ready, "the DAG has a circle"
        for id in ready:
            done.append(id)
            yield left.pop(id)


def run(dag, clock, after=lambda task: None):
    """Run the tasks of a DAG one after the other, each as deferred as it can be."""
    results = {}
    for task in in_order(dag):
        if not isinstance(task, VerbOperator | GoalSensor | window_tasks.WindowTask):
            continue
        ti = TaskInstance()
        ti.task_id = task.task_id
        context = {**context_of(ti), "params": dict(dag.params), "run_id": "run"}
        task.render_template_fields(context)

        def make(task=task, **mode):
            task.deferrable = mode["deferrable"]
            return task

        if isinstance(task, window_tasks.WindowTask):
            results[task.task_id] = through_window_task(task, clock, context)
        else:
            results[task.task_id] = end = deferred(make, clock, ti)
            assert end["error"] is None, (task.task_id, end)
        after(task)
    return results


def through_window_task(task, clock, context):
    """Run one of a window's own tasks, through all its deferrals."""
    act = lambda: task.execute(context)  # noqa: E731 -- is replaced at each hop
    while True:
        try:
            return json.loads(json.dumps(act()))
        except TaskDeferred as deferral:
            event, kwargs = fire(deferral, clock), json.loads(json.dumps(deferral.kwargs or {}))
            act = lambda event=event, kwargs=kwargs: task.execute_complete(context, event=event, **kwargs)  # noqa: E731


@pytest.fixture
def keep_records(monkeypatch):
    """Let windows keep their records in memory, and take their time from a clock that is turned."""

    def keep(clock):
        store = MemoryStore()

        def dependencies(self, context):
            return Dependencies(
                RecordRepository(store, self.window, context["run_id"]), Runs(), clock, lambda line: None
            )

        monkeypatch.setattr(window_tasks.WindowTask, "dependencies", dependencies)
        monkeypatch.setattr(window_airflow, "states_of", lambda dag_id, run_id, ids: dict.fromkeys(ids, "success"))

    return keep


def test_the_first_dag_of_the_readme_has_at_most_fifteen_lines_and_works_as_pasted(emulator, clock):
    assert len(FIRST_DAG.strip().splitlines()) <= 15
    namespace = {}
    exec(FIRST_DAG, namespace)  # noqa: S102 -- this is what a reader does with it
    results = run(dag_of(namespace), clock)
    assert results["pause"]["result"]["after"] == "PAUSED"
    assert [outcome["after"] for outcome in results["stop"]["result"]] == ["job_cancel_success"] * 2
    assert results["start"]["result"]["after"] == "RUNNING"
    assert [outcome["after"] for outcome in results["resume"]["result"]] == ["job_running"] * 2


def test_the_window_of_the_readme_works_as_pasted(emulator, clock, keep_records):
    before = read_world(emulator.state())
    namespace = {}
    exec(WINDOW_DAG, namespace)  # noqa: S102 -- as above
    keep_records(clock)
    results = run(namespace["window"].dag, clock)
    assert results["window.migrate"]["result"]["after"] == "COMPLETED"
    assert {one["after"] for one in results["window.quiesce"]["things"]} == {"PAUSED", "job_cancel_success", "DISABLED"}
    assert results["window.verdict"]["result"] == "as it was"
    assert changed(before, read_world(emulator.state())) == set()


def changed(before, after):
    """Give the keys of what is not as it was."""
    return {key for key, thing in before.items() if key not in after or after[key].state != thing.state}


def dag_of(namespace):
    """Give the one DAG that the tasks of a file belong to."""
    dags = {id(task.dag): task.dag for task in namespace.values() if isinstance(task, VerbOperator | GoalSensor)}
    (dag,) = dags.values()
    return dag


def load(path):
    namespace = {"__name__": f"example_{path.stem}"}
    exec(compile(as_on(AIRFLOW, path.read_text()), path, "exec"), namespace)  # noqa: S102 -- our own examples
    return dag_of(namespace)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[since("3.1", "asks a person")] * (path.stem == "codearts_approval"), id=path.stem)
        for path in EXAMPLES
    ],
)
def test_an_example_is_a_dag_that_airflow_can_store(path):
    from tests.support.airflow import DagSerialization

    dag = load(path)
    assert dag.timezone.name or dag.schedule is None
    assert json.dumps(DagSerialization.to_dict(dag))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_top_of_an_example_imports_nothing_of_airflow_that_an_older_one_refuses(path):
    # the dag-processor of 3.0 imports by itself what a file imports at its top, and ends with what that raises
    statements = ast.parse(path.read_text()).body
    modules = {one.module for one in statements if isinstance(one, ast.ImportFrom)}
    modules |= {name.name for one in statements if isinstance(one, ast.Import) for name in one.names}
    assert {module for module in modules if module.startswith("airflow.")} <= {"airflow.sdk"}


@pytest.mark.parametrize("version", ["2.11.0", "3.0.6"])
def test_the_example_that_asks_a_person_defines_nothing_on_an_older_airflow_and_says_why(version, monkeypatch, caplog):
    for module in ("airflow.sdk", "airflow.providers.standard.operators.hitl"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("airflow.__version__", version)
    path = ROOT / "example_dags" / "codearts_approval.py"
    namespace = {"__name__": "approval"}
    with caplog.at_level("WARNING", logger="approval"):
        exec(compile(path.read_text(), path, "exec"), namespace)  # noqa: S102 -- our own example
    assert [value for value in namespace.values() if isinstance(value, VerbOperator | GoalSensor)] == []
    assert caplog.messages == [
        f"The DAG codearts_approval is left out: it asks a person, which Airflow does from 3.1 on. This is {version}."
    ]


SHOWN = {path.stem: path.read_text() for path in EXAMPLES} | {"first_light": FIRST_DAG, "nightly": WINDOW_DAG}


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_dag_names_is_in_the_default_world(name, emulator):
    world = read_world(emulator.state())
    ids = re.findall(r'"((?:[0-9a-f]{8}-[0-9a-f-]{27})|[0-9a-f]{32})"', SHOWN[name])
    ids += [
        id
        for found in re.findall(r"(?:job_ids=|JOBS = .*|_JOBS = )\[(\d[\d, ]*)\]", SHOWN[name])
        for id in found.split(", ")
    ]
    assert ids
    assert [id for id in ids if not any(key[1] == id for key in world)] == []


@pytest.mark.parametrize("name", SHOWN)
def test_a_dag_works_in_a_run_that_has_no_logical_date(name):
    words = set(re.findall(r"\w+", " ".join(re.findall(r"\{\{(.*?)\}\}", SHOWN[name]))))
    assert (
        words & {"ds", "ds_nodash", "ts", "ts_nodash", "logical_date", "execution_date", "data_interval_start"} == set()
    )


@pytest.fixture
def demo_world(monkeypatch):
    world = Emulator(json.loads((ROOT / "scripts" / "demo" / "world.json").read_text()))
    world.mark()
    for name, value in world.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(PipelinesHook, "clock", SteppedClock(world))
    forget_credentials()
    yield world
    world.stop()


def test_the_window_of_the_nightly_maintenance_leaves_what_it_found(demo_world, keep_records):
    dag = load(ROOT / "example_dags" / "nightly_maintenance.py")
    assert dag.timezone.name == "Europe/Berlin"
    assert len([task for task in dag.tasks if isinstance(task, window_tasks.WindowTask)]) == 4
    worlds = {"before": read_world(demo_world.state())}

    def see(task):
        if task.task_id == "window.quiesce":
            worlds["during"] = read_world(demo_world.state())

    clock = SteppedClock(demo_world)
    keep_records(clock)
    results = run(dag, clock, after=see)
    worlds["after"] = read_world(demo_world.state())
    expected = json.loads((ROOT / "scripts" / "demo" / "expected.json").read_text())
    assert surprises(worlds, expected) == []
    assert set(worlds) == set(PHASES)
    assert results["window.quiesce"]["result"] == "quiet"
    assert results["window.restore"]["result"] == "restored"
    assert results["window.verdict"]["result"] == "as it was"
    assert results["window.migrate"]["result"]["after"] == "COMPLETED"
    heavy = demo_world.state()["enos"]["orgs"][ENOS_ORG]["pipelines"][HEAVY]
    assert (heavy["execution_mode"], heavy["kafka_rate"]) == (1, 9000)
    done = [call["operation"] for call in demo_world.calls(writes=True) if str(call["code"]) in {"None", "0"}]
    assert sorted(done) == sorted(
        ["pause_pipeline"] * 2 + ["start_pipeline"] * 2 + ["batch_stop_flink_jobs", "batch_run_flink_jobs"]
        + ["disable_pipeline", "enable_pipeline", "run_pipeline", "submit_sql_job"]
    )  # fmt: skip


def test_the_nightly_maintenance_works_in_the_default_world(emulator, clock, keep_records):
    before = read_world(emulator.state())
    keep_records(clock)
    results = run(load(ROOT / "example_dags" / "nightly_maintenance.py"), clock)
    assert results["window.migrate"]["result"]["after"] == "COMPLETED"
    assert results["window.verdict"]["result"] == "as it was"
    quiet = {one["name"] for one in results["window.quiesce"]["things"]}
    assert quiet == {f"wind-{number}" for number in range(1, 7)} | {
        "wind-heavy",
        "aggregate",
        "enrich",
        "alerts",
        "build",
    }
    assert changed(before, read_world(emulator.state())) == set()


def test_the_maintenance_by_hand_stops_what_it_names_and_starts_it_again(emulator, clock):
    dag = load(ROOT / "example_dags" / "nightly_maintenance_by_hand.py")
    assert dag.timezone.name == "Europe/Berlin"
    assert any(task.deferrable for task in dag.tasks if isinstance(task, VerbOperator))
    before = read_world(emulator.state())
    results = run(dag, clock)
    after = read_world(emulator.state())
    soak_run = ("codearts", dag.params["soak_run"])
    assert (before[soak_run].state, after[soak_run].state) == ("RUNNING", "CANCELED")
    assert changed(before, after) == {soak_run}
    assert sorted((thing.run_of, thing.state) for key, thing in after.items() if key not in before) == [
        ("deploy", "COMPLETED"),
        ("soak-test", "RUNNING"),
    ]
    assert results["migrate"]["result"]["after"] == "COMPLETED"
    assert all(outcome["savepoint_path"].startswith("obs://") for outcome in results["stop_jobs"]["result"])
    assert emulator.state()["enos"]["orgs"][ENOS_ORG]["pipelines"][HEAVY]["kafka_rate"] == 9000
    names = [name for name, _ in emulator.writes()]
    assert sorted(names) == sorted(
        ["pause_pipeline"] * 2 + ["start_pipeline"] * 2 + ["stop_pipeline_run", "batch_stop_flink_jobs"]
        + ["run_pipeline"] * 2 + ["batch_run_flink_jobs"]
    )  # fmt: skip


@pytest.mark.parametrize("kind", TASKS)
def test_the_readme_tells_of_every_class(kind):
    assert "base of" in (kind.__doc__ or "") or f"`{kind.__name__}" in README, kind.__name__


def test_the_reference_is_what_the_docstrings_say_and_leaves_no_argument_out():
    assert reference.PAGE.read_text() == reference.page(), "run python -m scripts.reference"
    for vendor in VENDORS:
        for kind in reference.classes(vendor):
            assert set(reference.arguments(kind)) <= reference.told(kind).keys(), kind.__name__
    for kind in reference.window_classes():
        assert set(reference.arguments(kind)) <= reference.told(kind).keys(), kind.__name__


@pytest.mark.parametrize("kind", reference.window_classes())
def test_the_readme_tells_of_every_argument_of_the_window_and_its_targets(kind):
    assert f"`{kind.__name__}`" in README
    for argument in reference.arguments(kind):
        assert f"`{argument}" in README, argument


@pytest.mark.parametrize(
    "argument",
    [
        "wait_for_completion",
        "deferrable",
        "poll_interval",
        "defer_after",
        "timeout",
        "max_poll_failures",
        "cancel_on_kill",
    ],
)
def test_the_readme_tells_of_every_argument_about_waiting(argument):
    assert f"`{argument}" in README


def test_the_readme_tells_of_every_connection_field():
    for kind, entry in CONNECTIONS.items():
        assert f"`{kind}`" in README
        for field in entry["fields"]:
            assert f"`{field}`" in README, field


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_public_class_and_method_is_documented(vendor):
    package = import_module(f"{NAME}.{vendor}")
    rooms = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    assert len(rooms) > 8
    for room in rooms:
        module = import_module(room)
        for name, kind in vars(module).items():
            if name.startswith("_") or not inspect.isclass(kind) or kind.__module__ != module.__name__:
                continue
            assert inspect.getdoc(kind), name
            for member, value in vars(kind).items():
                if not member.startswith("_") and inspect.isfunction(value):
                    assert value.__doc__, f"{name}.{member}"
