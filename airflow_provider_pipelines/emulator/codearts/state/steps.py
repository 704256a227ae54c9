"""The steps of a CodeArts run: which one is being done, which one follows, and how they keep up with the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator.codearts.state import plan as plans
from airflow_provider_pipelines.emulator.codearts.state.plan import WAITING, Place

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.things import Fields

#: run statuses after which nothing happens by itself; the vendor documents the words, not which of them are final
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED", "IGNORED"})


class Steps:
    """
    A view of the steps in the fields of a run.

    It changes the steps themselves, and of the other fields ``position``, ``verdict`` and ``outcome``; the status of
    the run is the run's own matter.

    :param run_id: the id of the run, from which steps that are put in get theirs
    :param fields: those of the run
    """

    def __init__(self, run_id: str, fields: Fields) -> None:
        self.run_id = run_id
        self.fields = fields

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
    def working(self) -> list[Place]:
        """The steps that are done and do work."""
        return [place for place in self.places if place.kind == "work" and _chosen(place)]

    @property
    def status(self) -> str:
        """The status that a run has at the present step."""
        return self.status_at(self.fields["position"], self.fields["verdict"])

    def status_at(self, index: int, verdict: str) -> str:
        """Return the status that a run has at the step in a place."""
        places = self.places
        if index >= len(places):
            return verdict or "COMPLETED"
        return WAITING.get(places[index].kind, "RUNNING")

    def following(self, index: int, verdict: str | None = None) -> int:
        """Return the place of the first step from a place on that is to be done and takes time."""
        verdict = self.fields["verdict"] if verdict is None else verdict
        places = self.places
        for number in range(index, len(places)):
            place = places[number]
            if place.kind != "auto" and _chosen(place) and (not verdict or _despite(place, places)):
                return number
        return len(places)

    def start_from(self, status: str, now: int) -> None:
        """Leave out what was not chosen, and put the run in the middle of its steps, according to its status."""
        plans.choose(self.fields["stages"], self.fields["choose_stages"], self.fields["choose_jobs"])
        self.fields["position"] = self._place_for(status)
        started = self.fields["start_time"]
        for place in self.places[: self.fields["position"]]:
            if _chosen(place):
                place.step.update(status="COMPLETED", start_time=started, end_time=started)
        if status not in ("INIT", "IGNORED", "COMPLETED"):
            self.align(status, started if status == "RUNNING" else now)
            if status == "FAILED" and self.here is not None and self.here.step["fails"]:
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
            return self.following(0)
        return work[-1] if status in ENDED else work[0]

    def take_back(self, jobs: list[str]) -> None:
        """Open again what went wrong, or the jobs with these ids, and everything after it."""
        places = self.places
        wrong = [place for place in places if place.step["status"] in ("FAILED", "CANCELED")]
        if jobs:
            wrong = [place for place in places if place.job is not None and place.job["id"] in jobs]
        self._reopen(next((i for i, place in enumerate(places) if any(_together(place, one) for one in wrong)), 0))

    def close(self, word: str, at: int) -> str:
        """End the step that is being done, open the one that follows, and return the status of the run then."""
        place, position = self.here, self.fields["position"]
        if place is None:
            return self.status
        if word in ("PAUSED", "SUSPEND"):
            self.fields["outcome"] = "COMPLETED"
            self._stand_still(word, at)
            return word
        place.step.update(status=word, end_time=at)
        if word == "FAILED" and place.step["fails"] > 0:
            place.step["fails"] -= 1
        if word != "COMPLETED" and not self.fields["verdict"]:
            self.fields["verdict"] = word
        following = self.following(position + 1)
        self._pass(position + 1, following, at)
        self.fields["position"] = following
        status = self.status
        if self.here is not None:
            _open(self.here.step, status, at)
        elif status == "COMPLETED":
            self.align(status, at)
        return status

    def align(self, status: str, at: int) -> None:
        """Bring the steps in line with a status that the run is given from outside."""
        place, places = self.here, self.places
        if status == "COMPLETED":
            for one in places:
                if _chosen(one) and one.step["status"] != "COMPLETED":
                    one.step.update(status="COMPLETED", start_time=one.step["start_time"] or at, end_time=at)
            self.fields["position"] = len(places)
        elif status in ("FAILED", "CANCELED"):
            index = min(self.following(self.fields["position"], ""), len(places) - 1)
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
            following = self.following(self.fields["position"])
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
            self.fields["position"] = self.following(self.fields["position"] + 1)
        if self.here is None or WAITING.get(self.here.kind) != status:
            self._put_in(plans.waiting_step(status, self.run_id, len(self.places)))
        if self.here is not None:
            self._pass(0, self.fields["position"], at)
            _open(self.here.step, status, at)

    def _pass(self, start: int, end: int, at: int) -> None:
        """Let the automatic entry checks on the way to the next step be passed."""
        for place in self.places[start : end + 1]:
            entered = end < len(self.places) and place.stage is self.places[end].stage
            if place.kind == "auto" and place.step["status"] == "INIT" and entered:
                place.step.update(status="COMPLETED", start_time=at, end_time=at)

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
