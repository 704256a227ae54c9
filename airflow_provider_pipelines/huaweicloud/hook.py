"""The base of the hooks that use a connection of type ``huaweicloud``: CodeArts and DLI."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_provider_pipelines.core.http.identity import Identity, shared_identity
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook.base import PipelinesHook
from airflow_provider_pipelines.huaweicloud.answers import IAM_CODES, Service
from airflow_provider_pipelines.huaweicloud.auth import AgencyKeyAuth, Auth, KeyAuth, TokenAuth
from airflow_provider_pipelines.huaweicloud.iam import IAM_SERVICE, Agency, Iam, Login, Scope, find_project, iam_host
from airflow_provider_pipelines.huaweicloud.keys import KeysMissing, keys_from_environment, keys_from_file
from airflow_provider_pipelines.huaweicloud.scheme import HuaweiScheme
from airflow_provider_pipelines.huaweicloud.signature import AccessKey

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.hook.connection import Fields

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

    def fields_of(self, connection: Any, extra: Any) -> Fields:
        """
        Read a connection, and the keys from where it says.

        :raises ConfigurationError: a field is unknown, or the keys are not where they should be
        """
        fields = super().fields_of(connection, extra)
        source = fields.text("credentials_source") or "connection"
        if source != "file" and fields.text("credentials_file"):
            raise fields.problem(
                "credentials_file", "is read with {credentials_source} 'file' only. Set that, or leave it empty."
            )
        if source == "connection":
            return fields
        if (fields.text("auth") or "aksk") != "aksk":
            raise fields.problem("credentials_source", f"{source!r} has access keys only. Set {{auth}} to 'aksk'.")
        for name, value in (
            ("login", fields.login),
            ("password", fields.password),
            ("security_token", fields.text("security_token")),
        ):
            if value:
                raise fields.problem(
                    name, f"is filled in, but {{credentials_source}} {source!r} says that the keys are elsewhere. "
                    "Leave one of them empty."
                )  # fmt: skip
        try:
            found = keys_from_file(fields.text("credentials_file")) if source == "file" else keys_from_environment()
        except KeysMissing as missing:
            raise fields.problem("credentials_source", str(missing)) from None
        kept = {name: value for name, value in found.items() if name not in {"ak", "sk"}}
        return replace(fields, login=found["ak"], password=found["sk"], extra={**kept, **fields.extra})

    def region_of(self, fields: Fields) -> str | None:
        """Give the region: the task's, else the connection's."""
        rule = "small letters, digits and '-', for instance eu-de"
        if self.region and not _REGION.fullmatch(self.region):
            raise ConfigurationError(f"the task's region {self.region!r} is no region's name: {rule}.")
        region = self.region or fields.text("region")
        if region is not None and not _REGION.fullmatch(region):
            raise fields.problem("region", f"{region!r} is no region's name: {rule}.")
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
        return "", str(fields.problem(field, f"{found}. Fill in {{region}}, or the address here."))

    def scheme(
        self, fields: Fields, name: str, service: Service, fresh: bool, project_id: str | None = None
    ) -> HuaweiScheme:
        """
        Make what signs requests for a service and for IAM.

        :param project_id: the IAM project, instead of the connection's
        """
        cloud = fields.text("cloud") or "huaweicloud"
        region = self.region_of(fields)
        given = project_id or fields.text("project_id")
        address, missing = self._iam(fields, cloud, region)
        iam = Service("IAM", address, IAM_CODES, missing)
        way, parts = self._way(fields, Iam(iam, cloud), Scope(given, region))
        rate = fields.number("max_requests_per_second")
        identity = shared_identity(iam.endpoint, cloud, *parts, per_second=rate)
        if fresh:
            # what was found already is not asked for again while a worker is killed
            identity = identity.apart()
        projects = identity.projects
        return HuaweiScheme(
            way(identity), identity, {IAM_SERVICE: iam, name: service},
            lambda: given or (projects.get(region) if region else None),
        )  # fmt: skip

    def _iam(self, fields: Fields, cloud: str, region: str | None) -> tuple[str, str]:
        """Give IAM's address, or "" and what to fill in if IAM has to be asked."""
        if given := fields.text("iam_endpoint"):
            return fields.address("iam_endpoint", given), ""
        if (host := iam_host(cloud, region)) is not None:
            return f"https://{host}", ""
        found = f"region {region!r} of cloud {cloud!r} is not known" if region else "there is no region"
        return "", str(fields.problem("iam_endpoint", f"{found}. Fill in {{region}}, or IAM's address here."))

    def _way(self, fields: Fields, iam: Iam, scope: Scope) -> tuple[Callable[[Identity], Auth], tuple[str | None, ...]]:
        """
        Choose the way to prove who calls.

        :returns: what makes it, and what makes the credentials what they are
        :raises ConfigurationError: fields are missing, or do not go together
        """
        agency = _agency(fields)
        acting = (agency.name, agency.account) if agency else ()
        if (fields.text("auth") or "aksk") == "password":
            login = _login(fields)
            if not scope.project_id and not scope.region:
                raise fields.problem("region", "is empty. Fill it in, or {project_id}: a token is for one project.")
            parts = ("password", login.user, login.password, login.account, *acting)
            return lambda identity: TokenAuth(iam, identity, login, scope, agency), parts
        key = _key(fields)
        parts = ("aksk", key.ak, key.sk, key.security_token or "", *acting)
        if agency is not None:
            return lambda identity: AgencyKeyAuth(iam, identity, key, agency), parts
        elsewhere = fields.text("credentials_source") not in {None, "connection"}
        return lambda identity: KeyAuth(key, untold=elsewhere), parts

    def iam_project(self, fields: Fields, identity: Identity) -> Callable[[], Call[str]]:
        """Give the call that tells the IAM project: given in task or connection, else found by the region's name."""
        given = self.project_id or fields.text("project_id")
        region = self.region_of(fields)

        def project() -> Call[str]:
            if given:
                yield from ()
                return given
            if not region:
                raise fields.problem("region", "is empty. Fill it in (the project is found by it), or {project_id}.")
            return (yield from find_project(identity, region))

        return project


def _agency(fields: Fields) -> Agency | None:
    name, account = fields.text("agency_name"), fields.text("agency_account")
    if name and not account:
        raise fields.problem("agency_account", "is empty. Fill in the account that made the agency in {agency_name}.")
    if account and not name:
        raise fields.problem("agency_name", "is empty. Fill in the agency that {agency_account} made for you.")
    return Agency(name, account) if name and account else None


def _login(fields: Fields) -> Login:
    user = fields.needed("login", fields.login, "the name of the IAM user, as {auth} is 'password'")
    fields.needed("password", fields.password, "the password of the IAM user, as {auth} is 'password'")
    account = fields.needed("account", fields.text("account"), "the account (domain) of the IAM user")
    if fields.text("security_token"):
        raise fields.problem("security_token", "belongs to access keys. Leave it empty, or set {auth} to 'aksk'.")
    return Login(user, fields.password or "", account)


def _key(fields: Fields) -> AccessKey:
    if fields.text("account"):
        raise fields.problem(
            "account", "belongs to {auth} 'password'. Set that, or leave it empty; the account of an agency goes into "
            "{agency_account}."
        )  # fmt: skip
    return AccessKey(
        fields.needed("login", fields.login, "the access key (AK)"),
        fields.needed("password", fields.password, "the secret key (SK)"),
        fields.text("security_token"),
    )
