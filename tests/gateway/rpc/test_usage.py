"""FindUsage over the wire: whom it tells what, that every search is recorded, and that no page can be had for another question."""

import asyncio
import base64
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from adapters.simulation.identifiers import resident_number
from gateway.client import ClientFailure, LegalBasis, LegalBasisKind, Operator, Purpose, QueryRefused, UsagePage, UsageSearch
from gateway.client.usage import write
from gateway.model.agreement import Hidden
from gateway.model.exchange import Entry, EntryKind
from gateway.model.refusal import Reason, Refusal
from gateway.model.usage import SearchRight
from gateway.model.world import HolderKey
from gateway.rpc.pb.v1 import evidence_pb2
from gateway.rpc.pb.v1 import ledger_service_pb2 as pb
from gateway.rpc.pb.v1.ledger_service_pb2_grpc import LedgerServiceStub
from tests.certs import faulty
from tests.gateway.client.notary import VKEY
from tests.gateway.rpc.house import House, asked, house, leaf, papers
from tests.gateway.stages import builders

DAY = timedelta(days=1)
WHY = Purpose("440100-99", "个人信息查询", "desk-1", Operator("desk-1", "信息公开岗", "经办丙"))
STATUTE = LegalBasis(LegalBasisKind.STATUTORY_DUTY, "个人信息保护法第四十五条")


def right(**changes: Any) -> SearchRight:
    return builders.search_right(valid_from=papers().now - DAY, valid_to=papers().now + DAY, **changes)


def rights(*granted: SearchRight) -> dict[tuple[str, str], tuple[SearchRight, ...]]:
    found: dict[tuple[str, str], tuple[SearchRight, ...]] = {}
    for each in granted or (right(),):
        found[each.region, each.department] = (*found.get((each.region, each.department), ()), each)
    return found


def search(**changes: Any) -> UsageSearch:
    return replace(UsageSearch(builders.query().holder, WHY, STATUTE), **changes)


async def refused(call: Any) -> QueryRefused:
    with pytest.raises(QueryRefused) as error:
        await call
    return error.value


def searches(gateway: House) -> list[Entry]:
    return [each for each in gateway.entries() if each.facts.get("act") == "USAGE_SEARCH"]


async def test_a_holder_is_told_who_asked_what_why_and_what_came_of_it() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        answer = await client.query(**asked(fields=frozenset({"number", "employer"})))
        with pytest.raises(QueryRefused):
            await client.query(**asked(purpose=replace(builders.query().purpose, matter_code="440100-18")))
        page = await client.find_usage(search())
    refusal, usage = page.usages
    assert (page.total, page.next_page_token) == (2, "")
    assert (usage.act, usage.outcome, usage.exchange_id) == ("QUERY", "ISSUED", answer.exchange_id)
    assert (usage.receiver_region, usage.receiver_code, usage.receiver_name) == (
        "440100",
        faulty.CREDIT_CODE,
        "Department of Tests",
    )
    assert (usage.receiver_system, usage.receiver_role) == ("window", "clerk")
    assert (usage.evidence_type, usage.provider_region, usage.fields) == (builders.KIND.code, "440600", ("employer", "number"))
    assert (usage.legal_basis, usage.legal_basis_reference) == ("STATUTORY_DUTY", "article 17")
    assert (usage.matter_code, usage.matter_name) == ("440100-17", "样样事项")
    assert usage.action == (
        "Department of Tests（clerk）因办理“样样事项”，依据article 17，向佛山查询您的样样证明，已获提供2项信息。"
    )
    assert usage.action_en == (
        "Department of Tests (clerk), handling '样样事项' on the ground of article 17, asked Foshan for your Proof of everything "
        "and was given 2 fields of it."
    )
    assert (refusal.outcome, refusal.fields, refusal.receiver_name) == ("REFUSED", (), "Department of Tests")


