"""A fleet that is half stopped: what a retry, a clear, a crash or the next run makes of it."""

from __future__ import annotations

import pytest

from airflow_provider_pipelines.window.phases.quiesce import StillRunning
from airflow_provider_pipelines.window.record.repository import RecordRepository
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.interleavings import Services, Stage, StagedWindow, StageStore
from tests.support.playing import BUILD, START, WIND, Runs, world

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

WINDS = [EnosPipelines(name_pattern="wind-*", start=START)]
MIXED = [
    EnosPipelines(name_pattern="wind-*", start=START),
    DliJobs(name_pattern="agg-*"),
    CodeArtsPipelines(pipeline_ids=[BUILD(1)]),
]


class Scene:
    def __init__(self, monkeypatch, targets=WINDS, **world_of):
        self.stage = Stage()
        world_of = world_of or {"enos": 20, "dli": 0, "codearts": 0}
        self.services = Services(self.stage, world(**world_of), enos_start_seconds=1.0)
        for name, value in self.services.env.items():
            monkeypatch.setenv(name, value)
        self.store, self.runs, self.targets = StageStore(self.stage), Runs(), targets
        self.before = self.services.statuses()
        self.window = self.run("run1")

    def run(self, run_id, targets=None):
        return StagedWindow(self.services, targets or self.targets, store=self.store, runs=self.runs, run_id=run_id)

    def over(self, run_id):
        self.runs.over.add(("nightly/window", run_id))

    def stop_seven(self):
        """Take the snapshot, and let the worker die once seven of twenty are stopped."""
        self.window.snapshot()

        def trap(process, kind, what, point):
            if kind == "answered" and len(self.done("pause_pipeline")) == 7:
                process.die()

        process = self.stage.wait(self.stage.start("quiesce1", self.window.do_quiesce(1), trap=trap))
        assert process.dead
        assert len(self.done("pause_pipeline")) == 7
        self.stage.sleep(30.0)
        assert self.count("PAUSED") == 7

    def done(self, operation):
        return [id for sent in self.services.sent if sent.operation == operation for id in sent.ids if sent.did(id)]

    def count(self, status):
        return list(self.services.statuses().values()).count(status)

    def truth(self, window):
        return {thing.id: (thing.was, thing.runs) for thing in window.records.plan().things}

    def finish(self, window, attempt=2):
        assert window.quiesce(attempt)["result"] == "quiet"
        assert self.count("RUNNING") == 0
        assert window.restore()["result"] == "restored"
        assert window.judged() == []
        self.stage.sleep(600.0)

    def all_as_before(self):
        assert self.services.statuses() == self.before
        self.stage.close()


ALL_RAN = {WIND(n): ("RUNNING", True) for n in range(1, 21)}


def test_a_retry_keeps_the_first_snapshot_and_ends_right(monkeypatch):
    scene = Scene(monkeypatch)
    scene.stop_seven()
    scene.finish(scene.window)
    assert scene.truth(scene.window) == ALL_RAN
    assert sorted(scene.done("pause_pipeline")) == sorted(ALL_RAN)
    assert sorted(scene.done("start_pipeline")) == sorted(ALL_RAN)
    assert [sent for sent in scene.services.sent if sent.operation == "pause_pipeline"] == [
        sent for sent in scene.services.sent if sent.operation == "pause_pipeline" and sent.did(*sent.ids)
    ]
    scene.all_as_before()


def test_what_is_half_stopped_can_be_brought_back_without_a_retry(monkeypatch):
    scene = Scene(monkeypatch)
    scene.stop_seven()
    report = scene.window.restore()
    assert report["result"] == "restored"
    assert sorted(scene.done("start_pipeline")) == sorted(scene.done("pause_pipeline"))
    scene.all_as_before()


def test_what_somebody_starts_while_the_rest_is_being_stopped_keeps_work_from_running(monkeypatch):
    """Quiesce looks once more at everything before it ends."""
    scene = Scene(monkeypatch, MIXED, enos=2, dli=2)
    scene.services.world.settings.update({"enos_pause_seconds": 1.0})
    scene.window.snapshot()
    scene.stage.start("somebody", lambda _: scene.services.touch("enos", WIND(1), "RUNNING"), 8.0)
    with pytest.raises(StillRunning, match=r"wind-1 .* is RUNNING at the last look"):
        scene.window.quiesce()
    assert scene.window.restore()["result"] == "restored"
    assert scene.done("start_pipeline") == [WIND(2)]
    scene.all_as_before()


@pytest.mark.parametrize("times", [1, 3])
def test_a_snapshot_that_is_taken_again_keeps_the_truth(times, monkeypatch):
    scene = Scene(monkeypatch)
    scene.stop_seven()
    for _ in range(times):
        plan, notes = scene.window.snapshot(), scene.window.notes
        assert scene.truth(scene.window) == ALL_RAN
    assert plan.generation == 1 + times
    assert len([note for note in notes if "it was RUNNING, and that counts" in note]) == 7 * times
    scene.finish(scene.window)
    scene.all_as_before()


