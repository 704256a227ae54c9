"""The parts of the demo that judge: they must not be content with less than what they promise."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from cryptography.fernet import Fernet

from scripts.demo import __main__ as demo
from scripts.demo.leaks import Scan, secrets_of
from scripts.demo.report import calls_line, contradictions, things_table
from scripts.demo.tasklogs import spoken
from scripts.demo.things import PHASES, Thing, changes, read_world, refusal, surprises
from scripts.live.console import readable
from scripts.live.evidence import Metadata, deferrals
from scripts.live.processes import Failure, Process, stop_all

SECRET = "s3cret/with+odd=signs"


@pytest.fixture(scope="module")
def seed():
    return json.loads((demo.HERE / "world.json").read_text())


@pytest.fixture(scope="module")
def expected():
    return json.loads((demo.HERE / "expected.json").read_text())


@pytest.fixture
def database(tmp_path):
    file = tmp_path / "airflow.db"
    connection = sqlite3.connect(file)
    connection.executescript(
        """
        CREATE TABLE dag_run (dag_id, run_id, state);
        CREATE TABLE task_instance (dag_id, run_id, task_id, map_index, state, try_number, start_date, end_date);
        CREATE TABLE log (id INTEGER PRIMARY KEY, dag_id, run_id, task_id, map_index, event);
        CREATE TABLE import_error (stacktrace);
        INSERT INTO dag_run VALUES ('d', 'r', 'success');
        INSERT INTO task_instance VALUES
            ('d', 'r', 'second', -1, NULL, 0, NULL, NULL),
            ('d', 'r', 'first', 2, 'success', 1, '2025-01-01 00:00:00.000000', '2025-01-01 00:00:31.500000'),
            ('d', 'other', 'first', -1, 'failed', 1, NULL, NULL);
        INSERT INTO log (dag_id, run_id, task_id, map_index, event) VALUES
            ('d', 'r', 'first', 2, 'running'), ('d', 'r', 'first', 2, 'deferred'), ('d', 'r', NULL, NULL, 'trigger'),
            ('d', 'other', 'first', -1, 'failed'), ('d', 'r', 'first', 2, 'running');
        """
    )
    connection.close()
    return file


def test_the_expected_states_name_every_thing_of_the_seed_and_its_state(seed, expected):
    world = read_world(seed | {"codearts": _with_defaults(seed["codearts"])})
    things = expected["things"]
    assert {(service, id) for service in things for id in things[service]} == set(world)
    for (service, id), thing in world.items():
        assert things[service][id]["before"] == thing.state
        assert set(things[service][id]) == set(PHASES)


def _with_defaults(codearts):
    return {
        "projects": {
            project: {"pipelines": {id: {"enabled": True, "runs": {}, **one} for id, one in given["pipelines"].items()}}
            for project, given in codearts["projects"].items()
        }
    }


def test_a_deferral_counts_only_when_the_task_ran_again():
    events = [
        ("a", "running"),
        ("a", "deferred"),
        ("b", "deferred"),
        ("a", "running"),
        ("a", "deferred"),
        ("c", "running"),
    ]
    assert deferrals(events) == {"a": 1}
    assert deferrals([*events, ("b", "failed"), ("a", "running")]) == {"a": 2}


def test_the_metadata_tells_of_one_run_only(database):
    metadata = Metadata(database)
    assert metadata.run_state("d", "r") == "success"
    assert metadata.run_state("d", "none") == ""
    assert [(task.name, task.state, task.seconds) for task in metadata.tasks("d", "r")] == [
        ("first[2]", "success", 31.5),
        ("second", "", None),
    ]
    assert deferrals(metadata.events("d", "r")) == {"first[2]": 1}
    assert metadata.import_errors() == []


def test_the_metadata_is_never_written_to(database):
    with Metadata(database).connect() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM dag_run")


def test_what_changed_is_told_and_what_is_new():
    old = {("dli", "1"): Thing("DLI job", "a", "x"), ("dli", "2"): Thing("DLI job", "b", "x")}
    new = {
        ("dli", "1"): Thing("DLI job", "a", "y"),
        ("dli", "2"): old["dli", "2"],
        ("dli", "3"): Thing("DLI job", "c", "z"),
    }
    assert changes(old, new) == [(new["dli", "1"], "x"), (new["dli", "3"], "")]


@pytest.mark.parametrize("phase", PHASES)
def test_a_wrong_state_is_a_surprise_in_every_phase(phase):
    good = {("dli", "1"): Thing("DLI job", "a", "right")}
    worlds = dict.fromkeys(PHASES, good)
    wanted = {"things": {"dli": {"1": dict.fromkeys(PHASES, "right")}}, "new_runs": {}}
    assert surprises(worlds, wanted) == []
    assert len(surprises(worlds | {phase: {("dli", "1"): Thing("DLI job", "a", "wrong")}}, wanted)) == 1
    assert surprises(worlds | {phase: {}}, wanted)


@pytest.mark.parametrize(
    ("runs", "count"),
    [
        ([("migrate", "COMPLETED")], 0),
        ([("migrate", "COMPLETED"), ("migrate", "COMPLETED")], 1),
        ([("migrate", "FAILED")], 1),
        ([], 1),
        ([("migrate", "COMPLETED"), ("other", "COMPLETED")], 1),
    ],
    ids=["as expected", "run twice", "failed", "not run", "nobody asked for it"],
)
def test_the_runs_that_are_new_must_be_the_expected_ones(runs, count):
    after = {("codearts", str(n)): Thing("CodeArts run", name, state, name) for n, (name, state) in enumerate(runs)}
    worlds = {"before": {}, "during": {}, "after": after}
    assert len(surprises(worlds, {"things": {}, "new_runs": {"migrate": ["COMPLETED"]}})) == count


JOB, IDLE = ("dli", "1"), ("dli", "2")


def report_of(result, *outcomes):
    return {"result": result, "things": [{"service": "dli", "verb": "v", **outcome} for outcome in outcomes]}


@pytest.fixture
def window():
    """A job that was stopped and brought back, one that did not run, and what the window's tasks say of it."""
    states = {"before": ("runs", "stopped"), "during": ("stopped", "stopped"), "after": ("runs", "stopped")}
    worlds = {
        phase: {JOB: Thing("DLI job", "a", first), IDLE: Thing("DLI job", "b", second)}
        for phase, (first, second) in states.items()
    }
    reports = {
        "quiesce": report_of("quiet", {"id": 1, "result": "done", "after": "STOPPED"}),
        "restore": report_of("restored", {"id": 1, "result": "done", "after": "runs"}),
    }
    return worlds, reports


