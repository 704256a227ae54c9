"""Five hundred things in one window: what it costs in tasks, in the record, and in calls, by a formula."""

import json
from collections import Counter
from itertools import pairwise
from math import ceil

import pytest

from airflow_provider_pipelines.window import CodeArtsPipelines, DliJobs, EnosPipelines, MaintenanceWindow
from airflow_provider_pipelines.window.record.model import Plan, read
from airflow_provider_pipelines.window.record.store import key_of
from tests.conftest import SteppedClock
from tests.support.airflow import DAG, task
from tests.support.playing import BUILD, START, Window, forget_credentials, statuses, world
from tests.support.scenes import begin

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

ENOS, DLI, CODEARTS = 150, 300, 50
PAGE, CODEARTS_PAGE, BATCH, POLL = 100, 50, 100, 30.0
# what the emulator takes for changes
PAUSE, START_TAKES, LOCK = 10.0, 20.0, 5.0
SAVEPOINT, CANCEL, SUBMIT = 20.0, 10.0, 30.0


def targets():
    return [
        EnosPipelines(name_pattern="wind-*", start=START),
        DliJobs(name_pattern="agg-*", trigger_savepoint=True),
        CodeArtsPipelines(pipeline_ids=[BUILD(n) for n in range(1, CODEARTS + 1)]),
    ]


@pytest.fixture(scope="module")
def played(fleet_server):
    """A window over five hundred things, played once: its calls by task, its store, its states."""
    patch = pytest.MonkeyPatch()
    for name, value in fleet_server.env.items():
        patch.setenv(name, value)
    fleet_server.reset()
    forget_credentials()
    begin(fleet_server, world(enos=ENOS, dli=DLI, codearts=CODEARTS))
    fleet_server.settings(enos_start_lock_seconds=LOCK)
    clock = SteppedClock(fleet_server)
    window = Window(clock, targets())
    window.before = statuses(fleet_server.state())
    window.calls = {}
    for name in ("snapshot", "quiesce", "restore"):
        fleet_server.mark()
        window.result = getattr(window, name)()
        window.calls[name] = fleet_server.calls()
    window.after = statuses(fleet_server.state())
    yield window
    patch.undo()
    fleet_server.reset()


def looks(seconds, waited=0.0):
    """Count the looks of a wait: soon after the action, then ever less often, at last at the interval."""
    count, at = 0, waited
    while at < waited + seconds or not count:
        at += min(POLL, max(2.0, at / 4)) * 0.925
        count += 1
    return count


