"""What the snapshot waits for, refuses and claims, and what it leaves behind when it fails."""

import pytest

from airflow_provider_pipelines.errors import (
    ArgumentError,
    PipelinesError,
    RecordUnreadable,
    ServerError,
    WatchFailed,
    WatchTimeout,
)
from airflow_provider_pipelines.window.record.model import Claim, Claims, Phase
from airflow_provider_pipelines.window.record.store import key_of
from airflow_provider_pipelines.window.targets import DliJobs, EnosPipelines
from tests.support.playing import ORG, START
from tests.support.short_wire import DAWN, FOR_EVER, QuickClock, quick

IDENTITY = f"enos https://enos.example {ORG}"


def enos(n=1, **more):
    return quick(enos=n, dli=0, codearts=0, **more)


def claims(window, identity=IDENTITY):
    return [(claim.window, claim.run_id) for claim in window.records.claims(identity).claims]


# a snapshot as it should be


def test_a_snapshot_writes_what_there_is_and_changes_nothing():
    window = quick(enos=2, dli=1, codearts=1, on_quiesce_failure="continue", on_missing="fail")
    window.rooms.enos["w2"]["status"] = "PAUSED"
    plan, notes = window.snapshot()
    assert notes == []
    assert window.rooms.writes == []
    assert window.records.plan() == plan
    assert (plan.window, plan.run_id, plan.generation, plan.version) == ("nightly/window", "run1", 1, 1)
    assert (plan.on_quiesce_failure, plan.on_missing, plan.former) == ("continue", "fail", [])
    assert plan.made_at == window.clock.now == DAWN + 9
    assert [(one.id, one.name, one.was, one.runs, one.target) for one in plan.things] == [
        ("w1", "wind-1", "RUNNING", True, 0), ("w2", "wind-2", "PAUSED", False, 0),
        ("101", "agg-1", "job_running", True, 1), ("c1", "build-1", "ENABLED", True, 2),
    ]  # fmt: skip
    assert window.records.generation() == 1
    assert window.records.attempts() == []
    assert window.records.last_run() == "run1"
    assert window.lines == []
    for place in plan.places:
        assert claims(window, place.identity) == [("nightly/window", "run1")]


def test_each_snapshot_of_a_run_counts_one_further():
    window = enos()
    window.snapshot()
    window.quiesce()
    window.restore()
    plan, notes = window.snapshot()
    assert (plan.generation, plan.former, notes) == (2, [], [])
    assert window.records.generation() == 2
    assert window.records.attempts() == [1], "what attempts there were is kept"


def test_the_generation_is_announced_before_the_plan_is_written():
    window = enos()
    seen = []
    usual = window.records.keep_plan
    window.records.keep_plan = lambda plan: (seen.append(window.records.generation()), usual(plan))
    window.snapshot()
    assert seen == [1]


# settling


def test_what_is_on_its_way_is_waited_for():
    window = enos(2)
    window.rooms.enos["w1"].update(status="STARTING", way=[(DAWN + 200, {"status": "RUNNING"})])
    window.rooms.enos["w2"].update(status="STARTING", way=[(DAWN + 30, {"status": "PAUSED"})])
    plan, _ = window.snapshot()
    assert [(one.was, one.runs) for one in plan.things] == [("RUNNING", True), ("PAUSED", False)]
    assert window.lines == [
        "waiting until it has settled: wind-1 (w1) is STARTING, wind-2 (w2) is STARTING",
        "waiting until it has settled: wind-1 (w1) is STARTING",
        "waiting until it has settled: wind-1 (w1) is STARTING",
        "waiting until it has settled: wind-1 (w1) is STARTING",
    ]
    assert window.clock.slept[1:] == pytest.approx([2, 3, 4.5, 6.75, 10.125, *[15] * 12])
    assert window.rooms.writes == []


def test_the_lines_of_a_long_wait_are_a_minute_apart():
    window = enos()
    window.rooms.enos["w1"].update(status="STARTING", way=[(DAWN + 200, {"status": "RUNNING"})])
    taking, told = window.taking(), []
    window.dependencies.tell = lambda line: told.append(window.clock.now - DAWN - 3)
    taking.take()
    assert told == pytest.approx([0, 71.375, 131.375, 191.375])


