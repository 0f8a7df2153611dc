"""Keys in a token, as gateway.yaml names them."""

import hmac
import json

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.config import ConfigError
from gateway.ledger.keys import signers
from gateway.stages.seal import holder_hash
from tests.gateway.softhsm import MODULE, PIN, TOKEN, hsm

__all__ = ["hsm"]
pytestmark = pytest.mark.needs("softhsm")

LOG, HOLDER = "{file: secrets/log.key}", "file: secrets/holder.key}"


def placed(label, pin="secrets/pin"):
    return f"{{pkcs11: {{module: {MODULE}, token: {TOKEN}, label: {label}, pin: {{file: {pin}}}}}}}"


@pytest.fixture
def kept(site, hsm):
    """The site, with both keys of its log in a token."""
    hsm.signs("log", 5)
    site.write("secrets/pin", PIN + "\n")
    site.change("gateway.yaml", LOG, placed("log"))
    return site


def test_the_log_s_key_may_lie_in_a_token(kept, hsm):
    key = hsm.signs("log", 5)
    loaded = kept.load()
    (signer,) = signers(loaded.settings.log, loaded.log_keys)
    assert signer.verifier.key == key.public_key().public_bytes_raw()
    assert signer.sign(b"text") == key.sign(b"text")


def test_the_public_key_is_printed_from_the_token(kept, monkeypatch):
    monkeypatch.setenv("KUACHENG_G2_TOKEN", "token-7c1e")
    (signer,) = signers("log.gateway.test/2026h2", kept.load().log_keys)
    found = CliRunner().invoke(main, ["ledger", "key", "-c", str(kept.folder / "gateway.yaml"), "-o", "json"])
    assert (found.exit_code, json.loads(found.stdout)) == (0, [str(signer.verifier)])


def test_a_holder_key_is_derived_for_its_id(kept, hsm):
    secret = hsm.hashes("holder")
    kept.change("gateway.yaml", HOLDER, placed("holder")[1:])
    key = kept.load().world.holder_key
    assert key.secret == hmac.digest(secret, b"kuacheng holder key v1\0hk-2026", "sha256")
    assert holder_hash(key, "111", "n") == hmac.digest(key.secret, b"holder\x00111:n", "sha256").hex()
    kept.change("gateway.yaml", "hk-2026", "hk-2027")
    assert kept.load().world.holder_key.secret != key.secret


def test_what_is_wrong_with_a_token_stands_at_its_key_and_tells_no_pin(kept):
    kept.write("secrets/pin", "wrong-1\n")
    with pytest.raises(ConfigError) as caught:
        kept.load()
    (problem,) = caught.value.problems
    assert problem.path == "ledger.key.pkcs11"
    assert "the token 'kuacheng' refuses the PIN; correct it" in str(problem)
    assert "wrong-1" not in str(problem)


def test_no_repr_and_no_effective_configuration_tells_the_pin(kept, monkeypatch):
    monkeypatch.setenv("KUACHENG_G2_TOKEN", "token-7c1e")
    found = CliRunner().invoke(main, ["config", "show", "-c", str(kept.folder / "gateway.yaml")])
    assert found.exit_code == 0
    assert "label" in found.stdout
    assert PIN not in found.stdout + repr(kept.load()) + repr(kept.load().settings)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            LOG,
            "{}",
            "ledger.key: must name either a file or a token; write {file: path} or {pkcs11: {module, token, label, pin}}",
        ),
        (
            HOLDER,
            "}",
            "ledger.holder_key: must name either a file or a token; write file: path, or pkcs11: {module, token, label, pin}",
        ),
    ],
)
def test_a_key_lies_in_one_place(site, old, new, told):
    site.change("gateway.yaml", old, new)
    assert any(told in each for each in site.messages())
