"""When to ask again for what a service does one at a time."""

from __future__ import annotations

#: seconds, the most that is waited for what the service took before, without asking
LONGEST_USUAL = 60.0


class Pacer:
    """
    Learns how long the service is busy after it took a request, and asks again soon after that.

    :param shortest: seconds, the least between two tries
    :param longest: seconds, the most
    """

    def __init__(self, shortest: float = 1.0, longest: float = 15.0) -> None:
        self._shortest = shortest
        self._longest = longest
        self._taken_at: float | None = None
        self._usual: float | None = None
        self._refused = False
        self._refused_at = float("-inf")

    def taken(self, now: float) -> None:
        """Note that a request was taken."""
        if self._refused and self._taken_at is not None:
            self._usual = min(LONGEST_USUAL, now - self._taken_at)
        self._taken_at, self._refused = now, False

    def refused(self, now: float) -> None:
        """Note that one was refused, since the service was busy."""
        self._refused, self._refused_at = True, now

    def hopeless(self, now: float) -> bool:
        """Tell whether the service is certainly still busy with what it took last."""
        if now - self._refused_at < 0.9 * self._shortest:
            return True
        return self._taken_at is not None and self._usual is not None and now - self._taken_at < 0.9 * self._usual

    def pause(self, now: float) -> float:
        """Give the seconds until the next try is worth it."""
        since = now - self._taken_at if self._taken_at is not None else 0.0
        usual = self._usual or 0.0
        if since < 0.95 * usual:
            return max(self._shortest, 0.95 * usual - since)
        return min(self._longest, max(self._shortest, since / 5))
