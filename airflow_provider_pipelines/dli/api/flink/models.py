"""
What DLI answers, typed: the vendor's field names, unknown fields kept.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html
"""

from __future__ import annotations

from typing import Any

from pydantic import AliasChoices, Field

from airflow_provider_pipelines.core.http.reading import Answer
from airflow_provider_pipelines.dli.api.fields import AnyId, Id, MaybeTruth, Moment, Word  # noqa: TC001 -- pydantic reads them


class JobConfig(Answer):
    """A job's configuration, as far as it is used here; everything else is kept."""

    obs_bucket: str | None = None
    checkpoint_enabled: MaybeTruth = None
    #: 1 and 2 in requests, ``exactly_once`` and ``at_least_once`` in answers
    checkpoint_mode: str | None = None
    restart_when_exception: MaybeTruth = None


class FlinkJob(Answer):
    """A Flink job of a list or of the detail; what the one leaves out is None."""

    job_id: Id
    #: as the vendor writes it; ``status_name`` in the answer of create
    status: Word = Field(validation_alias=AliasChoices("status", "status_name"))
    name: str | None = None
    desc: str | None = None
    job_type: str | None = None
    status_desc: str | None = None
    queue_name: str | None = None
    #: epoch milliseconds, like all times
    create_time: Moment = None
    #: None for a job that was never started
    start_time: Moment = None
    update_time: Moment = None
    duration: int | None = None
    root_id: int | None = None
    restart_times: int | None = None
    has_savepoint: MaybeTruth = None
    savepoint_path: str | None = None
    user_name: str | None = Field(default=None, validation_alias=AliasChoices("user_name", "username"))
    job_config: JobConfig | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """Give what an outcome tells of the job; the same from a list and from the detail."""
        return {
            "has_savepoint": self.has_savepoint is True,
            "savepoint_path": self.savepoint_path or None,
            "start_time": self.start_time,
            "status_desc": (self.status_desc or "")[:500] or None,
        }


class JobUpdate(Answer):
    """What an update of a job answers."""

    update_time: Moment = None


class ExecutionGraph(Answer):
    """
    Flink's own description of a running job.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_the_job_execution_plan.html
    """

    #: Flink's id of the run, 32 hexadecimal digits
    jid: Word
    #: Flink's word, not DLI's: ``RUNNING``, ``FAILING``, ``CANCELED``, ...
    state: Word
    name: str | None = None
    isStoppable: MaybeTruth = None
    start_time: Moment = Field(default=None, validation_alias=AliasChoices("start-time", "start_time"))
    #: -1 while it runs
    end_time: int | None = Field(default=None, validation_alias=AliasChoices("end-time", "end_time"))
    #: milliseconds
    duration: int | None = None


class Traffic(Answer):
    """What went through a source or a sink."""

    name: str | None = None
    records: int | None = None
    corrupted_records: int | None = None


class JobTraffic(Answer):
    """What a job reads and writes; rates are records a second."""

    sources: list[Traffic] = Field(default_factory=list)
    sinks: list[Traffic] = Field(default_factory=list)
    total_read_rate: float | None = None
    total_write_rate: float | None = None


class JobMetrics(Answer):
    """The metrics of a job: the only batch answer that names its jobs."""

    job_id: int
    metrics: JobTraffic


class ImportedJob(Answer):
    """
    A job that was imported.

    ``new_job_id`` is -1 where a job of this name exists and was not to be overwritten.
    """

    old_job_id: AnyId
    new_job_id: AnyId
    remark: str | None = None


class StreamGraph(Answer):
    """
    The static graph of a SQL text.

    https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/
    generating_a_static_stream_graph_for_a_flink_sql_job.html
    """

    jid: str | None = None
    name: str | None = None
    nodes: list[dict[str, Any]] = Field(default_factory=list)
    operator_list: list[dict[str, Any]] = Field(default_factory=list)


class JobTemplate(Answer):
    """A template of SQL jobs."""

    template_id: Id
    name: str | None = None
    desc: str | None = None
    sql_body: str | None = None
    job_type: str | None = None
    create_time: Moment = None
    update_time: Moment = None


class GlobalVariable(Answer):
    """A variable that SQL texts refer to as ``{{name}}``; the value of a sensitive one is not shown."""

    var_name: Word
    id: int | None = None
    var_value: str | None = Field(default=None, repr=False)
    is_sensitive: MaybeTruth = None
    project_id: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    create_time: Moment = None
    update_time: Moment = None
