"""Parameters from a command line: each of the kind that the directory names, and what is wrong is told without the value."""

from datetime import date
from typing import Any

import click
import pytest

from gateway.cli import parameters
from gateway.client import MonthRange, Offered
from gateway.client.directory import Described
from gateway.development.environment import describe_sample
from gateway.development.samples import samples

MAY_TO_JUNE = MonthRange("2024-05", "2024-06")


def offered(**kinds: str) -> tuple[Offered, ...]:
    described = tuple(Described(name, "", "", kind, required=True) for name, kind in kinds.items())
    return (Offered("11100000M00000035K208", "invoice-check", "", "", ("440100",), described, ()),)


INVOICE = offered(invoice_number="text", invoiced_on="date", period="month_range")


def test_every_sample_is_read_as_it_was_meant() -> None:
    for each in samples():
        assert parameters.sampled(describe_sample(each)) == each.parameters


def test_a_value_is_of_the_kind_that_the_directory_names() -> None:
    spelt = parameters.spelt(("invoice_number=2024-05-17", "invoiced_on=2024-05-17", "period=2024-05..2024-06"), None)
    for name in ("invoice-check", "11100000M00000035K208"):
        assert parameters.typed(spelt, INVOICE, name) == {
            "invoice_number": "2024-05-17",
            "invoiced_on": date(2024, 5, 17),
            "period": MAY_TO_JUNE,
        }


def test_what_is_not_offered_is_read_by_its_form_for_the_gateway_to_refuse() -> None:
    spelt = {"a": "2024-05-17", "b": "2024-05..2024-06", "c": "20240517", "d": "2024-06..2024-05"}
    read = {"a": date(2024, 5, 17), "b": MAY_TO_JUNE, "c": "20240517", "d": "2024-06..2024-05"}
    assert parameters.typed(spelt, INVOICE, "another-type") == read


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("invoiced_on=2024-02-30", "a date YYYY-MM-DD that exists"),
        ("invoiced_on=20240517", "a date YYYY-MM-DD that exists"),
        ("period=2024-05", "two months and two dots"),
        ("period=2024-13..2024-14", "two months and two dots"),
        ("period=2024-06..2024-05", "the first not after the last"),
        ("invoice_number=", "a text that is not empty"),
    ],
)
def test_a_value_that_is_none_of_its_kind_is_named_by_its_parameter_and_not_repeated(value: str, wanted: str) -> None:
    name, _, text = value.partition("=")
    with pytest.raises(click.UsageError, match=name) as told:
        parameters.typed(parameters.spelt((value,), None), INVOICE, "invoice-check")
    assert wanted in told.value.message
    assert not text or text not in told.value.message


def test_a_name_that_is_not_known_is_told_with_those_that_are() -> None:
    with pytest.raises(click.UsageError, match=r"did you mean 'invoiced_on'\? Known: invoice_number, invoiced_on, period"):
        parameters.typed({"invoiced": "2024-05-17"}, INVOICE, "invoice-check")
    with pytest.raises(click.UsageError, match="it takes none"):
        parameters.typed({"months": "2024-05..2024-06"}, offered(), "invoice-check")


@pytest.mark.parametrize(
    ("given", "months"), [(("invoiced_on",), None), (("=1",), None), (("a=1", "a=1"), None), (("months=1",), "2024-05..2024-06")]
)
def test_what_has_no_name_or_no_value_or_is_given_twice_is_wrong_use(given: tuple[str, ...], months: str | None) -> None:
    with pytest.raises(click.UsageError):
        parameters.spelt(given, months)


@pytest.mark.parametrize(("text", "read"), [(None, {}), ("2024-05..2024-06", {"months": MAY_TO_JUNE})])
def test_months_are_two_with_dots(text: str | None, read: dict[str, Any]) -> None:
    assert parameters.months(text) == read
    with pytest.raises(click.UsageError, match="two months and two dots"):
        parameters.months("2024-05")
