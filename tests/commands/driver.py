"""
Runs commands one after the other in a process of its own, as the console script would, and keeps records for tests.

Each line on stdin is an order as JSON, each line on stdout its answer. Starting Airflow costs seconds, so it is started
once; time is the emulator's, which waiting moves.
"""

import io
import json
import os
import socket
import sys
import time
import urllib.request

from airflow_provider_pipelines.core.clock import Clock
from airflow_provider_pipelines.core.http import identity


class Terminal(io.StringIO):
    """Somebody who looks on and answers."""

    def isatty(self):
        return True


def advance(seconds):
    url = os.environ.get("EMULATOR")
    if url and seconds > 0:
        body = json.dumps({"seconds": seconds}).encode()
        request = urllib.request.Request(f"{url}/_emulator/advance", body, {"Content-Type": "application/json"})  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 -- the emulator's address


class Hands:
    now = time.time()

    @classmethod
    def sleep(cls, clock, seconds):
        cls.now += seconds
        advance(seconds)


def command(order):
    from airflow_provider_pipelines.cli import main

    os.environ.update(order.get("env", {}))
    identity._IDENTITIES.clear()
    Hands.now = max(Hands.now, time.time())
    out, answers = io.StringIO(), order.get("answers")
    err = io.StringIO() if answers is None else Terminal()
    kept = sys.stdout, sys.stderr, sys.stdin
    sys.stdout, sys.stderr, sys.stdin = out, err, io.StringIO() if answers is None else Terminal(answers)
    try:
        main(order["argv"])
        code = "did not exit"
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout, sys.stderr, sys.stdin = kept
        for name in order.get("env", {}):
            os.environ.pop(name, None)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def put(order):
    from airflow_provider_pipelines.commands.database import DatabaseStore

    for key, text in order["texts"].items():
        DatabaseStore().set(key, text, order.get("about", "a test's"))
    return {}


def texts(order):
    from airflow_provider_pipelines.commands.database import DatabaseStore

    return DatabaseStore().texts()


def clear(order):
    from airflow_provider_pipelines.commands.database import DatabaseStore

    for key in DatabaseStore().texts():
        DatabaseStore().delete(key)
    return {}


def lead(order):
    from tests.support.names import led_to

    socket.getaddrinfo = led_to(order["port"])
    return {}


if __name__ == "__main__":
    answers = sys.stdout
    sys.stdout = sys.stderr
    Clock.time = Clock.monotonic = lambda clock: Hands.now
    Clock.sleep = lambda clock, seconds: Hands.sleep(clock, seconds)
    orders = {"command": command, "put": put, "texts": texts, "clear": clear, "lead": lead}
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(orders[order["do"]](order)), file=answers, flush=True)
