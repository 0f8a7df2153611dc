"""Bundles: read, changed and written back; a taint is read by us and passed over by everybody else."""

import ssl
from datetime import datetime, timedelta

import pytest
from cryptography import x509

from certs import bundle
from certs.authority import Authority
from certs.bundle import BundleRefused
from tests.certs.faulty import Authorities


@pytest.fixture
def both(authorities: Authorities) -> bytes:
    return authorities.own.certificate_pem + authorities.other.certificate_pem


def first(pem: bytes) -> str:
    return bundle.members(pem)[0].fingerprint


def test_it_is_written_as_it_was_read(both: bytes, authorities: Authorities) -> None:
    members = bundle.members(both)
    assert [each.certificate for each in members] == [authorities.own.certificate, authorities.other.certificate]
    assert bundle.members(bundle.rendered(members)) == members
    assert members[0].key_identifier


def test_a_taint_stands_until_the_member_is_retired_and_others_pass_over_it(both: bytes, now: datetime) -> None:
    marked = bundle.tainted(both, first(both)[:8], now)
    assert [each.tainted for each in bundle.members(marked)] == [now.replace(microsecond=0), None]
    assert len(x509.load_pem_x509_certificates(marked)) == 2
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=marked.decode("ascii"))
    assert len(context.get_ca_certs()) == 2
    assert [each.fingerprint for each in bundle.members(bundle.retired(marked, first(both)))] == [
        bundle.members(both)[1].fingerprint
    ]


def test_what_cannot_be_is_refused(both: bytes, authorities: Authorities, now: datetime) -> None:
    own = authorities.own.certificate_pem
    renewed = Authority.create("guangzhou CA", now, timedelta(days=9)).certificate_pem
    assert len(bundle.members(bundle.added(own, renewed))) == 2
    for attempt, told in (
        (lambda: bundle.added(own, own), "stands in the bundle already"),
        (lambda: bundle.added(own, b"nothing"), "holds no certificate"),
        (lambda: bundle.tainted(own, first(own), now), "no other CA would be left"),
        (lambda: bundle.tainted(bundle.tainted(both, first(both), now), first(both), now), "is tainted since"),
        (lambda: bundle.retired(both, first(both)), "taint it first"),
        (lambda: bundle.named(both, first(both)[:7]), "give at least 8 digits"),
        (lambda: bundle.members(own.replace(b"MII", b"QQQ")), "mend it before it is changed"),
    ):
        with pytest.raises(BundleRefused, match=told):
            attempt()
