"""
What EnOS's words mean for each verb.

https://support.enos-iot.com/docs/stream-processing-api/en/2.4.0/list_pipelines.html lists four statuses. Words of a
transition are not documented: whatever else is shown counts as on its way. Three that suggest themselves tell where to.
"""

from __future__ import annotations

from airflow_provider_pipelines.core.verbs.goals import Goal, Verb

PUBLISHED, RUNNING, PAUSED, STOPPED = "PUBLISHED", "RUNNING", "PAUSED", "STOPPED"
STARTING, PAUSING, STOPPING = "STARTING", "PAUSING", "STOPPING"
STATUSES = (PUBLISHED, RUNNING, PAUSED, STOPPED)

START = Verb(
    "start_pipeline",
    already=frozenset({RUNNING}),
    ready=frozenset({PUBLISHED, PAUSED, STOPPED}),
    # no word says that a start failed; a start may take minutes with the old status shown all the while
    goal=Goal("running", frozenset({RUNNING}), frozenset({PUBLISHED, PAUSED, STOPPED}), lasting=True),
    busy=frozenset({"61121"}),
    scarce=frozenset({"61126"}),
    under_way=frozenset({STARTING}),
    already_note=" New settings were not applied: pause or stop it first.",
)
PAUSE = Verb(
    "pause_pipeline",
    already=frozenset({PAUSED}),
    ready=frozenset({RUNNING}),
    hopeless=frozenset({PUBLISHED, STOPPED}),
    under_way=frozenset({PAUSING}),
    goal=Goal("paused", frozenset({PAUSED}), frozenset({STOPPED, RUNNING}), lasting=True),
)
STOP = Verb(
    "stop_pipeline",
    already=frozenset({STOPPED, PUBLISHED}),
    ready=frozenset({RUNNING, PAUSED}),
    under_way=frozenset({STOPPING}),
    goal=Goal("stopped", frozenset({STOPPED, PUBLISHED}), frozenset({RUNNING, PAUSED}), lasting=True),
)

RELEASE = Verb(
    "release_pipeline",
    already=frozenset(),
    ready=frozenset(),
    # the status after a release is not documented: to be among the released pipelines is what counts
    goal=Goal("released", frozenset(STATUSES)),
)
RESET_OFFSET = Verb(
    "reset_pipeline_offset",
    already=frozenset(),
    ready=frozenset({PAUSED, STOPPED}),
    hopeless=frozenset({RUNNING, PUBLISHED}),
    goal=Goal("at rest with its offset reset", frozenset({PAUSED, STOPPED}), frozenset({RUNNING})),
    why={RUNNING: "Pause or stop it first.", PUBLISHED: "It was never started, so it has no offset."},
)
#: what a pipeline that has caught up with its topic shows; a pipeline that left RUNNING never will
DRAINED = Goal("drained", frozenset({"DRAINED"}), frozenset({PUBLISHED, PAUSED, STOPPED}))

#: what a sensor waits for, by the status it is given; EnOS's statuses come round again, so none is ever passed by
SENSED = {
    PUBLISHED: Goal("published", frozenset({PUBLISHED})),
    RUNNING: Goal("running", frozenset({RUNNING})),
    PAUSED: Goal("paused", frozenset({PAUSED})),
    STOPPED: Goal("stopped", frozenset({STOPPED, PUBLISHED})),
}
