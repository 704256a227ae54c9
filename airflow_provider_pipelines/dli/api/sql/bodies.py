"""What is sent about SQL jobs, checked before any call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.core.checks import flag, from_json, one_of, text_id, whole_number
from airflow_provider_pipelines.dli.api.arguments import text
from airflow_provider_pipelines.errors import ArgumentError

ENGINES = ("spark", "hetuEngine")
#: characters of a tag's key and of its value
LONGEST_KEY, LONGEST_VALUE = 128, 255
_ORDERS = ("start_time_desc", "start_time_asc", "duration_desc", "duration_asc")
_EXPORT = {
    "data_type": ("csv", "json"),
    "compress": ("none", "gzip", "bzip2", "deflate"),
    "export_mode": ("ErrorIfExists", "Overwrite"),
    "encoding_type": ("utf-8", "gb2312", "gbk"),
}
#: the names of query parameters that have hyphens
_HYPHENS = {"job_type": "job-type", "job_status": "job-status", "job_id": "job-id", "engine_type": "engine-type"}
_LATEST = 2**63 - 1
_NAME = re.compile(r"(?!_)(?![0-9]+$)[A-Za-z0-9_]{1,128}")


def name(value: Any, argument: str) -> str:
    """Check the name of a queue, a database or a catalog."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ArgumentError(
            argument,
            f"{str(value)[:80]!r} is no name. Names have 1 to 128 letters, digits and '_', not only digits, and do "
            "not begin with '_'.",
        )
    return value


def submit_body(
    sql: Any, currentdb: Any, queue_name: Any, conf: Any, tags: Any, engine_type: Any, current_catalog: Any
) -> dict[str, Any]:
    """Make the body of submit."""
    body: dict[str, Any] = {"sql": text(sql, "sql")}
    for argument, value in (
        ("currentdb", currentdb), ("queue_name", queue_name), ("current_catalog", current_catalog),
    ):  # fmt: skip
        if value is not None:
            body[argument] = name(value, argument)
    if conf is not None:
        body["conf"] = conf_list(conf)
    if tags is not None:
        body["tags"] = tag_list(tags)
    if engine_type is not None:
        body["engine_type"] = one_of(engine_type, "engine_type", ENGINES)
    return body


def export_body(**given: Any) -> dict[str, Any]:
    """Make the body of export, from arguments that have the vendor's names; None is left out."""
    body: dict[str, Any] = {"data_path": text(given.pop("data_path"), "data_path")}
    for argument, value in given.items():
        if value is None and argument != "data_type":
            continue
        if argument in _EXPORT:
            body[argument] = one_of(value, argument, _EXPORT[argument])
        elif argument == "queue_name":
            body[argument] = name(value, argument)
        elif argument == "with_column_header":
            body[argument] = flag(value, argument)
        elif argument == "limit_num":
            body[argument] = whole_number(value, argument, 0, 2**31 - 1)
        else:
            body[argument] = text(value, argument)
    return body


def list_filters(**given: Any) -> list[tuple[str, str]]:
    """Make the query of the list, but for its pages; None is left out."""
    filters = []
    for argument, value in given.items():
        if argument == "job_types" and value is not None:
            if isinstance(value, str) or not value:
                raise ArgumentError(argument, "is no list, or empty. Give for instance ['QUERY', 'INSERT'].")
            # repeated, as the vendor's own client does
            filters += [(argument, text(kind, argument)) for kind in value]
        elif value is not None:
            filters.append((_HYPHENS.get(argument, argument), _filter(value, argument)))
    return filters


def _filter(value: Any, argument: str) -> str:
    match argument:
        case "start" | "end":
            return str(whole_number(value, argument, 0, _LATEST))
        case "job_id":
            return text_id(value, argument)
        case "order":
            return one_of(value, argument, _ORDERS)
        case "engine_type":
            return one_of(value, argument, ENGINES)
    return text(value, argument)


def conf_list(value: Any) -> list[str]:
    """Write settings, given as a mapping or as the vendor's list of ``key=value``, as that list."""
    value = _from_template(value)
    if isinstance(value, Mapping):
        return [f"{_key(key)}={_setting(key, setting)}" for key, setting in value.items()]
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ArgumentError("conf", "is no mapping and no list. Give {'key': value} or ['key=value'].")
    for entry in value:
        if not isinstance(entry, str) or not entry.partition("=")[0].strip() or "=" not in entry:
            raise ArgumentError("conf", f"{str(entry)[:80]!r} is no setting. Give 'key=value'.")
    return list(value)


def _key(key: Any) -> str:
    if not isinstance(key, str) or not key.strip() or "=" in key:
        raise ArgumentError("conf", f"{str(key)[:80]!r} is no name of a setting.")
    return key


def _setting(key: Any, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise ArgumentError("conf", f"{key} has a value of type {type(value).__name__}. Give text, number or boolean.")
    return str(value)


def tag_list(value: Any) -> list[dict[str, str]]:
    """Write tags, given as a mapping or as the vendor's list of ``{"key", "value"}``, as that list."""
    value = _from_template(value)
    if isinstance(value, Mapping):
        value = [{"key": key, "value": setting} for key, setting in value.items()]
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ArgumentError("tags", "is no mapping and no list. Give {'key': 'value'}.")
    tags = []
    for entry in value:
        if not isinstance(entry, Mapping) or set(entry) != {"key", "value"}:
            raise ArgumentError("tags", f"{str(entry)[:80]!r} is no tag. Give {{'key': ..., 'value': ...}}.")
        for part, most in (("key", LONGEST_KEY), ("value", LONGEST_VALUE)):
            told = entry[part]
            if not isinstance(told, str) or len(told) > most or (part == "key" and not told):
                raise ArgumentError(
                    "tags", f"the {part} {str(told)[:80]!r} is not possible. Give 1 to {most} characters."
                )
        tags.append({"key": entry["key"], "value": entry["value"]})
    return tags


def _from_template(value: Any) -> Any:
    if isinstance(value, str) and (read := from_json(value)) is not None:
        return read
    return value
