"""What a DAG file pays for importing our operators and sensors, beside the operators of released providers."""

from __future__ import annotations

import statistics
import subprocess
import sys

from scripts.bench.rows import Row

OURS = [
    f"airflow_provider_pipelines.{vendor}.{room}"
    for vendor in ("enos", "codearts", "dli")
    for room in ("operators", "sensors")
]
PEERS = {
    "airbyte's operator": "airflow.providers.airbyte.operators.airbyte",
    "http's operator": "airflow.providers.http.operators.http",
}
ROUNDS = 7
#: design: at most 50 ms here, where the lightest cloud provider takes 230
BUDGET = 50 / 230

_PROBE = """
import sys, time
from airflow.sdk import DAG, BaseOperator, BaseSensorOperator, BaseHook, TaskGroup
began = time.perf_counter()
for name in sys.argv[1:]:
    __import__(name)
print(time.perf_counter() - began)
"""


def _seconds(modules: list[str]) -> float:
    command = [sys.executable, "-c", _PROBE, *modules]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


def measure_imports() -> list[Row]:
    """Import in fresh processes, ours and the peers' by turns; medians."""
    tried = {"ours": OURS, **{name: [module] for name, module in PEERS.items()}}
    times: dict[str, list[float]] = {name: [] for name in tried}
    for _ in range(ROUNDS):
        for name, modules in tried.items():
            times[name].append(_seconds(modules))
    ours = statistics.median(times["ours"])
    return [
        Row(
            "import of all operators and sensors",
            ours,
            name,
            statistics.median(times[name]),
            BUDGET if number == 0 else None,
        )
        for number, name in enumerate(PEERS)
    ]
