"""
Deferred tasks under ``dag.test()``, which ``airflow dags test`` and ``airflow tasks test`` use, too.

Airflow resumes them with the event only: what a task gives to ``defer`` besides its trigger is lost there.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_provider_pipelines.core.verbs.marker import Marker
from airflow_provider_pipelines.task.installation import KEY
from tests.commands.conftest import ROOT, Database, uncovered
from tests.conftest import Emulator
from tests.stored.worlds import QUERY
from tests.support.airflow import since
from tests.support.playing import BUILD, PROJECT, WIND, statuses, world

pytestmark = since("3.3", "what dag.test() does with deferred tasks was seen there")

DAGS = Path(__file__).parent / "dags"


def slow_world():
    """Make a seed in which nothing is done before its task is deferred."""
    seed = world(enos=2, dli=3, codearts=1, pipeline={"pause_seconds": 90.0, "stop_seconds": 90.0, "start_seconds": 90.0},
                 job={"cancel_seconds": 90.0, "submit_seconds": 90.0})  # fmt: skip
    (project,) = seed["codearts"]["projects"].values()
    project["pipelines"][BUILD(1)]["run_seconds"] = 90.0
    seed["dli"]["projects"][PROJECT] |= QUERY
    return seed


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    database = Database(tmp_path_factory.mktemp("airflow"))
    database.migrate()
    return database


@pytest.fixture(scope="module")
def slow():
    running = Emulator(slow_world())
    yield running
    running.stop()


def airflows_own(env):
    return {name: value for name, value in env.items() if name != "AIRFLOW_VAR_PIPELINES_INSTALLATION"}


@pytest.fixture(scope="module")
def played(airflow, slow):
    """Play all DAGs in one process, since a process takes longer to begin than they to run."""
    env = {
        **airflows_own(uncovered(airflow.env)), **slow.env, "EMULATOR": slow.url, "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    }  # fmt: skip
    names = ["operator", "batch", "run", "sensor", "window"]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.task.dag_test_driver", *names], env=env, cwd=ROOT, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-5000:]
    return json.loads(ended.stdout), ended.stderr


@pytest.mark.parametrize(
    ("name", "deferred"),
    [
        ("operator", ["start", "stop"]),
        ("batch", ["run", "stop"]),
        ("run", ["codearts", "sql"]),
        ("sensor", ["stopped"]),
        ("window", ["window.quiesce", "window.restore"]),
    ],
)
def test_deferred_tasks_of_each_kind_come_to_their_end(played, name, deferred):
    found, log = played
    assert sorted(set(found[name]["deferred"])) == deferred
    assert set(found[name]["tasks"].values()) == {"success"}, log[-5000:]
    assert found[name]["state"] == "success"


def test_what_they_give_is_what_they_give_elsewhere(played):
    found, _ = played
    assert found["operator"]["results"]["start"]["result"] == "done"
    assert [one["result"] for one in found["batch"]["results"]["run"]] == ["done", "done"]
    assert found["run"]["results"]["codearts"]["pipeline_run_id"]
    assert found["run"]["results"]["sql"]["result"] == "done"
    (sensed,) = found["sensor"]["results"]["stopped"]
    assert sensed["after"] == "job_cancel_success"
    assert found["window"]["results"]["window.restore"]["result"] == "restored"


def test_the_first_run_gives_this_airflow_its_id_and_all_later_ones_carry_it(played, slow):
    found, _ = played
    (id,) = [text for key, text in found["variables"].items() if key.startswith(KEY)]
    assert re.fullmatch("[0-9a-f]{32}", id)
    told = Marker.of(None, None, id).installation
    marked = [marker for text in texts(slow.state()) if (marker := Marker.read(text) or Marker.parse(text))]
    assert len(marked) == 2
    assert {marker.installation for marker in marked} == {told}


def texts(value):
    """Give all texts in what JSON can hold."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def test_a_window_played_like_that_leaves_the_fleet_as_it_was(played, slow):
    assert {key: status for key, status in statuses(slow.state()).items() if key[1] != "103"} == {
        **{("enos", WIND(n)): "RUNNING" for n in (1, 2)},
        **{("dli", str(n)): "job_running" for n in (101, 102)},
        ("codearts", BUILD(1)): True,
    }
