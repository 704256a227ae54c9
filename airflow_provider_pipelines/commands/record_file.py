"""A record from a file: what ``show --json`` wrote, or the log of a window's snapshot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from airflow_provider_pipelines.commands.book import Texts
from airflow_provider_pipelines.commands.main import UsageError
from airflow_provider_pipelines.commands.standing import Entry, entry
from airflow_provider_pipelines.core.checks import from_json
from airflow_provider_pipelines.errors import RecordUnreadable
from airflow_provider_pipelines.window.record.model import MARK, Handed, Phase, Plan, Progress, from_lines, read
from airflow_provider_pipelines.window.record.repository import RecordRepository

M = TypeVar("M", bound=BaseModel)


def entry_from(path: str) -> Entry:
    """
    Read a record.

    :raises UsageError: there is no such file
    :raises RecordUnreadable: it holds no record that can be understood
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise UsageError(f"--record {path}: cannot be read ({error.strerror or type(error).__name__}).") from None
    data = from_json(text)
    if isinstance(data, dict) and "event" not in data:
        about = f"in {path}"
        parts = data.get("progress") or []
        if not isinstance(parts, list):
            raise RecordUnreadable(f"the record {about} cannot be understood: its progress is no list.")
        return entry(
            read(Plan, text, about),
            _part(Phase, data.get("phase"), about),
            [read(Progress, json.dumps(part), about) for part in parts],
            _part(Handed, data.get("handed"), about),
        )
    lines = _plain(text)
    if not lines:
        raise RecordUnreadable(
            f"{path} holds no record: neither what 'show --json' writes, nor lines with {MARK!r} as the snapshot's log "
            "has them."
        )
    return entry(from_lines("\n".join(lines)), None, [], None)


def records_from(found: Entry) -> RecordRepository:
    """Make records in memory that hold what the file holds; what restore had begun is begun anew."""
    records = RecordRepository(Texts(), found.plan.window, found.plan.run_id)
    records.begin()
    records.announce(found.plan.generation)
    records.begin_attempts()
    records.keep_plan(found.plan)
    for part in found.progress:
        records.register(part.attempt)
        records.keep_progress(part)
    if found.phase is not None and not found.open:
        records.keep_phase(found.phase)
    return records


def _part(kind: type[M], data: Any, about: str) -> M | None:
    return None if data is None else read(kind, json.dumps(data), about)


def _plain(text: str) -> list[str]:
    """
    Give the lines of the last record in a log, each its mark and its JSON.

    Airflow 3 keeps a log as a JSON object a line, with the message in ``event``; before and after the message there
    may be anything.
    """
    found: list[str] = []
    decoder = json.JSONDecoder()
    for line in text.splitlines():
        wrapped = from_json(line) if line.lstrip().startswith("{") else None
        if isinstance(wrapped, dict) and isinstance(wrapped.get("event"), str):
            line = wrapped["event"]
        _, mark, rest = line.partition(MARK)
        if not mark:
            continue
        try:
            part, _ = decoder.raw_decode(rest.strip())
        except ValueError:
            raise RecordUnreadable(
                f"a line of the record is cut off: {rest.strip()[:60]!r}. Get the whole log, or the task's log file."
            ) from None
        if isinstance(part, dict) and "places" in part:
            # a record begins; a log may hold those of several attempts
            found.clear()
        found.append(f"{MARK} {json.dumps(part)}")
    return found
