"""
Creating a job once.

DLI knows no idempotency key. What a lost answer made is found by the job's name, compared exactly, among the jobs that
were not there before.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/creating_a_sql_job.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.core.http.reading import dump
from airflow_provider_pipelines.core.http.retry import possibly_done
from airflow_provider_pipelines.dli.flows.flink_batches import PAUSES
from airflow_provider_pipelines.errors import Conflict, InvalidRequest, PipelinesError

if TYPE_CHECKING:
    from airflow_provider_pipelines.dli.api.client import DliApi
    from airflow_provider_pipelines.dli.api.flink.models import FlinkJob

EXISTS = "DLI.0006"
#: the key of the task's state store under which it says what it is about to create
STORE_KEY = "dli_creating"


class Store(Protocol):
    """What survives an attempt: the task's state store of Airflow 3.3."""

    def get(self, key: str) -> Any:
        """Read."""

    def set(self, key: str, value: Any) -> None:
        """Write."""

    def delete(self, key: str) -> None:
        """Forget."""


class Creation:
    """
    A job that is wanted.

    :param operation: the hook method that creates it
    :param body: what it is made of, checked
    :param where: what tells this place from others: project, region, connection
    :param store: what survives the attempt, or None
    :param tell: receives a line for what is out of the ordinary
    """

    def __init__(
        self,
        api: DliApi,
        operation: str,
        body: Mapping[str, Any],
        where: list[str | None],
        store: Store | None,
        tell: Callable[[str], None],
    ) -> None:
        self._api = api
        self._operation = operation
        self._body = body
        self._name: str = body["name"]
        self._store = store
        self._tell = tell
        self._wish = sha256(dump([operation, dict(body), where])).hexdigest()

    def obtain(self) -> Call[FlinkJob]:
        """
        Create the job, or find the one that was created and got lost.

        :raises InvalidRequest: a job of this name exists; the error names it
        :raises OutcomeUnknown: the answer was lost, and no such job has shown up
        """
        there = yield from self._named()
        if (before := self._remembered()) is not None and (found := self._new(there, before)):
            self._tell(f"an earlier attempt created {self._name!r}, which is {found.job_id}; its answer was lost.")
            return found
        before = before if before is not None else list(there)
        if self._store is not None:
            self._store.set(STORE_KEY, {"wish": self._wish, "before": before})
        try:
            job: FlinkJob = yield from getattr(self._api, self._operation)(self._body)
        except PipelinesError as error:
            if possibly_done(error):
                return (yield from self._look_for(before, error))
            self._forget()
            if isinstance(error, Conflict) and error.code == EXISTS:
                raise self._exists(error, there or (yield from self._named())) from None
            raise
        return job

    def done(self) -> None:
        """Say that the task has taken note of the job."""
        self._forget()

    def _look_for(self, before: list[int], error: PipelinesError) -> Call[FlinkJob]:
        self._tell(f"{error} Looking for a new job named {self._name!r}.")
        for pause in PAUSES:
            yield Sleep(pause)
            if (found := self._new((yield from self._named()), before)) is not None:
                self._tell(f"found it: {found.job_id}.")
                return found
        raise error

    def _named(self) -> Call[dict[int, FlinkJob]]:
        """Give the jobs of exactly this name; DLI's own filter may take a part of it for the whole."""
        jobs = yield from self._api.list_flink_jobs(name=self._name)
        return {job.job_id: job for job in jobs if job.name == self._name}

    def _new(self, there: Mapping[int, FlinkJob], before: list[int]) -> FlinkJob | None:
        new = [job for id, job in there.items() if id not in before]
        return new[0] if len(new) == 1 else None

    def _remembered(self) -> list[int] | None:
        """Give the ids that were there before an earlier attempt asked for just this job, or None."""
        record = self._store.get(STORE_KEY) if self._store is not None else None
        if not isinstance(record, dict) or record.get("wish") != self._wish:
            return None
        before = record.get("before")
        return before if isinstance(before, list) else None

    def _forget(self) -> None:
        if self._store is not None:
            self._store.delete(STORE_KEY)

    def _exists(self, error: Conflict, there: Mapping[int, FlinkJob]) -> InvalidRequest:
        which = ", ".join(f"{id} ({job.status})" for id, job in there.items())
        return InvalidRequest(
            f"a job named {self._name!r} exists{f': {which}' if which else ', not shown to this user'}"
            f" ({error.problem.rstrip('.')}).",
            service=error.service, operation=error.operation, method=error.method, path=error.path,
            status=error.status, code=error.code, request_id=error.request_id,
            hint="Give another name, or change that job with an update.",
        )  # fmt: skip
