"""Read the services through connections that somebody filled in by hand."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_pipelines.codearts.operators import CodeArtsListPipelinesOperator
from airflow_provider_pipelines.dli.operators import DliListJobsOperator
from airflow_provider_pipelines.enos.operators import EnosListPipelinesOperator

with DAG("read_back", schedule=None):
    EnosListPipelinesOperator(task_id="enos", enos_conn_id="enos_by_hand")
    DliListJobsOperator(task_id="dli", huaweicloud_conn_id="huaweicloud_by_hand")
    CodeArtsListPipelinesOperator(task_id="codearts", huaweicloud_conn_id="huaweicloud_by_hand")
