"""The record of callers' certificates: rarely written, bounded, shared, without names of people."""

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from certs import extensions
from certs.seen import EVERY_SECONDS, Seen, Sightings, beside, read, seen, write
from tests.certs.faulty import SOUND_URI, Authorities, dns_name_only, sound


class Hands:
    """A clock that is moved by hand."""

    def __init__(self, now: datetime) -> None:
        self.moment = now
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def hands(now: datetime) -> Hands:
    return Hands(now)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return beside(tmp_path / "ledger.db")


def test_a_certificate_is_written_once_and_then_each_minute(
    path: Path, hands: Hands, authorities: Authorities, now: datetime
) -> None:
    leaf, sightings = sound(authorities, now).certificate, Sightings(path, hands.now, hands.monotonic)
    written = []
    for _ in range(5):
        sightings.note(leaf, b"")
        written.append(sightings.flush())
        hands.forward(EVERY_SECONDS / 2)
    assert written == [1, 0, 1, 0, 1]
    (row,) = read(path)
    assert (row.first_seen, row.last_seen) == (now, now + timedelta(seconds=2 * EVERY_SECONDS))


def test_a_row_says_whose_it_is_and_on_which_authority_it_hangs(
    path: Path, hands: Hands, authorities: Authorities, now: datetime
) -> None:
    sightings = Sightings(path, hands.now, hands.monotonic)
    sightings.note(sound(authorities, now).certificate, b"")
    sightings.flush()
    (row,) = read(path)
    key = extensions.read(authorities.own.certificate, x509.SubjectKeyIdentifier)
    assert key is not None
    assert (row.uri, row.key_type, row.issuer) == (SOUND_URI, "ECDSA P-256", "CN=guangzhou CA")
    assert row.authority_keys == (key.digest.hex(),)


def test_the_issuers_of_a_chain_are_named_too(authorities: Authorities, now: datetime) -> None:
    further = sound(replace(authorities, own=authorities.other), now).certificate
    row = seen(sound(authorities, now).certificate, further, now)
    assert row is not None
    assert len(row.authority_keys) == 2


def test_of_a_name_that_is_no_spiffe_id_nothing_is_kept(authorities: Authorities, now: datetime) -> None:
    row = seen(dns_name_only(authorities, now).certificate, b"", now)
    assert row is not None
    assert row.uri == ""
    assert "window.guangzhou.test" not in repr(row)


def test_what_cannot_be_read_is_passed_over(path: Path, hands: Hands) -> None:
    sightings = Sightings(path, hands.now, hands.monotonic)
    sightings.note(b"no certificate", b"")
    sightings.note(b"", b"")
    assert sightings.flush() == 0
    assert read(path) == ()


def test_the_longest_unseen_are_forgotten(path: Path, authorities: Authorities, now: datetime) -> None:
    row = seen(sound(authorities, now).certificate, b"", now)
    assert row is not None
    rows = [replace(row, fingerprint=str(number), last_seen=now + timedelta(seconds=number)) for number in range(5)]
    write(path, rows, most=3)
    assert [each.fingerprint for each in read(path)] == ["4", "3", "2"]


def test_two_gateways_share_one_record_and_an_older_sighting_takes_nothing_back(
    path: Path, authorities: Authorities, now: datetime
) -> None:
    row = seen(sound(authorities, now).certificate, b"", now)
    assert isinstance(row, Seen)
    write(path, [replace(row, last_seen=now + timedelta(hours=1))])
    write(path, [row])
    assert [each.last_seen for each in read(path)] == [now + timedelta(hours=1)]


def test_what_could_not_be_written_is_written_later(
    tmp_path: Path, hands: Hands, authorities: Authorities, now: datetime
) -> None:
    path = tmp_path / "missing" / "callers"
    sightings = Sightings(path, hands.now, hands.monotonic)
    sightings.note(sound(authorities, now).certificate, b"")
    with pytest.raises(sqlite3.Error):
        sightings.flush()
    path.parent.mkdir()
    assert sightings.flush() == 1
