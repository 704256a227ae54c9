"""Operators that create and update Flink jobs; their arguments have DLI's names, and None is not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import long_id
from airflow_provider_pipelines.dli.operators.flink_jobs import DliOperator
from airflow_provider_pipelines.dli.states import CREATE_JAR, CREATE_SQL, CREATES, UPDATE_JAR, UPDATE_SQL
from airflow_provider_pipelines.errors import WatchFailed
from airflow_provider_pipelines.task.boundary import airflow_errors, planned

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call

#: arguments for one kind of job
_SQL = ("sql_body", "run_mode", "idle_state_retention", "edge_group_ids", "dirty_data_strategy", "udf_jar_url")
_JAR = (
    "entrypoint", "main_class", "entrypoint_args", "dependency_jars", "dependency_files", "checkpoint_path", "feature",
    "image",
)  # fmt: skip
#: arguments for all kinds, but for the name
_COMMON = (
    "desc", "queue_name", "cu_number", "manager_cu_number", "parallel_number", "checkpoint_enabled", "checkpoint_mode",
    "checkpoint_interval", "obs_bucket", "log_enabled", "smn_topic", "restart_when_exception", "tm_cus", "tm_slot_num",
    "resume_checkpoint", "resume_max_num", "runtime_config", "flink_version", "flink_log_config",
    "execution_agency_urn", "resource_config_version", "resource_config", *DliOperator.template_fields,
)  # fmt: skip


class DliDefinitionOperator(DliOperator):
    """
    Holds what Flink jobs of all kinds are defined by.

    :param name: the job's name, up to 57 characters (templated)
    :param desc: a description (templated)
    :param queue_name: the queue; without one the job cannot be run (templated)
    :param cu_number: CUs in all, the JobManager's included: 2 to 400; a CU is 1 vCPU and 4 GB (templated)
    :param manager_cu_number: CUs of the JobManager (templated)
    :param parallel_number: parallelism: 1 to 2000 (templated)
    :param checkpoint_enabled: make checkpoints (templated)
    :param checkpoint_mode: 1 or ``exactly_once``, 2 or ``at_least_once`` (templated)
    :param checkpoint_interval: seconds between two checkpoints (templated)
    :param obs_bucket: the OBS bucket for checkpoints, savepoints and logs (templated)
    :param log_enabled: keep logs in the bucket (templated)
    :param smn_topic: the topic for alarms (templated)
    :param restart_when_exception: start again after a failure (templated)
    :param tm_cus: CUs of a TaskManager (templated)
    :param tm_slot_num: slots of a TaskManager (templated)
    :param resume_checkpoint: go on from the latest checkpoint after a failure (templated)
    :param resume_max_num: restarts an hour at most; -1 for no limit (templated)
    :param runtime_config: Flink's settings: a dictionary, or DLI's JSON text (templated)
    :param flink_version: Flink's version, as text: ``"1.12"`` (templated)
    :param flink_log_config: log levels: a dictionary, or DLI's JSON text (Huawei Cloud) (templated)
    :param execution_agency_urn: the name of the agency that the job acts for; needed from Flink 1.15 on (templated)
    :param resource_config_version: ``v1`` or ``v2`` (templated)
    :param resource_config: slots, CPU and memory, for ``v2``: DLI's structure (templated)
    """

    job_id: int | str  # of an update

    def __init__(
        self,
        *,
        name: str | None = None,
        desc: str | None = None,
        queue_name: str | None = None,
        cu_number: int | None = None,
        manager_cu_number: int | None = None,
        parallel_number: int | None = None,
        checkpoint_enabled: bool | None = None,
        checkpoint_mode: int | str | None = None,
        checkpoint_interval: int | None = None,
        obs_bucket: str | None = None,
        log_enabled: bool | None = None,
        smn_topic: str | None = None,
        restart_when_exception: bool | None = None,
        tm_cus: int | None = None,
        tm_slot_num: int | None = None,
        resume_checkpoint: bool | None = None,
        resume_max_num: int | None = None,
        runtime_config: Mapping[str, Any] | Sequence[Any] | str | None = None,
        flink_version: str | None = None,
        flink_log_config: Mapping[str, Any] | str | None = None,
        execution_agency_urn: str | None = None,
        resource_config_version: str | None = None,
        resource_config: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.desc = desc
        self.queue_name = queue_name
        self.cu_number = cu_number
        self.manager_cu_number = manager_cu_number
        self.parallel_number = parallel_number
        self.checkpoint_enabled = checkpoint_enabled
        self.checkpoint_mode = checkpoint_mode
        self.checkpoint_interval = checkpoint_interval
        self.obs_bucket = obs_bucket
        self.log_enabled = log_enabled
        self.smn_topic = smn_topic
        self.restart_when_exception = restart_when_exception
        self.tm_cus = tm_cus
        self.tm_slot_num = tm_slot_num
        self.resume_checkpoint = resume_checkpoint
        self.resume_max_num = resume_max_num
        self.runtime_config = runtime_config
        self.flink_version = flink_version
        self.flink_log_config = flink_log_config
        self.execution_agency_urn = execution_agency_urn
        self.resource_config_version = resource_config_version
        self.resource_config = resource_config

    def definition(self) -> dict[str, Any]:
        """Check all fields and make the body; an ``ArgumentError`` names the field."""
        from airflow_provider_pipelines.dli.api.flink.bodies import FIELDS, definition

        return definition(self.does.name, {name: getattr(self, name) for name in FIELDS[self.does.name]})

    def plan(self) -> list[str]:
        """Check all fields, and the id of the job that shall change; which job a create makes shows later."""
        self.definition()
        return [] if self.does in CREATES else [str(long_id(self.job_id, "job_id"))]

    def execute(self, context: Any) -> Any:
        """Create the job, once; or look at the one that shall change, change it once, and wait or defer."""
        return self._create(context) if self.does in CREATES else super().execute(context)

    def _create(self, context: Any) -> Any:
        from airflow_provider_pipelines import compat
        from airflow_provider_pipelines.core.verbs.item import Item
        from airflow_provider_pipelines.core.verbs.work import Work
        from airflow_provider_pipelines.dli.flows.flink_creation import Creation

        with airflow_errors():
            planned(self)
            body = self.definition()
            client = self.hook.get_conn()
            where = [self.huaweicloud_conn_id, self.project_id, self.region]
            creation = Creation(client.api, self.does.name, body, where, compat.state_store(context), self.log.info)
            if self._killed:
                raise WatchFailed(f"the task was killed before {body['name']!r} was created.")
            job = client.run(creation.obtain(), self._budget())
            item = Item(str(job.job_id), known=job.status, made={"name": body["name"]})
            item.finish("done", f"{body['name']!r} was created: {job.job_id} is {job.status}.")
            result = self._conclude(context, Work(self.does, [item], self._deadline()))
            creation.done()
            return result

    def write(self, api: Any, id: str) -> Call[Mapping[str, Any]]:
        """Send what shall change, and say when it was changed."""
        answer = yield from getattr(api, self.does.name)(int(id), self.definition())
        return {"update_time": answer.update_time}


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

    :param template_id: the template whose SQL text is copied, where ``sql_body`` is not given (templated)
    :param job_type: ``flink_opensource_sql_job`` or ``flink_sql_job`` (templated)
    :param tags: labels: a dictionary, or DLI's list of ``{"key", "value"}`` (templated)
    :raises ArgumentError: a field is not possible
    :raises InvalidRequest: DLI refused a field, or a job of this name exists (``DLI.0006``)
    :raises OutcomeUnknown: the answer was lost, and no new job of this name has shown up within half a minute
    """

    template_fields: Sequence[str] = ("name", *_SQL, "template_id", "job_type", "tags", *_COMMON)
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

    template_fields: Sequence[str] = ("job_id", "name", *_SQL, "operator_config", "static_estimator_config", *_COMMON)
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

    :param tags: labels: a dictionary, or DLI's list of ``{"key", "value"}`` (templated)
    :raises ArgumentError: a field is not possible
    :raises InvalidRequest: DLI refused a field, or a job of this name exists (``DLI.0006``)
    :raises OutcomeUnknown: the answer was lost, and no new job of this name has shown up within half a minute
    """

    template_fields: Sequence[str] = ("name", *_JAR, "tags", *_COMMON)
    does = CREATE_JAR

    def __init__(
        self, *, name: str, tags: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None, **kwargs: Any
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

    template_fields: Sequence[str] = ("job_id", "name", *_JAR, "job_type", *_COMMON)
    does = UPDATE_JAR

    def __init__(self, *, job_id: int | str, job_type: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id
        self.job_type = job_type