async def test_the_search_is_an_entry_before_its_answer_leaves_and_carries_its_receipt() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        await client.query(**asked())
        page = await client.find_usage(search(period_start=papers().now - DAY))
        (entry,), intent = searches(gateway), gateway.entries()[0]
        fetched = await client.receipt(page.exchange_id)
    assert (entry.kind, entry.exchange_id) == (EntryKind.ACT, page.exchange_id)
    facts = dict(entry.facts)
    assert facts["holder"] == intent.facts["holder"]
    assert (facts["holder_key"], facts["search_right"], facts["found"], facts["shown"]) == ("key-1", "desk", 1, 1)
    assert (facts["matter_code"], facts["operator_account"], facts["legal_basis"]) == ("440100-99", "desk-1", "STATUTORY_DUTY")
    assert "period_start" in facts
    assert page.receipt.verify([VKEY]).entry == entry
    assert fetched.receipt is not None
    assert fetched.receipt.verify([VKEY]).entry == entry


async def test_a_search_is_a_look_too_and_the_next_one_shows_it() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        first = await client.find_usage(search())
        await refused(client.find_usage(search(purpose=replace(WHY, matter_code="440100-98"))))
        second = await client.find_usage(search())
    assert first.total == 0
    assert [(each.act, each.outcome) for each in second.usages] == [("SEARCH", "REFUSED"), ("SEARCH", "SEARCHED")]
    assert second.usages[1].exchange_id == first.exchange_id
    assert second.usages[1].action.endswith("查阅了谁曾查询您的信息，共0条。")


async def test_a_query_that_has_not_ended_is_shown_as_such() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        gateway.city.hold()
        asking = asyncio.create_task(client.query(**asked()))
        await gateway.city.asked(1)
        (usage,) = (await client.find_usage(search())).usages
        gateway.city.release()
        await asking
    assert (usage.outcome, usage.fields) == ("PENDING", ())


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "nobody without a right": ({"department": "11440604M00000078E"}, {}, "NO_AGREEMENT"),
    "no other system": ({"systems": frozenset({"archive"})}, {}, "NO_AGREEMENT"),
    "not of an empty set": ({"systems": frozenset()}, {}, "NO_AGREEMENT"),
    "no other matter": ({}, {"purpose": replace(WHY, matter_code="440100-17")}, "PURPOSE_NOT_COVERED"),
    "no other ground": ({}, {"legal_basis": replace(STATUTE, kind=LegalBasisKind.ENTRUSTED)}, "PURPOSE_NOT_COVERED"),
    "no unverified authorisation": (
        {},
        {"legal_basis": LegalBasis(LegalBasisKind.HOLDER_AUTHORISED, "x", b"token")},
        "PURPOSE_NOT_COVERED",
    ),
}


async def test_who_has_no_right_is_refused_and_that_is_recorded() -> None:
    for name, (changes, wanted, reason) in REFUSED.items():
        async with house(search_rights=rights(right(**changes))) as gateway, gateway.client() as client:
            await client.query(**asked())
            told = await refused(client.find_usage(search(**wanted)))
            (entry,) = searches(gateway)
        assert (told.reason, told.code) == (reason, grpc.StatusCode.PERMISSION_DENIED), name
        assert (entry.kind, entry.facts["reason"], entry.exchange_id) == (EntryKind.REFUSED, reason, told.told.exchange_id)
        assert "holder" in entry.facts


async def test_a_right_that_is_over_or_not_yet_begun_opens_nothing() -> None:
    over = builders.search_right(valid_from=papers().now - 2 * DAY, valid_to=papers().now - DAY)
    later = builders.search_right(valid_from=papers().now + DAY, valid_to=papers().now + 2 * DAY)
    async with house(search_rights=rights(over, later)) as gateway, gateway.client() as client:
        assert (await refused(client.find_usage(search()))).reason == "NO_AGREEMENT"


