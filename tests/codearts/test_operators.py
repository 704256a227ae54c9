"""What operators remember, take over, cancel and report beside the plain histories."""

import asyncio
import json

import pytest

from airflow_provider_pipelines.codearts.flows.run_source import ROOM
from airflow_provider_pipelines.codearts.hook import CodeArtsHook
from airflow_provider_pipelines.codearts.operators import CodeArtsRunPipelineOperator, CodeArtsStopRunOperator
from airflow_provider_pipelines.core.verbs.observation import Report
from airflow_provider_pipelines.core.verbs.once import SETTLE
from airflow_provider_pipelines.errors import ArgumentError, WatchFailed, WatchTimeout
from airflow_provider_pipelines.task.operator import VerbOperator
from tests.codearts.conftest import BUILD, ENDLESS, NIGHTLY, QUEUES, WAITING, queue, run_of, runs
from tests.support.airflow import TaskDeferred
from tests.support.modes import OPERATOR_MODES, Store, TaskInstance, context_of, deferred, fire, on, plain


def run(clock, pipeline_id=BUILD, **arguments):
    return on(CodeArtsRunPipelineOperator(task_id="task", pipeline_id=pipeline_id, **arguments), clock)


def maker(pipeline_id=BUILD, **arguments):
    return lambda **mode: CodeArtsRunPipelineOperator(task_id="task", pipeline_id=pipeline_id, **arguments, **mode)


def own_runs(emulator, pipeline_id=BUILD):
    """Give the runs that were not there at the start, the oldest first."""
    return [
        fields
        for id, fields in runs(emulator, pipeline_id).items()
        if not id.startswith(f"f{int(pipeline_id[4:]):02d}0")
    ]


def ids(emulator, pipeline_id=BUILD):
    return [id for id in runs(emulator, pipeline_id) if not id.startswith(f"f{int(pipeline_id[4:]):02d}0")]


# outcome, arguments


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_an_outcome_names_pipeline_and_run(emulator, clock, mode):
    ti = TaskInstance()
    seen = OPERATOR_MODES[mode](maker(), clock, ti)
    (id,) = ids(emulator)
    assert seen["result"] == {
        "id": BUILD, "verb": "run_pipeline", "result": "done", "before": None, "after": "COMPLETED",
        "message": f"{id} is COMPLETED.", "code": None, "pipeline_run_id": id,
    }  # fmt: skip
    assert seen["pushed"] == {"pipeline_run_id": id}


def test_what_is_asked_for_arrives(emulator, clock):
    sources = [
        {
            "type": "code",
            "params": {"git_type": "codehub", "build_params": {"build_type": "branch", "target_branch": "b"}},
        }
    ]
    task = run(
        clock, sources=sources, variables={"n": 3, "dry": True}, choose_jobs=["JOB_emulated"], choose_stages=["stage-1"],
        description="nightly", wait_for_completion=False,
    )  # fmt: skip
    assert task.execute(context_of())["result"] == "requested"
    (made,) = own_runs(emulator)
    assert made["sources"] == sources
    assert made["variables"] == [{"name": "n", "value": "3"}, {"name": "dry", "value": "true"}]
    assert (made["choose_jobs"], made["choose_stages"]) == (["JOB_emulated"], ["stage-1"])
    assert made["description"].startswith("nightly [airflow ")


def test_a_long_description_leaves_room_for_the_marker(emulator, clock):
    run(clock, description="x" * (1024 - ROOM), wait_for_completion=False).execute(context_of(TaskInstance(999)))
    assert len(own_runs(emulator)[0]["description"]) <= 1024
    with pytest.raises(Exception, match=f"description: has 1024 characters; {1024 - ROOM} are possible"):
        run(clock, description="x" * 1024).execute(context_of())


def test_a_task_without_a_task_instance_works(emulator, clock):
    assert run(clock).execute({})["result"] == "done"


