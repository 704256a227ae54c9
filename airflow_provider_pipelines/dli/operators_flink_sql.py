"""Operators that create and update Flink SQL jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.dli.operators.flink_definitions import DliDefinitionOperator
from airflow_provider_pipelines.dli.states import CREATE_SQL, UPDATE_SQL


class DliSqlDefinitionOperator(DliDefinitionOperator):
    """
    Holds what only Flink SQL jobs are defined by.

    :param sql_body: the SQL text; ``{{name}}`` stands for a variable of DLI, so keep it from Jinja: ``{% raw %}``
        (templated)
    :param run_mode: ``shared_cluster``, ``exclusive_cluster``, ``edge_node``; DLI's default does not fit its default
        type (templated)
    :param idle_state_retention: seconds that idle state is kept (templated)
    :param edge_group_ids: groups of edge nodes (templated)
    :param dirty_data_strategy: ``"0"`` passes over dirty data, ``"1"`` fails, ``"2:obsDir"`` keeps it (templated)
    :param udf_jar_url: the package with functions: a name or a path in OBS (templated)
    """

    def __init__(
        self,
        *,
        sql_body: str | None = None,
        run_mode: str | None = None,
        idle_state_retention: int | None = None,
        edge_group_ids: Sequence[str] | None = None,
        dirty_data_strategy: str | None = None,
        udf_jar_url: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql_body = sql_body
        self.run_mode = run_mode
        self.idle_state_retention = idle_state_retention
        self.edge_group_ids = edge_group_ids
        self.dirty_data_strategy = dirty_data_strategy
        self.udf_jar_url = udf_jar_url


class DliCreateFlinkSqlJobOperator(DliSqlDefinitionOperator):
    """
    Creates a Flink SQL job: a draft (``job_init``), which :class:`DliBatchRunOperator` starts.

    The outcome's ``id`` is the new job's. A lost answer is made up for: the job is looked for by its name, compared
    exactly, and taken over. Where a job of this name exists the task fails, and the error names it. What the base says
    about waiting has no effect, since a draft is there at once.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_sql_job.html

    :param name: the job's name, up to 57 characters (templated)
    :param template_id: the template whose SQL text is copied, where ``sql_body`` is not given (templated)
    :param job_type: ``flink_opensource_sql_job`` or ``flink_sql_job`` (templated)
    :param tags: labels: a dictionary, or DLI's list of ``{"key", "value"}`` (templated)
    :raises ArgumentError: a field is not possible
    :raises InvalidRequest: DLI refused a field, or a job of this name exists (``DLI.0006``)
    :raises OutcomeUnknown: the answer was lost, and no new job of this name has shown up within half a minute
    """

    template_fields: Sequence[str] = (
        "name", "sql_body", "run_mode", "idle_state_retention", "edge_group_ids", "dirty_data_strategy",
        "udf_jar_url", "template_id", "job_type", "tags", "desc", "queue_name", "cu_number", "manager_cu_number",
        "parallel_number", "checkpoint_enabled", "checkpoint_mode", "checkpoint_interval", "obs_bucket",
        "log_enabled", "smn_topic", "restart_when_exception", "tm_cus", "tm_slot_num", "resume_checkpoint",
        "resume_max_num", "runtime_config", "flink_version", "flink_log_config", "execution_agency_urn",
        "resource_config_version", "resource_config", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    does = CREATE_SQL

    def __init__(
        self,
        *,
        name: str,
        template_id: int | None = None,
        job_type: str | None = None,
        tags: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.template_id = template_id
        self.job_type = job_type
        self.tags = tags


class DliUpdateFlinkSqlJobOperator(DliSqlDefinitionOperator):
    """
    Changes a Flink SQL job; only the fields that are given are sent, and DLI keeps the others, as far as is known.

    A job that is being started or stopped is waited for first. Which fields a running job takes is for DLI to say;
    known are ``smn_topic``, ``restart_when_exception``, ``resume_checkpoint``, ``resume_max_num``, ``obs_bucket``.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/updating_a_sql_job.html

    :param job_id: the job: a whole number or its digits (templated)
    :param name: another name, up to 57 characters (templated)
    :param operator_config: parallelism of operators: a dictionary, or DLI's JSON text (templated)
    :param static_estimator_config: rates of operators: a dictionary, or DLI's JSON text (templated)
    :raises ArgumentError: a field is not possible, or none is given
    :raises NotFound: there is no such job
    :raises InvalidRequest: DLI refused the change (``DLI.12002``)
    """

    template_fields: Sequence[str] = (
        "job_id", "name", "sql_body", "run_mode", "idle_state_retention", "edge_group_ids", "dirty_data_strategy",
        "udf_jar_url", "operator_config", "static_estimator_config", "desc", "queue_name", "cu_number",
        "manager_cu_number", "parallel_number", "checkpoint_enabled", "checkpoint_mode", "checkpoint_interval",
        "obs_bucket", "log_enabled", "smn_topic", "restart_when_exception", "tm_cus", "tm_slot_num",
        "resume_checkpoint", "resume_max_num", "runtime_config", "flink_version", "flink_log_config",
        "execution_agency_urn", "resource_config_version", "resource_config", "project_id", "region",
        "huaweicloud_conn_id",
    )  # fmt: skip
    does = UPDATE_SQL

    def __init__(
        self,
        *,
        job_id: int | str,
        operator_config: Mapping[str, Any] | str | None = None,
        static_estimator_config: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.operator_config = operator_config
        self.static_estimator_config = static_estimator_config
