"""The small CA: on record first, within its terms, for its own trust domain."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from certs import handshake, issuing, requests
from certs.authority import Authority, Leaf
from certs.development import DevelopmentPki
from certs.extensions import Usage
from certs.issuing import TERMS, IssueRefused, Kind, Place
from certs.preflight import Identity, examine

PASSPHRASE = b"a passphrase for tests"
DAY = timedelta(days=1)
URI = "spiffe://foshan.test/department/11440600M00000473U/system/housing-desk"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, now: datetime) -> Place:
    made = Place(tmp_path_factory.mktemp("ca") / "own" / "foshan.pem")
    issuing.establish(made, "foshan.test", PASSPHRASE, now)
    return made


@pytest.fixture(scope="module")
def authority(place: Place) -> Authority:
    return Authority.load(place.certificate.read_bytes(), place.key.read_bytes(), PASSPHRASE)


def test_its_key_is_its_owners_and_under_the_passphrase(place: Place) -> None:
    assert place.key.stat().st_mode & 0o777 == 0o600
    assert place.key.parent.stat().st_mode & 0o777 == 0o700
    assert b"ENCRYPTED" in place.key.read_bytes()
    for wrong in (None, b"another passphrase"):
        with pytest.raises(ValueError, match="passphrase"):
            Authority.load(place.certificate.read_bytes(), place.key.read_bytes(), wrong)


def test_nothing_is_overwritten_and_a_short_passphrase_is_refused(place: Place, tmp_path: Path, now: datetime) -> None:
    before = place.key.read_bytes()
    with pytest.raises(FileExistsError):
        issuing.establish(place, "foshan.test", PASSPHRASE, now)
    assert place.key.read_bytes() == before
    with pytest.raises(IssueRefused, match="passphrase has fewer than"):
        issuing.establish(Place(tmp_path / "ca.pem"), "foshan.test", b"short", now)
    with pytest.raises(IssueRefused, match="trust domain"):
        issuing.establish(Place(tmp_path / "ca.pem"), "Foshan Test", PASSPHRASE, now)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("key", ["made here", "theirs"])
def test_each_profile_is_sound_and_passes_a_handshake(
    kind: Kind, place: Place, authority: Authority, now: datetime, key: str
) -> None:
    profile = issuing.profile(kind, URI, ("localhost",), (IPv4Address("127.0.0.1"),))
    asked = requests.make(profile)
    public = None if key == "made here" else requests.read(asked.request).key
    issued = issuing.issue(place, authority, kind, profile, now=now, life=TERMS[kind].life, key=public)
    assert (issued.key is None) == (key == "theirs")
    leaf = Leaf(issued.certificate, issued.key or asked.key)
    known = authority.certificate_pem
    for role in TERMS[kind].usages:
        identity = Identity(name="x", role=role, certificate=leaf.certificate, key=leaf.key, authorities=known)
        assert examine(identity, now) == ()
        shaken = (
            handshake.as_client(leaf, known, now) if role is Usage.CLIENT else handshake.as_server(leaf, known, "localhost", now)
        )
        assert shaken == ""


def test_a_handshake_that_does_not_end_in_time_is_not_told_as_a_refusal(
    pki: DevelopmentPki, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def listening(_: object) -> Iterator[int]:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            yield silent.getsockname()[1]

    monkeypatch.setattr(handshake, "SECONDS", 0.1)
    monkeypatch.setattr(handshake, "_listening", listening)
    server = Leaf(pki.gateway_server.certificate.read_bytes(), pki.gateway_server.key.read_bytes())
    assert "too busy; look again" in handshake.as_server(server, pki.gateway_ca.read_bytes(), "gateway.test", now)


def test_a_partners_rsa_key_is_certified_too(place: Place, authority: Authority, now: datetime) -> None:
    profile = issuing.profile(Kind.DEPARTMENT, URI)
    key = rsa.generate_private_key(65537, 2048)
    issued = issuing.issue(place, authority, Kind.DEPARTMENT, profile, now=now, life=DAY, key=key.public_key())
    assert x509.load_pem_x509_certificate(issued.certificate).public_key() == key.public_key()


def test_what_is_issued_is_on_record_with_its_serial(place: Place, authority: Authority, now: datetime) -> None:
    before = len(issuing.issued(place))
    issued = issuing.issue(place, authority, Kind.DEPARTMENT, issuing.profile(Kind.DEPARTMENT, URI), now=now, life=DAY, key=None)
    *_, line = issuing.issued(place)
    assert len(issuing.issued(place)) == before + 1
    assert int(line["serial"], 16) == x509.load_pem_x509_certificate(issued.certificate).serial_number
    assert (line["uri"], line["profile"], line["key"]) == (URI, "department", "made here")
    assert place.record.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_recorded_is_not_issued(authority: Authority, now: datetime, tmp_path: Path) -> None:
    nowhere = Place(tmp_path / "missing" / "ca.pem")
    with pytest.raises(OSError, match="missing"):
        issuing.issue(nowhere, authority, Kind.DEPARTMENT, issuing.profile(Kind.DEPARTMENT, URI), now=now, life=DAY, key=None)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ((URI, timedelta(days=91)), "from 1 to 90 days"),
        ((URI, timedelta(0)), "from 1 to 90 days"),
        ((URI.replace("foshan", "guangzhou"), DAY), r"speaks for foshan\.test only"),
    ],
)
def test_what_breaks_the_terms_is_refused_and_not_recorded(
    asked: tuple[str, timedelta], told: str, place: Place, authority: Authority, now: datetime
) -> None:
    (uri, life), before = asked, issuing.issued(place)
    with pytest.raises(IssueRefused, match=told):
        issuing.issue(place, authority, Kind.DEPARTMENT, issuing.profile(Kind.DEPARTMENT, uri), now=now, life=life, key=None)
    assert issuing.issued(place) == before


def test_nothing_outlives_its_ca(authority: Authority, place: Place, now: datetime) -> None:
    late = authority.certificate.not_valid_after_utc - DAY
    with pytest.raises(IssueRefused, match="outlive"):
        issuing.issue(place, authority, Kind.DEPARTMENT, issuing.profile(Kind.DEPARTMENT, URI), now=late, life=2 * DAY, key=None)


def test_a_server_needs_a_name_to_be_called_by() -> None:
    with pytest.raises(IssueRefused, match="DNS name or IP"):
        issuing.profile(Kind.GATEWAY_SERVER, "spiffe://gateway.test/gateway/one")


def test_the_ca_signs_leaves_only(authority: Authority) -> None:
    constraints = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    usage = authority.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    assert (usage.key_cert_sign, usage.crl_sign, usage.digital_signature) == (True, True, False)
    assert issuing.trust_domain(authority) == "foshan.test"
