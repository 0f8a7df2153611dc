"""Divisions: the two cities' tables, and silence about every other place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identifiers import Standing, division

CURRENT = {
    "440100": {"440103", "440104", "440105", "440106", "440111", "440112", "440113", "440114", "440115", "440117"} | {"440118"},
    "440600": {"440604", "440605", "440606", "440607", "440608"},
}
ABANDONED = {
    "440100": {"440102", "440107", "440116", "440121", "440122", "440123", "440124", "440125", "440126", "440127"}
    | {"440128", "440181", "440182", "440183", "440184"},
    "440600": {"440602", "440603", "440620", "440621", "440622", "440623", "440624"} | {"440681", "440682", "440683", "440684"},
}


@pytest.mark.parametrize("region", ["440100", "440600"])
def test_every_code_of_a_prefecture_has_its_standing(region: str) -> None:
    for code in (f"{region[:4]}{last:02}" for last in range(100)):
        if code == region or code in CURRENT[region]:
            expected = Standing.CURRENT
        elif code in ABANDONED[region]:
            expected = Standing.ABANDONED
        else:
            expected = Standing.UNKNOWN
        assert division.standing(code) is expected
        assert division.is_abandoned(code) is (expected is Standing.ABANDONED)
        assert division.region_of(code) == (None if expected is Standing.UNKNOWN else region)
        assert (division.name(code) is not None) >= (expected is Standing.CURRENT)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("440100", "广州"),
        ("440600", "佛山"),
        ("440103", "荔湾"),
        ("440606", "顺德"),
        ("440116", "萝岗"),
        ("440182", None),
        ("440199", None),
        ("110105", None),
    ],
)
def test_names(code: str, expected: str | None) -> None:
    assert division.name(code) == expected


@pytest.mark.parametrize("code", ["110105", "440308", "440300", "610104"])
def test_a_place_beyond_the_tables_is_not_called_unknown(code: str) -> None:
    assert division.standing(code) is Standing.UNTABLED
    assert division.region_of(code) is None


@pytest.mark.parametrize("code", ["", "000000", "910105", "44010", "4401030", "44010a", "1１0105"])
def test_what_has_no_form_of_a_division_is_unknown(code: str) -> None:
    assert division.standing(code) is Standing.UNKNOWN


@given(st.text(max_size=8))
def test_any_text_gets_a_standing(text: str) -> None:
    known = division.standing(text) in {Standing.CURRENT, Standing.ABANDONED}
    assert known is (division.region_of(text) is not None)
