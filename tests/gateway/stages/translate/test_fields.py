"""A table or a period of a city's record is read as its values are, and the same however many rows there are."""

from typing import Any

import pytest

from gateway.model.evidence import Coded, Rows, Value
from gateway.model.rules import AnswerRule, Constant, DateForm, MonthForm, Read, ReadPeriod, ReadRows, Withheld
from gateway.stages.translate.fields import reader
from tests.gateway.stages.builders import KIND

PENSION = Coded("PENSION", "PENSION")


def read(name: str, rule: AnswerRule, record: dict[str, Any]) -> Value | None:
    return reader(rule, KIND.fields[name])(record)


@pytest.mark.parametrize("found", [{}, {"mx": None}])
def test_rows_may_be_optional(found: dict[str, Any]) -> None:
    assert read("payments", ReadRows("mx", {"month": Read("ny")}, optional=True), found) is None


@pytest.mark.parametrize("count", [0, 1, 4, 5, 24])
@pytest.mark.parametrize("optional", [False, True])
def test_many_rows_are_read_as_few_are(count: int, *, optional: bool) -> None:
    columns = {"month": Read("ny", MonthForm(("%Y%m",))), "amount": Read("je", optional=optional)}
    given = [{"ny": f"2030{1 + place % 12:02}", "je": "" if optional and place % 3 else "1.5"} for place in range(count)]
    told = [
        {"month": f"2030-{1 + place % 12:02}", **({} if optional and place % 3 else {"amount": "1.50"}), "insurance": PENSION}
        for place in range(count)
    ]
    assert read("payments", ReadRows("mx", {**columns, "insurance": Constant("PENSION")}), {"mx": given}) == Rows(tuple(told))


@pytest.mark.parametrize("count", [1, 9])
def test_rows_of_which_nothing_is_given_are_empty(count: int) -> None:
    rule = ReadRows("mx", {name: Withheld("not theirs") for name in ("month", "insurance", "amount")})
    assert read("payments", rule, {"mx": [{"ny": "203001"}] * count}) == Rows(({},) * count)


def test_a_period_without_a_beginning_is_none() -> None:
    days = DateForm(("%Y%m%d",))
    rule = ReadPeriod(Read("ksrq", days, optional=True), Read("jsrq", days, optional=True))
    assert read("cover", rule, {"ksrq": "", "jsrq": "20300101"}) is None


def test_a_field_that_is_withheld_has_no_reader() -> None:
    with pytest.raises(RuntimeError, match="a withheld field is not read"):
        reader(Withheld("not theirs"), KIND.fields["cover"])
