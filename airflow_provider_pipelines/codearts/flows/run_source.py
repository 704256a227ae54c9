"""
How a run is started with the marker of its task, and found again by it.

The marker stands at the end of the run's description, which only the detail shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.codearts.api.runs import run_of
from airflow_provider_pipelines.codearts.flows.runs import active_runs, look_runs, shown
from airflow_provider_pipelines.codearts.states import COMPLETED, ENDED
from airflow_provider_pipelines.core.clock import TOLERANCE
from airflow_provider_pipelines.core.http.paging import first_page
from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.core.verbs.marker import LONGEST_WORD, Marker
from airflow_provider_pipelines.core.verbs.once import Run, Source

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
    from airflow_provider_pipelines.core.http.calls import Call

#: details that are read at most to find a run
MOST_DETAILS = 100
#: characters of a description that the marker and what stands around it need
ROOM = len(" [airflow ] ") + LONGEST_WORD


class RunSource(Source):
    """
    Starts runs of a pipeline and finds them again.

    :param body: arguments of ``run_pipeline``
    :param now: gives Unix time
    """

    noun = "run"
    ended = ENDED
    good = frozenset({COMPLETED})
    remedy = "Stop it (CodeArtsStopRunOperator) or let it end"

    def __init__(self, api: CodeArtsApi, pipeline_id: str, body: Mapping[str, Any], now: Callable[[], float]) -> None:
        self._api = api
        self._pipeline_id = pipeline_id
        self._body = dict(body)
        self._now = now
        self._queued: dict[str, int] = {}

    def start(self, marker: Marker) -> Call[Run]:
        """Ask for the run."""
        description, named = self._body.get("description"), f"[airflow {marker.word}]"
        given = {**self._body, "description": f"{description} {named}" if description else named}
        started = yield from self._api.run_pipeline(self._pipeline_id, **given)
        return Run(started.pipeline_run_id, made=_queue(started.queue_id))

    def status(self, id: str) -> Call[str | None]:
        """Give the status of a run, the queue's word included."""
        observation = (yield from look_runs(self._api, self._pipeline_id, [id]))[id]
        if observation.error is not None and not gone(observation.error):
            raise observation.error
        if (queue_id := observation.facts.get("queue_id")) is not None:
            self._queued[id] = queue_id
        return observation.status

    def made(self, id: str) -> dict[str, Any]:
        """Give the run's number in the queue, where it waited when it was last seen."""
        return _queue(self._queued.get(id))

    def recent(self, since: float) -> Call[list[Run]]:
        """Give the runs that began after a time, by the server's clock; those in the queue included."""
        found: list[Run] = []
        earliest: float | None = None
        rows = (yield from self._api.run_listing(self._pipeline_id).search(first_page)).values()
        listed = [run_of(row) for row in rows]
        for row in listed[:MOST_DETAILS]:
            if earliest is not None and row.start_time and row.start_time < earliest:
                break
            detail = yield from shown(self._api, self._pipeline_id, row.pipeline_run_id)
            found.append(_run(row.pipeline_run_id, detail))
            if earliest is None and detail is not None and detail.current_system_time:
                # the server's time of the request: its time now, less what has passed here
                earliest = detail.current_system_time - (self._now() - since + TOLERANCE) * 1000
        known = {row.pipeline_run_id for row in listed}
        for entry in (yield from self._api.list_pipeline_queue(self._pipeline_id)):
            late = earliest is None or not entry.enqueue_time or entry.enqueue_time >= earliest
            if late and entry.status not in ENDED and entry.pipeline_run_id not in known:
                detail = yield from shown(self._api, self._pipeline_id, entry.pipeline_run_id)
                found.append(_run(entry.pipeline_run_id, detail, entry.id))
        return found

    def active(self) -> Call[list[Run]]:
        """Give the runs that go on."""
        ids = yield from active_runs(self._api, self._pipeline_id)
        found: list[Run] = []
        for id in ids[:MOST_DETAILS]:
            found.append(_run(id, (yield from shown(self._api, self._pipeline_id, id))))
        return found + [Run(id, doubtful=True) for id in ids[MOST_DETAILS:]]


def _run(id: str, detail: Any, queue_id: int | None = None) -> Run:
    """Give a run; one whose detail is not shown may be ours."""
    if detail is None:
        return Run(id, doubtful=True)
    return Run(id, detail.status, Marker.read(detail.description), made=_queue(queue_id))


def _queue(queue_id: int | None) -> dict[str, Any]:
    return {} if queue_id is None else {"queue_id": queue_id}
