"""What a status means for a thing on its way: what it becomes when it is found, seen, left or late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.http.retry import gone
from airflow_provider_pipelines.core.verbs.observation import GRACE
from airflow_provider_pipelines.errors import WatchFailed, WatchTimeout, error_from_event

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.core.verbs.observation import Judgement
    from airflow_provider_pipelines.errors import PipelinesError


def place(item: Item, verb: Verb, status: str) -> None:
    """Decide what a status before the action means."""
    item.known = status
    item.before = item.before or status
    if status in verb.already:
        # asked for by an earlier attempt, or on its way when it was found: then it has to end as this verb wants
        claimed = item.asked or item.before != status
        missing = verb.confirm(item) if claimed and verb.confirm is not None else None
        how = "is" if item.before == status else "has become"
        if missing is not None:
            item.fail(missing)
        else:
            item.finish("already", f"{item.id} {how} {status}; nothing was sent.{verb.already_note}")
    elif status in verb.ready:
        item.before, item.phase = status, "ready"
        item.moved, item.first, item.passed = False, dict(item.made), []
    elif status in verb.hopeless:
        said = f"{item.id} is {status}: {verb.name} cannot lead to {verb.goal.name} from there."
        item.fail(WatchFailed(f"{said} {verb.why.get(status, '')}".rstrip()))
    else:
        item.phase = "hold"


def take(item: Item, verb: Verb, seen: Judgement, now: float, deadline: float) -> None:
    """
    Take in what a watch saw of a thing, before or after the action.

    :param now: Unix time
    :param deadline: Unix time from which what is missing is not waited for any more
    """
    item.moved = item.moved or any(status not in (None, item.before) for status in (seen.status, *seen.passed))
    item.known = seen.status or (seen.passed[-1] if seen.passed else item.known)
    item.made.update(seen.facts)
    item.passed += [status for status in seen.passed if status not in item.passed]
    if seen.verdict == "pending":
        return
    if seen.error is not None:
        # what cannot be seen after the action may be as it was wanted
        item.fail(seen.error, "unknown" if item.phase == "acted" and not gone(seen.error) else "failed")
    elif item.phase == "hold":
        place(item, verb, str(seen.status))
    elif seen.verdict == "reached":
        item.reached_at = item.reached_at or now
        missing = verb.confirm(item) if verb.confirm is not None else None
        if missing is None and item.found:
            item.finish("already", f"{item.id} has become {seen.status} by somebody else's doing.")
        elif missing is None:
            item.finish("done", f"{item.id} is {seen.status}.")
        elif now - item.reached_at >= GRACE or now >= deadline:
            item.fail(missing)
    elif item.unclear is not None and not item.moved:
        item.fail(error_from_event(item.unclear), "unknown")
    else:
        reason = seen.facts.get("status_desc")
        item.fail(
            WatchFailed(
                f"{item.id} is {seen.status} after {verb.name}: not {verb.goal.name} any more"
                f"{f' ({reason})' if reason else ''}. {verb.why.get(str(seen.status), '')}".rstrip()
            )
        )


def leave(item: Item, verb: Verb) -> None:
    """Leave a thing whose effect is not waited for; one that has to end something else first is waited for still."""
    if item.phase == "hold":
        if item.known in verb.under_way:
            item.finish("requested", f"{item.id} was on its way already ({item.known}); nothing was sent.")
    elif item.found:
        item.finish("requested", f"{item.id} is on its way by somebody else's doing; it was not waited for.")
    elif item.unclear is not None:
        item.fail(error_from_event(item.unclear), "unknown")
    else:
        item.finish("requested", f"{verb.name} of {item.id} was accepted; its effect was not waited for.")


def expire(item: Item, verb: Verb, blind: PipelinesError | None) -> None:
    """
    Say of a thing that its deadline came first.

    :param blind: why the last look failed, or None if it succeeded
    """
    state = f"last seen {item.known}" if item.known else "never seen"
    waited = f"{verb.name} of {item.id}: {verb.goal.name} was not reached before the deadline, {state}."
    tail = f" The last look failed: {blind}" if blind is not None else ""
    item.fail(WatchTimeout(waited + tail), "unknown" if item.phase == "acted" else "failed")
