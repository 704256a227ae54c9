"""
IAM: where it is, and its calls that give tokens, temporary keys and the project of a region.

https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
https://docs.otc.t-systems.com/identity-access-management/api-ref/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_pipelines.core.http.calls import Call, MaskSecret, Reply, Request, SignedRequest
from airflow_provider_pipelines.core.http.reading import dump, malformed
from airflow_provider_pipelines.core.http.session import Undelivered, clock_skew, undelivered
from airflow_provider_pipelines.errors import ConfigurationError, MalformedReply
from airflow_provider_pipelines.huaweicloud.answers import (
    AGENCY_CODES,
    BY_KEY,
    BY_PASSWORD,
    BY_TEMPORARY_KEY,
    BY_TOKEN,
    Codes,
    Proof,
    Service,
    about_call,
    read_answer,
)
from airflow_provider_pipelines.huaweicloud.signature import AccessKey, encode_query, sign

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.identity import Identity

IAM_SERVICE = "iam"
#: seconds that temporary keys are asked for; IAM gives 900 to 86,400
KEY_SECONDS = 3600
#: seconds before its end at which a token or a temporary key is replaced, but never more than a quarter of its life
RENEW_BEFORE = 900.0

# https://github.com/huaweicloud/huaweicloud-sdk-python-v3 (huaweicloudsdkiam, region table)
_HUAWEI_REGIONS = frozenset({
    "cn-north-1", "cn-north-2", "cn-north-4", "cn-north-9", "cn-north-12", "cn-east-2", "cn-east-3", "cn-east-4",
    "cn-east-5", "cn-south-1", "cn-south-2", "cn-southwest-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
    "ap-southeast-4", "af-south-1", "sa-brazil-1", "la-south-2", "la-north-2", "na-mexico-1", "eu-west-0",
    "my-kualalumpur-1", "ru-moscow-1", "me-east-1", "ae-ad-1", "tr-west-1",
})  # fmt: skip
_EUROPE = "eu-west-101"
# https://github.com/opentelekomcloud-docs/regions-and-endpoints; the Swiss host is not known, so it is not guessed
_OTC_REGIONS = frozenset({"eu-de", "eu-nl"})


def iam_host(cloud: str, region: str | None) -> str | None:
    """Give IAM's host for a cloud and a region, or None where it is not known."""
    if cloud == "otc":
        return f"iam.{region}.otc.t-systems.com" if region in _OTC_REGIONS else None
    if region == _EUROPE or (cloud == "huaweicloud-eu" and region is None):
        return f"iam.{_EUROPE}.myhuaweicloud.eu"
    if cloud == "huaweicloud-eu":
        return None
    # as the vendor's client does: the global address for a region that it does not know
    return f"iam.{region}.myhuaweicloud.com" if region in _HUAWEI_REGIONS else "iam.myhuaweicloud.com"


@dataclass(frozen=True, slots=True)
class Login:
    """
    An IAM user and its password.

    :param account: the account (domain) of the user
    """

    user: str = field(repr=False)
    password: str = field(repr=False)
    account: str


@dataclass(frozen=True, slots=True)
class Agency:
    """
    An agency to act for.

    :param name: its name
    :param account: the account that made it
    """

    name: str
    account: str


@dataclass(frozen=True, slots=True)
class Scope:
    """
    The project that a token is for: by id, else by the region's name.

    https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
    """

    project_id: str | None = None
    region: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Write the scope as IAM wants it."""
        return {"project": {"id": self.project_id} if self.project_id else {"name": self.region}}


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What IAM gave: a token or temporary keys, for a time.

    :param value: the token, or the keys
    :param seconds: how long it lives, by the service's own clock
    :param project_id: the IAM project of the token, where it has one
    """

    value: Any = field(repr=False)
    seconds: float
    project_id: str | None = None

    @property
    def margin(self) -> float:
        """Seconds before its end at which it is replaced."""
        return min(RENEW_BEFORE, self.seconds / 4)


