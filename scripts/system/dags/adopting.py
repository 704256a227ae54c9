"""Three tasks with a second attempt, which keep their workers while they wait for runs of almost two minutes."""

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator

with DAG("adopting", schedule=None):
    CodeArtsRunPipelineOperator.partial(
        task_id="wait",
        pipeline_id="c0de0000000000000000000000000003",
        description="{{ run_id }} {{ ti.task_id }} {{ ti.map_index }}",
        deferrable=False,
        poll_interval=5,
        retries=1,
        retry_delay=timedelta(seconds=5),
    ).expand(variables=[{"index": number} for number in range(3)])
