"""Time as everything here takes it: passed in, so that a test can turn the hands."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """The machine's clock."""

    def time(self) -> float:
        """Give Unix time: deadlines survive the way to another machine, which a monotonic clock does not."""
        return time.time()

    def wall(self) -> float:
        """Give Unix time for signatures and tokens, which the services compare with their own clocks."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    async def pause(self, seconds: float) -> None:
        """Wait on an event loop."""
        await asyncio.sleep(seconds)


SYSTEM = Clock()
