"""A vendor's operations bound to credentials, and the two clients that run them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.core.http.async_driver import AsyncTransport
from airflow_provider_pipelines.core.http.retry import RetryBudget
from airflow_provider_pipelines.core.http.session import Scheme, Session
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.http.route import Route

T = TypeVar("T")


#: seconds for an exchange that begins at the deadline of its task, or just before
LAST_ANSWER = 5.0


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
        self.session = Session(binding.scheme, clock.wall, clock.monotonic)
        self.transport = SyncTransport(binding.route, clock.sleep, mask)
        self._clock = clock

    def rebind(self, binding: Binding[T]) -> None:
        """Go on with other credentials; what is under way is not disturbed."""
        self.api = binding.api
        self.address = binding.address
        self.session = Session(binding.scheme, self._clock.wall, self._clock.monotonic)
        self.transport.route = binding.route

    def run(self, call: Call[Any], budget: RetryBudget | None = None) -> Any:
        """Run one of the operations of :attr:`api`."""
        return self.transport.run(self.session.carry(call, budget or RetryBudget()))

    def end_by(self, deadline: float, least: float = LAST_ANSWER) -> None:
        """
        Let no exchange go on beyond a deadline.

        :param deadline: in the time of the hook's clock
        :param least: seconds that each exchange has all the same: the last look is taken at the deadline
        """
        clock = self._clock
        until = clock.monotonic() + deadline - clock.time()
        self.transport.left = lambda: max(least, until - clock.monotonic())

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
        self.session = Session(binding.scheme, clock.wall, clock.monotonic)
        self.transport = AsyncTransport(binding.route, clock.pause, compat.amask_secret)

    async def run(self, make: Callable[[T], Call[Any]], budget: RetryBudget | None = None) -> Any:
        """Run an operation."""
        return await self.transport.run(self.session.carry(make(self.api), budget or RetryBudget()))

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()
