"""With ``wait_for_completion=False`` nothing is waited for that is on its way to the goal already."""

from importlib import import_module

import pytest

from airflow_provider_pipelines.codearts.states import DECISIONS
from airflow_provider_pipelines.core.http.calls import Sleep
from airflow_provider_pipelines.core.verbs.goals import Verb
from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.core.verbs.observation import Judgement, Observation, Report
from airflow_provider_pipelines.core.verbs.watch import Waiting
from airflow_provider_pipelines.core.verbs.work import Work
from airflow_provider_pipelines.dli.operators import DliBatchRunOperator, DliBatchStopOperator
from airflow_provider_pipelines.enos.operators import EnosStartPipelineOperator
from airflow_provider_pipelines.errors import Conflict
from tests.enos.conftest import SECOND
from tests.support.modes import OPERATOR_MODES


def verbs():
    found = {f"codearts.DECISIONS.{name}": verb for name, verb in DECISIONS.items()}
    for vendor in ("enos", "codearts", "dli"):
        for name, value in vars(import_module(f"airflow_provider_pipelines.{vendor}.states")).items():
            if isinstance(value, Verb):
                found[f"{vendor}.{name}"] = value
    return found


VERBS = verbs()
#: what leads to the goal of each verb by itself; the other verbs have no such word
UNDER_WAY = {
    "enos.START": {"STARTING"},
    "enos.PAUSE": {"PAUSING"},
    "enos.STOP": {"STOPPING"},
    "codearts.RETRY": {"RUNNING", "PAUSED", "SUSPEND", "INIT", "QUEUED"},
    "dli.RUN": {"job_submitting", "job_downloading", "job_arrearage_recovering"},
    "dli.STOP": {"job_canceling"},
}


def test_every_verb_says_what_is_under_way():
    assert {name: verb.under_way for name, verb in VERBS.items() if verb.under_way} == UNDER_WAY
    assert len(VERBS) >= 20


@pytest.mark.parametrize("name", VERBS)
def test_what_is_under_way_is_neither_an_end_nor_a_beginning(name):
    verb = VERBS[name]
    assert not verb.under_way & (verb.already | verb.ready | verb.hopeless | verb.goal.reached | verb.goal.failed)
    assert verb.settled().reached == verb.already | verb.ready | verb.hopeless
    assert verb.settled(wait=False).reached == verb.settled().reached | verb.under_way


class Played:
    """Advances a work over statuses, one a look; the last one lasts."""

    def __init__(self, verb, *statuses, refuses=None, wait=False):
        self.statuses, self.refuses = list(statuses), refuses
        self.sent, self.slept, self.looks = [], [], 0
        self.work = Work(verb, [Item("a")], 600.0)
        self.now = 0.0
        waiting = Waiting(30.0, 10, lambda: self.now, lambda _: None)
        call = self.work.advance(self.look, self.act, waiting, first_look=self.look, wait=wait, pause_at=None)
        try:
            while True:
                effect = next(call)
                assert isinstance(effect, Sleep)
                self.slept.append(effect.seconds)
                self.now += effect.seconds
        except StopIteration:
            pass
        (self.item,) = self.work.items.values()

    def look(self, ids, delay):
        if delay > 0:
            yield Sleep(delay)
        self.looks += 1
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return dict.fromkeys(ids, Observation(status))

    def act(self, ids):
        self.sent += ids
        return dict.fromkeys(ids, self.refuses)
        yield


@pytest.mark.parametrize(
    ("name", "word"), [(name, word) for name, words in UNDER_WAY.items() for word in sorted(words)]
)
def test_what_is_on_its_way_is_left_to_itself(name, word):
    played = Played(VERBS[name], word)
    assert (played.item.result, played.sent, played.slept, played.looks) == ("requested", [], [], 1)
    assert "on its way already" in played.item.message
    assert "nothing was sent" in played.item.message
    assert played.work.failure() is None


