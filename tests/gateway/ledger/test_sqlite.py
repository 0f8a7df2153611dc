"""The store's own promises beside those of the port: rows, order of an exchange, who signs, faults of file, disk and key, recovery."""

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import gateway
from gateway.ledger.appending import OutOfOrder
from gateway.ledger.checkpoint import Proof
from gateway.ledger.encoding import MalformedEntry, encode
from gateway.ledger.examining import Flaw
from gateway.ledger.note import Note, Signer
from gateway.ledger.reading import Log
from gateway.ledger.records import LogUnusable
from gateway.ledger.sharing import Turn
from gateway.ledger.sqlite import SqliteLedger
from gateway.ledger.tree import leaf_hash
from gateway.model.exchange import Entry, EntryKind
from gateway.model.refusal import Reason, Refusal
from gateway.ports import Ledger
from tests.gateway.ledger.keyring import signers

ROOT = Path(gateway.__file__).parents[1]


def as_the_port(ledger: SqliteLedger) -> Ledger:
    return ledger


async def test_rows_hold_what_the_page_says(path, ledger_at, book, rows) -> None:
    entries = [*book.exchanges(2), book.refused(2)]
    async with ledger_at(path) as ledger:
        recorded = [await as_the_port(ledger).append(entry) for entry in entries]
    for index, (entry, row, place) in enumerate(zip(entries, rows(path), recorded, strict=True)):
        nonce, body = row[7], encode(entry)
        key = entry.replay_key or None
        at = f"{entry.at:%Y-%m-%dT%H:%M:%S.%fZ}"
        assert row == (index, entry.kind.value, entry.exchange_id, at, key, None, leaf_hash(nonce + body), nonce, body)
        assert (place.log, place.index, place.leaf) == (book.log, index, nonce + body)
    assert len({row[7] for row in rows(path)}) == len(entries)


async def test_the_tree_goes_on_after_reopening(path, ledger_at, book) -> None:
    for n in range(3):
        async with ledger_at(path) as ledger:
            assert (await ledger.append(book.intent(n))).index == n
    with Log.open(path) as log:
        verdict = log.verify()
    assert (verdict.sound, verdict.entries) == (True, 3)


