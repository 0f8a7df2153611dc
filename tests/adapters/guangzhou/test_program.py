"""Guangzhou's clients and tables against Guangzhou's program, over mutual TLS: every kind of evidence, and a city that misbehaves.

Laws: what an answer says is compared with the synthetic population, not with a table.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.connectors.settings import SystemSettings
from adapters.registry import CONNECTORS
from adapters.simulation.population import companies, people
from gateway.clock import SystemClock, entropy
from gateway.model.refusal import Reason, Refusal
from gateway.ports import CityAdapter
from gateway.stages.translate import inward
from tests.adapters.asking import ORGANISATION, holder, question, route
from tests.adapters.tabled import ALIASES, plain

CITY = "guangzhou"
NOBODY = 12  # in the population, and in no register
OWNS_NO_HOME = 7
LOGIN = "/security/login"
G1_TYPES = ("business-licence", "driving-licence", "marriage-certificate")


@pytest.fixture
async def systems(guangzhou: Any, settings_of: Callable[..., SystemSettings]) -> AsyncIterator[dict[str, CityAdapter]]:
    names = [name for name in CONNECTORS if name.startswith(f"{CITY}.")]
    systems = {name: CONNECTORS[name](settings_of(name, guangzhou.url), SystemClock(), entropy) for name in names}
    try:
        yield systems
    finally:
        for system in systems.values():
            await system.close()


async def canonical(systems: dict[str, CityAdapter], alias: str, place: int, seconds: float = 10.0) -> list[dict[str, Any]]:
    """What the city says of whoever stands at this place, as plain canonical values."""
    asked = question(CITY, alias, place)
    answer = await systems[asked.system].ask(asked, seconds)
    assert not answer.no_record or not answer.records
    evidence = inward(answer, route(CITY, alias, place), strict=False)
    return [{name: plain(value) for name, value in each.values.items()} for each in evidence]


@pytest.mark.parametrize("alias", ALIASES)
async def test_somebody_s_evidence_and_nobody_s(systems: dict[str, CityAdapter], alias: str) -> None:
    for place in (0, 1):
        (found,) = await canonical(systems, alias, place)
        asked = holder(CITY, alias, place)
        assert (asked.name, asked.id_type, asked.id_number) in {each[:3] for each in found["holders"]}
        assert found["issuer"]
    assert await canonical(systems, alias, NOBODY) == []


async def test_owning_no_home_is_no_record_and_paying_nothing_is_a_record(systems: dict[str, CityAdapter]) -> None:
    assert await canonical(systems, "housing-record", OWNS_NO_HOME) == []
    (owner,) = await canonical(systems, "housing-record", 0)
    assert len(owner["homes"]) == 2
    (insured,) = await canonical(systems, "social-insurance-proof", OWNS_NO_HOME)
    months = {row["month"] for row in insured["contributions"]}
    assert (min(months), max(months), len(months), insured["months_paid"]) == ("2023-01", "2024-12", 24, 24)


async def test_what_the_population_knows(systems: dict[str, CityAdapter]) -> None:
    person, spouse = people("440100", 40, 1)[2:4]
    company = companies("440100", 30, 1)[2]
    (licence,) = await canonical(systems, "driving-licence", 2)
    sexes = {"M": "MALE", "F": "FEMALE"}
    assert (licence["born_on"], licence["sex"][0], licence["address"]) == (
        person.born.isoformat(),
        sexes[person.sex],
        person.address,
    )
    (couple,) = await canonical(systems, "marriage-certificate", 2)
    assert {(name, number, role) for name, _, number, role in couple["holders"]} == {
        (each.name, each.number, sexes[each.sex]) for each in (person, spouse)
    }
    (business,) = await canonical(systems, ORGANISATION, 2)
    told = (business["number"], business["legal_representative"], business["established_on"], business["address"])
    assert told == (company.code, company.legal_person.name, company.established.isoformat(), company.address)


async def test_the_sums_are_the_rows(systems: dict[str, CityAdapter]) -> None:
    (statement,) = await canonical(systems, "income-tax-statement", 0)
    fen = [int(row["tax"].replace(".", "")) for row in statement["payments"]]
    assert int(statement["total_tax"].replace(".", "")) == sum(fen) > 0


async def test_many_at_once_log_in_once(systems: dict[str, CityAdapter], guangzhou: Any) -> None:
    guangzhou.asked(LOGIN)
    found = await asyncio.gather(*(canonical(systems, alias, place) for alias in G1_TYPES for place in range(8)))
    assert ([len(each) for each in found], guangzhou.asked(LOGIN)) == ([1] * 24, 1)


async def test_an_ended_token_is_replaced_unseen(systems: dict[str, CityAdapter], guangzhou: Any) -> None:
    await canonical(systems, "driving-licence", 0)
    guangzhou.asked(LOGIN)
    guangzhou.arm("g1", "expired_token")
    assert len(await canonical(systems, "driving-licence", 0)) == 1
    assert guangzhou.asked(LOGIN) == 1


FAULTS = {
    "reset": Reason.CITY_ANSWER_INVALID,
    "truncated": Reason.CITY_ANSWER_INVALID,
    "huge": Reason.CITY_ANSWER_INVALID,
    "status_500": Reason.CITY_UNAVAILABLE,
    "garbage": Reason.CITY_ANSWER_INVALID,
    "wrong_charset": Reason.CITY_ANSWER_INVALID,
    "empty": Reason.CITY_ANSWER_INVALID,
    "not_object": Reason.CITY_ANSWER_INVALID,
    "missing_field": Reason.CITY_ANSWER_INVALID,
    "unknown_code": Reason.CITY_ANSWER_INVALID,
    "bad_date": Reason.CITY_ANSWER_INVALID,
    "two_holders": Reason.HOLDER_AMBIGUOUS,
    "other_holder": Reason.CITY_ANSWER_INVALID,
    "unknown_status": Reason.CITY_ANSWER_INVALID,
    "busy": Reason.CITY_UNAVAILABLE,
}


@pytest.mark.parametrize("alias", ALIASES)
async def test_a_city_that_misbehaves(systems: dict[str, CityAdapter], guangzhou: Any, alias: str) -> None:
    interface = question(CITY, alias, 1).system.removeprefix("guangzhou.")
    for fault, reason in FAULTS.items():
        guangzhou.arm(interface, fault)
        with pytest.raises(Refusal) as caught:
            await canonical(systems, alias, 1)
        assert (fault, caught.value.reason) == (fault, reason)
        asked = holder(CITY, alias, 1)
        assert asked.id_number not in caught.value.detail
        guangzhou.control("DELETE", "faults")
    guangzhou.arm(interface, "hang")
    with pytest.raises(Refusal, match="CITY_TIMEOUT"):
        await canonical(systems, alias, 1, seconds=0.2)
    guangzhou.control("DELETE", "faults")  # a busy city may not have come to it in this time
    assert len(await canonical(systems, alias, 1)) == 1
