"""What a connection of type ``huaweicloud`` may say of keys, accounts and hosts, and what is said of the rest."""

import json

import pytest

from airflow_provider_pipelines import errors
from airflow_provider_pipelines.codearts.api.access import host_of as codearts_host
from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.dli.api.access import host as dli_host
from airflow_provider_pipelines.dli.hook import DliHook
from airflow_provider_pipelines.huaweicloud.iam import iam_host

AK, SK = "AKc4n4ry00000000", "SKc4n4ry0000000000000000"
USER = {"login": "somebody", "password": "Pa55-c4n4ry"}
PASSWORD = {"auth": "password", "account": "acme"}
AGENCY = {"agency_name": "operators", "agency_account": "customer"}


@pytest.fixture(autouse=True)
def no_keys_around(monkeypatch):
    for name in ("AK", "SK", "SECURITY_TOKEN", "PROJECT_ID"):
        monkeypatch.delenv(f"HUAWEICLOUD_SDK_{name}", raising=False)


def connect(monkeypatch, extra=None, **fields):
    given = {
        "conn_type": "huaweicloud", "login": AK, "password": SK,
        "extra": {"region": "eu-de", "cloud": "otc", "codearts_project_id": "c0de", **(extra or {})},
    }  # fmt: skip
    given = {name: value for name, value in {**given, **fields}.items() if value is not None}
    given["extra"] = {name: value for name, value in given["extra"].items() if value is not None}
    monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(given))
    return DliHook()


def bind(hook):
    return hook.bind(hook.fields)


def auth_of(binding):
    return type(binding.scheme._auth).__name__


@pytest.mark.parametrize(
    ("fields", "extra", "way"),
    [
        ({}, {}, "KeyAuth"),
        ({}, {"auth": "aksk", "credentials_source": "connection"}, "KeyAuth"),
        ({}, {"security_token": "t"}, "KeyAuth"),
        ({}, AGENCY, "AgencyKeyAuth"),
        ({}, {**AGENCY, "security_token": "t"}, "AgencyKeyAuth"),
        (USER, PASSWORD, "TokenAuth"),
        (USER, {**PASSWORD, **AGENCY}, "TokenAuth"),
        (USER, {**PASSWORD, "region": None, "project_id": "p1", "dli_endpoint": "x.example.com"}, "TokenAuth"),
    ],
)
def test_the_fields_choose_the_way(monkeypatch, fields, extra, way):
    assert auth_of(bind(connect(monkeypatch, extra, **fields))) == way


WRONG = [
    ({"login": None}, {}, "login", "access key (AK)"),
    ({"password": None}, {}, "password", "secret key (SK)"),
    ({}, {"auth": "token"}, "auth", "Possible are aksk, password"),
    ({}, {"account": "acme"}, "account", "belongs to Authentication (auth) 'password'. Set that, or leave it empty"),
    ({}, {"agency_name": "operators"}, "agency_account", "Fill in the account that made the agency"),
    ({}, {"agency_account": "customer"}, "agency_name", "Fill in the agency"),
    (USER, {"auth": "password"}, "account", "Fill in the account (domain)"),
    ({**USER, "login": None}, PASSWORD, "login", "the name of the IAM user"),
    ({**USER, "password": " "}, PASSWORD, "password", "the password of the IAM user"),
    (USER, {**PASSWORD, "security_token": "t"}, "security_token", "belongs to access keys"),
    (USER, {**PASSWORD, "agency_name": "operators"}, "agency_account", "Fill in"),
    (USER, {**PASSWORD, "region": None, "dli_endpoint": "x.example.com"}, "region", "Fill it in, or IAM project id (project_id)"),
    ({}, {"credentials_source": "vault"}, "credentials_source", "Possible are connection, environment, file"),
    ({}, {"credentials_source": "environment"}, "login", "Leave one of them empty"),
    ({"login": None}, {"credentials_source": "file"}, "password", "Leave one of them empty"),
    ({"login": None, "password": None}, {"credentials_source": "environment", "security_token": "t"}, "security_token", "Leave one of them empty"),
    (USER, {**PASSWORD, "credentials_source": "environment"}, "credentials_source", "Set Authentication (auth) to 'aksk'"),
    ({}, {"credentials_file": "/x"}, "credentials_file", "(credentials_source) 'file' only"),
    ({"login": None, "password": None}, {"credentials_source": "environment", "credentials_file": "/x"}, "credentials_file", "'file' only"),
    ({"login": None, "password": None}, {"credentials_source": "environment"}, "credentials_source", "HUAWEICLOUD_SDK_AK is empty on this machine"),
    ({"login": None, "password": None}, {"credentials_source": "file", "credentials_file": "/no/such"}, "credentials_source", "cannot be read"),
    ({}, {"credential_source": "file"}, "credential_source", "unknown fields"),
    ({}, {"iam_endpoint": "ftp://x"}, "iam_endpoint", "no address"),
    ({}, {"proxy": "socks5://x:1"}, "proxy", "Give http://"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "extra", "field", "remedy"), WRONG)
