"""
Nightly maintenance in a window: stop what runs, work on a quiet fleet, bring exactly that back, whatever happens.

At two in the morning in Berlin the EnOS pipelines of the wind farm are paused, its DLI jobs are stopped with a
savepoint, and the nightly build is kept from starting anew; a build that runs already may end. Then the schema is
migrated, the history compacted, and the new statistics are taken in. What did not run before the window does not run
after it. When everything is back, the DAG waits until the pipelines have caught up with what they missed. Long waits
are deferred: they hold no worker slot.

``nightly_maintenance_by_hand.py`` does the like with one operator a step.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task  # on 2.11: from airflow import DAG; from airflow.decorators import task

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator
from airflow_provider_pipelines.dli.operators import DliSqlJobOperator
from airflow_provider_pipelines.enos.sensors import EnosLagSensor
from airflow_provider_pipelines.window import CodeArtsPipelines, DliJobs, EnosPipelines, MaintenanceWindow

WIND = "00000000-fa4e-4000-8000-000000000001"
BUILD = "fa4e0000000000000000000000000002"
MIGRATION = "fa4e0000000000000000000000000003"
COMPACTION = "INSERT OVERWRITE TABLE turbine_history SELECT DISTINCT * FROM turbine_history"

with DAG(
    "nightly_maintenance",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    default_args={"deferrable": True, "poll_interval": 20, "retries": 2},
    tags=["example", "pipelines"],
):
    with MaintenanceWindow(
        "window",
        targets=[
            EnosPipelines(
                name_pattern="wind-*",
                how="pause",
                # EnOS does not tell how a pipeline was started: by id, by name, or for the rest
                start={
                    "*": {"execution_mode": 0, "kafka_rate": 2000, "resource_config": {"server": 1}},
                    "wind-heavy": {
                        "execution_mode": 1,
                        "kafka_rate": 9000,
                        "resource_config": {"server": 1, "yarn": {"workerCount": 2, "master": 1, "slave": 2}},
                    },
                },
            ),
            DliJobs(job_ids=[128, 137, 140], trigger_savepoint=True),
            CodeArtsPipelines(pipeline_ids=[BUILD], running="wait"),
        ],
        timeout=3 * 3600,
        poll_interval=20,
    ) as window:
        migrate = CodeArtsRunPipelineOperator(
            task_id="migrate",
            pipeline_id=MIGRATION,
            variables={"window": "{{ run_id }}"},
            description="Nightly migration",
        )
        compact = DliSqlJobOperator(task_id="compact", sql=COMPACTION, queue_name="default")

        @task
        def take_in() -> str:
            """Stand for the work that needs a quiet fleet."""
            return "the fleet was quiet"

        [migrate, compact] >> take_in()

    caught_up = EnosLagSensor(task_id="caught_up", pipeline_id=WIND, max_lag=1000, poke_interval=20)
    # waits for the work and until everything is back
    window >> caught_up
