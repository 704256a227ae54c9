"""
Huawei Cloud and Open Telekom Cloud: the way of a request to a service behind the gateway.

What it is made of has modules of its own: the signature, what answers mean, IAM, the ways to prove who calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_pipelines.core.http.calls import Call, Reply, Request, SignedRequest
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.huaweicloud.answers import Codes, Service, check_success, error_in, read_answer
from airflow_provider_pipelines.huaweicloud.auth import Auth, KeyAuth
from airflow_provider_pipelines.huaweicloud.iam import IAM_SERVICE
from airflow_provider_pipelines.huaweicloud.signature import AccessKey, canonical_request, encode_query, sign

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.identity import Identity

__all__ = [
    "AccessKey",
    "Codes",
    "HuaweiScheme",
    "KeyAuth",
    "Service",
    "canonical_request",
    "check_success",
    "encode_query",
    "error_in",
    "sign",
]


class HuaweiScheme:
    """
    Signs requests for the services behind the gateway and reads their answers.

    :param auth: proves who calls
    :param identity: what the process knows of these credentials
    :param services: by the name that requests carry
    :param project_id: gives the IAM project id for ``X-Project-Id``, where it is known
    """

    service = "Huawei Cloud"

    def __init__(
        self,
        auth: Auth,
        identity: Identity,
        services: Mapping[str, Service],
        project_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._auth = auth
        self.identity = identity
        self._services = services
        self._project_id = project_id

    def sign(self, request: Request, clock: Callable[[], float]) -> Call[SignedRequest | None]:
        """Make the wire form of a request, or None for a project that the token has told."""
        service = self._services[request.service]
        if not service.endpoint:
            raise ConfigurationError(service.missing)
        address = urlsplit(service.endpoint)
        headers = {"Content-Type": "application/json", "Host": address.netloc}
        path = f"{address.path}{request.path}"
        project = self._project_id()
        if project and request.service != IAM_SERVICE:
            headers["X-Project-Id"] = project
        query = encode_query(request.query)
        sent = dict((yield from self._auth.authorize(request, path, query, headers, clock)))
        if request.operation == "list_projects" and dict(request.query).get("name") in self.identity.projects:
            return None
        sent.update({"Accept": "application/json", "X-Language": "en-us"})
        url = f"{service.endpoint}{request.path}{'?' if query else ''}{query}"
        return SignedRequest(request.method, url, sent, request.body)

    def forget(self, signed: SignedRequest) -> None:
        """Drop the token that a request was just refused with."""
        self._auth.forget(signed)

    def read(self, request: Request, reply: Reply, now: float) -> Any:
        """Give an answer's JSON, or raise the error that its HTTP status says it is."""
        return read_answer(self._services[request.service], request, reply, now, self._auth.proof)
