"""
Huawei Cloud and Open Telekom Cloud: the request signature, the gateway's errors, the IAM project.

Signing: https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm-002.html
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, unquote, urlsplit

from airflow_provider_pipelines.core.calls import Call, Reply, Request, Wire
from airflow_provider_pipelines.core.reading import about, malformed, parse
from airflow_provider_pipelines.core.session import clock_skew, retry_after
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    ConfigurationError,
    InvalidRequest,
    MalformedReply,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    ServerError,
    Throttled,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.identity import Identity

ALGORITHM = "SDK-HMAC-SHA256"
EMPTY_HASH = sha256(b"").hexdigest()

#: error classes by the vendor's code; a hint where one is known
Codes = Mapping[str, tuple[type[ApiError], str | None]]


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


@dataclass(frozen=True, slots=True)
class Service:
    """
    One service behind the gateway.

    :param label: its name, for messages
    :param endpoint: its base URL, without a slash at the end; empty where the connection does not tell it
    :param codes: what its own error codes mean
    :param missing: what to fill in where there is no endpoint
    """

    label: str
    endpoint: str
    codes: Codes = field(default_factory=dict)
    missing: str = ""


class Auth(Protocol):
    """A way to prove who calls."""

    def authorize(
        self, request: Request, path: str, query: str, headers: Mapping[str, str], clock: Callable[[], float]
    ) -> Call[Mapping[str, str]]:
        """Give the headers to send; may make calls of its own for a token."""

    def forget(self) -> None:
        """Drop a token that was just refused."""

    @property
    def renewable(self) -> bool:
        """Whether a refusal may be the token's and not the credentials'."""


class KeyAuth:
    """
    Signs every request with an access key.

    :param key: the key
    """

    renewable = False

    def __init__(self, key: AccessKey) -> None:
        self._key = key

    def authorize(
        self, request: Request, path: str, query: str, headers: Mapping[str, str], clock: Callable[[], float]
    ) -> Call[Mapping[str, str]]:
        """Sign."""
        yield from ()
        return sign(self._key, request.method, path, query, headers, request.body, clock())

    def forget(self) -> None:
        """There is no token to drop."""


class HuaweiScheme:
    """
    Signs requests for the services behind the gateway and reads their answers.

    :param auth: proves who calls
    :param identity: what the process knows of these credentials
    :param services: by the name that requests carry
    :param project_id: gives the IAM project id for ``X-Project-Id``, where it is known
    """

    service = "Huawei Cloud"

    def __init__(
        self,
        auth: Auth,
        identity: Identity,
        services: Mapping[str, Service],
        project_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._auth = auth
        self.identity = identity
        self._services = services
        self._project_id = project_id

    def label(self, request: Request) -> str:
        """Name the service of a request."""
        return self._services[request.service].label

    def sign(self, request: Request, clock: Callable[[], float]) -> Call[Wire]:
        """Make the wire form of a request."""
        service = self._services[request.service]
        if not service.endpoint:
            raise ConfigurationError(service.missing)
        address = urlsplit(service.endpoint)
        headers = {"Content-Type": "application/json", "Host": address.netloc}
        path = f"{address.path}{request.path}"
        project = self._project_id()
        if project and request.service != "iam":
            headers["X-Project-Id"] = project
        query = encode_query(request.query)
        sent = dict((yield from self._auth.authorize(request, path, query, headers, clock)))
        sent.update({"Accept": "application/json", "X-Language": "en-us"})
        url = f"{service.endpoint}{request.path}{'?' if query else ''}{query}"
        return Wire(request.method, url, sent, request.body)

    def forget(self) -> None:
        """Drop a token that was just refused."""
        self._auth.forget()

    def read(self, request: Request, reply: Reply, now: float) -> Any:
        """Give an answer's JSON, or raise the error that its HTTP status says it is."""
        service = self._services[request.service]
        if reply.status < 300:
            return parse(service.label, request, reply)
        facts = about(service.label, request, reply)
        if reply.status < 400:
            hint = "Give the final address as endpoint in the connection."
            raise MalformedReply("the service redirects, which is never followed with credentials", hint=hint, **facts)
        try:
            code, text = error_in(parse(service.label, request, reply)) or (None, "no message")
        except MalformedReply as error:
            code, text = None, error.problem
        facts["request_id"] = facts["request_id"] or _request_id(reply)
        raise error_for(
            text, code=code, reply=reply, now=now, codes=service.codes, renewable=self._auth.renewable, facts=facts
        )


