"""
The base of all operators and sensors: plan, act, wait or defer, judge, raise.

Imports no vendor, no client and no trigger while a DAG file is parsed.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseOperator,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_pipelines.errors import PipelinesError, WatchFailed, WatchTimeout, mendable

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.core.http.retry import Patience
    from airflow_provider_pipelines.core.verbs.goals import Goal, Verb
    from airflow_provider_pipelines.core.verbs.watch import Report, Seen
    from airflow_provider_pipelines.core.verbs.work import Work
    from airflow_provider_pipelines.hook.base import PipelinesHook
    from airflow_provider_pipelines.trigger import WatchTrigger

#: seconds left before the deadline under which nothing is deferred
TOO_LATE_TO_DEFER = 15.0
#: seconds added to our deadline for Airflow's own one, which ends a deferred task without a word
BACKSTOP = 300.0
#: seconds that `on_kill` waits for the cancel; Airflow kills the process 5 s after it asked
KILL_WAIT = 3.5
#: seconds under which Airflow 3.3.2 may fail a sensor in reschedule mode
SHORTEST_RESCHEDULE = 10.0


def default_deferrable() -> bool:
    """Give Airflow's ``[operators] default_deferrable``."""
    deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False)
    return deferrable


def seconds(value: Any, argument: str, *, zero: bool = False) -> float:
    """Check a number of seconds that is not templated, while the DAG is parsed."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and (value > 0 or (zero and value == 0))
    if not good:
        raise ValueError(f"{argument} has to be a number of seconds {'from' if zero else 'above'} 0, not {value!r}")
    return float(value)


def _forgiven(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"max_poll_failures has to be a whole number from 0 on, not {value!r}")
    return value


def _limit(timeout: float, execution_timeout: Any) -> float:
    """Give the seconds that an attempt has: Airflow does not watch ``execution_timeout`` while a task is deferred."""
    if isinstance(execution_timeout, timedelta):
        return min(timeout, execution_timeout.total_seconds())
    return timeout


@contextmanager
def airflow_edge(*, errors: Callable[[], Sequence[PipelinesError]] = lambda: ()) -> Iterator[None]:
    """Stop the retries of the task where no retry can mend the error; let all other errors pass as they are."""
    try:
        yield
    except PipelinesError as error:
        if any(mendable(one) for one in (errors() or [error])):
            raise
        raise AirflowFailException(str(error)) from error


class VerbOperator(BaseOperator):
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

    #: the kind of thing, as the hook's ``look`` knows it
    kind: ClassVar[str]
    #: whether the task works on a list and returns a list
    batch: ClassVar[bool] = False
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
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.poll_interval = seconds(poll_interval, "poll_interval")
        self.defer_after = seconds(defer_after, "defer_after", zero=True)
        self.timeout = seconds(timeout, "timeout")
        self.max_poll_failures = _forgiven(max_poll_failures)
        self.cancel_on_kill = cancel_on_kill
        self._work: Work | None = None
        self._killed = False
        self._sending: Sequence[str] = ()
        self._cancel: Callable[[Sequence[str]], None] | None = None

    # what a verb states

    @cached_property
    def hook(self) -> PipelinesHook[Any]:
        """The hook."""
        raise NotImplementedError

    @property
    def verb(self) -> Verb:
        """What is done, and which statuses mean what."""
        raise NotImplementedError

    @property
    def scope(self) -> dict[str, Any]:
        """Where the things live."""
        return {}

    def plan(self) -> list[str]:
        """
        Check every argument and give the ids of the things.

        :raises ArgumentError: an argument has a value that is never sent
        """
        raise NotImplementedError

    def act(self, api: Any, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the action once for some things."""
        raise NotImplementedError

    def outcome_id(self, id: str) -> str | int:
        """Give an id as the outcome shows it."""
        return id

    # the flow

    def execute(self, context: Any) -> Any:
        """Look, act once, and wait or defer."""
        from airflow_provider_pipelines.core.verbs.work import Item, Work

        with airflow_edge():
            ids = self.plan()
            asked = self._asked_before(context)
            items = [Item(id, asked=id in asked) for id in ids]
            work = self._work = Work(self.verb, items, self._deadline())
            work.scarce_until = self.hook.clock.time() + self.resource_wait
        return self._go(context, work)

    def execute_complete(self, context: Any, event: Any = None, held: Any = None) -> Any:
        """Go on after a deferral: judge what the trigger saw."""
        from airflow_provider_pipelines.core.verbs.watch import Report
        from airflow_provider_pipelines.core.verbs.work import Work

        with airflow_edge():
            self.plan()
            work = self._work = Work.from_json(self.verb, held)
            work.merge(Report.from_event(event), self.hook.clock.time())
        return self._go(context, work)

    def _deadline(self) -> float:
        return self.hook.clock.time() + _limit(self.timeout, self.execution_timeout)

    def _go(self, context: Any, work: Work) -> Any:
        with airflow_edge(errors=work.errors):
            now = self.hook.clock.time
            while not work.finished:
                deferrable = self.deferrable and work.deadline - now() > TOO_LATE_TO_DEFER + self.defer_after
                self._advance(work, now() + self.defer_after if deferrable else None)
                self.remember(context, work)
                if deferrable and work.of("hold", "busy", "acted"):
                    self._defer(context, work)
            return self._conclude(context, work)

    def _advance(self, work: Work, pause_at: float | None) -> None:
        client = self.hook.get_conn()
        if self.cancel_on_kill and self.cancels and self._cancel is None:
            self._cancel = self.hook.canceller(self.kind, self.scope)
        client.transport.run(
            work.advance(
                self.hook.looker(self.kind, self.scope),
                self._act_once,
                first_look=self.hook.looker(self.kind, self.scope, self._patience()),
                wait=self.wait_for_completion,
                pause_at=pause_at,
                poll_interval=self.poll_interval,
                max_poll_failures=self.max_poll_failures,
                now=self.hook.clock.time,
                tell=self.log.info,
            )
        )

    def _patience(self) -> Patience:
        from airflow_provider_pipelines.core.http.retry import Patience

        left = self._work.deadline - self.hook.clock.time() if self._work is not None else self.timeout
        return Patience(budget=max(0.0, left))

    def _act_once(self, ids: Sequence[str]) -> Call[Mapping[str, PipelinesError | None]]:
        """Send the action unless the task was killed; undo it if that happened while the answer was on its way."""
        if self.was_killed():
            raise WatchFailed(f"the task was killed before {self.verb.name} was sent for {', '.join(ids)}.")
        client = self.hook.get_conn()
        self._sending = ids
        try:
            answers: Mapping[str, PipelinesError | None]
            answers = yield from client.session.carry(self.act(client.api, ids), self._patience())
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

    def _asked_before(self, context: Any) -> list[str]:
        """Give the ids that an earlier attempt of this task sent the action for."""
        from airflow_provider_pipelines import compat

        store = compat.state_store(context) if self.verb.confirm is not None else None
        asked = store.get("asked") if store is not None else None
        return asked if isinstance(asked, list) else []

    def _defer(self, context: Any, work: Work) -> None:
        from airflow_provider_pipelines.trigger import FIRST_LOOK, OWNED, WatchTrigger

        now = self.hook.clock.time()
        cancel_ids = work.under_way if self.cancel_on_kill and self.cancels else []
        if cancel_ids and (ti := context.get("ti")) is not None:
            ti.xcom_push(key=OWNED, value=cancel_ids)
        trigger: WatchTrigger = WatchTrigger(
            vendor=type(self.hook).__module__.split(".")[-2],
            arguments=self.hook.arguments,
            kind=self.kind,
            scope=self.scope,
            things=[thing.to_json() for thing in work.watched()],
            deadline=work.deadline,
            poll_interval=self.poll_interval,
            max_poll_failures=self.max_poll_failures,
            failures=work.failed_looks,
            wake_at=max(work.retry_at, now + FIRST_LOOK) if work.of("busy") else None,
            cancel_ids=cancel_ids,
        )
        held = work.to_json()
        self.hook.close()
        self.defer(
            trigger=trigger,
            method_name="execute_complete",
            kwargs={"held": held},
            timeout=timedelta(seconds=work.deadline - now + BACKSTOP),
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


class ListOperator(BaseOperator):
    """
    Lists things as dictionaries whose keys are arguments of the other operators.

    :param name_pattern: only those whose whole name matches, like a file name; capitals count (templated)
    :param status: only those in this status (templated)
    :raises PipelinesError: the list could not be read, or only in part
    """

    ui_color = "#eef0e4"

    def __init__(self, *, name_pattern: str | None = None, status: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name_pattern = name_pattern
        self.status = status

    @cached_property
    def hook(self) -> PipelinesHook[Any]:
        """The hook."""
        raise NotImplementedError

    def rows(self) -> list[dict[str, Any]]:
        """Give all things, each with ``name`` and ``status``."""
        raise NotImplementedError

    def execute(self, context: Any) -> list[dict[str, Any]]:
        """List, and keep what is wanted."""
        from fnmatch import fnmatchcase

        from airflow_provider_pipelines.errors import ArgumentError

        with airflow_edge():
            for argument in ("name_pattern", "status"):
                value = getattr(self, argument)
                if value is not None and (not isinstance(value, str) or not value or value == "None"):
                    raise ArgumentError(argument, "is no text. Leave it out to list all.")
            try:
                found = self.rows()
            finally:
                self.hook.close()
        kept = [
            row
            for row in found
            if (self.name_pattern is None or fnmatchcase(str(row["name"] or ""), self.name_pattern))
            and (self.status is None or row["status"] == self.status)
        ]
        self.log.info("%d of %d are listed", len(kept), len(found))
        return kept


class GoalSensor(BaseSensorOperator):
    """
    Waits until one thing, or each of several, is in a status.

    A thing that went where the status is not reached any more fails the sensor with
    :class:`~airflow_provider_pipelines.errors.WatchFailed`; time-outs are Airflow's ``AirflowSensorTimeout`` in every
    mode.

    :param target_status: the vendor's word to wait for
    :param deferrable: wait in the triggerer, without a worker slot
    :param max_poll_failures: failed looks in a row that only cost time
    :raises WatchFailed: it went where the status is not reached any more
    :raises AirflowSensorTimeout: the time was up first
    """

    kind: ClassVar[str]
    batch: ClassVar[bool] = False
    #: the hook method that looks
    verb: ClassVar[str]

    ui_color = "#e6f1f2"

    def __init__(
        self,
        *,
        target_status: str,
        deferrable: bool | None = None,
        max_poll_failures: int = 10,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.target_status = target_status
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.max_poll_failures = _forgiven(max_poll_failures)
        self._failures = 0
        if self.deferrable and self.silent_fail:
            raise ValueError(
                "silent_fail does not go with deferrable=True: a deferred wait forgives failed looks already, "
                "max_poll_failures in a row. Leave silent_fail out."
            )
        if self.mode == "reschedule" and not self.deferrable and self.poke_interval < SHORTEST_RESCHEDULE:
            warnings.warn(
                f"{self.task_id}: poke_interval is {self.poke_interval:g} s in reschedule mode. Airflow may fail a "
                f"task that is rescheduled for less than {SHORTEST_RESCHEDULE:g} s; give more, or use mode='poke'.",
                stacklevel=3,
            )

    @cached_property
    def hook(self) -> PipelinesHook[Any]:
        """The hook."""
        raise NotImplementedError

    @property
    def scope(self) -> dict[str, Any]:
        """Where the things live."""
        return {}

    def plan(self) -> list[str]:
        """Check every argument and give the ids of the things."""
        raise NotImplementedError

    def goal(self) -> Goal:
        """
        Give the goal for the target status.

        :raises ArgumentError: it is none of the vendor's words
        """
        raise NotImplementedError

    def outcome_id(self, id: str) -> str | int:
        """Give an id as the outcome shows it."""
        return id

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Look once."""
        from airflow_provider_pipelines.core.verbs.watch import Report, look_once

        try:
            things = self._things()
            client = self.hook.get_conn()
            seen = client.transport.run(
                look_once(things, self.hook.looker(self.kind, self.scope), self.hook.clock.time)
            )
        except PipelinesError as error:
            self._forgive(context, error)
            return False
        self._count(context, 0)
        self._tell(seen)
        report = Report(seen)
        if all(sight.verdict == "pending" for sight in seen.values()) or not self._ended(report):
            return False
        return PokeReturnValue(True, self._judge(report))

    def execute(self, context: Any) -> Any:
        """Poke as Airflow does, or look once and defer."""
        now = self.hook.clock.time
        if not self.deferrable or self.timeout <= TOO_LATE_TO_DEFER:
            try:
                with self._as_sensor():
                    return super().execute(context)
            finally:
                self.hook.close()
        deadline = now() + _limit(self.timeout, self.execution_timeout)
        with self._as_sensor():
            if isinstance(done := self.poke(context), PokeReturnValue):
                return done.xcom_value
            return self._defer(deadline, now())

    def _defer(self, deadline: float, now: float) -> Any:
        from airflow_provider_pipelines.trigger import WatchTrigger

        trigger = WatchTrigger(
            vendor=type(self.hook).__module__.split(".")[-2],
            arguments=self.hook.arguments,
            kind=self.kind,
            scope=self.scope,
            things=[thing.to_json() for thing in self._things()],
            deadline=deadline,
            poll_interval=max(1.0, self.poke_interval),
            max_poll_failures=self.max_poll_failures,
            failures=self._failures,
            stop_on_failure=True,
        )
        self.hook.close()
        self.defer(
            trigger=trigger,
            method_name="execute_complete",
            timeout=timedelta(seconds=deadline - now + BACKSTOP),
        )

    def execute_complete(self, context: Any, event: Any = None) -> Any:
        """Judge what the trigger saw."""
        from airflow_provider_pipelines.core.verbs.watch import Report

        with self._as_sensor():
            self.plan()
            return self._judge(Report.from_event(event))

    @contextmanager
    def _as_sensor(self) -> Iterator[None]:
        """Make ``never_fail`` and ``soft_fail`` mean the same in every mode; Airflow's own loops differ."""
        try:
            yield
        except (PipelinesError, AirflowSensorTimeout) as error:
            if self.never_fail:
                raise AirflowSkipException(f"Skipping due to never_fail: {error}") from error
            if self.soft_fail and isinstance(error, AirflowSensorTimeout):
                raise AirflowSkipException(f"Skipping due to soft_fail: {error}") from error
            raise

    def _things(self) -> list[Any]:
        from airflow_provider_pipelines.core.verbs.watch import Watched

        goal = self.goal()
        return [Watched(id, goal) for id in self.plan()]

    def _forgive(self, context: Any, error: PipelinesError) -> None:
        from airflow_provider_pipelines.core.verbs.watch import Blindness

        blind = Blindness(self.max_poll_failures, self._count(context))
        if not blind.forgives(error):
            self._count(context, 0)
            raise error
        self._count(context, blind.failures)
        self.log.warning("look %d in a row failed, %d are forgiven: %s", blind.failures, self.max_poll_failures, error)

    def _count(self, context: Any, failures: int | None = None) -> int:
        """Read or write the number of failed looks in a row, across reschedules where Airflow has a store (3.3)."""
        from airflow_provider_pipelines import compat

        store = compat.state_store(context) if self.mode == "reschedule" and not self.deferrable else None
        if failures is None:
            stored = store.get("failed_looks") if store is not None else self._failures
            return stored if isinstance(stored, int) else 0
        if store is not None and (failures or self._failures or store.get("failed_looks")):
            store.set("failed_looks", failures)
        self._failures = failures
        return failures

    def _tell(self, seen: Mapping[str, Seen]) -> None:
        self.log.info("%s", ", ".join(f"{id}: {sight.status or 'not seen'}" for id, sight in seen.items()))

    def _ended(self, report: Report) -> bool:
        verdicts = [sight.verdict for sight in report.seen.values()]
        return "failed" in verdicts or "pending" not in verdicts

    def _judge(self, report: Report) -> Any:
        """Give the outcomes of a wait that is over, or raise."""
        states = ", ".join(
            f"{id} is {sight.status or ('gone' if sight.error else 'not seen')}" for id, sight in report.seen.items()
        )
        for id, sight in report.seen.items():
            if sight.verdict == "failed":
                if sight.error is not None and len(report.seen) == 1:
                    raise sight.error
                reason = f" ({sight.error or sight.facts.get('status_desc') or ''})".replace(" ()", "")
                raise WatchFailed(f"{id} does not get to {self.target_status} any more{reason}: {states}.")
        if report.ended == "blind":
            raise report.error or WatchFailed("the wait ended without a reason")
        if report.ended != "settled" or not report.seen or not self._ended(report):
            tail = f" The last look failed: {report.error}" if report.error else ""
            seen = states or "never seen"
            late = WatchTimeout(f"{self.target_status} was not reached within {self.timeout:g} s: {seen}.{tail}")
            raise AirflowSensorTimeout(str(late)) from late
        from airflow_provider_pipelines.core.verbs.outcome import Outcome

        outcomes = [
            Outcome(
                id=self.outcome_id(id), verb=self.verb, result="done", after=sight.status,
                message=f"{id} is {sight.status}.", made=sight.facts,
            ).to_xcom()
            for id, sight in report.seen.items()
        ]  # fmt: skip
        return outcomes if self.batch else outcomes[0]
