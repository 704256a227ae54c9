"""
The emulator for tests: in a thread of this process, or as a process of its own.

>>> with start_emulator(clock="manual") as emulator:
...     emulator.advance(30)
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from airflow_provider_pipelines.emulator.clock import Clock
from airflow_provider_pipelines.emulator.default_world import default_seed
from airflow_provider_pipelines.emulator.server.process import Server
from airflow_provider_pipelines.emulator.settings import Settings
from airflow_provider_pipelines.emulator.world import World


class Emulator:
    """
    A running emulator, seen from outside.

    :param ready: what the ready file holds
    """

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.url: str = ready["url"]
        self.env: dict[str, str] = dict(ready["env"])
        self._session = requests.Session()
        self._session.trust_env = False

    @property
    def enos(self) -> dict[str, Any]:
        """The connection of EnOS, read."""
        return json.loads(self.env["AIRFLOW_CONN_ENOS_DEFAULT"])

    @property
    def huaweicloud(self) -> dict[str, Any]:
        """The connection of Huawei Cloud, read."""
        return json.loads(self.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])

    def control(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Call a control route, whatever it answers."""
        return self._session.request(method, f"{self.url}/_emulator{path}", json=body, timeout=10, **options)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.control(method, path, body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def state(self) -> dict[str, Any]:
        """Return the state, which is a seed."""
        return self._ask("GET", "/state")

    def reset(self) -> None:
        """Go back to the seed."""
        self._ask("POST", "/reset")

    def advance(self, seconds: float) -> int:
        """Move the world's time forward and return it, in epoch milliseconds."""
        return self._ask("POST", "/advance", {"seconds": seconds})["now"]

    def settings(self, **settings: Any) -> dict[str, Any]:
        """Change settings and return all of them."""
        return self._ask("POST", "/settings", settings) if settings else self._ask("GET", "/settings")

    def fault(self, service: str, operation: str, kind: str, *, fault: Any = None, **members: Any) -> None:
        """Add one fault: ``fault("dli", "*", "delay", seconds=2)``; ``id``, ``times`` and ``skip`` are its frame."""
        frame = {name: members.pop(name) for name in ("id", "times", "skip") if name in members}
        self.faults({"service": service, "operation": operation, **frame, "fault": {"kind": kind, **members}})

    def faults(self, *faults: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Add faults, and return those that wait to be met."""
        if faults:
            self._ask("POST", "/faults", list(faults))
        return self._ask("GET", "/faults")

    def clear_faults(self) -> None:
        """Forget all faults."""
        self._ask("DELETE", "/faults")

    def journal(self, after: int = 0, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the calls after a number, all or those of one operation."""
        calls = self._ask("GET", f"/journal?after={after}")["calls"]
        return [call for call in calls if operation in (None, call["operation"])]

    def thing(self, service: str, id: str | int, status: str) -> None:
        """Change the status of a thing as somebody else would."""
        self._ask("POST", "/things", {"service": service, "id": id, "status": status})

    def find(self, service: str, name: str) -> str:
        """Return the id of the pipeline or job of a name."""
        return next(id for id, fields in self._things(service).items() if fields.get("name") == name)

    def status(self, service: str, id: str | int) -> str:
        """Return the present status of a pipeline, run or job."""
        things = self._things(service)
        if service == "codearts":
            things = {run: fields for one in things.values() for run, fields in one["runs"].items()}
        return things[str(id)]["status"]

    def _things(self, service: str) -> dict[str, Any]:
        (owners,) = self.state()[service].values()
        return {id: fields for owner in owners.values() for part in _parts(owner) for id, fields in part.items()}

    def stop(self) -> None:
        """End it."""
        self._session.close()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


def _parts(owner: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [owner[name] for name in ("pipelines", "jobs", "sql_jobs", "spark_batches") if name in owner]


class ThreadedEmulator(Emulator):
    """An emulator in a thread of this process, with its parts at hand."""

    def __init__(self, server: Server, ready: Mapping[str, Any], thread: threading.Thread) -> None:
        super().__init__(ready)
        self.server = server
        self.world = server.world
        self._thread = thread

    def stop(self) -> None:
        super().stop()
        self.server.should_exit = True
        self._thread.join(10)
        self.server.socket.close()


def start_emulator(
    seed: Mapping[str, Any] | None = None,
    *,
    clock: str = "manual",
    speed: float = 10,
    host: str = "127.0.0.1",
    **settings: Any,
) -> ThreadedEmulator:
    """
    Start an emulator in a thread and return it when it takes requests; ``stop`` it, or use it in a ``with``.

    :param seed: the world; the default one if not given
    :param settings: any setting of the emulator, by name
    """
    chosen = Settings()
    chosen.update(settings)
    seed = default_seed() if seed is None else seed
    started, ready = threading.Event(), {}

    def announce(said: dict[str, Any]) -> None:
        ready.update(said)
        started.set()

    world = World(seed, Clock(clock, speed), chosen)  # type: ignore[arg-type]
    server = Server(world, seed, host=host, announce=announce)
    thread = threading.Thread(target=server.run, name="emulator", daemon=True)
    thread.start()
    assert started.wait(10), "the emulator did not start"
    return ThreadedEmulator(server, ready, thread)


class EmulatorProcess(Emulator):
    """An emulator in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], ready: Mapping[str, Any]) -> None:
        super().__init__(ready)
        self.process = process

    def stop(self) -> None:
        super().stop()
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=10)


def start_emulator_process(*arguments: str, cwd: Path | None = None) -> EmulatorProcess:
    """Start ``python -m airflow_provider_pipelines.emulator`` and return it when it takes requests."""
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow_provider_pipelines.emulator", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"the emulator ended: {process.communicate()[1]}")
    return EmulatorProcess(process, json.loads(line))
