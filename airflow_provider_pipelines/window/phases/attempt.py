"""What an attempt to bring things to rest and one to bring them back have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.http.side_by_side import Halt
from airflow_provider_pipelines.errors import PipelinesError
from airflow_provider_pipelines.window.coordination.coordinator import Coordinator
from airflow_provider_pipelines.window.coordination.places import Places
from airflow_provider_pipelines.window.coordination.terms import Terms
from airflow_provider_pipelines.window.phases.report import Result, report

if TYPE_CHECKING:
    from airflow_provider_pipelines.window.phases.scope import Dependencies
    from airflow_provider_pipelines.window.record.intents import IntentLog
    from airflow_provider_pipelines.window.record.model import Plan, Thing


class Attempt:
    """
    An attempt to work on the things of a window: the base of two.

    :param dependencies: what comes from outside
    :param hooks: makes the hooks that may be used
    :param poll_interval: seconds, the longest time between two looks
    :param killed: tells whether the task was asked to end
    :param defer_after: seconds of mere waiting before it is left to the triggerer, or None for never
    """

    #: Unix time at which the attempt ends
    deadline: float
    #: where intents are noted
    intents: IntentLog

    def __init__(
        self,
        dependencies: Dependencies,
        hooks: Callable[[Plan], Sequence[Any]],
        poll_interval: float,
        killed: Callable[[], bool],
        defer_after: float | None,
    ) -> None:
        self._dependencies = dependencies
        self._records = dependencies.records
        self._clock = dependencies.clock
        self._poll_interval = poll_interval
        self._killed = killed
        self._defer_after = defer_after
        self.plan = self._records.needed_plan()
        self.places = Places(self.plan, self._clock, hooks)
        self.coordinator: Coordinator | None = None
        self.report: dict[str, Any] | None = None

    def run(self) -> dict[str, Any] | None:
        """
        Do it.

        :returns: the report; None where nothing but waiting is left
        """
        try:
            return self._run()
        except Halt as halt:
            raise halt.reason from None

    def _run(self) -> dict[str, Any] | None:
        raise NotImplementedError

    def _check(self) -> None:
        """
        Ask whether anything may still be written.

        :raises PipelinesError: no, or it cannot be told
        """
        raise NotImplementedError

    def _guard(self) -> None:
        """Ask the same where a write is about to go out: a no ends everything at once."""
        try:
            self._check()
        except PipelinesError as error:
            raise Halt(error) from None

    def _bring_together(self, things: Sequence[Thing], done: str) -> Coordinator:
        """Give the participants that work on some things; ``done`` is a word for what a thing is when it is done."""
        terms = Terms(self._guard, self.deadline, self._poll_interval, self._dependencies.tell, self._defer_after)
        return Coordinator(self.places, things, self.intents, terms, self._clock, done)

    def _tell(self, result: Result, outcomes: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Put the report together; it is shown however the attempt ends."""
        self.report = report(self._records.window, self._records.run_id, result, outcomes)
        return self.report
