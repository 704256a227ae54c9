"""Passwords, tokens, temporary keys and proxy credentials: in nothing that a person could read."""

import asyncio
import json
import logging

import pytest

from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.core.http import identity
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.route import Route
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.dli.operators import DliBatchStopOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.huaweicloud.auth import AgencyKeyAuth, TokenAuth
from airflow_provider_pipelines.huaweicloud.iam import Grant, Login
from airflow_provider_pipelines.huaweicloud.signature import AccessKey
from tests.huaweicloud.ways import IAM_CALLS, Connection
from tests.support.modes import TaskInstance, context_of, fire, on
from tests.test_secrets import Canaries, all_logs, tell  # noqa: F401 -- a fixture

PROXY_PASSWORD = "Pr0xy-c4n4ry-pa55"


class MoreCanaries(Canaries):
    """Learns what IAM gives out as well: tokens in headers, temporary keys in bodies."""

    def __init__(self, connection):
        self.secrets, self.read = {PROXY_PASSWORD}, []
        given = connection.given
        self.secrets |= {given.get("password"), given["extra"].get("security_token")} - {None}
        if given["extra"].get("auth") != "password":
            self.secrets |= {given.get("login")} - {None}

    def learn(self, wire):
        super().learn(wire)
        if wire.body and b'"password"' in wire.body:
            self.secrets.add(json.loads(wire.body)["auth"]["identity"]["password"]["user"]["password"])

    def take(self, reply):
        if token := reply.headers.get("x-subject-token"):
            self.secrets.add(token)
        try:
            credential = json.loads(reply.body)["credential"]
        except (ValueError, KeyError, TypeError):
            return
        self.secrets |= {credential[name] for name in ("access", "secret", "securitytoken")}


@pytest.fixture
def connection(emulator, monkeypatch, tmp_path):
    return Connection(emulator, monkeypatch, tmp_path)


@pytest.fixture
def canaries(connection, monkeypatch):
    canaries = MoreCanaries(connection)
    sync, asynchronous = SyncTransport._send, AsyncTransport._send

    def spied(transport, wire):
        canaries.learn(wire)
        reply = sync(transport, wire)
        canaries.take(reply)
        return reply

    async def spied_async(transport, wire):
        canaries.learn(wire)
        reply = await asynchronous(transport, wire)
        canaries.take(reply)
        return reply

    monkeypatch.setattr(SyncTransport, "_send", spied)
    monkeypatch.setattr(AsyncTransport, "_send", spied_async)
    return canaries


def show_all(canaries, hook):
    """Show a hook and all that hangs on it, as a debugger's user or a careless log line would."""
    client = hook.get_conn()
    scheme = client.session.scheme
    for thing in (hook, hook.fields, client, client.session, client.transport, client.transport.route, scheme):
        canaries.shows(thing)
    auth, known = scheme._auth, scheme.identity
    for thing in (auth, scheme._services, known, known.token, *known._tokens.values(), *known._tokens):
        canaries.shows(thing)
    for name, value in vars(auth).items():
        canaries.shows(f"{name}={value!r}")


TROUBLES = [
    None,
    {"kind": "drop", "executed": True},
    {"kind": "reply", "status": 200, "body": "<html>"},
    {"kind": "reply", "status": 401, "body": {"error_code": "APIG.0301", "error_msg": "token expires"}},
    {"kind": "reply", "status": 400, "body": {"error_code": "IAM.1108", "error_msg": "expired"}},
    {"kind": "reply", "status": 302, "body": ""},
    {"kind": "reply", "status": 500, "body": "{}"},
    {"kind": "truncate", "bytes": 30},
]


