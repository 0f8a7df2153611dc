"""SM4 by the standards' examples; what was altered is refused, and always with the same words."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.guomi.fault import GuomiError
from adapters.guomi.sm4 import cbc_decrypt, cbc_encrypt, gcm_decrypt, gcm_encrypt
from tests.adapters.guomi.vectors import GCM_ASSOCIATED, GCM_CIPHER, GCM_NONCE, GCM_PLAIN, SM4_BLOCK, SM4_KEY

VECTOR = bytes(range(16))
UNOPENED = "an SM4 ciphertext is malformed, altered or under another key"


def test_the_standards_block() -> None:
    assert cbc_encrypt(SM4_KEY, bytes(16), SM4_KEY)[:16] == SM4_BLOCK


def test_the_rfcs_gcm() -> None:
    assert gcm_encrypt(SM4_KEY, GCM_NONCE, GCM_PLAIN, GCM_ASSOCIATED) == GCM_CIPHER
    assert gcm_decrypt(SM4_KEY, GCM_NONCE, GCM_CIPHER, GCM_ASSOCIATED) == GCM_PLAIN


@given(st.binary(max_size=100), st.binary(min_size=16, max_size=16))
def test_there_and_back(plain: bytes, key: bytes) -> None:
    assert cbc_decrypt(key, VECTOR, cbc_encrypt(key, VECTOR, plain)) == plain
    assert gcm_decrypt(key, GCM_NONCE, gcm_encrypt(key, GCM_NONCE, plain, b"a"), b"a") == plain


@given(st.binary(max_size=100))
def test_bytes_open_or_are_refused_in_the_same_words(noise: bytes) -> None:
    for attempt in (lambda: cbc_decrypt(SM4_KEY, VECTOR, noise), lambda: gcm_decrypt(SM4_KEY, GCM_NONCE, noise)):
        assert _refused(attempt) in {"", UNOPENED}


def _refused(attempt: Callable[[], bytes]) -> str:
    try:
        attempt()
    except GuomiError as error:
        return str(error)
    return ""


@given(st.integers(0, len(GCM_CIPHER) - 1), st.integers(1, 255))
def test_a_flipped_byte_never_opens(place: int, mask: int) -> None:
    altered = bytearray(GCM_CIPHER)
    altered[place] ^= mask
    with pytest.raises(GuomiError, match=UNOPENED):
        gcm_decrypt(SM4_KEY, GCM_NONCE, bytes(altered), GCM_ASSOCIATED)
    with pytest.raises(GuomiError, match=UNOPENED):
        gcm_decrypt(SM4_KEY, GCM_NONCE, GCM_CIPHER, GCM_ASSOCIATED[1:])


@pytest.mark.parametrize(("key", "vector"), [(bytes(15), VECTOR), (bytes(32), VECTOR), (SM4_KEY, bytes(15)), (SM4_KEY, b"")])
def test_sizes(key: bytes, vector: bytes) -> None:
    for attempt in (lambda: cbc_encrypt(key, vector, b""), lambda: cbc_decrypt(key, vector, bytes(16))):
        with pytest.raises(GuomiError, match="16 bytes"):
            attempt()
    with pytest.raises(GuomiError, match="12 bytes"):
        gcm_decrypt(SM4_KEY, vector, bytes(16))
