"""
IAM: tokens and temporary keys are given, for a password, an agency or another's identity; projects are listed.

https://docs.otc.t-systems.com/identity-access-management/api-ref/
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huaweicloud.gateway import Token, iso
from airflow_provider_pipelines.emulator.operations import Answer, Call, Fields, Refusal, Table, World

table = Table("iam")

_DOMAIN = {"id": credentials.IAM_ACCOUNT_ID, "name": credentials.IAM_ACCOUNT}
_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def _failure(world: World, status: int, message: str, code: str) -> Refusal:
    """
    Return an error of a v3 call: in the shape of Keystone, where the code is a number, or with a code of IAM's own.

    :param code: IAM's own code
    """
    if world.settings.iam_error_shape == "iam":
        return _own_failure(code, message, status)
    body = {"error": {"message": message, "code": status, "title": _TITLES[status]}}
    return Refusal(Answer(body, status, code=status))


def _own_failure(code: str, message: str, status: int = 400) -> Refusal:
    """Return an error in the shape of the v3.0 calls."""
    return Refusal(Answer({"error_code": code, "error_msg": message}, status, code=code))


def _member(given: Any, *path: str) -> Any:
    """Return a member of a body, however deep, None if it is not there."""
    for name in path:
        given = given.get(name) if isinstance(given, Mapping) else None
    return given


def _here(call: Call) -> str:
    """Return the address by which the emulator was called."""
    return f"http://{call.header('host')}"


# https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
@table.route("POST", "/v3/auth/tokens", open=True, write=True)
def create_token(world: World, call: Call) -> Answer:
    """Give a token for a password, or for the agency of another account."""
    identity = _member(call.fields, "auth", "identity")
    methods = _member(identity, "methods")
    assumed: Fields = {}
    if methods in (["password"], ["password", "totp"]):
        _check_signature(world, call)
        _check_password(world, _member(identity, "password", "user"))
        if "totp" in methods:
            _check_passcode(world, _member(identity, "totp", "user"))
    elif methods == ["assume_role"]:
        world.huawei_gateway.authenticate(call, regional=False)
        _check_agency(world, _member(identity, "assume_role"))
        assumed = {"assumed_by": {"user": _user()}}
    else:
        raise _failure(world, 400, "The request body is invalid: auth.identity.methods", "IAM.0011")
    return _given(world, call, {"methods": methods, **assumed})


# https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0003.html
@table.route("GET", "/v3/auth/tokens")
def validate_token(world: World, call: Call) -> Answer:
    """Tell what a token is good for."""
    text, token = _subject(world, call)
    return _shown(call, text, token)


@table.route("HEAD", "/v3/auth/tokens")
def check_token(world: World, call: Call) -> Answer:
    """Tell whether a token holds."""
    _subject(world, call)
    return Answer(b"")


@table.route("DELETE", "/v3/auth/tokens", write=True)
def revoke_token(world: World, call: Call) -> Answer:
    """End a token."""
    text, _ = _subject(world, call)
    del world.huawei_gateway.tokens[text]
    return Answer(b"", 204)


def _subject(world: World, call: Call) -> tuple[str, Token]:
    text = call.header("x-subject-token") or ""
    token = world.huawei_gateway.tokens.get(text)
    if token is None or token.expires <= time.time():
        raise _failure(world, 404, "Could not find token.", "IAM.0009")
    return text, token


# The path is known from the vendor's client: a token without scope for a token of OpenID Connect.
@table.route("POST", "/v3.0/OS-AUTH/id-token/tokens", open=True, write=True)
def create_token_by_id_token(world: World, call: Call) -> Answer:
    """Give a token for the token of an identity provider."""
    _check_signature(world, call)
    if call.header("x-idp-id") != credentials.IDENTITY_PROVIDER:
        raise _own_failure("IAM.0004", "The identity provider does not exist.", 404)
    if _member(call.fields, "auth", "id_token", "id") != credentials.ID_TOKEN:
        raise _own_failure("IAM.0067", "The token is invalid.", 401)
    return _given(world, call, {"methods": ["mapped"]})


def _check_signature(world: World, call: Call) -> None:
    # The vendor's client signs these calls too, if it has keys; a signature is not needed, but must hold.
    if call.header("authorization") is not None:
        world.huawei_gateway.check_signature(call)


def _given(world: World, call: Call, kind: Fields) -> Answer:
    scope = _scope(world, _member(call.fields, "auth", "scope"))
    return _shown(call, *world.huawei_gateway.give_token(scope, kind), status=201)


def _shown(call: Call, text: str, token: Token, status: int = 200) -> Answer:
    shown = {
        "issued_at": iso(token.issued),
        "expires_at": iso(token.expires),
        # Unlike the other times this one has no Z.
        "user": {**_user(), "password_expires_at": ""},
        **token.scope,
        "roles": [{"id": "0", "name": "te_admin"}],
        **token.kind,
        **({} if call.query.get("nocatalog") else {"catalog": _catalog(call)}),
    }
    return Answer({"token": shown}, status, {"X-Subject-Token": text})


def _user() -> Fields:
    return {"id": credentials.IAM_USER_ID, "name": credentials.IAM_USER, "domain": dict(_DOMAIN)}


def _check_password(world: World, user: Any) -> None:
    gateway, name = world.huawei_gateway, credentials.IAM_USER
    if gateway.locked(name):
        raise _failure(world, 401, "The account is locked. Try again later.", "IAM.0061")
    who = _member(user, "name") == name and _member(user, "domain", "name") == credentials.IAM_ACCOUNT
    # The model of the vendor's client for a second factor has the id of the user beside the name.
    if not who or _member(user, "password") != credentials.IAM_PASSWORD:
        gateway.failed(name)
        raise _failure(world, 401, "The username or password is wrong.", "IAM.0062")
    gateway.locks.pop(name, None)


def _check_passcode(world: World, user: Any) -> None:
    if (_member(user, "id"), _member(user, "passcode")) != (credentials.IAM_USER_ID, credentials.IAM_PASSCODE):
        world.huawei_gateway.failed(credentials.IAM_USER)
        raise _failure(world, 401, "The verification code is wrong.", "IAM.0062")


def _check_agency(world: World, role: Any) -> None:
    """
    Check that a role names an agency.

    Huawei Cloud says ``agency_name``; of Open Telekom Cloud the table says so too, the examples say ``xrole_name``.
    """
    name = "xrole_name" if world.settings.profile == "otc" else "agency_name"
    names = ("xrole_name", "agency_name") if world.settings.iam_agency_word == "both" else (name,)
    agency = next((world.agencies.get(str(_member(role, one))) for one in names if _member(role, one)), None)
    account = _member(role, "domain_id"), _member(role, "domain_name")
    if agency is None or not ({agency["account"], agency["account_id"]} & {str(one) for one in account}):
        raise _failure(world, 404, f"Could not find agency: {name}", "IAM.0004")


def _scope(world: World, scope: Any) -> Fields:
    project, domain = _member(scope, "project"), _member(scope, "domain")
    if isinstance(project, Mapping):
        for name, id in world.iam_projects.items():
            if project.get("id") == id or project.get("name") == name:
                return {"project": {"id": id, "name": name, "domain": dict(_DOMAIN)}}
        raise _failure(world, 401, "Could not find project.", "IAM.0001")
    if isinstance(domain, Mapping):
        if domain.get("id") == _DOMAIN["id"] or domain.get("name") == _DOMAIN["name"]:
            return {"domain": dict(_DOMAIN)}
        raise _failure(world, 401, "Could not find domain.", "IAM.0001")
    return {}


def _catalog(call: Call) -> list[Fields]:
    return [
        {
            "type": type_,
            "id": f"{number:032d}",
            "name": type_,
            "endpoints": [
                {
                    "id": f"{number:032d}",
                    "interface": "public",
                    "region": credentials.REGION,
                    "region_id": credentials.REGION,
                    "url": _here(call),
                }
            ],
        }
        for number, type_ in enumerate(("iam", "dli"), 1)
    ]


# https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0002.html
@table.route("POST", "/v3.0/OS-CREDENTIAL/securitytokens", open=True, write=True)
def create_temporary_key(world: World, call: Call) -> Answer:
    """Give an access key that ends by itself."""
    identity = _member(call.fields, "auth", "identity")
    methods = _member(identity, "methods")
    if methods not in (["token"], ["assume_role"]):
        world.huawei_gateway.authenticate(call, regional=False)
        raise _own_failure("IAM.0011", "Request body is invalid.")
    sent = _member(identity, "token", "id")
    if methods == ["token"] and sent and call.header("x-auth-token") is None:
        # The token may also come in the body; the header wins.
        _check_signature(world, call)
        call.headers.append((b"x-auth-token", str(sent).encode()))
    world.huawei_gateway.authenticate(call, regional=False)
    if methods == ["assume_role"]:
        _check_agency(world, _member(identity, "assume_role"))
    seconds = _member(identity, methods[0], "duration_seconds")
    if seconds is None:
        seconds = 900
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 900 <= seconds <= 86400:
        raise _own_failure("IAM.0007", "The value of duration_seconds is invalid.")
    given = world.settings.iam_key_seconds
    access_key, key = world.huawei_gateway.give_key(seconds if given is None else given)
    credential = {
        "access": access_key,
        "secret": key.secret,
        "securitytoken": key.security_token,
        "expires_at": iso(key.expires or 0),
    }
    return Answer({"credential": credential}, 201)


# https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html
@table.route("GET", "/v3/projects")
def list_projects(world: World, call: Call) -> Answer:
    """List the projects, all or the one of a name."""
    wanted = call.query.get("name")
    projects = [
        {
            "id": id,
            "name": name,
            "domain_id": credentials.IAM_ACCOUNT_ID,
            "parent_id": credentials.IAM_ACCOUNT_ID,
            "is_domain": False,
            "enabled": True,
            "description": "",
            "links": {"self": f"{_here(call)}/v3/projects/{id}", "previous": None, "next": None},
        }
        for name, id in world.iam_projects.items()
        if wanted in (None, name)
    ]
    links = {"self": f"{_here(call)}/v3/projects", "previous": None, "next": None}
    return Answer({"links": links, "projects": projects})


# https://support.huaweicloud.com/intl/en-us/api-iam/iam_07_0001.html
@table.route("GET", "/v3/auth/domains")
def list_auth_domains(world: World, call: Call) -> Answer:
    """List the one account there is."""
    domain = {
        "id": credentials.IAM_ACCOUNT_ID,
        "name": credentials.IAM_ACCOUNT,
        "enabled": True,
        "description": "",
        "links": {"self": f"{_here(call)}/v3/domains/{credentials.IAM_ACCOUNT_ID}"},
    }
    return Answer({"domains": [domain], "links": {"self": f"{_here(call)}/v3/auth/domains"}})
