"""
Goals and verbs: what vendors' words mean, as data.

Loaded with every DAG file that uses an operator, so it imports next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.errors import PipelinesError


@dataclass(frozen=True)
class Goal:
    """
    Where a thing is meant to get.

    :param name: the goal in a word, for messages
    :param reached: statuses that are the goal
    :param failed: statuses from which the goal is not reached any more
    :param lasting: whether a status that was there before the action may last until the goal; else, after the
        grace time, it counts as what it is. Back in it after another status, it always does
    :param renewed_by: the fact that differs once the thing was started anew; for goals that a thing may be at already
        when it is started, e.g. the end of the run before
    """

    name: str
    reached: frozenset[str]
    failed: frozenset[str] = frozenset()
    lasting: bool = False
    renewed_by: str = ""

    def to_json(self) -> dict[str, Any]:
        """Write the goal as plain values."""
        return {
            "name": self.name,
            "reached": sorted(self.reached),
            "failed": sorted(self.failed),
            "lasting": self.lasting,
            "renewed_by": self.renewed_by,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Goal:
        """Read what :meth:`to_json` wrote."""
        return cls(
            str(data["name"]), frozenset(data["reached"]), frozenset(data["failed"]), bool(data["lasting"]),
            str(data.get("renewed_by", "")),
        )  # fmt: skip


@dataclass(frozen=True)
class Verb:
    """
    What an action wants and when it may be asked for.

    :param name: the hook method that does it
    :param already: statuses in which nothing is to do
    :param ready: statuses in which the action may be sent
    :param hopeless: statuses from which the goal cannot be reached; all other statuses are waited out
    :param goal: where the action leads
    :param busy: vendor codes that mean: not carried out, try again in a while
    :param scarce: vendor codes that mean: not enough resources; waited for as long as the task says
    :param under_way: statuses that lead to the goal by themselves: not waited for where nothing is, and nothing is sent
    :param already_note: what to say where nothing was to do
    :param confirm: says what is missing although the goal was reached, or None; asked again for the grace time
    :param why: sentences about statuses that the goal is not reached from
    """

    name: str
    already: frozenset[str]
    ready: frozenset[str]
    goal: Goal
    hopeless: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    scarce: frozenset[str] = frozenset()
    under_way: frozenset[str] = frozenset()
    already_note: str = ""
    confirm: Callable[[Item], PipelinesError | None] | None = None
    why: Mapping[str, str] = field(default_factory=dict)

    def settled(self, *, wait: bool = True) -> Goal:
        """
        Give the goal of waiting until the action may be sent, or need not be.

        :param wait: whether what leads to the goal by itself is waited for
        """
        passing = frozenset() if wait else self.under_way
        return Goal(f"settled before {self.name}", self.already | self.ready | self.hopeless | passing)
