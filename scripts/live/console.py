"""What the reader of the terminal sees: one line for each thing that happens, with the seconds since the start."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text


class Progress:
    """
    Writes lines with a time in front.

    :param width: columns when the output is no terminal, where none can be asked for
    :param picture: whether to keep all that is written, for :meth:`save_picture`
    """

    def __init__(self, width: int = 130, *, picture: bool = False) -> None:
        self.console = Console(
            highlight=False, width=width if picture or not sys.stdout.isatty() else None, record=picture
        )
        self._start = time.monotonic()
        self._last = self._start

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    @property
    def silence(self) -> float:
        """Seconds since the last line."""
        return time.monotonic() - self._last

    def save_picture(self, path: Path, hide: str) -> None:
        """
        Write everything that was said as an SVG picture.

        :param hide: a text that the picture shall not show, such as the folder of the run
        """
        # the usual frame fetches its font from the network; a picture in a repository should not
        frame = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
        picture = self.console.export_svg(title="make demo", code_format=frame)
        path.write_text(picture.replace(hide, "a temporary folder"))

    def say(self, topic: str, text: str, style: str = "") -> None:
        """
        Write a line.

        :param topic: what the line is about, for its second column
        :param style: a style of rich, such as ``green``
        """
        self._last = time.monotonic()
        line = Text.assemble((f"{self.elapsed:6.1f} s  ", "dim"), (f"{topic:<9} ", "bold"), (text, style))
        self.console.print(line, soft_wrap=True)

    def show(self, lines: Iterable[str]) -> None:
        """Write the lines of a log."""
        for line in lines:
            self.console.print(f"    {readable(line)}", markup=False, soft_wrap=True, style="dim")


def readable(line: str) -> str:
    """Return a line of a task log, which is JSON, as a person would write it; any other line unchanged."""
    try:
        entry = json.loads(line)
        text = f"{str(entry['timestamp'])[11:19]} {entry['level']:<7} {entry['event']}"
    except (ValueError, KeyError, TypeError):
        return line
    details = entry.get("error_detail")
    errors = details if isinstance(details, list) else []
    return "".join([text, *(f"\n        {one.get('exc_type')}: {one.get('exc_value')}" for one in errors)])
