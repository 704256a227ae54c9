"""The results of scenarios, kept between runs, and the table at the end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path

from rich.markup import escape
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent.parent
#: what a result holds for: another scenario, harness or package has to be tried again
MADE_OF = ("airflow_provider_pipelines", "scripts/live", "scripts/system")


@dataclass(frozen=True)
class Check:
    """
    Something that was asserted.

    :param statement: what should be so
    :param evidence: what was seen instead; empty if it is so
    """

    statement: str
    evidence: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is so."""
        return not self.evidence


@dataclass(frozen=True)
class Result:
    """
    How a scenario went.

    :param made_of: a digest of the code
    :param broken: why it could not be played to its end, or empty
    """

    scenario: str
    seed: int
    made_of: str
    seconds: float
    checks: Sequence[Check] = ()
    broken: str = ""
    #: what else is worth knowing, such as components that had to be started again
    notes: Sequence[str] = field(default=())

    @property
    def passed(self) -> bool:
        """Whether it was played to its end, and all that was asserted holds."""
        return not self.broken and bool(self.checks) and all(check.holds for check in self.checks)


class Results:
    """
    A file with a line for each result.

    :param folder: where it is kept
    """

    def __init__(self, folder: Path) -> None:
        self.file = folder / "results.jsonl"
        folder.mkdir(parents=True, exist_ok=True)

    def begin_anew(self) -> None:
        """Forget all results."""
        self.file.unlink(missing_ok=True)

    def add(self, result: Result) -> None:
        """Write a result down."""
        with self.file.open("a") as stream:
            stream.write(json.dumps(asdict(result)) + "\n")

    def passed(self, seed: int, made_of: str) -> dict[str, Result]:
        """Return what has passed with the same seed and the same code, by scenario."""
        found = {}
        for result in self._read():
            if (result.seed, result.made_of) == (seed, made_of) and result.passed:
                found[result.scenario] = result
        return found

    def _read(self) -> Iterable[Result]:
        for line in self.file.read_text().splitlines() if self.file.exists() else ():
            try:
                given = json.loads(line)
                checks = [Check(**check) for check in given.pop("checks")]
                result = Result(checks=checks, **given)
            except (ValueError, TypeError, KeyError):
                continue  # the last line of a run that was cut short
            yield result


def digest(root: Path = ROOT) -> str:
    """Return a digest of the code that results depend on."""
    made_of = sha256()
    for folder in MADE_OF:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".py", ".json"):
                made_of.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return made_of.hexdigest()[:16]


def table(titles: Mapping[str, str], results: Mapping[str, Result]) -> Table:
    """
    Return the scenarios with their verdicts.

    :param titles: what each scenario says, by name
    """
    found = Table(title="Scenarios", title_justify="left", show_lines=True)
    for column in ("scenario", "verdict"):
        found.add_column(column)
    found.add_column("seconds", justify="right")
    found.add_column("asserted")
    for name, title in titles.items():
        result = results.get(name)
        verdict = "[dim]not played[/]" if result is None else "[green]passed[/]" if result.passed else "[red]failed[/]"
        seconds = f"{result.seconds:.0f}" if result else ""
        found.add_row(f"[bold]{escape(name)}[/]\n{escape(title)}", verdict, seconds, "\n".join(_asserted(result)))
    return found


def _asserted(result: Result | None) -> Iterable[str]:
    if result is None:
        return
    for check in result.checks:
        yield (
            f"[green]✓[/] {escape(check.statement)}"
            if check.holds
            else (f"[red]✗[/] {escape(check.statement)}: {escape(check.evidence)}")
        )
    if result.broken:
        yield f"[red]✗[/] {escape(result.broken)}"
    for note in result.notes:
        yield f"[dim]{escape(note)}[/]"
