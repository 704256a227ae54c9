"""What an operator or a sensor returns for one thing: small JSON, the same in every mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Result = Literal["done", "already", "requested", "failed", "unknown"]


@dataclass(slots=True)
class Outcome:
    """
    What became of one thing.

    :param id: the vendor's id
    :param verb: the hook method's name
    :param result: ``done``, ``already`` (nothing was to do), ``requested`` (accepted, its effect not seen), ``failed``
        or ``unknown`` (asked for, and it could not be seen what came of it)
    :param before: the status before the action
    :param after: the last status that was seen
    :param message: a sentence
    :param code: the vendor's error code
    :param made: what the verb made, for instance ``pipeline_run_id`` or ``savepoint_path``
    """

    id: str | int
    verb: str
    result: Result
    before: str | None = None
    after: str | None = None
    message: str = ""
    code: str | None = None
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Tell whether the task may be green for this thing."""
        return self.result in {"done", "already", "requested"}

    def to_xcom(self) -> dict[str, Any]:
        """Write it as the dictionary that tasks return."""
        return {
            "id": self.id,
            "verb": self.verb,
            "result": self.result,
            "before": self.before,
            "after": self.after,
            "message": self.message,
            "code": self.code,
            **self.made,
        }
