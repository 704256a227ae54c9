"""
The way of a verb: look, act once, wait; for one thing or a batch, resumable after a deferral.

What is known of each thing is an :class:`Item`; the items survive the way through the triggerer as JSON.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, Protocol, get_args

from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.core.http.retry import possibly_done
from airflow_provider_pipelines.core.verbs.item import Item, Phase
from airflow_provider_pipelines.core.verbs.observation import Look, Observation, Report, Watched
from airflow_provider_pipelines.core.verbs.outcome import Outcome
from airflow_provider_pipelines.core.verbs.transitions import expire, leave, place, take
from airflow_provider_pipelines.core.verbs.watch import Waiting, watch
from airflow_provider_pipelines.errors import (
    ApiError,
    Conflict,
    PipelinesError,
    WatchFailed,
    error_from_event,
    error_to_event,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Verb


#: seconds between two tries of an action that the service is too busy for
BUSY_PAUSE = (5.0, 30.0)
#: seconds before the look after a first conflict; doubles from then on
CONFLICT_PAUSE = 3.0
_CONFLICTS_FORGIVEN = 3


class Act(Protocol):
    """Send the action for some things: gives, for each id, None (accepted) or the error."""

    def __call__(self, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Act once."""


class Work:
    """
    A verb being carried out on some things.

    :param verb: what is done
    :param items: the things
    :param deadline: Unix time at which the attempt ends
    """

    def __init__(self, verb: Verb, items: Iterable[Item], deadline: float) -> None:
        self.verb = verb
        self.items = {item.id: item for item in items}
        self.deadline = deadline
        self.retry_at = 0.0
        self.tries = 0
        self.failed_looks = 0
        #: Unix time until which the lack of resources is waited for
        self.scarce_until = 0.0
        #: things whose deadline came although they could be seen until the end
        self.overdue: list[str] = []
        #: seconds until the next try of an action that the service was too busy for, instead of the usual ones
        self.busy_pause: Callable[[float], float] | None = None
        #: whether the first look of the next wait is taken at once
        self.look_at_once = False
        #: Unix time of the last look
        self.looked_at = 0.0
        #: whether the goal is waited for
        self.waits = True
        #: whether somebody else says once a minute how far things are, by :attr:`waiting`
        self.quiet = False
        self._still: Sequence[str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Write everything as plain values."""
        return {
            "deadline": self.deadline,
            "retry_at": self.retry_at,
            "tries": self.tries,
            "failed_looks": self.failed_looks,
            "scarce_until": self.scarce_until,
            "items": [asdict(item) for item in self.items.values()],
        }

    @classmethod
    def from_json(cls, verb: Verb, data: Any) -> Work:
        """
        Read what :meth:`to_json` wrote; members that a later version added are passed over.

        :raises WatchFailed: it is not what this version can go on with
        """
        known = {entry.name for entry in fields(Item)}
        try:
            items = [Item(**{name: value for name, value in entry.items() if name in known}) for entry in data["items"]]
            work = cls(verb, items, float(data["deadline"]))
            work.retry_at, work.tries = float(data.get("retry_at", 0)), int(data.get("tries", 0))
            work.failed_looks = int(data.get("failed_looks", 0))
            work.scarce_until = float(data.get("scarce_until", 0))
        except (KeyError, TypeError, ValueError, AttributeError):
            items = []
        if not items or not all(item.phase in get_args(Phase) for item in items):
            raise WatchFailed("the task was resumed without its memory. Clear it to start again.")
        return work

    def of(self, *phases: Phase) -> list[Item]:
        """Give the items in these phases."""
        return [item for item in self.items.values() if item.phase in phases]

    @property
    def finished(self) -> bool:
        """Tell whether every item is done."""
        return all(item.phase == "done" for item in self.items.values())

    @property
    def waiting(self) -> list[Item]:
        """The items that are not done, as far as the last look of a wait tells."""
        left = [item for item in self.items.values() if item.phase != "done"]
        still = self._still
        return left if still is None else [item for item in left if item.id in still or item.phase in {"ready", "busy"}]

    def _keep_still(self, ids: Sequence[str]) -> None:
        self._still = ids

    def watched(self) -> list[Watched]:
        """Give what has to be watched now."""
        settled = self.verb.settled(wait=self.waits)
        return [
            Watched(item.id, settled, settling=True)
            if item.phase == "hold"
            else Watched(
                item.id,
                self.verb.goal,
                item.before,
                item.acted_at,
                item.unclear is not None,
                item.moved,
                stamp=item.first.get(self.verb.goal.renewed_by),
            )
            for item in self.of("hold", "acted")
        ]

    def advance(
        self,
        look: Look,
        act: Act,
        waiting: Waiting,
        *,
        first_look: Look,
        wait: bool,
        pause_at: float | None,
    ) -> Call[None]:
        """
        Go on until all is done, or until ``pause_at`` where the rest is left to the triggerer.

        :param look: looks at things in a wait, where a failed look only costs time
        :param act: sends the action
        :param waiting: how to wait
        :param first_look: looks before the action, patiently
        :param wait: whether to wait for the goal after the action
        """
        now, self.waits = waiting.now, wait
        while not self.finished:
            if fresh := self.of("look"):
                if conflicts := max(item.conflicts for item in fresh):
                    # what the service refused for may not be in its list yet
                    yield Sleep(max(0.0, min(CONFLICT_PAUSE * 2 ** (conflicts - 1), self.deadline - now())))
                yield from self._first_look(fresh, self._noted(first_look, now))
            if ready := self.of("ready", "busy"):
                if now() >= self.retry_at:
                    yield from self._act(ready, act, now, waiting.tell)
                else:
                    for item in ready:
                        item.phase = "busy"
            if not wait:
                for item in self.of("hold", "acted"):
                    leave(item, self.verb)
            if self.of("look") or self.of("ready"):
                continue
            limit = min(self.deadline, pause_at) if pause_at is not None else self.deadline
            if busy := self.of("busy"):
                if now() >= limit:
                    if now() >= self.deadline:
                        self._expire(busy, None)
                    return
                limit = min(limit, self.retry_at)
            if things := self.watched():
                first_delay = 0.0 if self.look_at_once else None
                if busy and first_delay is None:
                    # nothing hangs on the next look: what the service has no time for is asked for at its own times
                    first_delay = max(0.0, self.looked_at + waiting.poll_interval - now())
                report = yield from watch(
                    things,
                    self._noted(look, now),
                    waiting,
                    deadline=self.deadline,
                    pause_at=limit if limit < self.deadline else None,
                    known={item.id: item.known for item in self.items.values()},
                    failures=self.failed_looks,
                    first_delay=first_delay,
                    look_at_pause=not busy,
                    still=self._keep_still if self.quiet else None,
                )
                self.look_at_once, self._still = False, None
                self.merge(report, now())
                paused = report.ended == "pause" or (pause_at is not None and now() >= pause_at)
                if paused and not self.of("busy", "ready"):
                    return
            elif busy:
                yield Sleep(max(0.0, limit - now()))

    def _noted(self, look: Look, now: Callable[[], float]) -> Look:
        def noting(ids: Sequence[str], delay: float) -> Call[Mapping[str, Observation]]:
            seen = yield from look(ids, delay)
            self.looked_at = now()
            return seen

        return noting

    def _first_look(self, items: list[Item], look: Look) -> Call[None]:
        observations = yield from look([item.id for item in items], 0.0)
        for item in items:
            observation = observations.get(item.id)
            if observation is None or (observation.status is None and observation.error is None):
                item.fail(WatchFailed(f"{item.id}: the service shows no status for it"))
            elif observation.error is not None:
                item.fail(observation.error)
            else:
                item.made.update(observation.facts)
                place(item, self.verb, str(observation.status))

    def _act(self, items: list[Item], act: Act, now: Callable[[], float], tell: Callable[[str], None]) -> Call[None]:
        for item in items:
            item.phase = "ready"
        asked_at = now()
        answers = yield from act([item.id for item in items])
        for item in items:
            error = answers.get(item.id)
            if error is None:
                item.phase, item.acted_at = "acted", asked_at
            elif possibly_done(error):
                tell(f"{item.id}: {error} Looking what came of it.")
                item.phase, item.acted_at, item.unclear = "acted", asked_at, error_to_event(error)
            elif isinstance(error, ApiError) and self._worth_a_wait(error.code, now()):
                tell(f"{item.id}: {error}")
                item.phase, item.code = "busy", error.code
            elif isinstance(error, Conflict) and error.state in self.verb.already:
                tell(f"{item.id}: {error} Somebody else was faster.")
                item.phase, item.acted_at, item.found = "acted", asked_at, True
            elif isinstance(error, Conflict) and item.conflicts < _CONFLICTS_FORGIVEN:
                tell(f"{item.id}: {error} Looking again.")
                item.phase, item.conflicts = "look", item.conflicts + 1
            else:
                item.fail(error)
        if self.of("busy") and self.busy_pause is not None:
            self.retry_at = now() + self.busy_pause(now())
        elif self.of("busy"):
            low, high = BUSY_PAUSE
            self.tries += 1
            self.retry_at = now() + min(high, low * 1.5 ** (self.tries - 1)) * (0.75 + random.random() / 2)  # noqa: S311 -- jitter

    def _worth_a_wait(self, code: str | None, now: float) -> bool:
        return code in self.verb.busy or (code in self.verb.scarce and now < self.scarce_until)

    def _expire(self, items: Sequence[Item], blind: PipelinesError | None) -> None:
        if blind is None:
            self.overdue += [item.id for item in items if item.phase == "acted"]
        for item in items:
            expire(item, self.verb, blind)

    def merge(self, report: Report, now: float) -> None:
        """Take in what a watch found, here or in the triggerer: whoever watched decides whether the time was up."""
        self.failed_looks = report.failures
        for id, seen in report.seen.items():
            if (item := self.items.get(id)) is not None and item.phase in {"hold", "acted"}:
                take(item, self.verb, seen, now, self.deadline)
        still = self.of("hold", "acted")
        if report.ended == "blind":
            error = report.error or WatchFailed("the wait ended without a reason")
            for item in still:
                item.fail(error, "unknown" if item.phase == "acted" else "failed")
        elif report.ended == "deadline":
            self._expire(still, report.error)

    def outcomes(self, id_of: Callable[[str], str | int] = str) -> list[Outcome]:
        """Give what became of each thing."""
        return [
            Outcome(
                id=id_of(item.id),
                verb=self.verb.name,
                result=item.result or "unknown",
                before=item.before,
                after=item.known,
                message=item.message,
                code=item.code,
                made=item.made,
            )
            for item in self.items.values()
        ]

    def failure(self) -> PipelinesError | None:
        """Give the one error of the work, or None if all is well."""
        bad = [item for item in self.items.values() if item.error is not None]
        if not bad:
            return None
        if len(self.items) == 1:
            return error_from_event(bad[0].error)
        listed = "; ".join(f"{item.id}: {item.message}" for item in bad)
        return WatchFailed(f"{self.verb.name} failed for {len(bad)} of {len(self.items)}: {listed}")

    @property
    def asked(self) -> list[str]:
        """Give the ids of the things that the action was sent for, now or by an earlier attempt."""
        return [item.id for item in self.items.values() if (item.acted_at and not item.found) or item.asked]

    @property
    def under_way(self) -> list[str]:
        """Give the ids of the things that were acted on and are not done."""
        return [item.id for item in self.of("acted") if not item.found]

    def errors(self) -> list[PipelinesError]:
        """Give every item's error."""
        return [error_from_event(item.error) for item in self.items.values() if item.error is not None]
