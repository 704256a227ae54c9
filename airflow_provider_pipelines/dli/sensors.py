"""Sensors for Data Lake Insight; here that for Flink jobs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import long_ids, one_of
from airflow_provider_pipelines.dli.sql_spark_sensors import DliSparkBatchSensor, DliSqlJobSensor
from airflow_provider_pipelines.dli.states import RUNNING, SENSED
from airflow_provider_pipelines.task import GoalSensor

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.goals import Goal
    from airflow_provider_pipelines.dli.hook import DliHook

__all__ = ["DliJobSensor", "DliSparkBatchSensor", "DliSqlJobSensor"]


class DliJobSensor(GoalSensor):
    """
    Waits until each of several Flink jobs is in a status.

    A job that ended otherwise fails the sensor: for ``job_running`` that is a finished, stopped or failed one. A draft
    (``job_init``) is waited for. Words of a passage, such as ``job_submitting``, may last shorter than the time between
    two looks, and then are missed.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html

    :param job_ids: the jobs: whole numbers or their digits (templated)
    :param target_status: one of DLI's words, e.g. ``job_running``, ``job_finish`` or ``job_cancel_success`` (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    kind = "flink_job"
    batch = True
    verb = "show_flink_job"
    template_fields: Sequence[str] = ("job_ids", "target_status", "project_id", "region", "huaweicloud_conn_id")

    def __init__(
        self,
        *,
        job_ids: Sequence[int],
        target_status: str = RUNNING,
        project_id: str | None = None,
        region: str | None = None,
        huaweicloud_conn_id: str = "huaweicloud_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(target_status=target_status, **kwargs)
        self.job_ids = job_ids
        self.project_id = project_id
        self.region = region
        self.huaweicloud_conn_id = huaweicloud_conn_id

    @cached_property
    def hook(self) -> DliHook:
        """The hook."""
        from airflow_provider_pipelines.dli.hook import DliHook

        return DliHook(self.huaweicloud_conn_id, self.project_id, self.region)

    def plan(self) -> list[str]:
        """Check the ids."""
        return [str(id) for id in long_ids(self.job_ids, "job_ids")]

    def goal(self) -> Goal:
        """Give the goal for the target status."""
        return SENSED[one_of(self.target_status, "target_status", tuple(SENSED))]

    def outcome_id(self, id: str) -> int:
        """Give the number."""
        return int(id)
