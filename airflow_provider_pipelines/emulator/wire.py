"""One call as it comes off the wire, and what comes of it: an answer, a refusal, or a wait for its time."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.things import Fields, Thing


@dataclass
class Answer:
    """
    What goes back.

    :param body: JSON, or bytes that are sent as they are
    :param code: the vendor's own code, for the journal
    """

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    code: int | str | None = None

    def encoded(self) -> bytes:
        """Return the body as it is sent."""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False).encode()


@dataclass(eq=False)
class Held:
    """
    A call that is executed later.

    :param due: the world's time of that, in epoch milliseconds
    :param act: executes it
    :param answer: what goes back, once it was executed
    """

    due: int
    act: Callable[[], Answer]
    answer: Answer | None = None


class Refusal(Exception):
    """A call is answered with an error of the vendor's."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


@dataclass
class Call:
    """
    One request, as received.

    :param raw_path: the path of the request target, not decoded
    :param raw_query: the query of the request target, not decoded
    :param see: how a read looks at a thing; a stale read sees an older version, or none
    """

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    request_id: str
    params: dict[str, str] = field(default_factory=dict)
    token: str | None = None
    see: Callable[[Thing], Fields | None] = field(default=lambda thing: thing.fields)

    def header(self, name: str) -> str | None:
        """Return the first value of a header."""
        wanted = name.lower().encode()
        return next((value.decode("latin-1").strip() for key, value in self.headers if key.lower() == wanted), None)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query parameters, decoded; the first value of each."""
        found: dict[str, str] = {}
        for pair in filter(None, self.raw_query.split(b"&")):
            name, _, value = pair.partition(b"=")
            found.setdefault(_text(name), _text(value))
        return found

    @cached_property
    def json(self) -> Any:
        """The body as JSON: None if there is none, ``...`` if it is not JSON."""
        if not self.body:
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return ...

    @property
    def fields(self) -> dict[str, Any]:
        """The body if it is a JSON object, else an empty one."""
        return self.json if isinstance(self.json, dict) else {}

    def number(self, name: str, default: int) -> int | None:
        """Return a query parameter as a whole number, None if it is something else."""
        try:
            return int(self.query.get(name, default))
        except ValueError:
            return None

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter; clients send it in any letter case."""
        return self.query.get(name, "false").lower() == "true"


def _text(raw: bytes) -> str:
    return unquote_to_bytes(raw).decode("utf-8", "replace")
