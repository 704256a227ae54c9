"""What takes several calls about SQL jobs: looking at them, ending them, starting one only once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.clock import TOLERANCE
from airflow_provider_pipelines.core.http.paging import Rows, first_page
from airflow_provider_pipelines.core.verbs.looking import cancel_each, look_each, shown
from airflow_provider_pipelines.core.verbs.marker import Marker
from airflow_provider_pipelines.core.verbs.observation import Observation
from airflow_provider_pipelines.core.verbs.once import Run, Source
from airflow_provider_pipelines.dli.api.replies import told
from airflow_provider_pipelines.dli.api.sql.bodies import tag_list
from airflow_provider_pipelines.dli.api.sql.jobs import job_of
from airflow_provider_pipelines.dli.states import FINISHED, SQL_ACTIVE, SQL_ENDED, SQL_GOOD
from airflow_provider_pipelines.errors import ArgumentError

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.http.calls import Call
    from airflow_provider_pipelines.dli.api.sql.jobs import SqlApi
    from airflow_provider_pipelines.dli.api.sql.models import SqlJob

#: the key of the tag that a job of ours carries; its value fits the older limits of a tag too
TAG = "airflow"
#: up to this many jobs are read one by one; of more, those that go on are read from the list
SINGLY = 3


def observation(job: SqlJob) -> Observation:
    """Give what an outcome tells of a job: small, and words of the service only where it failed."""
    facts: dict[str, Any] = {"job_id": job.job_id, "job_type": job.job_type}
    if job.status in SQL_GOOD:
        facts["result_path"] = job.result_path or None
    elif job.status in SQL_ENDED and (reason := told(job.message)[1]):
        facts["status_desc"] = reason
    return Observation(job.status, facts)


def active_sql_jobs(api: SqlApi) -> Call[list[SqlJob]]:
    """Give the jobs that go on: those with a documented word for it, and others among the latest."""
    rows = yield from _going(api)
    return [job for row in rows.values() if (job := job_of(row)).status not in SQL_ENDED]


def _going(api: SqlApi) -> Call[Rows]:
    found: Rows = {}
    for word in SQL_ACTIVE:
        found |= yield from (yield from api.sql_listing((("job-status", word),))).read()
    return found | (yield from (yield from api.sql_listing()).search(first_page))


def look_sql_jobs(api: SqlApi, ids: Sequence[str]) -> Call[dict[str, Observation]]:
    """Look at jobs: few of them singly; of more, those that go on by the list, and the rest singly."""
    rows = (yield from _going(api)) if len(ids) > SINGLY else {}

    def look(id: str) -> Call[Observation]:
        if id in rows and (job := job_of(rows[id])).status not in SQL_ENDED:
            return observation(job)
        return observation((yield from api.show_sql_job_status(id)))

    return (yield from look_each(ids, look))


def cancel_sql_jobs(api: SqlApi, ids: Sequence[str]) -> Call[None]:
    """Cancel jobs; those that have ended meanwhile count as cancelled."""

    def ended(id: str) -> Call[bool]:
        return (yield from api.show_sql_job_status(id)).status in SQL_ENDED

    yield from cancel_each(ids, api.cancel_sql_job, ended)


def marked_tags(tags: Any, marker: Marker | None = None) -> list[dict[str, str]]:
    """
    Give an author's tags and, behind them, that of the marker.

    :raises ArgumentError: the author uses the key that the marker needs
    """
    own = tag_list(tags) if tags is not None else []
    if any(tag["key"] == TAG for tag in own):
        raise ArgumentError("tags", f"the key {TAG!r} is needed to find the job again. Take another one.")
    return [*own, {"key": TAG, "value": marker.word}] if marker is not None else own


class SqlSource(Source):
    """
    Starts SQL jobs and finds them again, by a tag.

    :param body: arguments of ``submit_sql_job``
    """

    noun = "SQL job"
    ended = SQL_ENDED
    good = SQL_GOOD
    remedy = "Cancel it in DLI or let it end"

    def __init__(self, api: SqlApi, body: Mapping[str, Any]) -> None:
        self._api = api
        self._body = dict(body)

    def start(self, marker: Marker) -> Call[Run]:
        """Submit the statement."""
        given = {**self._body, "tags": marked_tags(self._body.get("tags"), marker)}
        answer = yield from self._api.submit_sql_job(**given)
        return Run(answer.job_id) if answer.job_id else Run("", FINISHED)

    def status(self, id: str) -> Call[str | None]:
        """Give the status of a job."""
        return (yield from shown(id, self._status, self._listed))

    def _status(self, id: str) -> Call[str]:
        return (yield from self._api.show_sql_job_status(id)).status

    def _listed(self, id: str) -> Call[str | None]:
        rows = yield from (yield from self._api.sql_listing((("job-id", id),))).read()
        return job_of(rows[id]).status if id in rows else None

    def recent(self, since: float) -> Call[list[Run]]:
        """Give the jobs that began after a time."""
        start = ("start", str(int((since - TOLERANCE) * 1000)))
        rows = yield from (yield from self._api.sql_listing((start,))).read()
        jobs = [job_of(row) for row in rows.values()]
        return [self._run(job) for job in jobs if not job.start_time or job.start_time >= int(start[1])]

    def active(self) -> Call[list[Run]]:
        """Give the jobs that go on."""
        return [self._run(job) for job in (yield from active_sql_jobs(self._api))]

    def _run(self, job: SqlJob) -> Run:
        words = [tag.value for tag in job.tags or () if tag.key == TAG]
        marker = Marker.parse(words[0]) if words else None
        alike = (job.statement or "").strip() == self._body["sql"].strip() if job.statement else True
        return Run(job.job_id, job.status, marker, doubtful=job.tags is None and alike)
