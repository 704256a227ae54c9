"""
The shared poller of a triggerer process.

All waits of one process for the same kind of thing, through the same connection and scope, take their looks
together: those that are due within a quarter of their interval join a look that is made anyway. The poller takes
looks only; judging and the polling loop stay in :mod:`~airflow_provider_pipelines.core.verbs.watch`.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.clock import SYSTEM, Clock
from airflow_provider_pipelines.core.http.calls import Await, Call
from airflow_provider_pipelines.core.http.retry import ONE_TRY
from airflow_provider_pipelines.errors import AuthenticationError, TransportError
from airflow_provider_pipelines.hook.base import hook_named

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.hook.base import PipelinesHook

#: seconds for a look, and for each thing that it may ask for singly; those who wait learn that it took longer
LOOK_TIME, TIME_FOR_EACH = 60.0, 2.0
#: seconds for a look at however many things: new waits stand behind it as long
LONGEST_LOOK = 300.0
#: the part of its interval by which a wait may be served early, to share a look
SLACK = 0.25


@dataclass(slots=True, eq=False)
class _Waiter:
    ids: Sequence[str]
    due: float
    slack: float
    answer: asyncio.Future[Mapping[str, Observation]] = field(repr=False)


class Poller:
    """
    Looks at the things of one kind for all waits of this process.

    :param hook: looks; it is closed with the poller
    :param kind: the kind of thing
    :param scope: where the things live, for instance the pipeline of CodeArts runs
    """

    def __init__(self, hook: PipelinesHook[Any], kind: str, scope: Mapping[str, Any], clock: Clock) -> None:
        self._hook = hook
        self._hook.clock = clock
        self._kind = kind
        self._scope = scope
        self._clock = clock
        #: those who wait, in the order they came
        self._waiters: dict[_Waiter, None] = {}
        #: when each is due, the first on top; those who have left are passed over when they come up
        self._due: list[tuple[float, int, _Waiter]] = []
        self._joined = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.users = 0

    def look(self, ids: Sequence[str], delay: float) -> Call[Mapping[str, Observation]]:
        """Look at things about ``delay`` seconds from now: the poller's side of ``core.status.Look``."""
        observations: Mapping[str, Observation] = yield Await(lambda: self._join(ids, delay))
        return observations

    async def _join(self, ids: Sequence[str], delay: float) -> Mapping[str, Observation]:
        answer: asyncio.Future[Mapping[str, Observation]] = asyncio.get_running_loop().create_future()
        waiter = _Waiter(ids, self._clock.monotonic() + delay, delay * SLACK, answer)
        self._waiters[waiter] = None
        entry = (waiter.due, next(self._joined), waiter)
        heapq.heappush(self._due, entry)
        if self._due[0] is entry:
            self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._serve())
        try:
            return await answer
        finally:
            self._waiters.pop(waiter, None)

    async def _serve(self) -> None:
        while self._waiters:
            due, _, first = self._due[0]
            if first not in self._waiters:
                heapq.heappop(self._due)
                continue
            now = self._clock.monotonic()
            if due > now:
                await self._until(due - now)
                continue
            served = [waiter for waiter in self._waiters if waiter.due - waiter.slack <= now]
            for waiter in served:
                del self._waiters[waiter]
            await self._look_for(served)

    async def _until(self, seconds: float) -> None:
        """Sleep until the first wait is due, or until another one joins."""
        self._news.clear()
        sleeping = asyncio.ensure_future(self._clock.pause(seconds))
        joining = asyncio.ensure_future(self._news.wait())
        try:
            await asyncio.wait({sleeping, joining}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            joining.cancel()

    async def _look_for(self, served: list[_Waiter]) -> None:
        ids = list(dict.fromkeys(id for waiter in served for id in waiter.ids))
        try:
            seen = await self._seen(ids)
        except Exception as error:  # noqa: BLE001 -- those who wait have to learn of it
            for waiter in served:
                if not waiter.answer.done():
                    waiter.answer.set_exception(error)
        else:
            for waiter in served:
                if not waiter.answer.done():
                    waiter.answer.set_result({id: seen[id] for id in waiter.ids if id in seen})

    async def _seen(self, ids: Sequence[str]) -> Mapping[str, Observation]:
        """
        Look; where the keys are refused, look again if the connection has other ones meanwhile.

        :raises TransportError: it takes too long
        """
        hook = self._hook
        seconds = min(LOOK_TIME + TIME_FOR_EACH * len(ids), LONGEST_LOOK)
        # a longer pause that the service asks for is left to those who wait
        budget = replace(ONE_TRY, seconds=seconds)
        try:
            async with asyncio.timeout(seconds) as limit:
                aio = await hook.aio.keep()
                try:
                    return dict(await aio.run(lambda api: hook.look(api, self._kind, self._scope, ids), budget))
                except AuthenticationError:
                    if not await aio.reread():
                        raise
                return dict(await aio.run(lambda api: hook.look(api, self._kind, self._scope, ids), budget))
        except TimeoutError:
            if not limit.expired():
                raise
        raise TransportError(
            f"a look at {len(ids)} took longer than {seconds:g} s",
            service=hook.vendor, operation="look", method="GET", path=self._kind,
        )  # fmt: skip

    async def close(self) -> None:
        """Stop polling and close the connections."""
        if self._task is not None:
            self._task.cancel()
        await self._hook.aio.close()


_POLLERS: dict[tuple[Any, ...], Poller] = {}


def _key(
    vendor: str, arguments: Mapping[str, Any], kind: str, scope: Mapping[str, Any], own: str | None, team: str | None
) -> Any:
    loop = asyncio.get_running_loop()
    return loop, vendor, own, json.dumps([arguments, scope], sort_keys=True), kind, team


class Shared:
    """
    The poller for some waits, kept as long as somebody uses it.

    :param vendor: the vendor's room
    :param arguments: the hook's arguments
    :param own: the path of an author's own hook class, or None
    :param team: the team whose connection it is, where Airflow has teams
    """

    def __init__(
        self,
        vendor: str,
        arguments: Mapping[str, Any],
        kind: str,
        scope: Mapping[str, Any],
        *,
        own: str | None = None,
        team: str | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        self._about = (vendor, arguments, kind, scope, own)
        self._team = team
        self._clock = clock

    async def __aenter__(self) -> Poller:
        """Join the poller, or make it."""
        self._at = _key(*self._about, self._team)
        poller = _POLLERS.get(self._at)
        if poller is None:
            vendor, arguments, kind, scope, own = self._about
            hook = hook_named(vendor, own)(**arguments)
            poller = _POLLERS[self._at] = Poller(hook, kind, scope, self._clock)
        poller.users += 1
        self._poller = poller
        return poller

    async def __aexit__(self, *_: object) -> None:
        """Leave; the last one closes it."""
        self._poller.users -= 1
        if not self._poller.users:
            if _POLLERS.get(self._at) is self._poller:
                del _POLLERS[self._at]
            await self._poller.close()
