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
def polling_marked_and_cleared(scene: Scene) -> None:
    """Polling tasks are marked failed or success, or cleared: no run is left over, and no task has two of them."""
    _mark_and_clear(scene, "polling", "running")


@scenario()
def deferred_marked_and_cleared(scene: Scene) -> None:
    """Deferred tasks are marked failed or success, or cleared: no run is left over, and no task has two of them."""
    _mark_and_clear(scene, "deferred", "deferred")


def _mark_and_clear(scene: Scene, dag_id: str, state: str) -> None:
    run = scene.run(dag_id)
    tasks = [f"wait[{number}]" for number in range(9)]
    marked, cleared = tasks[:6], tasks[6:]
    run.wait_for(state, tasks, 240)
    scene.wait("a run for each task", lambda: {one.task for one in made(run)} >= set(tasks), 60)
    first = {one.task: one.id for one in made(run)}
    own = {first[task] for task in marked}
    scene.pause(scene.random.uniform(11, 16))
    run.mark("failed", *marked[:3])
    run.mark("success", *marked[3:])
    run.clear(*cleared)
    scene.wait("the stops", lambda: own <= set(stops(scene)), 60, must=False)
    scene.wait("second attempts", lambda: all(run.tasks()[task].tries == 2 for task in cleared), 60)
    run.wait_for(state, cleared, 240)
    scene.pause(20)
    asked = stops(scene)
    ended = {one.id for one in made(run) if not one.lives}
    scene.equal("marked tasks have no run that goes on", _living(run, marked), [])
    scene.equal("the run of each was stopped once", {id: asked.get(id) for id in own}, dict.fromkeys(own, 1))
    scene.equal("each cleared task has one run that goes on", _living(run, cleared), sorted(cleared))
    scene.equal("nothing else was stopped but what was replaced", asked, dict.fromkeys(ended, 1))
    scene.note(f"{len(ended) - len(own)} of {len(cleared)} cleared tasks have a new run, the others the old one")
    run.mark_run("failed")
    scene.wait("the end of all runs", lambda: not any(one.lives for one in made(run)), 60, must=False)
    each = {one.id: 1 for one in made(run)}
    scene.equal("marking the DAG run failed stops each of the others once", stops(scene), each)
    scene.equal("no run goes on", [one.task for one in made(run) if one.lives], [])
    scene.equal("no task had two runs at the same time", overlaps(made(run)), [])


def _living(run: Run, tasks: list[str]) -> list[str]:
    return sorted(one.task for one in made(run) if one.lives and one.task in tasks)
