"""
DLI: what a Flink job does: its execution graph, its metrics, and the graph that a statement would give.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_the_job_execution_plan.html
"""

from __future__ import annotations

import hashlib
import json
import re

from airflow_provider_pipelines.emulator.dli import answers as dli
from airflow_provider_pipelines.emulator.dli.routes.flink_jobs import checked_ids, job_ids
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Table, World

table = Table("dli")

_JOBS = "/v1.0/{project_id}/streaming/jobs"
#: Flink's own word for what DLI calls a job's status
_STATES = {
    "job_running": "RUNNING",
    "job_savepointing": "RUNNING",
    "job_canceling": "CANCELLING",
    "job_cancel_success": "CANCELED",
    "job_running_exception": "FAILED",
    "job_finish": "FINISHED",
}
_LIVE = ("RUNNING", "CANCELLING")
#: records that every made-up source reads in a second
_RATE = 100


def _made_up_id(*parts: object) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:32]


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_the_job_execution_plan.html
@table.route("GET", f"{_JOBS}/{{job_id}}/execute-graph")
def show_flink_job_execution_graph(world: World, call: Call) -> Answer:
    """Show Flink's own view of a job; what is said of one that does not run is not documented."""
    job = dli.job_of(world, call)
    fields, switch = call.see(job), world.settings.dli_graph_of_idle
    if fields is None:
        raise dli.unknown_job(world)
    state, done = _STATES.get(fields["status"], ""), "The job execution stream graph is successfully queried."
    if state in _LIVE or (switch == "last" and state and fields["start_time"]):
        return Answer(dli.said(world, True, done, execute_graph=_graph(world, job.id, fields, state)))
    if switch == "error":
        raise dli.failure("DLI.0007", f"A job in status {fields['status']} has no execution graph.")
    return Answer(dli.said(world, True, done, execute_graph=None))


def _graph(world: World, id: str, fields: Fields, state: str) -> Fields:
    start = fields["start_time"] or fields["update_time"]
    end = -1 if state in _LIVE else fields["update_time"]
    times = {"start-time": start, "end-time": end, "duration": (world.now if end == -1 else end) - start}
    parallelism = fields["job_config"].get("parallel_number", 1)
    vertex = {
        "id": _made_up_id(id, "source"),
        "name": f"Source: {fields['name']}",
        "parallelism": parallelism,
        "status": state,
        **times,
        "tasks": {"RUNNING": parallelism if state == "RUNNING" else 0, "FAILED": 0, "CANCELED": 0, "FINISHED": 0},
        "metrics": {"read-records": 0, "write-records": _RATE * times["duration"] // 1000},
        "backpressure-level": "ok",
    }
    moments = {"CREATED": start, "RUNNING": start, "FAILED": 0, "CANCELED": 0, "FINISHED": 0}
    return {
        "jid": _made_up_id(id, start),
        "name": fields["name"],
        "isStoppable": False,
        "state": state,
        **times,
        "now": world.now,
        "timestamps": moments,
        "vertices": [vertex],
    }


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/out-of-date_apis/ (querying job monitoring information)
@table.route("POST", f"{_JOBS}/metrics", ids=job_ids, lacking=dli.deprecated)
def show_flink_metric(world: World, call: Call) -> Answer:
    """Give the metrics of jobs, each with its id; jobs that are not there are left out."""
    project = dli.project_of(world, call)
    rows = []
    for id in checked_ids(world, call):
        job = project.job(id)
        fields = call.see(job) if job else None
        if fields is not None:
            rows.append({"job_id": int(id), "metrics": _metrics(world, fields)})
    return dli.succeeded(metrics={"jobs": rows})


def _metrics(world: World, fields: Fields) -> Fields:
    runs = fields["status"] == "job_running"
    ran = (world.now if runs else fields["update_time"]) - (fields["start_time"] or world.now)
    records = max(ran, 0) // 1000 * _RATE
    rate = float(_RATE if runs else 0)
    return {
        "sources": [{"name": f"Source: {fields['name']}", "records": records, "corrupted_records": 0}],
        "sinks": [{"name": f"Sink: {fields['name']}", "records": records, "corrupted_records": 0}],
        "total_read_rate": rate,
        "total_write_rate": rate,
    }


_STATIC = {
    **dict.fromkeys(("sql_body", "operator_config", "static_estimator_config"), str),
    **dict.fromkeys(("job_type", "graph_type", "flink_version"), str),
    **dict.fromkeys(("cu_number", "manager_cu_number", "parallel_number", "tm_cus", "tm_slot_num"), int),
    "static_estimator": bool,
}
_INSERT = re.compile(r"\binsert\s+into\s+(?P<sink>[\w.`]+).*?\bfrom\s+(?P<source>[\w.`]+)", re.IGNORECASE | re.DOTALL)


# https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/
# (generating a static stream graph for a Flink SQL job)
@table.route("POST", "/v3/{project_id}/streaming/jobs/{job_id}/gen-graph")
def create_flink_sql_job_graph(world: World, call: Call) -> Answer:
    """Show the graph that a statement would give; an error comes inside a 200."""
    dli.job_of(world, call)
    given = dli.body_of(call, _STATIC, ["sql_body"])
    dli.check_word(given, "job_type", ["flink_opensource_sql_job"])
    dli.check_word(given, "graph_type", ["simple_graph", "job_graph"])
    if given.get("static_estimator") and not given.get("static_estimator_config"):
        raise dli.invalid("static_estimator_config is required when static_estimator is true")
    if given.get("flink_version", "1.12") not in ("1.10", "1.12"):
        return _no_graph(world, "DLI.0007", f"Flink {given['flink_version']} has no static stream graph.")
    flows = [(found["source"], found["sink"]) for found in _INSERT.finditer(given["sql_body"])]
    if not flows:
        return _no_graph(world, "DLI.0005", "No operators defined in streaming topology: there is no INSERT INTO.")
    parallelism = given.get("parallel_number", 1)
    nodes, operators = [], []
    for source, sink in flows:
        first, second = _made_up_id("source", source), _made_up_id("sink", source, sink)
        for id, kind, name, inputs in ((first, "Source", source, []), (second, "Sink", sink, [first])):
            text = f"{kind}: {kind}(table=[default_catalog.default_database.{name}])"
            edges = [{"num": 0, "id": one, "ship_strategy": "FORWARD", "exchange": "pipelined"} for one in inputs]
            node = {"id": id, "parallelism": parallelism, "operator": "", "operator_strategy": "", "description": text}
            nodes.append({**node, "chain_operators_id": [id], "inputs": edges, "optimizer_properties": {}})
            operator = {"id": id, "name": text, "type": kind, "contents": text, "parallelism": parallelism}
            operators.append({**operator, "tags": f"[{kind.upper()}]", "input_operators_id": inputs})
    graph = {"jid": _made_up_id(given["sql_body"]), "name": f"InternalJob_{world.now}"}
    text = json.dumps({**graph, "nodes": nodes, "operator_list": operators})
    return dli.succeeded(error_code="", stream_graph=text)


def _no_graph(world: World, code: str, message: str) -> Answer:
    if world.settings.dli_graph_error == "error":
        raise dli.failure(code, message)
    return Answer({"is_success": False, "message": message, "error_code": code, "stream_graph": ""}, code=code)
