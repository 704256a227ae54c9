"""What a restore tells of each thing: what came of it, that it is gone, or why it was left as it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.window.fleets.base import NOT_AGAIN

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.window.coordination.places import Places
    from airflow_provider_pipelines.window.record.model import Plan, Thing

_GONE = "It is gone, and cannot be brought back."


class RestoreReport:
    """
    Collects outcomes; of each thing the last one counts.

    :param plan: the plan
    :param places: the fleets of its places
    """

    def __init__(self, plan: Plan, places: Places) -> None:
        self._plan = plan
        self._places = places
        #: by the thing's key, or that of a run
        self.outcomes: dict[str, dict[str, Any]] = {}
        #: the keys of things that are gone
        self.missing: list[str] = []

    def came_of(self, thing: Thing, outcome: dict[str, Any]) -> None:
        """Note what came of a thing that was worked on."""
        self.outcomes[thing.key] = outcome

    def seems_gone(self, thing: Thing) -> None:
        """Note that a thing seems to be gone; the second look has the last word."""
        self.outcomes[thing.key] = self._said(thing, "unknown", None, _GONE)

    def is_gone(self, thing: Thing) -> None:
        """Note that a thing is gone."""
        if thing.key not in self.missing:
            self.missing.append(thing.key)
        self.seems_gone(thing)

    def failed(self, thing: Thing, reason: str) -> None:
        """Note why a thing is not back, unless its own outcome says so."""
        self.outcomes.setdefault(thing.key, self._said(thing, "failed", None, reason))

    def left_alone(self, thing: Thing, observation: Observation | None) -> None:
        """Note how a thing is that ran and was not stopped by this window."""
        if observation is not None and gone(observation.error):
            self.is_gone(thing)
        status = observation.status if observation is not None else None
        if status is not None and not self._places.fleets[thing.target].back(status):
            self.outcomes[thing.key] = self._said(
                thing, "already", status, f"It is {status} without this window's doing, and is left so."
            )

    def stopped_runs(self, keys: Iterable[str]) -> None:
        """Note the runs that this window stopped: they are not started again."""
        known = {thing.key: thing for thing in self._plan.things}
        for key in keys:
            pipeline, _, run = key.partition("/")
            if run and pipeline in known:
                said = self._said(known[pipeline], "done", None, f"Run {run}:{NOT_AGAIN}")
                self.outcomes[key] = {**said, "verb": "stop_pipeline_run", "pipeline_run_id": run}

    def _said(self, thing: Thing, result: str, after: str | None, message: str) -> dict[str, Any]:
        fleet = self._places.fleets.get(thing.target)
        return {
            "service": self._plan.places[thing.target].service,
            "name": thing.name,
            "id": fleet.outcome_id(thing.id) if fleet is not None else thing.id,
            "verb": "restore",
            "result": result,
            "before": thing.was,
            "after": after,
            "message": message,
            "code": None,
        }
