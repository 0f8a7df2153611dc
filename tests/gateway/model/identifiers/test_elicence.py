"""E-licence identifiers: parts, findings in their order, the MOD 37,36 laws, strictness on demand."""

import contextlib
import string
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.model.identifiers import ELicenceFinding, ELicenceIdentifier, Fault, InvalidIdentifier, check_character
from gateway.model.identifiers.elicence import OID

ALPHABET = string.digits + string.ascii_uppercase
TYPE = "11100000M00000035K001"
ISSUER = "11440100M00000019P"


def residue(text: str) -> int:
    """Return the residue of ISO/IEC 7064 MOD 37,36 over text and check character; 1 for a valid string."""
    product, total = 36, 0
    for character in text:
        total = (product % 37 + int(character, 36)) % 36
        product = (total or 36) * 2
    return total


def identifier(serial: str, version: str = "001", *, type_code: str = TYPE, issuer: str = ISSUER) -> str:
    """Return an identifier whose check character is the only one of 36 that fits."""
    payload = type_code + issuer + serial + version
    fitting = [c for c in ALPHABET if residue(payload + c) == 1]
    assert len(fitting) == 1
    return f"{OID}.{type_code}.{issuer}.{serial}.{version}.{fitting[0]}"


SERIALS = st.text(ALPHABET, min_size=1, max_size=40)
IDENTIFIERS = st.builds(identifier, SERIALS, st.integers(0, 999).map("{:03}".format))
# Visible characters without dots: what a part may be at worst; five of them stay within the length.
PARTS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="."), min_size=1, max_size=21)


def test_valid_vectors(vectors: dict[str, Any]) -> None:
    for text in vectors["elicence_identifier"]["valid"]:
        read = ELicenceIdentifier.parse(text)
        assert read.findings == ()
        assert read.strict() is read
        assert read.text == text
        assert text.split(".")[5:] == [read.type_code, read.issuer, read.serial, read.version, read.check]
        assert read.type_definer == read.type_code[:18]


def test_vectors_with_findings(vectors: dict[str, Any]) -> None:
    for text, expected in vectors["elicence_identifier"]["findings"].items():
        read = ELicenceIdentifier.parse(text)
        assert list(read.findings) == expected
        assert read.text == text


def test_check_vectors(vectors: dict[str, Any]) -> None:
    expected = vectors["elicence_identifier"]["mod_37_36"]
    assert {payload: check_character(payload) for payload in expected} == expected


@pytest.mark.parametrize(
    ("text", "finding", "fault"),
    [
        (identifier("A1", type_code="11100000M00000035K01"), ELicenceFinding.TYPE_FORM, Fault.FORM),
        (identifier("A1", type_code="11100000M00000035K0A1"), ELicenceFinding.TYPE_FORM, Fault.FORM),
        (
            identifier("A1", type_code="11100000M00000035L001"),
            ELicenceFinding.TYPE_DEFINER_NOT_CREDIT_CODE,
            Fault.FORM,
        ),
        (identifier("A1", issuer="440100"), ELicenceFinding.ISSUER_NOT_CREDIT_CODE, Fault.FORM),
        (identifier("A1", version="01"), ELicenceFinding.VERSION_FORM, Fault.FORM),
        (identifier("A1")[:-1] + "?", ELicenceFinding.CHECK, Fault.CHECK),
        (identifier("A1") + "0", ELicenceFinding.CHECK, Fault.CHECK),
    ],
)
def test_each_odd_part_is_one_finding(text: str, finding: ELicenceFinding, fault: Fault) -> None:
    read = ELicenceIdentifier.parse(text)
    assert read.findings == (finding,)
    with pytest.raises(InvalidIdentifier) as caught:
        read.strict()
    assert caught.value.fault is fault


def test_a_serial_beyond_the_alphabet_has_no_check() -> None:
    read = ELicenceIdentifier.parse(f"{OID}.{TYPE}.{ISSUER}.粤a-1.001.0")
    assert read.findings == (ELicenceFinding.SERIAL_FORM, ELicenceFinding.CHECK)
    with pytest.raises(InvalidIdentifier) as caught:
        read.strict()
    assert caught.value.fault is Fault.ALPHABET


def test_findings_stand_in_the_order_of_the_parts() -> None:
    read = ELicenceIdentifier.parse(f"{OID}.a.b.c-.d.ee")
    assert read.findings == tuple(ELicenceFinding)


