"""Two windows over the same things: one of them waits, and its message says for whom."""

from __future__ import annotations

import json
import random

import pytest

from airflow_provider_pipelines.errors import PipelinesError, WatchFailed
from airflow_provider_pipelines.window.record.claims import CLAIM_WAIT
from airflow_provider_pipelines.window.targets import DliJobs, EnosPipelines
from tests.support.interleavings import Services, Stage, StagedWindow, StageStore
from tests.support.playing import ORG, START, WIND, Runs, world

#: goes many ways through lines that other tests cover, and is five times as slow when they are counted
pytestmark = pytest.mark.no_cover

WINDS = [EnosPipelines(name_pattern="wind-*", start=START)]


class Two:
    """Two windows of two DAGs, over one store."""

    def __init__(self, monkeypatch, first=WINDS, second=WINDS, seed=None):
        self.stage = Stage()
        self.services = Services(self.stage, seed or world(enos=2, dli=1, codearts=0))
        for name, value in self.services.env.items():
            monkeypatch.setenv(name, value)
        self.store, runs = StageStore(self.stage), Runs()
        self.windows = [
            StagedWindow(
                self.services, targets, store=self.store, runs=runs, window=f"{name}/window", run_id=f"{name}-1"
            )
            for name, targets in (("nightly", first), ("weekly", second))
        ]
        self.before = self.services.statuses()

    def start_both(self, *delays):
        """Take both snapshots; give those that could be taken, and the errors of the others, by window."""
        processes = [
            self.stage.start(window.records.window, window.do_snapshot, delay)
            for window, delay in zip(self.windows, delays, strict=True)
        ]
        for process in processes:
            self.stage.wait(process)
        ended = list(zip(self.windows, processes, strict=True))
        for _, process in ended:
            if process.error is not None and not isinstance(process.error, PipelinesError):
                raise process.error
        return [window for window, one in ended if one.error is None], {
            window.records.window: one.error for window, one in ended if one.error is not None
        }


@pytest.mark.parametrize("part", range(10))
def test_of_two_windows_that_start_in_the_same_second_one_is_the_owner(part, monkeypatch):
    for seed in range(part * 20, part * 20 + 20):
        rng = random.Random(seed)
        two = Two(monkeypatch)
        # a read and a write one after the other take less than the time that a claim is left to settle
        two.store.latency = lambda rng=rng: rng.random() * CLAIM_WAIT / 4 * 0.99
        owners, errors = two.start_both(rng.random(), rng.random())
        assert len(owners) < 2, seed
        if not owners:
            # each has seen the other; they are tried again, as Airflow does, and not in the same second
            for error in errors.values():
                assert isinstance(error, WatchFailed), seed
            owners, errors = two.start_both(30.0 * rng.random(), 60.0 + 30.0 * rng.random())
        assert len(owners) == 1, (seed, errors)
        (winner,), (loser,) = owners, [one for one in two.windows if one not in owners]
        assert loser.records.plan() is None
        assert winner.records.window in str(errors[loser.records.window]), seed
        assert two.services.sent == []
        if seed % 5 == 0:
            winner.quiesce()
            with pytest.raises(WatchFailed, match=winner.records.window):
                loser.snapshot()
            winner.restore()
            loser.snapshot()
            loser.quiesce()
            loser.restore()
            assert two.services.statuses() == two.before
        two.stage.close()


def test_the_loser_changes_nothing_even_if_it_got_through_its_snapshot(monkeypatch):
    """A claim that took longer to write than was waited for is found before the first write."""
    two = Two(monkeypatch)
    first, second = two.windows
    first.snapshot()
    claims = {key: text for key, text in two.store.texts.items() if '"claims"' in text}
    # the first one's claim is not seen in time
    for key in claims:
        del two.store.texts[key]
    second.snapshot()
    for key, text in claims.items():
        both = json.loads(text)["claims"] + json.loads(two.store.texts[key])["claims"]
        two.store.texts[key] = json.dumps({"version": 1, "claims": both})
    with pytest.raises(WatchFailed, match="nightly/window"):
        second.quiesce()
    assert two.services.sent == []
    first.quiesce()
    assert first.restore()["result"] == "restored"
    assert two.services.statuses() == two.before
    two.stage.close()


