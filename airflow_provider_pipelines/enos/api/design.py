"""
The operations of EnOS that configure, drain and mend pipelines.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/overview.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import mapping, text_id
from airflow_provider_pipelines.core.http.calls import Request, segment
from airflow_provider_pipelines.core.http.reading import dump, expect, malformed, truth
from airflow_provider_pipelines.enos.api.access import SERVICE
from airflow_provider_pipelines.enos.api.models import OffsetLag, StageState
from airflow_provider_pipelines.errors import ArgumentError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call

#: assets times points that one call of a stage's state may ask for
MOST_POINTS = 100_000
_PIPELINE = "/streaming/v2.0/streaming/pipeline"
_STAGE_STATE = "/streaming/v2.0/stage-state"


def pipeline_path(pipeline_id: Any, tail: str = "") -> str:
    """Give the path of a pipeline."""
    return f"{_PIPELINE}/{segment(text_id(pipeline_id, 'pipeline_id'))}{tail}"


def single(data: Any) -> Any:
    """Give what comes as an object or, as the vendor's tables have it, as a list of one."""
    return data[0] if isinstance(data, list) and len(data) == 1 else data


class Upkeep:
    """
    The operations for one organisation.

    :param org_id: the organisation (``orgId``), mandatory in every call
    """

    def __init__(self, org_id: str) -> None:
        self.org_id = org_id

    def action(self, operation: str, path: str, action: str, body: bytes | None = None) -> Request:
        """Make the request of an action: named in the query, the body only where there is one."""
        return Request(operation, "POST", path, (("action", action), ("orgId", self.org_id)), body)

    def save_pipeline(self, pipeline_id: str | None = None, *, body: Mapping[str, Any]) -> Call[str]:
        """
        Create a pipeline, or update the design copy of one.

        :param pipeline_id: the pipeline to update; None creates one
        :param body: ``name``, ``version``, ``templateType``, ``templateName``, ``messageChannel``, ``pipelineJson``,
            ``desc``, in the vendor's field names
        :returns: the pipeline's id
        :raises InvalidRequest: the configuration is not accepted (61100)
        :raises OutcomeUnknown: no clear answer; a pipeline may have been created

        https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.4.0/save_pipeline.html
        """
        fields = mapping(body, "body")
        if not fields:
            raise ArgumentError("body", "is empty. Give at least the name of the pipeline.")
        # the vendor's word for "none yet" is the text null in the path
        path = f"{_PIPELINE}/null" if pipeline_id is None else pipeline_path(pipeline_id)
        request = self.action("save_pipeline", path, "save", dump(fields))
        data = yield request
        if not isinstance(data, str) or not data:
            raise malformed("the id of the saved pipeline is missing", SERVICE, request)
        return data

    def release_pipeline(self, pipeline_id: str) -> Call[None]:
        """
        Release the design copy of a pipeline, so that it can be started.

        :param pipeline_id: the pipeline, which must not run
        :raises Conflict: it runs (61169)

        https://support.enos-iot.com/docs/stream-processing-api/en/dev/release_pipeline.html
        """
        yield self.action("release_pipeline", pipeline_path(pipeline_id), "release")

    def get_pipeline_offset_lag(self, pipeline_id: str) -> Call[OffsetLag]:
        """
        Read how far a running pipeline is behind its Kafka topic.

        :param pipeline_id: the pipeline
        :returns: the topic, and ``lag``, ``offset`` and ``ts`` (ms) of each partition
        :raises NotFound: there is no such pipeline, or it is not granted to the access key (61108)

        https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.3.0/get_pipeline_offset_lag
        """
        path = pipeline_path(pipeline_id, "/offset-lag")
        request = Request("get_pipeline_offset_lag", "GET", path, (("orgId", self.org_id),), repeatable=True)
        data = yield request
        return expect(OffsetLag, single(data), SERVICE, request)

    def reset_pipeline_offset(self, pipeline_id: str) -> Call[None]:
        """
        Reset the Kafka offset of a paused or stopped pipeline; where to, the vendor does not say.

        :param pipeline_id: the pipeline
        :raises ServerError: EnOS could not tell the Kafka rate (61168)

        https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/reset_pipeline_offset
        """
        path = pipeline_path(pipeline_id, "/offset")
        yield Request("reset_pipeline_offset", "POST", path, (("orgId", self.org_id),))

    def get_stage_state(
        self, pipeline_id: str, stage_instance_name: str, asset_ids: Sequence[str], point_ids: Sequence[str]
    ) -> Call[list[StageState]]:
        """
        Read what a stage has kept for some assets and points.

        :param pipeline_id: the pipeline
        :param stage_instance_name: the stage, for instance ``LatePointTagger_01``
        :param asset_ids: assets, a list or text with commas
        :param point_ids: points, a list or text with commas; assets times points are 100,000 at most
        :returns: one item an asset and point; its fields depend on the operator of the stage
        :raises NotFound: there is no such pipeline, or it is not granted to the access key (61106)
        :raises InvalidRequest: too many points, or a stage of another kind (61105, 61107)

        https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.4.0/get_stage_state.html
        """
        body = stage_body(pipeline_id, stage_instance_name, asset_ids, point_ids)
        sent = self.action("get_stage_state", _STAGE_STATE, "get", body)
        request = Request(sent.operation, sent.method, sent.path, sent.query, sent.body, repeatable=True)
        data = yield request
        inner = single(data)
        items = inner["items"] if isinstance(inner, dict) and "items" in inner else data
        if not isinstance(items, list):
            raise malformed("the items of the stage's state are missing", SERVICE, request)
        return [expect(StageState, item, SERVICE, request) for item in items]

    def delete_stage_state(
        self, pipeline_id: str, stage_instance_name: str, asset_ids: Sequence[str], point_ids: Sequence[str]
    ) -> Call[bool]:
        """
        Delete what a stage of a paused pipeline has kept for some assets and points.

        :param pipeline_id: the pipeline
        :param stage_instance_name: the stage
        :param asset_ids: assets, a list or text with commas
        :param point_ids: points, a list or text with commas
        :returns: whether it was deleted
        :raises NotFound: there is no such pipeline, or it is not granted to the access key (61106)
        :raises InvalidRequest: too many points, or a stage of another kind (61105, 61107)

        https://support.enos-iot.com/docs/stream-processing-api/zh_CN/2.4.0/delete_stage_state.html
        """
        body = stage_body(pipeline_id, stage_instance_name, asset_ids, point_ids)
        request = self.action("delete_stage_state", _STAGE_STATE, "delete", body)
        deleted = truth((yield request))
        if deleted is None:
            raise malformed("the answer does not tell whether the state was deleted", SERVICE, request)
        return deleted


def stage_body(pipeline_id: Any, stage_instance_name: Any, asset_ids: Any, point_ids: Any) -> bytes:
    """
    Make the body of a call about a stage's state.

    :raises ArgumentError: an argument is empty, or too much is asked for
    """
    assets, points = _names(asset_ids, "asset_ids"), _names(point_ids, "point_ids")
    if len(assets) * len(points) > MOST_POINTS:
        raise ArgumentError("point_ids", f"times assets are {len(assets) * len(points)}; {MOST_POINTS} are the most.")
    return dump(
        {
            "pipelineId": text_id(pipeline_id, "pipeline_id"),
            "stageInstanceName": text_id(stage_instance_name, "stage_instance_name"),
            "assetIds": ",".join(assets),
            "pointIds": ",".join(points),
        }
    )


def _names(value: Any, argument: str) -> list[str]:
    names = value.split(",") if isinstance(value, str) else value
    good = isinstance(names, list | tuple) and names and all(isinstance(name, str) and name.strip() for name in names)
    if not good or any("," in name for name in names):
        raise ArgumentError(argument, "is no list of names. Give a list, or text with commas.")
    return [name.strip() for name in names]
