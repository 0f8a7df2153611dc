from hypothesis import given
from hypothesis import strategies as st

from gateway.config import pem


def test_what_is_right_has_no_fault(pki):
    files = pki.files
    assert pem.authorities_fault(files["guangzhou-ca.crt"] + files["foshan-ca.crt"]) is None
    assert pem.certificate_fault(files["gateway.crt"]) is None
    assert pem.certificate_fault(files["gateway.crt"] + files["foshan-ca.crt"]) is None
    assert pem.key_fault(files["gateway.key"], files["gateway.crt"]) is None


def test_a_file_of_authorities_holds_authorities_only(pki):
    message, hint = pem.authorities_fault(pki.files["foshan-ca.crt"] + pki.files["gateway.crt"])
    assert message == "certificate 2 is no authority, yet would be trusted as one"
    assert hint == "take it out; keep CAs only"


def test_a_leaf_stands_first(pki):
    assert pem.certificate_fault(pki.files["foshan-ca.crt"])[0] == "begins with an authority"


def test_keys_that_tls_refuses_later_are_refused_now(pki):
    assert "TLS refuses" in pem.certificate_fault(pki.files["edwards.crt"])[0]
    assert "TLS refuses" in pem.authorities_fault(pki.files["edwards-ca.crt"])[0]


def test_a_key_belongs_to_its_certificate_and_is_not_encrypted(pki):
    assert "does not belong" in pem.key_fault(pki.files["other.key"], pki.files["gateway.crt"])[0]
    assert "is encrypted" in pem.key_fault(pki.files["encrypted.key"], pki.files["gateway.crt"])[0]
    assert "no private key" in pem.key_fault(pki.files["gateway.crt"], pki.files["gateway.crt"])[0]


def test_fingerprints(pki):
    both = pem.fingerprints(pki.files["guangzhou-ca.crt"] + pki.files["foshan-ca.crt"])
    assert both == pem.fingerprints(pki.files["guangzhou-ca.crt"]) | pem.fingerprints(pki.files["foshan-ca.crt"])
    assert len(both) == 2
    assert pem.fingerprints(b"none") == frozenset()


@given(content=st.binary(max_size=300))
def test_garbage_is_a_fault_and_no_exception(content: bytes):
    wrapped = b"-----BEGIN CERTIFICATE-----\n" + content + b"\n-----END CERTIFICATE-----\n"
    for garbage in (content, wrapped):
        assert pem.authorities_fault(garbage) is not None
        assert pem.certificate_fault(garbage) is not None
        assert pem.key_fault(garbage, garbage) is not None


def test_a_log_is_signed_by_an_ed25519_key_that_is_not_encrypted(pki):
    assert pem.log_key_fault(pki.files["log.key"]) is None
    assert "no Ed25519 key" in pem.log_key_fault(pki.files["gateway.key"])[0]
    for wrong in (pki.files["encrypted.key"], pki.files["gateway.crt"], b"", b"hunter2"):
        message, hint = pem.log_key_fault(wrong)
        assert message == "holds no private key that can be read"
        assert "openssl genpkey -algorithm ed25519" in hint
