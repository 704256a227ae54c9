"""
The operations of DLI on SQL jobs, as generators.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/ (Open Telekom Cloud) and
https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0158.html (Huawei Cloud). The names of query parameters mix
hyphens and underscores, as the vendor's do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from airflow_provider_pipelines.core.checks import text_id, whole_number
from airflow_provider_pipelines.core.http.calls import Call, Request
from airflow_provider_pipelines.core.http.paging import Listing, Page
from airflow_provider_pipelines.core.http.reading import Answer, dump, expect, key_of, malformed, same
from airflow_provider_pipelines.dli.api.access import LABEL, NAME
from airflow_provider_pipelines.dli.api.arguments import text
from airflow_provider_pipelines.dli.api.project import PAGE_SIZE, ProjectApi
from airflow_provider_pipelines.dli.api.replies import rows_of, succeeded
from airflow_provider_pipelines.dli.api.sql.bodies import export_body, list_filters, name, submit_body
from airflow_provider_pipelines.dli.api.sql.models import (
    SqlCheck,
    SqlExport,
    SqlJob,
    SqlJobDetail,
    SqlPreview,
    SqlProgress,
    SqlSubmission,
)

M = TypeVar("M", bound=BaseModel)

#: the last page that can be asked for
LAST_PAGE = 100
_ROW = Request("list_sql_jobs", "GET", "")


class SqlApi(ProjectApi):
    """The operations on SQL jobs."""

    def submit_sql_job(
        self,
        sql: str,
        *,
        currentdb: str | None = None,
        queue_name: str | None = None,
        conf: Mapping[str, Any] | Sequence[str] | None = None,
        tags: Mapping[str, str] | Sequence[Mapping[str, str]] | None = None,
        engine_type: str | None = None,
        current_catalog: str | None = None,
    ) -> Call[SqlSubmission]:
        """
        Submit a statement as a job; DDL and DCL may be carried out at once.

        :param sql: one statement
        :param currentdb: the database that it is about
        :param queue_name: the queue; None for the project's default
        :param conf: settings, as a mapping or as a list of ``key=value``
        :param tags: a mapping, or the vendor's list of ``{"key", "value"}``
        :param engine_type: ``spark``, or ``hetuEngine`` (Huawei Cloud)
        :param current_catalog: the catalog of its tables (Huawei Cloud)
        :raises InvalidRequest: the statement is wrong, or was carried out at once and failed
        :raises OutcomeUnknown: no answer came; the job may have been submitted

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/submitting_a_sql_job_recommended.html
        """
        body = submit_body(sql, currentdb, queue_name, conf, tags, engine_type, current_catalog)
        path = yield from self._sql_jobs("submit-job")
        request = Request("submit_sql_job", "POST", path, body=dump(body), service=NAME)
        answer = succeeded(SqlSubmission, (yield request), request)
        if answer.job_id is None and answer.job_mode != "sync":
            raise malformed("job_id is missing", LABEL, request)
        return answer

    def show_sql_job_status(self, job_id: str) -> Call[SqlJob]:
        """
        Read how far a job is.

        :param job_id: the job's UUID
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_status.html
        """
        return (yield from self._read_sql("show_sql_job_status", job_id, "status", SqlJob))

    def show_sql_job_detail(self, job_id: str) -> Call[SqlJobDetail]:
        """
        Read the properties of an import or export job.

        :param job_id: the job's UUID
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_details.html
        """
        return (yield from self._read_sql("show_sql_job_detail", job_id, "detail", SqlJobDetail))

    def show_sql_job_progress(self, job_id: str) -> Call[SqlProgress]:
        """
        Read how far the running part of a job is.

        :param job_id: the job's UUID
        :raises ServerError: the queue is too old for this call, or busy
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_execution_progress.html
        """
        # the one call of its family below /v1
        return (yield from self._read_sql("show_sql_job_progress", job_id, "progress", SqlProgress, version="v1"))

    def cancel_sql_job(self, job_id: str) -> Call[None]:
        """
        Cancel a job that has not ended.

        :param job_id: the job's UUID
        :raises InvalidRequest: it has ended already
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/canceling_a_job_recommended.html
        """
        path = yield from self._sql_jobs(text_id(job_id, "job_id"))
        request = Request("cancel_sql_job", "DELETE", path, service=NAME)
        answer = succeeded(Answer, (yield request), request)
        same(job_id, getattr(answer, "job_id", None), "job", LABEL, request)

    def preview_sql_job_result(
        self, job_id: str, *, queue_name: str | None = None, page_size: int | None = None
    ) -> Call[SqlPreview]:
        """
        Read the first rows of a finished query's result. There are no further pages: export the result for more.

        :param job_id: the UUID of a job of type ``QUERY``
        :param queue_name: the queue that reads the result; None for the system's
        :param page_size: how many rows, 1 to 1,000; None for 1,000
        :raises InvalidRequest: it is no query, or its result is not kept any more
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/previewing_sql_job_query_results.html
        """
        query: list[tuple[str, str]] = []
        if page_size is not None:
            query.append(("page-size", str(whole_number(page_size, "page_size", 1, 1000))))
        if queue_name is not None:
            query.append(("queue-name", name(queue_name, "queue_name")))
        return (yield from self._read_sql("preview_sql_job_result", job_id, "preview", SqlPreview, tuple(query)))

    def export_sql_job_result(
        self,
        job_id: str,
        *,
        data_path: str,
        data_type: str = "csv",
        compress: str | None = None,
        queue_name: str | None = None,
        export_mode: str | None = None,
        with_column_header: bool | None = None,
        limit_num: int | None = None,
        encoding_type: str | None = None,
        quote_char: str | None = None,
        escape_char: str | None = None,
    ) -> Call[SqlExport]:
        """
        Export a query's result to OBS, as a job of its own, which is to be waited for.

        :param job_id: the UUID of a job of type ``QUERY``
        :param data_path: the folder, for instance ``obs://bucket/folder``
        :param data_type: ``csv`` or ``json``
        :param compress: ``none``, ``gzip``, ``bzip2`` or ``deflate``
        :param queue_name: the queue that exports; None for the default
        :param export_mode: ``ErrorIfExists`` (the default) or ``Overwrite``
        :param with_column_header: whether the first line names the columns
        :param limit_num: how many rows; 0 for all
        :param encoding_type: ``utf-8``, ``gb2312`` or ``gbk``
        :param quote_char: what texts are quoted with
        :param escape_char: what is put before a quote in a text
        :raises InvalidRequest: it is no query, or its result is not kept any more

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/exporting_query_results.html
        """
        body = export_body(
            data_path=data_path, data_type=data_type, compress=compress, queue_name=queue_name,
            export_mode=export_mode, with_column_header=with_column_header, limit_num=limit_num,
            encoding_type=encoding_type, quote_char=quote_char, escape_char=escape_char,
        )  # fmt: skip
        path = yield from self._sql_jobs(text_id(job_id, "job_id"), "export-result")
        request = Request("export_sql_job_result", "POST", path, body=dump(body), service=NAME)
        return succeeded(SqlExport, (yield request), request)

    def check_sql(self, sql: str, *, currentdb: str | None = None) -> Call[SqlCheck]:
        """
        Check the syntax of a statement, without carrying it out.

        :param sql: one statement
        :param currentdb: the database that it is about
        :returns: what kind of job it would be
        :raises InvalidRequest: the statement is wrong; the message says where

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/checking_sql_syntax.html
        """
        body = {"sql": text(sql, "sql")}
        if currentdb is not None:
            body["currentdb"] = name(currentdb, "currentdb")
        path = yield from self._sql_jobs("check-sql")
        # it changes nothing, although it is a POST
        request = Request("check_sql", "POST", path, body=dump(body), repeatable=True, service=NAME)
        return succeeded(SqlCheck, (yield request), request)

    def list_sql_jobs(
        self,
        *,
        start: int | None = None,
        end: int | None = None,
        job_type: str | None = None,
        job_types: Sequence[str] | None = None,
        job_status: str | None = None,
        job_id: str | None = None,
        queue_name: str | None = None,
        owner: str | None = None,
        db_name: str | None = None,
        table_name: str | None = None,
        sql_pattern: str | None = None,
        order: str | None = None,
        tags: str | None = None,
        engine_type: str | None = None,
    ) -> Call[list[SqlJob]]:
        """
        List jobs, all pages. The service shows 10,000 jobs at most: narrow the list by filters where there are more.

        :param start: began after this time, epoch milliseconds
        :param end: began before this time, epoch milliseconds
        :param job_type: ``DDL``, ``DCL``, ``IMPORT``, ``EXPORT``, ``QUERY``, ``INSERT``, ... or ``ALL``
        :param job_types: several of them
        :param job_status: for instance ``RUNNING``
        :param job_id: the job's UUID
        :param queue_name: the queue
        :param owner: who submitted it
        :param db_name: the database of an import or export
        :param table_name: the table of an import or export
        :param sql_pattern: a part of the statement, in any case
        :param order: ``start_time_desc`` (the default), ``start_time_asc``, ``duration_desc`` or ``duration_asc``
        :param tags: ``key=value``
        :param engine_type: ``spark`` or ``hetuEngine`` (Huawei Cloud)
        :raises PipelinesError: it could not be read, or only in part

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_all_jobs.html
        """
        filters = list_filters(
            start=start, end=end, job_type=job_type, job_types=job_types, job_status=job_status, job_id=job_id,
            queue_name=queue_name, owner=owner, db_name=db_name, table_name=table_name, sql_pattern=sql_pattern,
            order=order, tags=tags, engine_type=engine_type,
        )  # fmt: skip
        listing = yield from self.sql_listing(filters)
        return [job_of(row) for row in (yield from listing.read()).values()]

    def sql_listing(self, filters: Sequence[tuple[str, str]] = ()) -> Call[Listing]:
        """Give the list of jobs; :func:`job_of` reads a row."""
        path = yield from self._sql_jobs()

        def page_at(number: int, _before: int) -> Call[Page]:
            query = (*filters, ("page-size", str(PAGE_SIZE)), ("current-page", str(number)))
            request = Request("list_sql_jobs", "GET", path, query, repeatable=True, service=NAME)
            return rows_of(dict(succeeded(Answer, (yield request), request)), "jobs", "job_count", request)

        return Listing(
            LABEL, "list_sql_jobs", path, page_at, lambda row: key_of(row, "job_id", LABEL, _ROW), PAGE_SIZE,
            most=LAST_PAGE,
        )  # fmt: skip

    def _sql_jobs(self, *parts: str, version: str = "v1.0") -> Call[str]:
        return (yield from self._path("/".join(("jobs", *parts)), version))

    def _read_sql(
        self,
        operation: str,
        job_id: str,
        what: str,
        kind: type[M],
        query: tuple[tuple[str, str], ...] = (),
        version: str = "v1.0",
    ) -> Call[M]:
        path = yield from self._sql_jobs(text_id(job_id, "job_id"), what, version=version)
        request = Request(operation, "GET", path, query, repeatable=True, service=NAME)
        answer = succeeded(kind, (yield request), request)
        same(job_id, getattr(answer, "job_id", None), "job", LABEL, request)
        return answer


def job_of(row: Any) -> SqlJob:
    """
    Read a row of the list.

    :raises MalformedReply: it is no job
    """
    return expect(SqlJob, row, LABEL, _ROW)
