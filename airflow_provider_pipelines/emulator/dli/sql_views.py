"""How DLI shows an SQL job, and how far it is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator.operations import Fields, World, picked

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.dli.state.sql import SqlJob


def status_word(world: World, status: str) -> str:
    """Return a status as it is written; the vendor's SDK documents FINISH in one place, everything else FINISHED."""
    return "FINISH" if status == "FINISHED" and world.settings.dli_sql_finished == "FINISH" else status


def job_row(world: World, id: str, fields: Fields) -> Fields:
    """Show a job, in the list and as its status."""
    failed = fields["status"] == "FAILED"
    message = fields["message"] if failed else ""
    if failed and world.settings.dli_sql_failed_message == "json":
        message = json.dumps({"error_code": "DLI.0999", "error_msg": message})
    row = {
        "job_id": id,
        **picked(fields, "job_type", "queue_name", "owner", "start_time"),
        "duration": (fields["end_time"] or world.now) - fields["start_time"],
        "status": status_word(world, fields["status"]),
        "input_row_count": 0,
        "bad_row_count": 0,
        "input_size": fields["input_size"],
        "result_count": len(fields["rows"]) if fields["status"] == "FINISHED" else 0,
        **picked(fields, "database_name", "table_name"),
        "detail": _columns(fields),
        **picked(fields, "engine_type", "statement", "tags"),
        "message": message,
    }
    if fields["end_time"] is not None:
        row["end_time"] = fields["end_time"]
    if fields["result_path"]:
        row |= {"result_path": fields["result_path"], "result_format": "csv"}
    return row


def _columns(fields: Fields) -> str:
    """Return the columns of a result: JSON inside a string."""
    if fields["job_type"] != "QUERY":
        return ""
    names = {"int": "integer"}
    columns = [
        {"name": name, "type": names.get(kind, kind), "nullable": True, "metadata": {}}
        for column in fields["schema"]
        for name, kind in column.items()
    ]
    return json.dumps({"type": "struct", "fields": columns})


def progress_of(world: World, job: SqlJob, fields: Fields) -> Fields:
    """Show how far a job is; while a part of it runs, the progress is that of this part."""
    shown: Fields = {"job_id": job.id, "status": status_word(world, fields["status"])}
    if fields["status"] != "RUNNING":
        return {**shown, "progress": float(fields["end_time"] is not None), "sub_jobs": []}
    whole = job.seconds("run_seconds", "dli_sql_run_seconds") * 1000
    left = job.pending[0].at - world.now if job.pending else whole
    done = round(min(max(1 - left / whole, 0.0), 1.0), 2) if whole else 0.0
    tasks = 100
    finished = int(done * tasks)
    started = datetime.fromtimestamp(fields["start_time"] / 1000, UTC)
    part = {
        "id": 0,
        "name": "runJob at FileFormatWriter.scala:266",
        "submission_time": started.strftime("%a %b %d %H:%M:%S UTC %Y"),
        "stage_ids": [0],
        "job_group": job.id,
        "status": "RUNNING",
        "num_tasks": tasks,
        "num_active_tasks": min(1, tasks - finished),
        "num_completed_tasks": finished,
        "num_skipped_tasks": 0,
        "num_failed_tasks": 0,
        "num_killed_tasks": 0,
        "num_completed_indices": finished,
        "num_active_stages": 1,
        "num_completed_stages": 0,
        "num_skipped_stages": 0,
        "num_failed_stages": 0,
    }
    return {**shown, "sub_job_id": 0, "progress": done, "sub_jobs": [part]}
