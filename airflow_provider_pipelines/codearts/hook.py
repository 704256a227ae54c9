"""The hook for Huawei Cloud CodeArts Pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.access import CODES, LABEL, SERVICE, host_of
from airflow_provider_pipelines.codearts.api import CodeArtsApi
from airflow_provider_pipelines.codearts.runs import cancel_runs, look_runs
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.huaweicloud import Service
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook import Aio, Binding, Fields, operation
from airflow_provider_pipelines.huaweicloud import HuaweiCloudHook

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.calls import Call
    from airflow_provider_pipelines.core.status import Sighting

_PROJECT = (
    "the id of the CodeArts project that owns the pipelines (not the IAM project's), or give the task project_id=..."
)


class CodeArtsOperations:
    """The operations, for the hook and its async twin alike."""

    run_pipeline = operation(CodeArtsApi.run_pipeline)
    stop_pipeline_run = operation(CodeArtsApi.stop_pipeline_run)
    show_pipeline_run_detail = operation(CodeArtsApi.show_pipeline_run_detail)
    list_pipeline_runs = operation(CodeArtsApi.list_pipeline_runs)
    list_pipeline_queue = operation(CodeArtsApi.list_pipeline_queue)
    cancel_pipeline_queue = operation(CodeArtsApi.cancel_pipeline_queue)
    list_pipelines = operation(CodeArtsApi.list_pipelines)
    show_pipeline_detail = operation(CodeArtsApi.show_pipeline_detail)


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
            project_id = text_id(given, f"connection {self.conn_id!r}, field codearts_project_id")
        if fields.text("cloud") == "otc" and not fields.text("codearts_endpoint"):
            raise ConfigurationError(
                f"connection {self.conn_id!r}: Open Telekom Cloud (cloud 'otc') does not offer CodeArts Pipeline. Name "
                "a connection to Huawei Cloud, or give the service's address in codearts_endpoint."
            )
        endpoint, missing = self.endpoint(fields, "codearts_endpoint", host_of)
        if missing:
            raise ConfigurationError(missing)
        scheme = self.scheme(fields, SERVICE, Service(LABEL, endpoint, CODES), fresh)
        return Binding(CodeArtsApi(project_id), scheme, fields.route(endpoint))

    def probe(self, api: CodeArtsApi) -> Call[str]:
        """Ask for one pipeline."""
        count = yield from api.count_pipelines()
        shown = "an unknown number of" if count is None else count
        hint = "" if count else " Who is not a member of the CodeArts project sees none."
        return f"CodeArts accepts the access key; project {api.project_id} shows {shown} pipelines.{hint}"

    def look(
        self, api: CodeArtsApi, kind: str, scope: Mapping[str, Any], ids: Sequence[str]
    ) -> Call[Mapping[str, Sighting]]:
        """Look at runs of the pipeline in ``scope``."""
        return (yield from look_runs(api, str(scope["pipeline_id"]), ids))

    def cancel(self, api: CodeArtsApi, kind: str, scope: Mapping[str, Any], ids: Sequence[str]) -> Call[None]:
        """Cancel runs of the pipeline in ``scope``."""
        yield from cancel_runs(api, str(scope["pipeline_id"]), ids)


HOOK = CodeArtsHook
