"""
The AK/SK signature of Huawei Cloud and Open Telekom Cloud, ``SDK-HMAC-SHA256``.

https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
EMPTY_HASH = sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class AccessKey:
    """
    An access key, temporary if there is a security token.

    :param ak: shown in nothing either, since logs should not tell whose key it was
    """

    ak: str = field(repr=False)
    sk: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)


def encode_query(query: Iterable[tuple[str, str]]) -> str:
    """Write a query as it is signed and sent: sorted by raw name and value, then percent-encoded."""
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(query))


def canonical_request(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[str, str]:
    """
    Write a request as it is hashed.

    :param path: the path of the request target, percent-encoded or not
    :param query: what :func:`encode_query` gave
    :param headers: those to be signed, all but those with an underscore in their names
    :returns: the canonical request and its ``SignedHeaders``
    """
    path = quote(unquote(path), safe="/~")
    pairs = sorted([(name.lower(), value.strip()) for name, value in headers.items() if "_" not in name])
    signed = ";".join([name for name, _ in pairs])
    block = "".join([f"{name}:{value}\n" for name, value in pairs])
    digest = EMPTY_HASH
    if body:
        digest = dict(pairs).get("x-sdk-content-sha256") or sha256(body).hexdigest()
    slash = "" if path.endswith("/") else "/"
    return f"{method.upper()}\n{path}{slash}\n{query}\n{block}\n{signed}\n{digest}", signed


def sign(
    key: AccessKey, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None, now: float
) -> dict[str, str]:
    """
    Give the headers of a signed request: those given, the date, the security token and ``Authorization``.

    :param headers: everything that shall be signed, ``Host`` included
    :param now: Unix time, used where the headers have no ``X-Sdk-Date``
    """
    signed = dict(headers)
    if key.security_token:
        signed["X-Security-Token"] = key.security_token
    date = ""
    for name, value in signed.items():
        if name.lower() == "x-sdk-date":
            date = value
    if not date:
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        signed["X-Sdk-Date"] = date
    kind = signed.get("Content-Type")
    if kind is not None and not kind.startswith(("application/json", "application/bson")):
        signed["X-Sdk-Content-Sha256"] = "UNSIGNED-PAYLOAD"
    canonical, names = canonical_request(method, path, query, signed, body)
    text = f"{ALGORITHM}\n{date}\n{sha256(canonical.encode()).hexdigest()}"
    # on the wire a header is its UTF-8 bytes, which HTTP libraries take as Latin-1 text
    for name, value in signed.items():
        if not value.isascii():
            signed[name] = value.encode().decode("latin-1")
    signature = hmac.digest(key.sk.encode(), text.encode(), "sha256").hex()
    signed["Authorization"] = f"{ALGORITHM} Access={key.ak}, SignedHeaders={names}, Signature={signature}"
    return signed
