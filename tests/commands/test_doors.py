"""Both doors, as people use them: streams, exit codes, colours, what is loaded, what is never shown."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

import airflow_provider_pipelines
from airflow_provider_pipelines.cli import COMMANDS
from airflow_provider_pipelines.commands.screen import Screen
from airflow_provider_pipelines.window.record.model import Phase
from tests.commands.conftest import DOORS, RUN, through, uncovered
from tests.support.playing import statuses

GONE = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere/at/all.db"}
BOTH = pytest.mark.parametrize("door", sorted(DOORS))


@BOTH
def test_a_window_is_restored_while_nothing_of_airflow_runs(door, played, fleet, database, desk, moving):
    before = statuses(fleet.state())
    one = played("snapshot", "quiesce")
    # a restore that was begun long ago, so that the fence is over
    one.records.keep_phase(Phase(generation=1, phase="restoring", turned_at=0.0))
    desk.put(one.store)
    listed = through(door, database, "windows", "--json")
    assert (listed.code, listed.data[0]["phase"]) == (0, "restoring")
    shown = through(door, database, "restore", f"nightly/window/{RUN}", "--yes", "--json", **fleet.env)
    assert shown.code == 0, shown.err
    assert shown.data["result"] == "restored"
    assert statuses(fleet.state()) == before


@BOTH
def test_wrong_usage_ends_with_2(door, database):
    assert through(door, database, "demolish").code == 2
    shown = through(door, database, "show", "no/window", "--json")
    assert (shown.code, shown.out) == (2, "")


@pytest.mark.parametrize("argv", [[], ["show"], ["status"], ["restore"], ["windows", "--some"], ["show", "a/b", "c"]])
def test_what_lacks_or_has_too_many_arguments_ends_with_2(argv, database):
    shown = through("script", database, *argv)
    assert (shown.code, shown.out) == (2, "")


@BOTH
def test_a_database_that_is_gone_is_said_in_a_sentence(door, database):
    shown = through(door, database, "windows", **GONE)
    assert (shown.code, shown.out) == (1, "")
    assert "the metadata database cannot be asked" in shown.err


def test_without_a_database_the_fleet_is_seen_and_no_record(desk, fleet, database):
    for argv in (["show", "a/b"], ["restore", "a/b", "--yes"]):
        shown = through("script", database, *argv, **GONE)
        assert (shown.code, shown.out) == (1, "")
    shown = through("script", database, "status", "--conn-id", "enos_default", "--json", **GONE, **fleet.env)
    assert shown.code == 0
    assert len(shown.data["things"]) == 4
    assert "Which windows are open is not known" in shown.err


def test_another_fernet_key_is_no_empty_database(desk, played, database):
    played("snapshot", "quiesce")
    other = {"AIRFLOW__CORE__FERNET_KEY": "cJ1tFkDUPj3FQ3ZJk9jqGmFAqzU3wIbXKJz8dNBY8mQ="}
    shown = through("script", database, "windows", **other)
    assert shown.code == 1
    assert "fernet" in shown.err


def test_a_database_of_another_version_is_said_in_a_sentence(tmp_path, database):
    shown = through("script", database, "windows", AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{tmp_path}/new.db")
    assert shown.code == 1
    assert "no such table" in shown.err


def on_a_terminal():
    ours, theirs = pty.openpty()
    with open(theirs, "w") as out:
        screen = Screen(out=out, err=out)
        screen.table(
            ["name", "status"], [{"name": "wind-1\x1b[2J", "status": "RUNNING", "style": "green"}], {"status": "style"}
        )
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    return shown


def test_there_are_colours_on_a_terminal_unless_they_are_not_wanted(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    shown = on_a_terminal()
    assert "\x1b[32mRUNNING" in shown
    assert "\x1b[2J" not in shown
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_a_terminal()
    assert "RUNNING" in plain
    assert "\x1b[3" not in plain


def test_whoever_stops_reading_sees_no_traceback(database, desk, fleet):
    process = subprocess.Popen(
        [*DOORS["script"], "status", "--conn-id", "enos_default", "--json"],
        # 2.11 warns of itself
        env=uncovered({**database.env, **fleet.env, "PYTHONWARNINGS": "ignore"}),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 1
    # 3.1 says what its migrations' library sets up
    assert [line for line in said.splitlines() if "alembic" not in line] == []


CANARY = "canary-of-the-secrets"


def test_secrets_are_never_shown(desk, played, fleet):
    played("snapshot", "quiesce")
    shown = [desk("show", "nightly/window"), desk("show", "nightly/window", "--json"), desk("windows", "--json")]
    for name in ("AIRFLOW_CONN_ENOS_DEFAULT", "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"):
        connection = json.loads(fleet.env[name])
        secrets = [connection["password"], CANARY]
        for password in (connection["password"], CANARY):
            broken = {name: json.dumps({**connection, "password": password})}
            conn_id = name.removeprefix("AIRFLOW_CONN_").lower()
            shown.append(desk("status", "--conn-id", conn_id, **broken))
            shown.append(desk("restore", "nightly/window", answers="n\n", **broken))
        assert not [one for one in shown for secret in secrets if secret in one.out + one.err]


def test_the_door_loads_nothing_but_itself():
    code = (
        "import sys, airflow_provider_pipelines; b = set(sys.modules); import airflow_provider_pipelines.cli as cli;"
        "print(sorted(set(sys.modules) - b - {'__future__'}))"
    )
    shown = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True, timeout=60,
        env={"PYTHONPATH": str(Path(airflow_provider_pipelines.__file__).parents[1])},
    )  # fmt: skip
    assert json.loads(shown.stdout.replace("'", '"')) == ["airflow_provider_pipelines.cli"]


def test_what_airflow_is_given_costs_it_no_module():
    code = (
        "import sys; from airflow.cli import cli_config; b = set(sys.modules);"
        "import airflow_provider_pipelines.cli as cli; cli.get_commands(); print(sorted(set(sys.modules) - b))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    loaded = json.loads(shown.stdout.splitlines()[-1].replace("'", '"'))
    assert set(loaded) <= {"airflow_provider_pipelines", "airflow_provider_pipelines.cli"}


def test_both_doors_have_the_same_commands_and_options():
    from airflow_provider_pipelines.cli import get_commands

    (group,) = get_commands()
    assert group.name == "pipelines"
    assert [one.name for one in group.subcommands] == [name for name, _, _ in COMMANDS]
    assert [name for name, _, _ in COMMANDS] == ["windows", "show", "restore", "status"]
    for command, (_, _, arguments) in zip(group.subcommands, COMMANDS, strict=True):
        assert [one.flags for one in command.args] == [flags for flags, _ in arguments]


def test_every_command_and_option_is_documented():
    from tests.commands.conftest import ROOT

    text = (ROOT / "docs" / "commands.md").read_text()
    for name, _, arguments in COMMANDS:
        assert f"`{name}" in text
        for (flag,), _ in arguments:
            assert (flag if flag.startswith("--") else flag.upper()) in text
