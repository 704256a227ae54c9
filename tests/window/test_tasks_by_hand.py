"""The four tasks piece by piece: what they take from Airflow, what they say, when they wait elsewhere, how they end."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from airflow_provider_pipelines.core.clock import SYSTEM, TOLERANCE
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.core.verbs.goals import Goal
from airflow_provider_pipelines.core.verbs.observation import Judgement, Report, Watched
from airflow_provider_pipelines.errors import ConfigurationError, PipelinesError, RecordUnreadable, WatchFailed
from airflow_provider_pipelines.task.boundary import BACKSTOP
from airflow_provider_pipelines.window import EnosPipelines
from airflow_provider_pipelines.window.airflow import AirflowRuns, VariableStore, states_of
from airflow_provider_pipelines.window.phases.scope import Dependencies
from airflow_provider_pipelines.window.record.model import Judged, Phase, Plan, lines
from airflow_provider_pipelines.window.record.repository import RecordRepository
from airflow_provider_pipelines.window.tasks import (
    QuiesceTask,
    RestoreTask,
    SnapshotTask,
    VerdictTask,
    WindowTask,
    carry_out,
)
from tests.support.airflow import DAG, AirflowFailException, TaskDeferred, Variable
from tests.support.interleavings import Services, ShortWay, Stage, StageClock
from tests.support.modes import TaskInstance
from tests.support.playing import ORG, START, WIND, MemoryStore, Runs, forget_credentials, world


def made(kind, **more):
    """Make a task of a window in a DAG."""
    with DAG("nightly", schedule=None):
        return kind(task_id=kind.__name__.removesuffix("Task").lower(), **{"group_id": "window", "targets": [], **more})


def logged(capsys):
    """Give the lines of the log since the last time."""
    shown = [line for line in capsys.readouterr().out.splitlines() if " [airflow.task" in line]
    found = [line.partition("] ")[2].rpartition(" [airflow.task")[0].rstrip() for line in shown]
    # Airflow wonders who runs it
    return [line for line in found if not line.endswith(" cannot be called outside of the Task Runner!")]


class Now:
    """Says what time it is."""

    def __init__(self, now=1000.0):
        self.now = now

    def time(self):
        return self.now


# Airflow's Variables


@pytest.fixture
def variables(monkeypatch):
    """Airflow's Variables, in memory."""
    kept = {}

    def keep(key, value, description=None):
        kept[key] = value, description

    monkeypatch.setattr(Variable, "get", lambda key, default: kept.get(key, (default, None))[0])
    monkeypatch.setattr(Variable, "set", keep)
    monkeypatch.setattr(Variable, "delete", lambda key: kept.pop(key, None))
    return kept


def test_records_are_kept_in_variables(variables):
    store = VariableStore()
    assert store.certain is False
    assert store.get("k") is None
    store.set("k", "text", "about " * 50)
    assert variables == {"k": ("text", ("about " * 50)[:250])}
    assert store.get("k") == "text"
    store.delete("k")
    store.delete("k")
    assert variables == {}


@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("get", lambda store: store.get("k7")),
        ("set", lambda store: store.set("k7", "text", "about")),
        ("delete", lambda store: store.delete("k7")),
    ],
)
def test_a_store_that_does_not_answer_is_said_so(monkeypatch, name, act):
    def broken(*_, **__):
        raise OSError("secret")

    monkeypatch.setattr(Variable, name, broken)
    with pytest.raises(RecordUnreadable) as caught:
        act(VariableStore())
    assert str(caught.value) == (
        "the Variable k7 cannot be read or written (OSError): the API server or the metadata database did not answer. A "
        "retry will do once it does."
    )
    assert caught.value.__suppress_context__


# the states of runs and tasks


