"""Drives operations by hand: answers stand in a script, no client and no Airflow."""

from __future__ import annotations

import json
from pathlib import Path

from airflow_provider_pipelines.codearts.api.access import CODES, LABEL, SERVICE
from airflow_provider_pipelines.codearts.api.client import CodeArtsApi
from airflow_provider_pipelines.core.http.calls import Reply, Request, Sleep
from airflow_provider_pipelines.core.http.identity import Identity
from airflow_provider_pipelines.errors import PipelinesError
from airflow_provider_pipelines.huaweicloud.scheme import AccessKey, HuaweiScheme, KeyAuth, Service

SAMPLES = Path(__file__).parent.parent / "samples" / "codearts"
PROJECT = "93d8e0553c20411fba06bb112b5b59af"
PIPELINE = "794514e0a3184e5db0a4740112deee0f"
RUN = "de6c9098f45a4ac58a6efc9c1b81df82"

API = CodeArtsApi(PROJECT)
SCHEME = HuaweiScheme(
    KeyAuth(AccessKey("ak", "sk")), Identity(), {SERVICE: Service(LABEL, "https://codearts.example.com", CODES)}
)


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


def reply(body, status=200, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, headers, raw)


class Service404(Exception):
    """The script has no answer for a request."""


class Script:
    """
    Answers requests, each operation with what comes next in its list; the last answer lasts.

    An answer is a :class:`Reply`, a JSON value, an error to raise, or a function of the request.
    """

    def __init__(self, **answers):
        self.answers = {name: list(given) if isinstance(given, list) else [given] for name, given in answers.items()}
        self.requests = []
        self.told = []
        self.now = 1_700_000_000.0

    def time(self):
        return self.now

    def run(self, call):
        came, failed = None, None
        while True:
            try:
                effect = call.throw(failed) if failed is not None else call.send(came)
            except StopIteration as end:
                return end.value
            came, failed = None, None
            if isinstance(effect, Sleep):
                self.now += effect.seconds
                continue
            assert isinstance(effect, Request)
            self.requests.append(effect)
            try:
                came = self.answer(effect)
            except PipelinesError as error:
                failed = error

    def answer(self, request):
        given = self.answers.get(request.operation)
        if not given:
            raise Service404(request.operation)
        answer = given.pop(0) if len(given) > 1 else given[0]
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, Exception):
            raise answer
        if not isinstance(answer, Reply):
            answer = reply(answer)
        return SCHEME.read(request, answer, self.now)

    @property
    def operations(self):
        return [request.operation for request in self.requests]


def runs_page(*rows, total=None):
    return {"offset": 0, "limit": 100, "total": len(rows) if total is None else total, "pipeline_runs": list(rows)}


def queue_page(*rows):
    return {"offset": 0, "limit": 100, "total": len(rows), "queuedPipelines": list(rows)}


def row(id, status="RUNNING", start_time=1_700_000_000_000, **more):
    return {"pipeline_run_id": id, "pipeline_id": PIPELINE, "status": status, "start_time": start_time, **more}


def queued(id, queue_id=1, status="QUEUED", enqueue_time=1_700_000_000_000):
    return {"id": queue_id, "pipeline_run_id": id, "status": status, "enqueue_time": enqueue_time}


def detail(id, status="RUNNING", description=None, **more):
    return {"id": id, "pipeline_id": PIPELINE, "status": status, "description": description, **more}


def details(*known):
    """Answer the detail of each of these runs, and refuse all others."""
    by_id = {entry["id"]: entry for entry in known}

    def answer(request):
        id = dict(request.query)["pipeline_run_id"]
        return by_id.get(id) or {"error_code": "DEVPIPE.00099999", "error_msg": "运行记录不存在"}

    return answer
