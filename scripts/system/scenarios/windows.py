"""Five maintenance windows at a time, whose workers, triggerers, scheduler and api-server die."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.live.processes import Failure
from scripts.system.fleets import FLEETS, RUNNING, STARTS, STOPS, Fleet, world
from scripts.system.scenario import scenario
from scripts.system.scene import Run, Scene

#: seconds within which a window that nobody disturbs is over
_COURSE = 110
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


def opened(scene: Scene) -> Windows:
    """Open all windows at once."""
    before = scene.stage.emulator.state()
    return Windows(scene, before, {fleet: scene.run(f"window_{fleet.number}") for fleet in FLEETS})


def moments(chance: random.Random, windows: Windows) -> list[tuple[float, Fleet]]:
    """Choose a moment for each window, and return them in their order: seconds after the one before."""
    chosen = sorted((chance.uniform(3, _COURSE), fleet.number, fleet) for fleet in windows.runs)
    times = [0.0, *(at for at, _, _ in chosen)]
    return [(at - before, fleet) for before, (at, _, fleet) in zip(times, chosen, strict=False)]


def kill_whatever_runs(run: Run) -> str:
    """Kill the worker of the next task that runs, and return its name; empty if the run ended before."""
    killed = ""

    def done() -> bool:
        nonlocal killed
        for task in run.scene.stage.airflow.metadata.processes(run.dag_id, run.id):
            try:
                run.kill_worker(task)
            except Failure:
                continue  # it ended between the look and the kill
            killed = task
        return bool(killed) or run.state in ("success", "failed")

    run.scene.wait(f"a running task of {run.id}", done, 180)
    return killed


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


@scenario(world=world())
def windows_undisturbed(scene: Scene) -> None:
    """Five windows that nobody disturbs: everything is stopped and brought back."""
    windows = opened(scene)
    windows.judge()
    windows.green()


@scenario(world=world(), times=3)
def windows_workers_killed(scene: Scene) -> None:
    """In each of five windows the worker is killed at a random moment: everything is as it was."""
    windows = opened(scene)
    for seconds, fleet in moments(scene.random, windows):
        scene.pause(seconds)
        task = kill_whatever_runs(windows.runs[fleet])
        scene.note(f"window {fleet.number}: killed {task or 'nothing, it was over'}")
    windows.judge()


@scenario(world=world())
def windows_killed_while_stopping(scene: Scene) -> None:
    """In each of five windows quiesce is killed in the middle of its writes: everything is as it was."""
    windows = opened(scene)
    kill_inside(windows, "window.quiesce", STOPS)
    windows.judge()


@scenario(world=world())
def windows_killed_while_restoring(scene: Scene) -> None:
    """In each of five windows restore is killed in the middle of its writes: everything is as it was."""
    windows = opened(scene)
    kill_inside(windows, "window.restore", STARTS)
    windows.judge()


@scenario(world=world(), times=2)
def windows_triggerers_killed(scene: Scene) -> None:
    """Both triggerers are killed at a random moment of five windows: everything is as it was."""
    windows = opened(scene)
    scene.pause(scene.random.uniform(20, _COURSE))
    scene.stage.crew.kill("triggerer-1", "triggerer-2")
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("triggerer-1", "triggerer-2")
    windows.judge()
    windows.green()


@scenario(world=world(), times=2)
def windows_scheduler_killed(scene: Scene) -> None:
    """The scheduler is killed at a random moment of five windows, its tasks go on: everything is as it was."""
    windows = opened(scene)
    scene.pause(scene.random.uniform(5, _COURSE))
    scene.stage.crew.kill("scheduler", alone=True)
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("scheduler")
    windows.judge()


@scenario(world=world(), times=2)
def windows_machine_lost(scene: Scene) -> None:
    """The scheduler is killed with all its tasks at a random moment of five windows: everything is as it was."""
    windows = opened(scene)
    scene.pause(scene.random.uniform(5, _COURSE))
    scene.stage.crew.kill("scheduler")
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("scheduler")
    windows.judge()


@scenario(world=world(), times=2)
def windows_api_server_killed(scene: Scene) -> None:
    """The api-server is gone for a while at a random moment of five windows: everything is as it was."""
    windows = opened(scene)
    scene.pause(scene.random.uniform(5, _COURSE))
    scene.stage.crew.kill("api-server")
    scene.pause(scene.random.uniform(5, 40))
    scene.stage.crew.start("api-server")
    windows.judge()


@scenario(world=world())
def windows_service_down(scene: Scene) -> None:
    """The services are down for a minute in the middle of five windows: everything is as it was."""
    windows = opened(scene)
    scene.pause(scene.random.uniform(10, _COURSE))
    scene.stage.emulator.take_down()
    scene.pause(60)
    scene.stage.emulator.bring_up()
    windows.judge()