@pytest.mark.parametrize("name", UNDER_WAY)
def test_what_has_to_end_first_is_waited_out_and_no_longer(name):
    verb, word = VERBS[name], sorted(UNDER_WAY[name])[0]
    ready = sorted(verb.ready)[0]
    acted = Played(verb, "SOMETHING_ELSE", "SOMETHING_ELSE", ready)
    assert (acted.item.result, acted.sent) == ("requested", ["a"])
    assert "was accepted" in acted.item.message
    # somebody else was faster
    left = Played(verb, "SOMETHING_ELSE", word)
    assert (left.item.result, left.sent, left.looks) == ("requested", [], 2)


@pytest.mark.parametrize("name", UNDER_WAY)
def test_a_refusal_since_somebody_else_asked_is_on_its_way(name):
    verb = VERBS[name]
    about = {"service": "x", "operation": "y", "method": "POST", "path": "/", "status": 409}
    refuses = Conflict("not now", **about, state=sorted(verb.already)[0])
    played = Played(verb, sorted(verb.ready)[0], refuses=refuses)
    assert (played.item.result, played.sent, played.slept) == ("requested", ["a"], [])
    assert "somebody else" in played.item.message


def test_a_stop_with_savepoint_waits_for_one_that_may_make_none():
    played = Played(VERBS["dli.STOP_WITH_SAVEPOINT"], "job_canceling", "job_canceling", "job_cancel_success")
    assert played.item.result == "failed"
    assert played.item.error["error"] == "SavepointMissing"


def test_what_a_task_without_waiting_leaves_to_the_triggerer_ends_there_as_here():
    work = Work(VERBS["enos.START"], [Item("a", phase="hold", before="STOPPING", known="STOPPING")], 600.0)
    work.waits = False
    (thing,) = work.watched()
    assert "STARTING" in thing.goal.reached
    work.merge(Report({"a": Judgement("reached", "STARTING")}), 1.0)
    assert work.items["a"].phase == "hold"


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_pipeline_that_starts_is_not_waited_for(emulator, clock, mode):
    emulator.thing("enos", SECOND, "STARTING")

    def make(**more):
        return EnosStartPipelineOperator(
            task_id="t", pipeline_id=SECOND, execution_mode=1, wait_for_completion=False, defer_after=0, **more
        )

    ended = OPERATOR_MODES[mode](make, clock)
    assert (ended["result"]["result"], ended["result"]["after"]) == ("requested", "STARTING")
    assert (emulator.writes(), clock.slept) == ([], [])


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_each_job_of_a_batch_is_left_sent_or_waited_out_by_its_own_state(emulator, clock, mode):
    for id, status in (
        ("128", "job_submitting"),
        ("137", "job_running"),
        ("142", "job_init"),
        ("146", "job_canceling"),
    ):
        emulator.thing("dli", id, status)

    def make(**more):
        return DliBatchRunOperator(
            task_id="t", job_ids=[128, 137, 142, 146], wait_for_completion=False, defer_after=0, **more
        )

    ended = OPERATOR_MODES[mode](make, clock)
    results = {one["id"]: (one["result"], "on its way" in one["message"]) for one in ended["result"]}
    assert results == {
        128: ("requested", True), 137: ("already", False), 142: ("requested", False), 146: ("requested", False),
    }  # fmt: skip
    assert sorted(id for _, ids in emulator.writes() for id in ids) == ["142", "146"]


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_jobs_that_stop_are_not_waited_for(emulator, clock, mode):
    emulator.thing("dli", "128", "job_canceling")

    def make(**more):
        return DliBatchStopOperator(task_id="t", job_ids=[128], wait_for_completion=False, defer_after=0, **more)

    ended = OPERATOR_MODES[mode](make, clock)
    assert [one["result"] for one in ended["result"]] == ["requested"]
    assert (emulator.writes(), clock.slept) == ([], [])
