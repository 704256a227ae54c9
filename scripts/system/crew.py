"""Airflow's components as somebody sees them who may kill, freeze and start each of them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping, Sequence

import psutil

from scripts.live.processes import Failure, Process, signal_all
from scripts.live.stack import Airflow

#: two triggerers, so that one can take over from the other
COMMANDS: Mapping[str, Sequence[str]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer-1": ("triggerer", "--skip-serve-logs"),
    "triggerer-2": ("triggerer", "--skip-serve-logs"),
}


class Crew:
    """
    The components of an Airflow.

    :param started: all processes that were started for it, old ones too
    """

    def __init__(self, airflow: Airflow, started: Sequence[Process]) -> None:
        self.airflow = airflow
        self._started = started
        #: components that are away on purpose
        self.away: set[str] = set()
        self._frozen: set[str] = set()

    def kill(self, *names: str, alone: bool = False) -> None:
        """
        Kill components with all that they started, until they are started again.

        :param alone: leave alone what they started: tasks that a scheduler runs go on
        """
        for name in names:
            self.away.add(name)
            self.airflow.components[name].kill(alone=alone)

    def stop(self, *names: str) -> None:
        """Ask components to end, and wait until they have."""
        for name in names:
            self.away.add(name)
            process = self.airflow.components[name]
            process.signal(signal.SIGTERM, alone=True)
            process.popen.wait(60)

    def start(self, *names: str) -> None:
        """Start components again."""
        self.airflow.start(*names)
        self.away.difference_update(names)

    def freeze(self, name: str) -> None:
        """Let a component stand still."""
        self._frozen.add(name)
        self.airflow.components[name].freeze()

    def wake(self, name: str) -> None:
        """Let a component go on that stood still."""
        self._frozen.discard(name)
        self.airflow.components[name].wake()

    def tend(self) -> list[str]:
        """Start what ended although nobody asked for it, as a service manager does, and return its names."""
        ended = [
            name for name, process in self.airflow.components.items() if name not in self.away and not process.runs
        ]
        for name in ended:
            self.airflow.start(name)
        return ended

    def complete(self) -> None:
        """Bring back all that is frozen or away."""
        for name in sorted(self._frozen):
            self.wake(name)
        self.start_all(sorted(self.away))

    def start_all(self, names: Iterable[str]) -> None:
        """Start components, possibly none."""
        if listed := tuple(names):
            self.start(*listed)

    def kill_worker(self, dag_id: str, run_id: str, task: str) -> None:
        """Kill the worker that runs a task, and the task with it, so that none of them can report anything."""
        pid = self.airflow.metadata.processes(dag_id, run_id).get(task)
        if pid is None:
            raise Failure(f"{task} of {run_id} has no process.")
        try:
            process = psutil.Process(pid)
            ours = os.getsid(pid) in {one.popen.pid for one in self._started}
            worker = process.parent()
        except (psutil.NoSuchProcess, ProcessLookupError):
            raise Failure(f"the process of {task} has ended already.") from None
        schedulers = {one.popen.pid for one in self._started}
        if not ours or worker is None or worker.pid in schedulers:
            raise Failure(f"process {pid}, which should be that of {task}, is none that a worker of ours started.")
        # the worker first: it would report the end of the task
        signal_all([worker, process, *process.children(recursive=True)], signal.SIGKILL)
