"""The corridor: recorded before asked, recorded before disclosed, never asked twice, and always an outcome after an intent.

The two pure halves are tested without an event loop; the three awaits with ports that behave (tests.gateway.fakes).
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.exchange import Concluded, Declined, Prepared, conclude, exchange, prepare
from gateway.ledger.encoding import encode
from gateway.model.city import CityAnswer, CityRequest, CityTicket
from gateway.model.evidence import FindingCode
from gateway.model.exchange import Call, EntryKind, Result, Sealed
from gateway.model.identity import Peer, Revoked
from gateway.model.query import LegalBasis, LegalBasisKind
from gateway.model.refusal import Blame, Reason, Refusal
from gateway.model.world import World
from tests.certs import faulty
from tests.gateway.fakes import Stand
from tests.gateway.stages.builders import (
    IDENTIFIER,
    KIND,
    NAME,
    NOW,
    NUMBER,
    OPERATOR_NAME,
    SHOWN,
    agreement,
    answer,
    asking_for,
    authorities,
    call,
    granting,
    query,
    record,
    table,
    trust,
    world,
)
from tests.gateway.walking import ASKED, CITY_REFUSES, MALFORMED, NO_RECORD, WHOLE, declined, ended, kinds, stand, started, turns

__all__ = ["stand"]

# The pure halves, without an event loop.


def prepared(asked: Call | None = None, given_world: World | None = None) -> Prepared:
    before = prepare(asked or call(), given_world or world())
    assert isinstance(before, Prepared)
    return before


def test_a_sound_call_is_prepared_to_be_asked_and_recorded() -> None:
    before = prepared()
    assert before.entry.kind is EntryKind.INTENT
    assert (before.entry.exchange_id, before.entry.at) == ("exchange-1", NOW)
    assert before.request.system == "foshan.test"
    assert before.request.values["zjhm"] == NUMBER
    assert before.known.caller is not None
    assert before.known.caller.uri == faulty.SOUND_URI
    assert before.known.query == query()
    assert before.known.permit == before.route.permit
    assert before.known.route is before.route


def test_the_same_call_is_prepared_and_concluded_in_the_same_way() -> None:
    given_world = world()
    first, second = prepared(given_world=given_world), prepared(given_world=given_world)
    assert first == second
    assert conclude(first, answer(), ASKED, given_world) == conclude(second, answer(), ASKED, given_world)


FAULTY = Peer(faulty.two_uris(authorities(), NOW).certificate)
REVOKED = trust(revoked=Revoked(fingerprints=frozenset({prepared().known.caller.fingerprint})))  # type: ignore[union-attr]
AUTHORISED = query(legal_basis=LegalBasis(LegalBasisKind.HOLDER_AUTHORISED, "signed", b"token"))
DECLINED: dict[str, tuple[Call, World, Reason, set[str]]] = {
    "identify": (call(peer=FAULTY), world(), Reason.CALLER_UNKNOWN, set()),
    "revoked": (call(), world(trust=REVOKED), Reason.CERTIFICATE_REVOKED, set()),
    "codec": (call(MALFORMED), world(), Reason.INVALID_REQUEST, {"caller"}),
    "region": (call(query(provider_region="440300")), world(), Reason.UNKNOWN_REGION, {"caller", "query"}),
    "type": (call(query(evidence_type="no-proof")), world(), Reason.UNKNOWN_EVIDENCE_TYPE, {"caller", "query"}),
    "agreement": (call(), world(agreements={}), Reason.NO_AGREEMENT, {"caller", "query"}),
    "matter": (call(), world(agreement(matters=frozenset())), Reason.PURPOSE_NOT_COVERED, {"caller", "query"}),
    "authorisation": (call(AUTHORISED), world(), Reason.HOLDER_AUTHORISATION_INVALID, {"caller", "query"}),
    "route": (call(), world(tables={}), Reason.UNKNOWN_REGION, {"caller", "query", "permit"}),
    "translate": (call(query(parameters={})), world(), Reason.INVALID_REQUEST, {"caller", "query", "permit", "route"}),
}
declining = pytest.mark.parametrize("step", sorted(DECLINED))


@declining
def test_each_step_of_the_first_half_may_decline(step: str) -> None:
    asked, given_world, reason, known = DECLINED[step]
    before = prepare(asked, given_world)
    assert isinstance(before, Declined)
    assert before.refusal.reason is reason
    assert (before.entry.kind, before.entry.facts["reason"]) == (EntryKind.REFUSED, reason.name)
    assert before.entry.replay_key == ""
    assert {name for name in ("caller", "query", "permit", "route") if getattr(before.known, name) is not None} == known


def test_who_asks_is_judged_before_what_is_asked() -> None:
    before = prepare(call(MALFORMED, peer=FAULTY), world(agreements={}))
    assert isinstance(before, Declined)
    assert before.refusal.reason is Reason.CALLER_UNKNOWN


def test_an_answer_is_concluded_to_what_the_permit_names() -> None:
    given_world = world(granting("number", "employer"))
    after = conclude(prepared(given_world=given_world), answer(), ASKED, given_world)
    assert isinstance(after, Concluded)
    assert [dict(each.values) for each in after.disclosure.evidence] == [
        {"number": "粤〔2030〕000017", "employer": "样样有限公司"}
    ]
    assert (after.city_status, after.entry.kind, after.entry.facts["result"]) == ("00", EntryKind.OUTCOME, "ISSUED")
    assert after.entry.facts["fields"] == ("employer", "number")


def test_a_finding_ends_with_its_field() -> None:
    odd, both = answer(record(xm="测 试甲")), world(granting("number", "holders"))
    narrow, wide = (conclude(prepared(given_world=each), odd, ASKED, each) for each in (world(granting("number")), both))
    assert isinstance(narrow, Concluded)
    assert isinstance(wide, Concluded)
    assert narrow.disclosure.evidence[0].findings == ()
    assert [each.code for each in wide.disclosure.evidence[0].findings] == [FindingCode.HOLDER_NAME_DIFFERS]


def test_the_citys_own_no_record_is_concluded_as_that() -> None:
    after = conclude(prepared(), NO_RECORD, ASKED, world())
    assert isinstance(after, Concluded)
    assert (after.disclosure.evidence, after.entry.facts["result"], after.city_status) == ((), "NO_RECORD", "01")


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (CITY_REFUSES, Reason.CITY_REFUSED),
        (answer(record(zt="7")), Reason.CITY_ANSWER_INVALID),
        (answer(record(), record(zjhm="440104188801020025")), Reason.HOLDER_AMBIGUOUS),
    ],
)
def test_what_is_no_answer_is_declined_as_the_outcome(told: CityAnswer | Refusal, reason: Reason) -> None:
    after = conclude(prepared(), told, ASKED, world())
    assert isinstance(after, Declined)
    assert after.refusal.blame is Blame.COUNTERPARTY
    assert (after.refusal.reason, after.entry.facts["reason"]) == (reason, reason.name)
    assert (after.entry.kind, after.entry.at) == (EntryKind.OUTCOME, ASKED.response_in)


def test_strict_policy_is_the_worlds() -> None:
    odd = answer(record(zzbs="x"))
    assert isinstance(conclude(prepared(), odd, ASKED, world()), Concluded)
    assert isinstance(conclude(prepared(), odd, ASKED, world(strict_identifiers=True)), Declined)


# The whole walk.


async def test_a_question_is_recorded_then_asked_and_its_answer_recorded_then_told(stand: Stand) -> None:
    sealed = await exchange(call(), world(), stand.ports)
    assert stand.journal.lines == WHOLE
    assert [each.values["identifier"] for each in sealed.disclosure.evidence] == [IDENTIFIER]
    assert (sealed.intent.index, sealed.outcome.index, sealed.city_status) == (0, 1, "00")
    assert sealed.call == call()
    assert sealed.route.table.system == "foshan.test"
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "ISSUED", "")]
    assert stand.city.requests == [prepared().request]


async def test_an_answer_of_more_records_than_an_entry_can_name_is_the_citys_fault(stand: Stand) -> None:
    stand.city.told = answer(*[record()] * 1000)
    with pytest.raises(Refusal, match="CITY_ANSWER_INVALID") as caught:
        await exchange(call(), world(), stand.ports)
    assert caught.value.blame is Blame.COUNTERPARTY
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "REFUSED", "CITY_ANSWER_INVALID")]


async def test_the_four_moments_of_an_exchange_are_told(stand: Stand) -> None:
    stand.city.meanwhile = lambda: stand.clock.advance(1.5)
    stand.ledger.hold()
    task = started(stand)
    await stand.journal.until("queued INTENT")
    stand.clock.advance(0.5)
    stand.ledger.release()
    sealed = await task
    moments = (sealed.call.received, sealed.asked.request_out, sealed.asked.response_in, sealed.response_out)
    assert [(each - NOW).total_seconds() for each in moments] == [0.0, 0.5, 2.0, 2.0]
    assert [(each.seconds, each.city_seconds) for each in stand.meter.all] == [(2.0, 1.5)]


@pytest.mark.parametrize("told", [answer(), CITY_REFUSES, CityTicket("ticket")], ids=["answered", "refused", "deferred"])
async def test_how_long_it_took_is_not_told_by_a_clock_that_is_put_back(
    stand: Stand, told: CityAnswer | CityTicket | Refusal
) -> None:
    def meanwhile() -> None:
        stand.clock.advance(1.5)
        stand.clock.put(-60.0)

    stand.city.told, stand.city.meanwhile = told, meanwhile
    with suppress(Refusal):
        await exchange(call(), world(), stand.ports)
    (told_of,) = stand.meter.all
    assert (told_of.seconds, told_of.before_seconds, told_of.city_seconds, told_of.after_seconds) == (1.5, 0.0, 1.5, 0.0)
    assert told_of.time_left == 18.5


async def test_the_city_is_not_asked_before_the_intent_is_durable(stand: Stand) -> None:
    stand.ledger.hold()
    task = started(stand)
    await stand.journal.until("queued INTENT")
    await turns()
    assert stand.journal.lines == ["queued INTENT"]
    stand.ledger.release()
    await task
    assert stand.journal.lines == WHOLE


async def test_nothing_is_told_before_the_outcome_is_durable(stand: Stand) -> None:
    stand.city.meanwhile = stand.ledger.hold
    task = started(stand)
    await stand.journal.until("queued OUTCOME ISSUED")
    await turns()
    assert not task.done()
    assert stand.meter.all == []
    stand.ledger.release()
    assert (await task).outcome.index == 1


async def test_no_record_is_told_as_such(stand: Stand) -> None:
    stand.city.told = NO_RECORD
    sealed = await exchange(call(), world(), stand.ports)
    assert (sealed.disclosure.evidence, sealed.city_status) == ((), "01")
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "NO_RECORD", "")]
    assert ended(stand) == [(Result.NO_RECORD, "")]


@declining
async def test_a_refusal_at_once_makes_one_entry_and_asks_nobody(stand: Stand, step: str) -> None:
    asked, given_world, reason, _ = DECLINED[step]
    refusal = await declined(stand, asked, given_world)
    assert refusal.reason is reason
    assert stand.journal.lines == ["queued REFUSED", "durable REFUSED"]
    assert kinds(stand) == [("REFUSED", "REFUSED", reason.name)]
    assert ended(stand) == [(Result.REFUSED, reason.name)]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (CITY_REFUSES, Reason.CITY_REFUSED),
        (Refusal(Reason.CITY_UNAVAILABLE, "f2: cannot be reached"), Reason.CITY_UNAVAILABLE),
        (Refusal(Reason.CITY_TIMEOUT, "f2: no answer in time"), Reason.CITY_TIMEOUT),
        (TimeoutError("somebody's own"), Reason.CITY_TIMEOUT),
        (answer(record(zt="7")), Reason.CITY_ANSWER_INVALID),
        (answer(record(), record(zjhm="440104188801020025")), Reason.HOLDER_AMBIGUOUS),
    ],
)
async def test_a_city_that_does_not_answer_leaves_one_outcome(stand: Stand, told: Any, reason: Reason) -> None:
    stand.city.told = told
    refusal = await declined(stand)
    assert (refusal.reason, refusal.blame) == (reason, Blame.COUNTERPARTY)
    assert kinds(stand) == [("INTENT", "", ""), ("OUTCOME", "REFUSED", reason.name)]
    assert ended(stand) == [(Result.REFUSED, reason.name)]
    assert stand.ledger.entries[1].facts["city_status"] == refusal.city_status


# The same request twice.


async def test_a_replayed_request_is_refused_and_never_asked_again(stand: Stand) -> None:
    await exchange(call(), world(), stand.ports)
    refusal = await declined(stand, call(query(fields=frozenset({"number"})), exchange_id="exchange-2"))
    assert refusal.reason is Reason.REPLAYED_REQUEST
    assert len(stand.city.requests) == 1
    assert kinds(stand)[2:] == [("REFUSED", "REFUSED", "REPLAYED_REQUEST")]
    assert ended(stand) == [(Result.ISSUED, ""), (Result.REFUSED, "REPLAYED_REQUEST")]


async def test_of_two_at_once_one_is_asked(stand: Stand) -> None:
    stand.ledger.hold()
    tasks = [started(stand, call(exchange_id=f"exchange-{number}")) for number in range(2)]
    await turns()
    stand.ledger.release()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(told[0], Sealed)
    assert isinstance(told[1], Refusal)
    assert len(stand.city.requests) == 1


async def test_a_request_whose_city_failed_is_not_asked_again_either(stand: Stand) -> None:
    stand.city.told = CITY_REFUSES
    await declined(stand)
    assert (await declined(stand, call(exchange_id="exchange-2"))).reason is Reason.REPLAYED_REQUEST
    assert len(stand.city.requests) == 1


async def test_a_request_that_was_never_intended_may_come_again(stand: Stand) -> None:
    await declined(stand, given_world=world(agreements={}))
    sealed = await exchange(call(exchange_id="exchange-2"), world(), stand.ports)
    assert sealed.call.exchange_id == "exchange-2"


async def test_many_exchanges_do_not_mix(stand: Stand) -> None:
    calls = [call(query(request_id=f"request-{number}"), exchange_id=f"exchange-{number}") for number in range(30)]
    told = await asyncio.gather(*(exchange(each, world(), stand.ports) for each in calls))
    assert [each.call for each in told] == calls
    for each in told:
        entries = [stand.ledger.entries[place.index] for place in (each.intent, each.outcome)]
        assert [entry.exchange_id for entry in entries] == [each.call.exchange_id] * 2
        assert entries[0].facts["request_id"] == each.route.permit.query.request_id
    assert len(stand.ledger.entries) == 60


# What an exchange keeps.


async def test_an_exchange_keeps_the_moment_that_it_began_with(stand: Stand) -> None:
    short = world(agreement(valid_to=NOW + timedelta(seconds=1)))
    stand.city.meanwhile = lambda: stand.clock.advance(40 * 86_400)
    assert (await exchange(call(), short, stand.ports)).disclosure.evidence
    assert (
        await declined(stand, call(received=stand.clock.now(), exchange_id="exchange-2"), short)
    ).reason is Reason.CALLER_UNKNOWN


async def test_an_exchange_keeps_the_world_that_it_began_with(stand: Stand) -> None:
    stands = [world(granting("number", id="before"), edition="before")]
    stand.city.told = answer(record(zzbs="x"))
    stand.city.meanwhile = lambda: stands.append(
        world(granting("remark", id="after"), edition="after", strict_identifiers=True, trust=trust("after", anchors={}))
    )
    sealed = await exchange(call(), stands[-1], stand.ports)
    assert sealed.route.permit.agreement.id == "before"
    assert sealed.disclosure.fields == ("number",)
    assert stand.ledger.entries[0].facts["world"] == "before"
    assert (await declined(stand, call(exchange_id="exchange-2"), stands[-1])).reason is Reason.CALLER_UNKNOWN


async def test_no_entry_and_no_count_of_an_exchange_holds_personal_data(stand: Stand) -> None:
    await exchange(call(), world(), stand.ports)
    stand.city.told = answer(record(zjhm="440104188801020025"))
    await declined(stand, call(asking_for(name="测试丁"), exchange_id="exchange-2"))
    await declined(stand, call(query(request_id="3"), exchange_id="exchange-3"))
    shown = b"".join(map(encode, stand.ledger.entries)).decode() + repr(stand.meter.all)
    values = [
        NUMBER,
        NAME,
        OPERATOR_NAME,
        IDENTIFIER,
        "440104188801020025",
        "测试丁",
        "粤〔2030〕000017",
        "样样有限公司",
        "1205000",
    ]
    assert not [value for value in values if value in shown]
    assert len(stand.ledger.entries) == 5


async def test_a_count_names_what_is_ours_to_name(stand: Stand) -> None:
    await exchange(call(), world(), stand.ports)
    await declined(stand, call(query(evidence_type="canary", provider_region="440699"), exchange_id="exchange-2"))
    await declined(stand, call(exchange_id="exchange-3", peer=FAULTY))
    told = [(each.evidence_type, each.region, each.department, each.system, each.agreement) for each in stand.meter.all]
    assert told == [
        ("everything-proof", "440600", faulty.CREDIT_CODE, "window", "gz-fs-1"),
        ("_other", "_other", faulty.CREDIT_CODE, "window", ""),
        ("_other", "_other", "_other", "_other", ""),
    ]
    assert [each.blame for each in stand.meter.all] == ["", "CALLER", "POLICY"]


async def test_only_permitted_fields_reach_the_answer_and_its_outcome(stand: Stand) -> None:
    sealed = await exchange(call(query(fields=frozenset({"employer"}))), world(), stand.ports)
    assert [set(each.values) for each in sealed.disclosure.evidence] == [{"employer"}]
    assert stand.ledger.entries[1].facts["fields"] == ("employer",)
    assert stand.ledger.entries[0].facts["permitted_fields"] == ("employer",)
    assert {"employer"} < SHOWN


async def test_an_adapter_is_chosen_by_the_tables_system(stand: Stand) -> None:
    other = Stand(journal=stand.journal)
    other.city.told = NO_RECORD
    elsewhere = world(tables={("440600", KIND.code): replace(table(), system="other.test")})
    ports = replace(stand.ports, adapters={"foshan.test": stand.city, "other.test": other.city})
    assert (await exchange(call(), elsewhere, ports)).disclosure.evidence == ()
    assert [type(each) for each in other.city.requests] == [CityRequest]
    assert stand.city.requests == []


LATER = CityTicket("5e" * 16)


async def test_a_deferred_question_keeps_its_ticket_before_anybody_hears_of_it(stand: Stand) -> None:
    stand.city.told = LATER
    sealed = await exchange(call(), world(), stand.ports)
    (kept,) = stand.deferrals.kept.values()
    assert (sealed.disclosure.result, sealed.deferral) == (Result.DEFERRED, kept)
    assert (kept.system, kept.ticket, kept.exchange_id) == ("foshan.test", LATER.ticket, call().exchange_id)
    assert all(part not in str(kept) for part in (NUMBER, NAME, OPERATOR_NAME, LATER.ticket))


async def test_a_ticket_that_cannot_be_kept_is_not_promised(stand: Stand) -> None:
    stand.city.told = LATER
    stand.deferrals.fails = True
    with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE"):
        await exchange(call(), world(), stand.ports)
    assert [each.facts.get("result") for each in stand.ledger.entries] == [None, "REFUSED"]


async def test_a_deferred_answer_is_judged_by_the_agreement_of_now(stand: Stand) -> None:
    stand.city.told = LATER
    await exchange(call(), world(), stand.ports)
    stand.city.told = answer()
    with pytest.raises(Refusal, match="NO_AGREEMENT"):
        await exchange(replace(call(), exchange_id="exchange-2"), replace(world(), agreements={}), stand.ports)
    moved = replace(table(), operation="another")
    elsewhere = replace(world(), tables={(table().region, KIND.code): moved})
    with pytest.raises(Refusal, match="DEFERRAL_EXPIRED"):
        await exchange(replace(call(), exchange_id="exchange-3"), elsewhere, stand.ports)
    assert len(stand.city.requests) == 1
