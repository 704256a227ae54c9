"""Keys that are changed while something waits: the connection is read again, once, and its new keys are used."""

import json

import pytest

from airflow_provider_pipelines import compat, errors
from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator
from airflow_provider_pipelines.codearts.sensors import CodeArtsRunSensor
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.dli.operators import DliBatchStopOperator
from airflow_provider_pipelines.dli.sensors import DliJobSensor
from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huaweicloud.gateway import Key
from airflow_provider_pipelines.enos.operators import EnosPausePipelineOperator
from airflow_provider_pipelines.enos.sensors import EnosPipelineSensor
from tests.huaweicloud.ways import Connection
from tests.support.airflow import AirflowFailException
from tests.support.modes import OPERATOR_MODES, SENSOR_MODES

WIND = "00000000-fa4e-4000-8000-000000000001"
NIGHTLY = f"fa4e{1:028d}"
SOAKING = f"f05{1:029d}"

OPERATORS = {
    "enos": lambda **more: EnosPausePipelineOperator(task_id="t", pipeline_id=WIND, **more),
    "dli": lambda **more: DliBatchStopOperator(task_id="t", job_ids=[128], **more),
    "codearts": lambda **more: CodeArtsRunPipelineOperator(task_id="t", pipeline_id=NIGHTLY, **more),
}
SENSORS = {
    "enos": lambda **more: EnosPipelineSensor(
        task_id="t", pipeline_id=WIND, target_status="PAUSED", timeout=3600, poke_interval=30, **more
    ),
    "dli": lambda **more: DliJobSensor(
        task_id="t", job_ids=[128], target_status="job_cancel_success", timeout=3600, poke_interval=30, **more
    ),
    "codearts": lambda **more: CodeArtsRunSensor(
        task_id="t", pipeline_id=f"fa4e{5:028d}", pipeline_run_id=SOAKING, target_status="COMPLETED",
        timeout=3600, poke_interval=30, **more
    ),
}  # fmt: skip


@pytest.fixture
def every_enos_request_is_verified():
    """Leave the verifier out: it takes the keys from the connection, which has other ones here than a hook yet uses."""


@pytest.fixture
def connection(emulator, monkeypatch, tmp_path):
    return Connection(emulator, monkeypatch, tmp_path)


@pytest.fixture
def reads(monkeypatch):
    """The ids of the connections that were read, in order."""
    read = []
    sync, asynchronous = DliHook.get_connection.__func__, compat.read_connection

    def get_connection(cls, conn_id):
        read.append(conn_id)
        return sync(cls, conn_id)

    async def read_connection(conn_id, take):
        read.append(conn_id)
        return await asynchronous(conn_id, take)

    monkeypatch.setattr(
        "airflow_provider_pipelines.hook.base.PipelinesHook.get_connection", classmethod(get_connection)
    )
    monkeypatch.setattr(compat, "read_connection", read_connection)
    return read


class Rotation:
    """Turns the keys of both vendors at one moment of a wait; tells the connections too, or does not."""

    def __init__(self, emulator, monkeypatch, *, told=True, at=20):
        self.emulator, self.monkeypatch, self.told, self.at = emulator, monkeypatch, told, at
        self.done = False

    def __call__(self, seconds):
        self.at -= seconds
        if self.at > 0 or self.done:
            return
        self.done = True
        world = self.emulator.server.world
        self.monkeypatch.delitem(world.huawei_gateway.keys, credentials.HUAWEI_ACCESS_KEY)
        self.monkeypatch.setitem(world.huawei_gateway.keys, "NEWACCESSKEY00000000", Key("NewSecret"))
        self.monkeypatch.setitem(world.enos_gateway.secrets, credentials.ENOS_ACCESS_KEY, "new-enos-secret")
        if self.told:
            self.tell("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", "NEWACCESSKEY00000000", "NewSecret")
            self.tell("AIRFLOW_CONN_ENOS_DEFAULT", credentials.ENOS_ACCESS_KEY, "new-enos-secret")

    def tell(self, name, login, password):
        given = json.loads(self.emulator.env[name])
        self.monkeypatch.setenv(name, json.dumps({**given, "login": login, "password": password}))


@pytest.mark.parametrize("vendor", list(OPERATORS))
@pytest.mark.parametrize("mode", list(OPERATOR_MODES))
def test_an_operators_wait_goes_on_with_new_keys(emulator, clock, monkeypatch, vendor, mode):
    emulator.settings(enos_pause_seconds=300.0, dli_cancel_seconds=300.0, codearts_run_seconds=300.0)
    clock.on_wait = Rotation(emulator, monkeypatch, at=40)
    ended = OPERATOR_MODES[mode](OPERATORS[vendor], clock)
    assert ended["error"] is None
    assert clock.on_wait.done
    refused = [call for call in emulator.calls() if call["auth"] == "refused"]
    assert 1 <= len(refused) <= 2


