"""Processes that are started, killed, frozen and ended: nothing that they started stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil


class Failure(Exception):
    """
    It did not go as it should.

    :param reason: a sentence for the reader
    :param evidence: lines of a log that show it
    """

    def __init__(self, reason: str, evidence: Sequence[str] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.evidence = evidence


class Process:
    """
    A command in a session of its own, its output in a file.

    :param name: what the reader calls it
    :param output: the file for both output streams
    :param user: the id of the user and the group that it runs as, or None
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: Path,
        user: tuple[int, int] | None = None,
    ) -> None:
        self.name = name
        self.output = output
        with output.open("ab") as stream:
            self.popen = subprocess.Popen(
                command,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user[0] if user else None,
                group=user[1] if user else None,
                extra_groups=[] if user else None,
            )

    def check(self) -> None:
        """Raise if the process has ended."""
        code = self.popen.poll()
        if code is not None:
            raise Failure(f"{self.name} ended with exit code {code}.", tail(self.output))

    @property
    def runs(self) -> bool:
        """Whether the process has not ended."""
        return self.popen.poll() is None

    def result(self) -> str:
        """Return what a command wrote that has ended; raise if it failed."""
        if code := self.popen.returncode:
            raise Failure(f"{self.name} failed with exit code {code}.", tail(self.output))
        return self.output.read_text(errors="replace")

    def signal(self, number: int, *, alone: bool = False) -> None:
        """
        Send a signal to the process and all that it started.

        :param alone: send it to the process only
        """
        if alone:
            self.popen.send_signal(number)
            return
        signal_all(sorted(self.family(), key=lambda one: one.pid != self.popen.pid), number)

    def kill(self, *, alone: bool = False) -> None:
        """Kill the process and all that it started, so that none of them can clean up."""
        self.signal(signal.SIGKILL, alone=alone)
        self.popen.wait(10)

    def freeze(self) -> None:
        """Let the process and all that it started stand still."""
        self.signal(signal.SIGSTOP)

    def wake(self) -> None:
        """Let them go on."""
        self.signal(signal.SIGCONT)

    def family(self) -> set[psutil.Process]:
        """Return what is left of the process, its descendants, and whoever shares their session."""
        found: set[psutil.Process] = set()
        with contextlib.suppress(psutil.NoSuchProcess):
            leader = psutil.Process(self.popen.pid)
            found = {leader, *leader.children(recursive=True)}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
                if os.getsid(process.pid) == self.popen.pid:
                    found.add(process)
        return {one for one in found if _lives(one)}


def stop_all(processes: Iterable[Process], grace: float = 10) -> list[str]:
    """
    End processes and all that they started: ask first, kill after the grace time.

    :param grace: seconds that all of them together have to end by themselves
    :returns: what survived even that; empty unless something is badly wrong
    """
    running = list(processes)
    families = [
        process.family() for process in running
    ]  # by place: a component that was started anew has the same name
    for process in running:
        if process.popen.poll() is None:
            process.popen.terminate()
    deadline = time.monotonic() + grace
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.popen.wait(max(0.1, deadline - time.monotonic()))
    left = [_living(before | process.family()) for before, process in zip(families, running, strict=True)]
    for family in left:
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
    for process in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.popen.wait(5)
    psutil.wait_procs([one for family in left for one in family], timeout=5)
    return [
        f"{one.pid} of {process.name}" for process, family in zip(running, left, strict=True) for one in _living(family)
    ]


def signal_all(processes: Iterable[psutil.Process], number: int) -> None:
    """Send a signal to processes, some of which may have ended."""
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.send_signal(number)


def free_port() -> int:
    """Return a port of the loopback interface that nobody uses at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def tail(file: Path, lines: int = 25) -> list[str]:
    """Return the last lines of a file, none if there is no such file."""
    try:
        return file.read_text(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def _living(processes: Iterable[psutil.Process]) -> set[psutil.Process]:
    return {one for one in processes if _lives(one)}


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
