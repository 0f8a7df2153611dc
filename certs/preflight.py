"""Examines a certificate, its key and a CA file before a peer does.

Laws: pure - PEM texts and a moment in, findings out, nothing raised for bad material. One fault gives one finding.
What passes is accepted by `cryptography` and by our own TLS, and names one system; what that system may do, and whether
its CA may speak for it, is the gateway's judgement.
Standards: RFC 5280 section 6 (path validation); X.509-SVID sections 3 to 5. Which keys are refused was measured:
grpcio's TLS refuses leaves with P-521 and Ed25519, `cryptography` refuses Ed25519 CAs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from certs import extensions, subject
from certs.extensions import Usage
from certs.findings import Code, Finding

RENEW_BELOW: Final = 1 / 3
AUTHORITY_ENDS_SOON: Final = timedelta(days=60)

_MIN_RSA_BITS: Final = 2048
_LEAF_CURVES: Final = ("secp256r1", "secp384r1")
_AUTHORITY_CURVES: Final = (*_LEAF_CURVES, "secp521r1")
_EKU_NAMES: Final = {Usage.CLIENT: "clientAuth", Usage.SERVER: "serverAuth"}
_BEGIN: Final = re.compile(rb"-----BEGIN (?:X509 )?CERTIFICATE-----")
_Found = Iterator[tuple[Code, dict[str, object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A CA file: whom we believe, or by whom our peers judge us."""

    name: str
    authorities: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What we present in one role: a certificate, its key, and the CA file by which a peer judges it; all PEM.

    `certificate` holds the leaf first, then any intermediate ones.
    """

    name: str
    role: Usage
    certificate: bytes
    key: bytes = field(repr=False)
    authorities: bytes


def examine(material: Identity | Trust, now: datetime) -> tuple[Finding, ...]:
    """Everything that is wrong with the material at `now`, empty where all is well.

    Raises ValueError for a moment without offset, and for nothing else.
    """
    if now.tzinfo is None:
        message = f"{now!r} has no offset; pass an aware datetime"
        raise ValueError(message)
    authorities, why = _read(material.authorities)
    found = [*_authorities(authorities, why, now), *_exposed(material.authorities)]
    if isinstance(material, Identity):
        found += _identity(material, authorities, now)
    return tuple(Finding.of(material.name, code, facts) for code, facts in found)


def chain_fault(certificate: bytes, authorities: bytes, role: Usage, now: datetime) -> str:
    """Why no chain leads from a certificate (PEM, leaf first) to any of these CAs; empty where one does."""
    certificates, why = _read(certificate)
    anchors, unreadable = _read(authorities)
    if not certificates or not anchors:
        return why or unreadable or "it holds no certificate"
    leaf, *intermediates = certificates
    if role is Usage.SERVER and not extensions.hosts(leaf):
        return "the leaf names no host"
    return next((str(facts["why"]) for _, facts in _chain(leaf, intermediates, anchors, role, now)), "")


def roles(certificate: bytes) -> tuple[Usage, ...]:
    """As what a certificate (PEM, leaf first) says that it may be used; as a client where it does not say, so that this is found.

    One that names hosts and no system is a server's, even where its CA lets every certificate be a client's too.
    """
    try:
        leaf = x509.load_pem_x509_certificate(certificate)
        said = extensions.read(leaf, x509.ExtendedKeyUsage) or ()
        if Usage.SERVER.value in said and _is_host_only(leaf):
            return (Usage.SERVER,)
    except (ValueError, x509.InvalidVersion):
        said = ()
    return tuple(each for each in Usage if each.value in said) or (Usage.CLIENT,)


def of_bundle(code: Code) -> bool:
    """Whether it is a fault of a CA file, and not of what is judged by it."""
    return code is Code.NOT_AN_AUTHORITY or code.value.startswith(("authorities-", "authority-"))


def life_left(certificate: x509.Certificate, now: datetime) -> float:
    """The fraction of the certificate's life that is left at `now`: 1 at its start, 0 at its end."""
    whole = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return (certificate.not_valid_after_utc - now) / whole if whole else 0.0


