"""Deadlines that are reached while a task is deferred."""

from __future__ import annotations

from scripts.system.codearts import made, stops
from scripts.system.scenario import scenario
from scripts.system.scene import Scene, counted

PIPELINE = "5f0e0000-0000-4000-8000-000000000003"


@scenario()
def deadline_while_deferred(scene: Scene) -> None:
    """The time is up while tasks are deferred: they fail and say so; the run is cancelled, the pipeline left alone."""
    run = scene.run("deadlines")
    run.wait_for("deferred", ["run", "pause"])
    run.wait_for_end(120)
    runs = made(run)
    scene.wait("the end of the run", lambda: not any(one.lives for one in made(run)), 20, must=False)
    scene.equal("both tasks are failed", run.states(), {"run": "failed", "pause": "failed"})
    scene.equal("the run was stopped once", stops(scene), {one.id: 1 for one in runs})
    scene.equal("it is cancelled", [one.status for one in made(run)], ["CANCELED"])
    calls = scene.stage.emulator.journal()
    writes = sorted({call["operation"] for call in calls if call["write"] and PIPELINE in call["ids"]})
    scene.equal("the pipeline was paused once", counted(calls, "pause_pipeline"), {PIPELINE: 1})
    scene.equal("nothing else was asked of it", writes, ["pause_pipeline"])
    late = [name for name, task in run.tasks().items() if not 40 < (task.seconds or 0) < 100]
    scene.equal("both ended soon after their time was up", late, [])
    silent = [name for name in run.tasks() if "WatchTimeout" not in run.log(name)]
    scene.equal("their logs name the reason", silent, [])
