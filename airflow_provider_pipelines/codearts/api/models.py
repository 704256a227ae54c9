"""
What CodeArts answers, typed: the vendor's field names, unknown fields and unknown words kept.

https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html and the pages beside it
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field

from airflow_provider_pipelines.core.http.reading import Answer

#: an id that has to be there, as text
Id = Annotated[str, Field(strict=True, min_length=1)]

T = TypeVar("T")


def _whole(value: Any) -> Any:
    """Read a number that may be missing, null, or text; what cannot be read is not there."""
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


#: a number that may be missing; times are epoch milliseconds, and 0 means "not yet"
Whole = Annotated[int | None, BeforeValidator(_whole)]
#: a list that may be missing or null
Rows = Annotated[list[T], BeforeValidator(lambda value: [] if value is None else value)]


class RunStarted(Answer):
    """
    The answer to a run that was accepted.

    ``queue_id`` is there if the run waits for its turn; ``error_code`` then tells why.
    """

    pipeline_run_id: Id
    queue_id: int | None = None
    error_code: str | None = None
    error_msg: str | None = None


class Success(Answer):
    """The answer to an action; an action that was not confirmed is an error."""

    success: bool


class RunRetried(Answer):
    """
    The answer to a retry that was accepted; the run keeps its id.

    ``queue_id`` is there if the run waits for its turn; ``error_code`` then tells why.
    """

    pipeline_run_id: str
    success: bool | None = None
    queue_id: int | None = None
    error_code: str | None = None
    error_msg: str | None = None


class QueueCancelled(Answer):
    """The answer to the cancel of a queued run."""

    pipeline_run_id: Id


class StepRun(Answer):
    """A step of a run; ``id`` is what other operations call ``step_run_id``."""

    id: str | None = None
    name: str | None = None
    task: str | None = None
    identifier: str | None = None
    status: str | None = None
    message: Any = None
    start_time: Whole = None
    end_time: Whole = None
    inputs: Any = None


class JobRun(Answer):
    """A job of a run; ``id`` is what other operations call ``job_run_id``."""

    id: str | None = None
    name: str | None = None
    identifier: str | None = None
    status: str | None = None
    message: Any = None
    start_time: Whole = None
    end_time: Whole = None
    steps: Rows[StepRun] = Field(default_factory=list)


class StageRun(Answer):
    """A stage of a run: entry checks (``pre``), jobs, exit gates (``post``)."""

    id: str | None = None
    name: str | None = None
    identifier: str | None = None
    status: str | None = None
    start_time: Whole = None
    end_time: Whole = None
    pre: Rows[StepRun] = Field(default_factory=list)
    post: Rows[StepRun] = Field(default_factory=list)
    jobs: Rows[JobRun] = Field(default_factory=list)


class RunDetail(Answer):
    """Everything about a run; ``id`` is what other operations call ``pipeline_run_id``."""

    id: str
    status: str
    pipeline_id: str | None = None
    name: str | None = None
    description: str | None = None
    project_id: str | None = None
    executor_id: str | None = None
    executor_name: str | None = None
    trigger_type: str | None = None
    run_number: Whole = None
    start_time: Whole = None
    end_time: Whole = None
    pause_time: Whole = None
    current_system_time: Whole = None
    stages: Rows[StageRun] = Field(default_factory=list)
    sources: Any = None
    artifacts: Any = None
    detail_url: str | None = None


class PipelineRun(Answer):
    """A run as lists show it."""

    pipeline_run_id: str
    status: str | None = None
    pipeline_id: str | None = None
    executor_id: str | None = None
    executor_name: str | None = None
    run_number: Whole = None
    trigger_type: str | None = None
    start_time: Whole = None
    end_time: Whole = None
    stage_status_list: Any = None
    build_params: Any = None
    artifact_params: Any = None
    detail_url: str | None = None


class LatestRun(PipelineRun):
    """The latest run of a pipeline, as the list of pipelines shows it."""

    pipeline_run_id: str | None = None  # type: ignore[assignment]  # a pipeline that never ran may show an empty one


class BatchStarted(Answer):
    """What became of one pipeline of a batch; ``status`` is about the start of its run, not about the run."""

    pipeline_id: Id
    pipeline_run_id: str | None = None
    pipeline_name: str | None = None
    status: str | None = None
    reason: str | None = None


class QueuedRun(Answer):
    """A run that waits for its turn; ``id`` is the number that cancelling it needs."""

    id: int
    pipeline_run_id: str
    status: str | None = None
    pipeline_id: str | None = None
    region: str | None = None
    enqueue_time: Whole = None
    trigger_type: str | None = None
    creator_id: str | None = None
    creator_name: str | None = None


class Pipeline(Answer):
    """A pipeline as the list shows it; ``project_id`` may be another one than the list was asked for."""

    pipeline_id: str
    name: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    component_id: str | None = None
    manifest_version: str | None = None
    create_time: Whole = None
    latest_run: LatestRun | None = None
    banned: bool | None = None
    description: str | None = None
    tag_list: Any = None


class PipelineDetail(Answer):
    """
    A pipeline's configuration.

    ``definition`` is JSON as text. Variables may hold plain-text values, and triggers security tokens: do not log it.
    """

    id: str
    name: str | None = None
    description: str | None = None
    project_id: str | None = None
    project_name: str | None = None
    manifest_version: str | None = None
    banned: bool | None = None
    create_time: Whole = None
    update_time: Whole = None
    definition: Any = None
    concurrency_control: Any = None
    sources: Any = None
    variables: Any = None


class PipelineChanged(Answer):
    """The answer to what was made, changed or deleted."""

    pipeline_id: Id


class JumpLink(Answer):
    """Where the console shows what a step did."""

    jumpLink: str


class Variable(Answer):
    """
    A parameter of a pipeline or of a run.

    The service tells its value in plain text, unless it is a secret one: do not log it.
    """

    name: str
    value: Any = None
    type: str | None = None
    sequence: Whole = None
    description: str | None = None
    is_secret: bool | None = None
    is_runtime: bool | None = None
    is_reset: bool | None = None
    latest_value: Any = None
    limits: Any = None
    required: bool | None = None
    variableGroupName: str | None = None


class SystemVariable(Answer):
    """A parameter that the service itself sets."""

    name: str
    value: Any = None
    type: str | None = None
    description: str | None = None
    kind: str | None = None
    ordinal: Whole = None
    isShow: bool | None = None
    isAlias: bool | None = None
    contextName: str | None = None
    sourceIdentifier: str | None = None
