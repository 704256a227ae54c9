"""Every operation of the sheet that the vendor's own DLI client has, unchanged, against the emulator."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from airflow_provider_pipelines.emulator.dli.routes import table as emulated
from airflow_provider_pipelines.emulator.huaweicloud.signature import BadSignature, verify
from airflow_provider_pipelines.emulator.server.app import Vendors

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

QUERY = "00000000-fa4e-4000-8000-000000000501"
RUNNING_QUERY = "00000000-fa4e-4000-8000-000000000506"
BATCH = "00000000-fa4e-4000-8000-0000000005a1"
RUNNING_BATCH = "00000000-fa4e-4000-8000-0000000005a3"
ZIP = "emulated-bucket/exports/aggregate_1767225600000.zip"
SQL = "INSERT INTO sink SELECT * FROM source"

#: our name of the operation, the client's, what it is asked, the class and the members of the body, what comes back
CALLS = [
    (
        "create_flink_sql_job",
        "create_flink_sql_job",
        {},
        ("CreateFlinkSqlJobRequestBody", {"name": "new", "queue_name": "q", "sql_body": SQL, "checkpoint_mode": 2}),
        lambda answer: (answer.is_success, answer.job.job_id, answer.job.status_name) == ("true", 1000, "job_init"),
    ),
    (
        "update_flink_sql_job",
        "update_flink_sql_job",
        {"job_id": 142},
        ("UpdateFlinkSqlJobRequestBody", {"desc": "new", "operator_config": "{}"}),
        lambda answer: answer.job.update_time > 0,
    ),
    (
        "create_flink_jar_job",
        "create_flink_jar_job",
        {},
        (
            "CreateFlinkJarJobRequestBody",
            {"name": "new", "entrypoint": "obs://b/a.jar", "main_class": "A", "feature": "basic"},
        ),
        lambda answer: (answer.job.job_id, answer.job.status_name) == (1000, "job_init"),
    ),
    (
        "update_flink_jar_job",
        "update_flink_jar_job",
        {"job_id": 137},
        ("UpdateFlinkJarJobRequestBody", {"resume_max_num": 3}),
        lambda answer: answer.job.update_time > 0,
    ),
    (
        "batch_run_flink_jobs",
        "batch_run_flink_jobs",
        {},
        ("BatchRunFlinkJobsRequestBody", {"job_ids": [142], "resume_savepoint": False}),
        lambda answer: answer.body[0].is_success == "true",
    ),
    (
        "batch_stop_flink_jobs",
        "batch_stop_flink_jobs",
        {},
        ("StopFlinkJobsRequestBody", {"job_ids": [128], "trigger_savepoint": True}),
        lambda answer: answer.body[0].is_success == "true",
    ),
    ("delete_flink_job", "delete_flink_job", {"job_id": 146}, None, lambda answer: answer.is_success == "true"),
    (
        "batch_delete_flink_jobs",
        "batch_delete_flink_jobs",
        {},
        ("BatchDeleteFlinkJobsRequestBody", {"job_ids": [146]}),
        lambda answer: answer.body[0].is_success == "true",
    ),
    (
        "list_flink_jobs",
        "list_flink_jobs",
        {"limit": 100, "offset": 0, "show_detail": True, "status": "job_running"},
        None,
        lambda answer: answer.job_list.jobs[0].job_id == 9007199254740993,
    ),
    (
        "show_flink_job",
        "show_flink_job",
        {"job_id": 9007199254740993},
        None,
        lambda answer: answer.job_detail.job_id == 9007199254740993,
    ),
    (
        "show_flink_job_execution_graph",
        "show_flink_job_execution_graph",
        {"job_id": 128},
        None,
        lambda answer: (answer.execute_graph.state, answer.execute_graph.end_time) == ("RUNNING", -1),
    ),
    (
        "show_flink_metric",
        "show_flink_metric",
        {},
        ("ShowFlinkMetricRequestBody", {"job_ids": [128]}),
        lambda answer: answer.metrics.jobs[0].job_id == 128,
    ),
    (
        "execute_flink_job_savepoint",
        "execute_flink_job_savepoint",
        {"job_id": "128"},
        ("ExecuteFlinkJobSavepointRequestBody", {"action": "TRIGGER", "savepoint_path": "obs://b/dir/"}),
        lambda answer: "deal_savepoint_success" in answer.message,
    ),
    (
        "import_flink_job_savepoint",
        "import_flink_job_savepoint",
        {"job_id": "142"},
        ("ImportFlinkJobSavepointRequestBody", {"job_id": 142, "savepoint_path": "obs://b/dir/"}),
        lambda answer: answer.is_success == "true",
    ),
    (
        "export_flink_jobs",
        "export_flink_jobs",
        {},
        ("ExportFlinkJobsRequestBody", {"obs_dir": "b/dir", "is_selected": True, "job_selected": [128]}),
        lambda answer: answer.zip_file[0].startswith("b/dir/"),
    ),
    (
        "import_flink_jobs",
        "import_flink_jobs",
        {},
        ("ImportFlinkJobsRequestBody", {"zip_file": ZIP, "is_cover": True}),
        lambda answer: int(answer.job_mapping[0].new_job_id) == 1000,
    ),
    (
        "register_bucket",
        "register_bucket",
        {},
        ("RegisterBucketRequestBody", {"obs_buckets": ["bucket1"]}),
        lambda answer: answer.is_success is True,
    ),
    (
        "create_flink_sql_job_graph",
        "create_flink_sql_job_graph",
        {"job_id": "128"},
        ("CreateFlinkSqlJobGraphRequestBody", {"sql_body": SQL, "flink_version": "1.12"}),
        lambda answer: (answer.is_success, answer.error_code) == (True, ""),
    ),
    (
        "create_job_template",
        "create_flink_sql_job_template",
        {},
        ("CreateFlinkSqlJobTemplateRequestBody", {"name": "new", "sql_body": SQL}),
        lambda answer: answer.template.template_id == 3,
    ),
    (
        "list_job_templates",
        "list_flink_sql_job_templates",
        {"limit": 10, "offset": 0},
        None,
        lambda answer: answer.template_list.total_count == 2,
    ),
    (
        "update_job_template",
        "update_flink_sql_job_template",
        {"template_id": 1},
        ("UpdateFlinkSqlJobTemplateRequestBody", {"desc": "new"}),
        lambda answer: answer.is_success is True,
    ),
    (
        "delete_job_template",
        "delete_flink_sql_job_template",
        {"template_id": 1},
        None,
        lambda answer: answer.template.template_id == 1,
    ),
    (
        "create_global_variable",
        "create_global_variable",
        {},
        ("CreateGlobalVariableRequestBody", {"var_name": "new", "var_value": "1", "is_sensitive": False}),
        lambda answer: answer.is_success is True,
    ),
    (
        "list_global_variables",
        "list_global_variables",
        {"limit": 100, "offset": 0},
        None,
        lambda answer: [one.var_name for one in answer.global_vars] == ["topic", "password"],
    ),
    (
        "update_global_variable",
        "update_global_variable",
        {"var_name": "topic"},
        ("UpdateGlobalVariableRequestBody", {"var_value": "2"}),
        lambda answer: answer.is_success is True,
    ),
    (
        "delete_global_variable",
        "delete_global_variable",
        {"var_name": "topic"},
        None,
        lambda answer: answer.is_success is True,
    ),
    (
        "submit_sql_job",
        "create_sql_job",
        {},
        ("CreateSqlJobRequestBody", {"sql": "DESC t", "currentdb": "db", "queue_name": "default", "conf": ["a=b"]}),
        lambda answer: (answer.job_type, answer.job_mode, len(answer.rows)) == ("DDL", "sync", 2),
    ),
    (
        "show_sql_job_status",
        "show_sql_job_status",
        {"job_id": QUERY},
        None,
        lambda answer: (answer.status, answer.result_count) == ("FINISHED", 3),
    ),
    ("show_sql_job_detail", "show_sql_job_detail", {"job_id": QUERY}, None, lambda answer: answer.job_id == QUERY),
    ("show_sql_job_progress", "show_sql_job_progress", {"job_id": QUERY}, None, lambda answer: answer.progress == 1),
    ("cancel_sql_job", "cancel_sql_job", {"job_id": RUNNING_QUERY}, None, lambda answer: answer.is_success is True),
    (
        "preview_sql_job_result",
        "preview_sql_job_result",
        {"job_id": QUERY, "queue_name": "default"},
        None,
        lambda answer: answer.rows[0] == ["wind-1", 2.5],
    ),
    (
        "export_sql_job_result",
        "export_sql_job_result",
        {"job_id": QUERY},
        ("ExportSqlJobResultRequestBody", {"data_path": "obs://b/r", "data_type": "json", "compress": "none"}),
        lambda answer: answer.job_mode == "async",
    ),
    (
        "list_sql_jobs",
        "list_sql_jobs",
        {"page_size": 2, "current_page": 1, "job_types": ["QUERY", "INSERT"]},
        None,
        lambda answer: (answer.job_count, len(answer.jobs)) == (5, 2),
    ),
    (
        "check_sql",
        "check_sql",
        {},
        ("CheckSqlRequestBody", {"sql": "SELECT 1", "currentdb": "db"}),
        lambda answer: answer.job_type == "QUERY",
    ),
    (
        "create_spark_batch",
        "create_spark_job",
        {},
        ("CreateSparkJobRequestBody", {"file": "obs://b/a.jar", "class_name": "A", "conf": {"a": 1}, "args": ["x"]}),
        lambda answer: answer.state == "starting",
    ),
    (
        "show_spark_batch_state",
        "show_spark_job_status",
        {"batch_id": BATCH},
        None,
        lambda answer: (answer.id, answer.state) == (BATCH, "success"),
    ),
    ("show_spark_batch", "show_spark_job", {"batch_id": BATCH}, None, lambda answer: "pi.jar" in answer.req_body),
    (
        "cancel_spark_batch",
        "cancel_spark_job",
        {"batch_id": RUNNING_BATCH},
        None,
        lambda answer: answer.msg == "deleted",
    ),
    ("list_spark_batches", "list_spark_jobs", {"size": 2, "_from": 1}, None, lambda answer: len(answer.sessions) == 2),
    (
        "show_spark_batch_log",
        "show_spark_job_log",
        {"batch_id": "00000000-fa4e-4000-8000-0000000005a2", "type": "driver"},
        None,
        lambda answer: answer.total == 1,
    ),
]


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """Load the client; it writes a file in the home directory when it is imported."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("sdk-home")))
        from huaweicloudsdkcore.auth.credentials import BasicCredentials
        from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
        from huaweicloudsdkdli import v1

        yield SimpleNamespace(v1=v1, Basic=BasicCredentials, Refused=ClientRequestException)