async def test_the_same_credit_code_under_another_regions_authority_is_nobody() -> None:
    other = leaf("other", faulty.OTHER_TRUST_DOMAIN)
    async with house(search_rights=rights()) as gateway, gateway.client(other) as client:
        told = await refused(client.find_usage(search()))
        assert (told.reason, searches(gateway)[0].facts["caller_region"]) == ("NO_AGREEMENT", "440600")


async def test_pages_are_of_the_log_as_it_stood_at_the_first() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        ids = [(await client.query(**asked())).exchange_id for _ in range(5)]
        pages: list[UsagePage] = []
        token = ""
        for size in (2, 1, 200):
            pages.append(await client.find_usage(search(page_size=size), token))
            token = pages[-1].next_page_token
            await client.query(**asked())
        whole = await client.find_usage(search())
    assert [each.exchange_id for page in pages for each in page.usages] == ids[::-1]
    assert ([page.total for page in pages], token) == ([5, 5, 5], "")
    assert whole.total == 5 + 3 + 3


async def test_a_token_serves_its_own_question_only() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        for _ in range(3):
            await client.query(**asked())
        token = (await client.find_usage(search(page_size=1))).next_page_token
        bytes_ = base64.urlsafe_b64decode(token + "=")
        flipped = [bytes_[:at] + bytes([bytes_[at] ^ 1]) + bytes_[at + 1 :] for at in (0, 7, 15, 16, 31)]
        hostile = [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in flipped]
        hostile += [token[:-1], token + "=", token + "A", token[:-1] + "!", "' OR 1=1 --", "x" * 5000, "\0", token.swapcase()]
        told = [await refused(client.find_usage(search(), each)) for each in hostile]
        other = replace(builders.query().holder, id_number=resident_number("440106", date(1890, 3, 5), 2))
        told += [
            await refused(client.find_usage(search(period_start=papers().now - DAY), token)),
            await refused(client.find_usage(search(holder=other), token)),
        ]
        async with gateway.client(leaf("own", faulty.OWN_TRUST_DOMAIN, system="archive")) as another:
            told.append(await refused(another.find_usage(search(), token)))
        assert len((await client.find_usage(search(), token)).usages) == 2
    assert {(each.reason, *(it.field for it in each.told.violations)) for each in told} == {("INVALID_REQUEST", "page_token")}


async def test_what_is_hidden_on_legal_authority_is_neither_shown_nor_counted_until_its_day() -> None:
    hidden = Hidden("粤监调〔2030〕1号", None)
    until = Hidden("粤监调〔2030〕2号", papers().now - timedelta(seconds=1))
    agreements = [
        builders.agreement(valid_from=papers().now - DAY, valid_to=papers().now + DAY, **changes)
        for changes in (
            {"id": "a-shown"},
            {"id": "b-hidden", "matters": frozenset({"hidden"}), "hidden": hidden},
            {"id": "c-over", "matters": frozenset({"over"}), "hidden": until},
        )
    ]
    changes = {"search_rights": rights(), "agreements": {faulty.CREDIT_CODE: tuple(agreements)}}
    purpose = builders.query().purpose
    async with house(**changes) as gateway, gateway.client() as client:
        for matter in ("440100-17", "hidden", "over"):
            await client.query(**asked(purpose=replace(purpose, matter_code=matter)))
        await refused(client.query(**asked(purpose=replace(purpose, matter_code="hidden"), provider_region="999999")))
        page = await client.find_usage(search(page_size=1))
        rest = await client.find_usage(search(page_size=1), page.next_page_token)
        marks = [(each.facts.get("hidden_by"), each.facts.get("hidden_until")) for each in gateway.entries()]
    assert (page.total, rest.total, rest.next_page_token) == (2, 2, "")
    assert [each.matter_code for each in (*page.usages, *rest.usages)] == ["over", "440100-17"]
    assert marks.count(("粤监调〔2030〕1号", "for-good")) == 2, "of the query and of the one that was refused"
    assert [by for by, _ in marks].count("粤监调〔2030〕2号") == 1


