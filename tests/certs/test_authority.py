"""What the small CA signs says what it must, lives no longer than its issuer, and shows no key."""

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from certs.authority import BACKDATED, Authority
from certs.extensions import Profile, Usage

NOW = datetime(2030, 5, 17, 8, 30, 15, 250_000, UTC)
YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
URI = "spiffe://guangzhou.test/department/11440100M00000019P/system/window"
CLIENT = Profile(uri=URI, usages=frozenset({Usage.CLIENT}))
BOTH = Profile(
    uri="spiffe://gateway.test/gateway/one",
    usages=frozenset(Usage),
    dns_names=("gateway.test", "localhost"),
    ip_addresses=(IPv4Address("127.0.0.1"),),
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    """A CA of one year."""
    return Authority.create("Guangzhou CA", NOW, YEAR)


def test_a_ca_may_sign_leaves_and_nothing_else(authority: Authority) -> None:
    said = authority.certificate.extensions
    constraints = said.get_extension_for_class(x509.BasicConstraints)
    usage = said.get_extension_for_class(x509.KeyUsage)
    assert (constraints.critical, constraints.value) == (True, x509.BasicConstraints(ca=True, path_length=0))
    assert (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign) == (True, True, True)
    assert not usage.value.digital_signature
    identifier = said.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert identifier == x509.SubjectKeyIdentifier.from_public_key(authority.key.public_key())
    assert len(said) == 3
    assert authority.certificate.subject == authority.certificate.issuer
    authority.certificate.verify_directly_issued_by(authority.certificate)


def test_a_leaf_says_whose_it_is_and_what_for(authority: Authority) -> None:
    certificate = x509.load_pem_x509_certificate(authority.issue(BOTH, NOW, MONTH).certificate)
    said = certificate.extensions
    constraints = said.get_extension_for_class(x509.BasicConstraints)
    usage = said.get_extension_for_class(x509.KeyUsage)
    assert constraints.value == x509.BasicConstraints(ca=False, path_length=None)
    assert (usage.critical, usage.value.digital_signature, usage.value.key_cert_sign) == (True, True, False)
    extended = said.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(extended) == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}
    assert [*said.get_extension_for_class(x509.SubjectAlternativeName).value] == [
        x509.UniformResourceIdentifier("spiffe://gateway.test/gateway/one"),
        x509.DNSName("gateway.test"),
        x509.DNSName("localhost"),
        x509.IPAddress(IPv4Address("127.0.0.1")),
    ]
    issuer = said.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    assert issuer.key_identifier == own.digest
    assert said.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest != own.digest
    certificate.verify_directly_issued_by(authority.certificate)


def test_the_key_is_p256_and_of_the_certificate(authority: Authority) -> None:
    leaf = authority.issue(CLIENT, NOW, MONTH)
    key = load_pem_private_key(leaf.key, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.public_key() == x509.load_pem_x509_certificate(leaf.certificate).public_key()


def test_no_repr_shows_a_key(authority: Authority) -> None:
    leaf = authority.issue(CLIENT, NOW, MONTH)
    shown = (repr(leaf) + repr(authority)).replace(repr(leaf.certificate), "")
    assert "PRIVATE" not in shown
    assert "key=" not in shown.lower()  # a certificate in base64 may spell it by chance
    assert leaf.key.splitlines()[1].decode() not in shown


@settings(max_examples=25, deadline=None)
@given(
    offset=st.integers(-14, 14),
    moment=st.datetimes(datetime(2030, 6, 1), datetime(2031, 4, 1)),  # noqa: DTZ001 - the offset is drawn apart
    life=st.timedeltas(timedelta(minutes=1), MONTH),
)
def test_validity_is_the_moment_whatever_its_offset(authority: Authority, offset: int, moment: datetime, life: timedelta) -> None:
    now = moment.replace(tzinfo=timezone(timedelta(hours=offset)))
    leaf = x509.load_pem_x509_certificate(authority.issue(CLIENT, now, life).certificate)
    assert leaf.not_valid_before_utc <= now - BACKDATED < leaf.not_valid_before_utc + timedelta(seconds=1)
    assert abs(leaf.not_valid_after_utc - (now + life)) < timedelta(seconds=2)


def test_serials_are_drawn_anew(authority: Authority) -> None:
    issued = [x509.load_pem_x509_certificate(authority.issue(CLIENT, NOW, MONTH).certificate) for _ in range(20)]
    serials = {certificate.serial_number for certificate in issued}
    assert len(serials) == 20
    assert all(0 < serial.bit_length() < 160 for serial in serials)
    assert max(serials).bit_length() > 100


def test_a_leaf_that_would_outlive_its_ca_is_refused(authority: Authority) -> None:
    authority.issue(CLIENT, NOW, YEAR)
    with pytest.raises(ValueError, match=r"2031-05-17 08:30 UTC; take a shorter life"):
        authority.issue(CLIENT, NOW, YEAR + timedelta(seconds=1))


def test_a_moment_without_offset_is_refused(authority: Authority) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no offset"):
        authority.issue(CLIENT, naive, MONTH)
    with pytest.raises(ValueError, match="no offset"):
        Authority.create("CA", naive, YEAR)


@pytest.mark.parametrize(
    ("usages", "match"), [(frozenset[Usage](), "client, server or both"), (frozenset({Usage.SERVER}), "DNS name or IP")]
)
def test_a_profile_that_no_peer_could_accept_is_refused(usages: frozenset[Usage], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        Profile(uri=URI, usages=usages)


def test_a_long_name_stays_whole_in_the_uri_though_a_common_name_has_64_characters(authority: Authority) -> None:
    uri = "spiffe://gateway.test/gateway/" + "n" * 200
    leaf = authority.issue(Profile(uri=uri, usages=frozenset({Usage.CLIENT})), NOW, MONTH)
    certificate = x509.load_pem_x509_certificate(leaf.certificate)
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert name.value == "n" * 64
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [uri]


def test_a_stored_ca_signs_as_before(authority: Authority) -> None:
    again = Authority.load(authority.certificate_pem, authority.key_pem)
    leaf = x509.load_pem_x509_certificate(again.issue(CLIENT, NOW, MONTH).certificate)
    leaf.verify_directly_issued_by(authority.certificate)


def test_only_a_ca_and_its_own_p256_key_are_loaded(authority: Authority) -> None:
    leaf = authority.issue(CLIENT, NOW, MONTH)
    other = Authority.create("other", NOW, YEAR)
    edwards = ed25519.Ed25519PrivateKey.generate()
    edwards_pem = edwards.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    locked = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"opensesame"))
    for certificate, key, match in (
        (leaf.certificate, leaf.key, "may not sign others"),
        (authority.certificate_pem, other.key_pem, "does not belong"),
        (authority.certificate_pem, edwards_pem, "P-256"),
        (authority.certificate_pem, b"", "PEM"),
        (authority.certificate_pem, locked, "encrypted"),
    ):
        with pytest.raises(ValueError, match=match):
            Authority.load(certificate, key)
