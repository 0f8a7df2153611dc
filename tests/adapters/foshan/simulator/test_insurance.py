"""F3 as the interface page has it: whatever comes is answered with a code, and what is said about people is sealed."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.foshan.simulator.envelope import EnvelopeError, Keys, opened, sealed
from adapters.foshan.simulator.insurance import CODES, Insurance
from adapters.foshan.simulator.records import Register
from adapters.guomi.forms import SignatureForm
from adapters.guomi.sm2 import PrivateKey
from adapters.guomi.sm4 import cbc_encrypt
from adapters.simulation.operation import Asked
from tests.fuzzing import TIMES

PAGE = (Path(__file__).parents[4] / "docs/interfaces/foshan.md").read_text(encoding="utf-8")
NOW = 1_700_000_000.0
REGISTER = Register(60, 40, 1)
KEY = bytes(range(16))
APP, PLATFORM = PrivateKey(bytes([1] * 32)), PrivateKey(bytes([2] * 32))
KEYS = Keys("kuacheng", KEY, PLATFORM, APP.public)
OURS = Keys("kuacheng", KEY, APP, PLATFORM.public)
USE = {"matterCode": "1", "matterName": "公租房申请", "caseNo": "2", "orgCode": "3", "opter": "4"}


def question(index: int = 0, **more: Any) -> dict[str, Any]:
    asked = {"psnCertType": "01", "certno": REGISTER.people[index].number, "begnMonth": "2023-01", "endMonth": "2024-12"}
    return {"msgid": "4f0c0f5e8a354a539e390d1b3a1f6c01", "infno": "FS5203", "input": asked | more, "use": USE}


def envelope(document: Any, now: float = NOW) -> dict[str, Any]:
    """As a subscriber seals it."""
    return {"data": sealed(OURS, json.dumps(document).encode(), now)}


def ask(body: Any, fault: str | None = None, now: float = NOW) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = Insurance(REGISTER, KEYS).answer(Asked("POST", "/", {}, {}, raw, now, fault))
    assert reply.status == 200
    answer: dict[str, Any] = json.loads(reply.body)
    return answer


def document(answer: dict[str, Any]) -> dict[str, Any]:
    assert answer["code"] == "0"
    found: dict[str, Any] = json.loads(opened(OURS, answer["data"], NOW))
    return found


@pytest.mark.parametrize("index", [0, 1, 3])
def test_the_answer_is_the_record_and_repeats_the_msgid(index: int) -> None:
    said = document(ask(envelope(question(index))))
    record = REGISTER.account_transfers(REGISTER.people[index].number, (2023, 1), (2024, 12))
    assert (said["infcode"], said["msgid"], said["output"]) == ("0000", question()["msgid"], record)
    assert record is not None
    assert record["acct"]["transferSum"] == sum(row["total"] for row in record["transfers"])
    assert len(record["transfers"]) == 24


def test_no_such_record() -> None:
    said = document(ask(envelope(question(12))))
    assert (said["infcode"], "output" in said) == ("2404", False)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"certno": ""}, "2400"),
        ({"certno": None}, "2400"),
        ({"certno": "440608189108302173"}, "2422"),
        ({"psnCertType": "02"}, "2422"),
        ({"begnMonth": "2025-01"}, "2422"),
        ({"begnMonth": "2019-01"}, "2422"),
        ({"endMonth": "202412"}, "2422"),
    ],
)
def test_what_is_asked_wrongly(changed: dict[str, Any], code: str) -> None:
    assert document(ask(envelope(question(**changed))))["infcode"] == code


def signed(text: bytes, **head: str) -> dict[str, Any]:
    """An envelope around any ciphertext, signed over whatever its head says."""
    cipher = text.hex().upper()
    fields = {
        "appCode": "kuacheng",
        "encType": "SM4",
        "signType": "SM2",
        "timestamp": "1700000000000",
        "version": "1.0.0",
        **head,
    }
    members = {**fields, "encData": cipher}
    over = "&".join(f"{name}={members[name]}" for name in sorted(members)).encode()
    signature = base64.b64encode(APP.sign(over, SignatureForm.RAW)).decode()
    return {"data": {"data": {"encData": cipher}, **fields, "signData": signature}}


GOOD = bytes(16) + cbc_encrypt(KEY, bytes(16), json.dumps(question()).encode())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (signed(GOOD), "0"),
        (b"", "1001"),
        ([], "1001"),
        ({"data": {}}, "1001"),
        (signed(GOOD, appCode="another"), "1002"),
        (signed(GOOD) | {"data": signed(GOOD)["data"] | {"signData": "AAAA"}}, "1003"),
        (signed(GOOD) | {"data": signed(GOOD)["data"] | {"timestamp": "1700000000001"}}, "1003"),
        (signed(GOOD, timestamp="1699999699999"), "1004"),
        (signed(GOOD, timestamp="何"), "1001"),
        (signed(GOOD[:-1]), "1005"),
        (signed(bytes(16) + cbc_encrypt(KEY, bytes(16), b"[]")), "1001"),
        (signed(GOOD, version="2.0.0"), "1007"),
    ],
)
def test_the_platforms_code(body: Any, code: str) -> None:
    answer = ask(body)
    assert (answer["code"], "data" in answer, answer["message"]) == (code, code == "0", CODES[code])


def test_a_msgid_serves_once() -> None:
    platform = Insurance(REGISTER, KEYS)
    asked = Asked("POST", "/", {}, {}, json.dumps(envelope(question())).encode(), NOW)
    assert [json.loads(platform.answer(asked).body)["code"] for _ in range(2)] == ["0", "1006"]


def test_faults() -> None:
    true = document(ask(envelope(question())))
    assert {fault: ask(envelope(question()), fault)["code"] for fault in ("unknown_status", "expired_token", "busy")} == {
        "unknown_status": "9077",
        "expired_token": "1008",
        "busy": "5001",
    }
    for fault in ("missing_field", "unknown_code", "bad_date", "two_holders", "other_holder", "other_msgid", "unknown_infcode"):
        assert document(ask(envelope(question()), fault)) != true
    for fault in ("wrong_signature", "stale_envelope", "altered_cipher"):
        with pytest.raises(EnvelopeError, match=r"100[345]"):
            opened(OURS, ask(envelope(question()), fault)["data"], NOW)


def test_the_page_shows_what_the_city_answers() -> None:
    register = Register()
    blocks = re.findall(r"```json\n(.*?)\n```", PAGE[PAGE.index("The documents, as they stand") :], re.DOTALL)
    asked, answered, nothing = map(json.loads, blocks)
    platform = Insurance(register, KEYS)
    body = json.dumps(envelope(asked)).encode()
    assert document(json.loads(platform.answer(Asked("POST", "/", {}, {}, body, NOW)).body)) == answered
    body = json.dumps(envelope(asked | {"input": asked["input"] | {"certno": register.people[10].number}})).encode()
    again = Insurance(register, KEYS).answer(Asked("POST", "/", {}, {}, body, NOW))
    assert document(json.loads(again.body)) == nothing


VALUES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=2))


@settings(max_examples=40 * TIMES)
@given(
    st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(["data", "encData"]), VALUES, max_size=2)
    | st.dictionaries(st.sampled_from(["msgid", "infno", "input", "use"]), VALUES).map(envelope)
    | st.dictionaries(st.sampled_from(["certno", "psnCertType", "begnMonth", "endMonth"]), VALUES).map(
        lambda more: envelope(question(**more))
    )
)
def test_whatever_comes_is_answered(body: Any) -> None:
    assert ask(body)["code"] in CODES