def all_pages(count, size=PAGE):
    """A list is over when a page is not full; all pages but the last are read once more, so that it was whole."""
    return 2 * (count // size + 1) - 1


def pages(count, size=PAGE):
    """A look is over when what it looks for was seen."""
    return ceil(count / size)


def formula(starts):
    """
    Compute how many calls a window makes.

    :param starts: when EnOS took each start, in seconds after the first
    """
    # an inventory to know what to claim, one that counts once it is claimed
    inventories = 2 * (all_pages(ENOS) + all_pages(DLI) + pages(CODEARTS, CODEARTS_PAGE))
    details = pages(DLI)  # the pre-flight's, for savepoints
    token = 1
    snapshot = token + inventories + details
    quiesce = (
        ENOS + ceil(DLI / BATCH) + CODEARTS  # one write a thing
        + (1 + looks(PAUSE) + 1) * pages(ENOS)
        + (1 + looks(SAVEPOINT + CANCEL) + 1) * pages(DLI)
        + (1 + looks(0) + 1) * pages(CODEARTS, CODEARTS_PAGE)
        + 3 * CODEARTS  # runs that go on: active ones, latest ones, the queue
    )  # fmt: skip
    last = starts[-1]
    # while starts are left, pipelines are looked at at the interval, those of the first page by one call
    second_page = starts[PAGE]
    during = sum(1 if at < second_page else 2 for at in range(int(POLL), int(last) + 1, int(POLL)))
    after = looks(START_TAKES, waited=last % POLL + START_TAKES / 2)
    restore = (
        ENOS + ceil(DLI / BATCH) + CODEARTS
        + pages(ENOS) + during + after * pages(ENOS)
        + (1 + looks(SUBMIT)) * pages(DLI)
        + (1 + looks(0)) * pages(CODEARTS, CODEARTS_PAGE)
        # the fence's second look
        + pages(ENOS) + pages(DLI) + pages(CODEARTS, CODEARTS_PAGE)
    )  # fmt: skip
    return {"snapshot": snapshot, "quiesce": quiesce, "restore": restore}


def starts_of(calls):
    """Give when starts were taken, and how many were refused since EnOS was busy."""
    made = [call for call in calls if call["operation"] == "start_pipeline"]
    taken = [call["at"] / 1000 for call in made if str(call["code"]) == "0"]
    return [at - taken[0] for at in taken], len(made) - len(taken)


def test_the_number_of_calls_is_what_the_formula_says(played):
    starts, refused = starts_of(played.calls["restore"])
    expected = formula(starts)
    expected["restore"] += refused
    made = {name: len(calls) for name, calls in played.calls.items()}
    assert sum(made.values()) == pytest.approx(sum(expected.values()), rel=0.02)
    for name in made:
        assert made[name] == pytest.approx(expected[name], rel=0.05), name


def test_everything_is_as_it_was(played):
    assert played.result["result"] == "restored"
    assert played.after == played.before
    assert played.verdict() == []


def test_each_thing_is_written_to_once_each_way(played):
    def written(name):
        return Counter(
            (call["operation"], id)
            for call in played.calls[name]
            if call["write"] and str(call["code"]) in {"0", "None"}
            for id in call["ids"]
        )

    assert not [call for call in played.calls["snapshot"] if call["write"]]
    for name, operations in (
        ("quiesce", {"pause_pipeline": ENOS, "batch_stop_flink_jobs": DLI, "disable_pipeline": CODEARTS}),
        ("restore", {"start_pipeline": ENOS, "batch_run_flink_jobs": DLI, "enable_pipeline": CODEARTS}),
    ):
        found = written(name)
        assert set(found.values()) == {1}
        assert Counter(operation for operation, _ in found) == operations


def test_jobs_are_written_to_in_batches_of_a_hundred(played):
    for name, operation in (("quiesce", "batch_stop_flink_jobs"), ("restore", "batch_run_flink_jobs")):
        sizes = [len(call["ids"]) for call in played.calls[name] if call["operation"] == operation]
        assert sizes == [BATCH] * (DLI // BATCH)


def test_few_starts_are_refused_and_little_time_is_lost(played):
    starts, refused = starts_of(played.calls["restore"])
    assert len(starts) == ENOS
    assert refused <= ENOS // 10
    assert starts[-1] <= 1.15 * LOCK * (ENOS - 1)


def test_while_starts_wait_for_their_turn_pipelines_are_looked_at_at_the_interval(played):
    calls = played.calls["restore"]
    taken = [call["at"] for call in calls if call["operation"] == "start_pipeline" and str(call["code"]) == "0"]
    looked = {call["at"] for call in calls if call["operation"] == "list_pipelines"}
    during = sorted(at for at in looked if taken[0] < at < taken[-1])
    assert len(during) > 10
    assert min(later - earlier for earlier, later in pairwise(during)) >= 850 * POLL


def test_the_record_is_readable_in_one_piece_and_small(played):
    things = ENOS + DLI + CODEARTS
    text = played.store.texts[key_of("plan", "nightly/window", "run1")]
    plan = read(Plan, text, "nightly/window")
    assert len(plan.things) == things
    assert len(text) <= 1024 * things
    assert len("".join(played.store.texts.values())) <= 1024 * things


def test_the_plan_in_the_log_is_the_plan(played):
    from airflow_provider_pipelines.window.record.model import from_lines, lines

    plan = played.records.plan()
    written = lines(plan)
    assert max(map(len, written)) < 2048
    assert from_lines("\n".join(f"[2026-01-01] INFO - {line}" for line in written)) == plan


def test_a_report_stays_small(played):
    assert len(json.dumps(played.result)) <= 1024 * (ENOS + DLI + CODEARTS)


def test_a_window_of_any_size_is_four_tasks_besides_the_authors():
    with DAG("big", schedule=None) as dag, MaintenanceWindow("window", targets()):

        @task
        def vacuum():
            pass

        vacuum()
    assert sorted(dag.task_ids) == [
        "window.quiesce", "window.restore", "window.snapshot", "window.vacuum", "window.verdict",
    ]  # fmt: skip
