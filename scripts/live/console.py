"""What the reader of the terminal sees: one line for each thing that happens, with the seconds since the start."""

from __future__ import annotations

import re
import sys
import time
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
