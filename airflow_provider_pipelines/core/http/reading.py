"""Reading answers strictly: what is no JSON of the documented shape is an error, never an empty success."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from airflow_provider_pipelines.core.checks import loads
from airflow_provider_pipelines.errors import ArgumentError, MalformedReply

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Reply, Request

M = TypeVar("M", bound=BaseModel)


class Answer(BaseModel):
    """The base of all typed answers: the vendor's field names, unknown fields kept."""

    model_config = ConfigDict(
        extra="allow", populate_by_name=True, coerce_numbers_to_str=True, hide_input_in_errors=True
    )


def about(
    service: str, request: Request, reply: Reply, id_headers: Sequence[str] = ("x-request-id",)
) -> dict[str, Any]:
    """
    Give what every :class:`~airflow_provider_pipelines.errors.ApiError` tells of a call.

    :param id_headers: where the service may say the request's id, in lower case, the best one first
    """
    return {
        "service": service,
        "operation": request.operation,
        "method": request.method,
        "path": request.path,
        "status": reply.status,
        "request_id": next((id for name in id_headers if (id := reply.headers.get(name))), None),
    }


def parse(reply: Reply, facts: Mapping[str, Any]) -> Any:
    """
    Read an answer's body as JSON.

    :param facts: what :func:`about` gives
    :raises MalformedReply: it is empty, HTML, cut short, or no JSON at all
    """
    try:
        return loads(reply.body)
    except (ValueError, RecursionError):
        body = reply.body.strip()
        if not body:
            problem = "the answer is empty"
        elif body[:1] == b"<":
            problem = "the answer is HTML, probably of a proxy or of another server"
        else:
            problem = f"the answer of {len(reply.body)} bytes is no complete JSON"
        raise MalformedReply(problem, **facts, hint="Check the host (or endpoint) in the connection.") from None


def expect(kind: type[M], data: Any, service: str, request: Request) -> M:
    """
    Read data as a typed answer.

    :raises MalformedReply: a documented member is missing or has another type
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        where = ", ".join(".".join(str(part) for part in entry["loc"]) for entry in error.errors()[:3])
        raise malformed(
            f"{kind.__name__} cannot be read from the answer: {where or 'no object'}", service, request
        ) from None


def malformed(problem: str, service: str, request: Request) -> MalformedReply:
    """Make the error for an answer whose JSON has another shape than documented."""
    return MalformedReply(
        problem,
        service=service,
        operation=request.operation,
        method=request.method,
        path=request.path,
        status=200,
    )


def key_of(row: Any, name: str, service: str, request: Request) -> str:
    """
    Give the id in a row of a list, as text.

    :param name: the member that holds it
    :raises MalformedReply: it holds none, so that the list cannot be told to be whole
    """
    key = row.get(name) if isinstance(row, dict) else None
    if isinstance(key, bool) or not isinstance(key, str | int) or key == "":
        raise malformed(f"a row of the list has no {name}", service, request)
    return str(key)


def same(asked: Any, answered: Any, what: str, service: str, request: Request) -> None:
    """
    See that an answer is about the thing that was asked for.

    :param what: the kind of thing, for the message
    :param answered: its id in the answer; None where the answer does not tell it
    :raises MalformedReply: it is about another one
    """
    if answered is not None and str(answered) != str(asked):
        raise malformed(f"{what} {asked} was asked for, and {what} {str(answered)[:80]} was answered", service, request)


def truth(value: Any) -> bool | None:
    """Read a boolean that may come as text; anything else is unknown, which is not success."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def dump(body: Mapping[str, Any] | list[Any]) -> bytes:
    """
    Serialise a body once; these bytes are what is signed and sent.

    :raises ArgumentError: it holds something that JSON cannot hold
    """
    try:
        return json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        reason = "text that is no valid Unicode" if isinstance(error, UnicodeError) else str(error)[:200]
    raise ArgumentError(
        "body", f"cannot be written as JSON: {reason}. Give text, numbers, booleans, lists, dictionaries."
    )
