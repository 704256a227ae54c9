"""What counts as the truth: what is seen, or what a window that was left open has written; and what becomes of that one."""

import pytest

from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.window.phases.planning import orphans_of
from airflow_provider_pipelines.window.record.claims import OrphanedRecord
from airflow_provider_pipelines.window.record.model import Handed, Intent, Phase, Progress
from airflow_provider_pipelines.window.targets import DliJobs, EnosPipelines
from tests.support.playing import START
from tests.support.short_wire import quick

ONE = "window nightly/window (run run1)"


def left(n=2, **more):
    """A window that has stopped everything, and whose run is over; and the next run of it."""
    window = quick(enos=n, dli=0, codearts=0, **more)
    window.cycle_down()
    window.runs.over.add(("nightly/window", "run1"))
    return window, window.another(run_id="run2")


def key(window, id):
    return next(thing.key for thing in window.records.plan().things if thing.id == id)


def shown(plan):
    return [(one.id, one.was, one.runs, one.asked, one.carried) for one in plan.things]


# a plan of its own


def test_a_plan_holds_where_things_are_how_they_are_stopped_and_what_it_takes_to_bring_them_back():
    start = {"*": {"execution_mode": 1, "kafka_rate": 9, "resource_config": {"server": 2}}}
    window = quick(
        enos=1, dli=1, codearts=1,
        target={"enos": {"start": start, "how": "stop"}, "dli": {"trigger_savepoint": True}, "codearts": {"running": "leave"}},
    )  # fmt: skip
    window.rooms.enos["s1"] = {"name": "reader", "status": "PUBLISHED", "system": True}
    window.rooms.dli["101"].update(savepoint="obs://s", start_time=7)
    window = window.another([EnosPipelines(pipeline_ids=["w1", "s1"], start=start, how="stop"), *more_targets()])
    plan, _ = window.snapshot()
    places = [(one.service, one.identity, one.arguments, one.options) for one in plan.places]
    huawei = {"huaweicloud_conn_id": "huaweicloud_default", "project_id": None, "region": None}
    assert places == [
        ("enos", "enos https://enos.example o10000000000001", {"enos_conn_id": "enos_default", "org_id": None},
         {"how": "stop"}),
        ("dli", "dli https://dli.example 1a300000000000000000000000000fa4", huawei,
         {"trigger_savepoint": True, "on_missing_savepoint": "fail"}),
    ]  # fmt: skip
    one, two, three = plan.things
    assert one.model_dump() == {
        "target": 0, "key": key(window, "w1"), "id": "w1", "name": "wind-1", "was": "RUNNING", "runs": True,
        "system": False, "start": start["*"], "facts": {}, "carried": False, "asked": False,
    }  # fmt: skip
    assert (two.id, two.was, two.runs, two.system, two.start) == ("s1", "PUBLISHED", False, True, None)
    assert (three.id, three.target, three.start) == ("101", 1, None)
    assert three.facts == {"has_savepoint": True, "savepoint_path": "obs://s", "start_time": 7}
    assert one.key.startswith("enos:")
    assert one.key.endswith(":w1")


def more_targets():
    return [DliJobs(job_ids=[101], trigger_savepoint=True)]


def test_facts_that_say_nothing_are_left_out():
    window = quick(enos=0, dli=1, codearts=0)
    plan, _ = window.snapshot()
    assert plan.things[0].facts == {"has_savepoint": False}


# adoption


def test_what_is_as_an_open_window_left_it_counts_as_that_one_found_it():
    window, later = left()
    plan, notes = later.snapshot()
    assert shown(plan) == [("w1", "RUNNING", True, True, False), ("w2", "RUNNING", True, True, False)]
    assert notes == [
        f"wind-1 (w1) is PAUSED since {ONE}: it was RUNNING, and that counts.",
        f"wind-2 (w2) is PAUSED since {ONE}: it was RUNNING, and that counts.",
    ]
    assert [(one.window, one.run_id, one.generation) for one in plan.former] == [("nightly/window", "run1", 1)]
    assert plan.generation == 1
    assert plan.things[0].start == START["*"]
    assert plan.things[0].key == key(window, "w1")


