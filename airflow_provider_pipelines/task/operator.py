"""
The base of the operators: plan, act, wait or defer, judge, raise.

Imports no vendor, no client and no trigger while a DAG file is parsed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.errors import PipelinesError, WatchFailed
from airflow_provider_pipelines.task import boundary
from airflow_provider_pipelines.task.things import ThingsTask

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.http.retry import RetryBudget
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.core.verbs.work import Work
    from airflow_provider_pipelines.trigger import WatchTrigger

#: seconds that `on_kill` waits for the cancel; Airflow kills the process 5 s after it asked
KILL_WAIT = 3.5


class VerbOperator(ThingsTask):
    """
    Does something to one thing or a batch of things, and waits until it is so.

    :param wait_for_completion: wait for the goal; else the task is green once the request was accepted
    :param deferrable: wait in the triggerer, without a worker slot
    :param poll_interval: seconds, the longest time between two looks
    :param defer_after: seconds of waiting on the worker before the task is deferred
    :param timeout: seconds for each attempt, deferrals included
    :param max_poll_failures: failed looks in a row that only cost time
    :param cancel_on_kill: undo what this task instance started when it is killed or its time is up
    """

    #: whether there is something to cancel: a run or a start, not a stop
    cancels: ClassVar[bool] = False

    ui_color = "#e4f0e8"

    #: seconds to wait for resources that the service lacks; an argument of the operators that may lack them
    resource_wait: float = 0.0

    def __init__(
        self,
        *,
        wait_for_completion: bool = True,
        deferrable: bool | None = None,
        poll_interval: float = 30,
        defer_after: float = 15,
        timeout: float = 3600,
        max_poll_failures: int = 10,
        cancel_on_kill: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.deferrable = boundary.default_deferrable() if deferrable is None else deferrable
        self.poll_interval = boundary.seconds(poll_interval, "poll_interval")
        self.defer_after = boundary.seconds(defer_after, "defer_after", zero=True)
        self.timeout = boundary.seconds(timeout, "timeout")
        self.max_poll_failures = boundary.forgivable(max_poll_failures)
        self.cancel_on_kill = cancel_on_kill
        self._work: Work | None = None
        self._killed = False
        self._sending: Sequence[str] = ()
        self._cancel: Callable[[Sequence[str]], None] | None = None

    # what a verb states

    @property
    def verb(self) -> Verb:
        """What is done, and which statuses mean what."""
        raise NotImplementedError

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the action once for some things."""
        raise NotImplementedError

    # the flow

    def execute(self, context: Any) -> Any:
        """Look, act once, and wait or defer."""
        from airflow_provider_pipelines.core.verbs.item import Item
        from airflow_provider_pipelines.core.verbs.work import Work

        with boundary.airflow_errors():
            ids = boundary.planned(self)
            asked = self._asked_before(context, ids)
            items = [Item(id, asked=id in asked) for id in ids]
            work = self._work = Work(self.verb, items, self._deadline())
            work.scarce_until = self.hook.clock.time() + self.resource_wait
        return self._go(context, work)

    def execute_complete(self, context: Any, event: Any = None, held: Any = None) -> Any:
        """
        Go on after a deferral: judge what the trigger saw.

        :param held: the items, where the version that deferred the task kept them beside the trigger
        """
        from airflow_provider_pipelines.core.verbs.observation import Report
        from airflow_provider_pipelines.core.verbs.work import Work

        with boundary.airflow_errors():
            boundary.planned(self)
            report = Report.from_event(event)
            work = self._work = Work.from_json(self.verb, held or report.held)
            self.hook.clock = self.hook.clock.steady(report.now)
            work.merge(report, self.hook.clock.time())
        return self._go(context, work)

    def _deadline(self) -> float:
        """Begin to count, and give the Unix time at which the attempt ends."""
        self.hook.clock = self.hook.clock.steady()
        return self.hook.clock.time() + boundary.seconds_left(self.timeout, self.execution_timeout)

    def _go(self, context: Any, work: Work) -> Any:
        with boundary.airflow_errors(errors=work.errors):
            now, may_defer = self.hook.clock.time, boundary.can_defer(self)
            while not work.finished:
                deferrable = may_defer and work.deadline - now() > boundary.TOO_LATE_TO_DEFER + self.defer_after
                self._advance(work, now() + self.defer_after if deferrable else None)
                self.remember(context, work)
                if deferrable and work.of("hold", "busy", "acted"):
                    self._defer(context, work)
            return self._conclude(context, work)

    def _advance(self, work: Work, pause_at: float | None) -> None:
        from airflow_provider_pipelines.core.verbs.watch import Waiting

        client = self.hook.get_conn()
        client.end_by(work.deadline)
        if self.cancel_on_kill and self.cancels and self._cancel is None:
            self._cancel = self.hook.canceller(self.kind, self.scope)
        client.transport.run(
            work.advance(
                self.hook.looker(self.kind, self.scope),
                self._act_once,
                Waiting(self.poll_interval, self.max_poll_failures, self.hook.clock.time, self.log.info),
                first_look=self.hook.looker(self.kind, self.scope, self._budget()),
                wait=self.wait_for_completion,
                pause_at=pause_at,
            )
        )

    def _budget(self) -> RetryBudget:
        from airflow_provider_pipelines.core.http.retry import RetryBudget

        left = self._work.deadline - self.hook.clock.time() if self._work is not None else self.timeout
        return RetryBudget(seconds=max(0.0, left))

    def _act_once(self, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the action unless the task was killed; undo it if that happened while the answer was on its way."""
        if self.was_killed():
            raise WatchFailed(f"the task was killed before {self.verb.name} was sent for {', '.join(ids)}.")
        client = self.hook.get_conn()
        self._sending = ids
        try:
            answers: Mapping[str, PipelinesError | None]
            answers = yield from client.session.carry(self.act(client.api, ids), self._budget())
        finally:
            self._sending = ()
        if self.was_killed():
            self._undo([id for id in ids if answers.get(id) is None])
        return answers

    def _undo(self, ids: Sequence[str]) -> None:
        """Cancel what was started, where there is a way; a failure is told and goes no further."""
        if self._cancel is None or not ids:
            return
        named = ", ".join(ids)
        try:
            self._cancel(ids)
        except PipelinesError as error:
            self.log.warning("could not cancel %s; it may still be running: %s", named, error)
        else:
            self.log.info("cancelled %s", named)

    def remember(self, context: Any, work: Work) -> None:
        """Store what a later attempt has to know: what was asked for, where an end state alone does not tell."""
        from airflow_provider_pipelines import compat

        if work.verb.confirm is None or (store := compat.state_store(context)) is None:
            return
        if work.finished and work.failure() is None:
            store.delete("asked")
        elif work.asked:
            store.set("asked", work.asked)

    def _asked_before(self, context: Any, ids: Sequence[str]) -> Sequence[str]:
        """
        Give the ids that an earlier attempt of this task sent the action for.

        Where nothing survives an attempt (Airflow 2.11 to 3.2) an earlier one counts as having asked: else a retry
        would take a job that was stopped without the savepoint that was asked for for one that had been at rest.
        """
        from airflow_provider_pipelines import compat

        if self.verb.confirm is None:
            return []
        if (store := compat.state_store(context)) is None:
            return ids if getattr(context.get("ti"), "try_number", 1) > 1 else []
        asked = store.get("asked")
        return asked if isinstance(asked, list) else []

    def _defer(self, context: Any, work: Work) -> None:
        from airflow_provider_pipelines.trigger import FIRST_LOOK, OWNED, WatchTrigger

        now = self.hook.clock.time()
        cancel_ids = work.under_way if self.cancel_on_kill and self.cancels else []
        if cancel_ids and (ti := context.get("ti")) is not None:
            ti.xcom_push(key=OWNED, value=cancel_ids)
        trigger: WatchTrigger = WatchTrigger(
            vendor=self.hook.vendor,
            arguments=self.hook.arguments,
            hook_class=self.hook.own_class,
            kind=self.kind,
            scope=self.scope,
            things=[thing.to_json() for thing in work.watched()],
            deadline=work.deadline,
            poll_interval=self.poll_interval,
            max_poll_failures=self.max_poll_failures,
            failures=work.failed_looks,
            wake_at=max(work.retry_at, now + FIRST_LOOK) if work.of("busy") else None,
            cancel_ids=cancel_ids,
            told_at=now,
            held=work.to_json(),
        )
        self.hook.close()
        self.defer(
            trigger=trigger,
            method_name="execute_complete",
            timeout=timedelta(seconds=work.deadline - now + boundary.BACKSTOP),
        )

    def _conclude(self, context: Any, work: Work) -> Any:
        if work.overdue and self.cancel_on_kill and self.cancels:
            client = self.hook.get_conn()
            named = ", ".join(work.overdue)
            self.log.info("the time is up: cancelling %s", named)
            try:
                client.run(self.hook.cancel(client.api, self.kind, self.scope, work.overdue))
            except PipelinesError as error:
                # the task fails for its deadline all the same
                self.log.warning("could not cancel %s; it may still be running: %s", named, error)
        self.hook.close()
        outcomes = [outcome.to_xcom() for outcome in work.outcomes(self.outcome_id)]
        for outcome in outcomes:
            self.log.info("%s", outcome["message"])
        if (failure := work.failure()) is not None:
            if self.batch and (ti := context.get("ti")) is not None:
                ti.xcom_push(key="outcomes", value=outcomes)
            raise failure
        return outcomes if self.batch else outcomes[0]

    def was_killed(self) -> bool:
        """Tell whether Airflow has asked this task to end; a signal may have said so at any moment."""
        return self._killed

    def on_kill(self) -> None:
        """
        Cancel what this task instance started, where ``cancel_on_kill`` says so.

        Asks Airflow nothing: it may interrupt a call to Airflow, and would wait for itself.
        """
        self._killed = True
        if self._work is None or self._cancel is None:
            return
        ids = [*self._work.under_way, *self._sending]
        thread = threading.Thread(target=self._undo, args=(ids,), daemon=True)
        thread.start()
        thread.join(KILL_WAIT)
