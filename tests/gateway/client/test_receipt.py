"""A receipt verifies offline, and whatever is changed in it, or in what it is said to be of, is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.client import Answer, Claim, Intent, Receipt, ReceiptRefused
from gateway.client.answer import read
from gateway.ledger.checkpoint import Proof
from gateway.ledger.encoding import encode
from gateway.ledger.note import Algorithm, Note
from gateway.ledger.tree import leaf_hash
from gateway.model.evidence import Coded, Evidence
from gateway.model.exchange import Entry, EntryKind, Recorded, Sealed
from gateway.rpc import writing
from tests.gateway.client import notary
from tests.gateway.client.notary import LOG, LOG_KEY, VKEY, WITNESS, WITNESS_VKEY, Notary
from tests.gateway.stages import builders

PAPER = Evidence(builders.KIND, {"number": "粤17", "status": Coded("VALID", "1"), "months_paid": 41, "capital": "1205000.00"})
OTHER_KEY = notary.signer(seed=9)


@lru_cache(maxsize=1)
def sealed() -> Sealed:
    return notary.sealed(PAPER)


@lru_cache(maxsize=1)
def answer() -> Answer:
    return read(writing.answer(sealed()), builders.query())


def of(recorded: Recorded, intent: int = 0, binding_key: bytes = b"") -> Receipt:
    return Receipt(recorded.log, intent, recorded.index, recorded.leaf_hash, recorded.proof, recorded.leaf, binding_key)


def kept(entry: Entry | None = None, book: Notary | None = None) -> Receipt:
    """The receipt of one outcome among other entries."""
    book = book or Notary()
    for number in range(4):
        book.keep(notary.filler(number))
    return of(book.recorded(book.keep(entry or outcome())))


def outcome(**facts: Any) -> Entry:
    return Entry(EntryKind.OUTCOME, "exchange-1", builders.NOW, {"result": "ISSUED", **facts})


def refusal(receipt: Receipt, *vkeys: str, claim: Claim | None = None) -> str:
    with pytest.raises(ReceiptRefused) as error:
        receipt.verify(vkeys or (VKEY,), claim or Claim())
    return str(error.value)


def test_an_answer_verifies_with_the_logs_key_and_nothing_else() -> None:
    verified = answer().verify([VKEY])
    assert (verified.question, verified.answer) == (True, True)
    assert (verified.ending.log, verified.ending.index, verified.ending.size) == (LOG, 4, 7)
    assert verified.ending.signed_by == (VKEY,)
    assert (verified.entry.exchange_id, verified.entry.facts["result"]) == ("exchange-1", "ISSUED")


def test_a_receipt_alone_says_that_neither_question_nor_answer_was_checked() -> None:
    verified = answer().receipt.verify([VKEY])
    assert (verified.question, verified.answer) == (False, False)


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "another exchange": ({"exchange_id": "exchange-2"}, "another exchange"),
    "another outcome": ({"outcome": "NO_RECORD"}, "another outcome"),
    "no paper": ({"evidence": ()}, "the answer is not"),
    "a paper twice": ({"evidence": answer().claim.evidence * 2}, "the answer is not"),
    "another value": ({"evidence": ({**answer().claim.evidence[0], "number": "粤18"},)}, "the answer is not"),
    "a value more": ({"evidence": ({**answer().claim.evidence[0], "x": ""},)}, "the answer is not"),
    "a number as text": (
        {"evidence": ({**answer().claim.evidence[0], "fields": {"months_paid": "41", "capital": "1205000.00"}},)},
        "the answer is not",
    ),
    "half a surrogate pair": ({"evidence": ("\ud800",)}, "cannot be written down"),
    "no number": ({"evidence": (float("nan"),)}, "cannot be written down"),
    "another question": ({"question": {**answer().claim.question, "provider_region": "440100"}}, "the question is not"),
    "no question": ({"question": {}}, "the question is not"),
    "another request_id": ({"request_id": "0192f3a4-5b6c-7d8e-9f00-000000000000"}, "the request_id is not"),
    "a request_id without its question": ({"question": None}, "nothing ties the request_id"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_that_is_not_so_is_refused(name: str) -> None:
    changes, told = CLAIMS[name]
    assert told in refusal(answer().receipt, claim=replace(answer().claim, **changes))


@pytest.mark.parametrize("key", [b"", b"b" * 31, b"c" * 32])
def test_without_its_binding_key_an_answer_is_refused_and_not_passed_over(key: bytes) -> None:
    receipt = replace(answer().receipt, binding_key=key)
    told = refusal(receipt, claim=answer().claim)
    assert ("binding key" in told) is (len(key) != 32)
    assert receipt.verify([VKEY], Claim(exchange_id="exchange-1", outcome="ISSUED")).answer is False


def test_an_entry_that_binds_nothing_ties_no_answer() -> None:
    receipt = replace(kept(), binding_key=builders.BINDING_KEY)
    assert "the question is not" in refusal(receipt, claim=answer().claim)
    assert "the answer is not" in refusal(receipt, claim=replace(answer().claim, question=None, request_id=""))


def flipped(whole: bytes, data: st.DataObject) -> bytes:
    place, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    return whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["leaf", "leaf_hash", "binding_key"]), st.data())
def test_a_flipped_bit_of_any_part_is_refused(part: str, data: st.DataObject) -> None:
    changed: Any = {part: flipped(getattr(answer().receipt, part), data)}
    refusal(replace(answer().receipt, **changed), claim=answer().claim)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_flipped_bit_of_the_proof_is_refused_or_means_the_same(data: st.DataObject) -> None:
    """Base64 has spare bits at its end, which no reader looks at; everything else counts."""
    proof = answer().receipt.proof
    changed = flipped(proof.encode(), data).decode(errors="replace")
    try:
        replace(answer().receipt, proof=changed).verify([VKEY])
    except ReceiptRefused:
        return
    assert meaning(changed) == meaning(proof)


def meaning(proof: str) -> tuple[object, ...]:
    read = Proof.parse(proof)
    return read.index, read.path, read.extra, Note.parse(read.checkpoint)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"log": "log.elsewhere/1"}, "another log"),
        ({"outcome_index": 5}, "another index"),
        ({"intent_index": 4}, "does not go before"),
        ({"intent_index": 5}, "does not go before"),
        ({"leaf_hash": b""}, "leaf hash is not"),
        ({"leaf": b""}, "leaf hash is not"),
        ({"proof": ""}, "not a proof"),
        ({"proof": answer().receipt.proof.replace("index 4\n", "index 4\n\ufffd")}, "base64"),
    ],
    ids=str,
)
def test_another_place_is_refused(changes: dict[str, Any], told: str) -> None:
    assert told in refusal(replace(answer().receipt, **changes))


def test_the_proof_of_another_entry_is_refused() -> None:
    book = Notary()
    first, second = book.keep(outcome()), book.keep(outcome(city_status="01"))
    swapped = replace(book.recorded(first), leaf=book.recorded(second).leaf)
    assert "does not lead to the root" in refusal(of(swapped))


@pytest.mark.parametrize(
    ("vkeys", "told"),
    [
        ((str(OTHER_KEY.verifier),), "no key that was given"),
        ((str(notary.signer("log.other/1").verifier),), "no key that was given"),
        ((WITNESS_VKEY,), "has not cosigned|no key that was given"),
        (("nonsense",), "not a verifier key"),
        ((VKEY.replace("log.test", "log.tost"),), "id does not fit"),
        ((VKEY, "nonsense"), "not a verifier key"),
    ],
)
def test_only_the_logs_own_key_counts(vkeys: tuple[str, ...], told: str) -> None:
    assert any(each in refusal(kept(), *vkeys) for each in told.split("|"))
    assert kept().verify((*[str(OTHER_KEY.verifier)], VKEY)).ending.signed_by == (VKEY,), "one of several is enough"


def test_no_keys_vouch_for_nothing() -> None:
    with pytest.raises(ReceiptRefused, match="no key that was given"):
        kept().verify(())


def test_while_a_key_is_rotated_both_are_named() -> None:
    receipt = kept(book=Notary(signers=(LOG_KEY, OTHER_KEY)))
    assert set(receipt.verify((VKEY, str(OTHER_KEY.verifier))).ending.signed_by) == {VKEY, str(OTHER_KEY.verifier)}
    assert receipt.verify((VKEY,)).ending.signed_by == (VKEY,)


def test_a_log_cannot_pass_as_a_witness_of_another() -> None:
    """A cosignature under the log's own name is no signature of the log."""
    itself = notary.signer(LOG, Algorithm.COSIGNATURE_V1)
    assert "no key that was given" in refusal(kept(book=Notary(signers=(itself,))), str(itself.verifier))


