"""The operations of the services, and the tables in which functions are entered that answer them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from airflow_provider_pipelines.emulator.things import Fields, picked
from airflow_provider_pipelines.emulator.wire import Answer, Call, Refusal
from airflow_provider_pipelines.emulator.world import World

#: what a module with operations is written with
__all__ = ["Answer", "Call", "Fields", "Handler", "Operation", "Refusal", "Table", "World", "picked"]

Handler = Callable[[World, Call], Answer]


@dataclass(frozen=True)
class Operation:
    """
    One operation of a vendor.

    :param name: its name, which is that of the hook's method
    :param path: path with ``{names}``
    :param query: query parameters that choose this operation among those with the same path
    :param write: whether it changes something
    :param open: whether it needs no authentication, because it gives it out
    :param ids: gives the ids of the things that a call names, where the path does not hold them
    :param lacking: whether the cloud that is played has no such operation
    """

    service: str
    name: str
    method: str
    path: str
    handler: Handler
    write: bool = False
    open: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    ids: Callable[[Call], Iterable[Any]] | None = None
    lacking: Callable[[World], bool] = lambda world: False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a pattern, one segment for each name."""
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(self.path)))

    def match(self, call: Call) -> bool:
        """Tell whether this operation is meant, and note the names in the path."""
        found = self.pattern.fullmatch(call.raw_path.decode("latin-1"))
        if found is None or call.method != self.method:
            return False
        if any(call.query.get(name) != value for name, value in self.query.items()):
            return False
        call.params = {name: unquote(value) for name, value in found.groupdict().items()}
        return True

    def ids_of(self, call: Call) -> list[str]:
        """Return the ids of the things that a call names, as text."""
        if self.ids is not None:
            return [str(one) for one in self.ids(call)]
        return [value for name, value in call.params.items() if name != "project_id"]


class Table(list[Operation]):
    """
    Operations of one service; the name of a function is the name of its operation.

    :param service: ``enos``, ``iam``, ``codearts`` or ``dli``
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def route(self, method: str, path: str, **options: Any) -> Callable[[Handler], Handler]:
        """Make the decorated function answer a path."""

        def add(handler: Handler) -> Handler:
            self.enter(handler.__name__, method, path, handler, **options)
            return handler

        return add

    def enter(self, name: str, method: str, path: str, handler: Handler, **options: Any) -> None:
        """Make a function answer a path, under the name of an operation."""
        self.append(Operation(self.service, name, method, path, handler, **options))
