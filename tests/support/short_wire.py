"""
A whole window in milliseconds: services that are three dictionaries, reached by the real hooks without a socket.

What goes out is signed and what comes in is read by the code of the vendors' rooms; only the wire is short.
"""

from __future__ import annotations

import itertools
import json
import re
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

from airflow_provider_pipelines.core.clock import Clock
from airflow_provider_pipelines.core.http.calls import Reply
from airflow_provider_pipelines.core.http.session import Undelivered
from airflow_provider_pipelines.core.http.sync_driver import SyncTransport
from airflow_provider_pipelines.window.coordination.places import hooks_of
from airflow_provider_pipelines.window.phases.quiesce import Quiesce
from airflow_provider_pipelines.window.phases.restore import Restore
from airflow_provider_pipelines.window.phases.scope import resolve_targets
from airflow_provider_pipelines.window.phases.snapshot import Snapshot
from airflow_provider_pipelines.window.targets import CodeArtsPipelines, DliJobs, EnosPipelines
from tests.support.playing import CODEARTS, ORG, PROJECT, START, MemoryStore, Runs, Window, forget_credentials

#: what goes round in circles ends here, so that a test fails instead of never ending
MOST = 20_000
#: Unix time at which all begins
DAWN = 1_800_000_000.0
FOR_EVER = 10**6


class QuickClock(Clock):
    """Stands still until somebody waits."""

    def __init__(self):
        self.now = DAWN
        self.slept = []
        self.asked = 0
        #: what happens by itself: (time, what to call)
        self.plan = []

    def time(self):
        self.asked += 1
        assert self.asked < 10 * MOST, "this goes on for ever"
        return self.now

    wall = monotonic = time

    def sleep(self, seconds):
        self.slept.append(seconds)
        assert len(self.slept) < MOST, "this waits for ever"
        end = self.now + max(0.0, seconds)
        while due := sorted((entry for entry in self.plan if entry[0] <= end), key=lambda entry: entry[0]):
            self.plan.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][1]()
        self.now = end

    def after(self, seconds, act):
        """Let something happen by itself."""
        self.plan.append((self.now + seconds, act))


