"""
No record is never good news: reads that find nothing, writes that are lost, outages.

Airflow's ``Variable.get`` gives its default for whatever goes wrong. So each single read of a whole window finds nothing
once, and each single write fails once, with tasks tried again as Airflow would.
"""

from __future__ import annotations

import itertools

import pytest

from airflow_provider_pipelines.errors import PipelinesError, RecordUnreadable, mendable
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.interleavings import Services, Stage, StagedWindow, StageStore
from tests.support.playing import BUILD, START, WIND, world

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

TARGETS = [
    EnosPipelines(name_pattern="wind-*", start=START),
    DliJobs(name_pattern="agg-*"),
    CodeArtsPipelines(pipeline_ids=[BUILD(1)]),
]


class Cycle:
    """A whole window, its tasks tried again as Airflow does."""

    def __init__(self, monkeypatch):
        self.stage = Stage()
        seed = world(enos=2, dli=2)
        # what does not run stays so
        seed["enos"]["orgs"]["o10000000000001"]["pipelines"][WIND(9)] = {"name": "wind-9", "status": "PAUSED"}
        self.services = Services(self.stage, seed)
        for name, value in self.services.env.items():
            monkeypatch.setenv(name, value)
        self.store = StageStore(self.stage)
        self.window = StagedWindow(self.services, TARGETS, store=self.store)
        self.before = self.services.statuses()
        self.attempts = itertools.count(1)
        self.failures = []
        #: the states of the tasks, as the verdict sees them
        self.states = {}
        self.problems = None

    def tries(self, name, work, count, delay, *, all_mendable=False):
        for number in range(count):
            try:
                value = self.stage.run(name, work(number))
            except PipelinesError as error:
                self.failures.append((name, error))
                if not (all_mendable or mendable(error)):
                    break
                self.stage.sleep(delay)
            else:
                self.states[name] = "success"
                return value
        self.states[name] = "failed"
        return None

    def play(self):
        window = self.window
        try:
            plan = self.tries("snapshot", lambda _: window.do_snapshot, 3, 30.0)
            if plan is not None:
                report = self.tries("quiesce", lambda _: window.do_quiesce(next(self.attempts)), 3, 10.0)
                if report is not None:
                    assert report["result"] == "quiet"
                    assert not any(status in ("RUNNING", "job_running", True) for status in self.now().values())
                self.tries("restore", lambda _: window.do_restore, 11, 30.0, all_mendable=True)
            self.problems = self.tries("verdict", lambda _: window.do_verdict(self.states), 3, 30.0)
        finally:
            self.stage.close()
        return self

    def now(self):
        return self.services.statuses()

    def sent_twice(self):
        """Give what was sent for a thing that was there already."""
        return [
            (sent, id)
            for sent in self.services.sent
            for id, status in sent.before.items()
            if sent.way
            == ("down" if status in ("PAUSED", "PAUSING", "job_canceling", "job_cancel_success", False) else "up")
        ]


def counted(monkeypatch):
    """Give how many reads and writes of the record a clean cycle has."""
    cycle = Cycle(monkeypatch).play()
    assert cycle.problems == []
    assert cycle.failures == []
    return cycle.store.read_count, cycle.store.write_count


def all_is_well(cycle):
    """Say what is true whatever went wrong with the record."""
    assert cycle.now() == cycle.before, cycle.failures
    assert cycle.sent_twice() == []
    assert cycle.states["restore"] == "success", cycle.failures
    assert not any(WIND(9) in sent.ids for sent in cycle.services.sent)
    plan = cycle.window.records.plan()
    assert {thing.id for thing in plan.things if thing.runs} == {WIND(1), WIND(2), "101", "102", BUILD(1)}


PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_each_single_read_may_find_nothing(part, monkeypatch):
    reads, _ = counted(monkeypatch)
    assert reads > 60
    for number in range(1 + part, reads + 1, PARTS):
        cycle = Cycle(monkeypatch)
        cycle.store.blind = lambda count, key, number=number: count == number
        cycle.play()
        all_is_well(cycle)
        assert (cycle.problems == []) == ("failed" not in cycle.states.values()), (number, cycle.problems)


