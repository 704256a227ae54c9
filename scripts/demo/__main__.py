"""``python -m scripts.demo``: what ``make demo`` runs."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from scripts.demo.play import Play
from scripts.live.console import Progress
from scripts.live.program import carry_out

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def main() -> int:
    """Run the demo; 0 if all was as it should be, 1 if not, 2 if a file is missing, 130 if interrupted."""
    options = _options()
    progress = Progress(picture=options.picture is not None)
    folder = Path(tempfile.mkdtemp(prefix="pipelines-demo-")).resolve()
    expected = json.loads(options.expected.read_text())
    trouble = json.loads(options.trouble.read_text())
    play = Play(folder, progress, options.dag, expected, trouble)
    code = carry_out(progress, folder, lambda: not play.run(options.seed, options.speed, keep=options.keep), play.stop)
    if code == 0:
        progress.say("end", "everything was as it should be", "bold green")
        if options.picture is not None:
            progress.save_picture(options.picture, str(folder))
    return code


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave Airflow and the emulator up until Ctrl-C")
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="draw what the terminal shows")
    parser.add_argument("--dag", type=Path, default=ROOT / "example_dags" / "nightly_maintenance.py", metavar="FILE")
    parser.add_argument("--seed", type=Path, default=HERE / "world.json", metavar="FILE")
    parser.add_argument("--expected", type=Path, default=HERE / "expected.json", metavar="FILE")
    parser.add_argument("--trouble", type=Path, default=HERE / "trouble.json", metavar="FILE")
    parser.add_argument("--speed", type=float, default=10, help="seconds of the world in a real second")
    options = parser.parse_args()
    for file in (options.dag, options.seed, options.expected, options.trouble):
        if not file.is_file():
            parser.error(f"there is no file {file}")
    return options


if __name__ == "__main__":
    sys.exit(main())
