"""What a window tells of its things, and how it is judged in the end."""

import pytest

from airflow_provider_pipelines.errors import RecordUnreadable
from airflow_provider_pipelines.window.phases.report import report, table
from airflow_provider_pipelines.window.phases.verdict import judge
from airflow_provider_pipelines.window.record.model import Judged, Phase, Plan, Progress
from airflow_provider_pipelines.window.record.repository import RecordRepository
from tests.support.playing import MemoryStore

ROW = {"service": "enos", "name": "wind-1", "id": "1", "before": "RUNNING", "after": "PAUSED", "result": "done"}


def test_a_report_is_small_json():
    assert report("nightly/window", "run1", "quiet", [ROW]) == {
        "window": "nightly/window", "run_id": "run1", "result": "quiet", "things": [ROW],
    }  # fmt: skip
    (copied,) = report("w", "r", "quiet", [ROW])["things"]
    assert copied is not ROW


def test_a_table_is_as_wide_as_what_it_shows():
    other = {"service": "dli", "name": "aggregate", "id": 128, "before": None, "after": "job_init"}
    assert table([]) == ["(no things)"]
    assert table([ROW, other]) == [
        "service  name       id   before   after     result",
        "-------  ---------  ---  -------  --------  ------",
        "enos     wind-1     1    RUNNING  PAUSED    done",
        "dli      aggregate  128           job_init",
    ]


def test_what_is_too_long_for_its_column_ends_with_an_ellipsis():
    limits = {"service": 8, "name": 32, "id": 36, "before": 20, "after": 20, "result": 9}
    fits = {name: name[0] * limit for name, limit in limits.items()}
    longer = {name: name[0] * (limit + 1) for name, limit in limits.items()}
    _, rule, first, second = table([fits, longer])
    assert rule == "  ".join("-" * limit for limit in limits.values())
    assert first == "  ".join(fits.values())
    assert second == "  ".join(name[0] * (limit - 1) + "…" for name, limit in limits.items())


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, []),
        ("", []),
        ("1 is PAUSED.", []),
        ("1 is PAUSED", ["    1 is PAUSED"]),
        ("2 is PAUSED.", ["    2 is PAUSED."]),
        ("It refuses.", ["    It refuses."]),
    ],
)
def test_a_remark_follows_where_it_says_more_than_the_row(message, said):
    lines = table([{**ROW, "message": message}, {**ROW, "name": "wind-2"}])
    assert lines[3:-1] == said
    assert lines[-1].split()[1] == "wind-2"


# the verdict

THINGS = [
    {"target": 0, "key": f"enos:k:{id}", "id": id, "was": "RUNNING", "runs": True, "name": name}
    for id, name in (("1", "wind-1"), ("2", "wind-2"), ("3", ""))
]
STILL_OPEN = (
    "its record is still open: something may not be back. See 'airflow-pipelines show', then clear restore and what is "
    "downstream of it."
)


class Window:
    """The record of a window run, closed as it should be."""

    def __init__(self, generation=2, **policies):
        self.records = RecordRepository(MemoryStore(), "nightly/window", "run1")
        self.records.begin()
        place = {"service": "enos", "identity": "enos x o", "arguments": {}}
        self.plan = Plan.model_validate(
            {
                "version": 1, "window": "nightly/window", "run_id": "run1", "generation": generation, "made_at": 1.0,
                "on_quiesce_failure": "restore", "on_missing": "report", "places": [place], "things": THINGS, **policies,
            }
        )  # fmt: skip
        self.records.begin_attempts()
        self.records.keep_plan(self.plan)
        self.close()

    def close(self, **more):
        self.records.keep_phase(Phase(**{"generation": 2, "phase": "closed", "turned_at": 1.0, **more}))

    def attempt(self, number, generation=2, **more):
        self.records.keep_progress(Progress(generation=generation, attempt=number, **more))
        self.records.register(number)


@pytest.fixture
def window():
    return Window()


def test_a_window_that_went_well_has_no_problem(window):
    assert judge(window.records, {}) == []
    window.attempt(1)
    assert judge(window.records, {"a": "success", "b": "skipped", "c": None}) == []
    assert window.records.judged() is None, "who names no tasks of the window asks nothing about clearing"