async def test_a_replay_key_counts_for_intents_only(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        await asyncio.gather(*(ledger.append(book.intent(n, replay_key="")) for n in range(3)))
        refused = Entry(EntryKind.REFUSED, "exchange-9", book.intent(9).at, {}, "the same")
        again = Entry(EntryKind.REFUSED, "exchange-10", book.intent(9).at, {}, "the same")
        assert [(await ledger.append(entry)).index for entry in (refused, again, book.intent(11, "the same"))] == [3, 4, 5]


async def test_an_exchange_has_one_intent_then_one_outcome(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        appended = [
            book.outcome(0),
            book.intent(0),
            book.intent(0, replay_key="another"),
            book.outcome(0),
            book.outcome(0),
            book.intent(0, replay_key="a third"),
            book.refused(1),
            book.refused(1),
        ]
        ends = await asyncio.gather(*map(ledger.append, appended), return_exceptions=True)
    kinds = [end.index if not isinstance(end, Exception) else type(end) for end in ends]
    assert kinds == [OutOfOrder, 0, OutOfOrder, 1, OutOfOrder, OutOfOrder, 2, OutOfOrder]
    with Log.open(path) as log:
        assert log.verify().sound


async def test_what_has_no_canonical_form_is_refused_before_it_waits(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        with pytest.raises(MalformedEntry):
            ledger.append(Entry(EntryKind.INTENT, "x", book.intent(0).at, {"city_status": "\ud800"}))
        assert (await ledger.append(book.intent(0))).index == 0


async def test_a_poor_source_of_chance_is_a_bug(path, ledger_at, book) -> None:
    async with ledger_at(path, entropy=lambda n: bytes(n - 1)) as ledger:
        with pytest.raises(RuntimeError, match="chance"):
            ledger.append(book.intent(0))


async def test_intents_without_outcome_are_told_at_the_next_opening_only(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        for entry in (book.intent(0), book.intent(1), book.outcome(0), book.intent(2)):
            await ledger.append(entry)
        assert ledger.interrupted() == ()
    async with ledger_at(path) as ledger:
        assert ledger.interrupted() == ("exchange-1", "exchange-2")
        await ledger.append(book.outcome(1))
        await ledger.append(book.intent(3))
        assert ledger.interrupted() == ("exchange-1", "exchange-2")
    with Log.open(path) as log:
        verdict = log.verify()
    assert (verdict.sound, verdict.open_exchanges) == (True, ("exchange-2", "exchange-3"))


def chance(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes  # noqa: S311 - nonces of a test


async def test_a_living_writer_s_exchanges_are_told_to_nobody_and_a_dead_one_s_to_the_next(path, ledger_at, book) -> None:
    async with ledger_at(path, entropy=chance(1)) as one:
        await one.append(book.intent(1))
        async with ledger_at(path, entropy=chance(2)) as other:
            assert other.interrupted() == ()
            await other.append(book.intent(2))
        async with ledger_at(path, entropy=chance(3)) as third:
            assert third.interrupted() == ("exchange-2",)
            assert (await one.append(book.outcome(1))).index == 2
        async with ledger_at(path, entropy=chance(4)) as fourth:
            assert fourth.interrupted() == ("exchange-2",)
            await fourth.append(book.outcome(2))
    async with ledger_at(path) as last:
        assert last.interrupted() == ()
    assert [file.name for file in path.parent.iterdir() if "-writer-" in file.name] == []


async def test_a_key_that_cannot_sign_refuses_the_batch_and_leaves_nothing(path, ledger_at, book) -> None:
    broken = False

    def sign(text: bytes) -> bytes:
        if broken:
            raise RuntimeError("the token is gone")
        return signers(book.log)[0].sign(text)

    async with ledger_at(path, signers=(Signer(signers(book.log)[0].verifier, sign),)) as ledger:
        await ledger.append(book.intent(0))
        broken = True
        assert "could not sign" in (await unavailable(ledger, book.intent(1), book.outcome(0)))[0]
        broken = False
        assert [(await ledger.append(entry)).index for entry in (book.intent(1), book.outcome(0))] == [1, 2]
    with Log.open(path) as log:
        assert log.verify([signers(book.log)[0].verifier]).sound


async def test_another_key_may_sign_only_after_it_has_signed_beside_the_old_one(path, ledger_at, book) -> None:
    old, new = signers(book.log, 1, 2)
    async with ledger_at(path, signers=(old,)) as ledger:
        await ledger.append(book.refused(0))
    with pytest.raises(LogUnusable, match="signed by another key"):
        SqliteLedger.open(path, log=book.log, signers=(new,), entropy=bytes)
    async with ledger_at(path, signers=(old, new)) as ledger:
        both = await ledger.append(book.refused(1))
    async with ledger_at(path, signers=(new,)) as ledger:
        await ledger.append(book.refused(2))
    assert set(Note.parse(Proof.parse(both.proof).checkpoint).verified([old.verifier, new.verifier])) == {
        old.verifier,
        new.verifier,
    }
    with Log.open(path) as log:
        assert log.verify([new.verifier]).signed_by == (str(new.verifier),)
        assert log.verify([old.verifier]).flaw is Flaw.NOT_SIGNED


def test_a_log_is_signed_by_a_key_of_its_own_name(path, book) -> None:
    for wrong in ((), signers("another"), (*signers(book.log), *signers("another"))):
        with pytest.raises(RuntimeError, match="its own name"):
            SqliteLedger.open(path, log=book.log, signers=wrong, entropy=bytes)
    assert not path.exists()


async def test_an_empty_log_is_signed_too(path, ledger_at, book) -> None:
    async with ledger_at(path):
        pass
    with Log.open(path) as log:
        assert log.checkpoint().startswith(f"{book.log}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n")
        assert log.verify([signers(book.log)[0].verifier]).sound


async def test_another_program_s_turn_is_waited_for_and_not_for_ever(path, ledger_at, book) -> None:
    turn = Turn(path, 1.0)
    async with ledger_at(path, lock_timeout=0.02) as ledger:
        with turn:
            assert "holds the turn" in (await unavailable(ledger, book.refused(0)))[0]
        assert (await ledger.append(book.refused(0))).index == 0
        with turn, pytest.raises(LogUnusable, match="holds the turn"):
            SqliteLedger.open(path, log=book.log, signers=signers(book.log), entropy=bytes, lock_timeout=0.02)
    turn.close()


async def unavailable(ledger: SqliteLedger, *entries: Entry) -> list[str]:
    ends = await asyncio.gather(*map(ledger.append, entries), return_exceptions=True)
    assert [end.reason for end in ends if isinstance(end, Refusal)] == [Reason.LEDGER_UNAVAILABLE] * len(entries)
    return [end.detail for end in ends]


async def test_programs_that_take_turns_at_one_log_never_build_on_a_head_that_is_not_the_file_s(path, ledger_at, book) -> None:
    async with ledger_at(path, entropy=chance(1)) as one, ledger_at(path, entropy=chance(2)) as other:
        indexes = []
        for n in range(0, 12, 3):
            for ledger, at in ((one, n), (one, n + 1), (other, n + 2)):
                indexes.append((await ledger.append(book.intent(at))).index)
        both = [one.append(book.outcome(n)) for n in range(6)] + [other.append(book.outcome(n)) for n in range(6, 12)]
        ended = await asyncio.gather(*both)
        again = await asyncio.gather(one.append(book.intent(20, "x")), other.append(book.intent(21, "x")), return_exceptions=True)
    assert indexes == list(range(12))
    assert sorted(each.index for each in ended) == list(range(12, 24))
    assert [each.reason for each in again if isinstance(each, Refusal)] == [Reason.REPLAYED_REQUEST]
    with Log.open(path) as log:
        verdict = log.verify([signers(book.log)[0].verifier])
    assert (verdict.sound, verdict.entries, len(verdict.open_exchanges)) == (True, 25, 1)


async def test_a_file_put_back_to_an_earlier_state_is_gone_on_from(path, ledger_at, book) -> None:
    """As a backup restored in place would do it: what this process remembers is no longer so."""
    earlier = path.with_name("earlier.db")
    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
        with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(earlier)) as then:
            now.backup(then)
        await ledger.append(book.intent(1))
        with closing(sqlite3.connect(earlier)) as then, closing(sqlite3.connect(path)) as now:
            then.backup(now)
        assert [(await ledger.append(entry)).index for entry in (book.outcome(0), book.intent(2))] == [1, 2]
    with Log.open(path) as log:
        assert log.verify().sound


async def test_another_hand_s_lock_refuses_the_batch_and_passes(path, ledger_at, book) -> None:
    async with ledger_at(path, lock_timeout=0.05) as ledger:
        await ledger.append(book.intent(0))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert "SQLITE_BUSY" in (await unavailable(ledger, book.intent(1), book.outcome(0)))[0]
            other.execute("ROLLBACK")
        assert [(await ledger.append(entry)).index for entry in (book.intent(1), book.outcome(0))] == [1, 2]


async def test_a_fault_at_one_entry_refuses_its_whole_batch_and_leaves_nothing(path, ledger_at, book) -> None:
    planted = "CREATE TRIGGER planted BEFORE INSERT ON entries WHEN NEW.kind = 'REFUSED' BEGIN SELECT RAISE(ABORT, 'no'); END"
    entries = [book.intent(n) for n in range(40)]
    entries[20] = book.refused(20)
    async with ledger_at(path) as ledger:
        with closing(sqlite3.connect(path)) as other:
            other.execute(planted)
            # While the lock is held the writer may have taken the first few; all others wait and make one batch.
            other.execute("BEGIN IMMEDIATE")
            futures = [ledger.append(entry) for entry in entries]
            other.execute("ROLLBACK")
        ends = await asyncio.gather(*futures, return_exceptions=True)
        kept = [end.index for end in ends if not isinstance(end, Exception)]
        assert kept == list(range(len(kept)))
        assert len(kept) <= 20
        assert {(end.reason, end.detail.rpartition(" ")[2]) for end in ends[len(kept) :]} == {
            (Reason.LEDGER_UNAVAILABLE, "SQLITE_CONSTRAINT_TRIGGER")
        }
        assert (await ledger.append(book.intent(50))).index == len(kept)


async def test_a_moved_file_takes_nothing_until_it_is_back(path, ledger_at, book) -> None:
    aside = path.with_name("aside.db")
    async with ledger_at(path) as ledger:
        await ledger.append(book.intent(0))
        path.rename(aside)
        await unavailable(ledger, book.intent(1))
        path.touch(0o600)
        assert "replaced" in (await unavailable(ledger, book.intent(1)))[0]
        aside.rename(path)
        assert (await ledger.append(book.intent(1))).index == 1


async def test_the_wal_does_not_grow_with_the_log(path, ledger_at, book) -> None:
    wal = path.with_name(path.name + "-wal")
    largest = 0
    async with ledger_at(path) as ledger:
        for start in range(0, 12_000, 500):
            await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(start, start + 500)))
            largest = max(largest, wal.stat().st_size)
    assert path.stat().st_size > 2 * largest


FULL_DISK = """
import asyncio, json, os, pathlib, random, resource, sys
from datetime import UTC, datetime
from gateway.ledger.sqlite import SqliteLedger
from gateway.model.exchange import Entry, EntryKind
from gateway.model.refusal import Refusal
from tests.gateway.ledger.keyring import signers

def entry(n):
    return Entry(EntryKind.INTENT, f"x-{n}", datetime(2026, 5, 9, tzinfo=UTC), {"padding": "p" * 500}, f"k-{n}")

async def main():
    log = "kuacheng.test/2026a"
    ledger = SqliteLedger.open(pathlib.Path(sys.argv[1]), log=log, signers=signers(log), entropy=random.Random(1).randbytes)
    kept, refused, n = [], [], 0
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))
    while not refused:
        ends = await asyncio.gather(*(ledger.append(entry(k)) for k in range(n, n + 32)), return_exceptions=True)
        kept += [[n + k, end.index] for k, end in enumerate(ends) if not isinstance(end, Exception)]
        refused += [[end.reason.name, end.detail] for end in ends if isinstance(end, Exception)]
        n += 32
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    for k in range(n, n + 40):
        kept.append([k, (await ledger.append(entry(k))).index])
    await ledger.close()
    print(json.dumps({"kept": kept, "refused": refused}))

asyncio.run(main())
"""


def test_a_full_disk_refuses_and_is_forgotten_once_there_is_room(path) -> None:
    """The kernel lets no file of the child grow past 1 MiB, then lets it: that is what a full disk looks like to SQLite."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.run(
        [sys.executable, "-c", FULL_DISK, path], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    told = json.loads(child.stdout)
    assert {reason for reason, _ in told["refused"]} == {"LEDGER_UNAVAILABLE"}
    assert len(told["refused"]) == 32
    assert [index for _, index in told["kept"]] == list(range(len(told["kept"])))
    with Log.open(path) as log:
        verdict = log.verify()
        held = [logged.entry.exchange_id for logged in log.entries(limit=10_000)]
    assert (verdict.sound, verdict.entries) == (True, len(told["kept"]))
    assert held == [f"x-{n}" for n, _ in told["kept"]]
