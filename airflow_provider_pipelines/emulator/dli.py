"""
DLI v1.0: Flink jobs.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.dli_state import STARTABLE, STOPPABLE, DliProject, FlinkJob
from airflow_provider_pipelines.emulator.wire import Answer, Call, Refusal, Table

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.things import Fields
    from airflow_provider_pipelines.emulator.world import World


table = Table("dli")

_JOBS = "/v1.0/{project_id}/streaming/jobs"
_UNKNOWN = {
    "DLI.16001": (400, "The job does not exist."),
    "DLI.0002": (400, "The job does not exist."),
    "DLI.0023": (404, "The resource is not found."),
}


def failure(code: str, message: str, status: int = 400) -> Refusal:
    """Return an error in the documented shape."""
    return Refusal(Answer({"error_code": code, "error_msg": message}, status, code=code))


def said(world: World, yes: bool, message: str, **more: Any) -> Fields:
    """Return is_success and message; the first is documented as Boolean or String, and a string on the wire."""
    value = yes if world.settings.dli_is_success == "boolean" else str(yes).lower()
    return {"is_success": value, "message": message, **more}


def _project(world: World, call: Call) -> DliProject:
    project = world.dli_projects.get(call.params["project_id"])
    if project is None:
        raise failure("DLI.0016", "The user has no role in this project.")
    return project


def _unknown_job(world: World) -> Refusal:
    status, message = _UNKNOWN[world.settings.dli_unknown_job]
    return failure(world.settings.dli_unknown_job, message, status)


def _job(world: World, call: Call) -> FlinkJob:
    job = _project(world, call).jobs.get(call.params["job_id"])
    if job is None:
        raise _unknown_job(world)
    return job


def _job_ids(call: Call) -> list[Any]:
    ids = call.fields.get("job_ids")
    return ids if isinstance(ids, list) else []


def _checked_ids(call: Call) -> list[str]:
    ids = _job_ids(call)
    if not ids or not all(isinstance(one, int) and not isinstance(one, bool) for one in ids):
        raise failure("DLI.0001", "The format of message is error")
    return [str(one) for one in ids]


def _batch(
    world: World,
    call: Call,
    done: str,
    act: Callable[[FlinkJob], None],
    check: Callable[[FlinkJob], Refusal | None],
    counter: str | None = None,
) -> Answer:
    """
    Act on each job that is not refused, and answer as the settings say.

    :param counter: field of a job that counts the next refusals
    """
    jobs, ids, switch = _project(world, call).jobs, _checked_ids(call), world.settings.dli_refusal

    def refusal_of(id: str) -> Refusal | None:
        if id not in jobs:
            return _unknown_job(world)
        if counter and jobs[id].fields[counter]:
            return failure("DLI.0999", "Internal server error.")
        return check(jobs[id])

    # A batch that is refused as a whole must not have begun.
    whole = switch == "whole" and any(refusal_of(id) for id in ids)
    results: list[Refusal | None] = []
    for id in ids:
        refusal = refusal_of(id)
        results.append(refusal)
        if refusal is None and not whole:
            act(jobs[id])
        elif refusal is not None and counter and id in jobs:
            jobs[id].use_up(counter)
    if whole or (switch == "mixed" and all(results)):
        raise _refused([refusal for refusal in results if refusal])
    if switch == "ignore":
        results = [None] * len(results)
    elements = [
        said(world, True, done) if refusal is None else said(world, False, refusal.answer.body["error_msg"])
        for refusal in results
    ]
    code = next((refusal.answer.code for refusal in results if refusal), None)
    worst = next((one for one, refusal in zip(elements, results, strict=True) if refusal), elements[0])
    body: Any = {"per_id": elements, "single": [worst], "object": worst}[world.settings.dli_batch_answer]
    return Answer(body, code=code)


def _refused(refusals: list[Refusal]) -> Refusal:
    # Seen with HTTP 400: an array of errors, though a single one is documented as an object.
    first = refusals[0].answer
    return Refusal(Answer([one.answer.body for one in refusals], 400, code=first.code))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_running_jobs.html
@table.route("POST", f"{_JOBS}/run", write=True, ids=_job_ids)
def batch_run_flink_jobs(world: World, call: Call) -> Answer:
    """Deliver the request to run jobs."""
    resume = call.fields.get("resume_savepoint") is True

    def check(job: FlinkJob) -> Refusal | None:
        if not job.fields["queue_name"]:
            return failure("DLI.13024", "No job-running queue selected. Please select a queue for your job.")
        if job.status not in STARTABLE:
            return failure("DLI.0007", f"A job in status {job.status} cannot be run.")
        if resume and not job.fields["has_savepoint"] and world.settings.dli_resume_without_savepoint == "refuse":
            return failure("DLI.0007", "The job has no savepoint.")
        return None

    done = "The request for submitting DLI jobs is successfully delivered."
    return _batch(world, call, done, lambda job: job.run(world.now), check, "refuses_start")


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_stopping_jobs.html
@table.route("POST", f"{_JOBS}/stop", write=True, ids=_job_ids)
def batch_stop_flink_jobs(world: World, call: Call) -> Answer:
    """Deliver the request to stop jobs, with a savepoint or without."""
    savepoint = call.fields.get("trigger_savepoint") is True
    needs_bucket = savepoint and world.settings.dli_savepoint_without_bucket == "refuse"

    def check(job: FlinkJob) -> Refusal | None:
        if job.status not in STOPPABLE:
            return failure("DLI.0007", f"A job in status {job.status} cannot be stopped.")
        if needs_bucket and not job.fields["obs_bucket"]:
            return failure("DLI.11016", "No OBS bucket is configured for the savepoint.")
        return None

    done = "The request for stopping DLI jobs is successfully delivered."
    return _batch(world, call, done, lambda job: job.stop(world.now, savepoint=savepoint), check, "refuses_stop")


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/deleting_a_job.html
@table.route("DELETE", f"{_JOBS}/{{job_id}}", write=True)
def delete_flink_job(world: World, call: Call) -> Answer:
    """Delete a job, whatever it does."""
    del _project(world, call).jobs[_job(world, call).id]
    return Answer(said(world, True, "The job is successfully deleted."))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_deleting_jobs.html
@table.route("POST", f"{_JOBS}/delete", write=True, ids=_job_ids)
def batch_delete_flink_jobs(world: World, call: Call) -> Answer:
    """Delete jobs, whatever they do."""
    jobs = _project(world, call).jobs

    def delete(job: FlinkJob) -> None:
        del jobs[job.id]

    return _batch(world, call, "The job is successfully deleted.", delete, lambda job: None)


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/listing_jobs.html
@table.route("GET", _JOBS)
def list_flink_jobs(world: World, call: Call) -> Answer:
    """Give one page of jobs, newest first unless asked otherwise."""
    project = _project(world, call)
    offset, limit = call.number("offset", 0), call.number("limit", 10)
    if offset is None or limit is None or offset < 0 or not 0 <= limit <= 100:
        raise failure("DLI.0001", "Parameter check error: limit must be 0 to 100, offset must not be negative.")
    detailed = call.flag("show_detail")
    seen = [(job, call.see(job)) for job in project.jobs.values()]
    found = [(job, fields) for job, fields in seen if fields is not None and _wanted(world, call, fields)]
    found.sort(key=lambda one: (one[1]["create_time"], int(one[0].id)), reverse=call.query.get("order") != "asc")
    rows = [
        job_row(world, call.params["project_id"], job.id, fields, detailed=detailed)
        for job, fields in found[offset : offset + limit]
    ]
    return Answer(
        said(world, True, "Jobs are successfully listed.", job_list={"total_count": len(found), "jobs": rows})
    )


def _wanted(world: World, call: Call, fields: Fields) -> bool:
    for name in ("job_type", "status", "queue_name", "user_name"):
        if call.query.get(name) not in (None, "", fields[name]):
            return False
    name = call.query.get("name") or ""
    if world.settings.dli_name_filter == "exact":
        return name in ("", fields["name"])
    return name in fields["name"]


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html
@table.route("GET", f"{_JOBS}/{{job_id}}")
def show_flink_job(world: World, call: Call) -> Answer:
    """Describe a job."""
    job = _job(world, call)
    fields = call.see(job)
    if fields is None:
        raise _unknown_job(world)
    detail = job_row(world, call.params["project_id"], job.id, fields, detailed=True)
    return Answer(said(world, True, "Job detail query succeeds.", job_detail=detail))


def job_row(world: World, project_id: str, id: str, fields: Fields, *, detailed: bool) -> Fields:
    """Show a job; a list without details leaves out its configuration."""
    started: Fields = {"start_time": fields["start_time"]}
    if fields["start_time"] is None:
        switch = world.settings.dli_start_time
        started = {} if switch == "absent" else {"start_time": None if switch == "null" else 0}
    path = {} if fields["savepoint_path"] is None else {"savepoint_path": fields["savepoint_path"]}
    row = {
        "job_id": int(id),
        "name": fields["name"],
        "desc": fields["desc"],
        "job_type": fields["job_type"],
        "status": fields["status"],
        "status_desc": fields["status_desc"],
        "create_time": fields["create_time"],
        **started,
        "queue_name": fields["queue_name"],
        "graph_editor_enabled": False,
        "has_savepoint": fields["has_savepoint"],
        "edge_group_ids": None,
        "restart_times": fields["restart_times"],
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
        "sql_body": fields["sql_body"],
        "run_mode": fields["run_mode"],
        "job_config": {**_JOB_CONFIG, "obs_bucket": fields["obs_bucket"], **fields["job_config"]},
        "main_class": fields["main_class"],
        "entrypoint_args": fields["entrypoint_args"],
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
