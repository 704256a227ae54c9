"""The records of window runs: which parts there are, under which keys, and in which order they are read and written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import BaseModel

from airflow_provider_pipelines.core.checks import from_json
from airflow_provider_pipelines.window.record import model
from airflow_provider_pipelines.window.record.intents import intents_of
from airflow_provider_pipelines.window.record.store import CheckedStore, key_of

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.record.store import Store

M = TypeVar("M", bound=BaseModel)


class RecordRepository:
    """
    The records of one window run.

    :param store: where they are kept
    :param window: ``DAG_ID/GROUP_ID``
    :param run_id: the DAG run
    :param canary: a key that is known to exist, instead of this run's own control key
    """

    def __init__(self, store: Store, window: str, run_id: str, canary: str | None = None) -> None:
        self.store = store
        self.window = window
        self.run_id = run_id
        self.control = key_of("control", window, run_id)
        self._counts = key_of("generation", window, run_id)
        self.texts = CheckedStore(store, str(self), canary or self.control)

    def __str__(self) -> str:
        return f"{self.window}, run {self.run_id}"

    def begin(self) -> None:
        """
        Write the control key, and read it back: from now on absence can be told from an outage.

        It never changes, so that writing it again does no harm where it could not be read.

        :raises RecordUnreadable: the store cannot be written or read
        """
        if self.store.get(self.control) is None:
            self._write_down(self.control, "control")

    def announce(self, generation: int) -> None:
        """
        Say which snapshot counts: what belongs to an earlier one writes no more.

        :raises RecordUnreadable: the store cannot be written or read
        """
        self._write_down(self._counts, "generation", generation=generation)

    def _write_down(self, key: str, name: str, **more: int) -> None:
        text = json.dumps({"version": 1, "window": self.window, "run_id": self.run_id, **more}, sort_keys=True)
        self.texts.write_down(key, text, f"maintenance window {self}: {name}")

    def generation(self) -> int:
        """
        Give the number of the snapshot that counts.

        :raises RecordUnreadable: it cannot be read
        """
        text = self.store.get(self._counts)
        found = from_json(text) if text is not None else None
        number = found.get("generation") if isinstance(found, dict) else None
        if not isinstance(number, int):
            raise self.texts.unreadable("which of its snapshots counts cannot be read")
        return number

    def beside(self, window: str, run_id: str) -> RecordRepository:
        """Give the records of another run, with our control key to tell absence by."""
        return RecordRepository(self.store, window, run_id, self.texts.canary)

    # reading

    def _part(self, kind: type[M], *parts: str) -> M | None:
        text = self.texts.look_up(key_of(*parts, self.window, self.run_id))
        return None if text is None else model.read(kind, text, str(self))

    def plan(self) -> model.Plan | None:
        """Give the plan."""
        plan = self._part(model.Plan, "plan")
        if plan is not None and (plan.window, plan.run_id) != (self.window, self.run_id):
            raise self.texts.unreadable(f"it is that of {plan.window}, run {plan.run_id}")
        return plan

    def needed_plan(self) -> model.Plan:
        """
        Give the plan, which has to be there.

        :raises RecordUnreadable: it is not
        """
        plan = self.plan()
        if plan is None:
            raise self.texts.unreadable("there is none")
        return plan

    def phase(self) -> model.Phase | None:
        """Give what restore wrote."""
        return self._part(model.Phase, "phase")

    def standing(self) -> tuple[model.Phase | None, int]:
        """
        Give what restore wrote, and the number of the snapshot that counts: by few reads, as before each write.

        The one is read on both sides of the other, so that no single read that fails lets a write through.

        :raises RecordUnreadable: it cannot be told
        """
        key = key_of("phase", self.window, self.run_id)
        text = self.store.get(key)
        generation = self.generation()
        text = text if text is not None else self.store.get(key)
        return (None if text is None else model.read(model.Phase, text, str(self))), generation

    def handed(self) -> model.Handed | None:
        """Give what later windows have taken over."""
        return self._part(model.Handed, "handed")

    def attempts(self) -> list[int]:
        """Give the numbers of the attempts of quiesce."""
        part = self._part(model.Attempts, "attempts")
        if part is None:
            raise self.texts.unreadable("the list of its attempts is missing")
        return part.attempts

    def progress(self) -> list[model.Progress]:
        """
        Give what the attempts of quiesce wrote, all of them.

        :raises RecordUnreadable: one of them cannot be read
        """
        return [self._attempt(number) for number in self.attempts()]

    def progress_of(self, generation: int) -> list[model.Progress]:
        """
        Give what the attempts since a snapshot wrote, in the order in which they were named.

        :raises RecordUnreadable: an attempt of any snapshot cannot be read
        """
        return [part for part in self.progress() if part.generation == generation]

    def intents(self, generation: int) -> dict[str, model.Intent]:
        """
        Give the intents to stop that were noted since a snapshot, by the thing's key.

        :raises RecordUnreadable: an attempt of any snapshot cannot be read
        """
        return intents_of(self.progress_of(generation))

    def _attempt(self, number: int) -> model.Progress:
        part = self._part(model.Progress, f"progress{number}")
        if part is None:
            raise self.texts.unreadable(f"what attempt {number} of quiesce wrote is missing")
        return part

    def close(self, plan: model.Plan, by: Literal["task", "hand", "window"], now: float) -> None:
        """Close the record."""
        phase = self.phase()
        if phase is not None and phase.generation > plan.generation:
            return
        if phase is None or phase.generation != plan.generation:
            phase = model.Phase(generation=plan.generation, phase="closed", turned_at=now)
        phase.phase, phase.by = "closed", by
        self.keep_phase(phase)

    def judged(self) -> model.Judged | None:
        """Give what verdict wrote."""
        return self._part(model.Judged, "judged")

    def keep_judged(self, part: model.Judged) -> None:
        """Write what verdict has judged."""
        self._keep("judged", part)

    def closed(self, plan: model.Plan) -> bool:
        """Tell whether the record is closed."""
        phase = self.phase()
        return phase is not None and phase.phase == "closed" and phase.generation >= plan.generation

    # writing

    def _keep(self, name: str, part: BaseModel) -> None:
        key = key_of(name, self.window, self.run_id)
        self.store.set(key, model.write(part), f"maintenance window {self}: {name}")

    def keep_plan(self, plan: model.Plan) -> None:
        """
        Write the plan, and read it back.

        :raises RecordUnreadable: it is not there
        """
        self._keep("plan", plan)
        if self.plan() != plan:
            raise self.texts.not_read_back()

    def begin_attempts(self) -> None:
        """Write that there was no attempt of quiesce yet; from then on it is an error if that cannot be read."""
        self._keep("attempts", model.Attempts())

    def register(self, attempt: int) -> None:
        """
        Name an attempt of quiesce, so that what it writes is found.

        :raises RecordUnreadable: it is not named
        """
        if attempt not in (known := self.attempts()):
            self._keep("attempts", model.Attempts(attempts=[*known, attempt]))
            if attempt not in self.attempts():
                raise self.texts.not_read_back()

    def keep_progress(self, part: model.Progress) -> None:
        """Write what an attempt of quiesce has done."""
        self._keep(f"progress{part.attempt}", part)

    def keep_phase(self, part: model.Phase) -> None:
        """Write how far things are brought back."""
        self._keep("phase", part)

    def keep_handed(self, part: model.Handed) -> None:
        """Write what a later window has taken over."""
        self._keep("handed", part)

    def drop(self) -> None:
        """Drop all of it."""
        numbers = self.attempts()
        # the plan goes first: without it nobody misses the rest
        for name in ("plan", *(f"progress{number}" for number in numbers), "attempts", "handed", "judged", "phase"):
            self.store.delete(key_of(name, self.window, self.run_id))
        self.store.delete(self._counts)
        self.store.delete(self.control)

    # what several runs share

    def last_run(self) -> str | None:
        """Give the run that had the latest record of this window."""
        text = self.texts.look_up(key_of("last", self.window))
        return None if text is None else model.read(model.Last, text, self.window).run_id

    def keep_last_run(self) -> None:
        """Note that this run has the latest record of this window."""
        text = model.write(model.Last(window=self.window, run_id=self.run_id))
        self.store.set(key_of("last", self.window), text, f"maintenance window {self.window}: last run")

    def claims(self, identity: str) -> model.Claims:
        """Give all claims in an organisation or project."""
        text = self.texts.look_up(key_of("claims", identity))
        return model.Claims() if text is None else model.read(model.Claims, text, f"claims in {identity}")

    def keep_claims(self, identity: str, claims: model.Claims) -> None:
        """Write all claims in an organisation or project."""
        self.store.set(key_of("claims", identity), model.write(claims), f"maintenance windows: claims in {identity}")
