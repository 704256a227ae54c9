"""The order of events: both forms by hand, a task that reads through them, and the Test button, good and bad."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_pipelines.emulator.default_world import default_seed
from scripts.browser.page import Connections, browser
from scripts.live.console import Progress
from scripts.live.evidence import ENDED
from scripts.live.processes import Failure, Process, free_port, stop_all
from scripts.live.remote import Emulator
from scripts.live.stack import COMPONENTS, Airflow, clean_environment

DAG_FILE = Path(__file__).resolve().parent / "dags" / "read_back.py"
SETTINGS = {
    "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "30",
}
#: nothing defers here
NEEDED = {name: command for name, command in COMPONENTS.items() if name != "triggerer"}


class Play:
    """
    One run.

    :param folder: an empty folder for everything of it
    :param pictures: where pictures of the page are kept
    """

    def __init__(self, folder: Path, pictures: Path, progress: Progress) -> None:
        self.folder = folder
        self.pictures = pictures
        self.progress = progress
        self.processes: list[Process] = []
        self.emulator: Emulator
        self.airflow: Airflow
        self._connections: Connections

    def run(self) -> bool:
        """
        Play everything; what is not as it should be is raised.

        :raises Failure: something is not as it should be
        """
        self._set_the_scene()
        with browser(self.folder / "profile") as page:
            self._connections = Connections(page, self.airflow.url)
            self._fill_in_enos()
            self._fill_in_huaweicloud()
            self._read_back()
            self._test_all()
            self._test("enos_by_hand", True, "EnOS accepts the access key", "released pipelines")
            self._connections.picture(self.pictures / "connections.png")
        return True

    def stop(self) -> list[str]:
        """End all processes and return what could not be ended."""
        return stop_all(self.processes[::-1])

    # what runs

    def _set_the_scene(self) -> None:
        environment = clean_environment()
        seed = self.folder / "seed.json"
        seed.write_text(json.dumps(default_seed()))
        self.emulator = Emulator(
            self.folder, self.folder / "emulator.log", seed, environment, 10, self.processes.append
        )
        self.emulator.wait_until_ready()
        # without the connections: those are filled in by hand
        self.airflow = Airflow(
            self.folder / "airflow", {**environment, **SETTINGS}, self.processes.append, commands=NEEDED
        )
        self.progress.say("start", "making Airflow's database")
        database = self.airflow.create([DAG_FILE])
        self._wait("the database", lambda: not database.runs, 180)
        database.result()
        self.airflow.start()
        self._wait("all components", lambda: set(self.airflow.api.health()) <= {"triggerer"}, 180)
        self.airflow.api.log_in()
        self._wait("the DAG", lambda: self.airflow.has_read("read_back"), 90)
        self.progress.say("start", f"Airflow is up: {self.airflow.url}")

    def _wait(self, what: str, there: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not there():
            self.airflow.check()
            if time.monotonic() > deadline:
                raise Failure(f"after {timeout:.0f} s there is still no sign of {what}.")
            time.sleep(0.3)  # between two looks

    # the forms

    def _fill_in_enos(self) -> None:
        """Give gateway and port apart, as people do."""
        known = self._emulated("ENOS")
        gateway, _, port = known["host"].rpartition(":")
        form = self._connections.begin("enos_by_hand", "enos")
        self._expect("folds of enos", form.folds(), ["Standard Fields", "Extra Fields", "Network", "Extra Fields JSON"])
        form.fill({"API gateway": gateway, "Port": port, "AccessKey": known["login"], "SecretKey": known["password"]})
        form.picture(self.pictures / "enos.png")
        form.open("Extra Fields")
        form.fill({"Organization id": known["extra"]["org_id"]})
        self._expect_no_asterisk(form.labels())
        form.picture(self.pictures / "enos-organization.png")
        form.open("Network")
        self._expect_no_asterisk(form.labels())
        form.save()
        self.progress.say("form", "enos is filled in and saved", "green")

    def _fill_in_huaweicloud(self) -> None:
        known = self._emulated("HUAWEICLOUD")
        extra = known["extra"]
        form = self._connections.begin("huaweicloud_by_hand", "telekom")
        form.fill({
            "Access key (AK) or IAM user": known["login"], "Secret key (SK) or its password": known["password"],
            "Port (for the Test button only)": "443",
        })  # fmt: skip
        form.picture(self.pictures / "huaweicloud.png")
        form.open("Extra Fields")
        form.choose("Cloud", "Open Telekom")
        form.fill({
            "Region": extra["region"], "IAM project id": extra["project_id"],
            "CodeArts project id": extra["codearts_project_id"],
        })  # fmt: skip
        self._expect_no_asterisk(form.labels())
        form.picture(self.pictures / "huaweicloud-region.png")
        for fold in ("Signing in", "Acting for another account", "Network"):
            form.open(fold)
            self._expect_no_asterisk(form.labels())
        form.open("Own endpoints")
        form.fill({
            "IAM endpoint": extra["iam_endpoint"], "CodeArts endpoint": extra["codearts_endpoint"],
            "DLI endpoint": extra["dli_endpoint"],
        })  # fmt: skip
        form.save()
        self.progress.say("form", "huaweicloud is filled in and saved", "green")

    def _emulated(self, name: str) -> dict[str, Any]:
        connection: dict[str, Any] = json.loads(self.emulator.connections[f"AIRFLOW_CONN_{name}_DEFAULT"])
        return connection

    def _read_back(self) -> None:
        self.airflow.api.trigger("read_back", "once")
        state = ""

        def ended() -> bool:
            nonlocal state
            state = self.airflow.metadata.run_state("read_back", "once")
            return state in ENDED

        self._wait("the end of the DAG that reads through both", ended, 180)
        if state != "success":
            logs = [self.airflow.task_log("read_back", "once", name) for name in ("enos", "dli", "codearts")]
            raise Failure(f"the DAG that reads through both ended as {state}.", [line for log in logs for line in log])
        self.progress.say("task", "three tasks have read through what was filled in", "green")

    # the button

    def _test_all(self) -> None:
        self._test("enos_by_hand", True, "EnOS accepts the access key", "released pipelines")
        self._test("huaweicloud_by_hand", True, "DLI accepts the credentials", "CodeArts accepts the access key")
        nobody = f"http://127.0.0.1:{free_port()}"
        enos = self._emulated("ENOS")
        self._variant("wrong_secret", enos, {"password": "wrong"}, {})
        self._test("wrong_secret", False, "SecretKey (password)")
        self._variant("unreachable", enos, {"host": nobody, "port": 1}, {})
        self._test("unreachable", False, "no connection could be made")
        self._variant("wrong_organisation", enos, {}, {"org_id": "o10000000000099"})
        self._test("wrong_organisation", True, "shows 0 released pipelines", "check the organization id")
        self._variant("no_organisation", enos, {}, {"org_id": None})
        self._test("no_organisation", False, "Organization id (org_id): is empty")
        huawei = self._emulated("HUAWEICLOUD")
        self._variant("wrong_sk", huawei, {"password": "wrong"}, {})
        self._test("wrong_sk", False, "secret key (SK, password)")
        self._variant("dli_is_away", huawei, {}, {"dli_endpoint": nobody})
        self._test("dli_is_away", False, "CodeArts accepts the access key")
        self._variant("only_codearts", huawei, {}, {"region": None, "project_id": None, "dli_endpoint": None})
        self._test("only_codearts", True, "CodeArts accepts", "DLI was not tested: fill in Region")
        self._variant("wrong_project", huawei, {}, {"codearts_project_id": "f" * 32})
        self._test("wrong_project", True, "check its id")
        self._without_port(enos)

    def _variant(
        self, conn_id: str, connection: Mapping[str, Any], fields: Mapping[str, Any], extra: Mapping[str, Any]
    ) -> None:
        """Add a connection that differs in some fields from a good one."""
        merged = {name: value for name, value in {**connection["extra"], **extra}.items() if value is not None}
        port = int(connection["host"].rpartition(":")[2]) if connection.get("host") else 443
        body = {"port": port, **connection, **fields, "connection_id": conn_id, "extra": json.dumps(merged)}
        self.airflow.api.add_connection(body)

    def _test(self, conn_id: str, good: bool, *parts: str) -> None:
        """
        Press the button.

        :param good: whether it is to be green
        :param parts: what the sentence says
        """
        tested = self._connections.test(conn_id)
        seen = "green" if tested.green else "red"
        self.progress.say("test", f"{conn_id}: {seen}: {tested.text}", seen)
        missing = [part for part in parts if part not in tested.text]
        if tested.status != 200 or missing or tested.green is not good:
            raise Failure(
                f"Test of {conn_id} is {seen} (HTTP {tested.status}); its sentence lacks {missing}.", [tested.text]
            )

    def _without_port(self, enos: Mapping[str, Any]) -> None:
        """See what Airflow does for a connection whose port is empty: no sentence of ours can come of it."""
        self._variant("without_port", enos, {"port": None}, {})
        tested = self._connections.test("without_port")
        where = "Airflow refuses it" if tested.status == 400 else "Airflow lets it be tested"
        self.progress.say("test", f"without_port: HTTP {tested.status}, {where}: {tested.text}", "dim")

    def _expect(self, what: str, seen: object, expected: object) -> None:
        if seen != expected:
            raise Failure(f"{what}: {seen}, not {expected}.")

    def _expect_no_asterisk(self, labels: list[str]) -> None:
        marked = [label for label in labels if "*" in label and not label.startswith("Connection ")]
        if marked:
            raise Failure(f"fields that may be empty have an asterisk: {', '.join(marked)}.")
