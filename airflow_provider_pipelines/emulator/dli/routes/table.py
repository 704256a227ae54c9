"""
DLI: the operations of all its parts.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/
"""

from __future__ import annotations

from airflow_provider_pipelines.emulator.dli.routes import (
    flink_definitions,
    flink_graphs,
    flink_jobs,
    flink_templates,
    spark,
    sql,
)

table = [
    *flink_jobs.table,
    *flink_definitions.table,
    *flink_graphs.table,
    *flink_templates.table,
    *sql.table,
    *spark.table,
]
