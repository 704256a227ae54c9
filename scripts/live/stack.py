"""A real Airflow in a folder of its own: each component a process, SQLite, LocalExecutor, ports that were free."""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from scripts.live.evidence import Metadata
from scripts.live.processes import Failure, Process, free_port, tail

#: the components and their options; the UI reads the log files itself, so nobody has to serve them
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "dag-processor": (),
    "triggerer": ("--skip-serve-logs",),
}


class Airflow:
    """
    An Airflow installation for one run.

    :param home: its folder, not there yet
    :param environment: variables that all its processes get, the connections among them
    :param started: is called with every process as soon as it runs, so that it can be ended whatever happens
    """

    def __init__(self, home: Path, environment: Mapping[str, str], started: Callable[[Process], None]) -> None:
        self.home = home
        self.dags = home / "dags"
        self.logs = home / "logs"
        self.output = home / "output"
        for folder in (self.dags, self.logs, self.output):
            folder.mkdir(parents=True)
        self.metadata = Metadata(home / "airflow.db")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.environment = {
            **environment,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__FERNET_KEY": self.fernet_key,
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.metadata.file}",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.logs),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # only the run that the demo asks for
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }
        self._started = started
        self._components: list[Process] = []
        self._http = requests.Session()
        self._http.trust_env = False

    def command(self, *arguments: str) -> Process:
        """Start an ``airflow`` command."""
        output = self.output / f"{'-'.join(one for one in arguments if not one.startswith('-'))}.log"
        line = [sys.executable, "-m", "airflow", *arguments]
        process = Process(f"'airflow {' '.join(arguments)}'", line, self.environment, output)
        self._started(process)
        return process

    def create(self, dag_file: Path) -> Process:
        """Put the one DAG file in its place, and return the command that makes the database."""
        shutil.copy(dag_file, self.dags)
        return self.command("db", "migrate")

    def start(self) -> None:
        """Start all components at once."""
        self._components = [self.command(name, *options) for name, options in COMPONENTS.items()]

    def check(self) -> None:
        """Raise if a component has ended."""
        for component in self._components:
            component.check()

    def health(self) -> list[str]:
        """Return the components that are not up yet."""
        try:
            report = self._call("GET", "monitor/health", authorised=False).json()
        except requests.RequestException:
            return ["api_server"]
        return [name for name, one in report.items() if (one or {}).get("status") != "healthy" and name != "callback"]

    def log_in(self) -> None:
        """Fetch a token for the API."""
        token = self._http.get(f"{self.url}/auth/token", timeout=30).json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def has_read(self, dag_id: str) -> bool:
        """Tell whether the DAG is there; raise what the DAG processor says if it cannot read the file."""
        if errors := self.metadata.import_errors():
            raise Failure("the DAG file cannot be imported.", "\n".join(errors).splitlines()[-25:])
        return self._call("GET", f"dags/{dag_id}", allow=404).ok

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Ask for a DAG run."""
        body = {"dag_run_id": run_id, "logical_date": datetime.now(UTC).isoformat()}
        self._call("POST", f"dags/{dag_id}/dagRuns", body=body)

    def component_log(self, name: str) -> list[str]:
        """Return the end of what a component wrote."""
        return tail(self.output / f"{name}.log")

    def task_log(self, dag_id: str, run_id: str, task: str, lines: int = 25) -> list[str]:
        """Return the end of the newest log of a task."""
        task_id, _, index = task.partition("[")
        folder = self.logs / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        if index:
            folder /= f"map_index={index.rstrip(']')}"
        files = sorted(folder.glob("attempt=*.log"), key=lambda file: file.stat().st_mtime)
        return tail(files[-1], lines) if files else [f"{task} has no log"]

    def _call(
        self, method: str, path: str, body: Any = None, allow: int | None = None, *, authorised: bool = True
    ) -> requests.Response:
        reply = self._http.request(method, f"{self.url}/api/v2/{path}", json=body, timeout=30)
        if authorised and not reply.ok and reply.status_code != allow:
            raise Failure(f"Airflow answers {method} {path} with HTTP {reply.status_code}.", [reply.text[:500]])
        return reply


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what could lead Airflow, or a call to loopback, elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    return {**kept, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost", "PYTHONUNBUFFERED": "1"}
