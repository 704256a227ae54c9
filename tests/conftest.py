"""What most tests share: a running emulator, its connections in the environment, and a clock that tests turn."""

from __future__ import annotations

import json
import os
import threading
import time

import pytest
import requests
from hypothesis import HealthCheck, settings

from airflow_provider_pipelines.core.clock import Clock
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.hook.base import PipelinesHook
from tests.enos.verifier import Verifier
from tests.support.playing import forget_credentials

# in CI the same examples each time, so that a change turns red by itself only; elsewhere new ones each time, and a
# failure prints how to repeat it. `HYPOTHESIS_PROFILE=ci` repeats here what CI did.
_USUAL = settings(deadline=None, database=None, print_blob=True, suppress_health_check=list(HealthCheck))
settings.register_profile("search", _USUAL)
settings.register_profile("ci", _USUAL, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "search"))


def pytest_collection_modifyitems(items):
    """Put what is not counted last: a server's thread that was running at a pause is not counted again after it."""
    items.sort(key=lambda item: item.get_closest_marker("no_cover") is not None)


class SteppedClock(Clock):
    """A clock that stands still until somebody waits; waiting moves the emulator's world as well."""

    def __init__(self, emulator=None):
        self.now = time.time()
        self.emulator = emulator
        self.slept = []
        #: called with the number of seconds at each wait, before the world moves
        self.on_wait = None

    def time(self):
        return self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        if self.on_wait is not None:
            self.on_wait(seconds)
        self.now += seconds
        if self.emulator is not None and seconds > 0:
            self.emulator.advance(seconds)

    async def pause(self, seconds):
        self.sleep(seconds)


class Emulator:
    """A server of this process, told what to do over HTTP as anybody would."""

    def __init__(self, seed=None):
        from airflow_provider_pipelines.emulator.clock import Clock as WorldClock
        from airflow_provider_pipelines.emulator.default_world import default_seed
        from airflow_provider_pipelines.emulator.server.process import Server
        from airflow_provider_pipelines.emulator.settings import Settings
        from airflow_provider_pipelines.emulator.world import World

        seed = seed or default_seed()
        ready = threading.Event()
        world = World(seed, WorldClock("manual", 1.0), Settings())
        self.server = Server(world, seed, announce=lambda _: ready.set())
        self.server.install_signal_handlers = lambda: None
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        assert ready.wait(20)
        self.url = self.server.url
        self.env = self.server.ready()["env"]
        self.after = 0
        self.http = requests.Session()
        self.http.trust_env = False

    def call(self, method, path, **arguments):
        answer = self.http.request(method, f"{self.url}/_emulator/{path}", timeout=10, **arguments)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def advance(self, seconds):
        self.call("POST", "advance", json={"seconds": seconds})

    def faults(self, *faults):
        self.call("POST", "faults", json=list(faults))

    def fault(self, operation, *, service="enos", times=1, skip=0, id=None, **fault):
        entry = {"service": service, "operation": operation, "times": times, "skip": skip, "fault": fault}
        self.faults({**entry, "id": id} if id is not None else entry)

    def clear_faults(self):
        self.call("DELETE", "faults")

    def thing(self, service, id, status):
        self.call("POST", "things", json={"service": service, "id": id, "status": status})

    def settings(self, **settings):
        self.call("POST", "settings", json=settings)

    def state(self):
        return self.call("GET", "state")

    def mark(self):
        """Begin a new page of the journal."""
        self.after = self.call("GET", "journal", params={"after": 0})["last"]

    def calls(self, *, writes=False, service=None):
        """Give what came in since :meth:`mark`."""
        calls = self.call("GET", "journal", params={"after": self.after})["calls"]
        return [
            call for call in calls if (call["write"] or not writes) and (service is None or call["service"] == service)
        ]

    def writes(self, service=None):
        return [(call["operation"], call["ids"]) for call in self.calls(writes=True, service=service)]

    def reset(self):
        self.call("POST", "reset")
        self.clear_faults()
        self.mark()

    def stop(self):
        self.http.close()
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture(scope="session", autouse=True)
def airflow_home(tmp_path_factory):
    """Keep Airflow's files, and what the vendor's clients write on import, out of the real home."""
    home = tmp_path_factory.mktemp("home")
    kept = {name: os.environ.get(name) for name in ("AIRFLOW_HOME", "HOME")}
    os.environ.update(AIRFLOW_HOME=str(home / "airflow"), HOME=str(home))
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    # which Airflow this is: on 2.11 there is no database here that could keep it
    os.environ["AIRFLOW_VAR_PIPELINES_INSTALLATION"] = "tests"
    os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
    yield home
    for name, value in kept.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})


@pytest.fixture(scope="session")
def shared_emulator():
    running = Emulator()
    yield running
    running.stop()


@pytest.fixture
def emulator(shared_emulator, monkeypatch):
    """The emulator as it was at its start, its connections in the environment; no hook waits for real."""
    shared_emulator.reset()
    monkeypatch.setattr(PipelinesHook, "clock", SteppedClock(shared_emulator))
    for name, value in shared_emulator.env.items():
        monkeypatch.setenv(name, value)
    forget_credentials()
    return shared_emulator


@pytest.fixture(autouse=True)
def every_enos_request_is_verified(request, monkeypatch):
    """Let an independent verifier look at what leaves the transports, headers and bytes as they are."""
    if "emulator" not in request.fixturenames:
        return
    verifiers = {}

    def verifier():
        connection = json.loads(os.environ["AIRFLOW_CONN_ENOS_DEFAULT"])
        keys = connection["login"], connection["password"]
        return verifiers.setdefault(keys, Verifier(*keys))

    def concerns(wire):
        return any(part in wire.url for part in ("/apim-token-service/", "/streaming/v2.0/"))

    sync_send, async_send = SyncTransport._send, AsyncTransport._send

    def checked(transport, wire):
        if concerns(wire):
            verifier().check(wire.method, wire.url, wire.headers, wire.body)
        reply = sync_send(transport, wire)
        if concerns(wire):
            verifier().learn(wire.url, reply.body)
        return reply

    async def checked_async(transport, wire):
        if concerns(wire):
            verifier().check(wire.method, wire.url, wire.headers, wire.body)
        reply = await async_send(transport, wire)
        if concerns(wire):
            verifier().learn(wire.url, reply.body)
        return reply

    monkeypatch.setattr(SyncTransport, "_send", checked)
    monkeypatch.setattr(AsyncTransport, "_send", checked_async)


@pytest.fixture
def clock(emulator):
    return SteppedClock(emulator)