def test_defaults(clock):
    task = CodeArtsRunPipelineOperator(task_id="task", pipeline_id="p")
    assert (task.timeout, task.cancel_on_kill) == (24 * 3600, True)
    stop = CodeArtsStopRunOperator(task_id="task2", pipeline_id="p")
    assert (stop.timeout, stop.cancel_on_kill) == (3600, False)


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_queued_run_names_its_queue_entry(emulator, clock, mode):
    emulator.thing("codearts", run_of("one-at-a-time"), "COMPLETED")
    emulator.advance(1)
    ti = TaskInstance()
    seen = OPERATOR_MODES[mode](maker(QUEUES), clock, ti)
    assert (seen["result"]["queue_id"], ti.pushed["queue_id"]) == (1, 1)


# remembering


def test_the_run_is_remembered_before_the_first_wait(emulator, clock):
    ti, store = TaskInstance(), Store()
    known = []
    clock.on_wait = lambda _: known.append((dict(store), dict(ti.pushed)))
    run(clock).execute(context_of(ti, store))
    (id,) = ids(emulator)
    stored, pushed = known[0]
    assert stored["codearts_run"]["run_id"] == pushed["pipeline_run_id"] == id
    assert store == {}, "after a success nothing is remembered"


def test_the_request_is_remembered_before_it_is_sent(emulator, clock):
    class Refusing(Store):
        def set(self, key, value, **_):
            super().set(key, value)
            raise OSError("the store is gone")

    store = Refusing()
    with pytest.raises(OSError, match="gone"):
        run(clock).execute(context_of(store=store))
    assert emulator.writes() == []


@pytest.mark.parametrize("kept", [True, False], ids=["store", "no store"])
@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_second_attempt_takes_over_what_goes_on(emulator, clock, mode, kept):
    store = Store() if kept else None
    emulator.fault(
        "show_pipeline_run_detail",
        service="codearts",
        times=1,
        kind="reply",
        status=403,
        body={"error_code": "APIG.0302", "error_msg": "x"},
    )
    first = OPERATOR_MODES[mode](maker(), clock, TaskInstance(1), store)
    assert first["error"][0] == "AirflowFailException"
    second = OPERATOR_MODES[mode](maker(), clock, TaskInstance(2), store)
    (id,) = ids(emulator)
    assert second["result"]["result"] == "done"
    assert (second["result"]["pipeline_run_id"], second["result"]["adopted"]) == (id, True)
    assert second["pushed"] == {"pipeline_run_id": id}
    assert not store


def test_a_run_that_ended_well_unnoticed_is_taken_over(emulator, clock):
    store = Store()
    emulator.fault("show_pipeline_run_detail", service="codearts", times=11, kind="reply", status=503, body="x")
    assert plain(maker(), clock, TaskInstance(1), store)["error"][0] == "ServerError"
    emulator.advance(3600)
    assert plain(maker(), clock, TaskInstance(2), store)["result"]["result"] == "done"
    assert len(ids(emulator)) == 1


def test_a_cleared_task_that_had_succeeded_starts_a_new_run(emulator, clock):
    store = Store()
    for attempt in (1, 2, 3):
        assert plain(maker(), clock, TaskInstance(attempt), store)["result"]["result"] == "done"
    assert len(ids(emulator)) == 3


def test_a_retry_after_a_failure_starts_a_new_run(emulator, clock):
    store = Store()
    (project,) = emulator.state()["codearts"]["projects"].values()
    assert project["pipelines"][BUILD]["outcome"] == "COMPLETED"
    clock.on_wait = lambda _: emulator.thing("codearts", ids(emulator)[0], "FAILED")
    assert plain(maker(), clock, TaskInstance(1), store)["error"][0] == "WatchFailed"
    clock.on_wait = None
    assert plain(maker(), clock, TaskInstance(2), store)["result"]["result"] == "done"
    assert len(ids(emulator)) == 2


@pytest.mark.parametrize("kept", [True, False], ids=["store", "no store"])
@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_run_that_is_being_cancelled_is_replaced(emulator, clock, mode, kept):
    """The attempt before was killed: its cancel is on its way, or comes a moment after the next attempt has begun."""
    store = Store() if kept else None
    killed = run(clock)
    context = context_of(TaskInstance(1), store)

    def kill(_):
        killed.on_kill()
        raise KeyboardInterrupt

    clock.on_wait = kill
    with pytest.raises(KeyboardInterrupt):
        killed.execute(context)
    clock.on_wait = None
    (first,) = ids(emulator)
    assert runs(emulator, BUILD)[first]["status"] == "RUNNING", "the stop takes its time"
    seen = OPERATOR_MODES[mode](maker(), clock, TaskInstance(2), store)
    assert seen["result"]["result"] == "done"
    assert seen["result"]["pipeline_run_id"] != first
    assert "adopted" not in seen["result"]
    assert len(ids(emulator)) == 2


