"""What a purge may take, and what its entry says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.encoding import encode, moment
from gateway.ledger.purging import MOST_RUNS, Plan, Purged, Runs, facts, plan, recorded, slices, without
from gateway.ledger.records import LogUnusable, Row
from gateway.model.act import Act
from gateway.model.exchange import Entry, EntryKind, Fact
from gateway.model.retention import Retention
from gateway.stages import seal
from tests.gateway.ledger.conftest import BY

OLD, NOW = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
BEFORE = Retention(36).before(NOW)


def rows(*told: tuple[EntryKind, str, datetime] | tuple[EntryKind, str, datetime, dict[str, object]]) -> list[Row]:
    made = []
    for index, (kind, exchange, at, *said) in enumerate(told):
        body = encode(Entry(kind, exchange, at, said[0] if said else {}))
        made.append(Row(index, kind.value, exchange, moment(at), None, None, b"", b"n" * 16, body))
    return made


def taken(found: list[Row]) -> list[int]:
    return [index for run in plan(found, BEFORE).runs for index in run]


def test_what_is_older_goes_and_what_is_not_stays() -> None:
    found = rows(
        (EntryKind.INTENT, "a", OLD),
        (EntryKind.OUTCOME, "a", OLD),
        (EntryKind.REFUSED, "b", OLD),
        (EntryKind.REFUSED, "c", BEFORE),
    )
    assert taken(found) == [0, 1, 2]
    assert taken(found[:0]) == []


def test_an_exchange_that_has_not_ended_before_it_stays_whole() -> None:
    found = rows(
        (EntryKind.INTENT, "open", OLD),
        (EntryKind.INTENT, "late", OLD),
        (EntryKind.INTENT, "a", OLD),
        (EntryKind.OUTCOME, "a", OLD),
        (EntryKind.OUTCOME, "late", NOW),
    )
    assert taken(found) == [2, 3]


def test_what_others_absence_rests_on_stays() -> None:
    found = rows(
        (EntryKind.ACT, "1", OLD, {"act": "USAGE_SEARCH"}), (EntryKind.ACT, "2", OLD, {"act": "PURGE"}), (EntryKind.ACT, "3", OLD)
    )
    assert taken(found) == [0, 2]


def test_what_is_gone_is_not_taken_again() -> None:
    found = rows((EntryKind.REFUSED, "a", OLD), (EntryKind.REFUSED, "b", OLD), (EntryKind.REFUSED, "c", OLD))
    found[1] = found[1]._replace(nonce=None, body=None)
    assert taken(found) == [0, 2]


def test_an_act_that_cannot_be_read_ends_it() -> None:
    (found,) = rows((EntryKind.ACT, "a", OLD))
    with pytest.raises(LogUnusable, match="entry 0 cannot be read"):
        plan([found._replace(body=b"{}")], BEFORE)


def test_the_entry_says_which_and_by_which_rule() -> None:
    planned = plan(rows((EntryKind.REFUSED, "a", OLD), (EntryKind.INTENT, "b", OLD), (EntryKind.REFUSED, "c", OLD)), BEFORE)
    said = facts(planned, Retention(36))
    assert dict(said) == {
        "rule": "ledger.retention 3y",
        "before": "2023-11-22T00:00:00.000000Z",
        "first": 0,
        "last": 2,
        "entries": 2,
        "runs": ("0-0", "2-2"),
    }
    act = recorded(7, seal.act(Act.PURGE, BY, "act", NOW, said))
    assert act == Purged(7, NOW, (range(1), range(2, 3)), 2, BEFORE)
    assert [act.may_have_taken(index) for index in range(4)] == [True, False, True, False]


def test_an_entry_of_before_gives_a_number_in_one_range() -> None:
    said = {"act": "PURGE", "first": 0, "last": 3, "entries": 2, "before": moment(BEFORE)}
    act = recorded(9, Entry(EntryKind.ACT, "act", NOW, said))
    assert act == Purged(9, NOW, (range(4),), 2, BEFORE)
    assert (act.lawful, act.exact, act.may_have_taken(3)) == (True, False, True)


def test_what_has_more_ranges_than_an_entry_can_name_is_named_in_several() -> None:
    high = 10**15 - 2 * MOST_RUNS - 4
    planned = Plan(BEFORE, tuple(range(at, at + 1) for at in range(high, high + 2 * MOST_RUNS + 4, 2)))
    parts = planned.parts
    assert [len(each.runs) for each in parts] == [MOST_RUNS, 2]
    assert tuple(run for each in parts for run in each.runs) == planned.runs
    entry = seal.act(Act.PURGE, BY, "act", NOW, facts(parts[0], Retention(36)))
    assert len(encode(entry)) < 65_519
    assert recorded(10**15, entry) == Purged(10**15, NOW, parts[0].runs, MOST_RUNS, BEFORE)


@pytest.mark.parametrize(
    ("index", "before"), [(2, BEFORE), (7, NOW - timedelta(days=150)), (7, NOW)], ids=["takes itself", "too young", "all"]
)
def test_a_purge_of_what_is_too_young_or_lies_behind_it_is_none(index: int, before: datetime) -> None:
    act = Purged(index, NOW, (range(3),), 3, before)
    assert (act.lawful, act.may_have_taken(1)) == (False, False)


@pytest.mark.parametrize(
    "change",
    [
        {"act": "OTHER"},
        {"first": "0"},
        {"last": "3"},
        {"before": 3},
        {"before": "once"},
        {"entries": "all"},
        {"runs": "0-3"},
        {"runs": ()},
        {"runs": ("0-2",)},
        {"runs": ("0-0", "3-3"), "entries": 3},
        {"runs": ("2-3", "0-1")},
        {"runs": ("0-2", "2-3")},
        {"runs": ("0-3", "3-2")},
        {"runs": ("00-3",)},
    ],
)
def test_an_entry_that_says_nothing_of_a_purge_is_none(change: dict[str, Fact]) -> None:
    said = {"act": "PURGE", "first": 0, "last": 3, "entries": 4, "before": moment(BEFORE)} | change
    assert recorded(9, Entry(EntryKind.ACT, "act", NOW, said)) is None


def test_slices_are_the_same_indexes_few_at_a_time() -> None:
    assert list(slices([range(3), range(5, 10)], 2)) == [range(2), range(2, 3), range(5, 7), range(7, 9), range(9, 10)]


@given(st.sets(st.integers(0, 60)), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60))))
def test_what_is_left_of_ranges_is_what_is_left_of_sets(indexes: set[int], taken: list[tuple[int, int]]) -> None:
    runs = Runs()
    for index in sorted(indexes):
        runs.add(index)
    out = [range(*each) for each in taken]
    left = without(runs.runs, out)
    assert [index for run in left for index in run] == sorted(indexes - {index for each in out for index in each})
    assert all(left)
