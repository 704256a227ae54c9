"""
The operations of the EnOS stream processing API, as generators.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/overview.html (EnOS 2.2 to 2.4.x)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_pipelines.core.checks import flag, mapping, positive, text_id, whole_number
from airflow_provider_pipelines.core.http.calls import Call, Request
from airflow_provider_pipelines.core.http.paging import Listing, Page, Rows, enough_of
from airflow_provider_pipelines.core.http.reading import dump, expect, key_of, malformed, same
from airflow_provider_pipelines.enos.api.access import SERVICE
from airflow_provider_pipelines.enos.api.design import Upkeep, pipeline_path, single
from airflow_provider_pipelines.enos.api.models import Pipeline, PipelineDetails
from airflow_provider_pipelines.errors import ArgumentError, NotFound

PAGE_SIZE = 100
_PAGES = "/streaming/v2.0/streaming/pipelines"
LARGEST_KAFKA_RATE = 2**31 - 1
_YARN = ("workerCount", "master", "slave")


class EnosApi(Upkeep):
    """
    The operations for one organisation.

    :param org_id: the organisation (``orgId``), mandatory in every call
    """

    def list_pipelines(self, if_released: bool = True, is_system: bool = False) -> Call[list[Pipeline]]:
        """
        List the pipelines of the organisation, all pages.

        :param if_released: True for released pipelines, which alone have a status; False for design copies
        :param is_system: True for the system pipelines (Data Reader, Data Writer)
        :returns: one :class:`~airflow_provider_pipelines.enos.api.models.Pipeline` each
        :raises PipelinesError: the list could not be read

        https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html
        """
        listing = self._listing(flag(if_released, "if_released"), flag(is_system, "is_system"))
        return [pipeline_of(row) for row in (yield from listing.read()).values()]

    def count_pipelines(self) -> Call[int]:
        """Ask for one released pipeline and give the number that the service says it has: a cheap read."""
        query = (("orgId", self.org_id), ("ifReleased", "true"), ("pageNo", "1"), ("pageSize", "1"))
        request = Request("list_pipelines", "GET", _PAGES, query, repeatable=True)
        return _page(request, (yield request)).total or 0

    def _listing(self, if_released: bool, is_system: bool) -> Listing:
        def page_at(number: int, _before: int) -> Call[Page]:
            query = (
                ("orgId", self.org_id),
                ("ifReleased", str(if_released).lower()),
                ("isSystem", str(is_system).lower()),
                ("pageNo", str(number)),
                ("pageSize", str(PAGE_SIZE)),
            )
            request = Request("list_pipelines", "GET", _PAGES, query, repeatable=True)
            return _page(request, (yield request))

        # it is not documented whether ``count`` is about the page or about all of them
        return Listing(SERVICE, "list_pipelines", _PAGES, page_at, _id_of, PAGE_SIZE, each_its_own=True)

    def get_pipeline_details(self, pipeline_id: str, if_released: bool = True) -> Call[PipelineDetails]:
        """
        Read a pipeline's configuration. It tells no status.

        :param pipeline_id: the pipeline's id
        :param if_released: True for the released copy, False for the design copy
        :raises PipelinesError: it could not be read

        https://support.enos-iot.com/docs/stream-processing-api/en/dev/get_pipeline_details
        """
        query = (("orgId", self.org_id), ("ifReleased", str(flag(if_released, "if_released")).lower()))
        request = Request("get_pipeline_details", "GET", pipeline_path(pipeline_id), query, repeatable=True)
        details = expect(PipelineDetails, single((yield request)), SERVICE, request)
        same(text_id(pipeline_id, "pipeline_id"), details.pipelineId, "pipeline", SERVICE, request)
        return details

    def start_pipeline(
        self,
        pipeline_id: str,
        execution_mode: int,
        kafka_rate: int,
        resource_config: Mapping[str, Any] | None = None,
    ) -> Call[None]:
        """
        Ask EnOS to start a released pipeline; also the way on from paused and stopped.

        :param pipeline_id: the pipeline's id
        :param execution_mode: 0 standalone, 1 cluster
        :param kafka_rate: records a second read from Kafka
        :param resource_config: ``{"server": CU}`` standalone; cluster also ``yarn`` (``workerCount``, ``master``,
            ``slave``) and ``advanced`` (a list of ``{"key", "value"}``)
        :raises Conflict: the state forbids it, or another start is under way in the organisation (61121)
        :raises QuotaExceeded: not enough resources (61126)

        https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/start_pipeline
        """
        body = start_body(execution_mode, kafka_rate, resource_config)
        yield self.action("start_pipeline", pipeline_path(pipeline_id), "start", dump(body))

    def pause_pipeline(self, pipeline_id: str) -> Call[None]:
        """
        Ask EnOS to pause a running pipeline.

        :param pipeline_id: the pipeline's id
        :raises Conflict: the state forbids it (61152)

        https://support.enos-iot.com/docs/stream-processing-api/en/preview/pause_pipeline
        """
        yield self.action("pause_pipeline", pipeline_path(pipeline_id), "pause")

    def stop_pipeline(self, pipeline_id: str) -> Call[None]:
        """
        Ask EnOS to stop a running or paused pipeline.

        :param pipeline_id: the pipeline's id
        :raises Conflict: the state forbids it (61152)

        https://support.enos-iot.com/docs/stream-processing-api/en/2.2.0/stop_pipeline
        """
        yield self.action("stop_pipeline", pipeline_path(pipeline_id), "stop")

    def get_status(self, pipeline_id: str) -> Call[str]:
        """
        Read a released pipeline's status, from the list: EnOS has no call for one pipeline's status.

        :param pipeline_id: the pipeline's id; system pipelines are found too
        :returns: the status as the vendor writes it
        :raises NotFound: neither view of released pipelines shows it

        https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html
        """
        id = text_id(pipeline_id, "pipeline_id")
        found = yield from self.find([id])
        if id not in found:
            raise absent(id)
        return str(pipeline_of(found[id]).status)

    def find(self, ids: Collection[str]) -> Call[Rows]:
        """
        Search both views of released pipelines, that of the user's and that of the system's, each whole.

        :returns: the rows of those that are shown, by id; :func:`pipeline_of` reads one
        """
        found: Rows = {}
        for is_system in (False, True):
            missing = set(ids) - found.keys()
            if missing:
                rows = yield from self._listing(True, is_system).read(enough_of(missing))
                found.update((id, rows[id]) for id in missing & rows.keys())
        return found


def _page(request: Request, data: Any) -> Page:
    data = single(data)
    entries = data.get("pipelines") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise malformed("the list of pipelines is missing", SERVICE, request)
    count = data.get("count")
    return Page(entries, count if type(count) is int and (count or not entries) else None)


_ROW = Request("list_pipelines", "GET", _PAGES)


def _id_of(row: Any) -> str:
    return key_of(row, "pipelineId", SERVICE, _ROW)


def pipeline_of(row: Any) -> Pipeline:
    """
    Read a row of the list.

    :raises MalformedReply: it is no pipeline
    """
    return expect(Pipeline, row, SERVICE, _ROW)


def absent(id: str) -> NotFound:
    """Make the error for a pipeline that neither view shows."""
    return NotFound(
        f"pipeline {id} is not among the released pipelines, user and system ones searched",
        service=SERVICE,
        operation="list_pipelines",
        method="GET",
        path=_PAGES,
        status=200,
        hint="Check the id and org_id, that the pipeline is released, and that it is granted to this access key.",
    )


def start_body(execution_mode: Any, kafka_rate: Any, resource_config: Any = None) -> dict[str, Any]:
    """
    Make the body of a start.

    :raises ArgumentError: an argument has a value that is never sent
    """
    mode = whole_number(execution_mode, "execution_mode", 0, 1)
    body: dict[str, Any] = {
        "executionMode": mode,
        "kafkaRate": whole_number(kafka_rate, "kafka_rate", 1, LARGEST_KAFKA_RATE),
    }
    if resource_config is not None:
        config = mapping(resource_config, "resource_config", ("server", "yarn", "advanced"))
        if mode == 0 and (cluster := sorted({"yarn", "advanced"} & config.keys())):
            raise ArgumentError("resource_config", f"{', '.join(cluster)} is for execution_mode=1 (cluster) only.")
        if "server" in config:
            positive(config["server"], "resource_config.server")
        if "yarn" in config:
            for name, size in mapping(config["yarn"], "resource_config.yarn", _YARN).items():
                positive(size, f"resource_config.yarn.{name}")
        if "advanced" in config:
            entries = config["advanced"]
            if not isinstance(entries, list):
                raise ArgumentError(
                    "resource_config.advanced", 'is no list. Give a list of {"key": ..., "value": ...}.'
                )
            for entry in entries:
                pair = mapping(entry, "resource_config.advanced", ("key", "value"))
                if set(pair) != {"key", "value"} or not all(isinstance(text, str) for text in pair.values()):
                    raise ArgumentError("resource_config.advanced", "each entry needs both key and value, as text.")
        body["resourceConfig"] = config
    return body