def test_a_system_pipeline_stays_one_and_a_thing_keeps_its_name():
    window = quick(enos=1, dli=0, codearts=0)
    window.rooms.enos["s1"] = {"name": "reader", "status": "RUNNING", "system": True}
    both = [EnosPipelines(pipeline_ids=["w1", "s1"], start=START)]
    window.another(both).snapshot()
    window.quiesce()
    window.runs.over.add(("nightly/window", "run1"))
    plan, _ = window.another(both, run_id="run2").snapshot()
    assert [(one.name, one.system, one.asked) for one in plan.things] == [
        ("wind-1", False, True), ("reader", True, True),
    ]  # fmt: skip


def test_what_somebody_touched_since_counts_as_it_is_seen():
    window, later = left(3)
    window.rooms.enos["w1"]["status"] = "STOPPED"
    window.rooms.enos["w2"]["status"] = "RUNNING"
    plan, notes = later.snapshot()
    assert shown(plan)[0] == ("w1", "STOPPED", False, False, False)
    assert shown(plan)[1][:3] == ("w2", "RUNNING", True)
    assert shown(plan)[2] == ("w3", "RUNNING", True, True, False)
    assert notes == [
        f"wind-1 (w1) was touched since {ONE}, which found it RUNNING: it is STOPPED, and that counts.",
        f"wind-2 (w2) was touched since {ONE}, which found it RUNNING: it is RUNNING, and that counts.",
        f"wind-3 (w3) is PAUSED since {ONE}: it was RUNNING, and that counts.",
    ]
    assert plan.things[0].start is None


def test_how_the_old_window_stopped_decides_what_it_left():
    window, _ = left(target={"enos": {"how": "stop"}})
    later = window.another([EnosPipelines(name_pattern="wind-*", start=START)], run_id="run2")
    window.rooms.enos["w2"]["status"] = "PAUSED"
    plan, _ = later.snapshot()
    assert shown(plan) == [("w1", "RUNNING", True, True, False), ("w2", "PAUSED", False, False, False)]


def test_new_settings_count_before_old_ones_and_old_ones_before_none():
    window, _ = left()
    new = {"execution_mode": 1, "kafka_rate": 5}
    later = window.another([EnosPipelines(name_pattern="wind-*", start={"w1": new})], run_id="run2")
    plan, _ = later.snapshot()
    assert [one.start for one in plan.things] == [new, START["*"]]


def test_the_facts_of_the_old_record_count():
    window = quick(enos=0, dli=1, codearts=0, target={"dli": {"trigger_savepoint": True}})
    window.rooms.dli["101"]["savepoint"] = "obs://first"
    window.cycle_down()
    window.runs.over.add(("nightly/window", "run1"))
    plan, _ = window.another(run_id="run2").snapshot()
    assert plan.things[0].facts == {"has_savepoint": True, "savepoint_path": "obs://first"}
    assert plan.things[0].start is None


def test_a_thing_that_did_not_run_for_the_old_window_does_not_run_for_the_new_one():
    window = quick(enos=2, dli=0, codearts=0)
    window.rooms.enos["w1"]["status"] = "PAUSED"
    window.cycle_down()
    window.runs.over.add(("nightly/window", "run1"))
    plan, notes = window.another(run_id="run2").snapshot()
    assert shown(plan)[0] == ("w1", "PAUSED", False, False, False)
    assert len(notes) == 1


def test_what_the_old_window_never_asked_to_stop_counts_as_it_is_seen():
    window = quick(enos=2, dli=0, codearts=0)
    window.snapshot()
    window.rooms.enos["w1"]["status"] = "PAUSED"
    window.quiesce()
    window.runs.over.add(("nightly/window", "run1"))
    plan, notes = window.another(run_id="run2").snapshot()
    assert shown(plan)[0] == ("w1", "PAUSED", False, False, False)
    assert notes == [f"wind-2 (w2) is PAUSED since {ONE}: it was RUNNING, and that counts."]


