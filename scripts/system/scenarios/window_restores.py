"""Five maintenance windows whose restore begins when nothing can be read."""

from __future__ import annotations

from scripts.system.fleets import STARTS, world
from scripts.system.scenario import scenario
from scripts.system.scene import Scene
from scripts.system.windows import Windows, opened


def _until_restore(windows: Windows, first: int = 1) -> None:
    """Wait until restore is at the worker in some windows."""
    scene = windows.scene

    def begun() -> int:
        return sum(run.states().get("window.restore") in ("queued", "running") for run in windows.runs.values())

    scene.stage.wait("the first restore", lambda: begun() >= first, 300, pause=0.1)
    calls = scene.stage.emulator.journal()
    early = [fleet.number for fleet in windows.runs if not fleet.writes(calls, STARTS)]
    scene.note(f"windows {early} had brought nothing back yet")


@scenario(world=world(), times=2)
def windows_restore_without_api_server(scene: Scene) -> None:
    """The api-server is gone when five restores begin: an unreadable record does not look like none."""
    windows = opened(scene)
    _until_restore(windows)
    scene.stage.crew.kill("api-server")
    scene.pause(scene.random.uniform(10, 40))
    scene.stage.crew.start("api-server")
    windows.judge()


@scenario(world=world(), times=2)
def windows_restore_without_database(scene: Scene) -> None:
    """PostgreSQL is gone when five restores begin: an unreadable record does not look like none."""
    windows = opened(scene)
    _until_restore(windows)
    scene.stage.database.stop(at_once=True)
    scene.pause(scene.random.uniform(5, 30))
    scene.stage.database.start()
    windows.judge()
