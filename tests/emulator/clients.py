"""Small clients of the emulated services, signing by hand; they share no code with either side."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from typing import Any
from urllib.parse import quote, urlencode

import requests

from tests.emulator.running import Emulator

_TICK = itertools.count()


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


class Enos:
    """Calls EnOS with token and signature."""

    def __init__(self, emulator: Emulator) -> None:
        connection = emulator.enos
        self.url = connection["host"]
        self.key, self.secret = connection["login"], connection["password"]
        self.org = connection["extra"]["org_id"]
        self.session = _session()
        self._token: str | None = None

    def token_body(self, **members: Any) -> dict[str, Any]:
        timestamp = int(time.time() * 1000) + next(_TICK)
        encryption = hashlib.sha256(f"{self.key}{timestamp}{self.secret}".encode()).hexdigest()
        body = {"appKey": self.key, "encryption": encryption, "timestamp": timestamp, **members}
        return {name: value for name, value in body.items() if value is not ...}

    def token(self, call: str = "get", **members: Any) -> requests.Response:
        url = f"{self.url}/apim-token-service/v2.0/token/{call}"
        return self.session.post(url, json=self.token_body(**members), timeout=10)

    def signed(self, query: str, body: str, timestamp: str | None = None) -> dict[str, str]:
        """Return the headers of a call; the query has plain ASCII values."""
        if self._token is None:
            self._token = self.token().json()["data"]["accessToken"]
        timestamp = timestamp or str(int(time.time() * 1000))
        pairs = sorted(pair.split("=") for pair in query.split("&") if pair)
        signed = self._token + "".join(map("".join, pairs)) + body + timestamp + self.secret
        return {
            "apim-accesstoken": self._token,
            "apim-timestamp": timestamp,
            "apim-signature": hashlib.sha256(signed.encode()).hexdigest(),
            "Content-Type": "application/json;charset=UTF-8",
        }

    def call(
        self, method: str, path: str, body: Any = None, *, org: str | None = None, **query: Any
    ) -> requests.Response:
        text = "" if body is None else json.dumps(body)
        asked = urlencode({**({} if org == "" else {"orgId": org or self.org}), **query})
        url = f"{self.url}/streaming/v2.0/streaming/{path}?{asked}"
        return self.session.request(
            method, url, data=text.encode() or None, headers=self.signed(asked, text), timeout=10
        )

    def act(self, action: str, id: str, body: Any = None) -> dict[str, Any]:
        if action == "start":
            body = body or {"executionMode": 0, "kafkaRate": 1000}
        return self.call("POST", f"pipeline/{id}", body, action=action).json()

    def stage_state(self, action: str, body: Any, **query: Any) -> dict[str, Any]:
        asked = urlencode({"orgId": self.org, "action": action, **query})
        text = json.dumps(body)
        url = f"{self.url}/streaming/v2.0/stage-state?{asked}"
        return self.session.post(url, data=text.encode(), headers=self.signed(asked, text), timeout=10).json()

    def list(self, **query: Any) -> dict[str, Any]:
        return self.call("GET", "pipelines", **{"ifReleased": "true", "pageSize": 100, **query}).json()

    def statuses(self, **query: Any) -> dict[str, str]:
        return {one["pipelineId"]: one.get("status") for one in self.list(**query)["data"]["pipelines"]}


class Huawei:
    """Calls IAM, CodeArts and DLI with an AK/SK signature, or with a token."""

    def __init__(self, emulator: Emulator) -> None:
        connection = emulator.huaweicloud
        self.url = emulator.url
        self.key, self.secret = connection["login"], connection["password"]
        self.project = connection["extra"]["project_id"]
        self.codearts_project = connection["extra"]["codearts_project_id"]
        self.session = _session()
        self.token: str | None = None
        self.security_token: str | None = None

    def signed(self, method: str, path: str, query: str, body: bytes, at: float | None = None) -> dict[str, str]:
        """Return the headers of a signed call; path and query have plain ASCII values, the query in order."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
        headers = {"content-type": "application/json", "host": self.url.removeprefix("http://"), "x-sdk-date": date}
        if self.security_token:
            headers["x-security-token"] = self.security_token
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"{method}\n{path}/\n{query}\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        text = f"SDK-HMAC-SHA256\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        headers["Authorization"] = f"SDK-HMAC-SHA256 Access={self.key}, SignedHeaders={names}, Signature={signature}"
        return headers

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        raw = b"" if body is None else json.dumps(body).encode()
        asked = urlencode(sorted((name, str(value)) for name, value in query.items()), quote_via=quote)
        headers = {"X-Auth-Token": self.token} if self.token else self.signed(method, path, asked, raw)
        url = f"{self.url}{path}" + (f"?{asked}" if asked else "")
        return self.session.request(method, url, data=raw or None, headers=headers, timeout=10)

    def codearts(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        return self.call(method, f"/v5/{self.codearts_project}/api/pipelines{path}", body, **query).json()

    def dli(self, method: str, path: str = "", body: Any = None, **query: Any) -> Any:
        return self.call(method, f"/v1.0/{self.project}/streaming/jobs{path}", body, **query).json()

    def job(self, id: int | str) -> dict[str, Any]:
        return self.dli("GET", f"/{id}")["job_detail"]
