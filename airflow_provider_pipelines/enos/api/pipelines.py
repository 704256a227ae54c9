"""
The operations of the EnOS stream processing API, as generators.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/overview.html (EnOS 2.2 to 2.4.x)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow_provider_pipelines.core.checks import flag, mapping, positive, text_id, whole_number
from airflow_provider_pipelines.core.http.calls import Call, Request
from airflow_provider_pipelines.core.http.paging import page_numbers
from airflow_provider_pipelines.core.http.reading import dump, expect, malformed
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
        return (yield from self._pages(flag(if_released, "if_released"), flag(is_system, "is_system"), None))

    def count_pipelines(self) -> Call[int]:
        """Ask for one released pipeline and give the number that the service says it has: a cheap read."""
        query = (("orgId", self.org_id), ("ifReleased", "true"), ("pageNo", "1"), ("pageSize", "1"))
        request = Request("list_pipelines", "GET", _PAGES, query, repeatable=True)
        _, count = self._page(request, (yield request))
        return count

    def _pages(self, if_released: bool, is_system: bool, wanted: set[str] | None) -> Call[list[Pipeline]]:
        found: dict[str, Pipeline] = {}
        for number in page_numbers(SERVICE, "list_pipelines", _PAGES):
            query = (
                ("orgId", self.org_id),
                ("ifReleased", str(if_released).lower()),
                ("isSystem", str(is_system).lower()),
                ("pageNo", str(number)),
                ("pageSize", str(PAGE_SIZE)),
            )
            request = Request("list_pipelines", "GET", _PAGES, query, repeatable=True)
            data = yield request
            page, count = self._page(request, data)
            fresh = [entry for entry in page if entry.pipelineId not in found]
            found.update((entry.pipelineId, entry) for entry in page)
            if wanted is not None and wanted <= found.keys():
                break
            # a service that caps the page size gives short pages: `count` tells that there is more
            if not fresh or (len(page) < PAGE_SIZE and len(found) >= count):
                break
        return list(found.values())

    def _page(self, request: Request, data: Any) -> tuple[list[Pipeline], int]:
        data = single(data)
        entries = data.get("pipelines") if isinstance(data, dict) else None
        if not isinstance(entries, list):
            raise malformed("the list of pipelines is missing", SERVICE, request)
        count = data.get("count")
        return [expect(Pipeline, entry, SERVICE, request) for entry in entries], count if type(count) is int else 0

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
        data = yield request
        return expect(PipelineDetails, single(data), SERVICE, request)

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
        found = (yield from self.find([id]))[id]
        if isinstance(found, NotFound):
            raise found
        return str(found.status)

    def find(self, ids: Iterable[str]) -> Call[dict[str, Pipeline | NotFound]]:
        """
        Read released pipelines by id.

        Both views (user and system pipelines) are searched, and searched again before a pipeline counts as
        absent: one may change its page while the pages are read.

        :returns: by id, the pipeline or why there is none
        """
        found: dict[str, Pipeline | NotFound] = {}
        for is_system in (False, True, False, True):
            missing = set(ids) - found.keys()
            if not missing:
                break
            for entry in (yield from self._pages(True, is_system, missing)):
                if entry.pipelineId in missing:
                    found[entry.pipelineId] = entry
        for id in set(ids) - found.keys():
            found[id] = self._absent(id)
        return found

    def _absent(self, id: str) -> NotFound:
        return NotFound(
            f"pipeline {id} is not among the released pipelines, user and system ones searched twice",
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
