"""The named region alone decides the way."""

from dataclasses import replace
from datetime import date

import pytest

from adapters.simulation.identifiers import resident_number
from gateway.model.exchange import Route
from gateway.model.refusal import Reason, Refusal
from gateway.stages.route import route
from tests.gateway.stages.builders import KIND, asking_for, permit, query, table, world


def test_the_way_is_the_table_of_region_and_type() -> None:
    own, other = table(), replace(table(), region="440100", system="guangzhou.test")
    given_world = world(tables={("440600", KIND.code): own, ("440100", KIND.code): other})
    assert route(permit(), given_world) == Route(permit(), own)
    assert route(permit(query(provider_region="440100")), given_world).table is other


@pytest.mark.parametrize("division", ["110105", "440103", "440606"])
def test_a_holders_number_never_decides_the_way(division: str) -> None:
    asked = asking_for(id_number=resident_number(division, date(1890, 1, 1), 1))
    assert route(permit(asked), world()).table.region == "440600"


@pytest.mark.parametrize("tables", [{}, {("440600", "11100000M00000035K902"): table()}, {("440100", KIND.code): table()}])
def test_a_region_that_does_not_answer_for_the_type_is_unknown(tables: dict[tuple[str, str], object]) -> None:
    with pytest.raises(Refusal) as refused:
        route(permit(), world(tables=tables))
    assert refused.value.reason is Reason.UNKNOWN_REGION
    assert [each.field for each in refused.value.violations] == ["provider_region"]
