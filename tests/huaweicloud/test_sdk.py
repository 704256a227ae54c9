"""Beside the vendor's own client of IAM: the same calls, equal in method, path, query and JSON body."""

import json
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.server.app import Vendors
from airflow_provider_pipelines.huaweicloud.iam import KEY_SECONDS
from tests.huaweicloud.ways import Connection


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """Load the client; it writes a file in the home directory when it is imported."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HOME", str(tmp_path_factory.mktemp("sdk-home")))
        from huaweicloudsdkcore.auth.credentials import GlobalCredentials
        from huaweicloudsdkiam import v3

        yield SimpleNamespace(iam=v3, Global=GlobalCredentials)


@pytest.fixture
def connection(emulator, monkeypatch, tmp_path):
    return Connection(emulator, monkeypatch, tmp_path)


@pytest.fixture
def received(monkeypatch):
    """What arrives at IAM, off the wire."""
    calls, answer = [], Vendors.answer

    def record(self, call):
        path, query = call.raw_path.decode(), call.raw_query.decode()
        if path.startswith(("/v3/", "/v3.0/")):
            body = json.loads(call.body) if call.body else None
            calls.append((call.method, path, sorted(parse_qsl(query)), body))
        return answer(self, call)

    monkeypatch.setattr(Vendors, "answer", record)
    return calls


@pytest.fixture
def client(sdk, emulator):
    keys = credentials.HUAWEI_ACCESS_KEY, credentials.HUAWEI_SECRET_KEY
    builder = sdk.iam.IamClient.new_builder()
    return builder.with_credentials(sdk.Global(*keys, credentials.IAM_ACCOUNT_ID)).with_endpoint(emulator.url).build()


def ours(received):
    DliHook().list_flink_jobs()
    calls = list(received)
    received.clear()
    return calls


def test_the_look_up_of_the_project_is_the_vendors(connection, sdk, client, received):
    sent = ours(received)
    client.keystone_list_projects(sdk.iam.KeystoneListProjectsRequest(name=credentials.REGION))
    assert sent == received
    assert sent == [("GET", "/v3/projects", [("name", credentials.REGION)], None)]


@pytest.mark.parametrize("scope", ["name", "id"])
def test_the_token_for_a_password_is_asked_for_as_the_vendor_does(connection, sdk, client, received, scope):
    connection.by("password")
    if scope == "id":
        connection.give(extra={"project_id": credentials.IAM_PROJECT})
    (sent,) = ours(received)
    iam = sdk.iam
    user = iam.PwdPasswordUser(
        domain=iam.PwdPasswordUserDomain(name=credentials.IAM_ACCOUNT),
        name=credentials.IAM_USER,
        password=credentials.IAM_PASSWORD,
    )
    project = {"name": credentials.REGION} if scope == "name" else {"id": credentials.IAM_PROJECT}
    auth = iam.PwdAuth(
        identity=iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=user)),
        scope=iam.AuthScope(project=iam.AuthScopeProject(**project)),
    )
    body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=auth)
    request = iam.KeystoneCreateUserTokenByPasswordRequest(nocatalog="true", body=body)
    assert client.keystone_create_user_token_by_password(request).x_subject_token
    assert [sent] == received


def test_the_token_for_an_agency_is_asked_for_as_the_vendor_does(connection, sdk, client, received):
    connection.by("agency by password")
    of_user, of_agency = ours(received)
    assert of_user[3]["auth"]["scope"] == {"domain": {"name": credentials.IAM_ACCOUNT}}
    iam = sdk.iam
    role = iam.AgencyTokenAssumerole(domain_name=credentials.IAM_ACCOUNT, agency_name=credentials.IAM_AGENCY)
    auth = iam.AgencyTokenAuth(
        identity=iam.AgencyTokenIdentity(methods=["assume_role"], assume_role=role),
        scope=iam.AgencyTokenScope(project=iam.AgencyTokenScopeProject(name=credentials.REGION)),
    )
    body = iam.KeystoneCreateAgencyTokenRequestBody(auth=auth)
    request = iam.KeystoneCreateAgencyTokenRequest(nocatalog="true", body=body)
    assert client.keystone_create_agency_token(request).x_subject_token
    assert [of_agency] == received


def test_temporary_keys_for_an_agency_are_asked_for_as_the_vendor_does(connection, sdk, client, received):
    connection.by("agency by aksk").give(extra={"project_id": credentials.IAM_PROJECT})
    sent = ours(received)
    iam = sdk.iam
    role = iam.IdentityAssumerole(
        domain_name=credentials.IAM_ACCOUNT, agency_name=credentials.IAM_AGENCY, duration_seconds=KEY_SECONDS
    )
    identity = iam.AgencyAuthIdentity(methods=["assume_role"], assume_role=role)
    body = iam.CreateTemporaryAccessKeyByAgencyRequestBody(auth=iam.AgencyAuth(identity=identity))
    request = iam.CreateTemporaryAccessKeyByAgencyRequest(body=body)
    assert client.create_temporary_access_key_by_agency(request).credential.securitytoken
    assert sent == received


def test_no_way_asks_for_the_accounts_id(connection, received):
    """A key belongs to one account, and a token says which it is for: the id of the account is never needed."""
    for way in ("aksk", "password", "agency by password", "agency by aksk"):
        Connection(connection.emulator, connection.monkeypatch, connection.tmp_path).by(way)
        assert not [call for call in ours(received) if "domains" in call[1]]
