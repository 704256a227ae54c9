"""
Nightly maintenance with one operator a step: stop what is named, work, start it again.

At two in the morning in Berlin two EnOS pipelines are paused, the build in flight is stopped, two DLI jobs are stopped
with a savepoint; then comes the work; then everything is started again, also if the work has failed. All waits are
deferred: they hold no worker slot.

This is for a fixed set of things whose every step you want to see and order yourself. It starts what it names, whether
that ran before or not, and a night that is cut short leaves the fleet as it is. ``nightly_maintenance.py`` does the
same with a ``MaintenanceWindow``, which remembers what ran.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, task

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator, EnosStartPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor

WIND_POWER = "5f0e0000-0000-4000-8000-000000000001"
WIND_HEAVY = "5f0e0000-0000-4000-8000-000000000002"
BUILD = "c0de0000000000000000000000000001"
BUILD_RUN = "70000000000000000000000000000001"
MIGRATION = "c0de0000000000000000000000000002"
FLINK_JOBS = [128, 137]

with DAG(
    "nightly_maintenance_by_hand",
    schedule="0 2 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    default_args={"deferrable": True, "poll_interval": 20, "retries": 2},
    params={"build_run": BUILD_RUN},
    tags=["example", "pipelines"],
):
    pause_power = EnosPausePipelineOperator(task_id="pause_power", pipeline_id=WIND_POWER)
    pause_heavy = EnosPausePipelineOperator(task_id="pause_heavy", pipeline_id=WIND_HEAVY)
    stop_build = CodeArtsStopRunOperator(
        task_id="stop_build",
        pipeline_id=BUILD,
        pipeline_run_id="{{ params.build_run }}",
        wait_for_completion=False,
    )
    stop_jobs = DliBatchStopOperator(task_id="stop_jobs", job_ids=FLINK_JOBS, trigger_savepoint=True)

    power_is_paused = EnosPipelineSensor(task_id="power_is_paused", pipeline_id=WIND_POWER, target_status="PAUSED")
    build_is_over = CodeArtsRunSensor(
        task_id="build_is_over",
        pipeline_id=BUILD,
        pipeline_run_id="{{ params.build_run }}",
        target_status="CANCELED",
        poke_interval=20,
    )
    jobs_are_stopped = DliJobSensor(
        task_id="jobs_are_stopped", job_ids=FLINK_JOBS, target_status="job_cancel_success", poke_interval=20
    )

    migrate = CodeArtsRunPipelineOperator(
        task_id="migrate",
        pipeline_id=MIGRATION,
        variables={"window": "{{ ds }}"},
        description="Nightly migration",
    )

    @task
    def vacuum() -> str:
        """Stand for the work that needs a quiet fleet."""
        return "the fleet was quiet"

    start_power = EnosStartPipelineOperator(
        task_id="start_power",
        pipeline_id=WIND_POWER,
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
    start_build = CodeArtsRunPipelineOperator(
        task_id="start_build", pipeline_id=BUILD, wait_for_completion=False, trigger_rule="all_done"
    )

    heavy_runs = EnosPipelineSensor(task_id="heavy_runs", pipeline_id=WIND_HEAVY, target_status="RUNNING")
    jobs_run = DliJobSensor(task_id="jobs_run", job_ids=FLINK_JOBS, target_status="job_running")

    pause_power >> power_is_paused
    stop_build >> build_is_over
    stop_jobs >> jobs_are_stopped
    work = vacuum()
    [power_is_paused, pause_heavy, build_is_over, jobs_are_stopped] >> migrate >> work
    work >> [start_power, start_heavy, start_jobs, start_build]
    start_heavy >> heavy_runs
    start_jobs >> jobs_run
    # the last tasks follow the work too: where it failed, everything runs again and the run is red all the same
    [work, start_power, start_build] >> heavy_runs
    work >> jobs_run
