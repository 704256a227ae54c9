"""Operators that create and update Flink Jar jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.dli.operators.flink_definitions import DliDefinitionOperator
from airflow_provider_pipelines.dli.states import CREATE_JAR, UPDATE_JAR


class DliJarDefinitionOperator(DliDefinitionOperator):
    """
    Holds what only Flink Jar jobs are defined by.

    :param entrypoint: the program: ``obs://bucket/x.jar``, or a package's name (templated)
    :param main_class: its main class (templated)
    :param entrypoint_args: its arguments in one text, with blanks between them (templated)
    :param dependency_jars: further packages (templated)
    :param dependency_files: files that the program reads (templated)
    :param checkpoint_path: where checkpoints are kept; no two jobs may share it (templated)
    :param feature: ``basic``, or ``custom`` with an image (Huawei Cloud) (templated)
    :param image: the image, ``org/name:tag`` (Huawei Cloud) (templated)
    """

    def __init__(
        self,
        *,
        entrypoint: str | None = None,
        main_class: str | None = None,
        entrypoint_args: str | None = None,
        dependency_jars: Sequence[str] | None = None,
        dependency_files: Sequence[str] | None = None,
        checkpoint_path: str | None = None,
        feature: str | None = None,
        image: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.entrypoint = entrypoint
        self.main_class = main_class
        self.entrypoint_args = entrypoint_args
        self.dependency_jars = dependency_jars
        self.dependency_files = dependency_files
        self.checkpoint_path = checkpoint_path
        self.feature = feature
        self.image = image


class DliCreateFlinkJarJobOperator(DliJarDefinitionOperator):
    """
    Creates a Flink Jar job: a draft (``job_init``), which :class:`DliBatchRunOperator` starts.

    The outcome's ``id`` is the new job's. A lost answer is made up for: the job is looked for by its name, compared
    exactly, and taken over. Where a job of this name exists the task fails, and the error names it. What the base says
    about waiting has no effect, since a draft is there at once.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_flink_jar_job.html

    :param name: the job's name, up to 57 characters (templated)
    :param tags: labels: a dictionary, or DLI's list of ``{"key", "value"}`` (templated)
    :raises ArgumentError: a field is not possible
    :raises InvalidRequest: DLI refused a field, or a job of this name exists (``DLI.0006``)
    :raises OutcomeUnknown: the answer was lost, and no new job of this name has shown up within half a minute
    """

    template_fields: Sequence[str] = (
        "name", "entrypoint", "main_class", "entrypoint_args", "dependency_jars", "dependency_files",
        "checkpoint_path", "feature", "image", "tags", "desc", "queue_name", "cu_number", "manager_cu_number",
        "parallel_number", "checkpoint_enabled", "checkpoint_mode", "checkpoint_interval", "obs_bucket",
        "log_enabled", "smn_topic", "restart_when_exception", "tm_cus", "tm_slot_num", "resume_checkpoint",
        "resume_max_num", "runtime_config", "flink_version", "flink_log_config", "execution_agency_urn",
        "resource_config_version", "resource_config", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    does = CREATE_JAR

    def __init__(
        self,
        *,
        name: str,
        tags: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.tags = tags


class DliUpdateFlinkJarJobOperator(DliJarDefinitionOperator):
    """
    Changes a Flink Jar job; only the fields that are given are sent, and DLI keeps the others, as far as is known.

    A job that is being started or stopped is waited for first. Which fields a running job takes is for DLI to say;
    known are ``smn_topic``, ``restart_when_exception``, ``resume_checkpoint``, ``resume_max_num``, ``obs_bucket``.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/updating_a_flink_jar_job.html

    :param job_id: the job: a whole number or its digits (templated)
    :param name: another name, up to 57 characters (templated)
    :param job_type: only ``flink_jar_job`` (templated)
    :raises ArgumentError: a field is not possible, or none is given
    :raises NotFound: there is no such job
    :raises InvalidRequest: DLI refused the change (``DLI.12002``)
    """

    template_fields: Sequence[str] = (
        "job_id", "name", "entrypoint", "main_class", "entrypoint_args", "dependency_jars", "dependency_files",
        "checkpoint_path", "feature", "image", "job_type", "desc", "queue_name", "cu_number", "manager_cu_number",
        "parallel_number", "checkpoint_enabled", "checkpoint_mode", "checkpoint_interval", "obs_bucket",
        "log_enabled", "smn_topic", "restart_when_exception", "tm_cus", "tm_slot_num", "resume_checkpoint",
        "resume_max_num", "runtime_config", "flink_version", "flink_log_config", "execution_agency_urn",
        "resource_config_version", "resource_config", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    does = UPDATE_JAR

    def __init__(
        self,
        *,
        job_id: int | str,
        job_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job_type = job_type
