from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
import sys
import time

import pytest

from airflow_provider_pipelines.emulator import __main__ as command
from airflow_provider_pipelines.emulator.clock import Clock
from airflow_provider_pipelines.emulator.settings import Settings
from airflow_provider_pipelines.emulator.things import SeedError
from airflow_provider_pipelines.emulator.world import World
from tests.emulator.clients import Enos, Huawei
from tests.emulator.running import EmulatorProcess, start_emulator, start_emulator_process


def test_a_process_says_where_it_is_and_ends_in_order(tmp_path):
    ready = tmp_path / "ready.json"
    emulator = start_emulator_process("--clock", "manual", "--ready-file", str(ready), "--set", "dli_cancel_seconds=3")
    try:
        assert isinstance(emulator, EmulatorProcess)
        assert json.loads(ready.read_text()) == {"url": emulator.url, "env": emulator.env}
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [ready]
        assert emulator.settings()["dli_cancel_seconds"] == 3
        assert Enos(emulator).list()["code"] == 0
        huawei = Huawei(emulator)
        assert huawei.dli("GET")["is_success"] == "true"
        # A client that waits must not hold it up.
        emulator.fault("dli", "*", "delay", seconds=60)
        waiting = socket.create_connection(("127.0.0.1", int(emulator.url.rsplit(":", 1)[1])))
        path = f"/v1.0/{huawei.project}/streaming/jobs"
        headers = "".join(f"{name}: {value}\r\n" for name, value in huawei.signed("GET", path, "", b"").items())
        waiting.sendall(f"GET {path} HTTP/1.1\r\n{headers}\r\n".encode())
        while not any(call["fault"] for call in emulator.journal()):
            pass
        started = time.monotonic()
        emulator.process.send_signal(signal.SIGTERM)
        out, err = emulator.process.communicate(timeout=5)
        assert time.monotonic() - started < 2
        assert emulator.process.returncode == 0
        assert out == ""
        for secret in (huawei.secret, Enos(emulator).secret):
            assert secret not in err
        waiting.close()
    finally:
        emulator.stop()


def test_an_error_in_the_usage_ends_with_2():
    ended = subprocess.run(
        [sys.executable, "-m", "airflow_provider_pipelines.emulator", "--set", "x"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


class TestCommand:
    @pytest.fixture
    def served(self, monkeypatch):
        """Replace serving by one announcement, and keep the signals of the test run."""
        servers = []

        def run(self):
            self.announce(self.ready())
            self.socket.close()
            servers.append(self)

        monkeypatch.setattr(command.Server, "run", run)
        handlers = {}
        monkeypatch.setattr(command.signal, "signal", lambda number, handler: handlers.setdefault(number, handler))
        yield servers
        for handler in handlers.values():
            handler()
        assert all(server.should_exit for server in servers[-1:])

    def test_the_first_line_is_the_ready_line(self, served, capsys):
        assert command.main(["--profile", "otc", "--speed", "5"]) == 0
        ready = json.loads(capsys.readouterr().out)
        assert set(ready["env"]) == {"AIRFLOW_CONN_ENOS_DEFAULT", "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"}
        (server,) = served
        assert (server.world.settings.profile, server.world.clock.speed) == ("otc", 5)

    @pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 -- that it is bound is what is warned of
    def test_an_address_for_others_is_warned_of(self, served, capsys, host):
        command.main(["--host", host])
        captured = capsys.readouterr()
        assert "warning" in captured.err
        assert json.loads(captured.out)["url"].startswith("http://[::]:" if host == "::" else f"http://{host}:")

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_loopback_is_not_warned_of(self, served, capsys, host):
        command.main(["--host", host])
        assert capsys.readouterr().err == ""

    def test_a_seed_is_read(self, served, tmp_path):
        seed = tmp_path / "seed.json"
        seed.write_text('{"enos": {"orgs": {"o9": {}}}}')
        command.main(["--seed", str(seed)])
        assert served[0].world.org_id == "o9"

    def test_settings_are_listed(self, capsys):
        assert command.main(["--list-settings"]) == 0
        text = capsys.readouterr().out
        assert all(name in text for name in Settings().dump())

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--seed", "nowhere.json"],
            ["--set", "codearts_stop"],
            ["--set", "unknown=1"],
            ["--set", "codearts_stop=later"],
            ["--set", "dli_cancel_seconds=soon"],
            ["--port", "70000"],
            ["--host", "192.0.2.1"],
            ["--host", "not a host"],
            ["--speed", "0"],
            ["--speed", "fast"],
            ["--speed", "inf"],
        ],
    )
    def test_what_a_user_gets_wrong_is_told_in_a_line(self, capsys, monkeypatch, tmp_path, arguments):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as ended:
            command.main(arguments)
        assert ended.value.code == 2
        assert "error:" in capsys.readouterr().err

    @pytest.mark.parametrize("text", ["[]", "{", '{"obs": {}}'])
    def test_a_seed_of_another_shape_is_refused(self, capsys, tmp_path, text):
        seed = tmp_path / "seed.json"
        seed.write_text(text)
        with pytest.raises(SystemExit) as ended:
            command.main(["--seed", str(seed)])
        assert ended.value.code == 2


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("enos_skew_seconds=null", "enos_skew_seconds", None),
        ("enos_skew_seconds=3", "enos_skew_seconds", 3.0),
        ("lockout_failures=3", "lockout_failures", 3),
        ("enos_transitional=false", "enos_transitional", False),
        ("enos_failure_status=400", "enos_failure_status", 400),
    ],
)
def test_a_setting_is_read_from_text(text, name, value):
    settings = Settings()
    settings.read(text)
    assert getattr(settings, name) == value


def enos(**fields):
    return {"enos": {"orgs": {"o": {"pipelines": {"p": fields}}}}}


def codearts(**fields):
    return {"codearts": {"projects": {"c": {"pipelines": {"p": fields}}}}}


@pytest.mark.parametrize(
    "seed",
    [
        {"obs": {}},
        {"enos": []},
        {"enos": {"orgs": {"o": {"colour": "red"}}}},
        {"enos": {"orgs": {"o": 5}}},
        {"codearts": {"projects": {"c": {"colour": "red"}}}},
        {"dli": {"projects": {"d": {"colour": "red"}}}},
        {"dli": {"projects": {"d": {"jobs": {"x": {}}}}}},
        {"dli": {"projects": {"d": {"jobs": {str(2**63): {}}}}}},
        {"dli": {"projects": {"d": {"jobs": {"1": "text"}}}}},
        enos(colour="red"),
        enos(name=5),
        enos(status=None),
        enos(is_system="no"),
        enos(refuses_stop=True),
        enos(pending="later"),
        enos(pending=[{"status": "RUNNING"}]),
        enos(pending=[{"in": "x", "status": "RUNNING"}]),
        enos(pending=["x"]),
        codearts(colour="red"),
        codearts(enabled=None),
        codearts(queue=[{"id": 1}]),
        codearts(queue=["x"]),
        codearts(runs={"r": {"status": 5}}),
    ],
)
def test_a_seed_that_cannot_be_is_refused(seed):
    with pytest.raises(SeedError):
        World(seed, Clock("manual"), Settings())


def test_a_port_that_is_taken_is_told(capsys):
    with start_emulator({}) as emulator:
        port = emulator.url.rsplit(":", 1)[1]
        with pytest.raises(SystemExit):
            command.main(["--port", port])
    assert "cannot listen" in capsys.readouterr().err


def test_a_connection_that_is_gone_is_not_dropped_again():
    with start_emulator({}) as emulator:
        emulator.server.drop({"client": ("127.0.0.1", 1)})
