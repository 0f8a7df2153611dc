"""A file of authorities (CA bundle) as values: its members, and which of them are tainted: still believed, and to be retired.

Laws: nothing here touches a file; what is written can be read by every program that reads PEM, for a taint is a line of explanatory text
before its certificate (RFC 7468 section 5.2), which others pass over; a bundle never loses its last member, nor has one twice.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certs import extensions

SHORTEST: Final = 8
"""Hex digits of a fingerprint that are enough to name a member, if they name one only."""

_BLOCK: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_TAINT: Final = re.compile(rb"^# tainted (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\s*$", re.MULTILINE)


class BundleRefused(Exception):  # noqa: N818  named for what was found
    """A bundle cannot be changed so; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Member:
    """One authority; `tainted` since when it is to be retired, None for one in good standing."""

    certificate: x509.Certificate
    tainted: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256, hex."""
        return self.certificate.fingerprint(SHA256()).hex()

    @property
    def name(self) -> str:
        """Its subject, RFC 4514."""
        return self.certificate.subject.rfc4514_string()

    @property
    def key_identifier(self) -> str:
        """Its subject key identifier, hex, which stands in whatever it signed; empty where it has none."""
        own = extensions.read(self.certificate, x509.SubjectKeyIdentifier)
        return own.digest.hex() if own else ""


def members(pem: bytes) -> tuple[Member, ...]:
    """Those of a bundle, in order. Raises BundleRefused where one cannot be read."""
    found, after = [], 0
    try:
        for block in _BLOCK.finditer(pem):
            marks = _TAINT.findall(pem, after, block.start())
            tainted = datetime.strptime(marks[-1].decode(), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) if marks else None
            found.append(Member(x509.load_pem_x509_certificate(block[0]), tainted))
            after = block.end()
    except (ValueError, x509.InvalidVersion) as error:
        raise BundleRefused("the bundle cannot be read; mend it before it is changed") from error
    return tuple(found)


def rendered(of: Iterable[Member]) -> bytes:
    """The bundle's text."""
    return b"\n".join(_block(each) for each in of)


def added(pem: bytes, new: bytes) -> bytes:
    """The bundle with these authorities besides. Raises BundleRefused where there is none, one is no CA, or stands there already."""
    before, more = members(pem), members(new)
    there = {each.fingerprint for each in before}
    for each in more:
        if each.fingerprint in there:
            raise BundleRefused(f"{each.name} stands in the bundle already")
        if not extensions.is_authority(each.certificate):
            raise BundleRefused(f"{each.name} is no CA; give the certificate of the CA that signs")
    if not more:
        raise BundleRefused("the file holds no certificate; give that of the new CA, PEM")
    return rendered((*before, *more))


def tainted(pem: bytes, fingerprint: str, now: datetime) -> bytes:
    """The bundle with one member tainted from now on. Raises BundleRefused; also where no other would stay in good standing."""
    standing, one = members(pem), named(pem, fingerprint)
    if one.tainted:
        raise BundleRefused(f"{one.name} is tainted since {one.tainted:%Y-%m-%d %H:%M} UTC")
    if not any(each.tainted is None and each != one for each in standing):
        raise BundleRefused("no other CA would be left in good standing; stage the new one first")
    moment = now.astimezone(UTC).replace(microsecond=0)
    return rendered(replace(each, tainted=moment) if each == one else each for each in standing)


def retired(pem: bytes, fingerprint: str) -> bytes:
    """The bundle without one member. Raises BundleRefused where it is not tainted."""
    one = named(pem, fingerprint)
    if one.tainted is None:
        raise BundleRefused(f"{one.name} is in good standing; taint it first, and see who still needs it")
    return rendered(each for each in members(pem) if each != one)


def named(pem: bytes, fingerprint: str) -> Member:
    """The member whose fingerprint begins so. Raises BundleRefused where that is none or more than one."""
    wanted = fingerprint.replace(":", "").lower()
    found = [each for each in members(pem) if len(wanted) >= SHORTEST and each.fingerprint.startswith(wanted)]
    if len(found) != 1:
        there = "; ".join(f"{each.fingerprint[:16]} {each.name}" for each in members(pem))
        raise BundleRefused(f"{fingerprint} names no single CA of the bundle; give at least {SHORTEST} digits of one: {there}")
    return found[0]


def _block(member: Member) -> bytes:
    taint = f"# tainted {member.tainted:%Y-%m-%dT%H:%M:%SZ}\n" if member.tainted else ""
    return taint.encode() + member.certificate.public_bytes(Encoding.PEM)
