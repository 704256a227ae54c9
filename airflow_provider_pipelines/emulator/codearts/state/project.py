"""CodeArts projects, their pipelines, the runs of these, and the queues in front of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, ClassVar

from airflow_provider_pipelines.emulator.codearts.state import plan as plans
from airflow_provider_pipelines.emulator.codearts.state.run import Run
from airflow_provider_pipelines.emulator.things import Fields, SeedError, Settings, checked, picked


class CodeArtsPipeline:
    """
    A pipeline with its runs and its queue.

    ``run_seconds``, ``stop_seconds`` and ``outcome`` are given to the runs that are started, ``outcomes`` (a list)
    to the next ones, in turn. ``stages`` is what they do. ``refuses_run`` counts the next runs that are refused,
    ``configuration`` is what a client gave to create the pipeline, in the vendor's names.
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
        "stages": [],
        "variables": [],
        "trigger_failures": [],
        "configuration": {},
    }
    OPTIONAL: ClassVar[Mapping[str, type]] = {"concurrency_control": dict, "run_seconds": float, "stop_seconds": float}

    def __init__(self, id: str, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        own = {name: value for name, value in given.items() if name not in ("runs", "queue")}
        self.id = id
        self.settings = settings
        self.fields: Fields = {**deepcopy(dict(self.DEFAULTS)), "create_time": now}
        self.fields.update(checked(id, own, self.DEFAULTS, self.OPTIONAL))
        self.fields["stages"] = plans.read(id, self.fields["stages"])
        self.runs: dict[str, Run] = {}
        for number, (run_id, fields) in enumerate(given.get("runs", {}).items(), 1):
            self.runs[run_id] = Run(
                run_id, {"run_number": number, "stages": self.fields["stages"], **fields}, settings, now
            )
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

    @property
    def plan(self) -> list[Fields]:
        """What its runs do."""
        return self.fields["stages"] or plans.read(self.id, plans.SIMPLE)

    def latest(self) -> Run | None:
        """Return the run that was started last."""
        return max(self.runs.values(), key=lambda run: (run.fields["run_number"], run.id), default=None)

    def start(self, now: int, wish: Mapping[str, Any], run_id: str = "", status: str = "INIT") -> Run:
        """Create a run and let it begin; with another status it stays where it is."""
        latest = self.latest()
        outcome = self.fields["outcomes"].pop(0) if self.fields["outcomes"] else self.fields["outcome"]
        fields = {
            **picked(self.fields, "run_seconds", "stop_seconds", "stages"),
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

    def retry(self, run: Run, now: int, jobs: list[str]) -> None:
        """Open a run again; it ends as the next one would."""
        run.fields["outcome"] = self.fields["outcome"]
        run.retry(now, jobs)

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
                self.retry(known, at, entry["run"].get("job_run_ids", []))
            else:
                self.start(at, entry["run"], entry["pipeline_run_id"])

    def dump(self, now: int) -> Fields:
        """Return the pipeline as a seed may give it."""
        runs = {id: run.dump(now) for id, run in self.runs.items()}
        return {**self.fields, "runs": runs, "queue": [dict(entry) for entry in self.queue]}


class CodeArtsProject:
    """
    The pipelines of one CodeArts project, and the templates for them.

    A template has a ``name`` and ``stages``. ``failed_starts`` tells why runs of a batch did not start, by the id
    that they would have had.
    """

    def __init__(self, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        unknown = set(given) - {"name", "pipelines", "templates", "failed_starts"}
        if unknown:
            raise SeedError(f"unknown members of a CodeArts project: {', '.join(sorted(unknown))}")
        self.name = str(given.get("name", "emulated"))
        self.settings = settings
        self.failed_starts: dict[str, str] = dict(given.get("failed_starts", {}))
        self.pipelines = {
            id: CodeArtsPipeline(id, fields, settings, now) for id, fields in given.get("pipelines", {}).items()
        }
        self.templates = {
            id: {
                "name": "",
                **checked(id, one, {"name": "", "stages": []}, {}),
                "stages": plans.read(id, one["stages"]),
            }
            for id, one in given.get("templates", {}).items()
        }

    def create(self, now: int, fields: Mapping[str, Any]) -> CodeArtsPipeline:
        """Add a pipeline."""
        pipeline = CodeArtsPipeline(uuid.uuid4().hex, fields, self.settings, now)
        self.pipelines[pipeline.id] = pipeline
        return pipeline

    def dump(self, now: int) -> Fields:
        """Return the project as a seed may give it."""
        pipelines = {id: one.dump(now) for id, one in self.pipelines.items()}
        return {
            "name": self.name,
            "pipelines": pipelines,
            "templates": deepcopy(self.templates),
            "failed_starts": dict(self.failed_starts),
        }
