"""The small CA that is built in: what it issues, for how long, and the record of all that it issued.

    <name>.pem            the CA's certificate, for bundles
    <name>.key            its key, owner only, under a passphrase
    <name>.issued.jsonl   one line a certificate, written before the certificate is given out

Laws: nothing is issued that is not on record first; a profile says what a certificate is for and how long it may live, and
nobody gets a longer one; one CA speaks for one trust domain, and its name says which; a key is made here only if that is asked.
Standards: RFC 5280; CA/Browser Forum rules do not apply to a private CA, but short lives do good here too.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs import custody
from certs.authority import Authority
from certs.extensions import Profile, PublicKey, Usage
from certs.facts import facts

IPAddress = IPv4Address | IPv6Address
AUTHORITY_LIFE: Final = timedelta(days=5 * 365)

_RECORD: Final = ".issued.jsonl"
_NAMED: Final = re.compile(r"CN=Kuacheng CA of ([a-z0-9._-]{1,255})")
_SHORTEST_PASSPHRASE: Final = 12


class IssueRefused(ValueError):  # noqa: N818  named for what was found
    """Nothing is issued; the message says why and what to do."""


class Kind(StrEnum):
    """What a certificate is for."""

    DEPARTMENT = "department"
    GATEWAY_SERVER = "gateway-server"
    GATEWAY_CLIENT = "gateway-client"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a kind is used as, how long it lives where nobody says, and at most."""

    usages: frozenset[Usage]
    life: timedelta
    longest: timedelta


_MONTH: Final = timedelta(days=30)
TERMS: Final[Mapping[Kind, Terms]] = MappingProxyType(
    {
        Kind.DEPARTMENT: Terms(frozenset({Usage.CLIENT}), _MONTH, 3 * _MONTH),
        Kind.GATEWAY_SERVER: Terms(frozenset({Usage.SERVER}), _MONTH, 3 * _MONTH),
        Kind.GATEWAY_CLIENT: Terms(frozenset({Usage.CLIENT}), _MONTH, 3 * _MONTH),
        Kind.GATEWAY: Terms(frozenset(Usage), _MONTH, 3 * _MONTH),
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a CA lies: its certificate's file, with the key and the record beside it."""

    certificate: Path

    @property
    def key(self) -> Path:
        """The key's file."""
        return self.certificate.with_suffix(".key")

    @property
    def record(self) -> Path:
        """The record's file."""
        return self.certificate.with_suffix(_RECORD)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate and, only where it was made here, its key; PEM."""

    certificate: bytes
    key: bytes | None = field(repr=False)


def establish(place: Place, trust_domain: str, passphrase: bytes, now: datetime, life: timedelta = AUTHORITY_LIFE) -> Authority:
    """A new CA that speaks for a trust domain, laid down at a place. Raises IssueRefused, FileExistsError, OSError."""
    if len(passphrase) < _SHORTEST_PASSPHRASE:
        raise IssueRefused(
            f"the passphrase has fewer than {_SHORTEST_PASSPHRASE} bytes; take a longer one: openssl rand -base64 24"
        )
    made = Authority.create(_common_name(trust_domain), now, life)
    custody.private_folder(place.certificate.parent)
    custody.write_key(place.key, made.encrypted_key(passphrase))
    custody.write_certificate(place.certificate, made.certificate_pem)
    return made


def profile(kind: Kind, uri: str, dns_names: tuple[str, ...] = (), ip_addresses: tuple[IPAddress, ...] = ()) -> Profile:
    """What a certificate of this kind says. Raises IssueRefused where no peer could accept it."""
    try:
        return Profile(uri=uri, usages=TERMS[kind].usages, dns_names=dns_names, ip_addresses=ip_addresses)
    except ValueError as error:
        raise IssueRefused(str(error)) from error


def issue(
    place: Place, authority: Authority, kind: Kind, wanted: Profile, *, now: datetime, life: timedelta, key: PublicKey | None
) -> Issued:
    """A certificate for a key that was made elsewhere, or with a new one for None; on record before it is given back.

    Raises IssueRefused where the profile does not fit, OSError where it cannot be recorded.
    """
    _refuse(authority, kind, wanted, life)
    try:
        if key is None:
            leaf = authority.issue(wanted, now, life)
            issued = Issued(leaf.certificate, leaf.key)
        else:
            issued = Issued(authority.certify(wanted, key, now, life).public_bytes(Encoding.PEM), None)
    except ValueError as error:
        raise IssueRefused(str(error)) from error
    _record(place.record, _line(issued, kind, now))
    return issued


def issued(place: Place) -> tuple[Mapping[str, Any], ...]:
    """The record, oldest first; nothing where nothing was issued. Raises OSError, ValueError."""
    if not place.record.is_file():
        return ()
    return tuple(json.loads(line) for line in place.record.read_text(encoding="utf-8").splitlines())


def trust_domain(authority: Authority) -> str:
    """For which trust domain a CA speaks by its name; empty where its name does not say."""
    named = _NAMED.fullmatch(authority.certificate.subject.rfc4514_string())
    return named[1] if named else ""


def _common_name(domain: str) -> str:
    name = f"Kuacheng CA of {domain}"
    if _NAMED.fullmatch(f"CN={name}") is None or len(name) > 64:  # noqa: PLR2004  X.520: the longest common name
        raise IssueRefused(f"trust domain {domain!r}: use a to z, 0 to 9, '.', '-' and '_', such as foshan.example.gov.cn")
    return name


def _refuse(authority: Authority, kind: Kind, wanted: Profile, life: timedelta) -> None:
    terms, own = TERMS[kind], trust_domain(authority)
    if wanted.usages != terms.usages:
        raise RuntimeError("a profile that is not of its kind")
    if not timedelta() < life <= terms.longest:
        raise IssueRefused(f"a {kind} certificate lives from 1 to {terms.longest.days} days; renewal is cheap, take fewer")
    if own and not wanted.uri.startswith(f"spiffe://{own}/"):
        raise IssueRefused(f"{wanted.uri}: this CA speaks for {own} only; use the CA of that trust domain")


def _line(issued: Issued, kind: Kind, now: datetime) -> Mapping[str, str]:
    said = facts(x509.load_pem_x509_certificate(issued.certificate))
    return {
        "at": now.isoformat(),
        "profile": kind.value,
        "uri": said.uri,
        "serial": said.serial,
        "sha256": said.fingerprint,
        "not_after": said.not_after.isoformat(),
        "key": "theirs" if issued.key is None else "made here",
    }


def _record(path: Path, line: Mapping[str, str]) -> None:
    """One more line, on the disk when the call returns; another program that writes waits."""
    with custody.as_owner(path.parent), custody.alone(path.parent):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, custody.KEY_MODE)
        with os.fdopen(descriptor, "ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        custody.sync_folder(path.parent)
