"""The parts of ``make system`` that judge and that take things away: a scenario must not pass for the wrong reason."""

from __future__ import annotations

import json
import os
import signal
import sys
import time

import psutil
import pytest

from scripts.live.api import split
from scripts.live.processes import Process, stop_all
from scripts.live.remote import Emulator
from scripts.live.stack import clean_environment
from scripts.system.__main__ import _chosen
from scripts.system.codearts import Made, overlaps
from scripts.system.fleets import FLEETS, STARTS, STOPS, world
from scripts.system.results import Check, Result, Results, digest, table
from scripts.system.scenarios import SCENARIOS
from scripts.system.scene import counted
from scripts.system.stage import WORLD

GOOD = Check("all is well")
BAD = Check("all is well", "it is not")


@pytest.mark.parametrize(
    ("checks", "broken", "passed"),
    [([GOOD], "", True), ([GOOD, BAD], "", False), ([GOOD], "no sign of it", False), ([], "", False)],
    ids=["all holds", "one does not", "broken off", "nothing asserted"],
)
def test_a_scenario_has_passed_only_if_it_asserted_something_and_all_of_it_holds(checks, broken, passed):
    assert Result("name", 1, "code", 1.0, checks, broken).passed is passed


def test_a_run_goes_on_with_what_has_passed_with_the_same_seed_and_the_same_code(tmp_path):
    results = Results(tmp_path / "kept")
    results.add(Result("good", 1, "code", 1.0, [GOOD], notes=["a note"]))
    results.add(Result("bad", 1, "code", 1.0, [BAD]))
    results.add(Result("other seed", 2, "code", 1.0, [GOOD]))
    results.add(Result("other code", 1, "old", 1.0, [GOOD]))
    with results.file.open("a") as stream:
        stream.write('{"scenario": "cut sho')
    assert list(Results(tmp_path / "kept").passed(1, "code")) == ["good"]
    results.begin_anew()
    assert results.passed(1, "code") == {}


def test_the_digest_changes_with_the_code(tmp_path):
    file = tmp_path / "scripts" / "system" / "one.py"
    file.parent.mkdir(parents=True)
    file.write_text("1")
    before = digest(tmp_path)
    assert digest(tmp_path) == before
    file.write_text("2")
    assert digest(tmp_path) != before


def test_the_table_shows_what_was_not_played():
    assert table({"one": "title", "two": "title"}, {"one": Result("one", 1, "code", 1.0, [GOOD, BAD])}).row_count == 2


def test_a_run_beside_another_of_the_same_task_is_seen():
    first, second = Made("a", "t", 1, "CANCELED", 10, 20), Made("b", "t", 2, "RUNNING", 20, None)
    assert overlaps([first, second]) == []
    assert overlaps([Made("a", "t", 1, "CANCELED", 10, 21), second]) == ["t had run a and run b at the same time"]
    assert overlaps([second, Made("c", "t", 3, "RUNNING", 30, None)])
    assert overlaps([second, Made("c", "other", 1, "RUNNING", 30, None)]) == []


def test_only_calls_that_were_carried_out_count():
    calls = [
        {"operation": "stop", "status": 200, "ids": ["p", "a"]},
        {"operation": "stop", "status": 400, "ids": ["p", "a"]},
        {"operation": "stop", "status": None, "ids": ["p", "b"]},
        {"operation": "run", "status": 200, "ids": ["p"]},
    ]
    assert counted(calls, "stop") == {"p": 1, "a": 1}


def test_writes_count_for_the_fleet_that_they_belong_to_unless_they_were_refused():
    fleet, other = FLEETS[:2]
    pipeline, job = fleet.pipelines[0], str(fleet.jobs[0])
    calls = [
        {"operation": "pause_pipeline", "status": 200, "code": None, "ids": [pipeline]},
        {"operation": "pause_pipeline", "status": 200, "code": 61121, "ids": [pipeline]},
        {"operation": "pause_pipeline", "status": None, "code": None, "ids": [pipeline]},
        {"operation": "batch_stop_flink_jobs", "status": 200, "code": None, "ids": [job, str(other.jobs[0])]},
        {"operation": "batch_run_flink_jobs", "status": 200, "code": None, "ids": [job]},
        {"operation": "enable_pipeline", "status": 200, "code": None, "ids": [fleet.pipeline]},
    ]
    assert fleet.writes(calls, STOPS) == {("enos", pipeline): 1, ("dli", job): 1}
    assert fleet.writes(calls, STARTS) == {("dli", job): 1, ("codearts", fleet.pipeline): 1}
    assert other.writes(calls, STOPS) == {("dli", str(other.jobs[0])): 1}


