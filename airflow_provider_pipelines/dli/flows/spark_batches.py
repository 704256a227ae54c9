"""What takes several calls about Spark batches: looking at them, ending them, starting one only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.clock import TOLERANCE
from airflow_provider_pipelines.core.http.paging import Rows, first_page
from airflow_provider_pipelines.core.verbs.looking import cancel_each, look_each, shown
from airflow_provider_pipelines.core.verbs.marker import LONGEST_WORD, Marker
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.core.verbs.once import Run, Source
from airflow_provider_pipelines.dli.api.replies import LONGEST_TEXT
from airflow_provider_pipelines.dli.api.spark.batches import batch_of
from airflow_provider_pipelines.dli.states import DEAD, SPARK_ACTIVE, SPARK_ENDED, SPARK_GOOD
from airflow_provider_pipelines.errors import PipelinesError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.dli.api.spark.batches import SparkApi
    from airflow_provider_pipelines.dli.api.spark.models import SparkBatch

#: up to this many batches are read one by one; of more, those that go on are read from the list
SINGLY = 3
_PREFIX = "airflow-"
#: characters of a name that the marker and the hyphen before it need
ROOM = 1 + len(_PREFIX) + LONGEST_WORD
#: lines of the log that a failure shows
LAST_LINES = 10


def word(state: str) -> str:
    """Write a state as it is documented: in small letters, which not every sample has."""
    return state.strip().lower()


def observation(batch: SparkBatch, log: Sequence[str] = ()) -> Observation:
    """Give what an outcome tells of a batch: small, and lines of its log only where it failed."""
    facts: dict[str, Any] = {"batch_id": batch.id}
    state = word(batch.state)
    if state in SPARK_ENDED:
        facts["app_id"] = batch.appId or None
    if state == DEAD and (lines := [line.rstrip() for line in log if line.strip()][-LAST_LINES:]):
        # the end of a log says what happened
        facts["status_desc"] = f"last lines of its log: {' | '.join(lines)[-LONGEST_TEXT:]}"
    return Observation(state, facts)


def active_batches(api: SparkApi) -> Call[list[SparkBatch]]:
    """Give the batches that go on: those with a documented word for it, and others among the first that are listed."""
    rows = yield from _going(api)
    return [batch for row in rows.values() if word((batch := batch_of(row)).state) not in SPARK_ENDED]


def _going(api: SparkApi) -> Call[Rows]:
    found: Rows = {}
    for state in SPARK_ACTIVE:
        found |= yield from (yield from api.spark_listing((("state", state),))).read()
    return found | (yield from (yield from api.spark_listing()).search(first_page))


def look_batches(api: SparkApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look at batches: few of them singly; of more, those that go on by the list, and the rest singly."""
    rows = (yield from _going(api)) if len(ids) > SINGLY else {}

    def look(id: str) -> Call[Observation]:
        if id in rows and word((listed := batch_of(rows[id])).state) not in SPARK_ENDED:
            return observation(listed)
        batch = yield from api.show_spark_batch(id)
        log: Sequence[str] = batch.log
        if word(batch.state) == DEAD and not log:
            log = yield from _last_lines(api, id)
        return observation(batch, log)

    return (yield from look_each(ids, look))


def _last_lines(api: SparkApi, id: str) -> Call[Sequence[str]]:
    try:
        return (yield from api.show_spark_batch_log(id, type="driver")).log
    except PipelinesError:
        return ()  # that it is dead is what counts


def cancel_batches(api: SparkApi, ids: Sequence[str]) -> Call[None]:
    """Cancel batches; those that have ended meanwhile count as cancelled."""

    def ended(id: str) -> Call[bool]:
        return word((yield from api.show_spark_batch_state(id)).state) in SPARK_ENDED

    yield from cancel_each(ids, api.cancel_spark_batch, ended)


def marked_name(name: str | None, marker: Marker) -> str:
    """Write the marker behind an author's name."""
    return f"{name}-{_PREFIX}{marker.word}" if name else f"{_PREFIX}{marker.word}"


class SparkSource(Source):
    """
    Starts Spark batches and finds them again, by the end of their name.

    :param body: arguments of ``create_spark_batch``
    """

    noun = "Spark batch"
    ended = SPARK_ENDED
    good = SPARK_GOOD
    remedy = "Cancel it in DLI or let it end"

    def __init__(self, api: SparkApi, body: Mapping[str, Any]) -> None:
        self._api = api
        self._body = dict(body)

    def start(self, marker: Marker) -> Call[Run]:
        """Create the batch."""
        given = {**self._body, "name": marked_name(self._body.get("name"), marker)}
        batch = yield from self._api.create_spark_batch(**given)
        return Run(batch.id)

    def status(self, id: str) -> Call[str | None]:
        """Give the state of a batch."""
        return (yield from shown(id, self._state, self._listed))

    def _state(self, id: str) -> Call[str]:
        return word((yield from self._api.show_spark_batch_state(id)).state)

    def _listed(self, id: str) -> Call[str | None]:
        rows = yield from (yield from self._api.spark_listing((("job-id", id),))).read()
        return word(batch_of(rows[id]).state) if id in rows else None

    def recent(self, since: float) -> Call[list[Run]]:
        """Give the batches that were created after a time."""
        start = ("start", str(int((since - TOLERANCE) * 1000)))
        rows = yield from (yield from self._api.spark_listing((start,))).read()
        batches = [batch_of(row) for row in rows.values()]
        return [_run(batch) for batch in batches if not batch.create_time or batch.create_time >= int(start[1])]

    def active(self) -> Call[list[Run]]:
        """Give the batches that go on."""
        return [_run(batch) for batch in (yield from active_batches(self._api))]


def _run(batch: SparkBatch) -> Run:
    marker = Marker.read(batch.name) or Marker.read(batch.req_body)
    # an empty name is one: what was created for a task always has one
    return Run(batch.id, word(batch.state), marker, doubtful=batch.name is None and not batch.req_body)
