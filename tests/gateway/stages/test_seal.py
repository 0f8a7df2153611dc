"""What the log holds of an exchange: enough to prove it, nothing of the person, and the same bytes for the same facts."""

import hmac
from bisect import bisect_left
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.encoding import MOST_BYTES, encode
from gateway.model.binding import answer_digest, paper, question, request_digest
from gateway.model.city import CityAnswer
from gateway.model.evidence import Coded, Evidence, EvidenceHolder, Finding, FindingCode, Holders, Period, Rows, Value, Verdict
from gateway.model.exchange import Asked, Disclosure, Entry, EntryKind, Known, can_be_named
from gateway.model.query import Claimed, Holder, HolderType, LegalBasis, LegalBasisKind, Operator, Query
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.model.world import HolderKey
from gateway.stages import seal
from tests.gateway.stages.builders import (
    BINDING_KEY,
    IDENTIFIER,
    KIND,
    NAME,
    NOW,
    NUMBER,
    OPERATOR_NAME,
    SHOWN,
    call,
    caller,
    permit,
    query,
    way,
    world,
)

ASKED = Asked(NOW + timedelta(milliseconds=20), NOW + timedelta(milliseconds=140), 0.02, 0.14)
KEY = HolderKey("key-1", b"k" * 32)
REFUSED = Refusal(Reason.CITY_REFUSED, "f2: the city refuses the question", city_status="E17")


def known(**changes: Any) -> Known:
    """An exchange that has come to its route."""
    asked = changes.pop("query", query())
    return Known(call(asked), caller(), asked, permit(asked), way(asked))._replace(**changes)


INTENT = seal.intend(known(), world())


def disclosed(**values: Value) -> Disclosure:
    values = values or {"number": "17", "identifier": IDENTIFIER}
    return Disclosure((Evidence(KIND, values),), tuple(sorted(values)))


def concluded(told: Disclosure, **changes: Any) -> Entry:
    return seal.conclude(known(), told, CityAnswer("00", ({},)), ASKED, world(**changes), intent=INTENT)


def digest(told: Disclosure, **changes: Any) -> Any:
    return concluded(told, **changes).facts["answer_digest"]


def test_an_intent_says_who_asks_what_of_whom_by_what_right_and_by_which_way() -> None:
    entry = seal.intend(known(), world())
    assert (entry.kind, entry.exchange_id, entry.at) == (EntryKind.INTENT, "exchange-1", NOW)
    assert dict(entry.facts) == {
        "world": "world-1",
        "request_in": "2030-05-17T08:30:15.000+00:00",
        "caller_fingerprint": "f" * 64,
        "caller_serial": "a1",
        "caller_region": "440100",
        "caller_department": caller().department,
        "caller_system": "window",
        "request_id": query().request_id,
        "evidence_type": KIND.code,
        "provider_region": "440600",
        "holder": hmac.digest(b"k" * 32, b"holder\x00111:" + NUMBER.encode(), "sha256").hex(),
        "holder_key": "key-1",
        "holder_type": "PERSON",
        "matter_code": "440100-17",
        "matter_name": "样样事项",
        "case_number": "case-1",
        "operator_account": "window-3",
        "operator_role": "clerk",
        "legal_basis": "STATUTORY_DUTY",
        "legal_basis_reference": "article 17",
        "agreement": "gz-fs-1",
        "caller_department_name": "Department of Tests",
        "permitted_fields": tuple(sorted(SHOWN)),
        "connector": "foshan.test",
        "operation": "everything",
        "table_edition": "2030.5.1",
        "request_digest": request_digest(BINDING_KEY, question(query())),
    }


def test_an_entry_says_through_which_proxy_a_caller_came() -> None:
    facts = seal.intend(known(caller=caller(through="spiffe://guangzhou.test/front")), world()).facts
    assert facts["caller_through"] == "spiffe://guangzhou.test/front"


@pytest.mark.parametrize("lacking", ["caller", "query", "route"])
def test_nothing_is_intended_before_it_has_a_route(lacking: str) -> None:
    with pytest.raises(RuntimeError):
        seal.intend(known(**{lacking: None}), world())


def test_an_outcome_says_how_it_ended_and_when() -> None:
    entry = concluded(disclosed())
    assert (entry.kind, entry.exchange_id, entry.at, entry.replay_key) == (EntryKind.OUTCOME, "exchange-1", ASKED.response_in, "")
    assert dict(entry.facts) == {
        "result": "ISSUED",
        "fields": ("identifier", "number"),
        "city_status": "00",
        "request_digest": request_digest(BINDING_KEY, question(query())),
        "answer_digest": answer_digest(BINDING_KEY, "ISSUED", [paper(each) for each in disclosed().evidence]),
        "evidence": (hmac.digest(b"k" * 32, b"evidence\x00" + IDENTIFIER.encode(), "sha256").hex(),),
        "request_out": "2030-05-17T08:30:15.020+00:00",
        "response_in": "2030-05-17T08:30:15.140+00:00",
    }


