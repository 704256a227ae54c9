"""
Looking at things one by one, and cancelling them one by one.

One that cannot be read just now, or is gone already, does not hide the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.http.retry import transient
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    PipelinesError,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.verbs.once import Run


def look_each(
    ids: Sequence[str], look: Callable[[str], Call[Observation]], others: Mapping[str, Observation]
) -> Call[dict[str, Observation]]:
    """
    Look at things one by one. What cannot be read just now is left out, as long as any of them can.

    :param others: those of the same look that were seen already
    """
    seen: dict[str, Observation] = {}
    lost: PipelinesError | None = None
    for id in ids:
        try:
            seen[id] = yield from look(id)
        except (AuthenticationError, PermissionDenied):
            raise
        except PipelinesError as error:
            if transient(error) or not isinstance(error, ApiError):
                lost = error
            else:
                seen[id] = Observation(error=error)
    if lost is not None and not seen and not others:
        raise lost
    return seen


def cancel_each(
    ids: Sequence[str], cancel: Callable[[str], Call[None]], ended: Callable[[str], Call[bool]]
) -> Call[None]:
    """
    Cancel things; what has ended meanwhile, or is gone, counts as cancelled.

    :raises PipelinesError: the last of the errors, after all of them were tried
    """
    failure: PipelinesError | None = None
    for id in ids:
        try:
            yield from cancel(id)
        except PipelinesError as error:
            failure = (yield from _unless_ended(id, error, ended)) or failure
    if failure is not None:
        raise failure


def _unless_ended(id: str, error: PipelinesError, ended: Callable[[str], Call[bool]]) -> Call[PipelinesError | None]:
    if transient(error) or not isinstance(error, ApiError):
        return error
    try:
        over = yield from ended(id)
    except NotFound:
        over = True
    except PipelinesError:
        return error
    return None if over else error


def shown(id: str, status: Callable[[str], Call[str]], active: Callable[[], Call[Sequence[Run]]]) -> Call[str | None]:
    """
    Give a status, or None if the thing is gone.

    A service need not say what it answers about one that was cancelled: a refusal counts as gone if the list of those
    that go on agrees.
    """
    try:
        return (yield from status(id))
    except NotFound:
        return None
    except InvalidRequest:
        found: str | None = next((run.status for run in (yield from active()) if run.id == id), None)
        return found
