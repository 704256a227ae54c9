"""Who may have which things: what a claim looks like, what is said of another's, and what it is worth."""

from hashlib import sha256

import pytest

from airflow_provider_pipelines.errors import WatchFailed
from airflow_provider_pipelines.window.record.claims import Claiming, OrphanedRecord, short
from airflow_provider_pipelines.window.record.model import Claim, Claims, Phase, Plan
from airflow_provider_pipelines.window.record.repository import RecordRepository
from airflow_provider_pipelines.window.record.store import key_of
from tests.support.playing import MemoryStore, Runs

IDENTITY = "enos https://x o1"


def hashed(*ids):
    return sorted(sha256(id.encode()).hexdigest()[:12] for id in ids)


class Table:
    """A store with the claims of some windows; notes each wait, in which others may write."""

    def __init__(self):
        self.store, self.runs = MemoryStore(), Runs()
        self.now, self.slept, self.meanwhile = 100.0, [], []
        self.records = self.records_of("nightly")
        self.records.begin()
        self.claiming = Claiming(self.records, IDENTITY, self.runs, lambda: self.now, self.sleep)

    def records_of(self, name):
        return RecordRepository(self.store, f"{name}/window", f"{name}-1")

    def sleep(self, seconds):
        self.slept.append(seconds)
        if self.meanwhile and seconds == 3.0:
            self.meanwhile.pop(0)()

    @property
    def claims(self):
        return self.records.claims(IDENTITY).claims

    def put(self, *claims):
        self.records.keep_claims(IDENTITY, Claims(claims=list(claims)))

    def plan(self, name, *, closed=False, over=True):
        """Give another window a record."""
        records = self.records_of(name)
        records.begin()
        plan = Plan.model_validate(
            {
                "version": 1, "window": records.window, "run_id": records.run_id, "generation": 1, "made_at": 1.0,
                "on_quiesce_failure": "restore", "on_missing": "report", "places": [], "things": [],
            }
        )  # fmt: skip
        records.keep_plan(plan)
        if closed:
            records.keep_phase(Phase(generation=1, phase="closed", turned_at=2.0))
        if over:
            self.over(name)
        return plan

    def over(self, name):
        self.runs.over.add((f"{name}/window", f"{name}-1"))


def claim_of(name, *ids, at=50.0):
    return Claim(window=f"{name}/window", run_id=f"{name}-1", at=at, things=hashed(*ids))


def held(count, by="weekly"):
    return (
        f"window nightly/window targets {count} of the things that window {by}/window (run {by}-1) is holding in "
        f"{IDENTITY}. Nothing was changed. Let that window end first, or give the two different targets or times."
    )


@pytest.fixture
def table():
    return Table()


def refused(act, said):
    with pytest.raises(WatchFailed) as caught:
        act()
    assert str(caught.value) == said


def test_a_thing_is_claimed_by_a_short_hash():
    assert short("wind") == sha256(b"wind").hexdigest()[:12]


def test_a_claim_is_written_and_left_to_settle(table):
    assert table.claiming.claim(["b", "a"]) == []
    assert table.claims == [claim_of("nightly", "a", "b", at=100.0)]
    assert table.slept == [3.0]


def test_an_earlier_claim_of_the_same_run_is_replaced(table):
    other_run = Claim(window="nightly/window", run_id="nightly-0", at=1.0, things=hashed("z"))
    table.put(claim_of("nightly", "a", at=1.0), other_run)
    table.claiming.claim(["b"])
    assert table.claims == [other_run, claim_of("nightly", "b", at=100.0)]


def test_a_window_that_goes_on_keeps_its_things(table):
    before = claim_of("weekly", "a", "b", "c")
    table.put(claim_of("other", "x"), before)
    refused(lambda: table.claiming.claim(["b", "c", "d"]), held(2))
    assert table.claims == [claim_of("other", "x"), before], "nothing was written"
    assert table.slept == []
    table.plan("weekly", over=False)
    refused(lambda: table.claiming.claim(["b"]), held(1))


def test_windows_over_other_things_stay_where_they_are(table):
    table.put(claim_of("weekly", "a"))
    assert table.claiming.claim(["b"]) == []
    assert table.claims == [claim_of("weekly", "a"), claim_of("nightly", "b", at=100.0)]


def test_claims_that_mean_nothing_any_more_are_dropped(table):
    table.put(claim_of("weekly", "a"), claim_of("yearly", "a"), claim_of("other", "x"))
    table.plan("weekly", closed=True, over=False)
    table.over("yearly")
    assert table.claiming.claim(["a"]) == []
    assert table.claims == [claim_of("other", "x"), claim_of("nightly", "a", at=100.0)]


def test_what_was_left_open_over_the_same_things_is_given_back(table):
    table.put(claim_of("apart", "z"), claim_of("weekly", "a"), claim_of("yearly", "a", "b"))
    plans = [table.plan(name) for name in ("apart", "weekly", "yearly")]
    orphans = table.claiming.claim(["a", "c"])
    assert [type(orphan) for orphan in orphans] == [OrphanedRecord, OrphanedRecord]
    assert [orphan.plan for orphan in orphans] == plans[1:]
    assert [str(orphan.records) for orphan in orphans] == ["weekly/window, run weekly-1", "yearly/window, run yearly-1"]
    assert len(table.claims) == 4


def apart(tried):
    """Give the seconds between two tries of this run."""
    first = sha256(f"nightly/window nightly-1 {tried}".encode()).digest()[0]
    return 3.0 * min(tried + 1, 4) * first / 255


