"""Every operation of every hook with arguments to call it by, and what a success of it has to say."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.enos.hook import EnosHook
from airflow_provider_pipelines.hook.connection import Fields
from airflow_provider_pipelines.hook.faces import operation
from tests.enos import test_operations as enos

SAMPLES = Path(__file__).parent / "samples"
PROJECT = "93d8e0553c20411fba06bb112b5b59af"
HUAWEI = {
    "region": "eu-de", "cloud": "otc", "codearts_project_id": PROJECT, "project_id": PROJECT,
    "codearts_endpoint": "https://codearts.example.com", "dli_endpoint": "https://dli.example.com",
    "iam_endpoint": "https://iam.example.com",
}  # fmt: skip
HOOKS = {
    "enos": (EnosHook(), Fields("c", "enos", "https://enos.example.com", None, "ak", "sk", {"org_id": "o1"})),
    # the savepoint calls are refused for Open Telekom Cloud before any request
    "codearts": (CodeArtsHook(), Fields("c", "huaweicloud", login="ak", password="sk", extra=HUAWEI)),
    "dli": (DliHook(), Fields("c", "huaweicloud", login="ak", password="sk", extra={**HUAWEI, "cloud": "huaweicloud"})),
}


QUEUED = ("DEVPIPE.00011169", "DEVPIPE.00011170")


def sample(name):
    """Give the documented answer of a sample file."""
    found = json.loads((SAMPLES / f"{name}.json").read_text())
    return found["response"]["body"] if name.startswith("codearts/") else found


def yes(value):
    """Tell whether a member says yes, as a boolean or as text."""
    return value is True or (isinstance(value, str) and value.strip().lower() == "true")


def failing(body):
    """Tell whether an answer of Huawei Cloud carries an error code."""
    return isinstance(body, dict) and isinstance(body.get("error_code"), str) and body["error_code"] != ""


def zero(body):
    """EnOS: code 0, and no other number beside it."""
    said = [body[name] for name in ("apim_status", "status", "code") if body.get(name) is not None]
    whole = [str(value) for value in said if type(value) in (int, str)]
    return bool(said) and len(whole) == len(said) and all(text.lstrip("-").strip("0") == "" and text for text in whole)


def success(body):
    return isinstance(body, dict) and yes(body.get("success")) and not failing(body)


def run(body):
    if not isinstance(body, dict):
        return False
    code, inner = body.get("error_code"), body.get("error")
    if code in QUEUED:
        return isinstance(inner, dict) and bool(inner.get("pipeline_run_id"))
    return bool(body.get("pipeline_run_id")) and not failing(body)


def retried(body):
    return success(body) or (isinstance(body, dict) and body.get("error_code") in QUEUED)


def changed(body):
    return isinstance(body, dict) and bool(body.get("pipeline_id")) and not failing(body)


def unqueued(body):
    return isinstance(body, dict) and bool(body.get("pipeline_run_id")) and not failing(body)


def batch(body):
    rows = body.get("result") if isinstance(body, dict) else body
    return isinstance(rows, list) and bool(rows) and all(row.get("pipeline_id") for row in rows)


def said(body):
    """DLI: is_success, and no error in the message either."""
    if not isinstance(body, dict) or not yes(body.get("is_success")) or failing(body):
        return False
    try:
        inner = json.loads(body.get("message") or "")
    except (TypeError, ValueError, RecursionError):
        return True
    return not isinstance(inner, dict) or not (
        failing(inner) or str(inner.get("is_success", "true")).lower() == "false"
    )


def any_said(body):
    return any(said(entry) for entry in (body if isinstance(body, list) else [body]))


def submitted(body):
    return said(body) and (bool(body.get("job_id")) or body.get("job_mode") == "sync")


def deleted(body):
    return isinstance(body, dict) and str(body.get("msg")).strip().lower() == "deleted"


def created(body):
    return isinstance(body, dict) and bool(body.get("id")) and bool(body.get("state")) and not failing(body)


@dataclass(frozen=True)
class Operation:
    """
    One operation and how to call it.

    :param answer: a good answer, as documented
    :param confirms: tells whether an answer says that a write was carried out; None for what only reads
    :param once: whether it must not be sent again after an answer that leaves it open what came of it
    """

    vendor: str
    name: str
    args: tuple[Any, ...]
    answer: Any
    confirms: Any = None
    once: bool = False
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __str__(self):
        return f"{self.vendor}-{self.name}"


def read(vendor, name, answer, /, *args, **kwargs):
    return Operation(vendor, name, args, answer, kwargs=kwargs)


def once(vendor, name, answer, confirms, /, *args, **kwargs):
    return Operation(vendor, name, args, answer, confirms, True, kwargs)


def again(vendor, name, answer, confirms, /, *args, **kwargs):
    return Operation(vendor, name, args, answer, confirms, False, kwargs)


def zeroed(data=None):
    return {"code": 0, "msg": "OK", **({} if data is None else {"data": data})}


P, R, J, S = "p1", "de6c9098f45a4ac58a6efc9c1b81df82", "j1", "s1"
UUID = "85798b38-ae44-48eb-bb90-7cf0dcdafe7b"
YES = {"success": True}
OK = {"is_success": "true", "message": ""}
MADE = {"name": "made", "is_publish": False, "definition": "{}"}
ID = {"pipeline_id": P}
VARIABLES = {"offset": 0, "limit": 10, "total": 1, "variables": [{"name": "v", "value": "1", "is_runtime": True}]}
STAGE = ("p1", "LatePointTagger_01", ["a"], ["b"])


def about(operation, name):
    """Give the read of a thing whose id is the sample's: an answer about another one is refused."""
    answer = sample(name)
    return read("dli", operation, answer, answer.get("job_id") or answer["id"])


