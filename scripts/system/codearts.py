"""The CodeArts runs of a world, with the task and the attempt that each was made for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.system.scene import Run, Scene, counted

#: what the DAGs write into a description, and the marker that the operator puts behind it
_DESCRIPTION = re.compile(r"(?P<run>\S+) (?P<task>\S+) (?P<index>-?\d+) \[airflow \w+-\w+-(?P<attempt>\d+)\]")
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED", "IGNORED"})


@dataclass(frozen=True)
class Made:
    """
    A CodeArts run.

    :param task: the task that it was made for, such as ``wait[3]``
    :param start: the world's time, epoch milliseconds
    :param end: the same, None as long as it goes on
    """

    id: str
    task: str
    attempt: int
    status: str
    start: int
    end: int | None

    @property
    def lives(self) -> bool:
        """Whether it goes on."""
        return self.status not in ENDED


def made(run: Run) -> list[Made]:
    """Return the CodeArts runs that were made for a DAG run, in the order of their start."""
    found = []
    for id, fields in _runs(run.scene.stage.emulator.state()):
        match = _DESCRIPTION.search(fields["description"])
        if match and match["run"] == run.id:
            name = match["task"] if int(match["index"]) < 0 else f"{match['task']}[{match['index']}]"
            times = fields["start_time"], fields["end_time"]
            found.append(Made(id, name, int(match["attempt"]), fields["status"], *times))
    return sorted(found, key=lambda one: one.start)


def stops(scene: Scene) -> dict[str, int]:
    """Count how often each run was asked to stop, whoever made it."""
    runs = dict(_runs(scene.stage.emulator.state()))
    asked = counted(scene.stage.emulator.journal(), "stop_pipeline_run")
    return {id: times for id, times in asked.items() if id in runs}


def overlaps(runs: Iterable[Made]) -> list[str]:
    """Return a sentence for each run that began before the one before it of the same task had ended."""
    latest: dict[str, Made] = {}
    found = []
    for one in sorted(runs, key=lambda run: run.start):
        before = latest.get(one.task)
        if before is not None and (before.end is None or before.end > one.start):
            found.append(f"{one.task} had run {before.id} and run {one.id} at the same time")
        latest[one.task] = one
    return found


def _runs(state: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
    for project in state["codearts"]["projects"].values():
        for pipeline in project["pipelines"].values():
            yield from pipeline["runs"].items()
