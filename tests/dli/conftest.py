"""Runs the generators by hand: requests come out, answers go in."""

import json
from pathlib import Path

import pytest

from airflow_provider_pipelines.core.http.calls import Acquire, Reply, Request, SignedRequest, Sleep
from airflow_provider_pipelines.dli.api.client import DliApi

SAMPLES = Path(__file__).parent.parent / "samples" / "dli"


def sample(name):
    return json.loads((SAMPLES / f"{name}.json").read_text())


class Driver:
    """
    Runs operations against answers made up by a function.

    :param answer: gives the parsed answer for a request, or an exception to raise
    """

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.slept = []

    def run(self, call):
        try:
            effect = next(call)
            while True:
                if isinstance(effect, Sleep):
                    self.slept.append(effect.seconds)
                    effect = call.send(None)
                    continue
                assert isinstance(effect, Request)
                self.requests.append(effect)
                came = self.answer(effect)
                effect = call.throw(came) if isinstance(came, Exception) else call.send(came)
        except StopIteration as end:
            return end.value

    def sent(self, operation):
        """Give the bodies of the writes of an operation."""
        return [json.loads(request.body) for request in self.requests if request.operation == operation]


def project():
    yield from ()
    return "1a300000000000000000000000000fa4"


@pytest.fixture
def api():
    return DliApi(project)


def answering(*answers):
    """Make a driver that gives these answers, one after the other."""
    left = list(answers)
    return Driver(lambda _: left.pop(0))


def job(id, status="job_running", **more):
    return {"job_id": id, "status": status, "name": f"job-{id}", "has_savepoint": False, **more}


def detail(id, status="job_running", **more):
    return {"is_success": "true", "message": "", "job_detail": job(id, status, **more)}


def page(*jobs, total=None):
    listed = {"total_count": len(jobs) if total is None else total, "jobs": list(jobs)}
    return {"is_success": "true", "message": "", "job_list": listed}


def element(success="true", message="delivered"):
    return {"is_success": success, "message": message}


def over_the_wire(session, call, reply):
    """Run an operation with its signing and reading; ``reply`` gives the answer to each signed request."""
    from airflow_provider_pipelines.core.http.retry import ONE_TRY

    carried = session.carry(call, ONE_TRY)
    wires = []
    try:
        effect = next(carried)
        while True:
            if isinstance(effect, SignedRequest):
                wires.append(effect)
                came = reply(effect)
            elif isinstance(effect, Acquire):
                assert effect.gate.enter(lambda: None)
                came = None
            else:
                raise AssertionError(f"not expected: {effect!r}")
            effect = carried.send(came)
    except StopIteration as end:
        return end.value, wires


def replying(body, status=200, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _: Reply(status, headers, content)
