"""A key in a token is the certificate's, or it is said at once, and makes the handshakes; what is no key on P-256 is refused."""

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
