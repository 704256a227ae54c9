"""
How EnOS wants its callers to prove who they are, and how its answers read.

Token service: https://support.enos-iot.com/docs/api/en/2.1.0/token/get_access_token.html
Signature: https://support.enos-iot.com/docs/api/en/2.1.0/token/invoke_api_with_access_token.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_provider_pipelines.core.checks import loads
from airflow_provider_pipelines.core.http.calls import Call, MaskSecret, Reply, Request, SignedRequest, Sleep
from airflow_provider_pipelines.core.http.identity import lease
from airflow_provider_pipelines.core.http.reading import about, dump, parse
from airflow_provider_pipelines.core.http.session import Undelivered, clock_skew, retry_after, undelivered
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    NotFound,
    PermissionDenied,
    PlaceNotFound,
    QuotaExceeded,
    ServerError,
    Throttled,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.identity import Identity

SERVICE = "EnOS"
#: seconds before its end at which a token is replaced: ``get`` gives the same token until it has expired
TOKEN_MARGIN = 5.0
_TOKEN_TRIES = 4

_WRONG_ID = (
    "Check the id, and the organization id (org_id) of the connection; the pipeline has to be released, and granted to "
    "this access key."
)
_NO_ROUTE = (
    "This says nothing about what was asked for. Check the host of the connection: it has to be the API gateway's "
    "address; and the proxies in between."
)
_WRONG_KEY = "Check AccessKey (login) and SecretKey (password) of the connection."

# https://support.enos-iot.com/docs/stream-processing-api/en/2.4.4/operate_pipeline and the pages beside it
_CODES: dict[int, tuple[type[ApiError], str | None]] = {
    61100: (InvalidRequest, "The stream configuration is not accepted: check the arguments of the task."),
    61102: (InvalidRequest, None),
    61105: (InvalidRequest, "Ask for fewer points; 100,000 is the most."),
    61106: (NotFound, _WRONG_ID),
    61107: (InvalidRequest, None),
    61108: (NotFound, _WRONG_ID),
    61112: (ServerError, None),
    61115: (ServerError, None),
    61121: (Conflict, "EnOS starts one pipeline at a time in an organization."),
    61122: (ServerError, None),
    61126: (QuotaExceeded, "The organization has not enough free resources; stop something or ask for more."),
    61128: (PermissionDenied, "An administrator has to request this processing resource for the organization."),
    61152: (Conflict, None),
    61165: (Conflict, None),
    61168: (ServerError, None),
    61169: (Conflict, "Pause or stop the pipeline first."),
    61176: (InvalidRequest, None),
    61199: (InvalidRequest, None),
    99000: (ServerError, None),
    1001: (Throttled, None),
    1002: (AuthenticationError, _WRONG_KEY),
    1003: (AuthenticationError, _WRONG_KEY),
    1004: (AuthenticationError, _WRONG_KEY),
    1005: (ServerError, None),
    1202: (InvalidRequest, "A parameter is empty: check AccessKey (login) and SecretKey (password) of the connection."),
}  # fmt: skip
_TOKEN_EXPIRED = {1203, 4011, 4012}
_STATE = re.compile(r"\[\s*([A-Za-z_]+)\s*\]")


@dataclass(frozen=True, slots=True)
class Keys:
    """
    The access key of an application registered in the EnOS console.

    :param base_url: the API gateway, without a slash at the end
    """

    base_url: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


def sign(secret_key: str, token: str, query: Iterable[tuple[str, str]], body: bytes | None, timestamp: int) -> str:
    """Make ``apim-signature``: query in ASCII order, the first value of each name, then the body as it is sent."""
    first: dict[str, str] = {}
    for name, value in query:
        first.setdefault(name, value)
    params = "".join(f"{name}{first[name]}" for name in sorted(first))
    text = f"{token}{params}".encode() + (body or b"") + f"{timestamp}{secret_key}".encode()
    return sha256(text).hexdigest()


def encryption(access_key: str, timestamp: int, secret_key: str) -> str:
    """Make the single-use proof that the token service wants."""
    return sha256(f"{access_key}{timestamp}{secret_key}".encode()).hexdigest()


class EnosScheme:
    """
    Server token and request signature.

    :param keys: gateway and access key
    :param identity: what the process knows of these keys, the token included
    """

    service = SERVICE

    def __init__(self, keys: Keys, identity: Identity) -> None:
        self._keys = keys
        self.identity = identity
        self._stamp = 0

    def sign(self, request: Request, clock: Callable[[], float]) -> Call[SignedRequest]:
        """Make the wire form of a request; fetches a token first if there is none."""
        token = yield from lease(self.identity, self.identity.token, self._fetch, clock)
        timestamp = int(clock() * 1000)
        headers = {
            "apim-accesstoken": token,
            "apim-timestamp": str(timestamp),
            "apim-signature": sign(self._keys.secret_key, token, request.query, request.body, timestamp),
            "Accept": "application/json",
        }
        if request.body is not None:
            headers["Content-Type"] = "application/json;charset=UTF-8"
        encoded = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in request.query)
        url = f"{self._keys.base_url}{request.path}{'?' if encoded else ''}{encoded}"
        return SignedRequest(request.method, url, headers, request.body)

    def forget(self, signed: SignedRequest) -> None:
        """Drop the token that a request was just refused with."""
        self.identity.token.drop(signed.headers.get("apim-accesstoken"))

    def _fetch(self, clock: Callable[[], float]) -> Call[tuple[str, float, float]]:
        """Get a token; by ``get``, since ``refresh`` may kill another process's."""
        for tries in range(1, _TOKEN_TRIES + 1):
            try:
                value, seconds = yield from self.get_token(clock)
                break
            except (ServerError, Throttled):
                # 1001: the proof was used before, by this process or by another one with the same clock
                if tries == _TOKEN_TRIES:
                    raise
                yield Sleep(0.02 * 5**tries)
        yield MaskSecret(value)
        return value, seconds, TOKEN_MARGIN

    def get_token(
        self, clock: Callable[[], float], operation: str = "get_token", **more: str
    ) -> Call[tuple[str, float]]:
        """Ask the token service: gives the token and its life-time in seconds."""
        self._stamp = timestamp = max(int(clock() * 1000), self._stamp + 1)
        keys = self._keys
        body = {
            "appKey": keys.access_key,
            "encryption": encryption(keys.access_key, timestamp, keys.secret_key),
            **more,
            "timestamp": timestamp,
        }
        path = f"/apim-token-service/v2.0/token/{'refresh' if operation == 'refresh_token' else 'get'}"
        request = Request(operation, "POST", path, body=dump(body), repeatable=True)
        headers = {"Content-Type": "application/json;charset=UTF-8", "Accept": "application/json"}
        try:
            reply = yield SignedRequest("POST", f"{keys.base_url}{path}", headers, request.body)
        except Undelivered as lost:
            raise undelivered(SERVICE, request, lost) from None
        data = self.read(request, reply, clock())
        value = data.get("accessToken") if isinstance(data, dict) else None
        seconds = data.get("expire") if isinstance(data, dict) else None
        if (
            not isinstance(value, str)
            or not value
            or isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not 0 <= seconds <= 10**9
        ):
            raise MalformedReply("the token service gave no token", **about(SERVICE, request, reply))
        return value, float(seconds)

    def refresh_token(self, clock: Callable[[], float], token: str) -> Call[tuple[str, float]]:
        """Ask the token service for a new token in place of a living one; other processes may lose theirs."""
        return (yield from self.get_token(clock, "refresh_token", accessToken=token))

    def read(self, request: Request, reply: Reply, now: float) -> Any:
        """Give the ``data`` of an answer, or raise the error that it is."""
        facts = about(SERVICE, request, reply)
        status = reply.status
        if status >= 400 and (told := _told(reply)) is not None:
            # the HTTP status of failures is not documented; a code that is says more
            raise self._error(told[0], told[1], reply, now, facts)
        fetching = request.operation in _TOKEN_CALLS
        if status == 401 or (status == 403 and fetching):
            hint = _WRONG_KEY if fetching else None
            text = "the gateway does not accept the keys" if fetching else "the gateway does not accept the token"
            raise AuthenticationError(text, renewable=not fetching, hint=hint, **facts)
        if status == 403:
            raise PermissionDenied("the gateway forbids the call", renewable=True, **facts)
        if status == 429:
            raise Throttled("too many calls", retry_after=retry_after(reply, now), **facts)
        if status == 404:
            raise PlaceNotFound("no such route", hint=_NO_ROUTE, **facts)
        if status >= 500 or status == 408:
            raise ServerError("the gateway failed", retry_after=retry_after(reply, now), **facts)
        if 300 <= status < 400:
            hint = "Give the final address as host in the connection."
            raise MalformedReply("the gateway redirects, which is never followed with credentials", hint=hint, **facts)
        if status >= 400:
            raise InvalidRequest("the gateway refuses the request", **facts)
        payload = parse(reply, facts)
        if not isinstance(payload, dict):
            raise MalformedReply("the answer is no JSON object", **facts)
        code = _code(payload)
        if code == 0:
            return payload.get("data")
        raise self._error(code, payload, reply, now, facts)

    def _error(
        self, code: int | None, payload: dict[str, Any], reply: Reply, now: float, facts: dict[str, Any]
    ) -> ApiError:
        if code is None:
            return MalformedReply("the answer has neither code nor status", **facts)
        text = str(payload.get("msg") or "no message")[:500]
        facts["code"] = str(code)
        if code in _TOKEN_EXPIRED:
            return AuthenticationError(text, renewable=True, **facts)
        kind, hint = _CODES.get(code, (PlaceNotFound, _NO_ROUTE) if code == 404 else (InvalidRequest, None))
        if kind is Conflict:
            state = _STATE.search(text)
            return Conflict(text, state=state[1].upper() if state else None, hint=hint, **facts)
        if kind is AuthenticationError:
            skew = clock_skew(reply, now)
            if skew is not None and abs(skew) > 60:
                hint = f"{hint} The gateway's clock is {skew:+.0f} s off this machine's."
            # a refused proof is final; a refused signature with a token that somebody else may have replaced is not
            return AuthenticationError(text, renewable=facts["operation"] not in _TOKEN_CALLS, hint=hint, **facts)
        return kind(text, hint=hint, **facts)


_TOKEN_CALLS = {"get_token", "refresh_token"}


def _told(reply: Reply) -> tuple[int, dict[str, Any]] | None:
    """Give the documented code of an answer with an HTTP error, and the answer; None if there is none."""
    try:
        payload = loads(reply.body)
    except (ValueError, RecursionError):
        return None
    code = _code(payload) if isinstance(payload, dict) else None
    return (code, payload) if code is not None and (code in _CODES or code in _TOKEN_EXPIRED) else None


def _code(payload: dict[str, Any]) -> int | None:
    """Find the one member that tells success: 0. Numeric text counts, a boolean does not."""
    for name in ("apim_status", "status", "code"):
        value = payload.get(name)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,9}", value, re.ASCII):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool):
            if value or name == "code" or "code" not in payload:
                return value
        elif value is not None:
            return None
    return None
