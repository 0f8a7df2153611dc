"""A small certificate authority: makes itself, and issues short-lived certificates for systems it knows by URI.

Laws: values are frozen and nothing here touches a file. A leaf never outlives its issuer. Keys are P-256 and stay out
of every repr. The moment of issue is passed in; a certificate starts five minutes before it, for peers whose clocks are
slow.
Standards: RFC 5280 section 4.1.2 (serial, validity, names); FIPS 186-5 (P-256). Extensions: `certs.extensions`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from certs import extensions
from certs.extensions import Profile, PublicKey

BACKDATED: Final = timedelta(minutes=5)
_MAX_COMMON_NAME: Final = 64


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate and its private key, both PEM.

    The key is PKCS #8 and not encrypted, because a server must start without a person: its file's mode guards it.
    """

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority (CA): its self-signed certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def create(cls, common_name: str, now: datetime, life: timedelta) -> Self:
        """A new authority, valid from shortly before `now` (aware) until `now + life`.

        Raises ValueError for a moment without offset, or for a name that has not 1 to 64 characters.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(common_name)
        draft = _draft(name, key.public_key(), _second(now), life).issuer_name(name)
        return cls(_sign(draft, extensions.of_authority(key.public_key()), key), key)

    @classmethod
    def load(cls, certificate: bytes, key: bytes, passphrase: bytes | None = None) -> Self:
        """An authority from its two PEM texts. Raises ValueError where they are not a CA's, readable and of a pair.

        Without a passphrase the key must not be encrypted; with one it must be.
        """
        loaded = x509.load_pem_x509_certificate(certificate)
        try:
            secret = load_pem_private_key(key, password=passphrase)
        except TypeError as error:
            message = (
                "the authority's key is encrypted; give its passphrase"
                if passphrase is None
                else "the authority's key is not encrypted; give no passphrase"
            )
            raise ValueError(message) from error
        except (ValueError, UnsupportedAlgorithm) as error:
            message = "the authority's key cannot be read as PEM; look at the file, or whether the passphrase is right"
            raise ValueError(message) from error
        if not extensions.is_authority(loaded):
            message = "not the certificate of an authority: it may not sign others"
            raise ValueError(message)
        if not isinstance(secret, ec.EllipticCurvePrivateKey) or not isinstance(secret.curve, ec.SECP256R1):
            message = "an authority's key must be an elliptic curve key on P-256"
            raise ValueError(message)  # noqa: TRY004 - the file is wrong, not the type that the caller passed
        if secret.public_key() != loaded.public_key():
            message = "the authority's key does not belong to its certificate"
            raise ValueError(message)
        return cls(loaded, secret)

    @property
    def certificate_pem(self) -> bytes:
        """What peers are given in order to trust this authority."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The secret, for `certs.custody.write_key` only."""
        return _private_pem(self.key)

    def encrypted_key(self, passphrase: bytes) -> bytes:
        """The secret under a passphrase, PKCS #8 PEM, for `certs.custody.write_key`. Raises ValueError for an empty one."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))

    def issue(self, profile: Profile, now: datetime, life: timedelta) -> Leaf:
        """A new key and its certificate, valid until `now + life`. Raises ValueError as `certify`."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self.certify(profile, key.public_key(), now, life)
        return Leaf(certificate.public_bytes(Encoding.PEM), _private_pem(key))

    def certify(self, profile: Profile, public_key: PublicKey, now: datetime, life: timedelta) -> x509.Certificate:
        """A certificate for a key that was made elsewhere.

        Raises ValueError where it would outlive this authority, or where `now` has no offset.
        """
        start, end = _second(now), self.certificate.not_valid_after_utc
        if start + life > end:
            message = f"{profile.uri}: would outlive its CA, which ends on {end:%Y-%m-%d %H:%M} UTC; take a shorter life"
            raise ValueError(message)
        # The URI is the name. The common name is for people who read a list; nobody may authorise on it.
        readable = _name(profile.uri.rpartition("/")[2][:_MAX_COMMON_NAME])
        draft = _draft(readable, public_key, start, life).issuer_name(self.certificate.subject)
        return _sign(draft, extensions.of_leaf(profile, public_key, self._identifier()), self.key)

    def _identifier(self) -> x509.SubjectKeyIdentifier:
        # An outside CA may have made its identifier in another way, and a leaf must repeat it as it stands.
        own = extensions.read(self.certificate, x509.SubjectKeyIdentifier)
        return own or x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _second(moment: datetime) -> datetime:
    """The moment in UTC and in whole seconds, as X.509 has them.

    Raises ValueError for one without offset, which would mean another moment on each machine.
    """
    if moment.tzinfo is None:
        message = f"{moment!r} has no offset; pass an aware datetime"
        raise ValueError(message)
    return moment.astimezone(UTC).replace(microsecond=0)


def _draft(name: x509.Name, key: PublicKey, start: datetime, life: timedelta) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATED)
        .not_valid_after(start + life)
    )


def _sign(
    draft: x509.CertificateBuilder, says: Iterable[tuple[x509.ExtensionType, bool]], key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    for extension, critical in says:
        draft = draft.add_extension(extension, critical=critical)
    return draft.sign(key, hashes.SHA256())