def client(sdk, emulator, huawei, secret=None):
    basic = sdk.Basic(huawei.key, secret or huawei.secret, huawei.project)
    return sdk.v1.DliClient.new_builder().with_credentials(basic).with_endpoint(emulator.url).build()


def ask(sdk, built, method, asked, body):
    """Make a call the way the client wants it made."""
    name = "".join(part.capitalize() for part in method.split("_")) + "Request"
    request = getattr(sdk.v1, name)(**asked)
    if body is not None:
        request.body = getattr(sdk.v1, body[0])(**body[1])
    return getattr(built, method)(request)


def test_the_table_has_every_operation():
    assert sorted(one[0] for one in CALLS) == sorted(one.name for one in emulated.table)


@pytest.mark.parametrize(("ours", "theirs", "asked", "body", "fits"), CALLS, ids=[one[0] for one in CALLS])
def test_the_client_of_the_vendor_is_answered(sdk, emulator, huawei, monkeypatch, ours, theirs, asked, body, fits):
    received, answer = [], Vendors.answer

    def record(self, call):
        received.append(call)
        return answer(self, call)

    monkeypatch.setattr(Vendors, "answer", record)
    assert fits(ask(sdk, client(sdk, emulator, huawei), theirs, asked, body))
    (entry,) = emulator.journal()
    assert (entry["service"], entry["operation"], entry["auth"], entry["status"]) == ("dli", ours, "ok", 200)
    (call,) = received
    signed = {
        "method": call.method,
        "path": call.raw_path,
        "query": call.raw_query,
        "headers": call.headers,
        "body": call.body,
        "secret_of": {huawei.key: huawei.secret}.get,
        "now": time.time(),
    }
    assert verify(**signed) == huawei.key
    for altered in altered_requests(signed):
        with pytest.raises(BadSignature):
            verify(**altered)


def altered_requests(signed):
    """Yield a request with one part of what is signed altered."""
    yield signed | {"method": "PATCH"}
    yield signed | {"path": signed["path"] + b"x"}
    yield signed | {"query": signed["query"] + (b"&x=1" if signed["query"] else b"x=1")}
    yield signed | {"body": signed["body"] + b" "}
    for name in (b"x-sdk-date", b"host"):
        headers = [(key, value[:-1] + b"0" if key.lower() == name else value) for key, value in signed["headers"]]
        if headers != signed["headers"]:
            yield signed | {"headers": headers}


@pytest.mark.parametrize(("ours", "theirs", "asked", "body", "fits"), CALLS, ids=[one[0] for one in CALLS])
def test_another_secret_is_refused(sdk, emulator, huawei, ours, theirs, asked, body, fits):
    before = emulator.state()
    with pytest.raises(sdk.Refused) as refused:
        ask(sdk, client(sdk, emulator, huawei, "wrong"), theirs, asked, body)
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIG.0301")
    (entry,) = emulator.journal()
    assert (entry["operation"], entry["auth"]) == (ours, "refused")
    assert emulator.state() == before
