"""How DLI shows SQL jobs, how far they are, and Flink jobs, in a list and in full."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.operations import Fields, World, picked

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.dli.state.sql import SqlJob


def status_word(world: World, status: str) -> str:
    """Return a status as it is written; the vendor's SDK documents FINISH in one place, everything else FINISHED."""
    return "FINISH" if status == "FINISHED" and world.settings.dli_sql_finished == "FINISH" else status


def sql_row(world: World, id: str, fields: Fields) -> Fields:
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
        **dict.fromkeys(("num_skipped_tasks", "num_failed_tasks", "num_killed_tasks"), 0),
        "num_completed_indices": finished,
        "num_active_stages": 1,
        **dict.fromkeys(("num_completed_stages", "num_skipped_stages", "num_failed_stages"), 0),
    }
    return {**shown, "sub_job_id": 0, "progress": done, "sub_jobs": [part]}


def flink_row(world: World, project_id: str, id: str, fields: Fields, *, detailed: bool) -> Fields:
    """Show a job; a list without details leaves out its configuration."""
    started: Fields = {"start_time": fields["start_time"]}
    if fields["start_time"] is None:
        switch = world.settings.dli_start_time
        started = {} if switch == "absent" else {"start_time": None if switch == "null" else 0}
    path = {} if fields["savepoint_path"] is None else {"savepoint_path": fields["savepoint_path"]}
    row = {
        "job_id": int(id),
        **picked(fields, "name", "desc", "job_type", "status", "status_desc", "create_time"),
        **started,
        "queue_name": fields["queue_name"],
        "graph_editor_enabled": False,
        **picked(fields, "has_savepoint", "edge_group_ids", "restart_times"),
        **path,
    }
    if not detailed:
        running = fields["status"] == "job_running" and fields["start_time"]
        duration = world.now - fields["start_time"] if running else 0
        return {**row, "user_name": fields["user_name"], "duration": duration, "root_id": fields["root_id"]}
    return {
        **row,
        "user_id": credentials.IAM_USER_ID,
        "project_id": project_id,
        **picked(fields, "sql_body", "run_mode"),
        "job_config": {**_JOB_CONFIG, "obs_bucket": fields["obs_bucket"], **fields["job_config"]},
        **picked(fields, "main_class", "entrypoint_args"),
        "execution_graph": None,
        "update_time": fields["update_time"],
    }


_JOB_CONFIG: Fields = {
    "checkpoint_enabled": False,
    "checkpoint_interval": 10,
    "checkpoint_mode": "exactly_once",
    "log_enabled": False,
    "root_id": -1,
    "edge_group_ids": None,
    "graph_editor_enabled": False,
    "graph_editor_data": "",
    "manager_cu_number": 1,
    "executor_number": None,
    "executor_cu_number": None,
    "cu_number": 2,
    "parallel_number": 1,
    "smn_topic": None,
    "restart_when_exception": False,
    "idle_state_retention": 3600,
    **dict.fromkeys(("config_url", "udf_jar_url", "dirty_data_strategy", "entrypoint", "execution_agency_urn"), None),
    **dict.fromkeys(("dependency_jars", "dependency_files"), None),
}
