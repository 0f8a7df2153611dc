"""The log's key: what signs, what is refused, and that nothing of it is told."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from gateway.ledger.keys import KeyUnusable, new_key, signer, signers
from gateway.ledger.note import Note, Verifier, signed

LOG = "log.test/2026h2"


def test_it_signs_under_the_log_s_name() -> None:
    made = signer(LOG, new_key(b"s".__mul__))
    note = signed("a text\n", [made.line("a text\n")])
    assert made.verifier.name == LOG
    assert Note.parse(note).verified([Verifier.parse(str(made.verifier))]) == {made.verifier: 0}


def test_a_new_key_is_of_the_chance_it_is_given() -> None:
    assert new_key(b"a".__mul__) == new_key(b"a".__mul__) != new_key(b"b".__mul__)
    with pytest.raises(ValueError, match="32"):
        new_key(lambda count: b"a" * (count - 1))


def test_each_of_several_keys_signs() -> None:
    one, other = signers(LOG, [new_key(b"a".__mul__), new_key(b"b".__mul__)])
    assert one.verifier != other.verifier
    assert {one.verifier.name, other.verifier.name} == {LOG}


def test_a_key_that_openssl_makes_signs(tmp_path: Path) -> None:
    file = tmp_path / "log-key"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", file], check=True, capture_output=True)
    assert signer(LOG, file.read_bytes()).verifier.name == LOG


EDWARDS = ed25519.Ed25519PrivateKey.from_private_bytes(b"e" * 32)
WRONG = {
    "nothing": b"",
    "text": b"hunter2",
    "another kind": ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    "encrypted": EDWARDS.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hunter2")),
    "DER": EDWARDS.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
}


@pytest.mark.parametrize("kind", WRONG)
def test_another_key_is_refused_and_nothing_of_it_is_told(kind: str) -> None:
    with pytest.raises(KeyUnusable) as caught:
        signer(LOG, WRONG[kind])
    assert "hunter2" not in str(caught.value)
    assert "BEGIN" not in str(caught.value)


def test_a_signer_shows_no_key() -> None:
    assert "sign=" not in repr(signer(LOG, new_key(b"s".__mul__)))