def test_of_many_things_on_their_way_some_are_named():
    window = enos(12)
    for one in window.rooms.enos.values():
        one.update(status="STARTING", way=[(DAWN + 4, {"status": "RUNNING"})])
    window.snapshot()
    named = ", ".join(f"wind-{n} (w{n}) is STARTING" for n in range(1, 11))
    assert window.lines == [f"waiting until it has settled: {named}"]


@pytest.mark.parametrize(("timeout", "passes"), [(4.9, False), (5.0, True), (5.1, True)])
def test_what_does_not_settle_in_time_fails_the_snapshot(timeout, passes):
    window = enos()
    window.timeout = timeout
    window.rooms.enos["w1"].update(status="STARTING", way=[(DAWN + 5, {"status": "RUNNING"})])
    if passes:
        window.snapshot()
        return
    with pytest.raises(WatchTimeout) as caught:
        window.snapshot()
    assert str(caught.value) == ("not settled before the deadline: wind-1 (w1) is STARTING. Nothing was changed.")
    assert window.records.plan() is None
    assert claims(window) == []


def test_what_nobody_understands_fails_the_snapshot():
    window = enos(3)
    window.rooms.enos["w2"]["status"] = "ODD"
    window.rooms.enos["w3"]["status"] = None
    with pytest.raises(WatchFailed) as caught:
        window.snapshot()
    assert str(caught.value) == (
        "wind-2 (w2) is ODD, wind-3 (w3) is in no status: what cannot be understood cannot be brought back, so nothing "
        "was changed. See to it, or leave it out with exclude."
    )
    assert window.records.plan() is None


def test_of_many_strange_things_twenty_are_named():
    window = enos(22)
    for one in window.rooms.enos.values():
        one["status"] = "ODD"
    with pytest.raises(WatchFailed) as caught:
        window.snapshot()
    assert str(caught.value).count("is ODD") == 20


def test_the_last_look_before_the_plan_counts_not_the_first():
    window = enos(2)
    window.clock.after(1, lambda: window.rooms.enos["w2"].update(status="STOPPED"))
    plan, _ = window.snapshot()
    assert [one.was for one in plan.things] == ["RUNNING", "STOPPED"]


# pre-flight


def test_what_could_not_be_brought_back_fails_the_snapshot_and_is_named():
    window = enos(2, target={"enos": {"start": {"w1": START["*"]}}})
    with pytest.raises(ArgumentError) as caught:
        window.snapshot()
    assert str(caught.value) == (
        "EnosPipelines: start: says nothing for the running pipeline wind-2 (w2). EnOS does not tell how it was started: "
        'give start={"*": {"execution_mode": 0, "kafka_rate": 1000}}, or the same by its id or name.'
    )
    assert caught.value.argument == "EnosPipelines"
    window.rooms.enos["w2"]["status"] = "PAUSED"
    window.snapshot()


def test_of_many_problems_five_are_named():
    window = enos(5, target={"enos": {"start": {}}})
    with pytest.raises(ArgumentError) as caught:
        window.snapshot()
    assert str(caught.value).count("says nothing for") == 5
    assert "more)" not in str(caught.value)
    assert str(caught.value).count("; start: ") == 4
    with pytest.raises(ArgumentError, match=r" \(and 1 more\)$"):
        enos(6, target={"enos": {"start": {}}}).snapshot()
    window = enos(7, target={"enos": {"start": {}}})
    with pytest.raises(ArgumentError) as caught:
        window.snapshot()
    assert str(caught.value).count("says nothing for") == 5
    assert str(caught.value).endswith(" (and 2 more)")


def test_a_job_without_a_bucket_fails_the_snapshot():
    window = quick(enos=0, dli=2, codearts=0, target={"dli": {"trigger_savepoint": True}})
    window.rooms.dli["102"]["bucket"] = None
    with pytest.raises(ArgumentError) as caught:
        window.snapshot()
    assert str(caught.value).startswith("DliJobs: trigger_savepoint: job 102 has no obs_bucket")
    window.rooms.dli["102"]["status"] = "job_finish"
    window.snapshot()


# several targets


