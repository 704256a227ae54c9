"""Small worlds for the emulator, and what goes wrong in them."""

from __future__ import annotations

from tests.support.playing import BUILD, CODEARTS, ORG, PROJECT, WIND

PACKAGE = "airflow_provider_pipelines"
RUN = "5000000000000000000000000000{:04d}".format
SQL, SPARK = "00000000-fa4e-4000-8000-000000000501", "00000000-fa4e-4000-8000-0000000005a1"

RUNNING, PAUSED = {"status": "RUNNING"}, {"status": "PAUSED"}
UP, DOWN = {"status": "job_running"}, {"status": "job_cancel_success"}
ENDLESS = {"status": "RUNNING", "pending": []}
ONE_AT_A_TIME = {"enable": True, "concurrency_number": 1, "exceed_action": "QUEUE"}
#: stages with a review in between
REVIEWED = [
    {"name": "build", "jobs": [{"name": "compile", "steps": [{"name": "compile", "seconds": 40.0}]}]},
    {
        "name": "release",
        "jobs": [{"name": "release", "steps": [{"name": "approve", "kind": "review"}, {"name": "roll-out"}]}],
    },
]
QUERY = {"statements": {"SELECT 1": {"rows": [[1]], "schema": [{"c": "int"}], "run_seconds": 120.0}}}
BATCH = {"file": "obs://b/pi.jar", "class_name": "Pi"}
PROGRAM = {"programs": {"obs://b/pi.jar": {"run_seconds": 120.0}}}


def enos(*pipelines, **organisation):
    """Make a world with EnOS pipelines."""
    named = {WIND(n): {"name": f"wind-{n}", **fields} for n, fields in enumerate(pipelines, 1)}
    return {"enos": {"orgs": {ORG: {"pipelines": named, **organisation}}}}


def codearts(**pipeline):
    """Make a world with a CodeArts pipeline."""
    return {"codearts": {"projects": {CODEARTS: {"pipelines": {BUILD(1): {"name": "build-1", **pipeline}}}}}}


def dli(*jobs, **project):
    """Make a world with Flink jobs, numbered from 101 on."""
    numbered = {str(n): {"name": f"agg-{n}", **fields} for n, fields in enumerate(jobs, 101)}
    return {"dli": {"projects": {PROJECT: {"jobs": numbered, **project}}}}


def fault(service, operation, times=1, skip=0, **fault):
    """Order a fault."""
    return "faults", [{"service": service, "operation": operation, "times": times, "skip": skip, "fault": fault}]


def blind(service, operation, times=1, skip=1):
    """Let looks fail, but for the first one, which finds out what to do."""
    return fault(service, operation, times, skip, kind="reply", status=503, body="busy")
