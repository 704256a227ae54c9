"""What the operators remember, take over and cancel beside the plain histories."""

import asyncio
import json

import pytest

from airflow_provider_pipelines.core.verbs.once import SETTLE
from airflow_provider_pipelines.dli.operators import DliSparkBatchOperator, DliSqlJobOperator
from airflow_provider_pipelines.errors import WatchFailed
from tests.support.airflow import TaskDeferred
from tests.support.modes import OPERATOR_MODES, Store, TaskInstance, context_of, deferred, on, plain


class Kind:
    """What a test needs to know of SQL jobs or of Spark batches."""

    def __init__(self, start, cancel, look, id_name, key, things, going, good, bad, make, other):
        self.start, self.cancel, self.look, self.id_name, self.key, self.things = (
            start,
            cancel,
            look,
            id_name,
            key,
            things,
        )
        self.going, self.good, self.bad, self.make, self.other = going, good, bad, make, other

    def task(self, clock, **arguments):
        return on(self.make(**arguments), clock)

    def maker(self, **arguments):
        return lambda **mode: self.make(**arguments, **mode)

    def made(self, emulator):
        """Give what was not there at the start."""
        (project,) = emulator.state()["dli"]["projects"].values()
        return {id: one for id, one in project[self.things].items() if not id.startswith("00000000-fa4e")}

    def slow(self, emulator):
        emulator.settings(dli_sql_run_seconds=9000, dli_spark_run_seconds=9000)


SQL = Kind(
    "submit_sql_job", "cancel_sql_job", "show_sql_job_status", "job_id", "dli_sql_job", "sql_jobs",
    "RUNNING", "FINISHED", "CANCELLED",
    lambda **more: DliSqlJobOperator(task_id="task", **{"sql": "SELECT 1", **more}), {"sql": "SELECT 2"},
)  # fmt: skip
SPARK = Kind(
    "create_spark_batch", "cancel_spark_batch", "show_spark_batch", "batch_id", "dli_spark_batch", "spark_batches",
    "running", "success", "dead",
    lambda **more: DliSparkBatchOperator(task_id="task", **{"file": "a.jar", "class_name": "x", **more}), {"args": ["2"]},
)  # fmt: skip
KINDS = pytest.mark.parametrize("kind", [SQL, SPARK], ids=["sql", "spark"])
MODES = pytest.mark.parametrize("mode", OPERATOR_MODES)
STORES = pytest.mark.parametrize("kept", [True, False], ids=["store", "no store"])


@KINDS
def test_defaults(kind):
    task = kind.make()
    assert (task.timeout, task.cancel_on_kill) == (24 * 3600, True)


@KINDS
@MODES
def test_an_outcome_names_what_was_made(emulator, clock, kind, mode):
    ti = TaskInstance()
    seen = OPERATOR_MODES[mode](kind.maker(), clock, ti)
    (id,) = kind.made(emulator)
    assert seen["result"]["id"] == seen["result"][kind.id_name] == id
    assert (seen["result"]["verb"], seen["result"]["after"]) == (kind.start, kind.good)
    assert seen["pushed"] == {kind.id_name: id}


@KINDS
def test_it_is_remembered_before_the_first_wait(emulator, clock, kind):
    ti, store = TaskInstance(), Store()
    known = []
    clock.on_wait = lambda _: known.append((dict(store), dict(ti.pushed)))
    kind.task(clock).execute(context_of(ti, store))
    (id,) = kind.made(emulator)
    stored, pushed = known[0]
    assert stored[kind.key]["run_id"] == pushed[kind.id_name] == id
    assert store == {}, "after a success nothing is remembered"


@KINDS
def test_the_request_is_remembered_before_it_is_sent(emulator, clock, kind):
    class Refusing(Store):
        def set(self, key, value, **_):
            raise OSError("the store is gone")

    with pytest.raises(OSError, match="gone"):
        kind.task(clock).execute(context_of(store=Refusing()))
    assert emulator.writes() == []


@KINDS
def test_a_task_without_a_task_instance_works(emulator, clock, kind):
    assert kind.task(clock).execute({})["result"] == "done"


