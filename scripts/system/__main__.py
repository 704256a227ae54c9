"""``python -m scripts.system``: what ``make system`` runs."""

from __future__ import annotations

import argparse
import fnmatch
import json
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

from scripts.live.console import Progress
from scripts.live.processes import Failure
from scripts.system.results import ROOT, Result, Results, digest, table
from scripts.system.scenario import Scenario
from scripts.system.scenarios import SCENARIOS
from scripts.system.scene import Scene
from scripts.system.stage import WORLD, Stage


def main() -> int:
    """Play what has not passed yet; 0 if all has passed then, 1 if not, 130 if interrupted."""
    options = _options()
    progress = Progress()
    results = Results(options.folder)
    if options.fresh:
        results.begin_anew()
    made_of = digest()
    wanted = {name: one for name, one in SCENARIOS.items() if _chosen(name, options.only)}
    done = {name: one for name, one in results.passed(options.seed, made_of).items() if name in wanted}
    left = [one for name, one in wanted.items() if name not in done]
    progress.say("begin", f"{len(wanted)} scenarios, seed {options.seed}; {len(done)} have passed before")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    code = _play(left, done, results, options, made_of, progress) if left else 0
    progress.console.print(table({name: one.title for name, one in wanted.items()}, done))
    passed = sum(one.passed for one in done.values())
    progress.say("end", f"{passed} of {len(wanted)} scenarios passed", "green" if passed == len(wanted) else "bold red")
    return code or int(passed < len(wanted))


def _play(
    left: list[Scenario],
    done: dict[str, Result],
    results: Results,
    options: argparse.Namespace,
    made_of: str,
    progress: Progress,
) -> int:
    """Play scenarios until all are through or the time is up, adding their results."""
    folder = Path(tempfile.mkdtemp(prefix="pipelines-system-")).resolve()
    stage = Stage(folder, progress)
    code = 0
    try:
        stage.set_up()
        until = time.monotonic() + options.minutes * 60
        for one in left:
            if until - time.monotonic() < one.longest:
                progress.say("end", "the time is up; the next run goes on here", "yellow")
                break
            done[one.name] = result = _one(stage, one, options.seed, made_of)
            results.add(result)
            stage.tidy()
    except Failure as failure:
        progress.say("failed", failure.reason, "bold red")
        progress.show(failure.evidence)
        code = 1
    except KeyboardInterrupt:
        progress.say("end", "interrupted", "red")
        code = 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if survivors := stage.close():
            progress.say("failed", f"still running: {', '.join(survivors)}", "bold red")
            code = 1
    if code == 0 and all(one.passed for one in done.values()):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        progress.say("end", f"logs are in {folder}", "yellow")
    return code


def _one(stage: Stage, scenario: Scenario, seed: int, made_of: str) -> Result:
    """Play one scenario from a tidy stage, and leave it tidy."""
    stage.progress.say("scenario", f"{scenario.name}: {scenario.title}", "bold")
    began = time.monotonic()
    scene = Scene(stage, scenario.name, seed)
    broken = ""
    stage.emulator.play(scenario.world or json.loads(WORLD.read_text()))
    try:
        scenario.play(scene)
    except Failure as failure:
        broken = failure.reason
        stage.progress.show(failure.evidence)
    try:
        stage.tidy()
        scene.end()
    except Failure as failure:
        broken = broken or failure.reason
        stage.progress.show(failure.evidence)
    result = Result(
        scenario.name, seed, made_of, round(time.monotonic() - began, 1), scene.checks, broken, notes=scene.notes
    )
    verdict = ("passed", "bold green") if result.passed else (f"failed {broken}", "bold red")
    stage.progress.say("scenario", f"{scenario.name}: {verdict[0]} after {result.seconds:.0f} s", verdict[1])
    return result


def _chosen(name: str, patterns: list[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, pattern) or pattern in name for pattern in patterns)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.system", description=__doc__)
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a scenario, or a part of its name")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    parser.add_argument("--seed", type=int, default=1, help="decides what happens by chance (default: %(default)s)")
    parser.add_argument(
        "--minutes", type=float, default=60, help="once all is up, no scenario begins that may not end within this"
    )
    parser.add_argument("--fresh", action="store_true", help="play again what has passed before")
    parser.add_argument("--folder", type=Path, default=ROOT / ".system", help="where results are kept between runs")
    options = parser.parse_args()
    if options.list:
        for one in SCENARIOS.values():
            print(f"{one.name}: {one.title}")  # noqa: T201 -- what was asked for
        sys.exit(0)
    if not any(_chosen(name, options.only) for name in SCENARIOS):
        parser.error("no scenario has such a name; --list shows them")
    return options


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
