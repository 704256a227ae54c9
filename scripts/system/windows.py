"""Five maintenance windows at a time, what must be true of them in the end, and kills at moments of theirs."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.live.processes import Failure
from scripts.system.fleets import FLEETS, RUNNING, STARTS, STOPS, Fleet
from scripts.system.scene import Run, Scene

#: seconds within which a window is over whatever happens
_LIMIT = 720


@dataclass
class Windows:
    """
    The windows of a scenario.

    :param before: the emulator's state before
    :param runs: the DAG run over each fleet
    """

    scene: Scene
    before: Mapping[str, Any]
    runs: Mapping[Fleet, Run]

    def judge(self, *, cycles: int = 1) -> None:
        """
        Wait for the end; assert that everything is as it was, by one write each way, and the colours tell.

        :param cycles: how often the windows were opened
        """
        for run in self.runs.values():
            run.wait_for_end(_LIMIT)
        scene = self.scene
        calls, after = scene.stage.emulator.journal(), scene.stage.emulator.state()
        differing, woken, repeated, unequal, colours = [], [], [], [], []
        for fleet, run in self.runs.items():
            before = fleet.states(self.before)
            differing += [
                f"{key} is {state} and was {before[key]}"
                for key, state in fleet.states(after).items()
                if state != before[key]
            ]
            stops, starts = fleet.writes(calls, STOPS), fleet.writes(calls, STARTS)
            woken += [str(key) for key in starts if before[key] not in RUNNING]
            repeated += [f"{key} {n} times" for one in (stops, starts) for key, n in one.items() if n > cycles]
            unequal += [f"{key}" for key in {*stops, *starts} if stops.get(key) != starts.get(key)]
            well = set(run.states().values()) == {"success"}
            if (run.state == "success") is not well:
                colours.append(f"window {fleet.number} is {run.state} with {run.states()}")
        scene.check("every fleet is as it was", "; ".join(differing))
        scene.check("nothing was started that was not running", "; ".join(woken))
        scene.check("no write was repeated", "; ".join(repeated))
        scene.check("what was stopped was started, and nothing else", "; ".join(unequal))
        scene.check("a run is green if all its tasks are, and red otherwise", "; ".join(colours))
        scene.note(f"tasks with further attempts, or not green: {self._unusual() or 'none'}")

    def green(self) -> None:
        """Assert that all runs ended well."""
        red = {fleet.number: run.states() for fleet, run in self.runs.items() if run.state != "success"}
        self.scene.equal("all runs are green", red, {})

    def _unusual(self) -> str:
        return ", ".join(
            f"{fleet.number} {name.removeprefix('window.')}: {task.state} after {task.tries}"
            for fleet, run in self.runs.items()
            for name, task in run.tasks().items()
            if task.tries > 1 or task.state != "success"
        )


def opened(scene: Scene, fleets: Iterable[Fleet] = FLEETS) -> Windows:
    """Open the windows of some fleets at once."""
    before = scene.stage.emulator.state()
    return Windows(scene, before, {fleet: scene.run(f"window_{fleet.number}") for fleet in fleets})


class Moment:
    """
    A moment of a window by chance: some seconds after one of its tasks has begun.

    The work of ``quiesce`` and ``restore`` is where most can go wrong, so most moments are there.
    """

    def __init__(self, chance: random.Random, run: Run) -> None:
        self._run = run
        self._task = chance.choice(("snapshot", "quiesce", "quiesce", "work", "restore", "restore", "restore"))
        self._delay = chance.uniform(0, 15)
        self._due = 0.0

    def __str__(self) -> str:
        return f"{self._delay:.1f} s after the start of {self._task} of {self._run.dag_id}"

    def is_over(self) -> bool:
        """Tell whether the moment has come."""
        if not self._due and self._run.states().get(f"window.{self._task}") not in (None, "", "scheduled", "queued"):
            self._due = time.monotonic() + self._delay
        return bool(self._due) and time.monotonic() >= self._due

    def wait(self) -> None:
        """Wait until it has come."""
        scene = self._run.scene
        scene.stage.wait(str(self), self.is_over, 420, pause=0.1)
        scene.note(str(self))


def by_chance(windows: Windows) -> Moment:
    """Choose a moment of any of the windows."""
    chance = windows.scene.random
    return Moment(chance, chance.choice(list(windows.runs.values())))


def kill_workers_by_chance(windows: Windows) -> None:
    """Kill a worker of each window, at a moment of its own."""
    scene = windows.scene
    left = {fleet: Moment(scene.random, run) for fleet, run in windows.runs.items()}

    def done() -> bool:
        for fleet, moment in list(left.items()):
            run = windows.runs[fleet]
            if not moment.is_over():
                continue
            killed = _kill_whatever_runs(run)
            if killed or run.state in ("success", "failed"):
                del left[fleet]
                scene.note(f"killed {killed or 'nothing'}, {moment}")
        return not left

    scene.stage.wait("the moments to kill", done, 420, pause=0.1)


def _kill_whatever_runs(run: Run) -> str:
    """Kill the worker of a task that runs, and return its name; empty if none does."""
    for task in run.scene.stage.airflow.metadata.processes(run.dag_id, run.id):
        try:
            run.kill_worker(task)
        except Failure:
            continue  # it ended between the look and the kill
        return task
    return ""


def kill_inside(windows: Windows, task: str, actions: Mapping[str, str]) -> None:
    """Kill the worker of a task of every window as soon as it has written some of what it has to write."""
    scene = windows.scene
    wanted = {fleet: scene.random.randint(1, 6) for fleet in windows.runs}
    killed: list[str] = []

    def done() -> bool:
        calls = scene.stage.emulator.journal()
        for fleet in list(wanted):
            written = sum(fleet.writes(calls, actions).values())
            if written < wanted[fleet]:
                continue
            del wanted[fleet]
            try:
                windows.runs[fleet].kill_worker(task)
            except Failure as failure:
                scene.note(f"window {fleet.number}: {failure.reason}")
            else:
                killed.append(f"{fleet.number} after {written}")
        return not wanted

    scene.stage.wait(f"writes of {task}", done, 300, pause=0.05)
    scene.note(f"killed {task} of windows {', '.join(killed)} writes")
    scene.check("every kill hit", "" if len(killed) == len(windows.runs) else f"only {len(killed)} did")
