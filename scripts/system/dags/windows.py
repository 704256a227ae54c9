"""Five windows, one over each fleet. The work fails if anything still runs."""

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


for fleet in FLEETS:
    with (
        DAG(f"window_{fleet.number}", schedule=None),
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
            timeout=900,
            poll_interval=10,
        ),
    ):
        work(fleet.number)
