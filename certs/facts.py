"""What a certificate says of itself, as one plain value that lists, records and messages are made of.

Laws: nothing is judged here; what cannot be read is empty, never guessed; only a SPIFFE URI is taken for a subject, so that
no free text of a stranger's certificate, which might name a person, goes into a list or a file.
Standards: RFC 5280 sections 4.1.2 and 4.2.1; fingerprints are SHA-256 over the DER form.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from certs import extensions, subject

_MALFORMED = (ValueError, x509.InvalidVersion, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class Facts:
    """One certificate. `serial`, `fingerprint`, `subject_key` and `issuer_key` (the key identifiers) are hex, lower case.

    `uri` is its only SPIFFE URI, else empty; `name` its subject and `issuer` its issuer by RFC 4514. Moments are UTC.
    """

    uri: str
    name: str
    issuer: str
    key_type: str
    serial: str
    fingerprint: str
    subject_key: str
    issuer_key: str
    authority: bool
    not_before: datetime
    not_after: datetime

    def left(self, now: datetime) -> timedelta:
        """How long it still is valid; negative once it has expired."""
        return self.not_after - now

    def fraction_left(self, now: datetime) -> float:
        """The part of its life that is left: 1 before its start, 0 from its end on."""
        whole = self.not_after - self.not_before
        return min(1.0, max(0.0, self.left(now) / whole)) if whole else 0.0


def facts(certificate: x509.Certificate) -> Facts:
    """The facts of one certificate. Raises ValueError where it cannot be parsed."""
    return Facts(
        uri=_uri(certificate),
        name=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        key_type=key_type(certificate),
        serial=f"{certificate.serial_number:x}",
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        subject_key=_subject_key(certificate),
        issuer_key=_issuer_key(certificate),
        authority=extensions.is_authority(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def all_facts(pem: bytes) -> tuple[Facts, ...]:
    """The facts of every certificate of a PEM text, in its order. Raises ValueError where one cannot be parsed."""
    try:
        return tuple(facts(each) for each in x509.load_pem_x509_certificates(pem))
    except _MALFORMED as error:
        raise ValueError("holds no PEM certificate that can be read") from error


def key_type(certificate: x509.Certificate) -> str:
    """Algorithm and size: `ECDSA P-256`, `RSA 2048`, `Ed25519`; the OID of a kind that is not known here."""
    try:
        key = certificate.public_key()
    except _MALFORMED:
        return certificate.public_key_algorithm_oid.dotted_string
    match key:
        case ec.EllipticCurvePublicKey():
            return f"ECDSA {_CURVES.get(key.curve.name, key.curve.name)}"
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case _:
            return type(key).__name__.strip("_").removesuffix("PublicKey")


_CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}


def _uri(certificate: x509.Certificate) -> str:
    names = extensions.read(certificate, x509.SubjectAlternativeName)
    uris = names.get_values_for_type(x509.UniformResourceIdentifier) if names else []
    return uris[0] if len(uris) == 1 and subject.is_spiffe_id(uris[0]) else ""


def _subject_key(certificate: x509.Certificate) -> str:
    own = extensions.read(certificate, x509.SubjectKeyIdentifier)
    return own.digest.hex() if own else ""


def _issuer_key(certificate: x509.Certificate) -> str:
    named = extensions.read(certificate, x509.AuthorityKeyIdentifier)
    return named.key_identifier.hex() if named and named.key_identifier else ""
