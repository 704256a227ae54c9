"""No secret, and nothing derived from one, in logs, results, errors, reprs, rendered fields or trigger rows."""

import asyncio
import json
import logging
import traceback

import pytest

from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator, EnosStartPipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor
from tests.support.airflow import TaskDeferred
from tests.support.modes import TaskInstance, context_of, fire, on

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
    for kind in (SyncTransport, AsyncTransport):
        send = kind._send

        def spied(transport, wire, send=send):
            canaries.learn(wire)
            return send(transport, wire)

        monkeypatch.setattr(kind, "_send", spied)
    return canaries


def codearts_pipeline(emulator):
    (project,) = emulator.state()["codearts"]["projects"].values()
    return next(iter(project["pipelines"]))


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


TROUBLES = [
    None,
    {"kind": "drop", "executed": False},
    {"kind": "reply", "status": 200, "body": "<html>"},
    {"kind": "reply", "status": 401, "body": "{}"},
    {"kind": "truncate", "bytes": 10},
    {"kind": "reply", "status": 500, "body": "{}"},
]


def test_no_secret_is_shown_whatever_happens(emulator, clock, canaries, all_logs, capfd):
    for trouble in TROUBLES:
        emulator.reset()
        for service in ("enos", "iam", "codearts", "dli") if trouble else ():
            emulator.fault("*", service=service, times=40, **trouble)
        ti = TaskInstance()
        context = context_of(ti)
        for task in (
            EnosPausePipelineOperator(task_id="p", pipeline_id=RUNNING),
            EnosStartPipelineOperator(task_id="s", pipeline_id=STOPPED, execution_mode=0, deferrable=True),
            DliBatchStopOperator(task_id="d", job_ids=[128], trigger_savepoint=True, deferrable=True),
            DliBatchRunOperator(task_id="r", job_ids=[137]),
            DliJobSensor(task_id="j", job_ids=[137], target_status="job_finish", deferrable=True, timeout=300),
            CodeArtsRunPipelineOperator(task_id="c", pipeline_id=codearts_pipeline(emulator), deferrable=True),
            CodeArtsStopRunOperator(task_id="k", pipeline_id=codearts_pipeline(emulator)),
            CodeArtsRunSensor(
                task_id="q",
                pipeline_id=codearts_pipeline(emulator),
                pipeline_run_id="0" * 32,
                deferrable=True,
                timeout=90,
            ),
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
            client = task.hook.get_conn()
            canaries.shows(client)
            canaries.shows(client.session.scheme)
            canaries.shows(client.transport.route)
        canaries.shows(ti.pushed)
        for kind, read in (
            (EnosHook, "list_pipelines"),
            (CodeArtsHook, "list_pipelines"),
            (DliHook, "list_flink_jobs"),
        ):
            canaries.shows(kind().test_connection())
            tell(canaries, lambda kind=kind, read=read: asyncio.run(getattr(kind().aio, read)()))
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