def _read(pem: bytes) -> tuple[list[x509.Certificate], str]:
    """The certificates of a PEM text, or none and the reason."""
    try:
        found = x509.load_pem_x509_certificates(pem)
        for certificate in found:
            _parse_whole(certificate)
    except (ValueError, TypeError, x509.InvalidVersion):  # TypeError: a name of a kind that there is not
        return [], "it holds no PEM certificate, or a malformed one"
    # The parser passes over a last certificate that is cut off.
    begun = len(_BEGIN.findall(pem))
    return (found, "") if len(found) == begun else ([], f"{begun} certificates begin in it, {len(found)} of them whole")


def _parse_whole(certificate: x509.Certificate) -> None:
    """Raise ValueError or TypeError for a malformed part: `cryptography` parses most of a certificate only when it is asked for."""
    _ = certificate.subject, certificate.issuer, certificate.not_valid_before_utc, certificate.not_valid_after_utc
    extensions.read(certificate, x509.BasicConstraints)


def _identity(material: Identity, authorities: list[x509.Certificate], now: datetime) -> _Found:
    certificates, why = _read(material.certificate)
    if not certificates:
        yield Code.CERTIFICATE_UNREADABLE, {"why": why}
        return
    leaf, *intermediates = certificates
    form = [*_key_type(leaf), *_constraints(leaf), *_names(leaf, material.role), *_usage(leaf, material.role)]
    yield from _exposed(material.certificate)
    yield from _key(leaf, material.key)
    yield from form
    yield from _validity(leaf, now)
    # Where the leaf's form or every anchor is wrong, the verifier would only say so again.
    anchors = [each for each in authorities if extensions.is_authority(each) and not _refused_key(each, _AUTHORITY_CURVES)]
    if anchors and not form:
        yield from _chain(leaf, intermediates, anchors, material.role, now)


def _authorities(authorities: list[x509.Certificate], why: str, now: datetime) -> _Found:
    if not authorities:
        yield Code.AUTHORITIES_UNREADABLE, {"why": why}
    for place, certificate in enumerate(authorities, 1):
        facts: dict[str, object] = {"place": place, "name": certificate.subject.rfc4514_string()}
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if not extensions.is_authority(certificate):
            yield Code.NOT_AN_AUTHORITY, facts
        elif kind := _refused_key(certificate, _AUTHORITY_CURVES):
            yield Code.AUTHORITY_KEY_REFUSED, facts | {"kind": kind}
        elif now < start:
            yield Code.AUTHORITY_NOT_YET_VALID, facts | {"start": start}
        elif now > end:
            yield Code.AUTHORITY_EXPIRED, facts | {"end": end}
        elif end - now < AUTHORITY_ENDS_SOON:
            yield Code.AUTHORITY_ENDS_SOON, facts | {"end": end}


def _exposed(pem: bytes) -> _Found:
    if b"PRIVATE KEY-----" in pem:
        yield Code.KEY_EXPOSED, {}


def _key(leaf: x509.Certificate, pem: bytes) -> _Found:
    try:
        public_key = load_pem_private_key(pem, password=None).public_key()
    except TypeError:
        yield Code.KEY_UNREADABLE, {"why": "it is encrypted"}
        return
    except (ValueError, UnsupportedAlgorithm):
        yield Code.KEY_UNREADABLE, {"why": "it holds no PEM key of a known kind"}
        return
    try:
        matches = public_key == leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return  # a key type that nobody here can read, which is a finding of its own
    if not matches:
        yield Code.KEY_MISMATCH, {}