def test_a_snapshot_that_dies_while_it_is_taken_again_loses_nothing(monkeypatch):
    clean = Scene(monkeypatch)
    clean.stop_seven()
    clean.window.snapshot()
    points = clean.stage.processes[-1].points
    clean.stage.close()
    for number in range(1, points, 12):
        scene = Scene(monkeypatch)
        scene.stop_seven()

        def trap(process, kind, what, point, number=number):
            if point == number:
                process.die()

        assert scene.stage.wait(scene.stage.start("snapshot", scene.window.do_snapshot, trap=trap)).dead
        scene.stage.sleep(30.0)
        # somebody may clear restore instead of waiting for the snapshot's retry
        if number % 24 == 1:
            scene.window.snapshot()
            assert scene.truth(scene.window) == ALL_RAN
        assert scene.window.restore()["result"] == "restored"
        scene.all_as_before()


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("task", ["snapshot", "quiesce", "restore"])
def test_a_task_may_die_at_any_point(task, part, monkeypatch):
    """Its retry ends right, and nothing that was carried out is sent again."""
    clean = Scene(monkeypatch, MIXED, enos=2, dli=2)
    for name in ("snapshot", "quiesce", "restore"):
        getattr(clean.window, name)()
        if name == task:
            break
    points = clean.stage.processes[-1].points
    clean.stage.close()
    # of restore's many points most are looks
    for number in range(1 + 5 * part, points, 48 if task == "restore" else 24):
        scene = Scene(monkeypatch, MIXED, enos=2, dli=2)
        window, stage = scene.window, scene.stage

        def trap(process, kind, what, point, number=number):
            if point == number:
                process.die()

        for name in ("snapshot", "quiesce", "restore"):
            if name == task:
                work = window.do_quiesce(next(window.tries)) if name == "quiesce" else getattr(window, f"do_{name}")
                assert stage.wait(stage.start(name, work, trap=trap)).dead
                stage.sleep(10.0)
            getattr(window, name)()
        assert window.judged() == []
        for way in ("down", "up"):
            done = [id for sent in scene.services.sent if sent.way == way for id in sent.ids if sent.did(id)]
            assert sorted(done) == sorted([WIND(1), WIND(2), "101", "102", BUILD(1)]), number
        assert all(sent.did(id) for sent in scene.services.sent if sent.way == "down" for id in sent.ids), number
        stage.sleep(600.0)
        scene.all_as_before()


def test_a_window_that_was_left_open_is_adopted_by_the_next_run(monkeypatch):
    scene = Scene(monkeypatch)
    scene.stop_seven()
    scene.over("run1")
    window = scene.run("run2")
    window.snapshot()
    assert scene.truth(window) == ALL_RAN
    stopped = scene.done("pause_pipeline")
    assert len([note for note in window.notes if "run1" in note and any(id in note for id in stopped)]) == 7
    # the old record is done with
    old = RecordRepository(scene.store, "nightly/window", "run1")
    assert old.closed(old.plan())
    scene.finish(window, 1)
    assert sorted(scene.done("pause_pipeline")) == sorted(ALL_RAN)
    scene.all_as_before()


def test_a_run_that_goes_on_is_not_adopted(monkeypatch):
    scene = Scene(monkeypatch)
    scene.stop_seven()
    with pytest.raises(Exception, match="run1"):
        scene.run("run2").snapshot()
    scene.finish(scene.window)
    scene.all_as_before()


def test_of_what_somebody_touched_since_the_present_state_counts_and_is_reported(monkeypatch):
    scene = Scene(monkeypatch)
    scene.stop_seven()
    scene.over("run1")
    stopped, started = scene.done("pause_pipeline")[:2]
    scene.services.touch("enos", stopped, "STOPPED")
    scene.services.touch("enos", started, "RUNNING")
    window = scene.run("run2")
    window.snapshot()
    truth = scene.truth(window)
    assert truth[stopped] == ("STOPPED", False)
    assert truth == {**ALL_RAN, stopped: ("STOPPED", False)}
    for id in (stopped, started):
        assert [note for note in window.notes if id in note and "touched" in note], id
    scene.finish(window, 1)
    assert scene.done("start_pipeline").count(stopped) == 0
    assert scene.services.statuses() == {**scene.before, ("enos", stopped): "STOPPED"}
    scene.stage.close()


def test_what_the_next_window_does_not_target_stays_in_the_old_record_which_stays_open(monkeypatch):
    scene = Scene(monkeypatch)
    scene.stop_seven()
    scene.over("run1")
    stopped = scene.done("pause_pipeline")
    few = [EnosPipelines(pipeline_ids=[stopped[0], WIND(20)], start=START)]
    window = scene.run("run2", few)
    window.snapshot()
    assert scene.truth(window) == {stopped[0]: ("RUNNING", True), WIND(20): ("RUNNING", True)}
    (told,) = [note for note in window.notes if "stays open" in note]
    assert "run1" in told
    assert all(id in told for id in stopped[1:])
    assert stopped[0] not in told
    window.quiesce(1)
    assert window.restore()["result"] == "restored"
    old = RecordRepository(scene.store, "nightly/window", "run1")
    assert not old.closed(old.plan())
    assert scene.count("PAUSED") == 6
    # the next whole window brings the rest back
    scene.over("run2")
    third = scene.run("run3")
    third.snapshot()
    assert scene.truth(third) == ALL_RAN
    assert old.closed(old.plan())
    scene.finish(third, 1)
    scene.all_as_before()


def test_restore_of_a_run_whose_things_were_taken_over_leaves_them_alone(monkeypatch):
    """Somebody clears the old restore while the next window is at it."""
    scene = Scene(monkeypatch)
    scene.stop_seven()
    scene.over("run1")
    second = scene.run("run2")
    second.snapshot()
    second.quiesce(1)
    assert scene.window.restore()["result"] == "nothing to do"
    assert scene.count("PAUSED") == 20
    second.restore()
    scene.all_as_before()
