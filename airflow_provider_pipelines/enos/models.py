"""
What EnOS answers, typed: the vendor's field names, unknown fields kept.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html
"""

from __future__ import annotations

from typing import Any

from airflow_provider_pipelines.core.reading import Answer


class Pipeline(Answer):
    """A pipeline as the list shows it; ``status`` is kept as the vendor writes it."""

    pipelineId: str
    status: str | None = None
    pipelineName: str | None = None
    orgId: str | None = None
    version: str | None = None
    updateTime: str | None = None
    alarmConfig: Any = None
    templateType: Any = None
    executionMode: Any = None
    resourceConfig: Any = None
    messageChannel: Any = None


class PipelineDetails(Answer):
    """A pipeline's configuration; it tells no status."""

    pipelineId: str
    pipelineName: str | None = None
    desc: str | None = None
    version: str | None = None
    templateType: Any = None
    templateName: Any = None
    messageChannel: Any = None
    pipelineJson: Any = None
