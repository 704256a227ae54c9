"""An Airflow in a folder of its own: each component a process, LocalExecutor, ports that were free."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from scripts.live.api import Api, split
from scripts.live.evidence import Metadata
from scripts.live.processes import Failure, Process, free_port, tail

#: the components and their commands; the UI reads the log files itself, so nobody has to serve them
COMPONENTS: Mapping[str, Sequence[str]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


class Airflow:
    """
    An Airflow installation for one run.

    :param home: its folder, not there yet
    :param environment: variables that all its processes get, the connections among them
    :param started: is called with every process as soon as it runs, so that it can be ended whatever happens
    :param metadata: its database; SQLite in its folder if not given
    :param commands: the commands of its components, by name
    :param python: the interpreter that has Airflow
    """

    #: how a person reaches it
    api_class: type[Api] = Api

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        started: Callable[[Process], None],
        metadata: Metadata | None = None,
        commands: Mapping[str, Sequence[str]] = COMPONENTS,
        python: str = sys.executable,
    ) -> None:
        self.home = home
        self.dags = home / "dags"
        self.logs = home / "logs"
        self.output = home / "output"
        for folder in (self.dags, self.logs, self.output):
            folder.mkdir(parents=True)
        self.metadata = metadata or Metadata(home / "airflow.db")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.api = self.api_class(self.url)
        self.fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.environment = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__FERNET_KEY": self.fernet_key,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.metadata.url,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.logs),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # only the runs that are asked for
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            **environment,
        }
        self.components: dict[str, Process] = {}
        self._commands = commands
        self._python = python
        self._started = started

    def command(self, *arguments: str, name: str = "") -> Process:
        """
        Start an ``airflow`` command.

        :param name: what its output is named after, if not after the command
        """
        output = self.output / f"{name or '-'.join(one for one in arguments if not one.startswith('-'))}.log"
        line = [self._python, "-m", "airflow", *arguments]
        process = Process(f"'airflow {' '.join(arguments)}'", line, self.environment, output)
        self._started(process)
        return process

    def create(self, dag_files: Iterable[Path]) -> Process:
        """Put the DAG files in their place, and return the command that makes the database."""
        for file in dag_files:
            shutil.copy(file, self.dags)
        return self.command("db", "migrate")

    def start(self, *names: str) -> None:
        """Start some components at once, or all."""
        for name in names or self._commands:
            self.components[name] = self.command(*self._commands[name], name=name)

    def check(self) -> None:
        """Raise if a component has ended."""
        for component in self.components.values():
            component.check()

    def has_read(self, dag_id: str) -> bool:
        """Tell whether the DAG is there; raise what the DAG processor says if it cannot read the file."""
        if errors := self.metadata.import_errors():
            raise Failure("the DAG file cannot be imported.", "\n".join(errors).splitlines()[-25:])
        return self.api.knows(dag_id)

    def component_log(self, name: str) -> list[str]:
        """Return the end of what a component wrote."""
        return tail(self.output / f"{name}.log")

    def task_log(self, dag_id: str, run_id: str, task: str, lines: int = 25) -> list[str]:
        """Return the end of the newest log that a task has written on a worker."""
        files = [file for file in self.task_logs(dag_id, run_id, task) if ".trigger." not in file.name]
        return tail(files[-1], lines) if files else [f"{task} has no log"]

    def task_logs(self, dag_id: str, run_id: str, task: str) -> list[Path]:
        """Return the logs of a task, oldest first: those of workers and those of triggerers."""
        task_id, index = split(task)
        folder = self.logs / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        if index >= 0:
            folder /= f"map_index={index}"
        return sorted(folder.glob("attempt=*.log"), key=lambda file: file.stat().st_mtime)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what could lead Airflow, or a call to loopback, elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {**kept, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PYTHONUNBUFFERED": "1"}
