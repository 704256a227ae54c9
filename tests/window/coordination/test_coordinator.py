"""How the participants of a task work side by side: waits together, one line a minute."""

import itertools
from types import SimpleNamespace

import pytest

from airflow_provider_pipelines.errors import ServerError
from airflow_provider_pipelines.window.coordination.coordinator import Coordinator
from airflow_provider_pipelines.window.coordination.places import Places
from airflow_provider_pipelines.window.coordination.terms import Terms
from airflow_provider_pipelines.window.record.intents import IntentLog
from tests.support.short_wire import FOR_EVER, quick


def ready(**more):
    window = quick(**more)
    window.snapshot()
    return window


def mustered(window, done="stopped", things=None, **terms):
    places = Places(window.records.plan(), window.clock, window.hooks)
    places.open()
    terms = Terms(lambda: None, window.clock.now + 1000, 30.0, window.lines.append, **terms)
    intents = IntentLog({}, lambda noted: None)
    return Coordinator(places, things or window.records.plan().things, intents, terms, window.clock, done)


def test_each_participant_has_the_things_of_its_place():
    window = ready(enos=2, dli=2, codearts=1)
    coordinator = mustered(window)
    assert {name: [thing.id for thing in participant.things] for name, participant in coordinator.participants.items()} == {
        "0": ["w1", "w2"], "1": ["101", "102"], "2": ["c1"],
    }  # fmt: skip
    assert [participant.identity for participant in coordinator.participants.values()] == [
        one.identity for one in window.records.plan().places
    ]
    assert coordinator.waiting == []
    assert coordinator.errors == {}
    seen = {thing.id: coordinator.look()[thing.key].status for thing in window.records.plan().things}
    assert seen == {"w1": "RUNNING", "w2": "RUNNING", "101": "job_running", "102": "job_running", "c1": "ENABLED"}


def test_a_look_that_fails_is_raised():
    window = ready(enos=1, dli=1, codearts=0)
    coordinator = mustered(window)
    window.rooms.fail("list_pipelines", status=500, answer={}, times=FOR_EVER)
    with pytest.raises(ServerError):
        coordinator.look()


def test_all_participants_work_and_the_errors_of_some_are_kept():
    window = ready(enos=1, dli=1, codearts=0)
    coordinator = mustered(window)
    window.rooms.fail("list_pipelines", status=403, answer={}, times=FOR_EVER)
    assert coordinator.run(lambda participant: participant.bring_down()) is True
    assert set(coordinator.errors) == {"0"}
    assert "forbids" in str(coordinator.errors["0"])
    assert window.rooms.statuses()["dli", "101"] == "job_cancel_success"


def test_what_waits_for_most_is_watched_first():
    window = ready(enos=1, dli=3, codearts=0, things={"takes": 500})
    coordinator = mustered(window, defer_after=20.0)
    begun = window.clock.now
    assert coordinator.run(lambda participant: participant.bring_down()) is False
    assert window.clock.now == begun + 20
    assert [participant.fleet.service for participant in coordinator.waiting] == ["dli", "enos"]


def test_a_participant_that_is_done_is_not_waited_for():
    window = ready(enos=1, dli=1, codearts=0)
    window.rooms.dli["101"]["takes"] = 500
    coordinator = mustered(window, defer_after=20.0)
    assert coordinator.run(lambda participant: participant.bring_down()) is False
    assert [participant.fleet.service for participant in coordinator.waiting] == ["dli"]


def test_a_line_a_minute_says_how_far_things_are_unless_another_one_was_said():
    window = ready(enos=2, dli=1, codearts=0)
    window.rooms.enos["w1"]["takes"] = 100
    window.rooms.enos["w2"]["takes"] = 350
    told = []
    window.lines = SimpleNamespace(append=lambda line: told.append((window.clock.now, line)))
    coordinator = mustered(window, "gone to sleep")
    begun = window.clock.now
    coordinator.run(lambda participant: participant.bring_down())
    said = [(at - begun, line) for at, line in told]
    progress = [at for at, line in said if "gone to sleep" in line]
    both = "1/3 gone to sleep, 2 waiting: wind-1 (w1), wind-2 (w2)"
    assert [line for _, line in said if line == both] == [both]
    one = "2/3 gone to sleep, 1 waiting: wind-2 (w2)"
    assert said.count(next(entry for entry in said if entry[1] == one)) == 1
    times = [0.0, *(at for at, _ in said)]
    gaps = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert max(gaps) <= 60.1
    assert progress
    for at in progress:
        before = max(other for other, _ in [(0.0, ""), *said] if other < at)
        assert at - before == pytest.approx(60, abs=0.1)


def test_a_long_list_of_what_is_waited_for_is_cut():
    window = ready(enos=6, dli=1, codearts=0, things={"takes": 70})
    mustered(window).run(lambda participant: participant.bring_down())
    assert window.lines[0] == (
        "0/7 stopped, 7 waiting: wind-1 (w1), wind-2 (w2), wind-3 (w3), wind-4 (w4), wind-5 (w5) and 2 more"
    )
    window = ready(enos=6, dli=0, codearts=0, things={"takes": 70})
    mustered(window).run(lambda participant: participant.bring_down())
    assert window.lines[0].endswith("wind-5 (w5) and 1 more")
    window = ready(enos=5, dli=0, codearts=0, things={"takes": 70})
    mustered(window).run(lambda participant: participant.bring_down())
    assert window.lines[0] == (
        "0/5 stopped, 5 waiting: wind-1 (w1), wind-2 (w2), wind-3 (w3), wind-4 (w4), wind-5 (w5)"
    )
