"""What the reader of the terminal sees: one line for each thing that happens, with the seconds since the start."""

from __future__ import annotations

import sys
import time

from rich.console import Console
from rich.text import Text


class Progress:
    """
    Writes lines with a time in front.

    :param width: columns when the output is no terminal, where none can be asked for
    """

    def __init__(self, width: int = 130) -> None:
        self.console = Console(highlight=False, width=None if sys.stdout.isatty() else width)
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

    def say(self, topic: str, text: str, style: str = "") -> None:
        """
        Write a line.

        :param topic: what the line is about, for its second column
        :param style: a style of rich, such as ``green``
        """
        self._last = time.monotonic()
        line = Text.assemble((f"{self.elapsed:6.1f} s  ", "dim"), (f"{topic:<9} ", "bold"), (text, style))
        self.console.print(line, soft_wrap=True)
