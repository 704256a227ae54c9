"""
The operations that run, stop, delete and show Flink jobs.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/ (Open Telekom Cloud) and
https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0160.html (Huawei Cloud). Paths are written in full, since
DLI's versions differ by operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import flag, long_id, long_ids, one_of
from airflow_provider_pipelines.core.http.calls import Call, Request
from airflow_provider_pipelines.core.http.reading import dump, expect, malformed, same
from airflow_provider_pipelines.dli.api.access import LABEL, NAME
from airflow_provider_pipelines.dli.api.flink.models import FlinkJob
from airflow_provider_pipelines.dli.api.project import ProjectApi, pages, words
from airflow_provider_pipelines.dli.api.replies import Delivery, delivery, member, refusal, rows_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.paging import Listing, Page

_ACTIONS = {
    "batch_run_flink_jobs": "run",
    "batch_stop_flink_jobs": "stop",
    "batch_delete_flink_jobs": "delete",
}


_ROW = Request("list_flink_jobs", "GET", "")


class FlinkJobsApi(ProjectApi):
    """Running, stopping, deleting and showing Flink jobs."""

    def batch_run_flink_jobs(self, job_ids: Sequence[int], resume_savepoint: bool = False) -> Call[list[Delivery]]:
        """
        Ask DLI to run jobs. What comes of it is only seen by looking at each job.

        :param job_ids: the jobs
        :param resume_savepoint: go on from the latest savepoint; one flag for all jobs
        :returns: what DLI answered; which element belongs to which job is not promised
        :raises ApiError: nothing was accepted

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_running_jobs.html
        """
        resume = flag(resume_savepoint, "resume_savepoint")
        return (yield from self._accepted("batch_run_flink_jobs", job_ids, resume_savepoint=resume))

    def batch_stop_flink_jobs(self, job_ids: Sequence[int], trigger_savepoint: bool = False) -> Call[list[Delivery]]:
        """
        Ask DLI to stop jobs. What comes of it is only seen by looking at each job.

        :param job_ids: the jobs
        :param trigger_savepoint: make a savepoint of each job first
        :returns: what DLI answered; which element belongs to which job is not promised
        :raises ApiError: nothing was accepted

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_stopping_jobs.html
        """
        savepoint = flag(trigger_savepoint, "trigger_savepoint")
        return (yield from self._accepted("batch_stop_flink_jobs", job_ids, trigger_savepoint=savepoint))

    def batch_delete_flink_jobs(self, job_ids: Sequence[int]) -> Call[list[Delivery]]:
        """
        Delete jobs, whatever they do at the moment.

        :param job_ids: the jobs
        :returns: what DLI answered; which element belongs to which job is not promised
        :raises ApiError: nothing was accepted

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_deleting_jobs.html
        """
        return (yield from self._accepted("batch_delete_flink_jobs", job_ids))

    def delete_flink_job(self, job_id: int) -> Call[None]:
        """
        Delete a job, whatever it does at the moment.

        :param job_id: the job
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/deleting_a_job.html
        """
        path = yield from self._job(job_id)
        request = Request("delete_flink_job", "DELETE", path, service=NAME)
        answer = delivery((yield request), request)
        if not answer.is_success:
            raise refusal(answer, "delete_flink_job", "DELETE")

    def show_flink_job(self, job_id: int) -> Call[FlinkJob]:
        """
        Read a job: status, savepoint, configuration.

        :param job_id: the job
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html
        """
        path = yield from self._job(job_id)
        request = Request("show_flink_job", "GET", path, repeatable=True, service=NAME)
        job = expect(FlinkJob, member((yield request), "job_detail", request), LABEL, request)
        same(long_id(job_id, "job_id"), job.job_id, "job", LABEL, request)
        return job

    def list_flink_jobs(
        self,
        *,
        job_type: str | None = None,
        status: str | None = None,
        queue_name: str | None = None,
        name: str | None = None,
        user_name: str | None = None,
        tags: str | None = None,
        show_detail: bool = False,
        order: str = "asc",
        root_job_id: int | None = None,
        sys_enterprise_project_name: str | None = None,
    ) -> Call[list[FlinkJob]]:
        """
        List jobs, all pages.

        :param job_type: ``flink_sql_job``, ``flink_opensource_sql_job``, ``flink_jar_job``, ...
        :param status: one of DLI's words, e.g. ``job_running``
        :param queue_name: the queue
        :param name: the job's name; whether a part of it will do is not documented
        :param user_name: who made it
        :param tags: ``key=value,key2=value2``
        :param show_detail: whether to give configuration and SQL too
        :param order: ``asc`` or ``desc``, by time; ``asc`` keeps pages steady while jobs are added
        :param root_job_id: the jobs below this one (Huawei Cloud, edge jobs)
        :param sys_enterprise_project_name: the enterprise project (Huawei Cloud)
        :raises PipelinesError: it could not be read, or only in part

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/listing_jobs.html
        """
        filters = words(
            job_type=job_type, status=status, queue_name=queue_name, name=name, user_name=user_name, tags=tags,
            sys_enterprise_project_name=sys_enterprise_project_name,
        )  # fmt: skip
        if root_job_id is not None:
            filters.append(("root_job_id", str(long_id(root_job_id, "root_job_id"))))
        detailed, order = flag(show_detail, "show_detail"), one_of(order, "order", ("asc", "desc"))
        rows = (yield from (yield from self.flink_listing(filters, detailed=detailed, order=order)).read()).values()
        return [job_of(row) for row in rows]

    def count_flink_jobs(self) -> Call[tuple[str, int]]:
        """Ask for one job: gives the project and the number of jobs that DLI says it has. A cheap read."""
        project = yield from self.project()
        path = yield from self._jobs()
        request = Request("list_flink_jobs", "GET", path, (("limit", "1"),), repeatable=True, service=NAME)
        return project, page_of((yield request), request).total or 0

    def flink_listing(
        self, filters: Sequence[tuple[str, str]] = (), *, detailed: bool = False, order: str = "asc"
    ) -> Call[Listing]:
        """Give the list of jobs; :func:`job_of` reads a row, and rows are told apart by the id as text."""
        query = (*filters, ("show_detail", str(detailed).lower()), ("order", order))
        return pages("list_flink_jobs", (yield from self._jobs()), query, page_of, "job_id")

    def send_batch(self, operation: str, job_ids: Sequence[int], **flags: bool) -> Call[list[Delivery]]:
        """
        Send a batch and give what came back, refusals included.

        :raises ApiError: it was refused as a whole, or the answer cannot be read
        """
        ids = long_ids(job_ids, "job_ids")
        path = f"{yield from self._jobs()}/{_ACTIONS[operation]}"
        body = dump({"job_ids": ids, **flags})
        request = Request(operation, "POST", path, body=body, service=NAME)
        payload = yield request
        # an array; a plain object in editions of 2021 and 2022
        entries = [payload] if isinstance(payload, dict) else payload
        if not isinstance(entries, list) or not entries:
            raise malformed("the list of results is missing", LABEL, request)
        return [delivery(entry, request) for entry in entries]

    def _accepted(self, operation: str, job_ids: Sequence[int], **flags: bool) -> Call[list[Delivery]]:
        answers = yield from self.send_batch(operation, job_ids, **flags)
        if not any(answer.is_success for answer in answers):
            raise refusal(answers[0], operation)
        return answers


def page_of(payload: Any, request: Request) -> Page:
    """Give one page of the list."""
    return rows_of(member(payload, "job_list", request), "jobs", "total_count", request)


def job_of(row: Any) -> FlinkJob:
    """
    Read a row of the list.

    :raises MalformedReply: it is no job
    """
    return expect(FlinkJob, row, LABEL, _ROW)
