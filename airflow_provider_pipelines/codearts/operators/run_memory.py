"""What a task remembers of the run that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_pipelines import compat
from airflow_provider_pipelines.codearts.flows.marker import Record
from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.core.verbs.work import Work
from airflow_provider_pipelines.errors import WatchFailed

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.flows.run_source import Run
    from airflow_provider_pipelines.codearts.hook import CodeArtsHook
    from airflow_provider_pipelines.core.verbs.goals import Verb

#: the key of the task's state store under which the run is remembered
STORE_KEY = "codearts_run"


class Asking(Protocol):
    """The operator that asks for the run."""

    @property
    def hook(self) -> CodeArtsHook:
        """The hook, which knows the time."""

    @property
    def verb(self) -> Verb:
        """What is done."""

    def was_killed(self) -> bool:
        """Tell whether the task is to end."""

    def hold(self, work: Work) -> None:
        """Take charge of the run."""


class RunMemory:
    """What a run operator keeps, in the task's state store (Airflow 3.3) and in XCom."""

    def __init__(self, operator: Asking, context: Any, deadline: float) -> None:
        self._operator = operator
        self._context = context
        self._deadline = deadline
        self._store = compat.state_store(context)
        self.work: Work

    def read(self) -> Record | None:
        """Give the record of this task instance."""
        return Record.from_json(self._store.get(STORE_KEY)) if self._store is not None else None

    def write(self, record: Record) -> None:
        """Keep a record."""
        if self._store is not None:
            self._store.set(STORE_KEY, record.to_json())

    def forget(self) -> None:
        """Remember nothing any more."""
        if self._store is not None:
            self._store.delete(STORE_KEY)

    def check(self) -> None:
        """Raise if the task was killed."""
        if self._operator.was_killed():
            raise WatchFailed("the task was killed before the run was asked for; none was started.")

    def known(self, run: Run) -> None:
        """Take note of the run before anything else is done."""
        operator = self._operator
        made: dict[str, Any] = {"pipeline_run_id": run.id}
        if run.queue_id is not None:
            made["queue_id"] = run.queue_id
        if run.adopted:
            made["adopted"] = True
        item = Item(run.id, phase="acted", known=run.status, acted_at=operator.hook.clock.time(), made=made)
        self.work = Work(operator.verb, [item], self._deadline)
        operator.hold(self.work)
        if (ti := self._context.get("ti")) is not None:
            for name in ("pipeline_run_id", "queue_id"):
                if name in made:
                    ti.xcom_push(key=name, value=made[name])
