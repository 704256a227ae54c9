"""
Imports what a DAG file imports of the package, on top of what it imports of Airflow, and tells what that costs.

Run by the interpreter of each environment: uses nothing but the standard library and the package.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time

#: what it takes from the package
OURS = (
    "enos.operators",
    "enos.sensors",
    "codearts.operators",
    "codearts.sensors",
    "dli.operators",
    "dli.sensors",
    "window",
)


def main() -> None:
    """Print the modules that are loaded, and how many milliseconds it takes."""
    import airflow

    # what a DAG file takes from Airflow anyway
    if airflow.__version__.startswith("2."):
        for name in ("models.dag", "hooks.base", "sensors.base"):
            importlib.import_module(f"airflow.{name}")
    else:
        for name in ("DAG", "BaseOperator", "BaseSensorOperator", "TaskGroup"):
            getattr(importlib.import_module("airflow.sdk"), name)
    gc.collect()
    # or whoever crosses the threshold pays for a collection of all of Airflow
    gc.freeze()
    before = set(sys.modules)
    begun = time.perf_counter()
    for name in OURS:
        importlib.import_module(f"airflow_provider_pipelines.{name}")
    took = time.perf_counter() - begun
    print("\n" + json.dumps({"modules": sorted(set(sys.modules) - before), "ms": took * 1000}))  # noqa: T201 -- the answer


if __name__ == "__main__":
    main()