def test_a_thing_that_two_targets_name_is_refused():
    window = enos(2)
    window = window.another(
        [EnosPipelines(pipeline_ids=["w1", "w2"], start=START), EnosPipelines(pipeline_ids=["w2"], start=START)]
    )
    with pytest.raises(ArgumentError) as caught:
        window.snapshot()
    assert str(caught.value) == (
        "targets: wind-2 (w2) is named by two targets (EnosPipelines, EnosPipelines). Leave it out of one."
    )
    assert window.clock.slept == [], "before anything is claimed"


def test_the_same_id_in_two_places_is_two_things():
    window = quick(enos=0, dli=1, codearts=1)
    window.rooms.codearts = {"101": {"name": "build", "status": "ENABLED"}}
    window = window.another([DliJobs(job_ids=[101]), window_codearts("101")])
    plan, _ = window.snapshot()
    assert [one.id for one in plan.things] == ["101", "101"]


def window_codearts(id):
    from airflow_provider_pipelines.window.targets import CodeArtsPipelines

    return CodeArtsPipelines(pipeline_ids=[id])


def test_two_targets_in_one_place_are_claimed_together():
    window = enos(3).another(
        [EnosPipelines(pipeline_ids=["w1"], start=START), EnosPipelines(pipeline_ids=["w3"], start=START, how="stop")]
    )
    plan, _ = window.snapshot()
    assert [(one.id, one.target) for one in plan.things] == [("w1", 0), ("w3", 1)]
    (claim,) = window.records.claims(IDENTITY).claims
    assert len(claim.things) == 2
    assert window.clock.now == DAWN + 3


def test_the_one_error_of_all_targets_is_raised_as_it_is():
    window = quick(enos=1, dli=1, codearts=0)
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    with pytest.raises(PipelinesError, match="the gateway forbids the call"):
        window.snapshot()


def test_errors_of_several_targets_are_told_together():
    window = quick(enos=1, dli=1, codearts=1)
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    window.rooms.dli.clear()
    with pytest.raises(WatchFailed) as caught:
        window.snapshot()
    text = str(caught.value)
    assert text.startswith("the snapshot failed: EnosPipelines: EnOS list_pipelines failed (GET")
    assert "; DliJobs: name_pattern: 'agg-*' matches nothing" in text
    assert "CodeArts" not in text


def test_several_targets_that_name_nothing_are_a_mistake_of_the_author():
    window = quick(enos=1, dli=1, codearts=0)
    window.rooms.dli.clear()
    window.rooms.enos.clear()
    with pytest.raises(ArgumentError) as caught:
        window.snapshot()
    assert str(caught.value).startswith("targets: EnosPipelines: name_pattern: 'wind-*' matches nothing")
    assert "; DliJobs: name_pattern: 'agg-*' matches nothing" in str(caught.value)
    assert caught.value.argument == "targets"


def test_a_snapshot_is_patient_with_a_service_that_fails_for_a_moment_as_long_as_there_is_time():
    window = enos()
    window.rooms.fail("list_pipelines", status=500, answer={}, times=3)
    window.snapshot()
    window = enos()
    window.timeout = 1.2
    window.rooms.fail("list_pipelines", status=500, answer={}, times=3)
    with pytest.raises(ServerError):
        window.snapshot()
    assert window.clock.now - DAWN <= 1.2


# claims, and what is left of them


@pytest.mark.parametrize("break_it", ["ODD", "start"])
def test_a_snapshot_that_fails_gives_its_claims_up(break_it):
    window = enos(1, **({"target": {"enos": {"start": {}}}} if break_it == "start" else {}))
    if break_it == "ODD":
        window.rooms.enos["w1"]["status"] = "ODD"
    with pytest.raises(PipelinesError):
        window.snapshot()
    assert window.clock.now == DAWN + 3, "it had claimed them"
    assert claims(window) == []
    assert window.lines == []


def test_that_claims_cannot_be_given_up_is_told_and_hides_nothing():
    window = enos()
    window.rooms.enos["w1"]["status"] = "ODD"
    usual = window.store.set
    kept = []

    def deny(key, text, about):
        if "claims" in about:
            kept.append(key)
            if len(kept) > 1:
                raise RecordUnreadable("not now")
        usual(key, text, about)

    window.store.set = deny
    with pytest.raises(WatchFailed, match="is ODD"):
        window.snapshot()
    assert window.lines == ["a claim could not be withdrawn: not now"]