def test_no_record_is_an_outcome_of_its_own() -> None:
    entry = seal.conclude(known(), Disclosure((), ()), CityAnswer("01", no_record=True), ASKED, world(), intent=INTENT)
    assert (entry.facts["result"], entry.facts["evidence"], entry.facts["fields"]) == ("NO_RECORD", (), ())


def test_a_refusal_of_an_intended_exchange_adds_only_how_it_ended() -> None:
    entry = seal.decline(known(), REFUSED, NOW, world(), intended=True)
    assert (entry.kind, entry.replay_key) == (EntryKind.OUTCOME, "")
    assert dict(entry.facts) == {
        "result": "REFUSED",
        "reason": "CITY_REFUSED",
        "blame": "COUNTERPARTY",
        "detail": "f2: the city refuses the question",
        "city_status": "E17",
    }


def test_a_refusal_at_once_says_all_that_is_known() -> None:
    whole = seal.decline(known(), REFUSED, NOW, world(), intended=False)
    intent = seal.intend(known(), world())
    assert (whole.kind, whole.replay_key) == (EntryKind.REFUSED, "")
    assert whole.facts.items() >= {(name, fact) for name, fact in intent.facts.items() if name != "request_digest"}
    nobody = seal.decline(Known(call()), REFUSED, NOW, world(), intended=False)
    assert nobody.facts.keys() == {"world", "request_in", "result", "reason", "blame", "detail", "city_status"}


def test_an_exchange_that_ended_in_the_middle_is_unknown() -> None:
    entry = seal.unknown("exchange-1", "the gateway ended", NOW)
    assert (entry.kind, dict(entry.facts)) == (EntryKind.OUTCOME, {"result": "UNKNOWN", "detail": "the gateway ended"})


def test_names_that_nobody_knows_are_not_repeated() -> None:
    asked = query(evidence_type="canary-type", provider_region="canary-region")
    entry = seal.decline(Known(call(asked), caller(), asked), REFUSED, NOW, world(), intended=False)
    assert (entry.facts["evidence_type"], entry.facts["provider_region"]) == ("_other", "_other")
    assert b"canary" not in encode(entry)


def test_an_alias_and_a_code_are_one_type() -> None:
    entries = (seal.intend(known(query=query(evidence_type=name)), world()) for name in (KIND.code, KIND.alias))
    assert {entry.facts["evidence_type"] for entry in entries} == {KIND.code}


CANARIES = {
    "number": NUMBER,
    "name": "canary-name",
    "operator": "canary-operator",
    "token": "canary-token",
    "parameter": "canary-parameter",
    "answer": "canary-answer",
}
LEAKY = query(
    holder=Holder(HolderType.PERSON, "111", NUMBER, CANARIES["name"]),
    purpose=replace(query().purpose, operator=Operator("window-3", "clerk", CANARIES["operator"])),
    legal_basis=LegalBasis(LegalBasisKind.STATUTORY_DUTY, "article 17", CANARIES["token"].encode()),
    parameters={"reference": CANARIES["parameter"]},
)
LEAKY_VALUES: dict[str, Value] = {
    "identifier": f"{CANARIES['answer']}-1",
    "number": f"{CANARIES['answer']}-2",
    "status": Coded(f"{CANARIES['answer']}-3", f"{CANARIES['answer']}-4"),
    "cover": Period(f"{CANARIES['answer']}-5", f"{CANARIES['answer']}-6"),
    "holders": Holders((EvidenceHolder(CANARIES["name"], "111", NUMBER, f"{CANARIES['answer']}-7"),)),
    "payments": Rows(({"agent": f"{CANARIES['answer']}-8"},)),
}


