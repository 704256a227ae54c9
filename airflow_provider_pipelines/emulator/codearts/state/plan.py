"""
What a CodeArts run is to do, and how far it is: stages, jobs in them, steps in these.

A plan is a list of stages as in the seed. Everything in it is done one after another: the entry check of a stage, then
its jobs, each step by step. Steps, and entry checks with them, carry the state of one run: status, start, end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from airflow_provider_pipelines.emulator.things import Fields, SeedError, checked, picked

#: what a step does, and the plugin that does it; the plugins of delays and suspensions are not documented
TASKS: Mapping[str, str] = {
    "work": "official_devcloud_cloudBuild",
    "review": "official_devcloud_checkpoint",
    "delay": "official_devcloud_delayedExecution",
    "suspend": "official_devcloud_suspend",
    "auto": "official_devcloud_autoTrigger",
    "manual": "official_devcloud_manualTrigger",
}
#: kinds of steps at which a run stands still, with the status that the run then has
WAITING: Mapping[str, str] = {"review": "PAUSED", "delay": "PAUSED", "manual": "PAUSED", "suspend": "SUSPEND"}

_STEP: Fields = {
    "name": "step",
    "identifier": "",
    "id": "",
    "kind": "work",
    "task": "",
    "seconds": None,
    "fails": 0,
    "log": [],
    "outputs": {},
    "artifacts": [],
    "status": "INIT",
    "message": None,
    "start_time": None,
    "end_time": None,
    "delays": 0,
    "comment": "",
}
_STEP_OPTIONAL = {"seconds": float, "message": str, "start_time": int, "end_time": int}
_JOB: Fields = {"name": "job", "identifier": "", "id": "", "steps": []}
_STAGE: Fields = {"name": "", "identifier": "", "id": "", "run_always": False, "pre": "auto", "jobs": [], "entry": {}}

#: what a pipeline does that does not say so
SIMPLE: list[Fields] = [
    {
        "name": "stage_1",
        "identifier": "stage-1",
        "jobs": [{"name": "job", "identifier": "JOB_emulated", "steps": [{"name": "step", "identifier": "step-1"}]}],
    }
]


@dataclass(frozen=True)
class Place:
    """
    A step in its place.

    :param job: None for the entry check of a stage
    """

    stage: Fields
    job: Fields | None
    step: Fields

    @property
    def kind(self) -> str:
        """What the step does."""
        return str(self.step["kind"])


def read(owner: str, given: Any) -> list[Fields]:
    """
    Return a plan with all its members, from what a seed says of it.

    :param owner: who is to be named in an error
    """
    stages = []
    for number, one in enumerate(_listed(owner, "stages", given), 1):
        stage = {**deepcopy(_STAGE), **checked(owner, one, _STAGE, {})}
        stage["identifier"] = stage["identifier"] or f"stage-{number}"
        stage["name"] = stage["name"] or f"stage_{number}"
        if stage["pre"] not in ("auto", "manual"):
            raise SeedError(f"{owner}: pre must be 'auto' or 'manual', not {stage['pre']!r}")
        stage["entry"] = _step(owner, {"name": "entry", "identifier": "entry", **stage["entry"], "kind": stage["pre"]})
        stage["jobs"] = [
            _job(owner, one, f"JOB_{number}_{place}")
            for place, one in enumerate(_listed(owner, "jobs", stage["jobs"]), 1)
        ]
        stages.append(stage)
    return stages


def _job(owner: str, given: Any, identifier: str) -> Fields:
    job = {**deepcopy(_JOB), **checked(owner, given, _JOB, {})}
    job["identifier"] = job["identifier"] or identifier
    job["steps"] = [
        _step(owner, {"identifier": f"step-{place}", **one})
        for place, one in enumerate(_listed(owner, "steps", job["steps"]), 1)
    ]
    return job


def _step(owner: str, given: Any) -> Fields:
    step = {**deepcopy(_STEP), **checked(owner, given, _STEP, _STEP_OPTIONAL)}
    if step["kind"] not in TASKS:
        raise SeedError(f"{owner}: the kind of a step is one of {', '.join(TASKS)}, not {step['kind']!r}")
    step["task"] = step["task"] or TASKS[step["kind"]]
    return step


def _listed(owner: str, name: str, given: Any) -> list[Any]:
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise SeedError(f"{owner}: {name} must be a list of objects")
    return given


def named(plan: list[Fields], run_id: str) -> list[Fields]:
    """Return a copy of a plan for one run: with ids of its own where it has none."""
    plan = deepcopy(plan)

    def name(part: Fields, *path: str) -> None:
        part["id"] = part["id"] or _made_up_id(run_id, *path)

    for stage in plan:
        name(stage, stage["identifier"])
        name(stage["entry"], stage["identifier"], "entry")
        for job in stage["jobs"]:
            name(job, stage["identifier"], job["identifier"])
            for step in job["steps"]:
                name(step, stage["identifier"], job["identifier"], step["identifier"])
    return plan


def places(plan: list[Fields]) -> list[Place]:
    """Return all steps of a plan in the order in which they are done."""
    found = []
    for stage in plan:
        found.append(Place(stage, None, stage["entry"]))
        found += [Place(stage, job, step) for job in stage["jobs"] for step in job["steps"]]
    return found


def choose(plan: list[Fields], stages: list[str], jobs: list[str]) -> None:
    """
    Mark what was not chosen for a run.

    A stage that is not chosen is not done, whatever is said of its jobs. Names that the plan does not have choose
    nothing, and if none of them is known, everything is done.
    """
    known_stages = {stage["identifier"] for stage in plan} & set(stages)
    known_jobs = {job["identifier"] for stage in plan for job in stage["jobs"]} & set(jobs)
    for place in places(plan):
        left_out = known_stages and place.stage["identifier"] not in known_stages
        not_named = known_jobs and place.job is not None and place.job["identifier"] not in known_jobs
        idle = known_jobs and place.job is None and not known_jobs & {job["identifier"] for job in place.stage["jobs"]}
        if left_out or not_named or idle:
            place.step["status"] = "UNSELECTED"


def waiting_step(status: str, run_id: str, number: int) -> Fields:
    """Return a step at which a run stands still, for a run that was found so without having one."""
    kind = "suspend" if status == "SUSPEND" else "review"
    identifier = f"step-{kind}-{number}"
    id = _made_up_id(run_id, identifier)
    return _step("", {"name": kind, "identifier": identifier, "id": id, "kind": kind})


def job_of(step: Fields) -> Fields:
    """Return a job for a step, where a plan has none."""
    identifier = f"JOB_{step['identifier']}"
    return {"name": "job", "identifier": identifier, "id": _made_up_id(step["id"], identifier), "steps": [step]}


def _made_up_id(*path: str) -> str:
    return hashlib.sha256("/".join(path).encode()).hexdigest()[:32]


def summary(steps: list[Fields]) -> str:
    """Return the status of a stage or job, from those of its steps."""
    found = {step["status"] for step in steps} - {"UNSELECTED"}
    if not found:
        return "UNSELECTED" if steps else "COMPLETED"
    for word in ("FAILED", "CANCELED", "PAUSED", "SUSPEND", "RUNNING"):
        if word in found:
            return word
    others = found - {"COMPLETED", "INIT"}
    return str(min(others or ({"INIT"} if "INIT" in found else {"COMPLETED"})))


def from_definition(text: Any) -> list[Fields]:
    """Return the plan that a pipeline's ``definition`` describes, which is JSON as text."""
    try:
        stages = json.loads(text)["stages"]
        return read(
            "definition",
            [
                {
                    "name": str(stage.get("name") or ""),
                    "identifier": str(stage.get("identifier") or ""),
                    "run_always": bool(stage.get("run_always")),
                    "pre": "manual"
                    if TASKS["manual"] in [one.get("task") for one in stage.get("pre") or []]
                    else "auto",
                    "jobs": [
                        {
                            "name": str(job.get("name") or "job"),
                            "identifier": str(job.get("identifier") or ""),
                            "steps": [_defined_step(step) for step in job.get("steps") or []],
                        }
                        for job in stage.get("jobs") or []
                    ],
                }
                for stage in stages
            ],
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        raise SeedError("the definition is not JSON with stages, jobs and steps") from None


def _defined_step(step: Mapping[str, Any]) -> Fields:
    task = str(step.get("task") or "")
    kind = next((kind for kind, known in TASKS.items() if known == task), "work")
    return {"name": str(step.get("name") or "step"), "task": task, "kind": "work" if kind == "auto" else kind}


def to_definition(plan: list[Fields]) -> str:
    """Return a plan as a pipeline's ``definition`` has it."""
    stages = [
        {
            "identifier": stage["identifier"],
            "name": stage["name"],
            "sequence": number,
            "depends_on": [plan[number - 1]["identifier"]] if number else [],
            "run_always": stage["run_always"],
            "pre": [{"task": stage["entry"]["task"], "sequence": 0}],
            "post": [],
            "jobs": [
                {
                    "identifier": job["identifier"],
                    "name": job["name"],
                    "condition": "${{ default() }}",
                    "depends_on": [],
                    "timeout": "",
                    "exec_type": "AGENTLESS_JOB",
                    "steps": [
                        {**picked(step, "name", "task", "identifier"), "sequence": place}
                        for place, step in enumerate(job["steps"])
                    ],
                }
                for job in stage["jobs"]
            ],
        }
        for number, stage in enumerate(plan)
    ]
    return json.dumps({"stages": stages})