class Iam:
    """
    The calls of IAM that come before all others: they bring their own proof.

    :param service: IAM
    :param cloud: which cloud it is in
    """

    def __init__(self, service: Service, cloud: str) -> None:
        self.service = service
        self._cloud = cloud

    def password_token(self, login: Login, scope: Scope | None, clock: Callable[[], float]) -> Call[Grant]:
        """
        Get a token for a password.

        :param scope: the project it is for, or None for the user's account

        https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0001.html
        """
        domain = {"name": login.account}
        user = {"domain": domain, "name": login.user, "password": login.password}
        identity = {"methods": ["password"], "password": {"user": user}}
        auth = {"identity": identity, "scope": scope.to_json() if scope else {"domain": domain}}
        return (yield from self._token(auth, {}, clock, BY_PASSWORD))

    def agency_token(self, token: str, agency: Agency, scope: Scope, clock: Callable[[], float]) -> Call[Grant]:
        """
        Get a token for an agency of another account.

        :param token: one of a user that may act as agent

        https://support.huaweicloud.com/intl/en-us/api-iam/iam_30_0002.html
        """
        identity = {"methods": ["assume_role"], "assume_role": self._role(agency)}
        auth = {"identity": identity, "scope": scope.to_json()}
        return (yield from self._token(auth, {"X-Auth-Token": token}, clock, BY_TOKEN, AGENCY_CODES))

    def agency_keys(self, key: AccessKey, agency: Agency, clock: Callable[[], float]) -> Call[Grant]:
        """
        Get temporary keys for an agency of another account, asked for with an access key.

        https://support.huaweicloud.com/intl/en-us/api-iam/iam_04_0101.html
        """
        request = Request("create_temporary_key", "POST", "/v3.0/OS-CREDENTIAL/securitytokens", repeatable=True)
        role = {**self._role(agency), "duration_seconds": KEY_SECONDS}
        body = dump({"auth": {"identity": {"methods": ["assume_role"], "assume_role": role}}})
        address = urlsplit(self.service.endpoint)
        headers = {"Content-Type": "application/json", "Host": address.netloc}
        signed = sign(key, "POST", f"{address.path}{request.path}", "", headers, body, clock())
        proof = BY_TEMPORARY_KEY if key.security_token else BY_KEY
        reply, payload = yield from self._ask(request, body, signed, clock, proof, AGENCY_CODES)
        given = payload.get("credential") if isinstance(payload, Mapping) else None
        keys = _keys(given) if isinstance(given, Mapping) else None
        if keys is None:
            raise MalformedReply("IAM gave no temporary keys", **about_call(self.service, request, reply))
        yield MaskSecret(keys.sk)
        yield MaskSecret(str(keys.security_token))
        return Grant(keys, self._life(given, request, reply, clock()))

    def _role(self, agency: Agency) -> dict[str, str]:
        # Huawei Cloud says agency_name. Open Telekom Cloud's table says so too, but all its examples say xrole_name.
        word = "xrole_name" if self._cloud == "otc" else "agency_name"
        return {word: agency.name, "domain_name": agency.account}

    def _token(
        self,
        auth: Mapping[str, Any],
        headers: Mapping[str, str],
        clock: Callable[[], float],
        proof: Proof,
        codes: Codes | None = None,
    ) -> Call[Grant]:
        query = (("nocatalog", "true"),)
        request = Request("create_token", "POST", "/v3/auth/tokens", query, repeatable=True)
        sent = {"Content-Type": "application/json;charset=utf8", **headers}
        reply, payload = yield from self._ask(request, dump({"auth": auth}), sent, clock, proof, codes)
        value = reply.headers.get("x-subject-token")
        token = payload.get("token") if isinstance(payload, Mapping) else None
        if not value or not isinstance(token, Mapping):
            raise MalformedReply("IAM gave no token", **about_call(self.service, request, reply))
        yield MaskSecret(value)
        project = token.get("project")
        project_id = project.get("id") if isinstance(project, Mapping) else None
        seconds = self._life(token, request, reply, clock())
        return Grant(value, seconds, project_id if isinstance(project_id, str) else None)

    def _ask(
        self,
        request: Request,
        body: bytes,
        headers: Mapping[str, str],
        clock: Callable[[], float],
        proof: Proof,
        codes: Codes | None,
    ) -> Call[tuple[Reply, Any]]:
        """Send a request; the body is kept out of the request, which errors and logs may show."""
        if not self.service.endpoint:
            raise ConfigurationError(self.service.missing)
        query = encode_query(request.query)
        url = f"{self.service.endpoint}{request.path}{'?' if query else ''}{query}"
        lost = None
        try:
            reply = yield SignedRequest(request.method, url, {**headers, "Accept": "application/json"}, body)
        except Undelivered as reason:
            lost = undelivered(self.service.label, request, reason)
        if lost is not None:
            raise lost
        service = replace(self.service, codes=codes) if codes else self.service
        return reply, read_answer(service, request, reply, clock(), proof)

    def _life(self, given: Any, request: Request, reply: Reply, now: float) -> float:
        """Tell how many seconds something lives, by the service's clock: ours may be off."""
        try:
            ends = datetime.fromisoformat(given["expires_at"]).timestamp()
        except (KeyError, TypeError, ValueError):
            raise MalformedReply(
                "IAM does not say how long it is good", **about_call(self.service, request, reply)
            ) from None
        return max(0.0, ends - (now + (clock_skew(reply, now) or 0.0)))


def _keys(given: Mapping[str, Any]) -> AccessKey | None:
    ak, sk, security_token = (given.get(name) for name in ("access", "secret", "securitytoken"))
    if all(isinstance(part, str) and part for part in (ak, sk, security_token)):
        return AccessKey(str(ak), str(sk), str(security_token))
    return None


def find_project(identity: Identity, region: str) -> Call[str]:
    """
    Find the IAM project of a region: looked up once per identity, and told by a token that is for it.

    :raises ConfigurationError: there is none, or more than one

    https://support.huaweicloud.com/intl/en-us/api-iam/iam_06_0001.html
    """
    if (known := identity.projects.get(region)) is not None:
        return known
    request = Request("list_projects", "GET", "/v3/projects", (("name", region),), repeatable=True, service=IAM_SERVICE)
    payload = yield request
    if (known := identity.projects.get(region)) is not None:
        return known
    entries = payload.get("projects") if isinstance(payload, dict) else None
    if not isinstance(entries, list):
        raise malformed("the list of projects is missing", "IAM", request)
    ids = [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    if len(ids) != 1:
        found = f"there are {len(ids)}: {', '.join(ids)}" if ids else "there is none"
        raise ConfigurationError(
            f"IAM knows no single project named {region!r} for these credentials ({found}). Give project_id in the "
            "connection or in the task."
        )
    project: str = ids[0]
    identity.projects[region] = project
    return project
