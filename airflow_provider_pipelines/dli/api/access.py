"""
Where DLI lives and what its error codes mean.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/public_parameters/error_codes.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_provider_pipelines.errors import (
    AuthenticationError,
    Conflict,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    ServerError,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.huaweicloud.scheme import Codes

LABEL = "DLI"
#: the name that requests carry
NAME = "dli"

# https://github.com/huaweicloud/huaweicloud-sdk-python-v3, huaweicloudsdkdli/v1/region/dli_region.py
_HUAWEI_REGIONS = frozenset({
    "cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-east-2", "cn-east-3", "cn-east-4", "cn-east-5",
    "cn-south-1", "cn-southwest-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
    "my-kualalumpur-1", "la-south-2", "la-north-2", "sa-brazil-1", "na-mexico-1", "af-south-1", "af-north-1",
    "me-east-1", "ae-ad-1", "tr-west-1", "ru-northwest-2", "ru-moscow-1", "eu-west-0",
})  # fmt: skip
_EUROPE = "eu-west-101"
# https://github.com/opentelekomcloud-docs/regions-and-endpoints; the Swiss host is not known, so it is not guessed
_OTC_REGIONS = frozenset({"eu-de", "eu-nl"})

# the address in IAM's service catalogue may end in the version and the project
_VERSION = re.compile(r"/v\d+(?:\.\d+)?(?:/.*)?$")

#: how the editions are called, by the connection's ``cloud``
EDITIONS = {
    "huaweicloud": "Huawei Cloud",
    "huaweicloud-eu": "Huawei Cloud (Europe)",
    "otc": "Open Telekom Cloud",
}
# Open Telekom Cloud's reference has no page for these; its console offers both
_SAVEPOINTS = frozenset({"execute_flink_job_savepoint", "import_flink_job_savepoint"})
_NOT_OFFERED = {"otc": _SAVEPOINTS}
#: what not every edition has, so that a gateway which does not know it is no surprise
NOT_EVERYWHERE = _SAVEPOINTS | {"register_bucket", "show_flink_metric", "show_spark_batch_log"}

CODES: Codes = {
    "DLI.0001": (InvalidRequest, None),
    "DLI.0002": (NotFound, "Check the id, and that project and region are the right ones."),
    "DLI.0003": (PermissionDenied, "Grant the user of the connection this right in DLI."),
    "DLI.0006": (Conflict, None),
    "DLI.0007": (InvalidRequest, None),
    "DLI.0009": (QuotaExceeded, None),
    "DLI.0011": (PermissionDenied, "Grant the user of the connection access to the file."),
    # said of an unavailable resource and of a task that timed out: a write may have been carried out
    "DLI.0012": (ServerError, None),
    "DLI.0019": (ServerError, None),
    "DLI.0013": (AuthenticationError, None),
    "DLI.0014": (AuthenticationError, None),
    "DLI.0015": (AuthenticationError, "The token cannot be read: check region and project of the connection."),
    "DLI.0016": (PermissionDenied, "Give the user of the connection a role in the project, and check project_id."),
    "DLI.0023": (NotFound, "Check the id, and that project and region are the right ones."),
    # a failure of the server, though it comes with HTTP 400
    "DLI.0999": (ServerError, None),
    "DLI.1028": (QuotaExceeded, None),
    "DLI.11016": (InvalidRequest, "Authorise DLI to use the OBS bucket, or give the job another bucket."),
    "DLI.12002": (InvalidRequest, None),
    "DLI.12004": (NotFound, "Check the job id, and that project and region are the right ones."),
    "DLI.13024": (InvalidRequest, "Give the job a queue: edit the job, set queue_name."),
    "DLI.16001": (NotFound, "Check the job id, and that project and region are the right ones."),
}


def host(cloud: str, region: str) -> str | None:
    """Give DLI's host for a cloud and a region, or None where it is not known."""
    if cloud == "otc":
        return f"dli.{region}.otc.t-systems.com" if region in _OTC_REGIONS else None
    if region == _EUROPE:
        return f"dli.{region}.myhuaweicloud.eu"
    return f"dli.{region}.myhuaweicloud.com" if cloud == "huaweicloud" and region in _HUAWEI_REGIONS else None


def edition(cloud: str | None, endpoint: str) -> str:
    """Tell whose edition of DLI is called: as the connection says, else by the address."""
    return cloud or ("otc" if endpoint.endswith(".otc.t-systems.com") else "huaweicloud")


def not_offered(cloud: str, operation: str) -> str | None:
    """Say why a cloud's edition of DLI cannot do something, or None if it can as far as is known."""
    if operation not in _NOT_OFFERED.get(cloud, ()):
        return None
    return (
        f"{EDITIONS[cloud]} has no API call for this (cloud {cloud!r} of the connection). Use its "
        "console, or stop the job with trigger_savepoint=True and run it with resume_savepoint=True"
    )


def base(address: str) -> str:
    """Cut version and project off an address as IAM's service catalogue gives it."""
    return _VERSION.sub("", address)
