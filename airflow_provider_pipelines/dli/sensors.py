"""Sensors for Data Lake Insight: Flink jobs, SQL jobs, Spark batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import long_ids, one_of, optional_id, text_id
from airflow_provider_pipelines.dli.states import FINISHED, RUNNING, SENSED, SPARK_SENSED, SQL_SENSED, SUCCESS
from airflow_provider_pipelines.huaweicloud.tasks import HuaweiCloudTask
from airflow_provider_pipelines.task.sensor import GoalSensor

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Goal


class DliSensor(HuaweiCloudTask, GoalSensor):
    """
    Watches work in DLI: the base of the sensors below.

    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    vendor = "dli"
    template_fields: Sequence[str] = ("target_status", "project_id", "region", "huaweicloud_conn_id")

    def plan(self) -> list[str]:
        """Check the project."""
        optional_id(self.project_id, "project_id")
        return []


class DliJobSensor(DliSensor):
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

    def __init__(self, *, job_ids: Sequence[int], target_status: str = RUNNING, **kwargs: Any) -> None:
        super().__init__(target_status=target_status, **kwargs)
        self.job_ids = job_ids

    def plan(self) -> list[str]:
        """Check the ids."""
        return [str(id) for id in long_ids(self.job_ids, "job_ids")]

    def goal(self) -> Goal:
        """Give the goal for the target status."""
        return SENSED[one_of(self.target_status, "target_status", tuple(SENSED))]

    def outcome_id(self, id: str) -> int:
        """Give the number."""
        return int(id)


class DliSqlJobSensor(DliSensor):
    """
    Waits until a SQL job is ``FINISHED``.

    A job that ended otherwise fails the sensor with :class:`~airflow_provider_pipelines.errors.WatchFailed`, with the
    service's message.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_status.html

    :param job_id: the job's UUID (templated)
    :param target_status: ``FINISHED``, or another one of DLI's words: ``LAUNCHING``, ``RUNNING``, ``SCALING``,
        ``FAILED`` or ``CANCELLED`` (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    kind = "sql_job"
    verb = "show_sql_job_status"
    template_fields: Sequence[str] = ("job_id", "target_status", "project_id", "region", "huaweicloud_conn_id")

    def __init__(self, *, job_id: str, target_status: str = FINISHED, **kwargs: Any) -> None:
        super().__init__(target_status=target_status, **kwargs)
        self.job_id = job_id

    def plan(self) -> list[str]:
        """Check the ids."""
        return [*super().plan(), text_id(self.job_id, "job_id")]

    def goal(self) -> Goal:
        """Give the goal for the target status."""
        return SQL_SENSED[one_of(self.target_status, "target_status", tuple(SQL_SENSED))]


class DliSparkBatchSensor(DliSensor):
    """
    Waits until a Spark batch is ``success``.

    A batch that is ``dead`` fails the sensor with :class:`~airflow_provider_pipelines.errors.WatchFailed`, with the
    last lines of its log.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/querying_batch_job_details.html

    :param batch_id: the batch's UUID (templated)
    :param target_status: ``success``, or another one of DLI's words: ``starting``, ``running``, ``recovering`` or
        ``dead`` (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    kind = "spark_batch"
    verb = "show_spark_batch"
    template_fields: Sequence[str] = ("batch_id", "target_status", "project_id", "region", "huaweicloud_conn_id")

    def __init__(self, *, batch_id: str, target_status: str = SUCCESS, **kwargs: Any) -> None:
        super().__init__(target_status=target_status, **kwargs)
        self.batch_id = batch_id

    def plan(self) -> list[str]:
        """Check the ids."""
        return [*super().plan(), text_id(self.batch_id, "batch_id")]

    def goal(self) -> Goal:
        """Give the goal for the target status."""
        return SPARK_SENSED[one_of(self.target_status, "target_status", tuple(SPARK_SENSED))]
