"""What all scenarios share: the emulator, PostgreSQL and an Airflow with two triggerers, started once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.live.console import Progress
from scripts.live.evidence import ServerMetadata
from scripts.live.processes import Failure, Process, stop_all
from scripts.live.remote import Emulator
from scripts.live.stack import Airflow, clean_environment
from scripts.system.crew import COMMANDS, Crew
from scripts.system.postgres import Postgres

HERE = Path(__file__).resolve().parent
DAGS = HERE / "dags"
WORLD = HERE / "world.json"
#: faster than Airflow's own: a killed worker or triggerer shall be noticed within the minute
SETTINGS: Mapping[str, str] = {
    "AIRFLOW__CORE__PARALLELISM": "16",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}


class Stage:
    """
    Everything that runs.

    :param folder: an empty folder for logs
    """

    def __init__(self, folder: Path, progress: Progress) -> None:
        self.folder = folder
        self.progress = progress
        self._processes: list[Process] = []
        self._environment = clean_environment()
        self.database = Postgres(folder / "postgres.log", self._environment, self._processes.append)
        self.emulator: Emulator
        self.airflow: Airflow
        self.crew: Crew

    def set_up(self) -> None:
        """Start everything."""
        self.progress.say("start", f"everything of this run is in {self.folder}")
        environment = self._environment
        self.database.create()
        self.emulator = Emulator(
            self.folder, self.folder / "emulator.log", WORLD, environment, speed=1, started=self._processes.append
        )
        self.emulator.wait_until_ready()
        self.progress.say("start", f"PostgreSQL and the emulator are up: {self.emulator.url}")
        self.airflow = Airflow(
            self.folder / "airflow",
            {**environment, **self.emulator.connections, **SETTINGS},
            self._processes.append,
            ServerMetadata(self.database.url),
            COMMANDS,
        )
        self.crew = Crew(self.airflow, self._processes)
        making = self.airflow.create(sorted(DAGS.glob("*.py")))
        self.wait("Airflow's database", lambda: not making.runs, 180)
        making.result()
        self.airflow.start()
        self.wait("all components", lambda: not self.airflow.api.health(), 180)
        self.airflow.api.log_in()
        self.progress.say("start", f"Airflow is up: {self.airflow.url}")

    def wait(self, what: str, condition: Callable[[], object], limit: float, pause: float = 0.5) -> None:
        """
        Wait until something is so, and start components again that ended meanwhile.

        :param what: what is waited for, for the reader
        :param limit: seconds after which it has failed
        """
        deadline = time.monotonic() + limit
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f"after {limit:.0f} s there is still no sign of {what}.")
            if self.progress.silence > 20:
                self.progress.say("wait", f"waiting for {what}", "dim")
            if hasattr(self, "crew"):
                for name in self.crew.tend():
                    self.progress.say("crew", f"the {name} ended by itself and was started again", "yellow")
            time.sleep(pause)

    def tidy(self) -> None:
        """Bring back everything that a scenario took away."""
        if self.database.process is None or not self.database.process.runs:
            self.database.start()
        if not self.emulator.process.runs:
            self.emulator.bring_up()
        self.crew.complete()
        self.crew.tend()
        self.wait("all components", lambda: not self.airflow.api.health(), 180)

    def close(self) -> list[str]:
        """End everything and return what could not be ended."""
        database = [self.database.process] if self.database.process is not None else []
        survivors = stop_all([one for one in self._processes[::-1] if one not in database])
        self.database.remove()
        survivors += stop_all(database)
        self._processes.clear()
        return survivors
