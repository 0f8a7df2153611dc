"""Foshan's clients and tables against Foshan's program, over mutual TLS: every kind of evidence, and a city that misbehaves.

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

CITY = "foshan"
NOBODY = 12  # in the population, and in no register
OWNS_NO_HOME = 7
F2_TYPES = ("housing-record", "income-tax-statement")
AT_TABLES = "social-insurance-proof"  # test_f4
REFRESH = "refreshappsecret"


@pytest.fixture
async def systems(foshan: Any, settings_of: Callable[..., SystemSettings]) -> AsyncIterator[dict[str, CityAdapter]]:
    names = [name for name in CONNECTORS if name.startswith(f"{CITY}.")]
    systems = {name: CONNECTORS[name](settings_of(name, foshan.at(name)), SystemClock(), entropy) for name in names}
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
    assert (min(months), max(months), len(months)) == ("2023-01", "2024-12", 24)
    assert insured["months_paid"] >= 24


async def test_what_the_population_knows(systems: dict[str, CityAdapter]) -> None:
    person, spouse = people("440600", 40, 1)[2:4]
    company = companies("440600", 30, 1)[2]
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


async def test_many_at_once_refresh_the_secret_once(systems: dict[str, CityAdapter], foshan: Any) -> None:
    foshan.asked(REFRESH)
    found = await asyncio.gather(*(canonical(systems, alias, place) for alias in F2_TYPES for place in range(5)))
    assert ([len(each) for each in found], foshan.asked(REFRESH)) == ([1] * 10, 1)


async def test_an_ended_secret_is_replaced_unseen(systems: dict[str, CityAdapter], foshan: Any) -> None:
    await canonical(systems, "housing-record", 0)
    foshan.asked(REFRESH)
    foshan.arm("f2", "expired_token")
    assert len(await canonical(systems, "housing-record", 0)) == 1
    assert foshan.asked(REFRESH) == 1


async def test_a_name_beyond_gb2312_crosses_whole(systems: dict[str, CityAdapter]) -> None:
    person = people("440600", 40, 1)[3]
    assert any(ord(character) > 0xFFFF for character in person.name)
    (licence,) = await canonical(systems, "driving-licence", 3)
    assert licence["holders"][0][0] == person.name


async def test_an_access_that_ended_has_refused(systems: dict[str, CityAdapter], foshan: Any) -> None:
    foshan.arm("f1", "expired_token")
    with pytest.raises(Refusal) as caught:
        await canonical(systems, "driving-licence", 0)
    assert (caught.value.reason, caught.value.city_status) == (Reason.CITY_REFUSED, "11")


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
}
ONLY = {
    "f1": {"entity_bomb": Reason.CITY_ANSWER_INVALID, "external_entity": Reason.CITY_ANSWER_INVALID},
    "f2": {"busy": Reason.CITY_UNAVAILABLE},
    "f3": {
        "busy": Reason.CITY_UNAVAILABLE,
        "expired_token": Reason.CITY_REFUSED,
        "wrong_signature": Reason.CITY_ANSWER_INVALID,
        "stale_envelope": Reason.CITY_ANSWER_INVALID,
    },
}


@pytest.mark.parametrize("alias", [each for each in ALIASES if each != AT_TABLES])
async def test_a_city_that_misbehaves(systems: dict[str, CityAdapter], foshan: Any, alias: str) -> None:
    interface = question(CITY, alias, 1).system.removeprefix("foshan.")
    for fault, reason in (FAULTS | ONLY[interface]).items():
        foshan.arm(interface, fault)
        with pytest.raises(Refusal) as caught:
            await canonical(systems, alias, 1)
        assert (fault, caught.value.reason) == (fault, reason)
        asked = holder(CITY, alias, 1)
        assert asked.id_number not in caught.value.detail
        foshan.control("DELETE", "faults")
    foshan.arm(interface, "hang")
    with pytest.raises(Refusal, match="CITY_TIMEOUT"):
        await canonical(systems, alias, 1, seconds=0.2)
    foshan.control("DELETE", "faults")  # a busy city may not have come to it in this time
    assert len(await canonical(systems, alias, 1)) == 1
