"""LedgerService over the wire: an exchange's own department gets its receipt anew, nobody else learns that it took place."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import grpc
import pytest

from certs import subject
from certs.authority import Leaf
from certs.extensions import Profile, Usage
from gateway.client import Intent, QueryRefused, ReceiptRefused
from gateway.ledger.appending import Notary
from gateway.ledger.filed_purging import purge
from gateway.ledger.note import Note
from gateway.model.exchange import EntryKind
from gateway.model.refusal import Reason
from gateway.rpc import receipts
from gateway.rpc.pb.v1 import ledger_service_pb2 as pb
from gateway.stages.recall import Recalled
from tests.certs import faulty
from tests.gateway.client import notary
from tests.gateway.client.notary import LOG, LOG_KEY, VKEY
from tests.gateway.rpc.house import asked, house, papers
from tests.gateway.stages import builders


def leaf(department: str, system: str = "window") -> Leaf:
    uri = subject.department_system(faulty.OWN_TRUST_DOMAIN, department, system)
    profile = Profile(uri=uri, usages=frozenset({Usage.CLIENT}))
    return papers().regions.own.issue(profile, papers().now, timedelta(days=1))


async def refused(fetch: Awaitable[object]) -> QueryRefused:
    with pytest.raises(QueryRefused) as error:
        await fetch
    return error.value


async def test_an_answer_of_the_real_gateway_verifies_offline() -> None:
    async with house() as gateway, gateway.client() as client:
        answers = await asyncio.gather(*(client.query(**asked()) for _ in range(20)))
    for each in answers:
        verified = each.verify([VKEY])
        assert (verified.question, verified.answer) == (True, True)
        assert verified.entry.exchange_id == each.exchange_id


async def test_a_receipt_is_fetched_anew_under_the_newest_checkpoint() -> None:
    async with house() as gateway, gateway.client() as client:
        first = await client.query(**asked())
        await client.query(**asked())
        before = gateway.told()
        fetched = await client.receipt(first.exchange_id)
        assert gateway.told() == before, "reading leaves no entry"
    receipt, intent = fetched.receipt, fetched.intent
    assert receipt is not None
    assert intent is not None
    verified = receipt.verify([VKEY])
    assert (verified.ending.index, verified.ending.size) == (1, 4)
    assert (receipt.leaf, receipt.leaf_hash, receipt.intent_index) == (first.receipt.leaf, first.receipt.leaf_hash, 0)
    assert receipt.binding_key == b"", "nobody kept it"
    proven = intent.verify(LOG, first.exchange_id, [VKEY])
    assert (proven.index, proven.size, proven.entry.kind) == (0, 4, EntryKind.INTENT)


async def test_a_purged_exchange_is_said_to_be_so_and_the_receipt_that_came_with_the_answer_still_verifies() -> None:
    async with house() as gateway, gateway.client() as client:
        answer = await client.query(**asked())
        assert sum(purge(gateway.file, Notary.of(LOG, [LOG_KEY]), [range(2)], lambda: 0.0)) == 2
        told = await refused(client.receipt(answer.exchange_id))
        async with gateway.client(leaf("11440604M00000078E")) as other:
            assert (await refused(other.receipt(answer.exchange_id))).reason == "UNKNOWN_EXCHANGE"
    assert (told.code, told.reason, told.blame) == (grpc.StatusCode.NOT_FOUND, "EXCHANGE_PURGED", "CALLER")
    assert "the receipt that came with the answer" in told.message
    assert answer.verify([VKEY]).answer


async def test_another_system_of_the_department_fetches_it_and_another_department_does_not() -> None:
    async with house() as gateway:
        async with gateway.client() as client:
            known = (await client.query(**asked())).exchange_id
        async with gateway.client(leaf(faulty.CREDIT_CODE, "archive")) as client:
            assert (await client.receipt(known)).exchange_id == known
        async with gateway.client(leaf("11440604M00000078E")) as client:
            others, nothing = await refused(client.receipt(known)), await refused(client.receipt("no-such-exchange"))
    for told in (others, nothing):
        assert (told.code, told.reason, told.blame) == (grpc.StatusCode.NOT_FOUND, "UNKNOWN_EXCHANGE", "CALLER")
    assert (others.message, others.told.message_zh, others.told.violations) == (
        nothing.message,
        nothing.told.message_zh,
        nothing.told.violations,
    )


async def test_a_refused_call_has_its_receipt_too() -> None:
    async with house() as gateway, gateway.client() as client:
        told = await refused(client.query(**asked(evidence_type="nothing")))
        fetched = await client.receipt(told.told.exchange_id)
    assert fetched.intent is None
    assert fetched.receipt is not None
    assert fetched.receipt.verify([VKEY]).entry.facts["reason"] == "UNKNOWN_EVIDENCE_TYPE"


async def test_an_exchange_under_way_has_its_intent_only() -> None:
    async with house() as gateway, gateway.client() as client:
        gateway.city.hold()
        asking = asyncio.create_task(client.query(**asked()))
        await gateway.city.asked(1)
        fetched = await client.receipt(gateway.entries()[0].exchange_id)
        gateway.city.release()
        answer = await asking
    assert fetched.receipt is None
    assert isinstance(fetched.intent, Intent)
    assert fetched.intent.verify(LOG, answer.exchange_id, [VKEY]).size == 1


async def test_the_checkpoint_is_the_logs_newest() -> None:
    async with house() as gateway, gateway.client() as client:
        await client.query(**asked())
        note = Note.parse(await client.checkpoint())
    assert note.text.startswith(f"{LOG}\n2\n")
    assert list(note.verified([LOG_KEY.verifier])) == [LOG_KEY.verifier]


@pytest.mark.parametrize("name", ["", " ", "a/b", "x" * 65, "é", "' OR 1=1 --"])
async def test_what_is_no_exchange_id_is_an_invalid_request(name: str) -> None:
    async with house() as gateway, gateway.client() as client:
        told = await refused(client.receipt(name))
    assert (told.reason, [each.field for each in told.told.violations]) == ("INVALID_REQUEST", ["exchange_id"])


async def test_a_stranger_sees_neither_receipt_nor_checkpoint() -> None:
    async with house() as gateway, gateway.client(faulty.two_uris(papers().regions, papers().now)) as client:
        for told in (await refused(client.receipt("exchange-1")), await refused(client.checkpoint())):
            assert (told.code, told.reason) == (grpc.StatusCode.UNAUTHENTICATED, Reason.CALLER_UNKNOWN.name)
        assert gateway.told() == ()


async def test_a_log_that_cannot_be_read_is_told_as_such() -> None:
    async with house() as gateway, gateway.client() as client:
        known = (await client.query(**asked())).exchange_id
        gateway.file.rename(gateway.file.with_name("away.db"))
        for told in (await refused(client.receipt(known)), await refused(client.checkpoint())):
            assert (told.code, told.reason, told.blame) == (grpc.StatusCode.UNAVAILABLE, "LEDGER_UNAVAILABLE", "OURS")


def test_only_what_is_there_is_written() -> None:
    made = notary.sealed()
    whole = receipts.recalled("x", Recalled(made.intent, made.outcome))
    assert (whole.receipt.intent_index, whole.receipt.outcome_index, whole.intent.index) == (3, 4, 3)
    assert whole.receipt.leaf_hash == made.outcome.leaf_hash
    alone = receipts.recalled("x", Recalled(None, made.outcome))
    assert (alone.HasField("intent"), alone.receipt.intent_index, alone.receipt.outcome_index) == (False, 4, 4)
    assert receipts.recalled("x", Recalled(None, None)) == pb.GetReceiptResponse(exchange_id="x")
    assert receipts.receipt(made.intent, made.outcome, builders.BINDING_KEY).binding_key == builders.BINDING_KEY


async def test_a_reference_is_completed_later_and_then_verifies_whole() -> None:
    async with house() as gateway, gateway.client() as client:
        answer = await client.query(**asked(), reference=True)
        fetched = (await client.receipt(answer.exchange_id)).receipt
    short = answer.receipt
    assert (short.is_reference, short.proof, short.leaf, len(short.binding_key)) == (True, "", b"", 32)
    with pytest.raises(ReceiptRefused, match="reference without its proof"):
        answer.verify([VKEY])
    assert fetched is not None
    verified = replace(answer, receipt=short.completed(fetched)).verify([VKEY])
    assert (verified.question, verified.answer) == (True, True)
    with pytest.raises(ReceiptRefused, match="of another entry"):
        short.completed(replace(fetched, outcome_index=7))
