"""What mutmut's notes on its mutants mean, module by module."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: where mutmut keeps the changed code and its notes
FOLDER = Path("mutants")
#: the share of its mutants that the tests of each module have to notice
WANTED = 0.85

# https://mutmut.readthedocs.io/: exit codes of pytest, and mutmut's own. A mutant that never ends is noticed as well
# as one that fails; one that no test calls is not, nor one that crashed Python or was killed from outside.
_KILLED = frozenset({1, 3, 24, 36, 152, 255, -24})
_STOPPED = 2


@dataclass(frozen=True, slots=True)
class Score:
    """
    How the mutants of a module fared.

    :param module: its path
    :param killed: how many the tests noticed
    :param survivors: the names of those they did not notice
    :param left: how many have not been tried yet
    """

    module: str
    killed: int
    survivors: tuple[str, ...]
    left: int

    @property
    def tried(self) -> int:
        """How many have been tried."""
        return self.killed + len(self.survivors)

    @property
    def share(self) -> float:
        """The share of those tried that the tests noticed; 0 if none was tried."""
        return self.killed / self.tried if self.tried else 0.0

    @property
    def enough(self) -> bool:
        """Whether all were tried and enough of them noticed; a module in which nothing can be noticed has not."""
        return not self.left and self.share >= WANTED


def settings() -> dict[str, Any]:
    """Read mutmut's part of pyproject.toml."""
    found: dict[str, Any] = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["mutmut"]
    return found


def scores() -> list[Score]:
    """Give the scores of all modules that are to be changed."""
    return [_score(module) for module in settings()["only_mutate"]]


def _score(module: str) -> Score:
    codes = _codes(module)
    survivors = [name for name, code in codes.items() if code is not None and code not in _KILLED]
    killed = sum(code in _KILLED for code in codes.values())
    return Score(module, killed, tuple(survivors), len(codes) - killed - len(survivors))


def complete() -> bool:
    """Tell whether there are notes on every module, and all can be read; a run stopped while it made them left none."""
    return all(_codes(module) for module in settings()["only_mutate"])


def reopen() -> None:
    """Note that the mutants which were under way when mutmut was stopped have not been tried."""
    for module in settings()["only_mutate"]:
        if _codes(module):
            notes = _notes(module)
            data = json.loads(notes.read_text())
            codes = data["exit_code_by_key"]
            data["exit_code_by_key"] = {name: None if code == _STOPPED else code for name, code in codes.items()}
            notes.write_text(json.dumps(data, indent=4))


def _notes(module: str) -> Path:
    return FOLDER / f"{module}.meta"


def _codes(module: str) -> dict[str, int | None]:
    try:
        codes: dict[str, int | None] = json.loads(_notes(module).read_text())["exit_code_by_key"]
    except (FileNotFoundError, ValueError):  # not made yet, or being written at this moment
        return {}
    return codes
