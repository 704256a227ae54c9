"""
The record of a window run: what ran before, what was asked for, how far it is brought back.

It is read as foreign input: whatever does not validate is an error, never absence. It holds no credentials, no
address to call, and of the vendors' texts only names and status words.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airflow_provider_pipelines.errors import RecordUnreadable

VERSION = 1
#: begins the lines of a record in a log
MARK = "pipelines-record"

#: characters that a text of a record has at most
LONGEST = 1024
_WORD = re.compile(r"[A-Za-z0-9_.-]{0,64}")
#: a status word, as vendors write them
Word = Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_.-]*$")]
Small = Annotated[str, Field(max_length=LONGEST)]
Fact = bool | int | Small | None
Key = Annotated[str, Field(max_length=200)]

M = TypeVar("M", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class Place(_Part):
    """
    A target as it was when the record was made.

    :param service: the vendor's room
    :param identity: the remote identity: service, address, and organisation or project
    :param arguments: the hook's arguments: connection id and scope, never an address
    :param options: how its things are stopped and brought back
    """

    service: Literal["enos", "dli", "codearts"]
    identity: Small
    arguments: dict[str, Small | None]
    options: dict[str, Fact] = Field(default_factory=dict)


def word(status: str | None) -> str | None:
    """Give a status word, or None for what a record does not hold."""
    return status if status is not None and _WORD.fullmatch(status) else None


def prefix_of(identity: str) -> str:
    """Give what the keys of all things in an organisation or project begin with."""
    return f"{identity.partition(' ')[0]}:{sha256(identity.encode()).hexdigest()[:8]}"


class Thing(_Part):
    """
    One thing and its truth.

    :param target: the place, by its position
    :param key: its key among intents, the same in all records
    :param was: its status before the window
    :param runs: whether it ran, so that it is stopped and brought back
    :param start: the settings that EnOS wants for its start
    :param facts: what it showed before, e.g. its savepoint
    :param carried: whether this window does not target it, and only brings it back: a record of this run had stopped it
    :param asked: whether a former record holds the intent to stop it; it was found as that window left it
    """

    target: int = Field(ge=0)
    key: Key
    id: Annotated[str, Field(max_length=64, pattern=r"^[0-9A-Za-z_-]+$")]
    name: Small = ""
    was: Word
    runs: bool
    system: bool = False
    start: dict[str, Any] | None = None
    facts: dict[str, Fact] = Field(default_factory=dict)
    carried: bool = False
    asked: bool = False


class Former(_Part):
    """A record that this one has taken things over from."""

    window: Small
    run_id: Small
    generation: int


class Plan(_Part):
    """
    What the snapshot writes: the truth.

    :param generation: counts the snapshots of this run; what has another number writes no more
    :param claim_wait: seconds that the claims were left to settle
    """

    version: Literal[1]
    window: Small
    run_id: Small
    generation: int = Field(ge=1)
    made_at: float
    on_quiesce_failure: Literal["restore", "continue"]
    on_missing: Literal["report", "fail"]
    places: list[Place]
    things: list[Thing]
    former: list[Former] = Field(default_factory=list)

    def model_post_init(self, context: Any) -> None:
        """Refuse things without a place."""
        if any(thing.target >= len(self.places) for thing in self.things):
            raise ValueError("a thing has no place")


class Intent(_Part):
    """
    The intent to act on a thing, written before the write.

    :param at: Unix time
    :param sure: whether the service accepted it
    :param before: its status then
    :param facts: what it showed then
    :param passed: statuses seen since
    :param last: what it showed at its goal
    """

    at: float
    sure: bool = False
    before: Word | None = None
    facts: dict[str, Fact] = Field(default_factory=dict)
    passed: list[Word] = Field(default_factory=list)
    last: dict[str, Fact] = Field(default_factory=dict)


class Progress(_Part):
    """
    What one attempt of quiesce writes.

    :param attempt: the try number of the task, whose own record this is
    :param marks: intents, by the thing's key
    :param waited: runs that were stopped or waited for, by the key of their pipeline and their id
    :param refused: the things that could not be stopped, and the code of the reason
    :param quiet: whether the attempt has seen everything at rest, or said what is not
    """

    version: Literal[1] = 1
    generation: int
    attempt: int
    marks: dict[Key, Intent] = Field(default_factory=dict)
    waited: list[Key] = Field(default_factory=list)
    refused: dict[Key, Small] = Field(default_factory=dict)
    quiet: bool = False


class Attempts(_Part):
    """Which attempts of quiesce there were; each names itself here before it does anything."""

    version: Literal[1] = 1
    attempts: list[int] = Field(default_factory=list)


class Phase(_Part):
    """
    What restore writes: how far things are brought back.

    :param turned_at: Unix time at which the record was turned to *restoring*
    :param marks: intents to start, by the thing's key
    :param missing: the keys of things that are gone
    :param handed: the keys of things that a later window has taken over
    """

    version: Literal[1] = 1
    generation: int
    phase: Literal["restoring", "closed"]
    turned_at: float
    marks: dict[Key, Intent] = Field(default_factory=dict)
    missing: list[Key] = Field(default_factory=list)
    by: Literal["task", "hand", "window"] = "task"


class Handed(_Part):
    """Which things of a record whose run is over a later window has taken over."""

    version: Literal[1] = 1
    generation: int
    window: Small
    run_id: Small
    things: list[Key] = Field(default_factory=list)


class Judged(_Part):
    """
    What verdict writes: which of the work's tasks had not ended well when it last judged.

    :param open: their ids, mapped ones by ``id_index``
    """

    version: Literal[1] = 1
    generation: int
    open: list[Small] = Field(default_factory=list)


class Last(_Part):
    """The run that has the latest record of a window."""

    version: Literal[1] = 1
    window: Small
    run_id: Small


class Claim(_Part):
    """
    What a window run means to stop in one organisation or project.

    :param at: Unix time
    :param things: short hashes of ids
    """

    window: Small
    run_id: Small
    at: float
    things: list[Annotated[str, Field(max_length=16)]]


class Claims(_Part):
    """All claims in one organisation or project."""

    version: Literal[1] = 1
    claims: list[Claim] = Field(default_factory=list)


def lines(plan: Plan) -> list[str]:
    """Write a plan as lines for a log, one a thing, since very long lines get lost; :func:`from_lines` reads them."""
    head = plan.model_copy(update={"things": []})
    return [f"{MARK} {part.model_dump_json(exclude_none=True)}" for part in (head, *plan.things)]


def from_lines(text: str) -> Plan:
    """
    Read a plan from JSON, or from a log that :func:`lines` went into.

    :raises RecordUnreadable: there is none, or it does not validate
    """
    parts = [line.partition(MARK)[2].strip() for line in text.splitlines() if MARK in line]
    if not parts:
        return read(Plan, text, "in the file")
    plan = read(Plan, parts[0], "in the file")
    things = [read(Thing, part, "in the file") for part in parts[1:]]
    return read(Plan, plan.model_copy(update={"things": things}).model_dump_json(), "in the file")


def read(kind: type[M], text: str, about: str) -> M:
    """
    Read a part of a record.

    :param about: the window, for the message
    :raises RecordUnreadable: it does not validate
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        where = ", ".join(".".join(str(part) for part in entry["loc"]) or "all of it" for entry in error.errors()[:3])
        raise RecordUnreadable(
            f"the record of window {about} cannot be understood ({kind.__name__}: {where}). It was changed by hand or "
            "by another version; look at it with 'airflow-pipelines windows' and mend the Variable, or bring the "
            "things back by hand."
        ) from None


def write(part: BaseModel) -> str:
    """Write a part of a record, as small as it goes."""
    return part.model_dump_json(exclude_defaults=False, exclude_none=True)
