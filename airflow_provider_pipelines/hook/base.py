"""
The base of all hooks: from an Airflow connection to a client, with a sync face and its ``aio`` twin.

Every operation of a vendor exists once, as a generator; :func:`operation` shows it on both faces.
"""

from __future__ import annotations

import asyncio
import json
import os
import warnings
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Generic, ParamSpec, Self, TypeVar, overload
from urllib.parse import urlsplit

from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.core.clock import SYSTEM, Clock
from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.core.http.retry import ONE_TRY, Patience
from airflow_provider_pipelines.core.http.session import Scheme, Session
from airflow_provider_pipelines.core.http.sync_driver import (
    AsyncTransport,
    Route,
    SyncTransport,
    certificates,
    environment_bundle,
    environment_proxies,
)
from airflow_provider_pipelines.errors import (
    ArgumentError,
    AuthenticationError,
    ConfigurationError,
    ConnectionMissing,
    PipelinesError,
)
from airflow_provider_pipelines.provider import CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_pipelines.core.verbs.watch import Look, Sighting

P = ParamSpec("P")
T = TypeVar("T")

#: seconds that `test_connection` waits at most, since the API server runs it while a user looks on
TEST_TIMEOUT = 10.0
#: seconds for all of a cancel on a worker that is being killed
KILL_TIMEOUT = 1.5


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
        table: Mapping[str, Any] = CONNECTIONS[kind]["fields"]  # type: ignore[assignment]
        if not isinstance(extra or {}, Mapping):
            raise ConfigurationError(f"connection {conn_id!r}: extra is no JSON object. Give fields and their values.")
        prefix = f"extra__{kind}__"
        values = {str(name).removeprefix(prefix): value for name, value in dict(extra or {}).items()}
        if unknown := sorted(set(values) - set(table)):
            raise ConfigurationError(
                f"connection {conn_id!r}: unknown fields in extra: {', '.join(unknown)}. "
                f"Possible are {', '.join(table)}."
            )
        return cls(
            conn_id, kind, connection.host, connection.port, connection.login, connection.password,
            {name: value for name, value in values.items() if value not in (None, "")},
        )  # fmt: skip

    def problem(self, name: str, text: str) -> ConfigurationError:
        """Make the error for a field."""
        return ConfigurationError(f"connection {self.conn_id!r}, field {name}: {text}")

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
        allowed = CONNECTIONS[self.kind]["fields"][name]["schema"].get("enum")  # type: ignore[index]
        if allowed and value not in allowed:
            raise self.problem(name, f"{value!r} is not possible. Possible are {', '.join(allowed)}.")
        return value.strip()

    def number(self, name: str) -> float | None:
        """Give an extra field as a number within its bounds, or None."""
        value = self.extra.get(name)
        if value is None:
            return None
        schema = CONNECTIONS[self.kind]["fields"][name]["schema"]  # type: ignore[index]
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


@dataclass(frozen=True, slots=True)
class Binding(Generic[T]):
    """
    A vendor's operations, bound to credentials.

    :param api: the operations, as generators
    :param scheme: signs and reads
    :param route: how the service is reached
    :param address: where the service is, without a slash at the end
    """

    api: T
    scheme: Scheme
    route: Route
    address: str = ""


class SyncClient(Generic[T]):
    """
    The sync client of a hook.

    :param binding: operations, credentials and route
    :param clock: gives the time
    :param mask: keeps derived secrets out of the logs
    """

    def __init__(self, binding: Binding[T], clock: Clock, mask: Callable[[str], None]) -> None:
        self.api = binding.api
        self.address = binding.address
        self.session = Session(binding.scheme, clock.wall)
        self.transport = SyncTransport(binding.route, clock.sleep, mask)
        self._clock = clock

    def rebind(self, binding: Binding[T]) -> None:
        """Go on with other credentials; what is under way is not disturbed."""
        self.api = binding.api
        self.address = binding.address
        self.session = Session(binding.scheme, self._clock.wall)
        self.transport.route = binding.route

    def run(self, call: Call[Any], patience: Patience | None = None) -> Any:
        """Run one of the operations of :attr:`api`."""
        return self.transport.run(self.session.carry(call, patience or Patience()))

    def close(self) -> None:
        """Close the connections."""
        self.transport.close()


