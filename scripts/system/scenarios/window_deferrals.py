"""Maintenance windows that wait in the triggerer, since their fleets take long to stop or to start."""

from __future__ import annotations

from scripts.live.evidence import deferrals
from scripts.system.fleets import FLEETS, STOPS, world
from scripts.system.scenario import scenario
from scripts.system.scenarios.triggerers import freeze_until_taken_over
from scripts.system.scene import Run, Scene
from scripts.system.windows import Windows, opened

QUIESCE, RESTORE = "window.quiesce", "window.restore"
SLOW = 150.0


def _resumed(run: Run, task: str) -> int:
    """Count how often a task was deferred and went on."""
    return deferrals(run.scene.stage.airflow.metadata.events(run.dag_id, run.id)).get(task, 0)


def _frozen(scene: Scene, task: str) -> None:
    scene.stage.crew.stop("triggerer-2")
    windows = opened(scene, FLEETS[:1])
    (run,) = windows.runs.values()
    run.wait_for("deferred", [task], 240)
    freeze_until_taken_over(run, scene.random.uniform(1, 8))
    scene.equal("it was taken over while deferred", run.states()[task], "deferred")
    scene.stage.crew.wake("triggerer-1")
    windows.judge()
    windows.green()
    scene.equal("it went on once, in its first attempt", (_resumed(run, task), run.tasks()[task].tries), (1, 1))


@scenario(world=world(pause=SLOW))
def window_triggerer_frozen_in_quiesce(scene: Scene) -> None:
    """The triggerer of a quiesce stands still, another takes over, the first wakes up: everything is as it was."""
    _frozen(scene, QUIESCE)


@scenario(world=world(submit=SLOW))
def window_triggerer_frozen_in_restore(scene: Scene) -> None:
    """The triggerer of a restore stands still, another takes over, the first wakes up: everything is as it was."""
    _frozen(scene, RESTORE)


@scenario(world=world(pause=SLOW))
def window_deadline_while_deferred(scene: Scene) -> None:
    """The time of a quiesce is up while it is deferred: work does not run, and everything is as it was."""
    before = scene.stage.emulator.state()
    run = scene.run("window_in_haste")
    windows = Windows(scene, before, {FLEETS[0]: run})
    run.wait_for("deferred", [QUIESCE], 120)
    run.wait_for("failed", [QUIESCE], 180)
    quiesce, log = run.tasks()[QUIESCE], run.log(QUIESCE)
    stopped = FLEETS[0].writes(scene.stage.emulator.journal(), STOPS)
    windows.judge()
    scene.equal(
        "quiesce went on after its deferral, and failed without a retry",
        (_resumed(run, QUIESCE), quiesce.tries),
        (1, 1),
    )
    scene.check("it failed soon after its time was up", _outside(quiesce.seconds, 95, 150))
    slow = [id for (service, id) in stopped if service == "enos"]
    scene.equal("its log names each pipeline that was not paused", [id for id in slow if id not in log], [])
    scene.equal("everything that runs was asked to stop", len(stopped), 9)
    scene.equal("work did not run", run.states()["window.work"], "upstream_failed")
    scene.equal("the run is red", run.state, "failed")


@scenario(world=world(pause=SLOW, submit=SLOW), longest=600)
def windows_triggerers_killed_while_deferred(scene: Scene) -> None:
    """Both triggerers are killed while five windows quiesce, and while they restore, deferred: all is as it was."""
    windows = opened(scene)
    for task in (QUIESCE, RESTORE):
        _until_deferred(windows, task)
        scene.pause(scene.random.uniform(1, 15))
        scene.stage.crew.kill("triggerer-1", "triggerer-2")
        scene.pause(scene.random.uniform(1, 10))
        scene.stage.crew.start("triggerer-1", "triggerer-2")
    windows.judge()
    windows.green()
    first = [run.id for run in windows.runs.values() if any(task.tries > 1 for task in run.tasks().values())]
    scene.equal("no task needed a second attempt", first, [])


@scenario(world=world(pause=SLOW, submit=SLOW), longest=720)
def windows_marked_while_deferred(scene: Scene) -> None:
    """Deferred tasks of windows are marked failed or success, or cleared: everything is as it was."""
    windows = opened(scene)
    first, second, third, fourth, fifth = windows.runs.values()
    _until_deferred(windows, QUIESCE)
    scene.pause(scene.random.uniform(1, 15))
    first.mark("failed", QUIESCE)
    second.mark("success", QUIESCE)
    third.clear(QUIESCE)
    fourth.mark_run("failed")
    fifth.wait_for("deferred", [RESTORE], 400)
    fifth.clear(RESTORE)
    windows.judge()


def _until_deferred(windows: Windows, task: str) -> None:
    def deferred() -> bool:
        return all(run.states().get(task) == "deferred" for run in windows.runs.values())

    windows.scene.wait(f"five deferred {task.removeprefix('window.')}", deferred, 400)


def _outside(seconds: float | None, least: float, most: float) -> str:
    return "" if seconds is not None and least < seconds < most else f"after {seconds} s"
