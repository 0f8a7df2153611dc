"""Deny by default, whatever somebody shows."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import Authority
from certs.denying import Denied
from certs.extensions import Profile, Usage
from certs.facts import facts
from gateway.console.access import MAY, NEIGHBOUR, Role, Room, Visitor, visitor
from tests.gateway.stages.builders import NOW

URI = "spiffe://administrators.test/administrator/audit"
AUTHORITY = Authority.create("administrators CA", NOW, timedelta(days=2))
LEAF = x509.load_pem_x509_certificate(
    AUTHORITY.issue(Profile(uri=URI, usages=frozenset({Usage.CLIENT})), NOW, timedelta(days=1)).certificate
)
DER = LEAF.public_bytes(Encoding.DER)
SHOWN = facts(LEAF)
ROLES = {URI: Role.AUDIT}


def denied(**what: str) -> Denied:
    return Denied("lost", "ops-1", "2026-11-22T00:00:00Z", **what)


def test_a_name_of_the_configuration_has_its_role() -> None:
    assert visitor(DER, ROLES, ()) == Visitor(URI, Role.AUDIT)


@pytest.mark.parametrize(
    ("certificate", "roles", "revoked"),
    [
        (DER, {}, ()),
        (DER, {"": Role.AUDIT}, ()),
        (b"no certificate", ROLES, ()),
        (AUTHORITY.certificate.public_bytes(Encoding.DER), {**ROLES, "": Role.AUDIT}, ()),
        (DER, ROLES, (denied(uri=URI),)),
        (DER, ROLES, (denied(fingerprint=SHOWN.fingerprint),)),
        (DER, ROLES, (denied(serial=SHOWN.serial, issuer=SHOWN.issuer),)),
    ],
)
def test_nobody_else_has_one(certificate: bytes, roles: dict[str, Role], revoked: tuple[Denied, ...]) -> None:
    assert visitor(certificate, roles, revoked) is None


def test_what_is_revoked_of_others_touches_nobody() -> None:
    others = denied(uri=f"{URI}-2"), denied(fingerprint="0" * 64), denied(serial=SHOWN.serial, issuer="CN=another")
    assert visitor(DER, ROLES, others) is not None


def test_who_has_no_certificate_sees_nothing_of_what_departments_do() -> None:
    assert not any(NEIGHBOUR.may_enter(room) for room in (Room.EXCHANGES, Room.RECEIPT, Room.AGREEMENTS))


def test_only_auditors_read_the_log_and_they_change_nothing() -> None:
    assert {MAY[Room.EXCHANGES], MAY[Room.RECEIPT]} == {frozenset({Role.AUDIT})}
