"""The scenarios. A module that is added here adds its own."""

from scripts.system.scenario import SCENARIOS
from scripts.system.scenarios import (  # noqa: F401 -- importing them fills the list
    deadlines,
    marks,
    outages,
    triggerers,
    window_colours,
    window_deferrals,
    window_marks,
    window_restores,
    windows,
    workers,
)

__all__ = ["SCENARIOS"]
