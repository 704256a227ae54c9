"""What a snapshot takes from outside, and the targets with their fleets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.window.fleets.base import Fleet, Found, fleet_class, fleet_for
from airflow_provider_pipelines.window.record.claims import Claiming
from airflow_provider_pipelines.window.record.model import prefix_of
from airflow_provider_pipelines.window.targets import target_from_json

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.window.record.claims import Runs
    from airflow_provider_pipelines.window.record.repository import RecordRepository


@dataclass(slots=True)
class ResolvedTarget:
    """A target, its fleet, and what was found of it."""

    target: Mapping[str, Any]
    fleet: Fleet
    identity: str = ""
    found: list[Found] | None = None

    def name(self) -> str:
        """Give the target's name for messages."""
        return str(self.target["target"])

    def key(self, id: str) -> str:
        """Give a thing's key in records."""
        return f"{prefix_of(self.identity)}:{id}"


@dataclass(slots=True)
class Dependencies:
    """
    What a window task takes from outside.

    :param records: the records of this window run
    :param runs: knows which DAG runs go on
    :param clock: the time
    :param tell: receives lines for the log
    """

    records: RecordRepository
    runs: Runs
    clock: Clock
    tell: Callable[[str], None]

    def claiming(self, identity: str) -> Claiming:
        """Give what claims things in an organisation or project."""
        return Claiming(self.records, identity, self.runs, self.clock.time, self.clock.sleep)


def resolve_targets(targets: Sequence[Mapping[str, Any]], clock: Clock) -> list[ResolvedTarget]:
    """
    Read targets, as they were rendered.

    :raises ArgumentError: a target has a value that cannot be
    """
    resolved_targets = []
    for data in targets:
        target = target_from_json(data)
        kind = fleet_class(target.service)
        hook = kind.hook_for({name: getattr(target, name) for name in target.places})
        hook.clock = clock
        options = {name: data[name] for name in (*target.words, "trigger_savepoint") if name in data}
        resolved_targets.append(ResolvedTarget(data, fleet_for(target.service, hook, options)))
    return resolved_targets
