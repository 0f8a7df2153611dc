"""Bodies are taken out of a real file: nobody waits for it, every proof holds, and a kill in the middle is harmless."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger import filed_purging, reading
from gateway.ledger.appending import Notary
from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.filed_purging import purge
from gateway.ledger.note import Note
from gateway.ledger.purging import Plan, facts
from gateway.ledger.reading import Log, LoggedEntry, PurgedEntry
from gateway.ledger.records import LogUnusable
from gateway.ledger.sharing import Turn
from gateway.ledger.verdict import Flaw
from gateway.model.act import Act
from gateway.model.exchange import Entry
from gateway.model.retention import Retention
from gateway.stages import seal
from tests.gateway.ledger.conftest import AT, BY, LOG, Bookkeeping
from tests.gateway.ledger.keyring import signers

NOW = AT + timedelta(days=1200)
NOTARY = Notary.of(LOG, signers(LOG))
VERIFIERS = [each.verifier for each in NOTARY.signers]
CANARY = "gz-fs-014"
"""Stands in every body of the book's."""


_PROGRAM = """
import sys
from pathlib import Path
from gateway.ledger import filed_purging
from tests.gateway.ledger.test_filed_purging import NOTARY
filed_purging.AT_ONCE = 8
for number, each in enumerate(filed_purging.purge(Path(sys.argv[1]), NOTARY, [range(800)], lambda: 0.0), 1):
    print(each, flush=True)
    if number == 50:
        sys.stdin.read()
"""
"""Is killed anywhere in its first 50 transactions of 100, or after them: however slow the killer is, it is not done."""


def planned(path: Path, now: datetime = NOW) -> Plan:
    with Log.open(path) as log:
        return log.to_purge(Retention(36).before(now))


def act(plan: Plan) -> Entry:
    return seal.act(Act.PURGE, BY, "purge-1", NOW, facts(plan, Retention(36)))


def taken(path: Path, plan: Plan) -> int:
    return sum(purge(path, NOTARY, plan.runs, lambda: 0.0))


def verified(path: Path) -> Any:
    with Log.open(path) as log:
        return log.verify(VERIFIERS)


async def written(ledger_at: Callable[..., Any], path: Path, book: Bookkeeping, exchanges: int) -> None:
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(exchanges)))


async def test_what_is_taken_is_gone_from_the_disk_and_every_proof_holds(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        receipts = await asyncio.gather(*map(ledger.append, book.exchanges(300)))
        await ledger.append(book.intent(900))
        with Log.open(path) as log:
            kept = Note.parse(log.checkpoint())
        plan = planned(path)
        assert (plan.entries, plan.whole) == (600, range(600))
        await ledger.append(act(plan))
        assert taken(path, plan) == 600
        assert (await ledger.append(book.outcome(900))).index == 602
    with Log.open(path) as log:
        verdict = log.verify(VERIFIERS, Checkpoint.parse(kept.text))
        assert (verdict.sound, verdict.entries, verdict.purged, verdict.open_exchanges) == (True, 603, 600, ())
        for each in (receipts[0], receipts[333], receipts[599]):
            Proof.parse(each.proof).includes(each.leaf_hash)
            assert Proof(each.index, log.inclusion(each.index, 603), log.checkpoint()).includes(each.leaf_hash) is None
        first, *_, left = log.listed(after=-1, limit=601, dated=True)
        assert isinstance(first, PurgedEntry)
        assert (first.exchange_id, first.on) == ("exchange-0", NOW)
        assert isinstance(left, LoggedEntry)
    content = path.read_bytes() + b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}-wal"))
    assert content.count(CANARY.encode()) == 1, "of the exchange that had not ended"


async def test_it_is_done_once(path, ledger_at, book) -> None:
    await written(ledger_at, path, book, 5)
    plan = planned(path)
    async with ledger_at(path) as ledger:
        await ledger.append(act(plan))
    assert (taken(path, plan), taken(path, plan), planned(path).entries) == (10, 0, 0)


async def test_what_is_taken_without_an_entry_is_named(path, ledger_at, book) -> None:
    await written(ledger_at, path, book, 5)
    plan = planned(path)
    half = Plan(plan.before, (range(4),))
    async with ledger_at(path) as ledger:
        await ledger.append(act(half))
    assert taken(path, plan) == 10
    verdict = verified(path)
    assert (verdict.flaw, verdict.first_bad, verdict.through) == (Flaw.PURGED_UNRECORDED, 4, 9)


async def _with_what_stays(ledger_at: Callable[..., Any], path: Path, book: Bookkeeping) -> Plan:
    """Ended exchanges from 0 to 5 and from 8 to 13; in between one that has not ended, and the entry of a purge."""
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(3)))
        await ledger.append(book.intent(50))
        await ledger.append(seal.act(Act.PURGE, BY, "purge-0", AT, {}))
        await asyncio.gather(*map(ledger.append, [book.refused(60 + n) for n in range(6)]))
    return planned(path)


