"""The four tasks as Airflow runs them, on the worker alone and with deferrals: the same reports, the same errors."""

import json

import pytest

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.window import MaintenanceWindow
from airflow_provider_pipelines.window import tasks as window_tasks
from airflow_provider_pipelines.window.phases.scope import Dependencies
from airflow_provider_pipelines.window.record.repository import RecordRepository
from tests.support.airflow import DAG, AirflowException, AirflowFailException, TaskDeferred
from tests.support.modes import TaskInstance, fire
from tests.support.playing import WIND, MemoryStore, Runs, statuses, world
from tests.support.scenes import begin, change, told
from tests.window.conftest import all_targets

FOR_EVER = 10**6


class Play:
    """Runs the tasks of one window with records in memory and a clock that is turned."""

    def __init__(self, clock, *, deferrable, targets=None, monkeypatch):
        self.clock = clock
        self.store, self.runs, self.lines, self.hops = MemoryStore(), Runs(), [], []
        wanted = targets or all_targets()
        with DAG("nightly", schedule=None) as dag, MaintenanceWindow("window", wanted, deferrable=deferrable):
            pass
        self.tasks = {task_id.partition(".")[2]: task for task_id, task in dag.task_dict.items()}
        # the tasks' own seam: where records, runs, time and log come from
        monkeypatch.setattr(window_tasks.WindowTask, "dependencies", self.dependencies)
        self.current = None

    def dependencies(self, context):
        records = RecordRepository(self.store, "nightly/window", context["run_id"])
        return Dependencies(records, self.runs, self.clock, self.lines.append)

    def run(self, name, try_number=1):
        """Run one attempt of a task, through as many deferrals as it likes; give its result and its XComs."""
        ti = TaskInstance(try_number)
        context = {"ti": ti, "run_id": "run1"}
        task = self.tasks[name]
        self.pushed = ti.pushed
        act = lambda: task.execute(context)  # noqa: E731 -- is replaced at each hop
        for _ in range(200):
            try:
                return json.loads(json.dumps(act()))
            except TaskDeferred as deferral:
                self.hops.append(deferral)
                event = fire(deferral, self.clock)
                kwargs = json.loads(json.dumps(deferral.kwargs or {}))
                act = lambda event=event, kwargs=kwargs, name=deferral.method_name: getattr(task, name)(  # noqa: E731
                    context, event=event, **kwargs
                )
        raise AssertionError("the task defers for ever")


@pytest.fixture
def play(fleet, turned, monkeypatch):
    begin(fleet, world(enos=4, dli=4, codearts=1))
    return lambda **more: Play(turned, monkeypatch=monkeypatch, **more)


def told_of(report):
    return {
        (one["service"], str(one["id"])): (one["name"], one["verb"], one["result"], one["before"], one["after"])
        for one in report["things"]
    }


MODES = pytest.mark.parametrize("deferrable", [False, True], ids=["plain", "deferred"])


def slow(fleet):
    for n in range(1, 5):
        change(fleet, "enos", WIND(n), pause_seconds=300.0, start_seconds=40.0)
        change(fleet, "dli", 100 + n, cancel_seconds=400.0, submit_seconds=500.0)


@MODES
def test_a_window_is_played_by_its_tasks(fleet, play, deferrable):
    slow(fleet)
    game = play(deferrable=deferrable)
    before = statuses(fleet.state())
    made = game.run("snapshot")
    assert (made["things"], made["running"]) == (9, 9)
    report = game.run("quiesce")
    assert report["result"] == "quiet"
    assert game.pushed["report"] == report
    quiet = told_of(report)
    assert quiet["enos", WIND(1)] == ("wind-1", "pause_pipeline", quiet["enos", WIND(1)][2], "RUNNING", "PAUSED")
    report = game.run("restore")
    assert report["result"] == "restored"
    assert game.pushed["report"] == report
    assert statuses(fleet.state()) == before
    assert bool(game.hops) is deferrable


def test_a_report_says_the_same_whether_the_wait_was_deferred_or_not(fleet, play):
    reports = []
    for deferrable in (False, True):
        begin(fleet, world(enos=4, dli=4, codearts=1))
        slow(fleet)
        game = play(deferrable=deferrable)
        game.run("snapshot")
        reports.append([told_of(game.run("quiesce")), told_of(game.run("restore"))])
        assert len(game.hops) >= 2 * deferrable
    plain, deferred = reports
    assert plain == deferred


@MODES
def test_a_quiesce_that_fails_shows_its_report_and_is_not_tried_again(fleet, play, deferrable):
    slow(fleet)
    game = play(deferrable=deferrable)
    game.run("snapshot")
    change(fleet, "enos", WIND(2), refuses_pause=FOR_EVER)
    with pytest.raises(AirflowFailException, match=r"1 of 9 could not be brought to rest: wind-2 "):
        game.run("quiesce")
    report = game.pushed["report"]
    assert report["result"] == "partly"
    assert told(report, WIND(2))["result"] == "failed"
    assert len(report["things"]) == 9
    assert game.run("restore")["result"] == "restored"


