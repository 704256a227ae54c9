"""What follows from an error: the call made again, possibly carried out, or about a thing that is gone. All pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_pipelines.errors import (
    ApiError,
    ConnectionMissing,
    ListChanged,
    NotFound,
    OutcomeUnknown,
    PipelinesError,
    PlaceNotFound,
    ServerError,
    Throttled,
    TransportError,
)

#: a Retry-After longer than this is not slept through inside one call; the wait above it decides
LONGEST_PAUSE = 120.0


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """
    How long one call goes on.

    :param attempts: how often a request is sent at most
    :param first_pause: seconds before the second attempt; doubles from then on
    :param longest_pause: seconds, the most between two attempts
    :param seconds: the most for all pauses and answers of a request together: after that it is not sent again
    """

    attempts: int = 4
    first_pause: float = 1.0
    longest_pause: float = 20.0
    seconds: float = 300.0


#: one request a look: in a wait, the loop around it is what forgives failures
ONE_TRY = RetryBudget(attempts=1)


@dataclass(frozen=True, slots=True)
class Again:
    """Send the request again after so many seconds."""

    after: float


@dataclass(frozen=True, slots=True)
class Renew:
    """Get a new token and send the request again at once."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Raise the error."""


Decision = Again | Renew | GiveUp


def transient(error: PipelinesError) -> bool:
    """
    Tell whether an error says nothing about the thing that was looked at, and may pass by itself.

    A connection that is not found counts: an outage of Airflow looks just the same.
    """
    if isinstance(error, ApiError) and error.unclear:
        return True
    return isinstance(error, TransportError | Throttled | ConnectionMissing | PlaceNotFound | ListChanged)


def possibly_done(error: PipelinesError) -> bool:
    """Tell whether a write that ended with this error may have been carried out."""
    if error.unsent:
        return False
    if isinstance(error, PlaceNotFound):
        # a gateway or a service that names its reason has not carried it out; else a proxy may have said it afterwards
        return error.code is None
    return isinstance(error, OutcomeUnknown) or (isinstance(error, ApiError) and error.unclear)


#: how the operations begin that look
_READS = ("show_", "list_", "get_", "batch_show_")


def gone(error: BaseException | None) -> bool:
    """
    Tell whether a look says that a thing is not there.

    Only the service's own word for that thing does, or a list that was read whole. What a write is answered may mean
    something else, and every other 404 is a failed look.
    """
    return isinstance(error, NotFound) and error.operation.startswith(_READS)


def decide(
    error: PipelinesError,
    *,
    repeatable: bool,
    attempt: int,
    renewed: bool,
    budget: RetryBudget,
    spread: Callable[[], float],
) -> Decision:
    """
    Decide what follows a failed attempt.

    A write goes out again only if the former one was certainly not carried out: it was throttled, its token
    had expired, or the connection could not be made at all. A refused signature is never repeated.

    :param error: why the attempt failed
    :param repeatable: whether the request may be carried out twice without harm
    :param attempt: how many attempts were made, this one included
    :param renewed: whether the token has been renewed for this call already
    :param budget: how long to go on
    :param spread: gives a number from 0 to 1 for the jitter
    """
    if isinstance(error, ApiError) and error.renewable:
        return GiveUp() if renewed else Renew()
    if attempt >= budget.attempts or not transient(error) or isinstance(error, PlaceNotFound):
        # what has no such place for a moment has none for some seconds, too: the wait above is what forgives it
        return GiveUp()
    if possibly_done(error) and not repeatable:
        return GiveUp()
    pause = min(budget.first_pause * 2 ** (attempt - 1), budget.longest_pause)
    asked = error.retry_after if isinstance(error, (Throttled, ServerError)) else None
    if asked is not None:
        return Again(asked + spread()) if asked <= LONGEST_PAUSE else GiveUp()
    return Again(pause * (0.5 + spread() / 2))
