"""
The four tasks of a maintenance window.

Loaded with every DAG file that has a window, so it imports next to nothing; what the tasks do is loaded when they run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.compat import AirflowFailException, BaseOperator
from airflow_provider_pipelines.core.clock import TOLERANCE
from airflow_provider_pipelines.errors import PipelinesError
from airflow_provider_pipelines.task.boundary import BACKSTOP, TOO_LATE_TO_DEFER, airflow_errors

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.clock import Clock
    from airflow_provider_pipelines.window.coordination.coordinator import Coordinator
    from airflow_provider_pipelines.window.phases.scope import Dependencies

#: seconds of mere waiting on the worker before a task is deferred
DEFER_AFTER = 30.0
#: seconds after which the triggerer gives a task back that watches one of several targets
WAKE_AFTER = 120.0


class WindowTask(BaseOperator):
    """
    A task of a window: the base of the four.

    :param group_id: the window's group
    :param targets: what the window stops, as plain values (templated)
    :param poll_interval: seconds, the longest time between two looks
    """

    template_fields: Sequence[str] = ("targets",)
    template_fields_renderers: ClassVar[dict[str, str]] = {"targets": "json"}
    ui_color = "#f3ead9"

    def __init__(
        self,
        *,
        group_id: str,
        targets: Sequence[Mapping[str, Any]],
        poll_interval: float = 30,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.group_id = group_id
        self.targets = targets
        self.poll_interval = poll_interval
        self.deferrable = deferrable
        self._killed = False
        #: the deadline as the attempt's first host gave it
        self._until = 0.0

    @property
    def window(self) -> str:
        """The window's name."""
        return f"{self.dag_id}/{self.group_id}"

    def dependencies(self, context: Any) -> Dependencies:
        """Give what the task takes from outside: records, runs, time, log."""
        from airflow_provider_pipelines.core.clock import SYSTEM
        from airflow_provider_pipelines.window.airflow import AirflowRuns, VariableStore
        from airflow_provider_pipelines.window.phases.scope import Dependencies
        from airflow_provider_pipelines.window.record.repository import RecordRepository

        records = RecordRepository(VariableStore(), self.window, str(context["run_id"]))
        return Dependencies(records, AirflowRuns(), SYSTEM.steady(), self.log.info)

    def was_killed(self) -> bool:
        """Tell whether Airflow has asked this task to end."""
        return self._killed

    def on_kill(self) -> None:
        """Write nothing more. Asks Airflow nothing: it may interrupt a call to Airflow, and would wait for itself."""
        self._killed = True

    def push(self, context: Any, report: Mapping[str, Any] | None) -> None:
        """Show a report, also of a task that fails: as XCom and as a table at the end of the log."""
        from airflow_provider_pipelines.window.phases.report import table

        if report is None:
            return
        if (ti := context.get("ti")) is not None:
            ti.xcom_push(key="report", value=report)
        self.log.info("%s of window %s: %s", self.task_id, self.window, report["result"])
        for line in table(report["things"]):
            self.log.info("%s", line)

    def wait_in_triggerer(self, coordinator: Coordinator, deadline: float, clock: Clock) -> None:
        """Leave the wait to the triggerer; what is known of it is in the record."""
        from airflow_provider_pipelines.trigger import FIRST_LOOK, WatchTrigger

        participant, *others = coordinator.waiting
        assert participant.current is not None  # noqa: S101 -- the participant waits for something
        stage, work = participant.current
        now = clock.time()
        trigger = WatchTrigger(
            vendor=participant.fleet.service,
            arguments=participant.hook.arguments,
            kind=stage.kind,
            scope=stage.scope,
            things=[thing.to_json() for thing in work.watched()],
            deadline=deadline,
            poll_interval=self.poll_interval,
            wake_at=now + max(FIRST_LOOK, WAKE_AFTER) if others else None,
            told_at=now,
            held={
                "deadline": deadline,
                "until": self._until or deadline,
                "prefix": "" if stage.runs_of else participant.prefix,
            },
        )
        self.defer(
            trigger=trigger,
            method_name="execute_complete",
            timeout=timedelta(seconds=deadline - now + BACKSTOP),
        )

    def defer_after(self, deadline: float, clock: Clock) -> float | None:
        """Give the seconds of mere waiting before it is left to the triggerer, or None for never."""
        late = deadline - clock.time() < TOO_LATE_TO_DEFER + DEFER_AFTER
        return DEFER_AFTER if self.deferrable and not late else None

    def execute_complete(self, context: Any, event: Any = None, deadline: float = 0.0, prefix: str = "") -> Any:
        """
        Go on after a deferral; what the trigger saw in passing is kept, all else is looked at anew.

        Records are written by each host's own clock, so the deadline becomes one of this host: the seconds that the
        trigger left count on from now. That would forget the time between two hosts at each deferral, so it never
        comes later than ``TOLERANCE`` after the one that the first host gave.

        :param deadline: the deadline, where the version that deferred the task kept it beside the trigger
        :param prefix: the prefix of the things' keys, where that version kept it there
        """
        from airflow_provider_pipelines.core.verbs.observation import Report

        with self.edge():
            report = Report.from_event(event)
        held = report.held or {}
        deadline, prefix = held.get("deadline", deadline), held.get("prefix", prefix)
        passed = {f"{prefix}:{id}": seen.passed for id, seen in report.seen.items()} if prefix else {}
        if report.now is not None and deadline:
            self._until = held.get("until", deadline)
            now = self.dependencies(context).clock.time()
            deadline = min(now + deadline - report.now, self._until + TOLERANCE)
        return self.go_on(context, deadline, passed)

    def go_on(self, context: Any, deadline: float, passed: Mapping[str, Sequence[str]]) -> Any:
        """
        Do what the task does until a deadline.

        :param passed: statuses that a trigger has seen, by the thing's key
        """
        raise NotImplementedError

    def edge(self) -> Any:
        """Decide which errors end the task for good."""
        return airflow_errors()


