"""
How a run of ours is recognised, and what is remembered of it.

The service has nothing to tell a repeated request by, so each request carries a marker in its description.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

_MARKER = re.compile(r"\[airflow (?P<task>[0-9a-f]{16})-(?P<digest>[0-9a-f]{12})-(?P<attempt>[0-9]+)\]")
#: characters of a description that the marker and the blank before it need
ROOM = len(" [airflow -- ]") + 16 + 12 + 6


def _hash(value: Any, length: int) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:length]


@dataclass(frozen=True, slots=True)
class Marker:
    """
    Says in a run's description for whom it was started.

    :param task: a digest of the task instance, the same for all its attempts
    :param digest: a digest of what was asked for
    :param attempt: which attempt asked
    """

    task: str
    digest: str
    attempt: int

    @classmethod
    def of(cls, task_instance: Any, arguments: Any) -> Marker:
        """Make the marker of an attempt."""
        names = ("dag_id", "task_id", "run_id", "map_index")
        attempt = getattr(task_instance, "try_number", 1)
        return cls(
            _hash([str(getattr(task_instance, name, None)) for name in names], 16),
            _hash(arguments, 12),
            attempt if isinstance(attempt, int) else 1,
        )

    @classmethod
    def read(cls, description: str | None) -> Marker | None:
        """Find the marker in a description."""
        found = _MARKER.search(description or "")
        return cls(found["task"], found["digest"], int(found["attempt"])) if found else None

    def append_to(self, description: str | None) -> str:
        """Write the marker behind an author's description."""
        return f"{description} {self}" if description else str(self)

    def __str__(self) -> str:
        return f"[airflow {self.task}-{self.digest}-{self.attempt}]"


@dataclass(frozen=True, slots=True)
class Record:
    """
    What is remembered of a request, from before it is sent.

    :param marker: its marker
    :param digest: a digest of what was asked for
    :param asked_at: Unix time
    :param run_id: the run, or empty as long as no answer has come
    :param refused: whether it certainly made no run
    """

    marker: str
    digest: str
    asked_at: float
    run_id: str = ""
    queue_id: int | None = None
    refused: bool = False

    def to_json(self) -> dict[str, Any]:
        """Write it as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Record | None:
        """Read what :meth:`to_json` wrote, as foreign input: None if it is something else."""
        try:
            queue_id, run_id = data.get("queue_id"), str(data.get("run_id") or "")
            record = cls(
                str(data["marker"]), str(data["digest"]), float(data["asked_at"]), run_id,
                queue_id if isinstance(queue_id, int) else None, data.get("refused") is True,
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        return record if Marker.read(record.marker) and re.fullmatch(r"[0-9A-Za-z_-]{0,64}", run_id) else None