async def test_entries_under_former_holder_keys_are_found_as_long_as_the_gateway_has_them() -> None:
    old, new = HolderKey("key-1", b"k" * 32), HolderKey("key-2", b"n" * 32)
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        await client.query(**asked())
        for keys, found in (((), 0), ((old,), 1)):
            gateway.turn(holder_key=new, former_holder_keys=keys)
            page = await client.find_usage(search())
            assert [each.act for each in page.usages].count("QUERY") == found


async def test_only_the_period_is_told_of() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        await client.query(**asked())
        at = gateway.entries()[0].at
        moment = timedelta(microseconds=1)
        totals = [
            (await client.find_usage(search(period_start=start, period_end=end))).total
            for start, end in ((at, at + moment), (at + moment, at + 2 * moment), (at - moment, at), (None, at + moment))
        ]
    assert totals == [1, 0, 0, 1]


async def test_what_cannot_be_recorded_is_not_told() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        await client.query(**asked())
        gateway.ledger.fails = lambda _: Refusal(Reason.LEDGER_UNAVAILABLE, "disk full")
        told = [await refused(client.find_usage(search())) for _ in range(2)]
        told += [await refused(client.find_usage(search(purpose=replace(WHY, matter_code="other"))))]
    assert {each.reason for each in told} == {"LEDGER_UNAVAILABLE"}


FAULTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "a name": ({"holder": evidence_pb2.Holder(name="测试甲")}, {"holder.name"}),
    "a large page": ({"page_size": 201}, {"page_size"}),
    "a moment outside the calendar": ({"period_start": Timestamp(seconds=10**12)}, {"period_start"}),
    "an odd moment": ({"period_end": Timestamp(seconds=1, nanos=-5)}, {"period_end"}),
    "a period that ends before it begins": (
        {"period_start": Timestamp(seconds=20), "period_end": Timestamp(seconds=20)},
        {"period_end"},
    ),
    "no case": ({"purpose": evidence_pb2.Purpose(case_number=" ")}, {"purpose.case_number"}),
    "the number in the case": ({"purpose": evidence_pb2.Purpose(case_number=builders.NUMBER)}, {"purpose.case_number"}),
}


async def test_a_malformed_search_is_refused_with_every_field_at_fault_and_recorded_without_its_holder() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client, gateway.channel() as channel:
        stub = LedgerServiceStub(channel)
        for name, (changes, fields) in FAULTS.items():
            request = write(search(), "")
            request.MergeFrom(pb.FindUsageRequest(**changes))
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await stub.FindUsage(request)
            assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT, name
            detail = searches(gateway)[-1].facts["detail"]
            assert detail == f"at fault: {', '.join(sorted(fields))}", name
        told = await refused(client.find_usage(search(holder=replace(builders.query().holder, id_number="1"))))
        with pytest.raises(grpc.aio.AioRpcError):
            await channel.unary_unary("/kuacheng.v1.LedgerService/FindUsage")(b"\xff")
        assert all("holder" not in each.facts for each in searches(gateway))
    assert told.reason == "INVALID_IDENTIFIER"


async def test_nothing_that_is_left_behind_names_the_holder() -> None:
    async with house(search_rights=rights()) as gateway, gateway.client() as client:
        await client.query(**asked())
        page = await client.find_usage(search())
        errors: list[ClientFailure] = [await refused(client.find_usage(search(), "nonsense"))]
        errors.append(await refused(client.find_usage(search(purpose=replace(WHY, matter_name=builders.NUMBER)))))
        body = gateway.file.read_bytes() + gateway.file.with_name("ledger.db-wal").read_bytes()
        texts = [
            repr(page),
            *(f"{each!r} {each} {each.args}" for each in errors),
            gateway.said.getvalue(),
            str(gateway.entries()),
        ]
    for secret in (builders.NUMBER, builders.NAME, builders.OPERATOR_NAME, WHY.operator.name):
        assert secret.encode() not in body
        assert not any(secret in text for text in texts)
        assert not any(secret in str(each) for each in page.usages)
