"""``python -m scripts.browser``: what ``make browser`` runs."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from scripts.browser.play import Play
from scripts.live.console import Progress
from scripts.live.processes import Failure
from scripts.live.signals import deaf, interruptible

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Play the forms and the Test button; 0 if all was as it should be, 1 if not, 130 if interrupted."""
    parser = argparse.ArgumentParser(prog="python -m scripts.browser", description=__doc__)
    parser.add_argument("--pictures", type=Path, help="keep the pictures here, for instance in docs/pictures")
    options = parser.parse_args()
    progress = Progress()
    folder = Path(tempfile.mkdtemp(prefix="pipelines-browser-")).resolve()
    pictures = options.pictures or folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    play = Play(folder, pictures, progress)
    code = 1
    with interruptible():
        try:
            play.run()
            code = 0
        except Failure as failure:
            progress.say("failed", failure.reason, "bold red")
            progress.show(failure.evidence)
        except KeyboardInterrupt:
            progress.say("end", "interrupted", "red")
            code = 130
        finally:
            with deaf():
                if survivors := play.stop():
                    progress.say("failed", f"still running: {', '.join(survivors)}", "bold red")
                    code = 1
    if code == 1:
        progress.say("end", f"failed; logs are in {folder}", "bold red")
        return code
    shutil.rmtree(folder, ignore_errors=True)
    if code == 0:
        progress.say("end", "both forms and the Test button are as they should be", "bold green")
    return code


if __name__ == "__main__":
    sys.exit(main())
