"""Time as everything here takes it: passed in, so that a test can turn the hands."""

from __future__ import annotations

import asyncio
import time

#: seconds by which the clocks of two hosts may differ
TOLERANCE = 900.0


class Clock:
    """The machine's clock."""

    def time(self) -> float:
        """Give Unix time, for what is stored and told to other hosts; a machine's clock may be set at any moment."""
        return time.time()

    def monotonic(self) -> float:
        """Give seconds from some moment on: they go on evenly, whatever the machine's clock is set to."""
        return time.monotonic()

    def wall(self) -> float:
        """Give Unix time for signatures and tokens, which the services compare with their own clocks."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def pause(self, seconds: float) -> None:
        """Wait on an event loop."""
        await asyncio.sleep(seconds)

    def steady(self, told: float | None = None) -> Clock:
        """
        Give a clock that counts Unix time evenly from now on: all spans and deadlines of a task go by such a one.

        What one host has told another, a deadline or the time of an action, is never held against the other's clock:
        whoever takes over counts on from the time that was told. What passed on the way (a queue, a triggerer that
        was restarted) cannot be seen from there, and two clocks may differ by ``TOLERANCE``. So the own clock counts
        only where it is further ahead than that. A deadline thus comes up to ``TOLERANCE`` late after a hand-over,
        however many there are, and never early as long as the hosts agree within it.

        :param told: Unix time at the hand-over by the clock of the host that handed over; None to begin by this one
        """
        return _Steady(self, self.time() if told is None else max(told, self.time() - TOLERANCE))


class _Steady(Clock):
    """Unix time, counted on from a moment by the monotonic face of another clock."""

    def __init__(self, clock: Clock, at: float) -> None:
        self._clock = clock
        self._offset = at - clock.monotonic()

    def time(self) -> float:
        return self._clock.monotonic() + self._offset

    def monotonic(self) -> float:
        return self._clock.monotonic()

    def wall(self) -> float:
        return self._clock.wall()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)

    async def pause(self, seconds: float) -> None:
        await self._clock.pause(seconds)


SYSTEM = Clock()
