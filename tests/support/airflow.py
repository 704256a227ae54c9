"""What tests take from Airflow, from where each version has it."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import import_module
from typing import Any

import pytest

from airflow_provider_pipelines.compat import AIRFLOW

_SDK = {(3, 0): "airflow.sdk"}
_EXCEPTIONS = {(3, 2): "airflow.sdk.exceptions", (2, 11): "airflow.exceptions"}
_HOMES: dict[str, dict[tuple[int, int], str]] = {
    "DAG": {**_SDK, (2, 11): "airflow.models.dag"},
    "BaseOperator": {**_SDK, (2, 11): "airflow.models.baseoperator"},
    "BaseSensorOperator": {**_SDK, (2, 11): "airflow.sensors.base"},
    "TaskGroup": {**_SDK, (2, 11): "airflow.utils.task_group"},
    "Variable": {**_SDK, (2, 11): "airflow.models.variable"},
    "task": {**_SDK, (2, 11): "airflow.decorators"},
    "task_group": {**_SDK, (2, 11): "airflow.decorators"},
    "setup": {**_SDK, (2, 11): "airflow.decorators"},
    "teardown": {**_SDK, (2, 11): "airflow.decorators"},
    "EmptyOperator": {(3, 0): "airflow.providers.standard.operators.empty", (2, 11): "airflow.operators.empty"},
    "DagSerialization": {(3, 2): "airflow.serialization.serialized_objects"},
    "DagBag": {(3, 2): "airflow.dag_processing.dagbag", (2, 11): "airflow.models.dagbag"},
    "AirflowException": _EXCEPTIONS,
    "AirflowFailException": _EXCEPTIONS,
    "AirflowSkipException": _EXCEPTIONS,
    "AirflowRescheduleException": _EXCEPTIONS,
    "TaskDeferred": _EXCEPTIONS,
}
#: the module whose clock Airflow's own loop of a sensor reads
SENSOR_LOOP = "airflow.sdk.bases.sensor" if AIRFLOW >= (3, 0) else "airflow.sensors.base"


def __getattr__(name: str) -> Any:
    if name == "DagSerialization" and AIRFLOW < (3, 2):
        # its name until 3.1
        return import_module("airflow.serialization.serialized_objects").SerializedDAG
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(next(home for since, home in _HOMES[name].items() if since <= AIRFLOW)), name)


def forget_masks() -> None:
    """
    Forget which secrets are kept out of the logs.

    Airflow compiles them anew into one pattern with each that it is told, and searches each line of a log for it: with
    all tokens that thousands of tests are given, a test takes twenty times as long.
    """
    for module in _maskers(len(sys.modules)):
        masker = module._secrets_masker()
        masker.patterns, masker.replacer = set(), None


@lru_cache(maxsize=1)
def _maskers(modules: int) -> list[Any]:
    """Find the modules that mask; ``modules`` are loaded, and more may be the next time."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.endswith("secrets_masker") and hasattr(module, "_secrets_masker")
    ]


def since(version: str, reason: str) -> pytest.MarkDecorator:
    """Leave a test out on an Airflow that is older than a version; the reason says what it lacks."""
    oldest = tuple(int(part) for part in version.split("."))
    return pytest.mark.skipif(oldest > AIRFLOW, reason=f"from Airflow {version} on: {reason}")


def whole_module_since(version: str, reason: str) -> None:
    """Leave a module of tests out on an Airflow that is older than a version, before it imports what is not there."""
    if tuple(int(part) for part in version.split(".")) > AIRFLOW:
        pytest.skip(f"from Airflow {version} on: {reason}", allow_module_level=True)
