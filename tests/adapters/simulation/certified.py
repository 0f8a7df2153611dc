"""What a simulator's program and its callers show each other: certificates of an authority made for this run, as files."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Self

from certs.authority import Authority
from certs.extensions import Profile, Usage
from gateway.clock import SystemClock

_LIFE = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """The files of a certificate and of its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Issuer:
    """Of one authority; `certificate` is its own."""

    folder: Path
    authority: Authority
    certificate: Path

    @classmethod
    def of(cls, folder: Path, name: str) -> Self:
        """A new authority, its certificate as `<name>.pem`."""
        authority = Authority.create(name, SystemClock().now() - _LIFE, 3 * _LIFE)
        certificate = folder / f"{name}.pem"
        certificate.write_bytes(authority.certificate_pem)
        return cls(folder, authority, certificate)

    def issued(self, name: str) -> Pair:
        """For a server on this machine, and for a client of one, as `<name>.pem` and `<name>.key`."""
        profile = Profile(
            uri=f"spiffe://city.test/{name}",
            usages=frozenset(Usage),
            dns_names=("localhost",),
            ip_addresses=(IPv4Address("127.0.0.1"),),
        )
        leaf = self.authority.issue(profile, SystemClock().now(), _LIFE)
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        pair.certificate.write_bytes(leaf.certificate)
        pair.key.write_bytes(leaf.key)
        return pair
