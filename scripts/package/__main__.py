"""``python -m scripts.package``: what ``make dist`` runs."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from scripts.live.console import Progress
from scripts.live.processes import Failure
from scripts.package.building import ROOT, build, check_types, differing, moment
from scripts.package.contents import read, sdist_problems, tracked, wheel_problems

DIST = ROOT / "dist"


def main() -> int:
    """Build and look; 0 if all is as it should be."""
    progress = Progress()
    try:
        _make(progress)
    except Failure as failure:
        progress.say("failed", failure.reason, "bold red")
        progress.show(failure.evidence)
        return 1
    return 0


def _make(progress: Progress) -> None:
    epoch = moment()
    sdist, wheel = files = sorted(build(DIST, epoch), key=lambda file: file.suffix)
    checkout = tracked(ROOT)
    for file, problems in ((wheel, wheel_problems), (sdist, sdist_problems)):
        archive = read(file)
        if found := problems(archive, checkout):
            raise Failure(f"{file.name} is not as it should be.", found)
        progress.say("contents", f"{file.name}: {len(archive.files)} files, as they should be", "green")
    with tempfile.TemporaryDirectory() as folder:
        if names := differing(files, build(Path(folder) / "again", epoch)):
            raise Failure("a second build differs.", names)
        progress.say("again", "a second build is the same, byte for byte", "green")
        check_types(wheel, Path(folder) / "user")
    progress.say("types", "a user's script passes mypy --strict beside the installed wheel", "green")
    progress.say("end", f"{DIST.name}/ has {wheel.name} and {sdist.name}", "bold green")


if __name__ == "__main__":
    sys.exit(main())
