"""The operator for DLI SQL jobs, and the base of operators that start work in DLI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.core.checks import flag, optional_id
from airflow_provider_pipelines.dli.states import CANCELLED, SUBMIT
from airflow_provider_pipelines.huaweicloud.tasks import HuaweiCloudTask
from airflow_provider_pipelines.task.run_operator import RunOperator

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.core.verbs.once import Source


class DliOnceOperator(HuaweiCloudTask, RunOperator):
    """
    Starts a run of work in DLI: the base of the operators below.

    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    vendor = "dli"
    template_fields: Sequence[str] = ("project_id", "region", "huaweicloud_conn_id")
    does: ClassVar[Verb]

    @property
    def verb(self) -> Verb:
        """What is done."""
        return self.does

    def plan(self) -> list[str]:
        """Check ids and body."""
        optional_id(self.project_id, "project_id")
        return super().plan()


class DliSqlJobOperator(DliOnceOperator):
    """
    Submits a statement to DLI as a SQL job and waits until it is ``FINISHED``.

    The job is asked for once. Each carries a tag ``airflow``, by which it is found again where the answer is lost; if
    that stays unclear the task fails and says so. A later attempt takes over the job of an earlier one, if it was asked
    for with the same arguments and goes on, or ended well unnoticed; after a job that failed or was cancelled it
    submits a new one.

    The outcome has ``job_id`` (XCom ``job_id`` has it before the wait), ``job_type`` and ``result_path``.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/submitting_a_sql_job_recommended.html

    :param sql: one statement (templated; a name that ends in ``.sql`` is read as a template file)
    :param currentdb: the database that it is about (templated)
    :param queue_name: the queue; None for the project's default (templated)
    :param conf: settings, as a mapping or as the vendor's list of ``key=value`` (templated)
    :param engine_type: ``spark``, or ``hetuEngine`` (Huawei Cloud) (templated)
    :param tags: a mapping, or the vendor's list of ``{"key", "value"}`` (templated)
    :param preview: put up to 1,000 rows of a ``QUERY`` into the outcome, as ``schema`` and ``rows`` (templated)
    :param current_catalog: the catalog of its tables (Huawei Cloud) (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :param timeout: seconds for each attempt, deferrals included; 24 hours if not given
    :param cancel_on_kill: cancel the job when the task is killed or its time is up
    :raises InvalidRequest: the statement is wrong, or was carried out at once and failed
    :raises WatchFailed: the job failed or was cancelled
    """

    kind = "sql_job"
    template_fields: Sequence[str] = (
        "sql", "currentdb", "queue_name", "conf", "engine_type", "tags", "preview", "current_catalog",
        "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"sql": "sql", "conf": "json", "tags": "json"}
    does = SUBMIT
    store_key = "dli_sql_job"
    id_name = "job_id"
    cancelled = frozenset({CANCELLED})

    def __init__(
        self,
        *,
        sql: str,
        currentdb: str | None = None,
        queue_name: str | None = None,
        conf: Mapping[str, Any] | Sequence[str] | None = None,
        engine_type: str | None = None,
        tags: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        preview: bool = False,
        current_catalog: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.currentdb = currentdb
        self.queue_name = queue_name
        self.conf = conf
        self.engine_type = engine_type
        self.tags = tags
        self.preview = preview
        self.current_catalog = current_catalog

    def plan(self) -> list[str]:
        """Check ids, flag and body."""
        flag(self.preview, "preview")
        return super().plan()

    def body(self) -> dict[str, Any]:
        """Give the arguments of ``submit_sql_job``."""
        from airflow_provider_pipelines.dli.api.sql.bodies import submit_body
        from airflow_provider_pipelines.dli.flows.sql_jobs import marked_tags

        tags = marked_tags(self.tags) if self.tags is not None else None
        return submit_body(
            self.sql, self.currentdb, self.queue_name, self.conf, tags, self.engine_type, self.current_catalog
        )

    def source(self, api: Any, body: dict[str, Any]) -> Source:
        """Give what submits and finds jobs."""
        from airflow_provider_pipelines.dli.flows.sql_jobs import SqlSource

        return SqlSource(api, body)

    def complete(self, item: Item) -> None:
        """Add the first rows of a query's result."""
        if not flag(self.preview, "preview"):
            return
        if item.made.get("job_type") != "QUERY":
            self.log.info("%s is no QUERY, so there are no rows to preview", item.id or "the statement")
            return
        result = self.hook.preview_sql_job_result(item.id)
        item.made.update(schema=result.schema, rows=result.rows[:1000])
