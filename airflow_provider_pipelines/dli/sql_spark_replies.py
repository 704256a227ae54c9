"""
Reading the answers about SQL jobs and Spark batches: what is no clear success is an error.

``is_success`` is a Boolean for SQL jobs; Spark batches have none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from airflow_provider_pipelines.core.http.reading import expect, malformed, truth
from airflow_provider_pipelines.dli.api.access import CODES, LABEL
from airflow_provider_pipelines.dli.api.replies import told_in_message
from airflow_provider_pipelines.errors import (
    ApiError,
    InvalidRequest,
    ServerError,
)
from airflow_provider_pipelines.huaweicloud.scheme import check_success, error_in

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Request

M = TypeVar("M", bound=BaseModel)

#: characters of the service's own words that an outcome or a message holds
LONGEST_TEXT = 500


def succeeded(kind: type[M], payload: Any, request: Request) -> M:
    """
    Read an answer that has ``is_success``.

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
                raise _refusal(payload.get("message"), request)
            return expect(kind, payload, LABEL, request)
        case False:
            raise _refusal(payload.get("message"), request)
    raise malformed("is_success is missing", LABEL, request)


def _about_a_job(payload: Mapping[str, Any], request: Request) -> bool:
    """Tell whether a message is about the job that was looked at: its status says what became of it."""
    return request.method == "GET" and isinstance(payload.get("status"), str)


def _refusal(message: Any, request: Request) -> ApiError:
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


def plain(kind: type[M], payload: Any, request: Request) -> M:
    """Read an answer that has no ``is_success``."""
    check_success(payload, CODES, LABEL, request)
    return expect(kind, payload, LABEL, request)
