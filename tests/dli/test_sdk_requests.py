"""What our hook sends is what the vendor's own client sends: method, path, query and JSON body."""

import contextlib
import json
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.emulator.server.app import Vendors
from airflow_provider_pipelines.errors import PipelinesError
from tests.dli.conftest import sample
from tests.dli.test_operations import flink_methods

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

JOB, LARGE = 128, 9007199254740993
SQL, JAR = sample("flink_sql_create.request.corrected"), sample("flink_jar_create.request")
SQL_UPDATE = {**sample("flink_sql_update.request"), "checkpoint_mode": 1}
JAR_UPDATE, GRAPH = sample("flink_jar_update.request"), sample("flink_gen_graph.request")
RESOURCES = {"max_slot": 2, "parallel_number": 1, "jobmanager_resource_spec": {"cpu": 0.5, "memory": "2G"}}
TAGS = [{"key": "team", "value": "wind"}]


# our method and its arguments; the client's request: its name where it is another one, its arguments, its body
CASES = [
    ("create_flink_sql_job", [SQL], {}, None, {}, lambda v1: v1.CreateFlinkSqlJobRequestBody(**SQL)),
    (
        "create_flink_sql_job",
        [{"name": "x", "resource_config": RESOURCES, "resource_config_version": "v2", "tags": {"team": "wind"}}], {},
        None, {},
        lambda v1: v1.CreateFlinkSqlJobRequestBody(
            name="x", resource_config=RESOURCES, resource_config_version="v2", tags=TAGS
        ),
    ),
    (
        "create_flink_sql_job",
        [{"name": "x", "checkpoint_mode": "at_least_once", "runtime_config": {"a.b": 1}}], {}, None, {},
        lambda v1: v1.CreateFlinkSqlJobRequestBody(
            name="x", checkpoint_mode=2, runtime_config='[{"key": "a.b", "value": "1"}]'
        ),
    ),
    ("update_flink_sql_job", [LARGE, SQL_UPDATE], {}, None, {"job_id": LARGE}, lambda v1: v1.UpdateFlinkSqlJobRequestBody(**SQL_UPDATE)),
    ("create_flink_jar_job", [JAR], {}, None, {}, lambda v1: v1.CreateFlinkJarJobRequestBody(**JAR)),
    ("update_flink_jar_job", [JOB, JAR_UPDATE], {}, None, {"job_id": JOB}, lambda v1: v1.UpdateFlinkJarJobRequestBody(**JAR_UPDATE)),
    (
        "batch_run_flink_jobs", [[JOB, LARGE], True], {}, None, {},
        lambda v1: v1.BatchRunFlinkJobsRequestBody(job_ids=[JOB, LARGE], resume_savepoint=True),
    ),
    (
        "batch_stop_flink_jobs", [[JOB, LARGE]], {}, None, {},
        lambda v1: v1.StopFlinkJobsRequestBody(job_ids=[JOB, LARGE], trigger_savepoint=False),
    ),
    ("delete_flink_job", [LARGE], {}, None, {"job_id": LARGE}, None),
    ("batch_delete_flink_jobs", [[12, 232]], {}, None, {}, lambda v1: v1.BatchDeleteFlinkJobsRequestBody(job_ids=[12, 232])),
    (
        "list_flink_jobs", [], {}, None,
        {"show_detail": False, "order": "asc", "limit": 100, "offset": 0}, None,
    ),
    (
        "list_flink_jobs", [],
        {
            "job_type": "flink_jar_job", "status": "job_init", "queue_name": "q", "name": "a b~é", "user_name": "u",
            "tags": "a=b,c=d", "show_detail": True, "order": "desc", "root_job_id": 7,
            "sys_enterprise_project_name": "p",
        },
        None,
        {
            "job_type": "flink_jar_job", "status": "job_init", "queue_name": "q", "name": "a b~é", "user_name": "u",
            "tags": "a=b,c=d", "show_detail": True, "order": "desc", "root_job_id": 7,
            "sys_enterprise_project_name": "p", "limit": 100, "offset": 0,
        },
        None,
    ),
    ("show_flink_job", [LARGE], {}, None, {"job_id": LARGE}, None),
    ("show_flink_job_execution_graph", [JOB], {}, None, {"job_id": JOB}, None),
    ("show_flink_metric", [[298765, 298766]], {}, None, {}, lambda v1: v1.ShowFlinkMetricRequestBody(job_ids=[298765, 298766])),
    (
        "execute_flink_job_savepoint", [JOB, "obs://bucket-name/dir/savepoint"], {}, None, {"job_id": str(JOB)},
        lambda v1: v1.ExecuteFlinkJobSavepointRequestBody(**sample("flink_savepoint.request")),
    ),
    (
        "import_flink_job_savepoint", [137228, "obs://bucket-name/dir/savepoint/"], {}, None, {"job_id": "137228"},
        lambda v1: v1.ImportFlinkJobSavepointRequestBody(**sample("flink_import_savepoint.request")),
    ),
    (
        "export_flink_jobs", ["obs-test", True, [100]], {}, None, {},
        lambda v1: v1.ExportFlinkJobsRequestBody(**sample("flink_export.request")),
    ),
    ("export_flink_jobs", ["obs-test"], {}, None, {}, lambda v1: v1.ExportFlinkJobsRequestBody(obs_dir="obs-test", is_selected=False)),
    (
        "import_flink_jobs", ["test/ggregate_1582677879475.zip", True], {}, None, {},
        lambda v1: v1.ImportFlinkJobsRequestBody(**sample("flink_import.request")),
    ),
    ("register_bucket", [["bucket1"]], {}, None, {}, lambda v1: v1.RegisterBucketRequestBody(obs_buckets=["bucket1"])),
    ("create_flink_sql_job_graph", [JOB], GRAPH, None, {"job_id": str(JOB)}, lambda v1: v1.CreateFlinkSqlJobGraphRequestBody(**GRAPH)),
    (
        "list_job_templates", [], {"name": "t", "tags": "a=b", "order": "asc"}, "list_flink_sql_job_templates",
        {"name": "t", "tags": "a=b", "order": "asc", "limit": 100, "offset": 0}, None,
    ),
    (
        "create_job_template", ["t"], {"desc": "d", "sql_body": "select 1", "tags": TAGS, "job_type": "flink_sql_job"},
        "create_flink_sql_job_template", {},
        lambda v1: v1.CreateFlinkSqlJobTemplateRequestBody(
            name="t", desc="d", sql_body="select 1", tags=TAGS, job_type="flink_sql_job"
        ),
    ),
    (
        "update_job_template", [LARGE], {"name": "t", "desc": "", "sql_body": "select 1"},
        "update_flink_sql_job_template", {"template_id": LARGE},
        lambda v1: v1.UpdateFlinkSqlJobTemplateRequestBody(name="t", desc="", sql_body="select 1"),
    ),
    ("delete_job_template", [LARGE], {}, "delete_flink_sql_job_template", {"template_id": LARGE}, None),
    ("list_global_variables", [], {}, None, {"limit": 100, "offset": 0}, None),
    (
        "create_global_variable", ["v1", "ü", True], {}, None, {},
        lambda v1: v1.CreateGlobalVariableRequestBody(var_name="v1", var_value="ü", is_sensitive=True),
    ),
    ("update_global_variable", ["v1", "x"], {}, None, {"var_name": "v1"}, lambda v1: v1.UpdateGlobalVariableRequestBody(var_value="x")),
    ("delete_global_variable", ["v1"], {}, None, {"var_name": "v1"}, None),
]  # fmt: skip


