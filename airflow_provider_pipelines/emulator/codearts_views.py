"""How CodeArts shows pipelines, runs and queues."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator import credentials

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts_state import CodeArtsPipeline
    from airflow_provider_pipelines.emulator.things import Fields
    from airflow_provider_pipelines.emulator.wire import Call
    from airflow_provider_pipelines.emulator.world import World


#: identifiers of the one stage and the one job that every emulated pipeline has
STAGE = "stage-1"
JOB = "JOB_emulated"


def listed(world: World, call: Call, member: str, rows: list[Fields], order: Callable[[Fields], Any]) -> Fields:
    """Filter, sort and cut rows as the body of a list call asks."""
    body, settings = call.fields, world.settings
    wanted = body.get("status") or []
    since, until = _moment(body.get("start_time")), _moment(body.get("end_time"))
    kept = []
    for row in rows:
        run = row.get("latest_run", row) or {}
        started = run.get("start_time", 0)
        if wanted and run.get("status") not in wanted:
            continue
        if (since is None or started >= since) and (until is None or started <= until):
            kept.append(row)
    kept.sort(key=order, reverse=body.get("sort_dir", "desc") != "asc")
    offset = body.get("offset") or 0
    limit = body["limit"] if body.get("limit") is not None else settings.codearts_default_limit
    if settings.codearts_max_limit is not None:
        limit = min(limit, settings.codearts_max_limit)
    return {"offset": offset, "limit": limit, "total": len(kept), member: kept[offset : offset + limit]}


def _moment(text: Any) -> int | None:
    """Read a time filter: epoch milliseconds or a date; its time zone is not documented, UTC is assumed."""
    if text in (None, ""):
        return None
    if str(text).isdigit():
        return int(text)
    try:
        return int(datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp() * 1000)
    except ValueError:
        return None


def _times(world: World, fields: Fields) -> Fields:
    if fields["end_time"] is not None:
        return {"start_time": fields["start_time"], "end_time": fields["end_time"]}
    switch = world.settings.codearts_end_time
    open_end = {} if switch == "absent" else {"end_time": None if switch == "null" else 0}
    return {"start_time": fields["start_time"], **open_end}


def _made_up_id(run_id: str, part: str) -> str:
    return hashlib.sha256(f"{run_id}/{part}".encode()).hexdigest()[:32]


def _build_params(fields: Fields) -> Fields:
    first = fields["sources"][0] if fields["sources"] else {}
    params = first.get("params", {}) if isinstance(first, dict) else {}
    return {
        "action": None,
        "build_type": "branch",
        "commit_id": "a" * 40,
        "event_type": fields["trigger_type"],
        "target_branch": params.get("default_branch", "master"),
        "git_url": params.get("git_url", "https://example.com/emulated.git"),
    }


def run_row(world: World, pipeline_id: str, run_id: str, fields: Fields) -> Fields:
    """Show a run in a list."""
    times = _times(world, fields)
    stage = {
        "id": _made_up_id(run_id, STAGE),
        "name": "stage_1",
        "sequence": 0,
        "status": fields["status"],
        # The vendor's model has strings here, numbers everywhere else.
        **{name: str(value or "") for name, value in times.items()},
    }
    return {
        "pipeline_id": pipeline_id,
        "pipeline_run_id": run_id,
        "executor_id": fields["executor_id"],
        "executor_name": fields["executor_name"],
        "stage_status_list": [stage],
        "status": fields["status"],
        "run_number": fields["run_number"],
        "trigger_type": fields["trigger_type"],
        "build_params": _build_params(fields),
        "artifact_params": None,
        **times,
        "detail_url": "",
        "modify_url": "",
    }


def run_detail(world: World, project_id: str, pipeline: CodeArtsPipeline, run_id: str, fields: Fields) -> Fields:
    """Show everything about a run."""
    times, status = _times(world, fields), fields["status"]
    step = {
        "id": _made_up_id(run_id, "step"),
        "name": "step",
        "task": "official_devcloud_cloudBuild",
        "business_type": "Build",
        "inputs": [{"key": "k", "value": "v"}],
        "sequence": 0,
        "official_task_version": "0.0.1",
        "identifier": "step-1",
        "multi_step_editable": 0,
        "endpoint_ids": [],
        "last_dispatch_id": None,
        "status": status,
        "message": None,
        "daily_build_number": None,
        **times,
    }
    job = {
        "id": _made_up_id(run_id, JOB),
        "name": "job",
        "identifier": JOB,
        "category": None,
        "sequence": 0,
        "async": "false",
        "depends_on": [],
        "condition": "${{ default() }}",
        "resource": '{"type":"system","arch":"x86"}',
        "is_select": True,
        "timeout": "",
        "last_dispatch_id": None,
        "status": status,
        "message": None,
        "exec_id": None,
        "steps": [step],
        **times,
    }
    entry_check = {
        "id": _made_up_id(run_id, "pre"),
        "task": "official_devcloud_autoTrigger",
        "name": None,
        "sequence": 0,
        "status": "COMPLETED",
        "start_time": fields["start_time"],
        "end_time": fields["start_time"],
    }
    stage = {
        "id": _made_up_id(run_id, STAGE),
        "category": None,
        "name": "stage_1",
        "identifier": STAGE,
        "run_always": False,
        "parallel": None,
        "is_select": True,
        "sequence": 0,
        "depends_on": [],
        "condition": None,
        "status": status,
        "pause_time": 0,
        "pre": [entry_check],
        "post": [],
        "jobs": [job],
        **times,
    }
    return {
        "id": run_id,
        **_identity(project_id, pipeline),
        "pipeline_id": pipeline.id,
        "description": fields["description"],
        "executor_id": fields["executor_id"],
        "executor_name": fields["executor_name"],
        "status": status,
        "trigger_type": fields["trigger_type"],
        "run_number": fields["run_number"],
        "pause_time": 0,
        **times,
        "stages": [stage],
        "sources": [
            {"type": "code", "params": {"git_type": "codehub", "build_params": _build_params(fields)}},
        ],
        "artifacts": [],
        "current_system_time": world.now,
        "language": "en-us",
        "subject_id": run_id,
        "group_id": None,
        "group_name": None,
    }


def _identity(project_id: str, pipeline: CodeArtsPipeline) -> Fields:
    return {
        "name": pipeline.fields["name"],
        "manifest_version": "3.0",
        "is_publish": False,
        "project_id": project_id,
        "domain_id": credentials.IAM_ACCOUNT_ID,
        "region": credentials.REGION,
        "component_id": None,
        "detail_url": "",
    }


def pipeline_row(world: World, call: Call, project_id: str, pipeline: CodeArtsPipeline) -> Fields:
    """Show a pipeline in a list, with its latest run if it ever ran."""
    latest = pipeline.latest()
    fields = call.see(latest) if latest else None
    return {
        "pipeline_id": pipeline.id,
        "name": pipeline.fields["name"],
        "project_id": project_id,
        "project_name": world.codearts_projects[project_id].name,
        "component_id": None,
        "is_publish": False,
        "is_collect": False,
        "manifest_version": "3.0",
        "create_time": pipeline.fields["create_time"],
        "latest_run": run_row(world, pipeline.id, latest.id, fields) if latest and fields else None,
        "convert_sign": 0,
        "security_level": None,
        "banned": not pipeline.fields["enabled"],
        "description": pipeline.fields["description"],
        "tag_list": [],
    }


def pipeline_detail(world: World, project_id: str, pipeline: CodeArtsPipeline) -> Fields:
    """Show everything about a pipeline."""
    job = {"identifier": JOB, "name": "job", "condition": "${{ default() }}", "depends_on": [], "steps": []}
    stage = {"identifier": STAGE, "name": "stage_1", "sequence": 0, "depends_on": [], "run_always": False}
    control = pipeline.fields["concurrency_control"]
    return {
        "id": pipeline.id,
        **_identity(project_id, pipeline),
        "project_name": world.codearts_projects[project_id].name,
        "description": pipeline.fields["description"],
        "creator_id": credentials.IAM_USER_ID,
        "creator_name": credentials.IAM_USER,
        "updater_id": credentials.IAM_USER_ID,
        "create_time": pipeline.fields["create_time"],
        "update_time": pipeline.fields["create_time"],
        "is_collect": False,
        "group_id": None,
        "group_name": None,
        "banned": not pipeline.fields["enabled"],
        "deleted": False,
        "modify_url": "",
        "sources": [],
        "variables": [],
        "schedules": [],
        "triggers": [],
        "definition": json.dumps({"stages": [{**stage, "pre": [], "post": [], "jobs": [job]}]}),
        "concurrency_control": {**control, "pipeline_id": pipeline.id} if control else None,
        "execution_plans": [],
        "yaml_definition": None,
        "tags": [],
    }


def queue_row(pipeline_id: str, entry: Fields) -> Fields:
    """Show a run that waits."""
    return {
        "id": entry["id"],
        "pipeline_id": pipeline_id,
        "pipeline_run_id": entry["pipeline_run_id"],
        "region": credentials.REGION,
        "enqueue_time": entry["enqueue_time"],
        "trigger_type": "Manual",
        "creator_id": credentials.IAM_USER_ID,
        "creator_name": credentials.IAM_USER,
        "status": entry["status"],
    }
