"""
What a run leaves behind, typed: logs, outputs, artifacts, triggers that started nothing.

https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineLog.html and the pages beside it
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from airflow_provider_pipelines.codearts.api.models import Rows, Whole  # noqa: TC001 -- pydantic reads it
from airflow_provider_pipelines.core.http.reading import Answer


class StepLog(Answer):
    """A page of a step's log; both offsets come as text and lead to the next page."""

    log: str
    has_more: bool = False
    start_offset: str | None = None
    end_offset: str | None = None
    step_run_id: str | None = None


class Output(Answer):
    """One value that a step gave."""

    key: str
    value: Any = None


class StepOutput(Answer):
    """What a step gave; for a sub-pipeline among it the ``pipeline_run_id`` of the child."""

    step_run_id: str
    output_result: Rows[Output] = Field(default_factory=list)


class StepOutputs(Answer):
    """What the steps of a run gave."""

    step_outputs: Rows[StepOutput] = Field(default_factory=list)
    current_system_time: Whole = None


class Artifact(Answer):
    """A file that a run made."""

    name: str | None = None
    project_id: str | None = None
    artifact_version: str | None = None
    artifact_type: str | None = None
    artifact_package_type: str | None = None
    artifact_uri: str | None = None
    artifact_download_url_with_id: str | None = None
    upload_target: str | None = None
    hash_code: Any = None
    job_id: str | None = None
    build_no: str | None = None
    daily_build_number: str | None = None
    file_size: str | None = None


class Artifacts(Answer):
    """The files that a run made."""

    artifacts: Rows[Artifact] = Field(default_factory=list)


class TriggerFailure(Answer):
    """A trigger that started no run, and why."""

    trigger_type: str | None = None
    trigger_time: Whole = None
    executor_id: str | None = None
    executor_name: str | None = None
    reason: str | None = None