async def test_who_has_the_file_and_no_key_erases_nothing_that_stays(path, ledger_at, book, tamper) -> None:
    plan = await _with_what_stays(ledger_at, path, book)
    async with ledger_at(path) as ledger:
        await ledger.append(act(plan))
    assert taken(path, plan) == 12
    assert (verified(path).sound, verified(path).purged) == (True, 12)
    for index, through in ((7, 7), (6, 7)):
        tamper(path, f"UPDATE entries SET nonce = NULL, body = NULL, holder = NULL WHERE idx = {index}")
        verdict = verified(path)
        assert (verdict.flaw, verdict.first_bad, verdict.through) == (Flaw.PURGED_UNRECORDED, index, through)


async def test_nor_where_an_entry_of_before_gives_their_number_only(path, ledger_at, book, tamper) -> None:
    plan = await _with_what_stays(ledger_at, path, book)
    async with ledger_at(path) as ledger:
        await ledger.append(book.purge(0, 13, entries=12))
    assert taken(path, Plan(plan.before, plan.runs[:1])) == 6
    assert verified(path).sound, "a purge that was killed"
    assert taken(path, plan) == 6
    assert (verified(path).sound, verified(path).purged) == (True, 12)
    tamper(path, "UPDATE entries SET nonce = NULL, body = NULL, holder = NULL WHERE idx = 6")
    verdict = verified(path)
    assert (verdict.flaw, verdict.first_bad, verdict.through) == (Flaw.PURGED_UNRECORDED, 0, 13)


async def test_a_purge_that_begins_while_it_is_verified_is_no_finding(path, ledger_at, book, monkeypatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 16)
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(40)))
        plan, loop = planned(path), asyncio.get_running_loop()

        async def recorded() -> None:
            await ledger.append(act(plan))

        def meanwhile(done: int, of: int) -> None:
            if (done, of) == (16, 80):
                asyncio.run_coroutine_threadsafe(recorded(), loop).result()
                taken(path, plan)

        def judged() -> Any:
            with Log.open(path) as log:
                return log.verify(VERIFIERS, progress=meanwhile)

        verdict = await asyncio.to_thread(judged)
    assert (verdict.flaw, verdict.entries, verdict.purged) == (None, 81, 80)


async def test_the_turn_is_free_between_two_transactions(path, ledger_at, book, monkeypatch) -> None:
    monkeypatch.setattr(filed_purging, "AT_ONCE", 4)
    await written(ledger_at, path, book, 10)
    plan = planned(path)
    turn = Turn(path, 0.0)
    steps = 0
    for count in purge(path, NOTARY, plan.runs, lambda: 0.0):
        with turn:
            steps += count
    turn.close()
    assert steps == 20


async def test_others_append_meanwhile(path, ledger_at, book, monkeypatch) -> None:
    monkeypatch.setattr(filed_purging, "AT_ONCE", 8)
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(400)))
        plan = planned(path)
        await ledger.append(act(plan))
        purging = asyncio.ensure_future(asyncio.to_thread(taken, path, plan))
        more = 0
        while not purging.done():
            await ledger.append(book.refused(1000 + more))
            more += 1
        assert await purging == 800
    assert more > 10
    verdict = verified(path)
    assert (verdict.sound, verdict.entries, verdict.purged) == (True, 801 + more, 800)


async def test_a_purge_that_is_killed_leaves_a_sound_log_and_is_finished_by_the_next(path, ledger_at, book) -> None:
    await written(ledger_at, path, book, 400)
    plan = planned(path)
    async with ledger_at(path) as ledger:
        await ledger.append(act(plan))
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, path, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert killed.stdout is not None
    assert await killed.stdout.readline() == b"8\n"
    killed.kill()
    await killed.wait()
    verdict = verified(path)
    assert verdict.sound
    assert 8 <= verdict.purged < 800
    left = planned(path)
    assert left.entries == 800 - verdict.purged
    assert taken(path, left) == left.entries
    assert (verified(path).sound, verified(path).purged) == (True, 800)


def test_a_log_of_another_key_or_none_at_all_is_not_touched(path) -> None:
    with pytest.raises(LogUnusable, match="purge again to go on"):
        list(purge(path, NOTARY, [range(3)], lambda: 0.0))


async def test_another_key_takes_nothing(path, ledger_at, book) -> None:
    await written(ledger_at, path, book, 2)
    with pytest.raises(LogUnusable, match="last signed by another key"):
        list(purge(path, Notary.of(LOG, signers(LOG, 66)), [range(3)], lambda: 0.0))
    assert planned(path, datetime(2040, 1, 1, tzinfo=UTC)).entries == 4
