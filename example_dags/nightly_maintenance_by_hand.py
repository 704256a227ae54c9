"""
Nightly maintenance with one operator a step: stop what is named, work, start it again.

At two in the morning in Berlin two EnOS pipelines are paused, the soak test in flight is stopped, two DLI jobs are
stopped with a savepoint; then comes the work; then everything is started again, also if the work has failed. All waits
are deferred: they hold no worker slot.

This is for a fixed set of things whose every step you want to see and order yourself. It starts what it names, whether
that ran before or not, and a night that is cut short leaves the fleet as it is. ``nightly_maintenance.py`` does the
same with a ``MaintenanceWindow``, which remembers what ran.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task  # on 2.11: from airflow import DAG; from airflow.decorators import task

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator, EnosStartPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor

WIND = "00000000-fa4e-4000-8000-000000000001"
WIND_HEAVY = "00000000-fa4e-4000-8000-000000000007"
SOAK_TEST = "fa4e0000000000000000000000000005"
SOAK_RUN = "f0500000000000000000000000000001"
MIGRATION = "fa4e0000000000000000000000000003"
FLINK_JOBS = [128, 137]

with DAG(
    "nightly_maintenance_by_hand",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    default_args={"deferrable": True, "poll_interval": 20, "retries": 2},
    params={"soak_run": SOAK_RUN},
    tags=["example", "pipelines"],
):
    pause_wind = EnosPausePipelineOperator(task_id="pause_wind", pipeline_id=WIND)
    pause_heavy = EnosPausePipelineOperator(task_id="pause_heavy", pipeline_id=WIND_HEAVY)
    stop_soak = CodeArtsStopRunOperator(
        task_id="stop_soak",
        pipeline_id=SOAK_TEST,
        pipeline_run_id="{{ params.soak_run }}",
        wait_for_completion=False,
    )
    stop_jobs = DliBatchStopOperator(task_id="stop_jobs", job_ids=FLINK_JOBS, trigger_savepoint=True)

    wind_is_paused = EnosPipelineSensor(task_id="wind_is_paused", pipeline_id=WIND, target_status="PAUSED")
    soak_is_over = CodeArtsRunSensor(
        task_id="soak_is_over",
        pipeline_id=SOAK_TEST,
        pipeline_run_id="{{ params.soak_run }}",
        target_status="CANCELED",
        poke_interval=20,
    )
    jobs_are_stopped = DliJobSensor(
        task_id="jobs_are_stopped", job_ids=FLINK_JOBS, target_status="job_cancel_success", poke_interval=20
    )

    migrate = CodeArtsRunPipelineOperator(
        task_id="migrate",
        pipeline_id=MIGRATION,
        variables={"window": "{{ run_id }}"},
        description="Nightly migration",
    )

    @task
    def vacuum() -> str:
        """Stand for the work that needs a quiet fleet."""
        return "the fleet was quiet"

    start_wind = EnosStartPipelineOperator(
        task_id="start_wind",
        pipeline_id=WIND,
        execution_mode=0,
        kafka_rate=2000,
        resource_config={"server": 1},
        trigger_rule="all_done",
    )
    start_heavy = EnosStartPipelineOperator(
        task_id="start_heavy",
        pipeline_id=WIND_HEAVY,
        execution_mode=1,
        kafka_rate=9000,
        resource_config={
            "server": 1,
            "yarn": {"workerCount": 2, "master": 1, "slave": 2},
            "advanced": [{"key": "spark.streaming.backpressure.enabled", "value": "true"}],
        },
        trigger_rule="all_done",
    )
    start_jobs = DliBatchRunOperator(
        task_id="start_jobs", job_ids=FLINK_JOBS, resume_savepoint=True, trigger_rule="all_done"
    )
    start_soak = CodeArtsRunPipelineOperator(
        task_id="start_soak", pipeline_id=SOAK_TEST, wait_for_completion=False, trigger_rule="all_done"
    )

    heavy_runs = EnosPipelineSensor(task_id="heavy_runs", pipeline_id=WIND_HEAVY, target_status="RUNNING")
    jobs_run = DliJobSensor(task_id="jobs_run", job_ids=FLINK_JOBS, target_status="job_running")

    pause_wind >> wind_is_paused
    stop_soak >> soak_is_over
    stop_jobs >> jobs_are_stopped
    work = vacuum()
    [wind_is_paused, pause_heavy, soak_is_over, jobs_are_stopped] >> migrate >> work
    work >> [start_wind, start_heavy, start_jobs, start_soak]
    start_heavy >> heavy_runs
    start_jobs >> jobs_run
    # the last tasks follow the work too: where it failed, everything runs again and the run is red all the same
    [work, start_wind, start_soak] >> heavy_runs
    work >> jobs_run
