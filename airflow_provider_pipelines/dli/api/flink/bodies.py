"""
What a Flink job is defined by: DLI's fields, with what is checked of each before anything is sent.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_sql_job.html and
.../creating_a_flink_jar_job.html. Checked is what can only be a mistake; where the editions differ, or a rule changes
with Flink's version, DLI decides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_pipelines.core.checks import flag, from_json, long_id, mapping, one_of, whole_number
from airflow_provider_pipelines.errors import ArgumentError

Check = Callable[[Any, str], Any]

#: DLI's numbers in requests; its answers have the words
CHECKPOINT_MODES = {"exactly_once": 1, "at_least_once": 2}
#: the job type that a shared queue cannot run, though it is the default of newer editions
OPEN_SOURCE_SQL, SHARED = "flink_opensource_sql_job", "shared_cluster"
_LARGEST_INT = 2**31 - 1


def text(value: Any, argument: str, longest: int = 1024, *, empty: bool = True) -> str:
    """Check a text."""
    if not isinstance(value, str):
        raise ArgumentError(argument, f"is of type {type(value).__name__}. Give text.")
    if not empty and (not value.strip() or value.strip() in {"None", "null"}):
        raise ArgumentError(argument, "is empty. Give it; if it is a template, what it refers to had no value.")
    if len(value) > longest:
        raise ArgumentError(argument, f"has {len(value)} characters. DLI takes {longest} at most.")
    return value


def obs_path(value: Any, argument: str) -> str:
    """Check a path in OBS, ``bucket/folder`` or ``obs://bucket/folder``, and write it in the second way."""
    path = text(value, argument, empty=False).strip()
    scheme, mark, rest = path.rpartition("://")
    if (mark and scheme != "obs") or not rest.strip("/") or rest.startswith("/") or not rest.isprintable():
        raise ArgumentError(argument, f"{path[:80]!r} is no path in OBS. Give for instance obs://bucket/folder/.")
    return f"obs://{rest}"


def checkpoint_mode(value: Any, argument: str) -> int:
    """Check the mode: 1 or 2, or the word for it."""
    known = CHECKPOINT_MODES.get(value) if isinstance(value, str) else None
    if known is not None:
        return known
    if value not in (1, 2, "1", "2") or isinstance(value, bool):
        allowed = "1 or exactly_once, 2 or at_least_once"
        raise ArgumentError(argument, f"{str(value)[:80]!r} is not possible. Possible are {allowed}.")
    return int(value)


def json_text(value: Any, argument: str) -> str:
    """Check a field that holds JSON as text; dictionaries and lists are written as such."""
    if isinstance(value, str):
        if value.strip() and from_json(value) is None:
            raise ArgumentError(argument, "is no JSON text. Give a dictionary or a list.")
        return value
    if not isinstance(value, Mapping | list | tuple):
        raise ArgumentError(argument, f"is of type {type(value).__name__}. Give a dictionary, a list or JSON text.")
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(argument, f"cannot be written as JSON: {str(error)[:200]}.") from None


def settings_text(value: Any, argument: str) -> str:
    """Check Flink's settings: a dictionary becomes DLI's list of ``{"key", "value"}`` as JSON text."""
    if isinstance(value, Mapping):
        value = [{"key": key, "value": _setting(item)} for key, item in mapping(value, argument).items()]
    return json_text(value, argument)