@pytest.mark.parametrize("vendor", list(OPERATORS))
@pytest.mark.parametrize("mode", list(OPERATOR_MODES))
def test_an_operators_wait_ends_where_the_connection_has_no_new_keys(emulator, clock, monkeypatch, vendor, mode, reads):
    emulator.settings(enos_pause_seconds=300.0, dli_cancel_seconds=300.0, codearts_run_seconds=300.0)
    clock.on_wait = Rotation(emulator, monkeypatch, told=False, at=40)
    ended = OPERATOR_MODES[mode](OPERATORS[vendor], clock)
    kind, text = ended["error"]
    assert kind == "AirflowFailException", text
    assert "new-enos-secret" not in text
    refused = [call for call in emulator.calls() if call["auth"] == "refused"]
    assert 1 <= len(refused) <= 2
    assert len(reads) <= 4


@pytest.mark.parametrize("vendor", list(SENSORS))
@pytest.mark.parametrize("mode", list(SENSOR_MODES))
def test_a_sensors_wait_goes_on_with_new_keys(emulator, clock, monkeypatch, vendor, mode):
    rotation = Rotation(emulator, monkeypatch, at=40)
    later = [200]

    def on_wait(seconds):
        rotation(seconds)
        later[0] -= seconds
        if later[0] <= 0:
            service, id, status = {
                "enos": ("enos", WIND, "PAUSED"),
                "dli": ("dli", "128", "job_cancel_success"),
                "codearts": ("codearts", SOAKING, "COMPLETED"),
            }[vendor]
            emulator.thing(service, id, status)

    clock.on_wait = on_wait
    ended = SENSOR_MODES[mode](SENSORS[vendor], clock)
    assert ended["error"] is None, ended
    assert rotation.done


def test_a_connection_that_cannot_be_read_for_a_moment_costs_a_look_and_no_more(emulator, clock, monkeypatch):
    emulator.settings(dli_cancel_seconds=300.0)
    rotation = Rotation(emulator, monkeypatch, at=40)
    kept = {}

    def on_wait(seconds):
        name = "AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"
        if kept:
            monkeypatch.setenv(name, kept.pop("value"))
        before = rotation.done
        rotation(seconds)
        if rotation.done and not before:
            import os

            kept["value"] = os.environ[name]
            monkeypatch.delenv(name)

    clock.on_wait = on_wait
    ended = OPERATOR_MODES["plain"](OPERATORS["dli"], clock)
    assert ended["error"] is None
    assert rotation.done


def test_keys_in_a_file_that_were_rotated_are_read_again(connection, clock, monkeypatch, emulator):
    emulator.settings(dli_cancel_seconds=300.0)
    connection.by("file")
    rotation = Rotation(emulator, monkeypatch, told=False, at=40)

    def on_wait(seconds):
        rotation(seconds)
        if rotation.done:
            connection.profile("NEWACCESSKEY00000000", "NewSecret")

    clock.on_wait = on_wait
    for mode in OPERATOR_MODES.values():
        assert mode(OPERATORS["dli"], clock)["error"] is None
    assert rotation.done


def test_a_password_that_was_changed_is_read_again(connection, clock, monkeypatch, emulator):
    emulator.settings(dli_cancel_seconds=300.0)
    connection.by("password")
    left = [40]

    def on_wait(seconds):
        left[0] -= seconds
        if left[0] <= 0 and credentials.IAM_PASSWORD != "N3w":
            connection.kill_tokens()
            monkeypatch.setattr(credentials, "IAM_PASSWORD", "N3w")
            connection.give(password="N3w")

    clock.on_wait = on_wait
    assert OPERATOR_MODES["deferred"](OPERATORS["dli"], clock)["error"] is None
    assert [call["status"] for call in emulator.calls(service="iam")].count(401) == 1


def test_a_cancel_after_a_rotation_has_the_new_keys(connection, clock, monkeypatch, emulator):
    hook = DliHook()
    hook.clock = clock
    cancel = hook.canceller("flink_job", {})
    look = hook.looker("flink_job", {})
    client = hook.get_conn()
    client.transport.run(look(["128"], 0.0))
    Rotation(emulator, monkeypatch)(99)
    seen = client.transport.run(look(["128"], 0.0))
    assert seen["128"].status == "job_running"
    emulator.mark()
    cancel(["128"])
    assert [(call["operation"], call["auth"]) for call in emulator.calls(service="dli")] == [
        ("batch_stop_flink_jobs", "ok")
    ]


def test_what_is_written_in_error_is_not_repeated_with_other_keys(emulator, clock, monkeypatch):
    """A refused write fails the task: its retry reads the connection anyway."""
    emulator.fault(
        "batch_stop_flink_jobs", service="dli", kind="reply", status=401, times=9,
        body={"error_code": "APIG.0301", "error_msg": "verify aksk signature fail"},
    )  # fmt: skip
    task = OPERATORS["dli"](deferrable=False)
    task.hook.clock = clock
    with pytest.raises(AirflowFailException):
        task.execute({"ti": None})
    assert len(emulator.calls(writes=True, service="dli")) == 1


def test_a_connection_that_was_changed_to_nonsense_ends_the_wait_with_what_is_wrong(connection, clock, emulator):
    emulator.settings(dli_cancel_seconds=300.0)
    connection.by("temporary keys")

    def on_wait(seconds):
        connection.kill_keys()
        connection.give(login=None)

    clock.on_wait = on_wait
    for mode in OPERATOR_MODES.values():
        kind, text = mode(OPERATORS["dli"], clock)["error"]
        assert kind in {"AirflowFailException", "ConfigurationError"}
        assert "login" in text
    assert issubclass(errors.ConfigurationError, errors.PipelinesError)
