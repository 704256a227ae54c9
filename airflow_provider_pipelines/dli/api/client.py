"""All operations of DLI, as generators."""

from __future__ import annotations

from airflow_provider_pipelines.dli.api.flink.definitions import DefinitionsApi
from airflow_provider_pipelines.dli.api.flink.graphs import GraphsApi
from airflow_provider_pipelines.dli.api.flink.jobs import FlinkJobsApi
from airflow_provider_pipelines.dli.api.flink.savepoints import SavepointsApi
from airflow_provider_pipelines.dli.api.flink.templates import TemplatesApi
from airflow_provider_pipelines.dli.api.spark.batches import SparkApi
from airflow_provider_pipelines.dli.api.sql.jobs import SqlApi


class DliApi(FlinkJobsApi, DefinitionsApi, SavepointsApi, GraphsApi, TemplatesApi, SqlApi, SparkApi):
    """The operations in one project."""
