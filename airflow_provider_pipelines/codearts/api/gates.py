"""
The operations that decide about a step that waits: review, check point, delay, suspension.

None of them is repeated after an answer that leaves it open whether it was carried out: read the run's detail then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.access import SERVICE
from airflow_provider_pipelines.codearts.api.bodies import text
from airflow_provider_pipelines.codearts.api.project import ProjectApi
from airflow_provider_pipelines.codearts.api.replies import confirmed_by
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.http.calls import Call, Request, segment

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.models import Success

# Older documentation wants an empty object as body, newer none; the vendor's client sends none for those that it has.
_EMPTY = b"{}"


class GatesApi(ProjectApi):
    """The decisions about steps that wait."""

    def accept_manual_review(
        self,
        pipeline_id: str,
        pipeline_run_id: str,
        job_run_id: str,
        step_run_id: str,
        *,
        approval_description: str | None = None,
    ) -> Call[Success]:
        """
        Pass a manual review.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :param approval_description: the reviewer's comment
        :raises Conflict: the service did not confirm it; the step may wait no more

        https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptManualReview.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "pass")
        return (yield from self._review("accept_manual_review", path, approval_description))

    def reject_manual_review(
        self,
        pipeline_id: str,
        pipeline_run_id: str,
        job_run_id: str,
        step_run_id: str,
        *,
        approval_description: str | None = None,
    ) -> Call[Success]:
        """
        Refuse a manual review.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :param approval_description: the reviewer's comment
        :raises Conflict: the service did not confirm it; the step may wait no more

        https://support.huaweicloud.com/intl/en-us/api-pipeline/RejectManualReview.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "refuse")
        return (yield from self._review("reject_manual_review", path, approval_description))

    def _review(self, operation: str, path: str, comment: Any) -> Call[Success]:
        # the vendor's client knows this parameter, its pages do not
        query = () if comment is None else (("approval_description", text(comment, "approval_description")),)
        request = Request(operation, "POST", path, query, service=SERVICE)
        return confirmed_by(request, (yield request))

    def accept_checkpoint(self, pipeline_id: str, pipeline_run_id: str, step_run_id: str) -> Call[Success]:
        """
        Pass the check point at the entry of a stage.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param step_run_id: the ``id`` of the step in ``pre`` of the stage, in the run's detail
        :raises Conflict: the service did not confirm it; the step may wait no more

        https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptCheckpoint.html
        """
        path = self._of_check(pipeline_id, pipeline_run_id, step_run_id, "pass")
        return (yield from self._decide("accept_checkpoint", path, None))

    def reject_checkpoint(self, pipeline_id: str, pipeline_run_id: str, step_run_id: str) -> Call[Success]:
        """
        Refuse the check point at the entry of a stage.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param step_run_id: the ``id`` of the step in ``pre`` of the stage, in the run's detail
        :raises Conflict: the service did not confirm it; the step may wait no more

        https://support.huaweicloud.com/intl/en-us/api-pipeline/RejectCheckpoint.html
        """
        # the address in the example of the vendor's page is that of another operation
        path = self._of_check(pipeline_id, pipeline_run_id, step_run_id, "refuse")
        return (yield from self._decide("reject_checkpoint", path))

    def accept_delay_job(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """
        Let a delayed step go on now.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :raises Conflict: the service did not confirm it; the step may wait no more

        https://support.huaweicloud.com/intl/en-us/api-pipeline/AcceptDelayJob.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "delay-pass")
        return (yield from self._decide("accept_delay_job", path))

    def reject_delay_job(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """
        End the run at a delayed step.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :raises Conflict: the service did not confirm it; the step may wait no more

        https://support.huaweicloud.com/intl/en-us/api-pipeline/RejectDelayJob.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "delay-refuse")
        return (yield from self._decide("reject_delay_job", path))

    def continue_delay_job(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """
        Delay a delayed step for one more hour, three times at most.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step in the run's detail
        :raises Conflict: the service did not confirm it; the step may wait no more, or had its three hours

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ContinueDelayJob.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "delay")
        return (yield from self._decide("continue_delay_job", path))

    def resume_pipeline(
        self, pipeline_id: str, pipeline_run_id: str, job_run_id: str, step_run_id: str
    ) -> Call[Success]:
        """
        Let a suspended run go on.

        :param pipeline_id: the pipeline's id
        :param pipeline_run_id: the run's id
        :param job_run_id: the ``id`` of the job in the run's detail
        :param step_run_id: the ``id`` of the step that suspended the run, in the run's detail
        :raises Conflict: the service did not confirm it; the run may be suspended no more

        https://support.huaweicloud.com/intl/en-us/api-pipeline/ResumePipeline.html
        """
        path = self._of_step(pipeline_id, pipeline_run_id, job_run_id, step_run_id, "resume")
        return (yield from self._decide("resume_pipeline", path))

    def _of_check(self, pipeline_id: Any, pipeline_run_id: Any, step_run_id: Any, word: str) -> str:
        step = segment(text_id(step_run_id, "step_run_id"))
        return self._of_run(pipeline_id, pipeline_run_id, f"steps/{step}/manual/{word}")

    def _decide(self, operation: str, path: str, body: bytes | None = _EMPTY) -> Call[Success]:
        request = Request(operation, "POST", path, (), body, service=SERVICE)
        return confirmed_by(request, (yield request))
