"""
How a run of ours is recognised, and what is remembered of it.

No service has a means to tell a repeated request by, so each request carries a marker where the service keeps text: in
a description, a name or a tag.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any

_WORD = re.compile(
    r"(?P<task>[0-9a-f]{16})-(?P<digest>[0-9a-f]{12})-(?P<attempt>[0-9]{1,6})"
    r"(?:-(?P<installation>[0-9a-f]{6})(?![0-9a-f]))?(?![0-9])"
)
_NAMED = re.compile(rf"airflow[ -]{_WORD.pattern}")
#: characters that :attr:`Marker.word` has at most
LONGEST_WORD = 16 + 1 + 12 + 1 + 6 + 1 + 6
#: stands in a marker for an Airflow that could not tell which one it is
UNTOLD = "000000"


def _hash(value: Any, length: int) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:length]


@dataclass(frozen=True, slots=True)
class Marker:
    """
    Says for whom a run was started.

    :param task: a digest of the task instance, the same for all its attempts
    :param digest: a digest of what was asked for
    :param attempt: which attempt asked
    :param installation: a digest of the Airflow that asked, since several may have the same DAG; None where a version
        of this package asked that did not say
    """

    task: str
    digest: str
    attempt: int
    installation: str | None = None

    @classmethod
    def of(cls, task_instance: Any, arguments: Any, installation: str) -> Marker:
        """
        Make the marker of an attempt.

        :param installation: what tells this Airflow from others, or empty
        """
        names = ("dag_id", "task_id", "run_id", "map_index")
        attempt = getattr(task_instance, "try_number", 1)
        return cls(
            _hash([str(getattr(task_instance, name, None)) for name in names], 16),
            _hash(arguments, 12),
            attempt if isinstance(attempt, int) else 1,
            _hash(installation, len(UNTOLD)) if installation else UNTOLD,
        )

    @classmethod
    def read(cls, text: str | None) -> Marker | None:
        """Find ``airflow-`` and the word of a marker in a text."""
        return cls._from(_NAMED.search(text or ""))

    @classmethod
    def parse(cls, word: str | None) -> Marker | None:
        """Read the word of a marker."""
        return cls._from(_WORD.fullmatch(word or ""))

    @classmethod
    def _from(cls, found: re.Match[str] | None) -> Marker | None:
        return cls(found["task"], found["digest"], int(found["attempt"]), found["installation"]) if found else None

    @property
    def word(self) -> str:
        """The marker as one word of letters, digits and hyphens."""
        word = f"{self.task}-{self.digest}-{self.attempt}"
        return word if self.installation is None else f"{word}-{self.installation}"

    def same_task(self, other: Marker) -> bool | None:
        """Tell whether another marker is of the same task instance; None where nothing tells in which Airflow."""
        if other.task != self.task:
            return False
        if other.installation is None:
            return True
        return None if UNTOLD in (self.installation, other.installation) else other.installation == self.installation


@dataclass(frozen=True, slots=True)
class Record:
    """
    What is remembered of a request, from before it is sent.

    :param marker: the word of its marker
    :param digest: a digest of what was asked for
    :param asked_at: Unix time
    :param run_id: the run, or empty as long as no answer has come
    :param refused: whether it certainly made no run
    :param cancelled: whether the attempt was about to cancel it, which may show as a good end
    """

    marker: str
    digest: str
    asked_at: float
    run_id: str = ""
    refused: bool = False
    cancelled: bool = False

    def to_json(self) -> dict[str, Any]:
        """Write it as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Any) -> Record | None:
        """Read what :meth:`to_json` wrote, as foreign input: None if it is something else."""
        try:
            run_id = str(data.get("run_id") or "")
            # a version before wrote the marker as it stands in a description
            marker = Marker.read(str(data["marker"])) or Marker.parse(str(data["marker"]))
            record = cls(
                marker.word if marker is not None else "", str(data["digest"]), float(data["asked_at"]), run_id,
                data.get("refused") is True, data.get("cancelled") is True,
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        return record if Marker.parse(record.marker) and re.fullmatch(r"[0-9A-Za-z_-]{0,64}", run_id) else None
