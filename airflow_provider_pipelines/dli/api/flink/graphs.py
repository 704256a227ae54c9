"""The operations that show what a Flink job does: its plan, its metrics, its static graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.core.checks import from_json, long_id, long_ids
from airflow_provider_pipelines.core.http.calls import Call, Request
from airflow_provider_pipelines.core.http.reading import dump, expect
from airflow_provider_pipelines.dli.api.access import LABEL, NAME
from airflow_provider_pipelines.dli.api.flink.bodies import GRAPH, checked
from airflow_provider_pipelines.dli.api.flink.models import ExecutionGraph, JobMetrics, StreamGraph
from airflow_provider_pipelines.dli.api.project import ProjectApi
from airflow_provider_pipelines.dli.api.replies import member, part, readable
from airflow_provider_pipelines.errors import ArgumentError


class GraphsApi(ProjectApi):
    """Looking into Flink jobs."""

    def show_flink_job_execution_graph(self, job_id: int) -> Call[ExecutionGraph | None]:
        """
        Read Flink's own description of a running job.

        :param job_id: the job
        :returns: None where DLI shows none. What it answers for a job that does not run is not documented: an error,
            nothing, or the last one
        :raises PipelinesError: it could not be read

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/
        querying_the_job_execution_plan.html
        """
        path = f"{yield from self._job(job_id)}/execute-graph"
        request = Request("show_flink_job_execution_graph", "GET", path, repeatable=True, service=NAME)
        answer = readable((yield request), request)
        if answer.get("execute_graph", "") is None:
            return None
        return expect(ExecutionGraph, part(answer, "execute_graph", dict, request), LABEL, request)

    def show_flink_metric(self, job_ids: Sequence[int]) -> Call[list[JobMetrics]]:
        """
        Read how much jobs read and write.

        :param job_ids: the jobs
        :raises NotSupported: the edition has it no more (deprecated in Open Telekom Cloud: use Cloud Eye there)

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/out-of-date_apis/
        flink_job-related_apis_deprecated/querying_job_monitoring_information_deprecated.html
        """
        body = dump({"job_ids": long_ids(job_ids, "job_ids")})
        path = f"{yield from self._jobs()}/metrics"
        request = Request("show_flink_metric", "POST", path, body=body, repeatable=True, service=NAME)
        listed = member((yield from self._ask(request)), "metrics", request)
        return [expect(JobMetrics, row, LABEL, request) for row in part(listed, "jobs", list, request)]

    def create_flink_sql_job_graph(
        self,
        job_id: int,
        *,
        sql_body: str,
        cu_number: int | None = None,
        manager_cu_number: int | None = None,
        parallel_number: int | None = None,
        tm_cus: int | None = None,
        tm_slot_num: int | None = None,
        operator_config: Mapping[str, Any] | str | None = None,
        static_estimator: bool | None = None,
        static_estimator_config: Mapping[str, Any] | str | None = None,
        job_type: str | None = None,
        graph_type: str | None = None,
        flink_version: str | None = None,
    ) -> Call[StreamGraph]:
        """
        Make the static graph of a SQL text; nothing is changed or run. Not for Flink 1.15.

        :param job_id: the job
        :param sql_body: the SQL text
        :param cu_number: CUs in all
        :param manager_cu_number: CUs of the JobManager
        :param parallel_number: parallelism
        :param tm_cus: CUs of a TaskManager
        :param tm_slot_num: slots of a TaskManager
        :param operator_config: parallelism of operators, as DLI's JSON text or a dictionary
        :param static_estimator: estimate the resources, by ``static_estimator_config``
        :param static_estimator_config: rates of operators, as DLI's JSON text or a dictionary
        :param job_type: only ``flink_opensource_sql_job``
        :param graph_type: ``simple_graph`` or ``job_graph``
        :param flink_version: ``1.10`` or ``1.12``
        :raises InvalidRequest: the SQL text is wrong; DLI says so in an answer with HTTP 200

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/
        generating_a_static_stream_graph_for_a_flink_sql_job.html
        """
        given = {
            "sql_body": sql_body, "cu_number": cu_number, "manager_cu_number": manager_cu_number,
            "parallel_number": parallel_number, "tm_cus": tm_cus, "tm_slot_num": tm_slot_num,
            "operator_config": operator_config, "static_estimator": static_estimator,
            "static_estimator_config": static_estimator_config, "job_type": job_type, "graph_type": graph_type,
            "flink_version": flink_version,
        }  # fmt: skip
        id, body = long_id(job_id, "job_id"), checked(given, GRAPH)
        if "sql_body" not in body:
            raise ArgumentError("sql_body", "is empty. Give the SQL text.")
        if body.get("static_estimator") and not body.get("static_estimator_config"):
            raise ArgumentError("static_estimator_config", "is empty. static_estimator=True needs it.")
        path = f"{yield from self._path('streaming/jobs', 'v3')}/{id}/gen-graph"
        request = Request("create_flink_sql_job_graph", "POST", path, body=dump(body), repeatable=True, service=NAME)
        answer = readable((yield request), request)
        return expect(StreamGraph, from_json(part(answer, "stream_graph", str, request)), LABEL, request)
