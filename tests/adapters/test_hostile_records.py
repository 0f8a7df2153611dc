"""Whatever a record holds can be recorded: it is translated or the city's fault, and its outcome fits into the log."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.exchange import Concluded
from gateway.model.city import CityAnswer
from tests.adapters.asking import concluded
from tests.adapters.foshan import records as foshan
from tests.adapters.guangzhou import records as guangzhou
from tests.adapters.hostile import replaced
from tests.adapters.tabled import ALIASES
from tests.fuzzing import TIMES

TRUE: Mapping[tuple[str, str], Any] = MappingProxyType(
    {
        (city, alias): record
        for city, records in (("foshan", foshan.RECORDS), ("guangzhou", guangzhou.RECORDS))
        for alias, (record, _) in records.items()
    }
)
SPOILT = {each: replaced(true) for each, true in TRUE.items()}


def test_each_kind_of_both_cities_has_a_record() -> None:
    assert TRUE.keys() == {(city, alias) for city in ("foshan", "guangzhou") for alias in ALIASES}


@pytest.mark.parametrize(("city", "alias"), TRUE)
def test_a_true_record_can_be_recorded(city: str, alias: str) -> None:
    true = TRUE[city, alias]
    assert isinstance(concluded(city, alias, true, CityAnswer("0", (true,))), Concluded)


@settings(max_examples=100 * TIMES)
@given(st.data())
def test_whatever_records_hold_can_be_recorded_and_is_no_fault_of_ours(data: st.DataObject) -> None:
    city, alias = data.draw(st.sampled_from(list(TRUE)))
    true = TRUE[city, alias]
    said = data.draw(st.lists(SPOILT[city, alias], min_size=1, max_size=3))
    records = tuple(each if isinstance(each, dict) else true for each in said)
    concluded(city, alias, true, CityAnswer("0", records))


@given(st.sampled_from(list(TRUE)), st.integers(500, 4000))
@settings(max_examples=10)
def test_a_record_said_over_and_over_can_be_recorded(of: tuple[str, str], times: int) -> None:
    true = TRUE[of]
    concluded(*of, true, CityAnswer("0", (true,) * times))
