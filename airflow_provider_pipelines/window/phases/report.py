"""What a window task tells of its things: as XCom, as a sentence, as a table at the end of the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

Result = Literal["quiet", "restored", "partly", "nothing to do"]

_COLUMNS = (("service", 8), ("name", 32), ("id", 36), ("before", 20), ("after", 20), ("result", 9))


def report(window: str, run_id: str, result: Result, things: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Make the report: small JSON, an outcome a thing."""
    return {"window": window, "run_id": run_id, "result": result, "things": [dict(thing) for thing in things]}


def table(things: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the lines of a table of outcomes."""
    if not things:
        return ["(no things)"]
    widths = [
        max(len(title), min(limit, max(len(_text(thing.get(title))) for thing in things))) for title, limit in _COLUMNS
    ]
    lines = [_line([title for title, _ in _COLUMNS], widths), _line(["-" * width for width in widths], widths)]
    for thing in things:
        lines.append(_line([_text(thing.get(title)) for title, _ in _COLUMNS], widths))
        if thing.get("message") and thing["message"] != f"{thing.get('id')} is {thing.get('after')}.":
            lines.append(f"    {thing['message']}")
    return lines


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(
        (cell if len(cell) <= width else f"{cell[: width - 1]}…").ljust(width)
        for cell, width in zip(cells, widths, strict=True)
    ).rstrip()


def _text(value: Any) -> str:
    return "" if value is None else str(value)
