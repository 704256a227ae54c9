"""
DLI v2.0: Spark batches are created, followed, cancelled and listed.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/
"""

from __future__ import annotations

import json
import uuid

from airflow_provider_pipelines.emulator.dli import answers as dli
from airflow_provider_pipelines.emulator.dli.state.spark import SparkBatch
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World, picked

table = Table("dli")

_BATCHES = "/v2.0/{project_id}/batches"
_BATCH = f"{_BATCHES}/{{batch_id}}"
_BODY = {
    **dict.fromkeys(("file", "className", "queue", "cluster_name", "sc_type", "name", "driverMemory"), str),
    **dict.fromkeys(("executorMemory", "obs_bucket", "execution_agency_urn", "catalog_name"), str),
    **dict.fromkeys(("feature", "spark_version", "image"), str),
    **dict.fromkeys(("args", "jars", "pyFiles", "files", "modules", "resources", "groups"), list),
    **dict.fromkeys(("driverCores", "executorCores", "numExecutors", "max_retry_times"), int),
    "auto_recovery": bool,
    "conf": dict,
}
#: lines that a log gives when it is not told where to begin
_LAST_LINES = 100


def _batch(world: World, call: Call) -> SparkBatch:
    batch = dli.project_of(world, call).spark_batches.get(call.params["batch_id"])
    if batch is None:
        raise dli.failure("DLI.0002", "The batch does not exist.")
    return batch


def _seen(world: World, call: Call) -> tuple[SparkBatch, Fields]:
    batch = _batch(world, call)
    fields = call.see(batch)
    if fields is None:
        raise dli.failure("DLI.0002", "The batch does not exist.")
    return batch, fields


def _state(world: World, fields: Fields) -> str:
    """Return the state as it is written; one sample of the vendor's has a capital letter."""
    status = str(fields["status"])
    return status.capitalize() if world.settings.dli_spark_state == "capital" else status


def _row(world: World, id: str, fields: Fields) -> Fields:
    return {
        "id": id,
        "appId": fields["app_id"],
        **picked(fields, "name", "owner"),
        "proxyUser": "",
        "state": _state(world, fields),
        "kind": fields["kind"],
        "log": fields["log"][-10:],
        "sc_type": fields["sc_type"],
        "cluster_name": fields["queue"],
        **picked(fields, "queue", "image", "create_time", "update_time"),
        "duration": (fields["end_time"] or world.now) - fields["create_time"],
    }


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/creating_a_batch_processing_job.html
@table.route("POST", _BATCHES, write=True)
def create_spark_batch(world: World, call: Call) -> Answer:
    """Create a batch, which starts at once."""
    project, given = dli.project_of(world, call), dli.body_of(call, _BODY, ["file", "className"])
    dli.check_length(given, "name", 128)
    dli.check_word(given, "sc_type", ["A", "B", "C"])
    dli.check_word(given, "feature", ["basic", "ai", "custom"])
    if not 0 <= given.get("max_retry_times", 20) <= 100:
        raise dli.invalid("max_retry_times must be 0 to 100")
    for name in ("driverMemory", "executorMemory"):
        if given.get(name) and not given[name].strip()[-1:].isalpha():
            raise dli.invalid(f"{name} needs a unit")
    fields: Fields = {
        "outcome": world.settings.dli_spark_outcome,
        **project.programs.get(given["file"], {}),
        "name": given.get("name", ""),
        "queue": given.get("queue") or given.get("cluster_name") or "default",
        "sc_type": given.get("sc_type", "CUSTOMIZED"),
        "request": given,
        **{name: given[name] for name in ("feature", "spark_version", "image") if name in given},
    }
    batch = SparkBatch(str(uuid.uuid4()), fields, world.settings, world.now)
    batch.before = None
    project.spark_batches[batch.id] = batch
    return Answer(_row(world, batch.id, batch.fields))


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/querying_a_batch_job_status.html
@table.route("GET", f"{_BATCH}/state")
def show_spark_batch_state(world: World, call: Call) -> Answer:
    """Give the state of a batch."""
    batch, fields = _seen(world, call)
    return Answer({"id": batch.id, "state": _state(world, fields)})


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/querying_batch_job_details.html
@table.route("GET", _BATCH)
def show_spark_batch(world: World, call: Call) -> Answer:
    """Describe a batch."""
    batch, fields = _seen(world, call)
    more = picked(fields, "feature", "spark_version")
    return Answer({**_row(world, batch.id, fields), **more, "req_body": json.dumps(fields["request"])})


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/canceling_a_batch_processing_job.html
@table.route("DELETE", _BATCH, write=True)
def cancel_spark_batch(world: World, call: Call) -> Answer:
    """Cancel a batch that has not ended."""
    batch = _batch(world, call)
    if batch.ended:
        raise dli.failure("DLI.0007", f"A batch in state {batch.status} cannot be cancelled.")
    if batch.use_up("refuses_cancel"):
        raise dli.failure("DLI.0999", "Internal server error.")
    batch.cancel(world.now)
    return Answer({"msg": "deleted"})


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/listing_batch_processing_jobs.html
@table.route("GET", _BATCHES)
def list_spark_batches(world: World, call: Call) -> Answer:
    """Give some of the batches, the latest first unless asked otherwise."""
    project = dli.project_of(world, call)
    first, size = dli.page_number(call, "from", 0, 0), dli.page_number(call, "size", 100, 0)
    since, until = dli.page_number(call, "start", 0, 0), dli.page_number(call, "end", 2**63, 0)
    by, _, direction = call.query.get("order", "CREATE_TIME_DESC").lower().rpartition("_")
    if by not in ("create_time", "duration") or direction not in ("asc", "desc"):
        raise dli.invalid("order must be CREATE_TIME or DURATION, with _ASC or _DESC")
    rows = []
    for batch in project.spark_batches.values():
        fields = call.see(batch)
        if fields is None or not since <= fields["create_time"] <= until or not _wanted(call, batch.id, fields):
            continue
        rows.append({**_row(world, batch.id, fields), "req_body": json.dumps(fields["request"])})
    rows.sort(key=lambda row: row[by], reverse=direction == "desc")
    page = {"from": first, "total": len(rows), "sessions": rows[first : first + size]}
    return Answer({**page, "create_time": min((row["create_time"] for row in rows), default=0)})


def _wanted(call: Call, id: str, fields: Fields) -> bool:
    shown = {
        "job_name": fields["name"],
        "job-id": id,
        "cluster_name": fields["queue"],
        "queue_name": fields["queue"],
        "state": fields["status"],
        "owner": fields["owner"],
    }
    return all(call.query.get(name) in (None, "", value) for name, value in shown.items())


# https://support.huaweicloud.com/api-dli/dli_02_0128.html
@table.route("GET", f"{_BATCH}/log", lacking=dli.deprecated)
def show_spark_batch_log(world: World, call: Call) -> Answer:
    """Give lines of the driver's log, the last ones unless told where to begin."""
    batch, fields = _seen(world, call)
    log = fields["log"]
    first = dli.page_number(call, "from", max(len(log) - _LAST_LINES, 0), 0)
    lines = log[first : first + dli.page_number(call, "size", _LAST_LINES, 0)]
    dli.page_number(call, "index", 0, 0)
    return Answer({"id": batch.id, "from": first, "total": len(lines), "log": lines})
