"""What the task's log tells of a run that failed: where it failed, and the last lines of the log there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_pipelines.codearts.states import FAILED, FINISHED, INIT
from airflow_provider_pipelines.core.http.retry import ONE_TRY
from airflow_provider_pipelines.errors import PipelinesError, TransportError

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
    from airflow_provider_pipelines.codearts.api.models import JobRun, RunDetail, StepRun
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.http.retry import RetryBudget

#: lines of a step's log that are shown, characters of a line, steps and runs whose logs are read
LINES = 30
LONGEST_LINE = 400
MOST_STEPS = 3
MOST_RUNS = 3

_FAILED = frozenset({FAILED, "ASYNC_FAILED"})
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# what a build may print in spite of its masks
_SECRETS = (
    (re.compile(r"(?i)([a-z_-]*(?:passw(?:or)?d|secret|token|api_?key|access_?key|credential)[a-z_-]*[\"']?\s*[=:]\s*)"
                r"(?:\"[^\"]*\"|'[^']*'|[^\s,;&]+)"), r"\1***"),
    (re.compile(r"(?i)(authorization[\"']?\s*[=:]\s*).+"), r"\1***"),
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), r"\1***@"),
)  # fmt: skip
_STAMP = re.compile(r"\[?\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d[.,]?\d*")


@dataclass(frozen=True, slots=True)
class FailedStep:
    """
    A place where a run failed.

    :param where: its stage, job and step, by name
    :param why: what the service says of it, or empty
    :param job_run_id: None where there is no job, and so no log
    """

    where: str
    why: str
    job_run_id: str | None = None
    step_run_id: str | None = None


class Client(Protocol):
    """What runs the calls."""

    api: CodeArtsApi

    def run(self, call: Call[Any], budget: RetryBudget | None = None) -> Any:
        """Run one of them."""


def explain(
    connect: Callable[[], Client], pipeline_id: str, ids: Sequence[str], tell: Callable[[str, str], None]
) -> None:
    """
    Tell where runs failed, with the last lines of the logs there.

    The verdict stands already: what cannot be read is said, and changes nothing.

    :param connect: gives the client, or raises
    :param tell: takes a format with one place, and a line
    """
    try:
        client = connect()
        for id in ids[:MOST_RUNS]:
            client.run(_explain(client.api, pipeline_id, id, lambda line: tell("%s", line)), ONE_TRY)
    except PipelinesError as error:
        tell("%s", f"what failed could not be read: {error}")


def _explain(api: CodeArtsApi, pipeline_id: str, id: str, tell: Callable[[str], None]) -> Call[None]:
    detail = yield from api.show_pipeline_run_detail(pipeline_id, id)
    found = list(failed_steps(detail))
    if not found:
        tell(f"run {id} failed; it shows no stage, job or step that did")
    for number, step in enumerate(found):
        tell(f"run {id} failed in {step.where}{f': {step.why}' if step.why else ''}")
        if step.job_run_id is None or step.step_run_id is None or number >= MOST_STEPS:
            continue
        try:
            lines = yield from _last_lines(api, pipeline_id, id, step.job_run_id, step.step_run_id)
        except TransportError:
            raise  # the next one would be no better
        except PipelinesError as error:
            tell(f"the log of {step.where} could not be read: {error}")
            continue
        tell(f"the last lines of the log of {step.where}:" if lines else f"the log of {step.where} is empty")
        for line in lines:
            tell(f"    {line}")
    if detail.detail_url:
        tell(f"see {clean(detail.detail_url)}")


def failed_steps(detail: RunDetail) -> Iterator[FailedStep]:
    """Give the places where a run failed, those in jobs with the ids that their logs are found by."""
    for stage in detail.stages:
        named = f"stage {_name(stage)}"
        parts = [FailedStep(f"{named}, check {_name(step)}", _why(step))
                 for step in (*stage.pre, *stage.post) if step.status in _FAILED]  # fmt: skip
        for job in stage.jobs:
            if job.status in _FAILED or any(step.status in _FAILED for step in job.steps):
                parts += _of_job(job, f"{named}, job {_name(job)}")
        if not parts and stage.status in _FAILED:
            parts = [FailedStep(named, "")]
        yield from parts


def _of_job(job: JobRun, named: str) -> list[FailedStep]:
    steps = [step for step in job.steps if step.status in _FAILED]
    if not steps:
        # the job failed around its steps; the one that began last is nearest to it
        steps = [step for step in job.steps if step.status not in {None, INIT, *(FINISHED - {"COMPLETED"})}][-1:]
    if not steps:
        return [FailedStep(named, _why(job))]
    return [FailedStep(f"{named}, step {_name(step)}", _why(step) or _why(job), job.id, step.id) for step in steps]


def _last_lines(api: CodeArtsApi, pipeline_id: str, id: str, job_run_id: str, step_run_id: str) -> Call[list[str]]:
    page = yield from api.show_pipeline_log(pipeline_id, id, job_run_id, step_run_id)
    lines = page.log.splitlines()
    if page.has_more:
        # a long one: its end is asked for. Whether the lines come newest first is not documented; their times tell
        tail = yield from api.show_pipeline_log(pipeline_id, id, job_run_id, step_run_id, limit=LINES, sort="desc")
        lines = tail.log.splitlines()
        stamps = [found[0] for line in lines if (found := _STAMP.match(line))]
        if not stamps or stamps[0] > stamps[-1]:
            lines.reverse()
    return [clean(line) for line in lines[-LINES:]]


def clean(line: str) -> str:
    """Make a line of a foreign log fit to be shown: short, without control characters, without what looks secret."""
    line = _CONTROL.sub("", line)
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..."


def _why(part: JobRun | StepRun) -> str:
    return clean(" ".join(part.message.split())) if isinstance(part.message, str) else ""


def _name(part: Any) -> str:
    name = part.name or getattr(part, "task", None) or part.identifier or part.id or "without a name"
    return clean(str(name))[:80]
