"""Reading a log: while it is written, in parts, and after somebody has been at it."""

import asyncio
import random
import sqlite3
from contextlib import closing
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from gateway.ledger import reading, schema
from gateway.ledger.checkpoint import Checkpoint, Proof
from gateway.ledger.encoding import encode, moment
from gateway.ledger.examining import Flaw
from gateway.ledger.note import Note, signed
from gateway.ledger.reading import Log
from gateway.ledger.records import Head, LogUnusable
from gateway.ledger.tiles import split
from gateway.ledger.tree import Frontier, grow, leaf_hash, verify_consistency, verify_inclusion
from gateway.model.exchange import EntryKind
from tests.gateway.ledger.keyring import signers


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
        return [logged.index for logged in log.entries(*arguments, **named)]


def test_entries_come_back_as_they_were_appended(written, book, rows) -> None:
    with Log.open(written) as log:
        logged = log.entries()
        assert log.size() == 21
        assert (log.name, log.entry(7), log.entry(21), log.entry(-1)) == (book.log, logged[7], None, None)
    assert [each.entry for each in logged] == [*book.exchanges(10), book.refused(10)]
    assert [(each.index, each.leaf_hash, each.nonce, each.body) for each in logged] == [
        (row[0], *row[6:]) for row in rows(written)
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


async def test_entries_are_found_by_the_holder_under_the_key_of_its_time(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        for entry in (book.search(0), book.outcome(0), book.search(1, "ab" * 32), book.act(2), book.search(3)):
            await ledger.append(entry)
    assert indexes(path, holder="hk-2026:" + "9c" * 32) == [0, 4]
    assert indexes(path, 0, holder="hk-2026:" + "9c" * 32) == [4]
    assert indexes(path, holder="hk-2025:" + "9c" * 32) == indexes(path, holder="9c" * 32) == []
    assert indexes(path, kind=EntryKind.ACT) == [3]
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute("EXPLAIN QUERY PLAN SELECT * FROM entries WHERE idx > 0 AND holder = 'x' ORDER BY idx LIMIT 9")
        assert "USING INDEX entries_holder" in plan.fetchall()[0][3]


def purge(*indexes: int) -> str:
    return f"UPDATE entries SET nonce = NULL, body = NULL, holder = NULL WHERE idx IN ({', '.join(map(str, indexes))})"


async def test_a_purged_body_is_counted_and_every_proof_still_holds(path, ledger_at, tamper, book) -> None:
    async with ledger_at(path) as ledger:
        for entry in (*book.exchanges(10), book.refused(10), book.purge(0, 20)):
            await ledger.append(entry)
    tamper(path, purge(0, 1, 4, 20))
    with Log.open(path) as log:
        verdict = log.verify(VERIFIERS)
        assert (verdict.sound, verdict.entries, verdict.purged, verdict.open_exchanges) == (True, 22, 4, ())
        assert [each.index for each in log.entries(limit=4)] == [2, 3, 5, 6]
        assert (log.entry(4), log.entries(exchange_id="exchange-0")) == (None, ())
        entry = log.entry(5)
        Proof.parse(log.recorded(entry).proof).includes(entry.leaf_hash)
        assert split(log.tile(0, 0))[5] == entry.leaf_hash


def test_every_entry_has_its_moment_whether_or_not_it_was_purged(written, tamper) -> None:
    with Log.open(written) as log:
        moments = [each.entry.at for each in log.entries()]
    tamper(written, purge(3), "UPDATE entries SET at = 'noon' WHERE idx = 4")
    with Log.open(written) as log:
        assert [log.moment(each) for each in (0, 3, 5)] == [moments[0], moments[3], moments[5]]
        for index, told in ((4, "verify the log"), (999, "no moment for entry 999")):
            with pytest.raises(LogUnusable, match=told):
                log.moment(index)


def test_a_body_that_is_gone_without_a_purge_is_named(written, tamper) -> None:
    tamper(written, purge(7, 8, 12))
    with Log.open(written) as log:
        verdict = log.verify(VERIFIERS)
        assert (verdict.flaw, verdict.first_bad, verdict.through) == (Flaw.PURGED_UNRECORDED, 7, 8)
        assert [each.on for each in log.listed(6, 2, dated=True)] == [None, None]


@pytest.mark.parametrize(
    ("change", "flaw", "index"),
    [
        ("nonce = x'00'", Flaw.BODY_CHANGED, 4),
        ("holder = 'hk:9c'", Flaw.COLUMNS_DIFFER, 4),
        ("leaf_hash = x'00'", Flaw.BODY_CHANGED, 4),
        ("leaf_hash = zeroblob(32)", Flaw.TREE_DIFFERS, 0),
        ("kind = 'ACT'", Flaw.OUTCOME_WITHOUT_INTENT, 5),
    ],
)
def test_a_purge_hides_no_other_change(written, tamper, change: str, flaw: Flaw, index: int) -> None:
    tamper(written, purge(4), "PRAGMA ignore_check_constraints = 1", f"UPDATE entries SET {change} WHERE idx = 4")
    with Log.open(written) as log:
        verdict = log.verify()
    assert (verdict.flaw, verdict.first_bad) == (flaw, index)


def test_a_log_that_is_not_there_is_told_in_words(path) -> None:
    with pytest.raises(LogUnusable, match="cannot be read"):
        Log.open(path)
    assert not path.exists()


def test_a_reader_cannot_write(written) -> None:
    with Log.open(written) as log, pytest.raises(sqlite3.OperationalError, match="readonly"):
        log._records._connection.execute("UPDATE head SET size = 0")


async def test_reading_and_verifying_go_on_while_the_log_is_written(path, ledger_at, book, monkeypatch) -> None:
    monkeypatch.setattr(reading, "PAGE", 64)
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
    monkeypatch.setattr(reading, "PAGE", 4)
    async with ledger_at(path) as ledger:
        await asyncio.gather(*map(ledger.append, book.exchanges(10)))
        with Log.open(path) as log:
            pages = reading.pages(log._records, 20, reading.silent)
            first = next(pages)
            await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(10, 20)))
            assert [len(page.leaves) for page in [first, *pages]] == [4, 4, 4, 4, 4, 0]
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