def _setting(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def texts(value: Any, argument: str) -> list[str]:
    """Check a list of texts; JSON text is accepted, as a template renders it."""
    given = from_json(value) if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise ArgumentError(argument, "is no list. Give a list of texts.")
    return [text(entry, argument, empty=False) for entry in given]


def tags(value: Any, argument: str) -> list[dict[str, str]]:
    """Check labels: a dictionary, or DLI's list of ``{"key", "value"}``."""
    given = from_json(value) if isinstance(value, str) else value
    if isinstance(given, Mapping):
        given = [{"key": key, "value": item} for key, item in given.items()]
    if not isinstance(given, list | tuple):
        raise ArgumentError(argument, 'is no list. Give a dictionary, or a list of {"key": ..., "value": ...}.')
    found = []
    for entry in given:
        pair = mapping(entry, argument, ("key", "value"))
        key, content = text(pair.get("key"), argument, 128, empty=False), text(pair.get("value"), argument, 255)
        found.append({"key": key, "value": content})
    return found


def resources(value: Any, argument: str) -> dict[str, Any]:
    """Check ``resource_config``."""
    given = mapping(
        value, argument, ("max_slot", "parallel_number", "jobmanager_resource_spec", "taskmanager_resource_spec")
    )
    for name in ("max_slot", "parallel_number"):
        if name in given:
            given[name] = whole_number(given[name], f"{argument}.{name}", 1, _LARGEST_INT)
    for name in ("jobmanager_resource_spec", "taskmanager_resource_spec"):
        if name in given:
            given[name] = mapping(given[name], f"{argument}.{name}", ("cpu", "memory"))
    return given


def _text(longest: int = 1024) -> Check:
    return lambda value, argument: text(value, argument, longest)


def _whole(least: int, most: int = _LARGEST_INT) -> Check:
    return lambda value, argument: whole_number(value, argument, least, most)


def _word(*allowed: str) -> Check:
    return lambda value, argument: one_of(value, argument, allowed)


def _name(value: Any, argument: str) -> str:
    return text(value, argument, 57, empty=False)


def _restarts(value: Any, argument: str) -> int:
    times = whole_number(value, argument, -1, _LARGEST_INT)
    if times == 0:
        raise ArgumentError(argument, "0 is not possible. Give -1 (without limit) or a number above 0.")
    return times


_COMMON: dict[str, Check] = {
    "name": _name,
    "desc": _text(2048),
    "queue_name": _text(128),
    "cu_number": _whole(2, 400),
    "manager_cu_number": _whole(1),
    "parallel_number": _whole(1, 2000),
    "checkpoint_enabled": flag,
    "checkpoint_mode": checkpoint_mode,
    "checkpoint_interval": _whole(0, 999_999),
    "log_enabled": flag,
    "obs_bucket": _text(),
    "smn_topic": _text(),
    "restart_when_exception": flag,
    "tm_cus": _whole(1),
    "tm_slot_num": _whole(0),
    "resume_checkpoint": flag,
    "resume_max_num": _restarts,
    "runtime_config": settings_text,
    "flink_version": _text(),
    "flink_log_config": json_text,
    "execution_agency_urn": _text(),
    "resource_config_version": _word("v1", "v2"),
    "resource_config": resources,
}
_SQL: dict[str, Check] = {
    **_COMMON,
    "sql_body": _text(1024 * 1024),
    "run_mode": _word("shared_cluster", "exclusive_cluster", "edge_node"),
    "idle_state_retention": _whole(0),
    "edge_group_ids": texts,
    "dirty_data_strategy": _text(),
    "udf_jar_url": _text(),
}
_JAR: dict[str, Check] = {
    **_COMMON,
    "main_class": _text(),
    "entrypoint": _text(),
    "entrypoint_args": _text(1024 * 1024),
    "dependency_jars": texts,
    "dependency_files": texts,
    "checkpoint_path": _text(),
    "feature": _word("basic", "custom"),
    "image": _text(),
}
#: the fields of each call, by the hook method that makes it
FIELDS: dict[str, dict[str, Check]] = {
    "create_flink_sql_job": {**_SQL, "template_id": long_id, "job_type": _text(), "tags": tags},
    "update_flink_sql_job": {**_SQL, "operator_config": json_text, "static_estimator_config": json_text},
    "create_flink_jar_job": {**_JAR, "tags": tags},
    "update_flink_jar_job": {**_JAR, "job_type": _word("flink_jar_job")},
}
#: the fields of the static graph, which describe a job that need not be saved
GRAPH: dict[str, Check] = {
    "sql_body": lambda value, argument: text(value, argument, 1024 * 1024, empty=False),
    "cu_number": _whole(2, 400),
    "manager_cu_number": _whole(1),
    "parallel_number": _whole(1, 2000),
    "tm_cus": _whole(1),
    "tm_slot_num": _whole(0),
    "operator_config": json_text,
    "static_estimator": flag,
    "static_estimator_config": json_text,
    "job_type": _word(OPEN_SOURCE_SQL),
    "graph_type": _word("simple_graph", "job_graph"),
    "flink_version": _text(),
}


def checked(given: Mapping[str, Any], fields: Mapping[str, Check]) -> dict[str, Any]:
    """
    Check the fields that are given and write them as DLI wants them; None means not given.

    A field that is not known here is passed on: DLI's editions have more of them than their references tell.
    """
    return {
        name: fields[name](value, name) if name in fields else value
        for name, value in given.items()
        if value is not None
    }


def definition(operation: str, given: Any) -> dict[str, Any]:
    """
    Make the body that creates or updates a job.

    :param operation: the hook method that sends it
    :param given: DLI's fields; None means not given
    :raises ArgumentError: names the field
    """
    fields = FIELDS[operation]
    body = checked(mapping(given, "body"), fields)
    if operation.startswith("create_"):
        if "name" not in body:
            raise ArgumentError("name", "is empty. Give the job a name.")
        # the two defaults contradict each other, so only what is sure is refused
        if body.get("job_type") == OPEN_SOURCE_SQL and body.get("run_mode") == SHARED:
            raise ArgumentError(
                "run_mode", f"{SHARED} goes with job_type flink_sql_job only. Give exclusive_cluster and a queue_name."
            )
    elif not body:
        raise ArgumentError("body", "has no field. Give at least one that shall change.")
    return body
