"""Ready or not: what only files, bundles, clocks and handshakes tell."""

from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from certs import handshake, readiness
from certs.authority import Authority, Leaf
from certs.extensions import Profile, Usage
from certs.findings import Code, Finding
from certs.preflight import roles
from certs.readiness import Material
from tests.certs.faulty import FAULTS, Authorities, sound

SERVER = Profile(
    uri="spiffe://gateway.test/gateway/one",
    usages=frozenset({Usage.SERVER}),
    dns_names=("*.gateway.test",),
    ip_addresses=(IPv4Address("127.0.0.1"),),
)


@pytest.fixture
def client(authorities: Authorities, now: datetime) -> Material:
    leaf = sound(authorities, now)
    known = authorities.own.certificate_pem
    return Material(name="client", role=Usage.CLIENT, certificate=leaf.certificate, key=leaf.key, published=known)


@pytest.fixture
def server(authorities: Authorities, now: datetime) -> Material:
    leaf = authorities.own.issue(SERVER, now, timedelta(days=30))
    known = authorities.own.certificate_pem
    return Material(name="server", role=Usage.SERVER, certificate=leaf.certificate, key=leaf.key, published=known)


def codes(findings: tuple[Finding, ...]) -> list[Code]:
    return [each.code for each in findings]


def test_what_is_sound_is_ready_in_both_roles(client: Material, server: Material, now: datetime) -> None:
    assert readiness.ready(client, now) == readiness.ready(server, now) == ()


def test_without_the_published_bundle_that_is_said_once(client: Material, now: datetime) -> None:
    assert codes(readiness.ready(replace(client, published=None), now)) == [Code.NOT_PUBLISHED]


def test_a_bundle_that_lacks_our_ca_is_found_by_path_and_by_handshake(
    client: Material, server: Material, authorities: Authorities, now: datetime
) -> None:
    for material in (client, server):
        found = readiness.ready(replace(material, published=authorities.other.certificate_pem), now)
        assert codes(found) == [Code.CHAIN_REFUSED, Code.HANDSHAKE_REFUSED]


@pytest.mark.parametrize("bundle", ["other", "empty", "garbage"])
def test_a_partner_without_our_ca_is_named(
    bundle: str, client: Material, server: Material, authorities: Authorities, now: datetime
) -> None:
    pem = {"other": authorities.other.certificate_pem, "empty": b"", "garbage": b"?"}[bundle]
    partners = {"good": authorities.own.certificate_pem, "foshan": pem}
    for material in (client, server):
        (found,) = readiness.ready(replace(material, partners=partners), now)
        assert found.code is Code.NOT_IN_BUNDLE
        assert "of foshan" in found.message
        assert "good" not in found.message


def test_a_partner_in_the_middle_of_a_change_of_ca_knows_both(client: Material, authorities: Authorities, now: datetime) -> None:
    both = authorities.other.certificate_pem + authorities.own.certificate_pem
    assert readiness.ready(replace(client, partners={"foshan": both}), now) == ()


@pytest.mark.parametrize("fault", [name for name, each in FAULTS.items() if not each.passes_tls])
def test_whatever_tls_refuses_the_handshake_finds(fault: str, client: Material, authorities: Authorities, now: datetime) -> None:
    leaf = FAULTS[fault].make(authorities, now)
    found = codes(readiness.ready(replace(client, certificate=leaf.certificate, key=leaf.key), now))
    assert found[-1] is Code.HANDSHAKE_REFUSED
    assert len(found) > 1


def test_a_server_that_is_called_by_another_name_is_told(server: Material, authorities: Authorities, now: datetime) -> None:
    leaf = Leaf(server.certificate, server.key)
    assert handshake.as_server(leaf, authorities.own.certificate_pem, "127.0.0.1", now) == ""
    assert "name by which it was called" in handshake.as_server(leaf, authorities.own.certificate_pem, "other.test", now)
    mixed = Leaf(server.certificate, sound(authorities, now).key)
    assert "cannot build" in handshake.as_server(mixed, authorities.own.certificate_pem, "127.0.0.1", now)


def test_a_certificate_that_cannot_be_read_is_found_and_nothing_raised(server: Material, now: datetime) -> None:
    assert codes(readiness.ready(replace(server, certificate=b"?"), now)) == [Code.CERTIFICATE_UNREADABLE, Code.HANDSHAKE_REFUSED]


def test_as_what_a_certificate_may_be_used(server: Material, client: Material, authorities: Authorities, now: datetime) -> None:
    both = authorities.own.issue(replace(SERVER, usages=frozenset(Usage)), now, timedelta(days=1))
    assert roles(server.certificate) == (Usage.SERVER,)
    assert roles(both.certificate) == tuple(Usage)
    assert roles(b"?") == roles(client.certificate) == (Usage.CLIENT,)


def test_rights_of_keys_bundles_and_folders(tmp_path: Path) -> None:
    folder = tmp_path / "pki"
    folder.mkdir(mode=0o700)
    key, bundle = folder / "server.key", folder / "ca.pem"
    for path, mode in ((key, 0o600), (bundle, 0o644)):
        path.write_bytes(b"")
        path.chmod(mode)
    assert readiness.rights("x", keys=[key], others=[bundle]) == ()
    key.chmod(0o640)
    assert codes(readiness.rights("x", keys=[key, key], others=[bundle])) == [Code.KEY_OPEN]
    key.chmod(0o600)
    bundle.chmod(0o664)
    (found,) = readiness.rights("x", keys=[key], others=[bundle])
    assert (found.code, "664" in found.message) == (Code.FILE_WRITABLE, True)
    bundle.chmod(0o644)
    folder.chmod(0o777)
    assert codes(readiness.rights("x", keys=[key], others=[bundle])) == [Code.FILE_WRITABLE]
    folder.chmod(0o1777)
    assert readiness.rights("x", keys=[key], others=[bundle]) == ()


def test_a_clock_that_is_off_by_an_hour_is_found_either_way(now: datetime) -> None:
    hour = timedelta(hours=1)
    assert readiness.clock(now, {"callers": now, "log": now - hour}) == ()
    (behind,) = readiness.clock(now - hour, {"callers": now})
    assert behind.code is Code.CLOCK_BEHIND
    for ours in (now - hour, now + hour):
        assert codes(readiness.clocks_differ("the witnesses", ours, now)) == [Code.CLOCK_DIFFERS]
    assert readiness.clocks_differ("the witnesses", now + timedelta(seconds=90), now) == ()


def test_a_ca_that_nobody_knows_is_not_ready(now: datetime) -> None:
    stranger = Authority.create("stranger", now, timedelta(days=365))
    leaf = stranger.issue(SERVER, now, timedelta(days=30))
    material = Material(
        name="s", role=Usage.SERVER, certificate=leaf.certificate, key=leaf.key, published=stranger.certificate_pem
    )
    assert readiness.ready(material, now) == ()
