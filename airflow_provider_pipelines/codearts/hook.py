"""The hook for Huawei Cloud CodeArts Pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.access import CODES, LABEL, SERVICE, host_of
from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
from airflow_provider_pipelines.codearts.flows.gates import look_gate
from airflow_provider_pipelines.codearts.flows.runs import cancel_runs, look_pipelines, look_runs
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook.clients import Binding
from airflow_provider_pipelines.hook.faces import Aio, operation
from airflow_provider_pipelines.huaweicloud.hook import HuaweiCloudHook
from airflow_provider_pipelines.huaweicloud.scheme import Service

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.hook.connection import Fields

_PROJECT = (
    "the id of the CodeArts project that owns the pipelines (not the IAM project's), or give the task project_id=..."
)


class CodeArtsOperations:
    """The operations, for the hook and its async twin alike."""

    run_pipeline = operation(CodeArtsApi.run_pipeline)
    stop_pipeline_run = operation(CodeArtsApi.stop_pipeline_run)
    show_pipeline_run_detail = operation(CodeArtsApi.show_pipeline_run_detail)
    list_pipeline_runs = operation(CodeArtsApi.list_pipeline_runs)
    list_pipelines = operation(CodeArtsApi.list_pipelines)
    batch_show_pipelines_latest_status = operation(CodeArtsApi.batch_show_pipelines_latest_status)
    retry_pipeline_run = operation(CodeArtsApi.retry_pipeline_run)
    accept_manual_review = operation(CodeArtsApi.accept_manual_review)
    reject_manual_review = operation(CodeArtsApi.reject_manual_review)
    accept_checkpoint = operation(CodeArtsApi.accept_checkpoint)
    reject_checkpoint = operation(CodeArtsApi.reject_checkpoint)
    accept_delay_job = operation(CodeArtsApi.accept_delay_job)
    reject_delay_job = operation(CodeArtsApi.reject_delay_job)
    continue_delay_job = operation(CodeArtsApi.continue_delay_job)
    resume_pipeline = operation(CodeArtsApi.resume_pipeline)
    list_pipeline_queue = operation(CodeArtsApi.list_pipeline_queue)
    cancel_pipeline_queue = operation(CodeArtsApi.cancel_pipeline_queue)
    show_pipeline_log = operation(CodeArtsApi.show_pipeline_log)
    show_pipeline_exec_log = operation(CodeArtsApi.show_pipeline_exec_log)
    show_step_outputs = operation(CodeArtsApi.show_step_outputs)
    show_pipeline_artifacts = operation(CodeArtsApi.show_pipeline_artifacts)
    show_step_jump_link = operation(CodeArtsApi.show_step_jump_link)
    list_run_variables = operation(CodeArtsApi.list_run_variables)
    list_runtime_variables = operation(CodeArtsApi.list_runtime_variables)
    list_system_variables = operation(CodeArtsApi.list_system_variables)
    list_trigger_failed_records = operation(CodeArtsApi.list_trigger_failed_records)
    batch_run_pipeline = operation(CodeArtsApi.batch_run_pipeline)
    show_batch_run_result = operation(CodeArtsApi.show_batch_run_result)
    run_yaml_pipeline = operation(CodeArtsApi.run_yaml_pipeline)
    show_pipeline_detail = operation(CodeArtsApi.show_pipeline_detail)
    disable_pipeline = operation(CodeArtsApi.disable_pipeline)
    enable_pipeline = operation(CodeArtsApi.enable_pipeline)
    create_pipeline = operation(CodeArtsApi.create_pipeline)
    update_pipeline = operation(CodeArtsApi.update_pipeline)
    delete_pipeline = operation(CodeArtsApi.delete_pipeline)
    create_pipeline_by_template = operation(CodeArtsApi.create_pipeline_by_template)


class CodeArtsAio(CodeArtsOperations, Aio[CodeArtsApi]):
    """The async twin of :class:`CodeArtsHook`."""


class CodeArtsHook(HuaweiCloudHook[CodeArtsApi], CodeArtsOperations):
    """
    Talks to CodeArts Pipeline (v5).

    :param huaweicloud_conn_id: the connection, of type ``huaweicloud``
    :param project_id: the CodeArts project, instead of the connection's ``codearts_project_id``
    :param region: the region, instead of the connection's
    """

    @cached_property
    def aio(self) -> CodeArtsAio:
        """The async twin."""
        return CodeArtsAio(self)

    def bind(self, fields: Fields, *, fresh: bool = False) -> Binding[CodeArtsApi]:
        """Make the operations from a connection."""
        if self.project_id is not None:
            project_id = text_id(self.project_id, "project_id")
        else:
            given = fields.needed("codearts_project_id", fields.text("codearts_project_id"), _PROJECT)
            project_id = text_id(given, fields.place("codearts_project_id"))
        if fields.text("cloud") == "otc" and not fields.text("codearts_endpoint"):
            raise fields.problem(
                "cloud", "Open Telekom Cloud ('otc') does not offer CodeArts Pipeline. Name a connection to Huawei "
                "Cloud, or give the service's address in {codearts_endpoint}."
            )  # fmt: skip
        endpoint, missing = self.endpoint(fields, "codearts_endpoint", host_of)
        if missing:
            raise ConfigurationError(missing)
        scheme = self.scheme(fields, SERVICE, Service(LABEL, endpoint, CODES), fresh)
        return Binding(CodeArtsApi(project_id), scheme, fields.route(endpoint), endpoint)

    def probe(self, api: CodeArtsApi) -> Call[str]:
        """Ask for one pipeline."""
        count = yield from api.count_pipelines()
        shown = "an unknown number of" if count is None else count
        hint = "" if count else " Who is not a member of the CodeArts project sees none: check its id."
        return f"CodeArts accepts the access key; project {api.project_id} shows {shown} pipelines.{hint}"

    def look(
        self, api: CodeArtsApi, kind: str, scope: Mapping[str, Any], ids: Sequence[str]
    ) -> Call[Mapping[str, Observation]]:
        """Look at runs of the pipeline in ``scope``, at steps of runs that wait for a decision, or at pipelines."""
        if kind == "pipeline":
            return (yield from look_pipelines(api, ids))
        pipeline_id = str(scope["pipeline_id"])
        if kind == "gate":
            return (yield from look_gate(api, pipeline_id, scope, ids))
        return (yield from look_runs(api, pipeline_id, ids))

    def cancel(self, api: CodeArtsApi, kind: str, scope: Mapping[str, Any], ids: Sequence[str]) -> Call[None]:
        """Cancel runs of the pipeline in ``scope``."""
        yield from cancel_runs(api, str(scope["pipeline_id"]), ids)


HOOK = CodeArtsHook
