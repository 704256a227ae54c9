"""What is noted of things before a write and after it, and when a busy service is asked again."""

from types import SimpleNamespace

import pytest

from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.window.fleets.pacing import Pacer
from airflow_provider_pipelines.window.record.intents import IntentLog, kept
from airflow_provider_pipelines.window.record.model import LONGEST, Intent

VERB = SimpleNamespace(name="pause_pipeline")


class Book:
    """Keeps what a log of intents writes, as it was at that moment."""

    def __init__(self):
        self.kept = []

    def __call__(self, noted):
        self.kept.append({key: intent.model_copy(deep=True) for key, intent in noted.items()})


@pytest.fixture
def book():
    return Book()


def test_nothing_is_kept_while_nothing_has_changed(book):
    noted = {"k": Intent(at=1.0)}
    log = IntentLog(noted, book)
    log.flush()
    assert (book.kept, log.waited) == ([], [])
    assert log.noted == noted
    log.noted.clear()
    assert noted == {"k": Intent(at=1.0)}, "what was given is left as it was"


def test_an_intent_is_kept_once_with_what_the_thing_showed(book):
    log = IntentLog({}, book)
    item = Item("1", before="RUNNING", made={"has_savepoint": False, "name": "x", "start_time": 7})
    log.intend("k", item, 5.0)
    assert book.kept == [], "it is the caller who says when"
    log.flush()
    log.flush()
    assert book.kept == [{"k": Intent(at=5.0, before="RUNNING", facts={"has_savepoint": False, "start_time": 7})}]
    log.intend("l", Item("2", before="two words"), 6.0)
    log.flush()
    assert book.kept[1]["l"] == Intent(at=6.0)
    assert set(book.kept[1]) == {"k", "l"}


def test_an_intent_that_came_to_nothing_is_taken_back(book):
    log = IntentLog({"k": Intent(at=1.0)}, book)
    log.withdraw("other")
    log.flush()
    assert book.kept == []
    log.withdraw("k")
    log.withdraw("k")
    log.flush()
    assert book.kept == [{}]


def test_what_is_to_be_kept_stays_so_though_nothing_was_taken_back(book):
    log = IntentLog({}, book)
    log.intend("k", Item("1"), 1.0)
    log.withdraw("other")
    log.flush()
    assert book.kept == [{"k": Intent(at=1.0)}]


def test_what_the_service_has_taken_is_sure(book):
    log = IntentLog({"k": Intent(at=1.0)}, book)
    log.accept("k")
    log.flush()
    assert book.kept == [{"k": Intent(at=1.0, sure=True)}]


def test_a_run_that_is_waited_for_is_noted_once(book):
    log = IntentLog({}, book)
    log.wait_for("k/1")
    log.flush()
    assert (log.waited, len(book.kept)) == (["k/1"], 1)
    log.wait_for("k/1")
    log.flush()
    assert (log.waited, len(book.kept)) == (["k/1"], 1)
    log.wait_for("k/2")
    assert log.waited == ["k/1", "k/2"]


def test_what_was_seen_is_kept_where_it_is_new(book):
    log = IntentLog({"k": Intent(at=1.0, passed=["A"])}, book)
    log.see("other", Item("9", passed=["B"]))
    log.see("k", Item("1", passed=["A"]))
    log.flush()
    assert book.kept == []
    log.see("k", Item("1", passed=["A", "B"], made={"savepoint_path": "p"}))
    log.flush()
    assert book.kept == [{"k": Intent(at=1.0, passed=["A", "B"])}], "facts count once it is done"
    log.see("k", Item("1", passed=["B"], phase="done", made={"savepoint_path": "p", "more": 1}))
    log.flush()
    assert book.kept[1] == {"k": Intent(at=1.0, passed=["A", "B"], last={"savepoint_path": "p"})}
    log.see("k", Item("1", phase="done", made={"savepoint_path": "q"}, error={"type": "x"}))
    log.flush()
    assert len(book.kept) == 2, "what ended with an error shows nothing of its goal"


def test_statuses_that_the_triggerer_saw_are_kept(book):
    log = IntentLog({"k": Intent(at=1.0, passed=["A"])}, book)
    log.pass_by({"other": ["B"]})
    log.flush()
    assert book.kept == []
    log.pass_by({"other": ["B"], "k": ["B", "A", "no word", "C"]})
    log.flush()
    assert book.kept == [{"k": Intent(at=1.0, passed=["A", "B", "C"])}]


def test_the_last_eight_statuses_are_kept(book):
    log = IntentLog({"k": Intent(at=1.0, passed=["S0"])}, book)
    log.pass_by({"k": [f"S{n}" for n in range(1, 8)]})
    assert log.noted["k"].passed == [f"S{n}" for n in range(8)]
    log.pass_by({"k": ["S8", "S9"]})
    assert log.noted["k"].passed == [f"S{n}" for n in range(2, 10)]


def test_what_is_not_noted_has_not_been_seen(book):
    assert IntentLog({}, book).item("k", "1", VERB) == Item("1")


