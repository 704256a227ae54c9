"""CodeArts projects, their pipelines, the runs of these, and the queues in front of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.emulator.things import Fields, SeedError, Step, Thing, checked

if TYPE_CHECKING:
    from airflow_provider_pipelines.emulator.settings import Settings


#: run statuses after which nothing happens by itself; the vendor documents the words, not which of them are final
ENDED = frozenset({"COMPLETED", "FAILED", "CANCELED", "IGNORED"})


class Run(Thing):
    """
    A pipeline run.

    ``outcome`` is the status it ends with, by itself, ``run_seconds`` after it began to run. ``refuses_stop`` counts
    the next stops that are answered with ``success: false``.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "status": "RUNNING",
        "run_number": 1,
        "start_time": 0,
        "end_time": None,
        "trigger_type": "Manual",
        "executor_id": "00000000000000000000000000e3c000",
        "executor_name": "emulator",
        "description": "",
        "sources": [],
        "variables": [],
        "choose_jobs": [],
        "choose_stages": [],
        "outcome": "COMPLETED",
        "run_seconds": None,
        "stop_seconds": None,
        "refuses_stop": 0,
    }
    OPTIONAL: ClassVar[Mapping[str, type]] = {"end_time": int, "run_seconds": float, "stop_seconds": float}

    def first_fields(self, now: int) -> Fields:
        """Date the start, and the end of what has ended, to now."""
        return {"start_time": now, "end_time": now if self.fields.get("status") in ENDED else None}

    def usual_course(self, now: int) -> list[Step]:
        """Let what runs end."""
        if self.status == "INIT":
            self.begin(now)
        elif self.status == "RUNNING":
            self.set_out(now, (self.seconds("run_seconds", "codearts_run_seconds"), self.fields["outcome"], {}))
        else:
            return []
        return self.pending

    def arrived(self, at: int) -> None:
        """Date the end."""
        self.fields["end_time"] = at if self.status in ENDED else None

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.status in ENDED

    def begin(self, now: int) -> None:
        """Start to run, for the first time or again."""
        starting = self.settings.codearts_init_seconds
        if self.status != "INIT" or not starting:
            self.change("INIT" if starting else "RUNNING", now)
        lasting: tuple[float, str, Fields]
        lasting = (self.seconds("run_seconds", "codearts_run_seconds"), self.fields["outcome"], {})
        if starting:
            self.set_out(now, (starting, "RUNNING", {}), lasting)
        else:
            self.set_out(now, lasting)

    def stop(self, now: int) -> None:
        """Take the request to stop; a second one changes nothing."""
        if self.pending and self.pending[-1].status == "CANCELED":
            return
        seconds = self.seconds("stop_seconds", "codearts_stop_seconds")
        self.set_out(now, (0 if self.settings.codearts_stop == "immediate" else seconds, "CANCELED", {}))


