"""Operators that run, stop, delete and list Flink jobs, and the base of all operators for Flink jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.core.checks import flag, long_id, long_ids, one_of
from airflow_provider_pipelines.dli.states import DELETE, QUIET, RUN, STATUSES, STOP, STOP_WITH_SAVEPOINT
from airflow_provider_pipelines.errors import NotFound, PipelinesError
from airflow_provider_pipelines.huaweicloud.tasks import HuaweiCloudTask
from airflow_provider_pipelines.task.list_operator import ListOperator
from airflow_provider_pipelines.task.operator import VerbOperator

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.core.verbs.work import Work


class DliOperator(HuaweiCloudTask, VerbOperator):
    """
    Does something to Flink jobs: the base of the operators for them.

    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    vendor = "dli"
    kind = "flink_job"
    template_fields: Sequence[str] = ("project_id", "region", "huaweicloud_conn_id")
    does: ClassVar[Verb]

    @property
    def verb(self) -> Verb:
        """What is done."""
        return self.does

    def outcome_id(self, id: str) -> int:
        """Give the number."""
        return int(id)

    @property
    def items(self) -> Mapping[str, Any]:
        """What is known of each job."""
        return self._work.items if self._work is not None else {}

    def write(self, api: Any, id: str) -> Call[Mapping[str, Any]]:
        """Send the action, and give what its answer adds to the outcome."""
        raise NotImplementedError

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the action for the job."""
        (id,) = ids
        try:
            self.items[id].made.update((yield from self.write(api, id)))
        except PipelinesError as error:
            return {id: error}
        return {id: None}


class DliJobOperator(DliOperator):
    """
    Does something to one Flink job.

    :param job_id: the job: a whole number or its digits (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    template_fields: Sequence[str] = ("job_id", "project_id", "region", "huaweicloud_conn_id")

    def __init__(self, *, job_id: int | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_id = job_id

    def plan(self) -> list[str]:
        """Check the id."""
        return [str(long_id(self.job_id, "job_id"))]


class DliJobsOperator(DliOperator):
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

    batch = True
    template_fields: Sequence[str] = ("job_ids", "project_id", "region", "huaweicloud_conn_id")

    def __init__(self, *, job_ids: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.job_ids = job_ids

    def plan(self) -> list[str]:
        """Check the ids."""
        return [str(id) for id in long_ids(self.job_ids, "job_ids")]

    def send(
        self, api: Any, ids: Sequence[str], refused: Mapping[str, PipelinesError | None], **flags: bool
    ) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the batch without the jobs that are refused already."""
        from airflow_provider_pipelines.dli.flows.flink_batches import Batch

        before = {id: self.items[id].before for id in ids if id not in refused}
        delivered = yield from Batch(api, self.verb.name, before, **flags).deliver()
        return {**refused, **delivered}


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
    does = RUN
    cancels = True

    def __init__(self, *, resume_savepoint: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.resume_savepoint = resume_savepoint

    def plan(self) -> list[str]:
        """Check ids and flag."""
        flag(self.resume_savepoint, "resume_savepoint")
        return super().plan()

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Ask for the runs; never with ``resume_savepoint`` for a job that has none."""
        from airflow_provider_pipelines.dli.flows.flink_batches import without_savepoint

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
        from airflow_provider_pipelines.dli.flows.flink_batches import without_bucket

        savepoint = flag(self.trigger_savepoint, "trigger_savepoint")
        refused = (yield from without_bucket(api, ids)) if savepoint else {}
        return (yield from self.send(api, ids, refused, trigger_savepoint=savepoint))


class DliBatchDeleteOperator(DliJobsOperator):
    """
    Deletes Flink jobs, whatever they do at the moment, and waits until they are gone. Nothing brings them back.

    A job that there is not counts as deleted. DLI may keep the record of a job that it has deleted: a job that does not
    run and is shown for half a minute after DLI took the request counts as deleted too, and its message says so.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/batch_deleting_jobs.html

    :param job_ids: the jobs: whole numbers or their digits (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    :raises WatchTimeout: DLI took the request, and the job goes on running
    :raises WatchFailed: several jobs failed
    """

    kind = "flink_job_to_delete"
    does = DELETE

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Ask for the deletes; a job that is gone meanwhile is as good as deleted."""
        from airflow_provider_pipelines.dli.flows.flink_batches import Batch
        from airflow_provider_pipelines.dli.flows.flink_jobs import look_for_gone

        before = {id: self.items[id].before for id in ids}
        answers = yield from Batch(api, self.verb.name, before).deliver(look_for_gone)
        return {id: None if isinstance(error, NotFound) else error for id, error in answers.items()}

    def _conclude(self, context: Any, work: Work) -> Any:
        for item in work.items.values():
            if item.result == "failed" and item.acted_at and item.unclear is None and item.known in QUIET:
                item.error = item.code = None
                item.finish("done", f"{item.id} was deleted; DLI still shows its record as {item.known}.")
        return super()._conclude(context, work)


class DliListJobsOperator(HuaweiCloudTask, ListOperator):
    """
    Lists Flink jobs; the result feeds ``.expand()`` and ``.map()``.

    Gives a list of ``{"job_id", "name", "status"}``, oldest first, with the ids as whole numbers.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/listing_jobs.html

    :param name_pattern: only those whose whole name matches, like a file name: ``agg-*``; capitals count (templated)
    :param status: only those in this status, for instance ``job_running`` (templated)
    :param job_type: only this type: ``flink_sql_job``, ``flink_opensource_sql_job``, ``flink_jar_job``, ... (templated)
    :param queue_name: only those of this queue (templated)
    :param user_name: only those that this user made (templated)
    :param tags: only those with these labels: ``key=value,key2=value2`` (templated)
    :param project_id: the IAM project, instead of the connection's (templated)
    :param region: the region, instead of the connection's (templated)
    :param huaweicloud_conn_id: the connection, of type ``huaweicloud`` (templated)
    """

    vendor = "dli"
    template_fields: Sequence[str] = (
        "name_pattern", "status", "job_type", "queue_name", "user_name", "tags", "project_id", "region",
        "huaweicloud_conn_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        job_type: str | None = None,
        queue_name: str | None = None,
        user_name: str | None = None,
        tags: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_type = job_type
        self.queue_name = queue_name
        self.user_name = user_name
        self.tags = tags

    def rows(self) -> list[dict[str, Any]]:
        """List the jobs; what DLI filters by exactly it filters, names and status are compared here."""
        if self.status is not None:
            one_of(self.status, "status", STATUSES)
        jobs = self.hook.list_flink_jobs(
            job_type=self.job_type, queue_name=self.queue_name, user_name=self.user_name, tags=self.tags
        )
        return [{"job_id": job.job_id, "name": job.name, "status": job.status} for job in jobs]
