"""Paths, and lists of many pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from airflow_provider_pipelines.codearts.api.access import LABEL, SERVICE
from airflow_provider_pipelines.codearts.api.replies import page_of
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.http.calls import Call, Request, segment
from airflow_provider_pipelines.core.http.paging import page_numbers
from airflow_provider_pipelines.core.http.reading import dump, expect

M = TypeVar("M", bound=BaseModel)

PAGE_SIZE = 100


class ProjectApi:
    """
    What all operations on a CodeArts project share.

    :param project_id: the CodeArts project, part of every path; not the IAM project
    """

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id

    def _root(self, rest: str) -> str:
        return f"/v5/{segment(self.project_id)}/api/{rest}"

    def _all(self, rest: str) -> str:
        return self._root(f"pipelines/{rest}")

    def _of(self, pipeline_id: Any, rest: str = "") -> str:
        path = self._all(segment(text_id(pipeline_id, "pipeline_id")))
        return f"{path}/{rest}" if rest else path

    def _of_run(self, pipeline_id: Any, pipeline_run_id: Any, rest: str) -> str:
        return self._of(pipeline_id, f"pipeline-runs/{segment(text_id(pipeline_run_id, 'pipeline_run_id'))}/{rest}")

    def _of_step(self, pipeline_id: Any, pipeline_run_id: Any, job_run_id: Any, step_run_id: Any, rest: str) -> str:
        job, step = segment(text_id(job_run_id, "job_run_id")), segment(text_id(step_run_id, "step_run_id"))
        return self._of_run(pipeline_id, pipeline_run_id, f"jobs/{job}/steps/{step}/{rest}")

    def _read(
        self, operation: str, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: Any = None
    ) -> Request:
        sent = None if body is None else dump(body)
        return Request(operation, method, path, tuple(query), sent, repeatable=True, service=SERVICE)

    def _pages(
        self,
        kind: type[M],
        key: str | None,
        operation: str,
        path: str,
        body: Mapping[str, Any] | None,
        member: str,
        size: int = PAGE_SIZE,
        enough: Callable[[Mapping[Any, M]], bool] = lambda found: False,
    ) -> Call[list[M]]:
        """
        Read pages, by offset in the body or, without one, in the query; a row that moved is kept once.

        :param key: the field that tells rows apart, or None where only all fields together do
        :param enough: tells by the rows read so far, by their keys, that no more are needed
        """
        found: dict[Any, M] = {}
        offset = 0
        for _ in page_numbers(LABEL, operation, path, method="GET" if body is None else "POST"):
            about = {"offset": offset, "limit": size}
            if body is None:
                request = self._read(operation, "GET", path, [(name, str(value)) for name, value in about.items()])
            else:
                request = self._read(operation, "POST", path, (), {**body, **about})
            entries, total = page_of(request, (yield request), member)
            before = len(found)
            for entry in entries:
                row = expect(kind, entry, LABEL, request)
                found.setdefault(row.model_dump_json() if key is None else getattr(row, key), row)
            offset += len(entries)
            # a service that caps the page size gives short pages; one that ignores the offset gives the same again
            if len(found) == before or (total is not None and offset >= total) or enough(found):
                break
        return list(found.values())
