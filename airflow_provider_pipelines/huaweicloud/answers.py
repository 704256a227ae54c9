"""
What the answers of the services behind the gateway mean, IAM's and the gateway's own included.

Gateway: https://docs.otc.t-systems.com/api-gateway/umn/published_api_calling/error_codes.html
IAM: https://docs.otc.t-systems.com/identity-access-management/api-ref/appendix/error_codes.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.checks import loads
from airflow_provider_pipelines.core.http.reading import about, parse
from airflow_provider_pipelines.core.http.session import clock_skew, retry_after
from airflow_provider_pipelines.errors import (
    ApiError,
    AuthenticationError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    PermissionDenied,
    PlaceNotFound,
    QuotaExceeded,
    ServerError,
    Throttled,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Reply, Request

#: error classes by the vendor's code; a hint where one is known
Codes = Mapping[str, tuple[type[ApiError], str | None]]


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


@dataclass(frozen=True, slots=True)
class Proof:
    """
    How a request proves who calls, and what follows if that is not accepted.

    :param hint: which fields of the connection to look at
    :param renewable: tells by code and text whether another token or key may help
    """

    hint: str
    renewable: Callable[[str | None, str], bool] = lambda _code, _text: False


def about_call(service: Service, request: Request, reply: Reply) -> dict[str, Any]:
    """Give what an error tells of a call; IAM names the request's id in a header of its own."""
    return about(service.label, request, reply, ("x-request-id", "x-iam-trace-id"))


def read_answer(service: Service, request: Request, reply: Reply, now: float, proof: Proof) -> Any:
    """
    Give an answer's JSON.

    :raises ApiError: its HTTP status says that it is an error
    """
    facts = about_call(service, request, reply)
    if reply.status < 300:
        return parse(reply, facts)
    if reply.status < 400:
        hint = "Give the final address as endpoint in the connection."
        raise MalformedReply("the service redirects, which is never followed with credentials", hint=hint, **facts)
    try:
        code, text = error_in(parse(reply, facts)) or (None, "no message")
    except MalformedReply as error:
        code, text = None, error.problem
    facts["request_id"] = facts["request_id"] or _request_id(reply)
    raise error_for(text, code=code, reply=reply, now=now, codes=service.codes, proof=proof, facts=facts)


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


_KEY = "Check the access key (AK, login) and the secret key (SK, password) of the connection."
_EXPIRED = "The temporary keys have expired: fill in a new access key (AK), secret key (SK) and security token."
_WRONG_REGION = "Check region and project id of the connection: a token is good in the region it was made in."
_LOGIN = (
    "Check IAM user (login), password and account of the connection, and the region or project id that the token is "
    "for. Federated users and HUAWEI IDs cannot log in like this; make an IAM user."
)
_PLACE = (
    "This says nothing about what was asked for. Check region, project and endpoint of the connection, and the proxies "
    "in between."
)
_DISABLED = "Ask the account's administrator to enable the user and its programmatic access."

# older gateways say APIGW. in place of APIG.
_KNOWN: Codes = {
    "APIG.0101": (
        PlaceNotFound,
        "The gateway knows no such API: a wrong endpoint or region, or the service is not offered there.",
    ),
    "APIG.0201": (InvalidRequest, None),
    "APIG.0501": (QuotaExceeded, None),
    "APIG.0502": (QuotaExceeded, None),
    "APIG.0308": (Throttled, None),
    "IAM.0012": (Throttled, None),
    "IAM.0004": (PlaceNotFound, None),
    "IAM.0005": (Conflict, None),
    "IAM.0020": (InvalidRequest, "Give the address of another region's IAM in IAM endpoint (iam_endpoint)."),
    "IAM.0061": (AuthenticationError, "IAM has locked the user after wrong passwords. Wait, and check the password."),
    "IAM.0062": (AuthenticationError, _LOGIN),
    "IAM.0063": (AuthenticationError, _WRONG_REGION),
    "IAM.0064": (AuthenticationError, _WRONG_REGION),
    "IAM.0066": (AuthenticationError, _WRONG_REGION),
    "IAM.0067": (AuthenticationError, _WRONG_REGION),
    "IAM.0080": (PermissionDenied, _DISABLED),
    "IAM.0081": (PermissionDenied, _DISABLED),
    "IAM.0082": (PermissionDenied, _DISABLED),
    "IAM.1104": (AuthenticationError, "The access key is blacklisted: make another one."),
    "IAM.1105": (AuthenticationError, "The access key has expired: make another one."),
    "IAM.1106": (AuthenticationError, "The user of the access key does not exist any more."),
    "IAM.1107": (AuthenticationError, "The access key is switched off: enable it in IAM, or make another one."),
    "IAM.1108": (AuthenticationError, _EXPIRED),
    "IAM.1109": (InvalidRequest, "Check project id and region of the connection."),
}
#: what IAM alone says with bare numbers
IAM_CODES: Codes = {"1101": (AuthenticationError, _LOGIN), "1103": (AuthenticationError, _LOGIN)}

