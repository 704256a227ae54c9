"""Each operation on SQL jobs and Spark batches: sync, async, through the emulator, and beside the vendor's client."""

import asyncio
import copy
import json
from urllib.parse import parse_qsl

import pytest

from airflow_provider_pipelines.dli.api.spark.models import SparkBatch, SparkLog, SparkState
from airflow_provider_pipelines.dli.api.sql.models import (
    SqlCheck,
    SqlExport,
    SqlJob,
    SqlJobDetail,
    SqlPreview,
    SqlProgress,
)
from airflow_provider_pipelines.dli.api.sql.models import SqlSubmission as Submission
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.emulator.server.app import Vendors
from airflow_provider_pipelines.errors import InvalidRequest, MalformedReply, NotFound, NotSupported, ServerError

DONE, FAILED, CANCELLED, INSERTED, MADE, ENDLESS = (f"00000000-fa4e-4000-8000-{0x501 + n:012x}" for n in range(6))
SUCCEEDED, DIED, RUNNING = (f"00000000-fa4e-4000-8000-{0x5A1 + n:012x}" for n in range(3))
TAGS = [{"key": "workspace", "value": "space1"}, {"key": "jobName", "value": "name1"}]
SUBMIT = {
    "sql": "SELECT * FROM turbines", "currentdb": "db1", "queue_name": "default", "engine_type": "spark",
    "conf": ["spark.sql.shuffle.partitions=200"], "tags": TAGS, "current_catalog": "dli",
}  # fmt: skip
EXPORT = {
    "data_path": "obs://emulated-bucket/out", "data_type": "csv", "compress": "gzip", "queue_name": "default",
    "export_mode": "Overwrite", "with_column_header": True, "limit_num": 10, "encoding_type": "utf-8",
    "quote_char": "'", "escape_char": "\\",
}  # fmt: skip
CREATE = {
    "file": "obs://emulated-bucket/pi.jar", "class_name": "org.example.Pi", "queue": "test", "args": ["-o", "x"],
    "sc_type": "A", "jars": ["demo-1.0.0.jar"], "py_files": ["a.py"], "files": ["count.txt"],
    "modules": ["sys.datasource.rds"], "resources": [{"name": "groupTest/testJar.jar", "type": "jar"}],
    "groups": [{"name": "g", "resources": [{"name": "testJar.jar", "type": "jar"}]}], "conf": {"spark.a": "b"},
    "name": "TestDemo4", "driver_memory": "2G", "driver_cores": 2, "executor_memory": "2048M", "executor_cores": 1,
    "num_executors": 3, "obs_bucket": "b", "auto_recovery": False, "max_retry_times": 3,
    "execution_agency_urn": "myAgencyName", "catalog_name": "dli", "feature": "basic", "spark_version": "3.3.1",
    "image": "org/image:1",
}  # fmt: skip
LISTED = {
    "start": 1, "end": 2**53, "job_type": "QUERY", "job_types": ["QUERY", "INSERT"], "job_status": "FINISHED",
    "job_id": DONE, "queue_name": "default", "owner": "emulator", "db_name": "d", "table_name": "t",
    "sql_pattern": "FROM turb", "order": "start_time_asc", "tags": "k=v", "engine_type": "spark",
}  # fmt: skip
BATCHES = {
    "job_name": "died", "job_id": DIED, "cluster_name": "default", "queue_name": "default", "state": "dead",
    "start": 1, "end": 2**53, "order": "CREATE_TIME_ASC",
}  # fmt: skip

