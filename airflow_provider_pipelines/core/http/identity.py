"""
What one process knows about one set of credentials.

More than five refused signatures in a row lock an access key for everybody who uses it, so as long as the
credentials have not been accepted once, one call at a time goes out; after a refusal none does for six minutes.
Other credentials are another identity: mending the connection takes effect at once.
"""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from airflow_provider_pipelines.core.http.calls import Acquire, Call, Gate
from airflow_provider_pipelines.core.http.forks import renewed_in_children
from airflow_provider_pipelines.errors import (
    AuthenticationError,
    MalformedReply,
    ServerError,
    Throttled,
    TransportError,
)

V = TypeVar("V")

#: seconds without a call after refused credentials; the vendor's lock lasts five minutes
SILENCE = 360.0
#: calls under way at once: below the five refusals that lock a key, should it be changed meanwhile
AT_ONCE = 4
#: seconds until a renewal that failed is tried again, as long as the old token lives
RENEW_AGAIN = 60.0
_KEPT = 256


class Pace:
    """
    Spread requests evenly, and hold all of them back when the service asks for it.

    :param per_second: requests a second, or None for no bound
    """

    def __init__(self, per_second: float | None = None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._free_at = self._held_until = 0.0
        self.renew()
        renewed_in_children(self)

    def renew(self) -> None:
        """Take a new lock: in a forked child, one of the parent's threads may hold the old one for ever."""
        self._lock = threading.Lock()

    def reserve(self, now: float, within: float = math.inf) -> float:
        """
        Take the next free moment and tell how many seconds away it is.

        :param within: how many seconds away it is taken at most; one that is farther away is told and left to others
        """
        with self._lock:
            at = max(now, self._free_at, self._held_until)
            if self._gap and at - now <= within:
                self._free_at = at + self._gap
        return at - now

    def hold(self, until: float) -> None:
        """Let no request out before ``until``: the service has said so, and whoever asks before makes it worse."""
        with self._lock:
            self._held_until = max(self._held_until, until)


@dataclass(slots=True, repr=False)
class _Held(Generic[V]):
    value: V | None = None
    expires_at: float = 0.0
    renew_at: float = 0.0


class Token(Generic[V]):
    """
    A token, or a temporary key, with its time of death; fetched by one caller at a time.

    The value is never shown in a repr.

    :param like: a token whose value is shared, but not its turnstile
    """

    def __init__(self, like: Token[V] | None = None) -> None:
        self.gate = Gate()
        self._held: _Held[V] = _Held() if like is None else like._held

    @property
    def value(self) -> V | None:
        """The token, dead or alive."""
        return self._held.value

    def keep(self, value: V, expires_at: float, margin: float = 0.0) -> None:
        """Store a new token, good until ``expires_at`` (Unix time) and replaced ``margin`` seconds before."""
        held = self._held
        held.value, held.expires_at, held.renew_at = value, expires_at, expires_at - margin

    def good(self, now: float, margin: float = 0.0) -> V | None:
        """Give the token if it lives for another ``margin`` seconds."""
        held = self._held
        return held.value if held.value is not None and now < held.expires_at - margin else None

    def fresh(self, now: float) -> V | None:
        """Give the token if it need not be replaced yet."""
        return self._held.value if now < self._held.renew_at else None

    def postpone(self, until: float) -> None:
        """Go on with the old token for a while, since there is no new one."""
        self._held.renew_at = min(until, self._held.expires_at)

    def drop(self, value: V | None) -> None:
        """Forget this token, unless somebody has fetched another one meanwhile."""
        held = self._held
        if held.value == value:
            held.value, held.expires_at, held.renew_at = None, 0.0, 0.0


class Identity:
    """
    One set of credentials: a gate, the last refusal, its tokens, its pace, the projects it was seen to have.

    :param per_second: requests a second, or None for no bound
    """

    def __init__(self, per_second: float | None = None) -> None:
        self.gate = Gate(1)
        self.pace = Pace(per_second)
        self.token: Token[str] = Token()
        #: IAM project ids by region, once found
        self.projects: dict[str, str] = {}
        self._tokens: dict[str, Token[Any]] = {}
        self._like: Identity | None = None
        self._refusal: AuthenticationError | None = None

    def apart(self) -> Identity:
        """
        Give an identity with the same tokens and projects that waits for nobody.

        For a cancel while ``execute`` is interrupted and may hold a gate of this one. What is shared are
        dictionaries and plain values, which need no lock.
        """
        twin = Identity()
        twin.token, twin.projects, twin._like = Token(self.token), self.projects, self
        return twin

    def token_for(self, purpose: str) -> Token[Any]:
        """Give the token for a purpose, for instance a project; there is none yet in it at first."""
        token = self._tokens.get(purpose)
        if token is None:
            token = Token(self._like.token_for(purpose)) if self._like is not None else Token()
            token = self._tokens.setdefault(purpose, token)
        return token

    def check(self, now: float) -> None:
        """Raise the refusal of a moment ago instead of letting a call go out."""
        refusal = self._refusal
        if refusal is not None and refusal.until is not None and now < refusal.until:
            raise AuthenticationError(
                refusal.problem,
                service=refusal.service, operation=refusal.operation, method=refusal.method, path=refusal.path,
                status=refusal.status, code=refusal.code, request_id=refusal.request_id, until=refusal.until,
                locked=refusal.locked,
                hint=f"{refusal.hint or ''} These credentials were refused a moment ago; no call is made with them for "
                f"another {refusal.until - now:.0f} s, since repeated refusals lock the access key.".strip(),
            )  # fmt: skip

    def accepted(self) -> None:
        """Note that the credentials are good."""
        self._refusal = None
        self.gate.resize(AT_ONCE)

    def refused(self, refusal: AuthenticationError, now: float) -> None:
        """Note that the credentials are not accepted: silence from now on."""
        refusal.until = now + SILENCE
        self._refusal = refusal
        self.gate.resize(1)


def lease(
    identity: Identity,
    token: Token[V],
    fetch: Callable[[Callable[[], float]], Call[tuple[V, float, float]]],
    clock: Callable[[], float],
) -> Call[V]:
    """
    Give a token, fetched by one caller at a time and renewed before its end.

    As long as the old one lives, a renewal that fails for a passing reason is tried again later. Refused credentials
    are never sent a second time, however many callers wait for the token.

    :param fetch: makes the call; gives the token, the seconds it lives and how many of them before its end to renew it
    """
    if (value := token.fresh(clock())) is not None:
        return value
    loop = yield Acquire(token.gate)
    try:
        if (value := token.fresh(clock())) is not None:
            return value
        identity.check(clock())
        try:
            value, seconds, margin = yield from fetch(clock)
        except AuthenticationError as error:
            if error.until is None:
                error.renewable = False
                identity.refused(error, clock())
            raise
        except (TransportError, Throttled, ServerError, MalformedReply):
            if (value := token.good(clock())) is None:
                raise
            token.postpone(clock() + RENEW_AGAIN)
            return value
        token.keep(value, clock() + seconds, margin)
        return value
    finally:
        token.gate.leave(loop)


_IDENTITIES: OrderedDict[str, Identity] = OrderedDict()
# no fork happens while another thread holds it
_LOCK = threading.RLock()
os.register_at_fork(before=_LOCK.acquire, after_in_parent=_LOCK.release, after_in_child=_LOCK.release)


def shared_identity(*parts: str | None, per_second: float | None = None) -> Identity:
    """
    Give the identity of these credentials, the same one for all callers of the process.

    :param parts: endpoint, key, secret and whatever else makes the credentials what they are; kept as a digest only
    :param per_second: requests a second, or None for no bound
    """
    digest = hashlib.sha256(repr((parts, per_second)).encode()).hexdigest()
    with _LOCK:
        identity = _IDENTITIES.setdefault(digest, Identity(per_second))
        _IDENTITIES.move_to_end(digest)
        while len(_IDENTITIES) > _KEPT:
            _IDENTITIES.popitem(last=False)
    return identity
