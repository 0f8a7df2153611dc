"""When a certificate of ours is renewed, what is asked for, and when it is tried again.

Laws: pure; the successor says what its predecessor says and lives as long, with a key of its own; it is asked for a little before two
thirds of the life are over, at a point that follows from the certificate, so that what was issued together is not renewed together,
and whoever counts comes to the same moment.
Source: the renewers of step-ca and cert-manager, which ask at two thirds and again each minute.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from certs import extensions
from certs.authority import BACKDATED
from certs.extensions import Profile, Usage
from certs.issuing import Kind

SPREAD: Final = 1 / 15
"""The part of a life over which renewals are spread, before two thirds of it."""
SOONEST: Final = 60.0
LATEST: Final = 3600.0
"""Seconds between two attempts that fail: twice as long each time, from the one to the other."""

_DUE: Final = 2 / 3
_DIGITS: Final = 8


class NotRenewable(ValueError):  # noqa: N818  named for what was found
    """Nothing can be asked for in its place; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the successor is to be."""

    kind: Kind
    profile: Profile
    life: timedelta


def moment(certificate: x509.Certificate) -> datetime:
    """From when on its successor is asked for, UTC."""
    begun, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    share = int(certificate.fingerprint(SHA256()).hex()[:_DIGITS], 16) / 16**_DIGITS
    return begun + (ends - begun) * (_DUE - SPREAD * share)


def pause(failures: int, chance: float) -> float:
    """Seconds until the next attempt after so many that failed in a row, at least one; `chance` in [0, 1) takes up to a fifth off."""
    longest = min(LATEST, SOONEST * 2.0 ** min(failures - 1, 10))
    return longest * (1 - chance / 5)


def successor(certificate: x509.Certificate) -> Wanted:
    """What is to follow a certificate of the gateway. Raises NotRenewable."""
    try:
        names = extensions.read(certificate, x509.SubjectAlternativeName) or x509.SubjectAlternativeName([])
        said = extensions.read(certificate, x509.ExtendedKeyUsage) or ()
        (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
        addresses = names.get_values_for_type(x509.IPAddress)
        profile = Profile(
            uri=uri,
            usages=frozenset(each for each in Usage if each.value in said),
            dns_names=tuple(names.get_values_for_type(x509.DNSName)),
            ip_addresses=tuple(each for each in addresses if isinstance(each, IPv4Address | IPv6Address)),
        )
    except ValueError as error:
        message = f"{certificate.subject.rfc4514_string()}: has not one URI and a use to be repeated; request one by `kuacheng certs csr`"
        raise NotRenewable(message) from error
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc - BACKDATED
    return Wanted(_KINDS[profile.usages], profile, life)


def fits(given: x509.Certificate, wanted: Wanted) -> bool:
    """Whether it says what was asked for, in whatever order. One without a URI may be for more than that: nobody is let in by it."""
    said = successor(given).profile if wanted.profile.uri else None
    if said is not None:
        return _named(said) == _named(wanted.profile) and said.usages == wanted.profile.usages
    names = extensions.read(given, x509.SubjectAlternativeName) or x509.SubjectAlternativeName([])
    purposes = extensions.read(given, x509.ExtendedKeyUsage) or ()
    dns = {x509.DNSName(each) for each in wanted.profile.dns_names}
    return {*names} == dns and all(each.value in purposes for each in wanted.profile.usages)


def _named(profile: Profile) -> tuple[object, ...]:
    return profile.uri, frozenset(profile.dns_names), frozenset(profile.ip_addresses)


_KINDS: Final = {
    frozenset({Usage.SERVER}): Kind.GATEWAY_SERVER,
    frozenset({Usage.CLIENT}): Kind.GATEWAY_CLIENT,
    frozenset(Usage): Kind.GATEWAY,
}