@pytest.mark.parametrize("seed", range(10))
def test_eight_windows_of_one_project_that_start_in_the_same_second_all_get_their_things(seed, monkeypatch):
    """One clock starts them all, and each read takes a moment: the later write is without the claim before it."""
    rng = random.Random(seed)
    two = Two(monkeypatch, seed=world(enos=0, dli=8, codearts=0))
    two.store.latency = lambda: rng.uniform(0.02, 0.05)
    two.windows = [
        StagedWindow(
            two.services, [DliJobs(job_ids=[100 + n])], store=two.store, runs=two.windows[0].runs,
            window=f"dag_{n}/window", run_id="1",
        )
        for n in range(1, 9)
    ]  # fmt: skip
    owners, errors = two.start_both(*[rng.uniform(0, 0.1) for _ in two.windows])
    assert (len(owners), errors) == (8, {})
    (claims,) = [json.loads(text)["claims"] for text in two.store.texts.values() if '"claims"' in text]
    assert {claim["window"] for claim in claims} == {window.records.window for window in two.windows}
    two.stage.close()


@pytest.mark.parametrize("host", ["{}", "{}/", " {}"])
def test_the_same_things_by_another_connection_are_the_same_things(host, monkeypatch):
    other = [EnosPipelines(name_pattern="wind-*", start=START, enos_conn_id="enos_other")]
    two = Two(monkeypatch, second=other)
    connection = json.loads(two.services.env["AIRFLOW_CONN_ENOS_DEFAULT"])
    connection["host"] = host.format(connection["host"])
    monkeypatch.setenv("AIRFLOW_CONN_ENOS_OTHER", json.dumps(connection))
    first, second = two.windows
    first.snapshot()
    with pytest.raises(WatchFailed, match="nightly/window") as refused:
        second.snapshot()
    assert "nightly-1" in str(refused.value)
    two.stage.close()


def test_the_same_ids_in_another_organisation_are_other_things(monkeypatch):
    seed = world(enos=2, dli=0, codearts=0)
    orgs = seed["enos"]["orgs"]
    orgs["o2"] = {"pipelines": {id: dict(one) for id, one in orgs[ORG]["pipelines"].items()}}
    two = Two(monkeypatch, second=[EnosPipelines(name_pattern="wind-*", start=START, org_id="o2")], seed=seed)
    owners, errors = two.start_both(0.0, 0.0)
    assert (len(owners), errors) == (2, {})
    two.stage.close()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([EnosPipelines(pipeline_ids=[WIND(1)], start=START)], [EnosPipelines(pipeline_ids=[WIND(2)], start=START)]),
        ([EnosPipelines(pipeline_ids=[WIND(1)], start=START)], [DliJobs(job_ids=[101])]),
    ],
    ids=["one organisation", "two services"],
)
def test_different_things_do_not_conflict(first, second, monkeypatch):
    for seed in range(25):
        rng = random.Random(seed)
        two = Two(monkeypatch, first, second)
        two.store.latency = lambda rng=rng: rng.random() * CLAIM_WAIT / 4 * 0.99
        owners, errors = two.start_both(rng.random(), rng.random())
        assert (len(owners), errors) == (2, {}), seed
        # neither has lost its claim to the other
        for window, targets in zip(two.windows, (first, second), strict=True):
            third = StagedWindow(two.services, targets, store=two.store, runs=window.runs, window="third/window")
            with pytest.raises(WatchFailed, match=window.records.window):
                third.snapshot()
        for window in two.windows:
            window.quiesce()
        for window in two.windows:
            assert window.restore()["result"] == "restored"
        assert two.services.statuses() == two.before
        two.stage.close()
