"""The bound of every list of many pages: a part of a list never looks like the whole."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_pipelines.errors import MalformedReply

#: pages of a list that are read at most
MOST_PAGES = 1000


def page_numbers(
    service: str, operation: str, path: str, *, method: str = "GET", most: int | None = None
) -> Iterator[int]:
    """
    Count the pages of a list from 1; who has read the last page asks for no further number.

    :param service: the vendor's service, for the message, as are operation, path and method
    :param most: so many pages can be read; None for :data:`MOST_PAGES`
    :raises MalformedReply: there is still more after the last page that can be read
    """
    bound = MOST_PAGES if most is None else most
    yield from range(1, bound + 1)
    raise MalformedReply(
        f"the list goes on behind page {bound}, the last one that is read; what was read is not used, since it is only "
        "a part. If so much is really there, narrow the list by filters, or ask for single things by their ids.",
        service=service,
        operation=operation,
        method=method,
        path=path,
        status=200,
    )
