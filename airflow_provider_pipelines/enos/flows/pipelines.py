"""Looking at pipelines, and at how far they are behind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.verbs.looking import look_each
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.enos.api.pipelines import absent, pipeline_of
from airflow_provider_pipelines.enos.states import RUNNING

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.enos.api.pipelines import EnosApi


def look_pipelines(api: EnosApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look at released pipelines by id."""
    rows = yield from api.find(ids)

    def look(id: str) -> Call[Observation]:
        yield from ()
        if id not in rows:
            raise absent(id)
        return Observation(pipeline_of(rows[id]).status)

    return (yield from look_each(ids, look))


def look_at_lag(api: EnosApi, ids: Sequence[str], max_lag: int) -> Call[dict[str, Observation]]:
    """
    Look whether running pipelines have caught up: ``DRAINED`` and ``LAGGING`` are our words.

    A pipeline that does not run is shown in its own status. An empty list of partitions says nothing yet.
    """
    shown = yield from look_pipelines(api, ids)

    def look(id: str) -> Call[Observation]:
        if shown[id].status != RUNNING:
            return shown[id]
        lags = [entry.lag for entry in (yield from api.get_pipeline_offset_lag(id)).lagAndOffset]
        drained = bool(lags) and max(lags) <= max_lag
        return Observation("DRAINED" if drained else "LAGGING", {"lag": max(lags, default=None)})

    return (yield from look_each(ids, look))
