"""The emulator from outside: a process, its state, its journal, its faults."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from scripts.live.processes import Failure, Process


class Emulator:
    """
    A running emulator. It can be taken down and brought up again at the same address.

    :param folder: where its ready file goes, and its state while it is down
    :param output: the file for its output
    :param seed: the world at the start
    :param speed: seconds of the world in a real second
    :param started: is called with its process as soon as it runs
    :param python: the interpreter that has the package
    """

    def __init__(
        self,
        folder: Path,
        output: Path,
        seed: Path,
        environment: Mapping[str, str],
        speed: float,
        started: Callable[[Process], None],
        python: str = sys.executable,
    ) -> None:
        self._python = python
        self.ready_file = folder / "emulator.json"
        self.url = ""
        #: the connections, as variables for Airflow's environment
        self.connections: dict[str, str] = {}
        self._kept = folder / "world.json"
        self._output = output
        self._environment = dict(environment)
        self._speed = speed
        self._started = started
        #: the calls that were answered before it was taken down
        self._earlier: list[dict[str, Any]] = []
        self._http = requests.Session()
        self._http.trust_env = False
        self.process = self._launch(seed, port=0)

    def _launch(self, seed: Path, port: int) -> Process:
        command = [self._python, "-m", "airflow_provider_pipelines.emulator", "--port", str(port)]
        command += ["--speed", f"{self._speed:g}", "--ready-file", str(self.ready_file), "--seed", str(seed)]
        process = Process("the emulator", command, self._environment, self._output)
        self._started(process)
        return process

    def wait_until_ready(self, timeout: float = 60) -> None:
        """Wait for the ready file and read it."""
        deadline = time.monotonic() + timeout
        while not self.url:
            self.process.check()
            if time.monotonic() > deadline:
                raise Failure(f"the emulator wrote no ready file within {timeout:.0f} s.")
            try:
                ready = json.loads(self.ready_file.read_text())
            except (OSError, ValueError):
                time.sleep(0.1)
            else:
                self.url, self.connections = ready["url"], ready["env"]

    def forget_connections(self) -> None:
        """Remove the ready file, and the same line from the output: the two places that show secrets on purpose."""
        ready = self.ready_file.read_text().strip()
        self.ready_file.unlink()
        lines = self.process.output.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not _same_json(line, ready)]
        self.process.output.write_text("".join(kept))

    def take_down(self) -> None:
        """Kill the emulator, and keep its state and its journal."""
        while True:
            calls, state = self.journal(), self.state()
            if len(self.journal()) == len(calls):
                break
        self.process.kill()
        self._earlier = calls
        self._kept.write_text(json.dumps(state))

    def bring_up(self) -> None:
        """Let the emulator go on where it was when it was taken down."""
        self._relaunch(self._kept)

    def play(self, world: Mapping[str, Any]) -> None:
        """Start the emulator again with another world and an empty journal."""
        self.process.kill()
        self._earlier = []
        self._kept.write_text(json.dumps(world))
        self._relaunch(self._kept)

    def _relaunch(self, seed: Path) -> None:
        port = int(self.url.rpartition(":")[2])
        self.url = ""
        self.ready_file.unlink(missing_ok=True)
        self.process = self._launch(seed, port)
        self.wait_until_ready()

    def reset(self) -> None:
        """Put the world back to its seed, so that what runs in it starts to run now."""
        self._call("POST", "reset")
        self._earlier = []

    def state(self) -> dict[str, Any]:
        """Return the world as it is now."""
        state: dict[str, Any] = self._call("GET", "state").json()
        return state

    def journal(self) -> list[dict[str, Any]]:
        """Return every call that the emulator has answered, also before it was taken down."""
        return [*self._earlier, *self._call("GET", "journal").json()["calls"]]

    def add_faults(self, *faults: Mapping[str, Any]) -> None:
        """Let coming calls meet faults."""
        self._call("POST", "faults", list(faults))

    def interfere(self, service: str, id: str, status: str) -> None:
        """Change a thing as somebody else would."""
        self._call("POST", "things", {"service": service, "id": id, "status": status})

    def enos_token(self) -> str:
        """Return the EnOS access token that is in use: the token service gives everybody the same one."""
        connection = json.loads(self.connections["AIRFLOW_CONN_ENOS_DEFAULT"])
        key, now = connection["login"], round(time.time() * 1000)
        encryption = hashlib.sha256(f"{key}{now}{connection['password']}".encode()).hexdigest()
        body = {"appKey": key, "encryption": encryption, "timestamp": now}
        reply = self._http.post(f"{self.url}/apim-token-service/v2.0/token/get", json=body, timeout=15)
        try:
            return str(reply.json()["data"]["accessToken"])
        except (ValueError, KeyError, TypeError):
            raise Failure("the emulator gives no EnOS token.", [reply.text[:500]]) from None

    def _call(self, method: str, name: str, body: Any = None) -> requests.Response:
        try:
            reply = self._http.request(method, f"{self.url}/_emulator/{name}", json=body, timeout=15)
            reply.raise_for_status()
        except requests.RequestException as error:
            self.process.check()
            raise Failure(f"the emulator does not answer: {error}") from None
        return reply


def _same_json(line: str, text: str) -> bool:
    try:
        return bool(json.loads(line) == json.loads(text))
    except ValueError:
        return False
