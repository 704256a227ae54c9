"""What is watched, what a look shows of it, and the report that passes from the trigger to the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from airflow_provider_pipelines.core.verbs.goals import Goal
from airflow_provider_pipelines.errors import PipelinesError, WatchFailed, error_from_event, error_to_event

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call


Verdict = Literal["reached", "failed", "pending"]

#: seconds after an action during which the state before it is still believed to be an old answer
GRACE = 30.0


@dataclass(slots=True)
class Watched:
    """
    A thing and the goal it is watched for.

    :param id: the vendor's id, as text
    :param goal: where it is meant to get
    :param before: its status before the action, or None where there was no action
    :param since: Unix time of the action
    :param unclear: whether the action got no clear answer
    :param moved: whether it has been seen in another status than ``before``
    :param settling: whether the watch ends as soon as all such things have their verdict
    :param stamp: the value before the action of the fact that ``goal.renewed_by`` names
    :param passed: the statuses that this watch has seen, the last one last
    :param facts: the facts that it saw last
    """

    id: str
    goal: Goal
    before: str | None = None
    since: float = 0.0
    unclear: bool = False
    moved: bool = False
    settling: bool = False
    stamp: Any = None
    passed: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Write it as plain values."""
        return {
            "id": self.id,
            "goal": self.goal.to_json(),
            "before": self.before,
            "since": self.since,
            "unclear": self.unclear,
            "moved": self.moved,
            "settling": self.settling,
            "stamp": self.stamp,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Watched:
        """Read what :meth:`to_json` wrote."""
        return cls(**{**data, "goal": Goal.from_json(data["goal"])})


@dataclass(frozen=True, slots=True)
class Observation:
    """
    What one look shows of one thing.

    :param status: the vendor's word, or None with ``error``
    :param facts: small JSON values that belong into the outcome, for instance ``savepoint_path``
    :param error: why this thing cannot be seen, for instance :class:`~airflow_provider_pipelines.errors.NotFound`
    """

    status: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    error: PipelinesError | None = None


class Look(Protocol):
    """Look at things, ``delay`` seconds from now; a shared poller may do so a little sooner."""

    def __call__(self, ids: Sequence[str], delay: float) -> Call[Mapping[str, Observation]]:
        """Give an observation for each id."""


@dataclass(slots=True)
class Judgement:
    """The last observation of a thing and what it means."""

    verdict: Verdict
    status: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    error: PipelinesError | None = None
    passed: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """
    What a watch found: passes from the trigger to the task.

    :param seen: by id; things never seen are missing
    :param ended: ``settled``, ``deadline``, ``pause`` (more to see, but not here) or ``blind`` (cannot look)
    :param error: why the last look failed, or None if it succeeded
    :param failures: how many looks in a row have failed
    :param now: Unix time at the end of the watch, counted on from what the task's host told; None if it told nothing
    :param held: what the task gave its trigger to keep, or None
    """

    seen: dict[str, Judgement] = field(default_factory=dict)
    ended: Literal["settled", "deadline", "pause", "blind"] = "settled"
    error: PipelinesError | None = None
    failures: int = 0
    now: float | None = None
    held: Mapping[str, Any] | None = None

    def to_event(self) -> dict[str, Any]:
        """Write the report as JSON."""
        return {
            "version": 1,
            "ended": self.ended,
            "error": error_to_event(self.error) if self.error else None,
            "failures": self.failures,
            "now": self.now,
            "held": self.held,
            "seen": {
                id: {
                    "verdict": seen.verdict,
                    "status": seen.status,
                    "facts": seen.facts,
                    "error": error_to_event(seen.error) if seen.error else None,
                    "passed": seen.passed,
                }
                for id, seen in self.seen.items()
            },
        }

    @classmethod
    def from_event(cls, event: Any) -> Report:
        """
        Read what :meth:`to_event` wrote.

        :raises WatchFailed: the event is missing, empty or not one of ours
        """
        try:
            if event["version"] != 1 or event["ended"] not in {"settled", "deadline", "pause", "blind"}:
                raise ValueError
            seen = {
                str(id): Judgement(
                    verdict=_VERDICTS[entry["verdict"]],
                    status=entry["status"],
                    facts=dict(entry["facts"]),
                    error=error_from_event(entry["error"]) if entry["error"] else None,
                    passed=[str(status) for status in entry.get("passed", ())],
                )
                for id, entry in event["seen"].items()
            }
            error = error_from_event(event["error"]) if event["error"] else None
            now, held = event.get("now"), event.get("held")
            return cls(
                seen,
                event["ended"],
                error,
                int(event.get("failures", 0)),
                None if now is None else float(now),
                None if held is None else dict(held),
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise WatchFailed(
                f"the trigger sent no event that this task understands ({str(event)[:300]}); nothing is known about "
                "the thing that was waited for. Clear the task to look again."
            ) from None


_VERDICTS: dict[Any, Verdict] = {"reached": "reached", "failed": "failed", "pending": "pending"}
