"""Certificate, key and authorities belong together, or it is said at once, wherever the key is; a key in a token makes the handshakes."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.client import Client, Identity, IdentityUnusable
from gateway.token import Place, TokenRefused
from tests.certs import faulty
from tests.gateway.client.notary import LOG
from tests.gateway.rpc.house import house, papers
from tests.gateway.softhsm import SoftHsm, hsm

__all__ = ["hsm"]
NO_P256 = "is not on P-256; ask for a certificate of such a key"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The certificate and the gateway's CA."""
    (tmp_path / "window.pem").write_bytes(papers().sound.certificate)
    (tmp_path / "ca.pem").write_bytes(papers().gateway.certificate_pem)
    return tmp_path / "window.pem", tmp_path / "ca.pem"


@pytest.mark.needs("softhsm")
def test_a_key_in_a_token_signs_as_the_certificate_s_own(hsm: SoftHsm, files: tuple[Path, Path]) -> None:
    hsm.keeps("window", papers().sound.key)
    identity = Identity.in_token(files[0], hsm.place("window"), files[1])
    public = x509.load_pem_x509_certificate(identity.certificate).public_key()
    assert callable(identity.key)
    assert isinstance(public, ec.EllipticCurvePublicKey)
    for message in (b"", b"handshake" * 99):
        public.verify(identity.key(message), message, ec.ECDSA(hashes.SHA256()))
    assert identity.authorities == papers().gateway.certificate_pem


@pytest.mark.needs("softhsm")
def test_another_key_of_the_token_is_told_at_once(hsm: SoftHsm, files: tuple[Path, Path]) -> None:
    hsm.keeps("other", papers().server.key)
    with pytest.raises(TokenRefused, match="the key 'other' in the token 'kuacheng' is not the one of the certificate; name the"):
        Identity.in_token(files[0], hsm.place("other"), files[1])


@pytest.mark.parametrize(("content", "told"), [(b"", "holds no certificate"), ("p521_key", NO_P256), ("ed25519_key", NO_P256)])
def test_a_certificate_that_cannot_be_used_is_told(files: tuple[Path, Path], content: bytes | str, told: str) -> None:
    shown = content if isinstance(content, bytes) else faulty.FAULTS[content].make(papers().regions, papers().now).certificate
    files[0].write_bytes(shown)
    with pytest.raises(IdentityUnusable, match=told):
        Identity.in_token(files[0], Place(Path("no-module.so"), "no token", "no key", "no PIN"), files[1])


def locked(key: bytes) -> bytes:
    """The key, with a password."""
    made = serialization.load_pem_private_key(key, None)
    password = serialization.BestAvailableEncryption(b"of a test")
    return made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, password)


@pytest.mark.parametrize(
    ("part", "content", "told"),
    [
        ("authorities", b"", "no authority to believe"),
        ("authorities", b"nonsense", "no authority to believe"),
        ("authorities", papers().sound.key, "no authority to believe"),
        ("certificate", b"", "the certificate is none in PEM"),
        ("certificate", papers().sound.key, "the certificate is none in PEM"),
        ("key", b"", "the key is no private key"),
        ("key", papers().sound.certificate, "the key is no private key"),
        ("key", locked(papers().sound.key), "or one with a password"),
        ("key", papers().server.key, "the key is not that of the certificate"),
    ],
)
def test_what_nobody_can_connect_with_is_told_and_not_tried(part: str, content: bytes, told: str) -> None:
    """Without authorities gRPC would believe the web's, and whoever has a certificate of theirs for the gateway's name."""
    with pytest.raises(IdentityUnusable, match=told):
        replace(papers().identity(), **{part: content})


async def test_what_signs_elsewhere_makes_the_handshake() -> None:
    key = serialization.load_pem_private_key(papers().sound.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signed: list[bytes] = []

    def sign(message: bytes) -> bytes:
        signed.append(message)
        return key.sign(message, ec.ECDSA(hashes.SHA256()))

    identity = Identity(papers().sound.certificate, sign, papers().gateway.certificate_pem)
    async with house() as gateway, Client(gateway.address, identity, server_name="localhost") as client:
        assert (await client.checkpoint()).partition("\n")[0] == LOG
    assert signed
