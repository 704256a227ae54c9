"""Clocks for waits on an event loop."""

import asyncio

from airflow_provider_pipelines.core.clock import Clock


class TurningClock(Clock):
    """Waits for nothing real: some turns of the loop stand for each wait, so that all who wait get their turn."""

    def __init__(self):
        self.now = 1_000_000.0

    def time(self):
        return self.now

    def monotonic(self):
        return self.now

    async def pause(self, seconds):
        for _ in range(20):
            await asyncio.sleep(0)
        self.now += seconds
