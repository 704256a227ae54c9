"""
What EnOS answers, typed: the vendor's field names, unknown fields kept.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html
"""

from __future__ import annotations

from typing import Any

from airflow_provider_pipelines.core.http.reading import Answer


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


class Lag(Answer):
    """How far one partition is behind: ``lag`` and ``offset`` in records, ``ts`` in milliseconds."""

    lag: int
    offset: int | None = None
    ts: int | None = None


class OffsetLag(Answer):
    """How far a running pipeline is behind its topic, a partition each."""

    lagAndOffset: list[Lag]
    pipelineId: str | None = None
    topicName: str | None = None


class StageState(Answer):
    """What a stage has kept for an asset and a point; which fields there are depends on its operator."""

    modelId: str | None = None
    assetId: str | None = None
    pointId: str | None = None
    time: int | None = None
    value: Any = None
