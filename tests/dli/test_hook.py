"""From a connection to a signed request, and to the operations on both faces."""

import ast
import json
import re
import subprocess
import sys

import pytest

from airflow_provider_pipelines.core.http import identity
from airflow_provider_pipelines.core.http.calls import Reply
from airflow_provider_pipelines.core.http.session import Session
from airflow_provider_pipelines.dli.api.access import CODES, base, host
from airflow_provider_pipelines.dli.hook import HOOK, DliHook
from airflow_provider_pipelines.errors import (
    ArgumentError,
    AuthenticationError,
    ConfigurationError,
    InvalidRequest,
    MalformedReply,
    NotFound,
    PermissionDenied,
    PipelinesError,
    QuotaExceeded,
    ServerError,
    Throttled,
)
from airflow_provider_pipelines.hook.base import hook_named
from airflow_provider_pipelines.hook.connection import Fields
from tests.dli.conftest import detail, over_the_wire, page, replying, sample

PROJECT = "1a300000000000000000000000000fa4"
LARGE = 9007199254740993


def fields(**extra):
    extra = {"region": "eu-de", "cloud": "otc", "project_id": PROJECT, **extra}
    extra = {name: value for name, value in extra.items() if value is not None}
    return Fields("huaweicloud_default", "huaweicloud", None, None, "AK", "SK", extra)


@pytest.fixture(autouse=True)
def no_identity_of_another_test():
    identity._IDENTITIES.clear()


def session(hook=None, **extra):
    binding = (hook or DliHook()).bind(fields(**extra))
    return binding.api, Session(binding.scheme)


def call(operation, reply, hook=None, **extra):
    api, carrier = session(hook, **extra)
    return over_the_wire(carrier, operation(api), reply)


@pytest.mark.parametrize(
    ("cloud", "region", "expected"),
    [
        ("otc", "eu-de", "dli.eu-de.otc.t-systems.com"),
        ("otc", "eu-nl", "dli.eu-nl.otc.t-systems.com"),
        ("otc", "eu-ch2", None),
        ("huaweicloud", "cn-north-4", "dli.cn-north-4.myhuaweicloud.com"),
        ("huaweicloud", "eu-west-101", "dli.eu-west-101.myhuaweicloud.eu"),
        ("huaweicloud-eu", "eu-west-101", "dli.eu-west-101.myhuaweicloud.eu"),
        ("huaweicloud-eu", "cn-north-4", None),
        ("huaweicloud", "eu-de", None),
    ],
)
def test_hosts_come_from_cloud_and_region(cloud, region, expected):
    assert host(cloud, region) == expected


@pytest.mark.parametrize("tail", ["", "/v1.0", "/v1.0/", f"/v1.0/{PROJECT}", "/v2.0/x/y"])
def test_version_and_project_are_cut_off_an_address(tail):
    assert base(f"https://dli.example.com{tail}") == "https://dli.example.com"
    assert base(f"https://proxy.example.com/dli{tail}") == "https://proxy.example.com/dli"


def test_a_request_goes_to_the_regions_host_signed_and_with_its_project():
    _, (wire,) = call(lambda api: api.show_flink_job(LARGE), replying(detail(LARGE)))
    assert wire.url == f"https://dli.eu-de.otc.t-systems.com/v1.0/{PROJECT}/streaming/jobs/{LARGE}"
    assert wire.headers["X-Project-Id"] == PROJECT
    assert wire.headers["X-Language"] == "en-us"
    assert "x-project-id" in wire.headers["Authorization"]
    assert "SK" not in repr(wire)


def test_the_connections_endpoint_wins():
    _, (wire,) = call(
        lambda api: api.show_flink_job(1), replying(detail(1)), dli_endpoint=f"https://dli.own.example/v1.0/{PROJECT}"
    )
    assert wire.url == f"https://dli.own.example/v1.0/{PROJECT}/streaming/jobs/1"


def test_the_tasks_project_and_region_win():
    hook = DliHook(project_id="b" * 32, region="eu-nl")
    _, (wire,) = call(lambda api: api.show_flink_job(1), replying(detail(1)), hook)
    assert wire.url == f"https://dli.eu-nl.otc.t-systems.com/v1.0/{'b' * 32}/streaming/jobs/1"
    assert wire.headers["X-Project-Id"] == "b" * 32


