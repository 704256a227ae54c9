"""The order of events in the demo, and the judgement at its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from scripts.demo.leaks import Scan, secrets_of
from scripts.demo.report import calls_line, contradictions, tasks_table, things_table
from scripts.demo.things import PHASES, Expected, Trouble, surprises
from scripts.demo.watch import Watch
from scripts.live.console import Progress
from scripts.live.evidence import deferrals
from scripts.live.processes import Failure, Process, stop_all
from scripts.live.remote import Emulator
from scripts.live.stack import Airflow, clean_environment

DISTRIBUTION = "airflow-provider-pipelines"
CONNECTION_TYPES = ("enos", "huaweicloud")
DAG_ID = "nightly_maintenance"
RUN_ID = "demo"
#: fewer tasks than this waiting in the triggerer would not show that waiting there works
DEFERRED_TASKS = 3
#: the tasks that report what the window did, in this order
REPORTING = ("quiesce", "restore")
GROUP_ID = "window"
SETTINGS = {
    # a killed triggerer is missed sooner than after Airflow's 30 seconds
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
    # on a machine with much else to do the API server may need more than Airflow's 5 seconds for an answer
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
}


class Play:
    """
    One run of the demo.

    :param folder: an empty folder for everything that it writes
    :param dag_file: the DAG that it runs
    :param expected: what is to be seen
    :param trouble: what goes wrong meanwhile
    """

    def __init__(self, folder: Path, progress: Progress, dag_file: Path, expected: Expected, trouble: Trouble) -> None:
        self.folder = folder
        self.progress = progress
        self.dag_file = dag_file
        self.expected = expected
        self.trouble = trouble
        self._processes: list[Process] = []
        self._commands: list[Process] = []

    def run(self, seed: Path, speed: float, *, keep: bool) -> list[str]:
        """Play everything and return what was not as it should be."""
        emulator, airflow = self._set_the_scene(seed, speed)
        watch = Watch(
            airflow,
            emulator,
            self.progress,
            DAG_ID,
            RUN_ID,
            quiet=self.expected["quiet"],
            killed=self.trouble["killed"].get("triggerer", ()),
            on_deferral=lambda: self._commands.extend(self._ask_airflow(airflow)),
        )
        self.progress.say("run", f"asking for a run of {DAG_ID}")
        state = watch.follow()
        self.progress.say("run", f"the DAG run ended: {state}", "green" if state == "success" else "bold red")
        if not self._commands:
            self._commands.extend(self._ask_airflow(airflow))

        problems = [] if state == "success" else [f"the DAG run is {state}"]
        problems += self._judge_things(watch, airflow)
        problems += self._judge_tasks(airflow)
        problems += self._judge_trouble(watch, emulator)
        problems += self._judge_clearing(airflow)
        problems += self._judge_provider()
        calls = emulator.journal()
        secrets = {**secrets_of(emulator.connections), "the EnOS access token": emulator.enos_token()}
        self.progress.say("emulator", calls_line(calls))
        if not keep:
            self.progress.say("stop", "stopping Airflow and the emulator")
            if survivors := self.stop():
                problems.append(f"still running: {', '.join(survivors)}")
        problems += self._judge_secrets(secrets, emulator, airflow, calls)
        for problem in problems:
            self.progress.say("failed", problem, "bold red")
        if keep:
            self._keep_up(airflow, emulator)
        return problems

    def stop(self) -> list[str]:
        """End all processes and return what could not be ended."""
        for process in self._processes:
            # has nothing to do any more, and takes ten seconds to end when it is asked to
            if "triggerer" in process.name and process.runs:
                process.kill()
        survivors = stop_all(self._processes[::-1])
        self._processes.clear()
        return survivors

    def _set_the_scene(self, seed: Path, speed: float) -> tuple[Emulator, Airflow]:
        self.progress.say("start", f"everything of this run is in {self.folder}")
        environment = clean_environment()
        emulator = Emulator(self.folder, self.folder / "emulator.log", seed, environment, speed, self._processes.append)
        emulator.wait_until_ready()
        self.progress.say("start", f"the emulator is up: {emulator.url}, {speed:g} times as fast as the real world")
        airflow = Airflow(
            self.folder / "airflow", {**environment, **SETTINGS, **emulator.connections}, self._processes.append
        )
        self.progress.say("start", "making Airflow's database")
        database = airflow.create([self.dag_file])
        self._wait(lambda: "the database" if database.runs else "", timeout=180)
        database.result()
        self.progress.say("start", "starting api-server, scheduler, dag-processor and triggerer")
        airflow.start()
        self._wait(lambda: ", ".join(airflow.api.health()), timeout=180, check=airflow.check)
        airflow.api.log_in()
        self._wait(lambda: "" if airflow.has_read(DAG_ID) else f"the DAG '{DAG_ID}'", timeout=90, check=airflow.check)
        self.progress.say("start", f"Airflow is up: {airflow.url}")
        emulator.reset()
        emulator.add_faults(*self.trouble["faults"])
        return emulator, airflow

    def _wait(self, missing: Callable[[], str], timeout: float, check: Callable[[], None] = lambda: None) -> None:
        """Wait until nothing is missing, and say what is, at least every twenty seconds."""
        deadline = time.monotonic() + timeout
        said = ""
        while text := missing():
            check()
            if text != said or self.progress.silence > 20:
                self.progress.say("start", f"waiting for {text}", "dim")
                said = text
            if time.monotonic() > deadline:
                raise Failure(f"after {timeout:.0f} s there is still no sign of {text}.")
            time.sleep(0.3)

    @staticmethod
    def _ask_airflow(airflow: Airflow) -> list[Process]:
        return [
            airflow.command("providers", "get", DISTRIBUTION, "--full", "--output", "json"),
            airflow.command("providers", "hooks", "--output", "json"),
            airflow.command("dags", "list-import-errors", "--output", "json"),
        ]

    def _judge_things(self, watch: Watch, airflow: Airflow) -> list[str]:
        reports = {name: airflow.api.xcom(DAG_ID, RUN_ID, f"{GROUP_ID}.{name}", "report") or {} for name in REPORTING}
        self.progress.console.print(things_table(watch.worlds, reports))
        if missing := [phase for phase in PHASES if phase not in watch.worlds]:
            return [f"the remote things were never seen {', '.join(missing)} the window"]
        return [*surprises(watch.worlds, self.expected), *contradictions(watch.worlds, reports)]

    def _judge_trouble(self, watch: Watch, emulator: Emulator) -> list[str]:
        problems = [
            f"{task} was not seen in a second triggerer after the first was killed"
            for task in self.trouble["killed"].get("triggerer", ())
            if task not in watch.taken_over
        ]
        wanted = sum(int(fault["times"]) for fault in self.trouble["faults"])
        met = sum(bool(call["fault"]) for call in emulator.journal())
        if met != wanted:
            problems.append(f"{met} calls were refused on purpose, expected {wanted}")
        return problems

    def _judge_clearing(self, airflow: Airflow) -> list[str]:
        problems = []
        for task, wanted in self.expected["clears"].items():
            if (found := airflow.api.cleared_with(DAG_ID, RUN_ID, task)) != list(wanted):
                problems.append(f"clearing {task} would clear {', '.join(found)}, expected {', '.join(wanted)}")
        return problems

    def _judge_tasks(self, airflow: Airflow) -> list[str]:
        tasks = airflow.metadata.tasks(DAG_ID, RUN_ID)
        resumed = deferrals(airflow.metadata.events(DAG_ID, RUN_ID))
        self.progress.console.print(tasks_table(tasks, resumed))
        for task in [one for one in tasks if one.state in ("failed", "up_for_retry")][:3]:
            self.progress.say("failed", f"the end of the log of {task.name}:", "bold red")
            self.progress.show(airflow.task_log(DAG_ID, RUN_ID, task.name))
        good = [task.name for task in tasks if task.state == "success" and resumed.get(task.name)]
        self.progress.say("deferred", f"{len(good)} tasks waited in the triggerer and went on: {', '.join(good)}")
        if len(good) < DEFERRED_TASKS:
            return [f"only {len(good)} tasks were deferred and resumed, expected at least {DEFERRED_TASKS}"]
        return []

    def _judge_provider(self) -> list[str]:
        self._wait(lambda: ", ".join(one.name for one in self._commands if one.runs), timeout=90)
        try:
            get, hooks, errors = [_answer(command) for command in self._commands]
        except Failure as failure:
            self.progress.show(failure.evidence)
            return [failure.reason]
        problems = []
        if not get:
            problems.append(f"'airflow providers get {DISTRIBUTION}' shows nothing")
        classes = {one["connection_type"]: str(one["class"]) for one in hooks}
        for kind in CONNECTION_TYPES:
            if not classes.get(kind, "").startswith("airflow_provider_pipelines."):
                problems.append(f"'airflow providers hooks' says of {kind}: {classes.get(kind, 'nothing')}")
        problems += [f"'airflow dags list-import-errors' lists {one}" for one in errors]
        if not problems:
            self.progress.say("provider", f"Airflow knows {DISTRIBUTION} and its connections; no import errors")
        return problems

    def _judge_secrets(
        self, secrets: Mapping[str, str], emulator: Emulator, airflow: Airflow, calls: list[dict[str, Any]]
    ) -> list[str]:
        if len(secrets) <= len(CONNECTION_TYPES):
            return ["the connections of the emulator have no secrets to look for"]
        journal = self.folder / "journal.json"
        journal.write_text(json.dumps(calls))
        emulator.forget_connections()
        database = airflow.metadata.file
        scan = Scan(secrets, airflow.fernet_key)
        if missed := scan.prove(database, self.folder / "planted"):
            return [f"the secret scan cannot be trusted, it did not find: {'; '.join(missed)}"]
        files = [file for file in self.folder.rglob("*") if file.is_file() and file != database]
        found = {**scan.database(database), **scan.files(files)}
        if not found:
            text = f"none of {len(secrets)} secrets in the database, in {len(files)} files or in the journal"
            self.progress.say("secrets", f"{text}; the scan finds planted ones")
        return [f"{', '.join(sorted(names))} can be read in {place}" for place, names in found.items()]

    def _keep_up(self, airflow: Airflow, emulator: Emulator) -> None:
        self.progress.say(
            "keep", f"Airflow's UI: {airflow.url}   the emulator: {emulator.url}   Ctrl-C ends both", "bold"
        )
        try:
            while True:
                airflow.check()
                time.sleep(1)
        except KeyboardInterrupt:
            self.progress.say("stop", "stopping Airflow and the emulator")


def _answer(command: Process) -> list[dict[str, Any]]:
    """Return the rows that an ``airflow`` command wrote as JSON; it may have logged something before them."""
    output = command.result()
    for start in (index for index, letter in enumerate(output) if letter == "["):
        try:
            rows: list[dict[str, Any]] = json.loads(output[start:])
        except ValueError:
            continue
        return rows
    raise Failure(f"{command.name} gives no JSON.", output.splitlines()[-25:])
