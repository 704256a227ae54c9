"""
What the groups of DLI's operations share: the project, the paths in it, and how a write or a list is carried out.

Paths are written in full, since DLI's versions differ by operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_pipelines.core.checks import long_id
from airflow_provider_pipelines.core.http.calls import Call, Request, segment
from airflow_provider_pipelines.core.http.paging import Listing, Page
from airflow_provider_pipelines.core.http.reading import dump, key_of
from airflow_provider_pipelines.dli.api.access import EDITIONS, LABEL, NAME, NOT_EVERYWHERE, not_offered
from airflow_provider_pipelines.dli.api.replies import accepted
from airflow_provider_pipelines.errors import ArgumentError, NotSupported, PlaceNotFound

#: the largest page; without a limit DLI gives ten jobs
PAGE_SIZE = 100


class ProjectApi:
    """
    The operations in one project.

    :param project: gives the IAM project's id, by a call of its own where it is not known yet
    :param cloud: whose edition of DLI it is
    """

    def __init__(self, project: Callable[[], Call[str]], cloud: str = "huaweicloud") -> None:
        self.project = project
        self.cloud = cloud

    def check_offered(self, operation: str) -> None:
        """
        Make no call for what an edition is known not to have.

        :raises NotSupported: this edition has no such operation
        """
        if (reason := not_offered(self.cloud, operation)) is not None:
            raise NotSupported(reason, service=LABEL, operation=operation, method="", path="", status=0)

    def _path(self, tail: str, version: str = "v1.0") -> Call[str]:
        project = yield from self.project()
        return f"/{version}/{segment(project)}/{tail}"

    def _jobs(self) -> Call[str]:
        return (yield from self._path("streaming/jobs"))

    def _job(self, job_id: Any) -> Call[str]:
        id = long_id(job_id, "job_id")
        return f"{yield from self._jobs()}/{id}"

    def _ask(self, request: Request) -> Call[Any]:
        """
        Send a request for what not every edition may have.

        :raises NotSupported: it is one of those, and the gateway knows no such route
        """
        try:
            return (yield request)
        except PlaceNotFound as error:
            if request.operation not in NOT_EVERYWHERE or not (error.code or "").startswith("APIG"):
                raise
            edition = EDITIONS.get(self.cloud, self.cloud)
            raise NotSupported(
                f"{error.problem} The gateway knows no such route: {edition} may not offer {request.operation} in "
                "this region.",
                service=LABEL, operation=request.operation, method=request.method, path=request.path,
                status=error.status, code=error.code, request_id=error.request_id, hint=error.hint,
            ) from None  # fmt: skip

    def _write(
        self, operation: str, method: str, path: str, body: Mapping[str, Any] | None, *, repeatable: bool = False
    ) -> Call[tuple[Mapping[str, Any], Request]]:
        """Send a write and give its answer, which says that it was carried out, with its request."""
        content = dump(body) if body is not None else None
        request = Request(operation, method, path, body=content, repeatable=repeatable, service=NAME)
        return accepted((yield from self._ask(request)), request), request


def pages(
    operation: str,
    path: str,
    filters: Sequence[tuple[str, str]],
    read: Callable[[Any, Request], Page],
    key: str,
    names: tuple[str, str] = ("limit", "offset"),
) -> Listing:
    """
    Give a list that is paged by the number of rows before a page.

    :param operation: the hook method that reads it
    :param filters: the query, but for the page
    :param read: gives the rows of a page's answer, and how many DLI says there are on all pages
    :param key: the member that tells two rows apart
    :param names: how the query calls the size of a page, and the rows before it
    """

    def page_at(_number: int, before: int) -> Call[Page]:
        limit, offset = names
        query = (*filters, (limit, str(PAGE_SIZE)), (offset, str(before)))
        request = Request(operation, "GET", path, query, repeatable=True, service=NAME)
        return read((yield request), request)

    row = Request(operation, "GET", path)
    return Listing(LABEL, operation, path, page_at, lambda entry: key_of(entry, key, LABEL, row), PAGE_SIZE)


def words(**given: Any) -> list[tuple[str, str]]:
    """Make the filters of a query from those that were given."""
    for argument, value in given.items():
        if value is not None and (not isinstance(value, str) or not value):
            raise ArgumentError(argument, "is no text. Give a text that is not empty, or leave it out.")
    return [(argument, value) for argument, value in given.items() if value is not None]
