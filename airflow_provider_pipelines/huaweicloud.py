"""The base of the hooks that use a connection of type ``huaweicloud``: CodeArts and DLI."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_pipelines.core.huaweicloud import (
    IAM_SERVICE,
    AccessKey,
    HuaweiScheme,
    KeyAuth,
    Service,
    find_project,
    iam_endpoint,
)
from airflow_provider_pipelines.core.identity import Identity, shared_identity
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook import Fields, PipelinesHook

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.calls import Call

T = TypeVar("T")

# a region becomes part of a host name
_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,40}[a-z0-9])?")


class HuaweiCloudHook(PipelinesHook[T]):
    """
    Reads a connection of type ``huaweicloud``.

    :param huaweicloud_conn_id: the connection
    :param project_id: the service's project, instead of the connection's
    :param region: the region, instead of the connection's
    """

    conn_type = "huaweicloud"
    conn_name_attr = "huaweicloud_conn_id"
    default_conn_name = "huaweicloud_default"
    hook_name = "Huawei Cloud / Open Telekom Cloud"

    def __init__(
        self,
        huaweicloud_conn_id: str = default_conn_name,
        project_id: str | None = None,
        region: str | None = None,
    ) -> None:
        super().__init__(huaweicloud_conn_id)
        self.project_id = project_id
        self.region = region

    @property
    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments."""
        return {"huaweicloud_conn_id": self.conn_id, "project_id": self.project_id, "region": self.region}

    def region_of(self, fields: Fields) -> str | None:
        """Give the region: the task's, else the connection's."""
        region = self.region or fields.text("region")
        if region is not None and not _REGION.fullmatch(region):
            raise ConfigurationError(
                f"region {region!r} is no region's name: small letters, digits and '-', for instance eu-de. Check the "
                f"task's region, or the field region of connection {self.conn_id!r}."
            )
        return region

    def endpoint(self, fields: Fields, field: str, host_of: Callable[[str, str], str | None]) -> tuple[str, str]:
        """
        Give a service's address: the connection's own, else by cloud and region.

        :param field: the connection field that may hold it
        :param host_of: gives the host for a cloud and a region, or None where the service is not known there
        :returns: the address, or "" and what to fill in
        """
        if given := fields.text(field):
            return fields.address(field, given), ""
        cloud = fields.text("cloud") or "huaweicloud"
        region = self.region_of(fields)
        host = host_of(cloud, region) if region else None
        if host is not None:
            return f"https://{host}", ""
        found = f"region {region!r} of cloud {cloud!r} is not known for it" if region else "there is no region"
        return "", str(fields.problem(field, f"{found}. Fill in region, or the address in {field}."))

    def scheme(
        self, fields: Fields, name: str, service: Service, fresh: bool, project_id: str | None = None
    ) -> HuaweiScheme:
        """
        Make what signs requests for a service and for IAM.

        :param project_id: the IAM project, instead of the connection's
        """
        auth = fields.text("auth") or "aksk"
        if auth != "aksk":
            raise fields.problem("auth", f"{auth!r} is not supported by this version. Use 'aksk' with AK and SK.")
        for later in ("agency_name", "agency_account"):
            if fields.text(later):
                raise fields.problem(later, "agencies are not supported by this version. Leave it empty.")
        key = AccessKey(
            fields.needed("login", fields.login, "the access key (AK)"),
            fields.needed("password", fields.password, "the secret key (SK)"),
            fields.text("security_token"),
        )
        iam, missing = self.endpoint(
            fields, "iam_endpoint", lambda cloud, region: iam_endpoint(cloud, region).removeprefix("https://")
        )
        if missing:
            iam = iam_endpoint(fields.text("cloud") or "huaweicloud", None)
        rate = fields.number("max_requests_per_second")
        parts = (key.ak, key.sk, key.security_token, iam)
        identity = known = shared_identity(*parts, per_second=rate)
        if fresh:
            identity = Identity(rate)
            # a dictionary needs no lock: what was found already is not looked up again while a worker is killed
            identity.projects = known.projects
        services = {IAM_SERVICE: Service("IAM", iam), name: service}
        given = project_id or fields.text("project_id")
        region = self.region_of(fields)
        return HuaweiScheme(
            KeyAuth(key), identity, services, lambda: given or (identity.projects.get(region) if region else None)
        )

    def iam_project(self, fields: Fields, identity: Identity) -> Callable[[], Call[str]]:
        """Give the call that tells the IAM project: given in task or connection, else found by the region's name."""
        given = self.project_id or fields.text("project_id")
        region = self.region_of(fields)

        def project() -> Call[str]:
            if given:
                yield from ()
                return given
            if not region:
                raise fields.problem("region", "is empty. Fill in region (the project is found by it) or project_id.")
            return (yield from find_project(identity, region))

        return project
