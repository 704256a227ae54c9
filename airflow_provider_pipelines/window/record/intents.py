"""The intents of one task: noted before the write, so that whoever comes after knows what may have been done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_pipelines.core.verbs.item import Item
from airflow_provider_pipelines.errors import OutcomeUnknown, error_to_event
from airflow_provider_pipelines.window.record.model import LONGEST, Intent, word

if TYPE_CHECKING:
    from airflow_provider_pipelines.core.verbs.goals import Verb
    from airflow_provider_pipelines.window.record.model import Progress

#: what of a thing's facts is worth keeping
_KEPT = ("has_savepoint", "savepoint_path", "start_time")


def intents_of(progress: Iterable[Progress]) -> dict[str, Intent]:
    """Put together what attempts noted, by the thing's key: of two intents for one thing the later attempt's counts."""
    parts = sorted(progress, key=lambda part: part.attempt)
    return {key: intent for part in parts for key, intent in part.marks.items()}


class IntentLog:
    """
    Notes intents by key, and keeps them.

    :param noted: what is noted already
    :param keep: writes all of it
    """

    def __init__(self, noted: Mapping[str, Intent], keep: Callable[[dict[str, Intent]], None]) -> None:
        self.noted = dict(noted)
        self._keep = keep
        self._dirty = False
        #: runs that were stopped or waited for
        self.waited: list[str] = []

    def wait_for(self, key: str) -> None:
        """Note that a run is ended or waited for, so that a report can tell of it later."""
        if key not in self.waited:
            self.waited.append(key)
            self._dirty = True

    def intend(self, key: str, item: Item, now: float) -> None:
        """Note what is about to be sent; :meth:`flush` before it is."""
        self.noted[key] = Intent(at=now, before=word(item.before), facts=kept(item.made))
        self._dirty = True

    def withdraw(self, key: str) -> None:
        """Note that it was certainly not carried out."""
        self._dirty = self.noted.pop(key, None) is not None or self._dirty

    def accept(self, key: str) -> None:
        """Note that the service has taken it."""
        self.noted[key].sure = True
        self._dirty = True

    def see(self, key: str, item: Item) -> None:
        """Note what was seen since, as far as it decides something later."""
        if (intent := self.noted.get(key)) is None:
            return
        passed = _more(intent.passed, item.passed)
        last = kept(item.made) if item.phase == "done" and item.error is None else intent.last
        if (passed, last) != (intent.passed, intent.last):
            intent.passed, intent.last = passed, last
            self._dirty = True

    def pass_by(self, passed: Mapping[str, Sequence[str]]) -> None:
        """Note statuses that were seen elsewhere, for instance in the triggerer."""
        for key, words in passed.items():
            if (intent := self.noted.get(key)) is not None:
                intent.passed = _more(intent.passed, words)
                self._dirty = True

    def flush(self) -> None:
        """
        Keep what has changed.

        :raises RecordUnreadable: it was not kept
        """
        if self._dirty:
            self._keep(self.noted)
            self._dirty = False

    def item(self, key: str, id: str, verb: Verb) -> Item:
        """Make what is known of a thing: not seen yet, or acted on by this attempt or an earlier one."""
        intent = self.noted.get(key)
        if intent is None:
            return Item(id)
        unsure = OutcomeUnknown(
            "it is not known whether the request of an earlier attempt arrived", service="record", operation=verb.name,
            method="", path=id,
        )  # fmt: skip
        return Item(
            id,
            phase="acted",
            before=intent.before,
            known=intent.before,
            acted_at=intent.at,
            moved=any(word != intent.before for word in intent.passed),
            unclear=None if intent.sure else error_to_event(unsure),
            made=dict(intent.facts),
            first=dict(intent.facts),
            passed=list(intent.passed),
        )


def _more(known: Sequence[str], seen: Iterable[str]) -> list[str]:
    """Add the words that a record can hold to those that it holds."""
    return [*known, *(found for found in map(word, seen) if found is not None and found not in known)][-8:]


def kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Give what of a thing's facts is worth keeping."""
    found = {name: facts[name] for name in _KEPT if facts.get(name) is not None}
    return {name: value for name, value in found.items() if not isinstance(value, str) or len(value) <= LONGEST}
