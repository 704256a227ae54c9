"""The hook for Data Lake Insight."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.dli.api.access import CODES, LABEL, NAME, base, edition, host
from airflow_provider_pipelines.dli.api.client import DliApi
from airflow_provider_pipelines.dli.flows.flink_jobs import look_flink_jobs, look_for_gone, look_for_savepoint
from airflow_provider_pipelines.dli.flows.spark_batches import cancel_batches, look_batches
from airflow_provider_pipelines.dli.flows.sql_jobs import cancel_sql_jobs, look_sql_jobs
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook.clients import Binding
from airflow_provider_pipelines.hook.faces import Aio, operation
from airflow_provider_pipelines.huaweicloud.hook import HuaweiCloudHook
from airflow_provider_pipelines.huaweicloud.scheme import Service

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.hook.connection import Fields


class DliOperations:
    """The operations, for the hook and its async twin alike."""

    batch_run_flink_jobs = operation(DliApi.batch_run_flink_jobs)
    batch_stop_flink_jobs = operation(DliApi.batch_stop_flink_jobs)
    batch_delete_flink_jobs = operation(DliApi.batch_delete_flink_jobs)
    delete_flink_job = operation(DliApi.delete_flink_job)
    list_flink_jobs = operation(DliApi.list_flink_jobs)
    show_flink_job = operation(DliApi.show_flink_job)
    create_flink_sql_job = operation(DliApi.create_flink_sql_job)
    update_flink_sql_job = operation(DliApi.update_flink_sql_job)
    create_flink_jar_job = operation(DliApi.create_flink_jar_job)
    update_flink_jar_job = operation(DliApi.update_flink_jar_job)
    show_flink_job_execution_graph = operation(DliApi.show_flink_job_execution_graph)
    show_flink_metric = operation(DliApi.show_flink_metric)
    create_flink_sql_job_graph = operation(DliApi.create_flink_sql_job_graph)
    execute_flink_job_savepoint = operation(DliApi.execute_flink_job_savepoint)
    import_flink_job_savepoint = operation(DliApi.import_flink_job_savepoint)
    export_flink_jobs = operation(DliApi.export_flink_jobs)
    import_flink_jobs = operation(DliApi.import_flink_jobs)
    register_bucket = operation(DliApi.register_bucket)
    list_job_templates = operation(DliApi.list_job_templates)
    create_job_template = operation(DliApi.create_job_template)
    update_job_template = operation(DliApi.update_job_template)
    delete_job_template = operation(DliApi.delete_job_template)
    list_global_variables = operation(DliApi.list_global_variables)
    create_global_variable = operation(DliApi.create_global_variable)
    update_global_variable = operation(DliApi.update_global_variable)
    delete_global_variable = operation(DliApi.delete_global_variable)
    submit_sql_job = operation(DliApi.submit_sql_job)
    show_sql_job_status = operation(DliApi.show_sql_job_status)
    show_sql_job_detail = operation(DliApi.show_sql_job_detail)
    show_sql_job_progress = operation(DliApi.show_sql_job_progress)
    cancel_sql_job = operation(DliApi.cancel_sql_job)
    preview_sql_job_result = operation(DliApi.preview_sql_job_result)
    export_sql_job_result = operation(DliApi.export_sql_job_result)
    list_sql_jobs = operation(DliApi.list_sql_jobs)
    check_sql = operation(DliApi.check_sql)
    create_spark_batch = operation(DliApi.create_spark_batch)
    show_spark_batch_state = operation(DliApi.show_spark_batch_state)
    show_spark_batch = operation(DliApi.show_spark_batch)
    cancel_spark_batch = operation(DliApi.cancel_spark_batch)
    list_spark_batches = operation(DliApi.list_spark_batches)
    show_spark_batch_log = operation(DliApi.show_spark_batch_log)


class DliAio(DliOperations, Aio[DliApi]):
    """The async twin of :class:`DliHook`."""


class DliHook(HuaweiCloudHook[DliApi], DliOperations):
    """
    Talks to Data Lake Insight (Huawei Cloud and Open Telekom Cloud): Flink jobs, SQL jobs, Spark batches.

    :param huaweicloud_conn_id: the connection, of type ``huaweicloud``
    :param project_id: the IAM project, instead of the connection's; found by the region's name where neither is given
    :param region: the region, instead of the connection's
    """

    @cached_property
    def aio(self) -> DliAio:
        """The async twin."""
        return DliAio(self)

    def bind(self, fields: Fields, *, fresh: bool = False) -> Binding[DliApi]:
        """Make the operations from a connection."""
        given = self.project_id if self.project_id is not None else fields.text("project_id")
        if given is not None:
            text_id(given, "project_id")
        endpoint, missing = self.endpoint(fields, "dli_endpoint", host)
        if missing:
            # before the project is looked up: an unknown region would only show as a host that does not exist
            raise ConfigurationError(missing)
        endpoint = base(endpoint)
        scheme = self.scheme(fields, NAME, Service(LABEL, endpoint, CODES), fresh, given)
        api = DliApi(self.iam_project(fields, scheme.identity), edition(fields.text("cloud"), endpoint))
        return Binding(api, scheme, fields.route(endpoint), endpoint)

    def probe(self, api: DliApi) -> Call[str]:
        """List one job."""
        project, count = yield from api.count_flink_jobs()
        hint = "" if count else " If there should be some, check region and project id."
        return f"DLI accepts the credentials; project {project} has {count} Flink jobs.{hint}"

    def look(
        self, api: DliApi, kind: str, scope: Mapping[str, object], ids: Sequence[str]
    ) -> Call[Mapping[str, Observation]]:
        """Look at jobs: plainly, or for what a delete or a savepoint is watched by."""
        return (yield from _LOOKS[kind](api, ids))

    def cancel(self, api: DliApi, kind: str, scope: Mapping[str, object], ids: Sequence[str]) -> Call[None]:
        """Stop or cancel what a task has started."""
        match kind:
            case "sql_job":
                yield from cancel_sql_jobs(api, ids)
            case "spark_batch":
                yield from cancel_batches(api, ids)
            case _:
                yield from api.batch_stop_flink_jobs([int(id) for id in ids])


_LOOKS: Mapping[str, Callable[[DliApi, Sequence[str]], Call[Mapping[str, Observation]]]] = {
    "flink_job": look_flink_jobs,
    "flink_job_to_delete": look_for_gone,
    "flink_savepoint": look_for_savepoint,
    "sql_job": look_sql_jobs,
    "spark_batch": look_batches,
}

HOOK = DliHook
