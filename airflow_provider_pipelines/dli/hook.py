"""The hook for Data Lake Insight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.huaweicloud import Service
from airflow_provider_pipelines.dli.access import CODES, LABEL, NAME, base, host
from airflow_provider_pipelines.dli.api import DliApi
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook import Aio, Binding, Fields, operation
from airflow_provider_pipelines.huaweicloud import HuaweiCloudHook

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.calls import Call
    from airflow_provider_pipelines.core.status import Sighting


class DliOperations:
    """The operations, for the hook and its async twin alike."""

    batch_run_flink_jobs = operation(DliApi.batch_run_flink_jobs)
    batch_stop_flink_jobs = operation(DliApi.batch_stop_flink_jobs)
    batch_delete_flink_jobs = operation(DliApi.batch_delete_flink_jobs)
    delete_flink_job = operation(DliApi.delete_flink_job)
    list_flink_jobs = operation(DliApi.list_flink_jobs)
    show_flink_job = operation(DliApi.show_flink_job)


class DliAio(DliOperations, Aio[DliApi]):
    """The async twin of :class:`DliHook`."""


class DliHook(HuaweiCloudHook[DliApi], DliOperations):
    """
    Talks to Data Lake Insight (Huawei Cloud and Open Telekom Cloud): Flink jobs.

    :param huaweicloud_conn_id: the connection, of type ``huaweicloud``
    :param project_id: the IAM project, instead of the connection's; found by the region's name where neither is given
    :param region: the region, instead of the connection's
    """

    @cached_property
    def aio(self) -> DliAio:
        """The async twin."""
        return DliAio(self)

    def bind(self, fields: Fields, *, fresh: bool = False) -> Binding[DliApi]:
        """Make the operations from a connection."""
        given = self.project_id if self.project_id is not None else fields.text("project_id")
        if given is not None:
            text_id(given, "project_id")
        endpoint, missing = self.endpoint(fields, "dli_endpoint", host)
        if missing:
            # before the project is looked up: an unknown region would only show as a host that does not exist
            raise ConfigurationError(missing)
        endpoint = base(endpoint)
        scheme = self.scheme(fields, NAME, Service(LABEL, endpoint, CODES), fresh, given)
        return Binding(DliApi(self.iam_project(fields, scheme.identity)), scheme, fields.route(endpoint))

    def probe(self, api: DliApi) -> Call[str]:
        """List one job."""
        project, count = yield from api.count_flink_jobs()
        return f"DLI accepts the credentials; project {project} has {count} Flink jobs."

    def look(
        self, api: DliApi, kind: str, scope: Mapping[str, object], ids: Sequence[str]
    ) -> Call[Mapping[str, Sighting]]:
        """Look at jobs."""
        return (yield from api.look(ids))

    def cancel(self, api: DliApi, kind: str, scope: Mapping[str, object], ids: Sequence[str]) -> Call[None]:
        """Stop the jobs that a task has started."""
        yield from api.batch_stop_flink_jobs([int(id) for id in ids])


HOOK = DliHook
