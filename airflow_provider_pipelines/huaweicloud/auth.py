"""
The ways to prove who calls: an access key, temporary keys of an agency, a token of a user or of an agency.

https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-provide01.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_pipelines.core.http.calls import Call, MaskSecret, Request, SignedRequest
from airflow_provider_pipelines.core.http.identity import Identity, lease
from airflow_provider_pipelines.errors import AuthenticationError
from airflow_provider_pipelines.huaweicloud.answers import BY_DERIVED_KEY, BY_KEY, BY_TEMPORARY_KEY, BY_TOKEN, Proof
from airflow_provider_pipelines.huaweicloud.signature import AccessKey, sign

if TYPE_CHECKING:
    from airflow_provider_pipelines.huaweicloud.iam import Agency, Grant, Iam, Login, Scope

Clock = Callable[[], float]
Headers = Mapping[str, str]


class Auth(Protocol):
    """A way to prove who calls."""

    @property
    def proof(self) -> Proof:
        """What follows if it is not accepted."""

    def authorize(self, request: Request, path: str, query: str, headers: Headers, clock: Clock) -> Call[Headers]:
        """Give the headers to send; may make calls of its own for a token."""

    def forget(self, signed: SignedRequest) -> None:
        """Drop the token that a request was just refused with."""


class KeyAuth:
    """
    Signs every request with an access key.

    :param key: the key
    :param untold: whether Airflow does not know the key, since it comes from elsewhere than a connection
    """

    def __init__(self, key: AccessKey, *, untold: bool = False) -> None:
        self._key = key
        self._untold = untold
        self.proof = BY_TEMPORARY_KEY if key.security_token else BY_KEY

    def authorize(self, request: Request, path: str, query: str, headers: Headers, clock: Clock) -> Call[Headers]:
        """Sign."""
        if self._untold:
            self._untold = False
            yield MaskSecret(self._key.sk)
            if self._key.security_token:
                yield MaskSecret(self._key.security_token)
        return sign(self._key, request.method, path, query, headers, request.body, clock())

    def forget(self, signed: SignedRequest) -> None:
        """There is nothing to drop."""


class AgencyKeyAuth:
    """
    Signs every request with temporary keys of an agency, which an access key may ask for.

    :param iam: gives the keys
    :param identity: keeps them
    :param key: the access key
    :param agency: whom to act for
    """

    proof = BY_DERIVED_KEY

    def __init__(self, iam: Iam, identity: Identity, key: AccessKey, agency: Agency) -> None:
        self._iam = iam
        self._identity = identity
        self._key = key
        self._agency = agency

    def authorize(self, request: Request, path: str, query: str, headers: Headers, clock: Clock) -> Call[Headers]:
        """Sign, with new keys if there are none or theirs end soon."""
        key = yield from lease(self._identity, self._identity.token_for("keys"), self._fetch, clock)
        return sign(key, request.method, path, query, headers, request.body, clock())

    def _fetch(self, clock: Clock) -> Call[tuple[AccessKey, float, float]]:
        grant: Grant = yield from self._iam.agency_keys(self._key, self._agency, clock)
        return grant.value, grant.seconds, grant.margin

    def forget(self, signed: SignedRequest) -> None:
        """Drop the keys that a request was just refused with."""
        token = self._identity.token_for("keys")
        if (key := token.value) is not None and f"Access={key.ak}," in signed.headers.get("Authorization", ""):
            token.drop(key)


class TokenAuth:
    """
    Sends a token: of an IAM user, or of an agency that the user may act for.

    :param iam: gives the tokens
    :param identity: keeps them
    :param login: user and password
    :param scope: the project that the token is for
    :param agency: whom to act for, or None for the user itself
    """

    proof = BY_TOKEN

    def __init__(self, iam: Iam, identity: Identity, login: Login, scope: Scope, agency: Agency | None = None) -> None:
        self._iam = iam
        self._identity = identity
        self._login = login
        self._scope = scope
        self._agency = agency
        self._token = identity.token_for(f"{scope}")

    def authorize(self, request: Request, path: str, query: str, headers: Headers, clock: Clock) -> Call[Headers]:
        """Give the token, a new one if there is none or it ends soon."""
        token = yield from lease(self._identity, self._token, self._fetch, clock)
        return {**headers, "X-Auth-Token": token}

    def _fetch(self, clock: Clock) -> Call[tuple[str, float, float]]:
        grant: Grant
        if self._agency is None:
            grant = yield from self._iam.password_token(self._login, self._scope, clock)
        else:
            grant = yield from self._for_agency(self._agency, clock)
        if grant.project_id and self._scope.region and not self._scope.project_id:
            self._identity.projects[self._scope.region] = grant.project_id
        return grant.value, grant.seconds, grant.margin

    def _for_agency(self, agency: Agency, clock: Clock) -> Call[Grant]:
        """Get an agency's token with the user's; with a new one of the user if that is refused, once."""
        user = self._identity.token_for("user")
        token = yield from lease(self._identity, user, self._fetch_user, clock)
        try:
            return (yield from self._iam.agency_token(token, agency, self._scope, clock))
        except AuthenticationError as error:
            if not error.renewable:
                raise
        user.drop(token)
        token = yield from lease(self._identity, user, self._fetch_user, clock)
        return (yield from self._iam.agency_token(token, agency, self._scope, clock))

    def _fetch_user(self, clock: Clock) -> Call[tuple[Any, float, float]]:
        grant: Grant = yield from self._iam.password_token(self._login, None, clock)
        return grant.value, grant.seconds, grant.margin

    def forget(self, signed: SignedRequest) -> None:
        """Drop the token that a request was just refused with."""
        self._token.drop(signed.headers.get("X-Auth-Token"))
