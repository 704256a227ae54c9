"""Workers that are killed in the middle of a wait."""

from __future__ import annotations

from scripts.system.codearts import made, stops
from scripts.system.scenario import scenario
from scripts.system.scenarios.waiting import POLLING, begin, judge
from scripts.system.scene import Scene, counted

PIPELINE = "c0de0000000000000000000000000003"


@scenario()
def worker_killed_while_polling(scene: Scene) -> None:
    """Workers are killed while they poll runs: the second attempts take the same runs over."""
    run = scene.run("adopting")
    tasks = [f"wait[{number}]" for number in range(3)]
    run.wait_for("running", tasks)
    scene.wait("three runs", lambda: len(made(run)) == 3, 60)
    scene.pause(scene.random.uniform(2, 8))
    for task in tasks[:2]:
        run.kill_worker(task)
    scene.say(f"killed the workers of {' and '.join(tasks[:2])}")
    run.wait_for_end(360)
    asked = counted(scene.stage.emulator.journal(), "run_pipeline").get(PIPELINE)
    tries = {name: task.tries for name, task in run.tasks().items()}
    ends = sorted((one.task, one.status) for one in made(run))
    scene.equal("the DAG run ended well", run.state, "success")
    scene.equal("the killed tasks needed a second attempt", tries, dict(zip(tasks, (2, 2, 1), strict=True)))
    scene.equal("a run was asked for once for each task", asked, 3)
    scene.equal("each task has one run, and it is completed", ends, [(task, "COMPLETED") for task in tasks])
    scene.equal("nothing was stopped", stops(scene), {})


@scenario()
def scheduler_killed(scene: Scene) -> None:
    """The scheduler is killed and started again while its tasks go on: nothing is done twice."""
    run = begin(scene)
    scene.stage.crew.kill("scheduler", alone=True)
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("scheduler")
    judge(run, airflow_may_kill=True)


@scenario()
def scheduler_killed_with_its_tasks(scene: Scene) -> None:
    """The scheduler's machine is lost: second attempts find what the first ones have begun."""
    run = begin(scene)
    scene.stage.crew.kill("scheduler")
    scene.pause(scene.random.uniform(1, 10))
    scene.stage.crew.start("scheduler")
    judge(run)
    tries = {name: task.tries for name, task in run.tasks().items() if name in POLLING}
    scene.equal("what ran on it needed a second attempt", tries, dict.fromkeys(POLLING, 2))
