"""
Verification of ``SDK-HMAC-SHA256`` signatures, from the received bytes alone.

https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

#: seconds that X-Sdk-Date may be away from the gateway's time
WINDOW = 15 * 60
_AUTHORIZATION = re.compile(
    r"SDK-HMAC-SHA256 +Access=(?P<access>[^,\s]+), *SignedHeaders=(?P<signed>[^,\s]+), *Signature=(?P<signature>\S+)"
)

Reason = Literal["malformed", "unknown key", "expired", "mismatch"]


class BadSignature(Exception):
    """
    A signature that does not hold.

    :param reason: why, in one of few words
    :param access_key: whose it claims to be
    """

    def __init__(self, reason: Reason, access_key: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.access_key = access_key


def claimed_key(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """Return the access key that a request claims to be signed with, empty if there is none."""
    found = _AUTHORIZATION.fullmatch(_value(headers, "authorization") or "")
    return found["access"] if found else ""


def verify(
    *,
    method: str,
    path: bytes,
    query: bytes,
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes,
    secret_of: Callable[[str], str | None],
    now: float,
) -> str:
    """
    Return the access key that signed a request, or raise :class:`BadSignature`.

    :param path: the path of the request target, as received
    :param query: its query, as received, without the question mark
    :param secret_of: gives the secret of an access key, None if there is no such key
    :param now: the real time in epoch seconds
    """
    found = _AUTHORIZATION.fullmatch(_value(headers, "authorization") or "")
    if found is None:
        raise BadSignature("malformed")
    access_key, signed = found["access"], found["signed"].split(";")
    secret = secret_of(access_key)
    if secret is None:
        raise BadSignature("unknown key", access_key)
    date = _value(headers, "x-sdk-date") or ""
    if "x-sdk-date" not in signed or signed != sorted({name.lower() for name in signed}):
        raise BadSignature("malformed", access_key)
    if not _within_window(date, now):
        raise BadSignature("expired", access_key)
    values = [(name, _value(headers, name)) for name in signed]
    if any(value is None for _, value in values):
        raise BadSignature("mismatch", access_key)
    canonical = "\n".join(
        (
            method.upper(),
            _canonical_path(path),
            _canonical_query(query),
            "".join(f"{name}:{value}\n" for name, value in values),
            ";".join(signed),
            _payload_hash(headers, body),
        )
    )
    text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode('utf-8', 'surrogateescape')).hexdigest()}"
    expected = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), found["signature"].encode("utf-8", "surrogateescape")):
        raise BadSignature("mismatch", access_key)
    return access_key


def _value(headers: Sequence[tuple[bytes, bytes]], name: str) -> str | None:
    """Return the text of a header; one that is sent twice is joined, and so verifies as neither."""
    wanted = name.encode()
    values = [value for key, value in headers if key.lower() == wanted]
    return b",".join(values).decode("utf-8", "surrogateescape").strip() if values else None


def _within_window(date: str, now: float) -> bool:
    try:
        signed_at = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(now - signed_at.timestamp()) <= WINDOW


def _canonical_path(path: bytes) -> str:
    segments = unquote_to_bytes(path).split(b"/")
    canonical = "/".join(quote_from_bytes(segment, safe="") for segment in segments)
    return canonical if canonical.endswith("/") else f"{canonical}/"


def _canonical_query(query: bytes) -> str:
    if not query:
        return ""
    pairs = []
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return "&".join(f"{quote_from_bytes(k, safe='')}={quote_from_bytes(v, safe='')}" for k, v in sorted(pairs))


def _payload_hash(headers: Sequence[tuple[bytes, bytes]], body: bytes) -> str:
    # An empty body counts as empty even under UNSIGNED-PAYLOAD; so does the vendor's own signer.
    if body and _value(headers, "x-sdk-content-sha256") == "UNSIGNED-PAYLOAD":
        return "UNSIGNED-PAYLOAD"
    return hashlib.sha256(body).hexdigest()
