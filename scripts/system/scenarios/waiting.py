"""What must be true of the DAG ``waiting`` in the end, whatever was taken away meanwhile."""

from __future__ import annotations

from scripts.live.evidence import deferrals
from scripts.system.codearts import made, overlaps, stops
from scripts.system.scene import Run, Scene, counted

POLLING = ("pause_polling", "stop_polling", "run_polling")
DEFERRED = ("pause_deferred", "stop_deferred", "run_deferred")
_PIPELINES = ("5f0e0000-0000-4000-8000-000000000001", "5f0e0000-0000-4000-8000-000000000002")
_JOBS = ("128", "137")


def begin(scene: Scene) -> Run:
    """Start the DAG run, and return when all its tasks wait."""
    run = scene.run("waiting")
    run.wait_for("deferred", DEFERRED)
    run.wait_for("running", POLLING)
    scene.wait("two runs", lambda: len(made(run)) == 2, 60)
    return run


def judge(run: Run, *, airflow_may_kill: bool = False) -> None:
    """
    Wait for the end; assert that everything was done once, and nothing was cancelled.

    :param airflow_may_kill: whether Airflow ends running tasks by itself, as it does when three heartbeats of theirs
        have failed, and when a new scheduler does not know them: what they have started is cancelled then, and a
        further attempt starts it anew
    """
    scene = run.scene
    run.wait_for_end(300)
    calls = scene.stage.emulator.journal()
    tasks = run.tasks()
    scene.equal("all tasks ended well", {task.state for task in tasks.values()}, {"success"})
    again = sorted(f"{name}: {task.tries}" for name, task in tasks.items() if task.tries > 1)
    scene.note(f"further attempts: {', '.join(again) or 'none'}")
    late = [name for name in DEFERRED if tasks[name].tries > 1]
    scene.equal("no deferred task needed a second attempt", late, [])
    resumed = deferrals(scene.stage.airflow.metadata.events(run.dag_id, run.id))
    scene.equal("the deferred tasks were resumed", sorted(set(resumed) & set(DEFERRED)), sorted(DEFERRED))
    scene.equal("each pipeline was paused once", counted(calls, "pause_pipeline"), dict.fromkeys(_PIPELINES, 1))
    scene.equal("each job was stopped once", counted(calls, "batch_stop_flink_jobs"), dict.fromkeys(_JOBS, 1))
    runs = made(run)
    cancelled = {one.id: 1 for one in runs if airflow_may_kill and one.task in POLLING and one.status == "CANCELED"}
    completed = [one.task for one in runs if one.status == "COMPLETED"]
    asked = sum(call["operation"] == "run_pipeline" for call in calls)
    scene.equal("each run task has one run that is completed", sorted(completed), ["run_deferred", "run_polling"])
    scene.equal("no other run was asked for but after a kill", asked, 2 + len(cancelled))
    scene.equal("no run was stopped but by a kill", stops(scene), cancelled)
    scene.equal("no task had two runs at the same time", overlaps(runs), [])
    scene.equal("nothing was started", counted(calls, "start_pipeline") | counted(calls, "batch_run_flink_jobs"), {})
    state = scene.stage.emulator.state()
    pipelines = next(iter(state["enos"]["orgs"].values()))["pipelines"]
    jobs = next(iter(state["dli"]["projects"].values()))["jobs"]
    scene.equal("the pipelines are paused", [pipelines[id]["status"] for id in _PIPELINES], ["PAUSED"] * 2)
    scene.equal("the jobs are stopped", [jobs[id]["status"] for id in _JOBS], ["job_cancel_success"] * 2)
