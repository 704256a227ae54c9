"""
What DLI's words mean for SQL jobs and for Spark batches.

https://docs.otc.t-systems.com/data-lake-insight/api-ref/sql_job-related_apis/querying_job_status.html
https://docs.otc.t-systems.com/data-lake-insight/api-ref/spark_job-related_apis/querying_a_batch_job_status.html
Whatever is no end, unknown words included, is waited out.
"""

from __future__ import annotations

from airflow_provider_pipelines.core.goals import Goal, Verb

FINISHED, FAILED, CANCELLED = "FINISHED", "FAILED", "CANCELLED"
#: what the vendor's SDK documents for the status call, where all else has FINISHED
FINISH = "FINISH"
#: SCALING is in the list's description only
SQL_ACTIVE = ("LAUNCHING", "RUNNING", "SCALING")
SQL_GOOD = frozenset({FINISHED, FINISH})
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
