"""What is gone beside what entries say of it, held against a search for any way in which they could account for it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.accounting import unaccounted
from gateway.ledger.purging import Purged, Runs

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BEFORE = NOW - timedelta(days=1100)
MOST = 12


def purged(*runs: range, entries: int | None = None, before: datetime = BEFORE) -> Purged:
    return Purged(100, NOW, runs, sum(map(len, runs)) if entries is None else entries, before)


def runs(indexes: set[int]) -> list[range]:
    found = Runs()
    for index in sorted(indexes):
        found.add(index)
    return found.runs


@pytest.mark.parametrize(
    ("gone", "purges", "found"),
    [
        ([], [], None),
        ([range(3)], [], range(3)),
        ([range(3)], [purged(range(5))], None),
        ([range(8)], [purged(range(5))], range(5, 8)),
        ([range(8)], [purged(range(5), before=NOW)], range(8)),
        ([range(4)], [purged(range(2), range(3, 4))], range(2, 3)),
        ([range(4)], [purged(range(5), entries=4)], None),
        ([range(5)], [purged(range(5), entries=4)], range(5)),
        ([range(1, 4), range(6, 7)], [purged(range(8), entries=3)], range(7)),
        ([range(8)], [purged(range(5), entries=4), purged(range(3, 8), entries=4)], None),
        ([range(9)], [purged(range(8), entries=4), purged(range(8), entries=4)], range(8, 9)),
        ([range(8)], [purged(range(5), entries=4), purged(range(5, 8), entries=3)], range(5)),
        ([range(8)], [purged(range(6), entries=3), purged(range(3, 8), entries=4)], range(8)),
        ([range(2), range(20, 24)], [purged(range(3), entries=2), purged(range(19, 25), entries=3)], range(19, 24)),
    ],
)
def test_the_first_range_is_named_in_which_more_is_gone(gone: list[range], purges: list[Purged], found: range | None) -> None:
    assert unaccounted(gone, purges) == found
    assert unaccounted(gone, purges[::-1]) == found


def fits(gone: frozenset[int], purges: list[Purged]) -> bool:
    """Whether the numbers suffice, for every part of what is gone (Hall): as many entries as went may have taken it."""
    ends = range(MOST + 1)
    return all(
        sum(first <= index < last for index in gone)
        <= sum(each.entries for each in purges if each.whole.start < last and first < each.whole.stop)
        for first in ends
        for last in ends
    ) and all(any(index in each.whole for each in purges) for index in gone)


@given(
    st.frozensets(st.integers(0, MOST - 1)),
    st.lists(
        st.tuples(st.integers(0, MOST - 2), st.integers(2, MOST), st.integers(1, MOST - 1)).filter(
            lambda each: each[1] - each[0] > each[2]
        ),
        max_size=4,
    ),
)
def test_numbers_account_for_what_some_purges_could_have_taken(gone: frozenset[int], told: list[tuple[int, int, int]]) -> None:
    purges = [purged(range(first, stop), entries=entries) for first, stop, entries in told]
    found = unaccounted(runs(set(gone)), purges)
    assert (found is None) == fits(gone, purges)
    if found is not None:
        assert not fits(frozenset(gone & set(found)), purges), "the range that is named holds it"


@given(st.frozensets(st.integers(0, MOST - 1)), st.lists(st.frozensets(st.integers(0, MOST - 1), min_size=1), max_size=3))
def test_what_is_named_may_be_gone_and_nothing_else(gone: frozenset[int], named: list[frozenset[int]]) -> None:
    found = unaccounted(runs(set(gone)), [purged(*runs(set(each))) for each in named])
    left = gone.difference(*named) if named else gone
    assert (found is None) == (not left)
    assert found is None or (found.start == min(left) and left.issuperset(found))
