"""Holder id types: the listed codes, whom they name, and each one's rule."""

import contextlib
import string
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identifiers import Fault, HolderIdType, HolderKind, InvalidIdentifier, parse_holder_number

CODES = {"001", "099", "111", "114", "115", "411", "412", "413", "414", "511", "516", "551", "552", "999"}
TODAY = date(2026, 1, 1)


def fault_of(code: str, text: str) -> Fault | None:
    """Return why the number is refused under the type, or None when it is read as it stands."""
    try:
        assert parse_holder_number(HolderIdType.parse(code), text, TODAY) == text
    except InvalidIdentifier as error:
        return error.fault
    return None


def test_the_listed_codes_and_no_other() -> None:
    assert {id_type.value for id_type in HolderIdType} == CODES
    assert {HolderIdType.parse(code) for code in CODES} == set(HolderIdType)


def test_organisations_and_persons() -> None:
    organisations = {id_type.value for id_type in HolderIdType if id_type.holder_kind is HolderKind.ORGANISATION}
    assert organisations == {"001", "099"}
    assert {id_type.holder_kind for id_type in HolderIdType if id_type not in organisations} == {HolderKind.PERSON}


@given(st.text() | st.text(string.digits, min_size=3, max_size=3))
def test_an_unlisted_code_is_refused(code: str) -> None:
    if code in CODES:
        assert HolderIdType.parse(code) == code
        return
    with pytest.raises(InvalidIdentifier) as caught:
        HolderIdType.parse(code)
    assert caught.value.fault is Fault.UNKNOWN_CODE
    assert str(caught.value).startswith("holder id type code: ")


def test_type_111_takes_all_resident_numbers(vectors: dict[str, Any]) -> None:
    known = vectors["resident_number"]
    for text in [*known["valid"], *known["valid_foreign_permanent_resident"]]:
        assert parse_holder_number(HolderIdType.RESIDENT_NUMBER, text, TODAY) == text
        assert parse_holder_number(HolderIdType.RESIDENT_NUMBER, text.lower(), TODAY) == text
    for short, full in known["from_15_digits"].items():
        assert parse_holder_number(HolderIdType.RESIDENT_NUMBER, short, TODAY) == full
    assert {text: fault_of("111", text) for text in known["invalid"]} == known["invalid"]


def test_today_bounds_the_birth_date(vectors: dict[str, Any]) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        parse_holder_number(HolderIdType.RESIDENT_NUMBER, vectors["resident_number"]["valid"][0], date(1900, 1, 1))
    assert caught.value.fault is Fault.BIRTH_DATE


def test_type_001_takes_credit_codes(vectors: dict[str, Any]) -> None:
    known = vectors["unified_social_credit_code"]
    assert {fault_of("001", text) for text in known["valid"]} == {None}
    assert {text: fault_of("001", text) for text in known["invalid"]} == known["invalid"]


@pytest.mark.parametrize("code", ["551", "552"])
def test_residence_permits_of_eighteen_characters_are_checked(code: str, vectors: dict[str, Any]) -> None:
    for text in (t for t in vectors["resident_number"]["valid"] if t.startswith("8")):
        assert fault_of(code, text) is None
        assert fault_of(code, text[:-1] + str((int(text[-1]) + 1) % 10)) is Fault.CHECK
    assert fault_of(code, "00000000") is None
    assert fault_of(code, "QQQ000000000000") is None
    assert fault_of(code, "0" * 16) is Fault.LENGTH


@pytest.mark.parametrize(
    ("codes", "shortest", "longest"),
    [
        (("411", "412", "413", "414"), 4, 9),
        (("511",), 8, 12),
        (("516",), 9, 11),
        (("551", "552"), 8, 15),
        (("114", "115"), 4, 32),
        (("099", "999"), 1, 64),
    ],
)
def test_lengths(codes: tuple[str, ...], shortest: int, longest: int) -> None:
    for code in codes:
        assert fault_of(code, "E" * (shortest - 1)) is Fault.LENGTH
        assert fault_of(code, "E" * shortest) is None
        assert fault_of(code, "E" * longest) is None
        assert fault_of(code, "E" * (longest + 1)) is Fault.LENGTH


@pytest.mark.parametrize("code", ["411", "412", "413", "414", "511", "516", "551", "552"])
@pytest.mark.parametrize("odd", ["e", "-", " ", "字", "Ｅ", "\N{ARABIC-INDIC DIGIT NINE}", "\n"])
def test_travel_documents_have_digits_and_capitals(code: str, odd: str) -> None:
    assert fault_of(code, "E00000000") is None
    assert fault_of(code, "E0000000" + odd) is Fault.ALPHABET


@pytest.mark.parametrize("code", ["099", "114", "115", "999"])
@pytest.mark.parametrize("odd", [" ", "\n", "\u3000", "\u200b", "\x00", "Ｅ", "ｅ", "０", "\ud800"])
def test_other_documents_have_visible_characters(code: str, odd: str) -> None:
    assert fault_of(code, "军字第(00-a)号") is None
    assert fault_of(code, "军字第（00）号") is None
    assert fault_of(code, f"军字{odd}第00号") is Fault.ALPHABET


@given(st.sampled_from(HolderIdType), st.text() | st.text(string.digits + string.ascii_uppercase, max_size=20))
def test_reading_raises_nothing_else_and_is_settled(id_type: HolderIdType, text: str) -> None:
    """What is read once reads the same again."""
    with contextlib.suppress(InvalidIdentifier):
        canonical = parse_holder_number(id_type, text, TODAY)
        assert parse_holder_number(id_type, canonical, TODAY) == canonical