# hook method, arguments, type of the answer, a fact of it
OPERATIONS = [
    ("submit_sql_job", ["SELECT 1"], {}, Submission, lambda answer: answer.job_mode == "async"),
    ("submit_sql_job", [], SUBMIT, Submission, lambda answer: answer.job_type == "QUERY"),
    ("show_sql_job_status", [FAILED], {}, SqlJob, lambda answer: "no_such_table" in answer.message),
    ("show_sql_job_detail", [DONE], {}, SqlJobDetail, lambda answer: answer.owner == "emulator"),
    ("show_sql_job_progress", [ENDLESS], {}, SqlProgress, lambda answer: answer.status == "RUNNING"),
    ("cancel_sql_job", [ENDLESS], {}, type(None), lambda _: True),
    ("preview_sql_job_result", [DONE], {}, SqlPreview, lambda answer: answer.schema[0] == {"turbine": "string"}),
    ("preview_sql_job_result", [DONE], {"queue_name": "q", "page_size": 2}, SqlPreview, lambda answer: len(answer.rows) == 2),
    ("export_sql_job_result", [DONE], {"data_path": "obs://b/x"}, SqlExport, lambda answer: answer.job_id),
    ("export_sql_job_result", [DONE], EXPORT, SqlExport, lambda answer: answer.job_mode == "async"),
    ("list_sql_jobs", [], {}, list, lambda answer: {DONE, FAILED, CANCELLED} < {job.job_id for job in answer}),
    ("list_sql_jobs", [], LISTED, list, lambda answer: answer == []),
    ("check_sql", ["SELECT 1"], {}, SqlCheck, lambda answer: answer.job_type == "QUERY"),
    ("check_sql", [], {"sql": "DROP TABLE a", "currentdb": "db1"}, SqlCheck, lambda answer: answer.job_type == "DDL"),
    ("create_spark_batch", ["a.jar", "x.Y"], {}, SparkBatch, lambda answer: answer.state == "starting"),
    ("create_spark_batch", [], CREATE, SparkBatch, lambda answer: answer.name == "TestDemo4"),
    ("show_spark_batch_state", [RUNNING], {}, SparkState, lambda answer: answer.state == "running"),
    ("show_spark_batch", [DIED], {}, SparkBatch, lambda answer: "out of memory" in answer.log[0]),
    ("cancel_spark_batch", [RUNNING], {}, type(None), lambda _: True),
    ("list_spark_batches", [], {}, list, lambda answer: {batch.id for batch in answer} == {SUCCEEDED, DIED, RUNNING}),
    ("list_spark_batches", [], BATCHES, list, lambda answer: [batch.id for batch in answer] == [DIED]),
    ("list_spark_batches", [], {"owner": "nobody"}, list, lambda answer: answer == []),
    ("show_spark_batch_log", [DIED], {}, SparkLog, lambda answer: answer.from_ == 0 and "memory" in answer.log[0]),
    ("show_spark_batch_log", [DIED], {"from_": 0, "size": 5, "type": "driver", "index": 0}, SparkLog, lambda answer: answer.log),
]  # fmt: skip
NAMES = [f"{name}-{number}" for number, (name, *_) in enumerate(OPERATIONS)]


@pytest.fixture
def hook(emulator, clock):
    with DliHook() as hook:
        hook.clock = clock
        yield hook


@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(("name", "args", "kwargs", "kind", "fact"), OPERATIONS, ids=NAMES)
def test_an_operation_does_the_same_on_both_faces(emulator, hook, name, args, kwargs, kind, fact, face):
    if face == "sync":
        answer = getattr(hook, name)(*args, **kwargs)
    else:

        async def call():
            async with hook.aio as aio:
                return await getattr(aio, name)(*args, **kwargs)

        answer = asyncio.run(call())
    assert isinstance(answer, kind)
    assert fact(answer)
    assert [call["operation"] for call in emulator.calls(service="dli")] == [name]
    assert [call["status"] for call in emulator.calls()] == [200]
    assert hook.__class__.__dict__.get(name) or getattr(DliHook, name).__doc__


@pytest.mark.parametrize("refuse", [NotFound])
@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [case[:3] for case in OPERATIONS if "_id" in str(case[0]) or (case[1] and len(case[1][0]) == 36)],
    ids=str,
)
def test_what_does_not_exist_is_not_found(hook, name, args, kwargs, refuse):
    with pytest.raises(refuse):
        getattr(hook, name)("00000000-0000-0000-0000-00000000dead", *args[1:], **kwargs)


# beside the vendor's own client


SDK = {
    "submit_sql_job": "create_sql_job",
    "create_spark_batch": "create_spark_job",
    "show_spark_batch_state": "show_spark_job_status",
    "show_spark_batch": "show_spark_job",
    "cancel_spark_batch": "cancel_spark_job",
    "list_spark_batches": "list_spark_jobs",
    "show_spark_batch_log": "show_spark_job_log",
}
RENAMED = {"from_": "_from"}
ID = {"show_sql_job": "job_id", "cancel_sql": "job_id", "preview": "job_id", "export": "job_id"}
PAGES = {"list_sql_jobs": {"page_size": 100, "current_page": 1}, "list_spark_batches": {"_from": 0, "size": 100}}


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("sdk-home")))
        from huaweicloudsdkcore.auth.credentials import BasicCredentials
        from huaweicloudsdkdli import v1

        yield v1, BasicCredentials


@pytest.fixture
def recorded(monkeypatch):
    calls, answer = [], Vendors.answer

    def record(self, call):
        calls.append(call)
        return answer(self, call)

    monkeypatch.setattr(Vendors, "answer", record)
    return calls


def seen(call):
    """Give what a request asks for; members in any order."""
    path = call.raw_path.decode() if isinstance(call.raw_path, bytes) else call.raw_path
    query = call.raw_query.decode() if isinstance(call.raw_query, bytes) else call.raw_query
    return call.method, path, sorted(parse_qsl(query)), json.loads(call.body or b"null")


def vendors_request(v1, name, args, kwargs):
    operation = SDK.get(name, name)
    kind = getattr(v1, f"{operation.title().replace('_', '')}Request")
    given = {RENAMED.get(argument, argument): value for argument, value in kwargs.items()}
    body = getattr(v1, f"{kind.__name__}Body", None)
    if body is None:
        names = [argument for argument in ("job_id", "batch_id") if args and argument in kind.openapi_types]
        return operation, kind(**dict(zip(names, args, strict=True)), **given, **PAGES.get(name, {}))
    first = {"submit_sql_job": ["sql"], "check_sql": ["sql"], "create_spark_batch": ["file", "class_name"]}.get(
        name, []
    )
    if first:
        return operation, kind(body=body(**dict(zip(first, args, strict=False)), **given))
    given.setdefault("data_type", "csv")
    return operation, kind(job_id=args[0], body=body(**given))


