"""Five maintenance windows at a time, whose workers, triggerers, scheduler and api-server die."""

from __future__ import annotations

from scripts.system.fleets import STARTS, STOPS, world
from scripts.system.scenario import scenario
from scripts.system.scene import Scene
from scripts.system.windows import by_chance, kill_inside, kill_workers_by_chance, opened


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
    kill_workers_by_chance(windows)
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
    by_chance(windows).wait()
    scene.stage.crew.kill("triggerer-1", "triggerer-2")
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("triggerer-1", "triggerer-2")
    windows.judge()
    windows.green()


@scenario(world=world(), times=2)
def windows_scheduler_killed(scene: Scene) -> None:
    """The scheduler is killed at a random moment of five windows, its tasks go on: everything is as it was."""
    windows = opened(scene)
    by_chance(windows).wait()
    scene.stage.crew.kill("scheduler", alone=True)
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("scheduler")
    windows.judge()


@scenario(world=world(), times=2)
def windows_machine_lost(scene: Scene) -> None:
    """The scheduler is killed with all its tasks at a random moment of five windows: everything is as it was."""
    windows = opened(scene)
    by_chance(windows).wait()
    scene.stage.crew.kill("scheduler")
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("scheduler")
    windows.judge()


@scenario(world=world(), times=2)
def windows_api_server_killed(scene: Scene) -> None:
    """The api-server is gone for a while at a random moment of five windows: everything is as it was."""
    windows = opened(scene)
    by_chance(windows).wait()
    scene.stage.crew.kill("api-server")
    scene.pause(scene.random.uniform(5, 40))
    scene.stage.crew.start("api-server")
    windows.judge()


@scenario(world=world())
def windows_service_down(scene: Scene) -> None:
    """The services are down for a minute in the middle of five windows: everything is as it was."""
    windows = opened(scene)
    by_chance(windows).wait()
    scene.stage.emulator.take_down()
    scene.pause(60)
    scene.stage.emulator.bring_up()
    windows.judge()
