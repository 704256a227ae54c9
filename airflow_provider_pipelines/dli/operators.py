"""Operators for DLI Flink jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import flag, long_ids
from airflow_provider_pipelines.dli.states import RUN, STOP, STOP_WITH_SAVEPOINT
from airflow_provider_pipelines.task import VerbOperator

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.calls import Call
    from airflow_provider_pipelines.core.goals import Verb
    from airflow_provider_pipelines.dli.hook import DliHook
    from airflow_provider_pipelines.errors import PipelinesError


class DliJobsOperator(VerbOperator):
    """
    Does something to a list of Flink jobs, each with a result of its own: the base of the operators below.

    The result is a list of outcomes in the order of ``job_ids``, with ``has_savepoint``, ``savepoint_path``,
    ``start_time`` and ``status_desc`` as last seen. If a job fails the others go on; the task fails at the end, after
    it has pushed the list as XCom ``outcomes``, and a retry acts only on those that are not there yet.

    :param job_ids: the jobs: whole numbers or their digits (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    kind = "flink_job"
    batch = True
    template_fields: Sequence[str] = ("job_ids", "project_id", "region", "huaweicloud_conn_id")

    def __init__(
        self,
        *,
        job_ids: Sequence[int],
        project_id: str | None = None,
        region: str | None = None,
        huaweicloud_conn_id: str = "huaweicloud_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_ids = job_ids
        self.project_id = project_id
        self.region = region
        self.huaweicloud_conn_id = huaweicloud_conn_id

    @cached_property
    def hook(self) -> DliHook:
        """The hook."""
        from airflow_provider_pipelines.dli.hook import DliHook

        return DliHook(self.huaweicloud_conn_id, self.project_id, self.region)

    def plan(self) -> list[str]:
        """Check the ids."""
        return [str(id) for id in long_ids(self.job_ids, "job_ids")]

    def outcome_id(self, id: str) -> int:
        """Give the number."""
        return int(id)

    def send(
        self, api: Any, ids: Sequence[str], refused: Mapping[str, PipelinesError | None], **flags: bool
    ) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the batch without the jobs that are refused already."""
        from airflow_provider_pipelines.dli.batches import Batch

        before = {id: self.items[id].before for id in ids if id not in refused}
        delivered = yield from Batch(api, self.verb.name, before, **flags).deliver()
        return {**refused, **delivered}

    @property
    def items(self) -> Mapping[str, Any]:
        """What is known of each job."""
        return self._work.items if self._work is not None else {}


class DliBatchRunOperator(DliJobsOperator):
    """
    Runs Flink jobs and waits until each is ``job_running``, or ``job_finish`` for a bounded one.

    A running job is left as it is. One that is being stopped is waited for, then run. A job whose last stop failed
    (``job_cancel_fail``) is refused, since it may still be running; so is one in arrears.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_running_jobs.html

    :param job_ids: the jobs: whole numbers or their digits (templated)
    :param resume_savepoint: go on from the latest savepoint; a job that has none fails and is not started (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :raises WatchFailed: a job settled in another status, or several jobs failed
    """

    template_fields: Sequence[str] = ("job_ids", "resume_savepoint", "project_id", "region", "huaweicloud_conn_id")
    cancels = True

    def __init__(self, *, resume_savepoint: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.resume_savepoint = resume_savepoint

    @property
    def verb(self) -> Verb:
        """What is done."""
        return RUN

    def plan(self) -> list[str]:
        """Check ids and flag."""
        flag(self.resume_savepoint, "resume_savepoint")
        return super().plan()

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Ask for the runs; never with ``resume_savepoint`` for a job that has none."""
        from airflow_provider_pipelines.dli.batches import without_savepoint

        resume = flag(self.resume_savepoint, "resume_savepoint")
        refused = without_savepoint({id: self.items[id].made for id in ids}) if resume else {}
        return (yield from self.send(api, ids, refused, resume_savepoint=resume))


class DliBatchStopOperator(DliJobsOperator):
    """
    Stops Flink jobs and waits until none of them runs any more.

    A job that does not run (``job_init``, ``job_finish``, ``job_cancel_success``, ``job_submit_fail``,
    ``job_running_exception``, ``job_arrearage_stopped``) is left as it is. One that is being submitted is waited for,
    then stopped.

    With ``trigger_savepoint`` a job counts as stopped only if its savepoint was seen: ``has_savepoint`` is true, and
    the job had none before, or its path changed, or ``job_savepointing`` was seen. A job that stopped without one fails
    with :class:`~airflow_provider_pipelines.errors.SavepointMissing`, which no retry mends. A second stop without
    savepoint is never sent.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_stopping_jobs.html

    :param job_ids: the jobs: whole numbers or their digits (templated)
    :param trigger_savepoint: make a savepoint of each job first; a job without OBS bucket fails and runs on (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :raises WatchFailed: a stop or its savepoint failed, or several jobs failed
    """

    template_fields: Sequence[str] = ("job_ids", "trigger_savepoint", "project_id", "region", "huaweicloud_conn_id")

    def __init__(self, *, trigger_savepoint: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.trigger_savepoint = trigger_savepoint

    @property
    def verb(self) -> Verb:
        """What is done."""
        return STOP_WITH_SAVEPOINT if flag(self.trigger_savepoint, "trigger_savepoint") else STOP

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Ask for the stops; a savepoint only where there is a bucket for it."""
        from airflow_provider_pipelines.dli.batches import without_bucket

        savepoint = flag(self.trigger_savepoint, "trigger_savepoint")
        refused = (yield from without_bucket(api, ids)) if savepoint else {}
        return (yield from self.send(api, ids, refused, trigger_savepoint=savepoint))
