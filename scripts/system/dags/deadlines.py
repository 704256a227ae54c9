"""Deferred tasks whose time is up long before what they wait for."""

from airflow.sdk import DAG

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator

with DAG("deadlines", schedule=None, default_args={"timeout": 45, "poll_interval": 5, "defer_after": 0}):
    CodeArtsRunPipelineOperator(
        task_id="run",
        pipeline_id="c0de0000000000000000000000000001",
        description="{{ run_id }} {{ ti.task_id }} {{ ti.map_index }}",
        deferrable=True,
    )
    EnosPausePipelineOperator(task_id="pause", pipeline_id="5f0e0000-0000-4000-8000-000000000003", deferrable=True)