def test_a_queued_run_that_is_being_cancelled_is_replaced(emulator, clock):
    store = Store()
    held = run(clock, QUEUES, deferrable=True, defer_after=0)
    with pytest.raises(TaskDeferred):
        held.execute(context_of(TaskInstance(1), store))
    first = store["codearts_run"]["run_id"]

    def cancel(_):
        clock.on_wait = None
        with CodeArtsHook() as hook:
            entry = hook.list_pipeline_queue(QUEUES)[-1]
            hook.cancel_pipeline_queue(QUEUES, first, entry.id)
        emulator.thing("codearts", run_of("one-at-a-time"), "COMPLETED")

    clock.on_wait = cancel
    seen = plain(maker(QUEUES), clock, TaskInstance(2), store)
    assert seen["result"]["result"] == "done"
    assert seen["result"]["pipeline_run_id"] != first


def test_a_run_that_was_taken_over_and_is_cancelled_much_later_fails(emulator, clock):
    store = Store()
    with pytest.raises(TaskDeferred):
        run(clock, ENDLESS, deferrable=True).execute(context_of(TaskInstance(1), store))
    begun = clock.time()

    def cancel(_):
        if clock.time() - begun > SETTLE:
            emulator.thing("codearts", store["codearts_run"]["run_id"], "CANCELED")
            clock.on_wait = None

    clock.on_wait = cancel
    seen = plain(maker(ENDLESS), clock, TaskInstance(2), store)
    assert seen["error"][0] == "WatchFailed"
    assert len(ids(emulator, ENDLESS)) == 1


def test_other_arguments_never_make_a_second_run_beside_the_first(emulator, clock):
    store = Store()
    with pytest.raises(TaskDeferred):
        run(clock, ENDLESS, deferrable=True).execute(context_of(TaskInstance(1), store))
    seen = plain(maker(ENDLESS, variables={"a": 1}), clock, TaskInstance(2), store)
    assert seen["error"][0] == "WatchFailed"
    assert "other arguments" in seen["error"][1]
    assert len(ids(emulator, ENDLESS)) == 1


# killing


def kill_at_first_wait(clock, task):
    def kill(_):
        clock.on_wait = None
        task.on_kill()
        raise KeyboardInterrupt

    clock.on_wait = kill


def test_a_killed_task_cancels_its_run_and_asks_airflow_nothing(emulator, clock, monkeypatch):
    task = run(clock)
    kill_at_first_wait(clock, task)
    ti = TaskInstance()
    with pytest.raises(KeyboardInterrupt):
        task.execute(context_of(ti, Store()))
    assert [name for name, _ in emulator.writes("codearts")] == ["run_pipeline", "stop_pipeline_run"]
    assert [call["operation"] for call in emulator.calls()] == [
        "run_pipeline",
        "list_pipeline_queue",
        "stop_pipeline_run",
    ]


def test_a_killed_task_takes_its_run_out_of_the_queue(emulator, clock):
    task = run(clock, QUEUES)
    kill_at_first_wait(clock, task)
    with pytest.raises(KeyboardInterrupt):
        task.execute(context_of())
    assert [entry["pipeline_run_id"] for entry in queue(emulator, QUEUES)] == [WAITING]


def test_a_killed_task_leaves_its_run_alone_if_it_is_told_to(emulator, clock):
    task = run(clock, cancel_on_kill=False)
    kill_at_first_wait(clock, task)
    with pytest.raises(KeyboardInterrupt):
        task.execute(context_of())
    assert [name for name, _ in emulator.writes("codearts")] == ["run_pipeline"]