@KINDS
@MODES
@STORES
def test_a_second_attempt_takes_over_what_goes_on(emulator, clock, kind, mode, kept):
    store = Store() if kept else None
    kind.slow(emulator)
    emulator.fault(
        kind.look, service="dli", kind="reply", status=403, body={"error_code": "DLI.0003", "error_msg": "x"}
    )
    first = OPERATOR_MODES[mode](kind.maker(), clock, TaskInstance(1), store)
    assert first["error"][0] == "AirflowFailException"
    second = OPERATOR_MODES[mode](kind.maker(), clock, TaskInstance(2), store)
    (id,) = kind.made(emulator)
    assert second["result"]["result"] == "done"
    assert (second["result"][kind.id_name], second["result"]["adopted"]) == (id, True)
    assert second["pushed"] == {kind.id_name: id}
    assert not store


@KINDS
@MODES
def test_what_ended_well_unnoticed_is_taken_over(emulator, clock, kind, mode):
    store = Store()
    emulator.fault(kind.look, service="dli", times=11, kind="reply", status=503, body="x")
    assert plain(kind.maker(), clock, TaskInstance(1), store)["error"][0] == "ServerError"
    emulator.advance(36000)
    seen = OPERATOR_MODES[mode](kind.maker(), clock, TaskInstance(2), store)
    assert (seen["result"]["result"], seen["result"]["adopted"]) == ("done", True)
    assert len(kind.made(emulator)) == 1
    assert store == {}


def test_rows_that_could_not_be_read_are_read_by_the_next_attempt(emulator, clock):
    store = Store()
    emulator.fault("preview_sql_job_result", service="dli", times=4, kind="reply", status=503, body="x")
    make = SQL.maker(preview=True)
    assert plain(make, clock, TaskInstance(1), store)["error"][0] == "ServerError"
    seen = plain(make, clock, TaskInstance(2), store)
    assert len(seen["result"]["rows"]) == 3
    assert len(SQL.made(emulator)) == 1


@KINDS
@STORES
def test_a_cleared_task_that_had_succeeded_starts_a_new_one(emulator, clock, kind, kept):
    store = Store() if kept else None
    for attempt in (1, 2, 3):
        assert plain(kind.maker(), clock, TaskInstance(attempt), store)["result"]["result"] == "done"
    assert len(kind.made(emulator)) == 3


@KINDS
@STORES
def test_a_retry_after_a_failure_starts_a_new_one(emulator, clock, kind, kept):
    store = Store() if kept else None
    emulator.settings(dli_sql_outcome="FAILED", dli_spark_outcome="dead")
    assert plain(kind.maker(), clock, TaskInstance(1), store)["error"][0] == "WatchFailed"
    emulator.settings(dli_sql_outcome="FINISHED", dli_spark_outcome="success")
    assert plain(kind.maker(), clock, TaskInstance(2), store)["result"]["result"] == "done"
    assert len(kind.made(emulator)) == 2


@KINDS
def test_other_arguments_never_make_a_second_one_beside_the_first(emulator, clock, kind):
    store = Store()
    kind.slow(emulator)
    with pytest.raises(TaskDeferred):
        kind.task(clock, deferrable=True).execute(context_of(TaskInstance(1), store))
    seen = plain(kind.maker(**kind.other), clock, TaskInstance(2), store)
    assert seen["error"][0] == "WatchFailed"
    assert "other arguments" in seen["error"][1]
    assert len(kind.made(emulator)) == 1


@KINDS
@MODES
@STORES
def test_one_that_is_being_cancelled_is_replaced(emulator, clock, kind, mode, kept):
    """The attempt before was killed: its cancel is on its way, or comes a moment after the next attempt has begun."""
    store = Store() if kept else None
    kind.slow(emulator)
    killed = kind.task(clock)

    def kill(_):
        clock.on_wait = None
        killed.on_kill()
        raise KeyboardInterrupt

    clock.on_wait = kill
    with pytest.raises(KeyboardInterrupt):
        killed.execute(context_of(TaskInstance(1), store))
    (first,) = kind.made(emulator)
    assert emulator.writes()[-1] == (kind.cancel, [first])
    seen = OPERATOR_MODES[mode](kind.maker(), clock, TaskInstance(2), store)
    assert seen["result"]["result"] == "done"
    assert seen["result"][kind.id_name] != first
    assert "adopted" not in seen["result"]
    assert len(kind.made(emulator)) == 2


