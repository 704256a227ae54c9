"""Where records are kept: the keys, the texts, and how absence is told from an outage."""

import json
from hashlib import sha256

import pytest

from airflow_provider_pipelines.errors import RecordUnreadable
from airflow_provider_pipelines.window.record.model import Claim, Claims, Handed, Intent, Judged, Phase, Plan, Progress
from airflow_provider_pipelines.window.record.repository import RecordRepository
from airflow_provider_pipelines.window.record.store import key_of
from tests.support.playing import MemoryStore

WINDOW, RUN = "nightly/window", "run1"


def named(*parts):
    return "pipelines_window_" + sha256("\0".join(parts).encode()).hexdigest()[:40]


def key(name):
    return named(name, WINDOW, RUN)


class Noting(MemoryStore):
    """Notes what is said of each text, and in which order texts are deleted and read."""

    def __init__(self):
        super().__init__()
        self.abouts, self.deleted, self.read = {}, [], []
        #: what a read gives instead, by key: one entry a read, the last of them for ever
        self.instead = {}

    def get(self, key):
        self.read.append(key)
        if answers := self.instead.get(key):
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return super().get(key)

    def set(self, key, text, about):
        super().set(key, text, about)
        self.abouts[key] = about

    def delete(self, key):
        super().delete(key)
        self.deleted.append(key)


@pytest.fixture
def store():
    return Noting()


@pytest.fixture
def records(store):
    records = RecordRepository(store, WINDOW, RUN)
    records.begin()
    return records


def plan_of(**more):
    return Plan.model_validate(
        {
            "version": 1, "window": WINDOW, "run_id": RUN, "generation": 1, "made_at": 1.0,
            "on_quiesce_failure": "restore", "on_missing": "report", "places": [], "things": [], **more,
        }
    )  # fmt: skip


def unreadable(why, window=WINDOW, run=RUN):
    return (
        f"the record of window {window}, run {run} cannot be read: {why}. Nothing is concluded from that; a retry reads "
        "again."
    )


def refused(act, why, **more):
    with pytest.raises(RecordUnreadable) as caught:
        act()
    assert str(caught.value) == unreadable(why, **more)


def test_a_key_is_a_hash_of_its_parts_under_our_prefix():
    assert key_of("plan", "a/b", "c") == named("plan", "a/b", "c")
    assert len(key_of("x")) == 17 + 40
    assert key_of("a", "bc") != key_of("ab", "c")


def test_the_control_key_tells_that_there_is_a_record_and_never_changes(store):
    records = RecordRepository(store, WINDOW, RUN)
    assert str(records) == "nightly/window, run run1"
    records.begin()
    text = '{"run_id": "run1", "version": 1, "window": "nightly/window"}'
    assert store.texts == {key("control"): text}
    assert store.abouts == {key("control"): "maintenance window nightly/window, run run1: control"}
    writes = next(store.writes)
    records.begin()
    assert next(store.writes) == writes + 1, "what is there is not written again"


def test_a_key_of_its_own_says_which_snapshot_counts(store, records):
    refused(records.generation, "which of its snapshots counts cannot be read")
    records.announce(3)
    assert records.generation() == 3
    text = '{"generation": 3, "run_id": "run1", "version": 1, "window": "nightly/window"}'
    assert store.texts[key("generation")] == text
    assert store.abouts[key("generation")] == "maintenance window nightly/window, run run1: generation"


@pytest.mark.parametrize("text", ["", "[3]", "7", "null", "{}", '{"generation": "3"}', '{"generation": null}'])
def test_a_counter_that_says_no_number_is_an_error(store, records, text):
    store.texts[key("generation")] = text
    refused(records.generation, "which of its snapshots counts cannot be read")


@pytest.mark.parametrize("answer", [None, "{}"])
def test_what_cannot_be_read_back_is_an_error(store, answer):
    records = RecordRepository(store, WINDOW, RUN)
    store.instead[key("control")] = [None, answer]
    refused(records.begin, "what was written cannot be read back")
    store.instead[key("generation")] = [answer]
    refused(lambda: records.announce(1), "what was written cannot be read back")


# absence


def test_what_is_absent_was_absent_twice_with_the_control_key_read_in_between_and_after(store, records):
    store.read.clear()
    assert records.texts.look_up("k") is None
    assert store.read == ["k", key("control"), "k", key("control")]


def test_what_a_second_read_finds_is_there(store, records):
    store.texts["k"] = "7"
    assert records.texts.look_up("k") == "7"
    store.instead["k"] = [None, "7"]
    assert records.texts.look_up("k") == "7"


@pytest.mark.parametrize("answers", [[None], ["x", None]])
def test_nothing_is_absent_while_the_control_key_cannot_be_read(store, records, answers):
    store.instead[key("control")] = answers
    refused(lambda: records.texts.look_up("k"), "the metadata database or the API server cannot be asked")
    store.instead[key("control")] = answers
    refused(records.plan, "the metadata database or the API server cannot be asked")