@pytest.mark.parametrize("way", [way for way in IAM_CALLS if way not in {"aksk", "environment"}])
def test_nothing_secret_is_shown_whatever_happens(connection, emulator, clock, canaries, all_logs, capfd, way):  # noqa: F811
    connection.by(way)
    canaries.__init__(connection)
    for trouble in TROUBLES:
        for at in ("iam", "dli") if trouble else ("",):
            emulator.reset()
            identity._IDENTITIES.clear()
            if trouble:
                emulator.fault("*", service=at, times=40, **trouble)
            ti = TaskInstance()
            context = context_of(ti)
            for task in (
                DliBatchStopOperator(task_id="d", job_ids=[128], deferrable=True, cancel_on_kill=False),
                DliJobSensor(task_id="j", job_ids=[137], target_status="job_finish", deferrable=True, timeout=300),
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
                canaries.shows(task)
                show_all(canaries, task.hook)
            canaries.shows(ti.pushed)
            for hook in (DliHook(), CodeArtsHook()):
                canaries.shows(hook.test_connection())
            tell(canaries, lambda: asyncio.run(DliHook().aio.list_flink_jobs()))
    canaries.shows("".join(capfd.readouterr()))
    assert len(canaries.secrets) > 5
    assert len(canaries.read) > 200
    assert canaries.found() == []


def test_proxy_credentials_are_shown_nowhere(connection, canaries, all_logs, capfd):  # noqa: F811
    connection.by("password").give(extra={"proxy": f"http://user:{PROXY_PASSWORD}@127.0.0.1:9"})
    hook = DliHook()
    tell(canaries, hook.list_flink_jobs)
    tell(canaries, lambda: asyncio.run(DliHook().aio.list_flink_jobs()))
    canaries.shows(hook.test_connection())
    show_all(canaries, hook)
    canaries.shows("".join(capfd.readouterr()))
    assert len(canaries.read) > 20
    assert canaries.found() == []


@pytest.mark.parametrize("way", ["password", "agency by password", "agency by aksk"])
def test_a_derived_secret_that_is_shown_would_be_found(connection, emulator, canaries, all_logs, way):  # noqa: F811
    connection.by(way)
    hook = DliHook()
    hook.list_flink_jobs()
    (*_, token) = hook.get_conn().session.scheme.identity._tokens.values()
    value = token.value
    planted = [value.sk, value.security_token, value.ak] if isinstance(value, AccessKey) else [value]
    for secret in planted:
        assert canaries.found() == []
        logging.getLogger("somewhere").debug("it is %s", secret)
        assert canaries.found() == [secret]
        canaries.read.clear()


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize("way", ["password", "agency by password", "agency by aksk"])
def test_all_that_iam_gives_is_told_to_airflows_masker(connection, canaries, monkeypatch, way, face):
    masked = []

    async def amask(secret):
        masked.append(secret)

    monkeypatch.setattr("airflow_provider_pipelines.compat.mask_secret", masked.append)
    monkeypatch.setattr("airflow_provider_pipelines.compat.amask_secret", amask)
    connection.by(way)
    if face == "sync":
        DliHook().list_flink_jobs()
    else:
        asyncio.run(DliHook().aio.list_flink_jobs())
    given = []
    canaries.shows(masked)
    for value in (token.value for token in DliHook().get_conn().session.scheme.identity._tokens.values()):
        given += [value.sk, value.security_token] if isinstance(value, AccessKey) else [value]
    assert sorted(masked) == sorted(given)
    assert set(given) <= set(canaries.found())


def test_nothing_that_holds_a_secret_shows_it():
    secret = "c4n4ry"
    key = AccessKey(secret, secret, secret)
    login = Login("user", secret, "account")
    shown = [
        repr(thing) for thing in (key, login, Grant(secret, 1.0), Grant(key, 1.0), Route(proxy=f"http://u:{secret}@h"))
    ]
    shown.append(repr(Route(environment={"https": f"http://u:{secret}@h"})))
    assert not [text for text in shown if secret in text]
    assert {TokenAuth.__repr__, AgencyKeyAuth.__repr__} == {object.__repr__}
