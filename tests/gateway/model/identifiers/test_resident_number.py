"""Resident identity numbers: the vectors of GB 11643, its laws, and that none of them is ever printed.

Numbers made here carry birth dates before 1900; those of fifteen digits, which have no such dates, carry a division
that does not exist.
"""

import string
import traceback
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.model.identifiers import Fault, InvalidIdentifier, ResidentFinding, ResidentKind, ResidentNumber, Sex
from gateway.model.identifiers.resident_number import check_character

TODAY = date(2026, 1, 1)
DIVISIONS = ("440103", "440116", "440606", "440681", "110105", "810000", "820000", "830000", "932682", "911124")


def with_check(body: str) -> str:
    """Append the one character that ISO/IEC 7064 MOD 11-2 asks for, found by trying all eleven."""
    fitting = [c for c in "0123456789X" if horner(body + c) == 1]
    assert len(fitting) == 1
    return body + fitting[0]


def horner(number: str) -> int:
    """Return the MOD 11-2 residue in the standard's own recursive form; 1 for a valid number."""
    residue = 0
    for character in number:
        residue = (residue * 2 + (10 if character == "X" else int(character))) % 11
    return residue


BODIES = st.builds(
    lambda division, born, sequence: f"{division}{born:%Y%m%d}{sequence:03}",
    st.sampled_from(DIVISIONS),
    st.dates(date(1800, 1, 1), date(1899, 12, 31)),
    st.integers(0, 999),
)
NUMBERS = BODIES.map(with_check)


def fault_of(text: str, today: date = TODAY) -> Fault | None:
    """Return why the text is refused, or None when it is read."""
    try:
        ResidentNumber.parse(text, today)
    except InvalidIdentifier as error:
        return error.fault
    return None


def test_valid_vectors(vectors: dict[str, Any], today: date) -> None:
    for text in vectors["resident_number"]["valid"]:
        number = ResidentNumber.parse(text, today)
        permit = text[:2] in {"81", "82", "83"}
        assert number.number == text
        assert number.kind is (ResidentKind.RESIDENCE_PERMIT if permit else ResidentKind.RESIDENT)
        assert number.division == (None if permit else text[:6])
        assert f"{number.born:%Y%m%d}" == text[6:14]
        assert number.findings == ()


def test_valid_foreign_permanent_residents(vectors: dict[str, Any], today: date) -> None:
    for text in vectors["resident_number"]["valid_foreign_permanent_resident"]:
        number = ResidentNumber.parse(text, today)
        assert number.kind is ResidentKind.FOREIGN_PERMANENT_RESIDENT
        assert number.division is None
        assert f"{number.born:%Y%m%d}" == text[6:14]


def test_fifteen_digits_become_eighteen(vectors: dict[str, Any], today: date) -> None:
    for short, full in vectors["resident_number"]["from_15_digits"].items():
        assert ResidentNumber.parse(short, today) == ResidentNumber.parse(full, today)
        assert ResidentNumber.parse(short, today).number == full


def test_invalid_vectors(vectors: dict[str, Any]) -> None:
    expected = vectors["resident_number"]["invalid"]
    assert {text: fault_of(text) for text in expected} == expected


def test_sex_is_the_parity_of_the_sequence() -> None:
    assert ResidentNumber.parse(with_check("44010318850228001"), TODAY).sex is Sex.MALE
    assert ResidentNumber.parse(with_check("44010318850228002"), TODAY).sex is Sex.FEMALE


def test_a_lower_case_x_is_the_same_number() -> None:
    number = next(n for n in (with_check(f"44010318850228{i:03}") for i in range(99)) if n.endswith("X"))
    assert ResidentNumber.parse(number.lower(), TODAY) == ResidentNumber.parse(number, TODAY)


@pytest.mark.parametrize("division", ["440199", "440601", "000000"])
def test_an_unknown_division_is_a_finding(division: str) -> None:
    number = ResidentNumber.parse(with_check(f"{division}18850228001"), TODAY)
    assert number.findings == (ResidentFinding.UNKNOWN_DIVISION,)
    assert number.division == division


@pytest.mark.parametrize("division", ["440102", "440184", "440624", "440103", "310101"])
def test_abandoned_divisions_and_those_of_other_places_are_no_finding(division: str) -> None:
    assert ResidentNumber.parse(with_check(f"{division}18850228001"), TODAY).findings == ()


def test_the_former_foreign_form_claims_nothing() -> None:
    number = ResidentNumber.parse("QQQ000000000000", TODAY)
    assert number.kind is ResidentKind.FOREIGN_PERMANENT_RESIDENT_FORMER
    assert number.number == "QQQ000000000000"
    assert (number.born, number.sex, number.division, number.findings) == (None, None, None, ())


@pytest.mark.parametrize("text", ["", "4", "44010318850228001", "44010318850228001XX", " " * 16, "4401031885022800 19"])
def test_wrong_length(text: str) -> None:
    assert fault_of(text) is Fault.LENGTH


@pytest.mark.parametrize(
    "text",
    [
        "44010318850228001Y",
        "4401031885022X0019",
        "４４０１０３１８８５０２２８００１９",
        "44010318850228001\N{FULLWIDTH DIGIT NINE}",
        "44010318850228001\N{ARABIC-INDIC DIGIT NINE}",
        "44010318850228001\n",
        " 44010318850228001",
        "00000085022800X",
        "qqq000000000000",
        "QQ0000000000000",
        "QQQQ00000000000",
        "QQQ00000000000\N{ARABIC-INDIC DIGIT NINE}",
    ],
)
def test_wrong_alphabet(text: str) -> None:
    assert fault_of(text) is Fault.ALPHABET


