"""``python -m scripts.mutants``: what ``make mutants`` runs."""

from __future__ import annotations

import argparse
import sys

from rich.console import Console
from rich.table import Table

from scripts.mutants.running import Broken, prepare, run
from scripts.mutants.verdicts import WANTED, Score, scores


def main() -> int:
    """Try the mutants; 0 if enough of each module's were noticed, 1 if not, 2 if some are left for the next run."""
    parser = argparse.ArgumentParser(prog="python -m scripts.mutants", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long it may take; running again goes on")
    parser.add_argument("--workers", type=int, default=2, help="how many mutants are tried at a time")
    options = parser.parse_args()
    console = Console()
    console.print("going on where the last run ended" if prepare() else "making the mutants anew", highlight=False)
    try:
        ended = run(options.minutes * 60, options.workers, lambda: _progress(console))
    except Broken as broken:
        console.print(str(broken), markup=False, highlight=False)
        console.print("mutmut did not run to its end; the above is the end of its log")
        return 1
    except KeyboardInterrupt:
        console.print("stopped; the next run goes on from here")
        return 2
    return _report(console, scores(), ended)


def _progress(console: Console) -> None:
    found = scores()
    tried, left = sum(score.tried for score in found), sum(score.left for score in found)
    console.print(f"{tried} tried, {sum(len(score.survivors) for score in found)} survived, {left} left")


def _report(console: Console, found: list[Score], ended: bool) -> int:
    for score in found:
        for name in score.survivors:
            console.print(f"survived: {name}", highlight=False, soft_wrap=True)
    table = Table("module", "mutants", "killed", "survived", "left", "share", "enough")
    for score in found:
        module, enough = score.module.partition("/")[2], "yes" if score.enough else "no"
        counts = (score.tried + score.left, score.killed, len(score.survivors), score.left)
        table.add_row(module, *map(str, counts), f"{score.share:.1%}", enough)
    console.print(table)
    if not ended:
        console.print("the time is up; run it again, it goes on from here")
        return 2
    missed = [score.module for score in found if not score.enough]
    if missed:
        console.print(f"under {WANTED:.0%}: {', '.join(missed)}; look at one with: mutmut show NAME", soft_wrap=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
