"""The colour of a window's run, on a real scheduler."""

from __future__ import annotations

from scripts.live.processes import Failure
from scripts.system.colours import CASES, Case, dag_id, organisation, pipeline, world
from scripts.system.scenario import scenario
from scripts.system.scene import Run, Scene


@scenario(world=world(), longest=600)
def window_colours(scene: Scene) -> None:
    """Whatever fails or is marked in a window, its run is red, and green if all is well; everything is as it was."""
    runs = {case: scene.run(dag_id(case)) for case in CASES}
    marks = [case for case in CASES if case.mark]

    def marked() -> bool:
        marks[:] = [case for case in marks if not _mark(runs[case], case)]
        return not marks

    scene.stage.wait("the tasks that are marked", marked, 400, pause=0.05)
    for run in runs.values():
        run.wait_for_end(300)
    scene.wait("the end of all tasks", lambda: all(run.ended() for run in runs.values()), 120)
    for case, run in runs.items():
        seen = run.state if run.state == case.colour else f"{run.state} with {run.states()}"
        scene.equal(f"{case.name.replace('_', ' ')}: {case.colour}", seen, case.colour)
    state = scene.stage.emulator.state()["enos"]["orgs"]
    statuses = {case.name: state[organisation(case)]["pipelines"][pipeline(case)]["status"] for case in CASES}
    still = {name: status for name, status in statuses.items() if status != "RUNNING" and name != "restore_failed"}
    scene.equal("every pipeline runs again, but where restore was marked failed", still, {})


def _mark(run: Run, case: Case) -> bool:
    """Mark what a case marks, if its task runs; tell whether that is done."""
    task = f"window.{case.mark}"
    if run.states().get(task) != "running":
        if run.state in ("success", "failed"):
            raise Failure(f"{case.name}: the run ended before {task} was seen running.")
        return False
    if case.what == "run":
        run.mark_run(case.state)
    else:
        run.mark(case.state, task)
    return True
