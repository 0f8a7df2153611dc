"""By what a departmental system is known: its certificate, and the key to it, in hand or in a PKCS#11 token.

Laws: a key in a token never leaves it; what gRPC cannot sign with is an error, and nothing else is tried. Whom to believe is always said:
gRPC without authorities would believe the web's.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import grpc
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes, PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from grpc import experimental

from gateway.token import Place, tls_signer

Sign = Callable[[bytes], bytes]
"""A message's ECDSA signature with SHA-256, in DER, by a P-256 key that stays where it is."""


class IdentityUnusable(Exception):  # noqa: N818  named for what was found
    """A certificate, key or authorities with which nobody can connect: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """This system's certificate and key, and the authorities of the gateway: PEM. In the key's place may be what signs by it.

    Raises IdentityUnusable for what does not read, or does not belong together.
    """

    certificate: bytes = field(repr=False)
    key: bytes | Sign = field(repr=False)
    authorities: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not _authorities(self.authorities):
            raise IdentityUnusable("no authority to believe: name the file of CAs, in PEM, that the gateway's operator gave you")
        shown = _public(self.certificate)
        if isinstance(self.key, bytes) and _own(self.key).public_key() != shown:
            raise IdentityUnusable("the key is not that of the certificate: name the two that were made together")

    @classmethod
    def from_files(cls, certificate: Path, key: Path, authorities: Path) -> Self:
        """Reads the three files. Raises OSError for one that cannot be read, and IdentityUnusable."""
        return cls(certificate.read_bytes(), key.read_bytes(), authorities.read_bytes())

    @classmethod
    def in_token(cls, certificate: Path, place: Place, authorities: Path) -> Self:
        """Reads both files and tries the key at this place. It needs kuacheng[pkcs11].

        Raises OSError for a file that cannot be read, TokenRefused, and IdentityUnusable for a certificate that is not on P-256.
        """
        shown = certificate.read_bytes()
        try:
            public = x509.load_pem_x509_certificate(shown).public_key()
        except ValueError as error:
            raise IdentityUnusable(f"{certificate} holds no certificate in PEM; name the one that your CA gave you") from error
        if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
            raise IdentityUnusable(f"the key of {certificate} is not on P-256; ask for a certificate of such a key")
        return cls(shown, tls_signer(place, public), authorities.read_bytes())


def _authorities(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        return []


def _public(pem: bytes) -> CertificatePublicKeyTypes:
    try:
        return x509.load_pem_x509_certificate(pem).public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise IdentityUnusable("the certificate is none in PEM; name the one that your CA gave you") from error


def _own(pem: bytes) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError of one that has a password
        message = "the key is no private key in PEM, or one with a password; name the certificate's key, as a file for you alone"
        raise IdentityUnusable(message) from error


def credentials(identity: Identity) -> grpc.ChannelCredentials:
    """What a channel shows and believes."""
    if isinstance(identity.key, bytes):
        return grpc.ssl_channel_credentials(identity.authorities, identity.key, identity.certificate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", experimental.ExperimentalApiWarning)
        made: grpc.ChannelCredentials = experimental.ssl_channel_credentials_with_custom_signer(
            private_key_sign_fn=_handshake(identity.key, experimental.PrivateKeySignatureAlgorithm.ECDSA_SECP256R1_SHA256),
            certificate_chain=identity.certificate,
            root_certificates=identity.authorities,
        )
    return made


def _handshake(sign: Sign, wanted: int) -> Callable[[bytes, int, Any], bytes]:
    """As gRPC calls it, on a thread of its own, once a handshake."""

    def run(message: bytes, algorithm: int, _done: Any) -> bytes:
        if algorithm != wanted:
            raise IdentityUnusable(
                f"a key on P-256 signs ECDSA with SHA-256 only, and not what the gateway asks for ({algorithm})"
            )
        return sign(message)

    return run
