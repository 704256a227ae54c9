"""SQL jobs of DLI: what a statement is, and how it comes to its end."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from airflow_provider_pipelines.emulator.things import Fields, Passing, Step

#: job types whose statements are answered at once
SYNCHRONOUS = frozenset({"DDL", "DCL"})
_TYPES: Mapping[str, tuple[str, ...]] = {
    "DDL": ("ALTER", "ANALYZE", "CREATE", "DESC", "DESCRIBE", "DROP", "MSCK", "REFRESH", "SHOW", "TRUNCATE", "USE"),
    "DCL": ("GRANT", "REVOKE"),
    "QUERY": ("EXPLAIN", "SELECT", "VALUES", "WITH"),
    "INSERT": ("INSERT",),
    "UPDATE": ("MERGE", "UPDATE"),
    "DELETE": ("DELETE",),
    "IMPORT": ("LOAD",),
}
#: fields that may say how long something takes
_DURATIONS = ("launch_seconds", "run_seconds", "cancel_seconds")
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def job_type_of(sql: str) -> str | None:
    """Return the type of a statement by its first word, None if it is none that a statement begins with."""
    first = _COMMENT.sub(" ", sql).strip(" \t\r\n(").split(None, 1)
    word = first[0].upper() if first else ""
    return next((kind for kind, words in _TYPES.items() if word in words), None)


def conf_of(conf: list[str]) -> dict[str, str]:
    """Read ``key=value`` strings; the vendor's own sample has blanks around the equals sign."""
    return {name.strip(): value.strip() for name, _, value in (one.partition("=") for one in conf)}


class SqlJob(Passing):
    """
    An SQL job.

    ``outcome`` is the status it ends with, ``run_seconds`` after it began to run; ``message`` is what a failed one
    says. ``schema`` and ``rows`` are the result of a query. ``refuses_cancel`` counts the next cancels that are
    refused; ``export`` holds the properties of an export.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "status": "LAUNCHING",
        "job_type": "QUERY",
        "job_mode": "async",
        "statement": "",
        "queue_name": "default",
        "owner": "emulator",
        "engine_type": "spark",
        "database_name": "",
        "table_name": "",
        "conf": [],
        "tags": [],
        "start_time": 0,
        "end_time": None,
        "schema": [],
        "rows": [],
        "input_size": 0,
        "message": "The emulator was told to fail this.",
        "result_path": "",
        "export": {},
        "outcome": "FINISHED",
        **dict.fromkeys(_DURATIONS, None),
        "refuses_cancel": 0,
    }
    OPTIONAL: ClassVar[Mapping[str, type]] = {
        "end_time": int,
        **dict.fromkeys(_DURATIONS, float),
    }
    FINAL = frozenset({"FINISHED", "FAILED", "CANCELLED"})

    def usual_course(self, now: int) -> list[Step]:
        """Let what was launched run, and what runs end."""
        launching: tuple[float, str, Fields] = (self.seconds("launch_seconds", "dli_sql_launch_seconds"), "RUNNING", {})
        if self.status == "LAUNCHING":
            self.set_out(now, launching, self._end())
        elif self.status in ("RUNNING", "SCALING"):
            self.set_out(now, self._end())
        else:
            return []
        return self.pending

    def _end(self) -> tuple[float, str, Fields]:
        lasting = self.seconds("run_seconds", "dli_sql_run_seconds")
        limit = conf_of(self.fields["conf"]).get("dli.sql.job.timeout", "")
        if limit.isdigit() and int(limit) < lasting:
            return int(limit), "CANCELLED", {}
        return lasting, self.fields["outcome"], {}

    def cancel(self, now: int) -> None:
        """Take the request to cancel; a second one changes nothing."""
        if any("outcome" in step.changes for step in self.pending):
            return
        seconds = self.seconds("cancel_seconds", "dli_sql_cancel_seconds")
        self.set_out(now, (seconds, "CANCELLED", {"outcome": "CANCELLED"}))
