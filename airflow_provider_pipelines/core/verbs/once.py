"""
How a run is asked for once, although the service has no means against a second request.

What was asked for is remembered where Airflow has a store; where it has none, or the answer was lost, the marker that
each request carries finds the run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.core.http.retry import possibly_done
from airflow_provider_pipelines.core.verbs.marker import Marker, Record
from airflow_provider_pipelines.core.verbs.observation import GRACE
from airflow_provider_pipelines.errors import PipelinesError, WatchFailed

#: seconds that a run which is in the way, or is being cancelled by an attempt that was killed, is given to end
SETTLE = 120.0
#: seconds between two looks for a run
PAUSE = 5.0
#: candidates that a message names at most
_NAMED = 10
_SOMEBODYS = (
    "carry its marker, but another Airflow may have the same DAG, and the Variable pipelines_installation, which tells "
    "them apart, could not be read or written"
)


@dataclass(frozen=True, slots=True)
class Run:
    """
    A run that a service shows.

    :param id: its id; empty for what a service carried out at once without making a run of it
    :param marker: the marker that it carries, or None
    :param doubtful: whether it may be ours and does not show whether it carries a marker
    :param adopted: whether an earlier attempt has asked for it
    :param made: what else is told of it, for instance its number in a queue
    """

    id: str
    status: str | None = None
    marker: Marker | None = None
    doubtful: bool = False
    adopted: bool = False
    made: Mapping[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """
    What a service offers to start a run and to find it again.

    :param noun: what it is, in a word
    :param ended: statuses after which nothing follows
    :param good: the one or those of them that were wanted
    :param remedy: what a person does about a run that is in the way
    """

    noun: str
    ended: frozenset[str]
    good: frozenset[str]
    remedy: str

    def start(self, marker: Marker) -> Call[Run]:
        """Ask for the run, marked."""

    def status(self, id: str) -> Call[str | None]:
        """Give the status of a run, or None if there is none with this id."""

    def made(self, id: str) -> Mapping[str, Any]:
        """Give what else the last look has shown of a run, for instance its number in a queue."""
        return {}

    def recent(self, since: float) -> Call[Iterable[Run]]:
        """Give the runs that began after a Unix time, by the server's clock or a little before."""

    def active(self) -> Call[Iterable[Run]]:
        """Give the runs that go on."""


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


@dataclass(frozen=True, slots=True)
class SingleStart:
    """
    A run that is wanted, at most once.

    :param source: starts and finds runs
    :param marker: says for whom, for what and in which attempt
    :param now: gives Unix time
    :param tell: receives lines for the log
    """

    source: Source
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
            self.tell(f"{self._named(run.id)} of an earlier attempt is {run.status}; it is taken over, none is started")
            run = replace(run, adopted=True, made={**run.made, **self.source.made(run.id)})
            self.memory.known(run)
            return run
        return (yield from self._ask())

    def _named(self, id: str) -> str:
        return f"{self.source.noun} {id}"

    def _ask(self) -> Call[Run]:
        record = Record(self.marker.word, self.marker.digest, self.now())
        self.memory.write(record)
        self.memory.check()
        try:
            run = yield from self.source.start(self.marker)
        except PipelinesError as error:
            if not possibly_done(error):
                self.memory.write(replace(record, refused=True))
                raise
            self.tell(f"{error} Looking whether it was started all the same.")
            run = yield from self._lost(record, error)
        self.memory.known(run)
        self.memory.write(replace(record, run_id=run.id))
        return run

    def _lost(self, record: Record, error: PipelinesError) -> Call[Run]:
        run = yield from self._search(record, self.now() + GRACE, f" ({error})")
        if run is not None:
            self.tell(f"found {self._named(run.id)} by its marker {record.marker}")
            return run
        raise WatchFailed(
            f"it is not clear whether a {self.source.noun} was started: {error} None with the marker {record.marker} "
            f"was seen within {GRACE:g} s. No second request was sent; the next attempt looks again."
        )

    # what an earlier attempt may have left

    def _remembered(self, record: Record) -> Call[Run | None]:
        if record.refused:
            return None
        believed = record.asked_at + GRACE
        id = record.run_id
        if not id:
            run = yield from self._search(record, max(self.now(), believed))
            if run is None:
                return None
            id = run.id
        while (status := (yield from self.source.status(id))) is None and self.now() < believed:
            yield Sleep(PAUSE)
        if status is None:
            return None
        wanted = record.digest == self.marker.digest and not record.cancelled
        if status in self.source.good:
            return Run(id, status) if wanted else None
        return (yield from self._active(Run(id, status), wanted=wanted))

    def _unremembered(self) -> Call[Run | None]:
        """
        Look for a run of this task instance that goes on; what has ended may have been reported.

        The attempt before may have been killed a moment ago, with its run not shown yet: so not one look tells.
        """
        until = self.now() + GRACE
        while True:
            found = [run for run in (yield from self.source.active()) if run.status not in self.source.ended]
            late = self.now() >= until
            run = self._only(found, self.marker.same_task, doubts=late)
            if run is not None or late:
                break
            yield Sleep(2 * PAUSE)
        if run is None or run.marker is None:
            return None
        return (yield from self._active(run, wanted=run.marker.digest == self.marker.digest))

    def _active(self, run: Run, *, wanted: bool) -> Call[Run | None]:
        """Adopt a run that goes on; one that was cancelled or asked for with other arguments has to end first."""
        until = self.now() + SETTLE
        status = run.status
        while status is not None and status not in self.source.ended:
            if wanted:
                return replace(run, status=status)
            named = f"{self._named(run.id)} of an earlier attempt"
            if self.now() >= until:
                raise WatchFailed(
                    f"{named} was asked for with other arguments, or cancelled, and is {status}. {self.source.remedy}, "
                    "then try again: there is never a second one beside it."
                )
            self.tell(f"{named} has other arguments, or was cancelled, and is {status}; waiting for its end")
            yield Sleep(PAUSE)
            status = yield from self.source.status(run.id)
        return None

    # recognising runs

    def _search(self, record: Record, until: float, why: str = "") -> Call[Run | None]:
        """Search for the run of a request until it is found, or for some time."""
        asked = Marker.parse(record.marker) or self.marker
        while True:
            found = yield from self.source.recent(record.asked_at)
            late = self.now() >= until
            run = self._only(found, lambda marker: marker == asked and asked.same_task(marker), why, doubts=late)
            if run is not None or late:
                return run
            yield Sleep(PAUSE)

    def _only(
        self, found: Iterable[Run], ours: Callable[[Marker], bool | None], why: str = "", *, doubts: bool = True
    ) -> Run | None:
        """Give the one run that is ours, or None if there is none."""
        told = [(run, run.marker is not None and ours(run.marker)) for run in found]
        runs = {run.id: run for run, is_ours in told if is_ours}
        if len(runs) > 1:
            raise WatchFailed(
                f"several carry the marker of this task: {_listed(runs)}. {self.source.remedy}: all but one."
            )
        for ids, how in (
            ([run.id for run, is_ours in told if is_ours is None], _SOMEBODYS),
            ([run.id for run, _ in told if run.doubtful], "may be it, and do not show their marker"),
        ):
            if ids and doubts and not runs:
                raise WatchFailed(
                    f"it is not clear whether a {self.source.noun} was started for this task. These {how}: "
                    f"{_listed(ids)}. None was started beside them.{why}"
                )
        return next(iter(runs.values()), None)


def _listed(ids: Iterable[str]) -> str:
    named = list(ids)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}"