def test_the_project_is_found_by_the_region_once():
    def reply(wire):
        payload = {"projects": [{"id": PROJECT, "name": "eu-de"}]} if "/v3/projects" in wire.url else detail(1)
        return Reply(200, {}, json.dumps(payload).encode())

    api, carrier = session(project_id=None)
    _, first = over_the_wire(carrier, api.show_flink_job(1), reply)
    _, second = over_the_wire(carrier, api.show_flink_job(1), reply)
    assert [wire.url.partition("otc.t-systems.com")[2] for wire in (*first, *second)] == [
        "/v3/projects?name=eu-de", *[f"/v1.0/{PROJECT}/streaming/jobs/1"] * 2,
    ]  # fmt: skip
    assert "X-Project-Id" not in first[0].headers
    assert second[0].headers["X-Project-Id"] == PROJECT
    binding = DliHook().bind(fields(project_id=None), fresh=True)
    _, third = over_the_wire(Session(binding.scheme), binding.api.show_flink_job(1), reply)
    assert len(third) == 1, "a cancel does not look the project up again"
    assert binding.scheme.identity is not carrier.scheme.identity


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (
            {"region": "eu-ch2"},
            "region 'eu-ch2' of cloud 'otc' is not known for it. Fill in Region (region), or the address",
        ),
        ({"region": None}, "(dli_endpoint): there is no region. Fill in Region (region), or the address here"),
        ({"cloud": None, "region": "mars-1"}, "region 'mars-1' of cloud 'huaweicloud'"),
        ({"region": "EU DE"}, "no region's name"),
        ({"auth": "password"}, "(account): is empty"),
        ({"project_id": "../x"}, "project_id"),
        ({"dli_endpoint": "https://user@host"}, "no address"),
    ],
)
def test_a_connection_that_cannot_work_is_told_before_any_call(extra, said):
    with pytest.raises(ConfigurationError, match=re.escape(said)):
        DliHook().bind(fields(**extra))


def test_an_empty_project_of_a_task_is_no_missing_one():
    with pytest.raises(ArgumentError, match="project_id"):
        DliHook(project_id="").bind(fields())


def test_without_region_a_project_and_an_endpoint_are_enough():
    _, (wire,) = call(
        lambda api: api.show_flink_job(1), replying(detail(1)), region=None, dli_endpoint="http://127.0.0.1:9"
    )
    assert wire.url.startswith("http://127.0.0.1:9/v1.0/")


@pytest.mark.parametrize(
    ("name", "status", "kind", "said"),
    [
        ("flink_run.error400.observed", 400, InvalidRequest, "DLI.13024.*queue_name"),
        ("error.documented", 400, InvalidRequest, "DLI.0001"),
        ("error.no-queue.documented", 400, NotFound, "testqueue"),
        ("error.apig-0308.documented", 429, Throttled, "throttling"),
        ("error.apig-0308.documented", 400, Throttled, "throttling"),
    ],
)
def test_documented_errors_are_typed(name, status, kind, said):
    with pytest.raises(kind, match=said):
        call(lambda api: api.batch_run_flink_jobs([1]), replying(sample(name), status))


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("DLI.16001", 400, NotFound), ("DLI.0023", 404, NotFound), ("DLI.0002", 400, NotFound),
        ("DLI.0999", 400, ServerError), ("DLI.0019", 400, ServerError), ("DLI.0016", 400, PermissionDenied),
        ("DLI.0013", 401, AuthenticationError), ("DLI.1028", 400, QuotaExceeded), ("DLI.99999", 400, InvalidRequest),
        ("DLI.0001", 503, ServerError), (None, 500, ServerError),
    ],
)  # fmt: skip
def test_vendor_codes_count_more_than_the_status(code, status, kind):
    body = {"error_code": code, "error_msg": "text"}
    with pytest.raises(kind, match="text") as caught:
        call(lambda api: api.show_flink_job(1), replying(body, status, **{"x-request-id": "r1"}))
    assert caught.value.code == code
    assert caught.value.request_id == "r1"


@pytest.mark.parametrize("body", [b"", b"<html>login</html>", b'[{"is_success":', b"\xff", b"null"])
def test_an_answer_that_is_no_json_of_the_shape_is_unclear(body):
    with pytest.raises(MalformedReply) as caught:
        call(lambda api: api.batch_run_flink_jobs([1]), replying(body))
    assert caught.value.unclear