@pytest.fixture
def airflow(monkeypatch):
    """Airflow's knowledge of runs and tasks; notes what is asked for."""
    known = SimpleNamespace(runs={}, tasks={}, asked=[])

    def count(*, dag_id, run_ids):
        known.asked.append((dag_id, *run_ids))
        if known.runs is None:
            raise OSError
        return int((dag_id, *run_ids) in known.runs)

    def state(*, dag_id, run_id):
        return known.runs[dag_id, run_id]

    def states(*, dag_id, task_ids, run_ids, map_index=None):
        known.asked.append((dag_id, task_ids, *run_ids))
        if known.tasks is None:
            raise OSError
        return {run_ids[0]: {name: state for name, state in known.tasks.items() if name in task_ids}}

    monkeypatch.setattr(RuntimeTaskInstance, "get_dr_count", staticmethod(count))
    monkeypatch.setattr(RuntimeTaskInstance, "get_dagrun_state", staticmethod(state))
    monkeypatch.setattr(RuntimeTaskInstance, "get_task_states", staticmethod(states))
    return known


@pytest.mark.parametrize("state", ["queued", "running", "restarting"])
def test_a_run_that_is_not_over_goes_on(airflow, state):
    airflow.runs["nightly", "run1"] = state
    assert AirflowRuns().alive("nightly/outer.window", "run1") is True
    assert airflow.asked == [("nightly", "run1")]


def test_a_run_that_is_gone_does_not_go_on(airflow):
    assert AirflowRuns().alive("nightly/window", "run1") is False
    assert airflow.asked == [("nightly", "run1")]


AT_WORK = (
    "scheduled", "queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule", "awaiting_input",
)  # fmt: skip


@pytest.mark.parametrize("over", ["success", "failed"])
@pytest.mark.parametrize(
    ("state", "alive"),
    [*((state, True) for state in AT_WORK), *((state, False) for state in (None, "success", "failed", "removed"))],
)
def test_a_run_that_is_over_goes_on_while_its_restore_is_at_work(airflow, over, state, alive):
    airflow.runs["nightly", "run1"] = over
    airflow.tasks["outer.window.restore"] = state
    assert AirflowRuns().alive("nightly/outer.window", "run1") is alive
    assert airflow.asked[-1] == ("nightly", ["outer.window.restore", "restore"], "run1")
    airflow.tasks = {"restore": state}
    assert AirflowRuns().alive("nightly/outer.window", "run1") is alive


@pytest.mark.parametrize("what", ["runs", "tasks"])
def test_whether_a_run_goes_on_is_never_guessed(airflow, what):
    airflow.runs["nightly", "run1"] = "failed"
    setattr(airflow, what, None)
    with pytest.raises(RecordUnreadable) as caught:
        AirflowRuns().alive("nightly/window", "run1")
    assert str(caught.value) == "whether run run1 of nightly goes on cannot be told (OSError). A retry asks again."
    assert caught.value.__suppress_context__


def test_an_answer_that_says_itself_why_it_cannot_be_told_is_passed_on(airflow):
    class Runs(AirflowRuns):
        def run_state(self, dag_id, run_id):
            raise RecordUnreadable("the database is away")

    with pytest.raises(RecordUnreadable, match=r"^the database is away$"):
        Runs().alive("nightly/window", "run1")


def test_states_of_tasks_are_words(airflow):
    airflow.tasks.update(a="success", b=None, c="failed")
    assert states_of("nightly", "run1", ("a", "b")) == {"a": "success", "b": None}
    assert airflow.asked == [("nightly", ["a", "b"], "run1")]
    airflow.tasks = None
    with pytest.raises(RecordUnreadable) as caught:
        states_of("nightly", "run1", ["a"])
    assert str(caught.value) == "the states of the window's tasks cannot be told (OSError). A retry asks again."
    assert caught.value.__suppress_context__


# what all four have in common


def test_a_task_knows_its_window(capsys):
    task = made(WindowTask, targets=[{"target": "X"}], poll_interval=7.0, deferrable=False)
    assert (task.window, task.group_id, task.targets) == ("nightly/window", "window", [{"target": "X"}])
    assert (task.poll_interval, task.deferrable) == (7.0, False)
    usual = made(WindowTask)
    assert (usual.poll_interval, usual.deferrable) == (30, True)
    assert usual.task_id == "window"


