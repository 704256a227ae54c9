"""Every vendor once on the worker and once deferred: things that take 75 seconds."""

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator
from airflow_provider_pipelines.dli.operators import DliBatchStopOperator
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator

PIPELINES = ("5f0e0000-0000-4000-8000-000000000001", "5f0e0000-0000-4000-8000-000000000002")
JOBS = (128, 137)

with DAG(
    "waiting",
    schedule=None,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=5), "poll_interval": 10, "defer_after": 0},
):
    for number, mode in enumerate(("polling", "deferred")):
        deferrable = mode == "deferred"
        EnosPausePipelineOperator(task_id=f"pause_{mode}", pipeline_id=PIPELINES[number], deferrable=deferrable)
        DliBatchStopOperator(task_id=f"stop_{mode}", job_ids=[JOBS[number]], deferrable=deferrable)
        CodeArtsRunPipelineOperator(
            task_id=f"run_{mode}",
            pipeline_id="c0de0000000000000000000000000002",
            description="{{ run_id }} {{ ti.task_id }} {{ ti.map_index }}",
            deferrable=deferrable,
        )
