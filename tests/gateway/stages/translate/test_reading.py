"""One text of a city is one canonical value by its kind and form, or it is refused without being repeated."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.catalogue import Field, ValueKind
from gateway.model.evidence import Coded, Value
from gateway.model.refusal import Reason, Refusal
from gateway.model.rules import Cell, Codes, Constant, DateForm, Form, MoneyUnit, MonthForm, Read
from gateway.stages.translate.reading import cell, column

UNREADABLE = "answer part x: does not have the form that the table names"
DAYS = DateForm(("%Y%m%d", "%Y-%m-%d %H:%M:%S", "%Y年%m月%d日"))


def field(kind: ValueKind) -> Field:
    return Field("field", "", "", kind)


def read(kind: ValueKind, found: Any, form: Form | None = None, **more: Any) -> Value | None:
    return cell(Read("x", form, **more), field(kind))({"x": found})


def refusal(kind: ValueKind, found: Any, form: Form | None = None, **more: Any) -> Refusal:
    with pytest.raises(Refusal) as refused:
        read(kind, found, form, **more)
    assert refused.value.reason is Reason.CITY_ANSWER_INVALID
    assert refused.value.__context__ is None, "whatever went wrong below may hold the value"
    return refused.value


@pytest.mark.parametrize(
    ("kind", "found", "value"),
    [
        (ValueKind.TEXT, "粤〔2030〕17", "粤〔2030〕17"),
        (ValueKind.TEXT, "  x \n", "x"),
        (ValueKind.TEXT, "第一行\n第二行", "第一行\n第二行"),
        (ValueKind.TEXT, 17, "17"),
        (ValueKind.TEXT, 0, "0"),
        (ValueKind.INTEGER, 0, 0),
        (ValueKind.INTEGER, "041", 41),
        (ValueKind.INTEGER, "-3", -3),
        (ValueKind.INTEGER, 999_999_999_999_999, 999_999_999_999_999),
        (ValueKind.DECIMAL, "88.60", "88.60"),
        (ValueKind.DECIMAL, 88, "88"),
        (ValueKind.DECIMAL, "-0.5", "-0.5"),
        (ValueKind.MONEY, "120", "120.00"),
        (ValueKind.MONEY, "120.5", "120.50"),
        (ValueKind.DATE, "2030-02-28", "2030-02-28"),
        (ValueKind.MONTH, "2030-02", "2030-02"),
    ],
)
def test_without_a_form_a_value_is_read_by_its_kind(kind: ValueKind, found: Any, value: Value) -> None:
    assert read(kind, found) == value


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (ValueKind.INTEGER, "4.0"),
        (ValueKind.INTEGER, "+4"),
        (ValueKind.INTEGER, "４１"),
        (ValueKind.INTEGER, "4 1"),
        (ValueKind.INTEGER, "1_000"),
        (ValueKind.INTEGER, "1234567890123456"),
        (ValueKind.DECIMAL, "1e5"),
        (ValueKind.DECIMAL, "NaN"),
        (ValueKind.DECIMAL, "."),
        (ValueKind.DECIMAL, "1."),
        (ValueKind.DECIMAL, ".5"),
        (ValueKind.MONEY, "1,000.00"),
        (ValueKind.MONEY, "¥5"),
        (ValueKind.MONEY, "5元"),
        (ValueKind.MONEY, "1.005"),
        (ValueKind.MONEY, "Infinity"),
        (ValueKind.DATE, "20300228"),
        (ValueKind.DATE, "2030-02-29"),
        (ValueKind.DATE, "2030-2-28"),
        (ValueKind.DATE, "0000-01-01"),
        (ValueKind.MONTH, "2030-13"),
        (ValueKind.MONTH, "2030-00"),
        (ValueKind.MONTH, "203002"),
    ],
)
def test_without_a_form_what_is_no_value_of_its_kind_is_refused(kind: ValueKind, found: Any) -> None:
    assert refusal(kind, found).detail == UNREADABLE


@pytest.mark.parametrize(
    "text",
    [
        "20240231",
        "20230229",
        "21000229",
        "00000000",
        "20301301",
        "20300001",
        "20300100",
        "2030011",
        "203001011",
        "２０３００１０１",
        "2030-01-01",
        "2030-01-01 24:00:00",
        "2030-01-01 00:60:00",
        "2030-01-01T00:00:00",
        "2030年1月1日",
        "20300101 ",
        "99991231x",
        "-20300101",
        "长期",
    ],
)
def test_a_day_that_is_none_is_refused(text: str) -> None:
    if text.strip() == text:
        assert refusal(ValueKind.DATE, text, DAYS).detail == UNREADABLE
    else:
        assert read(ValueKind.DATE, text, DAYS) == "2030-01-01"


@pytest.mark.parametrize("text", ["20240229", "2024-02-29 23:59:59", "2024年02月29日"])
def test_a_day_is_read_in_any_of_its_forms_and_its_time_cut_off(text: str) -> None:
    assert read(ValueKind.DATE, text, DAYS) == "2024-02-29"


def test_a_form_that_makes_no_day_leaves_the_text_to_the_next() -> None:
    assert read(ValueKind.DATE, "31121999", DateForm(("%Y%m%d", "%d%m%Y"))) == "1999-12-31"
    assert read(ValueKind.MONTH, "121999", MonthForm(("%Y%m", "%m%Y"))) == "1999-12"


def test_a_form_is_no_pattern() -> None:
    assert refusal(ValueKind.DATE, "2030x01x01", DateForm(("%Y.%m.%d",))).detail == UNREADABLE
    assert read(ValueKind.DATE, "2030.01.01", DateForm(("%Y.%m.%d",))) == "2030-01-01"


@pytest.mark.parametrize(
    ("unit", "text", "yuan"),
    [
        (MoneyUnit.FEN, "1", "0.01"),
        (MoneyUnit.FEN, "-150", "-1.50"),
        (MoneyUnit.FEN, "100.0", "1.00"),
        (MoneyUnit.FEN, "999999999999999", "9999999999999.99"),
        (MoneyUnit.YUAN, "0.1", "0.10"),
        (MoneyUnit.YUAN, "1.230000", "1.23"),
        (MoneyUnit.YUAN, "999999999999999.99", "999999999999999.99"),
        (MoneyUnit.WAN_YUAN, "0.000001", "0.01"),
        (MoneyUnit.WAN_YUAN, "120.5", "1205000.00"),
        (MoneyUnit.WAN_YUAN, "999999999999999.999999", "9999999999999999999.99"),
        (MoneyUnit.WAN_YUAN, 7, "70000.00"),
        (MoneyUnit.YUAN, "-0", "0.00"),
        (MoneyUnit.FEN, "-0.0", "0.00"),
        (MoneyUnit.YUAN, "007.5", "7.50"),
    ],
)
def test_money_is_yuan_to_the_fen(unit: MoneyUnit, text: str, yuan: str) -> None:
    assert read(ValueKind.MONEY, text, unit) == yuan


@pytest.mark.parametrize(("unit", "text"), [(MoneyUnit.FEN, "0.5"), (MoneyUnit.YUAN, "0.005"), (MoneyUnit.WAN_YUAN, "0.0000001")])
def test_less_than_a_fen_is_never_rounded(unit: MoneyUnit, text: str) -> None:
    assert refusal(ValueKind.MONEY, text, unit).detail == UNREADABLE


@given(st.decimals(-(10**15) + 1, 10**15 - 1, allow_nan=False, places=6), st.sampled_from(MoneyUnit))
def test_money_is_exact_or_refused(amount: Decimal, unit: MoneyUnit) -> None:
    fen_a_unit = {MoneyUnit.FEN: 1, MoneyUnit.YUAN: 100, MoneyUnit.WAN_YUAN: 1_000_000}[unit]
    millionths = int(f"{amount:f}".replace(".", ""))  # integers only, so that no context of decimal has a say
    fen, rest = divmod(abs(millionths) * fen_a_unit, 10**6)
    if rest:
        refusal(ValueKind.MONEY, f"{amount:f}", unit)
    else:
        sign = "-" if millionths < 0 else ""
        assert read(ValueKind.MONEY, f"{amount:f}", unit) == f"{sign}{fen // 100}.{fen % 100:02}"


def test_a_code_keeps_the_words_of_the_city() -> None:
    codes = Codes({"1": "VALID", "01": "VALID", "2": "REVOKED"}, lossy=True)
    assert [read(ValueKind.CODED, each, codes) for each in ("1", "01", 2)] == [
        Coded("VALID", "1"),
        Coded("VALID", "01"),
        Coded("REVOKED", "2"),
    ]


@pytest.mark.parametrize("found", ["3", "VALID", "１", "001", 10])
def test_a_code_that_the_table_does_not_know_is_refused(found: Any) -> None:
    assert refusal(ValueKind.CODED, found, Codes({"1": "VALID"})).detail == UNREADABLE


@pytest.mark.parametrize("found", [True, False, 1.0, 1e300, float("nan"), [], {}, ["x"], {"x": "y"}, 10**15, -(10**15)])
@pytest.mark.parametrize("kind", [ValueKind.TEXT, ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.MONEY])
def test_a_leaf_is_a_text_or_a_whole_number(found: Any, kind: ValueKind) -> None:
    assert refusal(kind, found).detail == "answer part x: is not a text or a whole number"


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "a\x08b", "a\x1bb", "a\x7fb", "a\ud800b", "a\ufffeb", "a\x9b2Jb", "a\x85b", "a\u202eb", "a\u2066b", "x" * 20_001],
)
def test_a_text_is_bounded_and_printable(text: str) -> None:
    assert refusal(ValueKind.TEXT, text).detail == "answer part x: is too long or holds control characters"


@pytest.mark.parametrize(
    "text", ["欧阳·测试甲", "\U00020bb7\U0002b746", "\ue863", "a\u200fb\u200e", "\u0628\u200d\u062a", "两\n行"]
)
def test_what_writing_needs_is_taken_as_it_is(text: str) -> None:
    assert read(ValueKind.TEXT, text) == text


@pytest.mark.parametrize("found", [None, "", "   ", "99991231", " 99991231 "])
def test_what_is_marked_as_absent_is_absent(found: Any) -> None:
    marked: dict[str, Any] = {"absent": frozenset({"99991231"})}
    assert read(ValueKind.DATE, found, DAYS, optional=True, **marked) is None
    assert refusal(ValueKind.DATE, found, DAYS, **marked).detail == "answer part x: is missing"


def test_a_marker_counts_where_it_is_named_only() -> None:
    assert read(ValueKind.DATE, "99991231", DAYS, optional=True) == "9999-12-31"
    assert read(ValueKind.INTEGER, 0, optional=True, absent=frozenset({"00"})) == 0
    assert read(ValueKind.INTEGER, 0, optional=True, absent=frozenset({"0"})) is None


@pytest.mark.parametrize(
    "record", [{}, {"a": None}, {"a": "text"}, {"a": 1}, {"a": []}, {"a": {}}, {"a": {"b": {}}}, {"a.b.c": "1"}]
)
def test_a_path_that_ends_nowhere_is_missing(record: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match=r"answer part a\.b\.c: is missing"):
        cell(Read("a.b.c"), field(ValueKind.TEXT))(record)
    assert cell(Read("a.b.c", optional=True), field(ValueKind.TEXT))(record) is None


def test_a_path_leads_through_records() -> None:
    assert cell(Read("a.b.c"), field(ValueKind.TEXT))({"a": {"b": {"c": "1"}}}) == "1"


@pytest.mark.parametrize(
    ("rule", "kind", "value"),
    [(Constant("局"), ValueKind.TEXT, "局"), (Constant("VALID"), ValueKind.CODED, Coded("VALID", "VALID"))],
)
def test_a_constant_hangs_on_no_record(rule: Cell, kind: ValueKind, value: Value) -> None:
    assert cell(rule, field(kind))({}) == value


FORMS: list[tuple[ValueKind, Form | None]] = [
    *((kind, None) for kind in (ValueKind.TEXT, ValueKind.INTEGER, ValueKind.DECIMAL, ValueKind.MONEY, ValueKind.DATE)),
    (ValueKind.DATE, DAYS),
    (ValueKind.MONTH, MonthForm(("%Y%m",))),
    (ValueKind.CODED, Codes({"1": "VALID"})),
    *((ValueKind.MONEY, unit) for unit in MoneyUnit),
]


@given(st.sampled_from(FORMS), st.text(max_size=12) | st.from_regex(r"[-0-9.]{1,20}") | st.integers() | st.floats() | st.none())
def test_whatever_is_found_is_a_value_or_a_refusal_that_does_not_repeat_it(
    how: tuple[ValueKind, Form | None], found: Any
) -> None:
    kind, form = how
    try:
        value = read(kind, found, form)
    except Refusal as refused:
        told = refused
    else:
        told = None
        assert isinstance(value, str | int | Coded)
    if told is not None:
        assert told.reason is Reason.CITY_ANSWER_INVALID
        assert told.detail.removeprefix("answer part x: ") in {
            "is missing",
            "does not have the form that the table names",
            "is not a text or a whole number",
            "is too long or holds control characters",
        }


TEXTS = ["1", "1.00", " 1 ", "20300517", "", "--", "1\n1"]
LEAVES: st.SearchStrategy[Any] = st.sampled_from(TEXTS) | st.sampled_from([1, True, 1.0, None, [], {}])


@given(
    st.sampled_from([Read("x"), Read("x", optional=True), Read("x", absent=frozenset({"--"})), Read("x.y"), Constant("1")]),
    st.sampled_from(FORMS),
    st.lists(st.builds(dict, x=LEAVES) | st.just({}), max_size=6)
    | st.lists(st.builds(dict, x=st.sampled_from("123")), max_size=6),
)
def test_a_column_is_what_each_of_its_cells_is(rule: Cell, how: tuple[ValueKind, Form | None], found: list[Any]) -> None:
    kind, form = how
    rule = replace(rule, form=form) if isinstance(rule, Read) else rule

    def told(read: Callable[[], object]) -> object:
        try:
            return read()
        except Refusal as refusal:
            return refusal.detail

    each = told(lambda: [cell(rule, field(kind))(record) for record in found])
    assert told(lambda: [*column(rule, field(kind))(found)]) == each
