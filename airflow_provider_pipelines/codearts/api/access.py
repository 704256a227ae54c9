"""
Where CodeArts Pipeline is, and what its error codes mean.

https://support.huaweicloud.com/intl/en-us/api-pipeline/pipeline_03_0000.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_pipelines.errors import (
    InvalidRequest,
    MalformedReply,
    NotFound,
    PermissionDenied,
    PlaceNotFound,
    QuotaExceeded,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.huaweicloud.scheme import Codes

SERVICE = "codearts"
LABEL = "CodeArts Pipeline"

_MEMBER = (
    "Check the CodeArts project id (not the IAM project's), and that the user of the connection is a member of that "
    "CodeArts project: its role in IAM alone is not enough."
)
_PIPELINE = "Check pipeline_id, and that the pipeline belongs to the CodeArts project of the task or connection."

#: the run waits in the queue: success, in the answer to run and retry
QUEUED_CODES = frozenset({"DEVPIPE.00011169", "DEVPIPE.00011170"})

# There is no public table of these. Sources: the vendor's Terraform provider
# (https://github.com/huaweicloud/terraform-provider-huaweicloud, huaweicloud/services/codeartspipeline)
# and integrations that talk to the live service. They come with HTTP 200 as well as with 4xx.
CODES: Codes = {
    # anywhere but in an answer that names the run, the run was queued and it is not known which one it is
    "DEVPIPE.00011169": (MalformedReply, None),
    "DEVPIPE.00011170": (MalformedReply, None),
    "DEVPIPE.00011104": (QuotaExceeded, "Nothing was started: too many runs at once. Try again later."),
    "DEVPIPE.00011105": (QuotaExceeded, "Nothing was started: too many runs at once. Try again later."),
    "DEVPIPE.00011136": (NotFound, _PIPELINE),
    "DEVPIPE.00011401": (NotFound, _PIPELINE),
    # said to somebody who is no member any more, too: nothing follows for a pipeline or a run
    "DEVPIPE.00011412": (PlaceNotFound, _MEMBER),
    "DEVPIPE.30021001": (PlaceNotFound, _MEMBER),
    "DEV_21_100169": (PlaceNotFound, _MEMBER),
    # an argument names them, the pipeline or the run is another thing
    "DEVPIPE.00011203": (InvalidRequest, "Check the id of the template."),
    "DEVPIPE.00014007": (InvalidRequest, "Check the id of the group."),
    "DEVPIPE.00014024": (InvalidRequest, "Check the id of the tag."),
    "DEVPIPE.00014033": (InvalidRequest, "Check the id of the parameter group."),
    "DEVPIPE.30011001": (InvalidRequest, "A plugin or its publisher does not exist."),
    "DEVPIPE.30011011": (PermissionDenied, "Give the user of the connection this permission in the CodeArts project."),
}
#: what is not there is the pipeline, not a run of it
PIPELINE_CODES = frozenset({"DEVPIPE.00011136", "DEVPIPE.00011401"})


def own_word(code: str | None) -> bool:
    """Tell whether a code is one of the service's own whose meaning is not known: it was the service that refused."""
    return code is not None and code.startswith("DEVPIPE.") and code not in CODES


# https://github.com/huaweicloud/huaweicloud-sdk-python-v3 (huaweicloudsdkcodeartspipeline, region table); regions that
# only the documentation names are from https://support.huaweicloud.com/api-pipeline/pipeline_03_0000.html. Where the
# two disagree (devcloud.* in the documentation), the SDK's host is taken; codearts_endpoint overrides it.
_HOSTS = {
    "cloudpipeline-ext": (
        "cn-north-1", "cn-north-4", "cn-south-1", "cn-south-2", "cn-east-2", "cn-east-3", "cn-southwest-2",
        "cn-northeast-1", "ap-southeast-3", "sa-brazil-1", "la-north-2",
    ),
    "pipeline-external": ("tr-west-1", "la-south-2"),
    "pipeline": ("af-north-1", "me-east-1", "af-south-1"),
}  # fmt: skip
REGIONS = {region: f"{prefix}.{region}.myhuaweicloud.com" for prefix, regions in _HOSTS.items() for region in regions}
# https://support.huaweicloud.com/eu/api-pipeline/pipeline_03_0003.html
REGIONS_EU = {"eu-west-101": "pipeline-external.eu-west-101.myhuaweicloud.eu"}


def host_of(cloud: str, region: str) -> str | None:
    """Give the host for a cloud and a region, or None where CodeArts Pipeline is not known to be offered."""
    return {"huaweicloud": REGIONS, "huaweicloud-eu": REGIONS_EU}.get(cloud, {}).get(region)