def test_what_is_in_the_middle_of_a_change_is_not_quiet():
    fleet, seed = FLEETS[0], world()
    seed["codearts"]["projects"] = {
        project: {"pipelines": {id: {"enabled": False, **one} for id, one in given["pipelines"].items()}}
        for project, given in seed["codearts"]["projects"].items()
    }
    pipelines = seed["enos"]["orgs"][fleet.organisation]["pipelines"]
    jobs = next(iter(seed["dli"]["projects"].values()))["jobs"]
    for id in fleet.pipelines:
        pipelines[id]["status"] = "PAUSED"
    for id in fleet.jobs:
        jobs[str(id)]["status"] = "job_cancel_success"
    assert fleet.running(seed) == set()
    pipelines[fleet.pipelines[1]]["status"] = "PAUSING"
    assert fleet.running(seed) == {("enos", fleet.pipelines[1])}


@pytest.mark.parametrize(("task", "parts"), [("a", ("a", -1)), ("a.b[12]", ("a.b", 12))])
def test_a_task_is_named_with_its_map_index(task, parts):
    assert split(task) == parts


def test_scenarios_are_chosen_by_name_pattern_or_part():
    assert _chosen("triggerer_frozen", [])
    assert _chosen("triggerer_frozen", ["nothing", "frozen"])
    assert _chosen("killed/3", ["killed/*"])
    assert not _chosen("triggerer_frozen", ["killed"])


def test_every_scenario_says_what_it_shows():
    assert all(one.title.endswith(".") for one in SCENARIOS.values())


@pytest.fixture
def emulator(tmp_path):
    started: list[Process] = []
    one = Emulator(tmp_path, tmp_path / "out", WORLD, clean_environment(), 1, started.append)
    try:
        one.wait_until_ready()
        yield one
    finally:
        assert stop_all(started) == []


def test_an_emulator_that_was_taken_down_goes_on_with_its_state_and_journal_at_the_same_address(emulator):
    emulator.interfere("dli", "140", "job_cancel_success")
    emulator.enos_token()
    url, calls = emulator.url, emulator.journal()
    emulator.take_down()
    assert not emulator.process.runs
    emulator.bring_up()
    assert emulator.url == url
    assert len(calls) == 1
    assert emulator.journal() == calls
    jobs = next(iter(emulator.state()["dli"]["projects"].values()))["jobs"]
    assert jobs["140"]["status"] == "job_cancel_success"
    emulator.enos_token()
    assert len(emulator.journal()) == 2


def test_another_world_is_played_at_the_same_address_with_an_empty_journal(emulator):
    emulator.enos_token()
    url, world = emulator.url, json.loads(WORLD.read_text())
    del world["dli"]
    emulator.play(world)
    assert (emulator.url, emulator.journal(), emulator.state()["dli"]) == (url, [], {"projects": {}})


def test_a_frozen_process_stands_still_with_all_that_it_started_and_a_killed_one_is_gone(tmp_path):
    script = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "print(child.pid, flush=True); time.sleep(600)"
    )
    process = Process("one", [sys.executable, "-c", script], os.environ, tmp_path / "out")
    try:
        _until(lambda: (tmp_path / "out").read_text().endswith("\n"))
        both = [psutil.Process(process.popen.pid), psutil.Process(int((tmp_path / "out").read_text()))]
        process.freeze()
        _until(lambda: all(one.status() == psutil.STATUS_STOPPED for one in both))
        process.wake()
        _until(lambda: all(one.status() != psutil.STATUS_STOPPED for one in both))
        process.kill()
        assert process.popen.returncode == -signal.SIGKILL
        _until(lambda: not both[1].is_running() or both[1].status() == psutil.STATUS_ZOMBIE)
    finally:
        assert stop_all([process], grace=0.2) == []


def test_what_a_killed_component_has_left_is_ended_although_another_of_its_name_was_started(tmp_path):
    script = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "print(child.pid, flush=True); time.sleep(600)"
    )
    first = Process("one", [sys.executable, "-c", script], os.environ, tmp_path / "out")
    _until(lambda: (tmp_path / "out").read_text().endswith("\n"))
    orphan = psutil.Process(int((tmp_path / "out").read_text()))
    first.kill(alone=True)
    second = Process("one", [sys.executable, "-c", "import time; time.sleep(600)"], os.environ, tmp_path / "other")
    assert orphan.is_running()
    assert stop_all([first, second], grace=0.2) == []
    _until(lambda: not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)


def _until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
