"""A real metadata database, a process that runs commands on it, and an emulator with a small fleet."""

import json
import os
import sqlite3
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import SteppedClock
from tests.support.airflow import AIRFLOW
from tests.support.playing import MemoryStore, Window
from tests.window.conftest import all_targets, fleet, fleet_server, turned  # noqa: F401 -- fixtures

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DOORS = {"script": [str(BIN / "airflow-pipelines")]}
if AIRFLOW >= (3, 2):
    # what Airflow is given as commands it takes from then on
    DOORS["airflow"] = [str(BIN / "airflow"), "pipelines"]
RUN = "manual__2026-11-27T22:00:00+00:00"


def uncovered(env):
    """Leave coverage out of a process that imports all of Airflow: it would take many times as long."""
    return {name: value for name, value in env.items() if not name.startswith("COV")}


@dataclass
class Shown:
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)


class Database:
    """An Airflow home with a migrated SQLite database."""

    def __init__(self, home):
        self.home = home
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "_AIRFLOW"))}
        self.env.update(
            AIRFLOW_HOME=str(home), AIRFLOW__CORE__LOAD_EXAMPLES="False", PYTHONPATH=str(ROOT), COLUMNS="200",
            AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
            AIRFLOW__CORE__FERNET_KEY="81HqDtbqAywKSOumSha3BhWNOdQ26slT6K0YaZeZyPs=",
        )  # fmt: skip
        self.env.pop("EMULATOR", None)

    def migrate(self):
        subprocess.run(
            [BIN / "airflow", "db", "migrate"], env=uncovered(self.env), check=True, capture_output=True, timeout=300
        )

    def execute(self, statement, values=()):
        with sqlite3.connect(self.home / "airflow.db", timeout=30) as connection:
            found = connection.execute(statement, values).fetchall()
        connection.close()
        return found

    def run_is(self, state, window="nightly/window", run_id=RUN, *, paused=False, restore=None):
        """Put a run into the tables, and the task that restores."""
        dag_id, _, group_id = window.partition("/")
        self.insert("dag", dag_id=dag_id, is_paused=int(paused), partition_mapper_info="{}")
        self.insert("dag_run", dag_id=dag_id, run_id=run_id, state=state, run_type="manual", run_after="2026-11-27")
        if restore is not None:
            self.insert(
                "task_instance",
                task_id=f"{group_id}.restore",
                dag_id=dag_id,
                run_id=run_id,
                state=restore,
                map_index=-1,
            )

    def insert(self, table, **values):
        """Insert a row; what must not be empty and is not given gets a nought, what this version has not is left out."""
        columns = self.execute(f"pragma table_info({table})")
        if table == "task_instance":
            values["id"] = os.urandom(16).hex()
        values = {name: value for name, value in values.items() if name in {column[1] for column in columns}}
        for _, name, kind, needed, default, _ in columns:
            if needed and default is None and name not in values and name != "id":
                values[name] = "0" if "CHAR" in kind else "00" if "BLOB" in kind else 0
        marks = ", ".join("?" for _ in values)
        self.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", tuple(values.values()))  # noqa: S608

    def forget_runs(self):
        for table in ("task_instance", "dag_run", "dag", "connection"):
            self.execute(f"delete from {table}")  # noqa: S608 -- names of ours


class Desk:
    """A process that runs commands."""

    def __init__(self, database, **env):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands.driver"], env={**database.env, **env}, cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.env = {}

    def order(self, do, **order):
        self._process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def __call__(self, *argv, answers=None, **env):
        shown = Shown(**self.order("command", argv=argv, answers=answers, env={**self.env, **env}))
        assert "Traceback" not in shown.err
        return shown

    def put(self, store):
        self.order("put", texts=store.texts)

    def texts(self):
        store = MemoryStore()
        store.texts = self.order("texts")
        return store

    def stop(self):
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory):
    database = Database(tmp_path_factory.mktemp("metadata"))
    database.migrate()
    return database


@pytest.fixture(scope="session")
def desk_process(migrated):
    running = Desk(migrated)
    yield running
    running.stop()


@pytest.fixture
def database(migrated):
    migrated.forget_runs()
    return migrated


@pytest.fixture
def desk(desk_process, database, fleet):  # noqa: F811 -- the fixture
    """Runs commands on an empty database; connections to a small fleet are in the environment."""
    desk_process.order("clear")
    desk_process.env = {**fleet.env, "EMULATOR": fleet.url}
    return desk_process


@pytest.fixture
def played(fleet, desk):  # noqa: F811 -- the fixture
    """Plays windows, and leaves their records in the database."""

    def play(*steps, window="nightly/window", run_id=RUN, targets=None, store=None, runs=None, **policies):
        one = Window(
            SteppedClock(fleet), targets or all_targets(), window=window, run_id=run_id, store=store, runs=runs,
            **policies,
        )  # fmt: skip
        for step in steps:
            getattr(one, step)()
        desk.put(one.store)
        return one

    return play


@pytest.fixture
def moving(fleet):  # noqa: F811 -- the fixture
    """Let the emulator's world go on by itself, for commands that wait in real time."""
    over = threading.Event()

    def move():
        while not over.wait(0.05):
            fleet.advance(10)

    thread = threading.Thread(target=move, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(5)


def through(door, database, *argv, **env):
    """Run a command as people do."""
    done = subprocess.run(
        [*DOORS[door], *argv], env=uncovered({**database.env, **env}), capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return Shown(done.returncode, done.stdout, done.stderr)