class SnapshotTask(WindowTask):
    """
    Looks at everything the window targets and records what it takes to bring it back. Changes nothing.

    :param timeout: seconds for each attempt
    :param policies: ``on_quiesce_failure`` and ``on_missing``
    """

    def __init__(self, *, timeout: float, policies: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timeout = timeout
        self.policies = dict(policies)

    def execute(self, context: Any) -> dict[str, Any]:
        """Take the snapshot."""
        from airflow_provider_pipelines.window.phases.scope import resolve_targets
        from airflow_provider_pipelines.window.phases.snapshot import Snapshot
        from airflow_provider_pipelines.window.record.model import lines

        with self.edge():
            dependencies = self.dependencies(context)
            resolved_targets = resolve_targets(self.targets, dependencies.clock)
            try:
                snapshot = Snapshot(
                    dependencies, resolved_targets, dependencies.clock.time() + self.timeout, **self.policies
                )
                plan, notes = snapshot.take()
            finally:
                for resolved in resolved_targets:
                    resolved.fleet.hook.close()
        for note in notes:
            self.log.info("%s", note)
        running = [thing for thing in plan.things if thing.runs]
        self.log.info("%d of %d things run and will be stopped. The record:", len(running), len(plan.things))
        for line in lines(plan):
            self.log.info("%s", line)
        return {
            "window": self.window,
            "run_id": plan.run_id,
            "things": len(plan.things),
            "running": len(running),
            "notes": notes,
        }


class QuiesceTask(WindowTask):
    """
    Brings to rest what the snapshot found running, and nothing else.

    :param timeout: seconds for each attempt
    """

    def __init__(self, *, timeout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.timeout = timeout

    def execute(self, context: Any) -> Any:
        """Bring everything to rest."""
        return self.go_on(context, self.dependencies(context).clock.time() + self.timeout, {})

    def go_on(self, context: Any, deadline: float, passed: Mapping[str, Sequence[str]]) -> Any:
        """Bring everything to rest until a deadline."""
        from airflow_provider_pipelines.window.coordination.places import hooks_of
        from airflow_provider_pipelines.window.phases.quiesce import Quiesce

        with self.edge():
            dependencies = self.dependencies(context)
            quiesce = Quiesce(
                dependencies,
                hooks_of(self.targets),
                context["ti"].try_number,
                deadline,
                self.poll_interval,
                self.was_killed,
                self.defer_after(deadline, dependencies.clock),
            )
            quiesce.intents.pass_by(passed)
            return carry_out(self, context, quiesce, deadline, dependencies.clock)


class RestoreTask(WindowTask):
    """Brings back what the window stopped. Fails, to be retried, until all of it is back."""

    def execute(self, context: Any) -> Any:
        """Bring everything back."""
        return self.go_on(context, 0.0, {})

    def go_on(self, context: Any, deadline: float, passed: Mapping[str, Sequence[str]]) -> Any:
        """Bring everything back."""
        from airflow_provider_pipelines.window.coordination.places import hooks_of
        from airflow_provider_pipelines.window.phases.restore import PATIENCE, Restore

        dependencies = self.dependencies(context)
        until = deadline or dependencies.clock.time() + PATIENCE
        restore = Restore(
            dependencies,
            hooks_of(self.targets),
            self.poll_interval,
            self.was_killed,
            self.defer_after(until, dependencies.clock),
            deadline=until,
        )
        return carry_out(self, context, restore, until, dependencies.clock)

    def edge(self) -> Any:
        """Let every error be retried: somebody may mend the connection meanwhile."""
        from contextlib import nullcontext

        return nullcontext()


class VerdictTask(WindowTask):
    """
    Fails, without retry, if any task of the window failed or something is not as it was.

    :param own: the ids of the window's other tasks
    :param judged: the ids of the work's tasks
    """

    def __init__(self, *, own: Sequence[str], judged: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.own = list(own)
        self.judged = list(judged)

    def execute(self, context: Any) -> dict[str, Any]:
        """Judge."""
        from airflow_provider_pipelines.window.airflow import states_of
        from airflow_provider_pipelines.window.phases.verdict import judge

        dependencies = self.dependencies(context)
        states = states_of(self.dag_id, str(context["run_id"]), [*self.own, *self.judged])
        problems = judge(dependencies.records, states, self.own)
        if problems:
            raise AirflowFailException(f"window {self.window}: {' '.join(problems)}")
        return {"window": self.window, "run_id": str(context["run_id"]), "result": "as it was"}


def carry_out(task: WindowTask, context: Any, work: Any, deadline: float, clock: Clock) -> Any:
    """Run a quiesce or a restore, show its report however it ends, and defer where only waiting is left."""
    try:
        done = work.run()
    except PipelinesError:
        task.push(context, work.report)
        raise
    finally:
        coordinator = work.coordinator
        work.places.close()
    if done is None:
        task.wait_in_triggerer(coordinator, deadline, clock)
    task.push(context, done)
    return done
