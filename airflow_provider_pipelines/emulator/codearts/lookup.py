"""The paths of CodeArts, what a call names by them, and the errors when it is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Refusal, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.codearts.state.plan import Place
    from airflow_provider_pipelines.emulator.codearts.state.project import CodeArtsPipeline, CodeArtsProject
    from airflow_provider_pipelines.emulator.codearts.state.run import Run


PIPELINES = "/v5/{project_id}/api/pipelines"
PIPELINE = f"{PIPELINES}/{{pipeline_id}}"
RUN = f"{PIPELINE}/pipeline-runs/{{pipeline_run_id}}"
STEP = f"{RUN}/jobs/{{job_run_id}}/steps/{{step_run_id}}"


def failure(world: World, code: str, message: str, status: int | None = None) -> Refusal:
    """Return a DEVPIPE error; the service sends most of them with HTTP 200."""
    body = {"error_code": code, "error_msg": message}
    return Refusal(Answer(body, status or world.settings.codearts_error_status, code=code))


def invalid(world: World, message: str = "the request body is not valid") -> Refusal:
    """Return the error for a request that says something impossible; its code is not documented."""
    return failure(world, "DEVPIPE.00011100", message, 400)


def no_run(world: World, status: int | None = None) -> Refusal:
    """Return the error for an unknown run; none is documented, clients are not to know this code."""
    if status is None and world.settings.codearts_unknown_run == "404":
        status = 404
    return failure(world, "DEVPIPE.00011499", "pipeline run does not exist", status)


def project_of(world: World, call: Call) -> CodeArtsProject:
    """Return the project that a call names."""
    project = world.codearts_projects.get(call.params["project_id"])
    if project is None:
        raise failure(world, "DEVPIPE.00011412", "the project does not exist or you are not a member of it")
    return project


def pipeline_of(world: World, call: Call) -> CodeArtsPipeline:
    """Return the pipeline that a call names."""
    project, id = project_of(world, call), call.params["pipeline_id"]
    if id in project.pipelines:
        return project.pipelines[id]
    if any(other.id == id for other in world.codearts_pipelines()):
        raise failure(world, "DEVPIPE.00011136", "项目ID和流水线不匹配")
    raise failure(world, "DEVPIPE.00011401", "pipeline does not exist")


def run_of(world: World, call: Call) -> tuple[CodeArtsPipeline, Run]:
    """Return the run that a call names, and its pipeline."""
    pipeline = pipeline_of(world, call)
    run = pipeline.runs.get(call.params["pipeline_run_id"])
    if run is None:
        raise no_run(world)
    return pipeline, run


def step_of(world: World, call: Call) -> tuple[Run, Place]:
    """Return the step that a call names, and its run; a call may name the job as well."""
    _, run = run_of(world, call)
    job = call.params.get("job_run_id")
    for place in run.steps.places:
        in_job = place.job["id"] if place.job is not None else None
        if place.step["id"] == call.params["step_run_id"] and job in (None, in_job):
            return run, place
    # No code is documented for an unknown step either.
    raise failure(world, "DEVPIPE.00011495", "the step does not exist")


def page(world: World, call: Call, member: str, rows: list[Fields]) -> Answer:
    """Return the page of rows that a query asks for."""
    offset, limit = call.number("offset", 0), call.number("limit", world.settings.codearts_default_limit)
    if offset is None or limit is None or offset < 0 or limit < 0:
        raise invalid(world, "offset and limit must be numbers from 0 up")
    most = world.settings.codearts_max_limit
    limit = limit if most is None else min(limit, most)
    return Answer({"offset": offset, "limit": limit, "total": len(rows), member: rows[offset : offset + limit]})
