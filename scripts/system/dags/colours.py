"""A window for each case of the table of colours."""

import time

from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_pipelines.window import EnosPipelines, MaintenanceWindow
from scripts.system.colours import CASES, dag_id, organisation, pipeline


@task
def work(how: str) -> None:
    """Take some time, then do as told."""
    time.sleep(8)
    if how == "skip":
        raise AirflowSkipException("nothing to do")
    if how == "fail":
        raise RuntimeError("the work has failed")


for case in CASES:
    with (
        DAG(dag_id(case), schedule=None),
        MaintenanceWindow(
            "window",
            targets=[
                EnosPipelines(
                    pipeline_ids=[pipeline(case)],
                    org_id=organisation(case),
                    start={"*": {"execution_mode": 0, "kafka_rate": 1000}},
                )
            ],
            timeout=300,
            poll_interval=10,
            on_quiesce_failure=case.policy,
        ),
    ):
        if case.work == "map":
            work.expand(how=["good", "fail", "good"])
        else:
            work(case.work)
