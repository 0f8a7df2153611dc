"""Whose code it was, the city says, and of one holder only; what was not taken is never NO_RECORD."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from adapters.simulation.identifiers import resident_number
from gateway.model.city import CityAnswer
from gateway.model.query import HolderType, PresentedCode
from gateway.model.refusal import Reason, Refusal
from gateway.model.rules import Constant, HolderPlace, Read, ReadHolders
from gateway.stages.translate import inward, outward
from gateway.stages.translate.presenting import shower
from tests.gateway.stages.builders import COUPLE, IDENTIFIER, KIND, NAME, NUMBER, answer, presenting, query, record, way

CODE = "shown-code-0001"
BY_CODE = query(holder=PresentedCode(CODE))
SPOUSE = resident_number("440106", date(1891, 7, 9), 2)
TWO = ReadHolders(
    tuple(HolderPlace(Read(name), Constant("111"), Read(number)) for name, number in (("xm", "zjhm"), ("poxm", "pozjhm")))
)
MARRIED = record(poxm="测试乙", pozjhm=SPOUSE)


def refusal(told: CityAnswer, **changes: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        inward(told, way(BY_CODE, presenting(**changes)), strict=False)
    return caught.value


def test_the_question_has_the_code_in_the_place_of_the_holder_and_all_the_rest() -> None:
    by_number, by_code = outward(way(query(), presenting())), outward(way(BY_CODE, presenting()))
    assert (by_number.operation, by_number.once) == ("everything", False)
    assert (by_code.operation, by_code.once) == ("by-code", True)
    assert dict(by_code.values) == {"zzm": CODE, **{k: v for k, v in by_number.values.items() if k not in {"zjhm", "xm", "zjlx"}}}
    assert CODE not in repr(by_code) + repr(BY_CODE)


def test_whose_paper_it_is_who_showed_the_code() -> None:
    route = way(BY_CODE, presenting())
    evidence = inward(answer(), route, strict=False)
    holder = shower(evidence, answer(), route)
    assert evidence[0].values["identifier"] == IDENTIFIER
    assert holder
    assert (holder.type, holder.id_type, holder.id_number, holder.name) == (HolderType.PERSON, "111", NUMBER, NAME)
    assert shower(evidence, answer(), way(query(), presenting())) is None


def test_the_number_is_brought_into_the_form_by_which_it_is_searched_for() -> None:
    route, written = way(BY_CODE, presenting()), answer(record(zjhm=NUMBER.lower()))
    holder = shower(inward(written, route, strict=False), written, route)
    assert holder
    assert holder.id_number == NUMBER


@pytest.mark.parametrize(("number", "name"), [(NUMBER, NAME), (SPOUSE, "测试乙")])
def test_of_a_couple_the_city_says_which_of_them(number: str, name: str) -> None:
    route = way(BY_CODE, presenting(COUPLE, holders=TWO))
    told = replace(answer(MARRIED), shown_by=number)
    holder = shower(inward(told, route, strict=False), told, route)
    assert holder
    assert (holder.id_number, holder.name) == (number, name)


@pytest.mark.parametrize(
    ("told", "changes", "reason"),
    [
        (answer(MARRIED), {"kind": COUPLE, "holders": TWO}, Reason.HOLDER_AMBIGUOUS),
        (replace(answer(MARRIED), shown_by=NUMBER), {"holders": TWO}, Reason.HOLDER_AMBIGUOUS),
        (answer(record(), record(zjhm=SPOUSE)), {}, Reason.HOLDER_AMBIGUOUS),
        (replace(answer(record(), record(zjhm=SPOUSE)), shown_by=NUMBER), {}, Reason.CITY_ANSWER_INVALID),
        (replace(answer(), shown_by=SPOUSE), {}, Reason.CITY_ANSWER_INVALID),
        (answer(record(zjhm="440106189003050000")), {}, Reason.CITY_ANSWER_INVALID),
        (CityAnswer("10", no_record=True), {}, Reason.PRESENTED_CODE_REFUSED),
        (answer(), {"kind": replace(KIND, holder_types=frozenset({HolderType.ORGANISATION}))}, Reason.CITY_ANSWER_INVALID),
    ],
)
def test_where_it_is_not_sure_whose_code_it_was_nothing_is_told(
    told: CityAnswer, changes: dict[str, Any], reason: Reason
) -> None:
    assert refusal(told, **changes).reason is reason