class AsyncClient(Generic[T]):
    """
    The async client of a hook.

    :param binding: operations, credentials and route
    :param clock: gives the time
    """

    def __init__(self, binding: Binding[T], clock: Clock) -> None:
        self.api = binding.api
        self.session = Session(binding.scheme, clock.wall)
        self.transport = AsyncTransport(binding.route, clock.pause, compat.amask_secret)

    async def run(self, make: Callable[[T], Call[Any]], patience: Patience | None = None) -> Any:
        """Run an operation."""
        return await self.transport.run(self.session.carry(make(self.api), patience or Patience()))

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()


class Aio(Generic[T]):
    """
    The async twin of a hook: the same operations, awaitable.

    Usable as an async context manager.
    """

    def __init__(self, hook: PipelinesHook[T]) -> None:
        self._hook = hook
        self._opened: AsyncClient[T] | None = None
        self._opening = asyncio.Lock()
        self._fields: Fields | None = None

    async def client(self) -> AsyncClient[T]:
        """Make a client of its own; reads the connection unless the hook has."""
        hook = self._hook
        known: Fields | None = hook.__dict__.get("fields")
        fields = known if known is not None else await compat.read_connection(hook.conn_id, hook.fields_of)
        self._fields = fields
        return AsyncClient(hook.bind(fields), hook.clock)

    async def reread(self) -> bool:
        """
        Read the connection again, and go on with a new client if it was changed.

        :returns: whether it was
        """
        hook, known = self._hook, self._fields
        fields = await compat.read_connection(hook.conn_id, hook.fields_of)
        if fields == known:
            return False
        client = AsyncClient(hook.bind(fields), hook.clock)
        async with self._opening:
            await self.close()
            hook.__dict__.pop("fields", None)
            self._fields, self._opened = fields, client
        return True

    async def run(self, make: Callable[[T], Call[Any]], patience: Patience | None = None) -> Any:
        """Run an operation, given as what to do with the API; outside ``async with`` on a client for this call only."""
        if self._opened is not None:
            return await self._opened.run(make, patience)
        client = await self.client()
        try:
            return await client.run(make, patience)
        finally:
            await client.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._opened is not None:
            client, self._opened = self._opened, None
            await client.close()

    async def keep(self) -> Self:
        """Keep one client until :meth:`close`."""
        async with self._opening:
            if self._opened is None:
                self._opened = await self.client()
        return self

    async def __aenter__(self) -> Self:
        """Keep one client until the end."""
        return await self.keep()

    async def __aexit__(self, *_: object) -> None:
        """Close the client."""
        await self.close()


class operation(Generic[P, T]):  # noqa: N801 -- used like a decorator
    """
    Show a generator of the API on both faces of a hook: plain on the hook, awaitable on its ``aio``.

    :param make: the API's generator method
    """

    def __init__(self, make: Callable[Concatenate[Any, P], Call[T]]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, face: None, owner: Any) -> Self: ...

    @overload
    def __get__(self, face: PipelinesHook[Any], owner: Any) -> Callable[P, T]: ...

    @overload
    def __get__(self, face: Aio[Any], owner: Any) -> Callable[P, Awaitable[T]]: ...

    def __get__(self, face: Any, owner: Any) -> Any:
        """Bind to a face."""
        if face is None:
            return self
        make = self._make

        def bound(*args: P.args, **kwargs: P.kwargs) -> Any:
            if isinstance(face, Aio):
                return face.run(lambda api: make(api, *args, **kwargs))
            client = face.get_conn()
            return client.run(make(client.api, *args, **kwargs))

        bound.__name__, bound.__doc__ = self.name, self.__doc__
        return bound


