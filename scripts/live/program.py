"""How a program runs that plays something on real components: what it says at its end, and what it leaves behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from scripts.live.console import Progress
from scripts.live.processes import Failure
from scripts.live.signals import deaf, interruptible


def carry_out(progress: Progress, folder: Path, play: Callable[[], bool], stop: Callable[[], list[str]]) -> int:
    """
    Play, stop everything, and remove the folder unless something is to be looked up there.

    :param folder: holds everything of the run
    :param play: tells whether all was as it should be
    :param stop: ends all processes and returns what could not be ended
    :returns: the exit code: 0 if all was as it should be, 1 if not, 130 if interrupted
    """
    code = 1
    with interruptible():
        try:
            code = 0 if play() else 1
        except Failure as failure:
            progress.say("failed", failure.reason, "bold red")
            progress.show(failure.evidence)
        except KeyboardInterrupt:
            progress.say("end", "interrupted", "red")
            code = 130
        finally:
            with deaf():
                if survivors := stop():
                    progress.say("failed", f"still running: {', '.join(survivors)}", "bold red")
                    code = 1
    if code == 1:
        progress.say("end", f"failed; logs are in {folder}", "bold red")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return code
