"""All records at one moment: which windows there are, how far they are, what became of each thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_pipelines.core.checks import from_json
from airflow_provider_pipelines.errors import PipelinesError, RecordUnreadable
from airflow_provider_pipelines.window.fleet import Fleet, fleet_class, fleet_for
from airflow_provider_pipelines.window.store import Shelf, key_of
from airflow_provider_pipelines.window.targets import TARGETS

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.record import Handed, Mark, Phase, Place, Plan, Progress, Thing

Word = Literal["snapshot", "stopping", "quiet", "restoring", "closed"]

_SCOPES = {kind.service: kind.places for kind in TARGETS.values()}


class Texts:
    """
    Texts in memory, as a store: all of what was read at one moment, or of what a file holds.

    :param texts: the texts, by key
    """

    certain = True

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts or {})

    def get(self, key: str) -> str | None:
        """Give a text."""
        return self.texts.get(key)

    def set(self, key: str, text: str, about: str) -> None:
        """Keep a text."""
        self.texts[key] = text

    def delete(self, key: str) -> None:
        """Drop a text."""
        self.texts.pop(key, None)


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
    stopped: Mark | None = None
    started: Mark | None = None
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
        at = [mark.at for part in self.progress for mark in part.marks.values()]
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


def entry_of(shelf: Shelf) -> Entry | None:
    """
    Read a record; None where there is none.

    :raises RecordUnreadable: it cannot be read
    """
    plan = shelf.plan()
    if plan is None:
        return None
    phase, handed = shelf.phase(), shelf.handed()
    progress = sorted((one for one in shelf.progress() if one.generation == plan.generation), key=lambda p: p.attempt)
    return entry(
        plan,
        phase if phase is not None and phase.generation >= plan.generation else None,
        progress,
        handed if handed is not None and handed.generation >= plan.generation else None,
    )


def entry(plan: Plan, phase: Phase | None, progress: list[Progress], handed: Handed | None) -> Entry:
    """
    Put the parts of a record together.

    :raises RecordUnreadable: a place has arguments that no connection has
    """
    found = Entry(plan, phase, progress, handed)
    marks = {key: mark for part in progress for key, mark in part.marks.items()}
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
                stopped=marks.get(thing.key),
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


class Book:
    """
    The records in a store.

    :param texts: all texts of the records, by key
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._store = Texts(texts)
        #: texts that are no part of a record, by key
        self.strange = [key for key, text in texts.items() if not isinstance(from_json(text), dict)]
        self.names = sorted(_names(texts))

    def shelf(self, window: str, run_id: str) -> Shelf:
        """Give the records of a run as they are in memory."""
        return Shelf(self._store, window, run_id)

    def read(self, names: Iterable[tuple[str, str]]) -> tuple[list[Entry], dict[tuple[str, str], PipelinesError]]:
        """Read records; what cannot be read keeps its reason."""
        entries, errors = [], {}
        for window, run_id in names:
            try:
                found = entry_of(self.shelf(window, run_id))
            except PipelinesError as error:
                errors[window, run_id] = error
                continue
            if found is not None:
                entries.append(found)
        return entries, errors


def _names(texts: Mapping[str, str]) -> set[tuple[str, str]]:
    """Find the runs that have a record: keys are hashes, so each text has to say whose it is, under its own key."""
    found = set()
    for text in texts.values():
        data = from_json(text)
        if not isinstance(data, dict):
            continue
        window, run_id = data.get("window"), data.get("run_id")
        if isinstance(window, str) and isinstance(run_id, str):
            keys = (key_of("plan", window, run_id), key_of("control", window, run_id))
            if any(key in texts for key in keys):
                found.add((window, run_id))
    return found
