"""``python -m scripts.bench``: what ``make bench`` runs."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from scripts.bench.calls import measure_calls
from scripts.bench.imports import measure_imports
from scripts.bench.rows import Row
from scripts.bench.signing import measure_signing
from scripts.bench.waits import measure_waits


def main() -> int:
    """Run all measurements; 0 if every budget was kept, 1 if not."""
    console = Console()
    rows: list[Row] = []
    for name, measure in (
        ("imports", measure_imports),
        ("signing", measure_signing),
        ("waits", measure_waits),
        ("calls", measure_calls),
    ):
        console.print(f"measuring {name} ...")
        rows += measure()
    table = Table("what", "ours", "beside", "peer's", "ratio", "budget", "kept")
    for row in rows:
        table.add_row(*row.shown())
    console.print(table)
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