def test_a_witness_that_is_named_must_have_cosigned() -> None:
    assert "witness.foshan.test has not cosigned" in refusal(kept(), VKEY, WITNESS_VKEY)
    receipt = kept(book=Notary(signers=(LOG_KEY, WITNESS)))
    moment = datetime.fromtimestamp(Notary().moment, UTC)
    assert receipt.verify((VKEY, WITNESS_VKEY)).ending.witnessed == (("witness.foshan.test", moment),)
    assert receipt.verify((VKEY,)).ending.witnessed == (), "who was not named is not told of"


def test_a_moment_beyond_the_calendar_is_refused() -> None:
    receipt = kept(book=Notary(signers=(LOG_KEY, WITNESS), moment=2**62))
    assert "outside the calendar" in refusal(receipt, VKEY, WITNESS_VKEY)


def test_an_intent_is_no_receipt() -> None:
    intent = Entry(EntryKind.INTENT, "exchange-1", builders.NOW, {})
    assert "is an intent" in refusal(kept(intent))


def test_a_call_that_was_refused_at_once_has_one_entry_and_one_index() -> None:
    refused = kept(Entry(EntryKind.REFUSED, "exchange-1", builders.NOW, {"result": "REFUSED"}))
    assert "does not go before" in refusal(refused)
    assert replace(refused, intent_index=refused.outcome_index).verify([VKEY]).entry.kind is EntryKind.REFUSED