def test_a_task_takes_records_runs_time_and_log_from_airflow(variables, capsys):
    task = made(WindowTask)
    dependencies = task.dependencies({"run_id": 7})
    assert str(dependencies.records) == "nightly/window, run 7"
    dependencies.records.begin()
    assert len(variables) == 1
    assert type(dependencies.runs) is AirflowRuns
    assert dependencies.clock.time() == pytest.approx(SYSTEM.time(), abs=60)
    assert dependencies.clock.monotonic() == pytest.approx(SYSTEM.monotonic(), abs=60)
    logged(capsys)
    dependencies.tell("hello")
    assert logged(capsys) == ["hello"]


def test_a_task_that_is_to_end_notes_it():
    task = made(WindowTask)
    assert task.was_killed() is False
    task.on_kill()
    assert task.was_killed() is True


REPORT = {"window": "nightly/window", "run_id": "run1", "result": "partly", "things": [{"id": "7", "message": "Hm."}]}


def test_a_report_is_shown_as_xcom_and_at_the_end_of_the_log(capsys):
    task, ti = made(WindowTask), TaskInstance()
    logged(capsys)
    task.push({"ti": ti}, REPORT)
    assert ti.pushed == {"report": REPORT}
    assert logged(capsys) == [
        "window of window nightly/window: partly",
        "service  name  id  before  after  result",
        "-------  ----  --  ------  -----  ------",
        "               7",
        "    Hm.",
    ]
    task.push({}, {**REPORT, "things": []})
    assert logged(capsys) == ["window of window nightly/window: partly", "(no things)"]


def test_no_report_is_not_shown(capsys):
    task, ti = made(WindowTask), TaskInstance()
    logged(capsys)
    task.push({"ti": ti}, None)
    assert (ti.pushed, logged(capsys)) == ({}, [])


@pytest.mark.parametrize(
    ("deferrable", "left", "after"),
    [(True, 45.0, 30.0), (True, 44.9, None), (True, 1e6, 30.0), (False, 1e6, None), (True, -1.0, None)],
)
def test_a_wait_is_left_to_the_triggerer_unless_the_deadline_is_near(deferrable, left, after):
    assert made(WindowTask, deferrable=deferrable).defer_after(1000.0 + left, Now()) == after


def test_what_a_task_of_no_kind_does_is_not_made_up():
    with pytest.raises(NotImplementedError):
        made(WindowTask).go_on({}, 0.0, {})


@pytest.mark.parametrize(("kind", "more"), [(WindowTask, {}), (VerdictTask, {"own": (), "judged": ()})])
def test_what_no_retry_can_mend_ends_a_task_for_good(kind, more):
    task = made(kind, **more)
    with pytest.raises(AirflowFailException, match=r"^no such thing$"), task.edge():
        raise ConfigurationError("no such thing")
    with pytest.raises(RecordUnreadable), task.edge():
        raise RecordUnreadable("away")


def test_restore_lets_every_error_be_retried():
    with pytest.raises(ConfigurationError), made(RestoreTask).edge():
        raise ConfigurationError("no such thing")


# deferrals

GOAL = Goal("paused", frozenset({"PAUSED"}), frozenset({"PAUSING"}))
WATCHED = [Watched("w1", GOAL), Watched("w2", GOAL)]


