"""Bad input about SQL jobs and Spark batches never reaches the service, and the message names the argument."""

import json

import pytest

from airflow_provider_pipelines.core.verbs.marker import Marker
from airflow_provider_pipelines.dli.api.spark.bodies import LONGEST_NAME, create_body
from airflow_provider_pipelines.dli.api.sql.bodies import conf_list, tag_list
from airflow_provider_pipelines.dli.flows.spark_batches import ROOM, marked_name
from airflow_provider_pipelines.dli.operators import DliSparkBatchOperator, DliSqlJobOperator
from airflow_provider_pipelines.dli.sensors import DliSparkBatchSensor, DliSqlJobSensor
from airflow_provider_pipelines.errors import ArgumentError
from tests.dli.conftest import answering, sample
from tests.support.airflow import AirflowFailException
from tests.support.modes import context_of, on

JOB = "8ecb0777-9c70-4529-9935-29ea0946039c"


def sql(**arguments):
    return DliSqlJobOperator(task_id="task", **{"sql": "select 1", **arguments})


def spark(**arguments):
    return DliSparkBatchOperator(task_id="task", **{"file": "a.jar", "class_name": "x", **arguments})


BAD = [
    (sql, {"sql": ""}, "sql"),
    (sql, {"sql": None}, "sql"),
    (sql, {"sql": 7}, "sql"),
    (sql, {"currentdb": "1"}, "currentdb"),
    (sql, {"queue_name": "_q"}, "queue_name"),
    (sql, {"queue_name": "a-b"}, "queue_name"),
    (sql, {"queue_name": 5}, "queue_name"),
    (sql, {"current_catalog": ""}, "current_catalog"),
    (sql, {"engine_type": "presto"}, "engine_type"),
    (sql, {"conf": "a=b"}, "conf"),
    (sql, {"conf": 5}, "conf"),
    (sql, {"conf": ["a"]}, "conf"),
    (sql, {"conf": ["=b"]}, "conf"),
    (sql, {"conf": {"a=b": 1}}, "conf"),
    (sql, {"conf": {"": 1}}, "conf"),
    (sql, {"conf": {"a": None}}, "conf"),
    (sql, {"tags": "a"}, "tags"),
    (sql, {"tags": 5}, "tags"),
    (sql, {"tags": ["a"]}, "tags"),
    (sql, {"tags": [{"key": "a"}]}, "tags"),
    (sql, {"tags": {"": "b"}}, "tags"),
    (sql, {"tags": {"a": 5}}, "tags"),
    (sql, {"tags": {"a" * 129: "b"}}, "tags"),
    (sql, {"tags": {"a": "b" * 256}}, "tags"),
    (sql, {"tags": {"airflow": "mine"}}, "tags: the key 'airflow'"),
    (sql, {"preview": "maybe"}, "preview"),
    (sql, {"project_id": "../x"}, "project_id"),
    (spark, {"file": ""}, "file"),
    (spark, {"file": None}, "file"),
    (spark, {"class_name": None}, "class_name"),
    (spark, {"queue": ""}, "queue"),
    (spark, {"queue": "q", "cluster_name": "q"}, "cluster_name"),
    (spark, {"args": "x"}, "args"),
    (spark, {"args": {"a": 1}}, "args"),
    (spark, {"args": [None]}, "args"),
    (spark, {"jars": [""]}, "jars"),
    (spark, {"sc_type": "D"}, "sc_type"),
    (spark, {"feature": "fast"}, "feature"),
    (spark, {"resources": ["a"]}, "resources"),
    (spark, {"groups": "a"}, "groups"),
    (spark, {"conf": ["a=b"]}, "conf"),
    (spark, {"name": "x" * (LONGEST_NAME - ROOM + 1)}, "name"),
    (spark, {"driver_memory": "2"}, "driver_memory"),
    (spark, {"executor_memory": 2}, "executor_memory"),
    (spark, {"driver_cores": -1}, "driver_cores"),
    (spark, {"num_executors": "many"}, "num_executors"),
    (spark, {"max_retry_times": 101}, "max_retry_times"),
    (spark, {"auto_recovery": "maybe"}, "auto_recovery"),
    (spark, {"catalog_name": 5}, "catalog_name"),
]


