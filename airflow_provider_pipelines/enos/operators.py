"""Operators for EnOS stream pipelines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.enos.states import PAUSE, RELEASE, RESET_OFFSET, START, STOP
from airflow_provider_pipelines.task.boundary import airflow_errors, planned, seconds
from airflow_provider_pipelines.task.list_operator import ListOperator
from airflow_provider_pipelines.task.operator import VerbOperator

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.enos.hook import EnosHook
    from airflow_provider_pipelines.errors import PipelinesError


class EnosPipelineOperator(VerbOperator):
    """
    Does something to one EnOS pipeline: the base of the operators below.

    :param pipeline_id: the pipeline (templated)
    :param org_id: the organisation, instead of the connection's (templated)
    :param enos_conn_id: the connection, of type ``enos`` (templated)
    """

    kind = "pipeline"
    template_fields: Sequence[str] = ("pipeline_id", "org_id", "enos_conn_id")
    does: ClassVar[Verb]

    def __init__(
        self, *, pipeline_id: str, org_id: str | None = None, enos_conn_id: str = "enos_default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.pipeline_id = pipeline_id
        self.org_id = org_id
        self.enos_conn_id = enos_conn_id

    @cached_property
    def hook(self) -> EnosHook:
        """The hook."""
        from airflow_provider_pipelines.enos.hook import EnosHook

        return EnosHook(self.enos_conn_id, self.org_id)

    @property
    def verb(self) -> Verb:
        """What is done."""
        return self.does

    def plan(self) -> list[str]:
        """Check the id."""
        return [text_id(self.pipeline_id, "pipeline_id")]

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the action, one pipeline after the other."""
        from airflow_provider_pipelines.core.verbs.looking import act_each

        return (yield from act_each(ids, lambda id: self.send(api, id)))

    def send(self, api: Any, id: str) -> Call[None]:
        """Make the one call."""
        yield from getattr(api, self.does.name)(id)


class EnosStartPipelineOperator(EnosPipelineOperator):
    """
    Starts an EnOS pipeline and waits until it is ``RUNNING``; also the way on from paused.

    A running pipeline is left as it is, and new settings are not applied to it. While another start is under way in
    the organisation (61121) it waits, without a worker slot if deferrable.

    https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/start_pipeline

    :param pipeline_id: the pipeline (templated)
    :param execution_mode: 0 standalone, 1 cluster (templated)
    :param kafka_rate: records a second read from Kafka (templated)
    :param resource_config: ``{"server": 2}`` in CU; in cluster mode also ``yarn`` (``workerCount``, ``master``,
        ``slave``) and ``advanced``, a list of ``{"key", "value"}`` (templated)
    :param resource_wait: seconds to wait for resources that the organisation lacks (61126), 0 for none
    :raises WatchFailed: it settled in another status
    :raises QuotaExceeded: the organisation has not enough resources
    """

    template_fields: Sequence[str] = (
        "pipeline_id", "execution_mode", "kafka_rate", "resource_config", "org_id", "enos_conn_id",
    )  # fmt: skip
    template_fields_renderers: ClassVar[dict[str, str]] = {"resource_config": "json"}
    does = START
    cancels = True

    def __init__(
        self,
        *,
        execution_mode: int,
        kafka_rate: int = 1000,
        resource_config: Mapping[str, Any] | None = None,
        resource_wait: float = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.execution_mode = execution_mode
        self.kafka_rate = kafka_rate
        self.resource_config = resource_config
        self.resource_wait = seconds(resource_wait, "resource_wait", zero=True)

    def plan(self) -> list[str]:
        """Check id and settings."""
        from airflow_provider_pipelines.core.http.reading import dump
        from airflow_provider_pipelines.enos.api.pipelines import start_body

        dump(start_body(self.execution_mode, self.kafka_rate, self.resource_config))
        return super().plan()

    def send(self, api: Any, id: str) -> Call[None]:
        """Ask for the start."""
        yield from api.start_pipeline(id, self.execution_mode, self.kafka_rate, self.resource_config)


class EnosPausePipelineOperator(EnosPipelineOperator):
    """
    Pauses a running EnOS pipeline and waits until it is ``PAUSED``.

    Start it again with :class:`EnosStartPipelineOperator`.

    https://support.enos-iot.com/docs/stream-processing-api/en/preview/pause_pipeline

    :param pipeline_id: the pipeline (templated)
    :raises WatchFailed: it is stopped or was never started, so it cannot be paused
    """

    does = PAUSE


class EnosStopPipelineOperator(EnosPipelineOperator):
    """
    Stops a running or paused EnOS pipeline and waits until it is ``STOPPED``.

    A pipeline that was released and never started (``PUBLISHED``) does not run: nothing is sent for it.

    https://support.enos-iot.com/docs/stream-processing-api/en/2.2.0/stop_pipeline

    :param pipeline_id: the pipeline (templated)
    :raises WatchFailed: it settled in another status
    """

    does = STOP


class EnosReleasePipelineOperator(EnosPipelineOperator):
    """
    Releases the design copy of an EnOS pipeline, so that it can be started. Always acts.

    It is done when the pipeline is seen among the released ones; which status it then has, the vendor does not say.

    https://support.enos-iot.com/docs/stream-processing-api/en/dev/release_pipeline.html

    :param pipeline_id: the pipeline (templated)
    :raises Conflict: it runs: pause or stop it first
    """

    does = RELEASE

    def execute(self, context: Any) -> Any:
        """Release, and look for it."""
        from airflow_provider_pipelines.core.verbs.item import Item
        from airflow_provider_pipelines.core.verbs.work import Work

        with airflow_errors():
            (id,) = planned(self)
            work = self._work = Work(self.verb, [Item(id, phase="acted")], self._deadline())
            client = self.hook.get_conn()
            client.run(client.api.release_pipeline(id), self._budget())
            work.items[id].acted_at = self.hook.clock.time()
        return self._go(context, work)


class EnosResetOffsetOperator(EnosPipelineOperator):
    """
    Resets the Kafka offset of a paused or stopped EnOS pipeline. Always acts; where to, the vendor does not say.

    https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/reset_pipeline_offset

    :param pipeline_id: the pipeline (templated)
    :raises WatchFailed: it is running, or was never started; nothing was sent
    """

    does = RESET_OFFSET


class EnosListPipelinesOperator(ListOperator):
    """
    Lists the released pipelines of an EnOS organisation; the result feeds ``.expand()`` and ``.map()``.

    Gives a list of ``{"pipeline_id", "name", "status"}``. System pipelines are not among them.

    https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html

    :param name_pattern: only those whose whole name matches, like a file name: ``wind-*`` (templated)
    :param status: only those in this status (templated)
    :param org_id: the organisation, instead of the connection's (templated)
    :param enos_conn_id: the connection, of type ``enos`` (templated)
    """

    template_fields: Sequence[str] = ("name_pattern", "status", "org_id", "enos_conn_id")

    def __init__(self, *, org_id: str | None = None, enos_conn_id: str = "enos_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.org_id = org_id
        self.enos_conn_id = enos_conn_id

    @cached_property
    def hook(self) -> EnosHook:
        """The hook."""
        from airflow_provider_pipelines.enos.hook import EnosHook

        return EnosHook(self.enos_conn_id, self.org_id)

    def rows(self) -> list[dict[str, Any]]:
        """List all pipelines."""
        return [
            {"pipeline_id": entry.pipelineId, "name": entry.pipelineName, "status": entry.status}
            for entry in self.hook.list_pipelines()
        ]
