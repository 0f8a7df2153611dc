"""Unified social credit codes: vectors, both checks, every single substitution."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.model.identifiers import CreditCode, Fault, InvalidIdentifier, is_credit_code
from gateway.model.identifiers.credit_code import ALPHABET, check_character, organisation_check_character


def with_check(body: str) -> str:
    """Append the one character that makes the weighted sum of GB 32100 divisible by 31, found by trying all."""
    fitting = [
        c for c in ALPHABET if (sum(pow(3, i) * ALPHABET.index(b) for i, b in enumerate(body)) + ALPHABET.index(c)) % 31 == 0
    ]
    assert len(fitting) == 1
    return body + fitting[0]


def with_organisation_check(eight: str) -> str:
    """Append the check character of GB 11714, in the words of the standard."""
    remainder = 11 - sum(w * int(c, 36) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), eight, strict=True)) % 11
    return eight + {10: "X", 11: "0"}.get(remainder, str(remainder))


CODES = st.builds(
    lambda kind, division, eight: with_check(kind + division + with_organisation_check(eight)),
    st.text(ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=8, max_size=8),
)


def fault_of(text: str) -> Fault | None:
    """Return why the text is refused, or None when it is read."""
    try:
        CreditCode.parse(text)
    except InvalidIdentifier as error:
        return error.fault
    return None


def test_valid_vectors(vectors: dict[str, Any]) -> None:
    for text in vectors["unified_social_credit_code"]["valid"]:
        code = CreditCode.parse(text)
        assert (code.code, str(code)) == (text, text)
        assert code.division == text[2:8]
        assert code.organisation_code == text[8:17]


def test_invalid_vectors(vectors: dict[str, Any]) -> None:
    expected = vectors["unified_social_credit_code"]["invalid"]
    assert {text: fault_of(text) for text in expected} == expected


def test_the_organisation_code_is_checked_too() -> None:
    assert fault_of(with_check("11440100M00000018")) is Fault.ORGANISATION_CHECK
    assert fault_of(with_check("11440100M00000019")) is None


@pytest.mark.parametrize("text", ["", "11440100M00000019", "11440100M00000019P0", " 11440100M00000019P"])
def test_wrong_length(text: str) -> None:
    assert fault_of(text) is Fault.LENGTH


@pytest.mark.parametrize(
    "text",
    [
        "11440100m00000019p",
        "11440100M00000019I",
        "11440100MO0000019P",
        "1144010AM00000019P",
        "11440100M0000001９P",
        "11440100M00000019\n",
    ],
)
def test_wrong_alphabet(text: str) -> None:
    assert fault_of(text) is Fault.ALPHABET


@given(CODES)
def test_a_valid_code_round_trips(text: str) -> None:
    code = CreditCode.parse(text)
    assert str(code) == text
    assert CreditCode.parse(str(code)) == code
    assert is_credit_code(text)
    assert check_character(text[:17]) == text[17]
    assert organisation_check_character(text[8:16]) == text[16]


@given(CODES, st.integers(0, 17), st.sampled_from(ALPHABET) | st.characters())
def test_any_single_changed_character_is_refused(text: str, place: int, other: str) -> None:
    """31 is prime and no weight is a multiple of it, so the whole check finds every single substitution."""
    assume(other != text[place])
    changed = text[:place] + other + text[place + 1 :]
    assert fault_of(changed) in {Fault.CHECK, Fault.ALPHABET}
    assert not is_credit_code(changed)


@given(st.text() | st.text(ALPHABET, min_size=18, max_size=18))
def test_parse_raises_nothing_else(text: str) -> None:
    assert (fault_of(text) is None) is is_credit_code(text)


@given(CODES)
def test_an_error_is_the_same_for_every_code(text: str) -> None:
    changed = text[:17] + ALPHABET[ALPHABET.index(text[17]) - 1]
    with pytest.raises(InvalidIdentifier) as caught:
        CreditCode.parse(changed)
    with pytest.raises(InvalidIdentifier) as other:
        CreditCode.parse("11440500000000000X")
    assert caught.value.args == other.value.args
    assert caught.value.what == "unified social credit code"
