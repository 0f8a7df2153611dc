"""The question in the city's words: every part from where the table says, in the form that it says, and nothing else."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.catalogue import Field, ValueKind
from gateway.model.identifiers import HolderIdType
from gateway.model.query import Claimed, HolderType, MonthRange, Query
from gateway.model.refusal import Reason, Refusal
from gateway.model.rules import SOURCES, Codes, Constant, DateForm, MoneyUnit, MonthForm, Source, VerifySpec
from gateway.stages.translate import compile_table, outward
from tests.certs import faulty
from tests.gateway.stages.builders import KIND, NAME, NUMBER, OPERATOR_NAME, SPEC, asking_for, query, table, way

ALWAYS = Constant("1")
MONTHS = {"months": MonthRange("2029-11", "2030-04")}


def asked(rule: Any, question: Query | None = None) -> str | None:
    """What one rule makes of a question."""
    return outward(way(question, table(ask={"x": rule}))).values.get("x")


def refusal(question: Query, rule: Any = ALWAYS) -> Refusal:
    with pytest.raises(Refusal) as refused:
        asked(rule, question)
    return refused.value


def test_a_question_is_what_the_table_asks_for() -> None:
    request = outward(way(query(parameters={**MONTHS, "day": date(2030, 2, 3)})))
    assert (request.system, request.operation) == ("foshan.test", "everything")
    assert dict(request.values) == {
        "zjhm": NUMBER,
        "xm": NAME,
        "zjlx": "01",
        "sx.bm": "440100-17",
        "qsny": "202911",
        "jzny": "203004",
        "rq": "20300203",
        "cxlx": "1",
    }


WORDS = {
    "request_id": "0192f3a4-5b6c-7d8e-9f00-112233445566",
    "holder.id_number": NUMBER,
    "holder.id_type": "111",
    "holder.name": NAME,
    "holder.type": "PERSON",
    "purpose.matter_code": "440100-17",
    "purpose.matter_name": "样样事项",
    "purpose.case_number": "case-1",
    "operator.account": "window-3",
    "operator.name": OPERATOR_NAME,
    "operator.role": "clerk",
    "legal_basis.kind": "STATUTORY_DUTY",
    "legal_basis.reference": "article 17",
    "caller.region": "440100",
    "caller.department": faulty.CREDIT_CODE,
    "caller.department_name": "Department of Tests",
    "caller.system": faulty.SYSTEM,
    "type.code": KIND.code,
    "type.zh": "样样证明",
}


def test_every_part_of_a_question_is_tried_here() -> None:
    assert WORDS.keys() == SOURCES


@pytest.mark.parametrize("path", sorted(WORDS))
def test_a_part_of_the_question_is_sent_as_it_is(path: str) -> None:
    assert asked(Source(path)) == WORDS[path]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("样 品", "样品"),
        ("\u3000样品 ", "样品"),
        ("样品\u2022甲乙", "样品·甲乙"),
        ("样品 . 甲乙", "样品·甲乙"),
        ("ＳＡＭＰＬＥ　 ONE", "SAMPLE ONE"),
        ("S. ONE", "S. ONE"),
        ("样品（样样）有限公司", "样品（样样）有限公司"),
        ("\ue001样", "\ue001样"),
    ],
)
def test_a_name_is_sent_as_registers_write_it(typed: str, sent: str) -> None:
    assert asked(Source("holder.name"), asking_for(name=typed)) == sent


def test_codes_become_the_citys() -> None:
    codes = Codes({"111": "10", "414": "20"})
    assert asked(Source("holder.id_type", codes)) == "10"
    assert asked(Source("holder.id_type", codes), asking_for(id_type="414")) == "20"


def test_a_code_that_the_city_does_not_have_is_told_by_its_part() -> None:
    told = refusal(asking_for(id_type="551"), Source("holder.id_type", Codes({"111": "10"})))
    assert told.reason is Reason.INVALID_REQUEST
    assert [each.field for each in told.violations] == ["holder.id_type"]
    assert "551" not in f"{told} {told.violations}"


NUMBERED = Source("holder.id_number")


@pytest.mark.parametrize(
    ("asks", "holders", "taken"),
    [
        ({"x": NUMBERED}, {HolderType.PERSON}, ("111",)),
        ({"x": NUMBERED}, set(HolderType), ("001", "111")),
        ({"x": Source("holder.id_number", of=frozenset({"516", "111"}))}, {HolderType.PERSON}, ("111", "516")),
        ({"x": NUMBERED, "k": Source("holder.id_type", Codes({"414": "20", "111": "10"}))}, {HolderType.PERSON}, ("111", "414")),
        ({"x": NUMBERED, "k": Source("holder.id_type")}, {HolderType.PERSON}, ()),
    ],
)
def test_a_number_of_a_kind_that_the_city_does_not_take_is_not_sent(
    asks: dict[str, Source], holders: set[HolderType], taken: tuple[str, ...]
) -> None:
    """It would be taken for another's, or be unknown, and the answer be about nobody."""
    compiled = table(replace(KIND, holder_types=frozenset(holders)), ask=asks)
    assert compiled.id_types == taken
    for each in HolderIdType:
        question = asking_for(id_type=each.value)
        if not taken or each in taken:
            assert outward(way(question, compiled)).values["x"] == NUMBER
            continue
        with pytest.raises(Refusal) as refused:
            outward(way(question, compiled))
        assert [each.field for each in refused.value.violations] == ["holder.id_type"]
        assert " or ".join(taken) in refused.value.violations[0].description


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%Y%m%d", "20300203"),
        ("%Y-%m-%d", "2030-02-03"),
        ("%Y年%m月%d日", "2030年02月03日"),
        ("%Y%m%d%H%M%S", "20300203000000"),
        ("%d/%m/%Y", "03/02/2030"),
    ],
)
def test_a_day_is_written_in_the_citys_form(form: str, text: str) -> None:
    question = query(parameters={**MONTHS, "day": date(2030, 2, 3)})
    assert asked(Source("parameters.day", DateForm((form,))), question) == text


