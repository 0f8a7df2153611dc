"""Out and in again is the identity on what both sides have, for every form that a table may name."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.catalogue import Field, ValueKind
from gateway.model.city import CityAnswer
from gateway.model.evidence import Coded, EvidenceHolder, Finding, FindingCode, Holders, Period, Rows, Value
from gateway.model.query import MonthRange
from gateway.model.rules import (
    Codes,
    Constant,
    DateForm,
    HolderPlace,
    MoneyUnit,
    MonthForm,
    Read,
    ReadHolders,
    ReadPeriod,
    ReadRows,
    Source,
)
from gateway.stages.translate import inward, outward
from gateway.stages.translate.naming import written
from tests.gateway.stages.builders import COUPLE, NAME, NUMBER, asking_for, query, record, table, way

DAY_FORMS = ("%Y%m%d", "%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日", "%d.%m.%Y", "%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S")
MONTH_FORMS = ("%Y%m", "%Y-%m", "%m/%Y", "%Y年%m月")
# What rpc.reading lets into a text, and a city can send back.
TEXTS = (
    st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)
MONTHS = st.dates(date(1900, 1, 1), date(2999, 12, 1)).map(lambda day: f"{day:%Y-%m}")
FEN = st.integers(-(10**15) + 1, 10**15 - 1)


def nested(values: Mapping[str, str]) -> dict[str, Any]:
    """The question as a record: a dot in a name is a part within a part."""
    made: dict[str, Any] = {}
    for name, text in values.items():
        *parts, last = name.split(".")
        here = made
        for part in parts:
            here = here.setdefault(part, {})
        here[last] = text
    return made


def echoed(source: Source, into: Field, back: Read, **changes: Any) -> Value:
    """What a city says that sends back what it was asked, read into one field."""
    through = table(ask={"sent.x": source}, **{into.name: back})
    way_there = way(query(**changes), through)
    sent = nested(outward(way_there).values)
    (found,) = inward(CityAnswer("00", (record(**sent),)), way_there, strict=False)
    return found.values[into.name]


def told(rule: Any, field: str, found: dict[str, Any], **more: Any) -> Value | None:
    """What one rule reads out of a city's record into one field."""
    through = table(**{field: rule}, **more)
    (evidence,) = inward(CityAnswer("00", (record(**found),)), way(None, through), strict=False)
    return evidence.values.get(field)


def parameters(**more: Any) -> dict[str, Any]:
    return {"months": MonthRange("2029-11", "2030-04"), **more}


EMPLOYER = Field("employer", "", "", ValueKind.TEXT)
ISSUED = Field("issued_on", "", "", ValueKind.DATE)
SINCE = Field("since", "", "", ValueKind.MONTH)
STATUS = Field("status", "", "", ValueKind.CODED)


@given(TEXTS)
def test_a_text_under_another_name(text: str) -> None:
    source, back = Source("parameters.reference"), Read("sent.x")
    assert echoed(source, EMPLOYER, back, parameters=parameters(reference=text)) == text


@given(st.dates(), st.sampled_from(DAY_FORMS))
def test_a_day_in_any_form(day: date, form: str) -> None:
    source, back = Source("parameters.day", DateForm((form,))), Read("sent.x", DateForm((form,)))
    assert echoed(source, ISSUED, back, parameters=parameters(day=day)) == day.isoformat()


@given(MONTHS, st.sampled_from(MONTH_FORMS), st.sampled_from(["first", "last"]))
def test_a_month_in_any_form(month: str, form: str, bound: str) -> None:
    source, back = Source(f"parameters.months.{bound}", MonthForm((form,))), Read("sent.x", MonthForm((form,)))
    assert echoed(source, SINCE, back, parameters={"months": MonthRange(month, month)}) == month


@given(
    st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=5).filter(lambda codes: len(set(codes.values())) == len(codes)), st.data()
)
def test_a_code_of_a_list_that_is_one_to_one(codes: dict[str, str], data: st.DataObject) -> None:
    canonical = data.draw(st.sampled_from(sorted(codes)))
    back = Read("sent.x", Codes({city: ours for ours, city in codes.items()}))
    purpose = replace(query().purpose, matter_code=canonical)
    value = echoed(Source("purpose.matter_code", Codes(codes)), STATUS, back, purpose=purpose)
    assert value == Coded(canonical, codes[canonical])


@pytest.mark.parametrize("path", ["request_id", "purpose.case_number", "type.code", "caller.department"])
def test_a_part_of_the_question_without_form(path: str) -> None:
    through = table(ask={"sent.x": Source(path)}, employer=Read("sent.x"))
    sent = nested(outward(way(None, through)).values)
    (found,) = inward(CityAnswer("00", (record(**sent),)), way(None, through), strict=False)
    assert found.values["employer"] == sent["sent"]["x"]


@given(TEXTS)
def test_the_holder(name: str) -> None:
    through = table(ask={"zjhm": Source("holder.id_number"), "xm": Source("holder.name")})
    way_there = way(asking_for(name=name), through)
    (found,) = inward(CityAnswer("00", (record(**outward(way_there).values),)), way_there, strict=True)
    assert found.values["holders"] == Holders((EvidenceHolder(written(name), "111", NUMBER),))
    differs = (Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),)
    assert found.findings == (() if written(name) == name else differs)


