"""
Things with a status that changes by itself as the world's time passes.

A thing keeps what the seed says about it in :attr:`Thing.fields`; what happens to it next is a list of
:class:`Step`. Both go out with the state and come in with a seed, so a world can be saved in the middle of a change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airflow_provider_pipelines.emulator.settings import Settings

#: what a module with things is written with
__all__ = ["Fields", "Passing", "SeedError", "Settings", "Step", "Thing", "checked", "picked"]

Fields = dict[str, Any]


class SeedError(ValueError):
    """A seed or a request of the control API says something that the world cannot hold."""


@dataclass(frozen=True)
class Step:
    """
    One coming change of a thing.

    :param at: the world's time of it, in epoch milliseconds
    :param status: the status that the thing then has
    :param changes: fields that change with it
    """

    at: int
    status: str
    changes: Fields = field(default_factory=dict)


class Thing(ABC):
    """
    A pipeline, run or job.

    :param id: the vendor's id as text
    :param given: fields of the seed; the rest is taken from :attr:`DEFAULTS`
    :param settings: how long changes take
    :param now: the world's time
    """

    #: every field that a seed may give, with its value if it does not
    DEFAULTS: ClassVar[Mapping[str, Any]]
    #: fields that may be ``null``, with the type that they have otherwise
    OPTIONAL: ClassVar[Mapping[str, type]]

    def __init__(self, id: str, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        given = dict(given)
        steps = given.pop("pending", None)
        self.id = id
        self.settings = settings
        self.fields: Fields = checked(id, given, self.DEFAULTS, self.OPTIONAL)
        self.fields = {**self.DEFAULTS, **self.first_fields(now), **self.fields}
        self.found(now)
        self.before: Fields | None = dict(self.fields)
        self.pending: list[Step] = self.usual_course(now) if steps is None else _steps(id, steps, now)

    @abstractmethod
    def first_fields(self, now: int) -> Fields:
        """Return defaults that depend on the time."""

    def found(self, now: int) -> None:  # noqa: B027 -- few things have more to bring in line than their status
        """Bring in line with the status what a seed leaves open."""

    @abstractmethod
    def usual_course(self, now: int) -> list[Step]:
        """Return what follows by itself when the thing is found in its present status."""

    @abstractmethod
    def arrived(self, at: int) -> None:
        """Bring time stamps and the like in line with a status that was just reached."""

    @property
    def status(self) -> str:
        """The vendor's word for the present state."""
        return str(self.fields["status"])

    def seconds(self, field_name: str, setting: str) -> float:
        """Return how long a change takes: the thing's own value, else the setting."""
        own = self.fields[field_name]
        return float(getattr(self.settings, setting) if own is None else own)

    def use_up(self, counter: str) -> bool:
        """Take one from a counter of the seed, such as ``refuses_stop``; tell whether there was one left."""
        if self.fields[counter] <= 0:
            return False
        self.fields[counter] -= 1
        return True

    def change(self, status: str, at: int, **changes: Any) -> None:
        """Give the thing another status, remembering how it looked before."""
        self.before = dict(self.fields)
        self.fields.update(changes, status=status)
        self.arrived(at)

    def set_out(self, now: int, *course: tuple[float, str, Fields]) -> None:
        """
        Plan a course of changes, replacing what was planned; a change after no time happens at once.

        :param course: seconds after the change before it, the status, changed fields
        """
        at = now
        self.pending = []
        for seconds, status, changes in course:
            at += round(seconds * 1000)
            self.pending.append(Step(at, status, changes))
        self.catch_up(now)

    def catch_up(self, now: int) -> None:
        """Take the steps whose time has come."""
        while self.pending and self.pending[0].at <= now:
            step = self.pending.pop(0)
            self.change(step.status, step.at, **step.changes)

    def dump(self, now: int) -> Fields:
        """Return the fields as a seed may give them."""
        steps = [
            {"in": (step.at - now) / 1000, "status": step.status, "set": dict(step.changes)} for step in self.pending
        ]
        return {**self.fields, "pending": steps}


class Passing(Thing):
    """A thing that comes to an end by itself, such as a run; its ``end_time`` tells when."""

    #: statuses after which nothing happens by itself
    FINAL: ClassVar[frozenset[str]]

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status in self.FINAL

    def first_fields(self, now: int) -> Fields:
        """Date the start, and the end of what has ended, to now."""
        return {"start_time": now, "end_time": now if self.fields.get("status") in self.FINAL else None}

    def arrived(self, at: int) -> None:
        """Date the end."""
        self.fields["end_time"] = at if self.ended else None


def picked(fields: Fields, *names: str) -> Fields:
    """Return those of the fields that are named, in that order."""
    return {name: fields[name] for name in names}


def checked(id: str, given: Mapping[str, Any], known: Mapping[str, Any], optional: Mapping[str, type]) -> Fields:
    """Return the fields that a seed gives, if they are known and of the right type."""
    for name, value in given.items():
        if name not in known:
            raise SeedError(f"{id}: unknown field {name!r}; known are {', '.join(sorted(known))}")
        wanted = optional.get(name, type(known[name]))
        if value is None and name in optional:
            continue
        allowed = (int, float) if wanted is float else (wanted,)
        if not isinstance(value, allowed) or (isinstance(value, bool) and wanted is not bool):
            raise SeedError(f"{id}: {name} must be {wanted.__name__}, not {value!r}")
    return dict(given)


def _steps(id: str, given: Any, now: int) -> list[Step]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise SeedError(f"{id}: pending must be a list")
    steps = []
    for one in given:
        try:
            steps.append(Step(now + round(one["in"] * 1000), str(one["status"]), dict(one.get("set", {}))))
        except (TypeError, KeyError, ValueError, AttributeError):
            raise SeedError(f"{id}: a pending step needs 'in' (seconds) and 'status', not {one!r}") from None
    return steps
