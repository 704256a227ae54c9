"""From a connection to a client: what is read, what is refused, and what is never shown."""

import asyncio
import json
import pickle
import warnings

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.hook.base import hook_named
from airflow_provider_pipelines.hook.connection import Fields
from tests.support.airflow import since

SECRET = "5ecre7-c4n4ry-0000"
KEY = "4cce55-c4n4ry-0000"


def connect(monkeypatch, conn_id="enos_default", **changes):
    fields = {
        "conn_type": "enos", "host": "https://gateway.example.com", "login": KEY, "password": SECRET,
        "extra": {"org_id": "o1"},
    }  # fmt: skip
    fields |= changes
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(fields))
    return EnosHook(conn_id)


def bind(hook):
    return hook.bind(hook.fields)


@pytest.mark.parametrize(
    ("changes", "field", "remedy"),
    [
        ({"host": None}, "host", "Fill in the address"),
        ({"host": "  "}, "host", "Fill in"),
        ({"host": "ftp://x"}, "host", "no address"),
        ({"host": "https://x/?a=b"}, "host", "no address"),
        ({"host": "https://user:pw@x"}, "host", "no address"),
        ({"host": "https://x:99999"}, "host", "no address"),
        ({"host": "https://a b"}, "host", "characters"),
        ({"host": "https://ü.example"}, "host", "characters"),
        ({"login": None}, "login", "AccessKey"),
        ({"password": ""}, "password", "SecretKey"),
        ({"extra": {}}, "org_id", "organization id"),
        ({"extra": {"org_id": ""}}, "org_id", "organization id"),
        ({"extra": {"org_id": 7}}, "org_id", "no text"),
        ({"extra": {"orgid": "o1"}}, "orgid", "Possible are org_id"),
        ({"extra": {"org_id": "o1", "timeout": "soon"}}, "timeout", "0.1 to 600"),
        ({"extra": {"org_id": "o1", "timeout": True}}, "timeout", "0.1 to 600"),
        ({"extra": {"org_id": "o1", "timeout": 0}}, "timeout", "0.1 to 600"),
        ({"extra": {"org_id": "o1", "timeout": "nan"}}, "timeout", "0.1 to 600"),
        ({"extra": {"org_id": "o1", "timeout": [1]}}, "timeout", "0.1 to 600"),
        ({"extra": {"org_id": "o1", "verify": "perhaps"}}, "verify", "true or false"),
        ({"extra": {"org_id": "o1", "ca_bundle": "/no/such.pem"}}, "ca_bundle", "no file"),
        ({"extra": {"org_id": "o1", "ca_bundle": __file__}}, "ca_bundle", "no certificates"),
        pytest.param({"extra": [1, 2]}, "extra", "no JSON object", marks=since("3.2", "takes such an extra")),
        ({"extra": {"org_id": "o1", "max_requests_per_second": -1}}, "max_requests_per_second", "0.01"),
    ],
)
def test_a_wrong_field_is_named_with_its_remedy_and_no_secret(monkeypatch, changes, field, remedy):
    hook = connect(monkeypatch, **changes)
    with pytest.raises(errors.ConfigurationError) as caught:
        bind(hook)
    text = str(caught.value)
    assert field in text
    assert remedy in text
    assert "enos_default" in text
    assert SECRET not in text
    assert KEY not in text
    told = text.removeprefix("connection 'enos_default', ").replace("connection 'enos_default'", "the connection")
    assert hook.test_connection() == (False, told[0].upper() + told[1:])


def test_fields_are_read_as_they_are_stored_in_old_and_new_forms(monkeypatch):
    hook = connect(
        monkeypatch,
        host="gateway.example.com/base/",
        port=8443,
        extra={"extra__enos__org_id": " o9 ", "timeout": "3.5", "verify": "TRUE", "max_requests_per_second": 2},
    )
    binding = bind(hook)
    assert binding.api.org_id == "o9"
    assert binding.route.timeout == 3.5
    assert binding.route.verify
    wire = binding.scheme._keys.base_url
    assert wire == "https://gateway.example.com:8443/base"


def test_a_task_may_name_another_organisation(monkeypatch):
    connect(monkeypatch, extra={})
    hook = EnosHook(org_id="o7")
    assert bind(hook).api.org_id == "o7"
    wrong = EnosHook(org_id="o 7")
    with pytest.raises(errors.ArgumentError, match="org_id"):
        bind(wrong)


def test_switching_the_check_of_certificates_off_warns(monkeypatch):
    hook = connect(monkeypatch, extra={"org_id": "o1", "verify": False})
    with pytest.warns(UserWarning, match="does not verify TLS"):
        assert not bind(hook).route.verify


def test_a_connection_that_is_not_there_may_be_there_later(monkeypatch):
    hook = EnosHook("no_such_connection")
    with pytest.raises(errors.ConnectionMissing, match="no_such_connection"):
        hook.get_conn()
    ok, text = hook.test_connection()
    assert not ok
    assert "no_such_connection" in text
    with pytest.raises(errors.ConnectionMissing):
        asyncio.run(EnosHook("no_such_connection").aio.list_pipelines())


