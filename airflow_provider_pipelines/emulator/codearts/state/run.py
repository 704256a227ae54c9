"""A CodeArts run: when its steps end, and how it is stopped, refused, put off or tried again."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.emulator.codearts.state import plan as plans
from airflow_provider_pipelines.emulator.codearts.state.steps import ENDED, Steps
from airflow_provider_pipelines.emulator.things import Passing, Settings, Step

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.plan import Place


#: how often the delayed execution of a step may be put off, each time by an hour
MOST_DELAYS = 3
_SIMPLE = plans.read("", plans.SIMPLE)


class Run(Passing):
    """
    A pipeline run.

    ``outcome`` is the status with which its last working step ends, and so the run; ``run_seconds`` is what its working
    steps take together, where they do not say it themselves. ``refuses_stop`` counts the next stops that are answered
    with ``success: false``. ``position`` is the place of the step that is being done, ``verdict`` the status that the
    run will have because something went wrong already.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "status": "RUNNING",
        "run_number": 1,
        "start_time": 0,
        "end_time": None,
        "trigger_type": "Manual",
        "executor_id": "00000000000000000000000000e3c000",
        "executor_name": "emulator",
        "description": "",
        "sources": [],
        "variables": [],
        "choose_jobs": [],
        "choose_stages": [],
        "outcome": "COMPLETED",
        "run_seconds": None,
        "stop_seconds": None,
        "refuses_stop": 0,
        "stages": [],
        "position": -1,
        "verdict": "",
    }
    FINAL = ENDED
    OPTIONAL: ClassVar[Mapping[str, type]] = {"end_time": int, "run_seconds": float, "stop_seconds": float}

    def __init__(self, id: str, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        plan = plans.read(id, given["stages"]) if given.get("stages") else _SIMPLE
        super().__init__(id, {**given, "stages": plans.named(plan, id)}, settings, now)

    def found(self, now: int) -> None:
        """Put a run in the middle of its steps, according to its status."""
        if self.fields["position"] < 0:
            self.steps.start_from(self.status, now)

    @property
    def steps(self) -> Steps:
        """Its steps, which the fields hold."""
        return Steps(self.id, self.fields)

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop and has not done so yet."""
        return bool(self.pending) and "stopping" in self.pending[-1].changes

    def usual_course(self, now: int) -> list[Step]:
        """Let what runs go on to its end, or to where it stands still."""
        self.pending = []
        if self.status == "INIT":
            self.begin(now)
        elif self.status in ("RUNNING", "PAUSED", "SUSPEND"):
            self._go_on(now)
        return self.pending

    def begin(self, now: int) -> None:
        """Start to run."""
        starting = self.settings.codearts_init_seconds
        self.fields["position"] = self.steps.following(self.fields["position"])
        if starting:
            if self.status != "INIT":
                self.change("INIT", now)
            self.set_out(now, (starting, self.steps.status, {"position": self.fields["position"]}))
        else:
            self.change(self.steps.status, now)
            self._go_on(now)
            self.catch_up(now)

    def retry(self, now: int, jobs: list[str]) -> None:
        """Do again what went wrong, or the jobs with these ids, and everything after it."""
        before = deepcopy(self.fields)
        self.steps.take_back(jobs)
        self.begin(now)
        self.before = before

    def stop(self, now: int) -> None:
        """Take the request to stop; a second one changes nothing."""
        if self.stopping:
            return
        seconds = self.seconds("stop_seconds", "codearts_stop_seconds")
        word = "CANCELED" if self.status not in ("PAUSED", "SUSPEND") else self.settings.codearts_stopped_waiting
        immediate = self.settings.codearts_stop == "immediate"
        self.set_out(now, (0 if immediate else seconds, word, {"stopping": True}))

    def close(self, now: int, word: str, comment: str = "") -> None:
        """End the step that is being done, and go on with what follows."""
        here = self.steps.here
        if here is not None:
            here.step["comment"] = comment
        self.pending = []
        self.change(self.status, now, step=word)
        self._go_on(now)
        self.catch_up(now)

    def put_off(self, seconds: float) -> bool:
        """Let a delayed step wait longer; tell whether that was still allowed."""
        place = self.steps.here
        if place is None or place.step["delays"] >= MOST_DELAYS:
            return False
        place.step["delays"] += 1
        self.pending = [Step(one.at + round(seconds * 1000), one.status, one.changes) for one in self.pending]
        return True

    def change(self, status: str, at: int, **changes: Any) -> None:
        """Give the run another status, and its steps too; ``step`` is the status with which the present one ends."""
        before = deepcopy(self.fields)
        closing, _ = changes.pop("step", None), changes.pop("stopping", None)
        if closing is None:
            self.steps.align(status, at)
        else:
            status = self.steps.close(closing, at)
        super().change(status, at, **changes)
        self.before = before

    def catch_up(self, now: int) -> None:
        """Take the steps whose time has come; those planned here are followed by the next one."""
        while self.pending and self.pending[0].at <= now:
            step = self.pending.pop(0)
            self.change(step.status, step.at, **step.changes)
            if "step" in step.changes or "position" in step.changes:
                self._go_on(step.at)

    def _go_on(self, at: int) -> None:
        """Plan the end of the step that is being done."""
        self.pending = []
        place = self.steps.here
        if self.ended:
            return
        if place is None:
            self.pending = [Step(at, self.fields["verdict"] or "COMPLETED")]
            return
        seconds, closing = self._lasts(place)
        if seconds is not None:
            verdict = self.fields["verdict"] or ("" if closing == "COMPLETED" else closing)
            following = self.steps.following(self.fields["position"] + 1, verdict)
            status = self.steps.status_at(following, verdict)
            self.pending = [Step(at + round(seconds * 1000), status, {"step": closing})]

    def _lasts(self, place: Place) -> tuple[float | None, str]:
        """Return how long a step takes, None for ever, and the status with which it then ends."""
        own = place.step["seconds"]
        if place.kind in ("review", "manual"):
            return own, self.settings.codearts_refused
        if place.kind == "suspend":
            return own, "COMPLETED"
        if place.kind == "delay":
            return self.settings.codearts_delay_seconds if own is None else own, "COMPLETED"
        work = self.steps.working
        sharing = sum(one.step["seconds"] is None for one in work)
        if own is None:
            own = self.seconds("run_seconds", "codearts_run_seconds") / sharing
        if place.step["fails"] > 0:
            return own, "FAILED"
        return own, self.fields["outcome"] if place.step is work[-1].step else "COMPLETED"