@pytest.mark.parametrize("leaf", [b"", b"short", bytes(16) + b"{}", bytes(16) + encode(outcome())[:-1], encode(outcome())])
def test_a_leaf_that_is_no_entry_is_refused_although_the_tree_has_it(leaf: bytes) -> None:
    book = Notary()
    assert "cannot be read" in refusal(of(book.recorded(book.keep_leaf(leaf))))


def test_the_intent_is_proven_by_itself() -> None:
    first = sealed().intent
    intent = Intent(first.index, first.leaf, first.proof)
    assert intent.verify(LOG, "exchange-1", [VKEY]).entry.facts["caller_department"] == builders.caller().department
    with pytest.raises(ReceiptRefused, match="not the intent of this exchange"):
        intent.verify(LOG, "exchange-2", [VKEY])
    last = sealed().outcome
    with pytest.raises(ReceiptRefused, match="not the intent of this exchange"):
        Intent(last.index, last.leaf, last.proof).verify(LOG, "exchange-1", [VKEY])


def test_the_question_is_bound_as_the_gateway_understands_it() -> None:
    """Fifteen digits, a small x and capital letters of a UUID are one question with their canonical form."""
    asked = builders.query(request_id=builders.query().request_id.upper())
    assert read(writing.answer(sealed()), asked).verify([VKEY]).question


def test_nothing_of_a_person_shows() -> None:
    receipt = answer().receipt
    shown = f"{receipt!r} {answer()!r} {answer().claim!r} {answer().verify([VKEY])!r}"
    for each in (builders.NUMBER, builders.NAME, "粤17", builders.BINDING_KEY.hex(), repr(builders.BINDING_KEY)):
        assert each not in shown
    assert receipt.leaf_hash == leaf_hash(receipt.leaf)


def policy(needed: str = "all") -> str:
    other = notary.signer("witness.guangzhou.test", Algorithm.COSIGNATURE_V1, 3).verifier
    return f"log {VKEY}\nwitness f {WITNESS_VKEY}\nwitness g {other}\ngroup w {needed} f g\nquorum w\n"


def test_a_policy_says_whose_cosignatures_are_enough() -> None:
    receipt = kept(book=Notary(signers=(LOG_KEY, WITNESS)))
    verified = receipt.verify((), policy=policy("any"))
    assert verified.ending.signed_by == (VKEY,)
    assert [name for name, _ in verified.ending.witnessed] == ["witness.foshan.test"]
    for short, wanted in ((receipt, policy()), (kept(), policy("any"))):
        with pytest.raises(ReceiptRefused, match="lacks cosignatures that the policy needs"):
            short.verify((VKEY,), policy=wanted)
    with pytest.raises(ReceiptRefused, match="the policy: line 1"):
        receipt.verify((VKEY,), policy="nonsense")
    with pytest.raises(ReceiptRefused, match="no key that was given"):
        receipt.verify((), policy=policy("any").replace(VKEY, str(OTHER_KEY.verifier)))
