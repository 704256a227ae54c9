"""Paths, and lists of many pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from airflow_provider_pipelines.codearts.api.access import LABEL, SERVICE
from airflow_provider_pipelines.codearts.api.replies import page_of
from airflow_provider_pipelines.core.checks import text_id
from airflow_provider_pipelines.core.http.calls import Call, Request, segment
from airflow_provider_pipelines.core.http.paging import Listing, Page
from airflow_provider_pipelines.core.http.reading import dump, expect, key_of

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

    def _listing(
        self,
        key: str | None,
        operation: str,
        path: str,
        body: Mapping[str, Any] | None,
        member: str,
        size: int = PAGE_SIZE,
    ) -> Listing:
        """
        Give a list whose pages are asked for by the body or, without one, by the query.

        :param key: the member that tells rows apart, or None where only all members together do
        :param member: the member of the answer that holds the rows
        """
        method = "GET" if body is None else "POST"
        row = self._read(operation, method, path)

        def page_at(_number: int, before: int) -> Call[Page]:
            about = {"offset": before, "limit": size}
            query = [(name, str(value)) for name, value in about.items()] if body is None else ()
            sent = None if body is None else {**body, **about}
            request = self._read(operation, method, path, query, sent)
            return page_of(request, (yield request), member)

        def key_of_row(entry: Any) -> str:
            return json.dumps(entry, sort_keys=True) if key is None else key_of(entry, key, LABEL, row)

        return Listing(LABEL, operation, path, page_at, key_of_row, size, method=method)

    def _whole(self, kind: type[M], listing: Listing) -> Call[list[M]]:
        """Read all rows of a list."""
        about = self._read(listing.operation, listing.method, listing.path)
        return [expect(kind, row, LABEL, about) for row in (yield from listing.read()).values()]
