"""The `openssl` command is a second opinion, in both directions: keys, signatures, ciphertexts, digests."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.guomi.forms import CipherForm, SignatureForm
from adapters.guomi.sm2 import DEFAULT_USER, PrivateKey
from adapters.guomi.sm3 import hmac_sm3, sm3
from adapters.guomi.sm4 import cbc_decrypt, cbc_encrypt

TEXT = "医保个人账户划拨清单".encode()
KEY, VECTOR = bytes(range(16)), bytes(range(16, 32))
_SCALAR = bytes.fromhex("0201010420")
Openssl = Callable[..., bytes]
pytestmark = pytest.mark.needs("openssl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openssl")


@pytest.fixture(scope="module")
def openssl(folder: Path) -> Openssl:
    def run(*words: str, given: bytes = b"") -> bytes:
        return subprocess.run(["openssl", *words], cwd=folder, input=given, capture_output=True, check=True).stdout

    return run


@pytest.fixture(scope="module")
def key(openssl: Openssl) -> PrivateKey:
    """A key that the command made, in private.pem and public.pem for itself."""
    openssl("genpkey", "-algorithm", "SM2", "-out", "private.pem")
    openssl("pkey", "-in", "private.pem", "-pubout", "-out", "public.pem")
    der = openssl("pkey", "-in", "private.pem", "-outform", "DER")
    place = der.index(_SCALAR) + len(_SCALAR)
    made = PrivateKey(der[place : place + 32])
    assert openssl("pkey", "-pubin", "-in", "public.pem", "-outform", "DER").endswith(made.public.point)
    return made


@pytest.mark.parametrize("user", [DEFAULT_USER, b"kuacheng"])
def test_signatures(key: PrivateKey, openssl: Openssl, folder: Path, user: bytes) -> None:
    options = ("-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{user.decode()}")
    (folder / "text").write_bytes(TEXT)
    (folder / "ours").write_bytes(key.sign(TEXT, user=user))
    said = openssl("pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-in", "text", "-sigfile", "ours", *options)
    assert b"Successfully" in said
    theirs = openssl("pkeyutl", "-sign", "-inkey", "private.pem", "-in", "text", *options)
    key.public.verify(TEXT, theirs, SignatureForm.DER, user)


def test_ciphertexts(key: PrivateKey, openssl: Openssl) -> None:
    ours = key.public.encrypt(TEXT, CipherForm.DER)
    assert openssl("pkeyutl", "-decrypt", "-inkey", "private.pem", given=ours) == TEXT
    theirs = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", "public.pem", given=TEXT)
    assert key.decrypt(theirs, CipherForm.DER) == TEXT


def test_digests(openssl: Openssl) -> None:
    assert openssl("dgst", "-sm3", "-binary", given=TEXT) == sm3(TEXT)
    assert openssl("dgst", "-sm3", "-binary", "-mac", "hmac", "-macopt", f"hexkey:{KEY.hex()}", given=TEXT) == hmac_sm3(KEY, TEXT)


def test_the_cipher(openssl: Openssl) -> None:
    options = ("-sm4-cbc", "-K", KEY.hex(), "-iv", VECTOR.hex())
    assert openssl("enc", *options, given=TEXT) == cbc_encrypt(KEY, VECTOR, TEXT)
    assert openssl("enc", "-d", *options, given=cbc_encrypt(KEY, VECTOR, TEXT)) == TEXT
    assert cbc_decrypt(KEY, VECTOR, openssl("enc", *options, given=TEXT)) == TEXT