def test_what_does_not_go_together_is_told_with_what_to_fill_in(monkeypatch, fields, extra, field, remedy):
    hook = connect(monkeypatch, extra, **fields)
    with pytest.raises(errors.ConfigurationError) as caught:
        bind(hook)
    text = str(caught.value)
    assert "huaweicloud_default" in text
    assert field in text
    assert remedy in text
    assert "c4n4ry" not in text
    fine, told = hook.test_connection()
    assert not fine
    assert told.count(remedy) == 1
    assert "huaweicloud_default" not in told


def test_a_password_is_sent_as_it_is_blanks_included(monkeypatch):
    binding = bind(connect(monkeypatch, PASSWORD, login=" somebody ", password=" p w "))
    assert binding.scheme._auth._login.password == " p w "
    assert binding.scheme._auth._login.user == "somebody"


def test_keys_are_taken_from_the_environment_only_if_the_connection_says_so(monkeypatch):
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", "ENVAK")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", "ENVSK")
    monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "ENVTOKEN")
    monkeypatch.setenv("HUAWEICLOUD_SDK_PROJECT_ID", "ENVPROJECT")
    assert connect(monkeypatch).fields.login == AK
    with pytest.raises(errors.ConfigurationError, match=r"\(login\): is empty"):
        bind(connect(monkeypatch, login=None, password=None))
    said = {"credentials_source": "environment"}
    fields = connect(monkeypatch, said, login=None, password=None).fields
    assert (fields.login, fields.password) == ("ENVAK", "ENVSK")
    assert (fields.text("security_token"), fields.text("project_id")) == ("ENVTOKEN", "ENVPROJECT")
    other = connect(monkeypatch, {**said, "project_id": "p2"}, login=None, password=None)
    assert other.fields.text("project_id") == "p2"
    assert DliHook(project_id="p3").bind(other.fields).scheme._project_id() == "p3"


def test_keys_are_taken_from_the_profile_file_only_if_the_connection_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    home = tmp_path / ".huaweicloud" / "credentials"
    home.parent.mkdir()
    home.write_text("[global]\nak = G\nsk = G\n[basic]\nak = FILEAK\nsk = 100%file\niam_endpoint = iam.example.com\n")
    assert connect(monkeypatch).fields.login == AK
    said = {"credentials_source": "file"}
    hook = connect(monkeypatch, said, login=None, password=None)
    assert (hook.fields.login, hook.fields.password) == ("FILEAK", "100%file")
    assert bind(hook).scheme._services["iam"].endpoint == "https://iam.example.com"
    another = tmp_path / "another"
    another.write_text("[basic]\nak = A2\nsk = S2\nsecurity_token = T2\nproject_id = P2\n")
    fields = connect(monkeypatch, {**said, "credentials_file": "~/another"}, login=None, password=None).fields
    assert (fields.login, fields.text("security_token"), fields.text("project_id")) == ("A2", "T2", "P2")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[global]\nak = c4n4ry\n", "no section [basic]"),
        (b"[basic]\nak = a\nc4n4ry\n", "no INI file"),
        (b"sk = c4n4ry\n", "no INI file"),
        (b"\xff\xfe\x00c4n4ry", "no INI file"),
        (b"[basic]\nak = a\n", "has no sk in section [basic]"),
        (b"[basic]\nsk = c4n4ry\nak =\n", "has no ak in section [basic]"),
    ],
)
def test_a_profile_file_that_cannot_be_used_is_told_and_not_shown(monkeypatch, tmp_path, content, said):
    path = tmp_path / "credentials"
    path.write_bytes(content)
    extra = {"credentials_source": "file", "credentials_file": str(path)}
    with pytest.raises(errors.ConfigurationError) as caught:
        connect(monkeypatch, extra, login=None, password=None).fields  # noqa: B018 -- reading it is what fails
    assert said in str(caught.value)
    assert "c4n4ry" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_keys_from_elsewhere_are_told_to_airflows_masker(emulator, monkeypatch):
    given = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
    monkeypatch.setenv("HUAWEICLOUD_SDK_AK", given["login"])
    monkeypatch.setenv("HUAWEICLOUD_SDK_SK", given["password"])
    masked = []
    monkeypatch.setattr("airflow_provider_pipelines.compat.mask_secret", masked.append)
    connect(monkeypatch, {**given["extra"], "credentials_source": "environment"}, login=None, password=None)
    hook = DliHook()
    hook.list_flink_jobs()
    hook.list_flink_jobs()
    assert masked == [given["password"]]
    monkeypatch.setenv("HUAWEICLOUD_SDK_SECURITY_TOKEN", "t0k3n")
    hook = DliHook()
    hook.list_flink_jobs()
    assert masked == [given["password"], given["password"], "t0k3n"]


