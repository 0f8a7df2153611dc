"""Certificates with one fault each, and named by it: what a caller might come with.

Laws: each is a department's sound client certificate but for its one fault, so that who refuses it refuses that fault;
`sound` makes the one without. Made by script on the spot; no key is kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from certs import subject
from certs.authority import Authority, Leaf
from certs.extensions import Usage

OWN_TRUST_DOMAIN: Final = "guangzhou.test"
OTHER_TRUST_DOMAIN: Final = "foshan.test"
CREDIT_CODE: Final = "11440100M00000019P"
CREDIT_CODE_WITH_WRONG_CHECK: Final = "11440500000000000X"
SYSTEM: Final = "window"
SOUND_URI: Final = subject.department_system(OWN_TRUST_DOMAIN, CREDIT_CODE, SYSTEM)

_DAY: Final = timedelta(days=1)
_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Authorities:
    """The CA of the caller's own region and that of another; a gateway trusts both, each for its own region."""

    own: Authority
    other: Authority


@dataclass(frozen=True, slots=True)
class Fault:
    """How to make the certificate, and whether grpcio's TLS lets a client with it through to the gateway."""

    make: Callable[[Authorities, datetime], Leaf]
    passes_tls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A sound client certificate of a department; `replace` puts the fault in."""

    issuer: x509.Name
    issuer_key: ec.EllipticCurvePrivateKey = field(repr=False)
    start: datetime
    end: datetime
    key: _Key = field(repr=False)
    names: tuple[x509.GeneralName, ...] = (x509.UniformResourceIdentifier(SOUND_URI),)
    usage: Usage | None = Usage.CLIENT
    signs: bool = True
    is_authority: bool = False

    def sign(self) -> Leaf:
        """The certificate that this draft describes, and its key."""
        public_key = self.key.public_key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.issuer_key.public_key())
        draft = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SYSTEM)]))
            .issuer_name(self.issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.start)
            .not_valid_after(self.end)
            .add_extension(x509.BasicConstraints(ca=self.is_authority, path_length=None), critical=True)
            .add_extension(_key_usage(signs=self.signs, signs_others=self.is_authority), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(issuer, critical=False)
        )
        if self.usage:
            draft = draft.add_extension(x509.ExtendedKeyUsage([self.usage.value]), critical=False)
        if self.names:
            draft = draft.add_extension(x509.SubjectAlternativeName(self.names), critical=False)
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Leaf(draft.sign(self.issuer_key, hashes.SHA256()).public_bytes(Encoding.PEM), key)


def sound(authorities: Authorities, now: datetime) -> Leaf:
    """The same certificate without a fault."""
    return _sound(authorities.own, now).sign()


def unspellable(now: datetime) -> Leaf:
    """Of nobody's CA, with a name that cryptography cannot spell: path validation that words its refusal raises TypeError."""
    key, bits = ec.generate_private_key(ec.SECP256R1()), _ASN1Type.BitString
    odd = x509.Name([x509.NameAttribute(NameOID.X500_UNIQUE_IDENTIFIER, b"\0ab", bits)])
    draft = (
        x509.CertificateBuilder().subject_name(odd).issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")]))
    )
    draft = draft.public_key(key.public_key()).serial_number(5).not_valid_before(now - _DAY).not_valid_after(now + _DAY)
    draft = draft.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(SOUND_URI)]), critical=False)
    der = draft.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    common_name = der.replace(b"\x06\x03\x55\x04\x2d", b"\x06\x03\x55\x04\x03")
    made = x509.load_der_x509_certificate(common_name).public_bytes(Encoding.PEM)
    return Leaf(made, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def expired(authorities: Authorities, now: datetime) -> Leaf:
    """Ended an hour ago."""
    return replace(_sound(authorities.own, now), start=now - 30 * _DAY, end=now - _DAY / 24).sign()


def not_yet_valid(authorities: Authorities, now: datetime) -> Leaf:
    """Starts in an hour."""
    return replace(_sound(authorities.own, now), start=now + _DAY / 24).sign()


def wrong_authority(_: Authorities, now: datetime) -> Leaf:
    """Signed by a CA that nobody trusts."""
    return _sound(Authority.create("unknown CA", now, 365 * _DAY), now).sign()


def forged_authority(authorities: Authorities, now: datetime) -> Leaf:
    """Signed by a CA that bears the name of the region's own, but not its key."""
    stranger = ec.generate_private_key(ec.SECP256R1())
    return replace(_sound(authorities.own, now), issuer_key=stranger).sign()


def self_signed(authorities: Authorities, now: datetime) -> Leaf:
    """Signed by its own key."""
    key = ec.generate_private_key(ec.SECP256R1())
    own_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SYSTEM)])
    return replace(_sound(authorities.own, now), issuer=own_name, issuer_key=key, key=key).sign()


def no_alternative_name(authorities: Authorities, now: datetime) -> Leaf:
    """Named by its common name only."""
    return _named(authorities.own, now)


