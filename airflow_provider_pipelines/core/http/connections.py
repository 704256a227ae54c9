"""
The connections of the sync driver.

``http.client``, below ``urllib3``, takes an interim answer (102, 103) for the answer, and bounds single reads only: a
byte now and then keeps it busy for ever. Here interim answers are read past, and an exchange ends when its time is up.
"""

from __future__ import annotations

import functools
import http.client
import io
import math
import threading
import time
from collections.abc import Iterator
from typing import Any

import urllib3.connection


class Limit(threading.local):
    """The time of the exchange under way, for each thread its own."""

    def __init__(self) -> None:
        self._until = self._each = math.inf

    def begin(self, seconds: float, each: float) -> None:
        """
        Begin an exchange.

        :param seconds: seconds for all of it
        :param each: seconds for each step of it
        """
        self._until, self._each = time.monotonic() + seconds, each

    def left(self) -> float:
        """
        Give the seconds for the next step.

        :raises TimeoutError: the time is up
        """
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the exchange is up")
        return min(left, self._each)


class _Reader(io.RawIOBase):
    """What comes on a socket, for as long as there is time."""

    def __init__(self, socket: Any, limit: Limit) -> None:
        self._socket, self._limit = socket, limit
        self._raw = socket.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        # TLS keeps to it for all of a record, and in a handshake
        self._socket.settimeout(self._limit.left())
        came: int | None = self._raw.readinto(buffer)
        return came

    def fileno(self) -> int:
        number: int = self._raw.fileno()
        return number

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Source:
    """All that an answer wants of a socket."""

    def __init__(self, socket: Any, limit: Limit) -> None:
        self._socket, self._limit = socket, limit

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._socket, self._limit))


class _Answer(http.client.HTTPResponse):
    """An answer that is the final one."""

    def __init__(self, sock: Any, *args: Any, limit: Limit, **kwargs: Any) -> None:
        super().__init__(_Source(sock, limit), *args, **kwargs)  # type: ignore[arg-type]  # is asked for a file only

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]  # the stubs leave it out
            if not 100 <= status < 200:
                return version, status, reason
            if status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                raise http.client.BadStatusLine("nobody asked for another protocol")
            http.client.parse_headers(self.fp)


class _Options(list[Any]):
    """Socket options. They are asked for before each address of a host is tried: when the time is up, none is."""

    def __init__(self, options: Any, limit: Limit) -> None:
        super().__init__(options or ())
        self._limit = limit

    def __iter__(self) -> Iterator[Any]:
        self._limit.left()
        return super().__iter__()


def _bind(connection: Any, limit: Limit) -> None:
    connection.response_class = functools.partial(_Answer, limit=limit)
    connection.socket_options = _Options(connection.socket_options, limit)


class _Plain(urllib3.connection.HTTPConnection):
    def __init__(self, *args: Any, limit: Limit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bind(self, limit)


class _Encrypted(urllib3.connection.HTTPSConnection):
    def __init__(self, *args: Any, limit: Limit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _bind(self, limit)


def keep_to(limit: Limit, pool: Any) -> None:
    """Let a pool of ``urllib3`` make connections that keep to a limit."""
    kind = _Encrypted if pool.scheme == "https" else _Plain
    pool.ConnectionCls = functools.partial(kind, limit=limit)


def close_here(pool: Any) -> None:
    """
    Close this process's ends of the connections at rest, without a word to the service.

    Takes no lock: in a forked child it may be held by a thread that is not there.
    """
    for connection in list(getattr(pool.pool, "queue", ())):
        if connection is not None:
            connection.close()