def test_a_window_after_a_window_after_a_window_knows_what_the_first_found():
    window, later = left()
    later.snapshot()
    window.runs.over.add(("nightly/window", "run2"))
    third = window.another(run_id="run3")
    plan, notes = third.snapshot()
    assert shown(plan) == [("w1", "RUNNING", True, True, False), ("w2", "RUNNING", True, True, False)]
    assert notes[0] == "wind-1 (w1) is PAUSED since window nightly/window (run run2): it was RUNNING, and that counts."
    third.quiesce()
    third.restore()
    assert set(window.rooms.statuses().values()) == {"RUNNING"}


# the same run again


def test_of_a_run_of_its_own_nothing_is_said_where_things_run_again():
    window = quick(enos=2, dli=0, codearts=0)
    window.cycle_down()
    window.rooms.enos["w1"]["status"] = "RUNNING"
    window.clock.sleep(500)
    plan, notes = window.snapshot()
    assert plan.generation == 2
    assert shown(plan) == [("w1", "RUNNING", True, False, False), ("w2", "RUNNING", True, True, False)]
    assert notes == [f"wind-2 (w2) is PAUSED since {ONE}: it was RUNNING, and that counts."]


def test_of_a_run_of_its_own_it_is_said_where_a_thing_rests_otherwise():
    window = quick(enos=1, dli=0, codearts=0)
    window.cycle_down()
    window.rooms.enos["w1"]["status"] = "STOPPED"
    plan, notes = window.snapshot()
    assert shown(plan) == [("w1", "STOPPED", False, False, False)]
    assert notes == [f"wind-1 (w1) was touched since {ONE}, which found it RUNNING: it is STOPPED, and that counts."]


def test_what_a_run_has_stopped_and_does_not_target_any_more_is_carried_along():
    window = quick(enos=2, dli=1, codearts=0)
    window.cycle_down()
    window.clock.sleep(500)
    again = window.another([EnosPipelines(pipeline_ids=["w2"], start=START, org_id="o10000000000001")])
    plan, notes = again.snapshot()
    assert shown(plan) == [
        ("w2", "RUNNING", True, True, False), ("w1", "RUNNING", True, True, True), ("101", "job_running", True, True, True),
    ]  # fmt: skip
    assert [(one.service, one.arguments.get("org_id")) for one in plan.places] == [
        ("enos", "o10000000000001"), ("enos", None), ("dli", None),
    ]  # fmt: skip
    assert [one.target for one in plan.things] == [0, 1, 2]
    assert notes[1:] == [
        "wind-1 (w1) is no target any more; this run has stopped it, and brings it back.",
        "agg-1 (101) is no target any more; this run has stopped it, and brings it back.",
    ]


def test_what_is_carried_along_shares_the_place_of_what_is_targeted():
    window = quick(enos=3, dli=0, codearts=0)
    window.cycle_down()
    again = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)])
    plan, _ = again.snapshot()
    assert len(plan.places) == 1
    assert [one.target for one in plan.things] == [0, 0, 0]


def test_what_another_run_has_stopped_is_not_carried_along():
    window, _ = left()
    later = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)], run_id="run2")
    plan, notes = later.snapshot()
    assert shown(plan) == [("w2", "RUNNING", True, True, False)]
    assert notes[-1] == f"{ONE} stays open for wind-1 (w1), which this window does not target."


# handing over


def test_a_window_that_has_nothing_left_is_closed_by_the_one_that_takes_it_over():
    window, later = left()
    later.snapshot()
    phase = window.records.phase()
    assert (phase.phase, phase.by, phase.generation) == ("closed", "window", 1)
    assert phase.turned_at == window.clock.now
    handed = window.records.handed()
    assert handed == Handed(
        generation=1, window="nightly/window", run_id="run2", things=[key(window, "w1"), key(window, "w2")]
    )
    assert later.records.handed() is None


