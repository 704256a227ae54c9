"""One call of a hook over keep-alive, beside a bare ``requests`` session and the vendor's client."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from scripts.bench.rows import Row

ROUNDS, TIMES = 9, 60


@contextmanager
def _emulator() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="pipelines-bench-") as folder:
        ready = Path(folder) / "ready.json"
        command = [sys.executable, "-m", "airflow_provider_pipelines.emulator", "--ready-file", str(ready)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            output: IO[str] = process.stdout  # type: ignore[assignment]  # it is a pipe
            yield json.loads(output.readline())
        finally:
            process.terminate()
            process.wait(10)


def _cpu(act: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(TIMES):
        act()
    return (time.process_time() - began) / TIMES


def measure_calls() -> list[Row]:
    """Read one DLI job by turns: this process's CPU time for a call, medians."""
    with _emulator() as ready:
        os.environ.update(ready["env"])
        os.environ.update({"HOME": tempfile.mkdtemp(prefix="pipelines-bench-"), "no_proxy": "127.0.0.1"})
        return _measure(json.loads(ready["env"]["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"]))


def _measure(connection: dict[str, Any]) -> list[Row]:
    import requests
    from huaweicloudsdkcore.auth.credentials import BasicCredentials  # type: ignore[import-untyped]  # has no types
    from huaweicloudsdkdli.v1 import DliClient, ShowFlinkJobRequest  # type: ignore[import-untyped]  # has no types

    from airflow_provider_pipelines.dli.hook import DliHook
    from airflow_provider_pipelines.huaweicloud.scheme import AccessKey, sign

    extra = connection["extra"]
    hook = DliHook()
    hook.show_flink_job(128)

    session = requests.Session()
    url = f"{extra['dli_endpoint']}/v1.0/{extra['project_id']}/streaming/jobs/128"
    headers = sign(
        AccessKey(connection["login"], connection["password"]),
        "GET",
        url.partition("//")[2].partition("/")[1] + url.partition("//")[2].partition("/")[2],
        "",
        {"Content-Type": "application/json", "Host": url.partition("//")[2].partition("/")[0]},
        None,
        time.time(),
    )
    prepared = session.prepare_request(requests.Request("GET", url, headers=headers))

    def bare() -> object:
        settings = session.merge_environment_settings(url, {}, None, None, None)
        answer = session.send(prepared, timeout=15, **settings)
        answer.raise_for_status()
        return answer.content

    credentials = BasicCredentials(connection["login"], connection["password"], extra["project_id"])
    client = DliClient.new_builder().with_credentials(credentials).with_endpoint(extra["dli_endpoint"]).build()
    asked = ShowFlinkJobRequest(job_id=128)

    rounds = [
        (_cpu(lambda: hook.show_flink_job(128)), _cpu(bare), _cpu(lambda: client.show_flink_job(asked)))
        for _ in range(ROUNDS)
    ]
    ours, plain, vendors = (statistics.median(column) for column in zip(*rounds, strict=True))
    return [
        Row("one hook call, CPU", ours, "requests.Session.send", plain, 1.3),
        Row("one hook call, CPU", ours, "vendor SDK's client", vendors, 1 / 2),
    ]
