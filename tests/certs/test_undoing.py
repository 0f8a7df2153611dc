"""What is taken back is named, each kind of file in its own words; what a generation was made to change is not among it."""

from datetime import datetime, timedelta

import pytest

from certs import bundle
from certs.extensions import Profile, Usage
from certs.undoing import undone
from tests.certs.faulty import Authorities

URI = "spiffe://gateway.test/gateway/one"


@pytest.fixture
def both(authorities: Authorities) -> bytes:
    return authorities.own.certificate_pem + authorities.other.certificate_pem


def test_of_bundles_each_ca(authorities: Authorities, both: bytes, now: datetime) -> None:
    own, other = (each.certificate.subject.rfc4514_string() for each in (authorities.own, authorities.other))
    left = authorities.own.certificate_pem
    tainted = bundle.tainted(both, bundle.members(both)[1].fingerprint, now)
    said = {
        (left, both): f"ca.pem: {other} would be believed again",
        (both, authorities.other.certificate_pem): f"ca.pem: {own} would be believed no more",
        (tainted, both): f"ca.pem: {other} would count no more as to be retired",
        (both, tainted): f"ca.pem: {other} would count again as to be retired",
        (both, both + b"\n"): "ca.pem would be another",
        (left, b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"): f"ca.pem: {own} would be believed no more",
    }
    assert {pair: undone({"ca.pem": pair[0]}, {"ca.pem": pair[1]}, None) for pair in said} == {
        pair: (each,) for pair, each in said.items()
    }


def test_of_ours_which_certificate_and_its_key_only_once(authorities: Authorities, now: datetime) -> None:
    profile = Profile(uri=URI, usages=frozenset({Usage.SERVER}), dns_names=("gateway.test",))
    first, second = (authorities.own.issue(profile, now, timedelta(days=days)) for days in (1, 2))
    now_shown, before = ({"server.pem": each.certificate, "server.key": each.key} for each in (second, first))
    (told,) = undone(now_shown, before, None)
    ends = [f"{now + timedelta(days=days):%Y-%m-%d %H:%M}" for days in (1, 2)]
    assert (
        told == f"server.pem: the certificate that ends {ends[0]} would be shown instead of the certificate that ends {ends[1]}"
    )
    assert undone(now_shown, {**before, "server.pem": b"?"}, None) == (
        f"server.pem: another certificate would be shown instead of the certificate that ends {ends[1]}",
    )


def test_files_that_come_and_go_and_what_was_meant_to_change() -> None:
    assert undone({"a.key": b"1", "b.key": b"2"}, {"a.key": b"1", "c.key": b"3"}, None) == (
        "b.key would be gone",
        "c.key would be there again",
    )
    assert undone({"a.key": b"1", "b.key": b"2"}, {"a.key": b"3", "b.key": b"1"}, {"a.key": b"1", "b.key": b"1"}) == (
        "b.key would be another",
    )
