"""
The base of all hooks: from an Airflow connection to a client, with a sync face and its ``aio`` twin.

Every operation of a vendor exists once, as a generator; ``operation`` in :mod:`.faces` shows it on both faces.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.compat import AirflowNotFoundException, BaseHook
from airflow_provider_pipelines.core.clock import SYSTEM, Clock
from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.core.http.retry import ONE_TRY, RetryBudget
from airflow_provider_pipelines.errors import (
    ArgumentError,
    AuthenticationError,
    ConfigurationError,
    ConnectionMissing,
    PipelinesError,
)
from airflow_provider_pipelines.hook import form
from airflow_provider_pipelines.hook.clients import Binding, SyncClient
from airflow_provider_pipelines.hook.connection import Fields
from airflow_provider_pipelines.provider import CONNECTIONS

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.observation import Look, Observation
    from airflow_provider_pipelines.hook.faces import Aio

T = TypeVar("T")

_PACKAGE = __name__.partition(".")[0]
#: seconds that `test_connection` waits at most, since the API server runs it while a user looks on
TEST_TIMEOUT = 10.0
#: seconds for each step of a cancel on a worker that is being killed, and for all of it
KILL_TIMEOUT = 1.5
KILL_TOTAL = 3.4


class PipelinesHook(BaseHook, Generic[T]):
    """The base of the vendors' hooks. Usable as a context manager, sync; its ``aio`` is one too, async."""

    conn_type: ClassVar[str]
    conn_name_attr: ClassVar[str]
    default_conn_name: ClassVar[str]
    hook_name: ClassVar[str]

    #: the time; tests put another one in
    clock: Clock = SYSTEM

    def __init_subclass__(cls, **options: Any) -> None:
        """Give the class the name of its connection type, and the form."""
        super().__init_subclass__(**options)
        cls.hook_name = CONNECTIONS[cls.conn_type]["name"]
        form.give_to(cls, cls.conn_type)

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self.conn_id = conn_id
        #: the bindings of prepared cancels, each in a list of its own
        self._spare: list[list[Binding[T]]] = []

    @property
    def vendor(self) -> str:
        """The vendor's room, by whose name a trigger finds the hook again."""
        module = next(cls.__module__ for cls in type(self).__mro__ if cls.__module__.startswith(f"{_PACKAGE}."))
        return module.split(".")[-2]

    @property
    def own_class(self) -> str | None:
        """The path of an author's own class, by which a trigger finds it again; None for a hook of this package."""
        kind = type(self)
        return None if kind.__module__.startswith(f"{_PACKAGE}.") else f"{kind.__module__}.{kind.__qualname__}"

    @property
    def importable(self) -> bool:
        """Whether other processes can import the class: they cannot import a DAG file, nor what a function defines."""
        own = self.own_class
        nested, unknown = "." in type(self).__qualname__, ("unusual_prefix_", "__main__.")
        return own is None or not (nested or own.startswith(unknown))

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

    def look(self, api: T, kind: str, scope: Mapping[str, Any], ids: Sequence[str]) -> Call[Mapping[str, Observation]]:
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
            connection = compat.find_connection(self, self.conn_id)
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

    def looker(self, kind: str, scope: Mapping[str, Any], budget: RetryBudget = ONE_TRY) -> Look:
        """Give the function through which a flow on this worker looks at things."""
        client = self.get_conn()

        def look(ids: Sequence[str], delay: float) -> Call[Mapping[str, Observation]]:
            if delay > 0:
                yield Sleep(delay)
            try:
                return (yield from client.session.carry(self.look(client.api, kind, scope, ids), budget))
            except AuthenticationError:
                if not self._reread(client):
                    raise
            return (yield from client.session.carry(self.look(client.api, kind, scope, ids), budget))

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
            client.end_by(clock.time() + KILL_TOTAL, least=0.1)
            try:
                client.run(self.cancel(client.api, kind, scope, ids), ONE_TRY)
            finally:
                client.close()

        return cancel

    def test_connection(self) -> tuple[bool, str]:
        """
        Make one cheap authenticated read, and say in a sentence what was seen or what to mend.

        The hook that a connection type names is what Airflow's *Test* button asks: it makes one read for each service
        that the connection is filled in for, and says which were not tested.
        """
        try:
            fields = self.fields
        except PipelinesError as error:
            return False, self._told(error)
        kind = CONNECTIONS[self.conn_type]
        asked_by_the_form = kind["hook"] == f"{type(self).__module__}.{type(self).__qualname__}"
        seen: dict[str, bool] = {}
        missing: list[str] = []
        refused = False
        for vendor, service in kind["services"].items():
            if vendor != self.vendor and not asked_by_the_form:
                continue
            if refused:
                # one more refusal of the same key brings it nearer to being locked
                missing.append(f"{service['label']} was not tested.")
                continue
            hook = self if vendor == self.vendor else hook_named(vendor)(self.conn_id)
            try:
                if hook._is_wanted(fields, service["wanted by"] if asked_by_the_form else []):
                    seen[hook._probed(fields)] = True
                else:
                    labels = " or ".join(form.shown(self.conn_type, name) for name in service["wanted by"])
                    missing.append(f"{service['label']} was not tested: fill in {labels}.")
            except PipelinesError as error:
                seen[self._told(error)] = False
                refused = isinstance(error, AuthenticationError)
        return bool(seen) and all(seen.values()), " ".join([*seen, *missing])

    def _is_wanted(self, fields: Fields, by: Sequence[str]) -> bool:
        own = [value for name, value in self.arguments.items() if name != self.conn_name_attr]
        return not by or any(fields.text(name) for name in by) or any(own)

    def _probed(self, fields: Fields) -> str:
        binding = self.bind(fields)
        short = replace(binding, route=replace(binding.route, timeout=min(binding.route.timeout, TEST_TIMEOUT / 2)))
        client = SyncClient(short, self.clock, compat.mask_secret)
        client.end_by(self.clock.time() + TEST_TIMEOUT, least=0.1)
        try:
            said: str = client.run(self.probe(client.api), ONE_TRY)
            return said
        finally:
            client.close()

    def _told(self, error: PipelinesError) -> str:
        """Write an error without the connection's id: where Airflow's page asks, Airflow has made it up."""
        if isinstance(error, ConnectionMissing):
            return str(error)
        named = f"connection {self.conn_id!r}"
        text = str(error).replace(f"{named}, field ", "field ").replace(named, "the connection")
        return text[:1].upper() + text[1:]

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

    def __repr__(self) -> str:
        """Show the connection's id and nothing of its content."""
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.arguments.items())})"