def test_a_check_over_the_root_is_found() -> None:
    """Some vendors take the root into the check: the result differs."""
    wrong = check_character("12156300520" + TYPE + ISSUER + "A1" + "001")
    assert wrong != identifier("A1")[-1]
    assert ELicenceIdentifier.parse(identifier("A1")[:-1] + wrong).findings == (ELicenceFinding.CHECK,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        OID,
        f"{OID}.",
        f"{OID}.....",
        f"{OID}.a.b.c.d",
        f"{OID}.a.b.c.d.e.f",
        f"{OID}.a.b..d.e",
        f"{OID}.a.b. .d.e",
        f"{OID}.a.b.c\n.d.e",
        f"{OID}.a.b.c\u200b.d.e",
        f" {OID}.a.b.c.d.e",
        f"{OID}.a.b.c.d.e ",
        "1.2.156.3005.3.a.b.c.d.e",
        "1x2x156x3005x2.a.b.c.d.e",
        "a.b.c.d.e",
        f"{OID}。a。b。c。d。e",
    ],
)
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        ELicenceIdentifier.parse(text)
    assert caught.value.fault is Fault.FORM


def test_an_endless_identifier_is_refused() -> None:
    room = 128 - len(identifier(""))
    assert ELicenceIdentifier.parse(identifier("1" * room)).findings == ()
    with pytest.raises(InvalidIdentifier) as caught:
        ELicenceIdentifier.parse(identifier("1" * (room + 1)))
    assert caught.value.fault is Fault.LENGTH


@pytest.mark.parametrize("payload", ["a", "A.B", "Ａ", "\N{ARABIC-INDIC DIGIT NINE}"])
def test_the_check_refuses_what_is_beyond_its_alphabet(payload: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        check_character(payload)
    assert caught.value.fault is Fault.ALPHABET


@given(IDENTIFIERS)
def test_a_valid_identifier_round_trips(text: str) -> None:
    read = ELicenceIdentifier.parse(text)
    assert read.text == text
    assert read.findings == ()
    assert check_character(read.payload) == read.check
    assert ELicenceIdentifier.parse(read.text) == read


@given(st.text(ALPHABET))
def test_the_check_is_iso_7064_mod_37_36(payload: str) -> None:
    assert residue(payload + check_character(payload)) == 1


@given(SERIALS, st.data(), st.sampled_from(ALPHABET))
def test_any_single_changed_character_of_the_payload_changes_the_check(payload: str, data: st.DataObject, other: str) -> None:
    """Each step of MOD 37,36 is a bijection, so two payloads that differ in one place never share a check."""
    place = data.draw(st.integers(0, len(payload) - 1))
    assume(other != payload[place])
    assert check_character(payload[:place] + other + payload[place + 1 :]) != check_character(payload)


@given(IDENTIFIERS, st.data(), st.sampled_from(ALPHABET))
def test_any_single_changed_character_is_found(text: str, data: st.DataObject, other: str) -> None:
    place = data.draw(st.integers(len(OID) + 1, len(text) - 1))
    assume(text[place] not in {".", other})
    assert ELicenceFinding.CHECK in ELicenceIdentifier.parse(text[:place] + other + text[place + 1 :]).findings


@given(st.lists(PARTS, min_size=5, max_size=5))
def test_the_dotted_shape_is_always_read(parts: list[str]) -> None:
    text = ".".join([OID, *parts])
    read = ELicenceIdentifier.parse(text)
    assert read.text == text
    assert read.findings


@given(st.text() | st.text().map(f"{OID}.".__add__))
def test_parse_raises_nothing_else(text: str) -> None:
    with contextlib.suppress(InvalidIdentifier):
        assert ELicenceIdentifier.parse(text).text == text


@given(IDENTIFIERS)
def test_printing_an_identifier_shows_its_findings_only(text: str) -> None:
    read = ELicenceIdentifier.parse(text)
    assert repr(read) == str(read) == f"{read}" == "<ELicenceIdentifier redacted, findings: none>"
    odd = ELicenceIdentifier.parse(text + "0")
    assert repr(odd) == str(odd) == "<ELicenceIdentifier redacted, findings: CHECK>"


@given(IDENTIFIERS)
def test_strictness_says_the_same_of_every_identifier(text: str) -> None:
    sentences = set()
    for odd in (text + "0", identifier("A1") + "0"):
        with pytest.raises(InvalidIdentifier) as caught:
            ELicenceIdentifier.parse(odd).strict()
        sentences.add(str(caught.value))
    assert len(sentences) == 1
