"""
The EnOS gateway: its token service, and the signature of every other call.

https://support.enos-iot.com/docs/api/en/2.1.0/token/invoke_api_with_access_token.html
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from airflow_provider_pipelines.emulator import credentials
from airflow_provider_pipelines.emulator.wire import Answer, Call, Refusal

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.settings import Settings


def signature(*, token: str, query: bytes, body: bytes, timestamp: str, secret: str) -> str:
    """
    Return the signature that a request must carry.

    Decoded names and values of the query take part, a repeated name once with its first value; a name without ``=``
    counts as the word ``null``, as in the vendor's own Java client.
    """
    parameters: dict[str, str] = {}
    for pair in filter(None, query.split(b"&")):
        name, equals, value = pair.partition(b"=")
        decoded = unquote_plus(value.decode("latin-1"), "utf-8") if equals else "null"
        parameters.setdefault(unquote_plus(name.decode("latin-1"), "utf-8"), decoded)
    signed = token + "".join(name + value for name, value in sorted(parameters.items()))
    return hashlib.sha256(signed.encode() + body + (timestamp + secret).encode()).hexdigest()


def _sealed(token: str | None) -> bool:
    """Tell whether a token looks like one that the vendor's Python package makes; only the vendor can open it."""
    try:
        return token is not None and len(token) == 344 and len(base64.b64decode(token, validate=True)) == 256
    except ValueError:
        return False


@dataclass
class AppToken:
    """
    The token of an application.

    :param expires: real time in epoch seconds
    """

    text: str
    app_key: str
    expires: float


@dataclass
class EnosGateway:
    """Gives out tokens and checks them, and the signatures made with them."""

    settings: Settings
    secrets: dict[str, str] = field(default_factory=lambda: {credentials.ENOS_ACCESS_KEY: credentials.ENOS_SECRET_KEY})
    current: dict[str, AppToken] = field(default_factory=dict)
    given: dict[str, AppToken] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def get(self, call: Call) -> Answer:
        """Answer a request for a token: the same one until it expires."""
        app_key = self._application(call.fields, "appKey", "encryption")
        token = self.current.get(app_key)
        if token is None or token.expires - time.time() < 1:
            token = self._give(app_key)
        return self._granted(token)

    def refresh(self, call: Call) -> Answer:
        """Answer a request to replace a token that has not expired."""
        app_key = self._application(call.fields, "appKey", "encryption", "accessToken")
        token = self.current.get(app_key)
        if token is None or token.expires <= time.time() or token.text != call.fields["accessToken"]:
            raise self._denied(1204, "Failed to refresh the access token")
        if self.settings.enos_refresh_kills_old:
            del self.given[token.text]
        return self._granted(self._give(app_key))

    def _application(self, body: dict[str, Any], *texts: str) -> str:
        for name in (*texts, "timestamp"):
            if body.get(name) in (None, ""):
                raise self._denied(1202, f"Parameter {name} is empty")
        timestamp = body["timestamp"]
        if not isinstance(timestamp, int) or isinstance(timestamp, bool):
            raise self._denied(1004, "Invalid parameter timestamp")
        if not all(isinstance(body[name], str) for name in texts):
            raise self._denied(1004, "Invalid parameter")
        app_key = str(body["appKey"])
        secret = self.secrets.get(app_key)
        if secret is None:
            raise self._denied(1002, "appKey does not exist")
        encryption = hashlib.sha256(f"{app_key}{timestamp}{secret}".encode()).hexdigest()
        if not hmac.compare_digest(encryption.encode(), body["encryption"].encode()):
            raise self._denied(1003, "encryption is not valid")
        if encryption in self.used:
            raise self._denied(1001, "Repeated request with the same encryption")
        self.used.add(encryption)
        return app_key

    def _give(self, app_key: str) -> AppToken:
        token = AppToken(uuid.uuid4().hex, app_key, time.time() + self.settings.enos_token_seconds)
        self.current[app_key] = self.given[token.text] = token
        return token

    def _granted(self, token: AppToken) -> Answer:
        initial = self.settings.enos_expire == "initial"
        left = self.settings.enos_token_seconds if initial else token.expires - time.time()
        data = {"accessToken": token.text, "expire": int(left)}
        return Answer({"status": 0, "msg": "SUCCESS", "business": "apim-token-service", "data": data}, code=0)

    def _denied(self, code: int, text: str) -> Refusal:
        body = {"status": code, "msg": text, "business": "apim-token-service", "data": None}
        return Refusal(Answer(body, self.settings.enos_failure_status, code=code))

    def authenticate(self, call: Call) -> None:
        """Check token, time and signature of a call."""
        call.token = call.header("apim-accesstoken")
        timestamp = call.header("apim-timestamp") or ""
        sent = call.header("apim-signature") or ""
        if self.settings.enos_poseidon and not (timestamp or sent) and _sealed(call.token):
            return
        if not (call.token and timestamp and sent):
            raise self._refuse(1202, "apim-accesstoken, apim-timestamp or apim-signature is empty")
        token = self.given.get(call.token)
        if token is None:
            raise self._refuse(self.settings.enos_unknown_token_code, "The access token is not valid")
        if not (timestamp.isascii() and timestamp.isdigit()):
            raise self._refuse(1004, "Invalid parameter apim-timestamp")
        expected = signature(
            token=token.text,
            query=call.raw_query,
            body=call.body,
            timestamp=timestamp,
            secret=self.secrets[token.app_key],
        )
        skew = self.settings.enos_skew_seconds
        late = skew is not None and abs(time.time() - int(timestamp) / 1000) > skew
        if late or not hmac.compare_digest(expected.encode(), sent.encode("latin-1")):
            raise self._refuse(self.settings.enos_signature_code, "The signature is not valid")
        if token.expires <= time.time():
            raise self._refuse(1203, "The access token has expired")

    def expire(self, call: Call) -> Refusal:
        """End the token that a call brought, and return what is then said."""
        if call.token in self.given:
            self.given[call.token].expires = 0
        return self._refuse(1203, "The access token has expired")

    def expire_all(self) -> None:
        """End every token."""
        for token in self.given.values():
            token.expires = 0

    def _refuse(self, code: int, text: str) -> Refusal:
        body = {self.settings.enos_gateway_member: code, "msg": text}
        return Refusal(Answer(body, self.settings.enos_failure_status, code=code))
