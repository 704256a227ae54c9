"""Lets the participants of a window work side by side, and says how far they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.http.side_by_side import side_by_side
from airflow_provider_pipelines.window.coordination.participant import Participant

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.errors import PipelinesError
    from airflow_provider_pipelines.window.coordination.places import Places
    from airflow_provider_pipelines.window.coordination.terms import Terms
    from airflow_provider_pipelines.window.record.intents import IntentLog
    from airflow_provider_pipelines.window.record.model import Thing

#: seconds without a line after which one says how far things are
PROGRESS = 60.0
#: seconds that a wait lasts at least, as long as there is something to wait for
SHORTEST_REST = 0.05


class Coordinator:
    """
    The participants of a task.

    :param places: the fleets
    :param things: the things that are worked on
    :param intents: where intents are noted
    :param terms: what all participants have in common
    :param done: a word for what a thing is when it is done, for progress lines
    """

    def __init__(
        self, places: Places, things: Sequence[Thing], intents: IntentLog, terms: Terms, clock: Clock, done: str
    ) -> None:
        self._terms = replace(terms, tell=self._say)
        self._clock = clock
        self._done = done
        self._spoken_at = clock.time()
        self._tell = terms.tell
        self.participants: dict[str, Participant] = {}
        for at, fleet in places.fleets.items():
            own = [thing for thing in things if thing.target == at]
            self.participants[str(at)] = Participant(fleet, places.plan.places[at].identity, own, intents, self._terms)
        self.errors: dict[str, PipelinesError] = {}

    def run(self, work: Callable[[Participant], Call[None]]) -> bool:
        """
        Let all participants work side by side.

        :returns: whether all of it is over; else nothing but waiting is left, which :attr:`waiting` tells
        """
        now = self._clock.time
        self._terms.begin(now())
        running_calls = {
            name: participant.running_call(work(participant)) for name, participant in self.participants.items()
        }
        ended = side_by_side(running_calls, now, self._rest, again=lambda: self._terms.begin(now()))
        if ended is None:
            return False
        self.errors.update(ended.errors)
        return True

    def look(self) -> dict[str, Observation]:
        """
        Look at all things once, by their keys.

        :raises PipelinesError: they cannot be seen
        """
        running_calls = {
            name: participant.running_call(participant.look()) for name, participant in self.participants.items()
        }
        ended = side_by_side(running_calls, self._clock.time, self._clock.sleep)
        if ended is None or ended.errors:
            raise next(iter(ended.errors.values())) if ended is not None else AssertionError
        return {key: observation for seen in ended.results.values() for key, observation in seen.items()}

    @property
    def waiting(self) -> list[Participant]:
        """The participants that have something to wait for, the one with most of it first."""
        busy = [
            participant
            for participant in self.participants.values()
            if participant.current is not None and not participant.current[1].finished
        ]
        return sorted(
            busy, key=lambda participant: -len(participant.current[1].watched() if participant.current else ())
        )

    def _say(self, line: str) -> None:
        self._spoken_at = self._clock.time()
        self._tell(line)

    def _rest(self, seconds: float) -> None:
        """Wait, and say once a minute how far things are."""
        end = self._clock.time() + seconds
        while (left := end - self._clock.time()) > 0:
            due = self._spoken_at + PROGRESS - self._clock.time()
            self._clock.sleep(min(left, max(due, SHORTEST_REST)))
            self._progress()

    def _progress(self) -> None:
        if self._clock.time() - self._spoken_at < PROGRESS:
            return
        standings = [participant.standing() for participant in self.participants.values()]
        done, total = sum(one[0] for one in standings), sum(one[1] for one in standings)
        slow = [name for one in standings for name in one[2]]
        more = f" and {len(slow) - 5} more" if len(slow) > 5 else ""
        self._say(f"{done}/{total} {self._done}, {len(slow)} waiting: {', '.join(slow[:5])}{more}")