def crew_of(service="enos", runs_of=""):
    stage = SimpleNamespace(kind="pipeline", scope={"org_id": "o1"}, runs_of=runs_of)
    return SimpleNamespace(
        current=(stage, SimpleNamespace(watched=lambda: WATCHED)), prefix="enos:k",
        fleet=SimpleNamespace(service=service), hook=SimpleNamespace(arguments={"enos_conn_id": "e"}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("participants", "wake_at", "prefix"),
    [
        ([crew_of()], None, "enos:k"),
        ([crew_of(runs_of="p1")], None, ""),
        ([crew_of(), crew_of("dli")], 1120.0, "enos:k"),
        ([crew_of(), crew_of("dli"), crew_of("codearts")], 1120.0, "enos:k"),
    ],
)
def test_a_deferral_watches_the_first_of_those_that_wait(participants, wake_at, prefix):
    with pytest.raises(TaskDeferred) as caught:
        made(WindowTask, poll_interval=7.0).wait_in_triggerer(SimpleNamespace(waiting=participants), 5000.0, Now())
    deferral = caught.value
    assert deferral.method_name == "execute_complete"
    assert not deferral.kwargs
    assert deferral.timeout == timedelta(seconds=4000.0 + BACKSTOP)
    assert deferral.trigger.serialize() == (
        "airflow_provider_pipelines.trigger.WatchTrigger",
        {
            "vendor": "enos", "arguments": {"enos_conn_id": "e"}, "kind": "pipeline", "scope": {"org_id": "o1"},
            "things": [thing.to_json() for thing in WATCHED], "deadline": 5000.0, "poll_interval": 7.0,
            "max_poll_failures": 10, "wake_at": wake_at, "cancel_ids": [], "stop_on_failure": False, "failures": 0,
            "told_at": 1000.0, "held": {"deadline": 5000.0, "until": 5000.0, "prefix": prefix},
        },
    )  # fmt: skip


class Noting(WindowTask):
    """A task that notes what it is to go on with."""

    def go_on(self, context, deadline, passed):
        return context, deadline, passed


def test_what_the_trigger_saw_in_passing_is_gone_on_with():
    event = Report(
        {"w1": Judgement("reached", "PAUSED", passed=["PAUSING"]), "w2": Judgement("pending", "RUNNING")}
    ).to_event()
    task, context = made(Noting), {"run_id": "run1"}
    passed = {"enos:k:w1": ["PAUSING"], "enos:k:w2": []}
    assert task.execute_complete(context, {**event, "held": {"deadline": 7.0, "prefix": "enos:k"}}) == (
        context, 7.0, passed,
    )  # fmt: skip
    # as earlier versions kept it
    assert task.execute_complete(context, event=event, deadline=7.0, prefix="enos:k") == (context, 7.0, passed)
    assert task.execute_complete(context, event) == (context, 0.0, {})


@pytest.mark.parametrize(
    ("now", "until", "deadline"),
    [
        (1_000.0, 5_000.0, 4_000.0),  # the trigger left 3,000 s, and this host's clock says 1,000
        (3_990.0, 5_000.0, 1_010.0),
        (4_010.0, 5_000.0, 990.0),  # the time is up
        (1_000.0, 2_000.0, 2_000.0 + TOLERANCE),  # what the first host gave, and what clocks may differ
    ],
)
def test_the_seconds_that_are_left_count_on_by_the_clock_of_the_host_that_goes_on(now, until, deadline):
    class Elsewhere(Noting):
        def dependencies(self, context):
            return SimpleNamespace(clock=Now())

    held = {"deadline": 4_000.0, "until": until, "prefix": "enos:k"}
    task, event = made(Elsewhere), Report(now=now, held=held).to_event()
    assert task.execute_complete({}, event)[1] == deadline
    with pytest.raises(TaskDeferred) as caught:
        task.wait_in_triggerer(SimpleNamespace(waiting=[crew_of()]), deadline, Now())
    assert caught.value.trigger.held == {**held, "deadline": deadline}


@pytest.mark.parametrize("event", [None, {}, "text"])
def test_an_event_that_says_nothing_is_an_error_that_a_retry_mends(event):
    with pytest.raises(WatchFailed, match="no event that this task understands"):
        made(Noting).execute_complete({}, event)


# ends


class Job:
    """A quiesce or a restore that ends as it is told."""

    def __init__(self, ended, report=None, participants=()):
        self.ended, self.report = ended, report
        self.coordinator = SimpleNamespace(waiting=list(participants))
        self.places = SimpleNamespace(close=self.close)
        self.closed = 0

    def close(self):
        self.closed += 1

    def run(self):
        if isinstance(self.ended, Exception):
            raise self.ended
        return self.ended


def test_what_is_done_is_shown_and_given():
    task, ti = made(WindowTask), TaskInstance()
    job = Job(REPORT)
    assert carry_out(task, {"ti": ti}, job, 5000.0, Now()) is REPORT
    assert (ti.pushed, job.closed) == ({"report": REPORT}, 1)


def test_what_failed_is_shown_too():
    task, ti = made(WindowTask), TaskInstance()
    job = Job(WatchFailed("no"), REPORT)
    with pytest.raises(WatchFailed, match=r"^no$"):
        carry_out(task, {"ti": ti}, job, 5000.0, Now())
    assert (ti.pushed, job.closed) == ({"report": REPORT}, 1)


def test_what_broke_off_closes_its_connections():
    task, ti = made(WindowTask), TaskInstance()
    job = Job(OSError("no"), REPORT)
    with pytest.raises(OSError, match=r"^no$"):
        carry_out(task, {"ti": ti}, job, 5000.0, Now())
    assert (ti.pushed, job.closed) == ({}, 1)


def test_what_only_waits_is_left_to_the_triggerer():
    task, ti = made(WindowTask), TaskInstance()
    job = Job(None, REPORT, [crew_of()])
    with pytest.raises(TaskDeferred) as caught:
        carry_out(task, {"ti": ti}, job, 5000.0, Now())
    assert caught.value.trigger.held == {"deadline": 5000.0, "until": 5000.0, "prefix": "enos:k"}
    assert caught.value.timeout == timedelta(seconds=4000.0 + BACKSTOP)
    assert (ti.pushed, job.closed) == ({}, 1)


# the four


class Night:
    """One window run over a pipeline or two, in made-up time, with records in memory."""

    def __init__(self, monkeypatch, **pipeline):
        self.stage = Stage()
        self.services = Services(self.stage, world(enos=2, dli=0, codearts=0, pipeline=pipeline))
        for name, value in self.services.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(SyncTransport, "_send", lambda transport, wire: self.send(transport, wire))
        forget_credentials()
        self.clock, self.store, self.told = StageClock(self.stage), MemoryStore(), []
        self.records = RecordRepository(self.store, "nightly/window", "run1")
        self.ti = TaskInstance()
        self.context = {"ti": self.ti, "run_id": "run1"}
        self.target = EnosPipelines(pipeline_ids=[WIND(1), WIND(2)], start=START)

    def send(self, transport, wire):
        transport.services = self.services
        return ShortWay._send(transport, wire)

    def change(self, **fields):
        for pipeline in self.services.world.organisations[ORG].pipelines.values():
            pipeline.fields.update(fields)

    @property
    def statuses(self):
        return list(self.services.statuses().values())

    def task(self, kind, **more):
        """Make a task that takes records, runs, time and log from here."""
        dependencies = Dependencies(self.records, Runs(), self.clock, self.told.append)
        here = type(
            kind.__name__, (kind,), {"dependencies": lambda task, context: {"run1": dependencies}[context["run_id"]]}
        )
        whole = kind is SnapshotTask
        place = [self.target.to_json() if whole else self.target.place()]
        usual = {"policies": {"on_quiesce_failure": "restore", "on_missing": "report"}} if whole else {}
        if kind in {SnapshotTask, QuiesceTask}:
            usual["timeout"] = 600.0
        return made(here, **{"targets": place, "deferrable": False, **usual, **more})

    def snapshot(self, **more):
        return self.task(SnapshotTask, **more).execute(self.context)

    def quiesce(self, **more):
        return self.task(QuiesceTask, **more).execute(self.context)

    def restore(self, **more):
        return self.task(RestoreTask, **more).execute(self.context)


@pytest.fixture
def night(monkeypatch):
    return Night(monkeypatch)


def test_a_snapshot_says_what_there_is_and_writes_the_record_into_the_log(night, capsys):
    night.services.touch("enos", WIND(2), "STOPPED")
    logged(capsys)
    made = night.snapshot()
    assert made == {"window": "nightly/window", "run_id": "run1", "things": 2, "running": 1, "notes": []}
    plan = night.records.needed_plan()
    assert logged(capsys) == ["1 of 2 things run and will be stopped. The record:", *lines(plan)]
    assert (plan.on_quiesce_failure, plan.on_missing) == ("restore", "report")
    assert json.dumps(made)


def test_a_snapshot_tells_what_people_should_know_and_keeps_the_policies(night, capsys):
    night.snapshot()
    night.quiesce()
    logged(capsys)
    # somebody has started one meanwhile, and it is taken over as it is seen now
    night.services.touch("enos", WIND(1), "RUNNING")
    made = night.snapshot(policies={"on_quiesce_failure": "continue", "on_missing": "fail"})
    assert made["notes"]
    assert logged(capsys)[: len(made["notes"])] == made["notes"]
    plan = night.records.needed_plan()
    assert (plan.generation, plan.on_quiesce_failure, plan.on_missing) == (2, "continue", "fail")


def test_a_snapshot_waits_for_what_is_on_its_way_until_its_time_is_up(monkeypatch):
    night = Night(monkeypatch, status="STARTING", start_seconds=10**6)
    begun = night.clock.time()
    with pytest.raises(PipelinesError, match="not settled before the deadline"):
        night.snapshot(timeout=100.0)
    assert 80.0 < night.clock.time() - begun <= 100.0
    assert night.told[0].startswith("waiting until it has settled: wind-1 (")


def test_a_snapshot_that_no_retry_can_mend_fails_for_good_and_closes_its_connections(night, monkeypatch):
    closed = []
    close = SyncTransport.close
    monkeypatch.setattr(SyncTransport, "close", lambda self: (closed.append(self), close(self)))
    night.target = EnosPipelines(name_pattern="none-*")
    with pytest.raises(AirflowFailException, match="'none-\\*' matches nothing"):
        night.snapshot()
    assert len(closed) == 1


def test_a_window_is_played_by_its_tasks(night, airflow):
    night.snapshot()
    night.ti.try_number = 3
    report = night.quiesce()
    assert (report["result"], night.ti.pushed) == ("quiet", {"report": report})
    assert night.statuses == ["PAUSED", "PAUSED"]
    assert night.records.attempts() == [3]
    report = night.restore()
    assert (report["result"], night.ti.pushed) == ("restored", {"report": report})
    assert night.statuses == ["RUNNING", "RUNNING"]


def slow(night):
    night.change(pause_seconds=5000.0, start_seconds=5000.0)


def test_quiesce_defers_until_its_deadline_and_goes_on_with_what_was_seen(night):
    night.snapshot()
    slow(night)
    begun = night.clock.time()
    with pytest.raises(TaskDeferred) as caught:
        night.quiesce(timeout=600.0, deferrable=True, poll_interval=20.0)
    assert 30.0 <= night.clock.time() - begun < 60.0
    deadline = caught.value.trigger.held["deadline"]
    assert deadline == begun + 600.0
    trigger = caught.value.trigger
    assert (trigger.deadline, trigger.poll_interval, len(trigger.things)) == (deadline, 20.0, 2)
    (key,) = [thing.key for thing in night.records.needed_plan().things if thing.id == WIND(1)]
    seen = {WIND(1): Judgement("pending", "PAUSING", passed=["PAUSING", "RESTING"])}
    event = Report(seen, held=trigger.held).to_event()
    task = night.task(QuiesceTask)
    with pytest.raises(AirflowFailException, match=r"^2 of 2 could not be brought to rest: wind-1 "):
        task.execute_complete(night.context, event=event)
    assert night.clock.time() - begun == pytest.approx(600.0, abs=60.0)
    (part,) = night.records.progress()
    assert "RESTING" in part.marks[key].passed
    assert night.ti.pushed["report"]["result"] == "partly"


def test_quiesce_does_not_defer_when_it_may_not(night):
    night.snapshot()
    night.change(pause_seconds=200.0)
    begun = night.clock.time()
    assert night.quiesce(poll_interval=100.0)["result"] == "quiet"
    assert night.clock.time() - begun >= 200.0


def test_a_quiesce_that_was_asked_to_end_stops_nothing(night):
    night.snapshot()
    task = night.task(QuiesceTask)
    task.on_kill()
    with pytest.raises(WatchFailed, match=r"^the task was asked to end: nothing more is stopped\.$"):
        task.execute(night.context)
    assert night.statuses == ["RUNNING", "RUNNING"]


def test_a_quiesce_without_a_record_fails_and_may_be_tried_again(night):
    with pytest.raises(RecordUnreadable):
        night.quiesce()


def test_restore_defers_for_an_hour_at_most_and_keeps_to_that_when_it_goes_on(night):
    # one alone, since they are started one by one
    night.services.touch("enos", WIND(2), "STOPPED")
    night.snapshot()
    night.quiesce()
    slow(night)
    begun = night.clock.time()
    with pytest.raises(TaskDeferred) as caught:
        night.restore(deferrable=True, poll_interval=20.0)
    deadline = caught.value.trigger.held["deadline"]
    assert deadline == begun + 3600.0
    assert (caught.value.trigger.deadline, caught.value.trigger.poll_interval) == (deadline, 20.0)
    night.stage.sleep(1000.0)
    task = night.task(RestoreTask, deferrable=True)
    event = Report(held=caught.value.trigger.held).to_event()
    with pytest.raises(TaskDeferred) as again:
        task.execute_complete(night.context, event=event)
    assert again.value.trigger.held["deadline"] == deadline


def test_restore_gives_up_at_its_deadline_and_shows_what_is_not_back(night):
    night.snapshot()
    night.quiesce()
    slow(night)
    deadline = night.clock.time() + 300.0
    with pytest.raises(PipelinesError, match="not back"):
        night.task(RestoreTask).go_on(night.context, deadline, {})
    assert night.clock.time() == pytest.approx(deadline, abs=60.0)
    assert night.ti.pushed["report"]["result"] == "partly"


def test_a_restore_that_was_asked_to_end_starts_nothing(night):
    night.snapshot()
    night.quiesce()
    task = night.task(RestoreTask)
    task.on_kill()
    with pytest.raises(WatchFailed):
        task.execute(night.context)
    assert night.statuses == ["PAUSED", "PAUSED"]


# the verdict


def closed_record(**more):
    records = RecordRepository(MemoryStore(), "nightly/window", "run1")
    records.begin()
    records.keep_plan(Plan.model_validate({
        "version": 1, "window": "nightly/window", "run_id": "run1", "generation": 1, "made_at": 1.0, "places": [],
        "things": [], "on_quiesce_failure": "restore", "on_missing": "report",
    }))  # fmt: skip
    records.begin_attempts()
    records.keep_phase(Phase(**{"generation": 1, "phase": "closed", "turned_at": 1.0, **more}))
    return records


def verdict_over(records):
    dependencies = Dependencies(records, Runs(), Now(), print)
    here = type(
        "VerdictTask", (VerdictTask,), {"dependencies": lambda task, context: {"run1": dependencies}[context["run_id"]]}
    )
    return made(here, own=("window.snapshot", "window.restore"), judged=("window.a",))


def test_a_verdict_over_a_window_that_went_well(airflow):
    airflow.tasks.update({"window.snapshot": "success", "window.restore": "success", "window.a": "skipped"})
    task = verdict_over(records := closed_record())
    assert (task.own, task.judged) == (["window.snapshot", "window.restore"], ["window.a"])
    found = task.execute({"run_id": "run1"})
    assert found == {"window": "nightly/window", "run_id": "run1", "result": "as it was"}
    assert airflow.asked == [("nightly", ["window.snapshot", "window.restore", "window.a"], "run1")]
    assert records.judged() == Judged(generation=1, open=["window.a"])


def test_a_verdict_says_all_that_is_wrong_and_is_not_tried_again(airflow):
    airflow.tasks.update({"window.snapshot": "success", "window.a": "failed"})
    with pytest.raises(AirflowFailException) as caught:
        verdict_over(closed_record(phase="restoring")).execute({"run_id": "run1"})
    assert str(caught.value) == (
        "window nightly/window: failed: window.a. did not do its part: window.restore (None). its record is still open: "
        "something may not be back. See 'airflow-pipelines show', then clear restore and what is downstream of it."
    )


def test_a_verdict_that_cannot_be_told_may_be_tried_again(airflow):
    airflow.tasks = None
    with pytest.raises(RecordUnreadable):
        verdict_over(closed_record()).execute({"run_id": "run1"})
