"""Verifying with several processes: the verdict is that of one."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from gateway.ledger import reading, verifying
from gateway.ledger.filed import FiledRecords
from gateway.ledger.reading import Log
from gateway.ledger.verifying import verified
from tests.gateway.ledger.keyring import signers

STATEMENTS = (
    "SELECT 1",
    "DELETE FROM entries WHERE idx = 2047",
    "DELETE FROM entries WHERE idx = 2600",
    "DELETE FROM entries WHERE idx > 2500",
    "UPDATE entries SET idx = -1 WHERE idx = 0",
    "UPDATE entries SET body = body || ' ' WHERE idx = 2100",
)


@pytest.fixture
async def written(path: Path, ledger_at, book) -> Path:
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(1350)))
    return path


async def test_the_verdict_does_not_depend_on_who_looks(written: Path, tamper, book) -> None:
    keys = [signers(book.log)[0].verifier]
    whole = await asyncio.to_thread(written.read_bytes)
    for number, statement in enumerate(STATEMENTS):
        copy = written.with_name(f"{number}.db")
        await asyncio.to_thread(copy.write_bytes, whole)
        tamper(copy, statement)
        opening = partial(FiledRecords.open, copy)
        with Log(opening()) as log, ThreadPoolExecutor(1, initializer=verifying._begin, initargs=(opening,)) as pool:
            alone = log.verify(keys)
            assert log.verify(keys, looking=partial(verifying._shared, pool, 2)) == alone, statement
    assert reading.PAGE < alone.entries == 2100


async def test_processes_look_at_the_entries_and_progress_is_told_in_order(written: Path, book, monkeypatch) -> None:
    monkeypatch.setattr(verifying, "WORTH_IT", 1)
    keys, told = [signers(book.log)[0].verifier], []

    def progress(done: int, of: int) -> None:
        told.append((done, of))

    opening = partial(FiledRecords.open, written)
    verdict = await asyncio.to_thread(verified, opening, keys, progress=progress, processes=2)
    assert (verdict.sound, verdict.entries, told) == (True, 2700, [(2048, 2700), (2700, 2700), (2700, 2700)])


async def test_pages_that_nobody_has_begun_are_looked_at_here(written: Path, book) -> None:
    keys = [signers(book.log)[0].verifier]
    free = threading.Event()
    with ThreadPoolExecutor(1) as pool, Log.open(written) as log:
        pool.submit(free.wait)
        try:
            verdict = log.verify(keys, looking=partial(verifying._shared, pool, 2))
        finally:
            free.set()
    assert (verdict.sound, verdict.entries) == (True, 2700)
