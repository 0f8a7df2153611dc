"""A query by the code that a holder shows, through a whole gateway: found by its holder, never asked twice, and told to nobody."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from prometheus_client import generate_latest

from adapters.connectors.verdict import Unreached
from adapters.simulation.identifiers import resident_number
from gateway.client import Answer, Outcome, PresentedCode, QueryRefused
from gateway.model.agreement import Grant
from gateway.model.binding import plain
from gateway.model.city import CityTicket
from gateway.model.exchange import EntryKind
from gateway.model.query import Query
from gateway.model.refusal import Reason, Refusal, Violation
from gateway.rpc import reading
from gateway.rpc.pb.v1 import evidence_pb2 as pb
from tests.gateway.client.notary import VKEY
from tests.gateway.rpc.house import House, asked, house, papers, request
from tests.gateway.rpc.test_usage import rights, search
from tests.gateway.stages import builders

CODE = "Zz9-canary-code-4711"
AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOMEBODY = resident_number("440106", date(1892, 2, 2), 3)


@pytest.fixture
async def gateway() -> AsyncIterator[House]:
    tables = {("440600", builders.KIND.code): builders.presenting()}
    async with house(search_rights=rights(), tables=tables) as made:
        yield made
    everywhere = (made.said.getvalue(), str(made.lines()), generate_latest(made.metrics.registry).decode())
    assert not [place for place in everywhere if CODE in place], "the code is a secret"


def shown(code: str = CODE, **changes: Any) -> dict[str, Any]:
    return {**asked(**changes), "holder": PresentedCode(code)}


def by_code(code: str = CODE, **changes: Any) -> pb.QueryRequest:
    made = request(**changes)
    made.ClearField("holder")
    made.presented_code = code
    return made


async def refused(gateway: House, **changes: Any) -> QueryRefused:
    async with gateway.client() as client:
        with pytest.raises(QueryRefused) as caught:
            await client.query(**{**shown(), **changes})
    assert CODE not in f"{caught.value!r}{caught.value.told!r}{caught.value.__context__!r}"
    return caught.value


def read(made: pb.QueryRequest) -> Query | Refusal:
    return reading.question(made, AT)


def violations(made: pb.QueryRequest) -> tuple[str, ...]:
    found = read(made)
    assert isinstance(found, Refusal)
    assert found.reason is Reason.INVALID_REQUEST
    assert CODE not in repr(found.violations) + found.detail
    return tuple(each.field for each in found.violations)


def test_a_code_stands_in_place_of_the_holder() -> None:
    found = read(by_code())
    assert isinstance(found, Query)
    assert found.holder == PresentedCode(CODE)
    assert CODE not in repr(found)


@pytest.mark.parametrize("code", ["", "short-7", "x" * 513, "with a blank in it", "亮证码亮证码亮证码", "line\nline-line"])
def test_what_is_no_code_is_told_as_such(code: str) -> None:
    assert violations(by_code(code)) == ("presented_code",)


def test_both_are_one_too_many_and_neither_is_one_too_few() -> None:
    both = request()
    both.presented_code = CODE
    assert violations(both) == ("holder",)
    neither = by_code()
    neither.ClearField("presented_code")
    assert set(violations(neither)) == {"holder.name", "holder.type", "holder.id_type"}


def test_every_other_rule_holds_as_for_a_number() -> None:
    assert violations(pb.QueryRequest(presented_code=CODE)) == (
        "request_id",
        "evidence_type",
        "provider_region",
        "purpose.matter_code",
        "purpose.matter_name",
        "purpose.case_number",
        "purpose.operator.account",
        "purpose.operator.name",
        "purpose.operator.role",
        "legal_basis.reference",
        "legal_basis.kind",
    )


@pytest.mark.parametrize("text", [f"case {CODE}", f"case {SOMEBODY}", builders.OPERATOR_NAME])
def test_what_the_log_would_hold_in_clear_must_not_hold_the_code(text: str) -> None:
    made = by_code()
    made.purpose.case_number = text
    assert violations(made) == ("purpose.case_number",)


async def test_the_answer_is_the_citys_and_the_log_learns_whose_it_is_with_it(gateway: House) -> None:
    async with gateway.client() as client:
        answer = await client.query(**shown())
        kept = await client.receipt(answer.exchange_id)
        page = await client.find_usage(search())
        nobody = await client.find_usage(search(holder=replace(builders.query().holder, id_number=SOMEBODY)))
    assert (answer.outcome, answer.evidence[0].holders[0].id_number) == (Outcome.ISSUED, builders.NUMBER)
    (sent,) = gateway.city.requests
    assert (sent.operation, sent.once, sent.values["zzm"]) == ("by-code", True, CODE)
    intent, outcome = gateway.entries()[:2]
    assert (intent.facts["holder_named_by"], "holder" in intent.facts) == ("PRESENTED_CODE", False)
    assert (outcome.facts["holder_key"], outcome.facts["holder_type"], len(str(outcome.facts["holder"]))) == (
        "key-1",
        "PERSON",
        64,
    )
    assert answer.verify([VKEY]).question
    assert kept.receipt
    assert kept.receipt.verify([VKEY]).entry == outcome
    (usage,) = page.usages
    assert (usage.act, usage.outcome, usage.exchange_id, usage.matter_name) == ("QUERY", "ISSUED", answer.exchange_id, "样样事项")
    assert (usage.logtime, "凭您出示的亮证码" in usage.action) == (intent.at, True)
    assert "by the code that you showed" in usage.action_en
    assert nobody.total == 0


async def test_the_code_stands_nowhere(gateway: House) -> None:
    async with gateway.client() as client:
        answer = await client.query(**shown())
    places = (repr(answer), json.dumps(plain(answer), default=str), str(gateway.entries()), repr(gateway.city.requests))
    assert not [place for place in places if CODE in place]
    stored = b"".join(each.read_bytes() for each in gateway.file.parent.iterdir() if each.is_file())
    assert CODE.encode() not in stored


async def test_another_code_is_another_question_and_the_receipt_says_so(gateway: House) -> None:
    async with gateway.client() as client:
        answer = await client.query(**shown())
    other = replace(answer, question=replace(answer.question, holder=PresentedCode("another-code-0002")))
    with pytest.raises(ValueError, match="the question is not the one"):
        other.verify([VKEY])


async def test_a_request_id_is_asked_once_and_so_is_a_code(gateway: House) -> None:
    async with gateway.client() as client:
        first = await client.query(**shown())
    again = await refused(gateway, request_id=first.request_id)
    assert again.reason == "REPLAYED_REQUEST"
    gateway.city.told = Refusal(Reason.PRESENTED_CODE_REFUSED, "f1: the city does not take the shown code", city_status="102")
    used = await refused(gateway)
    assert (used.reason, used.blame, used.told.retry_after) == ("PRESENTED_CODE_REFUSED", "CALLER", None)
    assert len(gateway.city.requests) == 2


@pytest.mark.parametrize(
    "lost", [Refusal(Reason.CITY_TIMEOUT, "late"), Refusal(Reason.CITY_UNAVAILABLE, "broke"), TimeoutError()]
)
async def test_a_lost_answer_is_unknown_and_is_never_asked_for_again(gateway: House, lost: Exception) -> None:
    gateway.city.told = lost
    told = await refused(gateway)
    assert (told.reason, told.blame, told.told.retry_after) == ("PRESENTED_CODE_UNANSWERED", "COUNTERPARTY", None)
    assert "show a new code" in told.message
    assert (len(gateway.city.requests), gateway.told()) == (1, ("INTENT", "OUTCOME UNKNOWN PRESENTED_CODE_UNANSWERED"))


async def test_a_city_that_was_not_reached_has_not_seen_the_code(gateway: House) -> None:
    gateway.city.told = Unreached(Reason.CITY_UNAVAILABLE, "no connection")
    assert (await refused(gateway)).reason == "CITY_UNAVAILABLE"
    assert gateway.told() == ("INTENT", "OUTCOME REFUSED CITY_UNAVAILABLE")
    gateway.city.told = builders.answer()
    async with gateway.client() as client:
        assert (await client.query(**shown())).outcome is Outcome.ISSUED


async def test_no_record_cannot_be_told_of_nobody(gateway: House) -> None:
    gateway.city.told = replace(builders.answer(), records=(), no_record=True)
    assert (await refused(gateway)).reason == "PRESENTED_CODE_REFUSED"
    assert "holder" not in gateway.entries()[-1].facts


async def test_a_region_that_takes_no_code_is_not_asked(gateway: House) -> None:
    gateway.turn(tables={("440600", builders.KIND.code): builders.table()})
    told = await refused(gateway)
    assert (told.reason, [each.field for each in told.told.violations]) == ("INVALID_REQUEST", ["presented_code"])
    assert isinstance(told.told.violations[0], Violation)
    assert (gateway.city.requests, gateway.told()) == ([], ("REFUSED REFUSED INVALID_REQUEST",))


async def test_an_agreement_may_be_for_holders_who_are_there_and_for_nobody_else(gateway: House) -> None:
    grants = {builders.KIND.code: Grant(builders.KIND.code, builders.SHOWN, holder_present=True)}
    (agreed,) = gateway.world.agreements[builders.agreement().department]
    gateway.turn(agreements={agreed.department: (replace(agreed, grants=grants),)})
    assert (await refused(gateway, holder=builders.query().holder)).reason == "PURPOSE_NOT_COVERED"
    async with gateway.client() as client:
        assert (await client.query(**shown())).outcome is Outcome.ISSUED
        (offered,) = await client.evidence_types()
    assert offered.presented_code_regions == ("440600",)


async def test_a_late_answer_names_its_holder_when_it_comes(gateway: House) -> None:
    gateway.city.told = CityTicket("5e" * 16)
    async with gateway.client() as client:
        first = await client.query(**shown())
        gateway.city.told = builders.answer()
        steps = [each async for each in client.watch(first.question)]
        page = await client.find_usage(search(period_end=papers().now.replace(year=9999)))
    assert isinstance(steps[-1], Answer)
    assert [each.exchange_id for each in page.usages] == [steps[-1].exchange_id]
    outcomes = [each for each in gateway.entries() if each.kind is EntryKind.OUTCOME]
    assert ["holder" in each.facts for each in outcomes] == [False, True]
