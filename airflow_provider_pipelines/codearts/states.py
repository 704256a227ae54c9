"""
What CodeArts's words mean for each verb.

https://support.huaweicloud.com/intl/en-us/api-pipeline/ShowPipelineRunDetail.html lists seven statuses of a run.
``INIT`` is seen at the very start. ``QUEUED`` and ``QUEUED_TIME_OUT`` are the queue's words, for runs that wait for
their turn; whatever else is shown counts as on its way.
"""

from __future__ import annotations

from airflow_provider_pipelines.core.goals import Goal, Verb

COMPLETED, RUNNING, FAILED, CANCELED = "COMPLETED", "RUNNING", "FAILED", "CANCELED"
PAUSED, SUSPEND, IGNORED = "PAUSED", "SUSPEND", "IGNORED"
INIT, QUEUED, QUEUED_TIME_OUT = "INIT", "QUEUED", "QUEUED_TIME_OUT"

#: the documented statuses of a run, which the list can be filtered by
STATUSES = (COMPLETED, RUNNING, FAILED, CANCELED, PAUSED, SUSPEND, IGNORED)
#: those of a run that goes on
ACTIVE = (RUNNING, PAUSED, SUSPEND)
#: a run that has not begun; it may wait in the queue
UNSTARTED = frozenset({INIT, QUEUED})
#: nothing follows
ENDED = frozenset({COMPLETED, FAILED, CANCELED, IGNORED, QUEUED_TIME_OUT})

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
STOP = Verb(
    "stop_pipeline_run",
    already=ENDED,
    ready=frozenset({RUNNING, PAUSED, SUSPEND, INIT, QUEUED}),
    # whichever end it is: a run may end by itself while its stop is on the way
    goal=Goal("stopped", ENDED, lasting=True),
)

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
