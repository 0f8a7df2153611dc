"""When a certificate is renewed, and what its successor is."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from certs import renewing
from certs.authority import BACKDATED, Authority
from certs.extensions import Profile, Usage
from certs.issuing import Kind
from certs.preflight import RENEW_BELOW, life_left

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LIFE = timedelta(days=30)
URI = "spiffe://gateway.test/gateway/development"
CA = Authority.create("gateway CA", NOW, timedelta(days=300))
BOTH = Profile(uri=URI, usages=frozenset(Usage), dns_names=("gateway.test",), ip_addresses=(IPv4Address("127.0.0.1"),))


def leaf(profile: Profile = BOTH) -> x509.Certificate:
    return x509.load_pem_x509_certificate(CA.issue(profile, NOW, LIFE).certificate)


def test_it_is_asked_for_before_anybody_is_alarmed_and_not_all_at_once():
    moments = {renewing.moment(each): life_left(each, renewing.moment(each)) for each in (leaf() for _ in range(8))}
    assert len(moments) == 8
    assert all(RENEW_BELOW <= left < RENEW_BELOW + renewing.SPREAD for left in moments.values())


def test_the_moment_follows_from_the_certificate():
    one = leaf()
    assert renewing.moment(one) == renewing.moment(x509.load_der_x509_certificate(one.public_bytes(Encoding.DER)))


@given(st.integers(1, 99), st.floats(0, 1, exclude_max=True))
def test_pauses_grow_to_an_hour(failures: int, chance: float):
    seconds = renewing.pause(failures, chance)
    assert 0.8 * renewing.SOONEST <= seconds <= renewing.LATEST
    assert seconds <= renewing.pause(failures + 2, chance) or seconds > 0.8 * renewing.LATEST


def test_the_successor_says_what_its_predecessor_says():
    wanted = renewing.successor(leaf())
    assert (wanted.kind, wanted.profile, wanted.life) == (Kind.GATEWAY, BOTH, LIFE)
    client = Profile(uri=URI, usages=frozenset({Usage.CLIENT}))
    assert renewing.successor(leaf(client)).kind is Kind.GATEWAY_CLIENT
    assert leaf().not_valid_before_utc == NOW - BACKDATED


def test_a_ca_is_no_leaf_to_renew():
    with pytest.raises(renewing.NotRenewable, match="kuacheng certs csr"):
        renewing.successor(CA.certificate)
