"""Sensors for EnOS stream pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import one_of, text_id, whole_number
from airflow_provider_pipelines.enos.states import DRAINED, RUNNING, SENSED
from airflow_provider_pipelines.task.sensor import GoalSensor

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Goal
    from airflow_provider_pipelines.enos.hook import EnosHook


class EnosSensor(GoalSensor):
    """
    Watches one EnOS pipeline: the base of the sensors below.

    :param pipeline_id: the pipeline (templated)
    :param org_id: the organisation, instead of the connection's (templated)
    :param enos_conn_id: the connection, of type ``enos`` (templated)
    """

    template_fields: Sequence[str] = ("pipeline_id", "org_id", "enos_conn_id")

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

    def plan(self) -> list[str]:
        """Check the id."""
        return [text_id(self.pipeline_id, "pipeline_id")]


class EnosPipelineSensor(EnosSensor):
    """
    Waits until an EnOS pipeline is in a status.

    ``STOPPED`` is reached by ``PUBLISHED`` too: what was never started does not run. A pipeline that is not among
    the released ones fails the sensor with :class:`~airflow_provider_pipelines.errors.NotFound`.

    https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html

    :param target_status: ``RUNNING``, ``PAUSED``, ``STOPPED`` or ``PUBLISHED`` (templated)
    """

    kind = "pipeline"
    verb = "get_status"
    template_fields: Sequence[str] = ("pipeline_id", "target_status", "org_id", "enos_conn_id")

    def __init__(self, *, target_status: str = RUNNING, **kwargs: Any) -> None:
        super().__init__(target_status=target_status, **kwargs)

    def goal(self) -> Goal:
        """Give the goal for the target status."""
        return SENSED[one_of(self.target_status, "target_status", tuple(SENSED))]


class EnosLagSensor(EnosSensor):
    """
    Waits until a running EnOS pipeline has caught up with its Kafka topic: then it is safe to stop.

    Every partition may be ``max_lag`` records behind. No partition at all says nothing yet. A pipeline that leaves
    ``RUNNING`` meanwhile fails the sensor.

    https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.3.0/get_pipeline_offset_lag

    :param max_lag: records, the most that a partition may be behind (templated)
    """

    kind = "lag"
    verb = "get_pipeline_offset_lag"
    template_fields: Sequence[str] = ("pipeline_id", "max_lag", "org_id", "enos_conn_id")

    def __init__(self, *, max_lag: int = 0, **kwargs: Any) -> None:
        super().__init__(target_status="DRAINED", **kwargs)
        self.max_lag = max_lag

    @property
    def scope(self) -> dict[str, Any]:
        """How far it may be behind."""
        return {"max_lag": whole_number(self.max_lag, "max_lag", 0, 2**63 - 1)}

    def goal(self) -> Goal:
        """Give the goal."""
        return DRAINED