@pytest.fixture(scope="module")
def sdk(airflow_home):
    """Load the client; it writes a file in the home directory, which is not the real one."""
    from huaweicloudsdkcore.auth.credentials import BasicCredentials
    from huaweicloudsdkcore.exceptions.exceptions import SdkException
    from huaweicloudsdkdli import v1

    return SimpleNamespace(v1=v1, Basic=BasicCredentials, Error=SdkException)


@pytest.fixture
def client(sdk, emulator):
    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    keys = sdk.Basic(connection["login"], connection["password"], connection["extra"]["project_id"])
    return sdk.v1.DliClient.new_builder().with_credentials(keys).with_endpoint(emulator.url).build()


@pytest.fixture
def received(monkeypatch):
    """Every request that comes in with a good signature, as it came off the wire."""
    calls, answer = [], Vendors.answer

    def record(self, call):
        calls.append(call)
        return answer(self, call)

    monkeypatch.setattr(Vendors, "answer", record)
    return calls


def plain(call):
    query = call.raw_query.decode()
    return {
        "method": call.method,
        "path": call.raw_path,
        "query": sorted(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))),
        "body": json.loads(call.body) if call.body else None,
    }


def request_of(sdk, method):
    name = "".join(part.capitalize() for part in method.split("_"))
    return getattr(sdk.v1, f"{name}Request")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_our_request_is_the_vendors(emulator, sdk, client, received, case):
    ours, arguments, keywords, theirs, parameters, body = case
    request = request_of(sdk, theirs or ours)(**parameters)
    if body is not None:
        request.body = body(sdk.v1)
    # what the emulator makes of it is not the question
    with contextlib.suppress(sdk.Error):
        getattr(client, theirs or ours)(request)
    expected = plain(received[0])
    received.clear()
    with contextlib.suppress(PipelinesError):
        getattr(DliHook(), ours)(*arguments, **keywords)
    assert plain(received[0]) == expected


def test_every_operation_on_flink_jobs_is_compared():
    assert {ours for ours, *_ in CASES} == flink_methods()