def test_nothing_of_a_connection_is_in_a_repr(monkeypatch):
    hook = connect(monkeypatch)
    binding = bind(hook)
    client = hook.get_conn()
    shown = [
        repr(thing)
        for thing in (hook, hook.fields, binding, binding.scheme, binding.scheme._keys, binding.route, client, hook.aio)
    ]
    assert repr(hook) == "EnosHook(enos_conn_id='enos_default', org_id=None)"
    assert not [text for text in shown if SECRET in text or KEY in text]
    assert SECRET not in repr(Fields("c", "enos", password=SECRET, extra={"x": SECRET}))


@pytest.mark.parametrize("conn_id", [None, "", " ", "None"])
def test_a_connection_id_that_is_empty_is_said_to_be(conn_id):
    with pytest.raises(errors.ArgumentError, match="enos_conn_id"):
        EnosHook(conn_id).get_conn()


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 401, "body": "{}"},
        {"status": 403, "body": "{}"},
        {"status": 200, "body": {"status": 1003}},
        {"status": 400, "body": {"status": 1002}},
        {"status": 500, "body": {"code": "1003"}},
    ],
    ids=str,
)
def test_fifty_waits_that_the_token_service_refuses_make_one_call(emulator, reply):
    emulator.fault("get_token", times=500, kind="reply", **reply)

    async def main():
        return await asyncio.gather(*(EnosHook().aio.get_status(RUNNING) for _ in range(50)), return_exceptions=True)

    assert {type(end) for end in asyncio.run(main())} == {errors.AuthenticationError}
    assert len(emulator.calls()) == 1


def test_a_hook_is_an_async_context_manager_too(emulator):
    async def main():
        async with EnosHook() as hook:
            return await asyncio.gather(*(hook.aio.get_status(RUNNING) for _ in range(8)))

    assert set(asyncio.run(main())) == {"RUNNING"}


@pytest.mark.parametrize("vendor", ["enos", "codearts", "dli"])
def test_a_trigger_finds_a_vendors_hook_by_its_room(vendor):
    assert hook_named(vendor).conn_type in {"enos", "huaweicloud"}


@pytest.mark.parametrize("vendor", ["core", "emulator", "os", "../enos", "enos.hook", "", "no_such_room", "x:y"])
def test_a_trigger_finds_nothing_else(vendor):
    with pytest.raises(errors.ConfigurationError, match="no vendor"):
        hook_named(vendor)


def test_the_test_button_says_what_it_saw(emulator):
    ok, text = EnosHook().test_connection()
    assert ok
    assert "13 released pipelines" in text


def test_the_test_button_never_raises(emulator, monkeypatch):
    emulator.fault("*", kind="reply", status=200, body="<html>secret</html>", times=20)
    ok, text = EnosHook().test_connection()
    assert not ok
    assert "HTML" in text
    hook = connect(monkeypatch, host="http://127.0.0.1:1")
    ok, text = hook.test_connection()
    assert not ok
    assert "no connection could be made" in text


def test_a_hook_is_a_context_manager_on_both_faces(emulator):
    with EnosHook() as hook:
        assert len(hook.list_pipelines()) == 13
    assert "_client" not in hook.__dict__

    async def main():
        async with EnosHook().aio as aio:
            return await aio.list_pipelines(is_system=True), await aio.get_status(pipeline_id=RUNNING)

    system, status = asyncio.run(main())
    assert [entry.status for entry in system]
    assert status == "RUNNING"


RUNNING = "00000000-fa4e-4000-8000-000000000001"


def test_both_faces_show_the_documentation_of_the_operation():
    assert "Ask EnOS to start" in EnosHook.start_pipeline.__doc__
    assert "Ask EnOS to start" in EnosHook().start_pipeline.__doc__
    assert EnosHook().aio.start_pipeline.__name__ == "start_pipeline"


def test_fifty_waits_with_one_wrong_secret_fail_one_signature(emulator, monkeypatch):
    connection = json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps({**connection, "password": "wrong"}))

    async def main():
        return await asyncio.gather(*(EnosHook().aio.get_status(RUNNING) for _ in range(50)), return_exceptions=True)

    ends = asyncio.run(main())
    assert {type(end) for end in ends} == {errors.AuthenticationError}
    assert len([call for call in emulator.calls() if call["auth"] == "refused"]) == 1
    assert len(emulator.calls()) == 1
    for _ in range(5):
        with pytest.raises(errors.AuthenticationError, match="refused a moment ago"):
            EnosHook().list_pipelines()
    assert len(emulator.calls()) == 1
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps(connection))
    assert EnosHook().get_status(RUNNING) == "RUNNING"


def test_fifty_callers_share_one_token(emulator):
    async def main():
        return await asyncio.gather(*(EnosHook().aio.get_status(RUNNING) for _ in range(50)))

    assert set(asyncio.run(main())) == {"RUNNING"}
    assert sum(call["operation"] == "get_token" for call in emulator.calls()) == 1


def test_requests_keep_the_pace_of_the_connection(emulator, clock, monkeypatch):
    connection = json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    connection["extra"]["max_requests_per_second"] = 0.5
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps(connection))
    hook = EnosHook()
    hook.clock = clock
    for _ in range(4):
        hook.get_status(RUNNING)
    assert sum(clock.slept) > 5


def test_errors_cross_processes():
    error = errors.ArgumentError("pipeline_id", "is empty")
    assert str(error) == "pipeline_id: is empty"
    assert isinstance(error, ValueError)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.dumps(error.facts())
