"""The scenarios. A module that is added here adds its own."""

from scripts.system.scenario import SCENARIOS
from scripts.system.scenarios import marks, outages, triggerers, workers

__all__ = ["SCENARIOS", "marks", "outages", "triggerers", "workers"]
