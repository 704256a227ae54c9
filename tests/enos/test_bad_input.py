"""Bad input: a typed error that names the argument or the field and the remedy, no write, no secret."""

import json

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator, EnosStartPipelineOperator
from tests.enos.conftest import RUNNING, STOPPED
from tests.support.airflow import AirflowFailException
from tests.support.modes import context_of, on

BAD_IDS = [
    "",
    "   ",
    "a/b",
    "../etc",
    "a.b",
    "a b",
    "a%2Fb",
    "x" * 65,
    "a\n",
    "ü",
    "None",
    None,
    7,
    True,
    ["a"],
    "a?b",
    "a#b",
]


@pytest.mark.parametrize("id", BAD_IDS, ids=repr)
def test_a_bad_id_is_named_and_nothing_is_sent(emulator, clock, id):
    task = on(EnosPausePipelineOperator(task_id="t", pipeline_id=id), clock)
    with pytest.raises(AirflowFailException, match=r"^pipeline_id: .*(Give|have|letters)"):
        task.execute(context_of())
    with pytest.raises(errors.ArgumentError, match="pipeline_id"):
        EnosHook().pause_pipeline(id)
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("arguments", "argument", "remedy"),
    [
        ({"execution_mode": 2}, "execution_mode", "from 0 to 1"),
        ({"execution_mode": None}, "execution_mode", "from 0 to 1"),
        ({"execution_mode": True}, "execution_mode", "from 0 to 1"),
        ({"execution_mode": "cluster"}, "execution_mode", "from 0 to 1"),
        ({"execution_mode": 0.0}, "execution_mode", "from 0 to 1"),
        ({"kafka_rate": 0}, "kafka_rate", "from 1"),
        ({"kafka_rate": -5}, "kafka_rate", "from 1"),
        ({"kafka_rate": 1.5}, "kafka_rate", "from 1"),
        ({"kafka_rate": "None"}, "kafka_rate", "from 1"),
        ({"kafka_rate": 2**31}, "kafka_rate", "from 1"),
        ({"resource_config": {"servers": 1}}, "resource_config", "Possible are server, yarn, advanced"),
        ({"resource_config": "2"}, "resource_config", "dictionary"),
        ({"resource_config": "{broken"}, "resource_config", "JSON"),
        ({"resource_config": {1: 2}}, "resource_config", "text keys"),
        ({"resource_config": {"yarn": {}}}, "resource_config", "execution_mode=1"),
        ({"execution_mode": 1, "resource_config": {"yarn": {"worker": 1}}}, "resource_config.yarn", "workerCount"),
        ({"execution_mode": 1, "resource_config": {"yarn": 3}}, "resource_config.yarn", "dictionary"),
        ({"execution_mode": 1, "resource_config": {"advanced": {"a": "b"}}}, "resource_config.advanced", "list"),
        ({"execution_mode": 1, "resource_config": {"advanced": [{"key": "a"}]}}, "resource_config.advanced", "both"),
        ({"execution_mode": 1, "resource_config": {"advanced": ["a"]}}, "resource_config.advanced", "dictionary"),
        ({"resource_config": {"server": float("nan")}}, "resource_config.server", "above 0"),
        ({"resource_config": {"server": None}}, "resource_config.server", "above 0"),
        ({"resource_config": {"server": True}}, "resource_config.server", "above 0"),
        ({"resource_config": {"server": -3}}, "resource_config.server", "above 0"),
        ({"resource_config": {"server": "x"}}, "resource_config.server", "above 0"),
        ({"resource_config": "[" * 100_000}, "resource_config", "JSON"),
        ({"execution_mode": 1, "resource_config": {"yarn": {"master": 0}}}, "resource_config.yarn.master", "above 0"),
        (
            {"execution_mode": 1, "resource_config": {"advanced": [{"key": "a", "value": "\ud800"}]}},
            "body",
            "Unicode",
        ),
        ({"execution_mode": 1, "resource_config": {"advanced": [{"key": "a", "value": 1}]}}, "advanced", "text"),
        ({"org_id": "a b"}, "org_id", "letters"),
        ({"pipeline_id": "None"}, "pipeline_id", "Give the id"),
    ],
    ids=repr,
)
def test_a_bad_argument_of_a_start_is_named_and_nothing_is_sent(emulator, clock, arguments, argument, remedy):
    given = {"pipeline_id": STOPPED, "execution_mode": 0, **arguments}
    task = on(EnosStartPipelineOperator(task_id="t", **given), clock)
    with pytest.raises(AirflowFailException) as caught:
        task.execute(context_of())
    assert argument in str(caught.value)
    assert remedy in str(caught.value)
    assert emulator.calls() == []


