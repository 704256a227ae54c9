"""
What a user writes: hooks, operators, sensors, the window, and what they give and raise.

``make lint`` checks it beside the package, ``make dist`` alone and against the installed wheel, with
``mypy --strict``. It is never run.
"""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.codearts.operators import CodeArtsListPipelinesOperator, CodeArtsRunPipelineOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator, DliSqlJobOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator, EnosStartPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosLagSensor, EnosPipelineSensor
from airflow_provider_pipelines.errors import ApiError, Conflict, PipelinesError, WatchFailed
from airflow_provider_pipelines.trigger import WatchTrigger
from airflow_provider_pipelines.window import CodeArtsPipelines, DliJobs, EnosPipelines, MaintenanceWindow

WIND, BUILD, JOBS = "00000000-fa4e-4000-8000-000000000001", "fa4e0000000000000000000000000002", [128, 137]


class PauseOurs(EnosPausePipelineOperator):
    """An operator of one's own: it pauses one pipeline, always."""

    def __init__(self, *, task_id: str) -> None:
        super().__init__(task_id=task_id, pipeline_id=WIND, deferrable=True, timeout=600)


with DAG("typed", schedule=None):
    pause = PauseOurs(task_id="pause")
    stop = DliBatchStopOperator(task_id="stop", job_ids=JOBS, trigger_savepoint=True, retries=2)
    run = CodeArtsRunPipelineOperator(task_id="run", pipeline_id=BUILD, variables={"target": "test"})
    listed = CodeArtsListPipelinesOperator(task_id="listed", name_pattern="build*")
    query = DliSqlJobOperator(task_id="query", sql="SELECT 1", queue_name="default")
    paused = EnosPipelineSensor(task_id="paused", pipeline_id=WIND, target_status="PAUSED", poke_interval=20)
    over = CodeArtsRunSensor(task_id="over", pipeline_id=BUILD, pipeline_run_id="{{ ti.xcom_pull('run') }}")
    stopped = DliJobSensor(task_id="stopped", job_ids=JOBS, target_status="job_cancel_success", mode="reschedule")
    start = EnosStartPipelineOperator(
        task_id="start", pipeline_id=WIND, execution_mode=0, resource_config={"server": 1}
    )
    resume = DliBatchRunOperator(task_id="resume", job_ids=JOBS, resume_savepoint=True)
    later = DliBatchStopOperator(task_id="later", job_ids="{{ params.jobs }}", poll_interval=60.5)
    each = EnosStartPipelineOperator.partial(task_id="each", execution_mode=0).expand(pipeline_id=["a", "b"])
    more = CodeArtsRunPipelineOperator.partial(task_id="more").expand_kwargs(listed.output)
    [later, each, more] >> pause
    pause >> [paused, stop] >> stopped >> run >> over >> listed >> query >> start >> resume

with DAG("typed_window", schedule=None):
    with MaintenanceWindow(
        "window",
        targets=[
            EnosPipelines(name_pattern="wind-*", exclude=["wind-6"], start={"*": {"execution_mode": 0}}),
            DliJobs(job_ids=JOBS, trigger_savepoint=True, on_missing_savepoint="start_clean"),
            CodeArtsPipelines(pipeline_ids=[BUILD], running="wait"),
        ],
        on_quiesce_failure="continue",
        timeout=3600,
    ) as window:
        CodeArtsRunPipelineOperator(task_id="migrate", pipeline_id=BUILD)
    window >> EnosLagSensor(task_id="caught_up", pipeline_id=WIND, max_lag=1000)


def names() -> dict[str, str]:
    """Read the names of all three services."""
    found: dict[str, str] = {}
    for pipeline in EnosHook("enos_default", org_id="o1").list_pipelines():
        found[pipeline.pipelineId] = pipeline.pipelineName or "no name"
    for job in DliHook(region="eu-de").list_flink_jobs():
        found[str(job.job_id)] = job.name or "no name"
    return found


def start_it(hook: EnosHook, pipeline_id: str) -> str:
    """Start a pipeline unless it cannot be started now."""
    try:
        hook.start_pipeline(pipeline_id, execution_mode=0, kafka_rate=2000, resource_config={"server": 1})
    except Conflict as refused:
        return f"{refused.code}: {refused.message}"
    except ApiError as failed:
        return f"{failed.status} {failed.request_id}"
    except (WatchFailed, PipelinesError) as failed:
        return failed.message
    details = hook.get_pipeline_details(pipeline_id)
    return f"{details.pipelineName or pipeline_id} is {hook.get_status(pipeline_id)}"


async def look(hook: CodeArtsHook) -> str:
    """Look at a pipeline without blocking the event loop."""
    async with hook.aio as aio:
        detail = await aio.show_pipeline_run_detail(BUILD, None)
    return detail.status or "no status"


def path_of(trigger: WatchTrigger) -> str:
    """Tell which class a triggerer makes."""
    path, arguments = trigger.serialize()
    return f"{path}({', '.join(sorted(arguments))})"
