"""
What a status means for a goal, and the one loop that waits for it.

Vendors' words are kept as they are. Which of them reach a goal and which make it impossible is data; every other
word, unknown ones included, is *pending*: keep looking, the deadline decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http.calls import Sleep
from airflow_provider_pipelines.core.http.retry import gone, transient
from airflow_provider_pipelines.core.verbs.observation import (
    GRACE,
    Judgement,
    Look,
    Observation,
    Report,
    Verdict,
    Watched,
)
from airflow_provider_pipelines.errors import ApiError, PipelinesError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call


#: seconds between the first looks after an action
SHORTEST_INTERVAL = 2.0
#: seconds without a state change after which a line says that the wait goes on
PROGRESS = 60.0


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
) -> Call[dict[str, Judgement]]:
    """
    Look once and judge: the single pass that :func:`watch` repeats.

    :raises PipelinesError: none of them can be seen just now. Where some can, the others are pending, and say why
    """
    watched = {thing.id: thing for thing in things}
    observations = yield from look(list(watched), delay)
    unseen = {id: one.error for id, one in observations.items() if one.error is not None and transient(one.error)}
    if unseen and unseen.keys() >= watched.keys():
        raise next(iter(unseen.values()))
    seen = {}
    for id, thing in watched.items():
        observation = observations.get(id) or Observation()
        if id in unseen:
            seen[id] = Judgement("pending", error=unseen[id])
        elif gone(observation.error) and thing.before is None and now() - thing.since < GRACE:
            seen[id] = Judgement("pending")  # made a moment ago, and not shown yet
        elif observation.error is not None:
            facts = {**thing.facts, **observation.facts}
            seen[id] = Judgement("failed", observation.status, facts, observation.error, thing.passed)
        elif observation.status is None:
            seen[id] = Judgement("pending")
        else:
            thing.moved = thing.moved or observation.status != thing.before
            thing.passed = [*(status for status in thing.passed if status != observation.status), observation.status]
            thing.facts = dict(observation.facts)
            stamp = observation.facts.get(thing.goal.renewed_by, thing.stamp)
            verdict = judge(thing, observation.status, now(), stamp)
            seen[id] = Judgement(verdict, observation.status, dict(observation.facts), passed=thing.passed)
    return seen


@dataclass(slots=True)
class FailureCount:
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    How a task waits, whatever it waits for.

    :param poll_interval: seconds, the longest time between two looks
    :param max_poll_failures: failed looks in a row that only cost time
    :param now: gives the Unix time
    :param tell: receives a line for each state change and each failed look
    """

    poll_interval: float
    max_poll_failures: int
    now: Callable[[], float]
    tell: Callable[[str], None]


def watch(
    things: Sequence[Watched],
    look: Look,
    waiting: Waiting,
    *,
    deadline: float,
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

    :param waiting: how
    :param deadline: Unix time of the last look
    :param pause_at: Unix time at which to stop for now, or None
    :param first_delay: seconds before the first look, or None for the usual one
    :param known: statuses told already, by id
    :param stop_on_failure: whether the first thing that failed ends the watch
    :param failures: how many looks in a row had failed when the watch began
    :param still: receives the ids that are waited for after each look; without it a line a minute tells of them
    :param look_at_pause: whether ``pause_at`` brings a look forward
    """
    report = Report(failures=failures)
    now, tell = waiting.now, waiting.tell
    misses = FailureCount(waiting.max_poll_failures, failures)
    told = dict(known or {})
    told_of: dict[str, str] = {}
    left = {thing.id: thing for thing in things}
    begun = min((thing.since for thing in things if thing.since), default=now())
    delay = first_delay
    spoken_at = now()
    while left:
        limit = min(deadline, pause_at) if pause_at is not None else deadline
        usual = interval_after(max(0.0, now() - begun), waiting.poll_interval, failures=misses.failures)
        wanted, time_left = usual if delay is None else delay, max(0.0, limit - now())
        if wanted > time_left and limit < deadline and not look_at_pause:
            yield Sleep(time_left)
            report.ended = "pause"
            return report
        pause = min(wanted, time_left)
        delay = None
        try:
            seen = yield from look_once(left.values(), look, now, pause)
        except PipelinesError as error:
            report.error = error
            forgiven = misses.forgives(error)
            report.failures = misses.failures
            if not forgiven:
                report.ended = "blind"
                return report
            tell(f"look {misses.failures} in a row failed, {waiting.max_poll_failures} are forgiven: {error}")
            if isinstance(error, ApiError) and error.retry_after is not None:
                delay = max(error.retry_after, usual)
        else:
            misses.failures, report.failures, report.error = 0, 0, None
            report.seen.update(seen)
            for id, judged in seen.items():
                if judged.status is not None and told.get(id) != judged.status:
                    was = told.get(id)
                    tell(f"{id}: {was} -> {judged.status}" if was else f"{id}: {judged.status}")
                    told[id] = judged.status
                    spoken_at = now()
                elif judged.verdict == "pending" and judged.error is not None and told_of.get(id) != str(judged.error):
                    told_of[id] = str(judged.error)
                    tell(f"{id} cannot be seen just now: {judged.error}")
                if judged.verdict != "pending":
                    del left[id]
            if stop_on_failure and any(judged.verdict == "failed" for judged in seen.values()):
                break
            if any(thing.settling for thing in things) and not any(thing.settling for thing in left.values()):
                break
            if still is not None:
                still(list(left))
        if still is None and left and now() - spoken_at >= PROGRESS:
            tell(_progress(left, told, len(things)))
            spoken_at = now()
        if left and now() >= limit:
            report.ended = "deadline" if now() >= deadline else "pause"
            return report
    return report
