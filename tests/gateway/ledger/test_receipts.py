"""The port Receipts on a real file: what it finds, that nothing waits for it, and what it says of a file that cannot be read."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.ledger import note, receipts
from gateway.ledger.appending import Notary
from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.filed import FiledRecords
from gateway.ledger.filed_purging import purge
from gateway.ledger.policy import Policy
from gateway.ledger.reading import Log
from gateway.ledger.receipts import LogReceipts
from gateway.ledger.records import Row
from gateway.model.exchange import EntryKind, Gone
from gateway.model.refusal import Reason, Refusal
from tests.gateway.ledger.keyring import signers

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"w" * 32)


@pytest.fixture
async def reader(path: Path) -> AsyncIterator[LogReceipts]:
    made = LogReceipts(partial(FiledRecords.open, path))
    yield made
    await made.close()
    await made.close()


async def unavailable(reader: LogReceipts) -> None:
    for reading in (reader.find("exchange-0"), reader.checkpoint()):
        with pytest.raises(Refusal) as error:
            await reading
        assert error.value == Refusal(Reason.LEDGER_UNAVAILABLE, "the evidence log cannot be read")


async def test_both_entries_are_found_and_proven_under_one_checkpoint(path, ledger_at, book, reader) -> None:
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(300)))
        found = await reader.find("exchange-7")
        state = await reader.checkpoint()
    assert [each.entry for each in found] == [book.intent(7), book.outcome(7)]
    assert [each.recorded.index for each in found] == [14, 15]
    for each in found:
        proof = Proof.parse(each.recorded.proof)
        proof.includes(each.recorded.leaf_hash)
        assert (proof.index, proof.checkpoint) == (each.recorded.index, state.note)
        assert (each.recorded.log, state.log) == (book.log, book.log)


async def test_of_a_purged_exchange_its_own_entries_are_read_and_no_others(path, ledger_at, book, reader, monkeypatch) -> None:
    read: list[int] = []
    find = FiledRecords.find

    def counted(self: FiledRecords, *place: int, **wanted: object) -> Sequence[Row]:
        found = find(self, *place, **wanted)
        read.append(len(found))
        return found

    monkeypatch.setattr(FiledRecords, "find", counted)
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, [*book.exchanges(3), *map(book.act, range(9))]))
        await ledger.append(book.purge(0, 5))
    list(purge(path, Notary.of(book.log, signers(book.log)), [range(6)], lambda: 0.0))
    assert await reader.find("exchange-1") == (Gone("caller#1"), Gone(""))
    assert read == [2]


async def test_an_exchange_that_is_not_there_is_nothing(path, ledger_at, book, reader) -> None:
    async with ledger_at(path) as ledger:
        await ledger.append(book.refused(1))
        assert await reader.find("exchange-2") == ()
        assert [each.entry.kind for each in await reader.find("exchange-1")] == [EntryKind.REFUSED]


async def test_a_file_that_is_not_there_is_unavailable_and_recovers_by_itself(path, ledger_at, book, reader) -> None:
    await unavailable(reader)
    assert not path.exists(), "a reader makes no file"
    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
        assert len(await reader.find("exchange-0")) == 1


async def test_a_file_that_is_no_log_is_unavailable(path, reader) -> None:
    path.write_bytes(b"no database" * 1000)
    await unavailable(reader)


async def test_a_log_without_a_sound_checkpoint_is_unavailable(path, ledger_at, book, reader, monkeypatch) -> None:
    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
        monkeypatch.setattr(Log, "checkpoint", lambda _: "no note")
        with pytest.raises(Refusal, match="LEDGER_UNAVAILABLE"):
            await reader.find("exchange-0")


async def test_a_slow_disk_holds_up_one_reading_and_no_event_loop(path, ledger_at, book, reader, monkeypatch) -> None:
    go, begun = threading.Event(), threading.Event()

    def slow(log: Log, name: str, cosigned: object) -> tuple[()]:
        begun.set()
        assert go.wait(60)
        return ()

    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
        monkeypatch.setattr(receipts, "_found", slow)
        waiting = [asyncio.ensure_future(reader.find("exchange-0")) for _ in range(3)]
        await asyncio.to_thread(begun.wait, 60)
        async with asyncio.timeout(60):
            await ledger.append(book.outcome(0))
        assert not any(each.done() for each in waiting), "what is recorded does not wait for what is read"
        go.set()
        assert await asyncio.gather(*waiting) == [()] * 3


WITNESS = note.Signer(
    note.Verifier("witness.test/1", note.Algorithm.COSIGNATURE_V1, PRIVATE.public_key().public_bytes_raw()), PRIVATE.sign
)


def watched(signed_note: str) -> str:
    text = note.Note.parse(signed_note).text
    return signed_note + WITNESS.line(text, 1_900_000_000)


async def test_a_receipt_is_proven_under_the_cosigned_checkpoint_where_that_covers_it(path, ledger_at, book) -> None:
    notes: list[str] = []
    policy = Policy.parse(f"log {signers(book.log)[0].verifier}\nwitness w {WITNESS.verifier}\nquorum w\n")

    def kept(log: str) -> str | None:
        assert log == book.log
        return receipts.standing(lambda: notes[-1] if notes else None, policy)

    reader = LogReceipts(partial(FiledRecords.open, path), cosigned=kept)

    async def shown(n: int) -> str:
        return Proof.parse((await reader.find(f"exchange-{n}"))[-1].recorded.proof).checkpoint

    async with ledger_at(path) as ledger:
        await ledger.append(book.refused(1))
        notes.append(watched((await reader.checkpoint()).note))
        await ledger.append(book.refused(2))
        newest = (await reader.checkpoint()).note
        assert (await shown(1), await shown(2)) == (notes[-1], newest)
        forked = str(Checkpoint(book.log, 2, bytes(32)))
        for other in (newest, "no note", watched(note.signed(forked, [signers(book.log)[0].line(forked)]))):
            notes.append(other)
            assert await shown(1) == newest
    await reader.close()
