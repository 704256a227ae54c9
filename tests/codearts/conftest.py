"""Names for what the emulator's default world holds of CodeArts."""

import json

import pytest

from airflow_provider_pipelines.codearts.hook import CodeArtsHook

NAMES = (
    "nightly", "build", "deploy", "always-fails", "soak-test", "waits-for-review", "suspended", "ignored",
    "one-at-a-time", "never-ran", "disabled", "delayed", "checkpoint", "failed-with-a-log",
)  # fmt: skip
PIPELINE = {name: f"fa4e{number:028d}" for number, name in enumerate(NAMES, 1)}
NIGHTLY, BUILD, FAILS, ENDLESS = (PIPELINE[name] for name in ("nightly", "build", "always-fails", "soak-test"))
REVIEW, SUSPENDED, QUEUES = (PIPELINE[name] for name in ("waits-for-review", "suspended", "one-at-a-time"))
DELAYED, CHECKED, LOGGED = (PIPELINE[name] for name in ("delayed", "checkpoint", "failed-with-a-log"))
#: the run that waits in the queue of ``one-at-a-time``, behind one without an end
WAITING = "f00000000000000000000000000000a1"


def run_of(name, place=1):
    return f"f{NAMES.index(name) + 1:02d}{place:029d}"


def runs(emulator, pipeline_id):
    """Give the runs of a pipeline as the emulator has them."""
    (project,) = emulator.state()["codearts"]["projects"].values()
    return project["pipelines"][pipeline_id]["runs"]


def queue(emulator, pipeline_id):
    (project,) = emulator.state()["codearts"]["projects"].values()
    return project["pipelines"][pipeline_id]["queue"]


def steps(emulator, name, place=1):
    """Give the steps of a run by name, each as job run id and step run id; entry checks have no job."""
    found = {}
    for stage in runs(emulator, PIPELINE[name])[run_of(name, place)]["stages"]:
        found[f"{stage['name']}/entry"] = (None, stage["entry"]["id"])
        for job in stage["jobs"]:
            found.update({step["name"]: (job["id"], step["id"]) for step in job["steps"]})
    return found


def step_of(emulator, name, step, place=1):
    """Give the emulator's record of a step."""
    for stage in runs(emulator, PIPELINE[name])[run_of(name, place)]["stages"]:
        for one in (stage["entry"], *(step for job in stage["jobs"] for step in job["steps"])):
            if one["name"] == step and (step != "entry" or stage["pre"] == "manual"):
                return one
    raise LookupError(step)


@pytest.fixture
def connection(emulator, monkeypatch):
    """Change members of the connection; None takes one away."""

    def change(conn_id="huaweicloud_default", **extra):
        data = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
        for name in ("login", "password"):
            if name in extra:
                data[name] = extra.pop(name)
        merged = {**data["extra"], **extra}
        data["extra"] = {name: value for name, value in merged.items() if value is not None}
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(data))

    return change


@pytest.fixture
def hook(emulator, clock):
    hook = CodeArtsHook()
    hook.clock = clock
    with hook:
        yield hook
