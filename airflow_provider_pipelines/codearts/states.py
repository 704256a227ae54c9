"""
What CodeArts's words mean for each verb.

https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html lists seven statuses of a run.
``INIT`` is seen at the very start. ``QUEUED`` and ``QUEUED_TIME_OUT`` are the queue's words, for runs that wait for
their turn; whatever else is shown counts as on its way.
"""

from __future__ import annotations

from airflow_provider_pipelines.core.verbs.goals import Goal, Verb

COMPLETED, RUNNING, FAILED, CANCELED = "COMPLETED", "RUNNING", "FAILED", "CANCELED"
PAUSED, SUSPEND, IGNORED = "PAUSED", "SUSPEND", "IGNORED"
INIT, QUEUED, QUEUED_TIME_OUT = "INIT", "QUEUED", "QUEUED_TIME_OUT"

#: the documented statuses of a run, which the list can be filtered by
STATUSES = (COMPLETED, RUNNING, FAILED, CANCELED, PAUSED, SUSPEND, IGNORED)
#: those of a run that goes on
ACTIVE = (RUNNING, PAUSED, SUSPEND)
#: a run that has not begun; it may wait in the queue
UNSTARTED = frozenset({INIT, QUEUED})
#: nothing follows, unless somebody has it retried
ENDED = frozenset({COMPLETED, FAILED, CANCELED, IGNORED, QUEUED_TIME_OUT})
#: a retry opens these again under the same id; while it waits for its turn, only the queue tells
REOPENABLE = frozenset({FAILED, CANCELED})

RUN = Verb(
    "run_pipeline",
    already=frozenset(),
    ready=frozenset(),
    goal=Goal("completed", frozenset({COMPLETED}), ENDED - {COMPLETED}),
    why={
        IGNORED: "It was over the limit of runs at once, which the pipeline ignores.",
        QUEUED_TIME_OUT: "It waited too long in the pipeline's queue.",
    },
)
#: nothing was started, since there are too many runs at once
_CAPACITY = frozenset({"DEVPIPE.00011104", "DEVPIPE.00011105"})
RETRY = Verb(
    "retry_pipeline_run",
    already=frozenset({COMPLETED}),
    # whether a cancelled run can be retried is for the service to say
    ready=frozenset({FAILED, CANCELED}),
    goal=RUN.goal,
    hopeless=frozenset({IGNORED, QUEUED_TIME_OUT}),
    under_way=frozenset(ACTIVE) | UNSTARTED,
    busy=_CAPACITY,
    why=RUN.why,
)
STOP = Verb(
    "stop_pipeline_run",
    already=ENDED,
    ready=frozenset({RUNNING, PAUSED, SUSPEND, INIT, QUEUED}),
    # whichever end it is: a run may end by itself while its stop is on the way
    goal=Goal("stopped", ENDED, lasting=True),
)

#: two words of ours for the field ``banned``
ENABLED, DISABLED = "ENABLED", "DISABLED"
ENABLE = Verb(
    "enable_pipeline",
    already=frozenset({ENABLED}),
    ready=frozenset({DISABLED}),
    goal=Goal("enabled", frozenset({ENABLED}), lasting=True),
)
DISABLE = Verb(
    "disable_pipeline",
    already=frozenset({DISABLED}),
    ready=frozenset({ENABLED}),
    goal=Goal("disabled", frozenset({DISABLED}), lasting=True),
)

#: kinds of steps that wait for a decision; the last one is by a plug-in that is not known
REVIEW, CHECKPOINT, DELAY, SUSPENSION, ANY = "review", "checkpoint", "delay", "suspension", "step"
#: the hook method for a decision, by the kind of step
OPERATIONS = {
    "pass": {
        REVIEW: "accept_manual_review",
        CHECKPOINT: "accept_checkpoint",
        DELAY: "accept_delay_job",
        ANY: "accept_manual_review",
    },
    "refuse": {
        REVIEW: "reject_manual_review",
        CHECKPOINT: "reject_checkpoint",
        DELAY: "reject_delay_job",
        ANY: "reject_manual_review",
    },
    "delay": {DELAY: "continue_delay_job", ANY: "continue_delay_job"},
    "resume": {SUSPENSION: "resume_pipeline", ANY: "resume_pipeline"},
}
_PASSED = frozenset({COMPLETED})
_REFUSED = frozenset({FAILED, CANCELED})
_LEFT_OUT = frozenset({"SKIPPED", IGNORED, "UNSELECTED", "ASYNC_FAILED", QUEUED_TIME_OUT})
#: statuses of a step that is over
FINISHED = _PASSED | _REFUSED | _LEFT_OUT
_WHY = {
    COMPLETED: "Somebody has passed it, or it had nothing to wait for.",
    FAILED: "It was refused, or its time was up.",
    CANCELED: "The run was stopped.",
}


def _review(name: str, goal: str, reached: frozenset[str], missed: frozenset[str]) -> Verb:
    ended = Goal(goal, reached, missed | _LEFT_OUT)
    return Verb(name, reached, frozenset({PAUSED}), ended, hopeless=missed | _LEFT_OUT, why=_WHY)


#: the verbs of a decision; the statuses are those of the step
DECISIONS = {
    "pass": _review("accept_manual_review", "passed", _PASSED, _REFUSED),
    "refuse": _review("reject_manual_review", "refused", _REFUSED, _PASSED),
    # how long it still waits is not shown: that the service agreed is all there is to see
    "delay": Verb(
        "continue_delay_job",
        already=frozenset(),
        ready=frozenset({PAUSED}),
        goal=Goal("delayed", frozenset({PAUSED, RUNNING, COMPLETED}), _REFUSED | _LEFT_OUT),
        hopeless=FINISHED,
        why=_WHY,
    ),
    "resume": Verb(
        "resume_pipeline",
        already=_PASSED,
        ready=frozenset({PAUSED, SUSPEND}),
        goal=Goal("resumed", _PASSED | {RUNNING}, _REFUSED | _LEFT_OUT),
        hopeless=_REFUSED | _LEFT_OUT,
        why=_WHY,
    ),
}

_REACHED = {
    COMPLETED: {COMPLETED},
    RUNNING: {RUNNING},
    FAILED: {FAILED},
    CANCELED: {CANCELED},
    # both wait for a human or a call; which of the two is shown depends on the plugin that waits
    PAUSED: {PAUSED, SUSPEND},
    SUSPEND: {SUSPEND},
    IGNORED: {IGNORED},
}
#: what a sensor waits for, by the status it is given; a run that has ended in another way has passed it by
SENSED = {word: Goal(word.lower(), frozenset(reached), ENDED - reached) for word, reached in _REACHED.items()}
