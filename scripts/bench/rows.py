"""One line of the benchmark."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """
    One measurement beside its peer.

    :param ours: seconds
    :param peer: seconds
    :param budget: the largest ratio of ours to the peer's, or None where the row is for information
    """

    what: str
    ours: float
    beside: str
    peer: float
    budget: float | None = None

    @property
    def ratio(self) -> float:
        """Ours divided by the peer's."""
        return self.ours / self.peer

    @property
    def kept(self) -> bool:
        """Whether the budget was kept."""
        return self.budget is None or self.ratio <= self.budget

    def shown(self) -> tuple[str, ...]:
        """Give the cells of the table."""
        budget = "-" if self.budget is None else f"{self.budget:.2f}"
        mark = "" if self.budget is None else "yes" if self.kept else "NO"
        return (
            self.what,
            _time(self.ours),
            self.beside,
            _time(self.peer),
            f"{self.ratio:.2f}",
            budget,
            mark,
        )


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} us"
