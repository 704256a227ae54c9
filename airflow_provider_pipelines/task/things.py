"""What operators and sensors state alike: which things they are about, and where those live."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_pipelines.compat import BaseOperator

if TYPE_CHECKING:
    from airflow_provider_pipelines.hook.base import PipelinesHook


class ThingsTask(BaseOperator):
    """What every task states that watches things; stands before the operator or sensor that it is."""

    #: the kind of thing, as the hook's ``look`` knows it
    kind: ClassVar[str]
    #: whether the task works on a list and returns a list
    batch: ClassVar[bool] = False

    @cached_property
    def hook(self) -> PipelinesHook[Any]:
        """The hook."""
        raise NotImplementedError

    @property
    def scope(self) -> dict[str, Any]:
        """Where the things live."""
        return {}

    def plan(self) -> list[str]:
        """
        Check every argument and give the ids of the things.

        :raises ArgumentError: an argument has a value that is never sent
        """
        raise NotImplementedError

    def outcome_id(self, id: str) -> str | int:
        """Give an id as the outcome shows it."""
        return id
