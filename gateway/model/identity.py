"""Who calls: what a peer claims (Peer), whom we trust for what (Trust), and who it therefore is (Caller)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True)
class Peer:
    """What the TLS session showed: the leaf and any further certificates, PEM.

    `forwarded` is what the peer says that another one showed to it; only the front proxy is believed such a thing.
    """

    leaf: bytes = field(repr=False)
    chain: bytes = field(default=b"", repr=False)
    forwarded: "Peer | None" = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Anchor:
    """The authorities (PEM, one or more) that may speak for one region, and that region's trust domain."""

    region: str
    trust_domain: str
    authorities: bytes = field(repr=False)


Issued = tuple[str, str]
"""A certificate by its issuer (RFC 4514) and its serial number (hex)."""


class Verdict(Enum):
    """What a CA's responder says of one certificate (RFC 6960 section 2.2)."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Vouched:
    """What was said of one certificate, and until when that serves. A revocation serves until something newer is said."""

    verdict: Verdict
    until: datetime


@dataclass(frozen=True, slots=True)
class Revoked:
    """Whom we believe no more: by the deny-list (`uris`, `fingerprints`, `serials`), and by what the CAs of each region listed.

    `unclear` has the regions of which nobody can tell now what their CAs have revoked, and why. `vouched` has the regions whose CAs are
    asked for each certificate (OCSP), and what they said; one of which they said nothing is not believed.
    """

    uris: frozenset[str] = frozenset()
    fingerprints: frozenset[str] = frozenset()
    serials: frozenset[Issued] = frozenset()
    listed: Mapping[str, frozenset[Issued]] = field(default_factory=dict)
    unclear: Mapping[str, str] = field(default_factory=dict)
    vouched: Mapping[str, Mapping[Issued, Vouched]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom we believe. Two values with one generation are one value: validation is remembered by it; revocation is looked up each time.

    `front_proxy` is the URI of who may say whose certificate was shown to it; empty where nobody may.
    """

    generation: str
    anchors: Mapping[str, Anchor] = field(compare=False)
    revoked: Revoked = field(default=Revoked(), compare=False)
    front_proxy: str = field(default="", compare=False)

    def __hash__(self) -> int:
        return hash(self.generation)


@dataclass(frozen=True, slots=True)
class Caller:
    """One departmental system, as its certificate names it. `issued` are that certificate and those between it and its region's CA.

    `department` is a unified social credit code, `fingerprint` the SHA-256 of the leaf (hex), `serial` hex. `through` is the URI of the
    front proxy to which that certificate was shown; empty where it was shown to us.
    """

    region: str
    department: str
    system: str
    uri: str
    fingerprint: str
    serial: str
    not_before: datetime
    not_after: datetime
    issued: tuple[Issued, ...] = ()
    through: str = ""
