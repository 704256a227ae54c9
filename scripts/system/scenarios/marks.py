"""Tasks that a user marks or clears while they wait."""

from __future__ import annotations

from scripts.system.codearts import made, overlaps, stops
from scripts.system.scenario import scenario
from scripts.system.scene import Run, Scene


def _all_have_runs(run: Run, count: int) -> None:
    run.scene.wait(f"{count} runs", lambda: len(made(run)) == count, 120)


@scenario()
def polling_marked_failed(scene: Scene) -> None:
    """Ten polling tasks are marked failed: the run of each is stopped once, and no other run is."""
    run = scene.run("polling")
    tasks = [f"wait[{number}]" for number in range(10)]
    run.wait_for("running", tasks, 180)
    _all_have_runs(run, 10)
    scene.pause(5)
    scene.random.shuffle(tasks)
    for task in tasks:
        run.mark("failed", task)
        scene.pause(scene.random.uniform(0, 2))
    scene.wait("the end of the runs", lambda: not any(one.lives for one in made(run)), 60, must=False)
    run.wait_for_end(60)
    runs = made(run)
    scene.equal("ten tasks have made ten runs", sorted(one.task for one in runs), sorted(tasks))
    scene.equal("each run was stopped once, and nobody else's", stops(scene), {one.id: 1 for one in runs})
    scene.equal("all runs are cancelled", {one.status for one in runs}, {"CANCELED"})
    scene.equal("all tasks are failed", set(run.states().values()), {"failed"})


@scenario()
def deferred_marked_and_cleared(scene: Scene) -> None:
    """Deferred tasks are marked failed or success, or cleared: each ends its own run, once; the cleared go on."""
    run = scene.run("deferred")
    tasks = [f"wait[{number}]" for number in range(9)]
    run.wait_for("deferred", tasks, 240)
    first = made(run)
    scene.pause(scene.random.uniform(11, 16))
    failed, good, cleared = tasks[:3], tasks[3:6], tasks[6:]
    run.mark("failed", *failed)
    run.mark("success", *good)
    run.clear(*cleared)
    scene.wait("the stops", lambda: len(stops(scene)) == 9, 60, must=False)
    run.wait_for("deferred", cleared, 240)
    runs = made(run)
    own = {one.id for one in first}
    scene.equal("nine tasks have made nine runs", sorted(one.task for one in first), sorted(tasks))
    scene.equal("each first run was stopped once, and nobody else's", stops(scene), dict.fromkeys(own, 1))
    scene.equal("marked tasks have no run that goes on", _living(run, failed + good), [])
    scene.equal("each cleared task has one run that goes on", _living(run, cleared), sorted(cleared))
    scene.equal("no task had two runs at the same time", overlaps(runs), [])
    run.mark_run("failed")
    scene.wait("the end of all runs", lambda: not any(one.lives for one in made(run)), 60, must=False)
    scene.equal("marking the DAG run failed has stopped each of the others once", stops(scene), _once(run))
    scene.equal("no run goes on", _living(run, tasks), [])


def _living(run: Run, tasks: list[str]) -> list[str]:
    return sorted(one.task for one in made(run) if one.lives and one.task in tasks)


def _once(run: Run) -> dict[str, int]:
    return {one.id: 1 for one in made(run)}
