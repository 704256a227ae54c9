"""Runs mutmut for a limited time, and goes on where the run before it ended unless the code or its tests changed."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from scripts.mutants.verdicts import FOLDER, complete, reopen, settings

LOG = FOLDER / "mutmut.log"
_MADE_OF = FOLDER / "made-of"
#: seconds that mutmut gets to end what is under way
_GRACE = 30.0


class Broken(Exception):
    """Mutmut did not run to its end; the message holds the end of its log."""


def prepare() -> bool:
    """
    Make the folder, and empty it if what it was made of has changed.

    Mutmut alone would keep the verdicts of mutants whose tests, or whose callers, have changed since.

    :returns: whether there are verdicts to go on with
    """
    digest = _digest()
    kept = _MADE_OF.exists() and _MADE_OF.read_text() == digest and complete()
    if not kept:
        shutil.rmtree(FOLDER, ignore_errors=True)
        FOLDER.mkdir()
        _MADE_OF.write_text(digest)
    return kept


def run(seconds: float, workers: int, watch: Callable[[], None]) -> bool:
    """
    Try the mutants that are left.

    :param seconds: how long it may take
    :param workers: how many at a time
    :param watch: called twice a minute
    :returns: whether all were tried
    :raises Broken: mutmut failed, for instance since the tests fail on the code as it is
    """
    until = time.monotonic() + seconds
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(workers)]
    with LOG.open("wb") as log:
        # a session of its own: an interrupt from the keyboard is for us, or half-tried mutants would get a verdict
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            while (left := until - time.monotonic()) > 0:
                try:
                    if process.wait(min(30.0, left)) != 0:
                        raise Broken(_end_of_log())
                    return True
                except subprocess.TimeoutExpired:
                    watch()
            return False
        finally:
            if process.poll() is None:
                _stop(process)
                reopen()


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_of_log() -> str:
    return LOG.read_text(errors="replace").replace("\r", "\n")[-3000:]


def _digest() -> str:
    digest = sha256()
    for path in _sources():
        digest.update(f"{path}\0{sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    told = settings()
    yield from (Path("pyproject.toml"), Path("constraints.txt"))
    for folder in told["source_paths"]:
        yield from sorted(Path(folder).rglob("*.py"))
    yield from (Path(name) for name in told["pytest_add_cli_args_test_selection"])
    beside = (path for path in Path("tests").rglob("*") if path.is_file() and path.suffix in {".py", ".json"})
    yield from sorted(path for path in beside if not path.name.startswith("test_"))
