"""However it is written, a person does not reach the log in clear; and a case's own number is not taken for a person's."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.simulation.identifiers import resident_number
from gateway.rpc import forms, personal
from tests.gateway.rpc.house import request

TODAY = date(2026, 11, 21)
NAME = "欧阳·测试甲"
NUMBER = next(each for serial in range(1, 40) if (each := resident_number("440106", date(1890, 3, 5), serial)).endswith("X"))
SOMEBODY = resident_number("440104", date(1899, 12, 25), 123)
CASE = "purpose.case_number"


def wide(text: str) -> str:
    return "".join(chr(ord(each) + 0xFEE0) for each in text)


def at_fault(said: str, path: str = CASE, secret: tuple[str, ...] = (NAME, NUMBER)) -> list[str]:
    texts = {**forms.asked(request()), path: said}
    return [each.field for each in personal.told(texts, secret, TODAY)]


@pytest.mark.parametrize("number", [NUMBER, NUMBER.lower()])
@pytest.mark.parametrize(
    "written",
    [
        lambda number: number,
        wide,
        lambda number: f"{number[:6]}-{number[6:14]}-{number[14:]}",
        lambda number: f"{number[:6]} {number[6:14]}\u3000{number[14:]}",
        ".".join,
        "_".join,
        "\u200b".join,
        lambda number: f"2026{number}",
        lambda number: f"FS-{number}0017",
        lambda number: f"20-26{number[:3]}／{wide(number[3:])}-07",
        lambda number: f"关于{number}的事项",
    ],
)
def test_the_holders_number_is_found_however_it_is_written(number: str, written: object) -> None:
    assert callable(written)
    assert at_fault(written(number)) == [CASE]


@pytest.mark.parametrize(
    "name", [NAME, *(NAME.replace("·", dot) for dot in "•‧・･⋅∙.．-—"), "欧阳测试甲", "欧 阳　测 试 甲", "《欧阳·测试甲》"]
)
def test_the_holders_name_is_found_however_it_is_written(name: str) -> None:
    assert at_fault(f"关于{name}的事项", "purpose.matter_name") == ["purpose.matter_name"]


@pytest.mark.parametrize(
    ("name", "written"), [("ZOË  D'ARC", "Zoë ZOE DARC"), ("张甲", "张\u3000甲"), ("张 甲", "张甲"), ("ＡＤＡ", "ADA")]
)
def test_blanks_accents_width_and_capitals_make_no_other_name(name: str, written: str) -> None:
    assert at_fault(written, secret=(name,)) == [CASE]


@pytest.mark.parametrize(("name", "written"), [("Nu", "number-1"), ("LI", "LIWAN-2026-7"), ("Ota", "quota 3"), ("xu", "Xunjian")])
def test_a_short_latin_name_is_not_found_within_other_words(name: str, written: str) -> None:
    assert at_fault(written, secret=(name,)) == []


@pytest.mark.parametrize("written", ["NU", "迁入NU户", "case of Nu.", "ＮＵ-7", "nú 1", "17Nu18"])
def test_a_short_latin_name_is_found_as_a_word_of_its_own(written: str) -> None:
    assert at_fault(written, secret=("Nu",)) == [CASE]


def test_a_secret_of_signs_alone_is_in_no_text() -> None:
    assert at_fault("case-1", secret=("·", "-", "")) == []


def test_what_stands_in_two_texts_is_no_name() -> None:
    texts = {**forms.asked(request()), CASE: "FS-张", "purpose.operator.account": "甲-1"}
    assert personal.told(texts, ("张甲",), TODAY) == ()


@pytest.mark.parametrize(
    "said",
    [
        SOMEBODY,
        wide(SOMEBODY),
        f"FS-{SOMEBODY}.1",
        f"{SOMEBODY[:6]}-{SOMEBODY[6:14]}-{SOMEBODY[14:]}",
        f"配偶 {SOMEBODY[:6]} {SOMEBODY[6:14]} {SOMEBODY[14:]}",
        "440104-991225-123".replace("-", ""),
    ],
)
def test_anybodys_number_is_found_where_it_stands_by_itself(said: str) -> None:
    assert at_fault(said) == [CASE]


@pytest.mark.parametrize(
    "form",
    [
        "440600-20261121-{:04}",
        "FS 440600 20251121 {:04}",
        "20261121-440600-{:04}",
        "20261121440600{:06}",
        "44060020261121{:06}",
        "4406 0020 2611 2100 {:04}",
        "440600-261121-{:03}",
    ],
)
def test_a_case_number_with_region_day_and_serial_is_nobodys(form: str) -> None:
    assert [serial for serial in range(0, 1000, 7) if at_fault(form.format(serial))] == []


@settings(max_examples=100, deadline=None, database=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_to_fold_is_the_same_in_parts_and_as_a_whole(one: str, other: str) -> None:
    """So what holds a name holds it folded, whatever stands beside it."""
    assert personal.folded(one + other) == personal.folded(one) + personal.folded(other)
