"""Moments there and back, in every form; what is none is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.connectors.moments import read_moment, write_moment
from gateway.model.refusal import Refusal

FORMS = ("seconds", "milliseconds", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S")
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  the zone is given beside


@given(MOMENTS, st.sampled_from(FORMS))
def test_there_and_back(moment: datetime, form: str) -> None:
    assert abs(read_moment(write_moment(moment, form), form, "here") - moment) < timedelta(seconds=1)


def test_beijing_time() -> None:
    assert write_moment(datetime(2026, 1, 1, 20, tzinfo=UTC), "%Y%m%d%H%M%S") == "20260102040000"


@pytest.mark.parametrize("written", [None, True, 1.5, "", "-1", "9" * 15, "今天", "2026", [1], "٣"])
@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_moment(written: Any, form: str) -> None:
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID") as caught:
        read_moment("x" if written == "2026" and form in FORMS[:2] else written, form, "here")
    assert caught.value.__suppress_context__