def dns_name_only(authorities: Authorities, now: datetime) -> Leaf:
    """Named by a host, as a certificate for the web is."""
    return _named(authorities.own, now, x509.DNSName("window.guangzhou.test"))


def two_uris(authorities: Authorities, now: datetime) -> Leaf:
    """Names two systems of one department."""
    another = subject.department_system(OWN_TRUST_DOMAIN, CREDIT_CODE, "terminal")
    return _named(authorities.own, now, *map(x509.UniformResourceIdentifier, (SOUND_URI, another)))


def other_region(authorities: Authorities, now: datetime) -> Leaf:
    """Signed by the own region's CA, but names a system of the other region."""
    uri = subject.department_system(OTHER_TRUST_DOMAIN, CREDIT_CODE, SYSTEM)
    return _named(authorities.own, now, x509.UniformResourceIdentifier(uri))


def not_spiffe(authorities: Authorities, now: datetime) -> Leaf:
    """Names the right system in a URI of another scheme."""
    return _named(authorities.own, now, x509.UniformResourceIdentifier(SOUND_URI.replace("spiffe", "https", 1)))


def wrong_credit_code(authorities: Authorities, now: datetime) -> Leaf:
    """Names a department by a credit code with a wrong check character (GB 32100)."""
    uri = subject.department_system(OWN_TRUST_DOMAIN, CREDIT_CODE_WITH_WRONG_CHECK, SYSTEM)
    return _named(authorities.own, now, x509.UniformResourceIdentifier(uri))


def no_client_usage(authorities: Authorities, now: datetime) -> Leaf:
    """For servers only."""
    return replace(_sound(authorities.own, now), usage=Usage.SERVER).sign()


def no_usage(authorities: Authorities, now: datetime) -> Leaf:
    """Does not say what it is for, which libraries take for everything."""
    return replace(_sound(authorities.own, now), usage=None).sign()


def no_digital_signature(authorities: Authorities, now: datetime) -> Leaf:
    """Has a key that may agree on keys, but may not sign a handshake."""
    return replace(_sound(authorities.own, now), signs=False).sign()


def authority_as_leaf(authorities: Authorities, now: datetime) -> Leaf:
    """May sign others, too."""
    return replace(_sound(authorities.own, now), is_authority=True).sign()


def ed25519_key(authorities: Authorities, now: datetime) -> Leaf:
    """Has a key that grpcio's TLS does not speak."""
    return replace(_sound(authorities.own, now), key=ed25519.Ed25519PrivateKey.generate()).sign()


def p521_key(authorities: Authorities, now: datetime) -> Leaf:
    """Has a key on a curve that grpcio's TLS does not speak."""
    return replace(_sound(authorities.own, now), key=ec.generate_private_key(ec.SECP521R1())).sign()


def rsa_1024_key(authorities: Authorities, now: datetime) -> Leaf:
    """Has a key that can be broken."""
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - this is the fault
    return replace(_sound(authorities.own, now), key=weak).sign()


def _sound(authority: Authority, now: datetime) -> _Draft:
    return _Draft(
        issuer=authority.certificate.subject,
        issuer_key=authority.key,
        start=now - _DAY,
        end=now + 30 * _DAY,
        key=ec.generate_private_key(ec.SECP256R1()),
    )


def _key_usage(*, signs: bool, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=not signs,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        encipher_only=False,
        decipher_only=False,
    )


def _named(authority: Authority, now: datetime, *names: x509.GeneralName) -> Leaf:
    return replace(_sound(authority, now), names=names).sign()


# What passes was measured with clients on grpcio and on OpenSSL; tests/certs/test_handshake.py measures it each time.
FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {
        "expired": Fault(expired, passes_tls=False),
        "not_yet_valid": Fault(not_yet_valid, passes_tls=False),
        "wrong_authority": Fault(wrong_authority, passes_tls=False),
        "forged_authority": Fault(forged_authority, passes_tls=False),
        "self_signed": Fault(self_signed, passes_tls=False),
        "no_alternative_name": Fault(no_alternative_name, passes_tls=True),
        "dns_name_only": Fault(dns_name_only, passes_tls=True),
        "two_uris": Fault(two_uris, passes_tls=True),
        "other_region": Fault(other_region, passes_tls=True),
        "not_spiffe": Fault(not_spiffe, passes_tls=True),
        "wrong_credit_code": Fault(wrong_credit_code, passes_tls=True),
        "no_client_usage": Fault(no_client_usage, passes_tls=False),
        "no_usage": Fault(no_usage, passes_tls=True),
        "no_digital_signature": Fault(no_digital_signature, passes_tls=False),
        "authority_as_leaf": Fault(authority_as_leaf, passes_tls=True),
        "ed25519_key": Fault(ed25519_key, passes_tls=False),
        "p521_key": Fault(p521_key, passes_tls=False),
        "rsa_1024_key": Fault(rsa_1024_key, passes_tls=True),
    }
)
