"""What can go wrong in a window, and the colour that its run has then: red unless all is well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """
    A window over one EnOS pipeline.

    :param colour: the state that the run ends in
    :param work: what the work does: ``good``, ``fail``, ``skip``, or ``map`` for three of which one fails
    :param mark: the task during which something is marked, or empty
    :param what: what is marked then: ``run`` or ``task``
    :param state: what it is marked as
    :param refuses: how often the pipeline refuses to be paused
    :param policy: ``on_quiesce_failure``
    """

    name: str
    colour: str
    work: str = "good"
    mark: str = ""
    what: str = "run"
    state: str = "failed"
    refuses: int = 0
    policy: str = "restore"


CASES = (
    Case("well", "success"),
    Case("work_skipped", "success", work="skip"),
    Case("work_failed", "failed", work="fail"),
    Case("index_failed", "failed", work="map"),
    Case("quiesce_failed", "failed", refuses=1000),
    Case("quiesce_failed_work_goes_on", "failed", refuses=1000, policy="continue"),
    Case("restore_failed", "failed", mark="restore", what="task"),
    Case("verdict_failed", "failed", mark="verdict", what="task"),
    Case("run_failed_in_snapshot", "failed", mark="snapshot"),
    Case("run_failed_in_quiesce", "failed", mark="quiesce"),
    Case("run_failed_in_work", "failed", mark="work"),
    # Airflow leaves teardowns alone, and judges the run again when they are done: all is well by then
    Case("run_failed_in_restore", "success", mark="restore"),
    Case("run_success_in_work", "success", mark="work", state="success"),
)


def dag_id(case: Case) -> str:
    """Return the DAG of a case."""
    return f"colour_{case.name}"


def organisation(case: Case) -> str:
    """Return the organisation that the pipeline of a case has for itself."""
    return f"o2{CASES.index(case):013d}"


def pipeline(case: Case) -> str:
    """Return the id of the pipeline of a case."""
    return f"5f0e1000-0000-4000-8000-{CASES.index(case):012d}"


def world() -> dict[str, Any]:
    """Return a seed with the pipelines of all cases."""
    fields = {"status": "RUNNING", "pause_seconds": 3, "start_seconds": 3}
    return {
        "enos": {
            "orgs": {
                organisation(case): {
                    "pipelines": {pipeline(case): {"name": case.name, "refuses_pause": case.refuses, **fields}}
                }
                for case in CASES
            }
        }
    }
