"""
The list of scenarios.

A scenario is a function that gets a :class:`~scripts.system.scene.Scene`; its name names the scenario, and the first
line of its docstring is what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.system.scene import Scene

Play = Callable[[Scene], None]


@dataclass(frozen=True)
class Scenario:
    """
    Something to be tried.

    :param title: what it shows
    :param world: what there is in the emulator at its start; the usual world if None
    :param longest: seconds that it may need
    """

    name: str
    title: str
    play: Play
    world: Mapping[str, Any] | None = None
    longest: float = 300


#: all scenarios, in the order in which they are played
SCENARIOS: dict[str, Scenario] = {}


def scenario(*, times: int = 1, world: Mapping[str, Any] | None = None, longest: float = 300) -> Callable[[Play], Play]:
    """
    Register a scenario.

    :param times: how often it is played, each time with other chances: ``name/1`` to ``name/times``
    :param world: a seed of the emulator; the usual world if not given
    :param longest: seconds that it may need: with less time left it is not begun
    """

    def register(play: Play) -> Play:
        title = (play.__doc__ or "").strip().splitlines()[0]
        for number in range(1, times + 1):
            name = play.__name__ if times == 1 else f"{play.__name__}/{number}"
            SCENARIOS[name] = Scenario(name, title, play, world, longest)
        return play

    return register
