"""Follows one DAG run to its end, and tells the reader what changes: tasks in Airflow, things in the emulator."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scripts.demo.tasklogs import TaskLogs
from scripts.demo.things import Quiet, World, changes, read_world, refusal
from scripts.live.console import Progress
from scripts.live.evidence import ENDED, Task
from scripts.live.processes import Failure
from scripts.live.remote import Emulator
from scripts.live.stack import Airflow

#: seconds without a change after which a line says what is being waited for
SILENCE = 20
_NOT_STARTED = frozenset({"", "scheduled", "queued"})
_STYLES = {
    "success": "green",
    "deferred": "cyan",
    "failed": "bold red",
    "upstream_failed": "red",
    "up_for_retry": "red",
}


@dataclass
class Watch:
    """
    A run that is being followed.

    :param quiet: the tasks between which the fleet is quiet
    :param killed: the tasks that all wait in the triggerer when it is killed
    :param on_deferral: is called once, when the first task waits in the triggerer and the machine has time
    :param limit: seconds after which the run has failed
    """

    airflow: Airflow
    emulator: Emulator
    progress: Progress
    dag_id: str
    run_id: str
    quiet: Quiet
    killed: Sequence[str]
    on_deferral: Callable[[], None]
    limit: float = 480
    #: the things before, during and after the window, as far as that was seen
    worlds: dict[str, World] = field(default_factory=dict)
    #: the tasks that were seen waiting in the triggerer that came after the killed one
    taken_over: set[str] = field(default_factory=set)
    _dead: set[int | None] = field(default_factory=set)
    _tasks: dict[str, Task] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set)
    _since: dict[str, float] = field(default_factory=dict)
    _deferred: bool = False
    _answered: int = 0

    def follow(self) -> str:
        """Return the state in which the run ended."""
        world: World = read_world(self.emulator.state())
        self.worlds["before"] = world
        logs = TaskLogs(self.airflow, self.dag_id, self.run_id)
        self.airflow.api.trigger(self.dag_id, self.run_id)
        deadline = time.monotonic() + self.limit
        while True:
            self.airflow.check()
            state = self.airflow.metadata.run_state(self.dag_id, self.run_id)
            self._look_at_tasks()
            self._look_at_calls(world)
            world = self._look_at_things(world)
            for task, line in logs.news(self._tasks):
                self.progress.say("log", f"{task}: {line}", "dim")
            if state in ("success", "failed"):
                self.worlds["after"] = world
                return state
            if time.monotonic() > deadline:
                evidence = self.airflow.component_log("scheduler")
                raise Failure(f"the DAG run was not over after {self.limit:.0f} s: {self._waiting()}.", evidence)
            if self.progress.silence > SILENCE:
                self.progress.say("run", f"{self._count()}, waiting: {self._waiting()}", "dim")
            self._look_at_triggerer()
            time.sleep(1)

    def _look_at_tasks(self) -> None:
        for task in self.airflow.metadata.tasks(self.dag_id, self.run_id):
            old = self._tasks.get(task.name)
            self._tasks[task.name] = task
            if old is not None and (old.state, old.tries) == (task.state, task.tries):
                continue
            self._since[task.name] = time.monotonic()
            if task.state in _NOT_STARTED:
                continue
            # a task that goes on after a deferral is queued once more
            self._started.add(task.name)
            again = f", try {task.tries}" if task.tries > 1 else ""
            text = f"{task.name}: {task.state}{again}  ({self._count()})"
            self.progress.say("task", text, _STYLES.get(task.state, ""))
            if task.state == "deferred" and not self._deferred:
                self._deferred = True
                self.on_deferral()

    def _look_at_calls(self, world: World) -> None:
        calls = self.emulator.journal()
        for call in calls[self._answered :]:
            if text := refusal(call, world):
                self.progress.say("refused", text, "bold yellow")
        self._answered = len(calls)

    def _look_at_things(self, old: World) -> World:
        new = read_world(self.emulator.state())
        for thing, state in changes(old, new):
            self.progress.say("remote", f"{thing.kind} {thing.name}: {state or 'new'} → {thing.state}", "yellow")
        stopped = all(self._state(task) == "success" for task in self.quiet["after"])
        if stopped and not self._started.intersection(self.quiet["before"]):
            self.worlds["during"] = new
        return new

    def _look_at_triggerer(self) -> None:
        """Kill the triggerer once all the tasks wait in it; then see them wait in the next one."""
        holders: Mapping[str, Any] = self.airflow.metadata.triggerers(self.dag_id, self.run_id)
        held = [task for task in self.killed if holders.get(task) is not None]
        if not self._dead:
            if not self.killed or len(held) < len(self.killed):
                return
            self._dead = {holders[task] for task in held}
            triggerer = self.airflow.components["triggerer"]
            triggerer.kill()
            self.progress.say("kill", f"SIGKILL to the triggerer while {' and '.join(held)} wait in it", "bold red")
            self.airflow.start("triggerer")
            self.progress.say("kill", "another triggerer is started")
            return
        for task in held:
            if holders[task] not in self._dead and task not in self.taken_over:
                self.taken_over.add(task)
                self.progress.say("kill", f"{task} waits in the new triggerer", "cyan")

    def _state(self, task: str) -> str:
        return self._tasks[task].state if task in self._tasks else ""

    def _count(self) -> str:
        done = sum(task.state in ENDED for task in self._tasks.values())
        return f"{done} of {len(self._tasks)} tasks done"

    def _waiting(self) -> str:
        now = time.monotonic()
        active = [task for task in self._tasks.values() if task.state not in ENDED and task.state]
        texts = [f"{task.name} ({task.state} for {now - self._since[task.name]:.0f} s)" for task in active]
        return ", ".join(texts) or "the scheduler"
