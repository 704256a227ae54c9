"""
DLI v1.0: savepoints by a call of their own; Huawei Cloud only.

https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0392.html
"""

from __future__ import annotations

import json

from airflow_provider_pipelines.emulator.dli.answers import (
    body_of,
    check_word,
    failure,
    invalid,
    job_of,
    no_savepoints,
    said,
)
from airflow_provider_pipelines.emulator.dli.state.flink import STARTABLE
from airflow_provider_pipelines.emulator.operations import Answer, Call, Table, World

table = Table("dli")

_JOB = "/v1.0/{project_id}/streaming/jobs/{job_id}"


# https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0392.html
@table.route("POST", f"{_JOB}/savepoint", write=True, lacking=no_savepoints)
def execute_flink_job_savepoint(world: World, call: Call) -> Answer:
    """Make a savepoint of a running job, which goes on running; nothing in the answer names it."""
    job = job_of(world, call)
    given = body_of(call, {"action": str, "savepoint_path": str}, ["action", "savepoint_path"])
    check_word(given, "action", ["TRIGGER"])
    if job.use_up("refuses_savepoint"):
        if world.settings.dli_savepoint_refusal == "error":
            raise failure("DLI.0999", "Internal server error.", 500)
        text = _inner(False, "api.msg.deal_savepoint_fail")
        return Answer(said(world, True, text), code="DLI.0999")
    if job.status != "job_running":
        raise failure("DLI.0007", f"A job in status {job.status} has no savepoint to make.")
    job.trigger_savepoint(world.now, given["savepoint_path"])
    return Answer(said(world, True, _inner(True, "api.msg.deal_savepoint_success")))


def _inner(yes: bool, message: str) -> str:
    # JSON inside a string, with the Boolean as text: so it is printed in the reference.
    return json.dumps({"is_success": str(yes).lower(), "message": message}, separators=(",", ":"))


# https://support.huaweicloud.com/intl/en-us/api-dli/dli_02_0393.html
@table.route("POST", f"{_JOB}/import-savepoint", write=True, lacking=no_savepoints)
def import_flink_job_savepoint(world: World, call: Call) -> Answer:
    """Let the next run of a job that does not run begin with a savepoint of elsewhere."""
    job = job_of(world, call)
    # The id comes again in the body, as a number in the reference, as text from the Terraform provider.
    given = body_of(call, {"job_id": object, "savepoint_path": str}, ["job_id", "savepoint_path"])
    if str(given["job_id"]) != job.id:
        raise invalid("job_id must be that of the path")
    if job.status not in STARTABLE:
        raise failure("DLI.0007", f"A job in status {job.status} cannot take a savepoint.")
    job.import_savepoint(world.now, given["savepoint_path"])
    return Answer(said(world, True, "The job is updated successfully."))
