"""NO_RECORD is the city's own word and nothing else: it reads as 'owns no home' or 'unmarried'."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from adapters.simulation.identifiers import credit_code, resident_number
from adapters.simulation.population import Company, Person
from gateway.client import Outcome
from tests.journeys.asking import REGIONS, TRUTHS, YEARS, Ended, Question, desk
from tests.journeys.canonical import KINDS, number_of
from tests.journeys.conftest import Up
from tests.journeys.faults import FAULTS, LENDING_FAULTS, NO_RECORD, SLOW, TIMEOUT, WITHOUT, Fault, armed
from tests.journeys.leaks import logged
from tests.journeys.unhurried import SHORT_DEADLINE

ASKED_OF = 60
DEADLINE = 20.0
SWIFT = tuple(each for each in (*FAULTS, *LENDING_FAULTS) if each.name not in SLOW)
# What a city writes anew each time, whatever it says.
_OF_THE_MOMENT = re.compile(r'"(timestamp|correlation_id|response_id|msgid|sqbh)": ?"[^"]*"')

by_kind = pytest.mark.parametrize("kind", KINDS)
by_region = pytest.mark.parametrize("region", REGIONS)


def judge(up: Up, ended: Iterable[Ended]) -> None:
    """An answer without evidence, and recorded as such."""
    for each in ended:
        assert each.answer.outcome is Outcome.NO_RECORD
        assert each.answer.evidence == ()
        intent, outcome = logged(up, each.exchange_id)
        assert outcome.entry.facts["result"] == NO_RECORD
        assert outcome.entry.facts["city_status"] == each.answer.provenance.city_status
        assert (intent.index, outcome.index) == (
            each.answer.receipt.intent_index,
            each.answer.receipt.outcome_index,
        )


@by_kind
@by_region
async def test_whoever_holds_none_gets_the_citys_own_no(up: Up, region: str, kind: str) -> None:
    truth = TRUTHS[region]
    without = [each for each in truth.holders(kind)[:ASKED_OF] if not truth.papers(kind, number_of(each), YEARS)]
    assert set(truth.holders(kind)[10:15]) <= set(without)
    async with desk(up, region) as window:
        judge(up, await window.ask_all(Question(kind, each) for each in without))


@by_region
async def test_the_people_without_a_home_are_those_who_own_none(up: Up, region: str) -> None:
    truth = TRUTHS[region]
    owned = [truth.situation(index).homes for index in range(ASKED_OF)]
    async with desk(up, region) as window:
        ended = await window.ask_all(Question("housing-record", each) for each in truth.people[:ASKED_OF])
    assert [each.answer.outcome is Outcome.NO_RECORD for each in ended] == [homes == 0 for homes in owned]
    assert 15 < owned.count(0) < ASKED_OF - 15


@by_region
async def test_the_unmarried_are_those_without_a_spouse(up: Up, region: str) -> None:
    truth = TRUTHS[region]
    alone = [truth.situation(index).spouse is None for index in range(ASKED_OF)]
    async with desk(up, region) as window:
        ended = await window.ask_all(Question("marriage-certificate", each) for each in truth.people[:ASKED_OF])
    assert [each.answer.outcome is Outcome.NO_RECORD for each in ended] == alone
    assert 15 < sum(alone) < ASKED_OF - 15


@by_kind
@by_region
async def test_a_number_that_nobody_bears_is_no_record_in_the_citys_own_words(up: Up, region: str, kind: str) -> None:
    truth = TRUTHS[region]
    holder, *_ = truth.holders(kind)
    nobody = _number_of_nobody(holder)
    assert nobody not in set(map(number_of, truth.holders(kind)))
    async with desk(up, region) as window:
        judge(up, await window.ask_all([Question(kind, holder, number=nobody)]))


ASKS_FOR_THE_NAME = {("440100", "social-insurance-proof")}


@by_kind
@by_region
async def test_a_name_that_differs_is_refused_wherever_the_city_lets_us_compare(up: Up, region: str, kind: str) -> None:
    """Read as NO_RECORD it would say 'owns no home' of somebody whose name was mistyped. One service insists on comparing itself."""
    holder, *_ = TRUTHS[region].holders(kind)
    async with desk(up, region) as window:
        (ended,) = await window.ask_all([Question(kind, holder, name="无此人")])
    assert ended.told == ("NO_RECORD" if (region, kind) in ASKS_FOR_THE_NAME else "HOLDER_AMBIGUOUS")


def _number_of_nobody(like: Person | Company) -> str:
    if isinstance(like, Company):
        return credit_code("91", like.division, "M9999999")
    return resident_number(like.division, like.born, 998)


@pytest.mark.parametrize("fault", SWIFT, ids=str)
async def test_a_fault_is_never_read_as_no_record(up: Up, fault: Fault) -> None:
    city = up.city(fault.region)
    async with desk(up, fault.region) as window:
        asked = fault.questions(window, WITHOUT)
        before = await city.last()
        truly = await window.ask_all(asked)
        between = await city.last()
        async with armed(city, fault):
            ended = await window.ask_all(asked, DEADLINE)
        after = await city.last()
    judge(up, truly)
    assert {each.told for each in ended} == {fault.none}
    if fault.none == NO_RECORD:
        judge(up, ended)
        assert said(await city.tape(between), after) == said(await city.tape(before), between)


def said(tape: Iterable[Mapping[str, Any]], last: int) -> list[str]:
    """What the city answered about holders until then, out of its envelope and without what it writes anew each time."""
    bodies = (
        each["response"].get("inner", each["response"]["body"])
        for each in tape
        if each["seq"] <= last and each["operation"] not in {"login", "refresh"}
    )
    return sorted(_OF_THE_MOMENT.sub("", body) for body in bodies)


@pytest.mark.parametrize("name", ["hang", "drip"])
async def test_silence_is_never_read_as_no_record(up: Up, name: str) -> None:
    hanging = [each for each in FAULTS if each.name == name and not each.operation]
    async with AsyncExitStack() as stack:
        windows = {region: await stack.enter_async_context(desk(up, region)) for region in REGIONS}
        for each in hanging:
            await stack.enter_async_context(armed(up.city(each.region), each))
        questions = [(windows[each.region], each.questions(windows[each.region], WITHOUT)) for each in hanging]
        ended = await asyncio.gather(*(window.ask_all(asked, SHORT_DEADLINE) for window, asked in questions))
    assert {each.told for some in ended for each in some} == {TIMEOUT}
