"""
Reading DLI's answers: what is no clear success is an error.

``is_success`` is documented as Boolean on some pages and as String on others; absent or anything else is unknown, which
is not success.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.huaweicloud import check_success, error_in
from airflow_provider_pipelines.core.reading import expect, malformed, truth
from airflow_provider_pipelines.dli.access import CODES, LABEL
from airflow_provider_pipelines.dli.models import Delivery, FlinkJob
from airflow_provider_pipelines.errors import ApiError, InvalidRequest, ServerError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.calls import Request


def refusal(answer: Delivery, operation: str, method: str = "POST") -> ApiError:
    """Make the error for an element of an answer that says no."""
    kind, hint = CODES.get(answer.error_code or "", (InvalidRequest, None))
    return kind(
        (answer.message or "refused without a reason")[:500],
        service=LABEL,
        operation=operation,
        method=method,
        path="/streaming/jobs",
        status=200,
        code=answer.error_code,
        hint=hint,
    )


def delivery(entry: Any, request: Request) -> Delivery:
    """Read an element of a batch's answer, or the answer of a delete."""
    if isinstance(entry, dict) and (found := error_in(entry)):
        return Delivery(is_success=False, message=found[1], error_code=found[0])
    return expect(Delivery, entry, LABEL, request)


def member(payload: Any, name: str, request: Request) -> Mapping[str, Any]:
    """Give what a read was made for."""
    check_success(payload, CODES, LABEL, request)
    if not isinstance(payload, dict):
        raise malformed("the answer is no JSON object", LABEL, request)
    if truth(payload.get("is_success")) is False:
        # without a code this says nothing about the job, so that it is read again
        raise ServerError(
            str(payload.get("message") or "is_success is false")[:500], service=LABEL, operation=request.operation,
            method=request.method, path=request.path, status=200,
        )  # fmt: skip
    wanted = payload.get(name)
    if truth(payload.get("is_success")) is None or not isinstance(wanted, dict):
        raise malformed(f"is_success or {name} is missing", LABEL, request)
    return wanted


def page_of(payload: Any, request: Request) -> tuple[list[FlinkJob], int]:
    """Give the jobs of one page of the list, and the number that DLI says there are on all pages."""
    listed = member(payload, "job_list", request)
    entries, total = listed.get("jobs"), listed.get("total_count")
    if entries is None and total == 0:
        entries = []
    if not isinstance(entries, list):
        raise malformed("the list of jobs is missing", LABEL, request)
    return [expect(FlinkJob, entry, LABEL, request) for entry in entries], total if type(total) is int else 0
