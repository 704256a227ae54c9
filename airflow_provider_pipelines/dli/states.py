"""
What DLI's words mean for each verb.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html lists them.
Words of a passage (``job_submitting``, ``job_downloading``, ``job_idle``, ...) and unknown ones are waited out.

SQL jobs and Spark batches have words of their own; whatever is no end is waited out:
https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_status.html
https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/querying_a_batch_job_status.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.verbs.goals import Goal, Verb
from airflow_provider_pipelines.errors import PipelinesError, SavepointMissing, WatchFailed, error_from_event

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.item import Item

INIT, RUNNING, FINISH = "job_init", "job_running", "job_finish"
STOPPED, STOP_FAILED = "job_cancel_success", "job_cancel_fail"
SUBMIT_FAILED, BROKEN = "job_submit_fail", "job_running_exception"
ARREARS = "job_arrearage_stopped"
SAVEPOINTING = "job_savepointing"
SUBMITTING, CANCELING, DOWNLOADING = "job_submitting", "job_canceling", "job_downloading"
RECOVERING = "job_arrearage_recovering"
PASSAGES = (
    SUBMITTING, CANCELING, SAVEPOINTING, DOWNLOADING, "job_idle", RECOVERING,
)  # fmt: skip
STATUSES = (INIT, RUNNING, FINISH, STOPPED, STOP_FAILED, SUBMIT_FAILED, BROKEN, ARREARS, *PASSAGES)

#: does not run, and does not begin to by itself
QUIET = frozenset({INIT, FINISH, STOPPED, SUBMIT_FAILED, BROKEN, ARREARS})

RUN = Verb(
    "batch_run_flink_jobs",
    already=frozenset({RUNNING}),
    ready=frozenset({INIT, SUBMIT_FAILED, BROKEN, STOPPED, FINISH}),
    # waiting would not change these two: the account has to be paid, the stop has to be tried again
    hopeless=frozenset({ARREARS, STOP_FAILED}),
    under_way=frozenset({SUBMITTING, DOWNLOADING, RECOVERING}),
    goal=Goal(
        "running",
        frozenset({RUNNING, FINISH}),
        frozenset({SUBMIT_FAILED, BROKEN, STOPPED, ARREARS}),
        # tells the end of this run from the end of the one before
        renewed_by="start_time",
    ),
    why={
        ARREARS: "The account is in arrears: once it is paid, the job is restored or can be run again.",
        STOP_FAILED: "Its last stop failed, so it may still be running: stop it again first.",
        STOPPED: "It was stopped meanwhile.",
    },
)
STOP = Verb(
    "batch_stop_flink_jobs",
    already=QUIET,
    ready=frozenset({RUNNING, STOP_FAILED}),
    under_way=frozenset({CANCELING}),
    # a service that is slow to show the stop leaves job_running for a while; back there from job_canceling is a failure
    goal=Goal("stopped", QUIET, frozenset({STOP_FAILED, RUNNING}), lasting=True),
    why={
        STOP_FAILED: "The stop failed, and the job may still be running: try again.",
        RUNNING: "The stop had no lasting effect.",
    },
)


def has_new_savepoint(item: Item) -> bool:
    """
    Tell whether the savepoint that was asked for is there.

    It is if the job has one and had none before, or has it in another place, or was seen making it.
    """
    made, first = item.made, item.first
    return made.get("has_savepoint") is True and (
        first.get("has_savepoint") is not True
        or made.get("savepoint_path") != first.get("savepoint_path")
        or SAVEPOINTING in item.passed
    )


def _unseen(item: Item) -> str:
    told, path = str(item.made.get("has_savepoint")).lower(), item.made.get("savepoint_path") or "none"
    return f", and the savepoint that was asked for was not seen (has_savepoint {told}, path {path})"


def savepoint_seen(item: Item) -> PipelinesError | None:
    """Say what is missing of a stop that was asked for a savepoint."""
    if has_new_savepoint(item):
        return None
    return SavepointMissing(
        f"{item.id} is {item.known}{_unseen(item)}. Look into the folder jobs/savepoint/{item.id} of its OBS bucket "
        "before you start it. From Flink 1.15 on a job needs an agency for its savepoints."
    )


STOP_WITH_SAVEPOINT = replace(
    STOP,
    # a stop that is under way may make none: only its end tells
    under_way=frozenset(),
    confirm=savepoint_seen,
    already_note=" No savepoint was asked for, since only a running job can make one.",
    why={**STOP.why, RUNNING: "The savepoint failed, and the job was left running."},
)

#: our word for a job that there is not
GONE = "gone"
DELETE = Verb(
    "batch_delete_flink_jobs",
    already=frozenset({GONE}),
    # "a job in any state can be deleted"
    ready=frozenset(STATUSES),
    # DLI deletes a job and may keep its record; a record as it was before is believed after the grace time only, and
    # no fact of this name tells it from a job that is still there
    goal=Goal("deleted", QUIET | {GONE}, renewed_by=GONE),
    already_note=" There is no such job.",
)

#: a fact that differs as soon as a job has another savepoint
SAVEPOINT_MARK = "savepoint_mark"


def savepoint_made(item: Item) -> PipelinesError | None:
    """Say what is missing of a savepoint that a running job was asked for."""
    if has_new_savepoint(item):
        return None
    return WatchFailed(
        f"{item.id} is {item.known} again{_unseen(item)}. Look into the folder, and whether DLI may write there; from "
        "Flink 1.15 on a job needs an agency for its savepoints."
    )


_ENDED_FIRST = "Only a running job can make a savepoint."
TRIGGER_SAVEPOINT = Verb(
    "execute_flink_job_savepoint",
    already=frozenset(),
    ready=frozenset({RUNNING}),
    hopeless=QUIET | {STOP_FAILED},
    # it runs all the time: only another savepoint, or job_savepointing in between, tells that something happened
    goal=Goal("running with a new savepoint", frozenset({RUNNING}), QUIET, lasting=True, renewed_by=SAVEPOINT_MARK),
    confirm=savepoint_made,
    why=dict.fromkeys((*QUIET, STOP_FAILED), _ENDED_FIRST),
)


def answered(item: Item) -> PipelinesError | None:
    """Give the error of a write whose answer tells all there is to know, if that answer was lost."""
    return error_from_event(item.unclear) if item.unclear is not None else None


_SETTLED = QUIET | {RUNNING, STOP_FAILED}
IMPORT_SAVEPOINT = Verb(
    "import_flink_job_savepoint",
    already=frozenset(),
    ready=QUIET,
    hopeless=frozenset({RUNNING, STOP_FAILED}),
    # the answer is all: whether a job shows an imported savepoint is not documented
    goal=Goal("imported", QUIET, frozenset({RUNNING})),
    confirm=answered,
    why={
        RUNNING: "Only a job that does not run takes in a savepoint: stop it first.",
        STOP_FAILED: "Its last stop failed, so it may still be running: stop it again first.",
    },
)
UPDATE_SQL = Verb(
    "update_flink_sql_job",
    already=frozenset(),
    # which fields a running job takes is for DLI to say
    ready=_SETTLED,
    goal=Goal("updated", _SETTLED),
    confirm=answered,
)
UPDATE_JAR = replace(UPDATE_SQL, name="update_flink_jar_job")
CREATE_SQL = Verb("create_flink_sql_job", frozenset(), frozenset(), Goal("created", frozenset({INIT})))
CREATE_JAR = replace(CREATE_SQL, name="create_flink_jar_job")
#: what makes a job, where the other verbs are about one that there is
CREATES = (CREATE_SQL, CREATE_JAR)

_ENDED = frozenset({FINISH, SUBMIT_FAILED, BROKEN, STOPPED, ARREARS})
#: what a sensor waits for, by the status it is given; another end than the wanted one is a target passed by
SENSED = {
    **{status: Goal(status, frozenset({status})) for status in STATUSES},
    RUNNING: Goal(RUNNING, frozenset({RUNNING}), _ENDED),
    FINISH: Goal(FINISH, frozenset({FINISH}), _ENDED - {FINISH}),
    STOPPED: Goal(STOPPED, frozenset({STOPPED}), (_ENDED | {STOP_FAILED}) - {STOPPED}),
}

FINISHED, FAILED, CANCELLED = "FINISHED", "FAILED", "CANCELLED"
#: what the vendor's SDK documents for the status call, where all else has FINISHED
SQL_FINISH = "FINISH"
#: SCALING is in the list's description only
SQL_ACTIVE = ("LAUNCHING", "RUNNING", "SCALING")
SQL_GOOD = frozenset({FINISHED, SQL_FINISH})
SQL_ENDED = SQL_GOOD | {FAILED, CANCELLED}

SUCCESS, DEAD = "success", "dead"
SPARK_ACTIVE = ("starting", "running", "recovering")
SPARK_GOOD = frozenset({SUCCESS})
#: a batch that was cancelled has no word of its own: it is dead
SPARK_ENDED = SPARK_GOOD | {DEAD}

SUBMIT = Verb(
    "submit_sql_job",
    already=frozenset(),
    ready=frozenset(),
    goal=Goal("finished", SQL_GOOD, SQL_ENDED - SQL_GOOD),
    why={CANCELLED: "Somebody cancelled it, or its own time limit did."},
)
CREATE = Verb(
    "create_spark_batch",
    already=frozenset(),
    ready=frozenset(),
    goal=Goal("successful", SPARK_GOOD, SPARK_ENDED - SPARK_GOOD),
    why={DEAD: "It failed or was cancelled, or found no resources for about three hours."},
)


def _sensed(words: tuple[str, ...], ended: frozenset[str]) -> dict[str, Goal]:
    """Make the goal for each word; another end than the wanted one is a target passed by."""
    return {word: Goal(word, frozenset({word}), ended - {word}) for word in words}


#: what a sensor waits for, by the status it is given
SQL_SENSED = {
    **_sensed((*SQL_ACTIVE, FAILED, CANCELLED), SQL_ENDED),
    FINISHED: Goal(FINISHED, SQL_GOOD, SQL_ENDED - SQL_GOOD),
}
SPARK_SENSED = _sensed((*SPARK_ACTIVE, SUCCESS, DEAD), SPARK_ENDED)
