"""Spark batches of DLI: how they start, run, recover and end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airflow_provider_pipelines.emulator.things import Fields, Passing, Step

#: fields that may say how long something takes
_DURATIONS = ("start_seconds", "run_seconds", "cancel_seconds")


class SparkBatch(Passing):
    """
    A Spark batch; its status is what DLI calls its state.

    ``outcome`` is the state it ends with, ``run_seconds`` after it began to run. ``recoveries`` is how often it fails
    and recovers before that. ``refuses_cancel`` counts the next cancels that are refused. ``request`` holds the body
    it was created with, ``log`` the lines of its driver.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "name": "",
        "status": "starting",
        "queue": "default",
        "owner": "emulator",
        "sc_type": "A",
        "kind": "",
        "app_id": "",
        "image": "",
        "feature": "basic",
        "spark_version": "3.3.1",
        "request": {},
        "log": [],
        "create_time": 0,
        "update_time": 0,
        "end_time": None,
        "outcome": "success",
        "recoveries": 0,
        **dict.fromkeys(_DURATIONS, None),
        "refuses_cancel": 0,
    }
    OPTIONAL: ClassVar[Mapping[str, type]] = {
        "end_time": int,
        **dict.fromkeys(_DURATIONS, float),
    }
    FINAL = frozenset({"success", "dead"})

    def first_fields(self, now: int) -> Fields:
        """Date creation, update, and the end of what has ended, to now; what ran has an application."""
        status = self.fields.get("status", "starting")
        return {
            "create_time": now,
            "update_time": now,
            "end_time": now if status in self.FINAL else None,
            "app_id": "" if status == "starting" else self._application(now),
        }

    def _application(self, at: int) -> str:
        return f"batch-session-{self.id}-{at}"

    def usual_course(self, now: int) -> list[Step]:
        """Let what starts run, and what runs end."""
        starting: tuple[float, str, Fields] = (self.seconds("start_seconds", "dli_spark_start_seconds"), "running", {})
        lasting = self.seconds("run_seconds", "dli_spark_run_seconds")
        course: list[tuple[float, str, Fields]] = []
        if self.status in ("starting", "recovering"):
            course.append(starting)
        elif self.status != "running":
            return []
        for left in range(self.fields["recoveries"] - 1, -1, -1):
            course += [(lasting, "recovering", {"recoveries": left}), starting]
        self.set_out(now, *course, (lasting, self.fields["outcome"], {}))
        return self.pending

    def arrived(self, at: int) -> None:
        """Date update and end, and write the log."""
        super().arrived(at)
        self.fields["update_time"] = at
        if self.status == "running" and not self.fields["app_id"]:
            self.fields["app_id"] = self._application(at)
        self.fields["log"] = [*self.fields["log"], f"{at} the batch is {self.status}"]

    def cancel(self, now: int) -> None:
        """Take the request to cancel; a second one changes nothing, and no state of its own tells of it."""
        if any("outcome" in step.changes for step in self.pending):
            return
        seconds, ended = self.seconds("cancel_seconds", "dli_spark_cancel_seconds"), self.settings.dli_spark_cancelled
        self.set_out(now, (seconds, ended, {"outcome": ended}))
