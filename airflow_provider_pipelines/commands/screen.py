"""Where commands write: data on stdout, words for people on stderr, colours on a terminal only."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

#: wide enough that no table is wrapped where no terminal limits it
_ENDLESS = 100_000
_RESCUE = "backslashreplace"


class Screen:
    """
    The two streams and the keyboard of a command.

    :param out: receives data
    :param err: receives words for people
    :param keyboard: gives the answers of people
    """

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, keyboard: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.err = err or sys.stderr
        self.keyboard = keyboard or sys.stdin
        for stream in (self.out, self.err):
            if hasattr(stream, "reconfigure"):
                # a name that the terminal cannot show is no reason to fail
                stream.reconfigure(errors=_RESCUE)

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return bool(self.keyboard and self.keyboard.isatty() and self.err.isatty())

    def tell(self, line: str) -> None:
        """Say something to people."""
        print(clean(line), file=self.err, flush=True)

    def data(self, value: Any) -> None:
        """Write JSON."""
        print(json.dumps(value, indent=2), file=self.out, flush=True)

    def ask(self, question: str) -> bool:
        """Ask, and take everything but *yes* for no."""
        print(f"{clean(question)} [y/N] ", end="", file=self.err, flush=True)
        return self.keyboard.readline().strip().lower() in {"y", "yes"}

    def table(
        self,
        columns: Sequence[str],
        rows: Iterable[Mapping[str, Any]],
        styles: Mapping[str, str] | None = None,
        *,
        people: bool = False,
    ) -> None:
        """
        Write a table.

        :param columns: the keys of the rows, which are the titles, too
        :param rows: the rows
        :param styles: the key whose value names the style, by column
        :param people: whether it is no data, but words for people
        """
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        stream = self.err if people else self.out
        console = Console(file=stream, highlight=False, markup=False, emoji=False)
        if not console.is_terminal:
            console = Console(file=stream, highlight=False, markup=False, emoji=False, width=_ENDLESS)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for name in columns:
            table.add_column(name, overflow="fold", no_wrap=not console.is_terminal)
        for row in rows:
            table.add_row(
                *(Text(clean(_word(row.get(name))), style=str(row.get((styles or {}).get(name, ""), "") or ""))
                  for name in columns)
            )  # fmt: skip
        with console.capture() as shown:
            console.print(table)
        # what is filled up to the width of a column says nothing at the end of a line
        print("\n".join(line.rstrip() for line in shown.get().splitlines()), file=stream, flush=True)


def clean(text: str) -> str:
    """Take out of a foreign text what would move the cursor of a terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def moment(seconds: float | None) -> str | None:
    """Write Unix time as people and programs read it."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)


def span(seconds: float | None) -> str:
    """Write a time span with its two largest units."""
    if seconds is None:
        return ""
    left = max(0, int(seconds))
    parts: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def _word(value: Any) -> str:
    return "" if value is None else str(value)
