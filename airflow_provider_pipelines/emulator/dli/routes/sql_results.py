"""
DLI v1.0: results of SQL queries are shown and exported.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.emulator.dli import answers as dli
from airflow_provider_pipelines.emulator.dli.routes.sql import ROWS, created, sql_job_of
from airflow_provider_pipelines.emulator.operations import Answer, Call, Table, World

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.dli.state.sql import SqlJob


table = Table("dli")

_JOB = "/v1.0/{project_id}/jobs/{job_id}"
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
    job = sql_job_of(world, call)
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
    job, size = _finished_query(world, call), dli.page_number(call, "page-size", ROWS, 1, ROWS)
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
    return dli.succeeded(job_id=created(world, project, fields).id, job_mode="async")
