"""
DLI: SQL jobs are submitted, followed, cancelled and listed, their results shown and exported, and statements checked.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from airflow_provider_pipelines.emulator.dli import answers as dli
from airflow_provider_pipelines.emulator.dli.state.sql import SYNCHRONOUS, SqlJob, conf_of, job_type_of
from airflow_provider_pipelines.emulator.dli.views import progress_of, sql_row, status_word
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Refusal, Table, World, picked

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.dli.state.project import DliProject


table = Table("dli")

_JOBS = "/v1.0/{project_id}/jobs"
_JOB = f"{_JOBS}/{{job_id}}"
#: rows that an answer holds at most
_ROWS = 1000
_SUBMIT = {
    "sql": str,
    "currentdb": str,
    "current_catalog": str,
    "queue_name": str,
    "conf": list,
    "tags": list,
    "engine_type": str,
}


def _job_of(world: World, call: Call) -> SqlJob:
    """Return the SQL job that the path of a call names."""
    job = dli.project_of(world, call).sql_jobs.get(call.params["job_id"])
    if job is None:
        raise dli.failure("DLI.0002", "The job does not exist.")
    return job


def _seen(world: World, call: Call) -> tuple[SqlJob, Fields]:
    job = _job_of(world, call)
    fields = call.see(job)
    if fields is None:
        raise dli.failure("DLI.0002", "The job does not exist.")
    return job, fields


def _checked_type(sql: str) -> str:
    kind = job_type_of(sql)
    if kind is None:
        raise dli.failure("DLI.0004", f"Syntax error: no statement begins with {sql[:40]!r}")
    return kind


def _created(world: World, project: DliProject, fields: Fields) -> SqlJob:
    """Keep a new job, which a stale read does not see."""
    job = SqlJob(str(uuid.uuid4()), fields, world.settings, world.now)
    job.before = None
    project.sql_jobs[job.id] = job
    return job


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/submitting_a_sql_job_recommended.html
@table.route("POST", f"{_JOBS}/submit-job", write=True)
def submit_sql_job(world: World, call: Call) -> Answer:
    """Take a statement: DDL and DCL are answered with their result, everything else with the id of a job."""
    project, given = dli.project_of(world, call), dli.body_of(call, _SUBMIT, ["sql"])
    dli.check_name(given, "queue_name")
    dli.check_tags(given)
    dli.check_word(given, "engine_type", ["spark"] if world.settings.profile == "otc" else ["spark", "hetuEngine"])
    conf = given.get("conf", [])
    if not all(isinstance(one, str) and "=" in one for one in conf):
        raise dli.invalid("conf must be an array of key=value")
    known = project.statements.get(given["sql"].strip().rstrip(";").rstrip(), {})
    kind = known.get("job_type") or _checked_type(given["sql"])
    switch = conf_of(conf).get("dli.sql.sqlasync.enabled", world.settings.dli_sql_async_ddl).lower()
    synchronous = kind in SYNCHRONOUS and switch != "true"
    fields = {
        **_result(world, kind, given["sql"]),
        "outcome": world.settings.dli_sql_outcome,
        **known,
        "job_type": kind,
        "job_mode": "sync" if synchronous else "async",
        "statement": given["sql"],
        "queue_name": given.get("queue_name", "default"),
        "engine_type": given.get("engine_type", "spark"),
        "database_name": given.get("currentdb", ""),
        "conf": conf,
        "tags": given.get("tags", []),
    }
    if synchronous:
        fields["status"] = fields["outcome"]
    job = _created(world, project, fields)
    rows = job.fields["rows"][:_ROWS] if synchronous else []
    answer = {
        "job_id": job.id,
        "job_type": kind,
        "job_mode": job.fields["job_mode"],
        "schema": job.fields["schema"] if synchronous else [],
        "rows": rows,
    }
    if job.status != "FAILED":
        return dli.succeeded(**answer)
    if world.settings.dli_sql_sync_failure == "error":
        raise dli.failure("DLI.0005", job.fields["message"])
    return Answer({"is_success": False, "message": job.fields["message"], **answer}, code="DLI.0005")


def _result(world: World, kind: str, sql: str) -> Fields:
    """Make up the result of a statement that the seed does not know."""
    if kind == "QUERY":
        rows = [[number, f"row {number}"] for number in range(1, world.settings.dli_sql_rows + 1)]
        return {"schema": [{"c1": "int"}, {"c2": "string"}], "rows": rows, "input_size": 10 * len(rows)}
    if sql.strip().upper().startswith("DESC"):
        schema = [{"col_name": "string"}, {"data_type": "string"}, {"comment": "string"}]
        return {"schema": schema, "rows": [["c1", "int", None], ["c2", "string", None]]}
    return {}


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_status.html
@table.route("GET", f"{_JOB}/status")
def show_sql_job_status(world: World, call: Call) -> Answer:
    """Tell how far a job is."""
    job, fields = _seen(world, call)
    if fields["status"] == "CANCELLED" and world.settings.dli_sql_cancelled == "gone":
        # The Terraform provider reads HTTP 400 after a cancel as a job that is gone.
        raise dli.failure("DLI.0002", "The job does not exist.")
    row = sql_row(world, job.id, fields)
    return Answer({"is_success": True, **row, "job_mode": fields["job_mode"]})


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_details.html
@table.route("GET", f"{_JOB}/detail")
def show_sql_job_detail(world: World, call: Call) -> Answer:
    """Give the properties of an import or export."""
    job, fields = _seen(world, call)
    row = sql_row(world, job.id, fields)
    shown = picked(row, "job_id", "owner", "start_time", "duration", "tags")
    if fields["job_type"] in ("IMPORT", "EXPORT"):
        shown |= {"database_name": fields["database_name"], "table_name": fields["table_name"], **fields["export"]}
    return dli.succeeded(**shown)


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_execution_progress.html
@table.route("GET", "/v1/{project_id}/jobs/{job_id}/progress")
def show_sql_job_progress(world: World, call: Call) -> Answer:
    """Tell how far the running part of a job is."""
    job, fields = _seen(world, call)
    if world.settings.dli_sql_progress == "error":
        raise dli.failure("DLI.0999", "queue backend version is too old or the queue is busy")
    return dli.succeeded(**progress_of(world, job, fields))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/canceling_a_job_recommended.html
@table.route("DELETE", _JOB, write=True)
def cancel_sql_job(world: World, call: Call) -> Answer:
    """Cancel a job that has not ended."""
    job = _job_of(world, call)
    if job.ended:
        raise dli.failure("DLI.0007", f"A job in status {status_word(world, job.status)} cannot be cancelled.")
    if job.use_up("refuses_cancel"):
        raise dli.failure("DLI.0999", "Internal server error.")
    job.cancel(world.now)
    return dli.succeeded()


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_all_jobs.html
@table.route("GET", _JOBS)
def list_sql_jobs(world: World, call: Call) -> Answer:
    """Give one page of jobs, the latest first unless asked otherwise."""
    project = dli.project_of(world, call)
    size, page = dli.page_number(call, "page-size", 50, 1, 100), dli.page_number(call, "current-page", 1, 1, 100)
    since, until = dli.page_number(call, "start", 0, 0), dli.page_number(call, "end", 2**63, 0)
    by, _, direction = call.query.get("order", "start_time_desc").rpartition("_")
    if by not in ("start_time", "duration") or direction not in ("asc", "desc"):
        raise dli.invalid("order must be start_time or duration, with _asc or _desc")
    rows = []
    for job in project.sql_jobs.values():
        fields = call.see(job)
        if fields is None or not since <= fields["start_time"] <= until or not _wanted(world, call, job.id, fields):
            continue
        rows.append(sql_row(world, job.id, fields))
    rows.sort(key=lambda row: row[by], reverse=direction == "desc")
    return dli.succeeded(job_count=len(rows), jobs=rows[(page - 1) * size : page * size])


def _wanted(world: World, call: Call, id: str, fields: Fields) -> bool:
    shown = {
        **fields,
        "job-id": id,
        "job-type": fields["job_type"],
        "job-status": status_word(world, fields["status"]),
        "engine-type": fields["engine_type"],
        "db_name": fields["database_name"],
    }
    for name in ("job-id", "job-status", "queue_name", "owner", "engine-type", "db_name", "table_name"):
        if call.query.get(name) not in (None, "", shown[name]):
            return False
    asked = parse_qsl(call.raw_query.decode("latin-1"))
    for name in ("job-type", "job_types"):
        # The vendor's client repeats the parameter; commas are taken too.
        kinds = {kind for key, value in asked if key == name for kind in value.split(",")}
        if kinds and not {"ALL", fields["job_type"]} & kinds:
            return False
    pattern = call.query.get("sql_pattern", "")
    return pattern.lower() in fields["statement"].lower() and dli.tagged(call, fields["tags"])


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/checking_sql_syntax.html
@table.route("POST", f"{_JOBS}/check-sql")
def check_sql(world: World, call: Call) -> Answer:
    """Tell the type of a statement; nothing is executed."""
    dli.project_of(world, call)
    given = dli.body_of(call, {"sql": str, "currentdb": str}, ["sql"])
    dli.check_length(given, "currentdb", 128)
    try:
        return dli.succeeded(job_type=_checked_type(given["sql"]))
    except Refusal as refusal:
        if world.settings.dli_check_sql_error == "error":
            raise
        return Answer({"is_success": False, "message": refusal.answer.body["error_msg"]}, code="DLI.0004")


_EXPORT = {
    "data_path": str,
    "data_type": str,
    "compress": str,
    "queue_name": str,
    "export_mode": str,
    "with_column_header": bool,
    "limit_num": int,
    "encoding_type": str,
    "quote_char": str,
    "escape_char": str,
}


def _finished_query(world: World, call: Call) -> SqlJob:
    job = _job_of(world, call)
    if job.fields["job_type"] != "QUERY" or job.status != "FINISHED":
        raise dli.failure("DLI.0007", "Only the result of a finished QUERY job can be read.")
    kept = world.settings.dli_sql_result_seconds
    if kept is not None and world.now > job.fields["end_time"] + kept * 1000:
        raise dli.failure("DLI.0100", "The result has expired.")
    return job


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/previewing_sql_job_query_results.html
@table.route("GET", f"{_JOB}/preview")
def preview_sql_job_result(world: World, call: Call) -> Answer:
    """Give the first rows of a query's result."""
    job, size = _finished_query(world, call), dli.page_number(call, "page-size", _ROWS, 1, _ROWS)
    rows = job.fields["rows"][:size]
    return dli.succeeded(
        job_id=job.id,
        job_type=job.fields["job_type"],
        row_count=len(rows),
        input_size=job.fields["input_size"],
        schema=job.fields["schema"],
        rows=rows,
    )


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/exporting_query_results.html
@table.route("POST", f"{_JOB}/export-result", write=True)
def export_sql_job_result(world: World, call: Call) -> Answer:
    """Write a query's result to OBS, as a job of its own."""
    project, job = dli.project_of(world, call), _finished_query(world, call)
    given = dli.body_of(call, _EXPORT, ["data_path", "data_type"])
    dli.check_name(given, "queue_name")
    dli.check_word(given, "data_type", ["csv", "json"])
    dli.check_word(given, "compress", ["none", "gzip", "bzip2", "deflate"])
    dli.check_word(given, "export_mode", ["ErrorIfExists", "Overwrite"])
    export = {"compress": "none", "export_mode": "ErrorIfExists", "with_column_header": False, **given}
    there = any(
        other.fields["export"].get("data_path") == given["data_path"] and other.status == "FINISHED"
        for other in project.sql_jobs.values()
    )
    clash = there and export["export_mode"] == "ErrorIfExists"
    fields = {
        "job_type": "EXPORT",
        "statement": f"export result of {job.id}",
        "queue_name": given.get("queue_name", job.fields["queue_name"]),
        "export": {name: value for name, value in export.items() if name not in ("queue_name", "limit_num")},
        **({"outcome": "FAILED", "message": f"{given['data_path']} exists already"} if clash else {}),
    }
    return dli.succeeded(job_id=_created(world, project, fields).id, job_mode="async")
