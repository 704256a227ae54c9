"""The API gateway in front of IAM, CodeArts and DLI: who calls, and what is said to those who may not."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huawei_signature import BadSignature, claimed_key, verify
from airflow_provider_pipelines.emulator.wire import Answer, Call, Refusal

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.settings import Settings


_INCORRECT = "Incorrect IAM authentication information: "


@dataclass
class Token:
    """
    An IAM token.

    :param scope: ``{"project": {...}}`` or ``{"domain": {...}}`` as in the answer, empty without scope
    :param expires: real time in epoch seconds
    """

    scope: Mapping[str, Any]
    expires: float


@dataclass
class Key:
    """
    An access key.

    :param security_token: what must come with a temporary key
    :param expires: real time in epoch seconds, None for a permanent key
    """

    secret: str
    security_token: str | None = None
    expires: float | None = None


@dataclass
class Lock:
    """Counts failures in a row and locks after too many of them."""

    failures: int = 0
    until: float = 0.0


@dataclass
class HuaweiGateway:
    """Knows the access keys and tokens, and locks out who fails too often."""

    settings: Settings
    tokens: dict[str, Token] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    locks: dict[str, Lock] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys[credentials.HUAWEI_ACCESS_KEY] = Key(credentials.HUAWEI_SECRET_KEY)

    def refuse(self, call: Call, code: str, message: str, status: int = 401) -> Refusal:
        """
        Return an error in the gateway's shape.

        https://docs.otc.t-systems.com/api-gateway/umn/published_api_calling/error_codes.html
        """
        body = {"error_msg": message, "error_code": code, "request_id": call.request_id}
        return Refusal(Answer(body, status, code=code))

    def unknown_route(self, call: Call) -> Refusal:
        """Return the error for a path or method that is not published."""
        return self.refuse(
            call, "APIG.0101", "The API does not exist or has not been published in the environment.", 404
        )

    def authenticate(self, call: Call, *, regional: bool) -> None:
        """
        Check token or signature.

        :param regional: whether the service needs a token of project scope
        """
        call.token = call.header("x-auth-token")
        if call.token is not None:
            self._check_token(call, call.token, regional=regional)
        elif call.header("authorization") is not None:
            self._check_signature(call)
        else:
            raise self.refuse(call, "APIG.0301", f"{_INCORRECT}x-auth-token not found")

    def _check_token(self, call: Call, text: str, *, regional: bool) -> None:
        token = self.tokens.get(text)
        if token is None:
            raise self.refuse(call, "APIG.0301", f"{_INCORRECT}decrypt token fail")
        if token.expires <= time.time():
            raise self.refuse(call, "APIG.0301", f"{_INCORRECT}token expires, expires_at: {iso(token.expires)}")
        if regional and "project" not in token.scope:
            raise self.refuse(call, "APIG.0302", "The IAM user is not authorized to access the API.", 403)

    def _check_signature(self, call: Call) -> None:
        claimed = claimed_key(call.headers)
        now = time.time()
        if self.locked(claimed):
            raise self.refuse(call, "APIG.0301", f"{_INCORRECT}AK access failed to reach the limit,forbidden.")
        try:
            access_key = verify(
                method=call.method,
                path=call.raw_path,
                query=call.raw_query,
                headers=call.headers,
                body=call.body,
                secret_of=lambda key: self.keys[key].secret if key in self.keys else None,
                now=now,
            )
            self._check_temporary(call, access_key, now)
        except BadSignature as bad:
            if bad.access_key in self.keys:
                self.failed(bad.access_key)
            raise self.refuse(call, "APIG.0301", _INCORRECT + _TEXTS[bad.reason]) from None
        self.locks.pop(access_key, None)

    def _check_temporary(self, call: Call, access_key: str, now: float) -> None:
        key = self.keys[access_key]
        if key.expires is not None and key.expires <= now:
            raise BadSignature("expired", access_key)
        if key.security_token is not None and call.header("x-security-token") != key.security_token:
            raise BadSignature("mismatch", access_key)

    def locked(self, who: str) -> bool:
        """Tell whether an access key or user is locked."""
        return who in self.locks and self.locks[who].until > time.time()

    def failed(self, who: str) -> None:
        """Count a failure; more of them in a row than allowed lock for a while."""
        lock = self.locks.setdefault(who, Lock())
        lock.failures += 1
        if lock.failures > self.settings.lockout_failures:
            lock.failures = 0
            lock.until = time.time() + self.settings.lockout_seconds

    def expire(self, call: Call) -> Refusal:
        """End the token that a call brought, and return what is then said."""
        self.tokens.pop(call.token or "", None)
        return self.refuse(call, "APIG.0307", "The token must be updated.")

    def give_token(self, scope: Mapping[str, Any]) -> tuple[str, Token]:
        """Make a token; older ones stay valid."""
        text = f"MII{secrets.token_urlsafe(300)}"
        self.tokens[text] = Token(scope, time.time() + self.settings.iam_token_seconds)
        return text, self.tokens[text]

    def give_key(self, seconds: float) -> tuple[str, Key]:
        """Make a temporary access key."""
        access_key = uuid.uuid4().hex[:20].upper()
        key = Key(secrets.token_urlsafe(30), secrets.token_urlsafe(200), time.time() + seconds)
        self.keys[access_key] = key
        return access_key, key


# https://support.huaweicloud.com/ocr_faq/ocr_01_0063.html and the other pages on APIG.0301
_TEXTS = {
    "malformed": "verify aksk signature fail",
    "mismatch": "verify aksk signature fail",
    "expired": "calc ak sk signature fail:signature expired",
    "unknown key": "Get secretKey failed,ak:******,err:ak not exist",
}


def iso(moment: float) -> str:
    """Return a time as IAM writes it."""
    whole, micro = divmod(round(moment * 1_000_000), 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{micro:06d}Z"
