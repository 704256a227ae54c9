"""The REST API of a running Airflow, as a person who clicks in its UI uses it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from scripts.live.processes import Failure

#: how often a request is sent that finds the database locked
TRIES = 5


class Api:
    """
    Asks Airflow's api-server.

    :param url: its address
    """

    #: where the API is; before Airflow 3 it was version 1
    path = "api/v2"

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = requests.Session()
        self._http.trust_env = False

    def health(self) -> list[str]:
        """Return the components that are not up yet."""
        try:
            report = self._send("GET", "monitor/health").json()
        except requests.RequestException:
            return ["api_server"]
        return [name for name, one in report.items() if (one or {}).get("status") != "healthy" and name != "callback"]

    def log_in(self) -> None:
        """Fetch a token."""
        token = self._http.get(f"{self.url}/auth/token", timeout=30).json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def knows(self, dag_id: str) -> bool:
        """Tell whether there is such a DAG."""
        return self._call("GET", f"dags/{dag_id}", allow=404).ok

    def add_connection(self, body: Mapping[str, Any]) -> None:
        """Add a connection, in the fields of the API."""
        self._call("POST", "connections", dict(body))

    def trigger(self, dag_id: str, run_id: str) -> None:
        """Ask for a DAG run."""
        body = {"dag_run_id": run_id, "logical_date": datetime.now(UTC).isoformat()}
        self._call("POST", f"dags/{dag_id}/dagRuns", body)

    def mark_run(self, dag_id: str, run_id: str, state: str) -> None:
        """Mark a DAG run ``failed`` or ``success``."""
        self._call("PATCH", f"dags/{dag_id}/dagRuns/{run_id}", {"state": state})

    def mark_task(self, dag_id: str, run_id: str, task: str, state: str) -> None:
        """
        Mark a task ``failed`` or ``success``.

        :param task: its id, with the map index if it has one, such as ``run[3]``
        """
        task_id, index = split(task)
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self._call("PATCH", path if index < 0 else f"{path}/{index}", {"new_state": state})

    def clear(self, dag_id: str, run_id: str, *tasks: str) -> None:
        """Clear tasks, so that they run again."""
        ids = [[task_id, index] if index >= 0 else task_id for task_id, index in map(split, tasks)]
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": ids, "only_failed": False, "reset_dag_runs": True}
        self._call("POST", f"dags/{dag_id}/clearTaskInstances", body)

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str) -> Any:
        """Return what a task has pushed under a key, or None."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}?deserialize=true"
        reply = self._call("GET", path, allow=404)
        return reply.json()["value"] if reply.ok else None

    def cleared_with(self, dag_id: str, run_id: str, task: str) -> list[str]:
        """Return which tasks would be cleared with one, as the UI asks before it does so."""
        body = {"dry_run": True, "dag_run_id": run_id, "task_ids": [task], "only_failed": False}
        reply = self._call("POST", f"dags/{dag_id}/clearTaskInstances", body)
        return sorted(str(one["task_id"]) for one in reply.json()["task_instances"])

    def _call(self, method: str, path: str, body: Any = None, allow: int | None = None) -> requests.Response:
        for again in range(TRIES):
            try:
                reply = self._send(method, path, body)
            except requests.RequestException as error:
                raise Failure(f"Airflow's API does not answer {method} {path}: {error}") from None
            if "Database error" not in reply.text or again == TRIES - 1:
                break
            time.sleep(1.0)  # SQLite was locked by another of Airflow's processes, and nothing was changed
        if not reply.ok and reply.status_code != allow:
            raise Failure(f"Airflow answers {method} {path} with HTTP {reply.status_code}.", [reply.text[:500]])
        return reply

    def _send(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self._http.request(method, f"{self.url}/{self.path}/{path}", json=body, timeout=30)


def split(task: str) -> tuple[str, int]:
    """Return id and map index of a task that is named like ``run[3]``; -1 if it has none."""
    task_id, _, index = task.partition("[")
    return task_id, int(index.rstrip("]")) if index else -1
