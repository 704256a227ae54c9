"""``python -m scripts.matrix``: what ``make matrix`` runs."""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.table import Table

from scripts.live.console import Progress
from scripts.live.processes import Failure
from scripts.live.signals import interruptible
from scripts.matrix.installed import Environment, built_wheel
from scripts.matrix.play import played
from scripts.matrix.provider import known_to_airflow
from scripts.matrix.versions import PLACES, ROOT, Place

FOLDER = ROOT / ".matrix"
#: the part of the tests that meets Airflow
SUITE = ROOT / "tests" / "matrix" / "suite.txt"
STEPS = ("install", "import", "parse", "provider", "suite", "play")


class Results:
    """
    What was seen of one Airflow, kept in a file.

    :param code: what tells whether it was seen of the present code
    """

    def __init__(self, file: Path, code: str) -> None:
        self._file = file
        kept = json.loads(file.read_text()) if file.is_file() else {}
        self.steps: dict[str, dict[str, str]] = kept.get("steps", {}) if kept.get("code") == code else {}
        self._code = code

    def good(self, step: str) -> bool:
        """Tell whether a step went well."""
        return self.steps.get(step, {}).get("problem") == ""

    def add(self, step: str, seen: str, problem: str = "") -> None:
        """Keep what was seen."""
        self.steps[step] = {"seen": seen, "problem": problem}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps({"code": self._code, "steps": self.steps}, indent=1))


def main() -> int:
    """Run the steps that are not done yet; 0 if all went well everywhere."""
    options = _options()
    progress = Progress()
    code = fingerprint()
    places = [
        place for place in PLACES if not options.only or place.airflow in options.only or place.name in options.only
    ]
    if not places:
        progress.say("matrix", f"there is none of {', '.join(options.only)}", "bold red")
        return 2
    wheel = built_wheel(FOLDER / "wheel")
    good = True
    all_results = {}
    try:
        with interruptible():
            for place in places:
                results = all_results[place] = Results(FOLDER / "results" / f"{place.name}.json", code)
                if options.fresh:
                    results.steps.clear()
                good &= _visit(place, wheel, results, options.steps, progress)
    except KeyboardInterrupt:
        progress.say("matrix", "interrupted; run it again to go on", "red")
        return 130
    finally:
        progress.console.print(_table(all_results))
    return 0 if good else 1


def _visit(place: Place, wheel: Path, results: Results, steps: list[str], progress: Progress) -> bool:
    environment = Environment(place, FOLDER / place.name)
    actions: dict[str, Callable[[], str]] = {
        "install": lambda: environment.install(wheel),
        "import": environment.imports,
        "parse": environment.parses,
        "provider": lambda: known_to_airflow(environment),
        "suite": lambda: environment.suite(SUITE.read_text().split()),
        "play": lambda: played(environment, progress),
    }
    for step in STEPS:
        if step not in steps or (step != "install" and results.good(step)):
            continue
        begun = time.monotonic()
        try:
            if step == "install":
                environment.make()
            seen = actions[step]()
        except Failure as failure:
            results.add(step, "", failure.reason)
            progress.say(place.name, f"{step}: {failure.reason}", "bold red")
            progress.show(failure.evidence)
            if step == "install":
                return False
        else:
            results.add(step, seen)
            progress.say(place.name, f"{step}: {seen} ({time.monotonic() - begun:.0f} s)", "green")
    return all(results.good(step) for step in steps)


def fingerprint() -> str:
    """Return what changes as soon as anything does that the results hang on."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True  # noqa: S607
    )  # fmt: skip
    digest = hashlib.sha256()
    for name in sorted(listed.stdout.splitlines()):
        if (ROOT / name).is_file() and not name.startswith("docs/"):
            digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


def _table(results: dict[Place, Results]) -> Table:
    table = Table(title="The package on each Airflow, with the pins of its release day", title_justify="left")
    for column in ("Airflow", "Python", *STEPS):
        table.add_column(column)
    for place, one in results.items():
        cells = [_cell(one.steps.get(step)) for step in STEPS]
        table.add_row(place.airflow, place.python, *cells)
    return table


def _cell(result: dict[str, str] | None) -> str:
    if result is None:
        return "-"
    return f"[red]{result['problem']}[/red]" if result["problem"] else f"[green]{result['seen']}[/green]"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.matrix", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="VERSION", help="such as 3.0.6 or 3.3.2-py3.13")
    parser.add_argument("--steps", nargs="*", default=list(STEPS), choices=STEPS, help="only these")
    parser.add_argument("--fresh", action="store_true", help="forget what was seen of the present code")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
