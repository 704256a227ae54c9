"""Maintenance windows in each phase that their Variables can be in."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from airflow.sdk import DAG, BaseOperator

from airflow_provider_pipelines import window
from tests.stored.surroundings import Died, attempt, context, grown, part, plain
from tests.stored.worlds import RUN as RUN_ID
from tests.support.playing import BUILD, CODEARTS, ORG, PROJECT, START, WIND, statuses
from tests.support.scenes import change

DAG_ID, GROUP, RUN, NEXT = "nightly", "window", "run1", "run2"
WINDOW = f"{DAG_ID}/{GROUP}"
#: begins the lines of a record in a log
MARK = "pipelines-record"
_SLOW = {"pause_seconds": 120.0, "start_seconds": 20.0}
_JOB = {"savepoint_seconds": 20.0, "cancel_seconds": 20.0, "submit_seconds": 100.0}
#: of each service something that runs and something that does not
WORLD = {
    "enos": {"orgs": {ORG: {"pipelines": {
        WIND(1): {"name": "wind-1", "status": "RUNNING", **_SLOW}, WIND(2): {"name": "wind-2", "status": "RUNNING", **_SLOW},
        WIND(3): {"name": "wind-3", "status": "PAUSED"},
    }}}},
    "dli": {"projects": {PROJECT: {"jobs": {
        "101": {"name": "agg-1", "status": "job_running", **_JOB}, "102": {"name": "agg-2", "status": "job_running", **_JOB},
        "103": {"name": "agg-3", "status": "job_finish"},
    }}}},
    "codearts": {"projects": {CODEARTS: {"pipelines": {
        BUILD(1): {"name": "build-1", "runs": {RUN_ID(1): {"status": "RUNNING", "run_seconds": 60.0}}},
        BUILD(2): {"name": "build-2", "enabled": False},
    }}}},
}  # fmt: skip
TARGETS = {
    "EnosPipelines": {"name_pattern": "wind-*", "start": START},
    "DliJobs": {"name_pattern": "agg-*", "trigger_savepoint": True},
    "CodeArtsPipelines": {"pipeline_ids": [BUILD(1), BUILD(2)]},
}
#: seconds until Airflow notices that a worker has died
AFTER_DEATH = 60.0
_OWN = ("snapshot", "quiesce", "restore", "verdict")


@dataclass(frozen=True)
class Case:
    """
    A window that has come so far.

    :param steps: what its tasks have done, as :func:`step` reads it
    :param then: what they do from there on
    :param more: arguments of the window that are other than usual
    :param states: of tasks of the first run, where they are not ``success``
    """

    steps: tuple[str, ...]
    then: tuple[str, ...]
    more: dict[str, Any] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)


CASES = {
    "planned": Case(("snapshot",), ("quiesce", "restore", "verdict")),
    # its worker died: one intent was noted and nothing sent yet; a request was sent, whose answer nobody noted; some
    # things were asked for and some not yet
    "quiesce-died-intending": Case(("snapshot", "quiesce dies intending"), ("quiesce 2", "restore", "verdict")),
    "quiesce-died-unanswered": Case(("snapshot", "quiesce dies unanswered"), ("quiesce 2", "restore", "verdict")),
    "quiesce-died-half-way": Case(("snapshot", "quiesce dies half-way"), ("restore", "verdict")),
    "quiesce-waits": Case(("snapshot", "quiesce waits"), ("quiesce goes on", "restore", "verdict")),
    "quiet": Case(("snapshot", "quiesce"), ("restore", "verdict")),
    "quiet-but-for-what-refused": Case(
        ("snapshot", "refuses_pause", "quiesce"), ("restore", "verdict"), more={"on_quiesce_failure": "continue"}
    ),
    "restore-died-intending": Case(("snapshot", "quiesce", "restore dies intending"), ("restore 2", "verdict")),
    "restore-died-unanswered": Case(("snapshot", "quiesce", "restore dies unanswered"), ("restore 2", "verdict")),
    "restore-died-half-way": Case(("snapshot", "quiesce", "restore dies half-way"), ("restore 2", "verdict")),
    "restore-waits": Case(("snapshot", "quiesce", "restore waits"), ("restore goes on", "verdict")),
    "closed": Case(
        ("snapshot", "quiesce", "restore"),
        ("restore 2", "verdict", "run2 snapshot", "run2 quiesce", "run2 restore", "run2 verdict"),
    ),
    # the verdict has noted which work had failed; somebody clears just that
    "judged": Case(
        ("snapshot", "quiesce", "restore", "verdict"), ("work succeeds", "verdict 2"), states={"window.work": "failed"}
    ),
    # the first run is gone, and the next one has taken over what it left
    "taken-over": Case(
        ("snapshot", "quiesce", "run1 is gone", "run2 snapshot"), ("run2 quiesce", "run2 restore", "run2 verdict")
    ),
}  # fmt: skip


def tasks_of(targets, more):
    """Make the window's tasks, as they are made when the DAG file is read."""
    made = [getattr(window, name)(**arguments) for name, arguments in targets.items()]
    with DAG(DAG_ID, schedule=None) as dag, window.MaintenanceWindow(GROUP, made, **more):
        BaseOperator(task_id="work")
    return {task_id.partition(".")[2]: task for task_id, task in dag.task_dict.items()}


