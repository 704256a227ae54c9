"""
Reading DLI's answers: what is no clear success is an error.

``is_success`` is documented as Boolean on some pages and as String on others; absent or anything else is unknown, which
is not success. An error may hide in an answer with HTTP 200: in its members, or as JSON text in ``message``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import from_json
from airflow_provider_pipelines.core.http.reading import expect, malformed, truth
from airflow_provider_pipelines.dli.api.access import CODES, LABEL
from airflow_provider_pipelines.dli.api.flink.models import Delivery, FlinkJob
from airflow_provider_pipelines.errors import ApiError, InvalidRequest, ServerError
from airflow_provider_pipelines.huaweicloud.scheme import check_success, error_in

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Request


def refusal(answer: Delivery, operation: str, method: str = "POST", path: str = "/streaming/jobs") -> ApiError:
    """Make the error for an answer, or an element of one, that says no."""
    kind, hint = CODES.get(answer.error_code or "", (InvalidRequest, None))
    return kind(
        (answer.message or "refused without a reason")[:500],
        service=LABEL,
        operation=operation,
        method=method,
        path=path,
        status=200,
        code=answer.error_code,
        hint=hint,
    )


def delivery(entry: Any, request: Request) -> Delivery:
    """Read an element of a batch's answer, or the answer of a delete."""
    if isinstance(entry, dict) and (found := error_in(entry) or told_in_message(entry)):
        return Delivery(is_success=False, message=found[1], error_code=found[0])
    return expect(Delivery, entry, LABEL, request)


def accepted(payload: Any, request: Request) -> Mapping[str, Any]:
    """
    Give the answer of a write that was carried out.

    :raises ApiError: it was refused, or does not say
    """
    if not isinstance(payload, dict):
        raise malformed("the answer is no JSON object", LABEL, request)
    said = delivery(payload, request)
    if not said.is_success:
        raise refusal(said, request.operation, request.method, request.path)
    return payload


def part(payload: Mapping[str, Any], name: str, kind: type, request: Request) -> Any:
    """Give a member of an answer that has to be there."""
    wanted = payload.get(name)
    if not isinstance(wanted, kind):
        raise malformed(f"{name} is missing", LABEL, request)
    return wanted


def member(payload: Any, name: str, request: Request) -> Mapping[str, Any]:
    """Give what a read was made for."""
    wanted: Mapping[str, Any] = part(readable(payload, request), name, dict, request)
    return wanted


def readable(payload: Any, request: Request) -> Mapping[str, Any]:
    """
    Give the answer of a read that succeeded.

    :raises ApiError: it failed, or does not say
    """
    check_success(payload, CODES, LABEL, request)
    if not isinstance(payload, dict):
        raise malformed("the answer is no JSON object", LABEL, request)
    if (found := told_in_message(payload)) is not None:
        said = Delivery(is_success=False, message=found[1], error_code=found[0])
        raise refusal(said, request.operation, request.method, request.path)
    if truth(payload.get("is_success")) is False:
        # without a code this says nothing about the job, so that it is read again
        raise ServerError(
            str(payload.get("message") or "is_success is false")[:500], service=LABEL, operation=request.operation,
            method=request.method, path=request.path, status=200,
        )  # fmt: skip
    if truth(payload.get("is_success")) is None:
        raise malformed("is_success is missing", LABEL, request)
    return payload


def page_of(payload: Any, request: Request) -> tuple[list[FlinkJob], int]:
    """Give the jobs of one page of the list, and the number that DLI says there are on all pages."""
    rows, total = rows_of(member(payload, "job_list", request), "jobs", "total_count", request)
    return [expect(FlinkJob, row, LABEL, request) for row in rows], total


def rows_of(listed: Mapping[str, Any], name: str, count: str, request: Request) -> tuple[list[Any], int]:
    """Give the rows of one page of a list, and the number that DLI says there are on all pages."""
    rows, total = listed.get(name), listed.get(count)
    if rows is None and type(total) is int and total == 0:
        rows = []
    if not isinstance(rows, list):
        raise malformed(f"the list {name} is missing", LABEL, request)
    return rows, total if type(total) is int else 0


def told_in_message(payload: Mapping[str, Any]) -> tuple[str | None, str] | None:
    """Find an error in a message that is JSON itself, as of the savepoint calls."""
    message = payload.get("message")
    if not isinstance(message, str) or not message.lstrip().startswith("{"):
        return None
    inner = from_json(message)
    if not isinstance(inner, dict):
        return None
    if (found := error_in(inner)) is not None:
        return found
    if truth(inner.get("is_success")) is False:
        return None, str(inner.get("message") or "is_success is false")[:500]
    return None
