"""Whose certificate a caller shows, and whether its authority may speak for that region.

Laws: exactly one URI SAN, `spiffe://<region trust domain>/department/<credit code>/system/<name>`; never by common name; an authority
speaks for its own region only; a key that can be broken names nobody; validity and revocation are checked on every call, the path once for
each certificate and trust generation; while nobody can tell whether it was revoked, it names nobody. Who comes through the front proxy is
judged by the certificate that was shown there, by all of these laws, and so is the proxy by its own; nobody else names a caller, and the
proxy is none.
Source: SPIFFE-ID 2, X509-SVID 2 to 5; RFC 5280 6.1; NIST SP 800-131A (sizes of keys).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from gateway.model.identifiers import CreditCode, InvalidIdentifier
from gateway.model.identity import Anchor, Caller, Issued, Peer, Revoked, Trust, Verdict, Vouched
from gateway.model.refusal import Reason, Refusal

_PATH = re.compile(r"/department/([0-9A-Z]{18})/system/([a-z0-9][a-z0-9.-]{0,62})")
_REMEMBERED = 8192
_LEADS_NOWHERE = "the certificate does not lead to the authority that speaks for its region"
_CURVES = frozenset({"secp256r1", "secp384r1"})
_SHORTEST_RSA = 2048
_NONE: frozenset[Issued] = frozenset()
_MALFORMED = (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a URI says of a system, which nobody has vouched for yet; `anchor` is whose authorities would have to."""

    uri: str
    anchor: Anchor
    department: str
    system: str


def identify(peer: Peer, trust: Trust, now: datetime) -> Caller:
    """The system that calls. Raises CALLER_UNKNOWN, CERTIFICATE_REVOKED or FORWARDING_REFUSED."""
    if peer.forwarded is not None:
        return _through_proxy(replace(peer, forwarded=None), peer.forwarded, trust, now)
    caller = _shown(peer, trust, now)
    if caller.uri == trust.front_proxy:
        raise _not_forwarded("the front proxy does not say whose certificate was shown to it")
    return caller


def _shown(peer: Peer, trust: Trust, now: datetime) -> Caller:
    """Whom a certificate names that somebody has shown to hold."""
    caller = _read(peer, trust)
    _in_force(caller.not_before, caller.not_after, now)
    _not_revoked(caller, trust.revoked)
    _vouched_for(caller, trust.revoked.vouched.get(caller.region), now)
    return caller


def _through_proxy(proxy: Peer, forwarded: Peer, trust: Trust, now: datetime) -> Caller:
    """Who showed a certificate to the front proxy. That its own is at fault, the caller learns as no fault of theirs."""
    try:
        shows = _shown(proxy, trust, now)
    except Refusal as refusal:
        raise _not_forwarded(f"who names a caller is not believed: {refusal.detail}") from refusal
    if shows.uri != trust.front_proxy:
        raise _not_forwarded(f"{shows.uri} names a caller, and is not the front proxy")
    caller = _shown(forwarded, trust, now)
    if caller.uri == trust.front_proxy:
        raise _not_forwarded("the front proxy names itself")
    return replace(caller, through=shows.uri)


def paths(peer: Peer, trust: Trust) -> tuple[tuple[str, list[x509.Certificate]], ...]:
    """For each certificate that somebody has to be believed by: its region, and the way from it to the region's authority, with both ends.

    Worked out anew each time: for whoever asks the authorities about what stands on it. Raises as identify.
    """
    own = _way(peer, trust)
    if peer.forwarded is None:
        return (own,)
    if _only_uri(own[1][0]) != trust.front_proxy:
        raise _not_forwarded("a certificate is named by somebody who is not the front proxy")
    return own, _way(peer.forwarded, trust)


def _way(shown: Peer, trust: Trust) -> tuple[str, list[x509.Certificate]]:
    leaf = _parse(shown.leaf)
    anchor = claimed(_only_uri(leaf), trust).anchor
    return anchor.region, _verify(leaf, shown.chain, anchor)


def _not_revoked(caller: Caller, revoked: Revoked) -> None:
    """Some look-ups in sets: they are made on every call, for a connection outlives a revocation."""
    if caller.uri in revoked.uris or caller.fingerprint in revoked.fingerprints or not revoked.serials.isdisjoint(caller.issued):
        raise Refusal(Reason.CERTIFICATE_REVOKED, "the certificate, or its system, stands on the deny-list")
    if not revoked.listed.get(caller.region, _NONE).isdisjoint(caller.issued):
        raise Refusal(Reason.CERTIFICATE_REVOKED, "the region's CA has revoked the certificate")
    if caller.region in revoked.unclear:
        raise _unknown(f"nobody can tell whether the certificate was revoked: {revoked.unclear[caller.region]}")


def _vouched_for(caller: Caller, answers: Mapping[Issued, Vouched] | None, now: datetime) -> None:
    """Where the region's CAs are asked for each certificate, each has to be good by an answer that still serves."""
    for issued in caller.issued if answers is not None else ():
        answer = answers.get(issued) if answers else None
        if answer is None:
            raise _unknown(
                "nobody can tell whether the certificate was revoked: its CA's responder has said nothing of it (OCSP)"
            )
        if answer.verdict is Verdict.REVOKED:
            raise Refusal(Reason.CERTIFICATE_REVOKED, "the region's CA has revoked the certificate, its responder says (OCSP)")
        if answer.verdict is Verdict.UNKNOWN:
            raise _unknown("the CA's responder does not know the certificate (OCSP)")
        if now > answer.until:
            raise _unknown("nobody can tell whether the certificate was revoked: its CA's responder said so too long ago (OCSP)")


