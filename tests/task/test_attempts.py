"""What one attempt of a task leaves for the next."""

import pytest

from airflow_provider_pipelines.dli.operators import DliBatchStopOperator
from airflow_provider_pipelines.errors import WatchTimeout
from tests.support.airflow import AirflowFailException
from tests.support.modes import Store, TaskInstance, context_of, on


def stop(clock, **more):
    return on(DliBatchStopOperator(task_id="t", job_ids=[128], trigger_savepoint=True, **more), clock)


def job(emulator):
    (project,) = [entry for entry in emulator.state()["dli"]["projects"].values() if "128" in entry["jobs"]]
    return project["jobs"]["128"]


def test_a_savepoint_that_the_former_attempt_asked_for_has_to_be_there(emulator, clock):
    store = Store()
    emulator.settings(dli_savepoint_seconds=9000)
    with pytest.raises(WatchTimeout):
        stop(clock, timeout=60).execute(context_of(store=store))
    assert store["asked"] == ["128"]
    emulator.thing("dli", "128", "job_cancel_success")
    assert not job(emulator)["has_savepoint"]
    emulator.mark()
    with pytest.raises(AirflowFailException, match="savepoint"):
        stop(clock).execute(context_of(store=store))
    assert emulator.writes() == []


def test_a_job_found_stopping_has_to_end_with_the_savepoint_that_is_wanted(emulator, clock):
    emulator.thing("dli", "128", "job_canceling")
    clock.on_wait = lambda _: emulator.thing("dli", "128", "job_cancel_success")
    with pytest.raises(AirflowFailException, match="savepoint"):
        stop(clock).execute(context_of())
    assert emulator.writes() == []


def test_what_was_asked_for_is_forgotten_once_it_is_done(emulator, clock):
    store = Store()
    (outcome,) = stop(clock).execute(context_of(store=store))
    assert outcome["result"] == "done"
    assert "asked" not in store


def test_where_nothing_survives_an_attempt_a_retry_wants_the_savepoint_all_the_same(emulator, clock):
    emulator.thing("dli", "128", "job_cancel_success")
    assert not job(emulator)["has_savepoint"]
    (first,) = stop(clock).execute(context_of(TaskInstance(try_number=1)))
    assert first["result"] == "already"
    with pytest.raises(AirflowFailException, match="savepoint"):
        stop(clock).execute(context_of(TaskInstance(try_number=2)))
    # with a store it is known that nobody asked
    (known,) = stop(clock).execute(context_of(TaskInstance(try_number=2), Store()))
    assert known["result"] == "already"
