"""The one trigger: watches things until each has its verdict, then tells the task."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.core.clock import SYSTEM, Clock

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.observation import Report

#: seconds before the first look: a trigger that fires sooner can fail its task (Airflow 3.3.2)
FIRST_LOOK = 10.0
#: seconds for all of a cancel
CANCEL_TIMEOUT = 60.0
#: the XCom key under which a task says what it has made, before it defers
OWNED = "pipelines_owned"

_CANCELS: set[asyncio.Task[None]] = set()


class WatchTrigger(BaseTrigger):
    """
    Watches things for a deferred task. Holds plain values only, and no secret.

    :param vendor: the vendor's room, for instance ``enos``
    :param arguments: the hook's arguments: connection id and scope of the connection
    :param kind: the kind of thing
    :param scope: where the things live
    :param things: what is watched, as ``Watched.to_json`` writes it
    :param deadline: Unix time at which the wait ends, like all times by the clock of the host that deferred the task
    :param poll_interval: seconds, the longest time between two looks
    :param max_poll_failures: failed looks in a row that are forgiven
    :param wake_at: Unix time at which to go back to the task whatever was seen, or None
    :param cancel_ids: what to cancel if a user ends the task meanwhile
    :param stop_on_failure: whether the first thing that failed ends the watch
    :param failures: how many looks in a row had failed when the task was deferred
    :param told_at: Unix time at which the task was deferred: the trigger counts on from there, see ``Clock.steady``
    :param held: what the task goes on with, plain values; given back with the event, since some of Airflow's ways to
        run a task (``dag.test()``, ``airflow tasks test``) lose what a task gives to ``defer`` besides its trigger
    :param hook_class: the path of an author's own hook class, or None for the vendor's
    """

    def __init__(
        self,
        vendor: str,
        arguments: Mapping[str, Any],
        kind: str,
        scope: Mapping[str, Any],
        things: Sequence[Mapping[str, Any]],
        deadline: float,
        poll_interval: float = 30.0,
        max_poll_failures: int = 10,
        wake_at: float | None = None,
        cancel_ids: Sequence[str] = (),
        stop_on_failure: bool = False,
        failures: int = 0,
        told_at: float | None = None,
        held: Mapping[str, Any] | None = None,
        hook_class: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow's
        self.vendor = vendor
        self.arguments = dict(arguments)
        self.kind = kind
        self.scope = dict(scope)
        self.things = [dict(thing) for thing in things]
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.max_poll_failures = max_poll_failures
        self.wake_at = wake_at
        self.cancel_ids = list(cancel_ids)
        self.stop_on_failure = stop_on_failure
        self.failures = failures
        self.told_at = told_at
        self.held = held
        self.hook_class = hook_class
        self.clock: Clock = SYSTEM
        self._fired = False

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Give class path and arguments; both stay readable for ever, since deferred rows survive upgrades."""
        return (
            "airflow_provider_pipelines.trigger.WatchTrigger",
            {
                "vendor": self.vendor,
                "arguments": self.arguments,
                "kind": self.kind,
                "scope": self.scope,
                "things": self.things,
                "deadline": self.deadline,
                "poll_interval": self.poll_interval,
                "max_poll_failures": self.max_poll_failures,
                "wake_at": self.wake_at,
                "cancel_ids": self.cancel_ids,
                "stop_on_failure": self.stop_on_failure,
                "failures": self.failures,
                "told_at": self.told_at,
                "held": self.held,
                **({} if self.hook_class is None else {"hook_class": self.hook_class}),
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch, close everything, then fire once. An exception that gets out of here would lose the remote thing."""
        clock = self.clock.steady(self.told_at)
        begun = clock.time()
        try:
            report = await self._report(clock)
            if (early := begun + FIRST_LOOK - clock.time()) > 0:
                await clock.pause(early)
        except asyncio.CancelledError:
            # before 3.3 this is all that Airflow says, whether a user ended the task or this triggerer ends
            if not compat.TELLS_TRIGGERS_OF_A_KILL:
                self._cancel_detached()
            raise
        report.now = clock.time() if self.told_at is not None else None
        report.held = self.held
        self._fired = True
        yield TriggerEvent(report.to_event())  # type: ignore[no-untyped-call]  # Airflow's

    async def _report(self, clock: Clock) -> Report:
        try:
            return await self._watch(clock)
        except Exception as error:
            self.log.exception("the watch broke off")
            from airflow_provider_pipelines.core.verbs.observation import Report
            from airflow_provider_pipelines.errors import PipelinesError, WatchFailed

            reason = (
                error
                if isinstance(error, PipelinesError)
                else WatchFailed(f"the watch broke off: {type(error).__name__}")
            )
            return Report(ended="blind", error=reason)

    async def _watch(self, clock: Clock) -> Report:
        from airflow_provider_pipelines.core.http.async_driver import drive
        from airflow_provider_pipelines.core.verbs.observation import Report, Watched
        from airflow_provider_pipelines.core.verbs.watch import Waiting, watch
        from airflow_provider_pipelines.hook.poller import SLACK, Shared

        things = [Watched.from_json(thing) for thing in self.things]
        if not things:
            await clock.pause(max(FIRST_LOOK, (self.wake_at or 0.0) - clock.time()))
            return Report(ended="pause")
        team = getattr(self.task_instance, "team_name", None)
        about = self.vendor, self.arguments, self.kind, self.scope
        shared = Shared(*about, own=self.hook_class, team=team, clock=self.clock.steady())
        async with shared as poller:
            report: Report = await drive(
                watch(
                    things,
                    poller.look,
                    Waiting(self.poll_interval, self.max_poll_failures, clock.time, self.log.info),
                    deadline=self.deadline,
                    pause_at=self.wake_at,
                    # the poller may serve a wait early, but never within the first ten seconds
                    first_delay=FIRST_LOOK / (1 - SLACK),
                    stop_on_failure=self.stop_on_failure,
                    failures=self.failures,
                )
            )
            return report

    async def on_kill(self) -> None:
        """
        Cancel what the task made, if a user ended the task (Airflow 3.3 and later; before, :meth:`run` does).

        Airflow calls this also when another triggerer took over, and interrupts it after about a second. So the
        cancel runs detached, and only if the task is not deferred any more or has made something else.
        """
        if (cancel := self._cancel_detached()) is not None:
            await asyncio.shield(cancel)

    def _cancel_detached(self) -> asyncio.Task[None] | None:
        if self._fired or not self.cancel_ids:
            return None
        cancel = asyncio.get_running_loop().create_task(self._cancel_if_orphaned())
        _CANCELS.add(cancel)
        cancel.add_done_callback(_CANCELS.discard)
        return cancel

    async def _cancel_if_orphaned(self) -> None:
        from airflow_provider_pipelines.errors import PipelinesError
        from airflow_provider_pipelines.hook.base import hook_named

        log = logging.getLogger(__name__)
        named = ", ".join(self.cancel_ids)
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT):
                if await compat.still_deferred(self.task_instance, OWNED, self.cancel_ids):
                    log.info("the wait for %s goes on in another triggerer; nothing is cancelled", named)
                    return
                hook = hook_named(self.vendor, self.hook_class)(**self.arguments)
                hook.clock = self.clock
                async with hook.aio as aio:
                    await aio.run(lambda api: hook.cancel(api, self.kind, self.scope, self.cancel_ids))
                log.info("cancelled %s, since its task was ended by a user", named)
        except (PipelinesError, TimeoutError) as error:
            log.warning("could not cancel %s; it may still be running: %s", named, error)
        except Exception:
            log.exception("could not find out whether to cancel %s; it may still be running", named)
