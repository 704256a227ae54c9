"""What was called, without secrets."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass
class Entry:
    """
    One call.

    :param n: its number, from 1 up
    :param at: the world's time, epoch milliseconds
    :param real_at: the real time, epoch milliseconds
    :param ids: what it names: pipelines, runs, jobs; always text
    :param status: HTTP status, None if the connection was dropped
    :param code: the vendor's own code
    :param auth: whether token or signature held; ``ok`` for calls that need none
    :param fault: the kind of fault that was met
    """

    n: int
    at: int
    real_at: int
    service: str | None
    operation: str | None
    ids: list[str]
    write: bool
    status: int | None
    code: int | str | None
    auth: Literal["ok", "refused"]
    fault: str | None


class Journal:
    """All calls since the start or the last reset."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, at: int, **what: Any) -> None:
        """Write down a call."""
        self._entries.append(Entry(n=len(self._entries) + 1, at=at, real_at=int(time.time() * 1000), **what))

    def after(self, n: int) -> dict[str, Any]:
        """Return the calls after a number, and the last number there is."""
        return {"calls": [asdict(entry) for entry in self._entries[max(n, 0) :]], "last": len(self._entries)}

    def clear(self) -> None:
        """Forget all calls."""
        self._entries.clear()
