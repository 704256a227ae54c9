"""Brings back what a window stopped, exactly that, and is done only when it was seen twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.core.http.side_by_side import Halt
from airflow_provider_pipelines.errors import AuthenticationError, PipelinesError, WatchFailed
from airflow_provider_pipelines.window.phases.attempt import Attempt
from airflow_provider_pipelines.window.phases.restore_report import RestoreReport
from airflow_provider_pipelines.window.phases.waits import Waits
from airflow_provider_pipelines.window.record.intents import IntentLog
from airflow_provider_pipelines.window.record.model import Phase

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.coordination.coordinator import Coordinator
    from airflow_provider_pipelines.window.phases.scope import Dependencies
    from airflow_provider_pipelines.window.record.model import Intent, Plan, Thing

#: seconds that an attempt waits for things that were asked for, before Airflow's next attempt looks anew
PATIENCE = 3600.0
#: seconds more for each thing, since some services start one at a time
EACH = 60.0
#: how often a thing that is stopped again meanwhile is brought back in one attempt
ROUNDS = 5
#: from so many things on, all of them being gone at once is taken for a lack of permission
NOT_ALL_GONE = 3


class NotRestored(WatchFailed):
    """Something is not back; the next attempt touches only that."""


class Restore(Attempt):
    """
    One attempt to bring a window's things back.

    :param dependencies: what comes from outside
    :param hooks: makes the hooks that may be used
    :param poll_interval: seconds, the longest time between two looks
    :param killed: tells whether the task was asked to end
    :param defer_after: seconds of mere waiting before it is left to the triggerer, or None for never
    :param by: who does it: the ``task``, or somebody by ``hand``
    :param deadline: Unix time at which the attempt ends, or None for :data:`PATIENCE` seconds from now
    """

    def __init__(
        self,
        dependencies: Dependencies,
        hooks: Callable[[Plan], Sequence[Any]],
        poll_interval: float,
        killed: Callable[[], bool] = lambda: False,
        defer_after: float | None = None,
        by: str = "task",
        deadline: float | None = None,
    ) -> None:
        super().__init__(dependencies, hooks, poll_interval, killed, defer_after)
        self._by = by
        #: what a later window has taken over is that window's to bring back
        self._given = self._taken_over()
        usual = self._clock.time() + PATIENCE + EACH * len(self.plan.things)
        self.deadline = usual if deadline is None else deadline
        self._told = RestoreReport(self.plan, self.places)
        self._waits = Waits(self._clock, killed, dependencies.tell)

    def _check(self) -> None:
        if self._killed():
            raise WatchFailed("the task was asked to end: nothing more is started. Clear it to go on.")
        own = self.plan.generation
        # a snapshot that died may have announced what it never wrote: then the plan that there is counts
        if self._records.generation() > own and self._records.needed_plan().generation > own:
            raise WatchFailed(f"window {self._records} has a newer snapshot: this attempt starts nothing more.")
        if self._taken_over() != self._given:
            raise WatchFailed(
                f"a later window has taken things over from window {self._records}: nothing more is done."
            )

    def _taken_over(self) -> set[str]:
        handed = self._records.handed()
        return set(handed.things) if handed is not None and handed.generation >= self.plan.generation else set()

    def _run(self) -> dict[str, Any] | None:
        """
        Bring everything back.

        :raises NotRestored: something is not back, named with its reason
        :raises RecordUnreadable: the record cannot be read; nothing was done
        """
        records = self._records
        before = records.phase()
        if before is not None and before.phase == "closed" and before.generation >= self.plan.generation:
            self._dependencies.tell(f"window {records} is closed: nothing is to be brought back.")
            return self._tell("nothing to do", [])
        self._turn(before)
        self.places.open()
        try:
            if not self._bring_back():
                return None
            self._keep_phase()
        except AuthenticationError as error:
            self._waits.for_credentials([error])
            raise
        finally:
            self._tell("partly", self._outcomes)
        records.close(self.plan, "hand" if self._by == "hand" else "task", self._clock.time())
        self._withdraw()
        return self._tell("restored" if self._outcomes else "nothing to do", self._outcomes)

    @property
    def _outcomes(self) -> list[dict[str, Any]]:
        return list(self._told.outcomes.values())

    def _turn(self, before: Phase | None) -> None:
        """Turn the record to *restoring*: from now on quiesce stops nothing more."""
        if before is None or before.generation < self.plan.generation:
            before = Phase(generation=self.plan.generation, phase="restoring", turned_at=self._clock.time())
            self._records.keep_phase(before)
            if self._records.phase() != before:
                raise WatchFailed("the record was turned to restoring, and does not show it. A retry tries again.")
        self._phase = before
        self.intents = IntentLog(before.marks, self._keep)

    def _keep(self, noted: dict[str, Intent]) -> None:
        self._phase.marks = noted
        self._keep_phase()

    def _keep_phase(self) -> None:
        """Write the phase, unless somebody else has closed the record or begun anew meanwhile."""
        now, _ = self._records.standing()
        if now is not None and (
            now.generation > self._phase.generation
            or (now.generation == self._phase.generation and now.phase == "closed")
        ):
            closed = f"window {self._records} was closed by somebody else meanwhile: look at its report."
            raise Halt(WatchFailed(closed))
        self._phase.missing = list(self._told.missing)
        self._records.keep_phase(self._phase)

    def _wanted(self, stops: Mapping[str, Intent]) -> list[Thing]:
        """Give what is to be brought back: what ran, and was asked to stop, and is no later window's."""
        return [
            thing
            for thing in self.plan.things
            if thing.runs and (thing.asked or thing.key in stops) and thing.key not in self._given
        ]

    def _bring_back(self) -> bool:
        for round in range(ROUNDS):
            stops = self._stops()
            wanted = self._wanted(stops)
            if round == 0:
                self._look_at_the_others(wanted)
                self._told.stopped_runs(stops)
            self.coordinator = self._bring_together(wanted, "back")
            if not self.coordinator.run(lambda participant, stops=stops: participant.bring_back(stops)):  # type: ignore[misc]  # a default
                return False
            self._judge(self.coordinator, wanted)
            if not wanted:
                return True
            self._waits.for_the_fence(self._phase.turned_at, self.places.slowest())
            late = self._stopped_again()
            if not late:
                return True
            for thing in late:
                self._dependencies.tell(f"{thing.name} ({thing.id}) was stopped once more meanwhile; bringing it back.")
                self.intents.withdraw(thing.key)
            self.intents.flush()
        raise NotRestored(
            f"after {ROUNDS} rounds things are stopped again and again: "
            f"{', '.join(f'{thing.name} ({thing.id})' for thing in late)}. Find out who stops them."
        )

    def _stops(self) -> dict[str, Intent]:
        """Give every intent to stop, of this run and of those whose things it has taken over."""
        found: dict[str, Intent] = {}
        sources = [(self._records, self.plan.generation)]
        sources += [(self._records.beside(one.window, one.run_id), one.generation) for one in self.plan.former]
        for records, generation in reversed(sources):
            if records.plan() is None:
                continue  # closed long ago, and dropped
            found.update(records.intents(generation))
        return found

    def _look_at_the_others(self, wanted: Iterable[Thing]) -> None:
        """Note how things are that ran and were not stopped by this window."""
        known = {thing.key for thing in wanted}
        left = [thing for thing in self.plan.things if thing.runs and thing.key not in known]
        left = [thing for thing in left if thing.target in self.places.fleets]
        if not left:
            return
        try:
            seen = self._bring_together(left, "seen").look()
        except PipelinesError as error:
            self._dependencies.tell(f"what this window did not stop could not be looked at: {error}")
            return
        unseen = [one.error for one in seen.values() if one.error is not None and not gone(one.error)]
        if unseen:
            self._dependencies.tell(f"what this window did not stop could not be looked at: {unseen[0]}")
        for thing in left:
            self._told.left_alone(thing, seen.get(thing.key))

    def _judge(self, coordinator: Coordinator, wanted: Sequence[Thing]) -> None:
        """
        Take in what came of each thing.

        :raises NotRestored: something is not back
        """
        reasons: dict[str, str] = {}
        errors: list[PipelinesError] = [*coordinator.errors.values(), *self.places.reasons]
        for thing in wanted:
            participant = coordinator.participants.get(str(thing.target))
            error = (
                self.places.errors.get(thing.target)
                if participant is None
                else participant.errors.get(thing.key)
                or (None if thing.key in participant.items else coordinator.errors.get(str(thing.target)))
            )
            if participant is not None and thing.key in participant.outcomes:
                self._told.came_of(thing, participant.outcomes[thing.key])
            if error is None:
                continue
            own = participant is not None and participant.errors.get(thing.key) is error
            if own and gone(error) and not self._all_gone(coordinator, thing):
                self._told.seems_gone(thing)
                continue
            errors.append(error)
            if own:
                # it has come to its end: the next attempt looks, and asks anew
                self.intents.withdraw(thing.key)
            reasons[f"{thing.name} ({thing.id})" if thing.name else thing.id] = str(error)
            self._told.failed(thing, str(error))
        if not reasons:
            return
        self.intents.flush()
        self._waits.for_credentials(errors)
        named = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
        raise NotRestored(f"{len(reasons)} of {len(wanted)} are not back: {named}")

    def _all_gone(self, coordinator: Coordinator, thing: Thing) -> bool:
        """Tell whether everything of a place seems to be gone, which is what a lost permission looks like."""
        participant = coordinator.participants[str(thing.target)]
        return len(participant.things) >= NOT_ALL_GONE and all(
            gone(participant.errors.get(one.key)) for one in participant.things
        )

    def _stopped_again(self) -> list[Thing]:
        """Look a second time at everything that is to be back."""
        stops = self._stops()
        wanted = self._wanted(stops)
        seen = self._bring_together(wanted, "back").look()
        found = []
        for thing in wanted:
            observation = seen.get(thing.key)
            if observation is not None and gone(observation.error):
                self._told.is_gone(thing)
            elif observation is None or observation.status is None:
                raise NotRestored(f"{thing.name} ({thing.id}) could not be seen a second time. A retry looks again.")
            elif not self._is_back(thing, observation.status):
                found.append(thing)
        return found

    def _is_back(self, thing: Thing, status: str) -> bool:
        """Tell whether it runs, or has run to its end since it was started."""
        participant = self.coordinator.participants[str(thing.target)] if self.coordinator is not None else None
        item = participant.items.get(thing.key) if participant is not None else None
        fleet = self.places.fleets[thing.target]
        return fleet.back(status) or (item is not None and item.result == "done" and status in fleet.ends)

    def _withdraw(self) -> None:
        try:
            for identity in {place.identity for place in self.plan.places}:
                self._dependencies.claiming(identity).withdraw()
        except PipelinesError as error:
            self._dependencies.tell(
                f"a claim could not be withdrawn; it is seen through, since the record is closed: {error}"
            )
