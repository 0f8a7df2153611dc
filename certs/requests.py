"""Certificate signing requests (CSR): made where the key stays, and read with distrust where they are signed.

Laws: a key is made on the host that will use it and is never given out again; a request proves that its maker holds the key; of
a request only its key and its names are read, and they are compared with what was agreed, never copied unseen.
Standards: RFC 2986 (PKCS #10); RFC 5280 section 4.2.1.
"""

from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from certs import extensions
from certs.extensions import Profile, PublicKey

_CURVES: Final = ("secp256r1", "secp384r1")
_MIN_RSA_BITS: Final = 2048
_MAX_COMMON_NAME: Final = 64


class RequestRefused(ValueError):  # noqa: N818  named for what was found
    """A request is not to be signed; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """A request to send away, and the key that stays; PEM."""

    request: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for. `uris` are the URIs among its names, which may be none."""

    key: PublicKey
    uris: tuple[str, ...]


def make(profile: Profile) -> Made:
    """A new P-256 key, and the request for a certificate of this profile."""
    key = ec.generate_private_key(ec.SECP256R1())
    readable = profile.uri.rpartition("/")[2][:_MAX_COMMON_NAME]
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, readable)] if readable else []
    draft = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    for extension, critical in extensions.of_request(profile):
        draft = draft.add_extension(extension, critical=critical)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Made(draft.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM), secret)


def read(pem: bytes) -> Asked:
    """The request. Raises RequestRefused for one that cannot be read, is not signed by its own key, or has a key refused here."""
    try:
        found = x509.load_pem_x509_csr(pem)
        proven, key = found.is_signature_valid, found.public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise RequestRefused("holds no request that can be read; give the PEM file that `kuacheng certs csr` made") from error
    if not proven:
        raise RequestRefused("the request is not signed by its own key, so nobody has shown to hold that; have it made anew")
    return Asked(_accepted(key), _uris(found))


def _accepted(key: object) -> PublicKey:
    match key:
        case ec.EllipticCurvePublicKey() if key.curve.name in _CURVES:
            return key
        case rsa.RSAPublicKey() if key.key_size >= _MIN_RSA_BITS:
            return key
        case _:
            message = "the request's key is refused in TLS; have it made with ECDSA P-256, or RSA of at least 2048 bits"
            raise RequestRefused(message)


def _uris(found: x509.CertificateSigningRequest) -> tuple[str, ...]:
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise RequestRefused("the request's names cannot be read; have it made anew") from error
    return tuple(names.get_values_for_type(x509.UniformResourceIdentifier))
