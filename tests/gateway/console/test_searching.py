"""What is found within a span is what was recorded within it, page by page; nothing but ids and times can be asked."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clock import entropy
from gateway.console import searching
from gateway.console.searching import ROWS, ZONE, NotAsked, Span, exchange_id, reads_well, span, within
from gateway.ledger.reading import Log
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind
from tests.gateway.client.notary import LOG, LOG_KEY
from tests.gateway.stages.builders import NOW, NUMBER

SLACK = timedelta(minutes=5)
COUNT = 130


def moment(number: int) -> datetime:
    """As much as four minutes out of order, a minute from entry to entry."""
    return NOW + timedelta(minutes=number - (number * 7) % 5)


@pytest.fixture(scope="module")
async def log(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Log]:
    file: Path = tmp_path_factory.mktemp("searching") / "ledger.db"
    ledger = SqliteLedger.open(file, log=LOG, signers=(LOG_KEY,), entropy=entropy)
    for number in range(COUNT):
        if number % 3 == 2:
            ledger.append(Entry(EntryKind.OUTCOME, f"x{number - 2}", moment(number), {"result": "ISSUED"}))
        else:
            kind = EntryKind.INTENT if number % 3 == 0 else EntryKind.ACT
            ledger.append(Entry(kind, f"x{number}", moment(number), {}, f"k{number}" if number % 3 == 0 else ""))
    await ledger.close()
    with Log.open(file) as opened:
        yield opened


@settings(max_examples=40)
@given(st.integers(-20, COUNT + 20), st.integers(0, COUNT + 40))
def test_all_that_began_within_is_found_once_in_order(log: Log, start: int, length: int) -> None:
    first, last = NOW + timedelta(minutes=start), NOW + timedelta(minutes=start + length)
    found, wanted = [], Span(first, last)
    while True:
        page = within(log, wanted, SLACK)
        assert len(page.rows) <= ROWS
        found += [each.begun.index for each in page.rows]
        if page.after is None:
            break
        wanted = Span(first, last, page.after)
    assert found == [each for each in range(COUNT) if each % 3 != 2 and first <= moment(each) <= last]


def test_an_exchange_stands_with_its_outcome(log: Log) -> None:
    page = within(log, Span(NOW - SLACK, NOW + timedelta(minutes=10)), SLACK)
    assert [(each.begun.entry.kind, each.ended is not None) for each in page.rows[:2]] == [
        (EntryKind.INTENT, True),
        (EntryKind.ACT, False),
    ]


def test_a_page_reads_no_more_than_it_may(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST_READ", 32)
    monkeypatch.setattr(searching, "_AT_ONCE", 16)
    page = within(log, Span(NOW - SLACK, NOW + timedelta(days=1)), SLACK)
    assert (page.after, len(page.rows)) == (31, 22)


@settings(max_examples=30)
@given(st.text(max_size=60) | st.integers(10**16, 10**17 - 1).map(lambda each: f"{each}X"))
def test_nothing_but_an_id_is_an_id(text: str) -> None:
    with pytest.raises(NotAsked, match=r"search\.not-an-id"):
        exchange_id(text)


@pytest.mark.parametrize(
    ("first", "last", "after", "told"),
    [
        ("", "", "", "not-a-time"),
        (NUMBER, "2026-11-22T10:00", "", "not-a-time"),
        ("2026-02-30T10:00", "2026-11-22T10:00", "", "not-a-time"),
        ("2026-11-22T10:01", "2026-11-22T10:00", "", "backwards"),
        ("2026-10-01T00:00", "2026-11-22T10:00", "", "too-long"),
        ("2026-11-22T09:00", "2026-11-22T10:00", "-1", "not-a-page"),
        ("2026-11-22T09:00", "2026-11-22T10:00", "9" * 16, "not-a-page"),
    ],
)
def test_a_span_that_cannot_be_is_told(first: str, last: str, after: str, told: str) -> None:
    with pytest.raises(NotAsked, match=told):
        span(first, last, after)


def test_times_are_both_cities_own() -> None:
    found = span("2026-11-22T09:00", "2026-11-22T10:00:30", "7")
    assert found == Span(datetime(2026, 11, 22, 9, tzinfo=ZONE), datetime(2026, 11, 22, 10, 0, 30, tzinfo=ZONE), 7)


def test_what_comes_back_reads_well() -> None:
    assert [reads_well(*each) for each in (("after", "7"), ("id", NUMBER), ("from", "<b>"), ("lang", "en"))] == [
        True,
        False,
        False,
        False,
    ]
