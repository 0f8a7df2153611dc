"""How long entries are kept: months of the calendar."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.retention import Retention


@pytest.mark.parametrize(("text", "months"), [("3y", 36), ("6mo", 6), ("18mo", 18), ("24mo", 24), ("99y", 1188)])
def test_it_reads_years_and_months(text: str, months: int) -> None:
    assert Retention.parse(text) == Retention(months)


@pytest.mark.parametrize("text", ["", "3", "0y", "3 y", "3m", "100y", "-1y", "1.5y", "36"])
def test_it_reads_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match="years or months"):
        Retention.parse(text)


@given(st.integers(1, 99))
def test_what_it_writes_it_reads(months: int) -> None:
    assert Retention.parse(str(Retention(months))) == Retention(months)


@pytest.mark.parametrize(
    ("months", "now", "before"),
    [
        (36, datetime(2026, 11, 22, 8, 30, tzinfo=UTC), datetime(2023, 11, 22, 8, 30, tzinfo=UTC)),
        (6, datetime(2026, 3, 31, tzinfo=UTC), datetime(2025, 9, 28, tzinfo=UTC)),
        (6, datetime(2026, 6, 1, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)),
        (12, datetime(2028, 2, 29, tzinfo=UTC), datetime(2027, 2, 28, tzinfo=UTC)),
    ],
)
def test_it_goes_back_by_the_calendar(months: int, now: datetime, before: datetime) -> None:
    assert Retention(months).before(now) == before


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)), st.integers(6, 120))  # noqa: DTZ001
def test_it_never_goes_back_less_than_so_many_of_the_shortest_months(now: datetime, months: int) -> None:
    assert now - Retention(months).before(now) >= timedelta(days=28 * months)
