"""
What DLI's words mean for each verb.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/flink_job-related_apis/querying_job_details.html lists them.
Words of a passage (``job_submitting``, ``job_downloading``, ``job_idle``, ...) and unknown ones are waited out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_pipelines.core.goals import Goal, Verb
from airflow_provider_pipelines.errors import PipelinesError, SavepointMissing

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.work import Item

INIT, RUNNING, FINISH = "job_init", "job_running", "job_finish"
STOPPED, STOP_FAILED = "job_cancel_success", "job_cancel_fail"
SUBMIT_FAILED, BROKEN = "job_submit_fail", "job_running_exception"
ARREARS = "job_arrearage_stopped"
SAVEPOINTING = "job_savepointing"
PASSAGES = (
    "job_submitting", "job_canceling", SAVEPOINTING, "job_downloading", "job_idle", "job_arrearage_recovering",
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
    # a service that is slow to show the stop leaves job_running for a while; back there from job_canceling is a failure
    goal=Goal("stopped", QUIET, frozenset({STOP_FAILED, RUNNING}), lasting=True),
    why={
        STOP_FAILED: "The stop failed, and the job may still be running: try again.",
        RUNNING: "The stop had no lasting effect.",
    },
)


def savepoint_seen(item: Item) -> PipelinesError | None:
    """
    Tell whether the savepoint that a stop was asked for is there.

    It is if the job has one and had none before, or has it in another place, or was seen making it.
    """
    made, first = item.made, item.first
    if made.get("has_savepoint") is True and (
        first.get("has_savepoint") is not True
        or made.get("savepoint_path") != first.get("savepoint_path")
        or SAVEPOINTING in item.passed
    ):
        return None
    return SavepointMissing(
        f"{item.id} is {item.known}, and the savepoint that was asked for was not seen (has_savepoint "
        f"{str(made.get('has_savepoint')).lower()}, path {made.get('savepoint_path') or 'none'}). Look into the folder "
        f"jobs/savepoint/{item.id} of its OBS bucket before you start it. From Flink 1.15 on a job needs an agency for "
        "its savepoints."
    )


STOP_WITH_SAVEPOINT = replace(
    STOP,
    confirm=savepoint_seen,
    already_note=" No savepoint was asked for, since only a running job can make one.",
    why={**STOP.why, RUNNING: "The savepoint failed, and the job was left running."},
)

_ENDED = frozenset({FINISH, SUBMIT_FAILED, BROKEN, STOPPED, ARREARS})
#: what a sensor waits for, by the status it is given; another end than the wanted one is a target passed by
SENSED = {
    **{status: Goal(status, frozenset({status})) for status in STATUSES},
    RUNNING: Goal(RUNNING, frozenset({RUNNING}), _ENDED),
    FINISH: Goal(FINISH, frozenset({FINISH}), _ENDED - {FINISH}),
    STOPPED: Goal(STOPPED, frozenset({STOPPED}), (_ENDED | {STOP_FAILED}) - {STOPPED}),
}
