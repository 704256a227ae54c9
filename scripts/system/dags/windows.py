"""Five windows, one over each fleet, and one with little time. The work fails if anything still runs."""

import json
import os
import time

import requests
from airflow.sdk import DAG, task

from airflow_provider_pipelines.window import CodeArtsPipelines, DliJobs, EnosPipelines, MaintenanceWindow
from scripts.system.fleets import FLEETS, Fleet


@task
def work(number: int) -> None:
    """Take some time, and see that the fleet is quiet at its beginning and its end."""
    host = json.loads(os.environ["AIRFLOW_CONN_ENOS_DEFAULT"])["host"]
    session = requests.Session()
    session.trust_env = False
    for pause in (8, 0):
        state = session.get(f"{host}/_emulator/state", timeout=15).json()
        if running := Fleet(number).running(state):
            raise RuntimeError(f"work on a fleet that runs: {sorted(running)}")
        time.sleep(pause)


windows = {f"window_{fleet.number}": (fleet, 900) for fleet in FLEETS}
windows["window_in_haste"] = FLEETS[0], 100

for dag_id, (fleet, timeout) in windows.items():
    with (
        DAG(dag_id, schedule=None),
        MaintenanceWindow(
            "window",
            targets=[
                EnosPipelines(
                    pipeline_ids=fleet.pipelines,
                    org_id=fleet.organisation,
                    start={"*": {"execution_mode": 0, "kafka_rate": 1000}},
                ),
                DliJobs(job_ids=fleet.jobs),
                CodeArtsPipelines(pipeline_ids=[fleet.pipeline], running="wait"),
            ],
            timeout=timeout,
            poll_interval=10,
        ),
    ):
        work(fleet.number)
