"""Maintenance windows whose runs and tasks a user marks or clears."""

from __future__ import annotations

from scripts.system.fleets import STOPS, world
from scripts.system.scenario import scenario
from scripts.system.scene import Run, Scene
from scripts.system.windows import Windows, opened


def _when_stopping(windows: Windows, act: dict[int, str]) -> None:
    """Do something to each window as soon as quiesce has written a few times; ``run`` marks the DAG run failed."""
    scene = windows.scene
    left = {fleet: scene.random.randint(1, 6) for fleet in windows.runs if fleet.number in act}

    def done() -> bool:
        calls = scene.stage.emulator.journal()
        for fleet in list(left):
            if sum(fleet.writes(calls, STOPS).values()) >= left[fleet]:
                del left[fleet]
                _act(windows.runs[fleet], act[fleet.number])
        return not left

    scene.stage.wait("writes of quiesce", done, 300, pause=0.05)


def _act(run: Run, what: str) -> None:
    if what == "run":
        run.mark_run("failed")
    elif what == "clear":
        run.clear("window.quiesce")
    else:
        run.mark(what, "window.quiesce")


@scenario(world=world())
def windows_run_marked_failed(scene: Scene) -> None:
    """Five runs are marked failed while quiesce writes: everything is as it was."""
    windows = opened(scene)
    _when_stopping(windows, dict.fromkeys(range(1, 6), "run"))
    windows.judge()


@scenario(world=world())
def windows_quiesce_marked(scene: Scene) -> None:
    """Quiesce is marked failed, marked success or cleared while it writes: everything is as it was."""
    windows = opened(scene)
    _when_stopping(windows, {1: "failed", 2: "success", 3: "clear", 4: "failed", 5: "clear"})
    windows.judge(cycles=2)


@scenario(world=world())
def windows_work_cleared(scene: Scene) -> None:
    """The work of five finished windows is cleared: the fleets are stopped again, and brought back again."""
    windows = opened(scene)
    windows.judge()
    for run in windows.runs.values():
        run.clear("window.snapshot", "window.quiesce", "window.work", "window.restore", "window.verdict")
    scene.wait("a second cycle", lambda: all(r.state not in ("success", "failed") for r in windows.runs.values()), 60)
    windows.judge(cycles=2)
    windows.green()
