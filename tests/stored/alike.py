"""What of stored things counts when two are compared: not ids, times and sentences, which are others each time."""

from __future__ import annotations

import json
import re

#: ids that a service makes up, which those of our worlds are told from by their noughts; times in milliseconds, and as
#: services write them into paths
_VOLATILE = (
    (re.compile(r"(?![0-9a-f-]*0{8})[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"(?<![0-9a-f])(?![0-9a-f]*0{8})[0-9a-f]{32}(?![0-9a-f])"), "<id>"),
    (re.compile(r"\d{4}-\d\d-\d\d[_T ]\d\d[-:]\d\d[-:]\d\d(\.\d+)?"), "<time>"),
    (re.compile(r"(?<![0-9a-f-])\d{10,13}(\.\d+)?(?![0-9a-f-])"), "<time>"),
)
#: numbers from here on are Unix times
_TIMES = 10**9


def shape(value):
    """Give a value with all that is another each time taken out; texts that are JSON are opened."""
    if isinstance(value, dict):
        return {_text(name): shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value]
    if isinstance(value, str):
        return shape(json.loads(value)) if value.startswith(("{", "[")) and _is_json(value) else _text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "<time>" if value >= _TIMES else "<seconds>" if value != round(value) else value
    return value


def essence(ends):
    """Give what a task came to, without its sentences: the error by its class, outcomes without their message."""
    if ends is None:
        return None
    error = ends["error"][0] if ends["error"] else None
    return {**shape(_unsaid({"result": ends["result"], "pushed": ends["pushed"]})), "error": error}


def holds(value, old):
    """Tell whether a value says all that an old one said, and perhaps more."""
    if isinstance(old, dict):
        return isinstance(value, dict) and all(name in value and holds(value[name], one) for name, one in old.items())
    if isinstance(old, list):
        return isinstance(value, list) and len(value) == len(old) and all(map(holds, value, old))
    return bool(value == old)


def judged(event):
    """Give what an event says of each thing, without its sentences."""
    seen = {_text(id): (one["verdict"], one["status"], _class(one["error"])) for id, one in event["seen"].items()}
    return event["version"], event["ended"], _class(event["error"]), seen


def members(event):
    """Give how the members of an event are called."""
    return dict.fromkeys(event) | {"seen": {_text(id): dict.fromkeys(one) for id, one in event["seen"].items()}}


def _class(error):
    return error and error["error"]


def _unsaid(value):
    if isinstance(value, dict):
        return {name: _unsaid(one) for name, one in value.items() if name != "message"}
    return [_unsaid(one) for one in value] if isinstance(value, list) else value


def _text(text):
    for pattern, word in _VOLATILE:
        text = pattern.sub(word, text)
    return text


def _is_json(text):
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
