"""Facts say what stands in a certificate, and nothing that does not."""

from datetime import datetime, timedelta

import pytest
from cryptography import x509

from certs.facts import all_facts, facts
from tests.certs.faulty import FAULTS, SOUND_URI, Authorities, sound


def test_of_a_sound_leaf(authorities: Authorities, now: datetime) -> None:
    (leaf,) = all_facts(sound(authorities, now).certificate)
    (issuer,) = all_facts(authorities.own.certificate_pem)
    assert (leaf.uri, leaf.name, leaf.issuer, leaf.key_type) == (SOUND_URI, "CN=window", "CN=guangzhou CA", "ECDSA P-256")
    assert (leaf.authority, issuer.authority) == (False, True)
    assert leaf.issuer_key == issuer.subject_key != ""
    parsed = x509.load_pem_x509_certificate(sound(authorities, now).certificate)
    assert facts(parsed).serial == f"{parsed.serial_number:x}"


@pytest.mark.parametrize(
    ("fault", "uri", "key_type"),
    [
        ("two_uris", "", "ECDSA P-256"),
        ("not_spiffe", "", "ECDSA P-256"),
        ("no_alternative_name", "", "ECDSA P-256"),
        ("ed25519_key", SOUND_URI, "Ed25519"),
        ("rsa_1024_key", SOUND_URI, "RSA 1024"),
        ("p521_key", SOUND_URI, "ECDSA P-521"),
    ],
)
def test_of_odd_ones(fault: str, uri: str, key_type: str, authorities: Authorities, now: datetime) -> None:
    (found,) = all_facts(FAULTS[fault].make(authorities, now).certificate)
    assert (found.uri, found.key_type) == (uri, key_type)


def test_how_much_of_a_life_is_left(authorities: Authorities, now: datetime) -> None:
    (leaf,) = all_facts(sound(authorities, now).certificate)
    assert leaf.fraction_left(leaf.not_before) == 1.0
    assert leaf.fraction_left(leaf.not_before - timedelta(days=9)) == 1.0
    assert leaf.fraction_left(leaf.not_after) == 0.0
    assert leaf.fraction_left(leaf.not_after + timedelta(days=9)) == 0.0
    assert leaf.left(leaf.not_after + timedelta(days=9)) == timedelta(days=-9)


@pytest.mark.parametrize("pem", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_cannot_be_read_is_refused(pem: bytes) -> None:
    with pytest.raises(ValueError, match="no PEM certificate"):
        all_facts(pem)
