"""One certificate's status, asked of its CA's responder (OCSP, 在线证书状态协议), and its answer judged before it is believed.

Laws: pure: bytes and a moment in, an answer out or OcspRefused. It is believed only if it was signed by the CA that issued the
certificate, or by a certificate that this CA issued for the purpose (id-kp-OCSPSigning), valid now and not revoked; if it is about that
certificate, bears our nonce or none, does not begin in the future, and is no older than what was believed before.
Standards: RFC 6960 sections 3.2, 4.1 and 4.2.2.2; RFC 9654 (nonce); RFC 5019, whose responders know SHA-1 in names of certificates only,
where nothing hangs on its strength: what is signed is signed with SHA-2.
"""

from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from certs import extensions

CLOCK_LEEWAY: Final = timedelta(minutes=5)
UNDATED: Final = timedelta(minutes=5)
"""How long an answer serves that does not say when the next one comes."""
LONGEST: Final = timedelta(days=7)
"""How long an answer serves at most, whatever it says."""
NONCE_BYTES: Final = 32

_MALFORMED: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.UnsupportedGeneralNameType, x509.DuplicateExtension)
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class OcspRefused(Exception):  # noqa: N818  named for what was found
    """The answer is not believed; the message says why."""


class NothingSaid(OcspRefused):
    """The responder answers, and says that it says nothing of this certificate."""


class Status(StrEnum):
    """What the responder says. UNKNOWN: that it does not know the certificate."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, as of when, and until when that serves."""

    status: Status
    this_update: datetime
    until: datetime


def responders(certificate: x509.Certificate) -> tuple[str, ...]:
    """The URLs that the certificate itself names (authority information access). Raises ValueError where it cannot be parsed."""
    said = extensions.read(certificate, x509.AuthorityInformationAccess) or ()
    asked = (each.access_location for each in said if each.access_method == AuthorityInformationAccessOID.OCSP)
    return tuple(each.value for each in asked if isinstance(each, x509.UniformResourceIdentifier))


def request(certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes) -> bytes:
    """The question, DER; `nonce` of NONCE_BYTES, new each time."""
    asked = _builder(certificate, issuer).add_extension(x509.OCSPNonce(nonce), critical=False)
    return asked.build().public_bytes(Encoding.DER)


def answer(
    content: bytes,
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    now: datetime,
    *,
    nonce: bytes = b"",
    newest: datetime | None = None,
    revoked: Container[tuple[str, str]] = (),
) -> Answer:
    """The answer, DER. Raises OcspRefused.

    `nonce` is what was asked with, empty for an answer that was kept; `newest` is of when the last one was; `revoked` has what is
    revoked by other means, each by issuer and serial number, hex in small letters. One whose time is over is given all the same: how
    long it still serves is policy.
    """
    try:
        found = ocsp.load_der_ocsp_response(content)
        if found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise NothingSaid(f"the responder says {found.response_status.name.lower().replace('_', ' ')}")
        _check_signed(found, issuer, now, revoked)
        _check_nonce(found, nonce)
        return _judged(_about(found, certificate, issuer), now, newest)
    except _MALFORMED as error:
        raise OcspRefused("the answer cannot be read") from error


def _builder(certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPRequestBuilder:
    return ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303  see the module


def _about(found: ocsp.OCSPResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> ocsp.OCSPSingleResponse:
    asked = _builder(certificate, issuer).build()
    for each in found.responses:
        named = (each.issuer_name_hash, each.issuer_key_hash, each.serial_number, each.hash_algorithm.name)
        if named == (asked.issuer_name_hash, asked.issuer_key_hash, asked.serial_number, asked.hash_algorithm.name):
            return each
    raise OcspRefused("the answer is about another certificate")


def _judged(said: ocsp.OCSPSingleResponse, now: datetime, newest: datetime | None) -> Answer:
    begun, ends = said.this_update_utc, said.next_update_utc
    if begun > now + CLOCK_LEEWAY:
        raise OcspRefused(f"the answer begins in the future, on {begun:%Y-%m-%d %H:%M} UTC; look at the clocks")
    if newest is not None and begun < newest:
        raise OcspRefused(
            f"the answer is of {begun:%Y-%m-%d %H:%M:%S} UTC, and one of {newest:%Y-%m-%d %H:%M:%S} was seen before"
        )
    return Answer(_STATUS[said.certificate_status], begun, min(ends or begun + UNDATED, begun + LONGEST))


_STATUS: Final = {
    ocsp.OCSPCertStatus.GOOD: Status.GOOD,
    ocsp.OCSPCertStatus.REVOKED: Status.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN: Status.UNKNOWN,
}


def _check_nonce(found: ocsp.OCSPResponse, nonce: bytes) -> None:
    """One that was made beforehand bears none, and its dates are all that speaks for it."""
    with suppress(x509.ExtensionNotFound):
        if nonce and found.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce != nonce:
            raise OcspRefused("the answer bears another nonce than the question")


def _check_signed(found: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime, revoked: Container[tuple[str, str]]) -> None:
    if not isinstance(found.signature_hash_algorithm, _HASHES):
        raise OcspRefused("the answer is signed with a hash that is not accepted; SHA-256 or longer is")
    signer = next((each for each in (issuer, *found.certificates) if _is_named(found, each)), None)
    if signer is None:
        raise OcspRefused("the answer bears no certificate of the responder that it names, and the CA did not sign it")
    if signer != issuer:
        _check_delegated(signer, issuer, now, revoked)
    if not _verifies(found, signer):
        raise OcspRefused("the answer's signature does not verify")


def _is_named(found: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    if found.responder_name is not None:
        return found.responder_name == signer.subject
    return found.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest


def _check_delegated(
    signer: x509.Certificate, issuer: x509.Certificate, now: datetime, revoked: Container[tuple[str, str]]
) -> None:
    for wrong, why in _delegation(signer, issuer, now, revoked):
        if wrong:
            raise OcspRefused(why)


def _delegation(
    signer: x509.Certificate, issuer: x509.Certificate, now: datetime, revoked: Container[tuple[str, str]]
) -> Iterator[tuple[bool, str]]:
    """Whether each thing is wrong with a certificate that signs in the CA's place, in the order in which it matters."""
    yield not _issued(signer, issuer), "the responder's certificate was not issued by the CA that issued the certificate"
    usage = extensions.read(signer, x509.ExtendedKeyUsage) or ()
    yield (
        ExtendedKeyUsageOID.OCSP_SIGNING not in usage,
        "the responder's certificate is not for signing answers (id-kp-OCSPSigning)",
    )
    valid = signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
    yield not valid, "the responder's certificate is not valid now; its CA has to renew it"
    named = (signer.issuer.rfc4514_string(), f"{signer.serial_number:x}")
    yield named in revoked, "the responder's certificate is revoked"


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, *_MALFORMED):
        return False
    return True


def _verifies(found: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key, algorithm = signer.public_key(), found.signature_hash_algorithm
    if algorithm is None:
        return False
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(found.signature, found.tbs_response_bytes, ec.ECDSA(algorithm))
            case rsa.RSAPublicKey():
                key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), algorithm)
            case _:
                return False
    except InvalidSignature:
        return False
    return True