def test_a_store_that_is_certain_is_asked_once(store, records):
    store.certain = True
    store.read.clear()
    assert records.texts.look_up("k") is None
    assert store.read == ["k"]


def test_the_records_of_another_run_are_told_absent_by_our_own_control_key(store, records):
    store.read.clear()
    other = records.beside("weekly/window", "run9")
    assert (other.window, other.run_id, other.store) == ("weekly/window", "run9", store)
    assert other.control == named("control", "weekly/window", "run9")
    assert other.plan() is None
    third = other.beside("third/window", "run3")
    assert third.plan() is None
    assert set(store.read) == {
        key("control"), named("plan", "weekly/window", "run9"), named("plan", "third/window", "run3"),
    }  # fmt: skip
    refused(other.needed_plan, "there is none", window="weekly/window", run="run9")


# plan


def test_a_plan_is_kept_and_read_back(store, records):
    assert records.plan() is None
    refused(records.needed_plan, "there is none")
    plan = plan_of()
    records.keep_plan(plan)
    assert records.plan() == records.needed_plan() == plan
    assert json.loads(store.texts[key("plan")])["window"] == WINDOW
    assert store.abouts[key("plan")] == "maintenance window nightly/window, run run1: plan"


def test_a_plan_that_cannot_be_read_back_is_an_error(store, records):
    store.instead[key("plan")] = [None]
    refused(lambda: records.keep_plan(plan_of()), "what was written cannot be read back")
    store.instead[key("plan")] = [plan_of(generation=2).model_dump_json()]
    refused(lambda: records.keep_plan(plan_of()), "what was written cannot be read back")


@pytest.mark.parametrize("other", [{"window": "weekly/window"}, {"run_id": "run9"}])
def test_the_plan_of_another_run_is_not_ours(store, records, other):
    plan = plan_of(**other)
    store.texts[key("plan")] = plan.model_dump_json()
    refused(records.plan, f"it is that of {plan.window}, run {plan.run_id}")


def test_a_plan_that_does_not_validate_names_the_window(store, records):
    store.texts[key("plan")] = "{}"
    with pytest.raises(
        RecordUnreadable, match=r"^the record of window nightly/window, run run1 cannot be understood \(Plan: version, "
    ):
        records.plan()


# attempts


def test_each_attempt_is_named_and_has_a_text_of_its_own(store, records):
    refused(records.attempts, "the list of its attempts is missing")
    refused(records.progress, "the list of its attempts is missing")
    records.begin_attempts()
    assert store.texts[key("attempts")] == '{"version":1,"attempts":[]}'
    assert records.attempts() == records.progress() == []
    first, second = Progress(generation=1, attempt=1), Progress(generation=1, attempt=12, quiet=True)
    for part in (first, second):
        records.keep_progress(part)
        records.register(part.attempt)
    assert store.texts[key("attempts")] == '{"version":1,"attempts":[1,12]}'
    assert store.abouts[key("attempts")] == "maintenance window nightly/window, run run1: attempts"
    assert store.abouts[key("progress12")] == "maintenance window nightly/window, run run1: progress12"
    assert records.progress() == [first, second]
    del store.texts[key("progress12")]
    refused(records.progress, "what attempt 12 of quiesce wrote is missing")


def test_an_attempt_that_is_named_already_is_not_named_again(store, records):
    records.begin_attempts()
    records.register(4)
    writes = next(store.writes)
    records.register(4)
    assert records.attempts() == [4]
    assert next(store.writes) == writes + 1


def test_an_attempt_that_cannot_be_read_back_is_an_error(store, records):
    store.instead[key("attempts")] = ['{"attempts":[]}']
    refused(lambda: records.register(1), "what was written cannot be read back")


def test_the_intents_of_a_snapshot_are_those_of_its_attempts_and_the_later_attempt_counts(store, records):
    records.begin_attempts()
    noted = [
        (1, 3, {"a": Intent(at=30.0), "b": Intent(at=31.0)}),
        (1, 2, {"a": Intent(at=20.0), "c": Intent(at=21.0)}),
        (2, 4, {"a": Intent(at=40.0)}),
    ]
    for generation, attempt, intents in noted:
        records.keep_progress(Progress(generation=generation, attempt=attempt, marks=intents))
        records.register(attempt)
    store.read.clear()
    assert {key: intent.at for key, intent in records.intents(1).items()} == {"a": 30.0, "b": 31.0, "c": 21.0}
    assert len(store.read) == len(set(store.read)), "each attempt is read once"
    assert records.intents(3) == {}
    assert [part.attempt for part in records.progress_of(1)] == [3, 2]


# phase


def phase_of(**more):
    return Phase(**{"generation": 1, "phase": "restoring", "turned_at": 5.0, **more})


def test_a_phase_is_kept(store, records):
    assert records.phase() is None
    records.keep_phase(phase_of())
    assert records.phase() == phase_of()
    assert store.abouts[key("phase")] == "maintenance window nightly/window, run run1: phase"


