"""Receipts as files: what was printed verifies again, and what is damaged is refused by the member that is at fault."""

import json
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.client import Answer, Fetched, ReceiptRefused, filing
from gateway.client.answer import read, read_receipt
from gateway.client.receipt import Intent, Receipt
from gateway.model.binding import ANSWER_DIGEST, REQUEST_DIGEST, answer_digest, plain, request_digest
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Holders, Period, Rows
from gateway.model.exchange import Entry, EntryKind, Sealed
from gateway.model.query import Claimed, FileFormat, FileWanted, Query
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
    "the request_id": lambda f: f.update(request_id="0192f3a4-5b6c-7d8e-9f00-000000000000"),
    "a text for the intent": lambda f: f.update(intent="of exchange-1"),
    "a member, put in": lambda f: f.update(certificate=f["evidence"]),
    "a member that some readers take for another": lambda f: f.update(Evidence=[]),
    "a member of the receipt, put in": lambda f: f["receipt"].update(evidence=f["evidence"]),
    "the answer's name": lambda f: f.update(verdicts=f.pop("evidence")),
    "the receipt's place": lambda f: f.update(f.pop("receipt")),
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


@pytest.mark.parametrize("name", ["request_id", "exchange_id", "outcome", "question", "evidence", "intent"])
def test_a_claim_of_another_kind_is_refused(name: str) -> None:
    assert name in refusal({**whole(), name: 7})
    assert name in refusal({**whole(), name: ""}), "nothing is said by saying nothing"


DIGEST = {"format": "OFD", "sha256": "5e" * 32, "size": 7}


def kept(question: Query, result: str, told: list[Any]) -> Receipt:
    """A receipt of this question and this answer."""
    key, book = builders.BINDING_KEY, notary.Notary()
    facts = {
        "result": result,
        REQUEST_DIGEST: request_digest(key, question),
        ANSWER_DIGEST: answer_digest(key, result, told),
    }
    for entry in (notary.filler(0), Entry(EntryKind.OUTCOME, "exchange-1", builders.NOW, facts)):
        last = book.keep(entry)
    made = book.recorded(last)
    return Receipt(made.log, 0, made.index, made.leaf_hash, made.proof, made.leaf, key)


def filed(question: Query, result: str, name: str, told: list[Any]) -> dict[str, Any]:
    """The file of it, as the command prints one."""
    ids = {"request_id": question.request_id, "exchange_id": "exchange-1", "outcome": result}
    made: dict[str, Any] = json.loads(text({**ids, name: told, "question": question, "receipt": kept(question, result, told)}))
    return made


CLAIMED = replace(builders.query(), claims=(Claimed("number", "text", "17"),))
OF_A_FILE = replace(builders.query(), file=FileWanted(FileFormat.OFD, ""))
FORMS = {
    "evidence": whole(),
    "no evidence": filed(builders.query(), "NO_RECORD", "evidence", []),
    "verdicts": filed(CLAIMED, "VERIFIED", "verdicts", [{"field": "number", "verdict": "MATCH"}]),
    "files": filed(OF_A_FILE, "ISSUED", "files", [DIGEST]),
    "no files": filed(OF_A_FILE, "NO_RECORD", "files", []),
}
LISTS = ("evidence", "verdicts", "files")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "taken", [each for size in range(4) for each in combinations(("question", "provenance", "deferral"), size)]
)
def test_the_answer_stands_under_the_one_name_that_fits_what_was_asked(form: str, taken: tuple[str, ...]) -> None:
    """Every set of the three lists: only the true one alone says that the answer holds, with the question or without it."""
    true = {name: value for name, value in FORMS[form].items() if name not in taken}
    (mine,) = (each for each in LISTS if each in true)
    told = true.pop(mine)
    for names in (each for size in range(4) for each in combinations(LISTS, size)):
        made = {**true, **dict.fromkeys(names, told)}
        either = not told and "question" in taken and names in (("evidence",), ("files",))
        if names in ((), (mine,)) or either:
            verified, _ = filing.read(json.dumps(made)).verify([VKEY])
            assert (verified.question, verified.answer) == ("question" not in taken, names != ())
        else:
            assert "answer" in refusal(made), names
        forged = {**made, **{each: [{"number": "forged"}] for each in names if each != mine}}
        assert names in ((), (mine,)) or refusal(forged)


@pytest.mark.parametrize("size", range(8))
def test_every_subset_of_a_file_is_tied_or_told_or_refused(size: int) -> None:
    """With `evidence`, which needs its outcome, and the receipt, without which nothing can be told."""
    full = whole()
    optional = ("request_id", "exchange_id", "outcome", "evidence", "provenance", "question", "deferral")
    for names in combinations(optional, size):
        part = {"receipt": full["receipt"], **{each: full[each] for each in names}}
        if "evidence" in names and "outcome" not in names:
            assert "the answer is not" in refusal(part)
            continue
        got = filing.read(json.dumps(part))
        verified, _ = got.verify([VKEY])
        assert (verified.question, verified.answer) == ("question" in names, "evidence" in names)
        untied = {"provenance"} | (set() if "question" in names else {"request_id"})
        assert set(got.unproven) == untied & set(names), "a deferral of null says nothing"


def test_what_no_receipt_proves_is_told() -> None:
    search = {"exchange_id": "exchange-1", "total_usages": 0, "usages": [], "next_page_token": "", "receipt": whole()["receipt"]}
    assert filing.read(json.dumps(search)).unproven == ("total_usages", "usages", "next_page_token")
    assert filing.read(json.dumps({**whole(), "deferral": {"exchange_id": "x"}})).unproven == ("provenance", "deferral")


@pytest.mark.parametrize(
    ("true", "twice"),
    [
        ('"evidence":', '"evidence": [{"number": "forged"}], "evidence":'),
        ('"evidence":', '"evid\\u0065nce": [], "evidence":'),
        ('"outcome":', '"outcome": "NO_RECORD", "outcome":'),
        ('"number":', '"number": "forged", "number":'),
        ('"city_status":', '"city_status": "07", "city_status":'),
        ('"leaf_hash":', '"leaf_hash": "00", "leaf_hash":'),
        ('"receipt":', '"receipt": {}, "receipt":'),
    ],
)
def test_a_name_that_stands_twice_is_refused_wherever_it_stands(true: str, twice: str) -> None:
    said = json.dumps(whole())
    assert true in said
    assert "twice" in refusal(said.replace(true, twice, 1))


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
    # Equal values are no change; what is not bound may say anything, and is told as not proven.
    assert name in ("provenance", "deferral") or value == whole()[name]


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
