"""Plays a window without a scheduler: the emulator, a clock that is turned, records in memory."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field

from airflow_provider_pipelines.core.http import identity
from airflow_provider_pipelines.window.coordination.places import hooks_of
from airflow_provider_pipelines.window.phases.quiesce import Quiesce
from airflow_provider_pipelines.window.phases.restore import Restore
from airflow_provider_pipelines.window.phases.scope import Dependencies, resolve_targets
from airflow_provider_pipelines.window.phases.snapshot import Snapshot
from airflow_provider_pipelines.window.phases.verdict import judge
from airflow_provider_pipelines.window.record.repository import RecordRepository
from tests.support.airflow import forget_masks

ORG, PROJECT, CODEARTS = "o10000000000001", "1a300000000000000000000000000fa4", "c0dea27500000000000000000000fa4e"
WIND = "5f0e0000-0000-4000-8000-{:012d}".format
BUILD = "c0de{:028d}".format
START = {"*": {"execution_mode": 0, "kafka_rate": 2000}}


def world(enos=4, dli=4, codearts=1, **more):
    """Make a seed with things that run, under names a reader understands."""
    return {
        "enos": {"orgs": {ORG: {"pipelines": {
            WIND(n): {"name": f"wind-{n}", "status": "RUNNING", **more.get("pipeline", {})} for n in range(1, enos + 1)
        }}}},
        "codearts": {"projects": {CODEARTS: {"pipelines": {
            BUILD(n): {"name": f"build-{n}"} for n in range(1, codearts + 1)
        }}}},
        "dli": {"projects": {PROJECT: {"jobs": {
            str(100 + n): {"name": f"agg-{n}", "status": "job_running", **more.get("job", {})} for n in range(1, dli + 1)
        }}}},
    }  # fmt: skip


class MemoryStore:
    """Keeps texts as Airflow's Variables do for tasks: what cannot be read looks like what is not there."""

    certain = False

    def __init__(self):
        self.texts = {}
        self.reads = itertools.count(1)
        self.writes = itertools.count(1)
        #: is asked before each read and write; may raise, or say that the read finds nothing
        self.before_read = lambda number, key: False
        self.before_write = lambda number, key: None

    def get(self, key):
        if self.before_read(next(self.reads), key):
            return None
        return self.texts.get(key)

    def set(self, key, text, about):
        json.loads(text)
        self.before_write(next(self.writes), key)
        self.texts[key] = text

    def delete(self, key):
        self.before_write(next(self.writes), key)
        self.texts.pop(key, None)


@dataclass
class Runs:
    """Knows which runs go on: those that were not said to be over."""

    over: set = field(default_factory=set)

    def alive(self, window, run_id):
        return (window, run_id) not in self.over


class Window:
    """One window run, played task by task."""

    def __init__(self, clock, targets, *, store=None, runs=None, window="nightly/window", run_id="run1", **policies):
        self.clock = clock
        self.targets = [target.to_json() for target in targets]
        self.places = [target.place() for target in targets]
        self.store = store if store is not None else MemoryStore()
        self.runs = runs if runs is not None else Runs()
        self.lines = []
        self.policies = {"on_quiesce_failure": "restore", "on_missing": "report", **policies}
        self.dependencies = Dependencies(
            RecordRepository(self.store, window, run_id), self.runs, clock, self.lines.append
        )
        self.tries = itertools.count(1)
        self.poll_interval = 30.0
        self.timeout = 3 * 3600.0

    @property
    def records(self):
        return self.dependencies.records

    def snapshot(self):
        resolved_targets = resolve_targets(self.targets, self.clock)
        try:
            return Snapshot(
                self.dependencies, resolved_targets, self.clock.time() + self.timeout, **self.policies
            ).take()
        finally:
            for resolved in resolved_targets:
                resolved.fleet.hook.close()

    def quiesce(self, killed=lambda: False, attempt=None):
        work = Quiesce(
            self.dependencies, hooks_of(self.places), attempt or next(self.tries), self.clock.time() + self.timeout,
            self.poll_interval, killed,
        )  # fmt: skip
        self.last = work
        try:
            return work.run()
        finally:
            work.places.close()

    def restore(self, killed=lambda: False):
        work = Restore(self.dependencies, hooks_of(self.places), self.poll_interval, killed)
        self.last = work
        try:
            return work.run()
        finally:
            work.places.close()

    def verdict(self, states=None):
        return judge(self.records, states or {})


def statuses(state):
    """Give the status of each thing, by service and id."""
    found = {}
    for org in state["enos"]["orgs"].values():
        found.update({("enos", id): one["status"] for id, one in org["pipelines"].items()})
    for project in state["dli"]["projects"].values():
        found.update({("dli", id): one["status"] for id, one in project["jobs"].items()})
    for project in state["codearts"]["projects"].values():
        found.update({("codearts", id): one["enabled"] for id, one in project["pipelines"].items()})
    return found


def forget_credentials():
    """Forget the tokens of all connections, and which secrets are kept out of the logs."""
    identity._IDENTITIES.clear()
    forget_masks()