# parameters that the vendor's client lacks
LACKING = {"preview_sql_job_result": {"page_size"}, "list_spark_batches": {"owner"}}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("name", "args", "kwargs"), [case[:3] for case in OPERATIONS], ids=NAMES)
def test_a_request_equals_that_of_the_vendors_client(emulator, hook, sdk, recorded, name, args, kwargs):
    v1, credentials = sdk
    kwargs = {argument: value for argument, value in kwargs.items() if argument not in LACKING.get(name, ())}
    getattr(hook, name)(*args, **kwargs)
    emulator.reset()
    connection = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    basic = credentials(connection["login"], connection["password"], connection["extra"]["project_id"])
    client = v1.DliClient.new_builder().with_credentials(basic).with_endpoint(emulator.url).build()
    operation, request = vendors_request(v1, name, args, kwargs)
    getattr(client, operation)(request)
    ours, theirs = recorded
    assert seen(ours) == seen(theirs)


# what the service may answer


@pytest.mark.parametrize(("setting", "name", "args", "kind", "said"), [
    ({"dli_sql_sync_failure": "error"}, "submit_sql_job", ["DROP TABLE no_such_table"], InvalidRequest, "no_such_table"),
    ({"dli_sql_sync_failure": "false"}, "submit_sql_job", ["DROP TABLE no_such_table"], InvalidRequest, "no_such_table"),
    ({"dli_check_sql_error": "error"}, "check_sql", ["SELEKT 1"], InvalidRequest, "SELEKT"),
    ({"dli_check_sql_error": "false"}, "check_sql", ["SELEKT 1"], InvalidRequest, "SELEKT"),
    ({"dli_sql_progress": "error"}, "show_sql_job_progress", [ENDLESS], ServerError, "DLI.0999"),
    ({"dli_sql_result_seconds": 0}, "preview_sql_job_result", [DONE], InvalidRequest, "DLI.0100"),
    ({"dli_sql_cancelled": "gone"}, "show_sql_job_status", [CANCELLED], NotFound, "DLI.0002"),
    ({}, "preview_sql_job_result", [INSERTED], InvalidRequest, "QUERY"),
    ({}, "cancel_sql_job", [DONE], InvalidRequest, "cannot be cancelled"),
    ({}, "cancel_spark_batch", [SUCCEEDED], InvalidRequest, "cannot be cancelled"),
    ({}, "submit_sql_job", ["SELEKT 1"], InvalidRequest, "DLI.0004"),
])  # fmt: skip
def test_a_refusal_carries_the_services_words(emulator, hook, setting, name, args, kind, said):
    emulator.settings(**setting)
    emulator.advance(1)
    with pytest.raises(kind, match=said.replace(".", r"\.")):
        getattr(hook, name)(*args)


def test_a_statement_that_is_carried_out_at_once_has_its_result_in_the_answer(hook):
    answer = hook.submit_sql_job("desc table1")
    assert (answer.job_mode, answer.schema[0], answer.rows[0]) == ("sync", {"col_name": "string"}, ["c1", "int", None])
    assert answer.model_dump()["schema"] == answer.schema


def test_all_pages_of_the_jobs_are_read(emulator, hook):
    (project,) = emulator.server.world.dli_projects.values()
    for things, template in ((project.sql_jobs, DONE), (project.spark_batches, DIED)):
        for number in range(250):
            things[f"thing-{number}"] = another = copy.copy(things[template])
            another.id = f"thing-{number}"
    assert len(hook.list_sql_jobs()) == 256
    assert len(hook.list_spark_batches()) == 253
    # three pages each, and the first two once more
    assert len(emulator.calls()) == 10


def test_a_part_of_the_jobs_is_not_taken_for_all_of_them(emulator, hook, monkeypatch):
    monkeypatch.setattr("airflow_provider_pipelines.dli.api.sql.jobs.PAGE_SIZE", 2)
    monkeypatch.setattr("airflow_provider_pipelines.dli.api.sql.jobs.LAST_PAGE", 2)
    with pytest.raises(MalformedReply, match="the list goes on behind page 2"):
        hook.list_sql_jobs()
    assert len(hook.list_sql_jobs(job_status="FINISHED")) < 4


def test_an_edition_without_the_log_says_so(emulator, hook):
    emulator.fault(
        "show_spark_batch_log",
        service="dli",
        kind="reply",
        status=404,
        body={"error_code": "APIG.0101", "error_msg": "The API does not exist or has not been published"},
    )
    with pytest.raises(NotSupported, match="may not offer show_spark_batch_log"):
        hook.show_spark_batch_log(DIED)
