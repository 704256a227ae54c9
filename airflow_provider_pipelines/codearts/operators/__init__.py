"""Operators for Huawei Cloud CodeArts pipelines."""

from __future__ import annotations

from airflow_provider_pipelines.codearts.operators.gates import CodeArtsReviewOperator
from airflow_provider_pipelines.codearts.operators.pipelines import (
    CodeArtsDisablePipelineOperator,
    CodeArtsEnablePipelineOperator,
    CodeArtsListPipelinesOperator,
)
from airflow_provider_pipelines.codearts.operators.runs import (
    CodeArtsRetryRunOperator,
    CodeArtsRunPipelineOperator,
    CodeArtsStopRunOperator,
)

__all__ = [
    "CodeArtsDisablePipelineOperator",
    "CodeArtsEnablePipelineOperator",
    "CodeArtsListPipelinesOperator",
    "CodeArtsRetryRunOperator",
    "CodeArtsReviewOperator",
    "CodeArtsRunPipelineOperator",
    "CodeArtsStopRunOperator",
]
