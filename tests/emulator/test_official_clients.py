"""The vendor's own clients, unchanged, against the emulator."""

from __future__ import annotations

import time

import pytest

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huaweicloud.signature import BadSignature, verify

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def keys(huawei):
    return huawei.key, huawei.secret


@pytest.fixture
def codearts(sdk, emulator, huawei, keys):
    basic = sdk.Basic(*keys, huawei.project)
    client = sdk.codearts.CodeArtsPipelineClient.new_builder()
    return client.with_credentials(basic).with_endpoint(emulator.url).build()


@pytest.fixture
def dli(sdk, emulator, huawei, keys):
    """A client of a region, which looks its project up by itself."""
    basic = sdk.Basic(*keys).with_iam_endpoint(emulator.url)
    client = sdk.dli.DliClient.new_builder()
    return client.with_credentials(basic).with_region(sdk.Region(credentials.REGION, emulator.url)).build()


def test_a_run_is_started_watched_and_stopped(sdk, codearts, emulator, huawei):
    project, pipeline = huawei.codearts_project, emulator.find("codearts", "nightly")
    v2 = sdk.codearts
    body = v2.RunPipelineDTO(description="from the SDK", sources=[], variables=[], choose_jobs=[], choose_stages=[])
    run = codearts.run_pipeline(
        v2.RunPipelineRequest(project_id=project, pipeline_id=pipeline, body=body)
    ).pipeline_run_id
    ask = v2.ShowPipelineRunDetailRequest(project_id=project, pipeline_id=pipeline, pipeline_run_id=run)
    shown = codearts.show_pipeline_run_detail(ask)
    assert (shown.id, shown.status, shown.description) == (run, "RUNNING", "from the SDK")
    assert shown.stages[0].jobs[0].steps[0].status == "RUNNING"
    stop = v2.StopPipelineRunRequest(project_id=project, pipeline_id=pipeline, pipeline_run_id=run)
    assert codearts.stop_pipeline_run(stop).success is True
    emulator.advance(10)
    assert codearts.show_pipeline_run_detail(ask).status == "CANCELED"
    again = v2.RetryPipelineRunRequest(project_id=project, pipeline_id=pipeline, pipeline_run_id=run)
    again.body = v2.RetryPipelineRequest()
    assert codearts.retry_pipeline_run(again).success is True
    assert codearts.show_pipeline_run_detail(ask).status == "RUNNING"


def test_pipelines_and_runs_are_listed(sdk, codearts, emulator, huawei):
    project, pipeline = huawei.codearts_project, emulator.find("codearts", "nightly")
    v2 = sdk.codearts
    listed = codearts.list_pipelines(
        v2.ListPipelinesRequest(project_id=project, body=v2.ListPipelineQuery(name="nightly", offset=0, limit=50))
    )
    assert [(one.pipeline_id, one.latest_run.status) for one in listed.pipelines] == [(pipeline, "COMPLETED")]
    query = v2.ListPipelineRunsQuery(status=["COMPLETED"], offset=0, limit=100)
    runs = codearts.list_pipeline_runs(v2.ListPipelineRunsRequest(project_id=project, pipeline_id=pipeline, body=query))
    assert [one.run_number for one in runs.pipeline_runs] == [2, 1]
    latest = codearts.batch_show_pipelines_latest_status(
        v2.BatchShowPipelinesLatestStatusRequest(project_id=project, body=[pipeline])
    )
    assert latest.body[0].pipeline_id == pipeline
    shown = codearts.show_pipeline_detail(v2.ShowPipelineDetailRequest(project_id=project, pipeline_id=pipeline))
    assert shown.name == "nightly"


def test_jobs_are_listed_run_and_stopped_after_the_project_was_looked_up(sdk, dli, emulator, huawei):
    v1 = sdk.dli
    listed = dli.list_flink_jobs(v1.ListFlinkJobsRequest(limit=100, show_detail=True, status="job_running"))
    assert [job.job_id for job in listed.job_list.jobs] == [9007199254740993, 141, 140, 137, 128]
    stop = v1.StopFlinkJobsRequestBody(job_ids=[128, 137], trigger_savepoint=True)
    assert [one.is_success for one in dli.batch_stop_flink_jobs(v1.BatchStopFlinkJobsRequest(body=stop)).body]
    emulator.advance(60)
    detail = dli.show_flink_job(v1.ShowFlinkJobRequest(job_id=128)).job_detail
    assert (detail.status, detail.has_savepoint) == ("job_cancel_success", True)
    run = v1.BatchRunFlinkJobsRequestBody(job_ids=[128], resume_savepoint=True)
    dli.batch_run_flink_jobs(v1.BatchRunFlinkJobsRequest(body=run))
    assert emulator.status("dli", 128) == "job_submitting"
    dli.delete_flink_job(v1.DeleteFlinkJobRequest(job_id=146))
    with pytest.raises(sdk.Refused) as refused:
        dli.show_flink_job(v1.ShowFlinkJobRequest(job_id=146))
    assert (refused.value.status_code, refused.value.error_code) == (400, "DLI.16001")


