"""
IAM: temporary keys are given, projects and accounts are listed.

https://docs.otc.t-systems.com/identity-access-management/api-ref/
"""

from __future__ import annotations

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.huaweicloud.gateway import iso
from airflow_provider_pipelines.emulator.huaweicloud.iam_tokens import caller, check_agency, here, member, own_failure
from airflow_provider_pipelines.emulator.operations import Answer, Call, Table, World

table = Table("iam")


# https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0002.html
@table.route("POST", "/v3.0/OS-CREDENTIAL/securitytokens", open=True, write=True)
def create_temporary_key(world: World, call: Call) -> Answer:
    """Give an access key that ends by itself."""
    identity = member(call.fields, "auth", "identity")
    methods = member(identity, "methods")
    if methods not in (["token"], ["assume_role"]):
        caller(world, call)
        raise own_failure("IAM.0011", "Request body is invalid.")
    sent = member(identity, "token", "id")
    if methods == ["token"] and sent and call.header("x-auth-token") is None:
        # The token may also come in the body; the header wins.
        if call.header("authorization") is not None:
            # The vendor's client signs the call besides.
            world.huawei_gateway.check_signature(call)
        call.headers.append((b"x-auth-token", str(sent).encode()))
    caller(world, call)
    if methods == ["assume_role"]:
        check_agency(world, member(identity, "assume_role"))
    seconds = member(identity, methods[0], "duration_seconds")
    if seconds is None:
        seconds = 900
    if not isinstance(seconds, int) or isinstance(seconds, bool) or not 900 <= seconds <= 86400:
        raise own_failure("IAM.0007", "The value of duration_seconds is invalid.")
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
            "links": {"self": f"{here(call)}/v3/projects/{id}", "previous": None, "next": None},
        }
        for name, id in world.iam_projects.items()
        if wanted in (None, name)
    ]
    links = {"self": f"{here(call)}/v3/projects", "previous": None, "next": None}
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
        "links": {"self": f"{here(call)}/v3/domains/{credentials.IAM_ACCOUNT_ID}"},
    }
    return Answer({"domains": [domain], "links": {"self": f"{here(call)}/v3/auth/domains"}})