class Rooms:
    """
    The services.

    Each thing is a dictionary with ``name`` and ``status``; ``takes`` seconds pass until it gets where it is sent, and
    ``ends`` says where that is instead, by operation.
    """

    def __init__(self, clock):
        self.clock = clock
        self.enos, self.dli, self.codearts, self.runs, self.queue = {}, {}, {}, {}, {}
        #: (operation, ids) of each write that was carried out or refused, and of each read its operation
        self.writes, self.reads = [], []
        self.faults = []
        self.numbers = itertools.count(1)
        #: is called with the operation and its ids before each call is answered
        self.watch = lambda operation, ids: None

    # what tests do to them

    def fail(self, operation, *, id=None, times=1, skip=0, status=200, answer=None, lost=None, done=False):
        """
        Let calls fail.

        :param lost: whether the service may have got the request, where no answer comes
        :param done: whether it is carried out all the same
        """
        self.faults.append(
            {"operation": operation, "id": id, "times": times, "skip": skip, "status": status, "answer": answer,
             "lost": lost, "done": done}
        )  # fmt: skip

    def refuse(self, operation, code, text="no", **more):
        """Let a service refuse, as each of them writes it."""
        service = self.service_of(operation)
        if service == "enos":
            self.fail(operation, answer={"code": code, "msg": text}, **more)
        else:
            self.fail(operation, answer={"error_code": code, "error_msg": text}, **{"status": 400, **more})

    @staticmethod
    def service_of(operation):
        return "dli" if "flink" in operation else "enos" if operation in _ENOS else "codearts"

    def sent(self, operation):
        """Give the ids of each write of a kind."""
        return [ids for name, ids in self.writes if name == operation]

    def statuses(self):
        return {
            (service, id): self.status(thing)
            for service in ("enos", "dli", "codearts")
            for id, thing in getattr(self, service).items()
        }

    def status(self, thing):
        """Give what a thing shows now; it passes by each of its statuses in its time."""
        while (way := thing.get("way")) and self.clock.now >= way[0][0]:
            _, change = way.pop(0)
            thing.update(change)
        return thing["status"]

    def go(self, thing, operation, status, **more):
        """Send a thing somewhere."""
        takes, ends = thing.get("takes", 0), thing.get("ends", {}).get(operation, status)
        way, at = [], self.clock.now + takes
        if (passing := thing.get("passes", {}).get(operation)) is not None:
            way.append((self.clock.now + takes / 2, {"status": passing}))
        thing["way"] = [*way, (at, {"status": ends, **more})]
        self.status(thing)

    # what they answer

    def answer(self, wire):
        """Answer a request as it left the client."""
        parts = urlsplit(wire.url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = json.loads(wire.body) if wire.body else None
        name, args = self._route(wire.method, parts.path)
        operation = f"{query['action']}_pipeline" if name == "act" else name
        ids = [str(id) for id in body["job_ids"]] if isinstance(body, dict) and "job_ids" in body else list(args)
        self.watch(operation, ids)
        write = operation in _WRITES
        if write:
            self.writes.append((operation, ids if len(ids) != 1 else ids[0]))
        else:
            self.reads.append(operation)
        assert len(self.writes) + len(self.reads) < MOST, "this asks for ever"
        for fault in self.faults:
            if fault["operation"] == operation and (fault["id"] is None or fault["id"] in ids):
                if fault["skip"]:
                    fault["skip"] -= 1
                    continue
                if not fault["times"]:
                    continue
                fault["times"] -= 1
                if fault["done"]:
                    getattr(self, f"_{operation}")(query, body, *args)
                if fault["lost"] is not None:
                    raise Undelivered("lost on the way", sent=fault["lost"])
                return self._reply(fault["answer"], fault["status"])
        return self._reply(getattr(self, f"_{operation}")(query, body, *args))

    @staticmethod
    def _route(method, path):
        for known, pattern, name in _ROUTES:
            if method == known and (found := re.fullmatch(pattern, path)):
                return name, found.groups()
        raise AssertionError(f"{method} {path} is not known here")

    @staticmethod
    def _reply(answer, status=200):
        if isinstance(answer, tuple):
            answer, status = answer
        return Reply(status, {}, json.dumps(answer).encode())

    def _token(self, query, body):
        return {"status": 0, "data": {"accessToken": "token", "expire": 10**8}}

    def _list_pipelines(self, query, body):
        system = query["isSystem"] == "true"
        rows = [
            {"pipelineId": id, "pipelineName": one["name"], "status": self.status(one)}
            for id, one in self.enos.items()
            if one.get("system", False) is system and query["ifReleased"] == "true"  # design copies have no status
        ]
        return {"code": 0, "data": {"count": len(rows), "pipelines": rows}}

    def _act(self, operation, id, ready, status):
        thing = self.enos.get(id)
        if thing is None:
            return {"code": 61108, "msg": "no such pipeline"}
        if self.status(thing) not in ready:
            return {"code": 61152, "msg": f"state [{thing['status']}] forbids it"}
        self.go(thing, operation, status)
        return {"code": 0, "data": None}

    def _pause_pipeline(self, query, body, id):
        return self._act("pause_pipeline", id, {"RUNNING"}, "PAUSED")

    def _stop_pipeline(self, query, body, id):
        return self._act("stop_pipeline", id, {"RUNNING", "PAUSED"}, "STOPPED")

    def _start_pipeline(self, query, body, id):
        if id in self.enos:
            self.enos[id]["started_with"] = body
        return self._act("start_pipeline", id, {"PUBLISHED", "PAUSED", "STOPPED"}, "RUNNING")

    def _job(self, id, one):
        self.status(one)
        config = {} if one.get("bucket") is None else {"obs_bucket": one["bucket"]}
        return {
            "job_id": int(id), "name": one["name"], "status": one["status"], "has_savepoint": one.get("savepoint") is not None,
            "savepoint_path": one.get("savepoint"), "start_time": one.get("start_time"), "job_config": config,
        }  # fmt: skip

    def _list_flink_jobs(self, query, body):
        rows = [self._job(id, one) for id, one in self.dli.items()]
        at = int(query["offset"])
        return {"is_success": True, "job_list": {"total_count": len(rows), "jobs": rows[at : at + 100]}}

    def _show_flink_job(self, query, body, id):
        if id not in self.dli:
            return {"error_code": "DLI.12004", "error_msg": "no such job"}, 404
        return {"is_success": True, "job_detail": self._job(id, self.dli[id])}

    def _batch(self, body, one):
        return [one(self.dli.get(str(id))) for id in body["job_ids"]]

    def _batch_stop_flink_jobs(self, query, body):
        def stop(job):
            if job is None or self.status(job) not in {"job_running", "job_cancel_fail"} or job.get("refuses", 0):
                job["refuses"] -= 1
                return {"is_success": False, "message": "cannot be stopped"}
            made = {}
            if body["trigger_savepoint"] and job.get("makes_savepoints", True):
                made = {"savepoint": f"obs://b/{next(self.numbers)}"}
            self.go(job, "batch_stop_flink_jobs", "job_cancel_success", **made)
            return {"is_success": True}

        return self._batch(body, stop)

    def _batch_run_flink_jobs(self, query, body):
        def run(job):
            if job is None or job.get("refuses_run", 0):
                job["refuses_run"] -= 1
                return {"is_success": False, "message": "cannot be run"}
            job["resumed"] = body["resume_savepoint"]
            self.go(job, "batch_run_flink_jobs", "job_running", start_time=int(self.clock.now * 1000))
            return {"is_success": True}

        return self._batch(body, run)

    def _row(self, id, one):
        self.status(one)
        banned = {"ENABLED": False, "DISABLED": True}.get(one["status"])
        return {"pipeline_id": id, "id": id, "name": one["name"], "banned": banned}

    def _list_codearts(self, query, body):
        rows = [self._row(id, one) for id, one in self.codearts.items()]
        return {"total": len(rows), "pipelines": rows[body["offset"] : body["offset"] + body["limit"]]}

    def _show_pipeline_detail(self, query, body, id):
        if id not in self.codearts:
            return {"error_code": "DEVPIPE.00011401", "error_msg": "no such pipeline"}, 404
        return self._row(id, self.codearts[id])

    def _disable_pipeline(self, query, body, id):
        self.go(self.codearts[id], "disable_pipeline", "DISABLED")
        return True

    def _enable_pipeline(self, query, body, id):
        self.go(self.codearts[id], "enable_pipeline", "ENABLED")
        return True

    def _runs_of(self, id):
        return {run: one for run, one in self.runs.items() if one["pipeline"] == id}

    def _list_pipeline_runs(self, query, body, id):
        if id not in self.codearts:
            return {"error_code": "DEVPIPE.00011401", "error_msg": "no such pipeline"}, 404
        rows = [
            {"pipeline_run_id": run, "status": self.status(one)}
            for run, one in self._runs_of(id).items()
            if run not in self.queue and (not body.get("status") or self.status(one) in body["status"])
        ]
        return {"total": len(rows), "pipeline_runs": rows[body["offset"] :]}

    def _show_pipeline_run_detail(self, query, body, id):
        run = query["pipeline_run_id"]
        if run not in self.runs or run in self.queue:
            return {"error_code": "DEVPIPE.0001", "error_msg": "no such run"}, 404
        return {"id": run, "status": self.status(self.runs[run])}

    def _list_pipeline_queue(self, query, body, id):
        rows = [
            {"id": number, "pipeline_run_id": run, "status": "QUEUED"}
            for run, number in self.queue.items()
            if self.runs[run]["pipeline"] == id
        ]
        return {"total": len(rows), "queuedPipelines": rows[int(query["offset"]) :]}

    def _stop_pipeline_run(self, query, body, id, run):
        self.go(self.runs[run], "stop_pipeline_run", "CANCELED")
        return {"success": True}

    def _cancel_pipeline_queue(self, query, body, id, run, number):
        del self.queue[run], self.runs[run]
        return {"pipeline_run_id": run}


_ENOS = {"list_pipelines", "pause_pipeline", "stop_pipeline", "start_pipeline"}
_WRITES = {
    "pause_pipeline", "stop_pipeline", "start_pipeline", "batch_stop_flink_jobs", "batch_run_flink_jobs",
    "disable_pipeline", "enable_pipeline", "stop_pipeline_run", "cancel_pipeline_queue",
}  # fmt: skip
_JOBS, _PIPES = r"/v1\.0/[^/]+/streaming/jobs", rf"/v5/{CODEARTS}/api/pipelines"
_ROUTES = (
    ("POST", "/apim-token-service/v2.0/token/get", "token"),
    ("GET", "/streaming/v2.0/streaming/pipelines", "list_pipelines"),
    ("POST", "/streaming/v2.0/streaming/pipelines?/([^/]+)", "act"),
    ("POST", f"{_JOBS}/stop", "batch_stop_flink_jobs"),
    ("POST", f"{_JOBS}/run", "batch_run_flink_jobs"),
    ("GET", _JOBS, "list_flink_jobs"),
    ("GET", rf"{_JOBS}/(\d+)", "show_flink_job"),
    ("POST", f"{_PIPES}/list", "list_codearts"),
    ("GET", f"{_PIPES}/([^/]+)", "show_pipeline_detail"),
    ("PUT", f"{_PIPES}/([^/]+)/ban", "disable_pipeline"),
    ("PUT", f"{_PIPES}/([^/]+)/unban", "enable_pipeline"),
    ("POST", f"{_PIPES}/([^/]+)/pipeline-runs/list", "list_pipeline_runs"),
    ("GET", f"{_PIPES}/([^/]+)/pipeline-runs/detail", "show_pipeline_run_detail"),
    ("GET", f"{_PIPES}/([^/]+)/queued-pipeline", "list_pipeline_queue"),
    ("POST", f"{_PIPES}/([^/]+)/pipeline-runs/([^/]+)/stop", "stop_pipeline_run"),
    ("POST", f"{_PIPES}/([^/]+)/([^/]+)/cancel-queuing/([^/]+)", "cancel_pipeline_queue"),
)


class ShortTransport(SyncTransport):
    """Hands what was signed to the rooms."""

    def __init__(self, rooms, usual):
        super().__init__(usual.route, rooms.clock.sleep)
        self.rooms = rooms

    def _send(self, wire):
        return self.rooms.answer(wire)


_KEYS = {"login": "key", "password": "secret", "port": None}
#: what Airflow says of the connections
CONNECTIONS = {
    "enos": {**_KEYS, "host": "https://Enos.example", "extra_dejson": {"org_id": ORG}},
    "huaweicloud": {
        **_KEYS, "host": None,
        "extra_dejson": {
            "region": "eu-de", "project_id": PROJECT, "codearts_project_id": CODEARTS,
            "dli_endpoint": "https://Dli.example", "codearts_endpoint": "https://Codearts.example",
            "iam_endpoint": "https://iam.example",
        },
    },
}  # fmt: skip


def shorten(rooms, hook, **extra):
    """Lead a hook to the rooms; it asks Airflow for no connection."""
    hook.clock = rooms.clock
    known = CONNECTIONS[hook.conn_type]
    connection = SimpleNamespace(**{**known, "extra_dejson": {**known["extra_dejson"], **extra}})
    hook.get_connection = lambda conn_id: connection
    client = hook.get_conn()
    client.transport = ShortTransport(rooms, client.transport)
    return hook


class Quick(Window):
    """A window run over the rooms."""

    def __init__(self, rooms, targets, **more):
        forget_credentials()
        self.rooms = rooms
        #: fields of the connections that are other than usual
        self.extra = {}
        self.defer_after = None
        self.shortened = {}
        super().__init__(rooms.clock, targets, **more)

    def another(self, targets=None, **more):
        """Give another window, or another run of this one, over the same records."""
        again = type(self)(self.rooms, [], store=self.store, runs=self.runs, **more)
        again.targets = self.targets if targets is None else [target.to_json() for target in targets]
        again.places = self.places if targets is None else [target.place() for target in targets]
        return again

    def hooks(self, plan):
        found = hooks_of(self.places)(plan)
        for _, hook in found:
            shorten(self.rooms, hook, **self.extra)
        return found

    def resolved_targets(self):
        resolved_targets = resolve_targets(self.targets, self.clock)
        for resolved in resolved_targets:
            shorten(self.rooms, resolved.fleet.hook, **self.extra)
        return resolved_targets

    def taking(self):
        return Snapshot(self.dependencies, self.resolved_targets(), self.clock.time() + self.timeout, **self.policies)

    def snapshot(self):
        return self.taking().take()

    def quiescing(self, attempt=None, killed=lambda: False):
        self.last = Quiesce(
            self.dependencies, self.hooks, attempt or next(self.tries), self.clock.time() + self.timeout,
            self.poll_interval, killed, self.defer_after,
        )  # fmt: skip
        return self.last

    def quiesce(self, killed=lambda: False, attempt=None):
        return self.quiescing(attempt, killed).run()

    def restoring(self, killed=lambda: False, **more):
        self.last = Restore(self.dependencies, self.hooks, self.poll_interval, killed, self.defer_after, **more)
        return self.last

    def restore(self, killed=lambda: False, **more):
        return self.restoring(killed, **more).run()

    def cycle(self):
        """Play all of it; give the reports of quiesce and restore."""
        self.snapshot()
        return self.quiesce(), self.restore()

    def cycle_down(self):
        """Stop everything."""
        self.snapshot()
        report = self.quiesce()
        self.lines.clear()
        return report

    def told(self, id):
        """Give what the last report says of a thing or a run, or None."""
        things = self.last.report["things"]
        found = [one for one in things if str(one.get("pipeline_run_id") or one["id"]) == str(id)]
        assert len(found) < 2, "it is told twice"
        return found[0] if found else None


def rooms_with(*, enos=2, dli=2, codearts=1, **more):
    """Give rooms with things that run, called ``w1``, ``101`` and ``c1`` and so on."""
    rooms = Rooms(QuickClock())
    rooms.enos.update({f"w{n}": {"name": f"wind-{n}", "status": "RUNNING", **more} for n in range(1, enos + 1)})
    rooms.dli.update(
        {str(100 + n): {"name": f"agg-{n}", "status": "job_running", "bucket": "b", **more} for n in range(1, dli + 1)}
    )
    rooms.codearts.update({f"c{n}": {"name": f"build-{n}", "status": "ENABLED"} for n in range(1, codearts + 1)})
    return rooms


def targets(rooms, **more):
    """Give targets for all that there is."""
    found = []
    if rooms.enos:
        found.append(EnosPipelines(**{"name_pattern": "wind-*", "start": START, **more.get("enos", {})}))
    if rooms.dli:
        found.append(DliJobs(**{"name_pattern": "agg-*", **more.get("dli", {})}))
    if rooms.codearts:
        found.append(CodeArtsPipelines(**{"pipeline_ids": list(rooms.codearts), **more.get("codearts", {})}))
    return found


def quick(*, enos=2, dli=2, codearts=1, things=None, rooms=None, extra=None, target=None, **policies):
    """Give a window over rooms with things that run."""
    rooms = rooms or rooms_with(enos=enos, dli=dli, codearts=codearts, **(things or {}))
    window = Quick(rooms, targets(rooms, **(target or {})), **policies)
    window.extra = extra or {}
    return window


__all__ = ["DAWN", "FOR_EVER", "MemoryStore", "Quick", "QuickClock", "Rooms", "Runs", "quick", "rooms_with", "targets"]
