"""Operators for runs of CodeArts pipelines that are there: stop, retry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.operators.pipelines import CodeArtsPipelineOperator
from airflow_provider_pipelines.codearts.states import CANCELED, FAILED, QUEUED, RETRY, STOP
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.errors import PipelinesError
from airflow_provider_pipelines.task.operator import airflow_edge

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.work import Item, Work


class CodeArtsRunsOperator(CodeArtsPipelineOperator):
    """Does something to runs of a CodeArts pipeline: the base of the operators below."""

    kind = "run"

    def _conclude(self, context: Any, work: Work) -> Any:
        failed = [item.id for item in work.items.values() if item.error is not None and item.known == FAILED]
        if failed:
            from airflow_provider_pipelines.codearts.flows.failures import explain

            explain(self.hook.get_conn, self.pipeline_id, failed, self.log.error)
        return super()._conclude(context, work)


def left_the_queue(item: Item) -> bool:
    """Tell whether a run that waited is gone: taken out of the queue, it never was a run and leaves no record."""
    return item.known == QUEUED and item.error is not None and item.error.get("error") == "NotFound"


class CodeArtsStopRunOperator(CodeArtsRunsOperator):
    """
    Stops a run of a CodeArts pipeline, or all that go on, and waits until they have ended.

    A run that waits in the queue is taken out of it. A run that has ended counts as stopped, however it ended.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/StopPipelineRun.html

    :param pipeline_id: the pipeline (templated)
    :param pipeline_run_id: the run; None for every active and queued run of the pipeline, and then the task returns a
        list of outcomes (templated)
    :raises NotFound: there is no such run of this pipeline
    """

    template_fields: Sequence[str] = (
        "pipeline_id", "pipeline_run_id", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    does = STOP

    def __init__(self, *, pipeline_run_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pipeline_run_id = pipeline_run_id
        self._every = pipeline_run_id is None

    @property
    def batch(self) -> bool:  # type: ignore[override]  # here it depends on an argument
        """Whether it is about every run of the pipeline."""
        return self._every

    def plan(self) -> list[str]:
        """Check the ids; what was a template and turned out empty is not taken for "every run"."""
        super().plan()
        return [] if self._every else [text_id(self.pipeline_run_id, "pipeline_run_id")]

    def execute(self, context: Any) -> Any:
        """Look, stop, and wait or defer."""
        if not self._every:
            return super().execute(context)
        from airflow_provider_pipelines.codearts.flows.runs import active_runs
        from airflow_provider_pipelines.core.verbs.work import Item, Work

        with airflow_edge():
            self.plan()
            deadline = self._deadline()
            client = self.hook.get_conn()
            ids = client.run(active_runs(client.api, self.pipeline_id))
            work = self._work = Work(self.verb, [Item(id) for id in ids], deadline)
        if not ids:
            self.log.info("pipeline %s has no active or queued run; nothing was sent", self.pipeline_id)
        return self._go(context, work)

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """End the runs, one after the other."""
        from airflow_provider_pipelines.codearts.flows.runs import end_run

        items = self._work.items if self._work is not None else {}
        answers: dict[str, PipelinesError | None] = {}
        for id in ids:
            item = items.get(id)
            queue_id = item.made.get("queue_id") if item is not None and item.known == QUEUED else None
            try:
                yield from end_run(api, self.pipeline_id, id, queue_id)
                answers[id] = None
            except PipelinesError as error:
                answers[id] = error
        return answers

    def _conclude(self, context: Any, work: Work) -> Any:
        for item in work.items.values():
            if left_the_queue(item) and item.acted_at:
                item.error = item.code = None
                item.finish("done", f"{item.id} was taken out of the queue.")
                item.known = CANCELED
        return super()._conclude(context, work)


class CodeArtsRetryRunOperator(CodeArtsRunsOperator):
    """
    Runs again what failed in a run of a CodeArts pipeline, under the same run id, and waits until it is ``COMPLETED``.

    A run that is ``COMPLETED`` already counts as done; one that goes on is waited for, and retried if it then fails.
    Over the pipeline's limit the retry waits in its queue, and so does the task. The run is not cancelled when the task
    is killed: the task did not make it.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/RetryPipelineRun.html

    :param pipeline_id: the pipeline (templated)
    :param pipeline_run_id: the run (templated)
    :param job_run_ids: the ``id`` of jobs in the run's detail; None for all that failed (templated)
    :param timeout: seconds for each attempt, deferrals included; 24 hours if not given
    :raises WatchFailed: it failed again, was cancelled or ignored, or waited too long in the queue
    :raises NotFound: there is no such run of this pipeline
    """

    template_fields: Sequence[str] = (
        "pipeline_id", "pipeline_run_id", "job_run_ids", "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    does = RETRY

    def __init__(
        self,
        *,
        pipeline_run_id: str,
        job_run_ids: Sequence[str] | None = None,
        timeout: float = 24 * 3600,
        **kwargs: Any,
    ) -> None:
        super().__init__(timeout=timeout, **kwargs)
        self.pipeline_run_id = pipeline_run_id
        self.job_run_ids = job_run_ids

    def plan(self) -> list[str]:
        """Check the ids."""
        super().plan()
        self._jobs()
        return [text_id(self.pipeline_run_id, "pipeline_run_id")]

    def _jobs(self) -> list[str] | None:
        from airflow_provider_pipelines.codearts.api.bodies import ids

        return None if self.job_run_ids is None else ids(self.job_run_ids, "job_run_ids")

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Ask for the retry."""
        answers: dict[str, PipelinesError | None] = {}
        for id in ids:
            try:
                retried = yield from api.retry_pipeline_run(self.pipeline_id, id, job_run_ids=self._jobs())
                answers[id] = None
            except PipelinesError as error:
                answers[id] = error
            else:
                if retried.queue_id is not None and self._work is not None:
                    self._work.items[id].made["queue_id"] = retried.queue_id
                    self.log.info("%s waits for its turn in the queue (%s)", id, retried.error_msg or "over the limit")
        return answers
