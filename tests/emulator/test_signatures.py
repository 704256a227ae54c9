from __future__ import annotations

import base64
import calendar
import json
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from airflow_provider_pipelines.emulator.enos.gateway import signature
from airflow_provider_pipelines.emulator.huaweicloud.signature import BadSignature, claimed_key, verify

VECTORS = Path(__file__).parents[1] / "vectors"
HUAWEI = json.loads((VECTORS / "huawei_signing.json").read_text())["vectors"]
ENOS = json.loads((VECTORS / "enos_signing.json").read_text())["apimSignature"]
#: the body is not signed where the vector says so; that is the meaning of the marker
UNSIGNED = {one["name"] for one in HUAWEI if "UNSIGNED-PAYLOAD" in one["expected"]["headers_after_signing"].values()}


def epoch(date):
    return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))


def received(vector):
    """Return a vector as the gateway receives it."""
    given, expected = vector["input"], vector["expected"]
    target, _, query = expected["request_target"].partition("?")
    body = given["body"]
    raw = base64.b64decode(body["value"]) if body["kind"] == "bytes_base64" else body["value"].encode()
    # Header values are shown as the bytes on the wire, read as Latin-1.
    headers = [(name.encode(), value.encode("latin-1")) for name, value in expected["headers_after_signing"].items()]
    dates = [value for name, value in expected["headers_after_signing"].items() if name.lower() == "x-sdk-date"]
    return {
        "method": given["method"],
        # Nothing but ASCII is on the wire: an HTTP library encodes the rest and keeps what is encoded already.
        "path": quote(target, safe="/%:@!$&'()*+,;=~").encode(),
        "query": query.encode(),
        "headers": headers,
        "body": raw,
        # The clock of the vector, save for those that bring a date of their own.
        "now": epoch(dates[0]),
        "secret_of": {given["ak"]: given["sk"]}.get,
    }


def altered(data: bytes) -> bytes:
    """Change one letter or digit."""
    place = next(place for place, byte in enumerate(data) if chr(byte).isalnum() and chr(byte) not in "xX")
    return data[:place] + (b"x" if data[place : place + 1] != b"x" else b"y") + data[place + 1 :]


@pytest.mark.parametrize("vector", HUAWEI, ids=lambda one: one["name"])
class TestHuaweiVectors:
    def test_the_signature_of_the_vendor_is_accepted(self, vector):
        request = received(vector)
        assert verify(**request) == claimed_key(request["headers"]) == vector["input"]["ak"]

    def test_another_method_is_refused(self, vector):
        self.refused(received(vector) | {"method": "PATCH"})

    def test_an_altered_path_is_refused(self, vector):
        request = received(vector)
        self.refused(request | {"path": request["path"] + b"x"})

    def test_an_altered_query_is_refused(self, vector):
        request = received(vector)
        self.refused(request | {"query": request["query"] + b"&x=1" if request["query"] else b"x=1"})
        if request["query"]:
            self.refused(request | {"query": altered(request["query"])})

    def test_an_altered_signed_header_is_refused(self, vector):
        request = received(vector)
        for signed in vector["expected"]["signed_headers"]:
            if signed == "x-sdk-date":
                continue
            changed = [
                (name, value + b"x" if name.decode().lower() == signed else value) for name, value in request["headers"]
            ]
            assert changed != request["headers"]
            self.refused(request | {"headers": changed})

    def test_a_missing_signed_header_is_refused(self, vector):
        request = received(vector)
        for signed in vector["expected"]["signed_headers"]:
            left = [(name, value) for name, value in request["headers"] if name.decode().lower() != signed]
            self.refused(request | {"headers": left}, "mismatch" if signed != "x-sdk-date" else "expired")

    def test_an_altered_body_is_refused(self, vector):
        request = received(vector)
        other = request | {"body": request["body"] + b" "}
        if vector["name"] in UNSIGNED and request["body"]:
            assert verify(**other)
        else:
            self.refused(other)

    def test_a_date_outside_the_window_is_refused(self, vector):
        request = received(vector)
        for seconds in (-901, 901):
            self.refused(request | {"now": request["now"] + seconds}, "expired")
        for seconds in (-900, 900):
            assert verify(**request | {"now": request["now"] + seconds})

    def test_the_wrong_secret_is_refused(self, vector):
        self.refused(received(vector) | {"secret_of": lambda key: "other"})

    def test_an_unknown_key_is_refused(self, vector):
        self.refused(received(vector) | {"secret_of": lambda key: None}, "unknown key")

    @staticmethod
    def refused(request, reason="mismatch"):
        with pytest.raises(BadSignature) as caught:
            verify(**request)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    "authorization",
    [
        b"",
        b"Basic abc",
        b"SDK-HMAC-SHA256 Access=AK",
        b"SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=0",
        b"SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date;host, Signature=0",
        b"SDK-HMAC-SHA256 Access=AK, SignedHeaders=X-Sdk-Date, Signature=0",
    ],
)
def test_an_authorization_of_another_shape_is_malformed(authorization):
    headers = [(b"authorization", authorization), (b"x-sdk-date", b"20260301T123456Z")]
    with pytest.raises(BadSignature) as caught:
        verify(method="GET", path=b"/", query=b"", headers=headers, body=b"", secret_of=lambda key: "sk", now=0)
    assert caught.value.reason == "malformed"


