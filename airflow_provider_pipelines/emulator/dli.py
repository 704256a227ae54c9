"""
DLI: the operations of all its parts.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/
"""

from __future__ import annotations

from airflow_provider_pipelines.emulator import (
    dli_flink_definitions,
    dli_flink_graphs,
    dli_flink_savepoints,
    dli_flink_templates,
    dli_jobs,
    dli_spark,
    dli_sql,
    dli_sql_results,
)

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
