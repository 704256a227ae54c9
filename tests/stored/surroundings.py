"""
What stored things are written and read in: the emulator under fixed names at a fixed time, Airflow's stores in memory.

Records hold addresses and hash them, and nearly all that is stored tells times; so both are the same each time.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
from contextlib import ExitStack
from importlib import import_module
from unittest import mock

from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

from airflow_provider_pipelines.core.clock import Clock
from tests.conftest import Emulator
from tests.support.airflow import TaskDeferred, Variable
from tests.support.modes import Store, TaskInstance, seen
from tests.support.names import connections, led_to
from tests.support.playing import forget_credentials

#: Unix time at which everything begins
AT = 1_750_000_000.0


class Died(BaseException):
    """The worker's process ends here: nothing of ours runs after it."""


def plain(value):
    """Give what is left of a value after its way through JSON."""
    return json.loads(json.dumps(value))


def made(path, **arguments):
    """Make something of a class that is named by its path."""
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)(**plain(arguments))


class Surroundings:
    """A world, the time in it, and what Airflow keeps."""

    def __init__(self):
        self.emulator = Emulator()
        self.now = AT
        #: the texts of Airflow's Variables
        self.variables = {}
        #: states of DAG runs by (DAG, run), and of tasks by run
        self.runs, self.tasks = {}, {}
        #: is called with key and text before a Variable is written, and after it
        self.before_write = self.after_write = lambda key, text: None
        self._patches = ExitStack()

    @property
    def port(self):
        return int(self.emulator.url.rpartition(":")[2])

    def __enter__(self):
        for owner, changes in (
            (Clock, {"time": lambda _: self.now, "monotonic": lambda _: self.now, "sleep": lambda _, seconds: self.wait(seconds), "pause": self._pause()}),
            (socket, {"getaddrinfo": led_to(self.port)}),
            (Variable, {"get": self._get, "set": self._set, "delete": lambda key: self.variables.pop(key, None)}),
            (RuntimeTaskInstance, {
                "get_dr_count": staticmethod(lambda *, dag_id, run_ids: int((dag_id, *run_ids) in self.runs)),
                "get_dagrun_state": staticmethod(lambda *, dag_id, run_id: self.runs[dag_id, run_id]),
                "get_task_states": staticmethod(self._states),
            }),
        ):  # fmt: skip
            for name, new in changes.items():
                self._patches.enter_context(mock.patch.object(owner, name, new))
        # no Airflow runs these tasks, so its address tells it from others
        airflow = {"AIRFLOW__API__BASE_URL": "https://airflow.example"}
        self._patches.enter_context(mock.patch.dict(os.environ, {**connections(self.emulator.env), **airflow}))
        return self

    def __exit__(self, *error):
        self._patches.close()
        self.emulator.stop()

    # the world and its time

    def begin(self, world, at=AT):
        """Begin anew with a world, at a time."""
        self.emulator.reset()
        running = self.emulator.server.world
        running.clock.advance(at - running.clock.now() / 1000)
        running.reload(world)
        self.now = at
        self.variables, self.runs, self.tasks = {}, {}, {}
        self.before_write = self.after_write = lambda key, text: None
        forget_credentials()
        random.seed(0)  # the times of looks, which are spread
        self.emulator.mark()

    def wait(self, seconds):
        """Let time pass."""
        self.now += seconds
        if seconds > 0:
            self.emulator.advance(seconds)

    def _pause(self):
        async def pause(_, seconds):
            self.wait(seconds)

        return pause

    def tell(self, *orders):
        """Give the emulator orders: a route and its body each."""
        for route, body in orders:
            self.emulator.call("POST", route, json=body)

    # what Airflow keeps

    def _get(self, key, default=None):
        return self.variables.get(key, default)

    def _set(self, key, value, description=None):
        self.before_write(key, value)
        self.variables[key] = value
        self.after_write(key, value)

    def _states(self, *, dag_id, task_ids, run_ids, map_index=None):
        known = self.tasks.get(run_ids[0], {})
        return {run_ids[0]: {name: known[name] for name in task_ids if name in known}}

    # tasks

    def fire(self, trigger):
        """Run a stored trigger as a triggerer does: made of its row, its event passed on as JSON."""
        running = made(trigger["classpath"], **trigger["kwargs"])

        async def events():
            return [event async for event in running.run()]

        (event,) = asyncio.run(events())
        return plain(event.payload)

    def start(self, make, ti, store=None):
        """Give what runs the first part of an attempt."""
        return lambda: make().execute(context(ti, store))

    def resume(self, make, deferred, event, ti, store=None):
        """Give what goes on with an attempt after a deferral."""
        name, kwargs = deferred["next_method"], plain(deferred["next_kwargs"])
        return lambda: getattr(make(), name)(context(ti, store), event=event, **kwargs)

    def until_deferred(self, make, ti, store=None, hop=0):
        """Run an attempt until it defers, or until it does so once more; give what Airflow stores of it."""
        act = self.start(make, ti, store)
        for _ in range(hop):
            deferred, _ended = part(act)
            act = self.resume(make, deferred, self.fire(deferred["trigger"]), ti, store)
        deferred, ended = part(act)
        assert deferred is not None, f"the task does not defer, but ends with {ended}"
        return deferred

    def to_the_end(self, make, act, ti, store=None):
        """Run the rest of an attempt, through as many deferrals as it likes; give what comes of it."""
        for _ in range(200):
            deferred, ended = part(lambda act=act: seen(act, ti))
            if deferred is None:
                return ended
            act = self.resume(make, deferred, self.fire(deferred["trigger"]), ti, store)
        raise AssertionError("the task defers for ever")

    def writes(self):
        """Give the writes that arrived since the world began, by operation and ids."""
        return plain(self.emulator.writes())


def part(act):
    """Run a part of an attempt; give what Airflow stores of its deferral, or None and what it ends with."""
    try:
        return None, act()
    except TaskDeferred as deferral:
        classpath, kwargs = deferral.trigger.serialize()
        stored = {
            "trigger": {"classpath": classpath, "kwargs": kwargs},
            "next_method": deferral.method_name,
            "next_kwargs": deferral.kwargs or {},
            "timeout": deferral.timeout.total_seconds(),
        }
        return plain(stored), None


def context(ti, store=None):
    """Make a task's context."""
    return {"ti": ti, "run_id": ti.run_id, "task_state_store": store, "task_reschedule_count": 0}


def attempt(number=1, run_id="run1"):
    """Make the task instance of an attempt."""
    ti = TaskInstance(number)
    ti.dag_id, ti.task_id, ti.run_id, ti.map_index = "nightly", "task", run_id, -1
    return ti


class DyingStore(Store):
    """A task's state store whose process dies when it is about to be written for the so many-th time."""

    def __init__(self, left):
        super().__init__()
        self.left = left

    def set(self, key, value, **more):
        self.left -= 1
        if self.left == 0:
            raise Died
        super().set(key, value, **more)


def grown(seed, before, after):
    """Give a seed for what a world has become: what the seed says, and what is other than it was."""
    if not isinstance(after, dict) or not isinstance(before, dict):
        return after
    changed = before != after
    return {
        name: grown(seed.get(name, {}) if isinstance(seed, dict) else {}, before.get(name), value)
        for name, value in after.items()
        if name in seed or before.get(name, ...) != value or (name == "pending" and changed)
    }
