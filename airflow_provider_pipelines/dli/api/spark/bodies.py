"""What is sent about Spark batches, checked before any call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.core.checks import flag, from_json, mapping, one_of, whole_number
from airflow_provider_pipelines.dli.api.arguments import text
from airflow_provider_pipelines.errors import ArgumentError

LONGEST_NAME = 128
#: arguments and the vendor's names for them
FIELDS = {
    "file": "file", "class_name": "className", "queue": "queue", "cluster_name": "cluster_name", "args": "args",
    "sc_type": "sc_type", "jars": "jars", "py_files": "pyFiles", "files": "files", "modules": "modules",
    "resources": "resources", "groups": "groups", "conf": "conf", "name": "name", "driver_memory": "driverMemory",
    "driver_cores": "driverCores", "executor_memory": "executorMemory", "executor_cores": "executorCores",
    "num_executors": "numExecutors", "obs_bucket": "obs_bucket", "auto_recovery": "auto_recovery",
    "max_retry_times": "max_retry_times", "execution_agency_urn": "execution_agency_urn",
    "catalog_name": "catalog_name", "feature": "feature", "spark_version": "spark_version", "image": "image",
}  # fmt: skip
_TEXTS = {
    "queue", "cluster_name", "obs_bucket", "execution_agency_urn", "catalog_name", "spark_version", "image", "name",
}  # fmt: skip
_WORDS = {"sc_type": ("A", "B", "C"), "feature": ("basic", "ai", "custom")}
_NUMBERS = {
    "driver_cores": 2**31 - 1, "executor_cores": 2**31 - 1, "num_executors": 2**31 - 1, "max_retry_times": 100,
}  # fmt: skip
_LISTS = {"args", "jars", "py_files", "files", "modules"}
_OBJECTS = {"resources", "groups"}


def create_body(room: int = 0, **given: Any) -> dict[str, Any]:
    """
    Make the body of create.

    :param room: characters of the name that are needed for something else
    :param given: arguments by their names; None is left out
    """
    body = {
        FIELDS[argument]: _checked(argument, value)
        for argument, value in given.items()
        if value is not None or argument in {"file", "class_name"}
    }
    if "queue" in body and "cluster_name" in body:
        raise ArgumentError("cluster_name", "is an older word for queue. Give one of the two.")
    if len(body.get("name", "")) > LONGEST_NAME - room:
        raise ArgumentError("name", f"has {len(body['name'])} characters; {LONGEST_NAME - room} are possible.")
    return body


def _checked(argument: str, value: Any) -> Any:
    if argument in _TEXTS or argument in {"file", "class_name"}:
        return text(value, argument)
    if argument in _WORDS:
        return one_of(value, argument, _WORDS[argument])
    if argument in _NUMBERS:
        return whole_number(value, argument, 0, _NUMBERS[argument])
    if argument in _LISTS:
        return [_entry(entry, argument) for entry in _listed(value, argument)]
    if argument in _OBJECTS:
        return [mapping(entry, argument) for entry in _listed(value, argument)]
    if argument == "conf":
        return mapping(value, argument)
    return flag(value, argument) if argument == "auto_recovery" else _memory(value, argument)


def _listed(value: Any, argument: str) -> Sequence[Any]:
    if isinstance(value, str):
        value = from_json(value)
    if isinstance(value, str | Mapping | bytes) or not isinstance(value, Sequence):
        raise ArgumentError(argument, "is no list. Give a list.")
    return value


def _entry(value: Any, argument: str) -> str:
    # an empty argument of a program is possible, the empty name of a file is not
    if isinstance(value, bool) or not isinstance(value, str | int | float) or (value == "" and argument != "args"):
        raise ArgumentError(argument, f"{str(value)[:80]!r} is no text. Give a list of texts.")
    return str(value)


def _memory(value: Any, argument: str) -> str:
    if not isinstance(value, str) or not value.strip() or not value.strip()[-1].isalpha():
        raise ArgumentError(argument, f"{str(value)[:80]!r} has no unit. Give for instance '2G' or '2048M'.")
    return value.strip()
