"""Triggerers that die, or stand still until another has taken over."""

from __future__ import annotations

from scripts.system.scenario import scenario
from scripts.system.scenarios.waiting import DEFERRED, begin, judge
from scripts.system.scene import Run, Scene


@scenario()
def triggerers_killed(scene: Scene) -> None:
    """Both triggerers are killed while tasks are deferred, and started again: nothing is cancelled."""
    run = begin(scene)
    scene.pause(scene.random.uniform(3, 12))
    scene.stage.crew.kill("triggerer-1", "triggerer-2")
    scene.pause(5)
    scene.stage.crew.start("triggerer-1", "triggerer-2")
    judge(run)


def freeze_until_taken_over(run: Run, delay: float) -> None:
    """
    Let ``triggerer-1``, the only one, stand still until ``triggerer-2`` has all that it had.

    :param delay: seconds that it has the triggers before
    """
    scene = run.scene
    triggerers = scene.stage.airflow.metadata.triggerers
    scene.wait("a triggerer", lambda: None not in triggerers(run.dag_id, run.id).values(), 30)
    before = triggerers(run.dag_id, run.id)
    scene.pause(delay)
    scene.stage.crew.freeze("triggerer-1")
    scene.stage.crew.start("triggerer-2")

    def taken_over() -> bool:
        now = triggerers(run.dag_id, run.id)
        return all(job is not None and job != before[task] for task, job in now.items())

    scene.wait("the other triggerer to take over", taken_over, 90)


@scenario()
def triggerer_frozen(scene: Scene) -> None:
    """A triggerer stands still, another takes its tasks over, the first wakes up: nothing is cancelled."""
    scene.stage.crew.stop("triggerer-2")
    run = begin(scene)
    freeze_until_taken_over(run, scene.random.uniform(3, 8))
    deferred = scene.stage.airflow.metadata.triggerers(run.dag_id, run.id)
    scene.equal("all three were taken over while deferred", sorted(deferred), sorted(DEFERRED))
    scene.stage.crew.wake("triggerer-1")
    judge(run)
    left_alone = "goes on in another triggerer; nothing is cancelled" in run.log("run_deferred")
    scene.equal("the first one saw that the run is not its own any more", left_alone, True)