@pytest.mark.parametrize(
    ("phase", "generation", "closed"),
    [
        (None, 1, False),
        (phase_of(), 1, False),
        (phase_of(phase="closed"), 1, True),
        (phase_of(phase="closed", generation=2), 1, True),
        (phase_of(phase="closed"), 2, False),
    ],
)
def test_a_record_is_closed_by_its_own_snapshot_or_a_later_one(records, phase, generation, closed):
    if phase is not None:
        records.keep_phase(phase)
    assert records.closed(plan_of(generation=generation)) is closed


INTENTS = {"k": Intent(at=1.0)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, phase_of(generation=2, phase="closed", turned_at=9.0, by="hand")),
        (phase_of(generation=1, marks=INTENTS), phase_of(generation=2, phase="closed", turned_at=9.0, by="hand")),
        (
            phase_of(generation=2, marks=INTENTS, missing=["k"]),
            phase_of(generation=2, phase="closed", marks=INTENTS, missing=["k"], by="hand"),
        ),
        (phase_of(generation=3, marks=INTENTS), phase_of(generation=3, marks=INTENTS)),
    ],
)
def test_closing_keeps_what_restore_noted_of_this_snapshot_and_leaves_a_later_one_alone(records, before, after):
    if before is not None:
        records.keep_phase(before)
    records.close(plan_of(generation=2), "hand", 9.0)
    assert records.phase() == after


def test_standing_reads_the_phase_on_both_sides_of_the_counter(store, records):
    records.announce(0)
    store.read.clear()
    assert records.standing() == (None, 0)
    assert store.read == [key("phase"), key("generation"), key("phase")]
    records.announce(2)
    records.keep_phase(phase_of())
    store.read.clear()
    assert records.standing() == (phase_of(), 2)
    assert store.read == [key("phase"), key("generation")]
    store.instead[key("phase")] = [None, phase_of().model_dump_json()]
    assert records.standing() == (phase_of(), 2)
    store.instead[key("phase")] = ["{}"]
    with pytest.raises(RecordUnreadable, match=r"^the record of window nightly/window, run run1 .* \(Phase: gen"):
        records.standing()


# the rest


def test_other_parts_are_kept_under_their_names(store, records):
    assert (records.handed(), records.judged()) == (None, None)
    handed = Handed(generation=1, window="weekly/window", run_id="run9", things=["k"])
    judged = Judged(generation=1, open=["a"])
    records.keep_handed(handed)
    records.keep_judged(judged)
    assert (records.handed(), records.judged()) == (handed, judged)
    assert store.abouts[key("handed")] == "maintenance window nightly/window, run run1: handed"
    assert store.abouts[key("judged")] == "maintenance window nightly/window, run run1: judged"


def test_the_latest_run_is_noted_once_for_all_runs_of_a_window(store, records):
    assert records.last_run() is None
    records.keep_last_run()
    kept = named("last", WINDOW)
    assert store.texts[kept] == '{"version":1,"window":"nightly/window","run_id":"run1"}'
    assert store.abouts[kept] == "maintenance window nightly/window: last run"
    assert records.beside(WINDOW, "run2").last_run() == "run1"
    store.texts[kept] = "{}"
    with pytest.raises(
        RecordUnreadable, match=r"^the record of window nightly/window cannot be understood \(Last: win"
    ):
        records.last_run()


def test_claims_are_noted_once_for_all_windows(store, records):
    assert records.claims("enos x o1") == Claims()
    claims = Claims(claims=[Claim(window=WINDOW, run_id=RUN, at=1.0, things=["a"])])
    records.keep_claims("enos x o1", claims)
    kept = named("claims", "enos x o1")
    assert json.loads(store.texts[kept])["claims"] == [{"window": WINDOW, "run_id": RUN, "at": 1.0, "things": ["a"]}]
    assert store.abouts[kept] == "maintenance windows: claims in enos x o1"
    assert records.beside("weekly/window", "run9").claims("enos x o1") == claims
    store.texts[kept] = "[]"
    with pytest.raises(RecordUnreadable, match=r"^the record of window claims in enos x o1 cannot .* \(Claims: all of"):
        records.claims("enos x o1")


def test_a_record_is_dropped_as_a_whole_the_plan_first_and_the_control_key_last(store, records):
    records.begin_attempts()
    records.keep_plan(plan_of())
    for number in (1, 2):
        records.keep_progress(Progress(generation=1, attempt=number))
        records.register(number)
    records.keep_phase(phase_of())
    records.keep_handed(Handed(generation=1, window="w", run_id="r"))
    records.keep_judged(Judged(generation=1))
    records.keep_last_run()
    records.drop()
    assert store.deleted == [
        key(name)
        for name in (
            "plan", "progress1", "progress2", "attempts", "handed", "judged", "phase", "generation", "control",
        )
    ]  # fmt: skip
    assert set(store.texts) == {named("last", WINDOW)}
