"""The operations that make and change Flink jobs, and move them in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import flag, long_id, long_ids
from airflow_provider_pipelines.core.http.reading import expect, same
from airflow_provider_pipelines.dli.api.access import LABEL
from airflow_provider_pipelines.dli.api.flink.bodies import definition, text, texts
from airflow_provider_pipelines.dli.api.flink.models import FlinkJob, ImportedJob, JobUpdate
from airflow_provider_pipelines.dli.api.project import ProjectApi
from airflow_provider_pipelines.dli.api.replies import part
from airflow_provider_pipelines.errors import ArgumentError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call


class DefinitionsApi(ProjectApi):
    """Making and changing Flink jobs."""

    def create_flink_sql_job(self, body: Mapping[str, Any]) -> Call[FlinkJob]:
        """
        Make a draft of a Flink SQL job; it is not started.

        :param body: DLI's fields, ``name`` among them; ``checkpoint_mode`` may be DLI's number or its word, and what
            DLI wants as JSON text (``runtime_config``, ``flink_log_config``) may be a dictionary
        :returns: the job's id, status and status text
        :raises ArgumentError: a field is not possible
        :raises Conflict: a job of this name exists (``DLI.0006``)
        :raises OutcomeUnknown: the answer was lost; list the jobs by name before you create it again

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_sql_job.html
        """
        return (yield from self._create("create_flink_sql_job", "sql-jobs", body))

    def update_flink_sql_job(self, job_id: int, body: Mapping[str, Any]) -> Call[JobUpdate]:
        """
        Change a Flink SQL job; DLI keeps what is left out, as far as is known.

        :param job_id: the job
        :param body: DLI's fields that shall change, as for :meth:`create_flink_sql_job`
        :returns: when it was changed, in epoch milliseconds
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/updating_a_sql_job.html
        """
        return (yield from self._update("update_flink_sql_job", "sql-jobs", job_id, body))

    def create_flink_jar_job(self, body: Mapping[str, Any]) -> Call[FlinkJob]:
        """
        Make a draft of a Flink Jar job; it is not started.

        :param body: DLI's fields, ``name`` among them, as for :meth:`create_flink_sql_job`
        :returns: the job's id, status and status text
        :raises ArgumentError: a field is not possible
        :raises Conflict: a job of this name exists (``DLI.0006``)
        :raises OutcomeUnknown: the answer was lost; list the jobs by name before you create it again

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_flink_jar_job.html
        """
        return (yield from self._create("create_flink_jar_job", "flink-jobs", body))

    def update_flink_jar_job(self, job_id: int, body: Mapping[str, Any]) -> Call[JobUpdate]:
        """
        Change a Flink Jar job; DLI keeps what is left out, as far as is known.

        :param job_id: the job
        :param body: DLI's fields that shall change, as for :meth:`create_flink_sql_job`
        :returns: when it was changed, in epoch milliseconds
        :raises NotFound: there is no such job

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/updating_a_flink_jar_job.html
        """
        return (yield from self._update("update_flink_jar_job", "flink-jobs", job_id, body))

    def export_flink_jobs(
        self, obs_dir: str, is_selected: bool = False, job_selected: Sequence[int] | None = None
    ) -> Call[list[str]]:
        """
        Write the definitions of jobs into a zip file in OBS.

        :param obs_dir: the folder, as DLI wants it: ``bucket/folder``
        :param is_selected: only the jobs in ``job_selected``; else all jobs
        :param job_selected: the jobs
        :returns: the paths of the files
        :raises ApiError: it was refused, or the answer does not say

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/exporting_a_flink_job.html
        """
        body: dict[str, Any] = {
            "obs_dir": text(obs_dir, "obs_dir", empty=False),
            "is_selected": flag(is_selected, "is_selected"),
        }
        if body["is_selected"]:
            body["job_selected"] = long_ids(job_selected, "job_selected")
        elif job_selected is not None:
            raise ArgumentError("job_selected", "goes with is_selected=True only; without it all jobs are exported.")
        path = f"{yield from self._jobs()}/export"
        answer, request = yield from self._write("export_flink_jobs", "POST", path, body)
        return [str(name) for name in part(answer, "zip_file", list, request)]

    def import_flink_jobs(self, zip_file: str, is_cover: bool | None = None) -> Call[list[ImportedJob]]:
        """
        Make jobs from a zip file in OBS.

        :param zip_file: the file's path, or a folder's that holds such files only
        :param is_cover: whether a job of the same name is overwritten; it is a draft then
        :returns: the old and the new id of each job
        :raises ApiError: it was refused, or the answer does not say

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/importing_a_flink_job.html
        """
        body: dict[str, Any] = {"zip_file": text(zip_file, "zip_file", empty=False)}
        if is_cover is not None:
            body["is_cover"] = flag(is_cover, "is_cover")
        path = f"{yield from self._jobs()}/import"
        answer, request = yield from self._write("import_flink_jobs", "POST", path, body)
        return [expect(ImportedJob, row, LABEL, request) for row in part(answer, "job_mapping", list, request)]

    def register_bucket(self, obs_buckets: Sequence[str]) -> Call[None]:
        """
        Authorise DLI to use OBS buckets, for checkpoints and logs.

        :param obs_buckets: the buckets' names
        :raises NotSupported: the edition has it no more (deprecated in Open Telekom Cloud: use an agency there)

        https://docs.otc.t-systems.com/data-lake-insight/api-ref/out-of-date_apis/
        flink_job-related_apis_deprecated/authorizing_dli_to_access_obs_deprecated.html
        """
        buckets = texts(obs_buckets, "obs_buckets")
        if not buckets:
            raise ArgumentError("obs_buckets", "is empty. Name at least one bucket.")
        path = yield from self._path("dli/obs-authorize")
        # asking twice authorises once
        yield from self._write("register_bucket", "POST", path, {"obs_buckets": buckets}, repeatable=True)

    def _create(self, operation: str, kind: str, body: Mapping[str, Any]) -> Call[FlinkJob]:
        content = definition(operation, body)
        path = yield from self._path(f"streaming/{kind}")
        answer, request = yield from self._write(operation, "POST", path, content)
        return expect(FlinkJob, part(answer, "job", dict, request), LABEL, request)

    def _update(self, operation: str, kind: str, job_id: Any, body: Mapping[str, Any]) -> Call[JobUpdate]:
        id, content = long_id(job_id, "job_id"), definition(operation, body)
        path = f"{yield from self._path(f'streaming/{kind}')}/{id}"
        # the same fields with the same values: twice is as good as once
        answer, request = yield from self._write(operation, "PUT", path, content, repeatable=True)
        update = expect(JobUpdate, part(answer, "job", dict, request), LABEL, request)
        same(id, getattr(update, "job_id", None), "job", LABEL, request)
        return update
