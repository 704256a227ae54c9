"""
A stage in made-up time: processes that share a store of records and the vendors, one of them moving at a time.

Each process is a thread that stops at *points*: before and after it reads or writes the store, before it sends a
request, before it takes in the answer, and when it waits. At a point it may be killed, or others may go on first. Which
process moves is decided by the time at which each is due, so a run is repeated exactly by its seed.

Requests take the short way: they are handed to the emulator's vendors as they left the client, signed, without a socket.
"""

from __future__ import annotations

import heapq
import itertools
import json
import threading
import time
import uuid
from urllib.parse import urlsplit

from airflow_provider_pipelines.core.clock import Clock
from airflow_provider_pipelines.core.http.calls import Reply
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.emulator.clock import Clock as WorldClock
from airflow_provider_pipelines.emulator.dli.state.flink import FlinkJob
from airflow_provider_pipelines.emulator.server.app import OPERATIONS, Vendors
from airflow_provider_pipelines.emulator.server.faults import Faults
from airflow_provider_pipelines.emulator.server.journal import Journal
from airflow_provider_pipelines.emulator.server.process import Server
from airflow_provider_pipelines.emulator.settings import Settings
from airflow_provider_pipelines.emulator.wire import Call, Held
from airflow_provider_pipelines.emulator.world import World
from airflow_provider_pipelines.errors import RecordUnreadable
from airflow_provider_pipelines.window.coordination.places import hooks_of
from airflow_provider_pipelines.window.phases.quiesce import Quiesce
from airflow_provider_pipelines.window.phases.restore import Restore
from airflow_provider_pipelines.window.phases.scope import resolve_targets
from airflow_provider_pipelines.window.phases.snapshot import Snapshot
from tests.support.playing import MemoryStore, Runs, Window, forget_credentials

#: by which requests stop and start things
STOPS = {"pause_pipeline", "stop_pipeline", "batch_stop_flink_jobs", "disable_pipeline"}
STARTS = {"start_pipeline", "batch_run_flink_jobs", "enable_pipeline"}

#: seconds of a deferral, after which another process goes on
DEFERRED = 60.0
#: a process that comes to more points goes round in circles
MOST_POINTS = 20_000


class Killed(BaseException):
    """The process is no more."""


class Process:
    """
    One process: a thread that moves only when it is its turn.

    :param trap: is called at each point with the process, the kind of the point, what it is about, and its number
    """

    def __init__(self, stage, name, work, trap=None):
        self.stage, self.name, self.work = stage, name, work
        self.trap = trap
        self.points = 0
        self.dead = self.ended = False
        #: what Airflow's on_kill sets
        self.asked_to_end = False
        #: whether Airflow's API knows it no more: reads find nothing, writes fail
        self.disowned = False
        self.value = self.error = None
        self.waiters = []
        self.turn = threading.Semaphore(0)

    def point(self, kind, what=None):
        if self.dead:
            raise Killed
        self.points += 1
        assert self.points < MOST_POINTS, f"{self.name} goes on for ever"
        if self.trap is not None:
            self.trap(self, kind, what, self.points)

    def die(self):
        self.dead = True
        raise Killed

    def _run(self):
        self.turn.acquire()
        try:
            self.point("begin")
            self.value = self.work(self)
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001 -- whatever it is, the test wants to see it
            self.error = error
        self.ended = True
        stage = self.stage
        for waiter in self.waiters:
            stage.due(waiter, 0.0)
        stage.next().turn.release()