@pytest.mark.parametrize("canary", sorted(CANARIES))
def test_no_entry_holds_personal_data(canary: str) -> None:
    here = known(query=LEAKY)
    told = Disclosure((Evidence(KIND, LEAKY_VALUES, (Finding(FindingCode.HOLDER_NAME_DIFFERS, "holders"),)),), ("number",))
    wanted = (Violation("holder.name", CANARIES["name"]),)
    entries = (
        intent := seal.intend(here, world()),
        seal.conclude(here, told, CityAnswer("00", ({"x": CANARIES["answer"]},)), ASKED, world(), intent=intent),
        seal.decline(here, Refusal(Reason.INVALID_REQUEST, "at fault", violations=wanted), NOW, world(), intended=False),
        seal.decline(here, Refusal(Reason.INVALID_REQUEST, "at fault", violations=wanted), NOW, world(), intended=True),
        seal.unknown("exchange-1", "ended", NOW),
    )
    for entry in entries:
        assert CANARIES[canary].encode() not in encode(entry)
        assert CANARIES[canary] not in repr(entry)


def test_a_holder_is_found_by_key_type_and_number_only() -> None:
    hashes = [
        seal.holder_hash(key, id_type, number)
        for key in (KEY, HolderKey("key-2", b"l" * 32))
        for id_type, number in (("111", "1"), ("414", "1"), ("111", "2"), ("11", "1:1"), ("111", "11"))
    ]
    assert len(set(hashes)) == len(hashes)
    assert seal.holder_hash(KEY, "111", NUMBER) == seal.holder_hash(KEY, "111", NUMBER)
    assert all(len(each) == 64 for each in hashes)


def test_one_text_under_one_key_has_another_hash_for_each_use() -> None:
    entry = concluded(disclosed(number="111:1"))
    assert len({entry.facts["evidence"], (entry.facts["answer_digest"],), (seal.holder_hash(KEY, "111", "1"),)}) == 3


def test_question_and_answer_are_bound_by_the_exchange_s_own_key_and_by_no_other() -> None:
    def digests(key: bytes, asked: Query) -> tuple[object, ...]:
        here = known(call=call(asked, binding_key=key), query=asked)
        intent = seal.intend(here, world())
        outcome = seal.conclude(here, disclosed(), CityAnswer("00", ({},)), ASKED, world(), intent=intent)
        assert intent.facts["request_digest"] == outcome.facts["request_digest"]
        return intent.facts["request_digest"], outcome.facts["answer_digest"]

    mine, other = digests(BINDING_KEY, query()), digests(b"c" * 32, query())
    assert mine == digests(BINDING_KEY, query())
    assert set(mine).isdisjoint(other)
    elsewhere = digests(BINDING_KEY, query(holder=replace(query().holder, name="样样乙")))
    assert (mine[0] == elsewhere[0], mine[1] == elsewhere[1]) == (False, True)


def test_a_refusal_binds_nothing_for_nobody_gets_the_key() -> None:
    for intended in (True, False):
        assert "request_digest" not in seal.decline(known(), REFUSED, NOW, world(), intended=intended).facts


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"identifier": "a", "number": "b"}, "a"),
        ({"number": "b"}, "b"),
        ({"identifier": "", "number": "b"}, "b"),
        ({"issuer": "c"}, ""),
    ],
)
def test_evidence_is_named_by_what_was_disclosed_of_it(values: dict[str, Value], named: str) -> None:
    expected = hmac.digest(b"k" * 32, f"evidence\0{named}".encode(), "sha256").hex() if named else ""
    assert concluded(disclosed(**values)).facts["evidence"] == (expected,)


def test_every_paper_is_named() -> None:
    both = Disclosure((Evidence(KIND, {"number": "1"}), Evidence(KIND, {"number": "2"})), ("number",))
    assert len(set(concluded(both).facts["evidence"])) == 2  # type: ignore[arg-type]


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
VALUES = st.one_of(
    TEXTS,
    st.integers(-(10**15), 10**15),
    st.builds(Coded, TEXTS, TEXTS),
    st.builds(Period, TEXTS, TEXTS),
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), TEXTS | st.builds(Coded, TEXTS, TEXTS)), max_size=2).map(
        lambda rows: Rows(tuple(rows))
    ),
    st.lists(st.builds(EvidenceHolder, TEXTS, TEXTS, TEXTS, TEXTS), max_size=2).map(lambda held: Holders(tuple(held))),
)
EVIDENCE = st.dictionaries(st.sampled_from(sorted(KIND.fields)), VALUES, max_size=4)


def plain(papers: list[dict[str, Value]]) -> Disclosure:
    return Disclosure(tuple(Evidence(KIND, values) for values in papers), ())


@given(st.lists(EVIDENCE, max_size=2))
def test_the_same_answer_has_the_same_digest_in_any_order_of_its_fields(papers: list[dict[str, Value]]) -> None:
    reversed_ = [dict(reversed(values.items())) for values in papers]
    assert digest(plain(papers)) == digest(plain(reversed_))


