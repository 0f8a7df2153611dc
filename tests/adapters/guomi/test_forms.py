"""Signatures and ciphertexts in each form and back, and bytes that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.guomi.fault import GuomiError
from adapters.guomi.forms import (
    PRIME,
    CipherForm,
    SignatureForm,
    cipher_from_der,
    cipher_to_der,
    signature_from_der,
    signature_to_der,
)

CIPHERS = st.builds(
    lambda x, y, digest, text: b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") + digest + text,
    st.integers(0, PRIME - 1),
    st.integers(0, PRIME - 1),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=1, max_size=70),
)


@given(st.binary(min_size=64, max_size=64))
def test_a_signature_there_and_back(raw: bytes) -> None:
    assert signature_from_der(signature_to_der(raw, SignatureForm.RAW), SignatureForm.RAW) == raw


@given(CIPHERS, st.sampled_from(CipherForm))
def test_a_ciphertext_there_and_back(cipher: bytes, form: CipherForm) -> None:
    der = cipher_to_der(cipher, CipherForm.C1C3C2)
    assert cipher_to_der(cipher_from_der(der, form), form) == der
    assert cipher_from_der(der, CipherForm.C1C3C2) == cipher
    assert cipher_from_der(der, CipherForm.C1C2C3) == cipher[:65] + cipher[97:] + cipher[65:97]


@given(st.binary(max_size=300), st.sampled_from(CipherForm))
def test_bytes_are_a_ciphertext_or_refused(noise: bytes, form: CipherForm) -> None:
    try:
        der = cipher_to_der(noise, form)
    except GuomiError:
        return
    assert cipher_from_der(der, form) == noise


@given(CIPHERS, st.binary(min_size=1, max_size=3))
def test_nothing_follows_after_the_end_of_a_sequence(cipher: bytes, more: bytes) -> None:
    with pytest.raises(GuomiError):
        cipher_to_der(cipher_to_der(cipher, CipherForm.C1C3C2) + more, CipherForm.DER)


@pytest.mark.parametrize("x", [PRIME, 2**256 - 1])
def test_a_coordinate_out_of_range(x: int) -> None:
    with pytest.raises(GuomiError, match="out of range"):
        cipher_to_der(b"\x04" + x.to_bytes(32, "big") + bytes(32 + 32 + 5), CipherForm.C1C3C2)
