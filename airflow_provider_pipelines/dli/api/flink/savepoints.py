"""The operations on savepoints; Open Telekom Cloud's reference does not have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.checks import long_id
from airflow_provider_pipelines.dli.api.flink.bodies import obs_path
from airflow_provider_pipelines.dli.api.project import ProjectApi

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call


class SavepointsApi(ProjectApi):
    """Making savepoints and taking them in."""

    def execute_flink_job_savepoint(self, job_id: int, savepoint_path: str) -> Call[None]:
        """
        Ask a running job for a savepoint; it goes on running. What comes of it is only seen by looking at the job.

        :param job_id: the job
        :param savepoint_path: the folder in OBS: ``obs://bucket/folder/``, or without ``obs://``
        :raises NotSupported: Open Telekom Cloud has no such call

        https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0392.html
        """
        self.check_offered("execute_flink_job_savepoint")
        body = {"action": "TRIGGER", "savepoint_path": obs_path(savepoint_path, "savepoint_path")}
        path = f"{yield from self._job(job_id)}/savepoint"
        yield from self._write("execute_flink_job_savepoint", "POST", path, body)

    def import_flink_job_savepoint(self, job_id: int, savepoint_path: str) -> Call[None]:
        """
        Give a job that does not run a savepoint; it goes on from there when it is run with ``resume_savepoint``.

        :param job_id: the job
        :param savepoint_path: the folder in OBS that holds the file ``_metadata``, of a savepoint or of a checkpoint
        :raises NotSupported: Open Telekom Cloud has no such call

        https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0393.html
        """
        self.check_offered("import_flink_job_savepoint")
        id = long_id(job_id, "job_id")
        body = {"job_id": id, "savepoint_path": obs_path(savepoint_path, "savepoint_path")}
        path = f"{yield from self._job(id)}/import-savepoint"
        # the same path taken in twice is the same path
        yield from self._write("import_flink_job_savepoint", "POST", path, body, repeatable=True)
