"""
What a window needs to know of a vendor's things, so that the rest of the window names no vendor.

A :class:`Fleet` is a target with its hook. It says which things there are and what their statuses mean, and gives the
stages in which they are brought to rest and back; a stage is a verb of the vendor's room and the things it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow_provider_pipelines.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.errors import PipelinesError
    from airflow_provider_pipelines.hook.base import PipelinesHook
    from airflow_provider_pipelines.window.record.model import Intent, Thing

#: what a status means to a window
Meaning = Literal["runs", "rests", "middle", "unknown"]
Answers = Mapping[str, "PipelinesError | None"]
#: what is said of a run that was stopped
NOT_AGAIN = " It was stopped by this window and is not started again."
Send = Callable[[Any, Mapping[str, "Item"]], "Call[Answers]"]


@dataclass(slots=True)
class Found:
    """A thing as the snapshot sees it."""

    id: str
    name: str
    status: str
    system: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Stage:
    """
    A verb for some things of a fleet.

    :param ids: the things, as the hook's ``look`` knows them
    :param send: sends the verb for some of them; receives what is known of each
    :param kind: the kind of thing
    :param scope: where the things live
    :param batch: how many are sent together, between two looks at the record
    :param busy_pause: seconds until the next try of what the service was too busy for, or None for the usual ones
    :param blocked: gives the error for what the service certainly has no time for now, so that it is not sent
    :param note: what people should know of each that is done
    :param tolerates: tells whether a thing that ended with this error is where it was to be all the same
    :param writes: the operations that ``send`` writes with, if not the verb's own alone
    :param runs_of: the thing whose runs these are, or "" where they are the things themselves
    """

    verb: Verb
    ids: Sequence[str]
    send: Send
    kind: str
    scope: dict[str, Any] = field(default_factory=dict)
    batch: int = 1
    busy_pause: Callable[[float], float] | None = None
    blocked: Callable[[], PipelinesError | None] = lambda: None
    tolerates: Callable[[PipelinesError], bool] = lambda error: False
    writes: frozenset[str] = frozenset()
    runs_of: str = ""
    note: str = ""


class Fleet:
    """
    Things of one vendor, reached through one hook.

    :param hook: the hook
    :param options: how things are stopped and brought back, as the target says
    """

    service: ClassVar[str]
    kind: ClassVar[str]
    #: statuses in which a thing is, by itself, once it has done its work
    ends: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, hook: PipelinesHook[Any], options: Mapping[str, Any]) -> None:
        self.hook = hook
        self.options = options

    @classmethod
    def hook_for(cls, place: Mapping[str, Any]) -> PipelinesHook[Any]:
        """Make the hook for where the things are."""
        from airflow_provider_pipelines.hook.base import hook_named

        return hook_named(cls.service)(**place)

    def identity(self, api: Any) -> Call[str]:
        """Give what tells this organisation or project from all others: service, address, and its id."""
        raise NotImplementedError

    def inventory(self, api: Any, target: Mapping[str, Any]) -> Call[list[Found]]:
        """
        Find the things that a target names.

        :raises ArgumentError: an id is not there, or a pattern matches nothing
        """
        raise NotImplementedError

    def meaning(self, status: str) -> Meaning:
        """Tell what a status means."""
        raise NotImplementedError

    def left(self, status: str) -> bool:
        """Tell whether a status is the one that this window leaves a thing in."""
        raise NotImplementedError

    def back(self, status: str) -> bool:
        """Tell whether a thing that ran is back."""
        raise NotImplementedError

    def settings(self, found: Found, target: Mapping[str, Any]) -> dict[str, Any] | None:
        """
        Give what the service wants to know to bring a thing back, which it does not tell itself.

        :raises ArgumentError: the target does not say
        """
        return None

    def preflight(self, api: Any, running: Sequence[Found]) -> Call[dict[str, str]]:
        """Give the reason for each thing that could not be brought back, by id."""
        yield from ()
        return {}

    def down(self, things: Sequence[Thing]) -> list[Stage]:
        """Give the stages that bring things to rest."""
        raise NotImplementedError

    def after_down(self, api: Any, things: Sequence[Thing]) -> Call[list[Stage]]:
        """Give further stages that show once the things are at rest; asked again until there are none."""
        yield from ()
        return []

    def up(self, things: Sequence[Thing], stops: Mapping[str, Intent]) -> list[Stage]:
        """
        Give the stages that bring things back.

        :param stops: what quiesce noted of each thing, by its key
        """
        raise NotImplementedError

    def outcome_id(self, id: str) -> str | int:
        """Give an id as outcomes show it."""
        return id


def fleet_for(service: str, hook: PipelinesHook[Any], options: Mapping[str, Any]) -> Fleet:
    """Make the fleet of a service; its room in the window is loaded now, not while DAGs are parsed."""
    return fleet_class(service)(hook, options)


def fleet_class(service: str) -> type[Fleet]:
    """Give the fleet's class for a service."""
    if service not in {"enos", "dli", "codearts"}:
        raise ConfigurationError(f"{service!r} is no service of this package.")
    fleet: type[Fleet] = import_module(f"airflow_provider_pipelines.window.fleets.{service}").FLEET
    return fleet
