"""Runs one task in each mode that it has, as Airflow would, and gives what Airflow would see of it."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import UTC, datetime
from unittest import mock

from tests.support.airflow import SENSOR_LOOP, AirflowRescheduleException, TaskDeferred


class Store(dict):
    """Stands for Airflow's task state store: survives reschedules and retries."""

    def set(self, key, value, **_):
        json.dumps(value)
        self[key] = value

    def delete(self, key):
        self.pop(key, None)


class TaskInstance:
    """The part of a task instance that tasks use."""

    def __init__(self, try_number=1):
        self.pushed = {}
        self.try_number = try_number
        self.max_tries = 0
        self.dag_id, self.task_id, self.run_id, self.map_index = "dag", "task", "run", -1
        self.first_poke = None

    def xcom_push(self, key, value):
        self.pushed[key] = json.loads(json.dumps(value))

    def get_first_reschedule_date(self, context):
        return self.first_poke


def context_of(ti=None, store=None):
    return {"ti": ti or TaskInstance(), "task_state_store": store, "task_reschedule_count": 0}


def seen(act, ti):
    """Give result, error and XComs of a task as plain values."""
    try:
        result, error = json.loads(json.dumps(act())), None
    except (TaskDeferred, AirflowRescheduleException):
        raise
    except Exception as problem:  # noqa: BLE001 -- whatever ends the task is what is compared
        # the service gives each answer an id of its own
        result, error = None, (type(problem).__name__, re.sub(r"request id \w+", "request id", str(problem)))
    pushed = {key: value for key, value in ti.pushed.items() if key not in {"pipelines_owned"}}
    return {"result": result, "error": error, "pushed": pushed}


def on(task, clock):
    task.hook.clock = clock
    return task


def plain(make, clock, ti=None, store=None):
    ti = ti or TaskInstance()
    task = on(make(deferrable=False), clock)
    return seen(lambda: task.execute(context_of(ti, store)), ti)


def fire(deferred, clock):
    """Run a trigger as the triggerer would: rebuilt from JSON, its event passed on as JSON."""
    path, arguments = deferred.trigger.serialize()
    assert path == f"{type(deferred.trigger).__module__}.{type(deferred.trigger).__qualname__}"
    trigger = type(deferred.trigger)(**json.loads(json.dumps(arguments)))
    trigger.clock = clock
    assert trigger.serialize() == (path, json.loads(json.dumps(arguments)))
    begun = clock.time()

    async def events():
        return [event async for event in trigger.run()]

    (event,) = asyncio.run(events())
    assert clock.time() - begun >= 10, "a trigger that fires in its first ten seconds can fail its task"
    return json.loads(json.dumps(event.payload))


def deferred(make, clock, ti=None, store=None, hops=None):
    """Run a task that defers as often as it likes; ``hops`` counts how often that was."""
    ti = ti or TaskInstance()
    context = context_of(ti, store)
    task = on(make(deferrable=True), clock)
    act = lambda: task.execute(context)  # noqa: E731 -- is replaced at each hop
    for _ in range(20):
        try:
            return seen(act, ti)
        except TaskDeferred as deferral:
            if hops is not None:
                hops.append(deferral)
            event = fire(deferral, clock)
            kwargs = json.loads(json.dumps(deferral.kwargs or {}))
            resumed = on(make(deferrable=True), clock)
            act = lambda task=resumed, event=event, kwargs=kwargs, name=deferral.method_name: getattr(task, name)(  # noqa: E731
                context, event=event, **kwargs
            )
    raise AssertionError("the task defers for ever")


def poked(make, clock):
    """Run a sensor in poke mode; Airflow's own loop waits on our clock."""
    ti = TaskInstance()
    task = on(make(deferrable=False, mode="poke"), clock)
    waiting = mock.Mock(wraps=time, sleep=clock.sleep, monotonic=clock.time)
    with mock.patch(f"{SENSOR_LOOP}.time", waiting):
        return seen(lambda: task.execute(context_of(ti)), ti)


def rescheduled(make, clock, store=None):
    """Run a sensor in reschedule mode: a new object at each poke."""
    return _rescheduled(make, clock, Store() if store is None else store)


def rescheduled_without_a_store(make, clock):
    """The same on an Airflow before 3.3, where nothing survives from poke to poke."""
    return _rescheduled(make, clock, None)


def _rescheduled(make, clock, store):
    ti = TaskInstance()
    ti.first_poke = begun = datetime.fromtimestamp(clock.time(), UTC)
    now = mock.Mock(utcnow=lambda: datetime.fromtimestamp(clock.time(), UTC))
    for _ in range(500):
        task = on(make(deferrable=False, mode="reschedule"), clock)
        try:
            with (
                mock.patch(f"{SENSOR_LOOP}.timezone", now),
                # before 3.0 a sensor finds its first poke in the database
                mock.patch(f"{SENSOR_LOOP}._orig_start_date", return_value=ti.first_poke, create=True),
            ):
                return seen(lambda task=task: task.execute(context_of(ti, store)), ti)
        except AirflowRescheduleException as later:
            clock.sleep(later.reschedule_date.timestamp() - clock.time())
    raise AssertionError(f"rescheduled for ever since {begun}")


OPERATOR_MODES = {"plain": plain, "deferred": deferred}
SENSOR_MODES = {
    "poke": poked,
    "reschedule": rescheduled,
    "reschedule before 3.3": rescheduled_without_a_store,
    "deferred": deferred,
}
