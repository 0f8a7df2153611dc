"""Keys in a token: what they sign and derive, a token that goes and comes back, and that no PIN is told or tried twice."""

import hmac
import sys
from pathlib import Path

import pytest

from gateway.token import TokenRefused, derived, signing_key
from tests.gateway.softhsm import MODULE, PIN, SoftHsm, hsm

__all__ = ["hsm"]
pytestmark = pytest.mark.needs("softhsm")


def test_a_token_signs_what_a_file_would(hsm: SoftHsm) -> None:
    key, found = hsm.signs("log", 5), signing_key(hsm.place("log"))
    assert found.public == key.public_key().public_bytes_raw()
    assert found.sign(b"checkpoint") == key.sign(b"checkpoint")


def test_a_pair_that_the_token_made_signs_and_never_leaves_it(hsm: SoftHsm) -> None:
    from pkcs11 import Attribute, KeyType, MechanismFlag
    from pkcs11.util.ec import encode_named_curve_parameters

    with hsm.session() as session:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("1.3.101.112")}
        parameters = session.create_domain_parameters(KeyType.EC_EDWARDS, curve, local=True)
        _, private = parameters.generate_keypair(label="made", store=True, capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY)
        assert not private[Attribute.EXTRACTABLE]
    assert len(signing_key(hsm.place("made")).sign(b"checkpoint")) == 64


def test_a_key_that_is_read_anew_is_the_same_for_a_reload(hsm: SoftHsm) -> None:
    hsm.signs("reread", 5)
    hsm.signs("another", 4)
    found = signing_key(hsm.place("reread"))
    assert found == signing_key(hsm.place("reread"))
    assert found != signing_key(hsm.place("another"))


def test_a_derived_key_follows_from_secret_and_context(hsm: SoftHsm) -> None:
    secret = hsm.hashes("holder")
    assert derived(hsm.place("holder"), b"one") == hmac.digest(secret, b"one", "sha256")
    assert derived(hsm.place("holder"), b"one") != derived(hsm.place("holder"), b"other")


def test_a_token_that_comes_back_is_used_again(hsm: SoftHsm) -> None:
    key, found = hsm.signs("wandering", 6), signing_key(hsm.place("wandering"))
    hsm.unplug()
    try:
        for _ in range(3):
            with pytest.raises(TokenRefused, match=r"there is no token 'kuacheng'.*plug it in"):
                found.sign(b"away")
    finally:
        hsm.plug()
    assert found.sign(b"back") == key.sign(b"back")


def test_another_key_of_the_same_name_signs_nothing(hsm: SoftHsm) -> None:
    hsm.signs("changed", 7)
    found = signing_key(hsm.place("changed"))
    hsm.signs("changed", 8)
    with pytest.raises(TokenRefused, match="not the one that was there when the gateway began"):
        found.sign(b"checkpoint")
    hsm.signs("changed", 7)
    assert len(found.sign(b"checkpoint")) == 64


def test_a_refused_pin_is_not_tried_again_and_a_corrected_one_is(hsm: SoftHsm) -> None:
    key = hsm.signs("guarded", 9)
    wrong = hsm.place("guarded", pin="000-000")
    hsm.session().close()
    for _ in range(20):  # more often than any token bears
        with pytest.raises(TokenRefused, match="refuses the PIN; correct it"):
            signing_key(wrong)
    assert signing_key(hsm.place("guarded")).public == key.public_key().public_bytes_raw()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"label": "none"}, "has no fitting key 'none'; see what there is with `pkcs11-tool --module "),
        ({"token": "other"}, "there is no token 'other'; see what there is with `pkcs11-tool --module "),
        (
            {"module": Path("/no/such/module.so")},
            "/no/such/module.so is no PKCS#11 module that can be loaded; name the shared library",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do_and_without_the_pin(hsm: SoftHsm, changes: dict[str, object], told: str) -> None:
    hsm.signs("there", 11)
    place = hsm.place(**({"label": "there"} | changes))
    with pytest.raises(TokenRefused) as caught:
        signing_key(place)
    assert told in str(caught.value)
    assert PIN not in str(caught.value) + repr(caught.value) + repr(place)


def test_halves_of_two_keys_are_refused(hsm: SoftHsm) -> None:
    from pkcs11 import Attribute, ObjectClass

    hsm.signs("first", 12)
    hsm.signs("second", 13)
    with hsm.session() as session:
        (first,) = session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: "first"})
        first.destroy()
        (second,) = session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.LABEL: "second"})
        second[Attribute.LABEL] = "first"
    with pytest.raises(TokenRefused, match="two halves of the key 'first'"):
        signing_key(hsm.place("first"))


def test_without_the_library_it_says_which_to_install(hsm: SoftHsm, monkeypatch: pytest.MonkeyPatch) -> None:
    hsm.session().close()
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(TokenRefused, match=r"pip install 'kuacheng\[pkcs11\]'"):
        signing_key(hsm.place("log", module=MODULE.with_name("other.so")))
