"""The base of the operators that list things."""

from __future__ import annotations

from typing import Any

from airflow_provider_pipelines.compat import BaseOperator
from airflow_provider_pipelines.task.boundary import airflow_errors


class ListOperator(BaseOperator):
    """
    Lists things as dictionaries whose keys are arguments of the other operators.

    :param name_pattern: only those whose whole name matches, like a file name; capitals count (templated)
    :param status: only those in this status (templated)
    :raises PipelinesError: the list could not be read, or only in part
    """

    ui_color = "#eef0e4"
    hook: Any

    def __init__(self, *, name_pattern: str | None = None, status: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.name_pattern = name_pattern
        self.status = status

    def rows(self) -> list[dict[str, Any]]:
        """Give all things, each with ``name`` and ``status``."""
        raise NotImplementedError

    def execute(self, context: Any) -> list[dict[str, Any]]:
        """List, and keep what is wanted."""
        from fnmatch import fnmatchcase

        from airflow_provider_pipelines.core.checks import no_text_of_nothing
        from airflow_provider_pipelines.errors import ArgumentError

        with airflow_errors():
            no_text_of_nothing({name: getattr(self, name) for name in self.template_fields})
            for argument in ("name_pattern", "status"):
                value = getattr(self, argument)
                if value is not None and (not isinstance(value, str) or not value):
                    raise ArgumentError(argument, "is no text. Leave it out to list all.")
            try:
                found = self.rows()
            finally:
                self.hook.close()
        kept = [
            row
            for row in found
            if (self.name_pattern is None or fnmatchcase(str(row["name"] or ""), self.name_pattern))
            and (self.status is None or row["status"] == self.status)
        ]
        self.log.info("%d of %d are listed", len(kept), len(found))
        return kept
