"""Requests: the key stays, the maker proves to hold it, and what cannot be used is refused when it is read."""

from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from certs import requests
from certs.extensions import Profile, Usage
from certs.requests import RequestRefused

BOTH = Profile(
    uri="spiffe://gateway.test/gateway/one",
    usages=frozenset(Usage),
    dns_names=("gateway.test",),
    ip_addresses=(IPv4Address("127.0.0.1"),),
)
Make = Callable[[], ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey]
NAMELESS = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))


def test_what_is_made_is_read_again() -> None:
    made = requests.make(BOTH)
    asked = requests.read(made.request)
    assert asked.uris == (BOTH.uri,)
    assert load_pem_private_key(made.key, None).public_key() == asked.key
    assert b"PRIVATE" not in made.request
    assert "PRIVATE" not in repr(made)


def test_it_asks_for_all_that_the_profile_says() -> None:
    found = x509.load_pem_x509_csr(requests.make(BOTH).request)
    usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(usage) == {each.value for each in Usage}
    assert names.get_values_for_type(x509.DNSName) == ["gateway.test"]
    assert names.get_values_for_type(x509.IPAddress) == [IPv4Address("127.0.0.1")]


@pytest.mark.parametrize(
    "key",
    [
        lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - this is the fault
        lambda: ec.generate_private_key(ec.SECP521R1()),
        lambda: ec.generate_private_key(ec.SECP256K1()),
    ],
)
def test_keys_that_tls_refuses_are_refused_here(key: Make) -> None:
    with pytest.raises(RequestRefused, match="P-256"):
        requests.read(NAMELESS.sign(key(), hashes.SHA256()).public_bytes(Encoding.PEM))


@pytest.mark.parametrize("key", [lambda: ec.generate_private_key(ec.SECP384R1()), lambda: rsa.generate_private_key(65537, 2048)])
def test_keys_of_partners_are_accepted(key: Make) -> None:
    assert requests.read(NAMELESS.sign(key(), hashes.SHA256()).public_bytes(Encoding.PEM)).uris == ()


def test_ed25519_is_refused() -> None:
    pem = NAMELESS.sign(ed25519.Ed25519PrivateKey.generate(), None).public_bytes(Encoding.PEM)
    with pytest.raises(RequestRefused, match="P-256"):
        requests.read(pem)


def test_who_does_not_hold_the_key_is_refused() -> None:
    der = bytearray(x509.load_pem_x509_csr(requests.make(BOTH).request).public_bytes(Encoding.DER))
    der[-1] ^= 1
    with pytest.raises(RequestRefused, match="not signed by its own key"):
        requests.read(x509.load_der_x509_csr(bytes(der)).public_bytes(Encoding.PEM))


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"])
def test_what_is_no_request_is_refused(pem: bytes) -> None:
    with pytest.raises(RequestRefused, match="no request"):
        requests.read(pem)