# Money and the like stand in no question: a city that writes them is played by integers and their digits.


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02}"


def in_wan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 10**6}.{abs(fen) % 10**6:06}"


@given(FEN, st.booleans())
def test_money_in_any_unit(fen: int, bare: bool) -> None:  # noqa: FBT001 - Hypothesis gives it
    def trimmed(text: str) -> str:
        return text.rstrip("0").rstrip(".") if bare else text

    for unit, text in {
        MoneyUnit.FEN: str(fen),
        MoneyUnit.YUAN: trimmed(yuan(fen)),
        MoneyUnit.WAN_YUAN: trimmed(in_wan(fen)),
    }.items():
        assert told(Read("je", unit), "capital", {"je": text}) == yuan(fen)
    assert told(Read("je", MoneyUnit.FEN), "capital", {"je": fen}) == yuan(fen)


@given(st.from_regex(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", fullmatch=True).filter(str.isascii))
def test_a_decimal_as_the_city_wrote_it(text: str) -> None:
    assert told(Read("mj"), "area", {"mj": text}) == text


@given(FEN)
def test_a_whole_number_as_number_or_digits(number: int) -> None:
    assert told(Read("ys"), "months_paid", {"ys": number}) == number
    assert told(Read("ys"), "months_paid", {"ys": str(number)}) == number


def test_a_constant() -> None:
    assert told(Constant("另一局"), "issuer", {}) == "另一局"


@given(st.dates(), st.dates() | st.none(), st.sampled_from(DAY_FORMS[:4]))
def test_a_period_with_or_without_end(first: date, last: date | None, form: str) -> None:
    rule = ReadPeriod(Read("a.b", DateForm((form,))), Read("a.c", DateForm((form,)), frozenset({"长期"}), optional=True))

    def spelled(day: date) -> str:
        return form.replace("%Y", f"{day.year:04}").replace("%m", f"{day.month:02}").replace("%d", f"{day.day:02}")

    value = told(rule, "cover", {"a": {"b": spelled(first), "c": spelled(last) if last else "长期"}})
    assert value == Period(first.isoformat(), last.isoformat() if last else "")


@given(st.lists(st.tuples(MONTHS, st.sampled_from(["PENSION", "MEDICAL"]), FEN), max_size=8))
def test_rows_in_the_citys_order(rows: list[tuple[str, str, int]]) -> None:
    city = {"PENSION": "110", "MEDICAL": "310"}
    found = [{"ny": month.replace("-", ""), "xz": city[kind], "je": fen, "other": "x"} for month, kind, fen in rows]
    value = told(table_rows("deep.mx"), "payments", {"deep": {"mx": found}})
    expected = ({"month": month, "insurance": Coded(kind, city[kind]), "amount": yuan(fen)} for month, kind, fen in rows)
    assert value == Rows(tuple(expected))


def table_rows(path: str) -> ReadRows:
    columns = {
        "month": Read("ny", MonthForm(("%Y%m",))),
        "insurance": Read("xz", Codes({"110": "PENSION", "310": "MEDICAL"})),
        "amount": Read("je", MoneyUnit.FEN),
    }
    return ReadRows(path, columns)


SEXES = Codes({"1": "MALE", "2": "FEMALE"})
KINDS = Codes({"10": "111", "20": "414"})
FIRST = HolderPlace(Read("m.xm"), Constant("111"), Read("m.hm"), Constant("MALE"))
SECOND = HolderPlace(Read("f.xm"), Read("f.lx", KINDS), Read("f.hm"), Read("f.xb", SEXES))
EACH = HolderPlace(Read("xm"), Read("lx", KINDS), Read("hm"), Read("xb", SEXES), each="czzt.list")
HELD = Holders((EvidenceHolder(NAME, "111", NUMBER, "MALE"), EvidenceHolder("测试丙", "414", "E1234567", "FEMALE")))


def test_holders_at_places_of_their_own() -> None:
    found = {"m": {"xm": NAME, "hm": NUMBER}, "f": {"xm": "测试丙", "lx": "20", "hm": "E1234567", "xb": 2}}
    assert told(ReadHolders((FIRST, SECOND)), "holders", found, kind=COUPLE) == HELD


def test_holders_in_a_list() -> None:
    people = [{"xm": NAME, "lx": "10", "hm": NUMBER, "xb": "1"}, {"xm": "测试丙", "lx": "20", "hm": "E1234567", "xb": "2"}]
    assert told(ReadHolders((EACH,)), "holders", {"czzt": {"list": people}}, kind=COUPLE) == HELD


def test_holders_at_a_place_and_in_a_list() -> None:
    found = {"m": {"xm": NAME, "hm": NUMBER}, "czzt": {"list": [{"xm": "测试丙", "lx": "20", "hm": "E1234567", "xb": "2"}]}}
    assert told(ReadHolders((FIRST, EACH)), "holders", found, kind=COUPLE) == HELD