def test_the_names_of_iam_are_looked_up(sdk, emulator, huawei, keys):
    client = sdk.iam.IamClient.new_builder()
    iam = client.with_credentials(sdk.Global(*keys, credentials.IAM_ACCOUNT_ID)).with_endpoint(emulator.url).build()
    projects = iam.keystone_list_projects(sdk.iam.KeystoneListProjectsRequest(name=credentials.REGION)).projects
    assert [one.id for one in projects] == [huawei.project]
    domains = iam.keystone_list_auth_domains(sdk.iam.KeystoneListAuthDomainsRequest()).domains
    assert [one.id for one in domains] == [credentials.IAM_ACCOUNT_ID]


def test_a_wrong_secret_is_refused_and_the_client_understands_why(sdk, emulator, huawei):
    basic = sdk.Basic(huawei.key, "wrong", huawei.project)
    dli = sdk.dli.DliClient.new_builder().with_credentials(basic).with_endpoint(emulator.url).build()
    with pytest.raises(sdk.Refused) as refused:
        dli.list_flink_jobs(sdk.dli.ListFlinkJobsRequest())
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIG.0301")
    assert refused.value.request_id


def test_a_flipped_byte_of_a_recorded_request_is_refused(sdk, dli, codearts, emulator, huawei, keys, recorded):
    v1, v2 = sdk.dli, sdk.codearts
    dli.list_flink_jobs(v1.ListFlinkJobsRequest(limit=100, offset=0, status="job_running"))
    dli.batch_stop_flink_jobs(v1.BatchStopFlinkJobsRequest(body=v1.StopFlinkJobsRequestBody(job_ids=[128])))
    codearts.stop_pipeline_run(v2.StopPipelineRunRequest(huawei.codearts_project, "a" * 32, "b" * 32))
    assert len(recorded) >= 3
    for call in recorded:
        received = {
            "method": call.method,
            "path": call.raw_path,
            "query": call.raw_query,
            "headers": call.headers,
            "body": call.body,
            "secret_of": dict([keys]).get,
            "now": time.time(),
        }
        assert verify(**received) == huawei.key
        for altered in flipped(received):
            with pytest.raises(BadSignature):
                verify(**altered)


def flipped(received):
    """Yield a request with each byte of what is signed flipped, one at a time."""
    for part in ("path", "query", "body"):
        for place in range(len(received[part])):
            yield received | {part: _flip(received[part], place)}
    for place in range(len(received["method"])):
        yield received | {"method": _flip(received["method"].encode(), place).decode()}
    authorization = next(value for name, value in received["headers"] if name == b"authorization").decode()
    signed = authorization.split("SignedHeaders=")[1].split(",")[0].split(";")
    for index, (name, value) in enumerate(received["headers"]):
        if name.decode() not in signed:
            continue
        for place in range(len(value)):
            headers = list(received["headers"])
            headers[index] = (name, _flip(value, place))
            yield received | {"headers": headers}


def _flip(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize("part", ["method", "path", "query", "header", "body"])
def test_the_running_emulator_refuses_what_was_altered(emulator, huawei, part):
    path, body = f"/v1.0/{huawei.project}/streaming/jobs/stop", b'{"job_ids": [128]}'
    headers = huawei.signed("POST", path, "", body)
    request = {"method": "POST", "url": huawei.url + path, "data": body, "headers": headers}
    if part == "method":
        request["method"] = "PUT"
    elif part == "path":
        request["url"] = request["url"].replace("/stop", "/run")
    elif part == "query":
        request["url"] += "?force=true"
    elif part == "header":
        headers["content-type"] = "application/json;charset=utf-8"
    else:
        request["data"] = body.replace(b"128", b"137")
    answer = huawei.session.request(**request, timeout=5)
    assert answer.status_code == (404 if part == "method" else 401)
    assert emulator.status("dli", 128) == emulator.status("dli", 137) == "job_running"