class Window:
    """Plays a window's tasks without a scheduler."""

    def __init__(self, surroundings, targets, more):
        self.surroundings = surroundings
        self.targets = targets
        self.more = more
        self.deferred = None
        #: what the tasks have logged
        self.lines = []
        self._log = logging.Logger(WINDOW)
        self._log.addFilter(lambda record: self.lines.append(record.getMessage()))

    def step(self, words):
        """Do what a step says: a task, perhaps of another run, its attempt, how it ends; or what happens meanwhile."""
        surroundings = self.surroundings
        if words == "run1 is gone":
            del surroundings.runs[DAG_ID, RUN]
            return None
        if words == "work succeeds":
            surroundings.tasks[RUN][f"{GROUP}.work"] = "success"
            return None
        if words == "refuses_pause":
            change(surroundings.emulator, "enos", WIND(2), refuses_pause=99)
            return None
        run_id, _, rest = words.partition(" ") if words.startswith("run") else (RUN, "", words)
        name, _, how = rest.partition(" ")
        ti = attempt(int(how) if how.isdigit() else 1, run_id)
        make = lambda: tasks_of(self.targets, self.more)[name]  # noqa: E731 -- made anew in each process
        with mock.patch.object(BaseOperator, "log", self._log):
            return self._run(make, how, ti)

    def _run(self, make, how, ti):
        surroundings = self.surroundings
        if how.startswith("dies"):
            with self._dying(how.removeprefix("dies ")), suppress(Died):
                part(lambda: make().execute(context(ti)))
            surroundings.wait(AFTER_DEATH)
            return None
        if how == "waits":
            self.deferred = surroundings.until_deferred(make, ti)
            return None
        act = surroundings.start(make, ti)
        if how == "goes on":
            event = surroundings.fire(self.deferred["trigger"])
            act = surroundings.resume(make, self.deferred, event, ti)
        return surroundings.to_the_end(make, act, ti)

    def _dying(self, how):
        """Let the process end: once an intent is noted, when the first answer is about to be, or half-way."""

        def end(key, text):
            sure = [mark["sure"] for mark in json.loads(text).get("marks", {}).values()]
            if sure and {"intending": not any(sure), "unanswered": any(sure), "half-way": sum(sure) >= 3}[how]:
                raise Died

        when = "before_write" if how == "unanswered" else "after_write"
        return mock.patch.object(self.surroundings, when, end)


def write(surroundings, case):
    """Play a window so far; give all that is stored of it."""
    surroundings.begin(WORLD)
    before = surroundings.emulator.state()
    for run_id in (RUN, NEXT):
        surroundings.runs[DAG_ID, run_id] = "running"
        surroundings.tasks[run_id] = {f"{GROUP}.{name}": "success" for name in (*_OWN, "work")}
    surroundings.tasks[RUN].update(case.states)
    played = Window(surroundings, TARGETS, case.more)
    for words in case.steps:
        played.step(words)
    return {
        "targets": TARGETS,
        "window": dict(case.more),
        "variables": dict(surroundings.variables),
        "deferred": played.deferred,
        "log": [line for line in played.lines if line.startswith(MARK)],
        "runs": [list(run) for run in surroundings.runs],
        "tasks": plain(surroundings.tasks),
        "now": surroundings.now,
        "world": grown(WORLD, before, surroundings.emulator.state()),
        "before": where_all_is(before),
        "then": list(case.then),
    }


def play(surroundings, stored):
    """Let tasks of today go on with a window; give what each of them came to, and where everything is at the end."""
    surroundings.begin(stored["world"], stored["now"])
    surroundings.variables.update(stored["variables"])
    surroundings.runs.update({tuple(run): "running" for run in stored["runs"]})
    surroundings.tasks.update(plain(stored["tasks"]))
    played = Window(surroundings, stored["targets"], stored["window"])
    played.deferred = stored["deferred"]
    ends = [played.step(words) for words in stored["then"]]
    return {
        "ends": plain(ends),
        "after": where_all_is(surroundings.emulator.state()),
        "keys": sorted(surroundings.variables),
        "writes": sorted({json.dumps(write) for write in surroundings.writes()}),
    }


def where_all_is(state):
    """Give the status of each thing."""
    return {f"{service} {id}": status for (service, id), status in statuses(state).items()}