@pytest.mark.parametrize(("make", "arguments", "said"), BAD)
def test_an_operator_refuses_bad_input_before_any_call(emulator, clock, make, arguments, said):
    with pytest.raises(AirflowFailException, match=f"^{said}"):
        on(make(**arguments), clock).execute(context_of())
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: DliSqlJobSensor(task_id="task", job_id="../x"), "job_id"),
        (lambda: DliSqlJobSensor(task_id="task", job_id=5), "job_id"),
        (lambda: DliSqlJobSensor(task_id="task", job_id=JOB, target_status="DONE"), "target_status"),
        (lambda: DliSqlJobSensor(task_id="task", job_id=JOB, project_id="/"), "project_id"),
        (lambda: DliSparkBatchSensor(task_id="task", batch_id=None), "batch_id"),
        (lambda: DliSparkBatchSensor(task_id="task", batch_id=JOB, target_status="Success"), "target_status"),
    ],
)
def test_a_sensor_refuses_bad_input_before_any_call(emulator, clock, make, said):
    with pytest.raises(ArgumentError, match=f"^{said}"):
        on(make(), clock).poke(context_of())
    assert emulator.calls() == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda api: api.show_sql_job_status("a/b"), "job_id"),
        (lambda api: api.show_sql_job_progress(""), "job_id"),
        (lambda api: api.cancel_sql_job(128), "job_id"),
        (lambda api: api.preview_sql_job_result(JOB, page_size=1001), "page_size"),
        (lambda api: api.preview_sql_job_result(JOB, queue_name="-"), "queue_name"),
        (lambda api: api.export_sql_job_result(JOB, data_path=""), "data_path"),
        (lambda api: api.export_sql_job_result(JOB, data_path="o", data_type="xml"), "data_type"),
        (lambda api: api.export_sql_job_result(JOB, data_path="o", data_type=None), "data_type"),
        (lambda api: api.export_sql_job_result(JOB, data_path="o", export_mode="append"), "export_mode"),
        (lambda api: api.export_sql_job_result(JOB, data_path="o", with_column_header="x"), "with_column_header"),
        (lambda api: api.export_sql_job_result(JOB, data_path="o", limit_num=-1), "limit_num"),
        (lambda api: api.export_sql_job_result(JOB, data_path="o", quote_char=""), "quote_char"),
        (lambda api: api.list_sql_jobs(start=-1), "start"),
        (lambda api: api.list_sql_jobs(job_types="QUERY"), "job_types"),
        (lambda api: api.list_sql_jobs(job_types=[]), "job_types"),
        (lambda api: api.list_sql_jobs(job_types=[7]), "job_types"),
        (lambda api: api.list_sql_jobs(order="random"), "order"),
        (lambda api: api.list_sql_jobs(owner=""), "owner"),
        (lambda api: api.check_sql(" "), "sql"),
        (lambda api: api.show_spark_batch("a b"), "batch_id"),
        (lambda api: api.show_spark_batch_state(None), "batch_id"),
        (lambda api: api.cancel_spark_batch(1), "batch_id"),
        (lambda api: api.show_spark_batch_log(JOB, size=-1), "size"),
        (lambda api: api.show_spark_batch_log(JOB, type=""), "type"),
        (lambda api: api.list_spark_batches(end="never"), "end"),
        (lambda api: api.list_spark_batches(job_id="a b"), "job_id"),
        (lambda api: api.list_spark_batches(state=""), "state"),
    ],
)
def test_a_hook_method_refuses_bad_input_before_any_call(api, call, said):
    driver = answering()
    with pytest.raises(ArgumentError, match=f"^{said}"):
        driver.run(call(api))
    assert driver.requests == []


def test_settings_may_be_a_mapping_or_the_vendors_list():
    assert conf_list({"a": 1, "b": True, "c": "x=y", "d": 0.5}) == ["a=1", "b=true", "c=x=y", "d=0.5"]
    assert conf_list(["dli.sql.shuffle.partitions = 200"]) == ["dli.sql.shuffle.partitions = 200"]
    assert conf_list('{"a": 1}') == ["a=1"]
    assert conf_list('["a=1"]') == ["a=1"]


def test_tags_may_be_a_mapping_or_the_vendors_list():
    listed = [{"key": "a", "value": "b"}]
    assert tag_list({"a": "b"}) == tag_list(listed) == tag_list(json.dumps(listed)) == listed


def test_what_a_template_rendered_as_text_is_read(emulator, clock):
    task = spark(
        args='["1", 2]',
        driver_cores="2",
        auto_recovery="true",
        conf='{"a": 1}',
        resources='[{"name": "a", "type": "jar"}]',
    )
    body = create_body(**task.body())
    assert body == {
        "file": "a.jar", "className": "x", "args": ["1", "2"], "driverCores": 2, "auto_recovery": True,
        "conf": {"a": 1}, "resources": [{"name": "a", "type": "jar"}],
    }  # fmt: skip


def test_requests_are_sent_as_documented(api):
    driver = answering(sample("sql_submit.response"), sample("spark_create.response"))
    submitted = driver.run(api.submit_sql_job(**sample("sql_submit.request")))
    assert (submitted.job_id, submitted.job_mode, len(submitted.rows)) == (JOB, "sync", 2)
    documented = sample("spark_create.request.corrected")
    given = {name: value for name, value in documented.items() if name != "className"}
    created = driver.run(api.create_spark_batch(class_name=documented["className"], **given))
    assert (created.id, created.state) == ("07a3e4e6-9a28-4e92-8d3f-9c538621a166", "starting")
    assert [json.loads(request.body) for request in driver.requests] == [sample("sql_submit.request"), documented]
    assert not any(request.repeatable for request in driver.requests)


def test_airflows_own_queue_stays_airflows():
    task = spark(queue="dli_queue_1", resources=[{"name": "a", "type": "jar"}])
    assert (task.queue, task.dli_queue) == ("default", "dli_queue_1")
    assert create_body(**task.body())["queue"] == "dli_queue_1"
    assert create_body(**spark(dli_queue="q").body())["queue"] == "q"
    assert task.resources is None


def test_a_marked_name_fits():
    marker = Marker("0" * 16, "1" * 12, 999999, "2" * 6)
    assert len(marked_name("x" * (LONGEST_NAME - ROOM), marker)) == LONGEST_NAME
    assert Marker.read(marked_name(None, marker)) == Marker.read(marked_name("nightly", marker)) == marker


def test_a_marker_fits_the_older_limit_of_a_tags_value():
    assert len(Marker("0" * 16, "1" * 12, 999999, "2" * 6).word) <= 43
