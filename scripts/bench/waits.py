"""The shared poller of a triggerer: what a wait costs among a thousand, and among ten thousand."""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.core.http.async_driver import drive
from airflow_provider_pipelines.core.http.calls import Call
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.hook.poller import Shared
from scripts.bench.rows import Row

ROUNDS, FEW, MANY = 5, 1_000, 10_000
_CONNECTION = '{"conn_type": "enos", "host": "http://127.0.0.1:9", "login": "k", "password": "s"}'


def _look(_api: Any, _kind: str, _scope: Mapping[str, Any], ids: Sequence[str]) -> Call[Mapping[str, Observation]]:
    yield from ()
    return {id: Observation("RUNNING") for id in ids}


async def _wait_together(number: int) -> float:
    async with Shared("enos", {"enos_conn_id": "enos_bench", "org_id": "o"}, "pipeline", {}) as poller:
        poller._hook.look = _look  # type: ignore[assignment, method-assign]  # no service: the poller alone
        # what it costs Python to look through so many objects is not the poller's
        gc.disable()
        began = time.process_time()
        await asyncio.gather(*(drive(poller.look([str(id)], 0.0)) for id in range(number)))
        took = time.process_time() - began
        gc.enable()
        return took / number


def measure_waits() -> list[Row]:
    """Let waits come due together: CPU time for each, medians."""
    os.environ["AIRFLOW_CONN_ENOS_BENCH"] = _CONNECTION
    rounds = [(asyncio.run(_wait_together(MANY)), asyncio.run(_wait_together(FEW))) for _ in range(ROUNDS)]
    many, few = (statistics.median(column) for column in zip(*rounds, strict=True))
    return [Row("a wait among 10,000, CPU", many, "a wait among 1,000", few, 2.0)]
