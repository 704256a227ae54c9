"""One thing on its way through a verb; survives a deferral as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from airflow_provider_pipelines.errors import PipelinesError, error_from_event, error_to_event

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.outcome import Result


Phase = Literal["look", "hold", "ready", "busy", "acted", "done"]


@dataclass(slots=True)
class Item:
    """
    One thing on its way.

    :param id: the vendor's id, as text
    :param phase: ``look`` (not seen yet), ``hold`` (in a state to be waited out), ``ready`` (to be acted on), ``busy``
        (asked for, the service had no time), ``acted`` (waiting for the goal) or ``done``
    :param known: the last status
    :param first: what ``made`` was when the action was sent
    :param passed: the statuses seen since the action
    :param reached_at: Unix time at which the goal was first seen
    :param asked: whether an earlier attempt sent the action
    :param found: whether somebody else's action brings it to the goal
    """

    id: str
    phase: Phase = "look"
    before: str | None = None
    known: str | None = None
    acted_at: float = 0.0
    moved: bool = False
    unclear: dict[str, Any] | None = None
    conflicts: int = 0
    result: Result | None = None
    message: str = ""
    code: str | None = None
    error: dict[str, Any] | None = None
    made: dict[str, Any] = field(default_factory=dict)
    first: dict[str, Any] = field(default_factory=dict)
    passed: list[str] = field(default_factory=list)
    reached_at: float = 0.0
    asked: bool = False
    found: bool = False

    def finish(self, result: Result, message: str, error: PipelinesError | None = None) -> None:
        """Close the item."""
        self.phase, self.result, self.message = "done", result, message
        if error is not None:
            self.error = error_to_event(error)
            self.code = getattr(error, "code", None)

    @property
    def gone(self) -> bool:
        """Whether a look has said that the thing is not there."""
        from airflow_provider_pipelines.core.http.retry import gone

        return self.error is not None and gone(error_from_event(self.error))

    def fail(self, error: PipelinesError, result: Result = "failed") -> None:
        """Close the item with an error."""
        self.finish(result, str(error), error)
