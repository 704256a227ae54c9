"""A short life of the package on one Airflow: scheduler, triggerer and what else the version has, and the emulator."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from airflow_provider_pipelines.emulator.default_world import default_seed
from scripts.live.console import Progress
from scripts.live.evidence import ENDED
from scripts.live.processes import Failure, Process, signal_all, stop_all
from scripts.live.remote import Emulator
from scripts.live.signals import deaf
from scripts.live.stack import COMPONENTS, Airflow, clean_environment
from scripts.matrix.installed import Environment
from scripts.matrix.old_api import PASSWORD, USER, OldApi
from scripts.matrix.versions import ROOT, as_on

DAGS = Path(__file__).resolve().parent / "dags"
SPEED = 10.0
SETTINGS: Mapping[str, str] = {
    "AIRFLOW__CORE__PARALLELISM": "8",
    # a killed worker or triggerer shall be noticed within the minute
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "10",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
}
#: the same, and what else has another name or another default in 2.11
OLD_SETTINGS: Mapping[str, str] = {
    "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "60",
    "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "10",
    # as 'airflow standalone' of 3.x does: SQLite with more than one task at a time
    "_AIRFLOW__SKIP_DATABASE_EXECUTOR_COMPATIBILITY_CHECK": "1",
    "AIRFLOW__API__AUTH_BACKENDS": "airflow.providers.fab.auth_manager.api.auth.backend.basic_auth",
    "AIRFLOW__WEBSERVER__WORKERS": "1",
    "AIRFLOW__WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
}
OLD_COMPONENTS: Mapping[str, Sequence[str]] = {
    "webserver": ("webserver",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


class OldAirflow(Airflow):
    """An Airflow 2.11."""

    api_class = OldApi


class Play:
    """
    A life on one Airflow.

    :param folder: an empty folder for everything of it
    """

    def __init__(self, environment: Environment, folder: Path, progress: Progress) -> None:
        self.environment = environment
        self.place = environment.place
        self.old = self.place.since < (3, 0)
        self.folder = folder
        self.progress = progress
        self._processes: list[Process] = []
        self.emulator: Emulator
        self.airflow: Airflow

    def run(self) -> str:
        """
        Play everything.

        :returns: what was seen
        :raises Failure: something was not as it should be
        """
        try:
            self._set_the_scene()
            self._first_act()
            self._commands()
            self._second_act()
            problems = self.airflow.metadata.import_errors()
            if problems:
                raise Failure("there are import errors.", problems)
        finally:
            with deaf():
                survivors = stop_all(self._processes[::-1])
        if survivors:
            raise Failure(f"still running: {', '.join(survivors)}")
        return "all as it should be"

    # what runs

    def _set_the_scene(self) -> None:
        environment = clean_environment()
        seed = self.folder / "world.json"
        seed.write_text(json.dumps(default_seed()))
        self.emulator = Emulator(
            self.folder, self.folder / "emulator.log", seed, environment, SPEED, self._processes.append,
            self.environment.python,
        )  # fmt: skip
        self.emulator.wait_until_ready()
        kind, components = (OldAirflow, OLD_COMPONENTS) if self.old else (Airflow, COMPONENTS)
        settings = {**SETTINGS, **(OLD_SETTINGS if self.old else {})}
        self.airflow = kind(
            self.folder / "airflow", {**environment, **settings, **self.emulator.connections},
            self._processes.append, commands=components, python=self.environment.python,
        )  # fmt: skip
        if self.old:
            port = self.airflow.environment["AIRFLOW__API__PORT"]
            self.airflow.environment |= {
                "AIRFLOW__WEBSERVER__WEB_SERVER_PORT": port,
                "AIRFLOW__WEBSERVER__SECRET_KEY": self.airflow.environment["AIRFLOW__API__SECRET_KEY"],
            }
        self._finished(self.airflow.create([]), 240)
        if self.old:
            who = ("--username", USER, "--password", PASSWORD, "--firstname", "A", "--lastname", "B")
            more = ("--role", "Admin", "--email", "admin@example.com")
            self._finished(self.airflow.command("users", "create", *who, *more), 240)
        self._write_dags()
        self.airflow.start()
        self.wait("all components", lambda: not self.airflow.api.health(), 300)
        self.airflow.api.log_in()
        self.say(f"Airflow {self.place.airflow} is up: {self.airflow.url}")

    def _write_dags(self) -> None:
        readme = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
        texts = {f"readme_{number}.py": text for number, text in enumerate(readme)}
        for file in (*sorted((ROOT / "example_dags").glob("*.py")), *sorted(DAGS.glob("*.py"))):
            texts[file.name] = file.read_text()
        for name, text in texts.items():
            (self.airflow.dags / name).write_text(as_on(self.place.since, text))

    # the acts

    def _first_act(self) -> None:
        """Run the README's DAGs in the default world, and what goes wrong beside them."""
        before = self._fleet()
        runs = {dag_id: self._begin(dag_id) for dag_id in ("first_light", "marked", "window_whose_work_fails")}
        runs["window_whose_worker_is_killed"] = self._begin("window_whose_worker_is_killed")
        self._mark_runs_of_codearts()
        self._kill_a_worker("window_whose_worker_is_killed", "window.last")
        self._end("first_light", "success")
        self._end("window_whose_work_fails", "failed")
        self._begin("nightly")
        self._end("window_whose_worker_is_killed", "failed")
        self._end("nightly", "success")
        states = self._states("window_whose_worker_is_killed")
        if (states["window.last"], states["window.restore"]) != ("failed", "success"):
            raise Failure(f"the window whose worker was killed ended otherwise: {states}")
        states = self._states("window_whose_work_fails")
        if states["window.restore"] != "success" or states["window.verdict"] != "failed":
            raise Failure(f"the window whose work failed ended otherwise: {states}")
        if (after := self._fleet()) != before:
            changed = [f"{key}: {before[key]} -> {after.get(key)}" for key in before if after.get(key) != before[key]]
            raise Failure("the fleet is not as it was.", changed)
        self.say("the README's DAGs are green, both windows in trouble red, and the fleet is as it was")

    def _second_act(self) -> None:
        """Run the examples in the default world, one after the other."""
        for dag_id in ("nightly_maintenance", "nightly_maintenance_by_hand"):
            self._begin(dag_id)
            self._end(dag_id, "success")
        self.say("both examples are green")

    def _mark_runs_of_codearts(self) -> None:
        """A run that goes on is cancelled when its task is marked failed, on the worker and while it is deferred."""
        wanted = {"polling": "running", "deferred": "deferred"}
        self.wait("the tasks with CodeArts runs", lambda: self._states("marked") == wanted, 240)
        self.wait("their runs", lambda: len(self._made()) == len(wanted), 120)
        self.wait("the trigger", lambda: self._has_trigger("deferred"), 120)
        time.sleep(12)
        triggerer = self.airflow.components["triggerer"]
        triggerer.popen.terminate()
        triggerer.popen.wait(60)
        time.sleep(3)
        if {status for _, status in self._made()} != {"RUNNING"}:
            raise Failure(f"a triggerer that ended has cancelled something: {self._made()}")
        self.airflow.start("triggerer")
        first = self._starts("deferred")
        self.wait("the trigger in the new triggerer", lambda: self._starts("deferred") > first, 240)
        time.sleep(12)
        for task in wanted:
            self.airflow.api.mark_task("marked", self.run_id("marked"), task, "failed")
        ended = lambda: {status for _, status in self._made()} == {"CANCELED"}  # noqa: E731 -- a condition
        try:
            self.wait("the cancels", ended, 90)
        except Failure:
            raise Failure(f"marked failed, and not all was cancelled: {self._made()}", self._logs("marked")) from None
        self.say("a restart of the triggerer cancelled nothing; marked failed, both CodeArts runs were cancelled")

    def _kill_a_worker(self, dag_id: str, task: str) -> None:
        self.wait(f"{task} to run", lambda: self._states(dag_id).get(task) == "running", 400)
        pid = 0

        def known() -> int:
            nonlocal pid
            pid = self.airflow.metadata.processes(dag_id, self.run_id(dag_id)).get(task) or 0
            return pid

        self.wait(f"the process of {task}", known, 60)
        time.sleep(2)
        process = psutil.Process(pid)
        worker = process.parent()
        own = {one.popen.pid for one in self._processes}
        victims = [process, *process.children(recursive=True)]
        if worker is not None and worker.pid not in own:
            victims.insert(0, worker)  # the worker first: it would report the end of the task
        signal_all(victims, 9)
        self.say(f"the worker of {task} was killed")

    def _commands(self) -> None:
        bin = self.environment.venv / "bin"
        problems = []
        for line, code, text in (
            ((str(bin / "airflow-pipelines"), "windows", "--all"), 0, "nightly/window"),
            ((str(bin / "airflow-pipelines"), "show", "nightly/window"), 0, "wind-"),
            ((str(bin / "airflow-pipelines"), "status", "--conn-id", "enos_default"), 0, "wind-heavy"),
            ((str(bin / "airflow-pipelines"), "status", "--conn-id", "huaweicloud_default"), 0, "128"),
            ((self.environment.python, "-m", "airflow", "pipelines", "windows", "--all"), 0, "nightly/window"),
        ):
            if "pipelines" in line and self.place.since < (3, 2):
                continue  # a provider may add commands from 3.2 on
            shown = self.environment.run(line, more=self.airflow.environment, check=False)
            if shown.returncode != code or text not in shown.stdout:
                problems += [f"'{' '.join(line[-3:])}' ends with {shown.returncode}", *shown.stdout.splitlines()[-12:]]
                problems += shown.stderr.splitlines()[-12:]
        if problems:
            raise Failure("a command does not do what it should.", problems)
        self.say("the commands show windows and fleets")

    # looking

    def say(self, text: str) -> None:
        """Tell the reader what happened."""
        self.progress.say(self.place.name, text)

    def wait(self, what: str, condition: Callable[[], object], limit: float) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + limit
        while not condition():
            for component in self.airflow.components.values():
                component.check()
            if time.monotonic() > deadline:
                raise Failure(f"after {limit:.0f} s there is still no sign of {what}.")
            if self.progress.silence > 60:
                self.progress.say(self.place.name, f"waiting for {what}", "dim")
            time.sleep(1)

    @staticmethod
    def run_id(dag_id: str) -> str:
        """Return the id of the one run of a DAG."""
        return f"matrix-{dag_id}"

    def _finished(self, command: Process, limit: float) -> None:
        self.wait(command.name, lambda: not command.runs, limit)
        command.result()

    def _begin(self, dag_id: str) -> str:
        self.wait(f"the DAG {dag_id}", lambda: self.airflow.has_read(dag_id), 240)
        self.airflow.api.trigger(dag_id, self.run_id(dag_id))
        return self.run_id(dag_id)

    def _end(self, dag_id: str, wanted: str) -> None:
        def ended() -> bool:
            states = self._states(dag_id)
            return bool(states) and all(state in ENDED for state in states.values())

        try:
            self.wait(f"the end of {dag_id}", lambda: self._run_state(dag_id) in ("success", "failed") and ended(), 900)
        except Failure as late:
            raise Failure(f"{late.reason} {self._states(dag_id)}", self._logs(dag_id)) from None
        if (state := self._run_state(dag_id)) != wanted:
            raise Failure(f"{dag_id} is {state}, not {wanted}: {self._states(dag_id)}", self._logs(dag_id))
        self.say(f"{dag_id} is {state}, as it should be")

    def _run_state(self, dag_id: str) -> str:
        return self.airflow.metadata.run_state(dag_id, self.run_id(dag_id))

    def _states(self, dag_id: str) -> dict[str, str]:
        return {task.name: task.state for task in self.airflow.metadata.tasks(dag_id, self.run_id(dag_id))}

    def _logs(self, dag_id: str) -> list[str]:
        """Return the ends of the logs of what did not succeed."""
        found: list[str] = []
        for task, state in self._states(dag_id).items():
            if state not in ("success", "skipped", "upstream_failed", ""):
                found += [f"--- {task} ({state})", *self.airflow.task_log(dag_id, self.run_id(dag_id), task, 15)]
                for file in self.airflow.task_logs(dag_id, self.run_id(dag_id), task):
                    if ".trigger." in file.name:
                        found += [f"--- {file.name}", *file.read_text(errors="replace").splitlines()[-15:]]
        return found

    def _has_trigger(self, task: str) -> bool:
        return self.airflow.metadata.triggerers("marked", self.run_id("marked")).get(task) is not None

    def _starts(self, task: str) -> int:
        """Count in how many triggerers a trigger has begun: each has a log of its own."""
        files = self.airflow.task_logs("marked", self.run_id("marked"), task)
        return len([file for file in files if ".trigger." in file.name])

    def _made(self) -> list[tuple[str, str]]:
        """Return the CodeArts runs that the DAG has made: by which task, and their states."""
        found = []
        for project in self.emulator.state()["codearts"]["projects"].values():
            for pipeline in project["pipelines"].values():
                for run in pipeline["runs"].values():
                    if match := re.search(r"made by (\w+)", run.get("description") or ""):
                        found.append((match[1], str(run["status"])))
        return sorted(found)

    def _fleet(self) -> dict[str, Any]:
        """Return what runs of EnOS and of DLI."""
        state = self.emulator.state()
        orgs, projects = state["enos"]["orgs"].values(), state["dli"]["projects"].values()
        pipelines = {f"EnOS {one['name']}": one["status"] for org in orgs for one in org["pipelines"].values()}
        jobs = {f"DLI {id}": job["status"] for project in projects for id, job in project["jobs"].items()}
        return {**pipelines, **jobs}


def played(environment: Environment, progress: Progress) -> str:
    """Play in a new folder, which stays until the next time."""
    folder = environment.folder / "play"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Play(environment, folder, progress).run()
