"""The REST API of Airflow 2.11, as :class:`~scripts.live.api.Api` is that of Airflow 3."""

from __future__ import annotations

import requests

from scripts.live.api import Api

USER, PASSWORD = "admin", "admin"


class OldApi(Api):
    """Asks the web server of Airflow 2.11."""

    path = "api/v1"

    def health(self) -> list[str]:
        """Return the components that are not up yet; the DAG files are read by the scheduler."""
        try:
            report = self._send("GET", "health").json()
        except requests.RequestException:
            return ["webserver"]
        needed = ("metadatabase", "scheduler", "triggerer")
        return [name for name in needed if (report.get(name) or {}).get("status") != "healthy"]

    def log_in(self) -> None:
        """Give name and password with each request."""
        self._http.auth = (USER, PASSWORD)

    def mark_task(self, dag_id: str, run_id: str, task: str, state: str) -> None:
        """Mark a task ``failed`` or ``success``."""
        self._call(
            "PATCH", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task}", {"dry_run": False, "new_state": state}
        )