class Stage:
    """The time, and who moves when."""

    def __init__(self, world=None):
        self.now = time.time()
        self.world = world
        self.queue = []
        self.order = itertools.count()
        self.processes = []
        #: the test itself
        self.main = self.current = Process(self, "main", None)

    def due(self, process, seconds):
        heapq.heappush(self.queue, (self.now + seconds, next(self.order), process))

    def next(self):
        while True:
            at, _, process = heapq.heappop(self.queue)
            if process.ended:
                continue
            if at > self.now:
                if self.world is not None:
                    self.world.clock.advance(at - self.now)
                self.now = at
            self.current = process
            return process

    def _switch(self, me):
        process = self.next()
        if process is not me:
            process.turn.release()
            me.turn.acquire()

    def sleep(self, seconds):
        me = self.current
        if me.dead:
            raise Killed
        self.due(me, max(0.0, seconds))
        self._switch(me)
        if me.dead:
            raise Killed

    def start(self, name, work, delay=0.0, trap=None):
        process = Process(self, name, work, trap)
        self.processes.append(process)
        threading.Thread(target=process._run, daemon=True, name=name).start()
        self.due(process, delay)
        return process

    def wait(self, process):
        """Let others move until a process has ended."""
        me = self.current
        if not process.ended:
            process.waiters.append(me)
            self._switch(me)
        return process

    def run(self, name, work, trap=None):
        """Run a process to its end; give what it gave, or raise what it raised."""
        process = self.wait(self.start(name, work, trap=trap))
        if process.error is not None:
            raise process.error
        return process.value

    def kill(self, process):
        """Kill a process wherever it is."""
        if not process.ended and not process.dead:
            process.dead = True
            self.due(process, 0.0)

    def close(self):
        """Kill what is left, so that no thread stays behind."""
        for process in self.processes:
            self.kill(process)
            self.wait(process)


class StageClock(Clock):
    """The stage's time."""

    def __init__(self, stage):
        self.stage = stage

    def time(self):
        return self.stage.now

    monotonic = time

    def sleep(self, seconds):
        self.stage.current.point("sleep", seconds)
        self.stage.sleep(seconds)


class StageStore(MemoryStore):
    """
    Records that all processes share.

    Faults are asked for each access, by its number: ``blind`` says that a read finds nothing, ``broken`` that a write
    is lost (``"lost"``), or that it is kept though the writer is told otherwise (``"kept"``).
    """

    def __init__(self, stage):
        super().__init__()
        self.stage = stage
        self.latency = lambda: 0.0
        self.blind = lambda number, key: False
        self.broken = lambda number, key: None
        #: (time, process, key) of each write, and how many reads there were
        self.log = []
        self.read_count = self.write_count = 0

    def _take_time(self):
        if (seconds := self.latency()) > 0:
            self.stage.sleep(seconds)

    def get(self, key):
        me = self.stage.current
        me.point("read", key)
        self.read_count += 1
        number = self.read_count
        self._take_time()
        found = None if me.disowned or self.blind(number, key) else self.texts.get(key)
        self._take_time()
        return found

    def set(self, key, text, about):
        me = self.stage.current
        json.loads(text)
        me.point("write", about)
        self.write_count += 1
        number = self.write_count
        self._take_time()
        broken = "lost" if me.disowned else self.broken(number, key)
        if broken != "lost":
            self.texts[key] = text
            self.log.append((self.stage.now, me.name, about))
        self._take_time()
        me.point("written", about)
        if broken:
            raise RecordUnreadable(f"the store did not take {about}")

    def delete(self, key):
        me = self.stage.current
        me.point("write", "delete")
        if me.disowned:
            raise RecordUnreadable("the store did not answer")
        self.texts.pop(key, None)


class Sent:
    """
    A write that was sent, and what it did.

    :param before, after: the truth of each thing that it names
    """

    def __init__(self, at, process, operation, service, ids):
        self.at, self.process, self.operation, self.service, self.ids = at, process, operation, service, ids
        self.before = self.after = {}

    def __repr__(self):
        return f"{self.at % 10000:.1f} {self.process} {self.operation} {self.before} -> {self.after}"

    @property
    def way(self):
        return "down" if self.operation in STOPS else "up" if self.operation in STARTS else None

    def did(self, id):
        return self.before.get(id) != self.after.get(id)


