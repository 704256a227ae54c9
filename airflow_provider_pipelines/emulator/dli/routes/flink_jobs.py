"""
DLI v1.0: Flink jobs are run, stopped, deleted, listed and described, and savepoints of them made and taken.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from airflow_provider_pipelines.emulator.dli import answers as dli
from airflow_provider_pipelines.emulator.dli.state.flink import STARTABLE, STOPPABLE, FlinkJob
from airflow_provider_pipelines.emulator.dli.views import flink_row
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Refusal, Table, World

table = Table("dli")

_JOBS = "/v1.0/{project_id}/streaming/jobs"
_JOB = f"{_JOBS}/{{job_id}}"


def job_ids(call: Call) -> list[Any]:
    """Return the ids of a batch, for the journal."""
    ids = call.fields.get("job_ids")
    return ids if isinstance(ids, list) else []


def checked_ids(world: World, call: Call) -> list[str]:
    """Return the ids of a batch; whether it may be empty, and how long it may be, is not documented."""
    ids: list[Any] = dli.body_of(call, {"job_ids": list}).get("job_ids", [])
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in ids)
    empty = not ids and (world.settings.dli_empty_batch == "refuse" or "job_ids" not in call.fields)
    if empty or not whole:
        raise dli.failure("DLI.0001", "The format of message is error")
    most = world.settings.dli_max_job_ids
    if most is not None and len(ids) > most:
        raise dli.invalid(f"job_ids must have at most {most} elements")
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
    project, ids, switch = dli.project_of(world, call), checked_ids(world, call), world.settings.dli_refusal
    if not ids:
        return Answer([])

    def refusal_of(id: str) -> Refusal | None:
        job = project.job(id)
        if job is None:
            return dli.unknown_job(world)
        if counter and job.fields[counter]:
            return dli.failure("DLI.0999", "Internal server error.")
        return check(job)

    # A batch that is refused as a whole must not have begun.
    whole = switch == "whole" and any(refusal_of(id) for id in ids)
    results: list[Refusal | None] = []
    for id in ids:
        refusal, job = refusal_of(id), project.job(id)
        results.append(refusal)
        if job is None:
            continue
        if refusal is None and not whole:
            act(job)
        elif refusal is not None and counter:
            job.use_up(counter)
    if whole or (switch == "mixed" and all(results)):
        raise _refused([refusal for refusal in results if refusal])
    if switch == "ignore":
        results = [None] * len(results)
    elements = [
        dli.said(world, True, done) if refusal is None else dli.said(world, False, refusal.answer.body["error_msg"])
        for refusal in results
    ]
    code = next((refusal.answer.code for refusal in results if refusal), None)
    worst = next((one for one, refusal in zip(elements, results, strict=True) if refusal), elements[0])
    shapes = {"per_id": elements, "reversed": elements[::-1], "single": [worst], "object": worst}
    body: Any = shapes[world.settings.dli_batch_answer]
    return Answer(body, code=code)


def _refused(refusals: list[Refusal]) -> Refusal:
    # Seen with HTTP 400: an array of errors, though a single one is documented as an object.
    first = refusals[0].answer
    return Refusal(Answer([one.answer.body for one in refusals], 400, code=first.code))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_running_jobs.html
@table.route("POST", f"{_JOBS}/run", write=True, ids=job_ids)
def batch_run_flink_jobs(world: World, call: Call) -> Answer:
    """Deliver the request to run jobs."""
    resume = call.fields.get("resume_savepoint") is True

    def check(job: FlinkJob) -> Refusal | None:
        if not job.fields["queue_name"]:
            return dli.failure("DLI.13024", "No job-running queue selected. Please select a queue for your job.")
        if job.status not in STARTABLE:
            return dli.failure("DLI.0007", f"A job in status {job.status} cannot be run.")
        resumable = job.fields["has_savepoint"] or job.fields["imported_savepoint"]
        if resume and not resumable and world.settings.dli_resume_without_savepoint == "refuse":
            return dli.failure("DLI.0007", "The job has no savepoint.")
        return None

    done = "The request for submitting DLI jobs is successfully delivered."
    return _batch(world, call, done, lambda job: job.run(world.now), check, "refuses_start")


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_stopping_jobs.html
@table.route("POST", f"{_JOBS}/stop", write=True, ids=job_ids)
def batch_stop_flink_jobs(world: World, call: Call) -> Answer:
    """Deliver the request to stop jobs, with a savepoint or without."""
    savepoint = call.fields.get("trigger_savepoint") is True
    needs_bucket = savepoint and world.settings.dli_savepoint_without_bucket == "refuse"

    def check(job: FlinkJob) -> Refusal | None:
        if job.status not in STOPPABLE:
            return dli.failure("DLI.0007", f"A job in status {job.status} cannot be stopped.")
        if needs_bucket and not job.fields["obs_bucket"]:
            return dli.failure("DLI.11016", "No OBS bucket is configured for the savepoint.")
        return None

    done = "The request for stopping DLI jobs is successfully delivered."
    return _batch(world, call, done, lambda job: job.stop(world.now, savepoint=savepoint), check, "refuses_stop")


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/deleting_a_job.html
@table.route("DELETE", _JOB, write=True)
def delete_flink_job(world: World, call: Call) -> Answer:
    """Delete a job, whatever it does."""
    dli.project_of(world, call).delete(dli.job_of(world, call), world.now)
    return Answer(dli.said(world, True, "The job is successfully deleted."))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_deleting_jobs.html
@table.route("POST", f"{_JOBS}/delete", write=True, ids=job_ids)
def batch_delete_flink_jobs(world: World, call: Call) -> Answer:
    """Delete jobs, whatever they do."""
    project = dli.project_of(world, call)
    done = "The job is successfully deleted."
    return _batch(world, call, done, lambda job: project.delete(job, world.now), lambda job: None)


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/listing_jobs.html
@table.route("GET", _JOBS)
def list_flink_jobs(world: World, call: Call) -> Answer:
    """Give one page of jobs, newest first unless asked otherwise."""
    project = dli.project_of(world, call)
    offset, limit = dli.page_number(call, "offset", 0, 0), dli.page_number(call, "limit", 10, 0, 100)
    detailed = call.flag("show_detail")
    seen = [(job, call.see(job)) for job in project.jobs.values()]
    found = [(job, fields) for job, fields in seen if fields is not None and _wanted(world, call, fields)]
    dated = world.settings.dli_order_by
    found.sort(key=lambda one: (one[1][dated], int(one[0].id)), reverse=call.query.get("order") != "asc")
    rows = [
        flink_row(world, call.params["project_id"], job.id, fields, detailed=detailed)
        for job, fields in found[offset : offset + limit]
    ]
    return Answer(
        dli.said(world, True, "Jobs are successfully listed.", job_list={"total_count": len(found), "jobs": rows})
    )


def _wanted(world: World, call: Call, fields: Fields) -> bool:
    for name in ("job_type", "queue_name", "user_name"):
        if call.query.get(name) not in (None, "", fields[name]):
            return False
    wanted = call.query.get("status") or ""
    several = wanted.split(",") if world.settings.dli_status_filter == "several" else [wanted]
    if wanted and fields["status"] not in several:
        return False
    if not dli.tagged(call, fields["tags"]):
        return False
    if call.query.get("root_job_id") not in (None, "", str(fields["root_id"])):
        return False
    name = call.query.get("name") or ""
    if world.settings.dli_name_filter == "exact":
        return name in ("", fields["name"])
    return name in fields["name"]


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html
@table.route("GET", _JOB)
def show_flink_job(world: World, call: Call) -> Answer:
    """Describe a job."""
    job = dli.project_of(world, call).jobs.get(call.params["job_id"])
    fields = call.see(job) if job is not None else None
    if job is None or fields is None:
        raise dli.unknown_job(world)
    detail = flink_row(world, call.params["project_id"], job.id, fields, detailed=True)
    return Answer(dli.said(world, True, "Job detail query succeeds.", job_detail=detail))


# https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0392.html
@table.route("POST", f"{_JOB}/savepoint", write=True, lacking=dli.no_savepoints)
def execute_flink_job_savepoint(world: World, call: Call) -> Answer:
    """Make a savepoint of a running job, which goes on running; nothing in the answer names it."""
    job = dli.job_of(world, call)
    given = dli.body_of(call, {"action": str, "savepoint_path": str}, ["action", "savepoint_path"])
    dli.check_word(given, "action", ["TRIGGER"])
    if job.use_up("refuses_savepoint"):
        if world.settings.dli_savepoint_refusal == "error":
            raise dli.failure("DLI.0999", "Internal server error.", 500)
        text = _inner(False, "api.msg.deal_savepoint_fail")
        return Answer(dli.said(world, True, text), code="DLI.0999")
    if job.status != "job_running":
        raise dli.failure("DLI.0007", f"A job in status {job.status} has no savepoint to make.")
    job.trigger_savepoint(world.now, given["savepoint_path"])
    return Answer(dli.said(world, True, _inner(True, "api.msg.deal_savepoint_success")))


def _inner(yes: bool, message: str) -> str:
    # JSON inside a string, with the Boolean as text: so it is printed in the reference.
    return json.dumps({"is_success": str(yes).lower(), "message": message}, separators=(",", ":"))


# https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0393.html
@table.route("POST", f"{_JOB}/import-savepoint", write=True, lacking=dli.no_savepoints)
def import_flink_job_savepoint(world: World, call: Call) -> Answer:
    """Let the next run of a job that does not run begin with a savepoint of elsewhere."""
    job = dli.job_of(world, call)
    # The id comes again in the body, as a number in the reference, as text from the Terraform provider.
    given = dli.body_of(call, {"job_id": object, "savepoint_path": str}, ["job_id", "savepoint_path"])
    if str(given["job_id"]) != job.id:
        raise dli.invalid("job_id must be that of the path")
    if job.status not in STARTABLE:
        raise dli.failure("DLI.0007", f"A job in status {job.status} cannot take a savepoint.")
    job.import_savepoint(world.now, given["savepoint_path"])
    return Answer(dli.said(world, True, "The job is updated successfully."))
