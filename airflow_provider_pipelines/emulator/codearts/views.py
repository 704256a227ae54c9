"""How CodeArts shows pipelines, their variables and queues, and cuts lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.codearts.run_views import identity, run_row
from airflow_provider_pipelines.emulator.codearts.state import plan as plans

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.project import CodeArtsPipeline
    from airflow_provider_pipelines.emulator.operations import Call, Fields, World


def listed(world: World, call: Call, member: str, rows: list[Fields], order: Callable[[Fields], Any]) -> Fields:
    """Filter, sort and cut rows as the body of a list call asks."""
    body, settings = call.fields, world.settings
    wanted = body.get("status") or []
    zone = settings.codearts_zone_hours
    since, until = _moment(body.get("start_time"), zone), _moment(body.get("end_time"), zone)
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


def _moment(text: Any, zone_hours: float) -> int | None:
    """Read a time filter: epoch milliseconds or a date, whose time zone is not documented."""
    if text in (None, ""):
        return None
    if str(text).isdigit():
        return int(text)
    try:
        moment = datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
        return int((moment - zone_hours * 3600) * 1000)
    except ValueError:
        return None


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
    control = pipeline.fields["concurrency_control"]
    given = pipeline.fields["configuration"]
    return {
        "id": pipeline.id,
        **identity(project_id, pipeline),
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
        "sources": given.get("sources") or [],
        "variables": variables(pipeline),
        "schedules": given.get("schedules") or [],
        "triggers": given.get("triggers") or [],
        "definition": given.get("definition") or plans.to_definition(pipeline.plan),
        "concurrency_control": {**control, "pipeline_id": pipeline.id} if control else None,
        "execution_plans": given.get("execution_plans") or [],
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


def variables(pipeline: CodeArtsPipeline) -> list[Fields]:
    """Show the variables of a pipeline; a seed need not give more than their names and values."""
    return [
        {
            "pipeline_id": pipeline.id,
            "sequence": number,
            "type": "string",
            "is_secret": False,
            "is_runtime": False,
            "is_reset": False,
            "limits": [],
            "description": "",
            "latest_value": one.get("value", ""),
            **one,
        }
        for number, one in enumerate(pipeline.fields["variables"], 1)
    ]
