"""
DLI: the operations of all its parts.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/
"""

from __future__ import annotations

from airflow_provider_pipelines.emulator.dli.routes import flink_definitions as dli_flink_definitions
from airflow_provider_pipelines.emulator.dli.routes import flink_graphs as dli_flink_graphs
from airflow_provider_pipelines.emulator.dli.routes import flink_jobs as dli_jobs
from airflow_provider_pipelines.emulator.dli.routes import flink_savepoints as dli_flink_savepoints
from airflow_provider_pipelines.emulator.dli.routes import flink_templates as dli_flink_templates
from airflow_provider_pipelines.emulator.dli.routes import spark as dli_spark
from airflow_provider_pipelines.emulator.dli.routes import sql as dli_sql
from airflow_provider_pipelines.emulator.dli.routes import sql_results as dli_sql_results

table = [
    *dli_jobs.table,
    *dli_flink_definitions.table,
    *dli_flink_savepoints.table,
    *dli_flink_graphs.table,
    *dli_flink_templates.table,
    *dli_sql.table,
    *dli_sql_results.table,
    *dli_spark.table,
]