def test_what_an_earlier_attempt_has_done_is_gone_on_with(book):
    intent = Intent(
        at=4.0, sure=True, before="RUNNING", facts={"start_time": 7}, passed=["RUNNING", "PAUSING"],
        last={"start_time": 8},
    )  # fmt: skip
    item = IntentLog({"k": intent}, book).item("k", "1", VERB)
    assert item == Item(
        "1", phase="acted", before="RUNNING", known="RUNNING", acted_at=4.0, moved=True, made={"start_time": 7},
        first={"start_time": 7}, passed=["RUNNING", "PAUSING"],
    )  # fmt: skip
    item.passed.append("X")
    item.made["x"] = item.first["x"] = 1
    assert (intent.passed, intent.facts) == (["RUNNING", "PAUSING"], {"start_time": 7})


@pytest.mark.parametrize(("passed", "moved"), [([], False), (["RUNNING"], False), (["PAUSED"], True)])
def test_a_thing_has_moved_once_another_status_was_seen(book, passed, moved):
    intent = Intent(at=4.0, sure=True, before="RUNNING", passed=passed)
    assert IntentLog({"k": intent}, book).item("k", "1", VERB).moved is moved


def test_what_was_not_confirmed_may_have_arrived(book):
    item = IntentLog({"k": Intent(at=4.0, before="RUNNING")}, book).item("k", "1", VERB)
    said = "it is not known whether the request of an earlier attempt arrived"
    about = {"service": "record", "operation": "pause_pipeline", "method": "", "path": "1"}
    assert item.unclear["error"] == "OutcomeUnknown"
    assert {name: item.unclear[name] for name in about} == about
    assert item.unclear["problem"] == said


def test_facts_worth_keeping_are_few_and_short():
    facts = {"has_savepoint": False, "savepoint_path": "x" * LONGEST, "start_time": 0, "status_name": "s"}
    assert kept(facts) == {"has_savepoint": False, "savepoint_path": "x" * LONGEST, "start_time": 0}
    assert kept({"savepoint_path": "x" * (LONGEST + 1), "start_time": None}) == {}
    assert kept({"start_time": 10 ** (LONGEST + 9)}) == {"start_time": 10 ** (LONGEST + 9)}


# pacing


def test_who_has_learnt_nothing_waits_the_shortest_time():
    pacer = Pacer()
    assert pacer.pause(100.0) == 1.0
    assert not pacer.hopeless(0.0)
    assert not pacer.hopeless(1e9)


def test_without_a_usual_time_the_pauses_grow_with_the_wait_up_to_the_longest():
    pacer = Pacer(shortest=2.0, longest=15.0)
    pacer.taken(100.0)
    waits = {0: 2.0, 10: 2.0, 11: 2.2, 50: 10.0, 75: 15.0, 76: 15.0, 500: 15.0}
    assert {since: pacer.pause(100.0 + since) for since in waits} == waits
    assert not pacer.hopeless(100.0)
    assert Pacer().pause(0.0) == 1.0
    usual = Pacer()
    usual.taken(0.0)
    assert [usual.pause(float(now)) for now in (5, 50, 75, 80)] == [1.0, 10.0, 15.0, 15.0]


def learnt(seconds, *, shortest=1.0, longest=15.0):
    """Give a pacer that was refused until its second request was taken some seconds after the first."""
    pacer = Pacer(shortest, longest)
    pacer.taken(-5.0)
    pacer.refused(0.5 * seconds)
    pacer.taken(seconds - 5.0)
    pacer.taken(float(seconds))
    return pacer


def test_the_time_that_a_busy_service_took_is_waited_for_before_it_is_asked_again():
    pacer = learnt(40)
    assert pacer.pause(40.0) == 38.0
    assert pacer.pause(50.0) == 28.0
    assert pacer.pause(77.5) == 1.0, "never less than the shortest"
    assert pacer.pause(78.0) == 7.6, "then as if nothing were known"
    assert pacer.hopeless(75.9)
    assert not pacer.hopeless(76.0)


def test_what_took_very_long_is_not_waited_for_as_long():
    pacer = learnt(500)
    assert pacer.pause(500.0) == 57.0
    assert pacer.hopeless(553.9)
    assert not pacer.hopeless(554.0)


def test_a_service_that_was_not_busy_teaches_nothing():
    pacer = Pacer()
    pacer.taken(0.0)
    pacer.taken(40.0)
    assert pacer.pause(40.0) == 1.0
    assert not pacer.hopeless(40.0)
    first = Pacer()
    first.refused(5.0)
    first.taken(10.0)
    assert not first.hopeless(10.0)
    first.taken(30.0)
    assert first.pause(30.0) == 1.0, "a refusal before the first request is no measure of it"


def test_right_after_a_refusal_asking_again_is_hopeless():
    pacer = Pacer(shortest=10.0)
    assert not pacer.hopeless(0.0)
    pacer.refused(100.0)
    assert pacer.hopeless(108.9)
    assert not pacer.hopeless(109.0)
    usual = Pacer()
    usual.refused(100.0)
    assert usual.hopeless(100.89)
    assert not usual.hopeless(101.0)


def test_a_second_request_is_no_refusal_any_more():
    pacer = learnt(40)
    pacer.taken(100.0)
    assert pacer.pause(100.0) == 38.0, "taken at once, it teaches nothing new"
