"""
What an operation of a vendor is made of: a generator that yields what it wants and receives what came of it.

An operation yields :class:`Request` and receives the parsed answer. The session turns each request into a
:class:`SignedRequest` and lets through what else is yielded, so that a driver only ever meets ``SignedRequest``,
``Sleep``, ``Acquire``, ``MaskSecret`` and ``Await``.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from airflow_provider_pipelines.core.http.forks import renewed_in_children

T = TypeVar("T")

Loop: TypeAlias = asyncio.AbstractEventLoop

#: seconds between two looks of those who wait at a gate whether it is held by an event loop that has stopped
GATE_CHECK = 1.0

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
    """Wait for a turn at a gate, and get what :meth:`Gate.leave` wants: the event loop, or None for a thread."""

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

    An event loop may stop with calls under way, which then never leave: their places go to those who wait. Should it
    run again after all, there is one more inside for a while.

    :param limit: how many may be inside at once
    """

    def __init__(self, limit: int = 1) -> None:
        self._limit = limit
        self.renew()
        renewed_in_children(self)

    def renew(self) -> None:
        """Let everybody out: in a forked child, whose parent's threads hold the places and perhaps the lock."""
        #: how many are inside, by their event loop; None for threads
        self._inside: Counter[Loop | None] = Counter()
        self._waiting: OrderedDict[Callable[[], None], Loop | None] = OrderedDict()
        self._lock = threading.Lock()

    def enter(self, wake: Callable[[], None], loop: Loop | None = None) -> bool:
        """
        Go in, or queue up: then ``wake`` is called once the place is ours.

        :param loop: the event loop of the task that enters; None for a thread, which stands still while it waits
        """
        with self._lock:
            if self._inside.total() >= self._limit:
                self._forget_stopped(loop is None)
            if self._inside.total() < self._limit:
                self._inside[loop] += 1
                return True
            self._waiting[wake] = loop
            return False

    def leave(self, loop: Loop | None = None) -> None:
        """Give the place to the next in the queue, or free it."""
        with self._lock:
            if self._inside[loop] > 0:
                self._inside[loop] -= 1
            heirs = self._let_in()
        self._wake(heirs)

    def withdraw(self, wake: Callable[[], None], loop: Loop | None = None) -> None:
        """Leave the queue; if the place was given already, pass it on."""
        with self._lock:
            if wake in self._waiting:
                del self._waiting[wake]
                return
        self.leave(loop)

    def recover(self, loop: Loop | None = None) -> None:
        """Give on the places of event loops that have stopped: whoever waits has to look now and then."""
        with self._lock:
            self._forget_stopped(loop is None)
            heirs = self._let_in()
        self._wake(heirs)

    def resize(self, limit: int) -> None:
        """Let more or fewer in at once; who waits comes in if there is room now."""
        with self._lock:
            self._limit = limit
            heirs = self._let_in()
        self._wake(heirs)

    def _forget_stopped(self, thread: bool) -> None:
        # a thread that waits here is not going to run the loop that it was called from
        held_up = asyncio._get_running_loop() if thread else None
        for loop in [one for one in self._inside if one is not None and (one is held_up or not one.is_running())]:
            del self._inside[loop]

    def _let_in(self) -> Sequence[tuple[Callable[[], None], Loop | None]]:
        heirs: list[tuple[Callable[[], None], Loop | None]] = []
        for wake, loop in self._waiting.items():
            if self._inside.total() >= self._limit:
                break
            if loop is None or loop.is_running():
                self._inside[loop] += 1
                heirs.append((wake, loop))
        for wake, _ in heirs:
            del self._waiting[wake]
        return heirs

    def _wake(self, heirs: Sequence[tuple[Callable[[], None], Loop | None]]) -> None:
        for wake, loop in heirs:
            try:
                wake()
            except RuntimeError:
                # its loop was closed just now
                self.leave(loop)


def segment(value: object) -> str:
    """Write a value as one segment of a path: everything but unreserved characters is percent-encoded."""
    return quote(str(value), safe="")