def test_what_a_later_window_does_not_target_stays_with_the_old_one():
    window, _ = left(3)
    later = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)], run_id="run2")
    _, notes = later.snapshot()
    assert window.records.phase() is None
    assert window.records.handed().things == [key(window, "w2")]
    assert notes[-1] == f"{ONE} stays open for wind-1 (w1), wind-3 (w3), which this window does not target."
    window.runs.over.add(("nightly/window", "run2"))
    last = window.another([EnosPipelines(pipeline_ids=["w1"], start=START)], window="other/window", run_id="r")
    _, notes = last.snapshot()
    assert window.records.handed() == Handed(
        generation=1, window="other/window", run_id="r", things=[key(window, "w2"), key(window, "w1")]
    )
    assert notes[-1] == f"{ONE} stays open for wind-3 (w3), which this window does not target."
    # the old window brings back what is still its own, and nothing else
    window.rooms.writes.clear()
    assert window.restore()["result"] == "restored"
    assert window.rooms.writes == [("start_pipeline", "w3")]


def test_what_was_handed_over_by_an_earlier_snapshot_does_not_count():
    window, later = left()
    window.records.keep_handed(Handed(generation=0, window="x", run_id="y", things=["old"]))
    later.snapshot()
    assert window.records.handed().things == [key(window, "w1"), key(window, "w2")]


def test_of_many_things_that_stay_twenty_are_named():
    window, _ = left(23)
    later = window.another([EnosPipelines(pipeline_ids=["w2"], start=START)], run_id="run2")
    _, notes = later.snapshot()
    assert notes[-1].count("wind-") == 20
    assert notes[-1].startswith(f"{ONE} stays open for wind-1 (w1), wind-3 (w3), ")


# what an open record has left


def orphan(window):
    return OrphanedRecord(window.records, window.records.plan())


def test_what_an_open_record_has_asked_to_stop_is_its_own():
    window = quick(enos=3, dli=0, codearts=0)
    window.snapshot()
    window.rooms.enos["w3"]["status"] = "STOPPED"
    window.quiesce()
    found = orphans_of(orphan(window))
    assert [one.id for one in found.things] == ["w1", "w2", "w3"]
    assert [one.thing.id for one in found.asked.values()] == ["w1", "w2"]
    one = found.asked[key(window, "w1")]
    assert one.whose == ONE
    assert one.asked_at > 0
    assert one.starting_until == 0.0


def test_what_a_later_window_took_over_is_left_out():
    window, _ = left(2)
    window.records.keep_handed(Handed(generation=1, window="x", run_id="y", things=[key(window, "w1")]))
    found = orphans_of(orphan(window))
    assert [one.id for one in found.things] == ["w2"]
    assert [one.thing.id for one in found.asked.values()] == ["w2"]
    window.records.keep_handed(Handed(generation=0, window="x", run_id="y", things=[key(window, "w1")]))
    assert len(orphans_of(orphan(window)).asked) == 2


def test_notes_of_another_snapshot_mean_nothing():
    window = quick(enos=1, dli=0, codearts=0)
    window.snapshot()
    part = Progress(generation=0, attempt=1, marks={key(window, "w1"): Intent(at=5.0)})
    window.records.keep_progress(part)
    window.records.register(1)
    assert orphans_of(orphan(window)).asked == {}
    part.generation = 1
    window.records.keep_progress(part)
    assert orphans_of(orphan(window)).asked[key(window, "w1")].asked_at == 5.0


def test_a_start_that_restore_asked_for_may_not_be_shown_for_ten_minutes():
    window, _ = left(1)
    window.records.keep_phase(
        Phase(generation=1, phase="restoring", turned_at=1.0, marks={key(window, "w1"): Intent(at=100.0)})
    )
    assert orphans_of(orphan(window)).asked[key(window, "w1")].starting_until == 700.0
    window.records.keep_phase(
        Phase(generation=0, phase="restoring", turned_at=1.0, marks={key(window, "w1"): Intent(at=100.0)})
    )
    assert orphans_of(orphan(window)).asked[key(window, "w1")].starting_until == 0.0


def test_what_was_asked_for_by_a_former_record_needs_no_note():
    window, later = left(1)
    later.snapshot()
    found = orphans_of(orphan(later))
    assert found.asked[key(window, "w1")].asked_at == 0.0


# what is noted late