def claimed(uri: str, trust: Trust) -> Claim:
    """What a URI says, whoever shows it. Raises CALLER_UNKNOWN for one that names no system of a configured region."""
    domain, _, path = uri.removeprefix("spiffe://").partition("/")
    named = _PATH.fullmatch(f"/{path}")
    if not uri.startswith("spiffe://") or named is None:
        raise _unknown("the URI is not spiffe://<trust domain>/department/<credit code>/system/<name>")
    anchor = trust.anchors.get(domain)
    if anchor is None:
        raise _unknown("no region has the trust domain that the URI names")
    return Claim(uri, anchor, _department(named[1]), named[2])


def _in_force(not_before: datetime, not_after: datetime, now: datetime) -> None:
    if now < not_before:
        raise _unknown("the certificate or its authority is not valid yet")
    if now > not_after:
        raise _unknown("the certificate or its authority has expired")


@lru_cache(maxsize=_REMEMBERED)
def _read(peer: Peer, trust: Trust) -> Caller:
    """Who the certificate names; depends on the two values only, so it is worked out once."""
    leaf = _parse(peer.leaf)
    claim = claimed(_only_uri(leaf), trust)
    if not _is_strong(leaf):
        raise _unknown("the certificate's key is of a kind or size that is not accepted")
    chain = _verify(leaf, peer.chain, claim.anchor)
    return Caller(
        region=claim.anchor.region,
        department=claim.department,
        system=claim.system,
        uri=claim.uri,
        fingerprint=leaf.fingerprint(SHA256()).hex(),
        serial=f"{leaf.serial_number:x}",
        not_before=max(each.not_valid_before_utc for each in chain),
        not_after=min(each.not_valid_after_utc for each in chain),
        issued=tuple((each.issuer.rfc4514_string(), f"{each.serial_number:x}") for each in chain[:-1]),
    )


def _parse(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except _MALFORMED as error:
        raise _unknown("the certificate does not parse") from error


def _only_uri(leaf: x509.Certificate) -> str:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise _unknown("the certificate has no subject alternative name") from error
    except _MALFORMED as error:
        raise _unknown("the certificate's extensions do not parse") from error
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if len(uris) != 1:
        raise _unknown(f"the certificate has {len(uris)} URIs, and one is required")
    return uris[0]


def _department(code: str) -> str:
    try:
        return CreditCode.parse(code).code
    except InvalidIdentifier as error:
        raise _unknown("the department in the URI is no unified social credit code") from error


def _is_strong(leaf: x509.Certificate) -> bool:
    """Whether the key is one that certs.preflight lets in; TLS and path validation do not look at a leaf's own key."""
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    if isinstance(key, EllipticCurvePublicKey):
        return key.curve.name in _CURVES
    return isinstance(key, RSAPublicKey) and key.key_size >= _SHORTEST_RSA


def _verify(leaf: x509.Certificate, chain: bytes, anchor: Anchor) -> list[x509.Certificate]:
    """The path from leaf to anchor, built at a moment inside the leaf's life: whether that life is now, identify checks each time."""
    try:
        further = [each for each in x509.load_pem_x509_certificates(chain) if each != leaf] if chain else []
        authorities = x509.load_pem_x509_certificates(anchor.authorities)
        moments = _moments(leaf, authorities)
    except _MALFORMED as error:
        raise _unknown(_LEADS_NOWHERE) from error
    path = next((found for moment in moments if (found := _path(leaf, further, authorities, moment))), None)
    if path is None:
        raise _unknown(_LEADS_NOWHERE)
    if not _is_for_clients(leaf):
        raise _unknown("the certificate is not for clients")
    return path


def _moments(leaf: x509.Certificate, authorities: list[x509.Certificate]) -> list[datetime]:
    """When a path may begin: with the leaf, or with an authority that was renewed under its key since."""
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    return sorted({begins, *(each.not_valid_before_utc for each in authorities if begins < each.not_valid_before_utc <= ends)})


def _path(
    leaf: x509.Certificate, further: list[x509.Certificate], authorities: list[x509.Certificate], moment: datetime
) -> list[x509.Certificate] | None:
    try:
        verifier = PolicyBuilder().store(Store(authorities)).time(moment).build_client_verifier()
        return verifier.verify(leaf, further).chain
    except (VerificationError, TypeError, *_MALFORMED):  # cryptography words its refusal with names, and cannot spell every one
        return None


def _is_for_clients(leaf: x509.Certificate) -> bool:
    """Whether it says so itself: path validation takes one that says nothing for one that is for everything."""
    try:
        return ExtendedKeyUsageOID.CLIENT_AUTH in leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False


def _not_forwarded(detail: str) -> Refusal:
    return Refusal(Reason.FORWARDING_REFUSED, detail)


def _unknown(detail: str) -> Refusal:
    return Refusal(Reason.CALLER_UNKNOWN, detail)
