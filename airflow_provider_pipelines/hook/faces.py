"""The two faces of a hook: every operation exists once and is shown plain and awaitable."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from airflow_provider_pipelines import compat
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

    Usable as an async context manager.
    """

    def __init__(self, hook: Bindable[T]) -> None:
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

    async def run(self, make: Callable[[T], Call[Any]], budget: RetryBudget | None = None) -> Any:
        """Run an operation, given as what to do with the API; outside ``async with`` on a client for this call only."""
        if self._opened is not None:
            return await self._opened.run(make, budget)
        client = await self.client()
        try:
            return await client.run(make, budget)
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