@pytest.mark.parametrize("broken", ["lost", "kept"])
@pytest.mark.parametrize("part", range(4))
def test_each_single_write_may_fail(part, broken, monkeypatch):
    _, writes = counted(monkeypatch)
    assert writes > 30
    for number in range(1 + part, writes + 1, 4):
        cycle = Cycle(monkeypatch)
        cycle.store.broken = lambda count, key, number=number: broken if count == number else None
        cycle.play()
        all_is_well(cycle)


@pytest.mark.parametrize("part", range(4))
def test_an_outage_may_begin_at_each_read(part, monkeypatch):
    """At every seventh one; it ends before the third try of whatever it met."""
    reads, _ = counted(monkeypatch)
    for number in range(1 + 7 * part, reads + 1, 28):
        cycle = Cycle(monkeypatch)
        store, stage, end = cycle.store, cycle.stage, []

        def out(count, key, number=number, stage=stage, end=end):
            if count == number:
                end.append(stage.now + 15.0)
            return bool(end) and stage.now < end[0]

        store.blind = out
        store.broken = lambda count, key, stage=stage, end=end: "lost" if end and stage.now < end[0] else None
        cycle.play()
        all_is_well(cycle)


def test_an_outage_at_the_start_of_restore_is_no_closed_record(monkeypatch):
    cycle = Cycle(monkeypatch)
    window, store = cycle.window, cycle.store
    window.snapshot()
    window.quiesce()
    stopped = cycle.now()
    store.blind, store.broken = lambda count, key: True, lambda count, key: "lost"
    sent = len(cycle.services.sent)
    for _ in range(5):
        with pytest.raises(RecordUnreadable):
            window.restore()
        assert cycle.now() == stopped
        cycle.stage.sleep(30.0)
    assert len(cycle.services.sent) == sent
    with pytest.raises(RecordUnreadable):
        window.judged()
    store.blind, store.broken = lambda count, key: False, lambda count, key: None
    assert window.restore()["result"] == "restored"
    assert cycle.now() == cycle.before
    assert window.judged() == []
    cycle.stage.close()


def test_no_record_is_overwritten_by_a_snapshot_that_cannot_see_it(monkeypatch):
    """The plan looks absent; half of the fleet is down."""
    cycle = Cycle(monkeypatch)
    window, store = cycle.window, cycle.store
    window.snapshot()
    truth = window.records.plan().things
    window.quiesce()
    kept = dict(store.texts)
    store.blind = lambda count, key: True
    for _ in range(3):
        with pytest.raises(RecordUnreadable):
            window.snapshot()
    assert store.texts == kept
    # one read after the other finds nothing, or some in a row: an outage that is shorter than the snapshot
    for number, width in itertools.product(range(1, 40, 3), (1, 2, 4)):
        first = store.read_count + number
        store.blind = lambda count, key, first=first, width=width: first <= count < first + width
        try:
            window.snapshot()
        except RecordUnreadable:
            continue
        assert [(thing.id, thing.was, thing.runs) for thing in window.records.plan().things] == [
            (thing.id, thing.was, thing.runs) for thing in truth
        ]
    store.blind = lambda count, key: False
    assert window.restore()["result"] == "restored"
    assert cycle.now() == cycle.before
    cycle.stage.close()


@pytest.mark.parametrize("text", ["", "{", "null", '{"version": 2}', '{"version": 1, "things": "all"}'])
def test_a_record_that_does_not_validate_is_an_error_and_no_absence(text, monkeypatch):
    cycle = Cycle(monkeypatch)
    window, store = cycle.window, cycle.store
    window.snapshot()
    plan = next(key for key, kept in store.texts.items() if '"things"' in kept and '"on_missing"' in kept)
    window.quiesce()
    stopped, sent = cycle.now(), len(cycle.services.sent)
    whole, store.texts[plan] = store.texts[plan], text
    for task in (window.snapshot, window.quiesce, window.restore, window.judged):
        with pytest.raises(RecordUnreadable, match="nightly/window"):
            task()
    assert store.texts[plan] == text
    assert (cycle.now(), len(cycle.services.sent)) == (stopped, sent)
    store.texts[plan] = whole
    assert window.restore()["result"] == "restored"
    assert cycle.now() == cycle.before
    cycle.stage.close()
