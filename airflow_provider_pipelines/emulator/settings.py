"""
What can be switched: how long changes take, and the vendors' open questions.

The vendors do not document everything. Where they are silent, or contradict themselves, a setting chooses among the
readings; the default is the one with the best evidence. Settings are given on the command line (``--set NAME=VALUE``)
or while the emulator runs (``POST /_emulator/settings``). Durations are seconds of the world, unless they say *real*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


class SettingError(ValueError):
    """A setting that does not exist, or a value that it cannot have."""


def _choice(default: Any, *others: Any, text: str) -> Any:
    return field(default=default, metadata={"choices": (default, *others), "text": text})


def _number(default: float | None, text: str, *, optional: bool = False) -> Any:
    return field(default=default, metadata={"optional": optional, "text": text})


def _count(default: int | None, text: str, *, optional: bool = False) -> Any:
    return field(default=default, metadata={"optional": optional, "text": text, "whole": True})


@dataclass
class Settings:
    """Everything that can be switched; ``python -m airflow_provider_pipelines.emulator --list-settings`` prints it."""

    profile: str = _choice("huaweicloud", "otc", text="whose cloud is played; otc has no CodeArts")

    enos_start_seconds: float = _number(20.0, "STARTING until RUNNING")
    enos_pause_seconds: float = _number(10.0, "PAUSING until PAUSED")
    enos_stop_seconds: float = _number(10.0, "STOPPING until STOPPED")
    enos_start_lock_seconds: float | None = _number(
        None, "how long a start locks out other starts of the organisation; null: as long as it takes", optional=True
    )
    enos_transitional: bool = _choice(True, False, text="whether a change shows as STARTING, PAUSING, STOPPING")
    enos_failure_status: int = _choice(200, 400, 500, text="HTTP status of failures")
    enos_gateway_member: str = _choice("code", "status", text="member that carries the code of a refused signature")
    enos_signature_code: int = _choice(1003, 1004, text="code of a wrong signature")
    enos_unknown_token_code: int = _choice(1203, 1003, 1004, text="code of a token that was never given out")
    enos_skew_seconds: float | None = _number(None, "real seconds apim-timestamp may be off; null: any", optional=True)
    enos_token_seconds: float = _number(7200.0, "real life-time of a token")
    enos_refresh_kills_old: bool = _choice(True, False, text="whether a refresh ends the old token at once")
    enos_action_data: str = _choice("absent", "empty", text="'data' in the answer of an action")
    enos_count: str = _choice("total", "page", text="what 'count' counts in a list")
    enos_max_page_size: int | None = _count(None, "pages are cut to this many; null: no limit", optional=True)
    enos_system_view: str = _choice("only", "all", text="isSystem=true gives only system pipelines, or all")
    enos_design_status: str = _choice("absent", "null", "PUBLISHED", text="'status' of a design copy in a list")
    enos_release_status: str = _choice("PUBLISHED", "kept", text="status after a release of a PAUSED or STOPPED one")
    enos_unreleased_code: int = _choice(61108, 61165, text="code of starting what was never released")
    enos_missing_org_code: int = _choice(61102, 61106, 61108, text="code of a call without orgId")
    enos_lag_of_idle: str = _choice("empty", "error", "last", text="offset-lag of what does not run")
    enos_data: str = _choice("object", "list", text="'data' of a read: an object, or a list that holds it")
    enos_lag_type: str = _choice("number", "text", text="type of lag and offset")
    enos_design_view: str = _choice("unreleased", "all", text="ifReleased=false gives what was never released, or all")
    enos_save_name: str = _choice("both", "name", "pipelineName", text="member that names what is saved")
    enos_reset_code: int = _choice(61152, 61168, text="code of resetting the offset of what runs")
    enos_system_first: bool = _choice(False, True, text="whether a start needs the system pipelines to run")
    enos_state_data: str = _choice("items", "list", text="'data' of stage states: an object with items, or a list")
    enos_state_limit: int = _count(100_000, "points of one question for stage states")
    enos_state_limit_of: str = _choice("product", "points", text="what is limited: assets times points, or points")
    enos_delete_state_code: int = _choice(61199, 61152, text="code of deleting the stage state of what runs")
    enos_delete_state_stopped: bool = _choice(True, False, text="whether that of a STOPPED pipeline may be deleted")
    enos_expire: str = _choice("left", "initial", text="'expire' of a token that was given out before")
    enos_poseidon: bool = _choice(
        False, True, text="whether the sealed tokens of the vendor's Python package are taken"
    )

    codearts_init_seconds: float = _number(0.0, "INIT until RUNNING at the start of a run")
    codearts_run_seconds: float = _number(60.0, "RUNNING until the run ends")
    codearts_stop_seconds: float = _number(10.0, "stop until CANCELED")
    codearts_stop: str = _choice("async", "immediate", text="whether a stopped run goes on for a while")
    codearts_stop_finished: str = _choice("true", "false", "400", "404", text="answer of stopping a finished run")
    codearts_stop_queued: str = _choice("false", "404", "cancels", text="answer of stopping a queued run")
    codearts_end_time: str = _choice("null", "zero", "absent", text="end_time of a run that has not ended")
    codearts_error_status: int = _choice(200, 400, text="HTTP status of DEVPIPE errors")
    codearts_queued_detail: str = _choice("error", "INIT", "QUEUED", text="detail of a queued run: error or a status")
    codearts_over_limit: str = _choice("ignored", "refused", text="a run over the limit with ABORT: IGNORED, or 11104")
    codearts_queue_code: str = _choice(
        "DEVPIPE.00011169", "DEVPIPE.00011170", text="why a run waits: limit of the pipeline, or of the account"
    )
    codearts_unqueued: str = _choice(
        "nothing",
        "CANCELED",
        "FAILED",
        "IGNORED",
        text="what the detail shows of a run that was taken out of the queue or waited too long",
    )
    codearts_queue_seconds: float = _number(86400.0, "QUEUED until QUEUED_TIME_OUT")
    codearts_default_limit: int = _count(10, "rows of a list without limit")
    codearts_max_limit: int | None = _count(None, "lists are cut to this many rows; null: no limit", optional=True)
    codearts_status_limit: int | None = _count(
        None, "pipelines in one question for their status; null: any", optional=True
    )
    codearts_status_over: str = _choice(
        "refused", "cut", text="more pipelines than that: HTTP 400, or the first of them"
    )
    codearts_zone_hours: float = _number(0.0, "how far dates in filters are ahead of UTC")
    codearts_unknown_run: str = _choice(
        "code", "404", text="HTTP status for an unknown run: as of other errors, or 404"
    )
    codearts_banned_run: str = _choice(
        "code", "400", text="HTTP status of running a disabled pipeline: as others, or 400"
    )
    codearts_waiting_step: str = _choice("kept", "RUNNING", text="status of a step that waits: as its job, or RUNNING")
    codearts_second_pass: str = _choice("false", "true", "400", text="answer for a step that does not wait any more")
    codearts_refused: str = _choice("FAILED", "CANCELED", text="how a run ends that was refused, or waited too long")
    codearts_stopped_waiting: str = _choice(
        "CANCELED", "FAILED", text="how a run ends that was stopped while it waited"
    )
    codearts_delay_seconds: float = _number(3600.0, "how long a delayed step waits by itself")
    codearts_more_delay_seconds: float = _number(3600.0, "how much longer it waits when it is put off")
    codearts_retry_canceled: bool = _choice(True, False, text="whether a cancelled run can be tried again")
    codearts_retry_jobs: str = _choice("any", "failed", text="which jobs can be named when a run is tried again")
    codearts_log_desc: str = _choice("reversed", "kept", text="order of lines in a page of a log read from its end")

    dli_submit_seconds: float = _number(30.0, "job_submitting until job_running")
    dli_savepoint_seconds: float = _number(20.0, "job_savepointing")
    dli_cancel_seconds: float = _number(10.0, "job_canceling until job_cancel_success")
    dli_is_success: str = _choice("string", "boolean", text="type of is_success")
    dli_batch_answer: str = _choice(
        "per_id",
        "reversed",
        "single",
        "object",
        text="an element per id, the same in another order, one for all, plain object",
    )
    dli_refusal: str = _choice(
        "mixed",
        "whole",
        "false",
        "ignore",
        text="refused ids of a batch: false beside true, HTTP 400 if all are refused (mixed); HTTP 400 and none acts "
        "(whole); HTTP 200 always (false); HTTP 200 with true and no effect (ignore)",
    )
    dli_unknown_job: str = _choice("DLI.16001", "DLI.0002", "DLI.0023", text="code of a job that does not exist")
    dli_savepoint_order: str = _choice("before", "after", text="job_savepointing before or after job_canceling")
    dli_savepoint_without_bucket: str = _choice("refuse", "missing", text="stop with savepoint, job has no obs_bucket")
    dli_savepoint_cleared: str = _choice("running", "submitting", text="when a restart deletes the savepoint")
    dli_resume_without_savepoint: str = _choice("clean", "refuse", text="run with resume_savepoint and none there")
    dli_start_time: str = _choice("null", "zero", "absent", text="start_time of a job that never ran")
    dli_name_filter: str = _choice("fuzzy", "exact", text="how the list filters by name")
    dli_status_filter: str = _choice("one", "several", text="whether the list takes several statuses with commas")
    dli_order_by: str = _choice("create_time", "update_time", text="time that the list is ordered by")
    dli_empty_batch: str = _choice("refuse", "accept", text="empty job_ids: DLI.0001, or an empty array")
    dli_max_job_ids: int | None = _count(None, "job_ids are refused above this many; null: no limit", optional=True)
    dli_first_job_id: int = _count(1000, "id of the first job that is created; those after it count up")
    dli_same_name: str = _choice("refuse", "accept", text="a Flink job by the name of another: DLI.0006, or taken")
    dli_unauthorised_bucket: str = _choice("accept", "refuse", text="obs_bucket that was not authorised: DLI.11016")
    dli_update_omitted: str = _choice("kept", "default", text="what an update makes of fields that are left out")
    dli_update_running: str = _choice(
        "runtime",
        "any",
        "none",
        text="what an update may change of a running job: what acts at run-time (smn_topic, restart_when_exception, "
        "resume_checkpoint, resume_max_num, obs_bucket, checkpoint_path), anything, nothing",
    )
    dli_deleted: str = _choice("gone", "kept", text="whether detail and list still show a job after its deletion")
    dli_graph_of_idle: str = _choice("error", "empty", "last", text="execution graph of a job that does not run")
    dli_graph_error: str = _choice("in_200", "error", text="a static graph that fails: inside a 200, or HTTP 400")
    dli_import_ids: str = _choice("text", "number", text="type of the ids in the answer of an import of jobs")
    dli_savepoint_routes: str = _choice(
        "huaweicloud", "both", "otc", "none", text="clouds that have the calls savepoint and import-savepoint"
    )
    dli_deprecated_routes: str = _choice(
        "both", "huaweicloud", "none", text="clouds that still have metrics, obs-authorize and the log of a batch"
    )
    dli_savepoint_refusal: str = _choice(
        "error", "message", text="a savepoint call that fails: HTTP 500, or false inside the message of a 200"
    )
    dli_savepoint_path: str = _choice(
        "concrete", "folder", "bare", text="savepoint_path: of the savepoint, of its folder, without obs://"
    )
    dli_imported_savepoint: str = _choice("shown", "hidden", text="whether the detail shows an imported savepoint")
    dli_failed_savepoint: str = _choice(
        "job_running", "job_cancel_fail", "job_cancel_success", text="status after a stop whose savepoint failed"
    )

    dli_sql_launch_seconds: float = _number(5.0, "LAUNCHING until RUNNING")
    dli_sql_run_seconds: float = _number(20.0, "RUNNING until an SQL job ends")
    dli_sql_cancel_seconds: float = _number(5.0, "cancel until CANCELLED")
    dli_sql_outcome: str = _choice("FINISHED", "FAILED", text="how an SQL job ends that the seed does not know")
    dli_sql_rows: int = _count(3, "rows of the result of a query that the seed does not know")
    dli_sql_result_seconds: float | None = _number(
        None, "how long a result can be read (DLI.0100 after that); null: for ever", optional=True
    )
    dli_sql_async_ddl: str = _choice(
        "false", "true", text="DDL and DCL are jobs that are waited for, where conf has no dli.sql.sqlasync.enabled"
    )
    dli_sql_sync_failure: str = _choice(
        "error", "false", text="a synchronous statement that fails: HTTP 400, or is_success false in a 200"
    )
    dli_sql_cancelled: str = _choice("shown", "gone", text="status of a cancelled job: CANCELLED, or HTTP 400")
    dli_sql_finished: str = _choice("FINISHED", "FINISH", text="how that status is written")
    dli_sql_failed_message: str = _choice("text", "json", text="message of a FAILED job: text, or JSON in a string")
    dli_sql_progress: str = _choice("shown", "error", text="progress: shown, or DLI.0999 as of an old queue")
    dli_check_sql_error: str = _choice("error", "false", text="check of wrong SQL: HTTP 400, or is_success false")
    dli_spark_start_seconds: float = _number(15.0, "starting until running")
    dli_spark_run_seconds: float = _number(60.0, "running until a batch ends")
    dli_spark_cancel_seconds: float = _number(5.0, "cancel until the batch has ended")
    dli_spark_outcome: str = _choice("success", "dead", text="how a batch ends that the seed does not know")
    dli_spark_cancelled: str = _choice("dead", "success", text="state of a batch that was cancelled")
    dli_spark_state: str = _choice("lower", "capital", text="letter case of the state")

    iam_token_seconds: float = _number(86400.0, "real life-time of an IAM token")
    iam_key_seconds: float | None = _number(
        None, "real life-time of temporary keys; null: as it was asked for", optional=True
    )
    iam_error_shape: str = _choice("keystone", "iam", text="errors of the v3 calls: Keystone's numbers, or IAM.xxxx")
    iam_refusal: str = _choice(
        "gateway", "iam", text="who refuses tokens and signatures at IAM: APIG.xxxx, or IAM.xxxx"
    )
    iam_agency_word: str = _choice("own", "both", text="agency_name or xrole_name by profile, or both")
    lockout_failures: int = _count(5, "consecutive failures that are allowed before a key or user is locked")
    lockout_seconds: float = _number(300.0, "real time that a key or user is locked")

    def update(self, given: Mapping[str, Any]) -> None:
        """Change some settings, all of them or none."""
        known = {one.name: one for one in fields(self)}
        for name, value in given.items():
            if name not in known:
                raise SettingError(f"unknown setting {name!r}")
            _check(name, value, known[name].metadata)
        for name, value in given.items():
            setattr(self, name, value)

    def dump(self) -> dict[str, Any]:
        """Return all settings."""
        return asdict(self)

    def read(self, text: str) -> None:
        """Change a setting given as ``NAME=VALUE`` on the command line."""
        name, equals, value = text.partition("=")
        known = {one.name: one for one in fields(self)}
        if not equals or name not in known:
            raise SettingError(f"not a setting: {text!r}; it must look like NAME=VALUE with a known name")
        self.update({name: _parsed(value, known[name].metadata)})


def describe() -> str:
    """Return a table of all settings, for people."""
    lines = []
    for one in fields(Settings):
        choices = one.metadata.get("choices")
        values = " | ".join(str(value) for value in choices) if choices else "number"
        lines.append(f"{one.name}\n    {one.metadata['text']}\n    {values} (default: {one.default})")
    return "\n".join(lines)


def _parsed(value: str, metadata: Mapping[str, Any]) -> Any:
    if "choices" in metadata:
        return next((one for one in metadata["choices"] if str(one).lower() == value.lower()), value)
    if value.lower() in ("null", "none") and metadata["optional"]:
        return None
    try:
        return int(value) if metadata.get("whole") else float(value)
    except ValueError:
        return value


def _check(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    if "choices" in metadata:
        if not any(value == one and type(value) is type(one) for one in metadata["choices"]):
            allowed = ", ".join(repr(one) for one in metadata["choices"])
            raise SettingError(f"{name} must be one of {allowed}, not {value!r}")
        return
    if value is None and metadata["optional"]:
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = whole if metadata.get("whole") else whole or isinstance(value, float)
    if not fits or not 0 <= value < float("inf"):
        raise SettingError(f"{name} must be a number from 0 up, not {value!r}")
