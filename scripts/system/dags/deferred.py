"""Nine deferred tasks that wait for runs that do not end."""

from airflow.sdk import DAG

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator

with DAG("deferred", schedule=None):
    CodeArtsRunPipelineOperator.partial(
        task_id="wait",
        pipeline_id="c0de0000000000000000000000000001",
        description="{{ run_id }} {{ ti.task_id }} {{ ti.map_index }}",
        deferrable=True,
        defer_after=5,
        poll_interval=5,
    ).expand(variables=[{"index": number} for number in range(9)])