KEY = signers("kuacheng.test/2026a")
VERIFIERS = [each.verifier for each in KEY]


def rewritten(path: Path, changes: dict[int, bytes], *, head: bool = True, sign: bool = False) -> None:
    """Put bodies in and compute leaf hashes and tiles anew, and the head, and its signature: a forger who knows more and more."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for index, body in changes.items():
            (nonce,) = connection.execute("SELECT nonce FROM entries WHERE idx = ?", (index,)).fetchone()
            changed = "UPDATE entries SET body = ?, leaf_hash = ? WHERE idx = ?"
            connection.execute(changed, (body, leaf_hash(nonce + body), index))
        hashes = [hash_ for (hash_,) in connection.execute("SELECT leaf_hash FROM entries ORDER BY idx")]
        frontier, made = grow(Frontier(), hashes)
        connection.execute("DELETE FROM tiles")
        schema.write_tiles(connection, made.items())
        note = schema.read_head(connection).checkpoint
        if sign:
            text = str(Checkpoint("kuacheng.test/2026a", frontier.size, frontier.root))
            note = signed(text, [KEY[0].line(text)])
        if head:
            schema.write_head(connection, Head(frontier.size, frontier.hashes, note))


COLUMNS = "kind, 'z', at, NULL, NULL, leaf_hash, nonce, body"
EDITS: dict[str, tuple[tuple[str, ...], Flaw, int, int]] = {
    "a body": (("UPDATE entries SET body = replace(body, 'months', 'monthz') WHERE idx = 12",), Flaw.BODY_CHANGED, 12, 12),
    "a body's last byte": (
        ("UPDATE entries SET body = CAST(substr(body, 1, length(body) - 1) || ' ' AS BLOB) WHERE idx = 5",),
        Flaw.BODY_CHANGED,
        5,
        5,
    ),
    "a nonce": (("UPDATE entries SET nonce = zeroblob(16) WHERE idx = 3",), Flaw.BODY_CHANGED, 3, 3),
    "a leaf hash": (("UPDATE entries SET leaf_hash = zeroblob(32) WHERE idx = 3",), Flaw.BODY_CHANGED, 3, 3),
    "a row removed": (("DELETE FROM entries WHERE idx = 7",), Flaw.GAP, 7, 7),
    "the first row removed": (("DELETE FROM entries WHERE idx = 0",), Flaw.GAP, 0, 0),
    "the last row removed": (("DELETE FROM entries WHERE idx = 20",), Flaw.END_DIFFERS, 20, 20),
    "the last row removed, and the head set back": (
        ("DELETE FROM entries WHERE idx = 20", "UPDATE head SET size = 20, frontier = substr(frontier, 1, 64)"),
        Flaw.END_DIFFERS,
        20,
        20,
    ),
    "a row removed, the rest moved up": (
        (
            "DELETE FROM entries WHERE idx = 7",
            "UPDATE entries SET idx = -idx WHERE idx > 7",
            "UPDATE entries SET idx = -idx - 1 WHERE idx < 0",
        ),
        Flaw.TREE_DIFFERS,
        0,
        15,
    ),
    "two rows changed places": (
        (
            "UPDATE entries SET idx = -1 WHERE idx = 4",
            "UPDATE entries SET idx = 4 WHERE idx = 6",
            "UPDATE entries SET idx = 6 WHERE idx = -1",
        ),
        Flaw.OUTCOME_WITHOUT_INTENT,
        5,
        5,
    ),
    "two exchanges changed places": (
        (
            "UPDATE entries SET idx = -idx WHERE idx IN (4, 5, 16, 17)",
            "UPDATE entries SET idx = -idx + 12 WHERE idx IN (-4, -5)",
            "UPDATE entries SET idx = -idx - 12 WHERE idx IN (-16, -17)",
        ),
        Flaw.TREE_DIFFERS,
        0,
        15,
    ),
    "a column": (("UPDATE entries SET at = '2020-01-01T00:00:00.000000Z' WHERE idx = 9",), Flaw.COLUMNS_DIFFER, 9, 9),
    "a replay key": (("UPDATE entries SET replay_key = NULL WHERE idx = 8",), Flaw.COLUMNS_DIFFER, 8, 8),
    "the frontier": (("UPDATE head SET frontier = zeroblob(96)",), Flaw.TREE_DIFFERS, 0, 15),
    "the frontier's end": (
        ("UPDATE head SET frontier = CAST(substr(frontier, 1, 64) || zeroblob(32) AS BLOB)",),
        Flaw.TREE_DIFFERS,
        20,
        20,
    ),
    "a longer frontier": (
        ("UPDATE head SET frontier = CAST(frontier || zeroblob(32) AS BLOB)",),
        Flaw.END_DIFFERS,
        21,
        20,
    ),
    "no head": (("DELETE FROM head",), Flaw.END_DIFFERS, 0, 20),
    "no checkpoint": (("UPDATE head SET checkpoint = ''",), Flaw.CHECKPOINT_DIFFERS, 21, 21),
    "a checkpoint of fewer entries": (
        ("UPDATE head SET checkpoint = replace(checkpoint, char(10) || '21' || char(10), char(10) || '19' || char(10))",),
        Flaw.END_DIFFERS,
        19,
        20,
    ),
    "the log's name": (("UPDATE meta SET log = 'another'",), Flaw.CHECKPOINT_DIFFERS, 21, 21),
    "a row put before the first": ((f"INSERT INTO entries SELECT -1, {COLUMNS} FROM entries WHERE idx = 20",), Flaw.GAP, 0, 0),
    "a row put after the last": (
        (f"INSERT INTO entries SELECT 21, {COLUMNS} FROM entries WHERE idx = 20",),
        Flaw.END_DIFFERS,
        21,
        21,
    ),
    "text that is no UTF-8": (("UPDATE entries SET kind = CAST(x'ff' AS TEXT) WHERE idx = 11",), Flaw.UNREADABLE, 11, 11),
}


@pytest.mark.parametrize("edit", EDITS)
def test_each_kind_of_tampering_is_named_with_its_first_index(written, tamper, edit: str) -> None:
    statements, flaw, index, through = EDITS[edit]
    tamper(written, *statements)
    with Log.open(written) as log:
        verdict = log.verify()
    assert (verdict.flaw, verdict.entries, verdict.through, verdict.sound) == (flaw, index, through, False)
    assert verdict.first_bad == (None if flaw is Flaw.CHECKPOINT_DIFFERS else index)


def test_a_forger_s_malformed_body_is_named(written, tamper) -> None:
    tamper(written)
    rewritten(written, {6: b'{"kind":"INTENT"}'})
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
        rewritten(written, {8: encode(entry)})
        with Log.open(written) as log:
            verdict = log.verify()
        assert (verdict.flaw, verdict.first_bad) == (flaw, 8)


@pytest.fixture
def forged(written, tamper, book) -> dict[int, bytes]:
    """Entry 20 with another reason, its column too."""
    tamper(written)
    return {20: encode(book.refused(10)).replace(b"NO_AGREEMENT", b"CITY_TIMEOUT")}


def verdicts(path: Path, kept: Checkpoint | None = None) -> tuple[Flaw | None, int | None]:
    with Log.open(path) as log:
        verdict = log.verify(VERIFIERS, kept)
    return verdict.flaw, verdict.first_bad


def kept(path: Path) -> Checkpoint:
    with Log.open(path) as log:
        return Checkpoint.parse(Note.parse(log.checkpoint()).text)


def test_a_forger_who_rewrites_entries_is_found_by_the_tree(written, forged) -> None:
    rewritten(written, forged, head=False)
    assert verdicts(written) == (Flaw.TREE_DIFFERS, 20)


def test_a_forger_who_rewrites_entries_and_tree_is_found_by_the_checkpoint(written, forged) -> None:
    rewritten(written, forged)
    assert verdicts(written) == (Flaw.CHECKPOINT_DIFFERS, None)


def test_a_forger_with_a_key_of_their_own_is_found_by_the_log_s_key(written, forged, monkeypatch) -> None:
    monkeypatch.setitem(globals(), "KEY", signers("kuacheng.test/2026a", 66))
    rewritten(written, forged, sign=True)
    assert verdicts(written) == (Flaw.NOT_SIGNED, None)
    with Log.open(written) as log:
        assert log.verify().sound  # who names no key learns only that the file fits itself


def test_a_forger_with_the_log_s_key_is_found_by_a_checkpoint_kept_elsewhere_only(written, forged) -> None:
    before = kept(written)
    rewritten(written, forged, sign=True)
    assert verdicts(written) == (None, None)
    assert verdicts(written, before) == (Flaw.FORKED, None)


def test_a_log_put_back_to_an_earlier_state_is_found_by_a_checkpoint_kept_elsewhere(path, ledger_at, book) -> None:
    async def write(first: int, last: int) -> None:
        async with ledger_at(path) as ledger:
            await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(first, last)))

    asyncio.run(write(0, 300))
    early, backup = kept(path), path.read_bytes()
    asyncio.run(write(300, 600))
    late = kept(path)
    assert [verdicts(path, each) for each in (None, early, late)] == [(None, None)] * 3
    path.write_bytes(backup)
    assert [verdicts(path, each) for each in (None, early, late)] == [(None, None), (None, None), (Flaw.ROLLED_BACK, 300)]
    asyncio.run(write(1000, 1300))
    assert [verdicts(path, each) for each in (early, late)] == [(None, None), (Flaw.FORKED, None)]


def test_another_log_s_checkpoint_is_a_fork(written) -> None:
    with Log.open(written) as log:
        assert log.verify(kept=Checkpoint("another", 21, log.root(21))).flaw is Flaw.FORKED


def test_tampering_is_named_to_the_tile_in_a_larger_log(path, ledger_at, book, tamper) -> None:
    async def write() -> None:
        async with ledger_at(path) as ledger:
            await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(1200)))

    asyncio.run(write())
    with closing(sqlite3.connect(path)) as connection:
        (hashes,) = connection.execute("SELECT hashes FROM tiles WHERE level = 1").fetchone()
    assert len(hashes) == 4 * 32
    spoiled = hashes[:40] + b"x" + hashes[41:]
    tamper(path, ("UPDATE tiles SET hashes = ?", (spoiled,)))
    with Log.open(path) as log:
        verdict = log.verify()
    assert (verdict.flaw, verdict.first_bad, verdict.through) == (Flaw.TREE_DIFFERS, 256, 511)
    for damage in (("UPDATE tiles SET hashes = ?", (hashes[:96],)), "DELETE FROM tiles"):
        tamper(path, damage)
        with Log.open(path) as log:
            assert log.verify().first_bad == (768 if isinstance(damage, tuple) else 0)
            with pytest.raises(LogUnusable, match="lacks a part of its tree"):
                log.inclusion(1100, 1200)


async def test_proofs_are_those_of_the_tree(path, ledger_at, book) -> None:
    sizes = [1, 2, 3, 255, 256, 257, 511, 600, 1024, 1300]
    async with ledger_at(path) as ledger:
        for first, last in pairwise([0, *sizes]):
            await asyncio.gather(*(ledger.append(book.refused(n)) for n in range(first, last)))
    with Log.open(path) as log:
        hashes = [each.leaf_hash for each in log.entries(limit=2000)]
        roots = [grow(Frontier(), hashes[:size])[0].root for size in sizes]
        assert [log.root(size) for size in sizes] == roots
        for size, root in zip(sizes, roots, strict=True):
            for index in {0, size // 3, size // 2, size - 1}:
                verify_inclusion(hashes[index], index, size, log.inclusion(index, size), root)
        for (old, old_root), (new, new_root) in combinations(zip(sizes, roots, strict=True), 2):
            verify_consistency(old, new, old_root, new_root, log.consistency(old, new))
        assert [split(log.tile(0, place)) for place in range(6)] == [hashes[at : at + 256] for at in range(0, 1300, 256)]
        assert log.tile(0, 6) == log.tile(1, 1) == b""
        assert len(log.tile(1, 0)) == 5 * 32
        with pytest.raises(ValueError, match="no such leaf"):
            log.inclusion(1300, 1300)
        with pytest.raises(LogUnusable, match="lacks"):
            log.root(1301)


async def test_an_entry_read_back_is_proven_under_the_newest_checkpoint_or_an_older_one(path, ledger_at, book) -> None:
    async with ledger_at(path) as ledger:
        first = await ledger.append(book.intent(0))
        await ledger.append(book.outcome(0))
        with Log.open(path) as log:
            entry, older = log.entry(0), Proof.parse(first.proof).checkpoint
            assert log.recorded(entry, older) == first
            newer = Proof.parse(log.recorded(entry).proof)
        assert (newer.stated().size, newer.checkpoint) == (2, log_checkpoint(path))
        newer.includes(leaf_hash(first.leaf))


def log_checkpoint(path: Path) -> str:
    with Log.open(path) as log:
        return log.checkpoint()


def test_a_verification_tells_how_far_it_is(written) -> None:
    told: list[tuple[int, int]] = []
    with Log.open(written) as log:
        log.verify(progress=lambda done, of: told.append((done, of)))
    assert told[-1] == (21, 21)


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
