"""A CodeArts run: goes through its steps, stands still at some of them, and is stopped, refused or tried again."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.emulator.codearts.state import plan as plans
from airflow_provider_pipelines.emulator.codearts.state.plan import WAITING, Place
from airflow_provider_pipelines.emulator.things import Fields, Step, Thing

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.settings import Settings


#: run statuses after which nothing happens by itself; the vendor documents the words, not which of them are final
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED", "IGNORED"})
#: how often the delayed execution of a step may be put off, each time by an hour
MOST_DELAYS = 3
_SIMPLE = plans.read("", plans.SIMPLE)


class Run(Thing):
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
    OPTIONAL: ClassVar[Mapping[str, type]] = {"end_time": int, "run_seconds": float, "stop_seconds": float}

    def __init__(self, id: str, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        plan = plans.read(id, given["stages"]) if given.get("stages") else _SIMPLE
        super().__init__(id, {**given, "stages": plans.named(plan, id)}, settings, now)

    def first_fields(self, now: int) -> Fields:
        """Date the start, and the end of what has ended, to now."""
        return {"start_time": now, "end_time": now if self.fields.get("status") in ENDED else None}

    def found(self, now: int) -> None:
        """Put a run in the middle of its steps, according to its status."""
        if self.fields["position"] >= 0:
            return
        plans.choose(self.fields["stages"], self.fields["choose_stages"], self.fields["choose_jobs"])
        self.fields["position"] = self._place_for(self.status)
        started = self.fields["start_time"]
        for place in self.places[: self.fields["position"]]:
            if place.step["status"] != "UNSELECTED":
                place.step.update(status="COMPLETED", start_time=started, end_time=started)
        if self.status not in ("INIT", "IGNORED", "COMPLETED"):
            self._align(self.status, started if self.status == "RUNNING" else now)
            if self.status == "FAILED" and self.here is not None and self.here.step["fails"]:
                self.here.step["fails"] -= 1

    def _place_for(self, status: str) -> int:
        """Return the place of the step at which a run of a status is."""
        places = self.places
        work = [index for index, place in enumerate(places) if place.kind == "work" and _chosen(place)]
        told = [index for index, place in enumerate(places) if place.step["status"] == status != "INIT"]
        if status == "COMPLETED":
            return len(places)
        if status in ("INIT", "IGNORED"):
            return 0
        if told:
            return told[0]
        if status in ("PAUSED", "SUSPEND"):
            still = (i for i, place in enumerate(places) if WAITING.get(place.kind) == status and _chosen(place))
            return next(still, work[0] if work else 0)
        if not work:
            return self._following(0)
        return work[-1] if status in ENDED else work[0]

    @property
    def places(self) -> list[Place]:
        """All steps in the order in which they are done."""
        return plans.places(self.fields["stages"])

    @property
    def here(self) -> Place | None:
        """The step that is being done, None if there is none left."""
        places, position = self.places, self.fields["position"]
        return places[position] if position < len(places) else None

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status in ENDED

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

    def arrived(self, at: int) -> None:
        """Date the end."""
        self.fields["end_time"] = at if self.status in ENDED else None

    def begin(self, now: int) -> None:
        """Start to run."""
        starting = self.settings.codearts_init_seconds
        self.fields["position"] = self._following(self.fields["position"])
        if starting:
            if self.status != "INIT":
                self.change("INIT", now)
            self.set_out(now, (starting, self._status_here(), {"position": self.fields["position"]}))
        else:
            self.change(self._status_here(), now)
            self._go_on(now)
            self.catch_up(now)

    def retry(self, now: int, jobs: list[str]) -> None:
        """Do again what went wrong, or the jobs with these ids, and everything after it."""
        before, places = deepcopy(self.fields), self.places
        wrong = [place for place in places if place.step["status"] in ("FAILED", "CANCELED")]
        if jobs:
            wrong = [place for place in places if place.job is not None and place.job["id"] in jobs]
        first = next((i for i, place in enumerate(places) if any(_together(place, one) for one in wrong)), 0)
        self._reopen(first)
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
        if self.here is not None:
            self.here.step["comment"] = comment
        self.pending = []
        self.change(self.status, now, step=word)
        self._go_on(now)
        self.catch_up(now)

    def put_off(self, seconds: float) -> bool:
        """Let a delayed step wait longer; tell whether that was still allowed."""
        place = self.here
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
            self._align(status, at)
        else:
            status = self._close(closing, at)
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
        place = self.here
        if self.ended:
            return
        if place is None:
            self.pending = [Step(at, self.fields["verdict"] or "COMPLETED")]
            return
        seconds, closing = self._lasts(place)
        if seconds is not None:
            verdict = self.fields["verdict"] or ("" if closing == "COMPLETED" else closing)
            following = self._following(self.fields["position"] + 1, verdict)
            status = self._status_at(following, verdict)
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
        work = [one for one in self.places if one.kind == "work" and _chosen(one)]
        sharing = sum(one.step["seconds"] is None for one in work)
        if own is None:
            own = self.seconds("run_seconds", "codearts_run_seconds") / sharing
        if place.step["fails"] > 0:
            return own, "FAILED"
        return own, self.fields["outcome"] if place.step is work[-1].step else "COMPLETED"

    def _following(self, index: int, verdict: str | None = None) -> int:
        """Return the place of the first step from a place on that is to be done and takes time."""
        verdict = self.fields["verdict"] if verdict is None else verdict
        places = self.places
        for number in range(index, len(places)):
            place = places[number]
            if place.kind != "auto" and _chosen(place) and (not verdict or _despite(place, places)):
                return number
        return len(places)

    def _status_here(self) -> str:
        return self._status_at(self.fields["position"], self.fields["verdict"])

    def _status_at(self, index: int, verdict: str) -> str:
        places = self.places
        if index >= len(places):
            return verdict or "COMPLETED"
        return WAITING.get(places[index].kind, "RUNNING")

    def _close(self, word: str, at: int) -> str:
        """End the step that is being done, open the one that follows, and return the status of the run then."""
        place, position = self.here, self.fields["position"]
        if place is None:
            return self._status_here()
        if word in ("PAUSED", "SUSPEND"):
            self.fields["outcome"] = "COMPLETED"
            self._stand_still(word, at)
            return word
        place.step.update(status=word, end_time=at)
        if word == "FAILED" and place.step["fails"] > 0:
            place.step["fails"] -= 1
        if word != "COMPLETED" and not self.fields["verdict"]:
            self.fields["verdict"] = word
        following = self._following(position + 1)
        self._pass(position + 1, following, at)
        self.fields["position"] = following
        status = self._status_here()
        if self.here is not None:
            _open(self.here.step, status, at)
        elif status == "COMPLETED":
            self._align(status, at)
        return status

    def _pass(self, start: int, end: int, at: int) -> None:
        """Let the automatic entry checks on the way to the next step be passed."""
        for place in self.places[start : end + 1]:
            entered = end < len(self.places) and place.stage is self.places[end].stage
            if place.kind == "auto" and place.step["status"] == "INIT" and entered:
                place.step.update(status="COMPLETED", start_time=at, end_time=at)

    def _align(self, status: str, at: int) -> None:
        """Bring the steps in line with a status that the run is given from outside."""
        place, places = self.here, self.places
        if status == "COMPLETED":
            for one in places:
                if _chosen(one) and one.step["status"] != "COMPLETED":
                    one.step.update(status="COMPLETED", start_time=one.step["start_time"] or at, end_time=at)
            self.fields["position"] = len(places)
        elif status in ("FAILED", "CANCELED"):
            index = min(self._following(self.fields["position"], ""), len(places) - 1)
            self.fields["position"] = index
            places[index].step.update(status=status, start_time=places[index].step["start_time"] or at, end_time=at)
        elif status in ("PAUSED", "SUSPEND"):
            self._stand_still(status, at)
        elif status == "INIT":
            if place is None or place.step["status"] != "INIT":
                self._reopen(0)
        elif status != "IGNORED":
            if place is None:
                self._reopen(0)
            elif place.kind in WAITING and place.step["status"] != "INIT":
                place.step.update(status="COMPLETED", end_time=at)
                self.fields["position"] += 1
            self.fields["verdict"] = ""
            following = self._following(self.fields["position"])
            self._pass(0, following, at)
            self.fields["position"] = following
            if self.here is not None:
                _open(self.here.step, WAITING.get(self.here.kind, status), at)

    def _stand_still(self, status: str, at: int) -> None:
        """Let the run stand still at its present step, or at one that is put before it for that."""
        place = self.here
        if place is None or place.kind not in WAITING or place.step["status"] in ENDED:
            self._reopen(self._place_for("FAILED") if place is None else self.fields["position"])
        elif place.kind in WAITING and WAITING[place.kind] != status and place.step["status"] != "INIT":
            place.step.update(status="COMPLETED", end_time=at)
            self.fields["position"] = self._following(self.fields["position"] + 1)
        if self.here is None or WAITING.get(self.here.kind) != status:
            self._put_in(plans.waiting_step(status, self.id, len(self.places)))
        if self.here is not None:
            self._pass(0, self.fields["position"], at)
            _open(self.here.step, status, at)

    def _put_in(self, step: Fields) -> None:
        """Put a step before the present one, into the same job or the next there is."""
        place = next((one for one in self.places[self.fields["position"] :] if one.job is not None), None)
        if place is None or place.job is None:
            self.fields["stages"][-1]["jobs"].append(plans.job_of(step))
        else:
            steps = place.job["steps"]
            steps.insert(next(index for index, one in enumerate(steps) if one is place.step), step)
        self.fields["position"] = next(index for index, one in enumerate(self.places) if one.step is step)

    def _reopen(self, index: int) -> None:
        """Take back everything from a place on."""
        for place in self.places[index:]:
            if _chosen(place):
                place.step.update(status="INIT", start_time=None, end_time=None, delays=0, comment="")
        self.fields.update(position=index, verdict="")


def _chosen(place: Place) -> bool:
    return bool(place.step["status"] != "UNSELECTED")


def _together(place: Place, other: Place) -> bool:
    """Tell whether two steps are done again together: those of one job are."""
    return place.step is other.step or (place.job is not None and place.job is other.job)


def _despite(place: Place, places: list[Place]) -> bool:
    """Tell whether a step is done although something went wrong: those of stages that always run are."""
    if not place.stage["run_always"]:
        return False
    return not any(one.step["status"] in ("FAILED", "CANCELED") for one in places if one.stage is place.stage)


def _open(step: Fields, status: str, at: int) -> None:
    step.update(status=status, start_time=at, end_time=None)
