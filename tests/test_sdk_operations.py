"""
Every operation that the vendors' documents list: what the hook calls it, and what the official client calls it.

From this table follows what has to be tried: each method of a hook is in it, and what an official client has is run
against the emulator, its signature accepted and refused altered, and its request compared with the hook's.
"""

import ast
from pathlib import Path

import pytest

from tests.codearts.test_sdk_requests import CASES as CODEARTS_COMPARED
from tests.dli.test_sdk_requests import CASES as FLINK_COMPARED
from tests.dli.test_sql_spark_hook import OPERATIONS as SQL_SPARK_COMPARED
from tests.emulator.dli.test_official_client import CALLS as DLI_RUN
from tests.emulator.test_official_operations import CODEARTS as CODEARTS_RUN
from tests.emulator.test_official_operations import IAM as IAM_RUN
from tests.test_properties_operations import shown

HERE = Path(__file__).parent

#: hook method, and the client's where it has another name; None where the client has none
CODEARTS = {
    "run_pipeline": "run_pipeline",
    "stop_pipeline_run": "stop_pipeline_run",
    "show_pipeline_run_detail": "show_pipeline_run_detail",
    "list_pipeline_runs": "list_pipeline_runs",
    "list_pipelines": "list_pipelines",
    "batch_show_pipelines_latest_status": "batch_show_pipelines_latest_status",
    "retry_pipeline_run": "retry_pipeline_run",
    "accept_manual_review": "accept_manual_review",
    "reject_manual_review": "reject_manual_review",
    "accept_checkpoint": "accept_checkpoint",
    "reject_checkpoint": None,
    "accept_delay_job": None,
    "reject_delay_job": None,
    "continue_delay_job": None,
    "resume_pipeline": None,
    "list_pipeline_queue": None,
    "cancel_pipeline_queue": None,
    "show_pipeline_log": "show_pipeline_log",
    "show_pipeline_exec_log": None,
    "show_step_outputs": "show_step_outputs",
    "show_pipeline_artifacts": "show_pipeline_artifacts",
    "show_step_jump_link": None,
    "list_run_variables": None,
    "list_runtime_variables": None,
    "list_system_variables": None,
    "list_trigger_failed_records": None,
    "batch_run_pipeline": None,
    "show_batch_run_result": None,
    "run_yaml_pipeline": None,
    "show_pipeline_detail": "show_pipeline_detail",
    "disable_pipeline": None,
    "enable_pipeline": None,
    "create_pipeline": "create_pipeline_new",
    "update_pipeline": "update_pipeline_info",
    "delete_pipeline": "delete_pipeline",
    "create_pipeline_by_template": "create_pipeline_by_template_id",
}
#: not here: what edge nodes call (``edgesrv``) and the tags of a job, of which the documents give no more than the paths
DLI = {
    "create_flink_sql_job": "create_flink_sql_job",
    "update_flink_sql_job": "update_flink_sql_job",
    "create_flink_jar_job": "create_flink_jar_job",
    "update_flink_jar_job": "update_flink_jar_job",
    "batch_run_flink_jobs": "batch_run_flink_jobs",
    "batch_stop_flink_jobs": "batch_stop_flink_jobs",
    "delete_flink_job": "delete_flink_job",
    "batch_delete_flink_jobs": "batch_delete_flink_jobs",
    "list_flink_jobs": "list_flink_jobs",
    "show_flink_job": "show_flink_job",
    "show_flink_job_execution_graph": "show_flink_job_execution_graph",
    "show_flink_metric": "show_flink_metric",
    "execute_flink_job_savepoint": "execute_flink_job_savepoint",
    "import_flink_job_savepoint": "import_flink_job_savepoint",
    "export_flink_jobs": "export_flink_jobs",
    "import_flink_jobs": "import_flink_jobs",
    "register_bucket": "register_bucket",
    "create_flink_sql_job_graph": "create_flink_sql_job_graph",
    "list_job_templates": "list_flink_sql_job_templates",
    "create_job_template": "create_flink_sql_job_template",
    "update_job_template": "update_flink_sql_job_template",
    "delete_job_template": "delete_flink_sql_job_template",
    "list_global_variables": "list_global_variables",
    "create_global_variable": "create_global_variable",
    "update_global_variable": "update_global_variable",
    "delete_global_variable": "delete_global_variable",
    "submit_sql_job": "create_sql_job",
    "show_sql_job_status": "show_sql_job_status",
    "show_sql_job_detail": "show_sql_job_detail",
    "show_sql_job_progress": "show_sql_job_progress",
    "cancel_sql_job": "cancel_sql_job",
    "preview_sql_job_result": "preview_sql_job_result",
    "export_sql_job_result": "export_sql_job_result",
    "list_sql_jobs": "list_sql_jobs",
    "check_sql": "check_sql",
    "create_spark_batch": "create_spark_job",
    "show_spark_batch_state": "show_spark_job_status",
    "show_spark_batch": "show_spark_job",
    "cancel_spark_batch": "cancel_spark_job",
    "list_spark_batches": "list_spark_jobs",
    "show_spark_batch_log": "show_spark_job_log",
}
UNASKED = "no hook asks for it"
#: the client's operation, and the test in huaweicloud/test_sdk.py that compares what a hook asks for
IAM = {
    "keystone_create_user_token_by_password": "test_the_token_for_a_password_is_asked_for_as_the_vendor_does",
    "keystone_create_user_token_by_password_and_mfa": UNASKED,
    "keystone_create_agency_token": "test_the_token_for_an_agency_is_asked_for_as_the_vendor_does",
    "keystone_validate_token": UNASKED,
    "create_temporary_access_key_by_token": UNASKED,
    "create_temporary_access_key_by_agency": "test_temporary_keys_for_an_agency_are_asked_for_as_the_vendor_does",
    "create_token_with_id_token": UNASKED,
    "keystone_list_projects": "test_the_look_up_of_the_project_is_the_vendors",
    "keystone_list_auth_domains": UNASKED,
}


