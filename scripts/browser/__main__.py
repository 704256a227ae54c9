"""``python -m scripts.browser``: what ``make browser`` runs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from scripts.browser.play import Play
from scripts.live.console import Progress
from scripts.live.program import carry_out


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
    code = carry_out(progress, folder, play.run, play.stop)
    if code == 0:
        progress.say("end", "both forms and the Test button are as they should be", "bold green")
    return code


if __name__ == "__main__":
    sys.exit(main())
