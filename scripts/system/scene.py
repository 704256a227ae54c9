"""A scenario while it is played: its DAG runs, what it asserts, and its share of chance."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.live.evidence import ENDED, Task
from scripts.live.processes import Failure
from scripts.system.results import Check
from scripts.system.stage import Stage


class Scene:
    """
    One scenario on the stage.

    :param name: the scenario's name
    :param seed: decides, with the name, what happens by chance
    """

    def __init__(self, stage: Stage, name: str, seed: int) -> None:
        self.stage = stage
        self.name = name
        self.random = random.Random(f"{seed} {name}")  # noqa: S311 -- moments of kills, no secrets
        self.checks: list[Check] = []
        self.notes: list[str] = []
        self.runs: list[Run] = []

    def run(self, dag_id: str) -> Run:
        """Ask for a run of a DAG."""
        run = Run(self, dag_id, f"{self.name.replace('/', '-')}-{len(self.runs) + 1}")
        self.wait(f"the DAG '{dag_id}'", lambda: self.stage.airflow.has_read(dag_id), 120)
        self.stage.airflow.api.trigger(dag_id, run.id)
        self.runs.append(run)
        return run

    def end(self) -> None:
        """Mark what still runs failed, and wait until it has ended."""
        for run in self.runs:
            if run.state not in ("success", "failed"):
                run.mark_run("failed")
        for run in self.runs:
            self.wait(f"the end of {run.id}", run.ended, 300)

    def wait(self, what: str, condition: Callable[[], object], limit: float, *, must: bool = True) -> None:
        """
        Wait until something is so.

        :param must: whether the scenario breaks off if that takes too long, instead of going on
        """
        try:
            self.stage.wait(what, condition, limit)
        except Failure:
            if must:
                raise

    def pause(self, seconds: float) -> None:
        """Let some time pass."""
        time.sleep(seconds)

    def say(self, text: str) -> None:
        """Tell the reader what is done."""
        self.stage.progress.say("play", text)

    def note(self, text: str) -> None:
        """Keep something that is worth knowing beside the verdict."""
        self.notes.append(text)
        self.say(text)

    def equal(self, statement: str, seen: object, wanted: object) -> None:
        """Assert that something is as it should be."""
        self.check(statement, f"{seen!r} instead of {wanted!r}" if seen != wanted else "")

    def check(self, statement: str, problem: str = "") -> None:
        """
        Assert something.

        :param problem: what was seen instead; empty if it is so
        """
        self.checks.append(Check(statement, problem))
        text, style = (f"{statement}: {problem}", "red") if problem else (statement, "green")
        self.stage.progress.say("check", text, style)


@dataclass
class Run:
    """A DAG run."""

    scene: Scene
    dag_id: str
    id: str

    @property
    def state(self) -> str:
        """Its state."""
        return self.scene.stage.airflow.metadata.run_state(self.dag_id, self.id)

    def tasks(self) -> dict[str, Task]:
        """Return its tasks by name, such as ``wait[3]``."""
        return {task.name: task for task in self.scene.stage.airflow.metadata.tasks(self.dag_id, self.id)}

    def states(self) -> dict[str, str]:
        """Return the state of each task."""
        return {name: task.state for name, task in self.tasks().items()}

    def wait_for(self, state: str, tasks: Collection[str], limit: float = 120) -> None:
        """Wait until some tasks are all in a state."""
        what = f"{len(tasks)} tasks of {self.id} that are {state}"
        self.scene.wait(what, lambda: all(self.states().get(task) == state for task in tasks), limit)

    def wait_for_end(self, limit: float) -> None:
        """Wait until it is over."""
        self.scene.wait(f"the end of {self.id}", lambda: self.state in ("success", "failed"), limit)

    def ended(self) -> bool:
        """Tell whether all tasks have ended."""
        return all(task.state in ENDED for task in self.tasks().values())

    def mark(self, state: str, *tasks: str) -> None:
        """Mark tasks as a user does."""
        for task in tasks:
            self.scene.stage.airflow.api.mark_task(self.dag_id, self.id, task, state)

    def clear(self, *tasks: str) -> None:
        """Clear tasks as a user does."""
        self.scene.stage.airflow.api.clear(self.dag_id, self.id, *tasks)

    def mark_run(self, state: str) -> None:
        """Mark the run as a user does."""
        self.scene.stage.airflow.api.mark_run(self.dag_id, self.id, state)

    def kill_worker(self, task: str) -> None:
        """Kill a task and the worker that runs it."""
        self.scene.stage.crew.kill_worker(self.dag_id, self.id, task)

    def log(self, task: str) -> str:
        """Return all that a task has logged, in all attempts and in triggerers too."""
        return "".join(file.read_text() for file in self.scene.stage.airflow.task_logs(self.dag_id, self.id, task))


def counted(calls: Iterable[Mapping[str, Any]], operation: str) -> dict[str, int]:
    """Count in a journal how often an operation was carried out for each thing that it names."""
    found: dict[str, int] = {}
    for call in calls:
        if call["operation"] == operation and (call["status"] or 500) < 300 and not call.get("code"):
            for thing in call["ids"]:
                found[thing] = found.get(thing, 0) + 1
    return found
