"""Plays the DAGs of ``dags/played.py`` with Airflow's own ``dag.test()``, in a process and a database of their own."""

import json
import os
import sys
import time
import urllib.request

from airflow_provider_pipelines.core.clock import Clock


class Hands:
    """The time of our package, and of the emulator; Airflow's own goes on."""

    now = time.time()

    @classmethod
    def sleep(cls, seconds):
        cls.now += max(0.0, seconds)
        body = json.dumps({"seconds": max(0.0, seconds)}).encode()
        request = urllib.request.Request(  # noqa: S310 -- the emulator's address
            f"{os.environ['EMULATOR']}/_emulator/advance", body, {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 -- as above

    @classmethod
    async def pause(cls, seconds):
        cls.sleep(seconds)


def play(dag, hops):
    """Run a DAG; give what became of it."""
    hops.clear()
    run = dag.test()
    instances = {ti.task_id: ti for ti in run.get_task_instances()}
    return {
        "state": str(run.state),
        "tasks": {name: str(ti.state) for name, ti in instances.items()},
        "deferred": sorted(hops),
        "results": {name: ti.xcom_pull(task_ids=name) for name, ti in instances.items()},
    }


def main(names):
    from airflow.sdk.definitions import dag as airflows

    from tests.task.dags.played import DAGS

    Clock.time = Clock.monotonic = lambda clock: Hands.now
    Clock.sleep = lambda clock, seconds: Hands.sleep(seconds)
    Clock.pause = lambda clock, seconds: Hands.pause(seconds)
    hops, run_trigger = [], airflows._run_inline_trigger

    def counted(trigger, ti):
        hops.append(ti.task_id)
        return run_trigger(trigger, ti)

    airflows._run_inline_trigger = counted
    return {**{name: play(DAGS[name], hops) for name in names}, "variables": variables()}


def variables():
    """Give what is in the metadata database at the end."""
    from airflow.models.variable import Variable
    from airflow.utils.session import create_session

    with create_session() as session:
        return {variable.key: variable.get_val() for variable in session.query(Variable)}


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(main(sys.argv[1:])), file=answers)
