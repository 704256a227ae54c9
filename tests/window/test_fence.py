"""A quiesce that was killed goes on for some seconds, and its last write may arrive late: restore outlasts it."""

from __future__ import annotations

import random
import threading

import pytest

from airflow_provider_pipelines.errors import PipelinesError, WatchFailed
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.conftest import SteppedClock
from tests.support.interleavings import Services, Stage, StagedWindow, StageStore
from tests.support.playing import BUILD, START, Window, statuses, world
from tests.window.conftest import all_targets

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

#: seconds of the connections of these tests, which is the default
TIMEOUT = 15.0
STOPS = {"enos": "pause_pipeline", "dli": "batch_stop_flink_jobs", "codearts": "disable_pipeline"}
TARGETS = [
    EnosPipelines(name_pattern="wind-*", start=START),
    DliJobs(name_pattern="agg-*"),
    CodeArtsPipelines(pipeline_ids=[BUILD(1)]),
]


class Scene:
    def __init__(self, monkeypatch, seed=None, **world_of):
        self.stage = Stage()
        self.services = Services(self.stage, world(**{"enos": 2, "dli": 2, **world_of}))
        for name, value in self.services.env.items():
            monkeypatch.setenv(name, value)
        self.store = StageStore(self.stage)
        self.window = StagedWindow(self.services, TARGETS, store=self.store)
        self.before = self.services.statuses()
        if seed is not None:
            rng = random.Random(seed)
            self.services.latency = lambda: 0.3 * rng.random()
            self.store.latency = lambda: 0.1 * rng.random()

    def turned_at(self):
        return next(at for at, _, about in self.store.log if about.endswith(": phase"))

    def stops_after(self, at):
        return [sent for sent in self.services.sent if sent.way == "down" and sent.at > at]

    def check(self):
        """Whatever comes later, all is as it was."""
        self.stage.sleep(600.0)
        assert self.services.statuses() == self.before
        # what the last look of a quiesce saw while restore was at it already may be said, too
        assert [problem for problem in self.window.judged() if "could not be stopped" not in problem] == []
        self.stage.close()


@pytest.mark.parametrize("seconds", [10.0, TIMEOUT - 1.0])
@pytest.mark.parametrize("service", STOPS)
@pytest.mark.parametrize("transitional", [True, False])
def test_the_last_write_of_a_killed_quiesce_arrives_late(service, seconds, transitional, monkeypatch):
    scene = Scene(monkeypatch)
    scene.services.world.settings.update({"enos_transitional": transitional})
    # of the pipelines of EnOS the second, so that something is stopped already
    scene.services.fault(STOPS[service], service=service, skip=int(service == "enos"), kind="late", seconds=seconds)
    scene.window.snapshot()
    quiesce = scene.stage.start("quiesce", scene.window.do_quiesce(1))
    while not scene.services.world.held:
        scene.stage.sleep(0.05)
    scene.stage.kill(quiesce)
    report = scene.window.restore()
    assert report["result"] == "restored"
    late = [call for call in scene.services.writes() if call["fault"] == "late"]
    assert [call["operation"] for call in late] == [STOPS[service]]
    scene.check()


def test_the_late_write_comes_over_a_connection_that_is_still_open(fleet):
    """The same over HTTP: the emulator keeps the call, the worker hangs in it, and restore goes on beside it."""
    before = statuses(fleet.state())
    clock = SteppedClock(fleet)
    window = Window(clock, all_targets())
    window.snapshot()
    fleet.fault("disable_pipeline", service="codearts", kind="late", seconds=TIMEOUT - 1.0)
    killed, ended = threading.Event(), []
    # the killed task has records and a clock of its own process
    other = Window(SteppedClock(fleet), all_targets(), store=window.store, runs=window.runs)
    other.clock.emulator = None

    def quiesce():
        try:
            other.quiesce(killed.is_set)
        except PipelinesError as error:
            ended.append(error)

    ghost = threading.Thread(target=quiesce, daemon=True)
    ghost.start()
    while fleet.call("GET", "faults"):
        pass
    killed.set()
    assert window.restore()["result"] == "restored"
    ghost.join(20)
    assert isinstance(ended[0], WatchFailed)
    (late,) = [call for call in fleet.calls(writes=True) if call["fault"] == "late"]
    assert late["operation"] == "disable_pipeline"
    fleet.advance(600)
    assert statuses(fleet.state()) == before
    assert window.verdict() == []