@given(EVIDENCE, st.sampled_from(sorted(KIND.fields.keys() - {"status", "holders"})), st.text("abc", min_size=6, max_size=8))
def test_another_answer_has_another_digest(values: dict[str, Value], name: str, text: str) -> None:
    changed = {**values, name: text}
    assert digest(plain([values])) != digest(plain([changed]))
    assert digest(plain([values])) != digest(plain([values, values]))
    assert digest(plain([values])) == digest(plain([values]), holder_key=HolderKey("key-2", b"l" * 32))


@given(st.lists(EVIDENCE, max_size=2))
def test_whatever_was_disclosed_can_be_written_down(papers: list[dict[str, Value]]) -> None:
    assert encode(concluded(plain(papers)))


def test_one_system_and_one_request_id_make_one_replay_key() -> None:
    def key(who: Any = None, **changes: Any) -> str:
        return seal.intend(known(caller=who or caller(), query=query(**changes)), world()).replay_key

    assert key() == key(fields=frozenset({"number"}), provider_region="440600")
    others = {key(), key(request_id="1"), key(caller(uri="spiffe://foshan.test/department/x/system/window"))}
    assert len(others) == 3
    assert "" not in others


def test_a_moment_keeps_its_offset() -> None:
    received = datetime(2030, 5, 17, 16, 30, 15, 999_999, timezone(timedelta(hours=8)))
    entry = seal.intend(known(call=call(received=received)), world())
    assert entry.facts["request_in"] == "2030-05-17T16:30:15.999+08:00"
    assert entry.at.astimezone(UTC) == received


def test_what_is_free_text_is_what_the_codec_has_bounded() -> None:
    entry = seal.intend(known(), world())
    free = {name for name, fact in entry.facts.items() if fact in {"样样事项", "case-1", "window-3", "clerk", "article 17"}}
    assert free == {"matter_name", "case_number", "operator_account", "operator_role", "legal_basis_reference"}
    assert NAME not in repr(dict(entry.facts))
    assert OPERATOR_NAME not in repr(dict(entry.facts))


def test_a_verification_leaves_its_fields_and_neither_values_nor_verdicts() -> None:
    asked = query(claims=(Claimed("status", "coded", "VALID"), Claimed("number", "text", NUMBER)))
    mine = known(query=asked, permit=permit(asked, fields=frozenset({"status", "number"})))
    intent = seal.intend(mine, world())
    assert (intent.facts["act"], intent.facts["claimed_fields"]) == ("VERIFY", ("number", "status"))
    given_verdicts = (("status", Verdict.MATCH), ("number", Verdict.MISMATCH))
    told = Disclosure((), ("number", "status"), given_verdicts)

    def seal_of(disclosure: Disclosure) -> Entry:
        return seal.conclude(mine, disclosure, CityAnswer("10", no_record=True), ASKED, world(), intent=intent)

    outcome = seal_of(told)
    assert (outcome.facts["result"], outcome.facts["fields"]) == ("VERIFIED", ("number", "status"))
    assert not outcome.facts.keys() & {"city_status", "evidence"}
    whole = f"{intent.facts} {outcome.facts}"
    assert not any(secret in whole for secret in (NUMBER, "VALID", "MATCH"))
    digests = {
        seal_of(Disclosure((), ("number", "status"), tuple(reversed(given_verdicts)))).facts["answer_digest"],
        outcome.facts["answer_digest"],
    }
    assert len(digests) == 2


def test_a_claim_about_an_unknown_field_is_told_as_other() -> None:
    asked = query(claims=(Claimed("canary", "text", "1"),))
    entry = seal.decline(Known(call(asked), caller(), asked), REFUSED, NOW, world(), intended=False)
    assert entry.facts["claimed_fields"] == ("_other",)


@pytest.mark.parametrize("fields", [0, 40, 800])
def test_an_outcome_has_room_for_all_that_one_answer_may_hold(fields: int) -> None:
    names = frozenset(f"{number:064}" for number in range(fields))
    most = bisect_left(range(2000), True, 1, key=lambda papers: not can_be_named(papers, names)) - 1
    papers = tuple(Evidence(KIND, {"number": str(number)}) for number in range(most))
    told, answer = Disclosure(papers, tuple(sorted(names))), CityAnswer("x" * 32, ({},) * most)
    shower = Holder(HolderType.PERSON, "111", NUMBER, NAME)
    body = encode(seal.conclude(known(), told, answer, ASKED, world(), intent=INTENT, shower=shower))
    assert MOST_BYTES - 5000 < len(body) <= MOST_BYTES - 3000, "and what else an outcome says has grown by so much at most"