@pytest.mark.parametrize("prefix", ["81", "82", "83", "9"])
def test_permits_never_had_fifteen_digits(prefix: str) -> None:
    assert fault_of(prefix.ljust(6, "0") + "850228001") is Fault.FORM


@pytest.mark.parametrize("born", ["00000101", "18850229", "18851301", "18850001", "18850100", "18850431"])
def test_no_real_birth_date(born: str) -> None:
    assert fault_of(with_check(f"440103{born}001")) is Fault.BIRTH_DATE


def test_nobody_is_born_after_today() -> None:
    number = with_check("44010318850228001")
    assert fault_of(number, date(1885, 2, 28)) is None
    assert fault_of(number, date(1885, 2, 27)) is Fault.BIRTH_DATE


@pytest.mark.parametrize("length", [0, 16, 18])
def test_the_check_takes_seventeen_digits(length: int) -> None:
    with pytest.raises(ValueError, match=r"shorter|longer"):
        check_character("1" * length)


@given(BODIES)
def test_the_check_is_iso_7064_mod_11_2(body: str) -> None:
    assert body + check_character(body) == with_check(body)


@given(NUMBERS)
def test_a_valid_number_round_trips(text: str) -> None:
    number = ResidentNumber.parse(text, TODAY)
    assert number.number == text
    assert f"{number.born:%Y%m%d}" == text[6:14]
    assert ResidentNumber.parse(number.number, TODAY) == number


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999))
def test_a_short_number_is_the_full_one(born: date, sequence: int) -> None:
    short = ResidentNumber.parse(f"000000{born:%y%m%d}{sequence:03}", TODAY)
    assert short == ResidentNumber.parse(with_check(f"000000{born:%Y%m%d}{sequence:03}"), TODAY)


@given(NUMBERS, st.integers(0, 17), st.sampled_from(string.digits + "Xx") | st.characters())
def test_any_single_changed_character_is_refused(text: str, place: int, other: str) -> None:
    """MOD 11-2 finds every single substitution; a date that stopped being one is named before the check."""
    assume(other.upper() != text[place])
    fault = fault_of(text[:place] + other + text[place + 1 :])
    assert fault in ({Fault.CHECK, Fault.ALPHABET, Fault.BIRTH_DATE} if 6 <= place < 14 else {Fault.CHECK, Fault.ALPHABET})


@given(NUMBERS | st.just("000000850228001"), st.data(), st.sampled_from([0xFF10, 0x0660]))
def test_digits_of_another_script_are_refused(text: str, data: st.DataObject, zero: int) -> None:
    """Full-width and Arabic-Indic digits have the same values, and are still not the number."""
    place = data.draw(st.integers(0, len(text) - 2))
    assert fault_of(text[:place] + chr(zero + int(text[place])) + text[place + 1 :]) is Fault.ALPHABET


@given(NUMBERS, st.integers(0, 16))
def test_swapped_neighbours_are_refused(text: str, place: int) -> None:
    assume(text[place] != text[place + 1])
    assert fault_of(text[:place] + text[place + 1] + text[place] + text[place + 2 :]) is not None


@given(
    st.text() | st.text(string.digits + "Xx", min_size=15, max_size=18) | st.from_regex(r"[A-Z]{3}[0-9]{12}"),
    st.dates(),
)
def test_parse_raises_nothing_else(text: str, today: date) -> None:
    assert fault_of(text, today) in {None, *Fault}


@given(NUMBERS)
def test_printing_a_number_shows_nothing_of_it(text: str) -> None:
    number = ResidentNumber.parse(text, TODAY)
    for shown in (repr(number), str(number), f"{number}", f"{number!r:>60}", repr([number])):
        assert not any(character.isdigit() for character in shown)


@given(NUMBERS, st.sampled_from([Fault.LENGTH, Fault.ALPHABET, Fault.BIRTH_DATE, Fault.CHECK]))
def test_an_error_is_the_same_for_every_number(text: str, fault: Fault) -> None:
    """The sentence cannot repeat the number, since it does not depend on it; neither can what is chained to it."""
    broken = {
        Fault.LENGTH: text + "0",
        Fault.ALPHABET: text[:-1] + "Y",
        Fault.BIRTH_DATE: text[:10] + "99" + text[12:],
        Fault.CHECK: text[:17] + ("1" if text[17] == "0" else "0"),
    }
    errors = [error_of(broken[fault], TODAY), error_of(OTHERS[fault], TODAY)]
    assert [error.fault for error in errors] == [fault, fault]
    assert errors[0].args == errors[1].args
    assert str(errors[0]) == str(errors[1])
    assert errors[0].__cause__ is errors[0].__context__ is None
    assert text[:6] not in "".join(traceback.format_exception(errors[0]))


OTHERS = {
    Fault.LENGTH: "",
    Fault.ALPHABET: "?" * 18,
    Fault.BIRTH_DATE: "9" * 18,
    Fault.CHECK: "440103188502280010",
}


def error_of(text: str, today: date) -> InvalidIdentifier:
    """Return the error that reading the text raises."""
    with pytest.raises(InvalidIdentifier) as caught:
        ResidentNumber.parse(text, today)
    return caught.value


def test_a_number_cannot_be_changed() -> None:
    number = ResidentNumber.parse(with_check("44010318850228001"), TODAY)
    with pytest.raises(AttributeError):
        number.born = TODAY + timedelta(1)  # type: ignore[misc]
