"""What tasks need while they wait is gone for a while: api-server, database, the service itself."""

from __future__ import annotations

from scripts.system.scenario import scenario
from scripts.system.scenarios.waiting import begin, judge
from scripts.system.scene import Scene


@scenario()
def api_server_gone(scene: Scene) -> None:
    """The api-server is gone for 30 seconds: the tasks end well, nothing is done twice."""
    run = begin(scene)
    scene.stage.crew.kill("api-server")
    scene.pause(30)
    scene.stage.crew.start("api-server")
    judge(run, airflow_may_kill=True)


@scenario()
def database_restarted(scene: Scene) -> None:
    """PostgreSQL crashes and comes back: the tasks end well, nothing is done twice."""
    run = begin(scene)
    scene.stage.database.stop(at_once=True)
    scene.pause(2)
    scene.stage.database.start()
    judge(run)


@scenario()
def service_down(scene: Scene) -> None:
    """The services are down for a minute: that costs time and nothing else."""
    run = begin(scene)
    scene.stage.emulator.take_down()
    scene.pause(60)
    scene.stage.emulator.bring_up()
    judge(run)
    tries = {task.tries for task in run.tasks().values()}
    scene.equal("no task needed a second attempt", tries, {1})
