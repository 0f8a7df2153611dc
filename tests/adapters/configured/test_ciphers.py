"""Encrypted texts: opened by the key that they are for, in each spelling; anything else is refused, and in one way."""

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.configured.ciphers import opener
from adapters.guomi.sm2 import PrivateKey
from adapters.guomi.sm4 import cbc_encrypt
from gateway.model.interface import Cipher
from gateway.model.refusal import Refusal
from tests.adapters.configured.departments import FIELD_KEY, VECTOR

KEYS = {"sm4": FIELD_KEY.hex(), "sm2": bytes([1] * 32).hex()}
SEALED = VECTOR + cbc_encrypt(FIELD_KEY, VECTOR, "测试甲".encode())


def test_each_cipher_in_each_spelling() -> None:
    for spelling, text in (("hex", SEALED.hex()), ("hex-upper", SEALED.hex().upper()), ("base64", b64encode(SEALED).decode())):
        assert opener(Cipher("sm4-cbc", "sm4", spelling), KEYS, "here")(text, "where") == "测试甲"
    sealed = PrivateKey(bytes([1] * 32)).public.encrypt("测试甲".encode()).hex()
    assert opener(Cipher("sm2", "sm2", "hex"), KEYS, "here")(sealed, "where") == "测试甲"


@settings(max_examples=40)
@given(
    st.sampled_from(["sm4-cbc", "aes-cbc", "sm2"]), st.text(max_size=80) | st.binary(max_size=80).map(bytes.hex) | st.integers()
)
def test_a_text_or_a_refusal(algorithm: str, value: object) -> None:
    open_ = opener(Cipher(algorithm, "sm2" if algorithm == "sm2" else "sm4", "hex"), KEYS, "here")
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID") as caught:
        open_(value, "where")
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
