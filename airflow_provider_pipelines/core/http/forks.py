"""What a forked child must not share with its parent: sockets, and places that the parent's threads hold."""

from __future__ import annotations

import os
import weakref
from typing import Any, Protocol

#: what belongs to the parent: never used again here, and never taken apart, which might reach the parent's sockets
_PARENTS: list[Any] = []


class Renewable(Protocol):
    """What begins anew in a forked child."""

    def renew(self) -> None:
        """Begin anew; runs in the child before all else, so no other thread is there."""


_KEPT: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renewed_in_children(thing: Renewable) -> None:
    """Call the thing's ``renew`` in each child that is forked from now on."""
    _KEPT.add(thing)


def leave_to_parent(*things: Any) -> None:
    """Keep what the parent goes on using from being closed by the end of its last reference here."""
    _PARENTS.append(things)


def _renew() -> None:
    for thing in list(_KEPT):
        thing.renew()


os.register_at_fork(after_in_child=_renew)
