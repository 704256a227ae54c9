"""Every EnOS request that a test sends is checked by the independent verifier."""

import json

import pytest

from airflow_provider_pipelines.core import transports
from tests.enos.verifier import Verifier

RUNNING = "00000000-fa4e-4000-8000-000000000001"
SECOND = "00000000-fa4e-4000-8000-000000000002"
PAUSED = "00000000-fa4e-4000-8000-000000000009"
STOPPED = "00000000-fa4e-4000-8000-000000000010"
PUBLISHED = "00000000-fa4e-4000-8000-000000000011"


@pytest.fixture
def verifier(emulator):
    connection = json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    return Verifier(connection["login"], connection["password"])


@pytest.fixture(autouse=True)
def every_request_is_verified(request, monkeypatch):
    """Look at what leaves the transports, headers and bytes as they are."""
    if "emulator" not in request.fixturenames:
        yield
        return
    verifier = request.getfixturevalue("verifier")
    sync_send, async_send = transports.SyncTransport._send, transports.AsyncTransport._send

    def checked(transport, wire):
        verifier.check(wire.method, wire.url, wire.headers, wire.body)
        reply = sync_send(transport, wire)
        verifier.learn(wire.url, reply.body)
        return reply

    async def checked_async(transport, wire):
        verifier.check(wire.method, wire.url, wire.headers, wire.body)
        reply = await async_send(transport, wire)
        verifier.learn(wire.url, reply.body)
        return reply

    monkeypatch.setattr(transports.SyncTransport, "_send", checked)
    monkeypatch.setattr(transports.AsyncTransport, "_send", checked_async)
    yield
