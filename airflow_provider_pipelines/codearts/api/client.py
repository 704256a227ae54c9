"""
The operations of CodeArts Pipeline v5, as generators.

https://support.huaweicloud.com/intl/en-us/api-pipeline/pipeline_03_0000.html
"""

from __future__ import annotations

from airflow_provider_pipelines.codearts.api.gates import GatesApi
from airflow_provider_pipelines.codearts.api.pipelines import PIPELINES_PAGE_SIZE, PipelinesApi
from airflow_provider_pipelines.codearts.api.records import RecordsApi
from airflow_provider_pipelines.codearts.api.runs import RunsApi

__all__ = ["PIPELINES_PAGE_SIZE", "CodeArtsApi"]


class CodeArtsApi(RunsApi, GatesApi, RecordsApi, PipelinesApi):
    """The operations for one CodeArts project."""
