"""Which things a target names: ids, a pattern, and what is excluded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import flag, from_json, no_text_of_nothing
from airflow_provider_pipelines.errors import ArgumentError

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.fleets.base import Found


def ids_of(value: Any, argument: str, check: Callable[[Any, str], str]) -> list[str] | None:
    """Check a list of ids, or None; text is read as JSON, as a template may render it."""
    if value is None:
        return None
    if isinstance(value, str):
        text, value = value, from_json(value)
        if not isinstance(value, list):
            raise ArgumentError(
                argument, f"{text[:60]!r} is no list. Give a list of ids; as a template, with '| tojson'."
            )
    if isinstance(value, Mapping) or not hasattr(value, "__iter__"):
        raise ArgumentError(argument, "is no list. Give a list of ids.")
    ids = [check(_id_in(entry, argument), argument) for entry in value]
    if twice := sorted({id for id in ids if ids.count(id) > 1}):
        raise ArgumentError(argument, f"names {', '.join(twice)} more than once. Name each once.")
    return ids


def _id_in(entry: Any, argument: str) -> Any:
    """Give the id of a row as the list operators give it; anything else is an id itself."""
    return entry.get(argument.removesuffix("s")) if isinstance(entry, Mapping) else entry


def choose(found: Sequence[Found], target: Mapping[str, Any], ids: Sequence[str] | None, argument: str) -> list[Found]:
    """
    Keep what a target names.

    :raises ArgumentError: an id is not there, or nothing is left
    """
    pattern, allow_empty = target.get("name_pattern"), _flag(target.get("allow_empty"))
    excluded = _excluded(target.get("exclude", ()))
    by_id = {one.id: one for one in found}
    chosen: dict[str, Found] = {}
    missing = [id for id in ids or () if id not in by_id and id not in excluded]
    if missing and not allow_empty:
        raise ArgumentError(
            argument, f"there is no {', '.join(missing)}. Check the ids, or set allow_empty=True to go on without them."
        )
    chosen.update((id, by_id[id]) for id in ids or () if id in by_id)
    if pattern is not None:
        if not isinstance(pattern, str) or pattern in {"", "None"}:
            raise ArgumentError("name_pattern", "is no text. Leave it out, or give for instance 'wind-*'.")
        chosen.update((one.id, one) for one in found if not one.system and fnmatchcase(one.name, pattern))
    kept = [one for one in chosen.values() if not _is_out(one.id, one.name, excluded)]
    if not kept and not allow_empty:
        what = f"{pattern!r} matches" if pattern is not None else "names"
        raise ArgumentError(
            "name_pattern" if pattern is not None else argument,
            f"{what} nothing that is there and not excluded, so that work would run on a live fleet. Check it, or set "
            "allow_empty=True.",
        )
    return kept


def _flag(value: Any) -> bool:
    return flag(value if value is not None else False, "allow_empty")


def _excluded(value: Any) -> list[str]:
    if isinstance(value, str):
        text, read = value.strip(), from_json(value)
        if not isinstance(read, list) and text.startswith("[") and text.endswith("]") and "'" in text:
            raise ArgumentError(
                "exclude", f"{text[:60]!r} is a list as Python writes it. Add '| tojson' to the template."
            )
        value = read if isinstance(read, list) else [text]
    if value is None or isinstance(value, Mapping) or not hasattr(value, "__iter__"):
        raise ArgumentError("exclude", "is no list. Give a list of ids and patterns.")
    entries = [str(entry) for entry in value if str(entry)]
    for entry in entries:
        no_text_of_nothing({"exclude": entry})
    return entries


def _is_out(id: str, name: str, excluded: Sequence[str]) -> bool:
    return any(entry == id or fnmatchcase(name, entry) for entry in excluded)