def test_reports_that_say_what_was_seen_contradict_nothing(window):
    assert contradictions(*window) == []
    assert things_table(*window).row_count == 2


@pytest.mark.parametrize("name", ["quiesce", "restore"])
@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [{"id": 1, "result": "failed", "after": "stopped"}],
        [{"id": 1, "result": "done", "after": "something"}],
    ],
    ids=["nothing said", "not done", "another state"],
)
def test_a_report_without_what_was_seen_is_a_contradiction(window, name, wrong):
    worlds, reports = window
    reports[name] = report_of(reports[name]["result"], *wrong)
    (sentence,) = contradictions(worlds, reports)
    assert name in sentence


@pytest.mark.parametrize("name", ["quiesce", "restore"])
def test_a_report_of_what_was_left_alone_is_a_contradiction(window, name):
    worlds, reports = window
    reports[name]["things"].append({"service": "dli", "id": 2, "verb": "v", "result": "done", "after": "stopped"})
    (sentence,) = contradictions(worlds, reports)
    assert "left alone" in sentence


def test_a_report_that_is_missing_or_partly_is_a_contradiction(window):
    worlds, reports = window
    assert "'partly'" in contradictions(worlds, reports | {"restore": {**reports["restore"], "result": "partly"}})[0]
    assert len(contradictions(worlds, reports | {"restore": {}})) == 2


def test_a_refused_write_is_told_with_the_name_of_its_thing(window):
    worlds, _ = window
    call = {"service": "dli", "operation": "stop", "ids": ["1"], "write": True, "status": 200, "code": "61152"}
    assert refusal(call, worlds["before"]) == "stop of a (HTTP 200, code 61152)"
    assert refusal({**call, "status": 503, "code": None}, worlds["before"]).endswith("(HTTP 503, code none)")
    assert refusal({**call, "write": False}, worlds["before"]) == ""
    for code in (None, 0, "0"):
        assert refusal({**call, "code": code}, worlds["before"]) == ""


def test_the_trouble_of_the_demo_hits_things_of_its_seed_and_tasks_of_its_dag(seed):
    trouble = json.loads((demo.HERE / "trouble.json").read_text())
    world = read_world(seed | {"codearts": _with_defaults(seed["codearts"])})
    assert {(fault["service"], fault["id"]) for fault in trouble["faults"]} <= set(world)
    source = (demo.ROOT / "example_dags" / "nightly_maintenance.py").read_text()
    for task in trouble["killed"]["triggerer"]:
        assert f'task_id="{task.partition(".")[2]}"' in source


