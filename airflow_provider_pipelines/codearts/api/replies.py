"""What CodeArts's answers mean: HTTP 200 is not yet a success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.access import CODES, LABEL, QUEUED_CODES
from airflow_provider_pipelines.codearts.api.models import RunRetried, RunStarted, Success
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.http.paging import Page
from airflow_provider_pipelines.core.http.reading import expect, malformed, truth
from airflow_provider_pipelines.errors import ArgumentError, Conflict, InvalidRequest, NotFound
from airflow_provider_pipelines.huaweicloud.scheme import check_success

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Request


def object_of(request: Request, payload: Any) -> dict[str, Any]:
    """Give an answer that is an object and no error."""
    if not isinstance(payload, dict):
        raise malformed("the answer is no JSON object", LABEL, request)
    check_success(payload, CODES, LABEL, request)
    return payload


def page_of(request: Request, payload: Any, member: str) -> Page:
    """Give one page of a list; its total is the number of all rows, where the answer tells it."""
    answer = object_of(request, payload)
    entries, total = answer.get(member), answer.get("total")
    total = total if isinstance(total, int) and not isinstance(total, bool) else None
    if entries is None and total == 0:
        entries = []
    if not isinstance(entries, list):
        raise malformed(f"the list {member} is missing", LABEL, request)
    return Page(entries, total if total or not entries else None)


def confirmed_by(request: Request, payload: Any) -> Success:
    """Read the answer to an action: anything but a plain yes is none."""
    confirmed = truth(object_of(request, payload).get("success"))
    if confirmed is None:
        raise malformed("the answer does not say whether it succeeded", LABEL, request)
    if not confirmed:
        raise Conflict("the service did not confirm it (success: false)", **_about(request))
    return expect(Success, {**payload, "success": True}, LABEL, request)


def started_by(request: Request, payload: Any) -> RunStarted:
    """Tell apart started, queued, refused, and what leaves it open whether there is a run."""
    if not isinstance(payload, dict):
        raise malformed("the answer is no JSON object", LABEL, request)
    code, inner = payload.get("error_code"), payload.get("error")
    if isinstance(code, str) and code in QUEUED_CODES:
        where = inner if isinstance(inner, dict) else {}
        run = expect(RunStarted, {**where, "error_code": code, "error_msg": payload.get("error_msg")}, LABEL, request)
        return _named(request, run)
    run_id = payload.get("pipeline_run_id")
    if code and isinstance(inner, dict) and inner.get("pipeline_run_id"):
        raise malformed(f"the answer has code {code} and names a run as well", LABEL, request)
    if code or not run_id or inner:
        check_success(payload, CODES, LABEL, request)
    if run_id == "":
        raise InvalidRequest("the service started nothing and gives no reason", **_about(request))
    return _named(request, expect(RunStarted, payload, LABEL, request))


def retried_by(request: Request, payload: Any, run_id: str) -> RunRetried:
    """Tell apart retried, queued and refused; the run keeps its id."""
    code = payload.get("error_code") if isinstance(payload, dict) else None
    if not isinstance(code, str) or code not in QUEUED_CODES:
        confirmed_by(request, payload)
        return expect(RunRetried, {**payload, "success": True, "pipeline_run_id": run_id}, LABEL, request)
    where = payload["error"] if isinstance(payload.get("error"), dict) else {}
    run = {"pipeline_run_id": run_id, **where, "error_code": code, "error_msg": payload.get("error_msg")}
    retried = expect(RunRetried, run, LABEL, request)
    if retried.pipeline_run_id != run_id:
        raise malformed(f"the answer is about run {retried.pipeline_run_id!r:.80}", LABEL, request)
    return retried


def agreed_by(request: Request, payload: Any) -> bool:
    """Read an answer that is a bare boolean; anything but a plain yes is none."""
    if isinstance(payload, dict):
        return confirmed_by(request, payload).success
    agreed = truth(payload)
    if agreed is None:
        raise malformed("the answer is no boolean", LABEL, request)
    if not agreed:
        raise Conflict("the service did not confirm it (false)", **_about(request))
    return agreed


def rows_of(request: Request, payload: Any, member: str) -> list[Any]:
    """Give the rows of a list that comes bare, or as a member of an object."""
    if isinstance(payload, list):
        return payload
    entries = object_of(request, payload).get(member)
    if not isinstance(entries, list):
        raise malformed(f"the list {member} is missing", LABEL, request)
    return entries


def _named(request: Request, run: RunStarted) -> RunStarted:
    try:
        text_id(run.pipeline_run_id, "pipeline_run_id")
    except ArgumentError:
        raise malformed("the answer names no run", LABEL, request) from None
    return run


def absent(request: Request, problem: str) -> NotFound:
    """Make the error for a run that an answer does not show."""
    return NotFound(problem, hint="Check the ids of pipeline and run.", **_about(request))


def _about(request: Request) -> dict[str, Any]:
    return {
        "service": LABEL,
        "operation": request.operation,
        "method": request.method,
        "path": request.path,
        "status": 200,
    }
