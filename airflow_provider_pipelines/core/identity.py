"""
What one process knows about one set of credentials.

More than five refused signatures in a row lock an access key for everybody who uses it, so as long as the
credentials have not been accepted once, one call at a time goes out; after a refusal none does for six minutes.
Other credentials are another identity: mending the connection takes effect at once.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from airflow_provider_pipelines.core.calls import Gate
from airflow_provider_pipelines.errors import AuthenticationError

#: seconds without a call after refused credentials; the vendor's lock lasts five minutes
SILENCE = 360.0
#: calls under way at once: below the five refusals that lock a key, should it be changed meanwhile
AT_ONCE = 4
_KEPT = 256


class Pace:
    """
    Spread requests evenly.

    :param per_second: requests a second, or None for no bound
    """

    def __init__(self, per_second: float | None = None) -> None:
        self._gap = 1 / per_second if per_second else 0.0
        self._free_at = 0.0
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Take the next free moment and tell how many seconds away it is."""
        if not self._gap:
            return 0.0
        with self._lock:
            at = max(now, self._free_at)
            self._free_at = at + self._gap
        return at - now


class Token:
    """
    A token with its time of death, fetched by one caller at a time.

    The value is never shown in a repr.
    """

    def __init__(self) -> None:
        self.gate = Gate()
        self.value: str | None = None
        self.expires_at = 0.0

    def keep(self, value: str, expires_at: float) -> None:
        """Store a new token, good until ``expires_at`` (Unix time)."""
        self.value, self.expires_at = value, expires_at

    def good(self, now: float, margin: float) -> str | None:
        """Give the token if it lives for another ``margin`` seconds."""
        return self.value if self.value and now < self.expires_at - margin else None

    def drop(self, value: str | None) -> None:
        """Forget this token, unless somebody has fetched another one meanwhile."""
        if self.value == value:
            self.value, self.expires_at = None, 0.0


class Identity:
    """One set of credentials: a gate, the last refusal, its token, its pace, the projects it was seen to have."""

    def __init__(self, per_second: float | None = None) -> None:
        self.gate = Gate(1)
        self.pace = Pace(per_second)
        self.token = Token()
        #: IAM project ids by region, once found
        self.projects: dict[str, str] = {}
        self._refusal: AuthenticationError | None = None

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


_IDENTITIES: OrderedDict[str, Identity] = OrderedDict()
_LOCK = threading.Lock()


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
