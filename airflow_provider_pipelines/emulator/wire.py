"""One call as it comes off the wire, its answer, and the tables that say which function answers which path."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.things import Fields, Thing
    from airflow_provider_pipelines.emulator.world import World


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


Handler = Callable[["World", Call], Any]


@dataclass(frozen=True)
class Operation:
    """
    One operation of a vendor.

    :param name: its name, which is that of the hook's method
    :param path: path with ``{names}``
    :param query: query parameters that choose this operation among those with the same path
    :param write: whether it changes something
    :param open: whether it needs no authentication, because it gives it out
    :param lacking: whether the cloud that is played has no such operation
    """

    service: str
    name: str
    method: str
    path: str
    handler: Handler
    write: bool = False
    open: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    ids: Callable[[Call], Iterable[Any]] | None = None
    lacking: Callable[[World], bool] = lambda world: False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a pattern, one segment for each name."""
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path)))

    def match(self, call: Call) -> bool:
        """Tell whether this operation is meant, and note the names in the path."""
        found = self.pattern.fullmatch(call.raw_path.decode("latin-1"))
        if found is None or call.method != self.method:
            return False
        if any(call.query.get(name) != value for name, value in self.query.items()):
            return False
        call.params = {name: unquote(value) for name, value in found.groupdict().items()}
        return True

    def ids_of(self, call: Call) -> list[str]:
        """Return the ids of the things that a call names, as text."""
        if self.ids is not None:
            return [str(one) for one in self.ids(call)]
        return [value for name, value in call.params.items() if name != "project_id"]


class Table:
    """
    The operations of one service; the name of a function is the name of its operation.

    :param service: ``enos``, ``iam``, ``codearts`` or ``dli``
    """

    def __init__(self, service: str) -> None:
        self.service = service
        self.operations: list[Operation] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def route(self, method: str, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Make the decorated function answer a path."""

        def add(handler: Handler) -> Handler:
            name = handler.__name__
            self.operations.append(Operation(self.service, name, method, path, handler, **options))
            return handler

        return add
