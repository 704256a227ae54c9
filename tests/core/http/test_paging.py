"""
A list that is changed while it is read is read whole, or is an error: never a part that looks like the whole.

The service's side is a plain list that is cut into pages; what is changed between two calls is made up.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_pipelines.core.http.calls import Sleep
from airflow_provider_pipelines.core.http.paging import Listing, Page, enough_of
from airflow_provider_pipelines.errors import ListChanged


class Shelf:
    """
    A list that a service keeps.

    :param changes: what is done to it before each page that is asked for
    """

    def __init__(self, count, changes, size, cap, total):
        self.rows = list(range(count))
        self.fresh = count
        self.changes = list(changes)
        self.size, self.cap, self.total = size, cap, total
        self.moments = [frozenset(self.rows)]
        self.pages = 0

    def listing(self):
        return Listing("S", "list_things", "/things", self.page_at, lambda row: row, self.size)

    def page_at(self, number, before):
        yield from ()
        if self.changes:
            self._change(self.changes.pop(0))
        self.pages += 1
        rows = self.rows[before : before + min(self.size, self.cap)]
        return Page(rows, len(self.rows) if self.total else None)

    def _change(self, change):
        for kind, place in change:
            at = place % (len(self.rows) + 1)
            if kind == "insert":
                self.rows.insert(at, self.fresh)
                self.fresh += 1
            elif kind == "delete" and self.rows:
                del self.rows[place % len(self.rows)]
            elif kind == "move" and self.rows:
                self.rows.insert(at % max(1, len(self.rows)), self.rows.pop(place % len(self.rows)))
            elif kind == "turn":
                self.rows.reverse()
            self.moments.append(frozenset(self.rows))

    @staticmethod
    def run(call):
        came = None
        while True:
            try:
                effect = call.send(came)
            except StopIteration as end:
                return end.value
            assert isinstance(effect, Sleep)


CHANGE = st.lists(st.tuples(st.sampled_from(["insert", "delete", "move", "turn"]), st.integers(0, 600)), max_size=4)
SHELVES = st.builds(
    Shelf,
    count=st.integers(0, 500),
    changes=st.lists(CHANGE, max_size=30),
    size=st.sampled_from([7, 50, 100]),
    cap=st.sampled_from([5, 30, 1000]),
    total=st.booleans(),
)


@given(shelf=SHELVES)
def test_what_is_read_was_the_whole_list_at_some_moment(shelf):
    try:
        rows = shelf.run(shelf.listing().read())
    except ListChanged:
        return
    assert frozenset(rows) in shelf.moments


@given(shelf=SHELVES, wanted=st.sets(st.integers(0, 520), max_size=5))
def test_what_is_missing_in_a_search_that_has_to_be_whole_was_not_there(shelf, wanted):
    try:
        rows = shelf.run(shelf.listing().read(enough_of(wanted)))
    except ListChanged:
        return
    if missing := wanted - rows.keys():
        assert any(not missing & moment for moment in shelf.moments)


@given(count=st.integers(0, 500), size=st.sampled_from([7, 50, 100]), total=st.booleans())
def test_a_list_that_nobody_changes_is_read_at_the_first_try(count, size, total):
    shelf = Shelf(count, [], size, 1000, total)
    assert list(shelf.run(shelf.listing().read())) == list(range(count))
    # one empty page where nothing else tells the end, and all but the last once more
    assert shelf.pages <= 2 * (count // size + 2) - 1


def test_a_row_that_slips_from_one_page_to_the_other_is_not_lost():
    # 150 rows; one of the first page is deleted and one added at the end before the second page is read
    shelf = Shelf(150, [[], [("delete", 3), ("insert", 149)]], 100, 100, True)
    rows = shelf.run(shelf.listing().read())
    assert frozenset(rows) == frozenset(shelf.rows)
    assert shelf.pages == 6


def test_a_list_that_is_changed_each_time_is_an_error_in_the_end():
    shelf = Shelf(150, [[("delete", 3), ("insert", 149)]] * 99, 100, 100, True)
    with pytest.raises(ListChanged, match="nothing is concluded from a part"):
        shelf.run(shelf.listing().read())


@pytest.mark.parametrize(
    ("count", "total", "whole"),
    [(3, None, True), (150, None, True), (100, None, False), (100, 100, True), (3, 9, False)],
)
def test_a_service_that_knows_no_pages_is_whole_only_where_that_can_be_told(count, total, whole):
    def page_at(number, before):
        yield from ()
        return Page(list(range(count)), total)

    call = Listing("S", "list_things", "/things", page_at, lambda row: row, 100).read()
    if whole:
        assert len(Shelf.run(call)) == count
    else:
        with pytest.raises(ListChanged):
            Shelf.run(call)