@pytest.mark.parametrize("config", [{"server": 1}, {"server": "0.5"}, None, '{"server": 2}'])
def test_a_good_start_sends_what_was_asked_for(emulator, clock, config):
    task = on(
        EnosStartPipelineOperator(
            task_id="t", pipeline_id=STOPPED, execution_mode="0", kafka_rate="2000", resource_config=config
        ),
        clock,
    )
    assert task.execute(context_of())["result"] == "done"
    started = emulator.state()["enos"]["orgs"]["o10000000000001"]["pipelines"][STOPPED]
    assert started["kafka_rate"] == 2000
    assert started["execution_mode"] == 0


TROUBLES = {
    "host": {"host": "http://127.0.0.1:1"},
    "HTML": {"kind": "reply", "status": 200, "body": "<html>login</html>"},
    "empty": {"kind": "reply", "status": 200, "body": ""},
    "no complete JSON": {"kind": "truncate", "bytes": 9},
    "neither code nor status": {"kind": "reply", "status": 200, "body": {"msg": "OK"}},
    "no JSON object": {"kind": "reply", "status": 200, "body": [1]},
    "redirects": {"kind": "reply", "status": 302, "headers": {"Location": "http://127.0.0.1:1/"}, "body": ""},
    "no such route": {"kind": "reply", "status": 404, "body": "{}"},
    "HTTP 403": {"kind": "reply", "status": 403, "body": "{}"},
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("at", ["get_token", "list_pipelines"])
def test_a_service_that_answers_oddly_is_reported_and_nothing_is_written(emulator, clock, monkeypatch, trouble, at):
    connection = json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    what = TROUBLES[trouble]
    if trouble == "host":
        monkeypatch.setenv("AIRFLOW_CONN_ENOS_DEFAULT", json.dumps({**connection, **what}))
    else:
        emulator.fault(at, times=50, **what)
    task = on(EnosPausePipelineOperator(task_id="t", pipeline_id=RUNNING), clock)
    with pytest.raises((errors.PipelinesError, AirflowFailException)) as caught:
        task.execute(context_of())
    text = str(caught.value)
    assert trouble in text
    assert "EnOS" in text
    assert connection["password"] not in text
    assert emulator.writes() == []


def test_a_connection_without_keys_ends_the_task(emulator, clock, monkeypatch):
    connection = json.loads(emulator.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    for missing in ("login", "password", "host", "extra"):
        monkeypatch.setenv(
            "AIRFLOW_CONN_ENOS_DEFAULT", json.dumps({k: v for k, v in connection.items() if k != missing})
        )
        task = on(EnosPausePipelineOperator(task_id="t", pipeline_id=RUNNING), clock)
        with pytest.raises(AirflowFailException, match="org_id" if missing == "extra" else missing):
            task.execute(context_of())
    assert emulator.calls() == []


def test_a_missing_connection_leaves_airflows_retries_alone(clock):
    task = on(EnosPausePipelineOperator(task_id="t", pipeline_id=RUNNING, enos_conn_id="nowhere"), clock)
    with pytest.raises(errors.ConnectionMissing, match="nowhere"):
        task.execute(context_of())
