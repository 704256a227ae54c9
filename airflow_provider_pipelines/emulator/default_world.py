"""What there is without a seed: something in every state, under names that tell what it is for."""

from __future__ import annotations

from typing import Any

from airflow_provider_pipelines.emulator import credentials


def default_seed() -> dict[str, Any]:
    """Return the default world as a seed."""
    return {
        "enos": {"orgs": {credentials.ENOS_ORG: {"pipelines": _enos()}}},
        "codearts": {"projects": {credentials.CODEARTS_PROJECT: {"name": "emulated", "pipelines": _codearts()}}},
        "dli": {"projects": {credentials.IAM_PROJECT: {"jobs": _dli()}}},
    }


def _enos() -> dict[str, Any]:
    wind = {f"wind-{number}": {"status": "RUNNING"} for number in range(1, 7)}
    named: dict[str, dict[str, Any]] = {
        **wind,
        "wind-heavy": {"status": "RUNNING", "execution_mode": 1, "start_seconds": 40.0, "lag": 1200},
        "solar-1": {"status": "RUNNING"},
        "solar-paused": {"status": "PAUSED"},
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
        "waits-for-review": {"runs": [{"status": "PAUSED"}]},
        "suspended": {"runs": [{"status": "SUSPEND"}]},
        "ignored": {"runs": [{"status": "IGNORED"}]},
        "one-at-a-time": {
            "concurrency_control": {"enable": True, "concurrency_number": 1, "exceed_action": "QUEUE"},
            "runs": [endless],
            "queue": [{"id": 1, "pipeline_run_id": "f00000000000000000000000000000a1"}],
        },
        "never-ran": {},
        "disabled": {"enabled": False, "runs": [{"status": "COMPLETED"}]},
    }
    pipelines = {}
    for number, (name, fields) in enumerate(named.items(), 1):
        runs = {f"f{number:02d}{place:029d}": run for place, run in enumerate(fields.pop("runs", []), 1)}
        pipelines[f"fa4e{number:028d}"] = {"name": name, **fields, "runs": runs}
    return pipelines


def _dli() -> dict[str, Any]:
    jobs: dict[str, dict[str, Any]] = {
        "128": {"name": "aggregate", "status": "job_running"},
        "137": {"name": "enrich", "status": "job_running", "job_type": "flink_jar_job"},
        # Above 2^53: readers that keep numbers as doubles break here.
        "9007199254740993": {"name": "large-id", "status": "job_running"},
        "140": {"name": "alerts", "status": "job_running"},
        "141": {"name": "no-bucket", "status": "job_running", "obs_bucket": None},
        "142": {"name": "draft", "status": "job_init"},
        "143": {"name": "submit-failed", "status": "job_submit_fail", "status_desc": "No free CUs."},
        "144": {"name": "crashed", "status": "job_running_exception", "status_desc": "Sink is gone."},
        "145": {
            "name": "stopped-with-savepoint",
            "status": "job_cancel_success",
            "savepoint_path": "obs://emulated-bucket/jobs/savepoint/145/2026-01-01_00-00-00",
        },
        "146": {"name": "stopped", "status": "job_cancel_success"},
        "147": {"name": "stop-failed", "status": "job_cancel_fail"},
        "148": {"name": "in-arrears", "status": "job_arrearage_stopped"},
        "149": {"name": "finished", "status": "job_finish"},
        "150": {"name": "idle", "status": "job_idle"},
        "151": {"name": "no-queue", "status": "job_init", "queue_name": ""},
        "152": {"name": "bounded", "status": "job_init", "runs_for_seconds": 60.0},
    }
    return jobs