def hook_named(vendor: str, own: str | None = None) -> type[PipelinesHook[Any]]:
    """
    Give the hook class of a vendor's room, or an author's own one, for a trigger that only knows names.

    :param own: the path of a subclass, or None
    :raises ConfigurationError: there is no such room in this package, or no such class that is one of its hook
    """
    from importlib import import_module

    if not vendor.isidentifier():
        raise ConfigurationError(f"{json.dumps(vendor)} is no vendor of this package.")
    try:
        hook: type[PipelinesHook[Any]] = import_module(f"airflow_provider_pipelines.{vendor}.hook").HOOK
    except (ModuleNotFoundError, AttributeError):
        raise ConfigurationError(f"{vendor} is no vendor of this package.") from None
    if own is None:
        return hook
    module, _, name = own.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except Exception as error:  # it is somebody else's module: whatever it raises, the class is not there
        raise ConfigurationError(
            f"the hook class {own} cannot be imported here ({type(error).__name__}: {str(error)[:200]}). Put its "
            "module where the triggerer can import it, e.g. into a package that is installed there, and restart the "
            "triggerer; or give the task deferrable=False."
        ) from error
    if not (isinstance(found, type) and issubclass(found, hook)):
        raise ConfigurationError(f"{own} is no subclass of {hook.__module__}.{hook.__qualname__}. Derive it from that.")
    return found
