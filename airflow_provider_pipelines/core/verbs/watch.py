"""
What a status means for a goal, and the one loop that waits for it.

Vendors' words are kept as they are. Which of them reach a goal and which make it impossible is data; every other
word, unknown ones included, is *pending*: keep looking, the deadline decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from airflow_provider_pipelines.core.http.calls import Sleep
from airflow_provider_pipelines.core.http.retry import transient
from airflow_provider_pipelines.core.verbs.goals import Goal
from airflow_provider_pipelines.errors import (
    ApiError,
    NotFound,
    PipelinesError,
    WatchFailed,
    error_from_event,
    error_to_event,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call

Verdict = Literal["reached", "failed", "pending"]

#: seconds after an action during which the state before it is still believed to be an old answer
GRACE = 30.0
#: seconds between the first looks after an action
SHORTEST_INTERVAL = 2.0
#: seconds without a state change after which a line says that the wait goes on
PROGRESS = 60.0


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
class Sighting:
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

    def __call__(self, ids: Sequence[str], delay: float) -> Call[Mapping[str, Sighting]]:
        """Give a sighting for each id."""


@dataclass(slots=True)
class Seen:
    """The last sighting of a thing and what it means."""

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
    """

    seen: dict[str, Seen] = field(default_factory=dict)
    ended: Literal["settled", "deadline", "pause", "blind"] = "settled"
    error: PipelinesError | None = None
    failures: int = 0

    def to_event(self) -> dict[str, Any]:
        """Write the report as JSON."""
        return {
            "version": 1,
            "ended": self.ended,
            "error": error_to_event(self.error) if self.error else None,
            "failures": self.failures,
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
                str(id): Seen(
                    verdict=_VERDICTS[entry["verdict"]],
                    status=entry["status"],
                    facts=dict(entry["facts"]),
                    error=error_from_event(entry["error"]) if entry["error"] else None,
                    passed=[str(status) for status in entry.get("passed", ())],
                )
                for id, entry in event["seen"].items()
            }
            error = error_from_event(event["error"]) if event["error"] else None
            return cls(seen, event["ended"], error, int(event.get("failures", 0)))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise WatchFailed(
                f"the trigger sent no event that this task understands ({str(event)[:300]}); nothing is known about "
                "the thing that was waited for. Clear the task to look again."
            ) from None


_VERDICTS: dict[Any, Verdict] = {"reached": "reached", "failed": "failed", "pending": "pending"}


def judge(watched: Watched, status: str, now: float, stamp: Any = None) -> Verdict:
    """Tell what a status means for a watched thing: the only judgement, for operators, sensors and the trigger."""
    goal = watched.goal
    renewed = None not in (stamp, watched.stamp) and stamp != watched.stamp
    fresh = status != watched.before or renewed or not (goal.renewed_by or watched.unclear)
    if status in goal.reached and fresh:
        return "reached"
    if status == watched.before:
        if now - watched.since < GRACE:
            return "pending"
        if not watched.moved:
            if watched.unclear:
                return "failed"
            if goal.lasting:
                return "pending"
        if status in goal.reached:
            return "reached" if watched.moved else "failed"
    return "failed" if status in goal.failed else "pending"


def interval_after(
    waited: float, poll_interval: float, spread: Callable[[], float] = random.random, *, failures: int = 0
) -> float:
    """
    Give the seconds until the next look: short just after an action, never above ``poll_interval``.

    They double with each failed look in a row, or an outage of half a minute would use up all that are forgiven.
    """
    patient = max(SHORTEST_INTERVAL, waited / 4, 2.0 ** min(failures, 16) if failures else 0.0)
    return min(poll_interval, patient) * (0.85 + 0.15 * spread())


def look_once(
    things: Iterable[Watched], look: Look, now: Callable[[], float], delay: float = 0.0
) -> Call[dict[str, Seen]]:
    """Look once and judge: the single pass that :func:`watch` repeats."""
    watched = {thing.id: thing for thing in things}
    sightings = yield from look(list(watched), delay)
    seen = {}
    for id, thing in watched.items():
        sighting = sightings.get(id) or Sighting()
        if isinstance(sighting.error, NotFound) and thing.before is None and now() - thing.since < GRACE:
            seen[id] = Seen("pending")  # made a moment ago, and not shown yet
        elif sighting.error is not None:
            facts = {**thing.facts, **sighting.facts}
            seen[id] = Seen("failed", sighting.status, facts, sighting.error, thing.passed)
        elif sighting.status is None:
            seen[id] = Seen("pending")
        else:
            thing.moved = thing.moved or sighting.status != thing.before
            thing.passed = [*(status for status in thing.passed if status != sighting.status), sighting.status]
            thing.facts = dict(sighting.facts)
            stamp = sighting.facts.get(thing.goal.renewed_by, thing.stamp)
            verdict = judge(thing, sighting.status, now(), stamp)
            seen[id] = Seen(verdict, sighting.status, dict(sighting.facts), passed=thing.passed)
    return seen


