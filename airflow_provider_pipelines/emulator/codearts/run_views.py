"""How CodeArts shows runs, their stages, jobs and steps, and what these have made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.codearts.state import plan as plans
from airflow_provider_pipelines.emulator.operations import Fields, World, picked

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.project import CodeArtsPipeline


def _times(world: World, start: int | None, end: int | None) -> Fields:
    """Show start and end; what has not ended is shown as the service may show it."""
    if end is not None:
        return {"start_time": start, "end_time": end}
    switch = world.settings.codearts_end_time
    open_end = {} if switch == "absent" else {"end_time": None if switch == "null" else 0}
    return {"start_time": start, **open_end}


def _span(world: World, steps: list[Fields]) -> Fields:
    """Show when a job or stage began and ended, from its steps."""
    starts = [step["start_time"] for step in steps if step["start_time"] is not None]
    ends = [step["end_time"] for step in steps if step["end_time"] is not None]
    going_on = plans.summary(steps) in ("RUNNING", "PAUSED", "SUSPEND", "INIT")
    return _times(world, min(starts, default=None), None if going_on else max(ends, default=None))


def _steps(stage: Fields) -> list[Fields]:
    return [stage["entry"], *(step for job in stage["jobs"] for step in job["steps"])]


def build_params(fields: Fields) -> Fields:
    """Show what a run was built from."""
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
    stages = [
        {
            "id": stage["id"],
            "name": stage["name"],
            "sequence": number,
            "status": plans.summary(_steps(stage)),
            # The vendor's model has strings here, numbers everywhere else.
            **{name: str(value or "") for name, value in _span(world, _steps(stage)).items()},
        }
        for number, stage in enumerate(fields["stages"])
    ]
    return {
        "pipeline_id": pipeline_id,
        "pipeline_run_id": run_id,
        **picked(fields, "executor_id", "executor_name"),
        "stage_status_list": stages,
        **picked(fields, "status", "run_number", "trigger_type"),
        "build_params": build_params(fields),
        "artifact_params": None,
        **_times(world, fields["start_time"], fields["end_time"]),
        "detail_url": "",
        "modify_url": "",
    }


def _step(world: World, step: Fields, number: int) -> Fields:
    status = step["status"]
    if status in ("PAUSED", "SUSPEND"):
        # Steps are documented with fewer words than jobs; which one a waiting step has is not known.
        status = status if world.settings.codearts_waiting_step == "kept" else world.settings.codearts_waiting_step
    return {
        **picked(step, "id", "name", "task"),
        "business_type": "Build" if step["kind"] == "work" else "Normal",
        "inputs": [{"key": "k", "value": "v"}],
        "sequence": number,
        "official_task_version": "0.0.1",
        "identifier": step["identifier"],
        "multi_step_editable": 0,
        "endpoint_ids": [],
        "last_dispatch_id": None,
        "status": status,
        "message": step["message"] if status == "FAILED" else None,
        "daily_build_number": None,
        **_times(world, step["start_time"], step["end_time"]),
    }


def _job(world: World, job: Fields, number: int) -> Fields:
    status = plans.summary(job["steps"])
    failed = next((step for step in job["steps"] if step["status"] == "FAILED"), None)
    return {
        **picked(job, "id", "name", "identifier"),
        "category": None,
        "sequence": number,
        "async": "false",
        "depends_on": [],
        "condition": "${{ default() }}",
        "resource": '{"type":"system","arch":"x86"}',
        "is_select": status != "UNSELECTED",
        "timeout": "",
        "last_dispatch_id": None,
        "status": status,
        "message": f"step {failed['name']} failed: {failed['message'] or 'no reason was given'}" if failed else None,
        "exec_id": None if status == "INIT" else job["id"][::-1],
        "steps": [{**_step(world, step, place), "job_run_id": job["id"]} for place, step in enumerate(job["steps"])],
        **_span(world, job["steps"]),
    }


def _stage(world: World, stages: list[Fields], number: int) -> Fields:
    stage = stages[number]
    steps = _steps(stage)
    return {
        "id": stage["id"],
        "category": None,
        **picked(stage, "name", "identifier", "run_always"),
        "parallel": None,
        "is_select": plans.summary(steps) != "UNSELECTED",
        "sequence": number,
        "depends_on": [stages[number - 1]["identifier"]] if number else [],
        "condition": None,
        "status": plans.summary(steps),
        "pause_time": 0,
        "pre": [_step(world, stage["entry"], 0)],
        "post": [],
        "jobs": [_job(world, job, place) for place, job in enumerate(stage["jobs"])],
        **_span(world, steps),
    }


def run_detail(world: World, project_id: str, pipeline: CodeArtsPipeline, run_id: str, fields: Fields) -> Fields:
    """Show everything about a run."""
    return {
        "id": run_id,
        **identity(project_id, pipeline),
        "pipeline_id": pipeline.id,
        **picked(fields, "description", "executor_id", "executor_name", "status", "trigger_type", "run_number"),
        "pause_time": 0,
        **_times(world, fields["start_time"], fields["end_time"]),
        "stages": [_stage(world, fields["stages"], number) for number in range(len(fields["stages"]))],
        "sources": [
            {"type": "code", "params": {"git_type": "codehub", "build_params": build_params(fields)}},
        ],
        "artifacts": [
            {"name": name, "packageType": "generic", "version": str(fields["run_number"]), "downloadUrl": ""}
            for _, name in artifacts(fields)
        ],
        "current_system_time": world.now,
        "language": "en-us",
        "subject_id": run_id,
        "group_id": None,
        "group_name": None,
    }


def artifacts(fields: Fields) -> list[tuple[Fields, str]]:
    """Return what the steps of a run have made: the job and the name."""
    return [
        (job, str(name))
        for stage in fields["stages"]
        for job in stage["jobs"]
        for step in job["steps"]
        if step["status"] == "COMPLETED"
        for name in step["artifacts"]
    ]


def identity(project_id: str, pipeline: CodeArtsPipeline) -> Fields:
    """Show what a pipeline and its runs have in common."""
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
