"""The X.509 extensions of Kuacheng's certificates: which ones a CA and a leaf carry, and how one is read back.

Laws: a CA signs leaves only (path length 0); a leaf has exactly one URI among its names, signs no certificates, and
says what it is for.
Standards: RFC 5280 section 4.2.1; X.509-SVID sections 3 (one URI) and 4 (constraints and usage).
"""

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
"""The kinds of keys that may stand in a leaf; what we make ourselves is always on P-256."""

_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


class Usage(Enum):
    """What a leaf is for, as its extended key usage says (RFC 5280 section 4.2.1.12)."""

    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
    SERVER = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a leaf is to say: its URI (see `certs.subject`), what it is for, and the hosts a server answers to.

    A server that callers know by its hosts alone has an empty `uri`.
    """

    uri: str
    usages: frozenset[Usage]
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[IPv4Address | IPv6Address, ...] = ()

    def __post_init__(self) -> None:
        """Refuse, with ValueError, a profile whose leaf no peer could accept."""
        if not self.usages:
            message = f"{self.uri}: say what the certificate is for, client, server or both"
            raise ValueError(message)
        if not self.uri and Usage.CLIENT in self.usages:
            message = "a client's certificate needs the URI by which it is known"
            raise ValueError(message)
        if Usage.SERVER in self.usages and not (self.dns_names or self.ip_addresses):
            message = f"{self.uri}: a server's certificate needs at least one DNS name or IP address"
            raise ValueError(message)


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """A CA signs certificates and revocation lists; a leaf signs handshakes, which is all that TLS asks of ECDSA."""
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def of_authority(key: ec.EllipticCurvePublicKey) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """The extensions of a CA with this key, each with whether it is critical."""
    return (
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (key_usage(signs_certificates=True), True),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
    )


def of_leaf(profile: Profile, key: PublicKey, issuer: x509.SubjectKeyIdentifier) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """The extensions of a leaf with this key, each with whether it is critical."""
    return (
        *of_request(profile),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False),
    )


def of_request(profile: Profile) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    """The extensions that a request for such a leaf asks for, each with whether it is critical."""
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(profile.uri)] if profile.uri else []
    names += map(x509.DNSName, profile.dns_names)
    names += map(x509.IPAddress, profile.ip_addresses)
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (key_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([usage.value for usage in Usage if usage in profile.usages]), False),
        (x509.SubjectAlternativeName(names), False),
    )


def read(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """The certificate's extension of this kind, or None. Raises ValueError where its extensions cannot be parsed."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ValueError(str(error)) from error


def hosts(leaf: x509.Certificate) -> list[x509.DNSName | x509.IPAddress]:
    """The hosts that a server with this certificate answers to. Raises ValueError as `read`."""
    names = read(leaf, x509.SubjectAlternativeName) or ()
    return [name for name in names if isinstance(name, x509.DNSName | x509.IPAddress)]


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether it may sign others: its basic constraints say so, and its key usage, if any, does not forbid it."""
    constraints = read(certificate, x509.BasicConstraints)
    usage = read(certificate, x509.KeyUsage)
    return constraints is not None and constraints.ca and (usage is None or usage.key_cert_sign)
