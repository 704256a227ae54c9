"""The hook over real HTTP, sync and async, and what it makes of a connection."""

import asyncio

import pytest

from airflow_provider_pipelines.codearts.api.access import REGIONS, REGIONS_EU
from airflow_provider_pipelines.codearts.hook import HOOK, CodeArtsHook, CodeArtsOperations
from airflow_provider_pipelines.errors import (
    ArgumentError,
    AuthenticationError,
    ConfigurationError,
    ConnectionMissing,
    NotFound,
    OutcomeUnknown,
)
from airflow_provider_pipelines.hook.base import hook_named
from airflow_provider_pipelines.hook.faces import operation
from tests.codearts.conftest import BUILD, ENDLESS, NIGHTLY, PIPELINE, QUEUES, REVIEW, WAITING, queue, run_of, runs


def both(hook, name, *args, **kwargs):
    """Call an operation on both faces."""

    async def call():
        async with hook.aio as aio:
            return await getattr(aio, name)(*args, **kwargs)

    return getattr(hook, name)(*args, **kwargs), asyncio.run(call())


def test_the_two_faces_say_the_same_of_an_operation(hook):
    for name, member in vars(CodeArtsOperations).items():
        if isinstance(member, operation):
            assert getattr(hook, name).__doc__ == getattr(hook.aio, name).__doc__
    assert hook_named("codearts") is HOOK is CodeArtsHook


def test_a_run_is_started_and_seen(hook, emulator):
    first, second = both(
        hook, "run_pipeline", BUILD, variables={"dry": True}, choose_jobs=["JOB_emulated"], description="by hand"
    )
    for started in (first, second):
        shown, again = both(hook, "show_pipeline_run_detail", BUILD, started.pipeline_run_id)
        assert shown == again
        assert (shown.id, shown.status, shown.description) == (started.pipeline_run_id, "RUNNING", "by hand")
        assert runs(emulator, BUILD)[shown.id]["variables"] == [{"name": "dry", "value": "true"}]
    assert first.pipeline_run_id != second.pipeline_run_id


def test_the_latest_run_is_shown_without_an_id(hook):
    assert hook.show_pipeline_run_detail(NIGHTLY).id == run_of("nightly", 2)
    with pytest.raises(NotFound) as caught:
        hook.show_pipeline_run_detail("0" * 32)
    assert caught.value.code == "DEVPIPE.00011401"


def test_a_run_is_stopped(hook, emulator):
    first, second = both(hook, "stop_pipeline_run", ENDLESS, run_of("soak-test"))
    assert first.success is second.success is True
    emulator.advance(60)
    assert hook.show_pipeline_run_detail(ENDLESS, run_of("soak-test")).status == "CANCELED"


@pytest.mark.parametrize("cut", [None, 3])
def test_lists_read_all_pages(hook, emulator, cut):
    emulator.settings(codearts_max_limit=cut)
    pipelines, again = both(hook, "list_pipelines")
    assert [entry.pipeline_id for entry in pipelines] == [entry.pipeline_id for entry in again]
    assert len(pipelines) == len(PIPELINE)
    assert {entry.name: entry.banned for entry in pipelines}["disabled"] is True
    for _ in range(5):
        hook.run_pipeline(BUILD)
    first, second = both(hook, "list_pipeline_runs", BUILD)
    assert len(first) == len({entry.pipeline_run_id for entry in second}) == 7
    assert [entry.status for entry in hook.list_pipeline_runs(BUILD, status=["FAILED"])] == ["FAILED"]


def test_lists_are_filtered_and_sorted(hook):
    assert [entry.name for entry in hook.list_pipelines(is_banned=True)] == ["disabled"]
    names = [entry.name for entry in hook.list_pipelines(sort_key="name", sort_dir="desc")]
    assert names == sorted(names, reverse=True)


def test_a_queued_run_is_listed_and_cancelled(hook, emulator):
    started = hook.run_pipeline(QUEUES)
    first, second = both(hook, "list_pipeline_queue", QUEUES)
    assert [entry.pipeline_run_id for entry in first] == [WAITING, started.pipeline_run_id]
    assert first == second
    cancelled = hook.cancel_pipeline_queue(QUEUES, WAITING, 1)
    assert cancelled.pipeline_run_id == WAITING
    asyncio.run(hook.aio.cancel_pipeline_queue(QUEUES, started.pipeline_run_id, started.queue_id))
    assert queue(emulator, QUEUES) == []


def test_a_pipelines_detail_tells_what_may_be_chosen(hook):
    first, second = both(hook, "show_pipeline_detail", REVIEW)
    assert first == second
    assert "JOB_release" in first.definition


def test_a_lost_answer_to_a_run_is_never_repeated(hook, emulator):
    emulator.fault("run_pipeline", service="codearts", kind="drop", executed=True, times=9)
    with pytest.raises(OutcomeUnknown):
        hook.run_pipeline(BUILD)
    with pytest.raises(OutcomeUnknown):
        asyncio.run(hook.aio.run_pipeline(BUILD))
    assert len(emulator.writes("codearts")) == 2


def test_a_throttled_run_is_repeated_since_it_was_not_carried_out(hook, emulator):
    emulator.fault("run_pipeline", service="codearts", kind="reply", status=429, body={"error_code": "APIG.0308"})
    assert hook.run_pipeline(BUILD).pipeline_run_id
    assert len(runs(emulator, BUILD)) == 3


