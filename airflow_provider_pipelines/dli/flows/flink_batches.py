"""
Sending a batch so that each job gets its own answer.

A batch's answer names no job and promises neither order nor length. So whatever is not plainly accepted is found
out by reading each job again; the place of an element is used for its text at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.dli.api.replies import Delivery, refusal
from airflow_provider_pipelines.dli.flows.flink_jobs import look_flink_jobs, read_flink_jobs
from airflow_provider_pipelines.errors import (
    ApiError,
    ArgumentError,
    Conflict,
    InvalidRequest,
    MalformedReply,
    NotFound,
    PipelinesError,
    QuotaExceeded,
)

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.observation import Observation
    from airflow_provider_pipelines.dli.api.flink.jobs import FlinkJobsApi

#: jobs in one call; DLI documents no limit, and this is what its list gives at once
LARGEST_BATCH = 100
#: seconds between looks while it is not clear which jobs of a batch were refused: the grace time in all
PAUSES = (0.0, 2.0, 4.0, 8.0, 16.0)

Answers = dict[str, PipelinesError | None]
Look = Callable[["FlinkJobsApi", Sequence[str]], "Call[Mapping[str, Observation]]"]


class Batch:
    """
    One of the batch calls, for some jobs.

    :param operation: the hook method that makes it
    :param before: the status of each job before, by id
    :param flags: further members of the body
    """

    def __init__(self, api: FlinkJobsApi, operation: str, before: Mapping[str, str | None], **flags: bool) -> None:
        self._api = api
        self._look_at: Look = look_flink_jobs
        self._operation = operation
        self._before = before
        self._flags = flags

    def deliver(self, look: Look | None = None) -> Call[Answers]:
        """
        Send it: gives, for each job, None (accepted) or the error.

        :param look: how to look at the jobs, where one that is gone has to have a status, too
        """
        self._look_at = look or self._look_at
        ids = list(self._before)
        answers: Answers = {}
        for start in range(0, len(ids), LARGEST_BATCH):
            answers.update((yield from self._deliver(ids[start : start + LARGEST_BATCH])))
        return answers

    def _deliver(self, ids: Sequence[str]) -> Call[Answers]:
        if len(ids) == 1:
            return {ids[0]: (yield from self._alone(ids[0]))}
        try:
            elements = yield from self._send(ids)
        except PipelinesError as error:
            if not _refused(error):
                return dict.fromkeys(ids, error)
            return (yield from self._singly(ids, error))
        count = sum(not element.is_success for element in elements)
        if not count:
            return dict.fromkeys(ids)
        return (yield from self._find_out(ids, elements, count if len(elements) == len(ids) else 0))

    def _send(self, ids: Sequence[str]) -> Call[list[Delivery]]:
        return (yield from self._api.send_batch(self._operation, [int(id) for id in ids], **self._flags))

    def _alone(self, id: str) -> Call[PipelinesError | None]:
        """Send it for one job, whose answer this is then."""
        try:
            elements = yield from self._send([id])
        except PipelinesError as error:
            if not _refused(error) or isinstance(error, NotFound):
                return error
            no: ApiError = error
        else:
            refused = [element for element in elements if not element.is_success]
            if not refused:
                return None
            no = self._refusal(refused[0])
        status = (yield from self._look([id])).get(id)
        if status in (None, self._before[id]) or not _refused(no):
            return no
        # somebody else moved it meanwhile: refused for that reason, so look again and decide anew
        return Conflict(
            no.problem, state=status, service=no.service, operation=no.operation, method=no.method, path=no.path,
            status=no.status, code=no.code, request_id=no.request_id,
        )  # fmt: skip

    def _singly(self, ids: Sequence[str], error: PipelinesError) -> Call[Answers]:
        """Read all jobs of a batch that was refused as a whole; send those that are as before one by one, once."""
        seen = yield from self._look(ids)
        answers: Answers = {}
        for id in ids:
            if id not in seen:
                answers[id] = error
            elif seen[id] != self._before[id]:
                answers[id] = None
            else:
                answers[id] = yield from self._alone(id)
        return answers

    def _find_out(self, ids: Sequence[str], elements: Sequence[Delivery], count: int) -> Call[Answers]:
        """
        Look which jobs were refused where some were.

        :param count: how many were, or 0 where the number of elements does not tell
        """
        texts = list(dict.fromkeys(element.message or "" for element in elements if not element.is_success))
        same: list[str] = list(ids)
        for pause in PAUSES:
            yield Sleep(pause)
            seen = yield from self._look(same)
            same = [id for id in same if seen.get(id, self._before[id]) == self._before[id]]
            if len(same) <= count:
                break
        answers: Answers = dict.fromkeys(ids)
        if not count and not any(element.is_success for element in elements):
            no = self._refusal(Delivery(is_success=False, message="; ".join(texts)))
            answers.update((yield from self._singly(same, no)) if same else {})
        elif count and len(same) <= count:
            for id in same:
                own = elements[ids.index(id)]
                told = own if not own.is_success else Delivery(is_success=False, message="; ".join(texts))
                answers[id] = self._refusal(told)
        else:
            no = self._refusal(Delivery(is_success=False))
            doubt = MalformedReply(
                f"some of {len(ids)} jobs were refused, and it cannot be told which: {'; '.join(texts)}",
                service=no.service, operation=no.operation, method=no.method, path=no.path, status=no.status,
            )  # fmt: skip
            answers.update(dict.fromkeys(same, doubt))
        return answers

    def _look(self, ids: Sequence[str]) -> Call[dict[str, str]]:
        """Give the status of each job that can be read."""
        try:
            observations = yield from self._look_at(self._api, ids)
        except PipelinesError:
            return {}
        return {id: observation.status for id, observation in observations.items() if observation.status is not None}

    def _refusal(self, element: Delivery) -> ApiError:
        return refusal(element, self._operation)


def _refused(error: PipelinesError) -> TypeGuard[ApiError]:
    """Tell whether a batch was refused for what it asks, not for who asks, and was certainly not carried out."""
    return isinstance(error, InvalidRequest | NotFound | Conflict | QuotaExceeded)


def without_savepoint(facts: Mapping[str, Mapping[str, Any]]) -> Answers:
    """Give the error for each job that cannot go on from a savepoint, since it has none."""
    return {
        id: ArgumentError(
            "resume_savepoint",
            f"job {id} has no savepoint, so nothing was sent for it. Run it with resume_savepoint=False for a clean "
            "start, or import a savepoint first.",
        )
        for id, known in facts.items()
        if known.get("has_savepoint") is not True
    }


def without_bucket(api: FlinkJobsApi, ids: Sequence[str]) -> Call[Answers]:
    """Give the error for each job that cannot make a savepoint, since it has no bucket for it, or cannot be read."""
    answers: Answers = {}
    for id, job in (yield from read_flink_jobs(api, ids)).items():
        if isinstance(job, PipelinesError):
            answers[id] = job
        elif not (job.job_config is not None and job.job_config.obs_bucket):
            answers[id] = ArgumentError(
                "trigger_savepoint",
                f"job {id} has no obs_bucket, so there is no place for a savepoint and nothing was sent for it. Give "
                "the job a bucket (obs_bucket), or stop it with trigger_savepoint=False.",
            )
    return answers
