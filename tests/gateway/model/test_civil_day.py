"""The day of a moment is China's, whatever zone the moment is told in."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from gateway.model.civil_day import day


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 2, 28, 15, 59, 59, 999_999, UTC), date(2026, 2, 28)),
        (datetime(2026, 2, 28, 16, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 1, 15, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 7, 31, 23, 30, tzinfo=timezone(timedelta(hours=8))), date(2026, 7, 31)),
        (datetime(2026, 12, 31, 11, 30, tzinfo=timezone(timedelta(hours=-5))), date(2027, 1, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_china(moment: datetime, expected: date) -> None:
    assert day(moment) == expected
