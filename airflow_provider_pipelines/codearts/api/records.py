"""The operations that read what a run did, and what a pipeline's runs may be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.access import LABEL
from airflow_provider_pipelines.codearts.api.bodies import ids, text
from airflow_provider_pipelines.codearts.api.models import JumpLink, SystemVariable, Variable
from airflow_provider_pipelines.codearts.api.project import ProjectApi
from airflow_provider_pipelines.codearts.api.record_models import Artifacts, StepLog, StepOutputs, TriggerFailure
from airflow_provider_pipelines.codearts.api.replies import object_of, rows_of
from airflow_provider_pipelines.core.checks import LARGEST_LONG, one_of, whole_number
from airflow_provider_pipelines.core.http.reading import expect

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call

#: lines of a log that are asked for at once, as in the vendor's example
LOG_LINES = 500
#: the page size that the vendor's Terraform provider asks these lists for; no other is known to be accepted
#: https://github.com/huaweicloud/terraform-provider-huaweicloud, huaweicloud/services/codeartspipeline
_RECORDS_PAGE_SIZE = 10


class RecordsApi(ProjectApi):
    """What a run did, and what runs may be given."""

    def show_pipeline_log(
        self,
        pipeline_id: str,
        pipeline_run_id: str,
        job_run_id: str,
        step_run_id: str,
        *,
        limit: int = LOG_LINES,
        sort: str = "asc",
        start_offset: int = 0,
        end_offset: int = 0,
        offset: int | None = None,
        level: str | None = None,
    ) -> Call[StepLog]:
        """
        Read a page of a step's log. While ``has_more`` is true, its two offsets lead to the next page.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :param limit: lines at most
        :param sort: ``asc`` or ``desc``
        :param start_offset: 0, or what the page before says
        :param end_offset: 0, or what the page before says
        :param offset: instead of the two, for Jenkins tasks only
        :param level: the least level of lines
        :raises NotFound: there is no such run or step

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineLog.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "logs")
        body = _log_body(limit, sort, start_offset, end_offset, offset, level)
        return (yield from self._log("show_pipeline_log", path, body))

    def show_pipeline_exec_log(
        self,
        pipeline_id: str,
        pipeline_run_id: str,
        job_run_id: str,
        step_run_id: str,
        *,
        limit: int = LOG_LINES,
        sort: str = "asc",
        start_offset: int = 0,
        end_offset: int = 0,
        offset: int | None = 0,
        level: str | None = None,
    ) -> Call[StepLog]:
        """
        Read a page of a job's execution log. While ``has_more`` is true, its two offsets lead to the next page.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :param limit: lines at most
        :param sort: ``asc`` or ``desc``
        :param start_offset: 0, or what the page before says
        :param end_offset: 0, or what the page before says
        :param offset: for Jenkins tasks; the vendor's page calls it mandatory
        :param level: the least level of lines
        :raises NotFound: there is no such run or step

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineExecLog.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "exec-log")
        body = _log_body(limit, sort, start_offset, end_offset, offset, level)
        return (yield from self._log("show_pipeline_exec_log", path, body))

    def _log(self, operation: str, path: str, body: dict[str, Any]) -> Call[StepLog]:
        request = self._read(operation, "POST", path, (), body)
        return expect(StepLog, object_of(request, (yield request)), LABEL, request)

    def show_step_outputs(
        self, pipeline_id: str, pipeline_run_id: str, *, step_run_ids: str | Sequence[str] | None = None
    ) -> Call[StepOutputs]:
        """
        Read what steps gave.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param step_run_ids: the ids of steps in the run's detail; one, several with commas between them, or a list. The
            vendor's pages call it mandatory, its client does not
        :raises NotFound: there is no such run

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowStepOutputs.html
        """
        query: list[tuple[str, str]] = []
        if step_run_ids is not None:
            wanted = step_run_ids.split(",") if isinstance(step_run_ids, str) else step_run_ids
            query.append(("step_run_ids", ",".join(ids(wanted, "step_run_ids"))))
        path = self._of_run(pipeline_id, pipeline_run_id, "steps/outputs")
        request = self._read("show_step_outputs", "GET", path, query)
        return expect(StepOutputs, object_of(request, (yield request)), LABEL, request)

    def show_pipeline_artifacts(self, pipeline_id: str, pipeline_run_id: str) -> Call[Artifacts]:
        """
        Read which files a run made.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :raises NotFound: there is no such run

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineArtifacts.html
        """
        request = self._read("show_pipeline_artifacts", "GET", self._of_run(pipeline_id, pipeline_run_id, "artifacts"))
        return expect(Artifacts, object_of(request, (yield request)), LABEL, request)

    def show_step_jump_link(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[JumpLink]:
        """
        Read where the console shows what a step did.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :raises NotFound: there is no such run or step

        https://support.huaweicloud.com/api-pipeline/pipeline_03_0000.html (no page of its own)
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "jump-link")
        request = self._read("show_step_jump_link", "GET", path)
        return expect(JumpLink, object_of(request, (yield request)), LABEL, request)

    def list_run_variables(self, pipeline_id: str, pipeline_run_id: str, *, mode: int = 0) -> Call[list[Variable]]:
        """
        List the parameters that a run was given.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param mode: 0 for the pipeline's own, 1 for the system's, 2 for those of parameter groups
        :raises NotFound: there is no such run

        https://support.huaweicloud.com/api-pipeline/pipeline_03_0000.html (no page of its own)
        """
        query = [("mode", str(whole_number(mode, "mode", 0, 2)))]
        path = self._of_run(pipeline_id, pipeline_run_id, "run-variables")
        request = self._read("list_run_variables", "GET", path, query)
        return [expect(Variable, row, LABEL, request) for row in rows_of(request, (yield request), "variables")]

    def list_runtime_variables(self, pipeline_id: str) -> Call[list[Variable]]:
        """
        List the parameters that a run of the pipeline may be given, all pages.

        :param pipeline_id: the pipeline's id
        :raises NotFound: there is no such pipeline in the project

        https://support.huaweicloud.com/api-pipeline/pipeline_03_0000.html (no page of its own)
        """
        path = self._of(pipeline_id, "list-runtime-vars")
        listing = self._listing("name", "list_runtime_variables", path, None, "variables", _RECORDS_PAGE_SIZE)
        return (yield from self._whole(Variable, listing))

    def list_system_variables(self, pipeline_id: str) -> Call[list[SystemVariable]]:
        """
        List the parameters that the service itself sets.

        :param pipeline_id: the pipeline's id
        :raises NotFound: there is no such pipeline in the project

        https://support.huaweicloud.com/api-pipeline/pipeline_03_0000.html (no page of its own)
        """
        request = self._read("list_system_variables", "GET", self._of(pipeline_id, "list-system-vars"))
        return [expect(SystemVariable, row, LABEL, request) for row in rows_of(request, (yield request), "variables")]

    def list_trigger_failed_records(self, pipeline_id: str) -> Call[list[TriggerFailure]]:
        """
        List the triggers that started no run, all pages.

        :param pipeline_id: the pipeline's id
        :raises NotFound: there is no such pipeline in the project

        https://support.huaweicloud.com/api-pipeline/pipeline_03_0000.html (no page of its own)
        """
        path = self._of(pipeline_id, "trigger-failed-record")
        operation, member = "list_trigger_failed_records", "triggerFailedRecordVOS"
        return (
            yield from self._whole(
                TriggerFailure, self._listing(None, operation, path, None, member, _RECORDS_PAGE_SIZE)
            )
        )


def _log_body(limit: Any, sort: Any, start_offset: Any, end_offset: Any, offset: Any, level: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "start_offset": whole_number(start_offset, "start_offset", 0, LARGEST_LONG),
        "end_offset": whole_number(end_offset, "end_offset", 0, LARGEST_LONG),
        "limit": whole_number(limit, "limit", 1, 2**31 - 1),
        "sort": one_of(sort, "sort", ("asc", "desc")),
    }
    if offset is not None:
        body["offset"] = whole_number(offset, "offset", 0, LARGEST_LONG)
    if level is not None:
        body["level"] = text(level, "level")
    return body
