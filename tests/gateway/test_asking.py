"""Only hosts that gateway.yaml names are asked, whatever a certificate says; what was answered is kept, and judged again."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp as wire
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from certs import ocsp
from certs.authority import Authority
from certs.ocsp import OcspRefused
from gateway import asking
from gateway.asking import Question
from gateway.clock import SystemClock
from gateway.config import OcspSettings
from tests.certs.responder import Signer, response

NOW = SystemClock().now().replace(microsecond=0)
AUTHORITY = Authority.create("guangzhou CA", NOW, timedelta(days=9))


def leaf(*names: str) -> x509.Certificate:
    """One that names these responders."""
    key, access = ec.generate_private_key(ec.SECP256R1()), AuthorityInformationAccessOID.OCSP
    said = [x509.AccessDescription(access, x509.UniformResourceIdentifier(each)) for each in names]
    draft = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "window")]))
        .issuer_name(AUTHORITY.certificate.subject)
        .public_key(key.public_key())
        .serial_number(0x2A)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if said:
        draft = draft.add_extension(x509.AuthorityInformationAccess(said), critical=False)
    return draft.sign(AUTHORITY.key, hashes.SHA256())


HOSTS = OcspSettings(hosts=("ocsp.ca.test", "other.ca.test:8080"))
ASKED = (
    ("http://ocsp.ca.test/r", "http://ocsp.ca.test/r"),
    ("http://OCSP.ca.test/r", "http://OCSP.ca.test/r"),
    ("http://other.ca.test:8080", "http://other.ca.test:8080"),
    ("https://ocsp.ca.test/", "https://ocsp.ca.test/"),
    ("https://other.ca.test/", ""),
    ("http://other.ca.test/", ""),
    ("http://127.0.0.1:9464/", ""),
    ("http://ocsp.ca.test:22/", ""),
    ("http://ocsp.ca.test@127.0.0.1/", ""),
    ("http://127.0.0.1@ocsp.ca.test/", ""),
    ("http://ocsp.ca.test.evil.test/", ""),
    ("http://ocsp.ca.test:x/", ""),
    ("ldap://ocsp.ca.test/", ""),
    ("file:///etc/passwd", ""),
)


@pytest.mark.parametrize(("named", "asked"), ASKED)
def test_a_certificate_leads_only_to_hosts_that_stand_in_the_file(named: str, asked: str) -> None:
    if asked:
        assert asking.where(leaf("ldap://first.test/", named), HOSTS) == asked
        return
    with pytest.raises(OcspRefused, match="does not stand under `hosts`"):
        asking.where(leaf(named), HOSTS)


def test_a_responder_of_the_file_is_asked_whatever_the_certificate_names() -> None:
    policy = OcspSettings(responder="http://10.0.0.1/ocsp")
    assert {asking.where(leaf(*each), policy) for each in ((), ("http://ocsp.ca.test/",))} == {"http://10.0.0.1/ocsp"}
    with pytest.raises(OcspRefused, match="names no responder"):
        asking.where(leaf(), HOSTS)


def test_what_is_kept_is_judged_again(tmp_path: Path) -> None:
    kept, question = asking.beside(tmp_path / "ledger.db"), Question("440100", leaf(), AUTHORITY.certificate)
    asked = wire.load_der_ocsp_request(ocsp.request(question.certificate, question.issuer, bytes(32)))
    sound = response(asked, "good", Signer(AUTHORITY.certificate, AUTHORITY.key), NOW)
    assert kept.get(question, NOW) is None
    kept.put(question, sound)
    (file,) = kept.folder.iterdir()
    assert (kept.folder.name, kept.folder.stat().st_mode & 0o777) == ("ledger.db.ocsp", 0o700)
    assert kept.get(question, NOW) == ocsp.answer(sound, question.certificate, question.issuer, NOW)
    assert kept.get(Question("440600", question.certificate, question.issuer), NOW) is None
    kept.forget(NOW + timedelta(days=29))
    file.write_bytes(sound.replace(b"\x2a", b"\x2b"))
    assert kept.get(question, NOW) is None
    kept.forget(NOW + timedelta(days=31))
    assert list(kept.folder.iterdir()) == []
