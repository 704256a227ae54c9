"""Looking at things and acting on them one by one: what goes wrong with one says nothing about the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http.retry import gone, transient
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.errors import ApiError, AuthenticationError, InvalidRequest, NotFound, PipelinesError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call


def look_each(ids: Iterable[str], look: Callable[[str], Call[Observation]]) -> Call[dict[str, Observation]]:
    """
    Look at things one by one: each gets a sighting, or its own error.

    :raises AuthenticationError: the credentials are not accepted, which is about all of them
    """
    seen: dict[str, Observation] = {}
    for id in ids:
        try:
            seen[id] = yield from look(id)
        except AuthenticationError:
            raise
        except PipelinesError as error:
            seen[id] = Observation(error=error)
    return seen


def act_each(ids: Iterable[str], act: Callable[[str], Call[Any]]) -> Call[dict[str, PipelinesError | None]]:
    """Act on things one by one: gives, for each, None (accepted) or the error."""
    answers: dict[str, PipelinesError | None] = {}
    for id in ids:
        try:
            yield from act(id)
            answers[id] = None
        except PipelinesError as error:
            answers[id] = error
    return answers


def cancel_each(
    ids: Sequence[str], cancel: Callable[[str], Call[Any]], ended: Callable[[str], Call[bool]]
) -> Call[None]:
    """
    Cancel things; what has ended meanwhile, or is gone, counts as cancelled.

    :raises PipelinesError: the last of the errors, after all of them were tried
    """
    failure: PipelinesError | None = None
    for id, error in (yield from act_each(ids, cancel)).items():
        if error is not None:
            failure = (yield from _unless_ended(id, error, ended)) or failure
    if failure is not None:
        raise failure


def _unless_ended(id: str, error: PipelinesError, ended: Callable[[str], Call[bool]]) -> Call[PipelinesError | None]:
    if transient(error) or not isinstance(error, ApiError):
        return error
    try:
        over = yield from ended(id)
    except PipelinesError as unseen:
        over = gone(unseen)
    return None if over else error


def shown(id: str, status: Callable[[str], Call[str]], listed: Callable[[str], Call[str | None]]) -> Call[str | None]:
    """
    Give a status, or None if the thing is gone.

    A service need not say what it answers about one that was cancelled: after a refusal the list tells.

    :param listed: gives the status that a whole list shows, or None if it lacks the thing
    """
    try:
        return (yield from status(id))
    except (NotFound, InvalidRequest) as error:
        return None if gone(error) else (yield from listed(id))