def test_a_window_that_goes_on_keeps_others_out():
    window = enos(2)
    window.snapshot()
    other = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)], window="other/window", run_id="r")
    with pytest.raises(WatchFailed) as caught:
        other.snapshot()
    assert str(caught.value) == (
        f"window other/window targets 1 of the things that window nightly/window (run run1) is holding in {IDENTITY}. "
        "Nothing was changed. Let that window end first, or give the two different targets or times."
    )
    assert claims(window) == [("nightly/window", "run1")]
    assert other.records.plan() is None


@pytest.mark.parametrize("part", [("plan", "nightly/window", "run1"), ("claims", IDENTITY)])
def test_a_record_that_cannot_be_read_is_raised_as_it_is(part):
    window = enos()
    window.snapshot()
    window.quiesce()
    usual = window.store.get
    window.store.get = lambda key: "no json" if key == key_of(*part) else usual(key)
    with pytest.raises(RecordUnreadable):
        window.snapshot()


# half-stopped


def test_where_the_snapshot_of_a_half_stopped_run_cannot_be_renewed_the_one_before_counts():
    window = enos(2)
    plan, _ = window.snapshot()
    window.quiesce()
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    again, notes = window.snapshot()
    assert again == plan
    assert len(notes) == 1
    assert notes[0].startswith(
        "the snapshot could not be renewed, so the one before counts: EnOS list_pipelines failed"
    )
    assert window.records.generation() == 1
    assert claims(window) == [("nightly/window", "run1")]


def test_where_nothing_was_stopped_yet_a_snapshot_that_cannot_be_renewed_fails_and_keeps_its_claims():
    window = enos(2)
    window.snapshot()
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    with pytest.raises(PipelinesError, match="forbids"):
        window.snapshot()
    assert claims(window) == [("nightly/window", "run1")]


def test_once_the_new_snapshot_is_announced_no_former_one_counts():
    window = enos(2)
    window.snapshot()
    window.quiesce()
    usual = window.records.keep_plan

    def lost(plan):
        raise WatchFailed("lost")

    window.records.keep_plan = lost
    with pytest.raises(WatchFailed, match=r"^lost$"):
        window.snapshot()
    window.records.keep_plan = usual
    assert claims(window) == [("nightly/window", "run1")]
    fresh = enos()
    fresh.records.keep_plan = lost
    with pytest.raises(WatchFailed, match=r"^lost$"):
        fresh.snapshot()
    assert claims(fresh) == [("nightly/window", "run1")], "restore may need them"


def test_the_snapshot_of_a_closed_run_that_fails_gives_its_claims_up():
    window = enos(2)
    window.snapshot()
    window.quiesce()
    window.restore()
    window.rooms.enos["w1"]["status"] = "ODD"
    with pytest.raises(WatchFailed, match="is ODD"):
        window.snapshot()
    assert claims(window) == []


def test_a_thing_that_the_last_attempt_has_stopped_may_be_in_a_status_that_nobody_knows():
    window = quick(enos=0, dli=2, codearts=0)
    window.snapshot()
    window.quiesce()
    window.rooms.dli["101"]["status"] = "job_cancel_fail"
    plan, notes = window.snapshot()
    assert plan.generation == 2
    assert [(one.was, one.runs, one.asked) for one in plan.things] == [("job_running", True, True)] * 2
    assert notes == [
        "agg-1 (101) is job_cancel_fail since window nightly/window (run run1): it was job_running, and that counts.",
        "agg-2 (102) is job_cancel_success since window nightly/window (run run1): it was job_running, and that counts.",
    ]
    assert (plan.former[0].window, plan.former[0].run_id, plan.former[0].generation) == ("nightly/window", "run1", 1)