_AGENCY = "Check agency_name and agency_account of the connection."
_AGENT = "Give the user of the connection the permission Agent Operator, and check agency_name and agency_account."
#: the same, asked for an agency
AGENCY_CODES: Codes = {
    **IAM_CODES,
    "404": (InvalidRequest, _AGENCY),
    "IAM.0004": (InvalidRequest, _AGENCY),
    "403": (PermissionDenied, _AGENT),
    "IAM.0002": (PermissionDenied, _AGENT),
    "IAM.0003": (PermissionDenied, _AGENT),
}

_KEY_LOCKED = "access failed to reach the limit"
_RENEW_KEY = ("signature expired", "ak not exist")
# the application's credentials, not the caller's: a new token does not help
_NOT_THE_TOKEN = {"APIG.0303", "APIG.0305"}

#: signed with the access key of the connection; a refused signature is never repeated
BY_KEY = Proof(_KEY)
#: the same, with a security token
BY_TEMPORARY_KEY = Proof(f"{_KEY} They belong to a security_token; all three expire together.")
#: signed with temporary keys that were asked for, and can be asked for again
BY_DERIVED_KEY = Proof(
    "The temporary keys of the agency are not accepted; check agency_name and agency_account of the connection.",
    lambda code, text: code == "IAM.1108" or any(part in text for part in _RENEW_KEY),
)
#: a token in a header: whatever is wrong with it, another one may be right
BY_TOKEN = Proof(_WRONG_REGION, lambda code, _text: code not in _NOT_THE_TOKEN)
#: a password in the body; one that is refused is never sent again, or it locks the account
BY_PASSWORD = Proof(_LOGIN)


def error_for(
    text: str, *, code: str | None, reply: Reply, now: float, codes: Codes, proof: Proof, facts: dict[str, Any]
) -> ApiError:
    """Make the typed error of an answer."""
    status = reply.status
    facts = {**facts, "code": code}
    key = code.replace("APIGW.", "APIG.") if code else None
    if status == 429:
        return Throttled(text, retry_after=retry_after(reply, now), **facts)
    if status >= 500 or status == 408:
        return ServerError(text, retry_after=retry_after(reply, now), **facts)
    kind, hint = codes.get(key or "") or _KNOWN.get(key or "") or (None, None)
    if kind is AuthenticationError or (status == 401 and key not in codes):
        return _not_accepted(text, key, hint, clock_skew(reply, now), proof, facts)
    if kind is not None:
        return kind(text, hint=hint, **facts)
    if status == 403:
        return PermissionDenied(text, hint="Grant the user of the connection this action.", **facts)
    if status == 404:
        return PlaceNotFound(text, hint=_PLACE, **facts)
    return InvalidRequest(text, **facts)


def _not_accepted(
    text: str, code: str | None, hint: str | None, skew: float | None, proof: Proof, facts: dict[str, Any]
) -> AuthenticationError:
    key_locked = _KEY_LOCKED in text
    locked = key_locked or code == "IAM.0061" or (proof is BY_PASSWORD and "locked" in text.lower())
    if key_locked:
        hint = "The access key is locked for five minutes after repeated failures, for everybody who uses it."
    elif locked:
        hint = _KNOWN["IAM.0061"][1]
    hint = hint or proof.hint
    if skew is not None and abs(skew) > 300:
        hint += f" The service's clock is {skew:+.0f} s off this machine's; signatures are good for 15 minutes."
    renewable = not locked and proof.renewable(code, text)
    return AuthenticationError(text, renewable=renewable, locked=locked, hint=hint, **facts)


def _request_id(reply: Reply) -> str | None:
    try:
        found = loads(reply.body).get("request_id")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found if isinstance(found, str) else None


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