@KINDS
@pytest.mark.parametrize("cancelled", ["dead", "success"])
def test_one_that_was_cancelled_for_its_time_is_never_taken_for_a_success(emulator, clock, kind, cancelled):
    """A batch that was cancelled may be shown as ``success``."""
    store = Store()
    kind.slow(emulator)
    emulator.settings(dli_spark_cancelled=cancelled)
    make = kind.maker(timeout=300)
    assert plain(make, clock, TaskInstance(1), store)["error"][0] == "WatchTimeout"
    emulator.settings(dli_sql_run_seconds=10, dli_spark_run_seconds=10)
    seen = plain(make, clock, TaskInstance(2), store)
    assert seen["result"]["result"] == "done"
    assert "adopted" not in seen["result"]
    assert len(kind.made(emulator)) == 2


@KINDS
def test_one_that_was_taken_over_and_is_cancelled_much_later_fails(emulator, clock, kind):
    store = Store()
    kind.slow(emulator)
    with pytest.raises(TaskDeferred):
        kind.task(clock, deferrable=True).execute(context_of(TaskInstance(1), store))
    begun = clock.time()

    def cancel(_):
        if clock.time() - begun > SETTLE + 30:
            clock.on_wait = None
            emulator.thing("dli", store[kind.key]["run_id"], kind.bad)

    clock.on_wait = cancel
    assert plain(kind.maker(), clock, TaskInstance(2), store)["error"][0] == "WatchFailed"
    assert len(kind.made(emulator)) == 1


# killing


@KINDS
@pytest.mark.parametrize("wanted", [True, False])
def test_a_kill_cancels_what_the_task_made_if_wanted(emulator, clock, kind, wanted):
    kind.slow(emulator)
    task = kind.task(clock, cancel_on_kill=wanted)

    def kill(_):
        clock.on_wait = None
        task.on_kill()
        raise KeyboardInterrupt

    clock.on_wait = kill
    with pytest.raises(KeyboardInterrupt):
        task.execute(context_of())
    (id,) = kind.made(emulator)
    assert [write for write in emulator.writes() if write[0] != kind.start] == ([(kind.cancel, [id])] if wanted else [])


@KINDS
def test_a_kill_while_the_request_is_on_its_way_cancels_what_comes_of_it(emulator, clock, kind, monkeypatch):
    from airflow_provider_pipelines.emulator.server.app import Vendors

    kind.slow(emulator)
    task = kind.task(clock)
    answer = Vendors.answer

    def killing(self, call):
        answered = answer(self, call)
        if not task.was_killed():
            task._killed = True  # the signal comes before the answer
        return answered

    monkeypatch.setattr(Vendors, "answer", killing)
    with pytest.raises(WatchFailed):
        task.execute(context_of(TaskInstance()))
    (id,) = kind.made(emulator)
    assert emulator.writes() == [(kind.start, []), (kind.cancel, [id])]


@KINDS
def test_a_task_that_was_killed_before_it_asked_asks_for_nothing(emulator, clock, kind):
    task = kind.task(clock)
    task.on_kill()
    with pytest.raises(WatchFailed, match="nothing was started"):
        task.execute(context_of())
    assert emulator.writes() == []


@KINDS
def test_a_user_who_ends_a_deferred_task_cancels_what_it_made(emulator, clock, kind, monkeypatch):
    from airflow_provider_pipelines import compat

    async def orphaned(*_):
        return False

    kind.slow(emulator)
    ti = TaskInstance()
    with pytest.raises(TaskDeferred) as deferral:
        kind.task(clock, deferrable=True).execute(context_of(ti, Store()))
    (id,) = kind.made(emulator)
    assert ti.pushed["pipelines_owned"] == deferral.value.trigger.cancel_ids == [id]
    trigger = type(deferral.value.trigger)(**json.loads(json.dumps(deferral.value.trigger.serialize()[1])))
    trigger.clock = clock
    monkeypatch.setattr(compat, "still_deferred", orphaned)
    asyncio.run(trigger.on_kill())
    assert emulator.writes()[-1] == (kind.cancel, [id])


@KINDS
def test_a_wait_that_is_short_is_not_deferred(emulator, clock, kind):
    emulator.settings(
        dli_sql_launch_seconds=1, dli_sql_run_seconds=1, dli_spark_start_seconds=1, dli_spark_run_seconds=1
    )
    hops = []
    assert deferred(kind.maker(), clock, hops=hops)["result"]["result"] == "done"
    assert hops == []