def late(window, later, id, *, at=None, status=None):
    """Let a quiesce that is being killed note an intent while the next snapshot looks."""
    usual = later.records.announce

    def announce(generation):
        usual(generation)
        parts = window.records.progress()
        part = parts[0] if parts else Progress(generation=1, attempt=1)
        part.marks[key(window, id)] = Intent(at=window.clock.now if at is None else at)
        window.records.keep_progress(part)
        if status is not None:
            window.rooms.enos[id]["status"] = status

    later.records.announce = announce


@pytest.mark.parametrize(("ago", "asked"), [(0, True), (119, True), (120, True), (121, False)])
def test_a_stop_that_was_noted_late_may_still_be_on_its_way(ago, asked):
    window = quick(enos=2, dli=0, codearts=0)
    window.snapshot()
    window.quiescing()
    window.clock.sleep(500)
    begun = window.clock.now
    late(window, window, "w1", at=begun + 3 - ago)
    plan, _ = window.snapshot()
    assert window.clock.now == begun + 3
    assert shown(plan) == [("w1", "RUNNING", True, asked, False), ("w2", "RUNNING", True, False, False)]
    assert window.records.plan() == plan


def test_a_stop_that_was_noted_and_done_while_the_snapshot_looked_is_taken_in():
    window = quick(enos=2, dli=0, codearts=0)
    window.snapshot()
    window.quiescing()
    window.clock.sleep(500)
    window.clock.after(1, lambda: window.rooms.enos["w1"].update(status="PAUSED"))
    window.clock.after(1, lambda: window.rooms.enos["w2"].update(status="STOPPED"))
    late(window, window, "w1")
    plan, _ = window.snapshot()
    assert shown(plan) == [("w1", "RUNNING", True, True, False), ("w2", "STOPPED", False, False, False)]
    assert plan.things[0].start == START["*"]


def test_what_was_noted_late_is_taken_in_beside_what_was_known():
    window = quick(enos=3, dli=0, codearts=0)
    window.snapshot()
    window.rooms.enos["w2"]["status"] = "STOPPED"
    window.quiesce()
    window.rooms.enos["w2"]["status"] = "RUNNING"
    window.clock.sleep(500)
    late(window, window, "w2")
    plan, _ = window.snapshot()
    assert [(one.id, one.asked) for one in plan.things] == [("w1", True), ("w2", True), ("w3", True)]


def test_a_stop_that_was_noted_late_is_not_taken_in_where_a_thing_rests_otherwise():
    window = quick(enos=1, dli=0, codearts=0)
    window.snapshot()
    window.quiescing()
    window.clock.sleep(500)
    window.clock.after(1, lambda: window.rooms.enos["w1"].update(status="STOPPED"))
    late(window, window, "w1")
    plan, _ = window.snapshot()
    assert shown(plan) == [("w1", "STOPPED", False, False, False)]
    assert plan.things[0].start is None


def test_the_facts_of_what_was_stopped_late_are_those_of_the_old_record():
    window = quick(enos=0, dli=1, codearts=0, target={"dli": {"trigger_savepoint": True}})
    window.rooms.dli["101"]["savepoint"] = "obs://first"
    window.snapshot()
    window.quiescing()
    window.clock.sleep(500)
    window.clock.after(1, lambda: window.rooms.dli["101"].update(status="job_cancel_success", savepoint="obs://second"))
    late(window, window, "101")
    plan, _ = window.snapshot()
    assert plan.things[0].facts == {"has_savepoint": True, "savepoint_path": "obs://first"}
    assert shown(plan) == [("101", "job_running", True, True, False)]


def test_what_was_taken_over_stays_in_the_plan_that_is_written():
    _, later = left(1)
    plan, _ = later.snapshot()
    assert later.records.plan() == plan
    assert later.records.plan().things[0].asked


def test_an_intent_for_what_is_no_target_is_no_business_of_the_plan():
    window, _ = left(2)
    work = window.quiescing()
    work.intents.intend("nothing:here", Item("x"), 1.0)
    work.intents.flush()
    later = window.another([EnosPipelines(pipeline_ids=["w1"], start=START)], run_id="run2")
    plan, _ = later.snapshot()
    assert shown(plan) == [("w1", "RUNNING", True, True, False)]