@dataclass(slots=True)
class Blindness:
    """
    Counts failed looks in a row.

    :param allowed: how many are forgiven
    """

    allowed: int
    failures: int = 0

    def forgives(self, error: PipelinesError) -> bool:
        """Count one more failed look and tell whether to go on."""
        self.failures += 1
        return transient(error) and self.failures <= self.allowed


def _progress(waiting: Mapping[str, Watched], told: Mapping[str, str | None], of: int) -> str:
    named = ", ".join(f"{id} ({told.get(id) or 'not seen'})" for id in list(waiting)[:5])
    more = f" and {len(waiting) - 5} more" if len(waiting) > 5 else ""
    return f"{of - len(waiting)} of {of} there, waiting for {named}{more}"


def watch(
    things: Sequence[Watched],
    look: Look,
    *,
    poll_interval: float,
    deadline: float,
    max_poll_failures: int,
    now: Callable[[], float],
    tell: Callable[[str], None],
    pause_at: float | None = None,
    first_delay: float | None = None,
    known: Mapping[str, str | None] | None = None,
    stop_on_failure: bool = False,
    failures: int = 0,
    still: Callable[[Sequence[str]], None] | None = None,
    look_at_pause: bool = True,
) -> Call[Report]:
    """
    Look until every thing has its verdict, the deadline comes, or looking fails too often.

    :param poll_interval: seconds, the longest time between two looks
    :param deadline: Unix time of the last look
    :param max_poll_failures: failed looks in a row that only cost time
    :param pause_at: Unix time at which to stop for now, or None
    :param first_delay: seconds before the first look, or None for the usual one
    :param tell: receives a line for each state change and each failed look
    :param known: statuses told already, by id
    :param stop_on_failure: whether the first thing that failed ends the watch
    :param failures: how many looks in a row had failed when the watch began
    :param still: receives the ids that are waited for after each look; without it a line a minute tells of them
    :param look_at_pause: whether ``pause_at`` brings a look forward
    """
    report = Report(failures=failures)
    blind = Blindness(max_poll_failures, failures)
    told = dict(known or {})
    waiting = {thing.id: thing for thing in things}
    begun = min((thing.since for thing in things if thing.since), default=now())
    delay = first_delay
    spoken_at = now()
    while waiting:
        limit = min(deadline, pause_at) if pause_at is not None else deadline
        usual = interval_after(max(0.0, now() - begun), poll_interval, failures=blind.failures)
        wanted, left = usual if delay is None else delay, max(0.0, limit - now())
        if wanted > left and limit < deadline and not look_at_pause:
            yield Sleep(left)
            report.ended = "pause"
            return report
        pause = min(wanted, left)
        delay = None
        try:
            seen = yield from look_once(waiting.values(), look, now, pause)
        except PipelinesError as error:
            report.error = error
            forgiven = blind.forgives(error)
            report.failures = blind.failures
            if not forgiven:
                report.ended = "blind"
                return report
            tell(f"look {blind.failures} in a row failed, {max_poll_failures} are forgiven: {error}")
            if isinstance(error, ApiError) and error.retry_after is not None:
                delay = max(error.retry_after, usual)
        else:
            blind.failures, report.failures, report.error = 0, 0, None
            report.seen.update(seen)
            for id, sight in seen.items():
                if sight.status is not None and told.get(id) != sight.status:
                    was = told.get(id)
                    tell(f"{id}: {was} -> {sight.status}" if was else f"{id}: {sight.status}")
                    told[id] = sight.status
                    spoken_at = now()
                if sight.verdict != "pending":
                    del waiting[id]
            if stop_on_failure and any(sight.verdict == "failed" for sight in seen.values()):
                break
            if any(thing.settling for thing in things) and not any(thing.settling for thing in waiting.values()):
                break
            if still is not None:
                still(list(waiting))
        if still is None and waiting and now() - spoken_at >= PROGRESS:
            tell(_progress(waiting, told, len(things)))
            spoken_at = now()
        if waiting and now() >= limit:
            report.ended = "deadline" if now() >= deadline else "pause"
            return report
    return report