class Services:
    """The vendors, as all processes reach them; notes the truth around each write."""

    def __init__(self, stage, seed, **settings):
        self.world = World(seed, WorldClock("manual", 1.0), Settings(**settings))
        self.faults, self.journal = Faults(OPERATIONS), Journal()
        self.vendors = Vendors(self.world, self.faults, self.journal, lambda scope: None)
        self.stage = stage
        stage.world = self.world
        # from a whole second on, so that the same seed gives the same fractions
        self.world.clock.advance(1 - self.world.clock.now() % 1000 / 1000)
        stage.now = self.world.clock.now() / 1000
        self.latency = lambda: 0.0
        #: every write that a process has sent
        self.sent = []
        server = Server(self.world, seed)
        self.env = server.ready()["env"]
        server.socket.close()

    def statuses(self):
        self.world.settle()
        return self._known()

    def _known(self):
        """Give the status of each thing, as the state would show it."""
        world = self.world
        found = {
            ("enos", one.id): one.status
            for organisation in world.organisations.values()
            for one in organisation.pipelines.values()
        }
        for project in world.dli_projects.values():
            jobs = (one for one in project.things() if isinstance(one, FlinkJob))
            found.update({("dli", one.id): one.status for one in jobs if project.job(one.id) is one})
        found.update({("codearts", one.id): one.fields["enabled"] for one in world.codearts_pipelines()})
        return found

    def fault(self, operation, *, service="enos", times=1, skip=0, id=None, **fault):
        entry = {"service": service, "operation": operation, "times": times, "skip": skip, "fault": fault}
        self.faults.add({**entry, "id": id} if id is not None else entry)

    def touch(self, service, id, status):
        """Change a thing as somebody else would."""
        self.world.settle()
        assert self.world.interfere(service, id, status)

    def remove(self, service, id):
        """Delete a thing as somebody else would."""
        self.world.settle()
        if service == "enos":
            for organisation in self.world.organisations.values():
                organisation.pipelines.pop(id, None)
        elif service == "codearts":
            for project in self.world.codearts_projects.values():
                project.pipelines.pop(id, None)
        else:
            for project in self.world.dli_projects.values():
                if (job := project.job(id)) is not None:
                    project.delete(job, self.world.now)

    def writes(self):
        return [entry for entry in self.journal.after(0)["calls"] if entry["write"]]

    def answer(self, call, timeout):
        """Answer a call in the stage's time."""
        self.world.settle()
        operation = self.vendors._operation(call)
        sent = None
        if operation is not None and operation.write:
            ids = operation.ids_of(call)
            sent = Sent(self.stage.now, self.stage.current.name, operation.name, operation.service, ids)
            self.sent.append(sent)
            sent.before = self._truth(sent)
        answer, fault = self.vendors.answer(call)
        if isinstance(answer, Held):
            act = answer.act

            def noted():
                sent.before = self._truth(sent)
                done = act()
                sent.at, sent.after = self.world.now / 1000, self._truth(sent)
                return done

            if sent is not None:
                sent.after = sent.before
                answer.act = noted
            self.stage.sleep(min(timeout, fault.what["seconds"]))
            self.world.settle()
            if answer.answer is None:
                raise Undelivered("no answer within the time-out", sent=True)
            return answer.answer
        if sent is not None:
            sent.after = self._truth(sent)
        if fault is not None and fault.kind == "delay":
            self.stage.sleep(min(timeout, fault.what["seconds"]))
            if fault.what["seconds"] >= timeout:
                raise Undelivered("no answer within the time-out", sent=True)
        if fault is not None and fault.kind == "drop":
            raise Undelivered("the connection was lost before the answer was complete", sent=True)
        return answer

    def _truth(self, sent):
        # not settled: what is caught up with is at its own time already
        known = self._known()
        return {id: known.get((sent.service, id)) for id in sent.ids if (sent.service, id) in known}


