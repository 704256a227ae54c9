"""Sensors for EnOS stream pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import one_of, text_id
from airflow_provider_pipelines.enos.states import RUNNING, SENSED
from airflow_provider_pipelines.task import GoalSensor

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.goals import Goal
    from airflow_provider_pipelines.enos.hook import EnosHook


class EnosPipelineSensor(GoalSensor):
    """
    Waits until an EnOS pipeline is in a status.

    ``STOPPED`` is reached by ``PUBLISHED`` too: what was never started does not run. A pipeline that is not among
    the released ones fails the sensor with :class:`~airflow_provider_pipelines.errors.NotFound`.

    https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html

    :param pipeline_id: the pipeline (templated)
    :param target_status: ``RUNNING``, ``PAUSED``, ``STOPPED`` or ``PUBLISHED`` (templated)
    :param org_id: the organisation, instead of the connection's (templated)
    :param enos_conn_id: the connection, of type ``enos`` (templated)
    """

    kind = "pipeline"
    verb = "get_status"
    template_fields: Sequence[str] = ("pipeline_id", "target_status", "org_id", "enos_conn_id")

    def __init__(
        self,
        *,
        pipeline_id: str,
        target_status: str = RUNNING,
        org_id: str | None = None,
        enos_conn_id: str = "enos_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(target_status=target_status, **kwargs)
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

    def goal(self) -> Goal:
        """Give the goal for the target status."""
        return SENSED[one_of(self.target_status, "target_status", tuple(SENSED))]
