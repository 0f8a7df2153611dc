"""Preflight finds each fault under its own name, and nothing in what is sound."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certs.authority import BACKDATED, Authority, Leaf
from certs.development import DevelopmentPki
from certs.extensions import Profile, Usage, key_usage
from certs.findings import Code, Severity
from certs.preflight import AUTHORITY_ENDS_SOON, Identity, Trust, examine, life_left
from tests.certs.faulty import FAULTS, SOUND_URI, Authorities, sound, unspellable

DAY = timedelta(days=1)
SERVER = Profile(
    uri="spiffe://gateway.test/gateway/one",
    usages=frozenset({Usage.SERVER}),
    ip_addresses=(IPv4Address("127.0.0.1"),),
)
_PlainKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

# What each of the faulty client certificates is found to be. `other_region` and `wrong_credit_code` are well-formed:
# that a CA speaks for its own region only, and what a credit code is, are the gateway's to judge.
FOUND: dict[str, tuple[Code, ...]] = {
    "expired": (Code.EXPIRED,),
    "not_yet_valid": (Code.NOT_YET_VALID,),
    "wrong_authority": (Code.CHAIN_REFUSED,),
    "forged_authority": (Code.CHAIN_REFUSED,),
    "self_signed": (Code.CHAIN_REFUSED,),
    "no_alternative_name": (Code.URI_MISSING,),
    "dns_name_only": (Code.URI_MISSING,),
    "two_uris": (Code.URI_AMBIGUOUS,),
    "other_region": (),
    "not_spiffe": (Code.URI_NOT_SPIFFE,),
    "wrong_credit_code": (),
    "no_client_usage": (Code.USAGE_MISSING,),
    "no_usage": (Code.USAGE_MISSING,),
    "no_digital_signature": (Code.SIGNATURE_NOT_ALLOWED,),
    "authority_as_leaf": (Code.NOT_A_LEAF,),
    "ed25519_key": (Code.KEY_TYPE_REFUSED,),
    "p521_key": (Code.KEY_TYPE_REFUSED,),
    "rsa_1024_key": (Code.KEY_TYPE_REFUSED,),
}


def _client(leaf: Leaf, authority: Authority) -> Identity:
    return Identity(
        name="window",
        role=Usage.CLIENT,
        certificate=leaf.certificate,
        key=leaf.key,
        authorities=authority.certificate_pem,
    )


def _codes(material: Identity | Trust, now: datetime) -> tuple[Code, ...]:
    return tuple(finding.code for finding in examine(material, now))


@pytest.fixture
def client(authorities: Authorities, now: datetime) -> Identity:
    """A sound client certificate."""
    return _client(sound(authorities, now), authorities.own)


def test_what_is_sound_has_no_finding(client: Identity, authorities: Authorities, now: datetime) -> None:
    leaf = authorities.own.issue(SERVER, now, 30 * DAY)
    server = replace(_client(leaf, authorities.own), role=Usage.SERVER)
    assert examine(client, now) == examine(server, now) == ()


def test_all_of_the_development_pki_is_sound(pki: DevelopmentPki, now: datetime) -> None:
    for authority, role, pair in (
        ("gateway", Usage.SERVER, pki.gateway_server),
        ("gateway", Usage.CLIENT, pki.gateway_client),
        *((region, Usage.SERVER, pair) for region, pair in pki.cities.items()),
        ("440100", Usage.CLIENT, pki.clients["guangzhou-window"]),
        ("440600", Usage.CLIENT, pki.clients["foshan-window"]),
    ):
        assert examine(replace(_client(pair.read(), pki.authority(authority)), role=role), now) == ()
    assert examine(Trust(name="callers", authorities=pki.callers_ca.read_bytes()), now) == ()


def test_each_faulty_certificate_is_found_by_its_fault(authorities: Authorities, now: datetime) -> None:
    made = {name: _client(fault.make(authorities, now), authorities.own) for name, fault in FAULTS.items()}
    assert {name: _codes(material, now) for name, material in made.items()} == FOUND


def test_every_error_stops_and_warnings_do_not(client: Identity) -> None:
    ends = x509.load_pem_x509_certificate(client.certificate).not_valid_after_utc
    (warning,) = examine(client, ends - 10 * DAY)
    (error,) = examine(client, ends + timedelta(seconds=1))
    assert (warning.code, warning.severity) == (Code.RENEWAL_DUE, Severity.WARNING)
    assert "32% of its life" in warning.message
    assert (error.code, error.severity) == (Code.EXPIRED, Severity.ERROR)
    assert f"{ends:%Y-%m-%d %H:%M} UTC" in error.message


@pytest.mark.parametrize(("days", "code"), [(-1.001, Code.NOT_YET_VALID), (0, None), (19.6, None), (20, Code.RENEWAL_DUE)])
def test_the_window_of_validity(client: Identity, now: datetime, days: float, code: Code | None) -> None:
    assert _codes(client, now + days * DAY) == ((code,) if code else ())


def test_life_left(client: Identity) -> None:
    certificate = x509.load_pem_x509_certificate(client.certificate)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    middle = start + (end - start) / 2
    assert [life_left(certificate, moment) for moment in (start, middle, end)] == [1, 0.5, 0]


def test_a_certificate_of_no_length_is_past(authorities: Authorities, now: datetime) -> None:
    leaf = authorities.own.issue(Profile(uri=SOUND_URI, usages=frozenset({Usage.CLIENT})), now, -BACKDATED)
    assert life_left(x509.load_pem_x509_certificate(leaf.certificate), now) == 0
    assert _codes(_client(leaf, authorities.own), now) == (Code.EXPIRED,)


def test_a_moment_without_offset_is_our_own_bug(client: Identity) -> None:
    with pytest.raises(ValueError, match="no offset"):
        examine(client, datetime(2030, 1, 1))  # noqa: DTZ001 - this is the fault


def test_keys_that_are_not_the_certificates(client: Identity, authorities: Authorities, now: datetime) -> None:
    other = sound(authorities, now).key
    edwards = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secret = load_pem_private_key(client.key, password=None)
    locked = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"opensesame"))
    for key, code in (
        (other, Code.KEY_MISMATCH),
        (edwards, Code.KEY_MISMATCH),
        (locked, Code.KEY_UNREADABLE),
        (b"", Code.KEY_UNREADABLE),
        (client.key[:-40], Code.KEY_UNREADABLE),
        (client.certificate, Code.KEY_UNREADABLE),
    ):
        assert _codes(replace(client, key=key), now) == (code,)


def test_a_key_in_a_public_file_is_found(client: Identity, now: datetime) -> None:
    assert _codes(replace(client, certificate=client.certificate + client.key), now) == (Code.KEY_EXPOSED,)
    assert _codes(replace(client, authorities=client.authorities + client.key), now) == (Code.KEY_EXPOSED,)


def test_a_file_that_is_cut_off_is_unreadable_even_where_a_part_is_whole(client: Identity, now: datetime) -> None:
    twice = client.certificate + client.certificate
    for certificate in (b"", b"hello", client.certificate[:-40], twice[:-40], client.key):
        assert Code.CERTIFICATE_UNREADABLE in _codes(replace(client, certificate=certificate), now)
    cut = Trust(name="callers", authorities=(client.authorities * 2)[:-40])
    (finding,) = examine(cut, now)
    assert finding.code is Code.AUTHORITIES_UNREADABLE
    assert "2 certificates begin in it, 1 of them whole" in finding.message


def test_a_server_without_a_host_is_found(authorities: Authorities, now: datetime) -> None:
    leaf = authorities.own.issue(Profile(uri=SOUND_URI, usages=frozenset({Usage.CLIENT})), now, 30 * DAY)
    material = replace(_client(leaf, authorities.own), role=Usage.SERVER)
    assert _codes(material, now) == (Code.HOST_MISSING, Code.USAGE_MISSING)


def test_a_server_for_any_host_of_a_domain_is_sound(authorities: Authorities, now: datetime) -> None:
    profile = Profile(uri=SERVER.uri, usages=SERVER.usages, dns_names=("*.gateway.test",))
    leaf = authorities.own.issue(profile, now, 30 * DAY)
    assert examine(replace(_client(leaf, authorities.own), role=Usage.SERVER), now) == ()


def test_a_leaf_in_the_ca_file_is_found_and_not_taken_for_an_anchor(
    client: Identity, authorities: Authorities, now: datetime
) -> None:
    bundle = authorities.other.certificate_pem + client.certificate
    (finding,) = examine(Trust(name="callers", authorities=bundle), now)
    assert finding.code is Code.NOT_AN_AUTHORITY
    assert "certificate 2 of the CA file, CN=window" in finding.message
    assert _codes(replace(client, authorities=bundle), now) == (Code.NOT_AN_AUTHORITY, Code.CHAIN_REFUSED)


def test_a_ca_near_its_end_and_past_it(client: Identity, authorities: Authorities, now: datetime) -> None:
    end = authorities.own.certificate.not_valid_after_utc
    trust = Trust(name="callers", authorities=authorities.own.certificate_pem)
    assert _codes(trust, end - AUTHORITY_ENDS_SOON) == ()
    assert _codes(trust, end - AUTHORITY_ENDS_SOON + DAY) == (Code.AUTHORITY_ENDS_SOON,)
    assert _codes(trust, end + DAY) == (Code.AUTHORITY_EXPIRED,)
    assert _codes(trust, now - 31 * DAY) == (Code.AUTHORITY_NOT_YET_VALID,)
    assert _codes(client, end + DAY) == (Code.AUTHORITY_EXPIRED, Code.EXPIRED)


def _by_hand(
    key: _PlainKey, issuer: tuple[str, _PlainKey], now: datetime, *says: x509.ExtensionType, name: str = "by hand"
) -> x509.Certificate:
    """A certificate that our own CA would not make."""
    issuer_name, issuer_key = issuer
    draft = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + 300 * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    for extension in says:
        draft = draft.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return draft.sign(issuer_key, None if isinstance(issuer_key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _ca(path_length: int | None = None) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=True, path_length=path_length)


def test_an_intermediate_ca_stands_after_the_leaf(now: datetime) -> None:
    root_key, middle_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    usage = key_usage(signs_certificates=True)
    root = _by_hand(root_key, ("root", root_key), now, _ca(1), usage, name="root")
    middle = Authority(_by_hand(middle_key, ("root", root_key), now, _ca(0), usage, name="middle"), middle_key)
    leaf = middle.issue(Profile(uri=SOUND_URI, usages=frozenset({Usage.CLIENT})), now, 30 * DAY)
    alone = replace(_client(leaf, middle), authorities=_pem(root))
    (finding,) = examine(alone, now)
    assert finding.code is Code.CHAIN_REFUSED
    assert "Its issuer is CN=middle" in finding.message
    assert examine(replace(alone, certificate=leaf.certificate + middle.certificate_pem), now) == ()


@pytest.mark.parametrize(
    ("key", "kind", "codes"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), "", []),
        (ec.generate_private_key(ec.SECP384R1()), "", []),
        (ec.generate_private_key(ec.SECP521R1()), "ECDSA secp521r1", [Code.KEY_TYPE_REFUSED]),
        (ec.generate_private_key(ec.SECP256K1()), "ECDSA secp256k1", [Code.KEY_TYPE_REFUSED, Code.AUTHORITY_KEY_REFUSED]),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519", [Code.KEY_TYPE_REFUSED, Code.AUTHORITY_KEY_REFUSED]),
    ],
)
def test_the_keys_of_leaves_and_of_authorities(
    authorities: Authorities, now: datetime, key: _PlainKey, kind: str, codes: list[Code]
) -> None:
    own = ("guangzhou CA", authorities.own.key)
    says = x509.BasicConstraints(ca=False, path_length=None), key_usage(signs_certificates=False)
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(SOUND_URI)])
    leaf = _by_hand(key, own, now, *says, names, x509.ExtendedKeyUsage([Usage.CLIENT.value]))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    ca = _by_hand(key, ("by hand", key), now, _ca(), key_usage(signs_certificates=True))
    found = examine(_client(Leaf(_pem(leaf), secret), authorities.own), now)
    found += examine(Trust(name="callers", authorities=_pem(ca)), now)
    assert [finding.code for finding in found] == codes
    assert all(f"({kind})" in finding.message for finding in found)


def test_a_leaf_of_a_refused_ca_is_not_found_twice(authorities: Authorities, client: Identity, now: datetime) -> None:
    edwards = ed25519.Ed25519PrivateKey.generate()
    ca = _pem(_by_hand(edwards, ("by hand", edwards), now, _ca(), key_usage(signs_certificates=True)))
    assert _codes(replace(client, authorities=ca), now) == (Code.AUTHORITY_KEY_REFUSED,)
    both = ca + authorities.other.certificate_pem
    assert _codes(replace(client, authorities=both), now) == (Code.AUTHORITY_KEY_REFUSED, Code.CHAIN_REFUSED)


def test_a_leaf_without_key_usage_is_found(authorities: Authorities, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(SOUND_URI)])
    usage = x509.ExtendedKeyUsage([Usage.CLIENT.value])
    leaf = _by_hand(key, ("guangzhou CA", authorities.own.key), now, names, usage)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert _codes(_client(Leaf(_pem(leaf), secret), authorities.own), now) == (Code.SIGNATURE_NOT_ALLOWED,)


def test_a_name_that_cryptography_cannot_spell_is_a_finding(authorities: Authorities, now: datetime) -> None:
    assert _codes(_client(unspellable(now), authorities.own), now) == (Code.CERTIFICATE_UNREADABLE,)


def test_an_sm2_certificate_is_refused_by_its_key(client: Identity, now: datetime) -> None:
    """National-crypto TLS ends in a proxy; here such a certificate is a finding, not a crash."""
    der = x509.load_pem_x509_certificate(client.certificate).public_bytes(Encoding.DER)
    p256, sm2 = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a811ccf5501822d")
    assert p256 in der
    labelled = _pem(x509.load_der_x509_certificate(der.replace(p256, sm2)))
    (finding,) = examine(replace(client, certificate=labelled), now)
    assert finding.code is Code.KEY_TYPE_REFUSED
    assert "1.2.156.10197.1.301" in finding.message


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_every_flipped_bit_of_what_was_signed_is_found(client: Identity, now: datetime, data: st.DataObject) -> None:
    certificate = x509.load_pem_x509_certificate(client.certificate)
    der, signed = bytearray(certificate.public_bytes(Encoding.DER)), certificate.tbs_certificate_bytes
    start = der.index(signed) * 8
    place = data.draw(st.integers(start, start + len(signed) * 8 - 1))
    der[place // 8] ^= 1 << place % 8
    text = f"-----BEGIN CERTIFICATE-----\n{b64encode(der).decode()}\n-----END CERTIFICATE-----\n".encode()
    found = examine(replace(client, certificate=text), now)
    assert any(finding.severity is Severity.ERROR for finding in found)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cut=st.integers(0, 700), put=st.binary(max_size=40), part=st.sampled_from(["certificate", "key", "authorities"]))
def test_no_text_makes_it_raise_or_tell_the_key(client: Identity, now: datetime, cut: int, put: bytes, part: str) -> None:
    texts = {"certificate": client.certificate, "key": client.key, "authorities": client.authorities}
    whole = texts[part]
    texts[part] = whole[:cut] + put + whole[cut + len(put) :]
    found = examine(Identity(name="window", role=Usage.CLIENT, **texts), now)
    secret = client.key.decode().splitlines()[1:-1]
    assert not any(line in str(finding) for finding in found for line in secret)
    assert secret[0] not in repr(client)
