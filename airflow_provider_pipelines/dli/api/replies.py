"""
Reading DLI's answers: what is no clear success is an error.

``is_success`` is documented as Boolean on some pages and as String on others; absent or anything else is unknown, which
is not success; Spark batches have none. An error may hide in an answer with HTTP 200: in its members, or as JSON text
in ``message``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from airflow_provider_pipelines.core.checks import from_json
from airflow_provider_pipelines.core.http.paging import Page
from airflow_provider_pipelines.core.http.reading import Answer, expect, malformed, same, truth
from airflow_provider_pipelines.dli.api.access import CODES, LABEL
from airflow_provider_pipelines.dli.api.fields import Truth  # noqa: TC001 -- pydantic reads it
from airflow_provider_pipelines.errors import ApiError, InvalidRequest, ServerError
from airflow_provider_pipelines.huaweicloud.scheme import check_success, error_in

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Request

M = TypeVar("M", bound=BaseModel)

#: characters of the service's own words that an outcome or a message holds
LONGEST_TEXT = 500


class Delivery(Answer):
    """
    One element of a batch's answer.

    It says that a request was delivered or refused, never for which job: nothing promises the order or the number.
    """

    is_success: Truth
    message: str | None = None
    error_code: str | None = None


def refusal(answer: Delivery, operation: str, method: str = "POST", path: str = "/streaming/jobs") -> ApiError:
    """Make the error for an answer, or an element of one, that says no."""
    kind, hint = CODES.get(answer.error_code or "", (InvalidRequest, None))
    return kind(
        (answer.message or "refused without a reason")[:LONGEST_TEXT],
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
            str(payload.get("message") or "is_success is false")[:LONGEST_TEXT], service=LABEL,
            operation=request.operation, method=request.method, path=request.path, status=200,
        )  # fmt: skip
    if truth(payload.get("is_success")) is None:
        raise malformed("is_success is missing", LABEL, request)
    return payload


def rows_of(listed: Mapping[str, Any], name: str, count: str, request: Request) -> Page:
    """Give one page of a list; its total is the number that DLI says there are on all pages."""
    rows, total = listed.get(name), listed.get(count)
    if rows is None and ((type(total) is int and total == 0) or (name in listed and total is None)):
        rows = []
    if not isinstance(rows, list):
        raise malformed(f"the list {name} is missing", LABEL, request)
    return Page(rows, total if type(total) is int and (total or not rows) else None)


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
        return None, str(inner.get("message") or "is_success is false")[:LONGEST_TEXT]
    return None


def succeeded(kind: type[M], payload: Any, request: Request) -> M:
    """
    Read an answer about a SQL job, which has a Boolean ``is_success``.

    :raises ApiError: it says no, or does not say
    """
    check_success(payload, CODES, LABEL, request)
    if not isinstance(payload, dict):
        raise malformed("the answer is no JSON object", LABEL, request)
    match truth(payload.get("is_success")):
        case True:
            if told_in_message(payload) is not None and not _about_a_job(payload, request):
                if payload.get("job_id"):
                    raise malformed("it names a job, and its message says no", LABEL, request)
                raise _said_no(payload.get("message"), request)
            return expect(kind, payload, LABEL, request)
        case False:
            raise _said_no(payload.get("message"), request)
    raise malformed("is_success is missing", LABEL, request)


def _about_a_job(payload: Mapping[str, Any], request: Request) -> bool:
    """Tell whether a message is about the job that was looked at: its status says what became of it."""
    return request.method == "GET" and isinstance(payload.get("status"), str)


def _said_no(message: Any, request: Request) -> ApiError:
    code, text = told(message)
    # of a read, it says nothing about the thing, so that it is read again
    usual = ServerError if request.method == "GET" else InvalidRequest
    kind, hint = CODES.get(code or "", (usual, None))
    return kind(
        text or "is_success is false", service=LABEL, operation=request.operation, method=request.method,
        path=request.path, status=200, code=code, hint=hint,
    )  # fmt: skip


def told(message: Any) -> tuple[str | None, str]:
    """Read what the service says, which may be JSON inside a string: gives code and bounded text."""
    text = message.strip() if isinstance(message, str) else ""
    if text.startswith("{"):
        try:
            found = error_in(json.loads(text))
        except (ValueError, RecursionError):
            found = None
        if found is not None:
            code, inner = found
            return code, f"{f'{code}: ' if code else ''}{inner}"[:LONGEST_TEXT]
    return None, text[:LONGEST_TEXT]


def plain(kind: type[M], payload: Any, request: Request, batch_id: str | None = None) -> M:
    """
    Read an answer about a Spark batch, which has no ``is_success``.

    :param batch_id: the batch that was asked for, where there is one already
    """
    check_success(payload, CODES, LABEL, request)
    answer = expect(kind, payload, LABEL, request)
    if batch_id is not None:
        same(batch_id, getattr(answer, "id", None), "batch", LABEL, request)
    return answer