class ShortWay(SyncTransport):
    """Hands requests to the vendors, as they left the client."""

    def __init__(self, services, usual):
        # without a mask: Airflow's grows with each token, and every line of the log gets slower by it
        super().__init__(usual.route, usual._sleep)
        self.services = services

    def _send(self, wire):
        services, process = self.services, self.services.stage.current
        process.point("send", wire)
        if (seconds := services.latency()) > 0:
            services.stage.sleep(seconds)
        parts = urlsplit(wire.url)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in wire.headers.items()]
        if all(name != b"host" for name, _ in headers):
            headers.append((b"host", parts.netloc.encode()))
        call = Call(wire.method, parts.path.encode(), parts.query.encode(), headers, wire.body or b"", uuid.uuid4().hex)
        answer = services.answer(call, self.route.timeout)
        process.point("answered", wire)
        if (seconds := services.latency()) > 0:
            services.stage.sleep(seconds)
        body = b"" if answer.status in (204, 304) else answer.encoded()
        return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)


class StagedWindow(Window):
    """A window run whose tasks are processes."""

    def __init__(self, services, targets, *, defer_after=None, **more):
        stage = services.stage
        super().__init__(StageClock(stage), targets, **more)
        self.services, self.stage = services, stage
        self.defer_after = defer_after
        self.reports = []
        self.notes = []

    def shorten(self, hook):
        """Lead a hook's requests the short way, with credentials of which this process has its own knowledge."""
        forget_credentials()
        hook.clock = self.clock
        client = hook.get_conn()
        client.transport = ShortWay(self.services, client.transport)

    def hooks(self, plan):
        found = hooks_of(self.places)(plan)
        for _, hook in found:
            self.shorten(hook)
        return found

    # what a process of each task does; its deferrals are waits, after which another process goes on

    def do_snapshot(self, process):
        resolved_targets = resolve_targets(self.targets, self.clock)
        for resolved in resolved_targets:
            self.shorten(resolved.fleet.hook)
        plan, notes = Snapshot(
            self.dependencies, resolved_targets, self.clock.time() + self.timeout, **self.policies
        ).take()
        self.notes += notes
        return plan

    def do_quiesce(self, attempt):
        def work(process):
            deadline = self.clock.time() + self.timeout
            while True:
                quiesce = Quiesce(
                    self.dependencies, self.hooks, attempt, deadline, self.poll_interval, lambda: process.asked_to_end,
                    self.defer_after,
                )  # fmt: skip
                if (report := self._through(quiesce)) is not None:
                    return report
                self.stage.sleep(DEFERRED)

        return work

    def do_restore(self, process):
        deadline = self.clock.time() + 3600.0
        while True:
            restore = Restore(
                self.dependencies, self.hooks, self.poll_interval, lambda: process.asked_to_end, self.defer_after,
                deadline=deadline,
            )  # fmt: skip
            if (report := self._through(restore)) is not None:
                return report
            self.stage.sleep(DEFERRED)

    def _through(self, work):
        try:
            return work.run()
        finally:
            if work.report is not None:
                self.reports.append(work.report)

    def do_verdict(self, states=None):
        return lambda process: self.verdict(states)

    # the same, played to the end

    def snapshot(self, trap=None):
        return self.stage.run("snapshot", self.do_snapshot, trap)

    def quiesce(self, attempt=None, trap=None):
        attempt = attempt or next(self.tries)
        return self.stage.run(f"quiesce{attempt}", self.do_quiesce(attempt), trap)

    def restore(self, trap=None):
        return self.stage.run("restore", self.do_restore, trap)

    def judged(self, states=None):
        return self.stage.run("verdict", self.do_verdict(states))

    def messages(self):
        """Give what the reports said of each thing, all together."""
        said = {}
        for report in self.reports:
            for thing in report["things"]:
                if thing["message"]:
                    said.setdefault((thing["service"], str(thing["id"])), []).append(thing["message"])
        return said


__all__ = ["Killed", "Process", "Runs", "Services", "Stage", "StageStore", "StagedWindow"]
