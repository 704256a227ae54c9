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
    codearts_queue_seconds: float = _number(86400.0, "QUEUED until QUEUED_TIME_OUT")
    codearts_default_limit: int = _count(10, "rows of a list without limit")
    codearts_max_limit: int | None = _count(None, "lists are cut to this many rows; null: no limit", optional=True)

    dli_submit_seconds: float = _number(30.0, "job_submitting until job_running")
    dli_savepoint_seconds: float = _number(20.0, "job_savepointing")
    dli_cancel_seconds: float = _number(10.0, "job_canceling until job_cancel_success")
    dli_is_success: str = _choice("string", "boolean", text="type of is_success")
    dli_batch_answer: str = _choice("per_id", "single", "object", text="an element per id, one for all, plain object")
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

    iam_token_seconds: float = _number(86400.0, "real life-time of an IAM token")
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
        values = " | ".join(str(value) for value in choices) if choices else f"number, {one.default}"
        lines.append(f"{one.name}\n    {one.metadata['text']}\n    {values}")
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