def test_reads_and_stops_are_repeated(hook, emulator, clock):
    for name in ("stop_pipeline_run", "show_pipeline_run_detail"):
        emulator.fault(name, service="codearts", kind="reply", status=502, body="bad gateway", times=2)
    assert hook.show_pipeline_run_detail(ENDLESS, run_of("soak-test")).status == "RUNNING"
    assert hook.stop_pipeline_run(ENDLESS, run_of("soak-test")).success
    assert len(clock.slept) >= 4


# the connection


def test_the_connection_is_tested_by_one_cheap_read(hook, emulator):
    assert hook.test_connection() == (
        True, f"CodeArts accepts the access key; project {hook.get_conn().api.project_id} shows {len(PIPELINE)} pipelines."
    )  # fmt: skip
    assert [call["operation"] for call in emulator.calls()] == ["list_pipelines"]


def test_who_is_no_member_of_the_project_is_told_so(emulator, clock):
    hook = CodeArtsHook(project_id="another")
    good, said = hook.test_connection()
    assert good
    assert "project another shows 0 pipelines. Who is not a member" in said


def test_a_service_that_does_not_count_is_fine_too(hook, emulator):
    emulator.fault("list_pipelines", service="codearts", kind="reply", status=200, body={"pipelines": []})
    assert "shows an unknown number of pipelines" in hook.test_connection()[1]


def test_a_wrong_key_is_explained(emulator, connection):
    connection(password="wrong")
    good, said = CodeArtsHook().test_connection()
    assert not good
    assert "access key (AK, login)" in said
    with pytest.raises(AuthenticationError):
        CodeArtsHook().list_pipelines()


def test_a_missing_connection_is_one(emulator):
    with pytest.raises(ConnectionMissing):
        CodeArtsHook("nowhere").list_pipelines()


def test_the_project_is_never_the_iam_project(emulator, connection):
    connection(codearts_project_id=None, project_id="1a300000000000000000000000000fa4")
    with pytest.raises(ConfigurationError, match=r"codearts_project_id\): is empty.*not the IAM project's"):
        CodeArtsHook().list_pipelines()
    assert emulator.calls() == []


def test_the_tasks_project_wins(emulator):
    assert CodeArtsHook(project_id="another").get_conn().api.project_id == "another"
    with pytest.raises(ArgumentError, match="project_id: is empty"):
        CodeArtsHook(project_id="None").get_conn()
    with pytest.raises(ArgumentError, match="project_id: 'a/b' is no id"):
        CodeArtsHook(project_id="a/b").get_conn()


def test_a_projects_field_is_named(emulator, connection):
    connection(codearts_project_id="a/b")
    with pytest.raises(ConfigurationError, match=r"field CodeArts project id \(codearts_project_id\): 'a/b' is no id"):
        CodeArtsHook().get_conn()


def endpoint(**arguments):
    hook = CodeArtsHook(**arguments)
    return hook.bind(hook.fields).scheme._services["codearts"].endpoint


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("cn-north-4", "cloudpipeline-ext.cn-north-4.myhuaweicloud.com"),
        ("ap-southeast-3", "cloudpipeline-ext.ap-southeast-3.myhuaweicloud.com"),
        ("tr-west-1", "pipeline-external.tr-west-1.myhuaweicloud.com"),
        ("af-south-1", "pipeline.af-south-1.myhuaweicloud.com"),
    ],
)
def test_the_host_comes_from_the_region(emulator, connection, region, host):
    connection(codearts_endpoint=None, region="cn-east-2", cloud=None)
    assert endpoint(region=region) == f"https://{host}"
    assert endpoint() == "https://cloudpipeline-ext.cn-east-2.myhuaweicloud.com"


def test_europe_has_a_domain_of_its_own(emulator, connection):
    connection(codearts_endpoint=None, region="eu-west-101", cloud="huaweicloud-eu")
    assert endpoint() == "https://pipeline-external.eu-west-101.myhuaweicloud.eu"
    assert not REGIONS.keys() & REGIONS_EU.keys()


def test_the_connections_own_endpoint_wins(emulator, connection):
    connection(codearts_endpoint="https://codearts.example.com/", cloud="otc", region="eu-de")
    assert endpoint() == "https://codearts.example.com"


def test_a_cloud_without_codearts_is_named(emulator, connection):
    connection(codearts_endpoint=None, cloud="otc", region="eu-de")
    with pytest.raises(ConfigurationError, match=r"Open Telekom Cloud \('otc'\) does not offer CodeArts Pipeline"):
        CodeArtsHook().list_pipelines()


@pytest.mark.parametrize("region", ["cn-nowhere-1", None])
def test_an_unknown_region_needs_an_endpoint(emulator, connection, region):
    connection(codearts_endpoint=None, cloud=None, region=region)
    with pytest.raises(
        ConfigurationError, match=r"\(codearts_endpoint\): .*Fill in Region \(region\), or the address here"
    ):
        CodeArtsHook().list_pipelines()


def test_the_arguments_are_plain_values(hook):
    assert CodeArtsHook("c", "p", "r").arguments == {
        "huaweicloud_conn_id": "c", "project_id": "p", "region": "r",
    }  # fmt: skip
