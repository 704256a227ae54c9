"""An Airflow connection as this package reads it: each field checked, and named where it is wrong."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_pipelines.core.http.route import Route, certificates, environment_bundle, environment_proxies
from airflow_provider_pipelines.errors import ConfigurationError
from airflow_provider_pipelines.hook.form import choices, secrets, shown, with_labels
from airflow_provider_pipelines.provider import CONNECTIONS

#: what Airflow's pages and API show, and send back, in place of a secret
_MASK = "***"


@dataclass(frozen=True, slots=True)
class Fields:
    """
    An Airflow connection as this package reads it.

    :param conn_id: the connection's id, for messages
    :param kind: the connection type
    """

    conn_id: str
    kind: str
    host: str | None = None
    port: int | None = None
    login: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, conn_id: str, kind: str, connection: Any, extra: Any) -> Fields:
        """
        Take over what a connection holds, unknown fields refused.

        :raises ConfigurationError: a field is unknown
        """
        table: Mapping[str, Any] = CONNECTIONS[kind]["fields"]
        if not isinstance(extra or {}, Mapping):
            raise ConfigurationError(f"connection {conn_id!r}: extra is no JSON object. Give fields and their values.")
        prefix = f"extra__{kind}__"
        values = {str(name).removeprefix(prefix): value for name, value in dict(extra or {}).items()}
        if unknown := sorted(set(values) - set(table)):
            raise ConfigurationError(
                f"connection {conn_id!r}: unknown fields in extra: {', '.join(unknown)}. "
                f"Possible are {', '.join(table)}."
            )
        fields = cls(
            # Airflow's page sends 0 for a port that is empty
            conn_id, kind, connection.host, connection.port or None, connection.login, connection.password,
            {name: value for name, value in values.items() if value not in (None, "")},
        )  # fmt: skip
        for name, value in {"password": fields.password, **{name: values.get(name) for name in secrets(kind)}}.items():
            if value == _MASK:
                raise fields.problem(
                    name, f"is {_MASK}, which Airflow shows in place of a secret. Fill in the secret itself again; "
                    "'airflow-pipelines status --conn-id' tests a connection as it is stored."
                )  # fmt: skip
        return fields

    def problem(self, name: str, text: str) -> ConfigurationError:
        """
        Make the error for a field.

        :param text: what is wrong, and what to do; ``{name}`` stands for a field as the form calls it
        """
        return ConfigurationError(f"{self.place(name)}: {with_labels(self.kind, text)}")

    def place(self, name: str) -> str:
        """Name a field and the connection that it is in."""
        return f"connection {self.conn_id!r}, field {shown(self.kind, name)}"

    def needed(self, name: str, value: str | None, what: str) -> str:
        """Give a value that has to be there, without blanks around it."""
        if value is None or not value.strip():
            raise self.problem(name, f"is empty. Fill in {what}.")
        return value.strip()

    def text(self, name: str) -> str | None:
        """Give an extra field as text, or None."""
        value = self.extra.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.problem(name, "is no text.")
        allowed = choices(self.kind, name)
        if allowed and value not in allowed:
            raise self.problem(name, f"{value!r} is not possible. Possible are {', '.join(allowed)}.")
        return value.strip()

    def number(self, name: str) -> float | None:
        """Give an extra field as a number within its bounds, or None."""
        value = self.extra.get(name)
        if value is None:
            return None
        schema = CONNECTIONS[self.kind]["fields"][name]["schema"]
        try:
            number = float(value) if not isinstance(value, bool) else float("nan")
        except (TypeError, ValueError):
            number = float("nan")
        if not schema["minimum"] <= number <= schema["maximum"]:
            raise self.problem(name, f"is not possible. Give a number from {schema['minimum']} to {schema['maximum']}.")
        return number

    def flag(self, name: str, default: bool) -> bool:
        """Give an extra field as a boolean; ``true`` and ``false`` as text are accepted."""
        value = self.extra.get(name, default)
        if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
            return value.strip().lower() == "true"
        if not isinstance(value, bool):
            raise self.problem(name, "is no boolean. Give true or false.")
        return value

    def address(self, name: str, value: str) -> str:
        """Check a base URL: https unless it says otherwise, no path of its own, nothing else in it."""
        url = value if "://" in value else f"https://{value}"
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise self.problem(
                name, f"{value!r} is no address. Give for instance https://gateway.example.com."
            ) from None
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise self.problem(
                name, "is no address. Give for instance https://gateway.example.com, and nothing behind it."
            )
        if not parts.netloc.isascii() or any(letter.isspace() for letter in url):
            raise self.problem(name, "has characters that no host name has.")
        netloc = parts.netloc if port or not self.port or name != "host" else f"{parts.netloc}:{self.port}"
        return f"{parts.scheme}://{netloc}{parts.path.rstrip('/')}"

    def route(self, url: str) -> Route:
        """Give proxy, TLS and time-out rules for an address; read once, given to both drivers."""
        verify = self.flag("verify", True)
        bundle = self.text("ca_bundle")
        where = ""
        if bundle is None and (found := environment_bundle()) is not None:
            variable, bundle = found
            where = f"not given, and the environment variable {variable} names one: "
        if verify and bundle:
            if not os.path.exists(bundle):
                raise self.problem(
                    "ca_bundle", f"{where}there is no file {bundle!r}. Give the path of a PEM file on this machine."
                )
            try:
                certificates(bundle)
            except OSError:
                raise self.problem("ca_bundle", f"{where}{bundle!r} holds no certificates that can be read.") from None
        if not verify:
            warnings.warn(
                f"connection {self.conn_id!r} does not verify TLS certificates (verify=false): anybody on the way can "
                "read the traffic. Give the certificate authority in ca_bundle instead.",
                stacklevel=2,
            )
        route = Route(verify, bundle, self.number("timeout") or 15.0, self._proxy(), self._proxies())
        if route.proxy is None and urlsplit(route.proxy_to(url) or "http:").scheme not in {"http", "https"}:
            raise self.problem(
                "proxy", "is empty, and the environment names one that is not http or https. Fill it in."
            )
        return route

    def _proxy(self) -> str | None:
        given = self.text("proxy")
        if given is None or given == "direct":
            return None
        try:
            parts = urlsplit(given)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            good = False
        if not good or parts.path.strip("/") or parts.query or parts.fragment or not given.isascii():
            # it may hold a password, so it is not shown
            raise self.problem("proxy", "is no address of a proxy. Give http://[user:password@]host:port, or 'direct'.")
        return given

    def _proxies(self) -> Mapping[str, str]:
        return {} if self.text("proxy") else environment_proxies()
