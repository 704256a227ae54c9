"""
What an operation of a vendor is made of: a generator that yields what it wants and receives what came of it.

An operation yields :class:`Request` and receives the parsed answer. The session turns each request into a
:class:`SignedRequest` and lets through what else is yielded, so that a driver only ever meets ``SignedRequest``,
``Sleep``, ``Acquire``, ``MaskSecret`` and ``Await``.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

T = TypeVar("T")

#: a running operation: yields requests and other effects, returns its result
Call: TypeAlias = Generator[Any, Any, T]


@dataclass(frozen=True, slots=True)
class Request:
    """
    One request as an operation sees it: no host, no credentials.

    :param operation: the hook method that makes it
    :param method: the HTTP method
    :param path: the path, percent-encoded, from the root of the service
    :param query: names and values, not encoded
    :param body: the body's bytes, serialised once, or None
    :param repeatable: whether sending it twice does what sending it once does; true for all that only reads
    :param service: which of the scheme's services it is for, where there are several
    :param guard: is called directly before it goes out, each time; may raise, so that it does not
    """

    operation: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    repeatable: bool = False
    service: str = ""
    guard: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as it goes over the wire, byte for byte."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """
    An answer as it came over the wire.

    :param headers: names in lower case
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Acquire:
    """Wait for a turn at a gate; leaving it is a plain call of :meth:`Gate.leave`."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class MaskSecret:
    """Tell the log's masker of a secret that was derived from the credentials, for instance a token."""

    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Await:
    """Wait for something that only exists on an event loop; no sync driver carries this out."""

    answer: Callable[[], Awaitable[Any]]


class Gate:
    """
    A turnstile for threads and for tasks of event loops alike.

    :param limit: how many may be inside at once
    """

    def __init__(self, limit: int = 1) -> None:
        self._limit = limit
        self._inside = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()

    def enter(self, wake: Callable[[], None]) -> bool:
        """Go in, or queue up: then ``wake`` is called once the place is ours."""
        with self._lock:
            if self._inside < self._limit:
                self._inside += 1
                return True
            self._waiting.append(wake)
            return False

    def leave(self) -> None:
        """Give the place to the next in the queue, or free it."""
        with self._lock:
            heir = self._waiting.popleft() if self._waiting and self._inside <= self._limit else None
            if heir is None:
                self._inside -= 1
        if heir is not None:
            heir()

    def withdraw(self, wake: Callable[[], None]) -> None:
        """Leave the queue; if the place was given already, pass it on."""
        with self._lock:
            if wake in self._waiting:
                self._waiting.remove(wake)
                return
        self.leave()

    def resize(self, limit: int) -> None:
        """Let more or fewer in at once; who waits comes in if there is room now."""
        with self._lock:
            self._limit = limit
            heirs = []
            while self._waiting and self._inside < self._limit:
                self._inside += 1
                heirs.append(self._waiting.popleft())
        for heir in heirs:
            heir()


def segment(value: object) -> str:
    """Write a value as one segment of a path: everything but unreserved characters is percent-encoded."""
    return quote(str(value), safe="")
