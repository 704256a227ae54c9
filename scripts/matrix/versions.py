"""The Airflow versions that are tested, the day each was released, and where its pins are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "tests" / "matrix"
#: what a DAG file of 3.x says, whatever comment stands behind it, and what it says on 2.11
_IMPORTS = (
    (r"from airflow\.sdk import DAG, task *(#.*)?$", "from airflow import DAG\nfrom airflow.decorators import task"),
    (r"from airflow\.sdk import DAG *(#.*)?$", "from airflow import DAG"),
)


@dataclass(frozen=True)
class Place:
    """
    An Airflow on a Python.

    :param airflow: its version
    :param day: the day of its release: nothing newer gets into its pins
    """

    airflow: str
    day: str
    python: str = "3.11"

    @property
    def name(self) -> str:
        """What files and tables call it."""
        return f"{self.airflow}-py{self.python}"

    @property
    def pins(self) -> Path:
        """The pins of its release day; one file serves all Pythons for which they are the same."""
        own = PINS / f"airflow-{self.name}.txt"
        return own if own.is_file() else PINS / f"airflow-{self.airflow}.txt"

    @property
    def since(self) -> tuple[int, int]:
        """Its version as far as features go by it."""
        major, minor, *_ = self.airflow.split(".")
        return int(major), int(minor)


PLACES = (
    Place("2.11.0", "2025-05-20"),
    Place("2.11.2", "2026-03-14"),
    Place("2.11.2", "2026-03-14", "3.12"),
    Place("3.0.6", "2025-08-29"),
    Place("3.1.0", "2025-09-25"),
    Place("3.1.8", "2026-03-11"),
    Place("3.2.2", "2026-05-29"),
    Place("3.3.0", "2026-07-06"),
    Place("3.3.2", "2026-09-17"),
    Place("3.3.2", "2026-09-17", "3.12"),
    Place("3.3.2", "2026-09-17", "3.13"),
)
OLDEST, NEWEST = PLACES[0], PLACES[-3]


def as_on(since: tuple[int, ...], text: str) -> str:
    """Return a DAG file as it has to be on a version of Airflow: before 3.0 two imports differ."""
    for new, old in _IMPORTS if since < (3, 0) else ():
        text = re.sub(new, old, text, flags=re.MULTILINE)
    return text
