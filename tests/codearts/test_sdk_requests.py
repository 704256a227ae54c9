"""What our hook sends is what the vendor's own client sends: method, path, query, JSON body."""

import json
from contextlib import suppress
from types import SimpleNamespace
from urllib.parse import parse_qsl, unquote

import pytest

from airflow_provider_pipelines.emulator.server.app import Vendors
from airflow_provider_pipelines.errors import PipelinesError
from tests.codearts.conftest import BUILD, CHECKED, ENDLESS, FAILS, LOGGED, NIGHTLY, REVIEW, run_of, steps
from tests.codearts.test_operations import MADE, TEMPLATE

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SOURCES = [
    {
        "type": "code",
        "params": {
            "git_type": "codehub",
            "codehub_id": "2111699716",
            "default_branch": "main",
            "git_url": "https://example.com/group/repository.git",
            "build_params": {"build_type": "branch", "event_type": "Manual", "target_branch": "main"},
        },
    }
]


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """Load the client; it writes a file in the home directory when it is imported."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("sdk-home")))
        from huaweicloudsdkcodeartspipeline import v2
        from huaweicloudsdkcore.auth.credentials import BasicCredentials
        from huaweicloudsdkcore.exceptions.exceptions import ServiceResponseException

        yield SimpleNamespace(v2=v2, Basic=BasicCredentials, Refused=ServiceResponseException)


@pytest.fixture
def client(sdk, emulator):
    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    basic = sdk.Basic(connection["login"], connection["password"], connection["extra"]["project_id"])
    return sdk.v2.CodeArtsPipelineClient.new_builder().with_credentials(basic).with_endpoint(emulator.url).build()


@pytest.fixture
def sent(monkeypatch):
    """The calls as they came off the wire, signature and all."""
    calls, answer = [], Vendors.answer

    def record(self, call):
        calls.append(call)
        return answer(self, call)

    monkeypatch.setattr(Vendors, "answer", record)
    return calls


def seen(call):
    return {
        "method": call.method,
        "path": unquote(call.raw_path.decode()),
        "query": sorted(parse_qsl(call.raw_query.decode(), keep_blank_values=True)),
        "body": json.loads(call.body) if call.body else None,
    }


def step(emulator, name, which):
    job, id = steps(emulator, name)[which]
    return {"job_run_id": job, "step_run_id": id} if job else {"step_run_id": id}


def source(v2):
    build = v2.RunPipelineDTOParamsBuildParams(build_type="branch", event_type="Manual", target_branch="main")
    params = {name: value for name, value in SOURCES[0]["params"].items() if name != "build_params"}
    return v2.RunPipelineDTOSources(type="code", params=v2.RunPipelineDTOParams(**params, build_params=build))


#: hook method, its arguments by place and by name, the client's method, its request, its body
CASES = [
    (
        "run_pipeline", lambda e: ([BUILD], {
            "sources": SOURCES, "variables": {"n": 3}, "choose_jobs": ["JOB_emulated"], "choose_stages": ["stage-1"],
            "description": "by hand", "sub_hook": False, "execution_plan_id": "plan",
        }),
        "run_pipeline", "RunPipelineRequest", lambda v2: v2.RunPipelineDTO(
            sources=[source(v2)], description="by hand", variables=[v2.RunPipelineDTOVariables(name="n", value="3")],
            choose_jobs=["JOB_emulated"], choose_stages=["stage-1"], sub_hook=False, execution_plan_id="plan",
        ), lambda e: {"pipeline_id": BUILD},
    ),
    ("run_pipeline", lambda e: ([BUILD], {}), "run_pipeline", "RunPipelineRequest", lambda v2: v2.RunPipelineDTO(), lambda e: {"pipeline_id": BUILD}),
    ("stop_pipeline_run", lambda e: ([ENDLESS, run_of("soak-test")], {}), "stop_pipeline_run", "StopPipelineRunRequest", None, lambda e: {"pipeline_id": ENDLESS, "pipeline_run_id": run_of("soak-test")}),
    ("show_pipeline_run_detail", lambda e: ([NIGHTLY, run_of("nightly")], {}), "show_pipeline_run_detail", "ShowPipelineRunDetailRequest", None, lambda e: {"pipeline_id": NIGHTLY, "pipeline_run_id": run_of("nightly")}),
    ("show_pipeline_run_detail", lambda e: ([NIGHTLY], {"pipeline_run_number": 2}), "show_pipeline_run_detail", "ShowPipelineRunDetailRequest", None, lambda e: {"pipeline_id": NIGHTLY, "pipeline_run_number": "2"}),
    (
        "list_pipeline_runs", lambda e: ([NIGHTLY], {
            "status": ["COMPLETED"], "start_time": "2023-11-14 00:00:00", "end_time": "2099-01-01 00:00:00",
            "update_time": "1", "trigger_type": ["Manual"], "executor_ids": ["x"], "show_job_details": True,
            "stage_id": "s", "job_id": "j",
        }),
        "list_pipeline_runs", "ListPipelineRunsRequest", lambda v2: v2.ListPipelineRunsQuery(
            status=["COMPLETED"], start_time="2023-11-14 00:00:00", end_time="2099-01-01 00:00:00", update_time="1",
            trigger_type=["Manual"], executor_ids=["x"], offset=0, limit=100, sort_key="start_time", sort_dir="desc",
            show_job_details=True, stage_id="s", job_id="j",
        ), lambda e: {"pipeline_id": NIGHTLY},
    ),
    (
        "list_pipelines", lambda e: ([], {
            "name": "night", "status": ["COMPLETED"], "project_id": "p", "project_ids": ["p"], "component_id": "c",
            "is_publish": False, "is_banned": False, "creator_id": "u", "creator_ids": ["u"], "executor_ids": ["u"],
            "start_time": "1", "end_time": "2", "pipeline_run_update_time": "3", "exclude_pipeline_id": "x",
            "include_pipeline_id": "y", "tag_list": ["t"], "manifest_version_list": ["3.0"], "group_path_id": "g",
            "by_group": True, "query_new": True, "security_level_list": [1], "dev_uc_security_level_list": [2],
            "sort_key": "name", "sort_dir": "desc",
        }),
        "list_pipelines", "ListPipelinesRequest", lambda v2: v2.ListPipelineQuery(
            project_id="p", project_ids=["p"], component_id="c", name="night", status=["COMPLETED"], is_publish=False,
            creator_id="u", creator_ids=["u"], executor_ids=["u"], start_time="1", end_time="2",
            pipeline_run_update_time="3", exclude_pipeline_id="x", include_pipeline_id="y", tag_list=["t"],
            manifest_version_list=["3.0"], offset=0, limit=50, sort_key="name", sort_dir="desc", group_path_id="g",
            by_group=True, is_banned=False, query_new=True, security_level_list=[1], dev_uc_security_level_list=[2],
        ), lambda e: {},
    ),
    ("batch_show_pipelines_latest_status", lambda e: ([[NIGHTLY, FAILS]], {}), "batch_show_pipelines_latest_status", "BatchShowPipelinesLatestStatusRequest", lambda v2: [NIGHTLY, FAILS], lambda e: {}),
    ("retry_pipeline_run", lambda e: ([FAILS, run_of("always-fails")], {}), "retry_pipeline_run", "RetryPipelineRunRequest", lambda v2: v2.RetryPipelineRequest(), lambda e: {"pipeline_id": FAILS, "pipeline_run_id": run_of("always-fails")}),
    ("retry_pipeline_run", lambda e: ([FAILS, run_of("always-fails")], {"job_run_ids": ["j"], "repo_https_url": "https://example.com/r.git"}), "retry_pipeline_run", "RetryPipelineRunRequest", lambda v2: v2.RetryPipelineRequest(repo_https_url="https://example.com/r.git", job_run_ids=["j"]), lambda e: {"pipeline_id": FAILS, "pipeline_run_id": run_of("always-fails")}),
    *(
        (name, lambda e: ([REVIEW, run_of("waits-for-review"), *step(e, "waits-for-review", "review").values()], {"approval_description": "fein & schön"}), name, request, None,
         lambda e: {"pipeline_id": REVIEW, "pipeline_run_id": run_of("waits-for-review"), **step(e, "waits-for-review", "review"), "approval_description": "fein & schön"})
        for name, request in (("accept_manual_review", "AcceptManualReviewRequest"), ("reject_manual_review", "RejectManualReviewRequest"))
    ),
    ("accept_checkpoint", lambda e: ([CHECKED, run_of("checkpoint"), *step(e, "checkpoint", "release/entry").values()], {}), "accept_checkpoint", "AcceptCheckpointRequest", None, lambda e: {"pipeline_id": CHECKED, "pipeline_run_id": run_of("checkpoint"), **step(e, "checkpoint", "release/entry")}),
    (
        "show_pipeline_log", lambda e: ([LOGGED, run_of("failed-with-a-log"), *step(e, "failed-with-a-log", "roll-out").values()], {"limit": 20, "sort": "desc", "start_offset": 3, "end_offset": 5, "offset": 7, "level": "ERROR"}),
        "show_pipeline_log", "ShowPipelineLogRequest", lambda v2: v2.LogQuery(start_offset=3, end_offset=5, limit=20, sort="desc", offset=7, level="ERROR"),
        lambda e: {"pipeline_id": LOGGED, "pipeline_run_id": run_of("failed-with-a-log"), **step(e, "failed-with-a-log", "roll-out")},
    ),
    ("show_step_outputs", lambda e: ([LOGGED, run_of("failed-with-a-log")], {"step_run_ids": ["a", "b"]}), "show_step_outputs", "ShowStepOutputsRequest", None, lambda e: {"pipeline_id": LOGGED, "pipeline_run_id": run_of("failed-with-a-log"), "step_run_ids": "a,b"}),
    ("show_pipeline_artifacts", lambda e: ([LOGGED, run_of("failed-with-a-log")], {}), "show_pipeline_artifacts", "ShowPipelineArtifactsRequest", None, lambda e: {"pipeline_id": LOGGED, "pipeline_run_id": run_of("failed-with-a-log")}),
    ("show_pipeline_detail", lambda e: ([NIGHTLY], {}), "show_pipeline_detail", "ShowPipelineDetailRequest", None, lambda e: {"pipeline_id": NIGHTLY}),
    ("create_pipeline", lambda e: ([], {"body": MADE, "component_id": "c"}), "create_pipeline_new", "CreatePipelineNewRequest", lambda v2: v2.PipelineDTO(**MADE), lambda e: {"component_id": "c"}),
    ("update_pipeline", lambda e: ([NIGHTLY], {"body": MADE, "component_id": "c"}), "update_pipeline_info", "UpdatePipelineInfoRequest", lambda v2: v2.PipelineDTO(**MADE), lambda e: {"pipeline_id": NIGHTLY, "component_id": "c"}),
    ("delete_pipeline", lambda e: ([NIGHTLY], {}), "delete_pipeline", "DeletePipelineRequest", None, lambda e: {"pipeline_id": NIGHTLY}),
    ("create_pipeline_by_template", lambda e: ([TEMPLATE], {"body": {"name": "made", "is_publish": False, "sources": []}, "component_id": "c"}), "create_pipeline_by_template_id", "CreatePipelineByTemplateIdRequest", lambda v2: v2.PipelineByTemplateDTO(name="made", is_publish=False, sources=[]), lambda e: {"template_id": TEMPLATE, "component_id": "c"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "ours", "method", "request_class", "body", "members"),
    CASES,
    ids=[f"{number}-{case[0]}" for number, case in enumerate(CASES)],
)
def test_our_request_is_the_vendors(
    hook, emulator, sdk, client, sent, name, ours, method, request_class, body, members
):
    given, named = ours(emulator)
    theirs = getattr(sdk.v2, request_class)(project_id=hook.get_conn().api.project_id, **members(emulator))
    if body is not None:
        theirs.body = body(sdk.v2)
    with suppress(PipelinesError):  # what comes back is another test's matter
        getattr(hook, name)(*given, **named)
    emulator.reset()
    mine, count = sent[0], len(sent)
    with suppress(sdk.Refused):
        getattr(client, method)(theirs)
    assert len(sent) == count + 1
    assert seen(mine) == seen(sent[-1])


def test_every_operation_that_the_vendors_client_has_is_compared(sdk):
    """The sheet says "yes" to these; what else the client calls by a name of ours is compared too."""
    assert {case[0] for case in CASES} == {
        "run_pipeline", "stop_pipeline_run", "show_pipeline_run_detail", "list_pipeline_runs", "list_pipelines",
        "batch_show_pipelines_latest_status", "retry_pipeline_run", "accept_manual_review", "reject_manual_review",
        "accept_checkpoint", "show_pipeline_log", "show_step_outputs", "show_pipeline_artifacts",
        "show_pipeline_detail", "create_pipeline", "update_pipeline", "delete_pipeline", "create_pipeline_by_template",
    }  # fmt: skip
    has = {name for name in dir(sdk.v2.CodeArtsPipelineClient) if not name.startswith("_")}
    missing = {
        "reject_checkpoint", "accept_delay_job", "reject_delay_job", "continue_delay_job", "resume_pipeline",
        "list_pipeline_queue", "cancel_pipeline_queue", "show_pipeline_exec_log", "disable_pipeline", "enable_pipeline",
        "batch_run_pipeline", "show_batch_run_result", "run_yaml_pipeline",
    }  # fmt: skip
    assert not missing & has, "the client has learnt an operation: compare it"
