"""
Where texts are kept, and how they are read so that an outage never looks like "no record".

The task SDK gives the default of a Variable on every error. So nothing counts as absent unless it was absent twice,
with a key that is known to exist read in between and after.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Protocol

from airflow_provider_pipelines.errors import RecordUnreadable

PREFIX = "pipelines_window_"


class Store(Protocol):
    """Keeps texts by key."""

    #: whether a text that is not given is certainly not there
    certain: bool

    def get(self, key: str) -> str | None:
        """Give a text, or None for what is not there; without ``certain`` for what cannot be read, too."""

    def set(self, key: str, text: str, about: str) -> None:
        """
        Keep a text.

        :param about: what it is, for people
        :raises RecordUnreadable: it was not kept
        """

    def delete(self, key: str) -> None:
        """Drop a text; what is not there is no error."""


def key_of(*parts: str) -> str:
    """Make the key of a part of a record; hashed, since names of DAGs and runs are longer than keys may be."""
    return PREFIX + sha256("\0".join(parts).encode()).hexdigest()[:40]


class CheckedStore:
    """
    Reads and writes the texts of one record, and takes no outage for absence.

    :param store: where they are kept
    :param record: whose record it is, for messages
    :param canary: a key that is known to exist
    """

    def __init__(self, store: Store, record: str, canary: str) -> None:
        self._store = store
        self._record = record
        self.canary = canary

    def look_up(self, key: str) -> str | None:
        """
        Give a text, or None for what is certainly absent.

        :raises RecordUnreadable: it cannot be told
        """
        for _ in range(2):
            if (text := self._store.get(key)) is not None:
                return text
            if self._store.certain:
                return None
            if self._store.get(self.canary) is None:
                raise self.unreadable("the metadata database or the API server cannot be asked")
        return None

    def write_down(self, key: str, text: str, about: str) -> None:
        """
        Keep a text, and read it back.

        :raises RecordUnreadable: it is not there
        """
        self._store.set(key, text, about)
        if self._store.get(key) != text:
            raise self.not_read_back()

    def unreadable(self, why: str) -> RecordUnreadable:
        """Make the error for what cannot be read."""
        return RecordUnreadable(
            f"the record of window {self._record} cannot be read: {why}. Nothing is concluded from that; a retry reads "
            "again."
        )

    def not_read_back(self) -> RecordUnreadable:
        """Make the error for what was written and is not there."""
        return self.unreadable("what was written cannot be read back")
