"""Checks of arguments: bad input never reaches a vendor, and the message names the argument and the remedy."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.errors import ArgumentError

_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_RENDERED_NONE = {"", "None", "null"}
#: the vendor's ids are 64-bit integers
LARGEST_LONG = 2**63 - 1


def text_id(value: Any, argument: str) -> str:
    """Check an id that becomes part of a path: letters, digits, ``-`` and ``_``, 64 at most."""
    if value is None or (isinstance(value, str) and value.strip() in _RENDERED_NONE):
        raise ArgumentError(argument, "is empty. Give the id; if it is a template, what it refers to had no value.")
    if not isinstance(value, str):
        raise ArgumentError(argument, f"is {_kind(value)}, not text. Give the id as a string.")
    if not _ID.fullmatch(value):
        raise ArgumentError(
            argument, f"{_shown(value)} is no id. Ids have 1 to 64 letters, digits, '-' or '_', and nothing else."
        )
    return value


def no_text_of_nothing(values: Mapping[str, Any]) -> None:
    """Refuse the text that a template renders to where it has no value: it is never taken for "left out"."""
    for argument, value in values.items():
        if isinstance(value, str) and value.strip() == "None":
            raise ArgumentError(
                argument, "is the text 'None': what the template refers to had no value. Give one, or leave it out."
            )


def optional_id(value: Any, argument: str) -> str | None:
    """Check an id that may be left out."""
    return None if value is None else text_id(value, argument)


def long_id(value: Any, argument: str) -> int:
    """Check a 64-bit id: an integer or its digits as text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,19}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentError(
            argument, f"{_shown(value)} ({_kind(value)}) is no job id. Give whole numbers or their digits."
        )
    if not 1 <= value <= LARGEST_LONG:
        raise ArgumentError(argument, f"{value} is no job id. Job ids go from 1 to {LARGEST_LONG}.")
    return value


def long_ids(value: Any, argument: str) -> list[int]:
    """Check a list of 64-bit ids: not empty, no id twice. Text is read as JSON, as a template may render it."""
    if isinstance(value, str):
        text, value = value, from_json(value)
        if not isinstance(value, list | int):
            raise ArgumentError(argument, f"{_shown(text)} is no list. Give a list of job ids, e.g. [128, 137].")
    if isinstance(value, bool | int):
        raise ArgumentError(argument, f"{value} is no list. Give a list of job ids, e.g. [{value}].")
    if value is None or isinstance(value, Mapping | bytes) or not hasattr(value, "__iter__"):
        raise ArgumentError(argument, f"is {_kind(value)}, not a list. Give a list of job ids, e.g. [128, 137].")
    ids = [long_id(entry, argument) for entry in value]
    if not ids:
        raise ArgumentError(argument, "is empty. Name at least one job.")
    if len(set(ids)) != len(ids):
        twice = sorted({id for id in ids if ids.count(id) > 1})
        raise ArgumentError(argument, f"names {', '.join(map(str, twice))} more than once. Name each job once.")
    return ids


def whole_number(value: Any, argument: str, least: int, most: int) -> int:
    """Check a whole number; its digits as text are accepted, as a template renders them."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise ArgumentError(argument, f"{_shown(value)} is not possible. Give a whole number from {least} to {most}.")
    return value


def flag(value: Any, argument: str) -> bool:
    """Check a boolean; ``true`` and ``false`` as text are accepted, as a template renders them."""
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    if not isinstance(value, bool):
        raise ArgumentError(argument, f"{_shown(value)} is no boolean. Give True or False.")
    return value


def mapping(value: Any, argument: str, known: Sequence[str] | None = None) -> dict[str, Any]:
    """Check a dictionary with text keys, all of them known; JSON text is accepted, as a template renders it."""
    if isinstance(value, str):
        text, value = value, from_json(value)
        if value is None:
            raise ArgumentError(argument, f"{_shown(text)} is no JSON object. Give a dictionary.")
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ArgumentError(argument, f"is {_kind(value)}. Give a dictionary with text keys.")
    if known is not None and (unknown := sorted(set(value) - set(known))):
        raise ArgumentError(argument, f"has unknown keys {', '.join(unknown)}. Possible are {', '.join(known)}.")
    return dict(value)


def one_of(value: Any, argument: str, allowed: Sequence[str]) -> str:
    """Check a word against the allowed ones."""
    if value not in allowed:
        raise ArgumentError(argument, f"{_shown(value)} is not possible. Possible are {', '.join(allowed)}.")
    return str(value)


def loads(text: str | bytes) -> Any:
    """
    Read JSON. Half a surrogate pair becomes a question mark: such text can neither be logged nor stored.

    :raises ValueError: it is none
    :raises RecursionError: it is nested too deep
    """
    if isinstance(text, bytes):
        text = text.decode(json.detect_encoding(text))
    found = json.loads(text)
    # only an escape can stand for half a pair
    return json.loads(json.dumps(found, ensure_ascii=False).encode(errors="replace")) if "\\u" in text else found


def from_json(text: str) -> Any:
    """Read JSON text; None for what is none."""
    try:
        return loads(text)
    except (ValueError, RecursionError):
        return None


def positive(value: Any, argument: str) -> None:
    """Check a number above zero, or its digits as text; the vendor takes both, so it is not changed."""
    text = value if isinstance(value, str) else repr(value) if type(value) in (int, float) else ""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", text, re.ASCII) or not float(text) > 0:
        raise ArgumentError(argument, f"{_shown(value)} is not possible. Give a number above 0.")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


def _kind(value: Any) -> str:
    return "empty" if value is None else f"of type {type(value).__name__}"
