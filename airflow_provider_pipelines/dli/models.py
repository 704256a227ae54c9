"""
What DLI answers, typed: the vendor's field names, unknown fields kept.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BeforeValidator, Field

from airflow_provider_pipelines.core.checks import LARGEST_LONG
from airflow_provider_pipelines.core.reading import Answer, truth


def _whole(value: Any) -> Any:
    """Take digits as text for the number that they are; a float or a boolean is no 64-bit integer."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return None if isinstance(value, bool | float) else value


def _moment(value: Any) -> Any:
    """Read epoch milliseconds; 0 says the same as null."""
    return _whole(value) or None


Id = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=LARGEST_LONG)]
Moment = Annotated[int | None, BeforeValidator(_moment)]
#: documented as Boolean or as String, by page and edition; mostly text on the wire
Truth = Annotated[bool, BeforeValidator(truth)]
MaybeTruth = Annotated[bool | None, BeforeValidator(truth)]
Word = Annotated[str, Field(strict=True, min_length=1)]


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


class Delivery(Answer):
    """
    One element of a batch's answer.

    It says that a request was delivered or refused, never for which job: nothing promises the order or the number.
    """

    is_success: Truth
    message: str | None = None
    error_code: str | None = None
