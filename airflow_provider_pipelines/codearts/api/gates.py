"""
The operations that decide about a step that waits: review, check point, delay, suspension.

None of them is repeated after an answer that leaves it open whether it was carried out: read the run's detail then.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_pipelines.codearts.api.access import SERVICE
from airflow_provider_pipelines.codearts.api.bodies import text
from airflow_provider_pipelines.codearts.api.project import ProjectApi
from airflow_provider_pipelines.codearts.api.replies import confirmed_by
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.http.calls import Call, Request, segment

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.models import Success

M = TypeVar("M", bound=Callable[..., Any])

# Older documentation wants an empty object as body, newer none; the vendor's client sends none for those that it has.
_EMPTY = b"{}"
_PAGES = "https://support.huaweicloud.com/intl/en-us/api-pipeline"
#: what the arguments mean
_TAKEN = {
    "pipeline_id": "the pipeline's id",
    "pipeline_run_id": "the run's id",
    "job_run_id": "the ``id`` of the job in the run's detail",
    "step_run_id": "the ``id`` of the step in the run's detail",
    "approval_description": "the reviewer's comment",
}
_CHECK = "the ``id`` of the step in ``pre`` of the stage, in the run's detail"
_SUSPENDED = "the ``id`` of the step that suspended the run, in the run's detail"


def _decision(page: str, no: str = "the step may wait no more", **taken: str) -> Callable[[M], M]:
    """
    Complete the docstring of a decision: what it takes, what a refusal means, the vendor's page.

    :param page: the page's name, which is that of the operation in the vendor's client
    :param no: what may be the reason if the service does not confirm it
    :param taken: arguments that mean something else here
    """

    def complete(make: M) -> M:
        meanings = {**_TAKEN, **taken}
        params = [f":param {name}: {meanings[name]}" for name in signature(make).parameters if name != "self"]
        raises = f":raises Conflict: the service did not confirm it; {no}"
        make.__doc__ = "\n".join([str(make.__doc__), "", *params, raises, "", f"{_PAGES}/{page}.html"])
        return make

    return complete


class GatesApi(ProjectApi):
    """The decisions about steps that wait."""

    @_decision("AcceptManualReview")
    def accept_manual_review(
        self,
        pipeline_id: str,
        pipeline_run_id: str,
        job_run_id: str,
        step_run_id: str,
        *,
        approval_description: str | None = None,
    ) -> Call[Success]:
        """Pass a manual review."""
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "pass")
        return (yield from self._review("accept_manual_review", path, approval_description))

    @_decision("RejectManualReview")
    def reject_manual_review(
        self,
        pipeline_id: str,
        pipeline_run_id: str,
        job_run_id: str,
        step_run_id: str,
        *,
        approval_description: str | None = None,
    ) -> Call[Success]:
        """Refuse a manual review."""
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "refuse")
        return (yield from self._review("reject_manual_review", path, approval_description))

    @_decision("AcceptCheckpoint", step_run_id=_CHECK)
    def accept_checkpoint(self, pipeline_id: str, pipeline_run_id: str, step_run_id: str) -> Call[Success]:
        """Pass the check point at the entry of a stage."""
        path = self._of_check(pipeline_id, pipeline_run_id, step_run_id, "pass")
        return (yield from self._decide("accept_checkpoint", path, None))

    # the address in the example of the vendor's page is that of another operation
    @_decision("RejectCheckpoint", step_run_id=_CHECK)
    def reject_checkpoint(self, pipeline_id: str, pipeline_run_id: str, step_run_id: str) -> Call[Success]:
        """Refuse the check point at the entry of a stage."""
        path = self._of_check(pipeline_id, pipeline_run_id, step_run_id, "refuse")
        return (yield from self._decide("reject_checkpoint", path))

    @_decision("AcceptDelayJob")
    def accept_delay_job(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """Let a delayed step go on now."""
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "delay-pass")
        return (yield from self._decide("accept_delay_job", path))

    @_decision("RejectDelayJob")
    def reject_delay_job(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """End the run at a delayed step."""
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "delay-refuse")
        return (yield from self._decide("reject_delay_job", path))

    @_decision("ContinueDelayJob", "the step may wait no more, or had its three hours")
    def continue_delay_job(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """Delay a delayed step for one more hour, three times at most."""
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "delay")
        return (yield from self._decide("continue_delay_job", path))

    @_decision("ResumePipeline", "the run may be suspended no more", step_run_id=_SUSPENDED)
    def resume_pipeline(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """Let a suspended run go on."""
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "resume")
        return (yield from self._decide("resume_pipeline", path))

    def _of_check(self, pipeline_id: Any, pipeline_run_id: Any, step_run_id: Any, word: str) -> str:
        step = segment(text_id(step_run_id, "step_run_id"))
        return self._of_run(pipeline_id, pipeline_run_id, f"steps/{step}/manual/{word}")

    def _review(self, operation: str, path: str, comment: Any) -> Call[Success]:
        # the vendor's client knows this parameter, its pages do not
        query = () if comment is None else (("approval_description", text(comment, "approval_description")),)
        return (yield from self._decide(operation, path, None, query))

    def _decide(
        self, operation: str, path: str, body: bytes | None = _EMPTY, query: tuple[tuple[str, str], ...] = ()
    ) -> Call[Success]:
        request = Request(operation, "POST", path, query, body, service=SERVICE)
        return confirmed_by(request, (yield request))