@pytest.mark.parametrize(
    ("cloud", "region", "host"),
    [
        ("huaweicloud", "cn-north-4", "iam.cn-north-4.myhuaweicloud.com"),
        ("huaweicloud", "la-south-2", "iam.la-south-2.myhuaweicloud.com"),
        ("huaweicloud", "eu-west-0", "iam.eu-west-0.myhuaweicloud.com"),
        ("huaweicloud", "eu-west-101", "iam.eu-west-101.myhuaweicloud.eu"),
        ("huaweicloud", "xx-new-9", "iam.myhuaweicloud.com"),
        ("huaweicloud", None, "iam.myhuaweicloud.com"),
        ("huaweicloud-eu", "eu-west-101", "iam.eu-west-101.myhuaweicloud.eu"),
        ("huaweicloud-eu", None, "iam.eu-west-101.myhuaweicloud.eu"),
        ("huaweicloud-eu", "eu-west-9", None),
        ("otc", "eu-de", "iam.eu-de.otc.t-systems.com"),
        ("otc", "eu-nl", "iam.eu-nl.otc.t-systems.com"),
        ("otc", "eu-ch2", None),
        ("otc", None, None),
    ],
)
def test_iam_is_found_by_cloud_and_region_and_never_guessed_for_open_telekom_cloud(cloud, region, host):
    assert iam_host(cloud, region) == host


@pytest.mark.parametrize(
    ("cloud", "region", "dli", "codearts"),
    [
        ("otc", "eu-de", "dli.eu-de.otc.t-systems.com", None),
        ("otc", "eu-nl", "dli.eu-nl.otc.t-systems.com", None),
        ("otc", "eu-ch2", None, None),
        ("huaweicloud-eu", "eu-west-101", "dli.eu-west-101.myhuaweicloud.eu", "pipeline-external.eu-west-101.myhuaweicloud.eu"),
        ("huaweicloud", "cn-north-4", "dli.cn-north-4.myhuaweicloud.com", "cloudpipeline-ext.cn-north-4.myhuaweicloud.com"),
        ("huaweicloud-eu", "cn-north-4", None, None),
    ],
)  # fmt: skip
def test_the_services_of_the_european_clouds_have_hosts_of_their_own(cloud, region, dli, codearts):
    assert dli_host(cloud, region) == dli
    assert codearts_host(cloud, region) == codearts


@pytest.mark.parametrize("cloud", ["otc", "huaweicloud-eu"])
def test_a_region_whose_iam_is_not_known_works_until_iam_is_needed(monkeypatch, cloud):
    extra = {"cloud": cloud, "region": "eu-odd-1", "dli_endpoint": "dli.example.com"}
    binding = bind(connect(monkeypatch, extra))
    assert binding.scheme._services["iam"].endpoint == ""
    assert "Fill in Region (region), or IAM's address here" in binding.scheme._services["iam"].missing


def test_other_accounts_agencies_and_passwords_are_other_identities(monkeypatch):
    cases = [
        ({}, {}),
        ({"password": "other"}, {}),
        ({}, {"security_token": "t"}),
        ({}, AGENCY),
        ({}, {**AGENCY, "agency_name": "others"}),
        (USER, PASSWORD),
        (USER, {**PASSWORD, "account": "other"}),
        ({**USER, "password": "other"}, PASSWORD),
        (USER, {**PASSWORD, **AGENCY}),
        ({}, {"iam_endpoint": "iam.example.com"}),
    ]
    known = [bind(connect(monkeypatch, extra, **fields)).scheme.identity for fields, extra in cases]
    assert len({id(one) for one in known}) == len(cases)
    for (fields, extra), one in zip(cases, known, strict=True):
        assert bind(connect(monkeypatch, extra, **fields)).scheme.identity is one


def test_both_services_of_one_connection_are_one_identity(monkeypatch):
    hook = connect(monkeypatch, {"cloud": "huaweicloud", "region": "cn-north-4"})
    other = CodeArtsHook()
    assert bind(hook).scheme.identity is bind(other).scheme.identity
