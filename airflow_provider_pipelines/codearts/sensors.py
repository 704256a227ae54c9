"""Sensors for Huawei Cloud CodeArts pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.states import COMPLETED, FAILED, SENSED
from airflow_provider_pipelines.core.checks import one_of, optional_id, text_id
from airflow_provider_pipelines.huaweicloud.tasks import HuaweiCloudTask
from airflow_provider_pipelines.task.sensor import GoalSensor

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Goal
    from airflow_provider_pipelines.core.verbs.observation import Report


class CodeArtsRunSensor(HuaweiCloudTask, GoalSensor):
    """
    Waits until a run of a CodeArts pipeline is in a status.

    ``PAUSED`` waits for a run that waits for a human, and ``SUSPEND`` reaches it too. A run that has ended in another
    way has passed the status by, and fails the sensor with :class:`~airflow_provider_pipelines.errors.WatchFailed`.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html

    :param pipeline_id: the pipeline (templated)
    :param pipeline_run_id: the run (templated)
    :param target_status: ``COMPLETED``, ``RUNNING``, ``FAILED``, ``CANCELED``, ``PAUSED``, ``SUSPEND`` or ``IGNORED``
        (templated)
    :param project_id: the CodeArts project, instead of the connection's ``codearts_project_id`` (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    vendor = "codearts"
    kind = "run"
    verb = "show_pipeline_run_detail"
    template_fields: Sequence[str] = (
        "pipeline_id", "pipeline_run_id", "target_status", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        pipeline_id: str,
        pipeline_run_id: str,
        target_status: str = COMPLETED,
        **kwargs: Any,
    ) -> None:
        super().__init__(target_status=target_status, **kwargs)
        self.pipeline_id = pipeline_id
        self.pipeline_run_id = pipeline_run_id

    @property
    def scope(self) -> dict[str, Any]:
        """The pipeline."""
        return {"pipeline_id": self.pipeline_id}

    def plan(self) -> list[str]:
        """Check the ids."""
        text_id(self.pipeline_id, "pipeline_id")
        optional_id(self.project_id, "project_id")
        return [text_id(self.pipeline_run_id, "pipeline_run_id")]

    def goal(self) -> Goal:
        """Give the goal for the target status."""
        return SENSED[one_of(self.target_status, "target_status", tuple(SENSED))]

    def outcome_id(self, id: str) -> str:
        """Show the pipeline; the run is beside it."""
        return self.pipeline_id

    def _judge(self, report: Report) -> Any:
        failed = [id for id, judged in report.seen.items() if judged.verdict == "failed" and judged.status == FAILED]
        if failed:
            from airflow_provider_pipelines.codearts.flows.failures import explain

            with self.hook as hook:
                explain(hook.get_conn, self.pipeline_id, failed, self.log.error)
        return super()._judge(report)