@pytest.mark.parametrize(("vendor", "table", "count"), [("codearts", CODEARTS, 36), ("dli", DLI, 41)])
def test_a_listed_operation_is_a_hook_method_and_no_hook_method_is_unlisted(vendor, table, count):
    assert table.keys() == shown(vendor)
    assert len(table) == count


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """Load the clients; they write a file in the home directory when they are imported."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("sdk-home")))
        from huaweicloudsdkcodeartspipeline import v2
        from huaweicloudsdkdli import v1
        from huaweicloudsdkiam import v3

        yield {"codearts": v2.CodeArtsPipelineClient, "dli": v1.DliClient, "iam": v3.IamClient}


def test_the_clients_have_what_the_table_says_and_nothing_more_of_it(clients):
    for vendor, table in (("codearts", CODEARTS), ("dli", DLI), ("iam", dict.fromkeys(IAM))):
        names = set(table) if vendor == "iam" else {theirs for theirs in table.values() if theirs}
        assert {name for name in names if not hasattr(clients[vendor], name)} == set()
    lacking = {ours for ours, theirs in CODEARTS.items() if theirs is None}
    assert {ours for ours in lacking if hasattr(clients["codearts"], ours)} == set(), "compare what is new"


def test_every_operation_of_a_client_is_run_and_its_signature_tried():
    assert {one[0] for one in CODEARTS_RUN} == {theirs for theirs in CODEARTS.values() if theirs}
    assert {(one[0], one[1]) for one in DLI_RUN} == set(DLI.items())
    assert {one[0] for one in IAM_RUN} == set(IAM)


def test_every_request_of_a_client_is_compared_with_the_hooks():
    assert {one[0] for one in CODEARTS_COMPARED} == {ours for ours, theirs in CODEARTS.items() if theirs}
    compared = {one[0]: one[3] or one[0] for one in FLINK_COMPARED}
    assert compared == {ours: theirs for ours, theirs in DLI.items() if ours in compared}
    assert compared.keys() | {one[0] for one in SQL_SPARK_COMPARED} == DLI.keys()
    tests = {
        node.name
        for node in ast.parse((HERE / "huaweicloud" / "test_sdk.py").read_text()).body
        if hasattr(node, "name")
    }
    assert {test for test in IAM.values() if test is not UNASKED} <= tests
