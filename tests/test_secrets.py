"""No secret, and nothing derived from one, in logs, results, errors, reprs, rendered fields or trigger rows."""

import asyncio
import json
import logging
import traceback

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_pipelines.core import transports
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator, EnosStartPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor
from tests.modes import TaskInstance, context_of, fire, on

RUNNING = "00000000-fa4e-4000-8000-000000000001"
STOPPED = "00000000-fa4e-4000-8000-000000000010"


class Canaries:
    """Learns every secret that goes over the wire, and looks for them in what a person could read."""

    def __init__(self, env):
        self.secrets = set()
        for text in env.values():
            connection = json.loads(text)
            self.secrets |= {connection["login"], connection["password"]}
        self.read = []

    def learn(self, wire):
        for name, value in wire.headers.items():
            if name.lower() in {"apim-accesstoken", "apim-signature", "x-auth-token", "x-security-token"}:
                self.secrets.add(value)
            if name.lower() == "authorization":
                self.secrets.add(value.rpartition("Signature=")[2])
        for member in ("encryption", "password"):
            if wire.body and f'"{member}"' in wire.body.decode():
                self.secrets.add(json.loads(wire.body).get(member) or wire.body.decode())

    def shows(self, what):
        self.read.append(what if isinstance(what, str) else repr(what))

    def found(self):
        text = "\n".join(self.read)
        return [secret for secret in self.secrets if secret in text]


@pytest.fixture
def canaries(emulator, monkeypatch):
    canaries = Canaries(emulator.env)
    for kind in (transports.SyncTransport, transports.AsyncTransport):
        send = kind._send

        def spied(transport, wire, send=send):
            canaries.learn(wire)
            return send(transport, wire)

        monkeypatch.setattr(kind, "_send", spied)
    return canaries


class Everything(logging.Handler):
    def __init__(self, canaries):
        super().__init__(logging.DEBUG)
        self.canaries = canaries

    def emit(self, record):
        self.canaries.shows(record.getMessage())
        self.canaries.shows(record.__dict__)


@pytest.fixture
def all_logs(canaries):
    root, handler = logging.getLogger(), Everything(canaries)
    kept = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    root.setLevel(kept)


def tell(canaries, act):
    """Run something and show its result, or its error as every logger would."""
    try:
        canaries.shows(act())
    except TaskDeferred as deferral:
        canaries.shows(deferral.trigger.serialize())
        canaries.shows(deferral.kwargs)
        return deferral
    except Exception as error:  # noqa: BLE001 -- whatever it is, a log would show it
        for one in (error, error.__cause__, error.__context__):
            canaries.shows(one)
            canaries.shows(str(one))
        canaries.shows("".join(traceback.TracebackException.from_exception(error, capture_locals=False).format()))
    return None


def troubles(emulator):
    yield "none", lambda: None
    yield "lost", lambda: emulator.fault("*", kind="drop", executed=False, times=30)
    yield "html", lambda: emulator.fault("*", kind="reply", status=200, body="<html>", times=30)
    yield "refused", lambda: emulator.fault("*", kind="reply", status=401, body="{}", times=30)
    yield "broken", lambda: emulator.fault("*", kind="truncate", bytes=10, times=30)
    yield "500", lambda: emulator.fault("*", kind="reply", status=500, body="{}", times=30)


def test_no_secret_is_shown_whatever_happens(emulator, clock, canaries, all_logs, capfd):
    for _, prepare in troubles(emulator):
        emulator.reset()
        prepare()
        ti = TaskInstance()
        context = context_of(ti)
        for task in (
            EnosPausePipelineOperator(task_id="p", pipeline_id=RUNNING),
            EnosStartPipelineOperator(task_id="s", pipeline_id=STOPPED, execution_mode=0, deferrable=True),
            EnosPipelineSensor(task_id="w", pipeline_id=STOPPED, target_status="PAUSED", deferrable=True, timeout=600),
        ):
            on(task, clock)
            if (deferral := tell(canaries, lambda task=task, context=context: task.execute(context))) is not None:
                event = fire(deferral, clock)
                canaries.shows(event)
                tell(
                    canaries,
                    lambda task=task, event=event, deferral=deferral, context=context: task.execute_complete(
                        context, event=event, **(deferral.kwargs or {})
                    ),
                )
            canaries.shows({name: getattr(task, name) for name in task.template_fields})
            canaries.shows(task)
            canaries.shows(task.hook)
            canaries.shows(task.hook.get_conn())
        canaries.shows(ti.pushed)
        hook = EnosHook()
        canaries.shows(hook.test_connection())
        tell(canaries, lambda: asyncio.run(EnosHook().aio.list_pipelines()))
    canaries.shows("".join(capfd.readouterr()))
    assert len(canaries.secrets) > 20
    assert len(canaries.read) > 100
    assert canaries.found() == []


def test_a_secret_that_is_shown_would_be_found(emulator, canaries, all_logs):
    hook = EnosHook()
    hook.list_pipelines()
    token = hook.get_conn().session.scheme.identity.token.value
    assert token in canaries.secrets
    logging.getLogger("somewhere").debug("token is %s", token)
    assert canaries.found() == [token]


def test_a_derived_token_is_told_to_airflows_masker(emulator, monkeypatch):
    masked = []
    monkeypatch.setattr("airflow_provider_pipelines.compat.mask_secret", masked.append)
    hook = EnosHook()
    hook.list_pipelines()
    assert masked == [hook.get_conn().session.scheme.identity.token.value]