class PipelinesHook(BaseHook, Generic[T]):
    """The base of the vendors' hooks. Usable as a context manager, sync; its ``aio`` is one too, async."""

    conn_type: ClassVar[str]
    conn_name_attr: ClassVar[str]
    default_conn_name: ClassVar[str]
    hook_name: ClassVar[str]

    #: the time; tests put another one in
    clock: Clock = SYSTEM

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self.conn_id = conn_id
        #: the bindings of prepared cancels, each in a list of its own
        self._spare: list[list[Binding[T]]] = []

    @property
    def aio(self) -> Aio[T]:
        """The async twin, one for the life of the hook."""
        raise NotImplementedError

    def bind(self, fields: Fields, *, fresh: bool = False) -> Binding[T]:
        """
        Make the operations from a connection; no call is made.

        :param fresh: share nothing with the rest of the process (for a cancel while ``execute`` is interrupted)
        :raises ConfigurationError: a field is missing or impossible
        """
        raise NotImplementedError

    def probe(self, api: T) -> Call[str]:
        """Make one cheap authenticated read and say in a sentence what was seen."""
        raise NotImplementedError

    def look(self, api: T, kind: str, scope: Mapping[str, Any], ids: Sequence[str]) -> Call[Mapping[str, Sighting]]:
        """Look at things of a kind."""
        raise NotImplementedError

    def cancel(self, api: T, kind: str, scope: Mapping[str, Any], ids: Sequence[str]) -> Call[None]:
        """Cancel things of a kind that a task made."""
        raise NotImplementedError

    @property
    def arguments(self) -> dict[str, Any]:
        """Give the constructor's arguments, plain values, for a trigger."""
        raise NotImplementedError

    @cached_property
    def fields(self) -> Fields:
        """
        The connection, read once.

        :raises ConnectionMissing: Airflow does not find it
        :raises ConfigurationError: a field is unknown
        """
        if str(self.conn_id).strip() in {"", "None"}:
            raise ArgumentError(self.conn_name_attr, "is empty. Give the id of a connection.")
        try:
            connection = self.get_connection(self.conn_id)
        except AirflowNotFoundException:
            raise self.missing() from None
        return self.fields_of(connection, connection.extra_dejson)

    def fields_of(self, connection: Any, extra: Any) -> Fields:
        """Read a connection; None means that Airflow did not find it."""
        if connection is None:
            raise self.missing()
        return Fields.read(self.conn_id, self.conn_type, connection, extra)

    def missing(self) -> ConnectionMissing:
        """Make the error for a connection that Airflow does not find."""
        return ConnectionMissing(
            f"connection {self.conn_id!r} was not found. Create a connection of type {self.conn_type!r} with this id, "
            f"or name another one; if it exists, Airflow's API server could not be asked and a retry will do."
        )

    @cached_property
    def _client(self) -> SyncClient[T]:
        return SyncClient(self.bind(self.fields), self.clock, compat.mask_secret)

    def get_conn(self) -> SyncClient[T]:
        """Give the sync client, made at first use."""
        client: SyncClient[T] = self._client
        return client

    def looker(self, kind: str, scope: Mapping[str, Any], patience: Patience = ONE_TRY) -> Look:
        """Give the function through which a flow on this worker looks at things."""
        client = self.get_conn()

        def look(ids: Sequence[str], delay: float) -> Call[Mapping[str, Sighting]]:
            if delay > 0:
                yield Sleep(delay)
            try:
                return (yield from client.session.carry(self.look(client.api, kind, scope, ids), patience))
            except AuthenticationError:
                if not self._reread(client):
                    raise
            return (yield from client.session.carry(self.look(client.api, kind, scope, ids), patience))

        return look

    def _reread(self, client: SyncClient[T]) -> bool:
        """
        Read the connection again: keys may have been changed during a long wait.

        :returns: whether it was changed; the client goes on with what it says now
        """
        known = self.__dict__.pop("fields", None)
        try:
            fields = self.fields
        except PipelinesError:
            self.__dict__["fields"] = known
            raise
        if fields == known:
            return False
        client.rebind(self.bind(fields))
        for spare in self._spare:
            spare[0] = self.bind(fields, fresh=True)
        return True

    def canceller(self, kind: str, scope: Mapping[str, Any]) -> Callable[[Sequence[str]], None]:
        """
        Prepare a cancel for a worker that is being killed.

        Everything it needs is read now: it asks Airflow nothing, takes no lock that ``execute`` may hold, has a
        client of its own, and ends within 4 s.
        """
        spare = [self.bind(self.fields, fresh=True)]
        self._spare.append(spare)
        clock = self.clock

        def cancel(ids: Sequence[str]) -> None:
            (binding,) = spare
            short = replace(binding, route=replace(binding.route, timeout=KILL_TIMEOUT))
            client = SyncClient(short, clock, lambda _: None)
            try:
                client.run(self.cancel(client.api, kind, scope, ids), ONE_TRY)
            finally:
                client.close()

        return cancel

    def test_connection(self) -> tuple[bool, str]:
        """Make one cheap authenticated read; says in a sentence what was seen, or what to mend."""
        try:
            binding = self.bind(self.fields)
            route = binding.route
            short = replace(binding, route=replace(route, timeout=min(route.timeout, TEST_TIMEOUT / 2)))
            client = SyncClient(short, self.clock, compat.mask_secret)
            try:
                return True, client.run(self.probe(client.api), ONE_TRY)
            finally:
                client.close()
        except PipelinesError as error:
            return False, str(error)

    def close(self) -> None:
        """Close the connections."""
        if (client := self.__dict__.pop("_client", None)) is not None:
            client.close()

    def __enter__(self) -> Self:
        """Give the hook."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    async def __aenter__(self) -> Self:
        """Give the hook; its ``aio`` keeps one client until the end."""
        await self.aio.keep()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections of ``aio``."""
        await self.aio.close()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Give the form's behaviour to Airflow 2.11 to 3.1."""
        entry = CONNECTIONS[cls.conn_type]
        return {
            "hidden_fields": entry["hidden"],
            "relabeling": entry["relabeling"],
            "placeholders": entry["placeholders"],
        }

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Give the form's fields to Airflow 2.11 to 3.1."""
        from flask_appbuilder.fieldwidgets import (  # type: ignore[import-not-found]  # there on 2.11 to 3.1 only
            BS3PasswordFieldWidget,
            BS3TextFieldWidget,
        )
        from wtforms import BooleanField, PasswordField, StringField  # type: ignore[import-untyped]  # has no types

        widgets = {}
        for name, entry in CONNECTIONS[cls.conn_type]["fields"].items():  # type: ignore[attr-defined]
            about = {"label": entry["label"], "description": entry["description"]}
            if entry["schema"]["type"] == "boolean":
                widgets[name] = BooleanField(default=entry["schema"]["default"], **about)
            elif entry["schema"].get("format") == "password":
                widgets[name] = PasswordField(widget=BS3PasswordFieldWidget(), **about)
            else:
                widgets[name] = StringField(widget=BS3TextFieldWidget(), **about)
        return widgets

    def __repr__(self) -> str:
        """Show the connection's id and nothing of its content."""
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.arguments.items())})"


def hook_named(vendor: str) -> type[PipelinesHook[Any]]:
    """
    Give the hook class of a vendor's room, for a trigger that only knows its name.

    :raises ConfigurationError: there is no such room in this package
    """
    from importlib import import_module

    if not vendor.isidentifier():
        raise ConfigurationError(f"{json.dumps(vendor)} is no vendor of this package.")
    try:
        hook: type[PipelinesHook[Any]] = import_module(f"airflow_provider_pipelines.{vendor}.hook").HOOK
    except (ModuleNotFoundError, AttributeError):
        raise ConfigurationError(f"{vendor} is no vendor of this package.") from None
    return hook
