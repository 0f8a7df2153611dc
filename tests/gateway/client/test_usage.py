"""A search as it is sent: its moments are the ones that were meant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.client import Holder, UsageSearch
from gateway.client.usage import write
from tests.gateway.stages import builders

QUESTION = builders.query()
assert isinstance(QUESTION.holder, Holder)
SEARCH = UsageSearch(QUESTION.holder, QUESTION.purpose, QUESTION.legal_basis)
MIDNIGHT = datetime(2030, 5, 17, tzinfo=timezone(timedelta(hours=8)))


def test_a_moment_is_sent_as_it_was_meant() -> None:
    sent = write(replace(SEARCH, period_start=MIDNIGHT), "")
    assert sent.period_start.ToDatetime(UTC) == datetime(2030, 5, 16, 16, tzinfo=UTC)
    assert not sent.HasField("period_end")


@pytest.mark.parametrize("part", ["period_start", "period_end"])
def test_a_moment_without_its_time_zone_is_refused_and_not_taken_for_another(part: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        replace(SEARCH, **{part: MIDNIGHT.replace(tzinfo=None)})  # type: ignore[arg-type]  # mypy takes any field's name
