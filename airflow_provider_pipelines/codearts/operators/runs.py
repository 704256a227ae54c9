"""Operators that run CodeArts pipelines, stop runs and retry them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.codearts.operators.pipelines import CodeArtsPipelineOperator
from airflow_provider_pipelines.codearts.states import CANCELED, FAILED, QUEUED, RETRY, RUN, STOP
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.errors import PipelinesError, WatchFailed
from airflow_provider_pipelines.task.boundary import airflow_errors

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.flows.run_source import SingleStart
    from airflow_provider_pipelines.codearts.operators.run_memory import RunMemory
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.core.verbs.work import Work


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


class CodeArtsRunPipelineOperator(CodeArtsRunsOperator):
    """
    Runs a CodeArts pipeline and waits until the run is ``COMPLETED``.

    A run is asked for once. Where the answer is lost, the run is looked for, by a marker at the end of its description;
    if that stays unclear the task fails and says so. A later attempt takes over the run of an earlier one, if it was
    asked for with the same arguments and goes on, or ended well unnoticed; after a run that failed or was cancelled it
    starts a new one. A run over the pipeline's limit waits in its queue, and so does the task.

    https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html

    :param pipeline_id: the pipeline (templated)
    :param sources: which branches or tags, in the vendor's structure; None for the pipeline's own (templated)
    :param variables: a mapping, or the vendor's list of ``{"name", "value"}``; numbers and booleans are sent as text
        (templated)
    :param choose_jobs: identifiers of jobs from the pipeline's definition, for instance ``JOB_ijsHS`` (templated)
    :param choose_stages: identifiers of stages; jobs of other stages are left out (templated)
    :param description: what the run's description says before the marker (templated)
    :param timeout: seconds for each attempt, deferrals included; 24 hours if not given
    :param cancel_on_kill: cancel the run when the task is killed or its time is up
    :raises WatchFailed: the run failed, was cancelled or ignored, or waited too long in the queue
    :raises QuotaExceeded: too many runs at once, and the pipeline does not queue
    """

    template_fields: Sequence[str] = (
        "pipeline_id", "sources", "variables", "choose_jobs", "choose_stages", "description",
        "project_id", "region", "huaweicloud_conn_id",
    )  # fmt: skip
    template_fields_renderers: ClassVar[dict[str, str]] = {"sources": "json", "variables": "json"}
    does = RUN
    cancels = True

    def __init__(
        self,
        *,
        sources: Sequence[Mapping[str, Any]] | None = None,
        variables: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        choose_jobs: Sequence[str] | None = None,
        choose_stages: Sequence[str] | None = None,
        description: str | None = None,
        timeout: float = 24 * 3600,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(timeout=timeout, cancel_on_kill=cancel_on_kill, **kwargs)
        self.sources = sources
        self.variables = variables
        self.choose_jobs = choose_jobs
        self.choose_stages = choose_stages
        self.description = description

    def plan(self) -> list[str]:
        """Check ids and the body."""
        self._body()
        return super().plan()

    def _body(self) -> dict[str, Any]:
        from airflow_provider_pipelines.codearts.api.bodies import run_body
        from airflow_provider_pipelines.codearts.flows.marker import ROOM

        return run_body(self.sources, self.variables, self.choose_jobs, self.choose_stages, self.description, room=ROOM)

    def execute(self, context: Any) -> Any:
        """Adopt or ask for a run, and wait or defer."""
        with airflow_errors():
            self.plan()
            work = self._obtain(context, self._deadline())
        return self._go(context, work)

    def _obtain(self, context: Any, deadline: float) -> Work:
        from airflow_provider_pipelines.codearts.operators.run_memory import RunMemory

        client = self.hook.get_conn()
        client.end_by(deadline)
        if self.cancel_on_kill:
            # before the request: when it is answered there may be no time left
            self._cancel = self.hook.canceller(self.kind, self.scope)
        memory = RunMemory(self, context, deadline)
        client.run(self._single_start(client.api, context, memory).obtain())
        return memory.work

    def _single_start(self, api: Any, context: Any, memory: RunMemory) -> SingleStart:
        from airflow_provider_pipelines.codearts.flows.marker import Marker
        from airflow_provider_pipelines.codearts.flows.run_source import SingleStart

        body = self._body()
        marker = Marker.of(
            context.get("ti"), [api.project_id, self.region, self.huaweicloud_conn_id, self.pipeline_id, body]
        )
        description = body.pop("description", None)
        now, tell = self.hook.clock.time, self.log.info
        return SingleStart(api, self.pipeline_id, body, description, marker, memory, now, tell)

    def hold(self, work: Work) -> None:
        """Take charge of the run, and cancel it if the task was killed while it was asked for."""
        self._work = work
        if self.was_killed():
            self.on_kill()

    def _conclude(self, context: Any, work: Work) -> Any:
        if self._cancelled_before(work):
            self.log.info("the run that was taken over was being cancelled; starting another one")
            return self._go(context, self._obtain(context, work.deadline))
        for item in work.items.values():
            if left_the_queue(item):
                item.known = CANCELED
                item.fail(WatchFailed(f"{item.id} was taken out of the queue by somebody else before it could start."))
        from airflow_provider_pipelines.codearts.operators.run_memory import RunMemory

        result = super()._conclude(context, work)
        RunMemory(self, context, work.deadline).forget()
        return result

    def _cancelled_before(self, work: Work) -> bool:
        """Tell whether an adopted run ended soon by a cancel, which will have been that of the killed attempt."""
        from airflow_provider_pipelines.codearts.flows.run_source import SETTLE

        (item,) = work.items.values()
        soon = self.hook.clock.time() - item.acted_at < SETTLE
        cancelled = item.result == "failed" and item.known == CANCELED
        return bool(item.made.get("adopted")) and soon and (cancelled or left_the_queue(item))


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
        from airflow_provider_pipelines.core.verbs.item import Item
        from airflow_provider_pipelines.core.verbs.work import Work

        with airflow_errors():
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
