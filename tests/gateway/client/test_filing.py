"""Receipts as files: what was printed verifies again, and what is damaged is refused by the member that is at fault."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.client import Answer, Fetched, ReceiptRefused, filing
from gateway.client.answer import read, read_receipt
from gateway.client.receipt import Intent
from gateway.model.binding import plain
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Holders, Period, Rows
from gateway.model.exchange import Sealed
from gateway.rpc import receipts, writing
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.client import notary
from tests.gateway.client.notary import VKEY
from tests.gateway.stages import builders

PAPER = Evidence(
    builders.KIND,
    {
        "number": '粤17 \u2028 "\\\n',
        "status": Coded("VALID", "1"),
        "holders": Holders((EvidenceHolder(builders.NAME, "111", builders.NUMBER, "MALE"),)),
        "months_paid": -41,
        "cover": Period("2026-01-01"),
        "payments": Rows(({"month": "2030-03", "insurance": Coded("PENSION", "110")}, {})),
    },
)


@lru_cache(maxsize=1)
def sealed() -> Sealed:
    return notary.sealed(PAPER)


def answer() -> Answer:
    return read(pb.QueryResponse.FromString(writing.answer(sealed()).SerializeToString()), builders.query())


def text(value: object) -> str:
    return json.dumps(plain(value), ensure_ascii=False)


def whole() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(text(answer()))
    return made


def refusal(changed: object) -> str:
    with pytest.raises(ReceiptRefused) as error:
        filing.read(changed if isinstance(changed, str) else json.dumps(changed)).verify([VKEY])
    return str(error.value)


def test_an_answer_that_was_written_down_verifies_again() -> None:
    filed = filing.read(text(answer()))
    verified, intent = filed.verify([VKEY])
    assert (verified.question, verified.answer, intent) == (True, True, None)
    assert filed.receipt == answer().receipt
    assert filing.read(json.dumps(whole(), indent=3, sort_keys=True)).verify([VKEY])[0].answer, "spelling does not matter"


def test_a_receipt_alone_verifies() -> None:
    verified, _ = filing.read(text(answer().receipt)).verify([VKEY])
    assert (verified.question, verified.answer) == (False, False)


def test_a_fetched_receipt_verifies_with_its_intent() -> None:
    made = sealed()
    first = made.intent
    fetched = Fetched(
        "exchange-1", read_receipt(receipts.receipt(first, made.outcome)), Intent(first.index, first.leaf, first.proof)
    )
    verified, intent = filing.read(text(fetched)).verify([VKEY])
    assert intent is not None
    assert (intent.index, verified.ending.index) == (3, 4)
    moved = json.loads(text(fetched))
    moved["receipt"]["intent_index"] = 2
    assert "elsewhere" in refusal(moved)
    other = json.loads(text(fetched))
    other["exchange_id"] = "exchange-2"
    assert "another exchange" in refusal(other)


CHANGES: dict[str, Any] = {
    "the number on it": lambda f: f["evidence"][0].update(number="粤18"),
    "a cell": lambda f: f["evidence"][0]["fields"]["payments"]["rows"][0].update(month="2030-04"),
    "a holder's name": lambda f: f["evidence"][0]["holders"][0].update(name="测试乙"),
    "the evidence, taken out": lambda f: f.update(evidence=[]),
    "the status": lambda f: f["evidence"][0].update(status="REVOKED"),
    "a finding, put in": lambda f: f["evidence"][0]["findings"].append(["UNKNOWN_DIVISION", "holders"]),
    "the outcome": lambda f: f.update(outcome="NO_RECORD"),
    "outcome and evidence": lambda f: f.update(outcome="NO_RECORD", evidence=[]),
    "the exchange": lambda f: f.update(exchange_id="exchange-2"),
    "whom it was about": lambda f: f["question"]["holder"].update(name="测试乙"),
    "the purpose": lambda f: f["question"]["purpose"].update(matter_code="440100-18"),
    "the months": lambda f: f["question"]["parameters"]["months"].update(first="2020-01"),
    "the key, taken out": lambda f: f["receipt"].pop("binding_key"),
    "the key, emptied": lambda f: f["receipt"].update(binding_key=""),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_was_changed_in_the_file_is_found(name: str) -> None:
    changed = whole()
    CHANGES[name](changed)
    assert refusal(changed)


MEMBERS = ("log", "intent_index", "outcome_index", "leaf_hash", "proof", "leaf")


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("value", [None, True, -1, 2**64, [], {}, 1.5, "\ud800"], ids=repr)
def test_a_member_of_another_kind_is_named(name: str, value: object) -> None:
    changed = whole()
    changed["receipt"][name] = value
    assert name in refusal(changed)
    del changed["receipt"][name]
    assert name in refusal(changed)
    del changed["receipt"]
    assert "log" in refusal(changed), "an answer without its receipt"


@pytest.mark.parametrize("name", ["leaf_hash", "leaf", "binding_key"])
def test_what_is_not_hexadecimal_is_named(name: str) -> None:
    changed = whole()
    changed["receipt"][name] = "zz"
    assert f"{name} is not in hexadecimal digits" in refusal(changed)


@pytest.mark.parametrize(
    "damaged", ["", "{", "[]", "null", '"x"', "[" * 100_000, '{"receipt": NaN}', '{"receipt": {"log": Infinity}}', "1" * 10_000]
)
def test_a_file_that_is_no_receipt_is_refused(damaged: str) -> None:
    assert "the file is no" in refusal(damaged)


@pytest.mark.parametrize("name", ["exchange_id", "outcome", "question", "evidence"])
def test_a_claim_of_another_kind_is_refused(name: str) -> None:
    assert name in refusal({**whole(), name: 7})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@given(st.sampled_from(sorted(whole())), JSON)
def test_any_json_in_any_member_is_judged_and_never_crashes(name: str, value: object) -> None:
    try:
        filing.read(json.dumps({**whole(), name: value})).verify([VKEY])
    except ReceiptRefused:
        return
    # Equal values are no change; provenance, request_id and deferral are not bound, so they may say anything.
    assert name in ("provenance", "request_id", "deferral") or value in (whole()[name], "")


@given(st.sampled_from((*MEMBERS, "binding_key")), JSON)
def test_any_json_in_any_member_of_the_receipt_is_judged_and_never_crashes(name: str, value: object) -> None:
    changed = whole()
    changed["receipt"][name] = value
    try:
        filing.read(json.dumps(changed)).verify([VKEY])
    except ReceiptRefused:
        return
    assert (name, value in (0, 1, 2, 3)) == ("intent_index", True), (
        "any index before the outcome's: only the intent itself proves it"
    )


def test_a_receipt_of_long_ago_still_verifies() -> None:
    """What was handed out stays good: this file is never made anew, whatever the code becomes."""
    folder = Path(__file__).parent / "golden"
    keys = [line for line in (folder / "keys").read_text().splitlines() if not line.startswith("#")]
    verified, _ = filing.read((folder / "answer.json").read_text()).verify(keys)
    assert (verified.question, verified.answer, len(verified.ending.witnessed)) == (True, True, 1)
