"""What one record says: how far its window is, and what became of each thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_pipelines.errors import RecordUnreadable
from airflow_provider_pipelines.window.fleets.base import Fleet, fleet_class, fleet_for
from airflow_provider_pipelines.window.record.intents import intents_of
from airflow_provider_pipelines.window.targets import TARGETS

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.record.model import Handed, Intent, Phase, Place, Plan, Progress, Thing

Word = Literal["snapshot", "stopping", "quiet", "restoring", "closed"]

_SCOPES = {kind.service: kind.places for kind in TARGETS.values()}


@dataclass(slots=True)
class Standing:
    """
    One thing, and what the record says became of it.

    :param stopped: the intent to stop it, if one was noted
    :param started: the intent to bring it back
    :param refused: the code of the reason why it could not be stopped
    :param handed: the window that has taken it over
    """

    thing: Thing
    place: Place
    fleet: Fleet
    closed: bool
    stopped: Intent | None = None
    started: Intent | None = None
    refused: str | None = None
    missing: bool = False
    handed: str | None = None

    @property
    def ours(self) -> bool:
        """Whether this window asked for its stop, so that it is to be brought back."""
        return self.thing.runs and not self.handed and (self.thing.asked or self.stopped is not None)

    @property
    def seen_back(self) -> bool:
        """Whether restore has seen it back."""
        return self.started is not None and any(self.fleet.back(word) for word in self.started.passed)

    @property
    def owed(self) -> bool:
        """Whether it was stopped and, as far as the record tells, is not back."""
        return self.ours and not (self.closed or self.missing or self.seen_back)

    def recorded(self) -> str:
        """Say where it is now as the record has it."""
        if self.handed:
            return f"taken over by {self.handed}"
        if self.missing:
            return "gone"
        if not self.ours:
            refusal = f"not stopped: {self.refused}" if self.refused else "not stopped"
            return refusal if self.thing.runs else "as before"
        if self.closed or self.seen_back:
            return "back"
        if self.started is not None:
            return "start accepted" if self.started.sure else "start asked for, answer unknown"
        if self.stopped is None:
            return "stopped by an earlier window"
        if any(self.fleet.meaning(word) == "rests" for word in self.stopped.passed):
            return "stopped"
        said = "stop accepted" if self.stopped.sure else "stop asked for, answer unknown"
        return f"{said}; not seen at rest" + (f" ({self.refused})" if self.refused else "")

    def plan(self) -> str:
        """Say what restore would do, before it has looked."""
        if self.owed:
            return f"{verb_of(self.fleet, self.thing)} it, unless it is seen running"
        return "nothing"

    def to_json(self) -> dict[str, Any]:
        """Write it for programs."""
        return {
            "service": self.place.service,
            "id": self.fleet.outcome_id(self.thing.id),
            "name": self.thing.name,
            "before": self.thing.was,
            "now": self.recorded(),
            "restore": self.plan(),
        }


@dataclass(slots=True)
class Entry:
    """The record of one window run, read."""

    plan: Plan
    phase: Phase | None
    progress: list[Progress]
    handed: Handed | None
    standings: list[Standing] = field(default_factory=list)

    @property
    def word(self) -> Word:
        """How far the window is."""
        if self.phase is not None:
            return self.phase.phase
        if not self.progress:
            return "snapshot"
        return "quiet" if any(part.quiet for part in self.progress) else "stopping"

    @property
    def open(self) -> bool:
        """Whether something may have to be brought back."""
        return self.word != "closed"

    @property
    def since(self) -> float:
        """Unix time since which it is so, as far as the record tells."""
        if self.phase is not None:
            return self.phase.turned_at
        at = [intent.at for part in self.progress for intent in part.marks.values()]
        if not at:
            return self.plan.made_at
        return max(at) if self.word == "quiet" else min(at)

    @property
    def owed(self) -> list[Standing]:
        """What was stopped and is not back."""
        return [one for one in self.standings if one.owed]

    def to_json(self) -> dict[str, Any]:
        """Write all of it; the plan's fields come first, so that it can be read as one."""
        return {
            **self.plan.model_dump(mode="json", exclude_none=True),
            "phase": self.phase.model_dump(mode="json", exclude_none=True) if self.phase is not None else None,
            "progress": [part.model_dump(mode="json", exclude_none=True) for part in self.progress],
            "handed": self.handed.model_dump(mode="json", exclude_none=True) if self.handed is not None else None,
            "word": self.word,
            "standing": [one.to_json() for one in self.standings],
        }


def entry(plan: Plan, phase: Phase | None, progress: list[Progress], handed: Handed | None) -> Entry:
    """
    Put the parts of a record together.

    :raises RecordUnreadable: a place has arguments that no connection has
    """
    found = Entry(plan, phase, progress, handed)
    stops = intents_of(progress)
    refused = progress[-1].refused if progress else {}
    given = set(handed.things) if handed is not None else set()
    fleets = [fleet_of(place, plan) for place in plan.places]
    for thing in plan.things:
        if plan.places[thing.target].service == "dli" and not thing.id.isdigit():
            raise RecordUnreadable(
                f"the record of window {plan.window}, run {plan.run_id} cannot be understood: {thing.id} is no job id."
            )
        found.standings.append(
            Standing(
                thing,
                plan.places[thing.target],
                fleets[thing.target],
                closed=not found.open,
                stopped=stops.get(thing.key),
                started=phase.marks.get(thing.key) if phase is not None else None,
                refused=refused.get(thing.key),
                missing=phase is not None and thing.key in phase.missing,
                handed=f"{handed.window}, run {handed.run_id}" if handed is not None and thing.key in given else None,
            )
        )
    return found


def fleet_of(place: Place, plan: Plan) -> Fleet:
    """
    Make the fleet of a place, with a hook that has not asked for its connection yet.

    :raises RecordUnreadable: it has arguments that no such place has
    """
    if strange := sorted(set(place.arguments) - set(_SCOPES[place.service])):
        raise RecordUnreadable(
            f"the record of window {plan.window}, run {plan.run_id} cannot be understood: a place of {place.service} "
            f"has {', '.join(strange)}."
        )
    return fleet_for(place.service, fleet_class(place.service).hook_for(place.arguments), place.options)


def verb_of(fleet: Fleet, thing: Thing) -> str:
    """Give the word for what brings a thing back: start, run, enable."""
    return str(stage_of(fleet, thing).verb.name).removeprefix("batch_").partition("_")[0]


def stage_of(fleet: Fleet, thing: Thing) -> Any:
    """Give the stage in which a thing is brought back."""
    return next(stage for stage in fleet.up([thing], {}) if thing.id in stage.ids)