def test_a_start_that_was_asked_for_is_waited_for():
    window = enos(1)
    window.snapshot()
    window.quiesce()
    window.rooms.enos["w1"]["takes"] = 200
    killed = []
    window.rooms.watch = lambda operation, ids: (
        killed.append(window.clock.now) if operation == "start_pipeline" else None
    )
    window.defer_after = 30
    assert window.restore() is None
    window.rooms.watch = lambda operation, ids: None
    plan, notes = window.snapshot()
    assert window.clock.now >= killed[0] + 200
    assert [(one.was, one.runs, one.asked) for one in plan.things] == [("RUNNING", True, False)]
    assert notes == []
    assert "waiting until it has settled: wind-1 (w1) is PAUSED" in window.lines


def test_a_start_that_never_comes_is_not_waited_for_longer_than_it_may_take():
    window = enos(1)
    window.snapshot()
    window.quiesce()
    window.rooms.fail("start_pipeline", answer={"code": 0}, times=FOR_EVER)  # it says yes, and does nothing
    window.defer_after = 30
    assert window.restore() is None
    begun = window.clock.now
    plan, _ = window.snapshot()
    assert 540 < window.clock.now - begun < 620
    assert [(one.was, one.runs, one.asked) for one in plan.things] == [("RUNNING", True, True)]


# the record of the run before


def test_of_the_runs_before_the_last_closed_one_is_dropped():
    window = enos()
    window.snapshot()
    window.quiesce()
    window.restore()
    later = window.another(run_id="run2")
    later.snapshot()
    assert later.records.beside("nightly/window", "run1").plan() is None
    assert window.records.control not in window.store.texts
    assert later.records.last_run() == "run2"
    again = later.another(run_id="run2")
    again.snapshot()
    assert again.records.plan() is not None


def test_the_record_of_a_run_that_is_not_closed_is_kept():
    window = enos(2)
    window.snapshot()
    window.quiesce()
    window.runs.over.add(("nightly/window", "run1"))
    later = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)], run_id="run2")
    _, notes = later.snapshot()
    assert window.records.beside("nightly/window", "run1").plan() is not None
    assert notes == [
        "wind-2 (w2) is PAUSED since window nightly/window (run run1): it was RUNNING, and that counts.",
        "window nightly/window (run run1) stays open for wind-1 (w1), which this window does not target.",
    ]


def test_the_record_of_a_run_that_this_one_has_taken_over_is_kept_as_long_as_it_is_needed():
    window = enos(1)
    window.snapshot()
    window.quiesce()
    window.runs.over.add(("nightly/window", "run1"))
    later = window.another(run_id="run2")
    later.snapshot()
    old = window.records.beside("nightly/window", "run1")
    assert old.plan() is not None
    assert old.closed(old.plan())


def test_that_the_record_of_the_run_before_cannot_be_dropped_is_told_and_no_failure():
    window = enos()
    window.snapshot()
    window.quiesce()
    window.restore()
    later = window.another(run_id="run2")

    def deny(key):
        raise RecordUnreadable("not now")

    window.store.delete = deny
    plan, _ = later.snapshot()
    assert later.lines == ["the record of the run before could not be dropped: not now"]
    assert later.records.plan() == plan


def test_windows_of_another_name_are_left_alone():
    window = enos()
    window.snapshot()
    window.quiesce()
    window.restore()
    window.another(window="other/window", run_id="run2").snapshot()
    assert window.records.plan() is not None


def test_a_claim_of_a_run_that_is_over_is_seen_through():
    window = enos()
    window.records.keep_claims(IDENTITY, Claims(claims=[Claim(window="dead/window", run_id="r", at=1.0, things=[])]))
    window.runs.over.add(("dead/window", "r"))
    window.snapshot()
    assert claims(window) == [("nightly/window", "run1")]


def test_a_phase_of_an_earlier_snapshot_closes_nothing():
    window = enos()
    window.snapshot()
    window.quiesce()
    window.records.keep_phase(Phase(generation=0, phase="closed", turned_at=1.0))
    plan, notes = window.snapshot()
    assert len(notes) == 1
    assert plan.things[0].asked


def test_the_clock_of_these_tests_does_what_is_due_in_its_order():
    clock, done = QuickClock(), []
    for seconds in (3, 1, 2):
        clock.after(seconds, lambda seconds=seconds: done.append((seconds, clock.now - DAWN)))
    clock.sleep(2.5)
    assert done == [(1, 1.0), (2, 2.0)]
    assert clock.now == DAWN + 2.5
