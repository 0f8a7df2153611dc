"""By what a departmental system is known: its certificate, and the key to it, in hand or in a PKCS#11 token.

Law: a key in a token never leaves it; what gRPC cannot sign with is an error, and nothing else is tried.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from grpc import experimental

from gateway.token import Place, tls_signer

Sign = Callable[[bytes], bytes]
"""A message's ECDSA signature with SHA-256, in DER, by a P-256 key that stays where it is."""


class IdentityUnusable(Exception):  # noqa: N818  named for what was found
    """A key that this gRPC cannot use: what is wrong, and what to do."""


@dataclass(frozen=True, slots=True)
class Identity:
    """This system's certificate and key, and the authorities of the gateway: PEM. In the key's place may be what signs by it."""

    certificate: bytes = field(repr=False)
    key: bytes | Sign = field(repr=False)
    authorities: bytes = field(repr=False)

    @classmethod
    def from_files(cls, certificate: Path, key: Path, authorities: Path) -> Self:
        """Reads the three files. Raises OSError for one that cannot be read."""
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
