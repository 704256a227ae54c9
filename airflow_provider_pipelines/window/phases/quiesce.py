"""Brings to rest what the snapshot found running, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.errors import WatchFailed
from airflow_provider_pipelines.window.fleets.base import NOT_AGAIN
from airflow_provider_pipelines.window.phases.attempt import Attempt
from airflow_provider_pipelines.window.record.intents import IntentLog, intents_of
from airflow_provider_pipelines.window.record.model import Progress

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.coordination.coordinator import Coordinator
    from airflow_provider_pipelines.window.phases.scope import Dependencies
    from airflow_provider_pipelines.window.record.model import Intent, Plan, Thing


class StillRunning(WatchFailed):
    """Something could not be brought to rest, and that is decided: the window's policy says what follows."""

    retryable = False


class Quiesce(Attempt):
    """
    One attempt to bring a window's things to rest.

    :param dependencies: what comes from outside
    :param hooks: makes the hooks that may be used
    :param attempt: the try number of the task; its notes are its own
    :param deadline: Unix time at which the attempt ends
    :param poll_interval: seconds, the longest time between two looks
    :param killed: tells whether the task was asked to end
    :param defer_after: seconds of mere waiting before it is left to the triggerer, or None for never
    """

    def __init__(
        self,
        dependencies: Dependencies,
        hooks: Callable[[Plan], Sequence[Any]],
        attempt: int,
        deadline: float,
        poll_interval: float,
        killed: Callable[[], bool] = lambda: False,
        defer_after: float | None = None,
    ) -> None:
        super().__init__(dependencies, hooks, poll_interval, killed, defer_after)
        self.deadline = deadline
        self._notes: dict[str, str] = {}
        self._begin(attempt)

    def _begin(self, attempt: int) -> None:
        """Name this attempt, and take over what earlier ones have noted."""
        records, generation = self._records, self.plan.generation
        self._check()
        parts = records.progress_of(generation)
        noted = intents_of(parts)
        waited = list(dict.fromkeys(key for part in parts for key in part.waited))
        self._progress = Progress(generation=generation, attempt=attempt, marks=noted, waited=waited)
        # first what it has to say, then its name: an attempt that is named and says nothing is an error
        records.keep_progress(self._progress)
        records.register(attempt)
        self.intents = IntentLog(noted, self._keep)
        self.intents.waited = waited
        #: what the window targets; of what it only brings back nothing is stopped
        self._targeted = [thing for thing in self.plan.things if not thing.carried]

    def _keep(self, noted: dict[str, Intent]) -> None:
        self._progress.marks, self._progress.waited = noted, list(self.intents.waited)
        self._records.keep_progress(self._progress)

    def _check(self) -> None:
        """
        Ask whether anything may still be written.

        :raises WatchFailed: the task was killed, or restore or another snapshot has begun
        """
        if self._killed():
            raise WatchFailed("the task was asked to end: nothing more is stopped.")
        generation = self.plan.generation
        phase, counts = self._records.standing()
        if phase is not None and phase.generation >= generation:
            raise WatchFailed(
                f"window {self._records} is {phase.phase} already: nothing more is stopped. Clear its work task to "
                "begin again."
            )
        if counts > generation:
            raise WatchFailed(f"window {self._records} has a newer snapshot: this attempt stops nothing more.")

    def _run(self) -> dict[str, Any] | None:
        """
        Bring everything to rest.

        :raises StillRunning: something could not be stopped, and the policy is ``restore``
        :raises PipelinesError: it is not known how things are; another attempt goes on from here
        """
        self.places.open()
        at_work = {thing.target for thing in self._targeted}
        if broken := [error for at, error in self.places.errors.items() if at in at_work]:
            raise broken[0]
        self._check_claims()
        self.coordinator = self._bring_together(self._targeted, "stopped")
        try:
            if not self.coordinator.run(lambda participant: participant.bring_down()):
                return None
        finally:
            # also what was asked for and did not come to an end is worth knowing
            participants = self.coordinator.participants.values()
            self._tell("partly", [outcome for participant in participants for outcome in participant.outcomes.values()])
        return self._conclude(self.coordinator)

    def _check_claims(self) -> None:
        ids: dict[str, list[str]] = {}
        for thing in self.plan.things:
            ids.setdefault(self.plan.places[thing.target].identity, []).append(thing.id)
        for identity in sorted(ids):
            self._dependencies.claiming(identity).check(ids[identity])

    def _conclude(self, coordinator: Coordinator) -> dict[str, Any]:
        failures = self._failures(coordinator)
        if coordinator.errors and not failures:
            raise next(iter(coordinator.errors.values()))
        failures.update(self._last_look(coordinator, failures))
        result = self._tell("partly" if failures else "quiet", self._outcomes(coordinator, failures))
        self._progress.refused = {key: self._kind(coordinator, key) for key in failures}
        self._progress.quiet = not failures or self.plan.on_quiesce_failure == "continue"
        self._records.keep_progress(self._progress)
        if not failures:
            return result
        named = "; ".join(f"{name}: {reason}" for name, reason in failures.values())
        # a run counts for its pipeline
        bad = {key.partition("/")[0] for key in failures}
        counted = {thing.key for thing in self._targeted if thing.runs or thing.key in bad}
        said = f"{len(bad & counted)} of {len(counted)} could not be brought to rest: {named}"
        if self.plan.on_quiesce_failure == "continue":
            self._dependencies.tell(f"{said} Work runs all the same, as on_quiesce_failure says; the run will be red.")
            return result
        raise StillRunning(f"{said} Work does not run, and what was stopped is brought back.")

    @staticmethod
    def _kind(coordinator: Coordinator, key: str) -> str:
        """Give the kind of an error for the record, which holds no text of the vendors'."""
        error = next(
            (participant.errors[key] for participant in coordinator.participants.values() if key in participant.errors),
            None,
        )
        return "at work" if error is None else type(error).__name__

    def _failures(self, coordinator: Coordinator) -> dict[str, tuple[str, str]]:
        found = {}
        for participant in coordinator.participants.values():
            by_key = {thing.key: thing for thing in participant.things}
            for key, error in participant.errors.items():
                if gone(error):
                    self._notes[key] = "It is gone."
                    continue
                thing = by_key.get(key) or by_key.get(key.partition("/")[0])
                found[key] = (_named(thing) if thing is not None else key, str(error))
        if found:
            for name, error in coordinator.errors.items():
                found[f"place {name}"] = (self.plan.places[int(name)].service, str(error))
        return found

    def _last_look(self, coordinator: Coordinator, failures: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """Look once more at everything before work begins: what runs now would be worked on while it is live."""
        seen = coordinator.look()
        found = {}
        for thing in self._targeted:
            fleet = self.places.fleets[thing.target]
            observation = seen.get(thing.key)
            if thing.key in failures:
                continue
            if observation is None or (observation.status is None and observation.error is None):
                found[thing.key] = (_named(thing), "it shows no status before work begins.")
            elif observation.status is not None and fleet.meaning(observation.status) != "rests":
                found[thing.key] = (_named(thing), f"it is {observation.status} at the last look before work begins.")
            elif observation.error is not None and not gone(observation.error):
                found[thing.key] = (_named(thing), f"it cannot be seen before work begins: {observation.error}")
        return found

    def _outcomes(self, coordinator: Coordinator, failures: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
        found = []
        for participant in coordinator.participants.values():
            for key, outcome in participant.outcomes.items():
                said = dict(outcome)
                item = participant.items[key]
                if key in failures:
                    said["result"], said["message"] = "failed", failures[key][1]
                elif key in self._notes and "/" in key and key in self.intents.noted:
                    # a run that was taken out of the queue is shown nowhere any more
                    said["result"], said["message"], said["code"] = "done", f"It is gone.{NOT_AGAIN}", None
                elif key in self._notes:
                    said["result"], said["message"] = "unknown", self._notes[key]
                elif item.result == "already" and "/" not in key and key not in self.intents.noted:
                    asked = any(thing.key == key and thing.asked for thing in participant.things)
                    if not asked:
                        said["message"] = (
                            f"It was {item.known} before its stop was sent: this window did not stop it, and will not "
                            "start it."
                        )
                found.append(said)
            known = {thing.key: thing for thing in participant.things}
            for key in self.intents.waited:
                pipeline, _, run = key.partition("/")
                if pipeline in known and key not in participant.outcomes:
                    found.append(participant.ended_run(known[pipeline], run, stopped=key in self.intents.noted))
            for key in failures.keys() & known.keys() - participant.outcomes.keys():
                found.append(participant.failed(known[key], failures[key][1]))
        return found


def _named(thing: Thing) -> str:
    return f"{thing.name} ({thing.id})" if thing.name else thing.id
