"""
The base of operators that start a run of work, once: adopt or ask, remember, wait.

Imports no vendor, no client and no trigger while a DAG file is parsed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.errors import WatchFailed
from airflow_provider_pipelines.task.boundary import airflow_errors, planned
from airflow_provider_pipelines.task.operator import VerbOperator

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.item import Item
    from airflow_provider_pipelines.core.verbs.marker import Record
    from airflow_provider_pipelines.core.verbs.once import Run, Source
    from airflow_provider_pipelines.core.verbs.work import Work


class RunOperator(VerbOperator):
    """
    Starts a run of work and waits until it has ended well.

    The run is asked for once, and remembered before the first wait: in XCom, and from Airflow 3.3 on in the task's
    state store. A later attempt takes it over if it was asked for with the same arguments and goes on, or ended well
    without its attempt having reported; after one that failed or was cancelled it starts a new one.

    :param timeout: seconds for each attempt, deferrals included; 24 hours if not given
    :param cancel_on_kill: cancel the run when the task is killed or its time is up
    """

    cancels = True
    #: the key of the task's state store under which the run is remembered
    store_key: ClassVar[str]
    #: what outcome and XCom call the run's id
    id_name: ClassVar[str]
    #: statuses that the run of an attempt which was killed may end with
    cancelled: ClassVar[frozenset[str]]

    def __init__(self, *, timeout: float = 24 * 3600, cancel_on_kill: bool = True, **kwargs: Any) -> None:
        super().__init__(timeout=timeout, cancel_on_kill=cancel_on_kill, **kwargs)

    def body(self) -> dict[str, Any]:
        """
        Check the arguments and give what is sent, but for the marker.

        :raises ArgumentError: an argument has a value that is never sent
        """
        raise NotImplementedError

    def source(self, api: Any, body: dict[str, Any]) -> Source:
        """Give what starts and finds runs."""
        raise NotImplementedError

    def wanted(self, api: Any, body: dict[str, Any]) -> list[Any]:
        """Give what tells this request from others: a later attempt takes over what was asked for with the same."""
        return [self.hook.arguments, body]

    def lost(self, item: Item) -> str:
        """Say what became of a run that is gone."""
        return f"{item.id} is gone, last seen {item.known}: it was cancelled or deleted. {item.message}"

    def complete(self, item: Item) -> None:
        """Add to what is told of a run that ended well."""

    def plan(self) -> list[str]:
        """Check every argument; which run it is about shows later."""
        self.body()
        return []

    def execute(self, context: Any) -> Any:
        """Adopt or ask for a run, and wait or defer."""
        with airflow_errors():
            planned(self)
            work = self._obtain(context, self._deadline())
        return self._go(context, work)

    def _obtain(self, context: Any, deadline: float) -> Work:
        from airflow_provider_pipelines.core.verbs.marker import Marker
        from airflow_provider_pipelines.core.verbs.once import SingleStart
        from airflow_provider_pipelines.task.installation import installation

        client = self.hook.get_conn()
        client.end_by(deadline)
        if self.cancel_on_kill:
            # before the request: when it is answered there may be no time left
            self._cancel = self.hook.canceller(self.kind, self.scope)
        body = self.body()
        memory = _Memory(self, context, deadline)
        which = installation(self.hook.clock.sleep, self.log.warning)
        marker = Marker.of(context.get("ti"), self.wanted(client.api, body), which)
        single_start = SingleStart(self.source(client.api, body), marker, memory, self.hook.clock.time, self.log.info)
        client.run(single_start.obtain())
        return memory.work

    def _conclude(self, context: Any, work: Work) -> Any:
        (item,) = work.items.values()
        if self._cancelled_before(item):
            self.log.info("%s, which was taken over, was being cancelled; starting another one", item.id)
            return self._go(context, self._obtain(context, work.deadline))
        if item.gone:
            item.fail(WatchFailed(f"{self.lost(item)} A retry of the task starts another one."))
        memory = _Memory(self, context, work.deadline)
        if item.result == "done":
            self.complete(item)
        if work.overdue and self.cancel_on_kill:
            memory.cancelling()
        result = super()._conclude(context, work)
        memory.forget()
        return result

    def _cancelled_before(self, item: Item) -> bool:
        """Tell whether an adopted run ended soon by a cancel, which will have been that of the killed attempt."""
        from airflow_provider_pipelines.core.verbs.once import SETTLE

        soon = self.hook.clock.time() - item.acted_at < SETTLE
        ended = item.result == "failed" and (item.known in self.cancelled or item.gone)
        return bool(item.made.get("adopted")) and soon and ended


class _Memory:
    """What an operator keeps, in the task's state store (Airflow 3.3) and in XCom."""

    def __init__(self, operator: RunOperator, context: Any, deadline: float) -> None:
        from airflow_provider_pipelines import compat

        self._operator = operator
        self._context = context
        self._deadline = deadline
        self._store = compat.state_store(context)
        self.work: Work

    def read(self) -> Record | None:
        from airflow_provider_pipelines.core.verbs.marker import Record

        return Record.from_json(self._store.get(self._operator.store_key)) if self._store is not None else None

    def write(self, record: Record) -> None:
        if self._store is not None:
            self._store.set(self._operator.store_key, record.to_json())

    def cancelling(self) -> None:
        """Note that the run is about to be cancelled."""
        if (record := self.read()) is not None:
            self.write(replace(record, cancelled=True))

    def forget(self) -> None:
        if self._store is not None:
            self._store.delete(self._operator.store_key)

    def check(self) -> None:
        if self._operator.was_killed():
            raise WatchFailed("the task was killed before anything was asked for; nothing was started.")

    def known(self, run: Run) -> None:
        from airflow_provider_pipelines.core.verbs.item import Item
        from airflow_provider_pipelines.core.verbs.work import Work

        operator = self._operator
        made: dict[str, Any] = {operator.id_name: run.id or None, **run.made}
        told = dict(made) if run.id else {}
        if run.adopted:
            made["adopted"] = True
        item = Item(run.id, phase="acted", known=run.status, acted_at=operator.hook.clock.time(), made=made)
        if not run.id:
            item.finish("done", f"{operator.verb.name}: it was carried out at once.")
        self.work = operator._work = Work(operator.verb, [item], self._deadline)
        if operator.was_killed():
            VerbOperator.on_kill(operator)
        if (ti := self._context.get("ti")) is not None:
            for name, value in told.items():
                ti.xcom_push(key=name, value=value)
