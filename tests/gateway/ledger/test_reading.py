"""Reading a log: while it is written, in parts, and after somebody has been at it."""

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.ledger import reading
from gateway.ledger.encoding import chain_link, encode, leaf_hash, moment
from gateway.ledger.reading import Log
from gateway.ledger.schema import LogUnusable
from gateway.ledger.verdict import Flaw
from gateway.model.exchange import EntryKind


@pytest.fixture
def written(path, ledger_at, book) -> Path:
    """Ten exchanges and a refusal: indexes 0 to 20."""

    async def write() -> None:
        async with ledger_at(path) as ledger:
            await asyncio.gather(*(ledger.append(entry) for entry in [*book.exchanges(10), book.refused(10)]))

    asyncio.run(write())
    return path


def indexes(path: Path, *arguments: int, **named: object) -> list[int]:
    with Log.open(path) as log:
        return [logged.recorded.index for logged in log.entries(*arguments, **named)]


def test_entries_come_back_as_they_were_appended(written, book, rows) -> None:
    with Log.open(written) as log:
        logged = log.entries()
        assert log.size() == 21
        assert (log.name, log.entry(7), log.entry(21), log.entry(-1)) == (book.log, logged[7], None, None)
    assert [each.entry for each in logged] == [*book.exchanges(10), book.refused(10)]
    assert [(each.recorded.index, each.nonce, each.body, each.recorded.leaf_hash, each.chain) for each in logged] == [
        (row[0], *row[5:]) for row in rows(written)
    ]


def test_entries_are_chosen_by_place_exchange_and_kind(written) -> None:
    assert indexes(written, 3, 4) == [4, 5, 6, 7]
    assert indexes(written, 19) == [20]
    assert indexes(written, 20) == []
    assert indexes(written, exchange_id="exchange-4") == [8, 9]
    assert indexes(written, exchange_id="exchange-4", kind=EntryKind.OUTCOME) == [9]
    assert indexes(written, limit=3, kind=EntryKind.OUTCOME) == [1, 3, 5]
    assert indexes(written, kind=EntryKind.REFUSED) == [20]
    assert indexes(written, exchange_id="' OR 1=1 --") == []


def test_a_log_that_is_not_there_is_told_in_words(path) -> None:
    with pytest.raises(LogUnusable, match="cannot be read"):
        Log.open(path)
    assert not path.exists()


def test_a_reader_cannot_write(written) -> None:
    with Log.open(written) as log, pytest.raises(sqlite3.OperationalError, match="readonly"):
        log._connection.execute("UPDATE head SET entries = 0")


async def test_reading_and_verifying_go_on_while_the_log_is_written(path, ledger_at, book, monkeypatch) -> None:
    monkeypatch.setattr(reading, "_PAGE", 64)
    stop = asyncio.Event()
    written = 0

    async def write() -> None:
        nonlocal written
        while not stop.is_set():
            entries = [entry for n in range(written, written + 20) for entry in (book.intent(n), book.outcome(n))]
            await asyncio.gather(*map(ledger.append, entries))
            written += 20

    def read() -> list[int]:
        sizes = []
        while len(set(sizes)) < 8:
            with Log.open(path) as log:
                verdict = log.verify()
                assert verdict.sound
                assert len(log.entries(limit=10**6)) >= verdict.entries
            sizes.append(verdict.entries)
        return sizes

    async with ledger_at(path) as ledger:
        writing = asyncio.ensure_future(write())
        sizes = await asyncio.to_thread(read)
        stop.set()
        await writing
    assert sizes == sorted(sizes)
    with Log.open(path) as log:
        assert log.verify().entries == 2 * written > sizes[-1] > 0


async def test_a_long_reading_sees_one_end_and_holds_no_transaction(path, ledger_at, book, monkeypatch) -> None:
    monkeypatch.setattr(reading, "_PAGE", 4)
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(10)))
        with Log.open(path) as log:
            rows = log._rows(20)
            first = [next(rows) for _ in range(4)]
            await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(10, 20)))
            assert [row.idx for row in [*first, *rows]] == list(range(20))
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


def rechained(path: Path, first: int, changes: dict[int, bytes]) -> None:
    """Put bodies in and compute every hash anew: a forger who knows the page."""
    with closing(sqlite3.connect(path)) as connection, connection:
        rows = connection.execute("SELECT idx, nonce, body, chain FROM entries ORDER BY idx").fetchall()
        link = rows[first - 1][3]
        for idx, nonce, body, _ in rows[first:]:
            forged = changes.get(idx, body)
            leaf = leaf_hash(nonce, forged)
            link = chain_link(link, leaf)
            changed = "UPDATE entries SET body = ?, leaf_hash = ?, chain = ? WHERE idx = ?"
            connection.execute(changed, (forged, leaf, link, idx))
        connection.execute("UPDATE head SET chain = ?", (link,))


