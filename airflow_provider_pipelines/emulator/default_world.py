"""What there is without a seed: something in every state, under names that tell what it is for."""

from __future__ import annotations

from typing import Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.dli.default_world import default_dli


def default_seed() -> dict[str, Any]:
    """Return the default world as a seed."""
    return {
        "enos": {"orgs": {credentials.ENOS_ORG: {"pipelines": _enos()}}},
        "codearts": {
            "projects": {
                credentials.CODEARTS_PROJECT: {"name": "emulated", "pipelines": _codearts(), "templates": _templates()}
            }
        },
        "iam": {"agencies": {credentials.IAM_AGENCY: {"account": credentials.IAM_ACCOUNT}}},
        "dli": {"projects": {credentials.IAM_PROJECT: default_dli()}},
    }


def _enos() -> dict[str, Any]:
    wind = {f"wind-{number}": {"status": "RUNNING"} for number in range(1, 7)}
    named: dict[str, dict[str, Any]] = {
        **wind,
        "wind-heavy": {"status": "RUNNING", "execution_mode": 1, "start_seconds": 40.0, "lag": 1200},
        "solar-1": {"status": "RUNNING"},
        "solar-paused": {
            "status": "PAUSED",
            "stage_states": {
                "LatePointTagger_01": [
                    {"assetId": asset, "pointId": "power", "time": 1735689600} for asset in ("turbine-1", "turbine-2")
                ]
            },
        },
        "solar-stopped": {"status": "STOPPED"},
        "solar-published": {"status": "PUBLISHED"},
        "storage-1": {"status": "RUNNING"},
        "storage-2": {"status": "RUNNING"},
        "design-only": {"status": "PUBLISHED", "released": False},
        "data-reader": {"status": "RUNNING", "is_system": True},
        "data-writer": {"status": "RUNNING", "is_system": True},
    }
    return {
        f"00000000-fa4e-4000-8000-{number:012d}": {"name": name, **fields}
        for number, (name, fields) in enumerate(named.items(), 1)
    }


def _codearts() -> dict[str, Any]:
    endless = {"status": "RUNNING", "pending": []}
    named: dict[str, dict[str, Any]] = {
        "nightly": {"runs": [{"status": "COMPLETED"}, {"status": "COMPLETED"}]},
        "build": {"run_seconds": 30.0, "runs": [{"status": "FAILED"}, {"status": "COMPLETED"}]},
        "deploy": {"runs": [{"status": "COMPLETED"}, {"status": "CANCELED"}]},
        "always-fails": {"outcome": "FAILED", "run_seconds": 20.0, "runs": [{"status": "FAILED"}]},
        "soak-test": {"run_seconds": 86400.0, "runs": [endless]},
        "waits-for-review": {"stages": _staged("review"), "runs": [{"status": "PAUSED"}]},
        "suspended": {"stages": _staged("suspend"), "runs": [{"status": "SUSPEND"}]},
        "ignored": {"runs": [{"status": "IGNORED"}]},
        "one-at-a-time": {
            "concurrency_control": {"enable": True, "concurrency_number": 1, "exceed_action": "QUEUE"},
            "runs": [endless],
            "queue": [{"id": 1, "pipeline_run_id": "f00000000000000000000000000000a1"}],
        },
        "never-ran": {},
        "disabled": {"enabled": False, "runs": [{"status": "COMPLETED"}]},
        "delayed": {"stages": _staged("delay"), "runs": [{"status": "PAUSED"}]},
        "checkpoint": {"stages": _staged("manual"), "runs": [{"status": "PAUSED"}]},
        "failed-with-a-log": {
            "stages": _staged("review", fails=1, message="exit code 137: out of memory"),
            "variables": [{"name": "target", "value": "test", "is_runtime": True}],
            "trigger_failures": [{"trigger_type": "Push", "reason": "the branch does not exist"}],
            "runs": [{"status": "FAILED"}],
        },
    }
    pipelines = {}
    for number, (name, fields) in enumerate(named.items(), 1):
        runs = {f"f{number:02d}{place:029d}": run for place, run in enumerate(fields.pop("runs", []), 1)}
        pipelines[f"fa4e{number:028d}"] = {"name": name, **fields, "runs": runs}
    return pipelines


def _staged(gate: str, **work: Any) -> list[dict[str, Any]]:
    """Return stages with a gate between building and releasing; what is said of the work is said of the releasing."""
    build = {"name": "compile", "log": ["[INFO] compiling", "[INFO] 214 tests passed"], "outputs": {"version": "1.4.2"}}
    release = {"name": "roll-out", "log": ["[INFO] rolling out", "[WARN] node 3 answers slowly"], **work}
    gates = [] if gate == "manual" else [{"name": gate, "kind": gate}]
    return [
        {
            "name": "build",
            "jobs": [{"name": "compile", "identifier": "JOB_compile", "steps": [{**build, "artifacts": ["app.jar"]}]}],
        },
        {
            "name": "release",
            "pre": "manual" if gate == "manual" else "auto",
            "jobs": [{"name": "release", "identifier": "JOB_release", "steps": [*gates, release]}],
        },
    ]


def _templates() -> dict[str, Any]:
    return {"fa4e00000000000000000000000e3a1a": {"name": "build-and-release", "stages": _staged("review")}}
