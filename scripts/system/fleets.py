"""Five fleets of the emulator, one for each window, and how they are before and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: service and id of a thing
Key = tuple[str, str]

CODEARTS_PROJECT = "c0dea27500000000000000000000fa4e"
DLI_PROJECT = "1a300000000000000000000000000fa4"
#: the state of each of a fleet's things at the start; those in a running state are stopped and brought back
ENOS_STATES = ("RUNNING", "RUNNING", "RUNNING", "RUNNING", "PAUSED", "STOPPED")
DLI_STATES = ("job_running", "job_running", "job_running", "job_running", "job_cancel_success", "job_finish")
RUNNING = frozenset({"RUNNING", "job_running", "enabled"})
#: what an action that stops something does to one thing, and what an action that starts it does
STOPS: Mapping[str, str] = {"pause_pipeline": "enos", "batch_stop_flink_jobs": "dli", "disable_pipeline": "codearts"}
STARTS: Mapping[str, str] = {"start_pipeline": "enos", "batch_run_flink_jobs": "dli", "enable_pipeline": "codearts"}


@dataclass(frozen=True)
class Fleet:
    """
    Six EnOS pipelines in an organisation of their own, six DLI jobs and a CodeArts pipeline with a run.

    :param number: from 1 up
    """

    number: int

    @property
    def organisation(self) -> str:
        """The organisation of its EnOS pipelines."""
        return f"o1000000000000{self.number}"

    @property
    def pipelines(self) -> Sequence[str]:
        """The ids of its EnOS pipelines."""
        return [f"5f0e000{self.number}-0000-4000-8000-{place:012d}" for place, _ in enumerate(ENOS_STATES, 1)]

    @property
    def jobs(self) -> Sequence[int]:
        """The ids of its DLI jobs."""
        return [100 * self.number + place for place, _ in enumerate(DLI_STATES, 1)]

    @property
    def pipeline(self) -> str:
        """The id of its CodeArts pipeline."""
        return f"c0de{self.number:028d}"

    def states(self, world: Mapping[str, Any]) -> dict[Key, str]:
        """Return the state of each of its things in a state of the emulator."""
        pipelines = world["enos"]["orgs"][self.organisation]["pipelines"]
        jobs = world["dli"]["projects"][DLI_PROJECT]["jobs"]
        pipeline = world["codearts"]["projects"][CODEARTS_PROJECT]["pipelines"][self.pipeline]
        return {
            **{("enos", id): pipelines[id]["status"] for id in self.pipelines},
            **{("dli", str(id)): jobs[str(id)]["status"] for id in self.jobs},
            ("codearts", self.pipeline): "enabled" if pipeline["enabled"] else "disabled",
        }

    def running(self, world: Mapping[str, Any]) -> set[Key]:
        """Return what runs, and everything that is in the middle of a change."""
        settled = {*ENOS_STATES, *DLI_STATES, "disabled", "enabled"} - RUNNING
        return {key for key, state in self.states(world).items() if state not in settled}

    def writes(self, calls: Sequence[Mapping[str, Any]], actions: Mapping[str, str]) -> dict[Key, int]:
        """Count in a journal how often some actions were carried out for each of its things."""
        own = {("enos", id) for id in self.pipelines} | {("dli", str(id)) for id in self.jobs}
        own.add(("codearts", self.pipeline))
        found: dict[Key, int] = {}
        for call in calls:
            if call["operation"] not in actions or (call["status"] or 500) >= 300 or call.get("code"):
                continue
            for id in call["ids"]:
                key = actions[call["operation"]], id
                if key in own:
                    found[key] = found.get(key, 0) + 1
        return found


FLEETS = [Fleet(number) for number in range(1, 6)]


def world(*, pause: float = 3, submit: float = 6) -> dict[str, Any]:
    """
    Return a seed with all fleets.

    :param pause: seconds until an EnOS pipeline is paused; more than 45 and ``quiesce`` is deferred
    :param submit: seconds until a DLI job runs; more than 45 and ``restore`` is deferred
    """
    jobs = {id: job for fleet in FLEETS for id, job in _dli(fleet, submit).items()}
    return {
        "enos": {"orgs": {fleet.organisation: {"pipelines": _enos(fleet, pause)} for fleet in FLEETS}},
        "dli": {"projects": {DLI_PROJECT: {"jobs": jobs}}},
        "codearts": {"projects": {CODEARTS_PROJECT: {"pipelines": {f.pipeline: _codearts(f) for f in FLEETS}}}},
    }


def _enos(fleet: Fleet, pause: float) -> dict[str, Any]:
    return {
        id: {"name": f"wind-{fleet.number}-{place}", "status": state, "pause_seconds": pause, "start_seconds": 3}
        for place, (id, state) in enumerate(zip(fleet.pipelines, ENOS_STATES, strict=True), 1)
    }


def _dli(fleet: Fleet, submit: float) -> dict[str, Any]:
    return {
        str(id): {"name": f"job-{fleet.number}-{place}", "status": state, "cancel_seconds": 6, "submit_seconds": submit}
        for place, (id, state) in enumerate(zip(fleet.jobs, DLI_STATES, strict=True), 1)
    }


def _codearts(fleet: Fleet) -> dict[str, Any]:
    run = {f"7{fleet.number:031d}": {"status": "RUNNING", "run_seconds": 20}}
    return {"name": f"nightly-{fleet.number}", "run_seconds": 20, "runs": run}
