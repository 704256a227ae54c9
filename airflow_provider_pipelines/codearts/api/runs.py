"""The operations on runs: start, stop, retry, look, queue, batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.access import LABEL, SERVICE
from airflow_provider_pipelines.codearts.api.bodies import filters, ids, run_body, run_pairs, text
from airflow_provider_pipelines.codearts.api.models import (
    BatchStarted,
    PipelineRun,
    QueueCancelled,
    QueuedRun,
    RunDetail,
    RunRetried,
    RunStarted,
    Success,
)
from airflow_provider_pipelines.codearts.api.project import ProjectApi
from airflow_provider_pipelines.codearts.api.replies import (
    absent,
    confirmed_by,
    object_of,
    retried_by,
    rows_of,
    started_by,
)
from airflow_provider_pipelines.core.checks import LARGEST_LONG, one_of, optional_id, text_id, whole_number
from airflow_provider_pipelines.core.http.calls import Call, Request, segment
from airflow_provider_pipelines.core.http.reading import dump, expect, malformed, same

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.paging import Listing

_LATEST_FIRST = {"sort_key": "start_time", "sort_dir": "desc"}


class RunsApi(ProjectApi):
    """Runs."""

    def run_pipeline(
        self,
        pipeline_id: str,
        *,
        sources: Sequence[Mapping[str, Any]] | None = None,
        variables: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        choose_jobs: Sequence[str] | None = None,
        choose_stages: Sequence[str] | None = None,
        description: str | None = None,
        sub_hook: bool | None = None,
        execution_plan_id: str | None = None,
    ) -> Call[RunStarted]:
        """
        Ask for a run. It is never sent twice: the service has nothing to tell a repeated request by.

        :param pipeline_id: the pipeline's id
        :param sources: which branches or tags, in the vendor's structure; None for the pipeline's own
        :param variables: a mapping, or the vendor's list of ``{"name", "value"}``
        :param choose_jobs: identifiers of jobs from the pipeline's definition
        :param choose_stages: identifiers of stages; jobs of other stages are left out
        :param description: up to 1,024 characters
        :param sub_hook: whether it runs as a part of another pipeline
        :param execution_plan_id: a stored execution plan
        :returns: the run's id, and ``queue_id`` if it waits for its turn
        :raises QuotaExceeded: too many runs at once, and none was started
        :raises PipelinesError: refused; or, if :func:`possibly_done`, it may have been started all the same

        https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html
        """
        body = run_body(sources, variables, choose_jobs, choose_stages, description, sub_hook, execution_plan_id)
        request = Request("run_pipeline", "POST", self._of(pipeline_id, "run"), (), dump(body), service=SERVICE)
        return started_by(request, (yield request))

    def stop_pipeline_run(self, pipeline_id: str, pipeline_run_id: str) -> Call[Success]:
        """
        Ask for the end of a run. The answer means that it was accepted.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :raises Conflict: the service did not confirm it; the run may have ended already, or wait in the queue

        https://support.huaweicloud.com/intl/en-us/api-pipeline/StopPipelineRun.html
        """
        path = self._of_run(pipeline_id, pipeline_run_id, "stop")
        # stopping twice does what stopping once does
        request = Request("stop_pipeline_run", "POST", path, repeatable=True, service=SERVICE)
        return confirmed_by(request, (yield request))

    def retry_pipeline_run(
        self,
        pipeline_id: str,
        pipeline_run_id: str,
        *,
        job_run_ids: Sequence[str] | None = None,
        repo_https_url: str | None = None,
    ) -> Call[RunRetried]:
        """
        Ask for what failed in a run to be run again; the run keeps its id.

        It is not repeated after an answer that leaves it open whether it was carried out: read the run's detail then.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_ids: the ``id`` of jobs in the run's detail; None for all that failed
        :param repo_https_url: the address of a repository
        :returns: with ``queue_id`` if the run waits for its turn
        :raises Conflict: the service did not confirm it; the run may go on
        :raises QuotaExceeded: too many runs at once, and nothing was started

        https://support.huaweicloud.com/intl/en-us/api-pipeline/RetryPipelineRun.html
        """
        body: dict[str, Any] = {}
        if repo_https_url is not None:
            body["repo_https_url"] = text(repo_https_url, "repo_https_url")
        if job_run_ids is not None:
            body["job_run_ids"] = ids(job_run_ids, "job_run_ids")
        path = self._of_run(pipeline_id, pipeline_run_id, "retry")
        request = Request("retry_pipeline_run", "PUT", path, (), dump(body), service=SERVICE)
        return retried_by(request, (yield request), pipeline_run_id)

    def show_pipeline_run_detail(
        self, pipeline_id: str, pipeline_run_id: str | None = None, *, pipeline_run_number: int | None = None
    ) -> Call[RunDetail]:
        """
        Read everything about a run.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id; None for the latest run
        :param pipeline_run_number: the run's number, instead of its id
        :raises NotFound: there is no such run; a run that waits in the queue may not be shown either

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html
        """
        wanted = optional_id(pipeline_run_id, "pipeline_run_id")
        query = [("pipeline_run_id", wanted)] if wanted is not None else []
        if pipeline_run_number is not None:
            number = whole_number(pipeline_run_number, "pipeline_run_number", 1, 2**31 - 1)
            query.append(("pipeline_run_number", str(number)))
        path = self._of(pipeline_id, "pipeline-runs/detail")
        request = self._read("show_pipeline_run_detail", "GET", path, query)
        payload = yield request
        if payload is None or (isinstance(payload, dict) and not payload.get("id") and not payload.get("error_code")):
            object_of(request, payload or {})
            raise absent(request, "the answer holds no run")
        detail = expect(RunDetail, object_of(request, payload), LABEL, request)
        if wanted is not None:
            same(wanted, detail.id, "run", LABEL, request)
        return detail

    def list_pipeline_runs(
        self,
        pipeline_id: str,
        *,
        status: Sequence[str] | None = None,
        start_time: str | None = None,
        end_time: str | None = None,
        update_time: str | None = None,
        trigger_type: Sequence[str] | None = None,
        executor_ids: Sequence[str] | None = None,
        show_job_details: bool | None = None,
        stage_id: str | None = None,
        job_id: str | None = None,
        sort_key: str = "start_time",
        sort_dir: str = "desc",
    ) -> Call[list[PipelineRun]]:
        """
        List the runs of a pipeline, the latest first, all pages.

        :param pipeline_id: the pipeline's id
        :param status: statuses to filter by
        :param start_time: epoch milliseconds as text, or ``yyyy-MM-dd HH:mm:ss`` in a time zone of the vendor's choice
        :param end_time: the same
        :param update_time: the same
        :param trigger_type: what started them, for instance ``Manual`` or ``Scheduler``
        :param executor_ids: who started them
        :param show_job_details: whether to give the jobs of a stage as well
        :param stage_id: which stage
        :param job_id: which job
        :param sort_key: ``start_time``, ``end_time`` or ``update_time``; the vendor's pages and its SDK disagree on the
            last two
        :param sort_dir: ``asc`` or ``desc``
        :raises PipelinesError: it could not be read, or only in part

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelineRuns.html
        """
        body = filters(
            status=status, start_time=start_time, end_time=end_time, update_time=update_time,
            trigger_type=trigger_type, executor_ids=executor_ids, show_job_details=show_job_details,
            stage_id=stage_id, job_id=job_id,
            sort_key=one_of(sort_key, "sort_key", ("start_time", "end_time", "update_time")), sort_dir=sort_dir,
        )  # fmt: skip
        return (yield from self._whole(PipelineRun, self.run_listing(pipeline_id, body)))

    def run_listing(self, pipeline_id: str, body: Mapping[str, Any] = _LATEST_FIRST) -> Listing:
        """Give the list of a pipeline's runs; :func:`run_of` reads a row."""
        path = self._of(pipeline_id, "pipeline-runs/list")
        return self._listing("pipeline_run_id", "list_pipeline_runs", path, body, "pipeline_runs")

    def list_pipeline_queue(self, pipeline_id: str) -> Call[list[QueuedRun]]:
        """
        List the runs of a pipeline that wait for their turn, all pages.

        :param pipeline_id: the pipeline's id
        :raises PipelinesError: it could not be read, or only in part

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ListPipelineQueue.html
        """
        path = self._of(pipeline_id, "queued-pipeline")
        listing = self._listing("id", "list_pipeline_queue", path, None, "queuedPipelines")
        return (yield from self._whole(QueuedRun, listing))

    def cancel_pipeline_queue(self, pipeline_id: str, pipeline_run_id: str, queue_id: int) -> Call[QueueCancelled]:
        """
        Take a waiting run out of the queue; it leaves no record.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param queue_id: the number of its entry in the queue
        :raises ApiError: it was refused, or the answer does not say

        https://support.huaweicloud.com/api-pipeline/CancelPipelineQueue.html
        """
        run_id = segment(text_id(pipeline_run_id, "pipeline_run_id"))
        # there is no segment "pipeline-runs" in this path
        path = self._of(pipeline_id, f"{run_id}/cancel-queuing/{whole_number(queue_id, 'queue_id', 0, LARGEST_LONG)}")
        # older documentation wants an empty object, newer none
        request = Request("cancel_pipeline_queue", "POST", path, (), b"{}", repeatable=True, service=SERVICE)
        return expect(QueueCancelled, object_of(request, (yield request)), LABEL, request)

    def batch_run_pipeline(self, pipeline_ids: Sequence[str]) -> Call[list[BatchStarted]]:
        """
        Ask for a run of each of several pipelines. It is never sent twice.

        :param pipeline_ids: the pipelines' ids
        :returns: which runs were asked for; :meth:`show_batch_run_result` tells whether they began
        :raises PipelinesError: refused; or, if :func:`possibly_done`, runs may have been started all the same

        https://support.huaweicloud.com/api-pipeline/BatchRunPipeline.html
        """
        body = {"pipeline_ids": ids(pipeline_ids, "pipeline_ids")}
        request = Request("batch_run_pipeline", "POST", self._all("batch-runs"), (), dump(body), service=SERVICE)
        started = [expect(BatchStarted, row, LABEL, request) for row in rows_of(request, (yield request), "result")]
        if not started:
            raise malformed("the answer names no run", LABEL, request)
        return started

    def show_batch_run_result(self, query: Sequence[Mapping[str, str]]) -> Call[list[BatchStarted]]:
        """
        Read whether the runs of a batch began, for instance ``START_SUCCESS``.

        :param query: for each a mapping with ``pipeline_id`` and ``pipeline_run_id``
        :raises PipelinesError: it could not be read

        https://support.huaweicloud.com/api-pipeline/ShowBatchRunResult.html
        """
        body = {"query": run_pairs(query)}
        request = self._read("show_batch_run_result", "POST", self._all("batch-runs/result"), (), body)
        return [expect(BatchStarted, row, LABEL, request) for row in rows_of(request, (yield request), "result")]

    def run_yaml_pipeline(
        self,
        pipeline_id: str,
        *,
        branch: str,
        description: str | None = None,
        variables: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        choose_jobs: Sequence[str] | None = None,
    ) -> Call[RunStarted]:
        """
        Ask for a run of a pipeline that is described by a file in a repository. It is never sent twice.

        :param pipeline_id: the pipeline's id
        :param branch: the branch to run
        :param description: up to 1,024 characters
        :param variables: a mapping, or the vendor's list of ``{"name", "value"}``
        :param choose_jobs: identifiers of jobs
        :returns: the run's id, and ``queue_id`` if it waits for its turn
        :raises PipelinesError: refused; or, if :func:`possibly_done`, it may have been started all the same

        https://support.huaweicloud.com/api-pipeline/RunYamlPipeline.html
        """
        body = {"branch": text(branch, "branch"), **run_body(None, variables, choose_jobs, None, description)}
        path = self._root(f"pac/pipelines/{segment(text_id(pipeline_id, 'pipeline_id'))}/run")
        request = Request("run_yaml_pipeline", "POST", path, (), dump(body), service=SERVICE)
        return started_by(request, (yield request))


_ROW = Request("list_pipeline_runs", "POST", "")


def run_of(row: Any) -> PipelineRun:
    """
    Read a row of the list of runs.

    :raises MalformedReply: it is no run
    """
    return expect(PipelineRun, row, LABEL, _ROW)
