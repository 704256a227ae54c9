"""Bodies of requests, checked: bad input is refused with the name of the argument before any call."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from airflow_provider_pipelines.codearts.states import STATUSES
from airflow_provider_pipelines.core.checks import flag, mapping, one_of, optional_id, text_id, whole_number
from airflow_provider_pipelines.errors import ArgumentError

LONGEST_DESCRIPTION = 1024
LONGEST_VALUE = 8192
LONGEST_NAME = 128

_SOURCE_TYPES = ("code", "artifact")
_GIT_TYPES = ("codehub", "gitee", "github", "gitcode", "gitlab")
_BUILD_TYPES = ("branch", "tag")
_EVENT_TYPES = ("Manual", "Scheduler", "MR", "Push", "CreateTag", "Issue", "Note")


def run_body(
    sources: Any = None,
    variables: Any = None,
    choose_jobs: Any = None,
    choose_stages: Any = None,
    description: Any = None,
    sub_hook: Any = None,
    execution_plan_id: Any = None,
    *,
    room: int = 0,
) -> dict[str, Any]:
    """
    Make the body of a run.

    :param room: characters of the description that are kept for a marker
    :raises ArgumentError: an argument has a value that is never sent

    https://support.huaweicloud.com/intl/en-us/api-pipeline/RunPipeline.html
    """
    body: dict[str, Any] = {}
    if sources is not None:
        body["sources"] = [_source(entry) for entry in _list(sources, "sources")]
    if variables is not None:
        body["variables"] = variable_list(variables)
    if choose_jobs is not None:
        body["choose_jobs"] = texts(choose_jobs, "choose_jobs")
    if choose_stages is not None:
        body["choose_stages"] = texts(choose_stages, "choose_stages")
    if description is not None:
        most = LONGEST_DESCRIPTION - room
        body["description"] = text(description, "description")
        if len(description) > most:
            kept = f" ({room} of {LONGEST_DESCRIPTION} are needed to recognise the run)" if room else ""
            raise ArgumentError("description", f"has {len(description)} characters; {most} are possible{kept}.")
    if sub_hook is not None:
        body["sub_hook"] = flag(sub_hook, "sub_hook")
    if (plan := optional_id(execution_plan_id, "execution_plan_id")) is not None:
        body["execution_plan_id"] = plan
    return body


def variable_list(value: Any) -> list[dict[str, str]]:
    """
    Make the vendor's list of variables from a mapping or from such a list; numbers and booleans become text.

    :raises ArgumentError: a value is missing, too long, or a structure
    """
    value = _read(value, "variables")
    if isinstance(value, Mapping):
        pairs = list(mapping(value, "variables").items())
    elif isinstance(value, list | tuple):
        pairs = []
        for entry in value:
            if set(mapping(entry, "variables", ("name", "value"))) != {"name", "value"}:
                raise ArgumentError("variables", "each entry of a list needs both name and value.")
            pairs.append((entry["name"], entry["value"]))
    else:
        raise ArgumentError(
            "variables", f'is of type {type(value).__name__}. Give a dictionary, or a list of {{"name", "value"}}.'
        )
    made = [{"name": text(name, "variables"), "value": _value(name, content)} for name, content in pairs]
    names = [entry["name"] for entry in made]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ArgumentError("variables", f"names {', '.join(twice)} more than once.")
    return made


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        value = str(value).lower()
    elif isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        value = str(value)
    if not isinstance(value, str):
        kind = "no value" if value is None else f"a value of type {type(value).__name__}"
        raise ArgumentError("variables", f"{name} has {kind}. Give text, a number or a boolean.")
    if len(value) > LONGEST_VALUE:
        raise ArgumentError("variables", f"{name} has {len(value)} characters; {LONGEST_VALUE} are possible.")
    return value


def _source(value: Any) -> dict[str, Any]:
    source = mapping(value, "sources")
    if "type" not in source:
        raise ArgumentError("sources", f"each entry needs a type: {' or '.join(_SOURCE_TYPES)}.")
    one_of(source["type"], "sources.type", _SOURCE_TYPES)
    if source.get("params") is not None:
        params = mapping(source["params"], "sources.params")
        if "git_type" in params:
            one_of(params["git_type"], "sources.params.git_type", _GIT_TYPES)
        if params.get("build_params") is not None:
            build = mapping(params["build_params"], "sources.params.build_params")
            if "build_type" in build:
                one_of(build["build_type"], "sources.params.build_params.build_type", _BUILD_TYPES)
            if "event_type" in build:
                one_of(build["event_type"], "sources.params.build_params.event_type", _EVENT_TYPES)
    return source


def text(value: Any, argument: str) -> str:
    """Check text that must not be empty."""
    if not isinstance(value, str) or not value.strip():
        raise ArgumentError(argument, f"{value!r:.80} is not possible. Give text that is not empty.")
    return value


def texts(value: Any, argument: str, allowed: Sequence[str] | None = None) -> list[str]:
    """Check a list of text, each of the allowed words if there are such."""
    entries = [text(entry, argument) for entry in _list(value, argument)]
    return entries if allowed is None else [one_of(entry, argument, allowed) for entry in entries]


def ids(value: Any, argument: str) -> list[str]:
    """Check a list of ids."""
    return [text_id(entry, argument) for entry in _list(value, argument)]


#: how the filters of lists are checked, by argument
_FILTERS: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("component_id", "creator_id", "exclude_pipeline_id", "include_pipeline_id"), text_id),
    **dict.fromkeys(("job_id", "project_id", "stage_id"), text_id),
    **dict.fromkeys(("creator_ids", "executor_ids", "project_ids"), ids),
    **dict.fromkeys(("end_time", "pipeline_run_update_time", "start_time", "update_time"), text),
    **dict.fromkeys(("group_path_id", "name", "sort_key"), text),
    **dict.fromkeys(("manifest_version_list", "tag_list", "trigger_type"), texts),
    **dict.fromkeys(("by_group", "is_banned", "is_publish", "query_new", "show_job_details"), flag),
    **dict.fromkeys(("dev_uc_security_level_list", "security_level_list"), lambda value, name: _numbers(value, name)),
    "sort_dir": partial(one_of, allowed=("asc", "desc")),
    "status": partial(texts, allowed=STATUSES),
}


def filters(**given: Any) -> dict[str, Any]:
    """
    Make the part of a list's body that filters and sorts, from what is given.

    :raises ArgumentError: an argument has a value that is never sent
    """
    return {name: _FILTERS[name](value, name) for name, value in given.items() if value is not None}


def run_pairs(value: Any) -> list[dict[str, str]]:
    """Check a list of pairs of pipeline and run."""
    keys = ("pipeline_id", "pipeline_run_id")
    pairs = [mapping(entry, "query", keys) for entry in _list(value, "query")]
    return [{key: text_id(pair.get(key), f"query.{key}") for key in keys} for pair in pairs]


def definition_body(value: Any, needed: Sequence[str] = ()) -> dict[str, Any]:
    """
    Check a pipeline as it is made or changed: what is needed is there, and it can be written as JSON.

    :raises ArgumentError: a member is missing, or has a value that is never sent

    https://support.huaweicloud.com/intl/en-us/api-pipeline/CreatePipelineNew.html
    """
    body = mapping(value, "body")
    if not body:
        raise ArgumentError("body", "is empty. Give the pipeline in the vendor's field names.")
    if missing := [name for name in needed if body.get(name) is None]:
        raise ArgumentError("body", f"needs {', '.join(missing)}.")
    if (name := body.get("name")) is not None and len(text(name, "body.name")) > LONGEST_NAME:
        raise ArgumentError("body.name", f"has {len(name)} characters; {LONGEST_NAME} are possible.")
    if (words := body.get("description")) is not None and len(str(words)) > LONGEST_DESCRIPTION:
        raise ArgumentError(
            "body.description", f"has {len(str(words))} characters; {LONGEST_DESCRIPTION} are possible."
        )
    if body.get("definition") is not None and not isinstance(body["definition"], str):
        raise ArgumentError("body.definition", "has to be JSON as text, as the vendor wants it.")
    try:
        json.dumps(body, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ArgumentError("body", f"cannot be written as JSON: {error}.") from None
    return body


def _numbers(value: Any, argument: str) -> list[int]:
    return [whole_number(entry, argument, 0, 2**31 - 1) for entry in _list(value, argument)]


def _list(value: Any, argument: str) -> list[Any]:
    value = _read(value, argument)
    if not isinstance(value, list | tuple):
        raise ArgumentError(argument, f"is of type {type(value).__name__}. Give a list.")
    if not value:
        raise ArgumentError(argument, "is an empty list. Leave it out instead.")
    return list(value)


def _read(value: Any, argument: str) -> Any:
    """Read JSON text, as a template may render a structure."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise ArgumentError(argument, f"{value!r:.80} is no JSON. Give a list or a dictionary.") from None
    return value
