"""
What counts as the truth of a thing: what is seen now, or what a window that was left open has written.

A record is left open by an earlier attempt of the same run, or by a run that is over. Its truth counts for things that
are as that window left them; of what somebody has touched since, what is seen now counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.errors import ArgumentError
from airflow_provider_pipelines.window.fleets.base import fleet_for
from airflow_provider_pipelines.window.record.model import VERSION, Former, Handed, Place, Plan, Thing

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.fleets.base import Found
    from airflow_provider_pipelines.window.phases.scope import Dependencies, ResolvedTarget
    from airflow_provider_pipelines.window.record.claims import OrphanedRecord

#: seconds for which a write that was noted may still be on its way
LATE = 120.0
#: seconds for which a start that was asked for may not be shown yet
STARTING = 600.0


@dataclass(slots=True)
class Left:
    """
    A thing that an open record has asked to stop.

    :param asked_at: Unix time of the intent
    :param starting_until: Unix time until which a start that its restore asked for may not be shown yet
    """

    orphan: OrphanedRecord
    thing: Thing
    asked_at: float
    starting_until: float = 0.0

    @property
    def whose(self) -> str:
        """Name the window."""
        return f"window {self.orphan.records.window} (run {self.orphan.records.run_id})"


@dataclass(slots=True)
class Orphans:
    """
    What is still an open record's own.

    :param things: all its things that no later window has taken over
    :param asked: those that it has asked to stop, by key
    """

    things: list[Thing]
    asked: dict[str, Left]


def orphans_of(orphan: OrphanedRecord) -> Orphans:
    """
    Find out what is still an open record's own.

    :raises RecordUnreadable: it cannot be told
    """
    records, generation = orphan.records, orphan.plan.generation
    handed = records.handed()
    gone = set(handed.things) if handed is not None and handed.generation >= generation else set()
    stops = records.intents(generation)
    phase = records.phase()
    starts = phase.marks if phase is not None and phase.generation == generation else {}
    things = [thing for thing in orphan.plan.things if thing.key not in gone]
    asked = {}
    for thing in things:
        if thing.runs and (thing.asked or thing.key in stops):
            at = stops[thing.key].at if thing.key in stops else 0.0
            until = starts[thing.key].at + STARTING if thing.key in starts else 0.0
            asked[thing.key] = Left(orphan, thing, at, until)
    return Orphans(things, asked)


class Planner:
    """
    Makes the plan.

    :param dependencies: what comes from outside
    :param resolved_targets: the targets, with what was found of them
    :param rests: the open records that are over
    :param notes: receives what people should know
    """

    def __init__(
        self,
        dependencies: Dependencies,
        resolved_targets: Sequence[ResolvedTarget],
        orphans: Sequence[OrphanedRecord],
        notes: list[str],
    ) -> None:
        self._dependencies = dependencies
        self._records = dependencies.records
        self._resolved_targets = resolved_targets
        self._orphans = orphans
        self._notes = notes

    def plan(self, generation: int, policies: Mapping[str, str]) -> Plan:
        """
        Make the plan.

        :raises ArgumentError: a running thing could not be brought back
        """
        records = self._records
        left = {key: one for orphan in self._orphans for key, one in orphans_of(orphan).asked.items()}
        places, things = [], []
        for at, resolved in enumerate(self._resolved_targets):
            fleet = resolved.fleet
            options = {name: value for name, value in fleet.options.items() if value is not None}
            arguments = dict(fleet.hook.arguments)
            places.append(
                Place(service=fleet.service, identity=resolved.identity, arguments=arguments, options=options)
            )
            things += [self._thing(at, resolved, one, left.get(resolved.key(one.id))) for one in resolved.found or ()]
        self._carry(places, things, left)
        return Plan(
            version=VERSION,
            window=records.window,
            run_id=records.run_id,
            generation=generation,
            made_at=self._dependencies.clock.time(),
            places=places,
            things=things,
            former=[
                Former(window=orphan.records.window, run_id=orphan.records.run_id, generation=orphan.plan.generation)
                for orphan in self._orphans
            ],
            **policies,
        )

    def _is_own(self, orphan: OrphanedRecord) -> bool:
        return (orphan.records.window, orphan.records.run_id) == (self._records.window, self._records.run_id)

    def _as_left(self, resolved: ResolvedTarget, left: Left, status: str) -> bool:
        """Tell whether a thing is as the window that stopped it left it."""
        fleet = resolved.fleet
        if fleet.meaning(status) == "unknown":
            return True
        options = left.orphan.plan.places[left.thing.target].options
        return fleet_for(fleet.service, fleet.hook, options).left(status)

    def _thing(self, at: int, resolved: ResolvedTarget, one: Found, left: Left | None) -> Thing:
        fleet = resolved.fleet
        runs = fleet.meaning(one.status) == "runs"
        if left is not None and self._as_left(resolved, left, one.status):
            old = left.thing
            self._notes.append(
                f"{one.name} ({one.id}) is {one.status} since {left.whose}: it was {old.was}, and that counts."
            )
            return Thing(
                target=at, key=old.key, id=one.id, name=one.name, was=old.was, runs=True, system=one.system,
                start=self._settings(resolved, one) or old.start, facts=old.facts, asked=True,
            )  # fmt: skip
        if left is not None and not (runs and self._is_own(left.orphan)):
            self._notes.append(
                f"{one.name} ({one.id}) was touched since {left.whose}, which found it {left.thing.was}: it is "
                f"{one.status}, and that counts."
            )
        facts = {name: value for name, value in one.facts.items() if value is not None}
        return Thing(
            target=at, key=resolved.key(one.id), id=one.id, name=one.name, was=one.status, runs=runs, system=one.system,
            start=fleet.settings(one, resolved.target) if runs else None, facts=facts,
        )  # fmt: skip

    @staticmethod
    def _settings(resolved: ResolvedTarget, one: Found) -> dict[str, Any] | None:
        try:
            return resolved.fleet.settings(one, resolved.target)
        except ArgumentError:
            return None

    def _carry(self, places: list[Place], things: list[Thing], left: Mapping[str, Left]) -> None:
        """Keep what an earlier attempt of this run has stopped and the targets do not name any more."""
        known = {thing.key for thing in things}
        for key, one in left.items():
            if key in known or not self._is_own(one.orphan):
                continue
            place = one.orphan.plan.places[one.thing.target]
            if place not in places:
                places.append(place)
            things.append(one.thing.model_copy(update={"target": places.index(place), "asked": True, "carried": True}))
            self._notes.append(
                f"{one.thing.name} ({one.thing.id}) is no target any more; this run has stopped it, and brings it back."
            )

    def take_in_late(self, plan: Plan) -> None:
        """Take in intents that a quiesce which was being killed has noted while we looked."""
        since = self._dependencies.clock.time() - LATE
        for orphan in self._orphans:
            asked = orphans_of(orphan).asked
            for thing in plan.things:
                if thing.asked or thing.key not in asked:
                    continue
                late = asked[thing.key]
                if thing.runs:
                    # its stop may still be on the way
                    thing.asked = late.asked_at >= since
                elif self._as_left(self._resolved_targets[thing.target], late, thing.was):
                    old = late.thing
                    thing.was, thing.runs, thing.asked = old.was, True, True
                    thing.start, thing.facts = old.start, old.facts

    def hand_over(self, plan: Plan) -> None:
        """Write into the records of other runs what this one has taken over, and close those that have nothing left."""
        for orphan in self._orphans:
            if not self._is_own(orphan):
                self._hand_over(plan, orphan)

    def _hand_over(self, plan: Plan, orphan: OrphanedRecord) -> None:
        records = orphan.records
        ours = {thing.key for thing in plan.things}
        before = records.handed()
        handed = list(before.things) if before is not None and before.generation >= orphan.plan.generation else []
        handed += [thing.key for thing in orphan.plan.things if thing.key in ours and thing.key not in handed]
        records.keep_handed(
            Handed(generation=orphan.plan.generation, window=plan.window, run_id=plan.run_id, things=handed)
        )
        stays = [one.thing for one in orphans_of(orphan).asked.values()]
        if not stays:
            records.close(orphan.plan, "window", self._dependencies.clock.time())
            return
        named = ", ".join(f"{thing.name} ({thing.id})" for thing in stays[:20])
        self._notes.append(
            f"window {records.window} (run {records.run_id}) stays open for {named}, which this window does not target."
        )