class CodeArtsPipeline:
    """
    A pipeline with its runs and its queue.

    ``run_seconds``, ``stop_seconds`` and ``outcome`` are given to the runs that are started, ``outcomes`` (a list)
    to the next ones, in turn. ``refuses_run`` counts the next runs that are refused.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "name": "",
        "enabled": True,
        "description": "",
        "create_time": 0,
        "concurrency_control": None,
        "run_seconds": None,
        "stop_seconds": None,
        "outcome": "COMPLETED",
        "outcomes": [],
        "refuses_run": 0,
    }
    OPTIONAL: ClassVar[Mapping[str, type]] = {"concurrency_control": dict, "run_seconds": float, "stop_seconds": float}

    def __init__(self, id: str, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        own = {name: value for name, value in given.items() if name not in ("runs", "queue")}
        self.id = id
        self.settings = settings
        self.fields: Fields = {**self.DEFAULTS, "outcomes": [], "create_time": now}
        self.fields.update(checked(id, own, self.DEFAULTS, self.OPTIONAL))
        self.runs: dict[str, Run] = {}
        for number, (run_id, fields) in enumerate(given.get("runs", {}).items(), 1):
            self.runs[run_id] = Run(run_id, {"run_number": number, **fields}, settings, now)
        self.queue: list[Fields] = []
        for entry in given.get("queue", []):
            if not isinstance(entry, Mapping) or not {"id", "pipeline_run_id"} <= set(entry):
                raise SeedError(f"{id}: an entry of the queue needs 'id' and 'pipeline_run_id', not {entry!r}")
            self.queue.append({"enqueue_time": now, "status": "QUEUED", "run": {}, **entry})

    @property
    def full(self) -> bool:
        """Whether its own limit of runs at a time is reached."""
        control = self.fields["concurrency_control"] or {}
        if not control.get("enable"):
            return False
        return sum(not run.ended for run in self.runs.values()) >= int(control.get("concurrency_number", 1))

    @property
    def queues(self) -> bool:
        """Whether a run over the limit waits instead of being ignored."""
        return bool((self.fields["concurrency_control"] or {}).get("exceed_action", "QUEUE") == "QUEUE")

    def latest(self) -> Run | None:
        """Return the run that was started last."""
        return max(self.runs.values(), key=lambda run: (run.fields["run_number"], run.id), default=None)

    def start(self, now: int, wish: Mapping[str, Any], run_id: str = "", status: str = "INIT") -> Run:
        """Create a run and let it begin; with another status it stays where it is."""
        latest = self.latest()
        outcome = self.fields["outcomes"].pop(0) if self.fields["outcomes"] else self.fields["outcome"]
        fields = {
            **{name: self.fields[name] for name in ("run_seconds", "stop_seconds")},
            **wish,
            "outcome": outcome,
            "run_number": latest.fields["run_number"] + 1 if latest else 1,
            "status": status,
            "pending": [],
        }
        run = Run(run_id or uuid.uuid4().hex, fields, self.settings, now)
        self.runs[run.id] = run
        if status == "INIT":
            run.begin(now)
        run.before = None
        return run

    def enqueue(self, now: int, queue_id: int, wish: Mapping[str, Any], run_id: str = "") -> Fields:
        """Let a run wait; with a run id it is a retry of that run."""
        entry: Fields = {
            "id": queue_id,
            "pipeline_run_id": run_id or uuid.uuid4().hex,
            "enqueue_time": now,
            "status": "QUEUED",
            "run": dict(wish),
        }
        self.queue.append(entry)
        return entry

    def queued(self, run_id: str) -> Fields | None:
        """Return the entry of a run that waits."""
        return next((entry for entry in self.queue if entry["pipeline_run_id"] == run_id), None)

    def catch_up(self, now: int) -> None:
        """Let runs end, waiting ones begin in the moment there is room, and the others give up in time."""
        while True:
            due = [(run.pending[0].at, run) for run in self.runs.values() if run.pending and run.pending[0].at <= now]
            if not due:
                break
            at, run = min(due, key=lambda one: one[0])
            run.catch_up(at)
            self._promote(at)
        self._promote(now)

    def _promote(self, at: int) -> None:
        patience = round(self.settings.codearts_queue_seconds * 1000)
        for entry in self.queue:
            if entry["status"] == "QUEUED" and entry["enqueue_time"] + patience <= at:
                entry["status"] = "QUEUED_TIME_OUT"
        while not self.full:
            entry = next((entry for entry in self.queue if entry["status"] == "QUEUED"), {})
            if not entry:
                return
            self.queue.remove(entry)
            known = self.runs.get(entry["pipeline_run_id"])
            if known is not None:
                known.begin(at)
            else:
                self.start(at, entry["run"], entry["pipeline_run_id"])

    def dump(self, now: int) -> Fields:
        """Return the pipeline as a seed may give it."""
        runs = {id: run.dump(now) for id, run in self.runs.items()}
        return {**self.fields, "runs": runs, "queue": [dict(entry) for entry in self.queue]}


class CodeArtsProject:
    """The pipelines of one CodeArts project."""

    def __init__(self, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        unknown = set(given) - {"name", "pipelines"}
        if unknown:
            raise SeedError(f"unknown members of a CodeArts project: {', '.join(sorted(unknown))}")
        self.name = str(given.get("name", "emulated"))
        self.pipelines = {
            id: CodeArtsPipeline(id, fields, settings, now) for id, fields in given.get("pipelines", {}).items()
        }

    def dump(self, now: int) -> Fields:
        """Return the project as a seed may give it."""
        return {"name": self.name, "pipelines": {id: one.dump(now) for id, one in self.pipelines.items()}}
