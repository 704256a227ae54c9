"""Every signing vector, byte for byte."""

import base64
import json
from datetime import datetime
from pathlib import Path

import pytest

from airflow_provider_pipelines.enos.api import access
from airflow_provider_pipelines.huaweicloud.scheme import AccessKey, canonical_request, encode_query, sign

VECTORS = Path(__file__).parent / "vectors"
HUAWEI = json.loads((VECTORS / "huawei_signing.json").read_text())["vectors"]
ENOS = json.loads((VECTORS / "enos_signing.json").read_text())


def pairs(query):
    """Write the vector's values as the text that is sent: lists expanded, booleans in small letters."""
    for name, value in query:
        if isinstance(value, list):
            yield from ((name, entry) for entry in sorted(value))
        else:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


def body_of(vector):
    body = vector["input"]["body"]
    if body["kind"] == "none" or body["value"] is None:
        return None
    return base64.b64decode(body["value"]) if body["kind"] == "bytes_base64" else body["value"].encode()


@pytest.mark.parametrize("vector", HUAWEI, ids=lambda vector: vector["name"])
def test_a_huawei_request_is_signed_as_the_vendors_own_client_signs_it(vector):
    given, expected = vector["input"], vector["expected"]
    headers = dict(given["headers_before_signing"])
    if given["project_id"]:
        headers["X-Project-Id"] = given["project_id"]
    elif given["domain_id"]:
        headers["X-Domain-Id"] = given["domain_id"]
    if not any(name.lower() == "host" for name in headers):
        headers["Host"] = given["host"]
    key = AccessKey(given["ak"], given["sk"], given["security_token"])
    query = encode_query(pairs(given["query"]))
    now = datetime.fromisoformat(given["clock_utc"]).timestamp()
    signed = sign(key, given["method"], given["resource_path"], query, headers, body_of(vector), now)
    canonical, names = canonical_request(
        given["method"],
        given["resource_path"],
        query,
        {name: value.encode("latin-1").decode() for name, value in signed.items() if name != "Authorization"},
        body_of(vector),
    )
    assert canonical == expected["canonical_request"]
    assert names.split(";") == expected["signed_headers"]
    assert signed["Authorization"] == expected["authorization"]
    assert signed == expected["headers_after_signing"]
    target = given["resource_path"] + (f"?{query}" if query else "")
    assert target == expected["request_target"]


@pytest.mark.parametrize("vector", ENOS["apimSignature"], ids=lambda vector: vector["id"])
def test_an_enos_request_is_signed_as_documented(vector):
    given = vector["inputs"]
    body = None if given["body"] is None else given["body"].encode()
    signature = access.sign(
        given["appSecret"], given["accessToken"], [tuple(pair) for pair in given["query"]], body, given["timestamp"]
    )
    assert signature == vector["expected"]["headers"]["apim-signature"]


@pytest.mark.parametrize("vector", ENOS["tokenEncryption"], ids=lambda vector: vector["id"])
def test_the_proof_for_the_token_service_is_made_as_documented(vector):
    given = vector["inputs"]
    proof = access.encryption(given["appKey"], given["timestamp"], given["appSecret"])
    assert proof == vector["expected"]["encryption"]
