"""
What DLI answers about Spark batches, typed: the vendor's field names, unknown fields kept.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from airflow_provider_pipelines.core.http.reading import Answer
from airflow_provider_pipelines.dli.api.fields import Listed, Moment, TextId, Word


class SparkState(Answer):
    """The state of a batch."""

    id: TextId
    #: as the vendor writes it; one of its samples has a capital letter
    state: Word


class SparkBatch(SparkState):
    """A Spark batch, as the answers of create and of the detail show it, or a row of the list."""

    appId: str | None = None
    name: str | None = None
    owner: str | None = None
    proxyUser: str | None = None
    kind: str | None = None
    #: the last ten lines
    log: Annotated[list[str], Listed] = Field(default_factory=list)
    sc_type: str | None = None
    cluster_name: str | None = None
    queue: str | None = None
    image: str | None = None
    #: epoch milliseconds, like all times
    create_time: Moment = None
    update_time: Moment = None
    #: milliseconds
    duration: int | None = None
    #: what it was created with: JSON inside a string; not in the answer of create
    req_body: str | None = None


class SparkLog(Answer):
    """Lines of a batch's log."""

    id: TextId
    #: the number of the first line
    from_: int | None = Field(default=None, alias="from")
    total: int | None = None
    log: Annotated[list[str], Listed] = Field(default_factory=list)
