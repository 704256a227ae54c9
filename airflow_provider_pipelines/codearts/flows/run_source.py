"""
How a run is asked for once, although the service has no means against a second request.

Each request carries a marker at the end of its description. What was asked for is remembered where Airflow has a
store; where it has none, or the answer was lost, the marker finds the run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_pipelines.codearts.flows.marker import Marker, Record
from airflow_provider_pipelines.codearts.flows.runs import active_runs, look_runs, shown
from airflow_provider_pipelines.codearts.states import COMPLETED, ENDED
from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.core.http.retry import possibly_done
from airflow_provider_pipelines.core.verbs.observation import GRACE
from airflow_provider_pipelines.errors import PipelinesError, WatchFailed

if TYPE_CHECKING:
    from airflow_provider_pipelines.codearts.api.client import CodeArtsApi

#: seconds that a run which is in the way, or is being cancelled by an attempt that was killed, is given to end
SETTLE = 120.0
#: seconds between two looks for a run
PAUSE = 5.0
#: seconds by which the server's start time of a run may lie before the request, as we measure it
TOLERANCE = 300.0
#: details that are read at most to find a run
MOST_DETAILS = 100


@dataclass(frozen=True, slots=True)
class Run:
    """A run of ours. ``adopted`` tells that an earlier attempt has asked for it."""

    id: str
    queue_id: int | None = None
    status: str | None = None
    adopted: bool = False


class Memory(Protocol):
    """What survives an attempt, where Airflow has a store; and who wants to know of a run at once."""

    def read(self) -> Record | None:
        """Give the record of this task instance."""

    def write(self, record: Record) -> None:
        """Keep a record."""

    def known(self, run: Run) -> None:
        """Take note of the run before anything else is done."""

    def check(self) -> None:
        """Raise if nothing is to be asked for any more."""


@dataclass(slots=True)
class _Found:
    mine: list[tuple[Marker, Run]] = field(default_factory=list)
    #: what may be ours and does not show its description
    unclear: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SingleStart:
    """
    A run that is wanted, at most once.

    :param body: arguments of ``run_pipeline`` but for the description
    :param attempt: which attempt of the task this is
    """

    api: CodeArtsApi
    pipeline_id: str
    body: Mapping[str, Any]
    description: str | None
    marker: Marker
    memory: Memory
    now: Callable[[], float]
    tell: Callable[[str], None]

    def obtain(self) -> Call[Run]:
        """
        Adopt the run of an earlier attempt, or ask for one.

        :raises WatchFailed: it stays unclear whether there is a run already, or one with other arguments goes on
        """
        record = self.memory.read()
        run: Run | None = None
        if record is not None:
            run = yield from self._remembered(record)
        elif self.marker.attempt > 1:
            run = yield from self._unremembered()
        if run is not None:
            self.tell(f"run {run.id} of an earlier attempt is {run.status}; it is taken over, none is started")
            self.memory.known(run)
            return run
        return (yield from self._ask())

    def _ask(self) -> Call[Run]:
        record = Record(str(self.marker), self.marker.digest, self.now())
        self.memory.write(record)
        self.memory.check()
        description = self.marker.append_to(self.description)
        try:
            started = yield from self.api.run_pipeline(self.pipeline_id, **self.body, description=description)
            run = Run(started.pipeline_run_id, started.queue_id)
        except PipelinesError as error:
            if not possibly_done(error):
                self.memory.write(Record(record.marker, record.digest, record.asked_at, refused=True))
                raise
            self.tell(f"{error} Looking whether it was started all the same.")
            run = yield from self._lost(record, error)
        self.memory.known(run)
        self.memory.write(Record(record.marker, record.digest, record.asked_at, run.id, run.queue_id))
        return run

    def _lost(self, record: Record, error: PipelinesError) -> Call[Run]:
        found = yield from self._search_until(record, self.now() + GRACE)
        if run := self._only(found, f" ({error})"):
            self.tell(f"found run {run.id} by its marker {record.marker}")
            # it is this attempt's own: if somebody cancels it, none is started in its place
            return replace(run, adopted=False)
        raise WatchFailed(
            f"it is not clear whether pipeline {self.pipeline_id} was started: {error} No run with the marker "
            f"{record.marker} was seen within {GRACE:g} s. No second request was sent; the next attempt looks again."
        )

    # what an earlier attempt may have left

    def _remembered(self, record: Record) -> Call[Run | None]:
        if record.refused:
            return None
        believed = record.asked_at + GRACE
        id = record.run_id
        if not id:
            found = yield from self._search_until(record, max(self.now(), believed))
            run = self._only(found)
            if run is None:
                return None
            id = run.id
        while True:
            observation = (yield from look_runs(self.api, self.pipeline_id, [id]))[id]
            if observation.status is not None or self.now() >= believed:
                break
            yield Sleep(PAUSE)
        if observation.status is None:
            return None
        run = Run(id, observation.facts.get("queue_id"), observation.status, adopted=True)
        if run.status == COMPLETED:
            return run if record.digest == self.marker.digest else None
        return (yield from self._active(run, record.digest))

    def _unremembered(self) -> Call[Run | None]:
        """
        Look for a run of this task instance that goes on; what has ended may have been reported.

        The attempt before may have been killed a moment ago, with its run not shown yet: so not one look tells.
        """
        until = self.now() + GRACE
        while True:
            found = yield from self._search_active()
            if found.mine or self.now() >= until:
                break
            yield Sleep(2 * PAUSE)
        run = self._only(found)
        if run is None:
            return None
        digest = next(marker.digest for marker, one in found.mine if one.id == run.id)
        return (yield from self._active(run, digest))

    def _active(self, run: Run, digest: str) -> Call[Run | None]:
        """Adopt a run that goes on; one that was asked for with other arguments has to end first."""
        until = self.now() + SETTLE
        while run.status not in ENDED:
            if digest == self.marker.digest:
                return run
            if self.now() >= until:
                raise WatchFailed(
                    f"run {run.id} of an earlier attempt was asked for with other arguments and is {run.status}. Stop "
                    "it (CodeArtsStopRunOperator) or let it end, then try again: there is never a second one beside it."
                )
            self.tell(
                f"run {run.id} of an earlier attempt has other arguments and is {run.status}; waiting for its end"
            )
            yield Sleep(PAUSE)
            observation = (yield from look_runs(self.api, self.pipeline_id, [run.id]))[run.id]
            if observation.status is None:
                return None
            run = Run(run.id, None, observation.status, adopted=True)
        return None

    # recognising runs

    def _only(self, found: _Found, why: str = "") -> Run | None:
        """Give the one run that is ours, or None if there is none."""
        runs = {run.id: run for _, run in found.mine}
        if len(runs) > 1:
            raise WatchFailed(
                f"several runs carry the marker of this task: {', '.join(runs)}. Stop all but one of them."
            )
        if not runs and found.unclear:
            raise WatchFailed(
                f"it is not clear whether a run of pipeline {self.pipeline_id} was started for this task. These may be "
                f"it, and do not show their description: {', '.join(found.unclear)}. None was started beside them.{why}"
            )
        return next(iter(runs.values()), None)

    def _search_until(self, record: Record, until: float) -> Call[_Found]:
        """Search for the run of a request until it is found, or for some time."""
        while True:
            found = yield from self._search(record)
            if found.mine or self.now() >= until:
                return found
            yield Sleep(PAUSE)

    def _search(self, record: Record) -> Call[_Found]:
        """Search for the run of a request among those that are not older than the request, by the server's clock."""
        found = _Found()
        since: float | None = None
        rows = yield from self.api.recent_runs(self.pipeline_id)
        for row in rows[:MOST_DETAILS]:
            if since is not None and row.start_time and row.start_time < since:
                break
            detail = yield from shown(self.api, self.pipeline_id, row.pipeline_run_id)
            if detail is None:
                found.unclear.append(row.pipeline_run_id)
            elif str(Marker.read(detail.description)) == record.marker:
                found.mine.append((self.marker, Run(detail.id, None, detail.status, adopted=True)))
            if since is None and detail is not None and detail.current_system_time:
                # the server's time of the request: its time now, less what has passed here
                since = detail.current_system_time - (self.now() - record.asked_at + TOLERANCE) * 1000
        listed = {row.pipeline_run_id for row in rows}
        for entry in (yield from self.api.list_pipeline_queue(self.pipeline_id)):
            late = since is None or not entry.enqueue_time or entry.enqueue_time >= since
            if late and entry.status not in ENDED and entry.pipeline_run_id not in listed:
                yield from self._recognise(
                    entry.pipeline_run_id, lambda marker: str(marker) == record.marker, found, entry.id
                )
        return found

    def _search_active(self) -> Call[_Found]:
        """Search for a run of this task instance, whichever attempt asked for it, among those that go on."""
        found = _Found()
        ids = yield from active_runs(self.api, self.pipeline_id)
        for id in ids[:MOST_DETAILS]:
            yield from self._recognise(id, lambda marker: marker.task == self.marker.task, found)
        found.unclear += ids[MOST_DETAILS:]
        return found

    def _recognise(
        self, id: str, ours: Callable[[Marker], bool], found: _Found, queue_id: int | None = None
    ) -> Call[None]:
        detail = yield from shown(self.api, self.pipeline_id, id)
        if detail is None:
            found.unclear.append(id)
        elif (marker := Marker.read(detail.description)) is not None and ours(marker):
            found.mine.append((marker, Run(id, queue_id, detail.status, adopted=True)))
