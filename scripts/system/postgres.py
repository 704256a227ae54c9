"""A PostgreSQL server of our own: on loopback, on a free port, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from scripts.live.processes import Failure, Process, free_port

#: where Debian has the server's programs, which are not in the path there
PLACES = "/usr/lib/postgresql"
#: who runs the server where we are root, as which it refuses to run
USERS = ("postgres", "nobody")


class Postgres:
    """
    A PostgreSQL server.

    :param output: the file for its output
    :param started: is called with its process as soon as it runs
    """

    def __init__(self, output: Path, environment: Mapping[str, str], started: Callable[[Process], None]) -> None:
        self._programs = _programs()
        self._user = _user()
        self._output = output
        self._environment = dict(environment)
        self._started = started
        self._port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="pipelines-system-database-")).resolve()
        if self._user is not None:
            os.chown(self.folder, *self._user)
        self.url = f"postgresql+psycopg2://airflow@127.0.0.1:{self._port}/postgres"
        self.process: Process | None = None

    def create(self) -> None:
        """Make the database, and start the server."""
        options = ("--username=airflow", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        making = self._run("initdb", f"--pgdata={self.folder / 'data'}", *options)
        making.popen.wait(120)
        making.result()
        self.start()

    def start(self, timeout: float = 60) -> None:
        """Start the server and wait until it answers, after a crash too."""
        settings = ["listen_addresses=127.0.0.1", f"port={self._port}", "unix_socket_directories="]
        settings += ["fsync=off", "max_connections=300"]
        # a scheduler that is killed alone leaves its connection, and the locks on it, to the workers that it has forked
        settings += ["idle_in_transaction_session_timeout=30s"]
        options = [part for setting in settings for part in ("-c", setting)]
        self.process = self._run("postgres", "-D", str(self.folder / "data"), *options)
        deadline = time.monotonic() + timeout
        while not self.answers():
            self.process.check()
            if time.monotonic() > deadline:
                raise Failure(f"PostgreSQL does not answer after {timeout:.0f} s.")
            time.sleep(0.2)

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        engine = create_engine(self.url, connect_args={"connect_timeout": 5})
        try:
            with engine.connect():
                return True
        except DBAPIError:
            return False
        finally:
            engine.dispose()

    def stop(self, *, at_once: bool = False) -> None:
        """
        Stop the server: all connections break.

        :param at_once: without writing anything down, as in a crash
        """
        if self.process is None:
            return
        if self.process.runs:
            self.process.popen.send_signal(signal.SIGQUIT if at_once else signal.SIGINT)
            self.process.popen.wait(30)
        self.process = None

    def remove(self) -> None:
        """Stop the server and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> Process:
        command = [str(self._programs / program), *arguments]
        process = Process(program, command, self._environment, self._output, self._user)
        self._started(process)
        return process


def _programs() -> Path:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path(PLACES).glob("*/bin/initdb"), key=lambda file: int(file.parts[-3]))
    if not folders:
        raise Failure("there is no PostgreSQL server on this machine; 'make system' installs it.")
    return folders[-1].parent


def _user(names: Sequence[str] = USERS) -> tuple[int, int] | None:
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return found.pw_uid, found.pw_gid
    raise Failure(f"PostgreSQL does not run as root, and there is no user {' or '.join(names)}.")
