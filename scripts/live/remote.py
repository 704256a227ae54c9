"""The emulator as the demo sees it: a process, its state, its journal."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from scripts.live.processes import Failure, Process


class Emulator:
    """
    A running emulator.

    :param folder: where its ready file goes
    :param output: the file for its output
    :param seed: the world at the start
    """

    def __init__(self, folder: Path, output: Path, seed: Path, environment: Mapping[str, str], speed: float) -> None:
        self.ready_file = folder / "emulator.json"
        command = [sys.executable, "-m", "airflow_provider_pipelines.emulator", "--port", "0", "--speed", f"{speed:g}"]
        command += ["--ready-file", str(self.ready_file), "--seed", str(seed)]
        self.process = Process("the emulator", command, environment, output)
        self.url = ""
        #: the connections, as variables for Airflow's environment
        self.connections: dict[str, str] = {}
        self._http = requests.Session()
        self._http.trust_env = False

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

    def reset(self) -> None:
        """Put the world back to its seed, so that what runs in it starts to run now."""
        self._call("POST", "reset")

    def state(self) -> dict[str, Any]:
        """Return the world as it is now."""
        state: dict[str, Any] = self._call("GET", "state").json()
        return state

    def journal(self) -> list[dict[str, Any]]:
        """Return every call that the emulator has answered."""
        calls: list[dict[str, Any]] = self._call("GET", "journal").json()["calls"]
        return calls

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

    def _call(self, method: str, name: str) -> requests.Response:
        try:
            reply = self._http.request(method, f"{self.url}/_emulator/{name}", timeout=15)
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
