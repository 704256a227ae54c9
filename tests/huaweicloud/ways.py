"""A connection for each way to prove who calls, all to one emulator."""

from __future__ import annotations

import json

from airflow_provider_pipelines.emulator import credentials

#: the calls of IAM that each way makes for its first request, where the connection does not tell the project
IAM_CALLS = {
    "aksk": ["list_projects"],
    "temporary keys": ["list_projects"],
    "environment": ["list_projects"],
    "file": ["list_projects"],
    "password": ["create_token"],
    "agency by password": ["create_token", "create_token"],
    "agency by aksk": ["create_temporary_key", "list_projects"],
}
AGENCY = {"agency_name": credentials.IAM_AGENCY, "agency_account": credentials.IAM_ACCOUNT}
PASSWORD = {"auth": "password", "account": credentials.IAM_ACCOUNT}
USER = {"login": credentials.IAM_USER, "password": credentials.IAM_PASSWORD}


class Connection:
    """The connection ``huaweicloud_default``, as tests change it."""

    def __init__(self, emulator, monkeypatch, tmp_path):
        self.emulator = emulator
        self.monkeypatch = monkeypatch
        self.tmp_path = tmp_path
        self.given = json.loads(emulator.env["AIRFLOW_CONN_HUAWEICLOUD_DEFAULT"])
        self.give(extra={"project_id": None})

    def give(self, *, extra=None, **fields):
        """Store the connection with some fields changed; None takes one out."""
        for given, changes in ((self.given, fields), (self.given["extra"], extra or {})):
            given.update(changes)
            for name in [name for name, value in changes.items() if value is None]:
                del given[name]
        self.monkeypatch.setenv("AIRFLOW_CONN_HUAWEICLOUD_DEFAULT", json.dumps(self.given))
        return self

    def by(self, way):
        """Store the connection that proves who calls in a way."""
        match way:
            case "aksk":
                return self
            case "temporary keys":
                ak, sk, token = self.temporary_keys()
                return self.give(login=ak, password=sk, extra={"security_token": token})
            case "environment":
                self.monkeypatch.setenv("HUAWEICLOUD_SDK_AK", self.given["login"])
                self.monkeypatch.setenv("HUAWEICLOUD_SDK_SK", self.given["password"])
                return self.give(login=None, password=None, extra={"credentials_source": "environment"})
            case "file":
                path = self.profile(self.given["login"], self.given["password"])
                source = {"credentials_source": "file", "credentials_file": str(path)}
                return self.give(login=None, password=None, extra=source)
            case "password":
                return self.give(**USER, extra=PASSWORD)
            case "agency by password":
                return self.give(**USER, extra={**PASSWORD, **AGENCY})
            case "agency by aksk":
                return self.give(extra=AGENCY)
        raise AssertionError(way)

    def temporary_keys(self, seconds=3600):
        ak, key = self.gateway.give_key(seconds)
        return ak, key.secret, key.security_token

    def profile(self, ak, sk, **more):
        path = self.tmp_path / "credentials"
        lines = [f"{name} = {value}" for name, value in {"ak": ak, "sk": sk, **more}.items()]
        path.write_text("\n".join(["[basic]", *lines, "[global]", "ak = other", ""]))
        return path

    @property
    def gateway(self):
        """What the emulator's gateway knows, to let tokens and keys die."""
        return self.emulator.server.world.huawei_gateway

    def kill_tokens(self):
        self.gateway.tokens.clear()

    def kill_keys(self):
        """End all temporary keys."""
        for key in self.gateway.keys.values():
            if key.security_token is not None:
                key.expires = 1.0

    def iam(self):
        """Give the calls of IAM since the last mark."""
        return [call["operation"] for call in self.emulator.calls(service="iam")]
