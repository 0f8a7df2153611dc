"""A revocation list is believed only if it is the CA's own, whole, in time and newer than what was seen."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import Authority
from certs.crl import CrlRefused, listing
from tests.certs.faulty import Authorities
from tests.certs.listing import crl

Made = Callable[[Authorities, datetime], bytes]


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_sound_list_is_read_once_and_for_all(authorities: Authorities, now: datetime, encoding: Encoding) -> None:
    content = crl(authorities.own, now, [0x2A, 0xFF], number=7, encoding=encoding)
    found = listing(content, [authorities.other.certificate, authorities.own.certificate], now, {})
    assert found.issued == {("CN=guangzhou CA", "2a"), ("CN=guangzhou CA", "ff")}
    assert (found.number, found.next_update - found.this_update) == (7, timedelta(hours=1))
    assert listing(content, [authorities.own.certificate], now, {found.authority: 7}) == found


PART = x509.IssuingDistributionPoint(
    full_name=None,
    relative_name=None,
    only_contains_user_certs=True,
    only_contains_ca_certs=False,
    only_some_reasons=None,
    indirect_crl=False,
    only_contains_attribute_certs=False,
)
FAULTY: dict[str, tuple[Made, str]] = {
    "another CA's": (lambda has, now: crl(has.other, now), "none of the region's authorities has signed it"),
    "one that bears the CA's name": (
        lambda _, now: crl(Authority.create("guangzhou CA", now, timedelta(days=1)), now),
        "none of the region's authorities has signed it",
    ),
    "without a number": (lambda has, now: crl(has.own, now, number=None), "it has no number"),
    "a delta": (
        lambda has, now: crl(has.own, now, says=[(x509.DeltaCRLIndicator(1), True)]),
        "it is a part of a list only",
    ),
    "a part": (lambda has, now: crl(has.own, now, says=[(PART, True)]), "it is a part of a list only"),
    "of tomorrow": (lambda has, now: crl(has.own, now + timedelta(days=1)), "it begins in the future"),
    "cut off": (lambda has, now: crl(has.own, now)[:-200], "it cannot be read"),
    "something else": (lambda has, _: has.own.certificate_pem, "it cannot be read"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_it_is_not_believed(authorities: Authorities, now: datetime, fault: str) -> None:
    make, told = FAULTY[fault]
    with pytest.raises(CrlRefused, match=told):
        listing(make(authorities, now), [authorities.own.certificate], now, {})


def test_its_number_never_goes_back(authorities: Authorities, now: datetime) -> None:
    own = [authorities.own.certificate]
    newer = listing(crl(authorities.own, now, number=9), own, now, {})
    with pytest.raises(CrlRefused, match="its number 8 is lower than 9"):
        listing(crl(authorities.own, now, number=8), own, now, {newer.authority: newer.number})