def test_a_day_without_form_is_iso() -> None:
    assert asked(Source("parameters.day"), query(parameters={**MONTHS, "day": date(2030, 2, 3)})) == "2030-02-03"


def test_a_year_has_four_digits() -> None:
    assert (
        asked(Source("parameters.day", DateForm(("%Y%m%d",))), query(parameters={**MONTHS, "day": date(987, 6, 5)})) == "09870605"
    )


def test_the_first_of_several_forms_is_written() -> None:
    assert asked(Source("parameters.months.first", MonthForm(("%Y/%m", "%Y%m")))) == "2029/11"
    assert asked(Source("parameters.months.last")) == "2030-04"


@pytest.mark.parametrize("rule", [Source("parameters.day"), Source("parameters.day", DateForm(("%Y%m%d",)))])
def test_what_was_not_given_is_not_sent(rule: Source) -> None:
    assert asked(rule) is None


def test_a_text_parameter_is_sent_as_it_is() -> None:
    assert asked(Source("parameters.reference"), query(parameters={**MONTHS, "reference": "第 7 号"})) == "第 7 号"


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({}, ["parameters.months"]),
        ({"months": "2029-11"}, ["parameters.months"]),
        ({"months": date(2029, 11, 1)}, ["parameters.months"]),
        ({**MONTHS, "day": "2030-02-03"}, ["parameters.day"]),
        ({**MONTHS, "reference": MonthRange("2029-11", "2030-04")}, ["parameters.reference"]),
        ({**MONTHS, "z": "1", "colour": "canary"}, ["parameters.colour", "parameters.z"]),
        ({"colour": "canary", "day": "x"}, ["parameters.colour", "parameters.months", "parameters.day"]),
    ],
)
def test_parameters_are_held_against_the_type(parameters: dict[str, Any], fields: list[str]) -> None:
    told = refusal(query(parameters=parameters))
    assert told.reason is Reason.INVALID_REQUEST
    assert [each.field for each in told.violations] == fields
    assert told.detail == "parameters are at fault"
    assert "canary" not in f"{told.violations}"


@given(
    st.dictionaries(
        st.sampled_from(["months", "day", "reference", "colour"]), st.sampled_from(["x", date(2030, 1, 1), MONTHS["months"]])
    )
)
def test_whatever_is_given_is_a_question_or_the_callers_fault(parameters: dict[str, Any]) -> None:
    sound = (
        isinstance(parameters.get("months"), MonthRange)
        and isinstance(parameters.get("day", date.min), date)
        and isinstance(parameters.get("reference", ""), str)
        and "colour" not in parameters
    )
    try:
        outward(way(query(parameters=parameters)))
    except Refusal as refused:
        told: object = refused.reason
    else:
        told = None
    assert told is (None if sound else Reason.INVALID_REQUEST)


def test_a_unit_is_no_form_of_a_question() -> None:
    with pytest.raises(RuntimeError, match="no form of a question"):
        table(ask={"x": Source("holder.name", MoneyUnit.FEN)})


@pytest.mark.parametrize(
    ("kind", "value"), [(ValueKind.TEXT, "x"), (ValueKind.DATE, date(2030, 1, 1)), (ValueKind.MONTHS, MONTHS["months"])]
)
def test_every_kind_of_parameter_that_a_type_may_have_is_known(kind: ValueKind, value: Any) -> None:
    through = table(replace(KIND, parameters=(Field("p", "", "", kind),)), ask={"x": ALWAYS})
    assert outward(way(query(parameters={"p": value}), through)).values == {"x": "1"}


def test_a_question_does_not_show_itself() -> None:
    assert NUMBER not in repr(outward(way()))
    assert NAME not in repr(outward(way()))


OWN = VerifySpec(
    "compare",
    {
        "hd.xm": Source("holder.name"),
        "hd.bh": Source("claims.number"),
        "hd.rq": Source("claims.issued_on", DateForm(("%Y%m%d",))),
        "hd.zt": Source("claims.status", Codes({"VALID": "1", "REVOKED": "2"})),
    },
)
COMPARING = compile_table(replace(SPEC, verify=OWN), KIND)
NUMBERED, DATED, PRICED = (
    Claimed("number", "text", "17"),
    Claimed("issued_on", "date", "2030-05-01"),
    Claimed("capital", "money", "1.00"),
)


def test_claims_that_the_city_can_compare_go_there_and_nothing_else_does() -> None:
    made = outward(way(query(claims=(DATED, Claimed("status", "coded", "VALID"))), COMPARING))
    assert made.operation == "compare"
    assert {name: text for name, text in made.values.items() if name.startswith("hd.")} == {
        "hd.xm": NAME,
        "hd.rq": "20300501",
        "hd.zt": "1",
    }
    assert made.values["zjhm"] == NUMBER


def test_one_claim_that_the_city_cannot_compare_and_the_record_is_asked_for() -> None:
    made = outward(way(query(claims=(NUMBERED, PRICED)), COMPARING))
    assert (made.operation, [name for name in made.values if name.startswith("hd.")]) == (SPEC.operation, [])
    assert outward(way(query(), COMPARING)).operation == SPEC.operation


def test_a_claim_about_what_the_city_does_not_give_is_refused() -> None:
    with pytest.raises(Refusal) as refused:
        outward(way(query(claims=(NUMBERED, Claimed("secret", "text", "x")))))
    assert refused.value.reason is Reason.INVALID_REQUEST
    assert [each.field for each in refused.value.violations] == ["claims[1].field"]
