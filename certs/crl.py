"""A CA's certificate revocation list (CRL, 证书吊销列表), read and judged before it is believed.

Laws: pure: bytes and a moment in, a listing out or CrlRefused. It is believed only if it was signed by one of the CAs given, is complete
(no delta, no part), has a number that is not lower than the highest that was seen, and says when the next one comes. Its set of serial
numbers is built once, because looking one up in the file costs a millisecond.
Standard: RFC 5280 sections 5 and 6.3.3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from certs import extensions

CLOCK_LEEWAY: Final = timedelta(minutes=5)
LARGEST: Final = 32 * 2**20

_MALFORMED: Final = (
    ValueError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
_PARTIAL: Final = (x509.DeltaCRLIndicator, x509.IssuingDistributionPoint)


class CrlRefused(Exception):  # noqa: N818  named for what was found
    """The list is not believed; the message says why."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one CA has revoked. `issuer` is RFC 4514, `authority` the identifier (hex) of its key.

    `issued` has what was revoked, each by issuer and serial number, hex in small letters.
    """

    issuer: str
    authority: str
    number: int
    this_update: datetime
    next_update: datetime
    issued: frozenset[tuple[str, str]]


def listing(content: bytes, authorities: Sequence[x509.Certificate], now: datetime, highest: Mapping[str, int]) -> Listing:
    """The list in PEM or DER; `highest` is the highest number seen of each authority. Raises CrlRefused.

    One whose next update is past is given all the same: how long it still serves is policy.
    """
    try:
        return _judged(_parsed(content), authorities, now, highest)
    except x509.ExtensionNotFound as error:
        raise CrlRefused("it has no number, so an old one could be put in its place") from error
    except _MALFORMED as error:
        raise CrlRefused("it cannot be read") from error


def _judged(
    crl: x509.CertificateRevocationList, authorities: Sequence[x509.Certificate], now: datetime, highest: Mapping[str, int]
) -> Listing:
    """Who signed it is asked first, so that what a stranger wrote into it is never looked at."""
    signer = next((each for each in authorities if each.subject == crl.issuer and _signed(crl, each)), None)
    if signer is None:
        raise CrlRefused("none of the region's authorities has signed it")
    authority = _key_identifier(signer)
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    begun, ends = crl.last_update_utc, crl.next_update_utc
    if any(isinstance(each.value, _PARTIAL) for each in crl.extensions):
        raise CrlRefused("it is a part of a list only; give the complete one")
    if ends is None:
        raise CrlRefused("it does not say when the next one comes")
    if begun > now + CLOCK_LEEWAY:
        raise CrlRefused(f"it begins in the future, on {begun:%Y-%m-%d %H:%M} UTC; look at the clocks")
    if number < highest.get(authority, 0):
        raise CrlRefused(f"its number {number} is lower than {highest[authority]}, which was seen before")
    issuer = crl.issuer.rfc4514_string()
    return Listing(issuer, authority, number, begun, ends, frozenset((issuer, f"{each.serial_number:x}") for each in crl))


def _parsed(content: bytes) -> x509.CertificateRevocationList:
    if b"-----BEGIN X509 CRL-----" in content:
        return x509.load_pem_x509_crl(content)
    return x509.load_der_x509_crl(content)


def _signed(crl: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    usage = extensions.read(authority, x509.KeyUsage)
    if not extensions.is_authority(authority) or (usage is not None and not usage.crl_sign):
        return False
    try:
        return crl.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (TypeError, *_MALFORMED):
        return False


def _key_identifier(authority: x509.Certificate) -> str:
    own = extensions.read(authority, x509.SubjectKeyIdentifier)
    return own.digest.hex() if own else authority.subject.rfc4514_string()