def test_a_task_killed_while_its_request_is_out_cancels_as_soon_as_it_knows_the_run(emulator, clock, monkeypatch):
    task = run(clock)
    transport = task.hook.get_conn().transport
    send = transport._send

    def interrupted(wire):
        if wire.url.endswith("/run"):
            task.on_kill()
            assert emulator.writes() == []
        return send(wire)

    monkeypatch.setattr(transport, "_send", interrupted)
    task.hook.get_conn().transport = transport
    seen = []
    clock.on_wait = lambda _: seen.append([name for name, _ in emulator.writes("codearts")])
    with pytest.raises(WatchFailed, match="is CANCELED"):
        task.execute(context_of())
    assert seen[0] == ["run_pipeline", "stop_pipeline_run"]


def test_a_task_killed_before_its_request_sends_none(emulator, clock):
    task = run(clock)
    task.on_kill()
    with pytest.raises(WatchFailed, match="nothing was started"):
        task.execute(context_of())
    assert emulator.writes() == []


def test_a_resumed_task_that_is_killed_cancels_its_run(emulator, clock):
    first = run(clock, ENDLESS, deferrable=True, timeout=3600)
    with pytest.raises(TaskDeferred) as hop:
        first.execute(context_of())
    held = json.loads(json.dumps(hop.value.trigger.held))
    second = run(clock, ENDLESS, deferrable=True, defer_after=60, timeout=3600)
    kill_at_first_wait(clock, second)
    with pytest.raises(KeyboardInterrupt):
        second.execute_complete(
            context_of(), event={"version": 1, "ended": "pause", "error": None, "seen": {}}, held=held
        )
    assert [name for name, _ in emulator.writes("codearts")] == ["run_pipeline", "stop_pipeline_run"]


def test_a_deferred_task_says_what_it_owns(emulator, clock):
    ti = TaskInstance()
    with pytest.raises(TaskDeferred) as hop:
        run(clock, deferrable=True).execute(context_of(ti))
    (id,) = ids(emulator)
    trigger = hop.value.trigger
    assert ti.pushed["pipelines_owned"] == trigger.cancel_ids == [id]
    assert trigger.scope == {"pipeline_id": BUILD}
    assert trigger.vendor == "codearts"
    assert "Secret" not in json.dumps(trigger.serialize())
    assert fire(hop.value, clock)["seen"][id]["verdict"] == "reached"


@pytest.mark.parametrize("still", [True, False])
def test_a_trigger_whose_task_was_ended_cancels_the_run(emulator, clock, monkeypatch, still):
    with pytest.raises(TaskDeferred) as hop:
        run(clock, ENDLESS, deferrable=True).execute(context_of())

    async def still_deferred(*_):
        return still

    monkeypatch.setattr("airflow_provider_pipelines.compat.still_deferred", still_deferred)
    hop.value.trigger.clock = clock
    asyncio.run(hop.value.trigger.on_kill())
    writes = [name for name, _ in emulator.writes("codearts")]
    assert writes == (["run_pipeline"] if still else ["run_pipeline", "stop_pipeline_run"])


def test_a_resumed_task_without_its_memory_fails(emulator, clock):
    with pytest.raises(WatchFailed, match="without its memory"):
        run(clock).execute_complete(context_of(), event=Report(ended="pause").to_event())


@pytest.mark.parametrize("event", [None, {}, {"version": 9}, "x"])
def test_an_event_that_is_none_of_ours_fails_the_task(emulator, clock, event):
    with pytest.raises(TaskDeferred) as hop:
        run(clock, deferrable=True).execute(context_of())
    with pytest.raises(WatchFailed, match="no event that this task understands"):
        run(clock, deferrable=True).execute_complete(context_of(), event=event, held=hop.value.trigger.held)


def test_time_that_is_up_while_nobody_can_look_leaves_the_run_alone(emulator, clock):
    emulator.fault("show_pipeline_run_detail", service="codearts", times=99, kind="reply", status=503, body="x")
    with pytest.raises(WatchTimeout, match="The last look failed"):
        run(clock, timeout=100, max_poll_failures=99).execute(context_of())
    assert [name for name, _ in emulator.writes("codearts")] == ["run_pipeline"]


# every run of a pipeline


