"""Whether a window went well: the record is closed, and none of its tasks failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.store import Shelf


def judge(shelf: Shelf, states: Mapping[str, str | None]) -> list[str]:
    """
    Give what is wrong, a sentence each.

    :raises RecordUnreadable: the record cannot be read
    """
    problems = []
    failed = sorted(name for name, state in states.items() if state == "failed")
    if failed:
        problems.append(f"failed: {', '.join(failed)}.")
    elif blocked := sorted(name for name, state in states.items() if state == "upstream_failed"):
        problems.append(f"not run: {', '.join(blocked)}.")
    plan = shelf.needed_plan()
    phase = shelf.phase()
    names = {thing.key: f"{thing.name} ({thing.id})" if thing.name else thing.id for thing in plan.things}
    if phase is None or phase.phase != "closed" or phase.generation < plan.generation:
        problems.append(
            "its record is still open: something may not be back. See 'airflow-pipelines show', then clear restore and "
            "what is downstream of it."
        )
    elif phase.missing and plan.on_missing == "fail":
        problems.append(f"gone meanwhile: {', '.join(names.get(key, key) for key in phase.missing)}.")
    # the last attempt has the last word: what refused an earlier one may have been stopped since
    parts = [part for part in shelf.progress() if part.generation == plan.generation]
    refused = max(parts, key=lambda part: part.attempt).refused if parts else {}
    if refused:
        # a run counts for its pipeline
        named = {names.get(key) or names.get(key.partition("/")[0], key) for key in refused}
        problems.append(f"could not be stopped: {', '.join(sorted(named))}.")
    return problems
