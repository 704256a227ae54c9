"""
Of many things any part cannot be seen, each in its own way: what becomes of the others is as if they were alone.

The service's side is made up: for each id an answer, or the error that reading it gives.
"""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
from airflow_provider_pipelines.codearts.flows.runs import look_pipelines as look_codearts_pipelines
from airflow_provider_pipelines.codearts.flows.runs import look_runs
from airflow_provider_pipelines.core.http.calls import Request, Sleep
from airflow_provider_pipelines.dli.api.client import DliApi
from airflow_provider_pipelines.dli.flows.flink_jobs import look_flink_jobs, look_for_gone
from airflow_provider_pipelines.dli.flows.spark_batches import look_batches
from airflow_provider_pipelines.dli.flows.sql_jobs import look_sql_jobs
from airflow_provider_pipelines.enos.api.pipelines import EnosApi
from airflow_provider_pipelines.enos.flows.pipelines import look_at_lag, look_pipelines
from airflow_provider_pipelines.errors import (
    NotFound,
    PermissionDenied,
    PipelinesError,
    PlaceNotFound,
    ServerError,
    Throttled,
    TransportError,
)

WAYS = ["well", "forbidden", "gone", "no place", "failed", "busy", "cut", "malformed", "another"]


def refused(kind, request):
    about = {"service": "S", "operation": request.operation, "method": request.method, "path": request.path}
    return kind("no", **about) if kind is TransportError else kind("no", **about, status=400)


KINDS = {
    "forbidden": PermissionDenied, "gone": NotFound, "no place": PlaceNotFound, "failed": ServerError,
    "busy": Throttled, "cut": TransportError,
}  # fmt: skip


class World:
    """
    A service with some things.

    :param ways: by id, how each can be seen
    :param single: makes the answer about one thing: is given id and whether its status is left out
    :param listed: makes a page: is given rows
    :param row: makes a row of the list, likewise
    """

    def __init__(self, ways, single, row, listed):
        self.ways, self.single, self.row, self.listed = ways, single, row, listed

    def answer(self, request):
        whole = f"{request.path} {dict(request.query)}"
        about = [id for id in self.ways if re.search(rf"\b{id}\b", whole)]
        if not about:
            ids = [id for id, way in self.ways.items() if way in {"well", "malformed"}]
            return self.listed(request, [self.row(id, self.ways[id] == "well") for id in ids])
        (id,) = about
        way = self.ways[id]
        if way in KINDS:
            raise refused(KINDS[way], request)
        return self.single(request, "another" if way == "another" else id, way != "malformed")

    def look(self, call):
        came, failed = None, None
        while True:
            try:
                effect = call.throw(failed) if failed is not None else call.send(came)
            except StopIteration as end:
                return {
                    id: (one.status, type(one.error), getattr(one.error, "status", None))
                    for id, one in end.value.items()
                }
            came, failed = None, None
            if isinstance(effect, Sleep):
                continue
            assert isinstance(effect, Request)
            try:
                came = self.answer(effect)
            except PipelinesError as error:
                failed = error


def project():
    yield from ()
    return "p"


def without(known, body, name):
    return body if known else {key: value for key, value in body.items() if key != name}


def enos_row(id, known):
    return {"pipelineId": id, "status": "RUNNING"} if known else {"pipelineId": id, "status": ["x"]}


def enos_list(request, rows):
    return {"count": len(rows), "pipelines": rows if dict(request.query)["isSystem"] == "false" else []} | (
        {} if dict(request.query)["isSystem"] == "false" else {"count": 0}
    )


def lag(request, id, known):
    return {"lagAndOffset": [{"lag": 0}]} if known else {"lagAndOffset": "x"}


def flink_row(id, known):
    return without(known, {"job_id": int(id), "status": "job_running"}, "status")


def flink(request, id, known):
    row = flink_row("999" if id == "another" else id, known)
    return {"is_success": True, "job_detail": row}


def flink_list(request, rows):
    return {"is_success": True, "job_list": {"total_count": len(rows), "jobs": rows}}


def sql_row(id, known):
    return without(known, {"job_id": id, "status": "RUNNING"}, "status")


def sql(request, id, known):
    return {"is_success": True, **sql_row(id, known)}


def sql_list(request, rows):
    return {"is_success": True, "job_count": len(rows), "jobs": rows}


def spark_row(id, known):
    return without(known, {"id": id, "state": "running"}, "state")


def spark(request, id, known):
    return spark_row(id, known)


def spark_list(request, rows):
    return {"from": 0, "total": len(rows), "sessions": rows}


def run(request, id, known):
    return without(known, {"id": id, "status": "RUNNING", "stages": []}, "status")


def run_row(id, known):
    return without(known, {"pipeline_run_id": id, "status": "RUNNING"}, "status")


def run_list(request, rows):
    name = "queuedPipelines" if request.operation == "list_pipeline_queue" else "pipeline_runs"
    return {"total": len(rows), name: rows} if name == "pipeline_runs" else {"total": 0, name: []}


def pipeline(request, id, known):
    return {"id": id, "name": "n", "banned": False} if known else {"id": id, "name": ["x"]}


def pipeline_row(id, known):
    return {"pipeline_id": id, "name": "n", "banned": False} if known else {"pipeline_id": id, "name": ["x"]}


def pipeline_list(request, rows):
    return {"total": len(rows), "pipelines": rows}


ENOS, DLI, CODEARTS = EnosApi("o"), DliApi(project), CodeArtsApi("p")
LOOKS = {
    "EnOS pipelines": (lambda ids: look_pipelines(ENOS, ids), None, enos_row, enos_list),
    "EnOS lag": (lambda ids: look_at_lag(ENOS, ids, 0), lag, enos_row, enos_list),
    "Flink jobs": (lambda ids: look_flink_jobs(DLI, ids), flink, flink_row, flink_list),
    "Flink jobs to delete": (lambda ids: look_for_gone(DLI, ids), flink, flink_row, flink_list),
    "SQL jobs": (lambda ids: look_sql_jobs(DLI, ids), sql, sql_row, sql_list),
    "Spark batches": (lambda ids: look_batches(DLI, ids), spark, spark_row, spark_list),
    "CodeArts runs": (lambda ids: look_runs(CODEARTS, "pipe", ids), run, run_row, run_list),
    "CodeArts pipelines": (lambda ids: look_codearts_pipelines(CODEARTS, ids), pipeline, pipeline_row, pipeline_list),
}


@pytest.mark.parametrize("name", LOOKS)
@given(ways=st.lists(st.sampled_from(WAYS), min_size=1, max_size=7))
def test_each_is_seen_as_if_it_were_alone(name, ways):
    look, single, row, listed = LOOKS[name]
    there = {str(101 + n): way for n, way in enumerate(ways)}
    world = World(there, single, row, listed)
    together = world.look(look(list(there)))
    assert together.keys() == there.keys()
    for id, way in there.items():
        (alone,) = world.look(look([id])).values()
        if alone != together[id] and way in {"malformed", "another"}:
            # the list and the detail may tell of different oddities
            continue
        assert together[id] == alone, (id, way)
