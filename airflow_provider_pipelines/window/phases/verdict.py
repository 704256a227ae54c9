"""Whether a window went well: the record is closed, and none of its tasks failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_pipelines.window.record.model import Judged

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.record.model import Plan
    from airflow_provider_pipelines.window.record.repository import RecordRepository


def judge(records: RecordRepository, states: Mapping[str, str | None], own: Sequence[str] = ()) -> list[str]:
    """
    Give what is wrong, a sentence each.

    :param states: the states of the window's tasks, mapped ones by ``id_index``
    :param own: the ids of the window's own tasks among them, all of which have to have ended well
    :raises RecordUnreadable: the record cannot be read
    """
    problems = []
    failed = sorted(name for name, state in states.items() if state == "failed")
    if failed:
        problems.append(f"failed: {', '.join(failed)}.")
    elif blocked := sorted(name for name, state in states.items() if state == "upstream_failed"):
        problems.append(f"not run: {', '.join(blocked)}.")
    if astray := [name for name in own if states.get(name) not in {"success", "failed", "upstream_failed"}]:
        problems.append(f"did not do its part: {', '.join(f'{name} ({states.get(name)})' for name in astray)}.")
    plan = records.needed_plan()
    phase = records.phase()
    names = {thing.key: f"{thing.name} ({thing.id})" if thing.name else thing.id for thing in plan.things}
    if phase is None or phase.phase != "closed" or phase.generation < plan.generation:
        problems.append(
            "its record is still open: something may not be back. See 'airflow-pipelines show', then clear restore and "
            "what is downstream of it."
        )
    elif phase.missing and plan.on_missing == "fail":
        problems.append(f"gone meanwhile: {', '.join(names.get(key, key) for key in phase.missing)}.")
    # the last attempt has the last word: what refused an earlier one may have been stopped since
    parts = records.progress_of(plan.generation)
    refused = max(parts, key=lambda part: part.attempt).refused if parts else {}
    if refused:
        # a run counts for its pipeline
        named = {names.get(key) or names.get(key.partition("/")[0], key) for key in refused}
        problems.append(f"could not be stopped: {', '.join(sorted(named))}.")
    if own:
        problems += _again(records, plan, {name: state for name, state in states.items() if name not in own})
    return problems


def _again(records: RecordRepository, plan: Plan, work: Mapping[str, str | None]) -> list[str]:
    """Find work that ran since the last verdict although nothing was stopped for it: "clear only failed" does that."""
    before = records.judged()
    open_then = before.open if before is not None and before.generation == plan.generation else []
    again = [name for name in open_then if work.get(name) == "success"]
    records.keep_judged(
        Judged(generation=plan.generation, open=sorted(name for name, state in work.items() if state != "success"))
    )
    if not again:
        return []
    return [
        f"worked on a live fleet: {', '.join(sorted(again))} ran again without a new snapshot. Clear such tasks with "
        "their setups, not only the failed ones."
    ]
