"""The base of the sensors."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.compat import (
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
)
from airflow_provider_pipelines.errors import PipelinesError, WatchFailed, WatchTimeout
from airflow_provider_pipelines.task import boundary
from airflow_provider_pipelines.task.things import ThingsTask

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Goal
    from airflow_provider_pipelines.core.verbs.observation import Judgement, Report


#: seconds under which Airflow 3.3.2 may fail a sensor in reschedule mode
SHORTEST_RESCHEDULE = 10.0


class GoalSensor(ThingsTask, BaseSensorOperator):
    """
    Waits until one thing, or each of several, is in a status.

    A thing that went where the status is not reached any more fails the sensor with
    :class:`~airflow_provider_pipelines.errors.WatchFailed`; time-outs are Airflow's ``AirflowSensorTimeout`` in every
    mode.

    :param target_status: the vendor's word to wait for
    :param deferrable: wait in the triggerer, without a worker slot
    :param max_poll_failures: failed looks in a row that only cost time; before Airflow 3.3 a sensor in reschedule mode
        keeps its worker while its looks fail
    :raises WatchFailed: it went where the status is not reached any more
    :raises AirflowSensorTimeout: the time was up first
    """

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
        self.deferrable = boundary.default_deferrable() if deferrable is None else deferrable
        self.max_poll_failures = boundary.forgivable(max_poll_failures)
        self._failures = 0
        #: what was seen last, by id, and why the last look failed if it did
        self._seen: dict[str, Judgement] = {}
        self._error: PipelinesError | None = None
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

    def goal(self) -> Goal:
        """
        Give the goal for the target status.

        :raises ArgumentError: it is none of the vendor's words
        """
        raise NotImplementedError

    def poke(self, context: Any) -> bool | PokeReturnValue:
        """Look once."""
        from airflow_provider_pipelines.core.verbs.observation import Report

        while True:
            try:
                seen = self._look()
            except PipelinesError as error:
                self._error = error
                self._forgive(context, error)
                if not self._stays(context):
                    return False
            else:
                break
        self._seen, self._error = seen, None
        self._count(context, 0)
        self._tell(seen)
        report = Report(seen)
        if all(judged.verdict == "pending" for judged in seen.values()) or not self._ended(report):
            return False
        return PokeReturnValue(True, self._judge(report))

    def execute(self, context: Any) -> Any:
        """Poke as Airflow does, or look once and defer."""
        self.hook.clock = self.hook.clock.steady()
        now = self.hook.clock.time
        if not boundary.can_defer(self) or self.timeout <= boundary.TOO_LATE_TO_DEFER:
            try:
                with self._as_sensor():
                    return super().execute(context)
            finally:
                self.hook.close()
        deadline = now() + boundary.seconds_left(self.timeout, self.execution_timeout)
        with self._as_sensor():
            if isinstance(done := self.poke(context), PokeReturnValue):
                return done.xcom_value
            return self._defer(deadline, now())

    def _defer(self, deadline: float, now: float) -> Any:
        from airflow_provider_pipelines.trigger import WatchTrigger

        trigger = WatchTrigger(
            vendor=self.hook.vendor,
            arguments=self.hook.arguments,
            hook_class=self.hook.own_class,
            kind=self.kind,
            scope=self.scope,
            things=[thing.to_json() for thing in self._things()],
            deadline=deadline,
            poll_interval=max(1.0, self.poke_interval),
            max_poll_failures=self.max_poll_failures,
            failures=self._failures,
            stop_on_failure=True,
            told_at=now,
            held={"seen": {id: judged.status for id, judged in self._seen.items()}},
        )
        self.hook.close()
        self.defer(
            trigger=trigger,
            method_name="execute_complete",
            timeout=timedelta(seconds=deadline - now + boundary.BACKSTOP),
        )

    def execute_complete(self, context: Any, event: Any = None) -> Any:
        """Judge what the trigger saw."""
        from airflow_provider_pipelines.core.verbs.observation import Judgement, Report

        with self._as_sensor():
            boundary.planned(self)
            report = Report.from_event(event)
            seen = (report.held or {}).get("seen", {})
            self._seen = {id: Judgement("pending", status) for id, status in seen.items()}
            return self._judge(report)

    @contextmanager
    def _as_sensor(self) -> Iterator[None]:
        """
        Make ``never_fail``, ``soft_fail`` and a time-out mean the same in every mode; Airflow's own loops differ.

        An outage is no reason to skip: ``soft_fail`` leaves a time-out alone if the last look before it failed.
        """
        failure: Exception
        try:
            yield
        except AirflowSkipException as skip:
            # what Airflow's loop makes of a time-out under soft_fail is a skip for no other reason
            if not self.soft_fail or skip.__cause__ is not None:
                raise
            failure = self._late(skip)
        except AirflowSensorTimeout as error:
            failure = error if isinstance(error.__cause__, WatchTimeout) else self._late(error)
        except PipelinesError as error:
            failure = error
        else:
            return
        if self.never_fail:
            raise AirflowSkipException(f"Skipping due to never_fail: {failure}") from failure
        if self.soft_fail and isinstance(failure, AirflowSensorTimeout) and not self._failures:
            raise AirflowSkipException(f"Skipping due to soft_fail: {failure}") from failure
        raise failure

    def _late(self, cause: Exception | None = None) -> AirflowSensorTimeout:
        """Make the error of a time-out: it names what was seen last, in every mode."""
        seen = _states(self._seen) or "never seen"
        if self._error is not None and not self._seen and self.mode == "reschedule" and not self.deferrable:
            seen = "not seen any more"
        tail = f" The last look failed: {self._error}" if self._error is not None else ""
        late = WatchTimeout(f"{self.target_status} was not reached within {self.timeout:g} s: {seen}.{tail}")
        late.__cause__ = cause
        error = AirflowSensorTimeout(str(late))
        error.__cause__ = late
        return error

    def _look(self) -> dict[str, Judgement]:
        from airflow_provider_pipelines.core.verbs.watch import look_once

        things = self._things()
        client = self.hook.get_conn()
        client.end_by(self.hook.clock.time() + self.timeout)
        seen: dict[str, Judgement] = client.transport.run(
            look_once(things, self.hook.looker(self.kind, self.scope), self.hook.clock.time)
        )
        return seen

    def _stays(self, context: Any) -> bool:
        """
        Wait for the next look on the worker, if there will be one here.

        Where nothing survives a reschedule (Airflow 2.11 to 3.2) a look that failed would be forgotten with it, and
        an outage never come to its end. So the looks after it are taken here, until one succeeds.
        """
        from airflow_provider_pipelines import compat

        if self.mode != "reschedule" or self.deferrable or compat.state_store(context) is not None:
            return False
        now = self.hook.clock.time()
        if now + self.poke_interval > (compat.first_poke(self, context) or now) + self.timeout:
            return False
        self.hook.clock.sleep(self.poke_interval)
        return True

    def _things(self) -> list[Any]:
        from airflow_provider_pipelines.core.verbs.observation import Watched

        goal = self.goal()
        return [Watched(id, goal) for id in boundary.planned(self)]

    def _forgive(self, context: Any, error: PipelinesError) -> None:
        from airflow_provider_pipelines.core.verbs.watch import FailureCount

        misses = FailureCount(self.max_poll_failures, self._count(context))
        if not misses.forgives(error):
            self._count(context, 0)
            raise error
        self._count(context, misses.failures)
        self.log.warning("look %d in a row failed, %d are forgiven: %s", misses.failures, self.max_poll_failures, error)

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

    def _tell(self, seen: Mapping[str, Judgement]) -> None:
        self.log.info("%s", ", ".join(f"{id}: {judged.status or 'not seen'}" for id, judged in seen.items()))

    def _ended(self, report: Report) -> bool:
        verdicts = [judged.verdict for judged in report.seen.values()]
        return "failed" in verdicts or "pending" not in verdicts

    def _judge(self, report: Report) -> Any:
        """Give the outcomes of a wait that is over, or raise."""
        states = _states(report.seen)
        for id, judged in report.seen.items():
            if judged.verdict == "failed":
                if judged.error is not None and len(report.seen) == 1:
                    raise judged.error
                reason = f" ({judged.error or judged.facts.get('status_desc') or ''})".replace(" ()", "")
                raise WatchFailed(f"{id} does not get to {self.target_status} any more{reason}: {states}.")
        if report.ended == "blind":
            raise report.error or WatchFailed("the wait ended without a reason")
        if report.ended != "settled" or not report.seen or not self._ended(report):
            self._failures = self._failures or int(report.error is not None)
            self._seen, self._error = {**self._seen, **report.seen}, report.error
            raise self._late()
        from airflow_provider_pipelines.core.verbs.outcome import Outcome

        outcomes = [
            Outcome(
                id=self.outcome_id(id), verb=self.verb, result="done", after=judged.status,
                message=f"{id} is {judged.status}.", made=judged.facts,
            ).to_xcom()
            for id, judged in report.seen.items()
        ]  # fmt: skip
        return outcomes if self.batch else outcomes[0]


def _states(seen: Mapping[str, Judgement]) -> str:
    """Say in which state each thing is."""
    return ", ".join(
        f"{id} is {judged.status or ('gone' if judged.error else 'not seen')}" for id, judged in seen.items()
    )
