"""
What DLI answers about SQL jobs, typed: the vendor's field names, unknown fields kept.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from airflow_provider_pipelines.core.http.reading import Answer
from airflow_provider_pipelines.dli.api.fields import Listed, Moment, TextId, Word


def _empty(value: Any) -> Any:
    return None if value == "" else value


MaybeId = Annotated[TextId | None, BeforeValidator(_empty)]


class _Table(Answer):
    # pydantic has a method of the vendor's name, so that the field needs another one
    model_config = ConfigDict(serialize_by_alias=True)

    #: a column each, as ``{name: type}``
    schema_: Annotated[list[dict[str, Any]], Listed] = Field(default_factory=list, alias="schema")
    rows: Annotated[list[list[Any]], Listed] = Field(default_factory=list)

    @property
    def schema(self) -> list[dict[str, Any]]:  # type: ignore[override]  # pydantic's own is deprecated
        """The columns, each as ``{name: type}``."""
        return self.schema_


class Tag(Answer):
    """A tag of a job."""

    key: str
    value: str | None = None


class SqlSubmission(_Table):
    """The answer of submit: a new job; a statement that was carried out at once has its result here."""

    #: may be missing for what was carried out at once
    job_id: MaybeId = None
    #: ``DDL``, ``DCL``, ``QUERY``, ``INSERT``, ...
    job_type: str | None = None
    #: ``async``, or ``sync`` for what was carried out at once
    job_mode: str | None = None
    message: str | None = None


class SqlJob(Answer):
    """A SQL job, as its status or a row of the list shows it."""

    job_id: TextId
    #: as the vendor writes it
    status: Word
    job_type: str | None = None
    job_mode: str | None = None
    queue_name: str | None = None
    owner: str | None = None
    #: epoch milliseconds, like all times
    start_time: Moment = None
    end_time: Moment = None
    #: milliseconds
    duration: int | None = None
    #: what the service says of a job that failed; may be JSON inside a string
    message: str | None = None
    statement: str | None = None
    #: None where the service does not show them
    tags: list[Tag] | None = None
    result_path: str | None = None
    result_format: str | None = None
    result_count: int | None = None
    database_name: str | None = None
    table_name: str | None = None
    #: the columns of a query's result: JSON inside a string
    detail: str | None = None


class SqlJobDetail(Answer):
    """The properties of an import or export job."""

    job_id: TextId
    owner: str | None = None
    start_time: Moment = None
    duration: int | None = None
    export_mode: str | None = None
    database_name: str | None = None
    table_name: str | None = None
    data_path: str | None = None
    data_type: str | None = None
    compress: str | None = None


class SqlProgress(Answer):
    """How far the running part of a job is."""

    job_id: TextId
    status: Word
    #: from 0 to 1; roughly, and of the running part
    progress: float | None = None
    sub_job_id: int | None = None
    sub_jobs: Annotated[list[dict[str, Any]], Listed] = Field(default_factory=list)


class SqlPreview(_Table):
    """The first rows of a query's result, 1,000 at most."""

    job_id: MaybeId = None
    job_type: str | None = None
    row_count: int | None = None
    input_size: int | None = None
    schema_: list[dict[str, Any]] = Field(alias="schema")
    rows: list[list[Any]]


class SqlExport(Answer):
    """The job that exports a result."""

    job_id: TextId
    job_mode: str | None = None
    message: str | None = None


class SqlCheck(Answer):
    """A statement that is well formed."""

    #: what kind of job it would be
    job_type: str | None = None
    message: str | None = None
