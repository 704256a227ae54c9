"""Two Airflows with the same DAG and the same project do not take over, or cancel, each other's runs."""

import pytest

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator
from airflow_provider_pipelines.dli.operators import DliSparkBatchOperator, DliSqlJobOperator
from airflow_provider_pipelines.errors import WatchFailed
from airflow_provider_pipelines.task.installation import KEY, installation
from tests.stored.worlds import BATCH, PROGRAM, QUERY
from tests.support.airflow import TaskDeferred, Variable, since
from tests.support.modes import TaskInstance, context_of, on
from tests.support.playing import BUILD, PROJECT, world
from tests.support.scenes import begin

VARIABLE = "AIRFLOW_VAR_PIPELINES_INSTALLATION"
KINDS = {
    "codearts": (lambda **given: CodeArtsRunPipelineOperator(task_id="t", pipeline_id=BUILD(1), **given), "pipeline_run_id"),
    "sql": (lambda **given: DliSqlJobOperator(task_id="t", sql="SELECT 1", **given), "job_id"),
    "spark": (lambda **given: DliSparkBatchOperator(task_id="t", **BATCH, **given), "batch_id"),
}  # fmt: skip
KIND = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def busy(fleet):
    seed = world(enos=0, dli=1, codearts=1)
    (project,) = seed["codearts"]["projects"].values()
    project["pipelines"][BUILD(1)]["run_seconds"] = 600.0
    seed["dli"]["projects"][PROJECT] |= {**QUERY, **PROGRAM}
    seed["dli"]["projects"][PROJECT]["statements"] = {"SELECT 1": {"run_seconds": 600.0}}
    begin(fleet, seed)
    return fleet


def asked(kind, clock, attempt):
    """Ask for a run and be deferred; give its id."""
    make, id_name = KINDS[kind]
    ti = TaskInstance(attempt)
    with pytest.raises(TaskDeferred):
        on(make(deferrable=True, defer_after=0), clock).execute(context_of(ti))
    return ti.pushed[id_name]


@KIND
def test_the_run_of_another_airflow_is_left_alone(busy, turned, kind, monkeypatch):
    monkeypatch.setenv(VARIABLE, "production")
    theirs = asked(kind, turned, 1)
    monkeypatch.setenv(VARIABLE, "staging")
    ours = asked(kind, turned, 2)
    assert ours != theirs
    # each finds its own again
    assert asked(kind, turned, 3) == ours
    monkeypatch.setenv(VARIABLE, "production")
    assert asked(kind, turned, 2) == theirs
    assert len(busy.writes()) == 2


@KIND
@pytest.mark.parametrize("which", [1, 2])
def test_where_nothing_tells_them_apart_the_run_is_named_and_none_is_started(busy, turned, kind, which, monkeypatch):
    with monkeypatch.context() as patched:
        if which == 1:
            hide(patched)
        first = asked(kind, turned, 1)
    with monkeypatch.context() as patched:
        if which == 2:
            hide(patched)
        with pytest.raises(WatchFailed, match=f"another Airflow may have the same DAG.*{first}"):
            on(KINDS[kind][0](deferrable=False), turned).execute(context_of(TaskInstance(2)))
    assert len(busy.writes()) == 1


def hide(patched):
    """Play a task that can neither read nor write the Variable."""
    patched.delenv(VARIABLE)
    patched.setattr(Variable, "get", lambda key, **_: None)
    patched.setattr(Variable, "set", refused)
    in_a_task(patched)


def refused(*_, **__):
    raise RuntimeError("password=secret")


def in_a_task(patched):
    """Play a task; a supervisor of our own would be asked for connections, too."""
    patched.setattr(compat, "runs_a_task", lambda: True)


@since("3.0", "2.11 asks its database, task or not")
def test_without_an_airflow_its_address_tells_them_apart(turned, monkeypatch):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.delattr("airflow.sdk.execution_time.task_runner.SUPERVISOR_COMMS", raising=False)
    addresses = []
    for address in ("https://one.example", "https://two.example"):
        monkeypatch.setenv("AIRFLOW__API__BASE_URL", address)
        addresses.append(installation(turned.sleep, print))
    assert addresses == ["at https://one.example", "at https://two.example"]


class Variables:
    """Stands for Airflow's Variables as a task has them: what cannot be read looks like what is not there."""

    def __init__(self, monkeypatch, **texts):
        self.texts = texts
        self.unreadable = set()
        self.reads = 0
        self.slept = []
        self.lines = []
        self.meanwhile = lambda: None
        monkeypatch.delenv(VARIABLE)
        for name in ("get", "set", "delete"):
            monkeypatch.setattr(Variable, name, getattr(self, name))
        in_a_task(monkeypatch)

    def get(self, key, default=None, default_var=None):
        self.reads += 1
        return None if self.reads in self.unreadable else self.texts.get(key)

    def set(self, key, text, description):
        self.texts[key] = text

    def delete(self, key):
        self.texts.pop(key, None)

    def ask(self):
        return installation(self.sleep, self.lines.append)

    def sleep(self, seconds):
        self.slept.append(seconds)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()


def test_an_id_is_made_once_and_nothing_else_is_left(monkeypatch):
    variables = Variables(monkeypatch)
    made = variables.ask()
    assert len(made) == 32
    assert variables.texts == {KEY: made}
    assert variables.ask() == made
    assert len(variables.slept) == 1


@pytest.mark.parametrize(
    ("unreadable", "found"),
    [({1}, "ours"), ({1, 2}, "ours"), ({1, 3}, "ours"), ({1, 2, 3}, ""), ({1, 2, 3, 4}, ""), (set(range(1, 99)), "")],
)
def test_an_id_that_cannot_be_read_for_a_moment_is_never_made_anew(monkeypatch, unreadable, found):
    variables = Variables(monkeypatch, **{KEY: "ours"})
    variables.unreadable = unreadable
    assert variables.ask() == found
    assert variables.texts[KEY] == "ours"
    assert len(variables.texts) == 1
    assert (found == "") == any(KEY in line for line in variables.lines)


def test_two_tasks_that_make_it_at_the_same_time_agree(monkeypatch):
    variables = Variables(monkeypatch)
    second = []
    variables.meanwhile = lambda: (variables.texts.pop(KEY), second.append(variables.ask()))
    first = variables.ask()
    assert [first] == second == [variables.ask()]


def test_an_airflow_that_refuses_goes_on_without(monkeypatch):
    hide(monkeypatch)
    lines = []
    assert installation(lambda seconds: None, lines.append) == ""
    (line,) = lines
    assert "cannot be read or written (RuntimeError)" in line
    assert "secret" not in line
