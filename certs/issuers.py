"""Who issues the successor of a certificate of ours: the CA that is built in, or a program of the site that asks an outside CA.

Laws: what goes out is a request (CSR), never a key; what comes back is judged like a stranger's; a program has a time to end in, and
what it writes to standard error is told to the operator.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from cryptography import x509

from certs import issuing, renewing, requests
from certs.authority import Authority
from certs.issuing import TERMS, IssueRefused, Place
from certs.renewing import Wanted

PATIENCE: Final = 300.0
"""Seconds that a program has: an outside CA may want to see something before it signs."""

_MOST: Final = 1 << 18
_TOLD: Final = 300


class Issuer(Protocol):
    """Who issues."""

    @property
    def name(self) -> str:
        """For the evidence log."""
        ...

    def serves(self, before: x509.Certificate) -> bool:
        """Whether it can issue a successor of this."""
        ...

    def wanted(self, before: x509.Certificate) -> Wanted:
        """What that successor is to be. Raises NotRenewable."""
        ...

    def issue(self, wanted: Wanted, request: bytes, now: datetime) -> bytes:
        """The certificate, leaf first, for a request, all PEM. Raises IssueRefused, OSError."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """The CA that is built in."""

    place: Place
    authority: Authority

    @property
    def name(self) -> str:
        """By its certificate's subject."""
        return self.authority.certificate.subject.rfc4514_string()

    def serves(self, before: x509.Certificate) -> bool:  # noqa: ARG002
        """As Issuer: anything."""
        return True

    def wanted(self, before: x509.Certificate) -> Wanted:
        """As Issuer: the same again."""
        return renewing.successor(before)

    def issue(self, wanted: Wanted, request: bytes, now: datetime) -> bytes:
        """As Issuer; for as long as before, and no longer than the profile allows."""
        life = min(wanted.life, TERMS[wanted.kind].longest)
        key = requests.read(request).key
        return issuing.issue(self.place, self.authority, wanted.kind, wanted.profile, now=now, life=life, key=key).certificate


@dataclass(frozen=True, slots=True)
class Program:
    """A program that reads a request on standard input and writes the certificate with its chain to standard output."""

    command: Sequence[str]
    patience: float = PATIENCE

    @property
    def name(self) -> str:
        """As it is called, without its arguments."""
        return self.command[0]

    def serves(self, before: x509.Certificate) -> bool:  # noqa: ARG002
        """As Issuer: anything."""
        return True

    def wanted(self, before: x509.Certificate) -> Wanted:
        """As Issuer: the same again."""
        return renewing.successor(before)

    def issue(self, wanted: Wanted, request: bytes, now: datetime) -> bytes:  # noqa: ARG002  the request says it all
        """As Issuer."""
        try:
            done = subprocess.run(list(self.command), input=request, capture_output=True, timeout=self.patience, check=False)  # noqa: S603  the configuration names it, no shell reads it
        except subprocess.TimeoutExpired as error:
            raise IssueRefused(f"{self.name} did not end within {self.patience:g} seconds; run it by hand to see why") from error
        if done.returncode:
            told = done.stderr.decode(errors="replace").strip()[-_TOLD:]
            raise IssueRefused(f"{self.name} ended with status {done.returncode}: {told}")
        if len(done.stdout) > _MOST:
            raise IssueRefused(f"{self.name} wrote more than {_MOST} bytes; it is to write a certificate and its chain, PEM")
        return done.stdout
