"""A revocation list is believed only if it is the CA's own, whole, in time and newer than what was seen."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
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


def doubled(authority: Authority, now: datetime) -> bytes:
    """Signed, with its extensions twice, as no library makes one (RFC 5280 section 4.2)."""
    sound = x509.load_der_x509_crl(crl(authority, now, encoding=Encoding.DER))
    *before, extensions = _parts(_parts(sound.tbs_certlist_bytes)[0][1])
    (listed,) = _parts(extensions[1])
    signed = _made(0x30, b"".join(_made(*each) for each in before) + _made(0xA0, _made(0x30, listed[1] * 2)))
    whole = _parts(_parts(sound.public_bytes(Encoding.DER))[0][1])
    signature = authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return _made(0x30, signed + _made(*whole[1]) + _made(0x03, b"\0" + signature))


def _parts(content: bytes) -> list[tuple[int, bytes]]:
    """Each element's tag and content (DER, X.690 section 8.1)."""
    found, at = [], 0
    while at < len(content):
        short = content[at + 1]
        more = short & 0x7F if short & 0x80 else 0
        size = int.from_bytes(content[at + 2 : at + 2 + more]) if more else short
        begins = at + 2 + more
        found.append((content[at], content[begins : begins + size]))
        at = begins + size
    return found


def _made(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1)
    return bytes([tag, *([len(content)] if len(content) < 0x80 else [0x80 | len(size), *size])]) + content


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
    "with an extension twice": (lambda has, now: doubled(has.own, now), "it cannot be read"),
    "a stranger's with an extension twice": (
        lambda has, now: doubled(has.other, now),
        "none of the region's authorities has signed it",
    ),
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