@MODES
def test_a_restore_that_fails_shows_its_report_and_may_be_tried_again(fleet, play, deferrable, monkeypatch):
    slow(fleet)
    game = play(deferrable=deferrable)
    before = statuses(fleet.state())
    game.run("snapshot")
    game.run("quiesce")
    change(fleet, "enos", WIND(2), refuses_start=FOR_EVER)
    with pytest.raises(Exception, match=r"1 of 9 are not back: wind-2 ") as caught:
        game.run("restore")
    assert not isinstance(caught.value, AirflowException)
    report = game.pushed["report"]
    assert report["result"] == "partly"
    assert told(report, WIND(2))["result"] == "failed"
    change(fleet, "enos", WIND(2), refuses_start=0)
    report = game.run("restore", 2)
    assert report["result"] == "restored"
    assert statuses(fleet.state()) == before


HOPELESS = [
    pytest.param({"AIRFLOW_CONN_ENOS_DEFAULT": None}, id="no connection"),
    pytest.param({"AIRFLOW_CONN_ENOS_DEFAULT": '{"conn_type": "enos", "host": "no address"}'}, id="no address"),
    pytest.param({"AIRFLOW_CONN_ENOS_DEFAULT": "wrong key"}, id="a wrong key"),
]


@MODES
@pytest.mark.parametrize("env", HOPELESS)
def test_restore_never_gives_up_for_good(fleet, play, monkeypatch, deferrable, env):
    from tests.support.playing import forget_credentials

    game = play(deferrable=deferrable)
    before = statuses(fleet.state())
    game.run("snapshot")
    game.run("quiesce")
    for name, value in env.items():
        if value == "wrong key":
            value = json.dumps({**json.loads(fleet.env[name]), "password": "wrong"})
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    forget_credentials()
    with pytest.raises(Exception, match="4 of 9 are not back") as caught:
        game.run("restore")
    assert not isinstance(caught.value, AirflowException)
    assert game.pushed["report"]["result"] == "partly"
    for name in env:
        monkeypatch.setenv(name, fleet.env[name])
    forget_credentials()
    assert game.run("restore", 2)["result"] == "restored"
    assert statuses(fleet.state()) == before


def test_restore_without_a_record_fails_and_may_be_tried_again(fleet, play):
    game = play(deferrable=True)
    with pytest.raises(Exception, match="cannot be read") as caught:
        game.run("restore")
    assert not isinstance(caught.value, AirflowException)


@pytest.mark.parametrize("event", [None, {}, {"version": 7}, "text"])
@pytest.mark.parametrize("name", ["quiesce", "restore"])
def test_a_trigger_that_says_nothing_fails_the_task_and_a_retry_goes_on(fleet, play, name, event):
    slow(fleet)
    game = play(deferrable=True)
    before = statuses(fleet.state())
    game.run("snapshot")
    if name == "restore":
        game.run("quiesce")
    task = game.tasks[name]
    context = {"ti": TaskInstance(), "run_id": "run1"}
    with pytest.raises(TaskDeferred):
        task.execute(context)
    with pytest.raises(Exception, match="no event that this task understands") as caught:
        task.execute_complete(context, event=event)
    assert not isinstance(caught.value, AirflowFailException)
    if name == "quiesce":
        assert game.run("quiesce", 2)["result"] == "quiet"
    assert game.run("restore", 2)["result"] == "restored"
    assert statuses(fleet.state()) == before


def test_a_deferral_carries_plain_values_and_no_secret(fleet, play):
    slow(fleet)
    game = play(deferrable=True)
    game.run("snapshot")
    game.run("quiesce")
    secrets = [json.loads(value)["password"] for value in fleet.env.values()]
    for hop in game.hops:
        text = json.dumps([hop.trigger.serialize(), hop.kwargs, hop.timeout.total_seconds()])
        assert not any(secret in text for secret in secrets)


def test_a_snapshot_that_cannot_be_mended_by_a_retry_fails_for_good(fleet, play):
    from airflow_provider_pipelines.window import EnosPipelines

    game = play(deferrable=True, targets=[EnosPipelines(name_pattern="nothing-*")])
    with pytest.raises(AirflowFailException, match="matches nothing"):
        game.run("snapshot")


def test_the_log_ends_with_a_table(fleet, play, capsys, caplog):
    game = play(deferrable=False)
    game.run("snapshot")
    fleet.thing("dli", "102", "job_finish")
    capsys.readouterr()
    caplog.clear()
    game.run("quiesce")
    # 3.2 and later write it to the standard output, those before leave that to what runs the task
    lines = [line.partition("] ")[2] for line in capsys.readouterr().out.splitlines()]
    lines += [line for record in caplog.records for line in record.getMessage().splitlines()]
    if not lines and compat.AIRFLOW == (3, 1):
        pytest.skip("3.1.0 keeps the log of a task that nobody supervises to itself")
    start = next(n for n, line in enumerate(lines) if line.startswith("window.quiesce of window nightly/window: quiet"))
    assert lines[start + 1].split()[:6] == ["service", "name", "id", "before", "after", "result"]
    rows = [line for line in lines[start + 3 :] if line.startswith(("enos", "dli", "codearts"))]
    remarks = [line for line in lines[start + 3 :] if line.startswith("    ")]
    assert len(rows) == 9
    assert len(remarks) == 1, "what went as it should needs no remark"
    assert "It was job_finish before its stop was sent" in remarks[0]
