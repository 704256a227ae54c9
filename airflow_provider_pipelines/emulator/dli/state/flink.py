"""Flink jobs of DLI: how they start, run, make savepoints and stop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from airflow_provider_pipelines.emulator.things import Fields, SeedError, Settings, Step, Thing

# What may be run and stopped, as far as the user guide says; where it is silent the emulator refuses.
# https://docs.otc.t-systems.com/data-lake-insight/umn/ (common operations of Flink jobs)
STARTABLE = frozenset({"job_init", "job_submit_fail", "job_running_exception", "job_cancel_success", "job_finish"})
# What a definition must wait for.
CHANGING = frozenset({"job_submitting", "job_canceling", "job_savepointing"})
STOPPABLE = frozenset({"job_submitting", "job_running", "job_cancel_fail", "job_arrearage_recovering"})
#: fields of a definition that are the job's own; all others are shown in its job_config
OWN = (
    *("name", "desc", "queue_name", "obs_bucket", "run_mode", "sql_body", "main_class", "entrypoint_args"),
    *("job_type", "edge_group_ids", "tags"),
)
DEFINITION = (*OWN, "job_config")
#: fields that may say how long something takes
_DURATIONS = ("submit_seconds", "savepoint_seconds", "cancel_seconds", "runs_for_seconds")
#: fields that count what is to go wrong
_COUNTERS = ("refuses_start", "refuses_stop", "fails_start", "fails_savepoint", "refuses_update", "refuses_savepoint")


class FlinkJob(Thing):
    """
    A Flink job.

    ``refuses_start``, ``refuses_stop``, ``refuses_update`` and ``refuses_savepoint`` count the next calls that are
    refused; ``fails_start`` the next runs that end in ``job_submit_fail``; ``fails_savepoint`` the next savepoints
    that leave the job running. ``stop_ends_as`` is the status after a stop, ``runs_for_seconds`` lets a bounded job
    end by itself with ``job_finish``.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "name": "",
        "status": "job_init",
        "status_desc": "",
        "desc": "",
        "job_type": "flink_opensource_sql_job",
        "queue_name": "emulated_queue",
        "obs_bucket": "emulated-bucket",
        "run_mode": "exclusive_cluster",
        "user_name": "emulator",
        "sql_body": "",
        "main_class": None,
        "entrypoint_args": None,
        "job_config": {},
        "edge_group_ids": None,
        "tags": [],
        "deleted": False,
        "root_id": -1,
        "create_time": 0,
        "update_time": 0,
        "start_time": None,
        "restart_times": 0,
        "has_savepoint": False,
        "savepoint_path": None,
        "imported_savepoint": None,
        **dict.fromkeys(_DURATIONS, None),
        "stop_ends_as": "job_cancel_success",
        **dict.fromkeys(_COUNTERS, 0),
    }
    OPTIONAL: ClassVar[Mapping[str, type]] = {
        **dict.fromkeys(("obs_bucket", "queue_name", "main_class", "entrypoint_args"), str),
        **dict.fromkeys(("savepoint_path", "imported_savepoint"), str),
        **dict.fromkeys(_DURATIONS, float),
        "start_time": int,
        "edge_group_ids": list,
    }

    def __init__(self, id: str, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        if not id.isascii() or not id.isdigit() or not 0 < int(id) < 2**63:
            raise SeedError(f"a job id is a whole number from 1 to 2^63-1, not {id!r}")
        if given.get("savepoint_path") and "has_savepoint" not in given:
            given = {**given, "has_savepoint": True}
        super().__init__(id, given, settings, now)

    def first_fields(self, now: int) -> Fields:
        """Date creation, update, and the start of what ever ran, to now."""
        never_ran = self.fields.get("status", "job_init") in ("job_init", "job_submitting", "job_submit_fail")
        return {"create_time": now, "update_time": now, "start_time": None if never_ran else now}

    def usual_course(self, now: int) -> list[Step]:
        """Let what is on its way arrive."""
        if self.status == "job_submitting":
            self._submit(now)
        elif self.status == "job_canceling":
            self._cancel(now)
        elif self.status == "job_savepointing":
            self._go_on_running(now, self._savepoint_seconds, self._savepoint(now))
        elif self.status == "job_running" and self.fields["runs_for_seconds"] is not None:
            self.set_out(now, (self.fields["runs_for_seconds"], "job_finish", {}))
        else:
            return []
        return self.pending

    @property
    def _savepoint_seconds(self) -> float:
        return self.seconds("savepoint_seconds", "dli_savepoint_seconds")

    def arrived(self, at: int) -> None:
        """Date the update, and the start of what runs now."""
        self.fields["update_time"] = at
        if self.status == "job_running" and (self.before or {}).get("status") == "job_submitting":
            self.fields["start_time"] = at

    def run(self, now: int) -> None:
        """Take the request to run."""
        gone = self.settings.dli_savepoint_cleared == "submitting"
        self.change("job_submitting", now, **(_NO_SAVEPOINT if gone else {}))
        self._submit(now)

    def _submit(self, now: int) -> None:
        seconds = self.seconds("submit_seconds", "dli_submit_seconds")
        if self.use_up("fails_start"):
            self.set_out(now, (seconds, "job_submit_fail", {"status_desc": "The emulator was told to fail this."}))
            return
        # The savepoint of a stop is kept until the job is restarted, says the user guide.
        self._go_on_running(now, seconds, {**_NO_SAVEPOINT, "status_desc": ""})

    def stop(self, now: int, *, savepoint: bool) -> None:
        """Take the request to stop, with a savepoint or without."""
        if not savepoint:
            self.change("job_canceling", now)
            self._cancel(now)
        elif self.use_up("fails_savepoint"):
            self.change("job_savepointing", now)
            failed = {"status_desc": "The savepoint failed."}
            self.set_out(now, (self._savepoint_seconds, self.settings.dli_failed_savepoint, failed))
        else:
            self._stop_with_savepoint(now)

    def trigger_savepoint(self, now: int, folder: str) -> None:
        """Take the request for a savepoint in a folder; the job goes on running."""
        made = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y%m%d%H%M%S")
        shown = {"has_savepoint": True, "savepoint_path": self._shown(folder.rstrip("/"), f"savepoint-{made}")}
        failed = {"status_desc": "The savepoint failed."}
        self.change("job_savepointing", now)
        self._go_on_running(now, self._savepoint_seconds, failed if self.use_up("fails_savepoint") else shown)

    def _go_on_running(self, now: int, seconds: float, changes: Fields) -> None:
        course: list[tuple[float, str, Fields]] = [(seconds, "job_running", changes)]
        if self.fields["runs_for_seconds"] is not None:
            course.append((self.fields["runs_for_seconds"], "job_finish", {}))
        self.set_out(now, *course)

    def import_savepoint(self, now: int, path: str) -> None:
        """Take a savepoint for the next run; whether the detail then shows it is not documented."""
        shown = self.settings.dli_imported_savepoint == "shown"
        made = {"has_savepoint": True, "savepoint_path": path} if shown else {"imported_savepoint": path}
        self.change(self.status, now, **made)

    def _shown(self, folder: str, name: str) -> str:
        """Return a savepoint's path in the way that the settings want it shown."""
        switch = self.settings.dli_savepoint_path
        path = folder if switch == "folder" else f"{folder}/{name}"
        return path.removeprefix("obs://") if switch == "bare" else path

    def _stop_with_savepoint(self, now: int) -> None:
        made = self._savepoint(now)
        ended = self.fields["stop_ends_as"]
        cancel = self.seconds("cancel_seconds", "dli_cancel_seconds")
        if self.settings.dli_savepoint_order == "before":
            self.change("job_savepointing", now)
            self.set_out(now, (self._savepoint_seconds, "job_canceling", made), (cancel, ended, {}))
        else:
            self.change("job_canceling", now)
            self.set_out(now, (cancel, "job_savepointing", {}), (self._savepoint_seconds, ended, made))

    def _cancel(self, now: int) -> None:
        self.set_out(now, (self.seconds("cancel_seconds", "dli_cancel_seconds"), self.fields["stop_ends_as"], {}))

    def _savepoint(self, now: int) -> Fields:
        made = datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d_%H-%M-%S")
        path = self._shown(f"obs://{self.fields['obs_bucket']}/jobs/savepoint/{self.id}", made)
        return {"has_savepoint": True, "savepoint_path": path} if self.fields["obs_bucket"] else {}


_NO_SAVEPOINT: Mapping[str, Any] = {"has_savepoint": False, "savepoint_path": None, "imported_savepoint": None}
