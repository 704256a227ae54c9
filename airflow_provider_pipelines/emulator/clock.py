"""The world's time: faster than real time, or standing still until somebody moves it."""

from __future__ import annotations

import time
from typing import Literal

Mode = Literal["real", "manual"]


class Clock:
    """
    Tells the world's time in epoch milliseconds.

    It starts at the real time. Signatures, token life-times and the ``Date`` header never ask it.

    :param mode: ``real`` runs by itself, ``manual`` stands still between calls of :meth:`advance`
    :param speed: how many seconds of the world pass in one real second
    """

    def __init__(self, mode: Mode = "real", speed: float = 10) -> None:
        self.mode = mode
        self.speed = speed
        self._start = time.time()
        self._started = time.monotonic()
        self._advanced = 0.0

    def now(self) -> int:
        """Return the world's time in epoch milliseconds."""
        ran = (time.monotonic() - self._started) * self.speed if self.mode == "real" else 0.0
        return int((self._start + ran + self._advanced) * 1000)

    def advance(self, seconds: float) -> int:
        """Move the world's time forward and return it."""
        self._advanced += seconds
        return self.now()
