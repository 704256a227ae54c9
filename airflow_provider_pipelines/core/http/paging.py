"""
Reading lists of many pages: the list as it was at some moment of the reading, or an error.

A page is read at its own moment. So the rows are counted against the total of every page, and all pages but the last
are read once more: a list that was changed in between is read again, and a part of it never looks like the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow_provider_pipelines.core.http.calls import Call, Sleep
from airflow_provider_pipelines.errors import ListChanged, MalformedReply

#: pages of a list that are read at most
MOST_PAGES = 1000
#: how often a list is read that is changed each time
TRIES = 4
#: seconds before it is read again
PAUSE = 1.0

#: one row of a list, as it came
Row = Any
#: rows by what tells them apart, in the order of the list
Rows = dict[Hashable, Row]
#: tells by the rows read so far that no more are needed
Enough = Callable[[Mapping[Hashable, Row]], bool]


def enough_of(keys: Collection[Hashable]) -> Enough:
    """Tell that a list has been read far enough once these rows are among those that were read."""
    wanted = frozenset(keys)
    return lambda rows: wanted <= rows.keys()


class Page(NamedTuple):
    """
    One page.

    :param rows: its rows, as they came
    :param total: how many rows the service says there are on all pages, or None
    """

    rows: Sequence[Row]
    total: int | None


def first_page(_: Mapping[Hashable, Row]) -> bool:
    """Tell that a list has been read far enough after its first page."""
    return True


@dataclass(frozen=True, slots=True)
class Listing:
    """
    A list of many pages.

    :param service: the vendor's service, for messages, as are operation, path and method
    :param page_at: reads a page: is given its number, from 1, and how many rows lie before it
    :param key: gives what tells a row apart
    :param size: how many rows a page is asked for
    :param most: so many pages can be read; None for :data:`MOST_PAGES`
    :param each_its_own: whether the total may be the number of rows on the page, which not every service tells
    """

    service: str
    operation: str
    path: str
    page_at: Callable[[int, int], Call[Page]]
    key: Callable[[Row], Hashable]
    size: int
    method: str = "GET"
    most: int | None = None
    each_its_own: bool = False

    def read(self, enough: Enough | None = None) -> Call[Rows]:
        """
        Read the list until there is enough, or else whole: what is missing then is not there.

        :param enough: tells by the rows read so far that no more are needed
        :raises ListChanged: somebody changed it each time that it was read
        :raises MalformedReply: it goes on behind the last page that can be read
        """
        for tries in range(TRIES):
            if tries:
                yield Sleep(PAUSE * tries)
            reading = yield from self._pages(enough)
            whole = reading.adds_up(each_its_own=self.each_its_own)
            if reading.enough or (whole and (yield from self._unchanged(reading))):
                return reading.rows
        raise ListChanged(
            f"the list was changed each of the {TRIES} times that its pages were read; nothing is concluded from a "
            "part of it. Try again when fewer things are made or deleted, or narrow the list by filters.",
            service=self.service, operation=self.operation, method=self.method, path=self.path, status=200,
        )  # fmt: skip

    def search(self, enough: Enough) -> Call[Rows]:
        """
        Read the list until there is enough, or to its end: what is missing then may be there all the same.

        :param enough: tells by the rows read so far that no more are needed
        """
        return (yield from self._pages(enough)).rows

    def _pages(self, enough: Enough | None) -> Call[_Reading]:
        reading = _Reading({}, [])
        for number in self._numbers():
            before = sum(len(page.keys) for page in reading.pages)
            page = yield from self.page_at(number, before)
            keys = [self.key(row) for row in page.rows]
            fresh = any(key not in reading.rows for key in keys)
            reading.rows.update(zip(keys, page.rows, strict=True))
            # without a total, as many rows as were asked for may be the first of more
            all_there = page.total == len(reading.rows) or (page.total is None and len(keys) != self.size)
            if number > 1 and keys == reading.pages[-1].keys and all_there:
                break  # a service that knows no pages gives the whole list each time
            reading.pages.append(_Seen(before, keys, page.total))
            if enough is not None and enough(reading.rows):
                reading.enough = True
                break
            # a service that caps the size of a page gives short ones: only the total tells that there is no more
            if not fresh or (len(keys) < self.size and page.total is not None and before + len(keys) >= page.total):
                break
        return reading

    def _unchanged(self, reading: _Reading) -> Call[bool]:
        """Read all pages but the last again: were they the same before and after it, all of them were then."""
        for number, seen in reversed(list(enumerate(reading.pages[:-1], 1))):
            page = yield from self.page_at(number, seen.before)
            if [self.key(row) for row in page.rows] != seen.keys or page.total != seen.total:
                return False
            reading.rows.update(zip(seen.keys, page.rows, strict=True))
        return True

    def _numbers(self) -> Iterator[int]:
        most = MOST_PAGES if self.most is None else self.most
        yield from range(1, most + 1)
        raise MalformedReply(
            f"the list goes on behind page {most}, the last one that is read; what was read is not used, since it "
            "is only a part. If so much is really there, narrow the list by filters, or ask for single things by their "
            "ids.",
            service=self.service, operation=self.operation, method=self.method, path=self.path, status=200,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Seen:
    before: int
    keys: list[Hashable]
    total: int | None


@dataclass(slots=True)
class _Reading:
    rows: Rows
    pages: list[_Seen]
    enough: bool = False

    def adds_up(self, *, each_its_own: bool) -> bool:
        """Tell whether no row was met twice, and each page told the same total, which is their number."""
        read = sum(len(page.keys) for page in self.pages)
        totals = {page.total for page in self.pages} - {None}
        # a total of nought beside rows is none
        told = totals <= {read} or totals <= {0}
        if each_its_own and not told:
            told = all(page.total in {None, len(page.keys)} for page in self.pages)
        return told and len(self.rows) == read
