"""
The way of one call: sign, send, read, and repeat what may be repeated.

Written once, as generators; the drivers in :mod:`~airflow_provider_pipelines.core.http.sync_driver` run them.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from airflow_provider_pipelines.core.http.calls import Acquire, Call, Reply, Request, SignedRequest, Sleep
from airflow_provider_pipelines.core.http.retry import LONGEST_PAUSE, Again, Renew, RetryBudget, decide
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    OutcomeUnknown,
    PipelinesError,
    Throttled,
    TransportError,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.identity import Identity

T = TypeVar("T")


class Undelivered(Exception):
    """
    A transport did not get an answer.

    :param reason: what happened, in words without any part of the request
    :param sent: whether the service may have got the request
    :param hint: which connection field to look at
    """

    def __init__(self, reason: str, *, sent: bool, hint: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.hint = hint


class Scheme(Protocol):
    """How a service wants its callers to prove who they are, and how its answers read."""

    service: str
    identity: Identity

    def sign(self, request: Request, clock: Callable[[], float]) -> Call[SignedRequest | None]:
        """Make the wire form of a request; fetches a token if there is none. None where that left nothing to ask."""

    def read(self, request: Request, reply: Reply, now: float) -> Any:
        """Give what an answer holds, or raise the error that it is."""

    def forget(self, signed: SignedRequest) -> None:
        """Drop the token that a request was just refused with."""


@dataclass(slots=True)
class Spent:
    """
    The time of one request with all its attempts.

    :param left: seconds for further pauses and answers
    """

    left: float

    def pause(self, seconds: float) -> Call[None]:
        """Wait."""
        self.left -= seconds
        yield Sleep(seconds)


class Session:
    """
    Carries out the operations of one service with one set of credentials.

    :param scheme: signs requests and reads answers
    :param clock: gives Unix time, for tokens and signatures
    :param timer: gives seconds since whenever, for pauses and how long answers take
    """

    def __init__(
        self,
        scheme: Scheme,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.scheme = scheme
        self.clock = clock
        self.timer = timer

    def carry(self, call: Call[T], budget: RetryBudget) -> Call[T]:
        """Run an operation: its requests become signed exchanges, all else passes through."""
        try:
            effect = next(call)
            while True:
                try:
                    came = (
                        (yield from self._exchange(effect, budget)) if isinstance(effect, Request) else (yield effect)
                    )
                except PipelinesError as error:
                    effect = call.throw(error)
                else:
                    effect = call.send(came)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            call.close()

    def _exchange(self, request: Request, budget: RetryBudget) -> Call[Any]:
        attempt, renewed = 0, False
        spent = Spent(budget.seconds)
        sent: list[SignedRequest] = []
        while True:
            attempt += 1
            try:
                return (yield from self._once(request, sent, spent))
            except PipelinesError as error:
                match decide(
                    error,
                    repeatable=request.repeatable,
                    attempt=attempt,
                    renewed=renewed,
                    budget=budget,
                    spread=random.random,
                ):
                    case Again(after) if after <= spent.left:
                        yield from spent.pause(after)
                    case Renew():
                        renewed = True
                        attempt -= 1
                        for signed in sent[-1:]:
                            # the token of this very request: another caller may have renewed it meanwhile
                            self.scheme.forget(signed)
                    case _:
                        if isinstance(error, AuthenticationError) and error.renewable:
                            self.scheme.identity.refused(error, self.clock())
                        raise

    def _once(self, request: Request, sent: list[SignedRequest], spent: Spent) -> Call[Any]:
        identity = self.scheme.identity
        loop = yield Acquire(identity.gate)
        try:
            if pause := identity.pace.reserve(self.timer(), spent.left):
                if pause > spent.left:
                    raise self._held_back(request, pause)
                yield from spent.pause(pause)
            identity.check(self.clock())
            signed = yield from self._sign(request)
            if signed is None:
                return None
            if request.guard is not None:
                request.guard()
            sent.append(signed)
            lost = None
            begun = self.timer()
            try:
                reply = yield signed
            except Undelivered as reason:
                lost = undelivered(self.scheme.service, request, reason)
            spent.left -= self.timer() - begun
            if lost is not None:
                raise lost
            result = self.scheme.read(request, reply, self.clock())
        except AuthenticationError as error:
            if not error.renewable and error.until is None:
                identity.refused(error, self.clock())
            raise
        except ApiError as error:
            if error.retry_after is not None and not error.unsent:
                identity.pace.hold(self.timer() + min(error.retry_after, LONGEST_PAUSE))
            raise
        else:
            identity.accepted()
            return result
        finally:
            identity.gate.leave(loop)

    def _held_back(self, request: Request, pause: float) -> Throttled:
        error = Throttled(
            f"the service asked for a pause, and {pause:.0f} s of it are left",
            service=self.scheme.service, operation=request.operation, method=request.method, path=request.path,
            status=0, retry_after=pause,
        )  # fmt: skip
        error.unsent = True
        return error

    def _sign(self, request: Request) -> Call[SignedRequest | None]:
        try:
            return (yield from self.scheme.sign(request, self.clock))
        except PipelinesError as error:
            error.unsent = True
            raise


def undelivered(service: str, request: Request, lost: Undelivered) -> TransportError:
    """Name the request that got no answer."""
    kind = OutcomeUnknown if lost.sent and not request.repeatable else TransportError
    return kind(
        lost.reason,
        service=service,
        operation=request.operation,
        method=request.method,
        path=request.path,
        hint=lost.hint,
    )


def retry_after(reply: Reply, now: float) -> float | None:
    """Read a ``Retry-After`` header, given in seconds or as an HTTP date; None if there is none that can be read."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now) if text else None
    except (ValueError, OverflowError):
        return None


def clock_skew(reply: Reply, now: float) -> float | None:
    """Tell how many seconds the service's clock is ahead of ours, by its ``Date`` header."""
    try:
        return parsedate_to_datetime(reply.headers["date"]).timestamp() - now
    except (KeyError, ValueError, OverflowError):
        return None
