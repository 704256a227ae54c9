"""Operators for Data Lake Insight."""

from __future__ import annotations

from airflow_provider_pipelines.dli.operators.flink_definitions import (
    DliCreateFlinkJarJobOperator,
    DliCreateFlinkSqlJobOperator,
    DliUpdateFlinkJarJobOperator,
    DliUpdateFlinkSqlJobOperator,
)
from airflow_provider_pipelines.dli.operators.flink_jobs import (
    DliBatchDeleteOperator,
    DliBatchRunOperator,
    DliBatchStopOperator,
    DliListJobsOperator,
)
from airflow_provider_pipelines.dli.operators.flink_savepoints import (
    DliImportSavepointOperator,
    DliTriggerSavepointOperator,
)
from airflow_provider_pipelines.dli.operators.spark_batches import DliSparkBatchOperator
from airflow_provider_pipelines.dli.operators.sql_jobs import DliSqlJobOperator

__all__ = [
    "DliBatchDeleteOperator",
    "DliBatchRunOperator",
    "DliBatchStopOperator",
    "DliCreateFlinkJarJobOperator",
    "DliCreateFlinkSqlJobOperator",
    "DliImportSavepointOperator",
    "DliListJobsOperator",
    "DliSparkBatchOperator",
    "DliSqlJobOperator",
    "DliTriggerSavepointOperator",
    "DliUpdateFlinkJarJobOperator",
    "DliUpdateFlinkSqlJobOperator",
]
