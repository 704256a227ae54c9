"""Two runs of a CodeArts pipeline that last for hours: one is watched by a worker, the other by a triggerer."""

from airflow.sdk import DAG

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator

SOAK_TEST = "fa4e0000000000000000000000000005"

with DAG("marked", schedule=None):
    for name, deferrable in (("polling", False), ("deferred", True)):
        CodeArtsRunPipelineOperator(
            task_id=name,
            pipeline_id=SOAK_TEST,
            description=f"made by {name}",
            deferrable=deferrable,
            defer_after=0,
            poll_interval=10,
        )
