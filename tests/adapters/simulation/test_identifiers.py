"""The numbers that registers give, against the published vectors of their standards."""

from datetime import date

import pytest

from adapters.simulation.identifiers import credit_code, elicence_identifier, organisation_code, resident_number


@pytest.mark.parametrize(
    ("division", "born", "sequence", "number"),
    [
        ("110105", date(1949, 12, 31), 2, "11010519491231002X"),
        ("440308", date(1999, 1, 10), 151, "440308199901101512"),
        ("440103", date(1885, 2, 28), 1, "440103188502280019"),
        ("440606", date(1896, 2, 29), 3, "440606189602290039"),
    ],
    ids=["check-x", "man", "last-of-february", "leap-day"],
)
def test_a_resident_number_is_as_published(division: str, born: date, sequence: int, number: str) -> None:
    assert resident_number(division, born, sequence) == number


@pytest.mark.parametrize(
    ("department", "division", "organisation", "code"),
    [
        ("91", "350100", "M000100Y", "91350100M000100Y43"),
        ("91", "440300", "70846113", "91440300708461136T"),
        ("91", "440101", "MA5CJMYA", "91440101MA5CJMYA97"),
        ("11", "110000", "00002113", "11110000000021135M"),
        ("11", "440100", "M0000001", "11440100M00000019P"),
        ("11", "440600", "M0000002", "11440600M00000027C"),
        ("11", "100000", "M0000003", "11100000M00000035K"),
    ],
)
def test_a_credit_code_is_as_published(department: str, division: str, organisation: str, code: str) -> None:
    assert credit_code(department, division, organisation) == code


@pytest.mark.parametrize(("body", "check"), [("00001333", "8"), ("M0000001", "9"), ("70846113", "6")])
def test_an_organisation_code_ends_in_its_check(body: str, check: str) -> None:
    assert organisation_code(body) == body + check


@pytest.mark.parametrize(
    ("type_code", "issuer", "serial", "check"),
    [
        ("11100000000013338W011", "11430000006122244L", "20230000403", "U"),
        ("11100000M00000035K001", "11440100M00000019P", "SYN2025000001", "0"),
        ("11100000M00000035K001", "11440600M00000027C", "SYN2025000001", "L"),
    ],
)
def test_an_elicence_identifier_is_as_published(type_code: str, issuer: str, serial: str, check: str) -> None:
    right = f"1.2.156.3005.2.{type_code}.{issuer}.{serial}.001.{check}"
    wrong = elicence_identifier(type_code, issuer, serial, wrong_check=True)
    assert elicence_identifier(type_code, issuer, serial) == right
    assert wrong[:-1] == right[:-1]
    assert wrong[-1] != right[-1]
