"""Who may open which room of the console: one table.

Laws: deny by default; one identity has one role, because the three administrations watch each other (三员分立); who comes without a
certificate, which is possible on this machine only, is shown what tells of machines, and not what departments do.
Source: GB/T 22239 8.1.4.1 and 8.1.4.2 (separate roles for system, security and audit administration).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cryptography import x509

from certs.denying import Denied
from certs.facts import Facts, facts


class Role(StrEnum):
    """The three administrations, and who sits at this machine without a certificate."""

    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"
    LOCAL = "local"


class Room(StrEnum):
    """A page, or the action of it that tells more than the page."""

    OVERVIEW = "overview"
    CITY = "city"
    CERTIFICATES = "certificates"
    AGREEMENTS = "agreements"
    CATALOGUE = "catalogue"
    EXCHANGES = "exchanges"
    RECEIPT = "receipt"


_EVERYBODY: Final = frozenset(Role)
MAY: Final[Mapping[Room, frozenset[Role]]] = MappingProxyType(
    {
        Room.OVERVIEW: _EVERYBODY,
        Room.CITY: _EVERYBODY,
        Room.CATALOGUE: _EVERYBODY,
        Room.CERTIFICATES: frozenset({Role.SYSTEM, Role.SECURITY, Role.LOCAL}),
        Room.AGREEMENTS: frozenset({Role.SECURITY, Role.AUDIT}),
        Room.EXCHANGES: frozenset({Role.AUDIT}),
        Room.RECEIPT: frozenset({Role.AUDIT}),
    }
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks. `uri` is that of the certificate, empty for Role.LOCAL."""

    uri: str
    role: Role

    def may_enter(self, room: Room) -> bool:
        """Whether the table lets this role in."""
        return self.role in MAY.get(room, frozenset())


NEIGHBOUR: Final = Visitor("", Role.LOCAL)


def visitor(certificate: bytes, roles: Mapping[str, Role], denied: Iterable[Denied]) -> Visitor | None:
    """Who shows this certificate (DER), which TLS has verified; None where it is revoked, or the configuration gives its name no role."""
    try:
        shown = facts(x509.load_der_x509_certificate(certificate))
    except (ValueError, x509.InvalidVersion):
        return None
    role = roles.get(shown.uri) if shown.uri else None
    return Visitor(shown.uri, role) if role and not any(_is_meant(each, shown) for each in denied) else None


def _is_meant(denied: Denied, shown: Facts) -> bool:
    if denied.serial:
        return (denied.issuer, denied.serial) == (shown.issuer, shown.serial)
    return shown.uri == denied.uri if denied.uri else shown.fingerprint == denied.fingerprint