def _refused_key(certificate: x509.Certificate, curves: tuple[str, ...]) -> str:
    """The kind of the certificate's key where it is refused, else empty."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        return str(error)
    match key:
        case ec.EllipticCurvePublicKey():
            return "" if key.curve.name in curves else f"ECDSA {key.curve.name}"
        case rsa.RSAPublicKey():
            return "" if key.key_size >= _MIN_RSA_BITS else f"RSA of {key.key_size} bits"
        case _:
            return type(key).__name__.removesuffix("PublicKey")


def _key_type(leaf: x509.Certificate) -> _Found:
    if kind := _refused_key(leaf, _LEAF_CURVES):
        yield Code.KEY_TYPE_REFUSED, {"kind": kind}


def _constraints(leaf: x509.Certificate) -> _Found:
    constraints = extensions.read(leaf, x509.BasicConstraints)
    usage = extensions.read(leaf, x509.KeyUsage)
    if (constraints is not None and constraints.ca) or (usage is not None and (usage.key_cert_sign or usage.crl_sign)):
        yield Code.NOT_A_LEAF, {}
    elif usage is None or not usage.digital_signature:
        yield Code.SIGNATURE_NOT_ALLOWED, {}


def _names(leaf: x509.Certificate, role: Usage) -> _Found:
    names = extensions.read(leaf, x509.SubjectAlternativeName) or x509.SubjectAlternativeName([])
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if not uris and not (role is Usage.SERVER and _is_host_only(leaf)):
        yield Code.URI_MISSING, {}
    elif len(uris) > 1:
        yield Code.URI_AMBIGUOUS, {"count": len(uris)}
    elif uris and not subject.is_spiffe_id(uris[0]):
        yield Code.URI_NOT_SPIFFE, {"uri": uris[0]}
    if role is Usage.SERVER and not extensions.hosts(leaf):
        yield Code.HOST_MISSING, {}


def _is_host_only(leaf: x509.Certificate) -> bool:
    """What a CA for servers issues: callers know us by the DNS name that they called, and no URI stands beside it."""
    names = extensions.read(leaf, x509.SubjectAlternativeName) or x509.SubjectAlternativeName([])
    return bool(names.get_values_for_type(x509.DNSName)) and not names.get_values_for_type(x509.UniformResourceIdentifier)


def _usage(leaf: x509.Certificate, role: Usage) -> _Found:
    if role.value not in (extensions.read(leaf, x509.ExtendedKeyUsage) or ()):
        yield Code.USAGE_MISSING, {"role": role.name.lower(), "usage": _EKU_NAMES[role]}


def _validity(leaf: x509.Certificate, now: datetime) -> _Found:
    start, end, left = leaf.not_valid_before_utc, leaf.not_valid_after_utc, life_left(leaf, now)
    if now < start:
        yield Code.NOT_YET_VALID, {"start": start}
    elif now > end:
        yield Code.EXPIRED, {"end": end}
    elif left < RENEW_BELOW:
        yield Code.RENEWAL_DUE, {"left": left, "end": end}


def _chain(
    leaf: x509.Certificate,
    intermediates: list[x509.Certificate],
    anchors: list[x509.Certificate],
    role: Usage,
    now: datetime,
) -> _Found:
    # The leaf's own dates are judged apart: the chain is judged at the nearest moment of its life.
    moment = max(leaf.not_valid_before_utc, min(now, leaf.not_valid_after_utc))
    policy = PolicyBuilder().store(Store(anchors)).time(moment)
    try:
        if role is Usage.CLIENT:
            policy.build_client_verifier().verify(leaf, intermediates)
        else:
            policy.build_server_verifier(_any_host(leaf)).verify(leaf, intermediates)
    except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
        yield (
            Code.CHAIN_REFUSED,
            {"why": _plainly(str(error)), "issuer": leaf.issuer.rfc4514_string()},
        )


def _plainly(said: str) -> str:
    return "no CA there signed it" if said.endswith("no interior errors") else said.removeprefix("validation failed: ")


def _any_host(leaf: x509.Certificate) -> x509.DNSName | x509.IPAddress:
    """A host that the certificate answers to; a wildcard answers to any label."""
    host = extensions.hosts(leaf)[0]
    return x509.DNSName(host.value.replace("*", "any", 1)) if isinstance(host, x509.DNSName) else host
