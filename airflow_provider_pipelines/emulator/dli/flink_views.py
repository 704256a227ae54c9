"""How DLI shows a Flink job, in a list and in full."""

from __future__ import annotations

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.operations import Fields, World, picked


def job_row(world: World, project_id: str, id: str, fields: Fields, *, detailed: bool) -> Fields:
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
    "config_url": None,
    "udf_jar_url": None,
    "dirty_data_strategy": None,
    "entrypoint": None,
    "execution_agency_urn": None,
    "dependency_jars": None,
    "dependency_files": None,
}
