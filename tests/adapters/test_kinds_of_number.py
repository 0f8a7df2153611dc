"""By which kinds of number each of the cities' tables asks: what the interface page takes, and nothing that would be taken for it."""

import pytest

from tests.adapters.tabled import ALIASES, table_of

RESIDENT, ORGANISATION = "111", "001"
ORGANISATIONS = frozenset({"business-licence", "food-business-licence", "invoice-check", "school-operating-licence"})
BOTH = frozenset({"tax-payment-proof", "vehicle-licence", "vehicle-tax-record"})


@pytest.mark.parametrize("city", ["guangzhou", "foshan"])
@pytest.mark.parametrize("alias", ALIASES)
def test_a_table_asks_by_what_its_interface_takes(city: str, alias: str) -> None:
    expected = (RESIDENT,)
    if alias in ORGANISATIONS:
        expected = (ORGANISATION,)
    if alias in BOTH:
        expected = (ORGANISATION, RESIDENT)
    assert table_of(city, alias).table.id_types == expected