def test_what_failed_is_named_before_what_it_kept_from_running(window):
    states = {"b": "failed", "a": "failed", "c": "upstream_failed", "d": "success"}
    assert judge(window.records, states) == ["failed: a, b."]
    states = {"d": "upstream_failed", "c": "upstream_failed", "e": "success"}
    assert judge(window.records, states) == ["not run: c, d."]


def test_the_windows_own_tasks_have_to_have_ended_well(window):
    states = {"w.snapshot": "success", "w.quiesce": "skipped"}
    assert judge(window.records, states, ["w.snapshot", "w.quiesce", "w.restore"]) == [
        "did not do its part: w.quiesce (skipped), w.restore (None)."
    ]
    assert judge(window.records, {"a": "failed", "b": "upstream_failed"}, ["a", "b"]) == ["failed: a."]
    assert judge(window.records, {"b": "upstream_failed"}, ["b"]) == ["not run: b."]


def test_without_a_plan_nothing_is_judged():
    records = RecordRepository(MemoryStore(), "nightly/window", "run1")
    records.begin()
    with pytest.raises(RecordUnreadable, match="there is none"):
        judge(records, {})


def test_a_record_that_is_open_is_a_problem(window):
    window.close(phase="restoring")
    assert judge(window.records, {}) == [STILL_OPEN]
    window.close(generation=1)
    assert judge(window.records, {}) == [STILL_OPEN]
    window.close(generation=3)
    assert judge(window.records, {}) == []
    window.records.store.texts.pop(
        next(key for key, text in window.records.store.texts.items() if '"turned_at"' in text)
    )
    assert judge(window.records, {}) == [STILL_OPEN]


def test_what_is_gone_is_a_problem_where_the_policy_says_so():
    gone = ["enos:k:1", "enos:k:3", "enos:k:9"]
    window = Window(on_missing="fail")
    assert judge(window.records, {}) == []
    window.close(missing=gone)
    assert judge(window.records, {}) == ["gone meanwhile: wind-1 (1), 3, enos:k:9."]
    window = Window()
    window.close(missing=gone)
    assert judge(window.records, {}) == []


def test_the_last_attempt_has_the_last_word_on_what_refused(window):
    window.attempt(2, refused={"enos:k:2/run7": "409", "enos:k:1": "409", "enos:k:2": "409", "enos:k:9/r": "409"})
    window.attempt(1, refused={"enos:k:3": "409"})
    assert judge(window.records, {}) == ["could not be stopped: enos:k:9/r, wind-1 (1), wind-2 (2)."]
    window.attempt(5, generation=1, refused={"enos:k:3": "409"})
    assert judge(window.records, {}) == ["could not be stopped: enos:k:9/r, wind-1 (1), wind-2 (2)."]
    window.attempt(3)
    assert judge(window.records, {}) == []


def test_problems_are_told_in_their_order(window):
    window.close(phase="restoring")
    window.attempt(1, refused={"enos:k:3": "409"})
    assert judge(window.records, {"a": "failed"}) == ["failed: a.", STILL_OPEN, "could not be stopped: 3."]


def test_work_that_ran_again_without_a_new_snapshot_worked_on_a_live_fleet(window):
    own = ["w.snapshot"]
    states = {"w.snapshot": "success", "b": "failed", "a": "upstream_failed", "c": "success"}
    judge(window.records, states, own)
    assert window.records.judged() == Judged(generation=2, open=["a", "b"])
    found = judge(window.records, {**states, "a": "success", "b": "success"}, own)
    assert found == [
        "worked on a live fleet: a, b ran again without a new snapshot. Clear such tasks with their setups, not only "
        "the failed ones."
    ]
    assert window.records.judged() == Judged(generation=2, open=[])
    assert judge(window.records, {**states, "a": "success", "b": "success"}, own) == []


def test_work_that_ran_after_a_new_snapshot_is_as_it_should_be(window):
    window.records.keep_judged(Judged(generation=1, open=["a"]))
    states = {"w.snapshot": "success", "a": "success", "b": "skipped"}
    assert judge(window.records, states, ["w.snapshot"]) == []
    assert window.records.judged() == Judged(generation=2, open=["b"])