def points_of_quiesce(monkeypatch):
    scene = Scene(monkeypatch, seed=0)
    scene.window.snapshot()
    scene.window.quiesce()
    points = scene.stage.processes[-1].points
    scene.stage.close()
    return points


@pytest.mark.parametrize("part", range(6))
def test_restore_may_begin_two_seconds_before_quiesce_is_told_to_end(part, monkeypatch):
    """At every seventh point of quiesce, which goes on for seven seconds; what it has not asked for by then it asks no more."""
    for number in range(1 + 7 * part, points_of_quiesce(monkeypatch), 42):
        scene = Scene(monkeypatch, seed=number)
        stage, window, begun = scene.stage, scene.window, []
        window.snapshot()

        def trap(process, kind, what, point, number=number, stage=stage, begun=begun, window=window):
            if point == number:
                begun.append(stage.start("restore", window.do_restore))

        quiesce = stage.start("quiesce", window.do_quiesce(1), trap=trap)
        while not begun and not quiesce.ended:
            stage.sleep(0.05)
        stage.sleep(2.0)
        quiesce.asked_to_end = True
        stage.sleep(5.0)
        stage.kill(quiesce)
        for restore in begun:
            stage.wait(restore)
            assert restore.error is None, number
            # what was being sent while the record was turned may still go out
            assert scene.stops_after(scene.turned_at() + 1.0) == [], number
            scene.check()


@pytest.mark.parametrize("part", range(6))
def test_a_quiesce_that_wakes_up_after_restore_has_closed_stops_nothing(part, monkeypatch):
    """Frozen at every seventh of its points, but not at the one between its last question and the request."""
    stops = ("action=pause", "/jobs/stop", "/ban")
    for number in range(1 + 7 * part, points_of_quiesce(monkeypatch), 42):
        scene = Scene(monkeypatch, seed=number)
        stage, window, frozen = scene.stage, scene.window, []
        window.snapshot()

        def trap(process, kind, what, point, number=number, stage=stage, frozen=frozen):
            if point == number and not (kind == "send" and any(part in what.url for part in stops)):
                frozen.append(kind)
                stage.sleep(3000.0)

        ghost = stage.start("quiesce", window.do_quiesce(1), trap=trap)
        while not frozen and not ghost.ended:
            stage.sleep(0.05)
        if ghost.ended:
            stage.close()
            continue
        restore = stage.wait(stage.start("restore", window.do_restore))
        assert restore.error is None, number
        closed = stage.now
        stage.wait(ghost)
        assert scene.stops_after(closed) == [], (number, frozen)
        scene.check()


def test_a_quiesce_of_which_airflow_knows_no_more_stops_nothing_more(monkeypatch):
    """Airflow answers it nothing, so that every read finds nothing."""
    for number in range(20, points_of_quiesce(monkeypatch), 18):
        scene = Scene(monkeypatch, seed=number)
        stage, window, orphaned = scene.stage, scene.window, []
        window.snapshot()

        def trap(process, kind, what, point, number=number, stage=stage, orphaned=orphaned):
            if point == number:
                process.disowned = True
                orphaned.append(stage.now)

        ghost = stage.start("quiesce", window.do_quiesce(1), trap=trap)
        while not orphaned and not ghost.ended:
            stage.sleep(0.05)
        assert window.restore()["result"] in {"restored", "nothing to do"}
        stage.wait(ghost)
        for at in orphaned:
            assert scene.stops_after(at + 1.0) == [], number
        scene.check()