def test_a_claim_that_was_overwritten_is_made_again_after_a_pause_of_its_own(table):
    table.meanwhile = [lambda: table.put(claim_of("weekly", "z"))] * 11
    assert table.claiming.claim(["a"]) == []
    pauses = [(3.0, apart(tried)) for tried in range(11)]
    assert table.slept == [*(seconds for pause in pauses for seconds in pause), 3.0]
    assert len(set(table.slept)) > 5
    assert table.claims == [claim_of("weekly", "z"), claim_of("nightly", "a", at=100.0)]


def test_who_is_overwritten_twelve_times_gives_up(table):
    table.meanwhile = [lambda: table.put(claim_of("weekly", "z"))] * 20
    refused(
        lambda: table.claiming.claim(["a"]),
        f"window nightly/window could not claim its things in {IDENTITY}: other windows start at the same moment. A "
        "retry will do.",
    )
    assert table.slept.count(3.0) == 12


class Meanwhile:
    """Lets something happen while a window's plan is read for the first time."""

    def __init__(self, table, name, act):
        self.key, self.act = key_of("plan", f"{name}/window", f"{name}-1"), act
        table.store.before_read = self

    def __call__(self, number, key):
        if key == self.key and self.act is not None:
            act, self.act = self.act, None
            act()


def test_what_is_claimed_while_claims_are_judged_is_judged_too(table):
    table.put(claim_of("weekly", "z"), claim_of("done", "a"))
    table.plan("done", closed=True)
    Meanwhile(table, "weekly", lambda: table.put(*table.claims, claim_of("yearly", "a", at=101.0)))
    refused(lambda: table.claiming.claim(["a"]), held(1, "yearly"))
    assert len(table.claims) == 3


def test_what_is_claimed_while_claims_are_judged_is_kept(table):
    table.put(claim_of("weekly", "z"), claim_of("done", "a"))
    table.plan("done", closed=True)
    table.plan("left")
    late = [claim_of("yearly", "y"), claim_of("left", "a")]
    Meanwhile(table, "weekly", lambda: table.put(*table.claims, *late))
    (orphan,) = table.claiming.claim(["a"])
    assert orphan.records.window == "left/window"
    assert table.claims == [claim_of("weekly", "z"), *late, claim_of("nightly", "a", at=100.0)]


def test_what_is_withdrawn_while_claims_are_judged_is_not_written_again(table):
    table.put(claim_of("weekly", "z"), claim_of("other", "y"))
    Meanwhile(table, "other", lambda: table.put(claim_of("other", "y")))
    assert table.claiming.claim(["a"]) == []
    assert table.claims == [claim_of("other", "y"), claim_of("nightly", "a", at=100.0)]


def test_a_claim_that_came_meanwhile_is_seen(table):
    table.meanwhile = [lambda: table.put(*table.claims, claim_of("weekly", "a", at=101.0))]
    refused(lambda: table.claiming.claim(["a"]), held(1))
    assert claim_of("nightly", "a", at=100.0) in table.claims


# before the first write


def test_a_last_look_finds_who_was_first(table):
    table.put(claim_of("weekly", "a", at=99.0), claim_of("nightly", "a", "b", at=100.0))
    refused(lambda: table.claiming.check(["a", "b"]), held(1))
    table.claiming.check(["b"])
    table.over("weekly")
    table.claiming.check(["a", "b"])


@pytest.mark.parametrize(("name", "at", "first"), [
    ("weekly", 101.0, False), ("weekly", 100.0, False), ("early", 100.0, True), ("early", 101.0, False),
    ("weekly", 99.5, True),
])  # fmt: skip
def test_of_two_the_one_that_was_first_wins_and_of_the_same_second_the_first_by_name(table, name, at, first):
    table.now = 500.0
    table.put(claim_of("nightly", "a", at=100.0), claim_of(name, "a", at=at))
    if first:
        refused(lambda: table.claiming.check(["a"]), held(1, name))
    else:
        table.claiming.check(["a"])


def test_of_two_runs_of_one_window_the_first_by_run_wins(table):
    table.put(claim_of("nightly", "a", at=100.0))
    earlier = Claim(window="nightly/window", run_id="nightly-0", at=100.0, things=hashed("a"))
    later = Claim(window="nightly/window", run_id="nightly-2", at=100.0, things=hashed("a"))
    table.put(claim_of("nightly", "a", at=100.0), later)
    table.claiming.check(["a"])
    table.put(claim_of("nightly", "a", at=100.0), earlier)
    with pytest.raises(WatchFailed, match=r"targets 1 of the things that window nightly/window \(run nightly-0\)"):
        table.claiming.check(["a"])


def test_who_has_lost_its_claim_comes_after_all_others(table):
    table.put(claim_of("weekly", "a", at=99.0))
    refused(lambda: table.claiming.check(["a"]), held(1))
    table.put(claim_of("weekly", "a", at=101.0))
    table.claiming.check(["a"])


def test_only_the_own_claim_is_withdrawn(table):
    other_run = Claim(window="nightly/window", run_id="nightly-0", at=1.0, things=[])
    same_run_id = Claim(window="weekly/window", run_id="nightly-1", at=1.0, things=[])
    table.put(other_run, claim_of("nightly", "a"), same_run_id)
    table.claiming.withdraw()
    assert table.claims == [other_run, same_run_id]
    writes = next(table.store.writes)
    table.claiming.withdraw()
    assert next(table.store.writes) == writes + 1, "nothing to withdraw is nothing to write"
