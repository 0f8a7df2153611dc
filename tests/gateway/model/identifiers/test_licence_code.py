"""Guangdong's older licence codes: opaque, of one form, never printed."""

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identifiers import Fault, InvalidIdentifier, LicenceCode

CODES = st.builds(
    str.__add__,
    st.text(string.digits, min_size=10, max_size=10),
    st.text(string.digits + string.ascii_letters, min_size=8, max_size=8),
)


def test_parts() -> None:
    code = LicenceCode.parse("4401032025aB12cD34")
    assert (code.division, code.year, code.serial) == ("440103", 2025, "aB12cD34")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.LENGTH),
        ("4401032025aB12cD3", Fault.LENGTH),
        ("4401032025aB12cD345", Fault.LENGTH),
        ("440103202AaB12cD34", Fault.ALPHABET),
        ("4401032025aB12-D34", Fault.ALPHABET),
        ("4401032025aB12cD3\n", Fault.ALPHABET),
        ("44010320２5aB12cD34", Fault.ALPHABET),
    ],
)
def test_refusals(text: str, fault: Fault) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        LicenceCode.parse(text)
    assert caught.value.fault is fault


@given(CODES)
def test_a_code_is_kept_as_it_stands_and_never_printed(text: str) -> None:
    code = LicenceCode.parse(text)
    assert code.code == f"{code.division}{code.year:04}{code.serial}" == text
    assert repr(code) == str(code) == "<LicenceCode redacted>"


@given(st.text() | st.text(string.digits, min_size=17, max_size=19))
def test_parse_raises_nothing_else(text: str) -> None:
    with contextlib.suppress(InvalidIdentifier):
        assert LicenceCode.parse(text).code == text
