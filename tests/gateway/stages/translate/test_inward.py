"""The city's answer is evidence about the one who was asked for, whole and canonical, or it is refused without being repeated."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.simulation.identifiers import elicence_identifier, resident_number
from gateway.model.catalogue import Field, ValueKind
from gateway.model.city import CityAnswer
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Finding, FindingCode, Holders, Period, Rows, Verdict
from gateway.model.query import Claimed, HolderType, Query
from gateway.model.refusal import Reason, Refusal
from gateway.model.rules import (
    Codes,
    Constant,
    HolderPlace,
    Read,
    ReadHolders,
    Source,
    VerifySpec,
    Withheld,
)
from gateway.model.table import Table
from gateway.stages.translate import compile_table, inward
from tests.gateway.stages.builders import (
    COUPLE,
    IDENTIFIER,
    KIND,
    NAME,
    NUMBER,
    SPEC,
    answer,
    asking_for,
    query,
    record,
    table,
    way,
)

OTHER = resident_number("440104", date(1888, 1, 2), 2)
THIRD = resident_number("440104", date(1887, 1, 2), 2)
NO_RECORD = CityAnswer("01", no_record=True)


def read(
    found: CityAnswer, asked: Query | None = None, through: Table | None = None, *, strict: bool = False
) -> tuple[Evidence, ...]:
    return inward(found, way(asked, through), strict=strict)


def one(asked: Query | None = None, through: Table | None = None, **changes: Any) -> Evidence:
    (evidence,) = read(answer(record(**changes)), asked, through)
    return evidence


def refusal(found: CityAnswer, asked: Query | None = None, through: Table | None = None, *, strict: bool = False) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(found, asked, through, strict=strict)
    assert refused.value.__context__ is None, "whatever went wrong below may hold the value"
    return refused.value


def invalid(detail: str) -> Refusal:
    return Refusal(Reason.CITY_ANSWER_INVALID, f"answer part {detail}")


AMBIGUOUS = Refusal(Reason.HOLDER_AMBIGUOUS, "the city's records are about several holders")
ANOTHER = invalid("holders: is about another holder than the one asked for")


def test_a_record_is_read_whole() -> None:
    evidence = one()
    assert evidence.type is KIND
    assert evidence.findings == ()
    assert dict(evidence.values) == {
        "identifier": IDENTIFIER,
        "number": "粤〔2030〕000017",
        "issuer": "样样局",
        "issued_on": "2030-05-01",
        "status": Coded("VALID", "1"),
        "holders": Holders((EvidenceHolder(NAME, "111", NUMBER),)),
        "employer": "样样有限公司",
        "months_paid": 41,
        "capital": "1205000.00",
        "since": "2026-12",
        "area": "88.60",
        "cover": Period("2026-01-01"),
        "payments": Rows(
            (
                {"month": "2030-03", "insurance": Coded("PENSION", "110"), "amount": "528.40"},
                {"month": "2030-04", "insurance": Coded("MEDICAL", "310"), "amount": "0.12"},
            )
        ),
    }


def test_what_the_city_says_besides_is_left_out() -> None:
    assert one(colour="red", mx=[]).values == {**one().values, "payments": Rows(())}


def test_no_record_is_the_citys_own_word() -> None:
    assert read(NO_RECORD) == ()
    assert read(NO_RECORD, strict=True) == ()


@pytest.mark.parametrize("records", [(), ({},)])
def test_no_record_and_records_do_not_go_together(records: tuple[Any, ...]) -> None:
    with pytest.raises(RuntimeError):
        CityAnswer("00", records, no_record=bool(records))


@pytest.mark.parametrize(
    "found", [{}, {"code": "404"}, {"msg": "无记录"}, record(zjhm=None), record(xm=""), record(mx=None), dict.fromkeys(record())]
)
def test_what_is_missing_is_never_no_record(found: dict[str, Any]) -> None:
    assert refusal(answer(found)).reason is Reason.CITY_ANSWER_INVALID


REQUIRED = ["bh", "zt", "xm", "zjhm", "dw", "ys", "zczb", "qs", "mj", "ksrq", "mx"]


@pytest.mark.parametrize("gone", ["missing", None, ""])
@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_required_is_asked_for_by_name(name: str, gone: Any) -> None:
    found = {key: value for key, value in record(**{name: gone}).items() if gone != "missing" or key != name}
    rule = "is not a list of records" if name == "mx" and gone == "" else "is missing"
    assert refusal(answer(found)) == invalid(f"{name}: {rule}")


@pytest.mark.parametrize("gone", ["missing", None, "", "  "])
@pytest.mark.parametrize(("name", "field"), [("zzbs", "identifier"), ("bz", "remark")])
def test_what_is_optional_may_be_absent(name: str, field: str, gone: Any) -> None:
    found = {key: value for key, value in record(**{name: gone}).items() if gone != "missing" or key != name}
    (evidence,) = read(answer(found))
    assert field not in evidence.values


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"rq": {"fz": "20240231", "zz": "99991231"}}, "rq.fz: does not have the form that the table names"),
        ({"rq": {"fz": "20240228", "zz": "20241301"}}, "rq.zz: does not have the form that the table names"),
        ({"rq": "20240228"}, "rq.fz: is missing"),
        ({"qs": "202613"}, "qs: does not have the form that the table names"),
        ({"zt": "7"}, "zt: does not have the form that the table names"),
        ({"ys": 41.0}, "ys: is not a text or a whole number"),
        ({"ys": True}, "ys: is not a text or a whole number"),
        ({"mj": {"value": "88"}}, "mj: is not a text or a whole number"),
        ({"dw": ["a", "b"]}, "dw: is not a text or a whole number"),
        ({"dw": "a\x00b"}, "dw: is too long or holds control characters"),
        ({"mx": {"ny": "203003"}}, "mx: is not a list of records"),
        ({"mx": ["203003"]}, "mx: is not a list of records"),
        ({"mx": [None]}, "mx: is not a list of records"),
        ({"mx": [{"ny": "203003", "xz": "110"}]}, "je: is missing"),
        ({"mx": [{"ny": "203003", "xz": "410", "je": "1"}]}, "xz: does not have the form that the table names"),
        ({"mx": [{"ny": "203003", "xz": "110", "je": "1"}, {}]}, "ny: is missing"),
        ({"mx": [{"ny": "203003", "xz": "110", "je": "1"}] * 5_001}, "mx: is not a list of records"),
    ],
)
def test_what_the_table_cannot_read_is_named_by_part_and_rule(change: dict[str, Any], detail: str) -> None:
    assert refusal(answer(record(**change))) == invalid(detail)


def test_one_bad_record_spoils_the_answer() -> None:
    assert refusal(answer(record(), record(zt="7"))) == invalid("zt: does not have the form that the table names")


# Whose evidence it is.

FIRST, SECOND = HolderPlace(Read("xm"), Constant("111"), Read("zjhm")), HolderPlace(Read("xm2"), Constant("111"), Read("zjhm2"))
EACH = HolderPlace(Read("xm"), Constant("111"), Read("hm"), each="czzt")
PAIR = table(COUPLE, holders=ReadHolders((FIRST, SECOND)))
LISTED = table(COUPLE, holders=ReadHolders((EACH,)))


def people(*numbers: str) -> list[dict[str, str]]:
    return [{"xm": NAME, "hm": number} for number in numbers]


def test_an_answer_about_somebody_else_is_no_answer() -> None:
    assert refusal(answer(record(zjhm=OTHER))) == ANOTHER


def test_two_holders_where_one_is_asked_for_are_ambiguous() -> None:
    assert refusal(answer(record(xm2="测试丙", zjhm2=OTHER)), None, table(holders=ReadHolders((FIRST, SECOND)))) == AMBIGUOUS


@pytest.mark.parametrize("numbers", [(NUMBER, OTHER), (OTHER, NUMBER), (NUMBER, NUMBER)])
def test_both_holders_of_a_paper_for_two_are_told(numbers: tuple[str, str]) -> None:
    evidence = one(None, PAIR, zjhm=numbers[0], xm2=NAME, zjhm2=numbers[1])
    held = evidence.values["holders"]
    assert isinstance(held, Holders)
    assert tuple(each.id_number for each in held.holders) == numbers
    assert evidence.findings == ()


def test_a_paper_for_two_about_two_others_is_no_answer() -> None:
    assert refusal(answer(record(zjhm=OTHER, xm2=NAME, zjhm2=THIRD)), None, PAIR) == ANOTHER


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((NUMBER,), None),
        ((NUMBER, OTHER), None),
        ((NUMBER, OTHER, THIRD), AMBIGUOUS),
        ((OTHER,), ANOTHER),
        ((), ANOTHER),
    ],
)
def test_holders_in_a_list_are_counted_and_compared(numbers: tuple[str, ...], told: Refusal | None) -> None:
    found = answer(record(czzt=people(*numbers)))
    if told is not None:
        assert refusal(found, None, LISTED) == told
    else:
        assert len(read(found, None, LISTED)) == 1


@pytest.mark.parametrize("czzt", ["", "x", 7, {}, [None], ["x"]])
def test_a_list_of_holders_is_a_list_of_records(czzt: Any) -> None:
    assert refusal(answer(record(czzt=czzt)), None, LISTED) == invalid("czzt: is not a list of records")


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ((NUMBER, NUMBER), None),
        ((NUMBER, OTHER), AMBIGUOUS),
        ((OTHER, NUMBER), AMBIGUOUS),
        ((OTHER, THIRD), AMBIGUOUS),
        ((OTHER, OTHER), ANOTHER),
    ],
)
def test_of_several_records_the_first_is_never_picked(numbers: tuple[str, str], told: Refusal | None) -> None:
    found = answer(*(record(zjhm=number, bh=f"no {place}") for place, number in enumerate(numbers)))
    if told is not None:
        assert refusal(found) == told
    else:
        assert [each.values["number"] for each in read(found)] == ["no 0", "no 1"]


def test_a_paper_for_two_may_name_another_spouse_each_time() -> None:
    found = answer(*(record(xm2=NAME, zjhm2=spouse) for spouse in (OTHER, THIRD)))
    assert len(read(found, None, PAIR)) == 2


@pytest.mark.parametrize("name", ["测 试 甲", "测·试甲", "测\u3000试•甲"])
def test_another_spelling_of_the_same_name_is_told(name: str) -> None:
    assert one(xm=name).findings == (Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),)


@pytest.mark.parametrize("name", ["测试乙", "测试", "甲试测"])
def test_another_name_under_the_same_number_is_somebody_else(name: str) -> None:
    """A mistyped number that is somebody's would otherwise disclose a stranger's evidence."""
    told = refusal(answer(record(xm=name)))
    assert told == Refusal(Reason.HOLDER_AMBIGUOUS, "the city knows the number under another name")


def test_the_name_of_the_other_holder_does_not_count() -> None:
    told = refusal(answer(record(xm="测试丙", zjhm=NUMBER, xm2=NAME, zjhm2=OTHER)), None, PAIR)
    assert told.reason is Reason.HOLDER_AMBIGUOUS


def test_each_record_has_its_own_findings() -> None:
    told = read(answer(record(), record(xm="测 试甲"), record(zzbs="x")))
    assert [[each.code for each in evidence.findings] for evidence in told] == [
        [],
        [FindingCode.HOLDER_NAME_DIFFERS],
        [FindingCode.IDENTIFIER_FORM_INVALID],
    ]


FIFTEEN, EIGHTEEN = "110105491231002", "11010519491231002X"  # the standard's own example


@pytest.mark.parametrize("held", [EIGHTEEN, EIGHTEEN.lower(), FIFTEEN], ids=["18", "small x", "15"])
def test_one_person_has_one_number_however_it_is_written(held: str) -> None:
    evidence = one(asking_for(id_number=EIGHTEEN), zjhm=held)
    holders = evidence.values["holders"]
    assert isinstance(holders, Holders)
    assert holders.holders[0].id_number == held, "evidence is told as the city holds it"
    assert evidence.findings == ()


@pytest.mark.parametrize("end", ["3", "1", "", "20", "2X"])
def test_an_old_number_of_somebody_else_is_no_match(end: str) -> None:
    assert refusal(answer(record(zjhm=FIFTEEN[:-1] + end)), asking_for(id_number=EIGHTEEN)) == ANOTHER


def test_fifteen_digits_are_nobody_born_in_another_century() -> None:
    assert refusal(answer(record(zjhm=NUMBER[:6] + NUMBER[8:17]))) == ANOTHER


TYPED = HolderPlace(Read("xm"), Read("lx"), Read("zjhm"))
CREDIT_CODE = "91440101MA5CJMYA97"


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        (("111", NUMBER), ("111", NUMBER)),
        (("001", CREDIT_CODE), ("001", CREDIT_CODE.lower())),
        (("999", "ab-1"), ("999", "ab-1")),
        (("414", "E1234567"), ("414", "e1234567")),
        (("111", NUMBER), ("551", NUMBER)),
        (("552", NUMBER), ("111", NUMBER)),
        (("414", "E1234567"), ("", "E1234567")),
    ],
)
def test_the_same_document_is_the_same_holder(asked: tuple[str, str], held: tuple[str, str]) -> None:
    rule = Read("lx", optional=True) if not held[0] else Read("lx")
    through = table(holders=ReadHolders((HolderPlace(Read("xm"), rule, Read("zjhm")),)))
    question = asking_for(type=HolderType.PERSON, id_type=asked[0], id_number=asked[1])
    assert one(question, through, lx=held[0], zjhm=held[1]).findings == ()


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        (("414", "E1234567"), ("516", "E1234567")),
        (("111", NUMBER), ("414", NUMBER)),
        (("999", "ab-1"), ("999", "AB-1")),
        (("999", "110105491231002"), ("999", EIGHTEEN)),
        (("414", "E1234567"), ("414", "E1234568")),
        (("111", NUMBER), ("111", f"{NUMBER}0")),
        (("111", NUMBER), ("111", NUMBER[:-1])),
    ],
)
def test_another_document_is_another_holder(asked: tuple[str, str], held: tuple[str, str]) -> None:
    question = asking_for(id_type=asked[0], id_number=asked[1])
    assert refusal(answer(record(lx=held[0], zjhm=held[1])), question, table(holders=ReadHolders((TYPED,)))) == ANOTHER


def test_a_holder_id_type_is_read_by_its_codes() -> None:
    place = HolderPlace(Read("xm"), Read("lx", Codes({"10": "111"})), Read("zjhm"))
    through = table(holders=ReadHolders((place,)))
    assert one(None, through, lx="10").values["holders"] == one().values["holders"]
    assert refusal(answer(record(lx="11")), None, through) == invalid("lx: does not have the form that the table names")


@pytest.mark.parametrize(
    ("start", "id_type", "odd"),
    [
        ("440199", "111", True),
        ("440698", "111", True),
        ("010203", "111", True),
        ("440102", "111", False),
        ("440106", "111", False),
        ("110105", "111", False),
        ("810000", "111", False),
        ("932682", "111", False),
        ("440199", "999", False),
    ],
)
def test_an_unknown_division_is_told_and_no_more(start: str, id_type: str, *, odd: bool) -> None:
    number = resident_number(start, date(1890, 1, 1), 1)
    through = table(holders=ReadHolders((HolderPlace(Read("xm"), Constant(id_type), Read("zjhm")),)))
    found = one(asking_for(id_number=number, id_type=id_type), through, zjhm=number).findings
    assert found == ((Finding(FindingCode.UNKNOWN_DIVISION, "holders"),) if odd else ())


def test_the_former_numbers_of_foreign_residents_have_no_division() -> None:
    number = "ABC189001011234"
    assert one(asking_for(id_number=number), zjhm=number).findings == ()


def test_several_things_may_be_odd_at_once() -> None:
    number = resident_number("440199", date(1890, 1, 1), 1)
    evidence = one(
        asking_for(id_number=number), zjhm=number, xm="测 试甲", zzbs=elicence_identifier("1" * 21, "1", "S", wrong_check=True)
    )
    assert [each.code for each in evidence.findings][:2] == [FindingCode.HOLDER_NAME_DIFFERS, FindingCode.UNKNOWN_DIVISION]
    assert {each.field for each in evidence.findings[2:]} == {"identifier"}
    assert len(evidence.findings) > 2


def test_a_table_without_holders_tells_nothing_about_them() -> None:
    evidence = one(None, table(holders=Withheld("not given")), xm="测试乙")
    assert "holders" not in evidence.values
    assert evidence.findings == ()


def test_strict_policy_refuses_an_odd_identifier_and_nothing_else() -> None:
    wrong = elicence_identifier("11100000M00000035K901", "11440600M00000027C", "SYN2030000001", wrong_check=True)
    assert read(answer(record(zzbs=wrong)))[0].findings == (Finding(FindingCode.IDENTIFIER_CHECK_FAILED, "identifier"),)
    told = refusal(answer(record(zzbs=wrong)), strict=True)
    assert told == invalid("identifier: breaks GB/T 36904: IDENTIFIER_CHECK_FAILED")
    assert read(answer(record(xm="测 试甲")), strict=True)[0].findings == (Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),)


# Whatever a city may say.

MARK = "☠"
MARKED_NUMBER = 77_000_000_000
TEXTS = st.text(max_size=6).map(lambda text: f"{MARK}{text}{MARK}") | st.sampled_from(
    ["", "1", "2", "203003", "20240231", "99991231", "88.60", NUMBER, OTHER, NAME, IDENTIFIER]
)
LEAVES = TEXTS | st.none() | st.booleans() | st.floats() | st.integers(MARKED_NUMBER, MARKED_NUMBER * 10**6) | st.integers(0, 50)
KEYS = sorted({*record(), "fz", "zz", "ny", "xz", "je", "hm", "czzt"})
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
# Sound but for a part or two, or hardly any would be read to its end.
SPOILT = st.dictionaries(st.sampled_from(KEYS), TEXTS | TEXTS | JSON, max_size=2).map(lambda changes: record(**changes))
WILD = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), JSON, max_size=8)
RECORDS = st.lists(SPOILT, min_size=1, max_size=2) | st.lists(SPOILT | WILD, min_size=1, max_size=3)
TABLES = st.sampled_from([table(), PAIR, LISTED, table(COUPLE)])

FORMS = {
    ValueKind.DATE: r"[0-9]{4}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])",
    ValueKind.MONTH: r"[0-9]{4}-(0[1-9]|1[0-2])",
    ValueKind.MONEY: r"-?(0|[1-9][0-9]*)\.[0-9]{2}",
    ValueKind.DECIMAL: r"-?[0-9]+(\.[0-9]+)?",
    ValueKind.TEXT: r"(?s)\S(.*\S)?",
}


def is_canonical(value: Any, field: Field) -> bool:
    match field.kind:
        case ValueKind.INTEGER:
            return type(value) is int
        case ValueKind.CODED:
            return isinstance(value, Coded) and value.code in field.codes
        case ValueKind.PERIOD:
            return isinstance(value, Period) and bool(re.fullmatch(FORMS[ValueKind.DATE], value.first))
        case ValueKind.HOLDERS:
            return isinstance(value, Holders) and any(each.id_number == NUMBER for each in value.holders)
        case ValueKind.ROWS:
            columns = {column.name: column for column in field.columns}
            return isinstance(value, Rows) and all(is_canonical(row[name], columns[name]) for row in value.rows for name in row)
    return isinstance(value, str) and re.fullmatch(FORMS[field.kind], value) is not None


@example(records=[record()], through=table(), strict=True)
@given(records=RECORDS, through=TABLES, strict=st.booleans())
def test_whatever_a_city_says_is_evidence_or_a_refusal(records: list[dict[str, Any]], through: Table, *, strict: bool) -> None:
    try:
        told = read(answer(*records), None, through, strict=strict)
    except Refusal as refused:
        kind, words = (
            refused.reason,
            f"{refused} {refused.violations} {refused.city_status} {refused.__cause__} {refused.__context__}",
        )
        told = None
    if told is None:
        assert kind in {Reason.CITY_ANSWER_INVALID, Reason.HOLDER_AMBIGUOUS}
        assert MARK not in words
        assert str(MARKED_NUMBER)[:4] not in words
        assert not any(value in words for value in (NUMBER, OTHER, NAME, IDENTIFIER, "20240231"))
    else:
        assert len(told) == len(records)
        assert all(is_canonical(value, KIND.fields[name]) for each in told for name, value in each.values.items())


def test_evidence_does_not_show_itself() -> None:
    shown = repr(one())
    assert not any(text in shown for text in (NAME, NUMBER, IDENTIFIER, "样样有限公司"))
    shown = " ".join(repr(value) for value in one().values.values() if not isinstance(value, str | int))
    assert not any(text in shown for text in (NAME, NUMBER, "VALID", "528.40", "2026-01-01"))


OWN = VerifySpec("compare", {"hd.xm": Source("holder.name"), "hd.bh": Source("claims.number"), "hd.zt": Source("claims.status")})
COMPARING = compile_table(replace(SPEC, verify=OWN), KIND)
CLAIMS = (Claimed("number", "text", "17"), Claimed("status", "coded", "VALID"))


def compared(**said: bool | None) -> tuple[Evidence, ...]:
    route = way(query(claims=CLAIMS), COMPARING)
    permitted = route.permit._replace(fields=frozenset({"number", "status"}))
    verdicts = {"hd.xm": True, "hd.bh": True, "hd.zt": False} | {f"hd.{name}": agrees for name, agrees in said.items()}
    return inward(CityAnswer("0", verdicts=(verdicts,)), route._replace(permit=permitted), strict=False)


def test_what_the_city_compared_is_a_verdict_on_each_field() -> None:
    assert dict(compared()[0].verdicts) == {"number": Verdict.MATCH, "status": Verdict.MISMATCH}
    assert dict(compared(zt=None)[0].verdicts)["status"] is Verdict.NO_RECORD
    assert not compared()[0].values


@pytest.mark.parametrize("said", [{"xm": False}, {"xm": None}])
def test_a_paper_of_which_the_city_does_not_say_that_it_is_the_holders_is_somebody_elses(said: dict[str, bool | None]) -> None:
    with pytest.raises(Refusal) as refused:
        compared(**said)
    assert refused.value.reason is Reason.HOLDER_AMBIGUOUS
