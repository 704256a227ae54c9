"""The API gateway in front of IAM, CodeArts and DLI: who calls, and what is said to those who may not."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huaweicloud.signature import BadSignature, claimed_key, verify
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
    :param issued: likewise
    :param kind: how it was come by, as in the answer
    """

    scope: Mapping[str, Any]
    expires: float
    issued: float
    kind: Mapping[str, Any]


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
        try:
            self._authenticate(call, regional=regional)
        except Refusal as refusal:
            if regional or self.settings.iam_refusal == "gateway":
                raise
            raise self._refused_by_iam(call, refusal) from None

    def _refused_by_iam(self, call: Call, refusal: Refusal) -> Refusal:
        """Return what IAM may say itself of a token or signature that the gateway has let through."""
        text = refusal.answer.body["error_msg"].removeprefix(_INCORRECT)
        code = next((code for start, code in _IAM_CODES.items() if text.startswith(start)), "IAM.0001")
        key = self.keys.get(claimed_key(call.headers))
        if call.token is None and key is not None and key.expires is not None and key.expires <= time.time():
            code = "IAM.1108"
        return Refusal(Answer({"error_code": code, "error_msg": text}, 400 if "IAM.1" in code else 401, code=code))

    def _authenticate(self, call: Call, *, regional: bool) -> None:
        call.token = call.header("x-auth-token")
        if call.token is not None:
            self._check_token(call, call.token, regional=regional)
        elif call.header("authorization") is not None:
            self.check_signature(call)
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

    def check_signature(self, call: Call) -> None:
        """Check the signature of a call."""
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

    def give_token(self, scope: Mapping[str, Any], kind: Mapping[str, Any]) -> tuple[str, Token]:
        """Make a token; older ones stay valid."""
        text, now = f"MII{secrets.token_urlsafe(300)}", time.time()
        self.tokens[text] = Token(scope, now + self.settings.iam_token_seconds, now, kind)
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

# https://docs.otc.t-systems.com/identity-access-management/api-ref/appendix/error_codes.html
_IAM_CODES = {
    "decrypt token fail": "IAM.0067",
    "token expires": "IAM.0066",
    "Get secretKey failed": "IAM.1106",
    "AK access failed": "IAM.0061",
}


def iso(moment: float) -> str:
    """Return a time as IAM writes it."""
    whole, micro = divmod(round(moment * 1_000_000), 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{micro:06d}Z"
