"""An interface of each family is added by YAML alone and asked: the department's own record, its own NO_RECORD, and whatever goes wrong."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from adapters.connectors.greeting import Greeting
from gateway.model.city import CityAnswer
from gateway.model.evidence import Coded, Holders, Rows
from gateway.model.refusal import Blame, Refusal
from tests.adapters.configured.departments import FAMILIES, FIRST, MARK, NAMES, NOBODY, SECOND, Department, record

INVALID, REFUSED, UNAVAILABLE = "CITY_ANSWER_INVALID", "CITY_REFUSED", "CITY_UNAVAILABLE"
WRONG = {
    "unknown": INVALID,
    "refused": REFUSED,
    "later": UNAVAILABLE,
    "garbage": INVALID,
    "silent": INVALID,
    "failed": UNAVAILABLE,
}


@pytest.fixture(params=sorted(FAMILIES))
async def both(request: Any, site: Any, served: Callable[..., Any]) -> AsyncIterator[tuple[Department, Any]]:
    department = Department(request.param)
    async with served(department) as url, site.reached(request.param, url) as reached:
        yield department, reached


def check_evidence(evidence: Any, number: str) -> None:
    """That the evidence is the department's own record."""
    held = record(number)
    assert evidence.values["number"] == held["zmbh"]
    assert evidence.values["issuer"] == held["jgmc"]
    assert evidence.values["issued_on"] == "2025-01-15"
    assert evidence.values["aid_status"] == Coded("GRANTED", "1")
    assert isinstance(evidence.values["holders"], Holders)
    (holder,) = evidence.values["holders"].holders
    assert (holder.name, holder.id_number) == (NAMES[number], number)
    assert isinstance(evidence.values["cases"], Rows)
    cases = [(row["case_number"], row["fee"]) for row in evidence.values["cases"].rows]
    assert cases == [(case["ajbh"], case["je"]) for case in held["ajmx"]]


async def test_the_department_s_record_its_no_record_and_its_faults(both: tuple[Department, Any]) -> None:
    department, reached = both
    for number in (FIRST, SECOND):
        (evidence,) = await reached.evidence(number)
        check_evidence(evidence, number)
    none = await reached.ask(NOBODY)
    assert none.no_record
    for mood, reason in WRONG.items():
        department.mood = mood
        # Nobody is the holder who would be called to have no record.
        for number in (FIRST, NOBODY):
            with pytest.raises(Refusal) as caught:
                await reached.ask(number)
            assert (caught.value.reason.name, caught.value.blame) == (reason, Blame.COUNTERPARTY), mood
            told = f"{caught.value.detail} {caught.value.city_status}"
            assert MARK not in told
            assert not any(each in told for each in (number, NAMES[number]))


async def test_several_holders_are_ambiguous_and_the_first_is_never_picked(both: tuple[Department, Any]) -> None:
    department, reached = both
    department.mood = "two"
    with pytest.raises(Refusal, match="HOLDER_AMBIGUOUS"):
        await reached.evidence(FIRST)


async def test_the_connection_test_asks_about_nobody(both: tuple[Department, Any]) -> None:
    department, reached = both
    assert isinstance(reached.adapter, Greeting)
    said = await reached.adapter.greet(5.0)
    assert said.logged_in == (department.family == "token-rest")
    assert not any(FIRST in each.target or each.body.count(b"sfzh") for each in department.asked)


@pytest.mark.parametrize("family", ["signed-rest", "sealed"])
async def test_an_answer_of_another_time_or_to_another_question(family: str, site: Any, served: Callable[..., Any]) -> None:
    department = Department(family, mood="stale")
    async with served(department) as url, site.reached(family, url) as reached:
        for number in (FIRST, NOBODY):
            with pytest.raises(Refusal, match=INVALID):
                await reached.ask(number)


async def test_a_token_is_fetched_once_for_all_and_again_when_it_ended(site: Any, served: Callable[..., Any]) -> None:
    department = Department("token-rest", mood="expired")
    async with served(department) as url, site.reached("token-rest", url) as reached:
        for number in (FIRST, SECOND, FIRST):
            assert isinstance(await reached.ask(number), CityAnswer)
    assert department.token == 2
    assert [each.target.partition("?")[0] for each in department.asked].count("/oauth/token") == 2