EDITS: dict[str, tuple[tuple[str, ...], Flaw, int]] = {
    "a body": (("UPDATE entries SET body = replace(body, 'months', 'monthz') WHERE idx = 12",), Flaw.BODY_CHANGED, 12),
    "a body's last byte": (
        ("UPDATE entries SET body = CAST(substr(body, 1, length(body) - 1) || ' ' AS BLOB) WHERE idx = 5",),
        Flaw.BODY_CHANGED,
        5,
    ),
    "a nonce": (("UPDATE entries SET nonce = zeroblob(16) WHERE idx = 3",), Flaw.BODY_CHANGED, 3),
    "a leaf hash": (("UPDATE entries SET leaf_hash = zeroblob(32) WHERE idx = 3",), Flaw.BODY_CHANGED, 3),
    "a chain value": (("UPDATE entries SET chain = zeroblob(32) WHERE idx = 3",), Flaw.CHAIN_BROKEN, 3),
    "a row removed": (("DELETE FROM entries WHERE idx = 7",), Flaw.GAP, 7),
    "the first row removed": (("DELETE FROM entries WHERE idx = 0",), Flaw.GAP, 0),
    "the last row removed": (("DELETE FROM entries WHERE idx = 20",), Flaw.END_DIFFERS, 20),
    "the last row removed, and the head set back": (
        ("DELETE FROM entries WHERE idx = 20", "UPDATE head SET entries = 20"),
        Flaw.END_DIFFERS,
        20,
    ),
    "a row removed, the rest moved up": (
        (
            "DELETE FROM entries WHERE idx = 7",
            "UPDATE entries SET idx = -idx WHERE idx > 7",
            "UPDATE entries SET idx = -idx - 1 WHERE idx < 0",
        ),
        Flaw.CHAIN_BROKEN,
        7,
    ),
    "two rows changed places": (
        (
            "UPDATE entries SET idx = -1 WHERE idx = 4",
            "UPDATE entries SET idx = 4 WHERE idx = 6",
            "UPDATE entries SET idx = 6 WHERE idx = -1",
        ),
        Flaw.CHAIN_BROKEN,
        4,
    ),
    "a column": (("UPDATE entries SET at = '2020-01-01T00:00:00.000000Z' WHERE idx = 9",), Flaw.COLUMNS_DIFFER, 9),
    "a replay key": (("UPDATE entries SET replay_key = NULL WHERE idx = 8",), Flaw.COLUMNS_DIFFER, 8),
    "the head": (("UPDATE head SET chain = zeroblob(32)",), Flaw.END_DIFFERS, 21),
    "no head": (("DELETE FROM head",), Flaw.END_DIFFERS, 0),
    "the log's name": (("UPDATE meta SET log = 'another'",), Flaw.CHAIN_BROKEN, 0),
    "a row put before the first": (
        ("INSERT INTO entries SELECT -1, kind, 'z', at, NULL, nonce, body, leaf_hash, chain FROM entries WHERE idx = 20",),
        Flaw.GAP,
        0,
    ),
    "a row put after the last": (
        ("INSERT INTO entries SELECT 21, kind, 'z', at, NULL, nonce, body, leaf_hash, chain FROM entries WHERE idx = 20",),
        Flaw.END_DIFFERS,
        21,
    ),
    "text that is no UTF-8": (("UPDATE entries SET kind = CAST(x'ff' AS TEXT) WHERE idx = 11",), Flaw.UNREADABLE, 11),
}


@pytest.mark.parametrize("edit", EDITS)
def test_each_kind_of_tampering_is_named_with_its_first_index(written, tamper, edit: str) -> None:
    statements, flaw, index = EDITS[edit]
    tamper(written, *statements)
    with Log.open(written) as log:
        verdict = log.verify()
    assert (verdict.flaw, verdict.first_bad, verdict.entries, verdict.sound) == (flaw, index, index, False)


def test_a_forger_s_malformed_body_is_named(written, tamper) -> None:
    tamper(written)
    rechained(written, 6, {6: b'{"kind":"INTENT"}'})
    with Log.open(written) as log:
        verdict = log.verify()
        with pytest.raises(LogUnusable, match=r"entry 6 cannot be read.*verify the log"):
            log.entries()
    assert (verdict.flaw, verdict.first_bad) == (Flaw.MALFORMED_BODY, 6)


def test_a_forger_s_second_outcome_and_outcome_without_intent_are_named(written, tamper, book) -> None:
    for number, flaw in ((1, Flaw.SECOND_OUTCOME), (40, Flaw.OUTCOME_WITHOUT_INTENT)):
        entry = book.outcome(number)
        tamper(
            written,
            "DROP INDEX IF EXISTS entries_exchange",
            (
                "UPDATE entries SET kind = 'OUTCOME', exchange_id = ?, at = ?, replay_key = NULL WHERE idx = 8",
                (entry.exchange_id, moment(entry.at)),
            ),
        )
        rechained(written, 8, {8: encode(entry)})
        with Log.open(written) as log:
            verdict = log.verify()
        assert (verdict.flaw, verdict.first_bad) == (flaw, 8)


def test_a_careful_forger_of_the_whole_file_is_not_found(written, tamper, book) -> None:
    """What docs/ledger.md admits: without a checkpoint kept elsewhere, a log that was written anew cannot be told from the old one."""
    tamper(written, ("UPDATE entries SET at = ? WHERE idx = 20", (moment(book.refused(10).at),)))
    forged = encode(book.refused(10)).replace(b"NO_AGREEMENT", b"CITY_TIMEOUT")
    rechained(written, 20, {20: forged})
    with Log.open(written) as log:
        assert log.verify().sound


def test_a_spoiled_page_is_a_finding_and_no_crash(path, ledger_at, book) -> None:
    async def write() -> None:
        async with ledger_at(path) as ledger:
            await asyncio.gather(*map(ledger.append, book.exchanges(1000)))

    asyncio.run(write())
    chance = random.Random(5)  # noqa: S311 - where the disk rots
    whole = path.read_bytes()
    for _ in range(12):
        spoiled = bytearray(whole)
        page = chance.randrange(8, len(whole) // 4096) * 4096
        spoiled[page : page + 4096] = chance.randbytes(4096)
        path.write_bytes(spoiled)
        try:
            with Log.open(path) as log:
                verdict = log.verify()
        except LogUnusable:
            continue
        assert verdict.entries <= 2000
        if verdict.sound:
            # An index page: no entry stands there, and none was lost.
            assert verdict.entries == 2000
