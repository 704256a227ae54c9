"""An emulator for somebody else's program: started for one command, or found where it runs already."""

from __future__ import annotations

import json
import os
import shlex
import signal
import stat
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.server.process import Server

T = TypeVar("T")

#: seconds that a started emulator has until it answers
START_TIMEOUT = 20.0


class CompanionError(Exception):
    """The emulator, or the command beside it, could not be started or found; the message says what to do."""


def default_ready_file() -> Path:
    """
    Give the ready file of the emulator that this user started last without naming one, in a folder of the user's own.

    :raises CompanionError: the folder belongs to somebody else, or others may write to it
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(base) / "pipelines-emulator" if base else Path(tempfile.gettempdir(), f"pipelines-emulator-{_user()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise CompanionError(f"cannot use the folder {folder}: {error}. Name a file with --ready-file.") from None
    private = stat.S_ISDIR(found.st_mode) and found.st_uid == _user() and not found.st_mode & 0o022
    if not private:
        raise CompanionError(f"the folder {folder} is not this user's alone. Name a file with --ready-file.")
    return folder / "ready.json"


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def run_beside(server: Server, command: Sequence[str]) -> int:
    """
    Run a command with the connections of an emulator that lives as long as it does.

    Signals that ask this process to end are passed on to the command, and its end is waited for.

    :param server: a server that does not run yet
    :param command: the program and its arguments
    :returns: the command's exit code; 128 and the signal's number if a signal ended it
    :raises CompanionError: the emulator does not answer, or there is no such program
    """
    thread = threading.Thread(target=server.run, name="emulator", daemon=True)
    # uvicorn takes signals in the main thread only; here they are for the command
    thread.start()
    try:
        _until_good(lambda: _ask(server.url), START_TIMEOUT)
        code = _run(command, {**os.environ, **server.ready()["env"]})
    finally:
        server.should_exit = True
        thread.join(5)
    return code if code >= 0 else 128 - code


def _run(command: Sequence[str], env: Mapping[str, str]) -> int:
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _: object) -> None:
        if process is None:
            early.append(number)
        # Ctrl-C reaches the command by itself: a terminal signals all of its foreground programs
        elif number != signal.SIGINT:
            process.send_signal(number)

    # before the command starts: a signal in that very moment would end this process and leave the command behind
    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        try:
            process = subprocess.Popen(list(command), env=dict(env))  # noqa: S603 -- what was asked for
        except OSError as error:
            raise CompanionError(f"cannot run {command[0]!r}: {error.strerror or error}") from None
        for number in early:
            process.send_signal(number)
        return process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exports(ready_file: Path, wait: float) -> str:
    """
    Give shell commands that set the connections of an emulator that runs.

    :param ready_file: where it said that it is ready
    :param wait: seconds that it has for that
    :raises CompanionError: there is none, or it does not answer
    """

    def find() -> Mapping[str, Any]:
        ready = _read(ready_file)
        _ask(ready["url"])
        return ready

    env: Mapping[str, str] = _until_good(find, wait)["env"]
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in env.items())


def _read(path: Path) -> Mapping[str, Any]:
    try:
        ready = json.loads(path.read_text())
        if not isinstance(ready["url"], str) or not all(
            isinstance(name, str) and name.isidentifier() and isinstance(value, str)
            for name, value in ready["env"].items()
        ):
            raise ValueError
    except FileNotFoundError:
        raise CompanionError(
            f"no emulator is ready: there is no file {path}. Start one with: pipelines-emulator --ready-file {path}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CompanionError(f"{path} is no ready file of an emulator.") from None
    found: Mapping[str, Any] = ready
    return found


def _ask(url: str) -> None:
    """
    Ask an emulator for a sign of life.

    :raises CompanionError: it gives none
    """
    if not url.startswith("http://"):
        raise CompanionError(f"{url!r} is no address of an emulator.")
    # straight to this machine, whatever proxy the environment names
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(f"{url}/_emulator/clock", timeout=2).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise CompanionError(f"no emulator answers at {url}: {reason}. Start one with: pipelines-emulator") from None


def _until_good(what: Callable[[], T], wait: float) -> T:
    """Try again until it works or the time is up."""
    until = time.monotonic() + wait
    while True:
        try:
            return what()
        except CompanionError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.05)
