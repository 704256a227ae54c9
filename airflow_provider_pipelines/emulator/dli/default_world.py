"""What DLI has without a seed: jobs and batches in every state, and statements that behave in a known way."""

from __future__ import annotations

from typing import Any

_NO_TABLE = "DLI.0005: AnalysisException: Table or view not found: no_such_table"


def default_dli() -> dict[str, Any]:
    """Return the default project."""
    return {
        "jobs": _jobs(),
        "sql_jobs": _sql_jobs(),
        "spark_batches": _spark_batches(),
        "job_templates": _templates(),
        "global_variables": {
            "topic": {"value": "turbines"},
            "password": {"value": "made-up", "is_sensitive": True},
        },
        "statements": _statements(),
        "programs": {
            "obs://emulated-bucket/fails.jar": {"outcome": "dead", "run_seconds": 20.0},
            "obs://emulated-bucket/recovers.jar": {"recoveries": 2, "run_seconds": 20.0},
        },
        "obs_buckets": ["emulated-bucket"],
        "archives": {"emulated-bucket/exports/aggregate_1767225600000.zip": {"100": _archived()}},
    }


def _jobs() -> dict[str, Any]:
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


def _id(number: int) -> str:
    return f"00000000-fa4e-4000-8000-{number:012x}"


def _sql_jobs() -> dict[str, Any]:
    turbines = {
        "schema": [{"turbine": "string"}, {"power": "double"}],
        "rows": [["wind-1", 2.5], ["wind-2", 2.25], ["wind-heavy", None]],
        "input_size": 96,
        "result_path": "obs://emulated-bucket/jobs/result/finished-query",
    }
    jobs: list[dict[str, Any]] = [
        {"status": "FINISHED", "statement": "SELECT turbine, power FROM turbines", **turbines},
        {"status": "FAILED", "statement": "SELECT * FROM no_such_table", "message": _NO_TABLE},
        {"status": "CANCELLED", "statement": "SELECT * FROM turbines CROSS JOIN turbines"},
        {"status": "FINISHED", "statement": "INSERT INTO daily SELECT * FROM turbines", "job_type": "INSERT"},
        {"status": "FINISHED", "statement": "CREATE TABLE daily (c1 int)", "job_type": "DDL", "job_mode": "sync"},
        # Stays as it is, for whoever wants to cancel something.
        {"status": "RUNNING", "statement": "SELECT count(*) FROM endless", "pending": []},
    ]
    return {_id(number): {"tags": [], **job} for number, job in enumerate(jobs, 0x501)}


def _spark_batches() -> dict[str, Any]:
    jar = {"file": "obs://emulated-bucket/pi.jar", "className": "org.example.Pi"}
    batches: list[dict[str, Any]] = [
        {"name": "succeeded", "status": "success"},
        {"name": "died", "status": "dead", "log": ["Exception in thread main: out of memory"]},
        # Stays as it is, for whoever wants to cancel something.
        {"name": "endless", "status": "running", "pending": []},
    ]
    return {_id(number): {"request": jar, **batch} for number, batch in enumerate(batches, 0x5A1)}


def _templates() -> dict[str, Any]:
    copy = "INSERT INTO sink SELECT * FROM source WHERE topic = '{{topic}}'"
    return {
        "1": {"name": "copy", "desc": "Copies a topic.", "sql_body": copy},
        "2": {"name": "empty"},
    }


def _statements() -> dict[str, Any]:
    return {
        "SELECT * FROM no_such_table": {"outcome": "FAILED", "message": _NO_TABLE},
        "SELECT count(*) FROM endless": {"run_seconds": 86400.0, "schema": [{"count(1)": "bigint"}], "rows": [[0]]},
        "DROP TABLE no_such_table": {"outcome": "FAILED", "message": _NO_TABLE},
    }


def _archived() -> dict[str, Any]:
    return {
        "name": "from-an-archive",
        "sql_body": "INSERT INTO sink SELECT * FROM source",
        "queue_name": "emulated_queue",
        "obs_bucket": "emulated-bucket",
        "job_config": {"cu_number": 2, "parallel_number": 1},
    }
