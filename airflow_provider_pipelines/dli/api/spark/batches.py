"""
The operations of DLI on Spark batches, as generators.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/ (Open Telekom Cloud) and
https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0162.html (Huawei Cloud).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import text_id, whole_number
from airflow_provider_pipelines.core.http.calls import Call, Request
from airflow_provider_pipelines.core.http.reading import dump, expect, malformed
from airflow_provider_pipelines.dli.api.access import CODES, LABEL, NAME
from airflow_provider_pipelines.dli.api.arguments import text
from airflow_provider_pipelines.dli.api.project import ProjectApi, pages, words
from airflow_provider_pipelines.dli.api.replies import plain, rows_of
from airflow_provider_pipelines.dli.api.spark.bodies import create_body
from airflow_provider_pipelines.dli.api.spark.models import SparkBatch, SparkLog, SparkState
from airflow_provider_pipelines.huaweicloud.scheme import check_success

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.paging import Listing, Page

_LATEST = 2**63 - 1


class SparkApi(ProjectApi):
    """The operations on Spark batches."""

    def create_spark_batch(
        self,
        file: str,
        class_name: str,
        *,
        queue: str | None = None,
        cluster_name: str | None = None,
        args: Sequence[str] | None = None,
        sc_type: str | None = None,
        jars: Sequence[str] | None = None,
        py_files: Sequence[str] | None = None,
        files: Sequence[str] | None = None,
        modules: Sequence[str] | None = None,
        resources: Sequence[Mapping[str, Any]] | None = None,
        groups: Sequence[Mapping[str, Any]] | None = None,
        conf: Mapping[str, Any] | None = None,
        name: str | None = None,
        driver_memory: str | None = None,
        driver_cores: int | None = None,
        executor_memory: str | None = None,
        executor_cores: int | None = None,
        num_executors: int | None = None,
        obs_bucket: str | None = None,
        auto_recovery: bool | None = None,
        max_retry_times: int | None = None,
        execution_agency_urn: str | None = None,
        catalog_name: str | None = None,
        feature: str | None = None,
        spark_version: str | None = None,
        image: str | None = None,
    ) -> Call[SparkBatch]:
        """
        Create a batch, which starts at once.

        :param file: the program: a package that was uploaded to DLI, or an OBS path
        :param class_name: its main class
        :param queue: the queue
        :param cluster_name: an older word for it
        :param args: the arguments of the main class
        :param sc_type: the size of its resources: ``A``, ``B`` or ``C``
        :param jars: further packages
        :param py_files: Python packages
        :param files: other files
        :param modules: DLI's own modules for other data sources
        :param resources: packages as ``{"name", "type"}``
        :param groups: groups of packages as ``{"name", "resources"}``
        :param conf: Spark's settings
        :param name: up to 128 characters
        :param driver_memory: with its unit, for instance ``2G``
        :param driver_cores: how many
        :param executor_memory: with its unit
        :param executor_cores: how many, of each executor
        :param num_executors: how many
        :param obs_bucket: where the batch is kept
        :param auto_recovery: start it again when it fails
        :param max_retry_times: how often, 0 to 100
        :param execution_agency_urn: the agency whose rights it has (Spark 3.3.1)
        :param catalog_name: ``dli`` to reach the metadata
        :param feature: ``basic``, ``ai`` or ``custom`` (Huawei Cloud)
        :param spark_version: the version of Spark (Huawei Cloud)
        :param image: the image of ``custom`` (Huawei Cloud)
        :raises OutcomeUnknown: no answer came; the batch may have been created

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/creating_a_batch_processing_job.html
        """
        body = create_body(
            file=file, class_name=class_name, queue=queue, cluster_name=cluster_name, args=args, sc_type=sc_type,
            jars=jars, py_files=py_files, files=files, modules=modules, resources=resources, groups=groups, conf=conf,
            name=name, driver_memory=driver_memory, driver_cores=driver_cores, executor_memory=executor_memory,
            executor_cores=executor_cores, num_executors=num_executors, obs_bucket=obs_bucket,
            auto_recovery=auto_recovery, max_retry_times=max_retry_times, execution_agency_urn=execution_agency_urn,
            catalog_name=catalog_name, feature=feature, spark_version=spark_version, image=image,
        )  # fmt: skip
        path = yield from self._batches()
        request = Request("create_spark_batch", "POST", path, body=dump(body), service=NAME)
        return plain(SparkBatch, (yield request), request)

    def show_spark_batch_state(self, batch_id: str) -> Call[SparkState]:
        """
        Read the state of a batch.

        :param batch_id: the batch's UUID
        :raises NotFound: there is no such batch

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/querying_a_batch_job_status.html
        """
        path = yield from self._batches(text_id(batch_id, "batch_id"), "state")
        request = Request("show_spark_batch_state", "GET", path, repeatable=True, service=NAME)
        return plain(SparkState, (yield request), request, batch_id)

    def show_spark_batch(self, batch_id: str) -> Call[SparkBatch]:
        """
        Read a batch: its state, its last ten lines of log, what it was created with.

        :param batch_id: the batch's UUID
        :raises NotFound: there is no such batch

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/querying_batch_job_details.html
        """
        path = yield from self._batches(text_id(batch_id, "batch_id"))
        request = Request("show_spark_batch", "GET", path, repeatable=True, service=NAME)
        return plain(SparkBatch, (yield request), request, batch_id)

    def cancel_spark_batch(self, batch_id: str) -> Call[None]:
        """
        Cancel a batch that has not ended; it is ``dead`` then.

        :param batch_id: the batch's UUID
        :raises InvalidRequest: it has ended already
        :raises NotFound: there is no such batch

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/canceling_a_batch_processing_job.html
        """
        path = yield from self._batches(text_id(batch_id, "batch_id"))
        request = Request("cancel_spark_batch", "DELETE", path, service=NAME)
        payload = yield request
        check_success(payload, CODES, LABEL, request)
        said = payload.get("msg") if isinstance(payload, dict) else None
        if not isinstance(said, str) or said.strip().lower() != "deleted":
            raise malformed("the answer does not say that the batch was deleted", LABEL, request)

    def list_spark_batches(
        self,
        *,
        job_name: str | None = None,
        job_id: str | None = None,
        cluster_name: str | None = None,
        queue_name: str | None = None,
        state: str | None = None,
        owner: str | None = None,
        start: int | None = None,
        end: int | None = None,
        order: str | None = None,
    ) -> Call[list[SparkBatch]]:
        """
        List batches, all pages.

        :param job_name: the name of a batch
        :param job_id: its UUID
        :param cluster_name: an older word for the queue
        :param queue_name: the queue
        :param state: for instance ``running``
        :param owner: who created it
        :param start: created after this time, epoch milliseconds
        :param end: created before this time, epoch milliseconds
        :param order: for instance ``CREATE_TIME_DESC`` or ``DURATION_ASC``
        :raises PipelinesError: it could not be read, or only in part

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/listing_batch_processing_jobs.html
        """
        filters: list[tuple[str, str]] = []
        for argument, moment in (("start", start), ("end", end)):
            if moment is not None:
                filters.append((argument, str(whole_number(moment, argument, 0, _LATEST))))
        if job_id is not None:
            filters.append(("job-id", text_id(job_id, "job_id")))
        filters += words(
            job_name=job_name, cluster_name=cluster_name, queue_name=queue_name, state=state, owner=owner, order=order
        )
        listing = yield from self.spark_listing(filters)
        return [batch_of(row) for row in (yield from listing.read()).values()]

    def spark_listing(self, filters: Sequence[tuple[str, str]] = ()) -> Call[Listing]:
        """Give the list of batches; :func:`batch_of` reads a row."""
        path = yield from self._batches()
        return pages("list_spark_batches", path, filters, _page_of, "id", ("size", "from"))

    def show_spark_batch_log(
        self,
        batch_id: str,
        *,
        from_: int | None = None,
        size: int | None = None,
        type: str | None = None,
        index: int | None = None,
    ) -> Call[SparkLog]:
        """
        Read lines of a batch's log.

        Open Telekom Cloud has deprecated this call: the last ten lines are in the detail.

        :param batch_id: the batch's UUID
        :param from_: the number of the first line; None for the last 100 lines
        :param size: how many lines
        :param type: ``driver`` for the log of Spark's driver
        :param index: which driver's, where the batch was started again; 0 for the first
        :raises NotFound: there is no such batch
        :raises NotSupported: this edition does not offer it (any more)

        https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0128.html
        """
        query: list[tuple[str, str]] = []
        for parameter, argument, value in (("from", "from_", from_), ("size", "size", size), ("index", "index", index)):
            if value is not None:
                query.append((parameter, str(whole_number(value, argument, 0, 2**31 - 1))))
        if type is not None:
            query.append(("type", text(type, "type")))
        path = yield from self._batches(text_id(batch_id, "batch_id"), "log")
        request = Request("show_spark_batch_log", "GET", path, tuple(query), repeatable=True, service=NAME)
        return plain(SparkLog, (yield from self._ask(request)), request, batch_id)

    def _batches(self, *parts: str) -> Call[str]:
        return (yield from self._path("/".join(("batches", *parts)), "v2.0"))


def _page_of(payload: Any, request: Request) -> Page:
    check_success(payload, CODES, LABEL, request)
    return rows_of(payload if isinstance(payload, dict) else {}, "sessions", "total", request)


_ROW = Request("list_spark_batches", "GET", "")


def batch_of(row: Any) -> SparkBatch:
    """
    Read a row of the list.

    :raises MalformedReply: it is no batch
    """
    return expect(SparkBatch, row, LABEL, _ROW)
