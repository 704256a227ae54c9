"""What a restore has to sit out: the fence against a killed quiesce, and the silence after refused credentials."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.http.identity import SILENCE
from airflow_provider_pipelines.errors import AuthenticationError, PipelinesError, WatchFailed

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock

#: seconds that a quiesce which was killed may still write, at least
FENCE = 20.0
#: seconds beyond the connection's time-out after which no write of it can be under way
BEYOND_TIMEOUT = 10.0
#: seconds after which a line says that it waits on
PROGRESS = 60.0


class Waits:
    """
    Sleeps as long as it takes, unless the task is asked to end.

    :param clock: the time
    :param killed: tells whether the task was asked to end
    :param tell: receives lines for the log
    """

    def __init__(self, clock: Clock, killed: Callable[[], bool], tell: Callable[[str], None]) -> None:
        self._clock = clock
        self._killed = killed
        self._tell = tell

    def for_the_fence(self, turned_at: float, timeout: float) -> None:
        """
        Wait until nothing that a killed quiesce has sent can still be carried out.

        :param turned_at: Unix time at which the record was turned to *restoring*
        :param timeout: seconds, the longest time-out of the connections
        :raises WatchFailed: the task was asked to end
        """
        fence = max(FENCE, timeout + BEYOND_TIMEOUT)
        # another machine's clock may have turned it
        left = min(fence, turned_at + fence - self._clock.time())
        if left > 0:
            self._tell(f"looking once more in {left:.0f} s: what a killed quiesce sent may still arrive.")
            self._sleep(left)

    def for_credentials(self, errors: Iterable[PipelinesError]) -> None:
        """
        Wait while no call with refused credentials may be made, so that the next attempt is no sooner.

        :raises WatchFailed: the task was asked to end
        """
        refused = [error for error in errors if isinstance(error, AuthenticationError)]
        if not refused or self._killed():
            return
        until = max((error.until or self._clock.wall() + SILENCE) for error in refused)
        wait = min(SILENCE + 5.0, max(0.0, until - self._clock.wall()))
        self._tell(f"credentials were refused: no call is made with them for {wait:.0f} s, then this attempt ends.")
        self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        end = told_at = self._clock.time()
        end += seconds
        while (left := end - self._clock.time()) > 0:
            if self._killed():
                raise WatchFailed("the task was asked to end. Clear it to go on.")
            if self._clock.time() - told_at >= PROGRESS:
                told_at = self._clock.time()
                self._tell(f"{left:.0f} s are left to wait")
            self._clock.sleep(min(left, 5.0))
