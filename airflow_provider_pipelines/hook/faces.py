"""The two faces of a hook: every operation exists once and is shown plain and awaitable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.core.http.forks import leave_to_parent, renewed_in_children
from airflow_provider_pipelines.hook.clients import AsyncClient

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.http.retry import RetryBudget
    from airflow_provider_pipelines.hook.clients import Binding, SyncClient
    from airflow_provider_pipelines.hook.connection import Fields


P = ParamSpec("P")
T = TypeVar("T")


class Bindable(Protocol[T]):
    """What the faces need of a hook."""

    conn_id: str
    clock: Clock

    def bind(self, fields: Fields) -> Binding[T]:
        """Make the operations from a connection."""

    def fields_of(self, connection: Any, extra: Any) -> Fields:
        """Read a connection."""

    def get_conn(self) -> SyncClient[T]:
        """Give the sync client."""


class Aio(Generic[T]):
    """
    The async twin of a hook: the same operations, awaitable.

    Usable as an async context manager, on several event loops too: what is kept is kept for each of them.
    """

    def __init__(self, hook: Bindable[T]) -> None:
        self._hook = hook
        self._kept: dict[asyncio.AbstractEventLoop, tuple[AsyncClient[T], Fields]] = {}
        renewed_in_children(self)

    def renew(self) -> None:
        """Leave what is kept to the parent: in a forked child."""
        leave_to_parent(self._kept)
        self._kept = {}

    async def client(self) -> AsyncClient[T]:
        """Make a client of its own; reads the connection unless the hook has."""
        client, _ = await self._make()
        return client

    async def _make(self) -> tuple[AsyncClient[T], Fields]:
        hook = self._hook
        known: Fields | None = hook.__dict__.get("fields")
        fields = known if known is not None else await compat.read_connection(hook.conn_id, hook.fields_of)
        return AsyncClient(hook.bind(fields), hook.clock), fields

    async def reread(self) -> bool:
        """
        Read the connection again, and go on with a new client if it was changed.

        :returns: whether it was
        """
        hook, loop = self._hook, asyncio.get_running_loop()
        fields = await compat.read_connection(hook.conn_id, hook.fields_of)
        if loop in self._kept and fields == self._kept[loop][1]:
            return False
        client = AsyncClient(hook.bind(fields), hook.clock)
        await self.close()
        hook.__dict__.pop("fields", None)
        self._kept[loop] = client, fields
        return True

    async def run(self, make: Callable[[T], Call[Any]], budget: RetryBudget | None = None) -> Any:
        """Run an operation, given as what to do with the API; outside ``async with`` on a client for this call only."""
        if (kept := self._kept.get(asyncio.get_running_loop())) is not None:
            return await kept[0].run(make, budget)
        client = await self.client()
        try:
            return await client.run(make, budget)
        finally:
            await client.close()

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        if (kept := self._kept.pop(asyncio.get_running_loop(), None)) is not None:
            await kept[0].close()

    async def keep(self) -> Self:
        """Keep one client until :meth:`close`."""
        loop = asyncio.get_running_loop()
        for ended in [one for one in self._kept if one.is_closed()]:
            del self._kept[ended]
        if loop not in self._kept:
            made = await self._make()
            # one that somebody else has kept meanwhile goes on; this one has opened nothing yet
            self._kept.setdefault(loop, made)
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
    def __get__(self, face: Bindable[Any], owner: Any) -> Callable[P, T]: ...

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