def stop_all(pipeline_id, **arguments):
    return lambda **mode: CodeArtsStopRunOperator(task_id="task", pipeline_id=pipeline_id, **arguments, **mode)


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_every_active_and_queued_run_is_stopped(emulator, clock, mode):
    seen = OPERATOR_MODES[mode](stop_all(QUEUES), clock)
    outcomes = {entry["message"].split()[0]: entry for entry in seen["result"]}
    running = run_of("one-at-a-time")
    assert outcomes.keys() == {running, WAITING}
    assert {entry["result"] for entry in outcomes.values()} == {"done"}
    assert {entry["id"] for entry in outcomes.values()} == {QUEUES}
    assert {entry["pipeline_run_id"] for entry in outcomes.values()} == {running, WAITING}
    assert {entry["after"] for entry in outcomes.values()} == {"CANCELED"}
    assert sorted(name for name, _ in emulator.writes("codearts")) == ["cancel_pipeline_queue", "stop_pipeline_run"]
    assert queue(emulator, QUEUES) == []
    assert not [one for one in runs(emulator, QUEUES).values() if one["status"] == "RUNNING"]


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_a_pipeline_without_active_runs_gives_an_empty_list(emulator, clock, mode):
    assert OPERATOR_MODES[mode](stop_all(NIGHTLY), clock)["result"] == []
    assert emulator.writes() == []


@pytest.mark.parametrize("mode", OPERATOR_MODES)
def test_one_run_that_cannot_be_stopped_does_not_hide_the_others(emulator, clock, mode):
    with CodeArtsHook() as hook:
        second = hook.run_pipeline(ENDLESS).pipeline_run_id
    emulator.mark()
    first = run_of("soak-test")
    emulator.fault(
        "stop_pipeline_run",
        service="codearts",
        id=first,
        kind="error_in_200",
        code="DEVPIPE.30011011",
        message="不允许",
    )
    seen = OPERATOR_MODES[mode](stop_all(ENDLESS), clock)
    assert seen["error"][0] == "AirflowFailException"
    assert first in seen["error"][1]
    results = {entry["pipeline_run_id"]: entry["result"] for entry in seen["pushed"]["outcomes"]}
    assert results == {first: "failed", second: "done"}
    assert runs(emulator, ENDLESS)[second]["status"] == "CANCELED"


def test_a_run_that_starts_between_look_and_cancel_is_stopped(emulator, clock):
    emulator.fault(
        "cancel_pipeline_queue", service="codearts", kind="error_in_200", code="DEVPIPE.00099999", message="不在队列中"
    )
    emulator.settings(codearts_stop_queued="cancels")
    make = lambda **mode: CodeArtsStopRunOperator(task_id="t", pipeline_id=QUEUES, pipeline_run_id=WAITING, **mode)  # noqa: E731 -- short
    assert plain(make, clock)["result"]["result"] == "done"
    assert [name for name, _ in emulator.writes("codearts")] == ["cancel_pipeline_queue", "stop_pipeline_run"]


def test_a_template_that_turns_out_empty_is_not_every_run(emulator, clock):
    task = on(CodeArtsStopRunOperator(task_id="task", pipeline_id=ENDLESS, pipeline_run_id="{{ none }}"), clock)
    task.pipeline_run_id = None
    with pytest.raises(Exception, match="pipeline_run_id: is empty"):
        task.execute(context_of())
    assert emulator.writes() == []


def test_every_run_of_no_pipeline_is_an_error(emulator, clock):
    seen = plain(stop_all("0" * 32), clock)
    assert seen["error"][0] == "AirflowFailException"
    assert "DEVPIPE.00011401" in seen["error"][1]


def test_the_base_leaves_the_verb_to_its_heirs():
    assert issubclass(CodeArtsStopRunOperator, VerbOperator)
    task = CodeArtsStopRunOperator(task_id="task", pipeline_id="a b")
    with pytest.raises(ArgumentError, match="pipeline_id"):
        task.plan()


def test_both_modes_defer_at_most_once_for_a_run(emulator, clock):
    hops = []
    deferred(maker(), clock, hops=hops)
    assert len(hops) == 1
