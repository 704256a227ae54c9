"""EnOS organisations and their pipelines, and how these go on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from airflow_provider_pipelines.emulator.things import Fields, SeedError, Settings, Thing

#: fields that may say how long something takes
_DURATIONS = ("start_seconds", "pause_seconds", "stop_seconds")


class EnosPipeline(Thing):
    """
    A stream pipeline.

    ``design`` holds what was saved and not released yet; ``cu`` is what it needs while it runs, ``stage_states`` what
    its stages remember: a list of items for each stage. ``refuses_save``, ``refuses_start``, ``refuses_pause`` and
    ``refuses_stop`` count the next calls that are refused, ``fails_start`` the next starts that are accepted and fall
    back.
    """

    DEFAULTS: ClassVar[Mapping[str, Any]] = {
        "name": "",
        "status": "PUBLISHED",
        "is_system": False,
        "released": True,
        "desc": "",
        "version": "0.1.0",
        "update_time": 0,
        "template_type": 1,
        "message_channel": 0,
        "execution_mode": 0,
        "kafka_rate": 1000,
        "resource_config": '{"men":2.0,"cpu":1.0}',
        "alarm_config": '{"alarmMode":1,"receivers":"u00000000000000"}',
        "template_name": {"en_us": "Origin", "zh_cn": "Origin"},
        "pipeline_json": {"points": []},
        "design": {},
        "cu": 1.0,
        "stage_states": {},
        "lag": 0,
        "offset": 6094977,
        **dict.fromkeys(_DURATIONS, None),
        **dict.fromkeys(("refuses_save", "refuses_start", "refuses_pause", "refuses_stop", "fails_start"), 0),
    }
    OPTIONAL: ClassVar[Mapping[str, type]] = dict.fromkeys(_DURATIONS, float)

    def first_fields(self, now: int) -> Fields:
        """Date the last update to now."""
        return {"update_time": now}

    def usual_course(self, now: int) -> list[Any]:
        """Let what is on its way arrive."""
        courses = {
            "STARTING": ("start_seconds", "enos_start_seconds", "RUNNING"),
            "PAUSING": ("pause_seconds", "enos_pause_seconds", "PAUSED"),
            "STOPPING": ("stop_seconds", "enos_stop_seconds", "STOPPED"),
        }
        if self.status in courses:
            own, setting, status = courses[self.status]
            self.set_out(now, (self.seconds(own, setting), status, {}))
            return self.pending
        return []

    def arrived(self, at: int) -> None:
        """Date the last update."""
        self.fields["update_time"] = at

    def go(self, now: int, way: str, seconds: float, goal: str, **changes: Any) -> None:
        """Set out for a status, by way of the undocumented middle state if that is switched on."""
        if self.settings.enos_transitional and seconds:
            self.change(way, now, **changes)
        else:
            self.fields.update(changes)
        self.set_out(now, (seconds, goal, {}))


class Organisation:
    """
    The pipelines of one organisation, and its lock: one start at a time.

    ``modes`` are the execution modes that resources were requested for, ``quota`` says how many CU of a mode there are,
    by the mode as text; a mode without a quota has enough.

    :param now: the world's time
    """

    def __init__(self, given: Mapping[str, Any], settings: Settings, now: int) -> None:
        unknown = set(given) - {"pipelines", "start_lock", "modes", "quota"}
        if unknown:
            raise SeedError(f"unknown members of an organisation: {', '.join(sorted(unknown))}")
        self.pipelines = {
            id: EnosPipeline(id, fields, settings, now) for id, fields in given.get("pipelines", {}).items()
        }
        self.modes: list[int] = list(given.get("modes", [0, 1]))
        self.quota: dict[str, float] = {str(mode): float(most) for mode, most in given.get("quota", {}).items()}
        self.locked_until = now + round(given.get("start_lock", 0) * 1000)

    def dump(self, now: int) -> Fields:
        """Return the organisation as a seed may give it."""
        return {
            "pipelines": {id: pipeline.dump(now) for id, pipeline in self.pipelines.items()},
            "start_lock": max(0, self.locked_until - now) / 1000,
            "modes": list(self.modes),
            "quota": dict(self.quota),
        }

    def room_for(self, mode: int, units: float) -> bool:
        """Tell whether a mode has so many CU left."""
        most = self.quota.get(str(mode))
        used = sum(
            one.fields["cu"]
            for one in self.pipelines.values()
            if one.fields["execution_mode"] == mode and one.status in ("RUNNING", "STARTING")
        )
        return most is None or used + units <= most

    def create(self, fields: Mapping[str, Any], settings: Settings, now: int) -> EnosPipeline:
        """Add a pipeline that was never released."""
        pipeline = EnosPipeline(str(uuid.uuid4()), {**fields, "released": False}, settings, now)
        self.pipelines[pipeline.id] = pipeline
        return pipeline
