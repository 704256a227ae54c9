"""``python -m scripts.matrix.pins``: writes the pins of each release day to ``tests/matrix/``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from scripts.matrix.installed import uv
from scripts.matrix.versions import PINS, PLACES, Place

#: what the package needs, with the extra of the emulator, and what the part of the tests needs that meets Airflow
NEEDED = ("aiohttp", "pendulum", "pydantic>=2.11", "requests", "starlette", "uvicorn")
TESTS = ("pytest>=8.4", "pytest-asyncio>=1", "hypothesis", "psutil", "rich")
#: the first day on which there is each of the test tools as the settings of the tests want it
TOOLS_DAY = "2025-06-15"


def compiled(place: Place) -> str:
    """Return the newest versions of the release day, one a line."""
    command = [uv(), "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-emit-index-url"]
    command += ["--no-emit-find-links", "--python-version", place.python, "--exclude-newer", place.day]
    for tool in ("pytest", "pytest-asyncio") if place.day < TOOLS_DAY else ():
        command += ["--exclude-newer-package", f"{tool}={TOOLS_DAY}"]
    wanted = "\n".join([f"apache-airflow=={place.airflow}", *NEEDED, *TESTS])
    return subprocess.run([*command, "-"], input=wanted, capture_output=True, text=True, check=True).stdout


def write(places: Iterable[Place]) -> list[Path]:
    """Write the pins, those of a further Python only where they differ."""
    written = []
    first: dict[str, str] = {}
    for place in places:
        pins = compiled(place)
        if first.setdefault(place.airflow, pins) != pins:
            file = PINS / f"airflow-{place.name}.txt"
        elif first[place.airflow] is pins:
            file = PINS / f"airflow-{place.airflow}.txt"
        else:
            continue
        file.write_text(pins)
        written.append(file)
    return written


def main() -> int:
    """Write all pins."""
    for file in write(PLACES):
        print(file.relative_to(PINS.parents[1]))  # noqa: T201 -- a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
