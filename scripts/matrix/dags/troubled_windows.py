"""Windows whose work goes wrong: it fails, or its worker is killed. What they stop runs afterwards all the same."""

import time

from airflow.sdk import DAG, task

from airflow_provider_pipelines.window import EnosPipelines, MaintenanceWindow

START = {"*": {"execution_mode": 0, "kafka_rate": 2000}}
SOLAR = [EnosPipelines(name_pattern="solar-?", start=START)]
STORAGE = [EnosPipelines(name_pattern="storage-*", start=START)]


@task
def fail() -> None:
    """Fail."""
    raise ValueError("the work of this window fails")


@task
def last() -> None:
    """Last until the worker is killed."""
    time.sleep(1800)


with (
    DAG("window_whose_work_fails", schedule=None),
    MaintenanceWindow("window", targets=SOLAR, poll_interval=10),
):
    fail()

with (
    DAG("window_whose_worker_is_killed", schedule=None),
    MaintenanceWindow("window", targets=STORAGE, poll_interval=10),
):
    last()