def error_in(payload: Any) -> tuple[str | None, str] | None:
    """
    Find an error in an answer, in any of the shapes that gateway, IAM and services use.

    :returns: code and text, or None if there is no error
    """
    if isinstance(payload, list):
        found = [error for entry in payload if (error := error_in(entry))]
        if not found:
            return None
        return found[0][0], "; ".join(dict.fromkeys(text for _, text in found))
    if not isinstance(payload, dict):
        return None
    for code_name, text_name in (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message")):
        code, text = payload.get(code_name), payload.get(text_name)
        if (isinstance(code, str | int) and not isinstance(code, bool) and code != "") or (
            text_name == "error_msg" and text
        ):
            return (str(code) if code else None), str(text or "no message")[:500]
    inner = payload.get("error")
    if isinstance(inner, dict):
        return error_in(inner)
    return (None, inner[:500]) if isinstance(inner, str) and inner else None


# https://docs.otc.t-systems.com/api-gateway/umn/published_api_calling/error_codes.html; older gateways say APIGW.
_GATEWAY: Codes = {
    "APIG.0101": (NotFound, "Wrong endpoint or region, or the service is not offered there."),
    "APIG.0201": (InvalidRequest, None),
    "APIG.0501": (QuotaExceeded, None),
    "APIG.0502": (QuotaExceeded, None),
    "APIG.0308": (Throttled, None),
    "IAM.0012": (Throttled, None),
    "IAM.0004": (NotFound, None),
}
_LOCKED = "access failed to reach the limit"
_SIGNATURE = "Check login (AK) and password (SK) of the connection."


def error_for(
    text: str,
    *,
    code: str | None,
    reply: Reply,
    now: float,
    codes: Codes,
    renewable: bool,
    facts: dict[str, Any],
) -> ApiError:
    """Make the typed error of an answer."""
    status = reply.status
    facts = {**facts, "code": code}
    key = (code or "").replace("APIGW.", "APIG.")
    if status == 429:
        return Throttled(text, retry_after=retry_after(reply, now), **facts)
    if status >= 500 or status == 408:
        return ServerError(text, retry_after=retry_after(reply, now), **facts)
    if key in codes:
        kind, hint = codes[key]
        return kind(text, hint=hint, **facts)
    if status == 401:
        hint, locked = _SIGNATURE, _LOCKED in text
        if locked:
            hint = "The access key is locked for five minutes after repeated failures, for everybody who uses it."
        skew = clock_skew(reply, now)
        if skew is not None and abs(skew) > 300:
            hint += f" The service's clock is {skew:+.0f} s off this machine's; signatures are good for 15 minutes."
        return AuthenticationError(text, renewable=renewable and not locked, locked=locked, hint=hint, **facts)
    if key in _GATEWAY:
        kind, hint = _GATEWAY[key]
        return kind(text, hint=hint, **facts)
    if status == 403:
        return PermissionDenied(text, hint="Grant the user of the connection this action.", **facts)
    if status == 404:
        return NotFound(text, hint="Check the id, the project and the endpoint.", **facts)
    return InvalidRequest(text, **facts)


def _request_id(reply: Reply) -> str | None:
    import json

    try:
        found = json.loads(reply.body).get("request_id")
    except (ValueError, AttributeError):
        return None
    return found if isinstance(found, str) else None


IAM_SERVICE = "iam"


def find_project(identity: Identity, region: str) -> Call[str]:
    """
    Find the IAM project of a region: looked up once per identity.

    :raises ConfigurationError: there is none, or more than one

    https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html
    """
    if (known := identity.projects.get(region)) is not None:
        return known
    request = Request("list_projects", "GET", "/v3/projects", (("name", region),), repeatable=True, service=IAM_SERVICE)
    payload = yield request
    entries = payload.get("projects") if isinstance(payload, dict) else None
    if not isinstance(entries, list):
        raise malformed("the list of projects is missing", "IAM", request)
    ids = [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    if len(ids) != 1:
        found = f"there are {len(ids)}: {', '.join(ids)}" if ids else "there is none"
        raise ConfigurationError(
            f"IAM knows no single project named {region!r} for these credentials ({found}). Give project_id in the "
            "connection or in the task."
        )
    project: str = ids[0]
    identity.projects[region] = project
    return project


# https://github.com/huaweicloud/huaweicloud-sdk-python-v3 (huaweicloudsdkiam, region table);
# https://github.com/opentelekomcloud-docs/regions-and-endpoints
def iam_endpoint(cloud: str, region: str | None) -> str:
    """Give the address of IAM."""
    match cloud:
        case "otc":
            return f"https://iam.{region or 'eu-de'}.otc.t-systems.com"
        case "huaweicloud-eu":
            return f"https://iam.{region or 'eu-west-101'}.myhuaweicloud.eu"
    return f"https://iam.{region}.myhuaweicloud.com" if region else "https://iam.myhuaweicloud.com"


def check_success(payload: Any, codes: Codes, label: str, request: Request) -> None:
    """
    Raise the error that hides in an answer with HTTP 200.

    :raises ApiError: the answer carries an error
    """
    found = error_in(payload)
    if found is None:
        return
    code, text = found
    kind, hint = codes.get(code or "", (InvalidRequest, None))
    raise kind(
        text,
        service=label,
        operation=request.operation,
        method=request.method,
        path=request.path,
        status=200,
        code=code,
        hint=hint,
    )