@pytest.mark.parametrize("date", [b"", b"yesterday", b"2026-03-01T12:34:56Z", b"\xff"])
def test_a_date_of_another_shape_is_outside_the_window(date):
    authorization = b"SDK-HMAC-SHA256 Access=AK, SignedHeaders=x-sdk-date, Signature=0"
    headers = [(b"authorization", authorization), (b"x-sdk-date", date)]
    with pytest.raises(BadSignature) as caught:
        verify(method="GET", path=b"/", query=b"", headers=headers, body=b"", secret_of=lambda key: "sk", now=0)
    assert caught.value.reason == "expired"


def test_a_signed_header_that_comes_twice_is_refused():
    request = received(HUAWEI[1])
    doubled = [*request["headers"], (b"Host", dict(request["headers"])[b"Host"])]
    with pytest.raises(BadSignature):
        verify(**request | {"headers": doubled})


def enos_request(vector):
    given = vector["inputs"]
    return {
        "token": given["accessToken"],
        "query": (given["rawQuery"] or "").encode(),
        "body": (given["body"] or "").encode(),
        "timestamp": str(given["timestamp"]),
        "secret": given["appSecret"],
    }


@pytest.mark.parametrize("vector", ENOS, ids=lambda one: one["id"])
class TestEnosVectors:
    # Method, path and other headers take no part in this signature: there is nothing to alter in them.

    def test_the_documented_signature_is_expected(self, vector):
        assert signature(**enos_request(vector)) == vector["expected"]["headers"]["apim-signature"]

    def test_a_change_of_anything_that_takes_part_changes_it(self, vector):
        request = enos_request(vector)
        changes = [
            {"query": request["query"] + b"&zz=1" if request["query"] else b"zz=1"},
            {"body": request["body"] + b" "},
            {"timestamp": request["timestamp"][:-1] + "x"},
            {"token": request["token"] + "x"},
            {"secret": request["secret"] + "x"},
        ]
        if request["query"]:
            # A name that comes again is not signed with its later values, so the first one is altered.
            changes.append({"query": altered(request["query"])})
        made = {signature(**request | change) for change in changes}
        assert len(made) == len(changes)
        assert signature(**request) not in made


def test_a_name_without_a_value_is_signed_as_the_word_null():
    common = {"token": "t", "body": b"", "timestamp": "1", "secret": "s"}
    assert signature(query=b"a", **common) == signature(query=b"a=null", **common)
