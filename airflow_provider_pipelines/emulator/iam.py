"""
IAM: tokens, temporary keys, and the ids that go with names.

https://docs.otc.t-systems.com/identity-access-management/api-ref/
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huawei_gateway import iso
from airflow_provider_pipelines.emulator.wire import Answer, Call, Refusal, Table

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.things import Fields
    from airflow_provider_pipelines.emulator.world import World


table = Table("iam")

_DOMAIN = {"id": credentials.IAM_ACCOUNT_ID, "name": credentials.IAM_ACCOUNT}
_TITLES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}


def failure(status: int, message: str) -> Refusal:
    """Return an error in the shape of the v3 calls, where the code is a number."""
    body = {"error": {"message": message, "code": status, "title": _TITLES[status]}}
    return Refusal(Answer(body, status, code=status))


def _member(given: Any, *path: str) -> Any:
    for name in path:
        given = given.get(name) if isinstance(given, Mapping) else None
    return given


# https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
@table.route("POST", "/v3/auth/tokens", open=True)
def create_token(world: World, call: Call) -> Answer:
    """Give a token for a password, or for the agency of another account."""
    identity = _member(call.fields, "auth", "identity")
    methods = _member(identity, "methods")
    if methods == ["password"]:
        _check_password(world, _member(identity, "password", "user"))
        assumed = {}
    elif methods == ["assume_role"]:
        world.huawei_gateway.authenticate(call, regional=False)
        _check_agency(world, _member(identity, "assume_role"))
        assumed = {"assumed_by": {"user": _user()}}
    else:
        raise failure(400, "The request body is invalid: auth.identity.methods")
    scope = _scope(world, _member(call.fields, "auth", "scope"))
    text, token = world.huawei_gateway.give_token(scope)
    body = {
        "methods": methods,
        "issued_at": iso(time.time()),
        "expires_at": iso(token.expires),
        "user": {**_user(), "password_expires_at": ""},
        **scope,
        "roles": [{"id": "0", "name": "te_admin"}],
        **assumed,
        **({} if call.query.get("nocatalog") else {"catalog": _catalog(call)}),
    }
    return Answer({"token": body}, 201, {"X-Subject-Token": text})


def _user() -> Fields:
    return {"id": credentials.IAM_USER_ID, "name": credentials.IAM_USER, "domain": dict(_DOMAIN)}


def _check_password(world: World, user: Any) -> None:
    gateway, name = world.huawei_gateway, credentials.IAM_USER
    if gateway.locked(name):
        raise failure(401, "The account is locked. Try again later.")
    sent = (_member(user, "name"), _member(user, "password"), _member(user, "domain", "name"))
    if sent != (name, credentials.IAM_PASSWORD, credentials.IAM_ACCOUNT):
        gateway.failed(name)
        raise failure(401, "The username or password is wrong.")
    gateway.locks.pop(name, None)


def _check_agency(world: World, role: Any) -> None:
    # Huawei Cloud says agency_name, the examples of Open Telekom Cloud say xrole_name.
    name = "xrole_name" if world.settings.profile == "otc" else "agency_name"
    account = _member(role, "domain_id"), _member(role, "domain_name")
    known = credentials.IAM_ACCOUNT_ID in account or credentials.IAM_ACCOUNT in account
    if _member(role, name) != credentials.IAM_AGENCY or not known:
        raise failure(404, f"Could not find agency: {name}")


def _scope(world: World, scope: Any) -> Fields:
    project, domain = _member(scope, "project"), _member(scope, "domain")
    if isinstance(project, Mapping):
        for name, id in world.iam_projects.items():
            if project.get("id") == id or project.get("name") == name:
                return {"project": {"id": id, "name": name, "domain": dict(_DOMAIN)}}
        raise failure(401, "Could not find project.")
    if isinstance(domain, Mapping):
        if domain.get("id") == _DOMAIN["id"] or domain.get("name") == _DOMAIN["name"]:
            return {"domain": dict(_DOMAIN)}
        raise failure(401, "Could not find domain.")
    return {}


def _here(call: Call) -> str:
    return f"http://{call.header('host')}"


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
@table.route("POST", "/v3.0/OS-CREDENTIAL/securitytokens", open=True)
def create_temporary_key(world: World, call: Call) -> Answer:
    """Give an access key that ends by itself."""
    identity = _member(call.fields, "auth", "identity")
    methods = _member(identity, "methods")
    if methods == ["token"] and call.header("x-auth-token") is None:
        # The token may also come in the body; the header wins.
        call.headers.append((b"x-auth-token", str(_member(identity, "token", "id")).encode()))
    world.huawei_gateway.authenticate(call, regional=False)
    if methods == ["assume_role"]:
        _check_agency(world, _member(identity, "assume_role"))
    elif methods != ["token"]:
        raise Refusal(Answer({"error_code": "IAM.0011", "error_msg": "Request body is invalid."}, 400, code="IAM.0011"))
    seconds = _member(identity, methods[0], "duration_seconds") or 900
    if not isinstance(seconds, int) or not 900 <= seconds <= 86400:
        message = "The value of duration_seconds is invalid."
        raise Refusal(Answer({"error_code": "IAM.0007", "error_msg": message}, 400, code="IAM.0007"))
    access_key, key = world.huawei_gateway.give_key(seconds)
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
        **_DOMAIN,
        "enabled": True,
        "description": "",
        "links": {"self": f"{_here(call)}/v3/domains/{credentials.IAM_ACCOUNT_ID}"},
    }
    return Answer({"domains": [domain], "links": {"self": f"{_here(call)}/v3/auth/domains"}})
