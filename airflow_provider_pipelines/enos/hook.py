"""The hook for EnOS stream pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.http.identity import Identity, shared_identity
from airflow_provider_pipelines.enos.api.access import EnosScheme, Keys
from airflow_provider_pipelines.enos.api.pipelines import EnosApi
from airflow_provider_pipelines.enos.flows.pipelines import look_at_lag, look_pipelines
from airflow_provider_pipelines.hook.base import PipelinesHook
from airflow_provider_pipelines.hook.clients import Binding
from airflow_provider_pipelines.hook.connection import Fields
from airflow_provider_pipelines.hook.faces import Aio, operation

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.hook.connection import Fields


class EnosOperations:
    """The operations, for the hook and its async twin alike."""

    list_pipelines = operation(EnosApi.list_pipelines)
    get_pipeline_details = operation(EnosApi.get_pipeline_details)
    start_pipeline = operation(EnosApi.start_pipeline)
    pause_pipeline = operation(EnosApi.pause_pipeline)
    stop_pipeline = operation(EnosApi.stop_pipeline)
    save_pipeline = operation(EnosApi.save_pipeline)
    release_pipeline = operation(EnosApi.release_pipeline)
    get_pipeline_offset_lag = operation(EnosApi.get_pipeline_offset_lag)
    reset_pipeline_offset = operation(EnosApi.reset_pipeline_offset)
    get_stage_state = operation(EnosApi.get_stage_state)
    delete_stage_state = operation(EnosApi.delete_stage_state)
    get_status = operation(EnosApi.get_status)


class EnosAio(EnosOperations, Aio[EnosApi]):
    """The async twin of :class:`EnosHook`."""


class EnosHook(PipelinesHook[EnosApi], EnosOperations):
    """
    Talks to the EnOS stream processing API (EnOS 2.2 to 2.4.x).

    :param enos_conn_id: the connection, of type ``enos``
    :param org_id: the organisation, instead of the connection's
    """

    conn_type = "enos"
    conn_name_attr = "enos_conn_id"
    default_conn_name = "enos_default"

    def __init__(self, enos_conn_id: str = default_conn_name, org_id: str | None = None) -> None:
        super().__init__(enos_conn_id)
        self.org_id = org_id

    @property
    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments."""
        return {"enos_conn_id": self.conn_id, "org_id": self.org_id}

    @cached_property
    def aio(self) -> EnosAio:
        """The async twin."""
        return EnosAio(self)

    def bind(self, fields: Fields, *, fresh: bool = False) -> Binding[EnosApi]:
        """Make the operations from a connection."""
        url = fields.address("host", fields.needed("host", fields.host, "the address of the EnOS API gateway"))
        access_key = fields.needed("login", fields.login, "the AccessKey of the EnOS application")
        secret_key = fields.needed("password", fields.password, "the SecretKey of the EnOS application")
        if self.org_id is not None:
            org_id = text_id(self.org_id, "org_id")
        else:
            org_id = fields.needed(
                "org_id", fields.text("org_id"), "the EnOS organization id (or give the task org_id=...)"
            )
        rate = fields.number("max_requests_per_second")
        identity = Identity(rate) if fresh else shared_identity(url, access_key, secret_key, per_second=rate)
        return Binding(EnosApi(org_id), EnosScheme(Keys(url, access_key, secret_key), identity), fields.route(url), url)

    def probe(self, api: EnosApi) -> Call[str]:
        """List the first page of pipelines."""
        count = yield from api.count_pipelines()
        hint = "" if count else " If there should be some, check the organization id."
        return f"EnOS accepts the access key; organization {api.org_id} shows {count} released pipelines.{hint}"

    def look(
        self, api: EnosApi, kind: str, scope: Mapping[str, Any], ids: Sequence[str]
    ) -> Call[Mapping[str, Observation]]:
        """Look at pipelines, or at how far they are behind."""
        if kind == "lag":
            return (yield from look_at_lag(api, ids, scope["max_lag"]))
        return (yield from look_pipelines(api, ids))

    def cancel(self, api: EnosApi, kind: str, scope: Mapping[str, Any], ids: Sequence[str]) -> Call[None]:
        """Stop the pipelines that a task has started."""
        for id in ids:
            yield from api.stop_pipeline(id)


HOOK = EnosHook
