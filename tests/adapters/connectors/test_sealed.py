"""The sealed envelope: opened by whom it is for, and by nobody else; whatever was altered is refused before it is opened."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.connectors.sealed import Sealer
from adapters.guomi.sm2 import PrivateKey
from gateway.model.refusal import Blame, Reason, Refusal
from tests.adapters.hostile import replaced
from tests.fuzzing import TIMES

MOMENT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
KEY, VECTOR = bytes(range(16)), bytes(range(16, 32))
OURS, THEIRS = PrivateKey(bytes([1] * 32)), PrivateKey(bytes([2] * 32))
US = Sealer("kuacheng", KEY, OURS, THEIRS.public)
THEM = Sealer("kuacheng", KEY, THEIRS, OURS.public)
DOCUMENT = '{"msgid":"1","output":{"name":"何㛃"}}'.encode()
ENVELOPE = THEM.seal(DOCUMENT, MOMENT, VECTOR)


def refused(envelope: Any, moment: datetime = MOMENT, sealer: Sealer = US) -> Refusal:
    with pytest.raises(Refusal) as caught:
        sealer.open(envelope, moment, "here")
    assert (caught.value.reason, caught.value.blame) == (Reason.CITY_ANSWER_INVALID, Blame.COUNTERPARTY)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
@settings(max_examples=25 * TIMES)
def test_there_and_back(document: bytes, vector: bytes) -> None:
    assert THEM.open(US.seal(document, MOMENT, vector), MOMENT, "here") == document


def test_the_envelope_as_the_interface_has_it() -> None:
    assert ENVELOPE.keys() == {"data", "appCode", "version", "encType", "signType", "timestamp", "signData"}
    assert ENVELOPE["timestamp"] == "1700000000000"
    text = ENVELOPE["data"]["encData"]  # type: ignore[index]
    assert (text[:32], text) == (VECTOR.hex().upper(), text.upper())
    assert "何" not in json.dumps(ENVELOPE, ensure_ascii=False)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("appCode", "another"),
        ("version", "1.0.1"),
        ("encType", "AES"),
        ("signType", "NONE"),
        ("timestamp", "1700000000001"),
        ("timestamp", "何"),
        ("timestamp", "9" * 400),
        ("signData", ""),
        ("signData", "何"),
        ("signData", "A" * 86 + "=="),
        ("data", {"encData": ENVELOPE["data"]["encData"][:-2]}),  # type: ignore[index]
        ("data", {}),
        ("data", None),
    ],
)
def test_a_member_that_was_changed(member: str, value: object) -> None:
    refused({**ENVELOPE, member: value})
    refused({name: each for name, each in ENVELOPE.items() if name != member})


def test_a_ciphertext_under_another_key() -> None:
    other = Sealer("kuacheng", KEY[::-1], THEIRS, OURS.public)
    assert "cannot be decrypted" in refused(other.seal(DOCUMENT, MOMENT, VECTOR)).detail


def test_another_key_signed() -> None:
    assert "signData" in refused(US.seal(DOCUMENT, MOMENT, VECTOR)).detail


@pytest.mark.parametrize(("late", "taken"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_the_clock(late: int, *, taken: bool) -> None:
    moment = MOMENT + timedelta(seconds=late)
    if taken:
        assert US.open(ENVELOPE, moment, "here") == DOCUMENT
    else:
        assert "clock" in refused(ENVELOPE, moment).detail


@given(replaced(ENVELOPE))
@settings(max_examples=80 * TIMES)
def test_a_document_or_a_refusal(envelope: Any) -> None:
    if not isinstance(envelope, dict):
        return
    before = copy.deepcopy(envelope)
    opened = b""
    try:
        opened = US.open(envelope, MOMENT, "here")
    except Refusal as refusal:
        opened = b"" if refusal.blame is Blame.COUNTERPARTY else b"blamed"
    assert (opened in {b"", DOCUMENT}, envelope) == (True, before)


def test_no_key_shows() -> None:
    assert repr(US) == "Sealer(app_code='kuacheng', skew=datetime.timedelta(seconds=300))"