def test_only_what_a_window_says_is_shown_of_its_log_and_without_ids():
    def line(logger, event):
        return json.dumps({"logger": logger, "event": event})

    ours = "airflow.task.operators.airflow_provider_pipelines.window.tasks.QuiesceTask"
    said = (
        "wind-1 (5f0e0000-0000-4000-8000-000000000001): EnOS failed (POST /a/b, HTTP 200, code 1): no. Looking again."
    )
    assert spoken(line(ours, said)) == "wind-1: EnOS failed: no. Looking again."
    assert spoken(line("task", said)) is None
    assert spoken(line(ours, "pipelines-record {}")) is None
    assert spoken("no JSON") is None


def test_secrets_are_found_in_the_fields_and_the_extra_of_a_connection():
    connections = {
        "A": json.dumps({"login": "public", "password": "one", "extra": {"security_token": "two", "region": "r"}}),
        "B": json.dumps({"password": "three", "extra": '{"security_token": "four"}'}),
        "C": json.dumps({"host": "nothing"}),
    }
    assert sorted(secrets_of(connections).values()) == ["four", "one", "three", "two"]


@pytest.fixture
def scan():
    return Scan({"the secret": SECRET}, Fernet.generate_key().decode())


def test_the_scan_finds_every_form_that_it_plants_and_cleans_up(scan, database, tmp_path):
    assert scan.prove(database, tmp_path / "planted") == []
    assert not (tmp_path / "planted").exists()
    assert scan.database(database) == {}


def test_a_scan_that_cannot_look_inside_is_not_trusted(scan, database, tmp_path, monkeypatch):
    monkeypatch.setattr(scan, "_views", lambda content: [content])
    assert scan.prove(database, tmp_path / "planted")


def test_the_scan_says_where_a_secret_is(scan, database, tmp_path):
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO import_error VALUES (?)", (json.dumps({"error": SECRET}),))
    connection.close()
    log = tmp_path / "task.log"
    log.write_text("Authorization: SDK-HMAC-SHA256 Access=K, SignedHeaders=host, Signature=" + "ab" * 32)
    assert scan.database(database) == {"import_error.stacktrace": {"the secret"}}
    assert scan.files([log]) == {str(log): {"a Huawei Cloud signature"}}


def test_nothing_that_a_process_started_stays_behind(tmp_path):
    script = (
        "import subprocess, sys, time, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "print(child.pid, flush=True); time.sleep(600)"
    )
    process = Process("stubborn", [sys.executable, "-c", script], os.environ, tmp_path / "out")
    child = psutil.Process(int(_first_line(tmp_path / "out")))
    assert stop_all([process], grace=0.2) == []
    assert process.popen.returncode == -9
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def test_a_child_whose_parent_is_gone_is_found_by_its_session(tmp_path):
    script = (
        "import subprocess, sys; "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True)"
    )
    process = Process("parent", [sys.executable, "-c", script], os.environ, tmp_path / "out")
    child = psutil.Process(int(_first_line(tmp_path / "out")))
    process.popen.wait(30)
    assert stop_all([process], grace=0.2) == []
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


def _first_line(file: Path) -> str:
    deadline = time.monotonic() + 30
    while not (text := file.read_text()).endswith("\n"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return text.splitlines()[0]


def test_a_process_that_ended_fails_the_demo_with_the_end_of_its_output(tmp_path):
    process = Process("short", [sys.executable, "-c", "print('last words'); exit(3)"], os.environ, tmp_path / "out")
    process.popen.wait(30)
    with pytest.raises(Failure, match="short ended with exit code 3") as caught:
        process.check()
    assert caught.value.evidence == ["last words"]


def test_a_task_log_reads_like_one_and_other_lines_stay_as_they_are():
    entry = {"timestamp": "2025-01-01T10:20:30.5Z", "level": "error", "event": "failed"}
    detail = [{"exc_type": "ValueError", "exc_value": "no"}]
    assert readable(json.dumps(entry)) == "10:20:30 error   failed"
    assert readable(json.dumps({**entry, "error_detail": detail})).endswith("ValueError: no")
    assert readable("plain [text]") == "plain [text]"


def test_the_calls_are_counted_by_service():
    calls = [
        {"service": "enos", "write": True, "auth": "ok"},
        {"service": "dli", "write": False, "auth": "refused"},
        {"service": "enos", "write": False, "auth": "ok"},
    ]
    assert calls_line(calls) == "3 calls (2 enos, 1 dli), 1 of them writes, 1 refused credentials"


def test_a_missing_dag_file_is_said_at_once(tmp_path):
    command = [sys.executable, "-m", "scripts.demo", "--dag", str(tmp_path / "none.py")]
    done = subprocess.run(command, cwd=demo.ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"there is no file {tmp_path / 'none.py'}" in done.stderr
