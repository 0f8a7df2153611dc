"""Whether certificates and keys are what they are named as.

Laws: a file of authorities holds CAs only, for whatever stands in it is trusted; a key belongs to its certificate; what
TLS here would refuse later (Ed25519, short RSA) is refused now; a fault never repeats a part of a key.
Serves: RFC 5280 4.2.1.9 (basic constraints), RFC 7468 (PEM), RFC 8410 (Ed25519).
"""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

_SHORTEST_RSA = 2048
_FAULTS = (ValueError, TypeError, UnsupportedAlgorithm)
Fault = tuple[str, str]
_MAKE_LOG_KEY = "make one with `openssl genpkey -algorithm ed25519 -out FILE`, not encrypted"
_UNREADABLE: Fault = ("holds no certificate that can be read", "write it as PEM")


def authorities_fault(pem: bytes) -> Fault | None:
    """What is wrong with a file of authorities, and what to do; None if nothing is."""
    certificates = _certificates(pem)
    if not certificates:
        return _UNREADABLE
    for number, each in enumerate(certificates, 1):
        if not _is_authority(each):
            return f"certificate {number} is no authority, yet would be trusted as one", "take it out; keep CAs only"
        if not _usable(each):
            return _weak(number)
    return None


def certificate_fault(pem: bytes) -> Fault | None:
    """What is wrong with a leaf that its intermediates follow, and what to do; None if nothing is."""
    certificates = _certificates(pem)
    if not certificates:
        return _UNREADABLE
    if _is_authority(certificates[0]):
        return "begins with an authority", "put the leaf first, its intermediates after it"
    return None if _usable(certificates[0]) else _weak(1)


def key_fault(key: bytes, certificate: bytes) -> Fault | None:
    """What is wrong with a private key, or between it and its certificate, and what to do; None if nothing is."""
    try:
        private = load_pem_private_key(key, password=None)
        held = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except TypeError:
        return (
            "the private key is encrypted, and nobody is there to type its password",
            "decrypt it, and protect the file instead",
        )
    except _FAULTS:
        return "holds no private key that can be read", "write it as PEM (PKCS #8)"
    certificates = _certificates(certificate)
    if certificates and _public_key(certificates[0]) != held:
        return "the private key does not belong to its certificate", "name the pair that was made together"
    return None


def log_key_fault(key: bytes) -> Fault | None:
    """What is wrong with a key that is to sign the evidence log, and what to do; None if nothing is."""
    try:
        private = load_pem_private_key(key, password=None)
    except _FAULTS:
        return "holds no private key that can be read", _MAKE_LOG_KEY
    return (
        None if isinstance(private, Ed25519PrivateKey) else ("holds no Ed25519 key, and C2SP notes know no other", _MAKE_LOG_KEY)
    )


def fingerprints(pem: bytes) -> frozenset[str]:
    """SHA-256 of each certificate, hex; none of what cannot be read."""
    return frozenset(each.fingerprint(SHA256()).hex() for each in _certificates(pem))


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except _FAULTS:
        return []


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, *_FAULTS):
        return False


def _usable(certificate: x509.Certificate) -> bool:
    try:
        key = certificate.public_key()
    except _FAULTS:
        return False
    return isinstance(key, EllipticCurvePublicKey) or (isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_RSA)


def _public_key(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except _FAULTS:
        return b""


def _weak(number: int) -> Fault:
    return f"certificate {number} has a key that TLS refuses here", "use ECDSA P-256, or RSA with 2048 bits or more"
