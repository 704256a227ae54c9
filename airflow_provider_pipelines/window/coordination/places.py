"""The fleets of a plan's places, each reached through the hook that really leads there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.errors import ConfigurationError, PipelinesError, WatchFailed, mendable
from airflow_provider_pipelines.window.fleets.base import Fleet, fleet_class, fleet_for
from airflow_provider_pipelines.window.targets import TARGETS

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.window.record.model import Plan


class Places:
    """
    The fleets of a plan's places, each reached through a hook of the window's own.

    :param plan: the plan
    :param hooks: makes the hooks that may be used, by place; an address or a key is never taken from the plan
    """

    def __init__(self, plan: Plan, clock: Clock, hooks: Callable[[Plan], Sequence[Any]]) -> None:
        self.plan = plan
        self._clock = clock
        self._hooks = list(hooks(plan))
        self.fleets: dict[int, Fleet] = {}
        self.errors: dict[int, PipelinesError] = {}
        #: why hooks could not be used
        self.reasons: list[PipelinesError] = []

    def open(self) -> None:
        """Find the hook for each place by its remote identity; a place without one keeps its reason."""
        known: dict[str, Any] = {}
        reasons: list[str] = []
        for service, hook in self._hooks:
            hook.clock = self._clock
            try:
                fleet = fleet_for(service, hook, {})
                client = hook.get_conn()
                known[client.run(fleet.identity(client.api))] = hook
            except PipelinesError as error:
                reasons.append(f"{hook!r}: {error}")
                self.reasons.append(error)
        for at, place in enumerate(self.plan.places):
            if (hook := known.get(place.identity)) is not None:
                self.fleets[at] = fleet_for(place.service, hook, place.options)
            elif len(reasons) == 1:
                self.errors[at] = self.reasons[0]
            elif reasons:
                kind = WatchFailed if any(map(mendable, self.reasons)) else ConfigurationError
                self.errors[at] = kind("; ".join(reasons))
            else:
                self.errors[at] = ConfigurationError(
                    f"no target of the window leads to {place.identity} any more. Give the target back, or bring its "
                    "things back with 'airflow-pipelines restore'."
                )

    def close(self) -> None:
        """Close all connections."""
        for _, hook in self._hooks:
            hook.close()

    def slowest(self) -> float:
        """Give the longest time-out of the connections."""
        waits = [fleet.hook.get_conn().transport.route.timeout for fleet in self.fleets.values()]
        return max(waits, default=15.0)


def hooks_of(targets: Sequence[Mapping[str, Any]]) -> Callable[[Plan], list[tuple[str, Any]]]:
    """Give the hooks of a window's own targets, as they were rendered."""

    def make(plan: Plan) -> list[tuple[str, Any]]:
        found: dict[str, tuple[str, Any]] = {}
        for data in targets:
            kind = TARGETS[data["target"]]
            place = {name: data[name] for name in kind.places}
            found[repr((kind.service, sorted(place.items(), key=str)))] = (
                kind.service,
                fleet_class(kind.service).hook_for(place),
            )
        return list(found.values())

    return make
