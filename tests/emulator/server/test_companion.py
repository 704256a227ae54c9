"""``pipelines-emulator run`` and ``env``: an emulator for somebody else's program."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys

import pytest

from airflow_provider_pipelines.emulator import __main__ as command
from airflow_provider_pipelines.emulator.server import companion
from tests.emulator.running import start_emulator_process

EMULATOR = [sys.executable, "-m", "airflow_provider_pipelines.emulator"]
SHELLS = [shell for shell in ("bash", "zsh", "dash") if shutil.which(shell)]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A user with a folder of his own and no proxy that could be asked for loopback."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    return tmp_path


def run(*arguments):
    return subprocess.run([*EMULATOR, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_a_command_gets_the_connections_of_an_emulator_that_answers(own):
    asks = (
        "import json, os, urllib.request as r; r.install_opener(r.build_opener(r.ProxyHandler({})));"
        "c = json.loads(os.environ['AIRFLOW_CONN_ENOS_DEFAULT']); assert os.environ['AIRFLOW_CONN_HUAWEICLOUD_DEFAULT'];"
        "print(list(json.load(r.urlopen(c['host'] + '/_emulator/state'))))"
    )
    ended = run("run", "--profile", "otc", "--", sys.executable, "-c", asks)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "enos" in ended.stdout


@pytest.mark.parametrize(("script", "code"), [("exit 0", 0), ("exit 5", 5), ("kill -9 $$", 137)])
def test_it_ends_as_the_command_ends(own, script, code):
    assert run("run", "--", "sh", "-c", script).returncode == code


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["run"], 2, "put -- before the command"),
        (["run", "--"], 2, "there is no command"),
        (["run", "ls"], 2, "unrecognized arguments"),
        (["run", "--set", "x", "--", "ls"], 2, "x"),
        (["run", "--", "no-such-program"], 127, "cannot run 'no-such-program': No such file"),
        (["env", "--wait", "0"], 2, "above 0"),
        (["env", "--wait", "0.1"], 1, "no emulator is ready"),
        (["env", "--wait", "0.1", "--ready-file", __file__], 1, "no ready file"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence_and_nothing_is_exported(own, capsys, arguments, code, text):
    try:
        ended = command.main(arguments)
    except SystemExit as exit:
        ended = exit.code
    said = capsys.readouterr()
    assert (ended, said.out) == (code, "")
    assert text in said.err


def test_a_signal_to_end_reaches_the_command(own):
    script = "trap 'echo told; exit 3' TERM; echo up; while :; do sleep 0.1; done"
    arguments = [*EMULATOR, "run", "--", "sh", "-c", script]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out) == (3, "told\n")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_moment_of_the_start_reaches_the_command(monkeypatch, number):
    starts = subprocess.Popen

    def start(*arguments, **options):
        started = starts(*arguments, **options)
        os.kill(os.getpid(), number)
        return started

    monkeypatch.setattr(companion.subprocess, "Popen", start)
    assert companion._run(["sleep", "30"], os.environ) == -number


@pytest.mark.parametrize("shell", SHELLS)
def test_what_env_prints_sets_the_connections_in_every_shell(own, shell):
    emulator = start_emulator_process()
    try:
        shown = run("env")
        assert shown.returncode == 0
        script = f'{shown.stdout}\nprintf "%s" "$AIRFLOW_CONN_ENOS_DEFAULT"'
        got = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
        assert json.loads(got.stdout) == json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    finally:
        emulator.stop()
    gone = run("env", "--wait", "0.1")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "no emulator answers at http://127.0.0.1" in gone.stderr


def test_env_waits_for_an_emulator_that_is_not_up_yet_whatever_an_older_one_left(own):
    old = start_emulator_process()
    old.stop()
    with subprocess.Popen([*EMULATOR, "env", "--wait", "30"], stdout=subprocess.PIPE, text=True) as asking:
        emulator = start_emulator_process()
        try:
            out, _ = asking.communicate(timeout=40)
        finally:
            emulator.stop()
    assert asking.returncode == 0
    assert emulator.url in out


def test_a_ready_file_that_was_named_is_found_by_its_name(own, tmp_path):
    ready = tmp_path / "mine.json"
    emulator = start_emulator_process("--ready-file", str(ready))
    try:
        assert emulator.url in run("env", "--ready-file", str(ready)).stdout
    finally:
        emulator.stop()


class TestDefaultReadyFile:
    def test_it_is_in_a_folder_of_the_users_own(self, own):
        folder = companion.default_ready_file().parent
        assert folder == own / "pipelines-emulator"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_without_a_runtime_folder_the_user_is_part_of_the_name(self, tmp_path, monkeypatch):
        monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
        monkeypatch.setattr(companion.tempfile, "gettempdir", lambda: str(tmp_path))
        assert companion.default_ready_file() == tmp_path / f"pipelines-emulator-{os.getuid()}" / "ready.json"

    def test_a_folder_that_others_may_write_to_is_not_used(self, own):
        folder = own / "pipelines-emulator"
        folder.mkdir()
        folder.chmod(0o777)
        with pytest.raises(companion.CompanionError, match="--ready-file"):
            companion.default_ready_file()

    def test_a_link_in_its_place_is_not_followed(self, own, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (own / "pipelines-emulator").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(companion.CompanionError, match="--ready-file"):
            companion.default_ready_file()

    def test_a_folder_that_cannot_be_made_is_named(self, own, monkeypatch):
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(own / "missing"))
        with pytest.raises(companion.CompanionError, match="missing"):
            companion.default_ready_file()


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"url": 1, "env": {}}',
        '{"url": "http://x", "env": {"A;rm": "x"}}',
        '{"url": "http://x", "env": {"A": 1}}',
    ],
)
def test_a_file_that_is_no_ready_file_is_refused(tmp_path, text):
    path = tmp_path / "ready.json"
    path.write_text(text)
    with pytest.raises(companion.CompanionError, match="no ready file"):
        companion.exports(path, 0.01)


def test_only_an_address_of_an_emulator_is_asked(tmp_path):
    path = tmp_path / "ready.json"
    path.write_text('{"url": "file:///etc/passwd", "env": {}}')
    with pytest.raises(companion.CompanionError, match="no address"):
        companion.exports(path, 0.01)
