"""DAGs whose tasks all wait in the triggerer, of each kind one: played by ``dag.test()``."""

from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator, DliSqlJobOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.operators import EnosStartPipelineOperator, EnosStopPipelineOperator
from airflow_provider_pipelines.window import DliJobs, EnosPipelines, MaintenanceWindow
from tests.support.airflow import DAG
from tests.support.playing import BUILD, START, WIND

NOW = {"deferrable": True, "defer_after": 0}


def _dag(name):
    return DAG(name, schedule=None)


with _dag("operator") as operator:
    EnosStopPipelineOperator(task_id="stop", pipeline_id=WIND(1), **NOW) >> EnosStartPipelineOperator(
        task_id="start", pipeline_id=WIND(1), **START["*"], **NOW
    )

with _dag("batch") as batch:
    DliBatchStopOperator(task_id="stop", job_ids=[101, 102], **NOW) >> DliBatchRunOperator(
        task_id="run", job_ids=[101, 102], **NOW
    )

with _dag("run") as run:
    CodeArtsRunPipelineOperator(task_id="codearts", pipeline_id=BUILD(1), **NOW)
    DliSqlJobOperator(task_id="sql", sql="SELECT 1", **NOW)

with _dag("sensor") as sensor:
    DliBatchStopOperator(task_id="stop", job_ids=[103], wait_for_completion=False, deferrable=False) >> DliJobSensor(
        task_id="stopped", job_ids=[103], target_status="job_cancel_success", poke_interval=10, deferrable=True
    )

with (
    _dag("window") as window,
    MaintenanceWindow(
        "window",
        targets=[EnosPipelines(pipeline_ids=[WIND(1)], start=START), DliJobs(job_ids=[101, 102])],
        poll_interval=20,
    ),
):
    DliJobSensor(task_id="quiet", job_ids=[101], target_status="job_cancel_success", deferrable=False)

DAGS = {dag.dag_id: dag for dag in (operator, batch, run, sensor, window)}
