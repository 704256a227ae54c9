"""What all participants of a task have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_pipelines.core.verbs.watch import Waiting


@dataclass(slots=True)
class Terms:
    """
    What all participants of a task have in common.

    :param check: raises where nothing may be written any more: the task was killed, or restore has begun
    :param deadline: Unix time at which the attempt ends
    :param poll_interval: seconds, the longest time between two looks
    :param tell: receives lines for the log
    :param defer_after: seconds of mere waiting on the worker before it is left to the triggerer, or None for never
    """

    check: Callable[[], None]
    deadline: float
    poll_interval: float
    tell: Callable[[str], None]
    defer_after: float | None = None
    max_poll_failures: int = 10
    pause_at: float | None = None

    def begin(self, now: float) -> None:
        """Set the time at which mere waiting is left to the triggerer."""
        self.pause_at = now + self.defer_after if self.defer_after is not None else None

    def waiting(self, now: Callable[[], float], tell: Callable[[str], None]) -> Waiting:
        """Give how one of them waits: by its fleet's clock, and with lines that name the fleet."""
        return Waiting(self.poll_interval, self.max_poll_failures, now, tell)
