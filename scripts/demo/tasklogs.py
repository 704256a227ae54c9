"""What the tasks of a window say in their logs, as soon as they say it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from scripts.live.stack import Airflow

#: what the loggers of a window's tasks have in their names
_OURS = "airflow_provider_pipelines.window"
#: the record, which is for a program to read
_RECORD = "pipelines-record"
#: the last line before the table of a report
_REPORT = re.compile(r"\S+ of window \S+: ")
#: ids and addresses of things that have a name as well
_DETAILS = re.compile(r" \(([0-9a-f-]{3,36}|(GET|POST|PUT) [^)]*)\)")


class TaskLogs:
    """
    Reads on in the logs that the tasks of a run write on workers.

    :param airflow: the installation whose logs they are
    """

    def __init__(self, airflow: Airflow, dag_id: str, run_id: str) -> None:
        self._airflow = airflow
        self._dag_id = dag_id
        self._run_id = run_id
        self._read: dict[Path, int] = {}
        self._over: set[Path] = set()

    def news(self, tasks: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Give task and line for each line that was added since the last call."""
        for task in tasks:
            for file in self._airflow.task_logs(self._dag_id, self._run_id, task):
                for line in self._added(file):
                    if file in self._over or (text := spoken(line)) is None:
                        continue
                    # the table that follows is shown at the end, from the report itself
                    if _REPORT.match(text):
                        self._over.add(file)
                    yield task, text

    def _added(self, file: Path) -> list[str]:
        with file.open("rb") as stream:
            stream.seek(self._read.get(file, 0))
            content = stream.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read[file] = self._read.get(file, 0) + len(whole)
        return whole.decode(errors="replace").splitlines()


def spoken(line: str) -> str | None:
    """Give what a window's task says in a line of its log, or None for any other line."""
    try:
        entry = json.loads(line)
        logger, text = str(entry["logger"]), str(entry["event"])
    except (ValueError, KeyError, TypeError):
        return None
    if _OURS not in logger or text.startswith(_RECORD):
        return None
    return _DETAILS.sub("", text)