# the sample shows one of the 26 jobs that it tells of
ONE_JOB = sample("dli/flink_list.response")
ONE_JOB["job_list"]["total_count"] = 1

OPERATIONS = [
    read("enos", "list_pipelines", sample("enos/list_pipelines.response.constructed")),
    read("enos", "get_status", sample("enos/list_pipelines.response.constructed"), "565c0114-9585-4372-86d1-50dde5ab8ce4"),
    read("enos", "get_pipeline_details", sample("enos/get_pipeline_details.response.partial"), "eec1c103-xxxx-44f6-9045-696dd1c873bb"),
    read("enos", "get_pipeline_offset_lag", sample("enos/get_pipeline_offset_lag.response"), P),
    read("enos", "get_stage_state", sample("enos/get_stage_state.response.partial"), *STAGE),
    once("enos", "save_pipeline", zeroed("p9"), zero, body={"name": "x"}),
    *(once("enos", verb, zeroed(), zero, P, *enos.OPERATIONS[verb][0][1:]) for verb in enos.VERBS),
    once("enos", "delete_stage_state", sample("enos/delete_stage_state.response"), zero, *STAGE),

    once("codearts", "run_pipeline", sample("codearts/run_pipeline_minimal"), run, P),
    again("codearts", "stop_pipeline_run", YES, success, P, R),
    read("codearts", "show_pipeline_run_detail", sample("codearts/run_detail_running"), P, R),
    read("codearts", "list_pipeline_runs", sample("codearts/list_runs"), P),
    read("codearts", "list_pipelines", {"offset": 0, "limit": 50, "total": 1, "pipelines": [{"pipeline_id": P, "name": "n"}]}),
    read("codearts", "batch_show_pipelines_latest_status", sample("codearts/batch_latest_status"), [P]),
    once("codearts", "retry_pipeline_run", YES, retried, P, R),
    once("codearts", "accept_manual_review", YES, success, P, R, J, S),
    once("codearts", "reject_manual_review", YES, success, P, R, J, S),
    once("codearts", "accept_checkpoint", YES, success, P, R, S),
    once("codearts", "reject_checkpoint", YES, success, P, R, S),
    once("codearts", "accept_delay_job", YES, success, P, R, J, S),
    once("codearts", "reject_delay_job", YES, success, P, R, J, S),
    once("codearts", "continue_delay_job", YES, success, P, R, J, S),
    once("codearts", "resume_pipeline", YES, success, P, R, J, S),
    read("codearts", "list_pipeline_queue", sample("codearts/list_queue"), P),
    again("codearts", "cancel_pipeline_queue", {"pipeline_run_id": R}, unqueued, P, R, 1),
    read("codearts", "show_pipeline_log", sample("codearts/query_logs"), P, R, J, S),
    read("codearts", "show_pipeline_exec_log", sample("codearts/query_logs"), P, R, J, S),
    read("codearts", "show_step_outputs", sample("codearts/step_outputs"), P, R),
    read("codearts", "show_pipeline_artifacts", {"artifacts": [{"name": "app.jar"}]}, P, R),
    read("codearts", "show_step_jump_link", {"jumpLink": "https://example.com"}, P, R, J, S),
    read("codearts", "list_run_variables", VARIABLES, P, R),
    read("codearts", "list_runtime_variables", VARIABLES, P),
    read("codearts", "list_system_variables", VARIABLES, P),
    read("codearts", "list_trigger_failed_records", {"total": 1, "triggerFailedRecordVOS": [{"reason": "x"}]}, P),
    once("codearts", "batch_run_pipeline", {"result": [{"pipeline_id": P, "pipeline_run_id": R}]}, batch, [P]),
    read("codearts", "show_batch_run_result", sample("codearts/batch_run_result"), [{"pipeline_id": P, "pipeline_run_id": R}]),
    once("codearts", "run_yaml_pipeline", sample("codearts/run_pipeline_minimal"), run, P, branch="main"),
    read("codearts", "show_pipeline_detail", {"id": P, "name": "n", "banned": False}, P),
    again("codearts", "disable_pipeline", True, yes, P),
    again("codearts", "enable_pipeline", True, yes, P),
    once("codearts", "create_pipeline", ID, changed, body=MADE),
    again("codearts", "update_pipeline", ID, changed, P, body=MADE),
    again("codearts", "delete_pipeline", ID, changed, P),
    once("codearts", "create_pipeline_by_template", ID, changed, "t1", body={"name": "made", "is_publish": False}),

    once("dli", "batch_run_flink_jobs", sample("dli/flink_run.response"), any_said, [128, 137]),
    once("dli", "batch_stop_flink_jobs", sample("dli/flink_stop.response"), any_said, [128, 137], trigger_savepoint=True),
    once("dli", "batch_delete_flink_jobs", sample("dli/flink_delete_batch.response"), any_said, [128, 137]),
    once("dli", "delete_flink_job", sample("dli/flink_delete_one.response"), said, 128),
    read("dli", "list_flink_jobs", ONE_JOB),
    read("dli", "show_flink_job", sample("dli/flink_detail.response"), 104),
    once("dli", "create_flink_sql_job", sample("dli/flink_sql_create.response"), said, {"name": "j"}),
    again("dli", "update_flink_sql_job", sample("dli/flink_sql_update.response"), said, 128, {"name": "j"}),
    once("dli", "create_flink_jar_job", sample("dli/flink_jar_create.response"), said, {"name": "j"}),
    again("dli", "update_flink_jar_job", sample("dli/flink_jar_update.response"), said, 128, {"name": "j"}),
    read("dli", "show_flink_job_execution_graph", sample("dli/flink_execute_graph.response"), 128),
    read("dli", "show_flink_metric", sample("dli/flink_metrics.response"), [128]),
    read("dli", "create_flink_sql_job_graph", sample("dli/flink_gen_graph.response.shortened"), 128, sql_body="x"),
    once("dli", "execute_flink_job_savepoint", sample("dli/flink_savepoint.response"), said, 128, "obs://b/f/"),
    again("dli", "import_flink_job_savepoint", sample("dli/flink_import_savepoint.response"), said, 128, "obs://b/f/"),
    once("dli", "export_flink_jobs", sample("dli/flink_export.response"), said, "b/f"),
    once("dli", "import_flink_jobs", sample("dli/flink_import.response"), said, "b/f.zip"),
    again("dli", "register_bucket", sample("dli/obs_authorize.response"), said, ["b"]),
    read("dli", "list_job_templates", {**OK, "template_list": {"total_count": 1, "templates": [{"template_id": 1}]}}),
    once("dli", "create_job_template", {**OK, "template": {"template_id": 1, "name": "t"}}, said, "t"),
    again("dli", "update_job_template", OK, said, 1, name="t"),
    again("dli", "delete_job_template", OK, said, 1),
    read("dli", "list_global_variables", {**OK, "count": 1, "global_vars": [{"id": 1, "var_name": "v"}]}),
    once("dli", "create_global_variable", OK, said, "v", "1"),
    again("dli", "update_global_variable", OK, said, "v", "1"),
    again("dli", "delete_global_variable", OK, said, "v"),
    once("dli", "submit_sql_job", sample("dli/sql_submit.response"), submitted, "SELECT 1"),
    about("show_sql_job_status", "dli/sql_status.response"),
    read("dli", "show_sql_job_detail", {**OK, "job_id": UUID}, UUID),
    read("dli", "show_sql_job_progress", sample("dli/sql_progress.response"), UUID),
    once("dli", "cancel_sql_job", sample("dli/sql_cancel.response"), said, UUID),
    about("preview_sql_job_result", "dli/sql_preview.response"),
    once("dli", "export_sql_job_result", {**OK, "job_id": UUID, "job_mode": "async"}, said, UUID, data_path="obs://b/f"),
    read("dli", "list_sql_jobs", {**OK, "job_count": 1, "jobs": [{"job_id": UUID, "status": "RUNNING"}]}),
    read("dli", "check_sql", {**OK, "job_type": "QUERY"}, "SELECT 1"),
    once("dli", "create_spark_batch", sample("dli/spark_create.response"), created, "obs://b/x.jar", "Main"),
    about("show_spark_batch_state", "dli/spark_state.response"),
    about("show_spark_batch", "dli/spark_create.response"),
    once("dli", "cancel_spark_batch", sample("dli/spark_cancel.response"), deleted, UUID),
    read("dli", "list_spark_batches", {"from": 0, "total": 1, "sessions": [sample("dli/spark_create.response")]}),
    read("dli", "show_spark_batch_log", {"id": UUID, "from": 0, "total": 1, "log": ["x"]}, UUID),
]  # fmt: skip


def shown(vendor):
    """Give the names of the operations that a hook shows."""
    return {
        name
        for kind in type(HOOKS[vendor][0]).__mro__
        for name, member in vars(kind).items()
        if isinstance(member, operation)
    }


@pytest.mark.parametrize("vendor", HOOKS)
def test_every_operation_of_a_hook_is_in_the_table_once(vendor):
    named = [entry.name for entry in OPERATIONS if entry.vendor == vendor]
    assert sorted(named) == sorted(shown(vendor))
