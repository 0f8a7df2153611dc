"""SM2 by the standard's own examples; what is malformed, altered or another's is refused with one exception."""

import ctypes
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.guomi.fault import GuomiError
from adapters.guomi.forms import ORDER, CipherForm, SignatureForm
from adapters.guomi.libcrypto import libcrypto
from adapters.guomi.sm2 import DEFAULT_USER, LONGEST_USER, PrivateKey, PublicKey
from tests.adapters.guomi.vectors import C1, C2, C3, ENCRYPTED, PRIVATE, PUBLIC, SIGNATURE, SIGNED
from tests.fuzzing import TIMES

KEY = PrivateKey(PRIVATE)
OTHER = PrivateKey(bytes(31) + b"\x05")


def test_the_standards_key_signature_and_ciphertext() -> None:
    assert KEY.public.point == PUBLIC
    PublicKey(PUBLIC[1:]).verify(SIGNED, SIGNATURE, SignatureForm.RAW)
    assert KEY.decrypt(C1 + C3 + C2) == ENCRYPTED
    assert KEY.decrypt(C1 + C2 + C3, CipherForm.C1C2C3) == ENCRYPTED


@settings(max_examples=25 * TIMES)
@given(st.binary(max_size=300), st.binary(min_size=1, max_size=40), st.sampled_from(SignatureForm))
def test_what_was_signed_verifies_and_nothing_else_does(message: bytes, user: bytes, form: SignatureForm) -> None:
    signature = KEY.sign(message, form, user)
    KEY.public.verify(message, signature, form, user)
    for public, text, name in (
        (OTHER.public, message, user),
        (KEY.public, message + b"\0", user),
        (KEY.public, message, user + b"\0"),
    ):
        with pytest.raises(GuomiError, match="does not fit"):
            public.verify(text, signature, form, name)


@settings(max_examples=25 * TIMES)
@given(st.binary(min_size=1, max_size=300), st.sampled_from(CipherForm))
def test_what_was_encrypted_opens_and_only_for_its_key(plain: bytes, form: CipherForm) -> None:
    cipher = KEY.public.encrypt(plain, form)
    assert KEY.decrypt(cipher, form) == plain
    with pytest.raises(GuomiError, match="another key"):
        OTHER.decrypt(cipher, form)


def test_the_default_user_is_the_standards() -> None:
    KEY.public.verify(b"text", KEY.sign(b"text", user=DEFAULT_USER))
    with pytest.raises(GuomiError):
        KEY.public.verify(b"text", KEY.sign(b"text", user=b"ALICE123@YAHOO.COM"))
    assert KEY.sign(b"text", user=b"u" * LONGEST_USER)
    for user in (b"", b"u" * (LONGEST_USER + 1)):
        with pytest.raises(GuomiError, match="id of an SM2 user"):
            KEY.sign(b"text", user=user)


@pytest.mark.parametrize("scalar", [b"", bytes(32), bytes(31), (ORDER - 1).to_bytes(32, "big"), b"\xff" * 32, PRIVATE + b"\0"])
def test_no_private_key(scalar: bytes) -> None:
    with pytest.raises(GuomiError, match="private key"):
        PrivateKey(scalar)


@pytest.mark.parametrize(
    "point",
    [b"", bytes(1), bytes(64), b"\xff" * 64, PUBLIC[:-1], PUBLIC[1:-1] + b"\0", b"\x02" + PUBLIC[1:33], b"\x05" + PUBLIC[1:]],
)
def test_no_point_on_the_curve(point: bytes) -> None:
    with pytest.raises(GuomiError, match="public key"):
        PublicKey(point)


@pytest.mark.parametrize(
    "signature", [b"", bytes(64), bytes(63), b"\xff" * 64, SIGNATURE + b"\0", SIGNATURE[32:] + SIGNATURE[:32]]
)
@pytest.mark.parametrize("form", SignatureForm)
def test_no_signature(signature: bytes, form: SignatureForm) -> None:
    with pytest.raises(GuomiError, match="SM2 signature"):
        KEY.public.verify(SIGNED, signature, form)


OFF_CURVE = C1[:-1] + b"\0"


@pytest.mark.parametrize(
    "cipher",
    [b"", C1, C1 + C3, C1[1:] + C3 + C2, OFF_CURVE + C3 + C2, b"\x04" + b"\xff" * 64 + C3 + C2, C1 + C3 + C2[:-1], bytes(200)],
)
@pytest.mark.parametrize("form", CipherForm)
def test_no_ciphertext(cipher: bytes, form: CipherForm) -> None:
    with pytest.raises(GuomiError, match="SM2"):
        KEY.decrypt(cipher, form)


def test_an_empty_text_is_not_encrypted() -> None:
    with pytest.raises(GuomiError, match="empty"):
        KEY.public.encrypt(b"")


def test_a_failure_leaves_no_error_behind_for_others_on_this_thread() -> None:
    library = libcrypto()
    library.ERR_peek_error.restype, library.ERR_peek_error.argtypes = ctypes.c_ulong, ()
    with pytest.raises(GuomiError):
        PublicKey(bytes(64))
    assert library.ERR_peek_error() == 0
    with pytest.raises(GuomiError):
        KEY.public.verify(SIGNED, b"no signature")
    assert library.ERR_peek_error() == 0
    with pytest.raises(GuomiError):
        KEY.decrypt(OFF_CURVE + C3 + C2)
    assert library.ERR_peek_error() == 0


def test_one_key_in_many_threads() -> None:
    failed: list[BaseException] = []

    def work() -> None:
        try:
            for count in range(20):
                KEY.public.verify(bytes([count]), KEY.sign(bytes([count])))
                assert KEY.decrypt(KEY.public.encrypt(b"text")) == b"text"
        except BaseException as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []


def test_no_key_shows() -> None:
    assert PRIVATE.hex() not in repr(KEY) + repr(vars(KEY))
