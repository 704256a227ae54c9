"""The AK/SK signature, beside the vendor's own signer."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable

from scripts.bench.rows import Row

ROUNDS, TIMES = 9, 400
BODY = b'{"job_ids":[128,137],"trigger_savepoint":true}'
PATH = "/v1.0/1a300000000000000000000000000fa4/streaming/jobs/stop"


def _median(act: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(TIMES):
        act()
    return (time.process_time() - began) / TIMES


def measure_signing() -> list[Row]:
    """Sign the same request by turns; CPU time, medians."""
    # the vendor's package writes a file into the home folder on import
    os.environ["HOME"] = tempfile.mkdtemp(prefix="pipelines-bench-")
    from huaweicloudsdkcore.auth.credentials import BasicCredentials  # type: ignore[import-untyped]  # has no types
    from huaweicloudsdkcore.sdk_request import SdkRequest  # type: ignore[import-untyped]  # has no types
    from huaweicloudsdkcore.signer.signer import Signer  # type: ignore[import-untyped]  # has no types

    from airflow_provider_pipelines.huaweicloud.scheme import AccessKey, encode_query, sign

    key = AccessKey("AK", "SK")
    signer = Signer(BasicCredentials("AK", "SK", "project"))

    def ours() -> object:
        headers = {"Content-Type": "application/json", "Host": "dli.example.com", "X-Project-Id": "project"}
        return sign(key, "POST", PATH, encode_query((("a", "b"),)), headers, BODY, time.time())

    def theirs() -> object:
        request = SdkRequest(
            method="POST",
            schema="https",
            host="dli.example.com",
            resource_path=PATH,
            uri=f"https://dli.example.com{PATH}",
            query_params=[("a", "b")],
            header_params={"Content-Type": "application/json", "X-Project-Id": "project"},
            body=BODY.decode(),
        )
        return signer.sign(request)

    pairs = [(_median(ours), _median(theirs)) for _ in range(ROUNDS)]
    mine, vendors = (statistics.median(column) for column in zip(*pairs, strict=True))
    return [Row("signing a request", mine, "vendor SDK's signer", vendors, 1 / 2)]