def test_every_code_has_a_class_of_our_tree():
    assert all(issubclass(kind, PipelinesError) for kind, _ in CODES.values())


def test_the_room_names_its_hook():
    assert HOOK is DliHook
    assert hook_named("dli") is DliHook
    hook = DliHook("c", "p", "r")
    assert DliHook(**hook.arguments).arguments == hook.arguments
    assert repr(hook) == "DliHook(huaweicloud_conn_id='c', project_id='p', region='r')"


# over real HTTP


def test_operations_work_on_the_sync_face(emulator):
    with DliHook() as hook:
        jobs = {job.job_id: job.status for job in hook.list_flink_jobs()}
        assert jobs[LARGE] == "job_running"
        assert [job.job_id for job in hook.list_flink_jobs(status="job_cancel_fail")] == [147]
        (answer,) = hook.batch_run_flink_jobs([142])
        assert answer.is_success is True
        assert hook.show_flink_job(142).status == "job_submitting"
        hook.batch_stop_flink_jobs([LARGE], trigger_savepoint=True)
        assert hook.show_flink_job(LARGE).status == "job_savepointing"
        hook.delete_flink_job(146)
        hook.batch_delete_flink_jobs([145, 149])
        with pytest.raises(NotFound):
            hook.show_flink_job(146)
        with pytest.raises(InvalidRequest, match=r"DLI\.13024"):
            hook.batch_run_flink_jobs([151])
    assert emulator.writes("dli")[1] == ("batch_stop_flink_jobs", [str(LARGE)])


async def test_operations_work_on_the_async_face(emulator):
    async with DliHook().aio as aio:
        assert len(await aio.list_flink_jobs()) == 16
        (answer,) = await aio.batch_run_flink_jobs([142], resume_savepoint=False)
        assert answer.is_success is True
        assert (await aio.show_flink_job(142)).status == "job_submitting"
        await aio.batch_stop_flink_jobs([128])
        await aio.delete_flink_job(146)
        await aio.batch_delete_flink_jobs([145])
        with pytest.raises(NotFound):
            await aio.show_flink_job(145)


def test_the_project_is_found_through_iam(emulator, monkeypatch):
    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    del connection["extra"]["project_id"]
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(connection))
    with DliHook() as hook:
        hook.show_flink_job(128)
        hook.show_flink_job(137)
    assert [call["operation"] for call in emulator.calls()] == ["list_projects", "show_flink_job", "show_flink_job"]


def test_a_connection_is_tested_by_one_cheap_read(emulator):
    fine, said = DliHook().test_connection()
    assert fine
    assert said.startswith(f"DLI accepts the credentials; project {PROJECT} has 16 Flink jobs. CodeArts accepts ")
    assert [call["operation"] for call in emulator.calls()] == ["list_flink_jobs", "list_pipelines"]


def test_a_connection_with_a_wrong_secret_is_explained(emulator, monkeypatch):
    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps({**connection, "password": "wrong"}))
    fine, said = DliHook().test_connection()
    assert not fine
    assert "secret key (SK, password)" in said


def test_a_project_of_somebody_else_is_explained(emulator):
    fine, said = DliHook(project_id="f" * 32).test_connection()
    assert not fine
    assert "role in the project" in said


def test_an_empty_list_reads_as_none(emulator):
    assert DliHook().list_flink_jobs(name="nobody") == []
    assert page()["job_list"]["jobs"] == []


def test_started_jobs_are_stopped_by_a_cancel(emulator):
    hook = DliHook()
    hook.canceller("flink_job", {})(["128", "137"])
    assert emulator.writes("dli") == [("batch_stop_flink_jobs", ["128", "137"])]
    hook.close()


def test_a_dag_file_loads_neither_client_nor_models():
    script = (
        "import sys, airflow_provider_pipelines.dli.operators, airflow_provider_pipelines.dli.sensors; "
        "print([name for name in sys.modules if name.startswith('airflow_provider_pipelines.dli.')])"
    )
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    loaded = {name.rpartition(".")[2] for name in ast.literal_eval(shown.splitlines()[-1])}
    assert {"operators", "sensors", "states"} <= loaded
    assert not [name for name in loaded if name.startswith(("api", "hook", "definitions", "batches", "creation"))]
    assert not [name for name in loaded if name.endswith(("models", "replies", "_api"))]
